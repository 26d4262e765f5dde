"""What each measure is, in words a meeting can agree on, and how it is taken.

Each measure is a function of a :class:`Period`, entered with its definition in ``KPIS`` by :func:`kpi`: that is all it takes
to add one. Its value by segment is the same function of the same period seen through the customers of the segment.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np
import pandas as pd

from idic_lab.dataframes import of_customers
from idic_lab.inference import intervals
from idic_lab.monitor.kpis.weekly import basket_visits

QUARTER = pd.Timedelta(days=91)
YEAR = pd.Timedelta(days=365)


class Measured(NamedTuple):
    """A value with what is behind it, and its 95% interval where it has one."""

    value: float
    observations: float
    low: float = np.nan
    high: float = np.nan


class Kpi(NamedTuple):
    """One measure: its definition, unit, control chart ("p", "XmR" or none), which way is better, and how it is taken.

    ``held`` says when the segment of a customer counts, given the period: as its outcome begins. None: not taken by
    segment.
    """

    definition: str
    unit: str
    chart: str
    better: str
    function: "Callable[[Period], Measured | None]"
    held: "Callable[[Period], pd.Timestamp] | None"


KPIS: dict[str, Kpi] = {}


def kpi(
    definition: str,
    unit: str,
    chart: str = "",
    better: str = "up",
    held: "Callable[[Period], pd.Timestamp] | None" = lambda period: period.previous,
):
    """Enter a function of a period as a measure, under its own name.

    Parameters:
        chart ({"p", "XmR", ""}): How its limits are made (:func:`~idic_lab.inference.alarms.control_limits`); none for
            a total.
        held: The day on which the segment held counts; the review before unless given. None: not taken by segment.

    >>> @kpi("customers known", "customers")
    ... def known_customers(period):
    ...     count = period.transactions["customer_id"].nunique()
    ...     return Measured(count, count)
    >>> KPIS.pop("known_customers").unit
    'customers'
    """

    def enter(function):
        KPIS[function.__name__] = Kpi(definition, unit, chart, better, function, held)
        return function

    return enter


@dataclass(frozen=True)
class Period:
    """What is known at the end of a period, of everybody or of the customers of a segment."""

    previous: pd.Timestamp
    day: pd.Timestamp
    transactions: pd.DataFrame
    value_history: pd.DataFrame | None = None
    survey_responses: pd.DataFrame | None = None
    interactions: pd.DataFrame | None = None
    web_events: pd.DataFrame | None = None
    identity_links: pd.DataFrame | None = None
    began: pd.Timestamp | None = None  # the first day on which anybody bought
    wallet: pd.DataFrame | None = None  # what customers said of their category spend (:func:`told_wallets`)

    @cached_property
    def bought(self) -> pd.DataFrame:
        """Purchases of the period; returns are not among them."""
        return _purchases(self.between(self.transactions, self.previous, self.day))

    @cached_property
    def retained(self) -> Measured | None:
        """Retention, which churn tells the other way round."""
        begin, middle = self.day - 2 * QUARTER, self.day - QUARTER
        earlier = _purchases(self.between(self.transactions, begin, middle))["customer_id"].unique()
        if not len(earlier) or self.began > begin:
            return None
        later = _purchases(self.between(self.transactions, middle, self.day))
        again = pd.Index(earlier).isin(later["customer_id"].unique()).sum()
        return _measured(intervals.share(again, len(earlier)), len(earlier))

    @staticmethod
    def between(table: pd.DataFrame, after: pd.Timestamp, until: pd.Timestamp) -> pd.DataFrame:
        """Rows dated after one day and until another; found by halving where the table is in the order of its dates."""
        date = table["date"]
        if date.is_monotonic_increasing:
            return table.iloc[slice(*(date.searchsorted(day, side="right") for day in (after, until)))]
        return table[date.gt(after) & date.le(until)]

    def worth(self, day: pd.Timestamp) -> pd.DataFrame | None:
        values = self.value_history
        return None if values is None else values[values["review_date"] == day]

    def owners(self, rows: pd.DataFrame) -> pd.Series:
        """Whose rows they are: the customer's, or the record's where nobody is known behind it."""
        if self.identity_links is None:
            return rows["record_id"]
        customer = self.identity_links.drop_duplicates("record_id").set_index("record_id")["customer_id"]
        return rows["record_id"].map(customer).fillna(rows["record_id"])


def _purchases(table: pd.DataFrame) -> pd.DataFrame:
    return table[table["amount"] >= 0]


def _share(hits: pd.Series, owners: pd.Series) -> Measured | None:
    """A share of answers, of which a customer may have given several."""
    if hits.empty:
        return None
    each = hits.astype(float).groupby(owners.to_numpy()).agg(["sum", "size"])
    return _measured(intervals.clustered_share(each["sum"], each["size"]), len(hits))


def _measured(found: intervals.Interval, observations: float) -> Measured:
    return Measured(found.value, observations, found.low, found.high)


def _answers(period: Period, question: str) -> pd.DataFrame:
    if period.survey_responses is None:
        return pd.DataFrame({"answer": [], "record_id": []})
    answers = period.between(period.survey_responses, period.previous, period.day)
    return answers[answers["question_id"] == question]


@kpi("answers of 4 or 5 to the CSAT question, of all answers in the period", "share", "p", held=None)
def csat(period: Period) -> Measured | None:
    answers = _answers(period, "CSAT")
    return _share(answers["answer"].ge(4), period.owners(answers))


@kpi("share of answers 9 or 10 less share of answers 0 to 6 to the NPS question", "points", "XmR", held=None)
def nps(period: Period) -> Measured | None:
    answer = _answers(period, "NPS")["answer"]
    if answer.empty:
        return None
    found = intervals.net_promoter(answer.ge(9).sum(), answer.le(6).sum(), len(answer))
    return Measured(100 * found.value, len(answer), 100 * found.low, 100 * found.high)


@kpi("outbound contacts answered, of all in the period", "share", "p", held=None)
def response_rate(period: Period) -> Measured | None:
    if period.interactions is None:
        return None
    sent = period.between(period.interactions, period.previous, period.day)
    sent = sent[sent["direction"] == "outbound"]
    return _share(sent["responded"].astype("bool"), period.owners(sent))


@kpi("visits without a checkout in which something is put into the basket", "share", "p", held=None)
def basket_share(period: Period) -> Measured | None:
    if period.web_events is None:
        return None
    visits = basket_visits(period.between(period.web_events, period.previous, period.day))
    return _share(visits["basket"], period.owners(visits) if "record_id" in visits else visits.index.to_series())


@kpi("mean days from order to delivery", "days", "XmR", "down")
def delivery_days(period: Period) -> Measured | None:
    if "delivery_days" not in period.bought:
        return None
    days = period.bought["delivery_days"].dropna()
    return _measured(intervals.mean(days), len(days)) if len(days) else None


def _before_the_quarter(period: Period) -> pd.Timestamp:
    return period.day - QUARTER


@kpi(
    "customers who bought in the 91 days before the last 91 days and again in the last 91 days, of those who bought before",
    "share",
    "p",
    held=_before_the_quarter,
)
def retention(period: Period) -> Measured | None:
    return period.retained


@kpi("1 - retention", "share", "", "down", held=_before_the_quarter)
def churn(period: Period) -> Measured | None:
    kept = period.retained
    return kept and Measured(1 - kept.value, kept.observations, 1 - kept.high, 1 - kept.low)


@kpi("customers who bought in the period", "customers")
def active_customers(period: Period) -> Measured | None:
    count = period.bought["customer_id"].nunique()
    return Measured(count, count)


@kpi("customers who bought for the first time in the period", "customers", held=None)
def new_customers(period: Period) -> Measured | None:
    bought = period.transactions[period.transactions["amount"] >= 0]
    count = bought.groupby("customer_id")["date"].min().gt(period.previous).sum()
    return Measured(count, count)


@kpi("orders in the period per customer who bought in it", "orders", "XmR")
def orders_per_customer(period: Period) -> Measured | None:
    each = period.bought.groupby("customer_id").size()
    return _measured(intervals.mean(each), len(each)) if len(each) else None


@kpi("mean amount of an order", "currency", "XmR")
def order_value(period: Period) -> Measured | None:
    each = period.bought.groupby("customer_id")["amount"].agg(["sum", "size"])
    if each.empty:
        return None
    return _measured(intervals.ratio(each["sum"], each["size"]), len(period.bought))


@kpi("amount of all orders of the period, less the returns among them", "currency")
def revenue(period: Period) -> Measured | None:
    amount = period.between(period.transactions, period.previous, period.day)["amount"].sum()
    return Measured(amount, len(period.bought))


def told_wallets(survey_responses: pd.DataFrame | None, identity_links: pd.DataFrame | None) -> pd.DataFrame | None:
    """What customers said of their category spend, with their number and in the order of the days; None without a survey."""
    if survey_responses is None or identity_links is None:
        return None
    told = survey_responses[survey_responses["question_id"].eq("WALLET")]
    return of_customers(told, identity_links).sort_values("date", kind="stable")


@kpi(
    "spend here in the last 365 days of those who told their category spend, of that spend; customers of a year or more",
    "share",
    held=lambda period: period.day - YEAR,
)
def share_of_wallet(period: Period) -> Measured | None:
    if period.wallet is None:
        return None
    told = period.wallet[period.wallet["date"].le(period.day)].groupby("customer_id")["answer"].last()
    first = period.transactions.groupby("customer_id")["date"].min()
    told = told[told.gt(0) & told.index.map(first).to_series(index=told.index).le(period.day - YEAR)]
    if len(told) < 10:
        return None
    spent = period.between(period.transactions, period.day - YEAR, period.day)
    spent = spent.groupby("customer_id")["amount"].sum().reindex(told.index).fillna(0.0)
    return _measured(intervals.ratio(spent, told), len(told))


@kpi("residual lifetime value of all customers", "currency")
def customer_equity(period: Period) -> Measured | None:
    now = period.worth(period.day)
    return None if now is None or now.empty else Measured(now["equity"].sum(), len(now))


@kpi(
    "cash flow of the period plus change in customer equity, over equity at its start (revalued by the models of its end)",
    "share",
    held=None,
)
def return_on_customer(period: Period) -> Measured | None:
    now, before = period.worth(period.day), period.worth(period.previous)
    if now is None or now.empty or before.empty or now["equity_restated"].sum() <= 0:
        return None
    cash = now["margin_to_date"].sum() - before["margin_to_date"].sum()
    start = now["equity_restated"].sum()
    return Measured((cash + now["equity"].sum() - start) / start, len(now))


def definitions() -> pd.DataFrame:
    """The measures as a table: kpi, definition, unit, chart, better.

    >>> definitions().set_index("kpi").loc["churn", "definition"]
    '1 - retention'
    """
    rows = [(name, *entry[:4]) for name, entry in KPIS.items()]
    return pd.DataFrame(rows, columns=["kpi", "definition", "unit", "chart", "better"])
