"""Misconceptions of the assignment capstone: the wrong way, and the hint that a student reads who took it."""

from __future__ import annotations

import pandas as pd

from idic_lab.differentiate import rfm
from idic_lab.exercises.answer_key import Misconception


def _dated(brought):
    return brought.assign(date=pd.to_datetime(brought["date"]))


def _split_day(data):
    return data["date"].min() + pd.Timedelta(days=int((data["date"].max() - data["date"].min()).days * 2 / 3))


def _all_later(brought):
    data = _dated(brought)
    return data.loc[data["date"] > _split_day(data), "amount"].sum()


def _recency_as_span(brought):
    dates = _dated(brought).groupby("customer_id")["date"]
    return (dates.max() - dates.min()).dt.days.median()


def _ranked_by_the_outcome(answer, brought):
    data = _dated(brought)
    early = data["date"] <= _split_day(data)
    known = data.loc[early, "customer_id"].unique()
    later = data[~early & data["customer_id"].isin(known)].groupby("customer_id")["amount"].sum()
    return len(answer) > 0 and set(answer) == set(later.nlargest(int(0.2 * len(known))).index)


HINTS = {
    "capstone_q03": (
        Misconception(
            "first_purchase_counted_as_repeat",
            "Everybody here made a first purchase. Buying again takes a second day.",
            lambda answer: answer == 1,
        ),
    ),
    "capstone_q04": (
        Misconception(
            "top_orders_for_top_customers",
            "This is the share of the largest purchases. Add up each customer's spend first.",
            lambda brought: rfm.top_share(brought["amount"]),
        ),
    ),
    "capstone_q05": (
        Misconception(
            "recency_swapped",
            "This is the time from the first to the last purchase. RFM looks back from the last date in the data.",
            _recency_as_span,
        ),
    ),
    "capstone_q06": (
        Misconception(
            "newcomers_in_holdout",
            "Customers who came after split_day are in this sum. Nobody could have known them.",
            _all_later,
            credit=0.5,
        ),
    ),
    "capstone_q07": (
        Misconception(
            "ranked_by_the_outcome",
            "These are the customers who spent most after split_day: the outcome itself was used.",
            _ranked_by_the_outcome,
            credit=0,
        ),
    ),
    "capstone_q08": (
        Misconception(
            "one_segment_for_all",
            "Everybody is in one segment: nothing was told apart.",
            lambda answer: len(set(answer)) == 1,
            credit=0,
        ),
    ),
}
