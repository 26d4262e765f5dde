"""Return on Customer: what the customer base earned in a period, the change of its own value included."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pandas as pd

from idic_lab import tables
from idic_lab.errors import DataError

GROUPS = ("existing", "newly acquired", "all")


def return_on_customer(value_history: pd.DataFrame) -> pd.DataFrame:
    """Cash flow and change in equity between each review and the one before, existing and new customers apart.

    Return on Customer = (cash flow of the period + change in customer equity) / customer equity at its start. A firm
    that squeezes its customers for this period's profit loses equity, and sees it here. Existing customers are those
    in the equity of the review before; customers acquired since then bring their first margin and their whole equity.
    Both returns are measured on the same equity, that of the start, so that they add up to the return of all.

    Parameters
    ----------
    value_history : DataFrame
        ``review_date``, ``customer_id``, ``equity``, ``margin_to_date`` (currency).

    Returns
    -------
    DataFrame
        Table ``return_on_customer``: three rows per review but the first; none when there is only one.

    Raises
    ------
    DataError
        When a review had no equity to earn a return on.

    Source: Peppers & Rogers (2005), Return on Customer, Currency Doubleday, chapter 1; Peppers & Rogers (2006),
    "Return on Customer: a new metric of value creation", Journal of Direct, Data and Digital Marketing Practice 7(4).

    Examples
    --------
    >>> history = pd.DataFrame({"review_date": pd.to_datetime(["2024-01-31"] + ["2024-02-29"] * 2),
    ...     "customer_id": ["a", "a", "b"], "equity": [100.0, 95.0, 20.0], "margin_to_date": [40.0, 52.0, 3.0]})
    >>> return_on_customer(history)[["group", "cash_flow", "equity_change", "return_on_customer"]].values.tolist()
    [['existing', 12.0, -5.0, 0.07], ['newly acquired', 3.0, 20.0, 0.23], ['all', 15.0, 15.0, 0.3]]
    """
    days = sorted(value_history["review_date"].unique())
    measures = value_history.set_index(["review_date", "customer_id"])[["equity", "margin_to_date"]]
    rows = []
    for before, after in pairwise(days):
        start, end = measures.loc[before], measures.loc[after]
        both = pd.concat([start.add_suffix("_start"), end.add_suffix("_end")], axis=1).fillna(0.0)
        rows += _period(pd.Timestamp(before), pd.Timestamp(after), both, both.index.isin(start.index))
    columns = tables.get("return_on_customer").empty()
    return pd.DataFrame(rows, columns=list(columns)).astype(columns.dtypes)


def _period(
    before: pd.Timestamp, after: pd.Timestamp, both: pd.DataFrame, existing: np.ndarray
) -> list[tuple]:
    at_start = both["equity_start"].sum()
    if at_start <= 0:
        raise DataError(f"There was no customer equity on {before:%Y-%m-%d}, so no return on it can be told.")
    rows = []
    for group, members in zip(GROUPS, (existing, ~existing, np.ones(len(both), dtype=bool)), strict=True):
        part = both[members]
        cash = part["margin_to_date_end"].sum() - part["margin_to_date_start"].sum()
        start, end = part["equity_start"].sum(), part["equity_end"].sum()
        earned = (cash + end - start) / at_start
        rows.append((after, before, group, len(part), start, cash, end, end - start, earned))
    return rows


def reconcile(returns: pd.DataFrame, value_history: pd.DataFrame) -> pd.DataFrame:
    """Hold the returns to the equity tables they come from: differences per review, in currency.

    Parameters
    ----------
    returns : DataFrame
        From `return_on_customer`.
    value_history : DataFrame

    Returns
    -------
    DataFrame
        ``review_date``; ``start`` and ``end`` (equity here less the sum of value_history that day), ``groups`` (existing
        plus newly acquired less all, over every amount, largest) and ``chain`` (equity at the start less equity at the
        end of the review before). All should be below half a cent.

    Examples
    --------
    >>> history = pd.DataFrame({"review_date": pd.to_datetime(["2024-01-31", "2024-02-29"]), "customer_id": ["a", "a"],
    ...     "equity": [100.0, 95.0], "margin_to_date": [40.0, 52.0]})
    >>> reconcile(return_on_customer(history), history).drop(columns="review_date").abs().max().max()
    np.float64(0.0)
    """
    equity = value_history.groupby("review_date")["equity"].sum()
    money = ["equity_start", "cash_flow", "equity_end", "equity_change"]
    whole = returns[returns["group"] == "all"].set_index("review_date")
    parts = returns[returns["group"] != "all"].groupby("review_date")[money].sum()
    chain = whole["equity_start"] - whole["equity_end"].shift()
    return pd.DataFrame(
        {
            "start": whole["equity_start"] - equity.reindex(whole["previous_date"]).to_numpy(),
            "end": whole["equity_end"] - equity.reindex(whole.index),
            "groups": (parts - whole[money]).abs().max(axis=1),
            "chain": chain.fillna(0.0),
        }
    ).reset_index()
