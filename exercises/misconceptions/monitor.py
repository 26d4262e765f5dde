"""Misconceptions of the assignment monitor: the wrong way, and the hint that a student reads who took it."""

from __future__ import annotations

import pandas as pd

from idic_lab.differentiate import clv
from idic_lab.exercises.answer_key import Misconception, chose


def _buyers(tables, year):
    orders = tables["transactions"]
    return set(orders.loc[orders["date"].dt.year == year, "customer_id"])


def _delivery(tables, fill=None):
    orders = tables["transactions"]
    days = orders["delivery_days"] if fill is None else orders["delivery_days"].fillna(fill)
    return days[orders["date"] >= "2025-09-22"].mean() - days[orders["date"] < "2025-06-02"].mean()


def _best(tables, year):
    orders = tables["transactions"].loc[lambda orders: orders["date"].dt.year == year]
    spend = orders.groupby("customer_id")["amount"].sum()
    return set(spend.nlargest(int(0.2 * len(spend))).index)


def _interval(tables, sign):
    arms = tables["campaign_results"].groupby("arm")["converted"].agg(["mean", "size"])
    error = (arms["mean"] * (1 - arms["mean"]) / arms["size"]).sum() ** 0.5
    return arms.loc["offer", "mean"] - arms.loc["control", "mean"] + sign * 1.96 * error


def _equity(tables, day, margin=0.30):
    summary = clv.summarise(tables["transactions"], day)
    spend = clv.fit(summary, model="gamma_gamma")
    value = clv.value(clv.fit(summary), spend, summary, 365, annual_discount_rate=0.15, margin=margin)
    return value


def _cash(tables):
    return 0.30 * tables["transactions"].loc[lambda orders: orders["date"] > "2024-12-31", "amount"].sum()


def _residual(tables, day):
    return _equity(tables, day)["residual_value"].sum()


def _no_longer_best(tables):
    orders, best = tables["transactions"], []
    for year in (2024, 2025):
        spend = orders[orders["date"].dt.year == year].groupby("customer_id")["amount"].sum()
        best.append(set(spend.nlargest(int(0.2 * len(spend))).index))
    return sorted(best[0] - best[1])


HINTS = {
    "monitor_q01": (
        Misconception(
            "orders_for_revenue",
            "This counts orders. Revenue adds up their amounts.",
            lambda tables: (
                tables["transactions"].groupby(tables["transactions"]["date"].dt.to_period("Q").astype("str")).size()
            ),
        ),
    ),
    "monitor_q02": (
        Misconception(
            "newcomers_in_retention",
            "Customers who came in 2025 are above the line. Retention looks only at those who were there before.",
            lambda tables: len(_buyers(tables, 2025)) / len(_buyers(tables, 2024)),
        ),
        Misconception(
            "wrong_base",
            "This divides by all customers of both years. The base is those of 2024.",
            lambda tables: (
                len(_buyers(tables, 2024) & _buyers(tables, 2025)) / len(_buyers(tables, 2024) | _buyers(tables, 2025))
            ),
            credit=0.5,
        ),
        Misconception(
            "churn_for_retention",
            "This is the share that did not come back.",
            lambda tables: len(_buyers(tables, 2024) - _buyers(tables, 2025)) / len(_buyers(tables, 2024)),
            credit=0.5,
        ),
    ),
    "monitor_q03": (
        Misconception(
            "still_active_for_still_best",
            "These bought again, but not all of them are still among the best fifth.",
            lambda tables: len(_best(tables, 2024) & _buyers(tables, 2025)),
        ),
    ),
    "monitor_q04": (
        Misconception(
            "missing_counted_as_zero",
            "Orders taken home from the store were counted as delivered in 0 days. They were not delivered.",
            lambda tables: _delivery(tables, fill=0),
        ),
        Misconception(
            "sign_turned", "The sign is turned: after minus before.", lambda tables: -_delivery(tables), credit=0.5
        ),
    ),
    "monitor_q05": (
        Misconception(
            "other_change_found",
            "In these weeks delivery became slower. Look at the sessions without a checkout.",
            lambda answer: pd.Timestamp("2025-06-02") <= pd.Timestamp(answer) <= pd.Timestamp("2025-09-28"),
            credit=0.1,
        ),
        Misconception(
            "season_taken_for_change",
            "December is busy every year. A change for good stays after the season is over.",
            lambda answer: pd.Timestamp(answer).month == 12,
            credit=0,
        ),
    ),
    "monitor_q06": (
        Misconception("upper_for_lower", "This is the upper end.", lambda tables: _interval(tables, 1), credit=0.5),
        Misconception(
            "estimate_without_interval",
            "This is the difference itself. How far could it be off by chance?",
            lambda tables: _interval(tables, 0),
        ),
    ),
    "monitor_q07": (
        Misconception(
            "peeking_is_harmless",
            "One look has a chance of 5% of a false alarm. What about thirty?",
            chose("nothing: the chance of a false success"),
            credit=0,
        ),
        Misconception(
            "looks_taken_for_data",
            "More looks are not more customers.",
            chose("the test becomes more exact, since it"),
            credit=0,
        ),
    ),
    "monitor_q08": (
        Misconception(
            "future_in_the_past",
            "This value knows the orders of 2025. On the last day of 2024 nobody did.",
            lambda tables: _residual(tables, "2025-12-28"),
        ),
        Misconception(
            "one_year_for_all_years",
            "This is the value of the next 365 days. Equity counts all years to come: residual_value.",
            lambda tables: _equity(tables, "2024-12-31")["clv"].sum(),
            credit=0.5,
        ),
        Misconception(
            "margin_forgotten",
            "This is revenue to come. Of each unit, 30% remains as margin.",
            lambda tables: _equity(tables, "2024-12-31", margin=1.0)["residual_value"].sum(),
            credit=0.5,
        ),
    ),
    "monitor_q09": (
        Misconception(
            "change_of_equity_forgotten",
            "This is the cash alone. A year that earns cash by using customers up should not look good: add the "
            "change of equity.",
            lambda tables: _cash(tables) / _residual(tables, "2024-12-31"),
            credit=0.5,
        ),
        Misconception(
            "cash_forgotten",
            "This is the change of equity alone. Add the cash of the year.",
            lambda tables: _residual(tables, "2025-12-28") / _residual(tables, "2024-12-31") - 1,
            credit=0.5,
        ),
        Misconception(
            "revenue_for_cash",
            "The whole revenue was counted as cash. 30% of it remains.",
            lambda tables: (
                (_cash(tables) / 0.30 + _residual(tables, "2025-12-28")) / _residual(tables, "2024-12-31") - 1
            ),
            credit=0.5,
        ),
    ),
    "monitor_q10": (
        Misconception(
            "fell_but_did_not_leave",
            "Some of these still buy, only less. The question asks for those who bought nothing in 2025.",
            _no_longer_best,
            0.25,
        ),
    ),
    "monitor_q12": (
        Misconception(
            "one_of_many_alarms",
            "How often does at least one of twelve figures leave its limits when nothing has changed?",
            chose("stop the campaign"),
            0.0,
        ),
    ),
}
