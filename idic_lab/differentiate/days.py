"""Days as whole numbers, the same in every dataframe engine.

Subtracting dates is the one thing those engines do not agree on. Each date therefore becomes a number first, its
proleptic Gregorian ordinal as in ``datetime.date.toordinal``, and the time of day is gone before anything is compared.
"""

from __future__ import annotations

import datetime as dt

import narwhals as nw
import numpy as np
import pandas as pd

from idic_lab.errors import DataError

EPOCH = dt.date(1970, 1, 1).toordinal()


def ordinal(date, what: str = "") -> int:
    """A date, timestamp or text such as "1997-09-30" as a day number.

    Parameters
    ----------
    date : date, Timestamp or str
    what : str
        What the date is, for the message.

    Raises
    ------
    DataError
        When it is no date.

    Examples
    --------
    >>> ordinal("1970-01-01") == EPOCH
    True
    """
    try:
        moment = pd.Timestamp(date)
    except (ValueError, TypeError):
        moment = pd.NaT
    if moment is pd.NaT:
        found = "a missing value" if date is None or date is pd.NaT else repr(date)
        subject = f"{what} should be a date such as '1997-09-30'; found {found}." if what else ""
        raise DataError(subject or f"{found} is not a date; write it like '1997-09-30'.")
    return moment.toordinal()


def dates(days) -> pd.Series:
    """Day numbers as dates (datetime64[us]).

    Examples
    --------
    >>> dates([719163]).dt.year.tolist()
    [1970]
    """
    days = np.asarray(days, dtype="int64") - EPOCH
    return pd.Series(days.astype("datetime64[D]").astype("datetime64[us]"))


def of_column(column: pd.Series) -> np.ndarray:
    """Day number of every date of a pandas column without missing values; with a time zone, the day is the local one."""
    if getattr(column.dt, "tz", None) is not None:
        column = column.dt.tz_localize(None)  # the day is the day where the customer bought
    return column.to_numpy().astype("datetime64[D]").astype("int64") + EPOCH


def expression(name: str) -> nw.Expr:
    """Day number of a column of dates, from year and day of the year: the one form that every engine computes alike."""
    before = nw.col(name).dt.year().cast(nw.Int64) - 1
    return (before * 365 + before // 4 - before // 100 + before // 400 + nw.col(name).dt.ordinal_day()).cast(
        nw.Int64
    )
