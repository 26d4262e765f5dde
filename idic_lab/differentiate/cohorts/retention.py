"""Cohorts by month of first purchase: who comes back, and what they bring."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pandas as pd

from idic_lab import tables
from idic_lab.dataframes import collected
from idic_lab.errors import DataError


def cohort_table(transactions: pd.DataFrame, observation_end: str | dt.date | None = None) -> pd.DataFrame:
    """Retention and revenue of each cohort, month by calendar month.

    Only months observed to their last day are in the table: half a month would look like customers leaving.

    Parameters
    ----------
    transactions : DataFrame
        ``customer_id``, ``date``, ``amount``, of any engine; of one that is not pandas these three columns are collected.
        A purchase is an amount above 0, revenue counts returns too.
    observation_end : str or date, optional
        Last day observed; by default the last date in the table.

    Returns
    -------
    DataFrame
        Under the contract ``cohorts``: ``cohort`` (first day of the month of first purchase), ``age_months``,
        ``customers``, ``active``, ``retention`` (active / customers), ``revenue`` (currency), ``revenue_per_customer``
        (cumulated). Months in which nobody of a cohort bought are there with 0.

    Raises
    ------
    DataError
        No month is observed to its end.

    Source: Fader & Hardie, What's wrong with this CLV formula? (2014 note, brucehardie.com): retention is to be followed
    per cohort, since mixing cohorts hides that it rises with age.

    Examples
    --------
    >>> buys = pd.DataFrame({"customer_id": ["a", "b", "a"], "amount": [10.0, 20.0, 5.0],
    ...     "date": pd.to_datetime(["2024-01-03", "2024-01-09", "2024-02-29"])})
    >>> cohort_table(buys)[["age_months", "customers", "active", "revenue_per_customer"]].values.tolist()
    [[0.0, 2.0, 2.0, 15.0], [1.0, 2.0, 1.0, 17.5]]
    """
    names = ["customer_id", "date", "amount"]
    dated = collected(transactions, names)[names]
    end = pd.Timestamp(observation_end) if observation_end is not None else dated["date"].max()
    months = (end + pd.Timedelta(days=1)).to_period("M") - 1  # the last month observed to its end
    bought = dated[dated["amount"].gt(0)]
    first = bought.groupby("customer_id")["date"].min().dt.to_period("M").rename("cohort")
    rows = dated.assign(month=dated["date"].dt.to_period("M")).join(first, on="customer_id")
    rows = rows[rows["month"].le(months) & rows["cohort"].notna() & rows["month"].ge(rows["cohort"])]
    if rows.empty:
        raise DataError("cohort_table: no month is observed to its last day, so there is nothing to follow.")
    size = first[first.le(months)].value_counts()
    by = rows.groupby(["cohort", "month"])
    found = pd.DataFrame({"revenue": by["amount"].sum()})
    found["active"] = rows[rows["amount"].gt(0)].groupby(["cohort", "month"])["customer_id"].nunique()
    return tables.check("cohorts", _filled(found, size, months))


def _filled(found: pd.DataFrame, size: pd.Series, last: pd.Period) -> pd.DataFrame:
    """Every cohort with every month from its own to the last."""
    index = [
        (cohort, month) for cohort in sorted(size.index) for month in pd.period_range(cohort, last, freq="M")
    ]
    table = (
        found.reindex(pd.MultiIndex.from_tuples(index, names=["cohort", "month"])).fillna(0.0).reset_index()
    )
    age = np.array([(month - cohort).n for cohort, month in index], dtype="int64")
    customers = table["cohort"].map(size).astype("int64")
    return pd.DataFrame(
        {
            "cohort": table["cohort"].dt.to_timestamp().astype("datetime64[us]"),
            "age_months": age,
            "customers": customers,
            "active": table["active"].astype("int64"),
            "retention": table["active"] / customers,
            "revenue": table["revenue"].astype("float64"),
            "revenue_per_customer": table.groupby("cohort")["revenue"].cumsum() / customers,
        }
    )


def retention_by_age(cohorts: pd.DataFrame) -> pd.DataFrame:
    """Retention and revenue by age over all cohorts observed that long.

    Parameters
    ----------
    cohorts : DataFrame
        As :func:`cohort_table` gives.

    Returns
    -------
    DataFrame
        ``age_months``, ``customers`` (observed at that age), ``active``, ``retention``, ``revenue_per_customer`` (of
        the month, not cumulated).

    Examples
    --------
    >>> cohorts = pd.DataFrame({"age_months": [0, 1, 0], "customers": [2, 2, 2], "active": [2, 1, 2], "revenue": [8.0, 2, 4]})
    >>> retention_by_age(cohorts)["retention"].tolist()
    [1.0, 0.5]
    """
    table = cohorts.groupby("age_months", as_index=False)[["customers", "active", "revenue"]].sum()
    table["retention"] = table["active"] / table["customers"]
    table["revenue_per_customer"] = table.pop("revenue") / table["customers"]
    return table
