"""What each review knew: value and segment of every customer at the end of each period, without hindsight.

A review in March may use nothing that happened in April. So the models are fitted again for each review, to the data
up to that day. The periodic run (:mod:`idic_lab.course.runs.periodic`) and the monitoring stage both take their history
from here, so that it is the same whether it was written month by month or all at once.
"""

from __future__ import annotations

import pandas as pd

from idic_lab import tables
from idic_lab.differentiate import behaviour, clv, rfm
from idic_lab.errors import DataError, FitError, UnknownName

ENDS = {"month": "ME", "quarter": "QE", "week": "W-SUN"}
MINIMUM_CUSTOMERS = (
    50  # with fewer, and with fewer repeat buyers, the models of lifetime value are not fitted
)


def review_dates(transactions: pd.DataFrame, every: str = "month", first: int = 3) -> list[pd.Timestamp]:
    """The days of the reviews: the end of each period, the last one moved to the last day observed.

    Parameters
    ----------
    transactions : DataFrame
        ``date``.
    every : {"month", "quarter", "week"}
    first : int
        The period at whose end the first review stands, where there are more; earlier ones have too little to look
        back on.

    Returns
    -------
    list of Timestamp

    Raises
    ------
    UnknownName
        For another period.
    DataError
        When the data cover fewer than two reviews.

    Examples
    --------
    >>> days = pd.DataFrame({"date": pd.to_datetime(["2024-01-05", "2024-05-20"])})
    >>> [str(day.date()) for day in review_dates(days)]
    ['2024-03-31', '2024-04-30', '2024-05-20']
    """
    if every not in ENDS:
        raise UnknownName("period", every, ENDS)
    begin, end = transactions["date"].min(), transactions["date"].max()
    ends = [day for day in pd.date_range(begin, end, freq=ENDS[every]) if day < end] + [end]
    ends = [day.as_unit("us") for day in (ends[first - 1 :] if len(ends) > first else ends)]
    if len(ends) < 2:
        raise DataError(
            f"The data run from {begin:%Y-%m-%d} to {end:%Y-%m-%d}: too short for two reviews, one every {every}."
        )
    return ends


def known_on(table: pd.DataFrame, day: pd.Timestamp) -> pd.DataFrame:
    """The rows that were known at the end of a day, by the table's ``date`` (or ``created``); all without one.

    Examples
    --------
    >>> known_on(pd.DataFrame({"date": pd.to_datetime(["2024-01-05", "2024-02-01"])}), pd.Timestamp("2024-01-31"))
            date
    0 2024-01-05
    """
    for name in ("date", "created"):
        if name in table:
            return table[~table[name].gt(day)].reset_index(drop=True)
    return table


def value_at(
    transactions: pd.DataFrame,
    day: pd.Timestamp,
    margin: float = 0.30,
    annual_discount_rate: float = 0.15,
) -> pd.DataFrame:
    """What each customer is worth by what is known on a day; the rows of ``value_history`` of that review.

    Parameters
    ----------
    transactions : DataFrame
        ``customer_id``, ``date``, ``amount``; later rows are not looked at.
    day : Timestamp
    margin : float
        Share of revenue that is profit.
    annual_discount_rate : float

    Returns
    -------
    DataFrame
        Table ``value_history``; no row when there are too few customers for the models to be fitted.
    """
    known = known_on(transactions, day)
    summary = clv.summarise(known, observation_end=day, unit_days=7)
    if len(summary) < MINIMUM_CUSTOMERS or summary["frequency"].gt(0).sum() < MINIMUM_CUSTOMERS // 2:
        return _empty()
    try:
        purchases, spend = (clv.fit(summary, model=model) for model in ("bg_nbd", "gamma_gamma"))
    except FitError:
        return _empty()
    worth = clv.value(
        purchases, spend, summary, annual_discount_rate=annual_discount_rate, margin=margin
    ).rename(columns={"residual_value": "equity"})
    revenue = known.groupby("customer_id")["amount"].sum().rename("revenue_to_date").reset_index()
    table = worth[["customer_id", "probability_alive", "equity"]].merge(revenue, on="customer_id")
    table["margin_to_date"] = margin * table["revenue_to_date"]
    table.insert(0, "review_date", day)
    return table


def segments_at(transactions: pd.DataFrame, day: pd.Timestamp) -> pd.DataFrame:
    """The segments that purchases alone decide, ``rfm`` and ``behaviour``, by what is known on a day.

    Parameters
    ----------
    transactions : DataFrame
    day : Timestamp

    Returns
    -------
    DataFrame
        Rows of ``segment_history`` of that review.
    """
    known = known_on(transactions, day)
    schemes = {
        "rfm": rfm.table(known, day),
        "behaviour": behaviour.behaviour_segments(behaviour.rhythm(known, day)),
    }
    return dated(
        pd.concat(
            [table[["customer_id", "segment"]].assign(scheme=scheme) for scheme, table in schemes.items()]
        ),
        day,
    )


def dated(segments: pd.DataFrame, day: pd.Timestamp) -> pd.DataFrame:
    """The table ``segments`` as rows of ``segment_history``."""
    table = segments[["customer_id", "scheme", "segment"]].astype("str").reset_index(drop=True)
    table.insert(0, "review_date", day)
    return table


def histories(
    transactions: pd.DataFrame, every: str = "month", margin: float = 0.30, annual_discount_rate: float = 0.15
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Value and segments at every review of the time observed.

    Parameters
    ----------
    transactions : DataFrame
    every : {"month", "quarter", "week"}
    margin, annual_discount_rate : float

    Returns
    -------
    tuple of DataFrame
        Tables ``value_history`` and ``segment_history``.
    """
    days = review_dates(transactions, every)
    values = [value_at(transactions, day, margin, annual_discount_rate) for day in days]
    segments = [segments_at(transactions, day) for day in days]
    return (
        pd.concat([part for part in values if len(part)] or [_empty()], ignore_index=True),
        pd.concat(segments, ignore_index=True),
    )


def _empty() -> pd.DataFrame:

    return tables.get("value_history").empty()
