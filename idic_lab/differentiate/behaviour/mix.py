"""What and where customers buy: category mix and channel mix."""

from __future__ import annotations

import numpy as np
import pandas as pd

from idic_lab.errors import DataError


def category_mix(order_lines: pd.DataFrame, products: pd.DataFrame) -> pd.DataFrame:
    """Each customer's spend by category, how concentrated it is, and the main category if there is one.

    Parameters
    ----------
    order_lines : DataFrame
        ``customer_id``, ``product_id``, ``quantity``, ``amount``; returns do not count.
    products : DataFrame
        ``product_id``, ``category``.

    Returns
    -------
    DataFrame
        ``customer_id``; one share of spend per category; ``lines``; ``concentration`` (Herfindahl index: 1 = all in
        one category); ``segment``: the category that takes at least half of the spend over two or more lines, else
        "several categories" or "one line only".

    Raises
    ------
    DataError
        No line is of a product with a category.

    Examples
    --------
    >>> lines = pd.DataFrame({"customer_id": ["ann", "ann", "bob"], "product_id": ["p", "p", "q"],
    ...     "quantity": 1.0, "amount": [5.0, 5.0, 3.0]})
    >>> catalogue = pd.DataFrame({"product_id": ["p", "q"], "category": ["garden", "office"]})
    >>> category_mix(lines, catalogue)[["customer_id", "garden", "office", "segment"]]
      customer_id  garden  office        segment
    0         ann     1.0     0.0         garden
    1         bob     0.0     1.0  one line only
    """
    kept = order_lines.loc[order_lines["quantity"].gt(0) & order_lines["amount"].gt(0)]
    lines = kept.merge(products[["product_id", "category"]], on="product_id")
    if lines.empty:
        raise DataError("category_mix: no order line is of a product with a category.")
    spend = lines.pivot_table(
        index="customer_id", columns="category", values="amount", aggfunc="sum", fill_value=0.0
    )
    shares = spend.div(spend.sum(axis=1), axis=0)
    number = lines.groupby("customer_id").size().reindex(shares.index)
    top = shares.idxmax(axis=1).where(shares.max(axis=1).ge(0.5), "several categories")
    table = shares.rename_axis(columns=None).reset_index()
    table["lines"] = number.to_numpy()
    table["concentration"] = (shares**2).sum(axis=1).to_numpy()
    table["segment"] = pd.array(np.where(number >= 2, top, "one line only"), dtype="str")
    return table.astype({"customer_id": "str"})


def has_channels(transactions: pd.DataFrame) -> bool:
    """Whether the transactions say through which channel orders came.

    Examples
    --------
    >>> has_channels(pd.DataFrame({"customer_id": ["a"], "amount": [1.0]}))
    False
    """
    return "channel" in transactions and bool(transactions["channel"].notna().any())


def channel_mix(transactions: pd.DataFrame) -> pd.DataFrame:
    """Each customer's orders by channel, and whether one channel has them all.

    Parameters
    ----------
    transactions : DataFrame
        ``customer_id``, ``amount``, ``channel``; returns and orders without a channel do not count.

    Returns
    -------
    DataFrame
        ``customer_id``; one share of orders per channel; ``orders`` (count); ``segment``: "only <channel>", "several
        channels", or "one order: <channel>".

    Raises
    ------
    DataError
        No order has a channel.

    Examples
    --------
    >>> orders = pd.DataFrame({"customer_id": ["a", "a", "b"], "amount": 5.0, "channel": ["store", "app", "store"]})
    >>> channel_mix(orders)["segment"].tolist()
    ['several channels', 'one order: store']
    """
    if not has_channels(transactions):
        raise DataError("channel_mix: the transactions do not say through which channel an order came.")
    orders = transactions[transactions["amount"].gt(0) & transactions["channel"].notna()]
    counts = pd.crosstab(orders["customer_id"], orders["channel"])
    number = counts.sum(axis=1)
    shares = counts.div(number, axis=0)
    main = shares.idxmax(axis=1).str.replace("_", " ")
    named = np.select(
        [number.eq(1), shares.max(axis=1).eq(1)], ["one order: " + main, "only " + main], "several channels"
    )
    table = shares.rename_axis(columns=None).reset_index()
    table["orders"] = number.to_numpy()
    return table.assign(segment=pd.array(named, dtype="str")).astype({"customer_id": "str"})
