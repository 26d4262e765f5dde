"""Capstone: the student's own transactions."""

from __future__ import annotations

import pandas as pd

from idic_lab.differentiate import rfm
from idic_lab.exercises.forms import Frame, Ids, Number, Share, Values
from idic_lab.exercises.question import Misconception, Question


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


QUESTIONS = (
    Question("capstone_q01", Frame(("customer_id", "date", "amount"))),
    Question("capstone_q02", Values("name"), partial=True),
    Question(
        "capstone_q03",
        Share(),
        (
            Misconception(
                "first_purchase_counted_as_repeat",
                "Everybody here made a first purchase. Buying again takes a second day.",
                lambda answer: answer == 1,
            ),
        ),
    ),
    Question(
        "capstone_q04",
        Share(),
        (
            Misconception(
                "top_orders_for_top_customers",
                "This is the share of the largest purchases. Add up each customer's spend first.",
                lambda brought: rfm.top_share(brought["amount"]),
            ),
        ),
    ),
    Question(
        "capstone_q05",
        Number(0, unit="days"),
        (
            Misconception(
                "recency_swapped",
                "This is the time from the first to the last purchase. RFM looks back from the last date in the data.",
                _recency_as_span,
            ),
        ),
    ),
    Question(
        "capstone_q06",
        Number(0, unit="currency"),
        (
            Misconception(
                "newcomers_in_holdout",
                "Customers who came after split_day are in this sum. Nobody could have known them.",
                _all_later,
                credit=0.5,
            ),
        ),
    ),
    Question(
        "capstone_q07",
        Ids(),
        (
            Misconception(
                "ranked_by_the_outcome",
                "These are the customers who spent most after split_day: the outcome itself was used.",
                _ranked_by_the_outcome,
                credit=0,
            ),
        ),
    ),
    Question(
        "capstone_q08",
        Values("customer_id", labels=True),
        (
            Misconception(
                "one_segment_for_all",
                "Everybody is in one segment: nothing was told apart.",
                lambda answer: len(set(answer)) == 1,
                credit=0,
            ),
        ),
    ),
)
