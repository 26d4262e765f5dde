"""Misconceptions of the assignment needs and portfolio: the wrong way, and the hint that a student reads who took it."""

from __future__ import annotations

import pandas as pd
from sklearn.cluster import KMeans
from sklearn.metrics import adjusted_rand_score

from idic_lab.differentiate import rfm
from idic_lab.exercises.answer_key import Misconception, chose

LAST_DAY = pd.Timestamp("2025-12-28")
COLUMNS = ["recency_days", "frequency", "monetary"]


def _needs(tables):
    return tables["survey_responses"].loc[lambda survey: survey["survey_id"] == "NEEDS"]


def _variances(tables):
    return rfm.summarise(tables["transactions"], LAST_DAY)[COLUMNS].var()


def _unscaled(answer, tables):
    summary = rfm.summarise(tables["transactions"], LAST_DAY)
    raw = KMeans(n_clusters=4, n_init=10, random_state=0).fit_predict(summary[COLUMNS])
    said = answer.reindex(summary["customer_id"])
    return not said.isna().any() and adjusted_rand_score(raw, said.astype("str")) > 0.95


def _margin(tables):
    lines = tables["order_lines"]
    unit_cost = lines["product_id"].map(tables["products"].set_index("product_id")["unit_cost"])
    return (lines["amount"] - unit_cost * lines["quantity"]).groupby(lines["customer_id"]).sum()


def _without_returns(tables):
    rates = tables["cost_rates"].set_index("activity")["rate"]
    orders = tables["transactions"]
    serving = rates["order_handling"] + rates["delivery"] * orders["channel"].isin(["web_shop", "app"])
    return _margin(tables) - serving.groupby(orders["customer_id"]).sum()


def _below_zero(tables):
    rates = tables["cost_rates"].set_index("activity")["rate"]
    lines = tables["order_lines"].merge(tables["products"][["product_id", "unit_cost"]], on="product_id")
    back = lines["quantity"] < 0
    cost = rates["return_handling"] - rates["return_write_down"] * lines["unit_cost"] * lines["quantity"]
    return int((_without_returns(tables) - (cost * back).groupby(lines["customer_id"]).sum() < 0).sum())


def _wallet(tables, start, missing=0.0):
    wallet = tables["survey_responses"].loc[lambda survey: survey["question_id"] == "WALLET"]
    records = tables["source_records"]
    addresses = records.assign(email=records["email"].str.lower())[["record_id", "email", "customer_id"]]
    numbers = addresses.dropna()[["email", "customer_id"]].drop_duplicates().drop_duplicates("email", keep=False)
    wallet = wallet.merge(addresses[["record_id", "email"]], on="record_id").merge(numbers, on="email")
    orders = tables["transactions"].loc[lambda orders: orders["date"] >= start]
    spend = wallet["customer_id"].map(orders.groupby("customer_id")["amount"].sum())
    return (spend if missing is None else spend.fillna(missing)).div(wallet["answer"]).median()


def _silent(tables, limit_days=None):
    days = tables["transactions"].drop_duplicates(["customer_id", "date"]).groupby("customer_id")["date"]
    days = days.agg(["min", "max", "size"]).query("size >= 3")
    silence = (LAST_DAY - days["max"]).dt.days
    gap = (days["max"] - days["min"]).dt.days
    return int((silence > (3 * gap / days["size"] if limit_days is None else limit_days)).sum())


HINTS = {
    "needs_and_portfolio_q01": (
        Misconception(
            "answers_counted_as_respondents",
            "This counts answers. Every respondent gave twenty.",
            lambda tables: len(_needs(tables)),
        ),
        Misconception(
            "all_surveys_together",
            "Respondents of other surveys are in this number. Keep to the survey NEEDS.",
            lambda tables: tables["survey_responses"]["record_id"].nunique(),
        ),
    ),
    "needs_and_portfolio_q02": (
        Misconception(
            "counts_for_shares",
            "These are numbers of yes. Divide by the respondents.",
            lambda tables: _needs(tables).groupby("question_id")["answer"].sum(),
            credit=0.5,
        ),
        Misconception(
            "all_surveys_together",
            "Questions of other surveys are in this table: their answers are not yes or no.",
            lambda tables: tables["survey_responses"].groupby("question_id")["answer"].mean(),
            credit=0.5,
        ),
    ),
    "needs_and_portfolio_q03": (
        Misconception(
            "spread_for_variance",
            "These are standard deviations. k-means minimises squared distances, so the variances count.",
            lambda tables: (_variances(tables) ** 0.5).max() / (_variances(tables) ** 0.5).sum(),
            credit=0.5,
        ),
    ),
    "needs_and_portfolio_q04": (
        Misconception(
            "unscaled_features",
            "These groups follow the column with the largest numbers alone. Bring the columns to one scale first.",
            _unscaled,
        ),
    ),
    "needs_and_portfolio_q05": (
        Misconception(
            "one_segment_for_all",
            "Everybody is in one segment: nothing was told apart.",
            lambda answer: len(set(answer)) == 1,
            credit=0,
        ),
    ),
    "needs_and_portfolio_q06": (
        Misconception(
            "no_stable_number_read_as_no_difference",
            "Customers may differ along a slope, without gaps. Does a slope mean that all are alike?",
            chose("there are no differences between"),
            credit=0,
        ),
        Misconception(
            "index_read_as_truth",
            "An index of compactness always names a number, also where there are no groups.",
            chose("the number with the highest silhouette"),
            credit=0,
        ),
    ),
    "needs_and_portfolio_q07": (
        Misconception(
            "cost_to_serve_forgotten",
            "This is the margin on goods alone. Orders, deliveries and returns cost money too.",
            lambda tables: int((_margin(tables) < 0).sum()),
        ),
        Misconception(
            "cost_of_returns_forgotten",
            "Returns were free here. They cost their handling, and goods that come back lose value.",
            lambda tables: int((_without_returns(tables) < 0).sum()),
            credit=0.5,
        ),
    ),
    "needs_and_portfolio_q08": (
        Misconception(
            "two_years_over_one",
            "Two years of spend were divided by the wallet of one year.",
            lambda tables: _wallet(tables, "2024-01-01"),
        ),
        Misconception(
            "customers_without_spend_dropped",
            "Respondents who spent nothing in 2025 were left out. Their share is 0.",
            lambda tables: _wallet(tables, "2025-01-01", missing=None),
            credit=0.5,
        ),
    ),
    "needs_and_portfolio_q09": (
        Misconception("gaps_miscounted", "n purchase days have n - 1 gaps between them.", _silent, credit=0.5),
        Misconception(
            "one_limit_for_everybody",
            "This holds everybody to one limit of 180 days. A customer who buys every second month is silent sooner "
            "than one who buys twice a year.",
            lambda tables: _silent(tables, limit_days=180),
        ),
    ),
    "needs_and_portfolio_q11": (
        Misconception(
            "all_below_zero",
            "These are all customers below zero. Which of them spend much?",
            lambda tables: _below_zero(tables),
            0.0,
        ),
    ),
    "needs_and_portfolio_q12": (
        Misconception(
            "seven_taken_for_a_market",
            "Would seven others, drawn from the same customers, say the same?",
            chose("build it: the need"),
            0.0,
        ),
    ),
}
