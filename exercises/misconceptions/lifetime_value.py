"""Misconceptions of the assignment lifetime value: the wrong way, and the hint that a student reads who took it."""

from __future__ import annotations

import pandas as pd

from idic_lab.differentiate import clv
from idic_lab.exercises.answer_key import Misconception, chose

CALIBRATION_END = pd.Timestamp("2025-06-29")
LAST_DAY = pd.Timestamp("2025-12-28")


def _summary(tables, end=LAST_DAY, unit_days=7):
    return clv.summarise(tables["transactions"], end, unit_days=unit_days)


def _dates(tables):
    return tables["transactions"].groupby("customer_id")["date"]


def _days_since_last(tables):
    return (LAST_DAY - _dates(tables).max()).dt.days


def _whole_history_known(tables):
    """The model of the whole history, applied to the customers of the calibration period."""
    return clv.fit(_summary(tables)), _summary(tables, CALIBRATION_END)


def _values(tables, **changed):
    summary = _summary(tables)
    settings = {"horizon_days": 365, "annual_discount_rate": 0.15, "margin": 0.30} | changed
    return clv.value(clv.fit(summary), clv.fit(summary, model="gamma_gamma"), summary, **settings)


HINTS = {
    "lifetime_value_q01": (
        Misconception(
            "first_purchase_counted_as_repeat",
            "The first purchase was counted. Frequency counts repeat purchases: a customer who bought once has 0.",
            lambda tables: _dates(tables).nunique().mean(),
            credit=0.5,
        ),
        Misconception(
            "mean_over_repeaters_only",
            "Customers without a repeat purchase were left out. They belong to the mean, with frequency 0.",
            lambda tables: _summary(tables).query("frequency > 0")["frequency"].mean(),
            credit=0.5,
        ),
    ),
    "lifetime_value_q02": (
        Misconception(
            "recency_swapped",
            "This is the time since the last purchase, which RFM calls recency. Here recency runs from the first to "
            "the last purchase.",
            lambda tables: _days_since_last(tables).mean() / 7,
        ),
        Misconception(
            "days_for_weeks",
            "This is in days. The model counts time in weeks.",
            lambda tables: _summary(tables, unit_days=1)["recency"].mean(),
            credit=0.5,
        ),
    ),
    "lifetime_value_q03": (
        Misconception(
            "age_ends_with_last_purchase",
            "This is the recency: it ends with the last purchase. Age goes on to the last day observed.",
            lambda tables: _summary(tables)["recency"].mean(),
        ),
        Misconception(
            "days_for_weeks",
            "This is in days. The model counts time in weeks.",
            lambda tables: _summary(tables, unit_days=1)["T"].mean(),
            credit=0.5,
        ),
    ),
    "lifetime_value_q04": (
        Misconception(
            "first_purchase_in_monetary_value",
            "The first purchases are in this mean. The monetary value looks at repeat purchases only, because they "
            "are what the model forecasts.",
            lambda tables: _with_first(tables),
            credit=0.5,
        ),
        Misconception(
            "zeros_in_monetary_value",
            "Customers without a repeat purchase were counted with 0. They have no monetary value, not one of zero.",
            lambda tables: _summary(tables)["monetary_value"].mean(),
            credit=0.5,
        ),
    ),
    "lifetime_value_q05": (
        Misconception(
            "holdout_leaked",
            "This model has seen the purchases after calibration_end. A test on them would then show nothing.",
            lambda tables: clv.fit(_summary(tables)).params_,
        ),
        Misconception(
            "days_for_weeks",
            "This model counts time in days: alpha is seven times as large. The question asks for weeks.",
            lambda tables: clv.fit(_summary(tables, CALIBRATION_END, unit_days=1)).params_,
            credit=0.5,
        ),
    ),
    "lifetime_value_q06": (
        Misconception(
            "horizon_in_days",
            "The horizon was given in days to a model that counts in weeks: this is a forecast for 182 weeks.",
            lambda tables: clv.predict(_calibrated(tables), _summary(tables, CALIBRATION_END), 182).sum(),
        ),
        Misconception(
            "mean_for_total",
            "This is the mean per customer. The question asks for the total.",
            lambda tables: clv.predict(_calibrated(tables), _summary(tables, CALIBRATION_END), 26).mean(),
            credit=0.5,
        ),
        Misconception(
            "holdout_leaked",
            "This forecast comes from a model that was fitted to the whole history, its own future included.",
            lambda tables: clv.predict(*_whole_history_known(tables), 26).sum(),
        ),
    ),
    "lifetime_value_q07": (
        Misconception(
            "newcomers_in_holdout",
            "Customers who came after calibration_end are in this number. The model cannot know them.",
            lambda tables: int((tables["transactions"]["date"] > CALIBRATION_END).sum()),
            credit=0.5,
        ),
        Misconception(
            "customers_for_purchases",
            "This counts the customers who bought again. The question counts their purchase days.",
            lambda tables: _returned(tables),
        ),
    ),
    "lifetime_value_q08": (
        Misconception(
            "alive_counted_instead",
            "These are the customers with a probability of one half or more. The question asks for the others.",
            lambda tables: int((clv.alive(_calibrated(tables), _summary(tables, CALIBRATION_END)) >= 0.5).sum()),
            credit=0.5,
        ),
        Misconception(
            "holdout_leaked",
            "This was judged at last_day, with the holdout known. Judge at calibration_end.",
            lambda tables: int((clv.alive(clv.fit(_summary(tables)), _summary(tables)) < 0.5).sum()),
        ),
    ),
    "lifetime_value_q09": (
        Misconception(
            "one_error_measure_trusted",
            "What would a shop do with a forecast that is the same for everybody? Think of the total, and of whom to "
            "invite first.",
            chose("the forecast of zero is better, since"),
            credit=0,
        ),
        Misconception(
            "model_blamed_for_the_measure",
            "The fit maximises the likelihood, which is not the absolute error. Which value minimises the absolute "
            "error when more than half buy nothing?",
            chose("the model was fitted wrongly, since a"),
            credit=0,
        ),
    ),
    "lifetime_value_q10": (
        Misconception(
            "margin_forgotten",
            "This is revenue. Of each unit of revenue, 30% remains as margin.",
            lambda tables: _values(tables, margin=1.0)["clv"].mean(),
            credit=0.5,
        ),
        Misconception(
            "discount_forgotten",
            "Money of next year was counted like money of today. Discount it at 15% a year.",
            lambda tables: _values(tables, annual_discount_rate=1e-9)["clv"].mean(),
            credit=0.5,
        ),
        Misconception(
            "no_end_of_horizon",
            "This value has no end. The question asks for the next 365 days.",
            lambda tables: _values(tables)["residual_value"].mean(),
            credit=0.5,
        ),
    ),
    "lifetime_value_q11": (
        Misconception(
            "past_spend_for_value",
            "These are the customers who spent most so far. Some of them are gone. Rank by what is still to come.",
            lambda tables: _biggest_spenders(tables),
        ),
    ),
    "lifetime_value_q12": (
        Misconception(
            "assumption_read_as_finding",
            "Nothing in the data says so. When, in this model, is a customer allowed to leave?",
            chose("customers who bought once are loyal:"),
            credit=0,
        ),
        Misconception(
            "data_blamed_for_assumption",
            "However long the data, it stays 1. Think of when a customer may leave in this model.",
            chose("the data are too short: with more years"),
            credit=0,
        ),
    ),
    "lifetime_value_q13": (
        Misconception(
            "heads_for_value",
            "This is their share of the heads.",
            lambda tables: 40 / tables["transactions"]["customer_id"].nunique(),
            0.0,
        ),
    ),
    "lifetime_value_q15": (
        Misconception(
            "size_of_error_for_order",
            "To choose whom to call you need their order. Does this finding speak of it?",
            lambda answer: not answer.startswith("the customers it ranks"),
            0.0,
        ),
    ),
}


def _calibrated(tables):
    return clv.fit(_summary(tables, CALIBRATION_END))


def _with_first(tables):
    per_day = tables["transactions"].groupby(["customer_id", "date"])["amount"].sum()
    means = per_day.groupby("customer_id").agg(["mean", "size"])
    return means.loc[means["size"] > 1, "mean"].mean()


def _returned(tables):
    known = set(_summary(tables, CALIBRATION_END)["customer_id"])
    later = tables["transactions"].loc[lambda orders: orders["date"] > CALIBRATION_END, "customer_id"]
    return len(known & set(later))


def _biggest_spenders(tables):
    spend = tables["transactions"].groupby("customer_id")["amount"].sum()
    return spend.nlargest(40).index.tolist()
