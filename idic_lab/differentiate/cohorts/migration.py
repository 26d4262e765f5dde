"""Decile migration: where the best customers of one period are in the next."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pandas as pd

from idic_lab.errors import DataError

NOTHING = "none"


def decile_migration(
    transactions: pd.DataFrame, split: str | dt.date | None = None, groups: int = 10
) -> pd.DataFrame:
    """Customers by spending decile before a day and from that day on.

    Parameters
    ----------
    transactions : DataFrame
        ``customer_id``, ``date``, ``amount``.
    split : str or date, optional
        First day of the second period; by default the middle of the time observed. The day itself belongs to the
        second period.
    groups : int
        Deciles by default; decile 1 spends most.

    Returns
    -------
    DataFrame
        ``before``, ``after`` (text: "1" to "10", or "none" for who spent nothing in that period), ``customers``,
        ``share`` (of the customers in that ``before``). Only customers who bought before the split are followed.

    Raises
    ------
    DataError
        A period without any purchase.

    Examples
    --------
    >>> buys = pd.DataFrame({"customer_id": ["a", "b", "a"], "amount": [9.0, 1.0, 9.0],
    ...     "date": pd.to_datetime(["2024-01-01", "2024-01-02", "2024-03-01"])})
    >>> decile_migration(buys, "2024-02-01", groups=2).query("customers > 0")[["before", "after"]].values.tolist()
    [['1', '1'], ['2', 'none']]
    """
    split = pd.Timestamp(split) if split is not None else middle(transactions)
    early = transactions["date"].lt(split)
    before, after = (_deciles(transactions[part], groups) for part in (early, ~early))
    if before.empty or after.empty:
        raise DataError(
            f"decile_migration: nobody spent anything {'before' if before.empty else 'from'} {split.date()}."
        )
    names = [str(decile) for decile in range(1, groups + 1)]
    moved = pd.DataFrame({"before": before, "after": after.reindex(before.index).fillna(NOTHING)})
    counts = pd.crosstab(moved["before"], moved["after"]).reindex(
        index=names, columns=[*names, NOTHING], fill_value=0
    )
    table = (
        counts.rename_axis(index="before", columns=None)
        .reset_index()
        .melt("before", var_name="after", value_name="customers")
    )
    table["share"] = table["customers"] / table.groupby("before")["customers"].transform("sum").clip(lower=1)
    order = {name: place for place, name in enumerate([*names, NOTHING])}
    return table.sort_values(["before", "after"], key=lambda column: column.map(order), ignore_index=True)


def middle(transactions: pd.DataFrame) -> pd.Timestamp:
    """The day in the middle of the time observed.

    Examples
    --------
    >>> middle(pd.DataFrame({"date": pd.to_datetime(["2024-01-01", "2024-01-31"])})).date()
    datetime.date(2024, 1, 16)
    """
    first, last = transactions["date"].min(), transactions["date"].max()
    return (first + (last - first) / 2).normalize()


def _deciles(part: pd.DataFrame, groups: int) -> pd.Series:
    spent = part.groupby("customer_id")["amount"].sum()
    spent = spent[spent.gt(0)]
    # equal amounts share a decile: the first of them decides
    rank = spent.rank(ascending=False, method="min").to_numpy() - 1
    return pd.Series(
        np.minimum(rank * groups // max(len(spent), 1), groups - 1).astype(int) + 1, index=spent.index
    ).astype("str")
