"""Misconceptions of the assignment value: the wrong way, and the hint that a student reads who took it."""

from __future__ import annotations

import pandas as pd

from idic_lab.differentiate import rfm
from idic_lab.exercises.answer_key import Misconception, chose

LAST_DAY = pd.Timestamp("2025-12-28")
SPLIT = pd.Timestamp("2025-06-30")


def _swapped_scores(tables):
    summary = rfm.summarise(tables["transactions"], LAST_DAY)
    return rfm.score(summary.assign(recency_days=summary["recency_days"].max() - summary["recency_days"]))


def _captured(tables, rank_by):
    """Share of later spend from the first fifth of a ranking that uses the given orders."""
    orders = tables["transactions"]
    early = orders["date"] <= SPLIT
    known = set(orders.loc[early, "customer_id"])
    orders = orders[orders["customer_id"].isin(known)]
    spend = rank_by(orders).groupby("customer_id")["amount"].sum().sort_values(ascending=False)
    best = spend.index[: int(0.2 * len(known))]
    after = orders[orders["date"] > SPLIT]
    return after.loc[after["customer_id"].isin(best), "amount"].sum() / after["amount"].sum()


def _since(tables, pick, until=LAST_DAY):
    return (until - tables["transactions"].groupby("customer_id")["date"].agg(pick)).dt.days.mean()


def _recency_as_span(tables):
    dates = tables["transactions"].groupby("customer_id")["date"]
    return (dates.max() - dates.min()).dt.days.mean()


def _top_orders(tables):
    amounts = tables["transactions"]["amount"].sort_values(ascending=False)
    return amounts.head(len(amounts) // 5).sum() / amounts.sum()


HINTS = {
    "value_q01": (
        Misconception(
            "rows_counted_as_customers",
            "This is the number of orders. One customer may have placed several: count each customer once.",
            lambda tables: len(tables["transactions"].query("date >= '2025-01-01'")),
        ),
        Misconception(
            "period_ignored",
            "This counts everybody who ever ordered. Asked was who ordered in 2025.",
            lambda tables: tables["transactions"]["customer_id"].nunique(),
            credit=0,
        ),
    ),
    "value_q02": (
        Misconception(
            "mean_per_order",
            "This is the mean of an order. Add up each customer's orders before you take the mean.",
            lambda tables: tables["transactions"]["amount"].mean(),
        ),
        Misconception(
            "median_for_mean",
            "This is the median. The question asks for the mean, which large customers pull up.",
            lambda tables: tables["transactions"].groupby("customer_id")["amount"].sum().median(),
            credit=0.5,
        ),
    ),
    "value_q03": (
        Misconception(
            "first_purchase_counted_as_repeat",
            "Everybody here made a first purchase. Buying again takes a second day.",
            lambda tables: tables["transactions"]["customer_id"].nunique(),
        ),
        Misconception(
            "repeat_orders_counted",
            "This counts the repeat orders. The question asks for the customers who placed any.",
            lambda tables: len(tables["transactions"]) - tables["transactions"]["customer_id"].nunique(),
            credit=0.5,
        ),
    ),
    "value_q04": (
        Misconception(
            "returns_forgotten",
            "This is what was ordered. What came back has to be taken off: look for negative amounts in order_lines.",
            lambda tables: tables["transactions"]["amount"].sum(),
        ),
        Misconception(
            "returns_added",
            "Returns were added instead of taken off. Their amounts are negative already.",
            lambda tables: tables["order_lines"]["amount"].abs().sum(),
        ),
    ),
    "value_q05": (
        Misconception(
            "recency_swapped",
            "This is the time from the first to the last purchase, which lifetime value models call recency. RFM "
            "looks back from the last day observed to the last purchase.",
            _recency_as_span,
        ),
        Misconception(
            "since_first_purchase",
            "This looks back to the first purchase, which gives the customer's age. Recency looks back to the last.",
            lambda tables: _since(tables, "min"),
        ),
        Misconception(
            "mean_over_orders",
            "This is a mean over orders, so frequent customers count many times. Take one date per customer first.",
            lambda tables: (LAST_DAY - tables["transactions"]["date"]).dt.days.mean(),
        ),
    ),
    "value_q06": (
        Misconception(
            "recency_score_reversed",
            "Your recency score is upside down: a customer who bought lately should score 5, not 1.",
            _swapped_scores,
            credit=0.5,
        ),
    ),
    "value_q07": (
        Misconception(
            "recency_score_reversed",
            "These sizes come from a recency score that is upside down: recent customers should score 5.",
            lambda tables: rfm.segment(_swapped_scores(tables))["segment"].value_counts(),
            credit=0.5,
        ),
        Misconception(
            "shares_for_counts",
            "These are shares. The question asks for numbers of customers.",
            lambda tables: rfm.segment(rfm.score(rfm.summarise(tables["transactions"], LAST_DAY)))[
                "segment"
            ].value_counts(normalize=True),
            credit=0.5,
        ),
    ),
    "value_q08": (
        Misconception(
            "top_orders_for_top_customers",
            "This is the share of the largest orders. Add up each customer's spend first, then rank customers.",
            _top_orders,
        ),
    ),
    "value_q09": (
        Misconception(
            "gini_of_orders",
            "This is the inequality of orders. The question is about customers.",
            lambda tables: rfm.gini(tables["transactions"]["amount"]),
        ),
    ),
    "value_q10": (
        Misconception(
            "holdout_leaked",
            "This ranking has seen the later purchases, which nobody knows on the day of ranking. Rank by the spend "
            "up to 2025-06-30 only.",
            lambda tables: _captured(tables, lambda orders: orders),
        ),
        Misconception(
            "ranked_by_the_outcome",
            "Customers were ranked by the later spend itself. That is perfect foresight: the most any ranking could "
            "reach, and no forecast.",
            lambda tables: _captured(tables, lambda orders: orders[orders["date"] > SPLIT]),
        ),
        Misconception(
            "same_period_share",
            "This is the share of the spend up to 2025-06-30. The question asks for what these customers bring later.",
            lambda tables: rfm.top_share(
                tables["transactions"]
                .loc[lambda orders: orders["date"] <= SPLIT]
                .groupby("customer_id")["amount"]
                .sum()
            ),
        ),
    ),
    "value_q11": (
        Misconception(
            "mean_taken_as_typical",
            "Compute both: transactions.groupby('customer_id')['amount'].sum().describe() shows mean and median.",
            chose("they are about the same, so either"),
            credit=0,
        ),
        Misconception(
            "skew_blamed_on_small_customers",
            "Customers who bought once lower the mean and the median. What raises the mean far above the median?",
            chose("the mean lies above the median, because"),
            credit=0,
        ),
    ),
    "value_q12": (
        Misconception(
            "loyal_customers_called",
            "These are the customers who spent most, and most of them bought lately: a call does not win back who never left.",
            lambda tables: tables["transactions"].groupby("customer_id")["amount"].sum().nlargest(20).index.tolist(),
            0.25,
        ),
    ),
    "value_q13": (
        Misconception(
            "size_for_value",
            "This segment has most customers. What has one of them spent?",
            lambda tables: (
                rfm.segment(rfm.score(rfm.summarise(tables["transactions"], LAST_DAY)))["segment"]
                .value_counts()
                .idxmax()
            ),
            0.0,
        ),
    ),
    "value_q14": (
        Misconception(
            "against_everybody",
            "This compares with all the other customers. Chance would choose of everybody, the best among them.",
            lambda tables: (lambda share: share / (1 - share))(
                _captured(tables, lambda orders: orders[orders["date"] <= SPLIT])
            ),
            0.25,
        ),
    ),
    "value_q15": (
        Misconception(
            "no_comparison",
            "That holds for nearly every group of good customers. Beside whom would you have to see them?",
            lambda answer: not answer.startswith("a fifth drawn"),
            0.0,
        ),
    ),
}
