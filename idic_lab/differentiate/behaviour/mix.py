"""What, where and at what price customers buy, and who only looks."""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy.stats import beta

from idic_lab.dataframes import of_customers
from idic_lab.errors import DataError

TIERS = ("budget", "standard", "premium")
SURE = 0.80  # probability from which a leaning counts
PRIOR = 4.0  # how many lines, or visits, everybody's average counts for


def _above(hits: pd.Series, tries: pd.Series) -> np.ndarray:
    """Probability that each one's share of hits lies above everybody's; one half where all tries came out alike."""
    everybody = float(hits.sum() / tries.sum())
    if not 0 < everybody < 1:
        return np.full(len(hits), 0.5)
    return beta.sf(everybody, hits + PRIOR * everybody, tries - hits + PRIOR * (1 - everybody))


def product_tiers(order_lines: pd.DataFrame, products: pd.DataFrame | None = None) -> pd.DataFrame:
    """The price tier of every product: as the catalogue says, else by thirds of the prices paid in its category.

    Parameters
    ----------
    order_lines : DataFrame
        ``product_id``, ``quantity``, and ``unit_price`` or ``amount`` (currency).
    products : DataFrame, optional
        ``product_id`` and where known ``category``, ``tier``.

    Returns
    -------
    DataFrame
        ``product_id``, ``tier`` (budget, standard or premium).

    Examples
    --------
    >>> lines = pd.DataFrame({"product_id": list("abc"), "unit_price": [1.0, 2.0, 9.0], "quantity": [1.0, 1.0, 1.0]})
    >>> product_tiers(lines)["tier"].tolist()
    ['budget', 'standard', 'premium']
    """
    if products is not None and "tier" in products and products["tier"].notna().any():
        return products.loc[products["tier"].notna(), ["product_id", "tier"]].reset_index(drop=True)
    sold = order_lines[order_lines["quantity"].gt(0)]
    price = sold["unit_price"] if "unit_price" in sold else sold["amount"] / sold["quantity"]
    prices = price[price.gt(0)].groupby(sold["product_id"]).median().rename("unit_price").reset_index()
    if products is not None:
        prices = prices.merge(products[["product_id", "category"]], on="product_id", how="left")
        within = prices.groupby("category", dropna=False)["unit_price"]
    else:
        within = prices.groupby(np.zeros(len(prices)))["unit_price"]
    third = np.minimum((within.rank(pct=True, method="average") * 3).to_numpy() - 1e-9, 2.999).astype(int)
    return prices[["product_id"]].assign(tier=pd.array(np.array(TIERS)[third], dtype="str"))


def price_tier(order_lines: pd.DataFrame, products: pd.DataFrame | None = None) -> pd.DataFrame:
    """Who buys premium, who buys budget, and who does neither more than everybody.

    Each customer's share of premium lines is compared with everybody's. Few lines say little, so the comparison is
    made in probability: from a Beta distribution that starts at everybody's average, worth four lines, and learns from
    the customer's own. "premium" needs a probability of 80% that the customer's premium share lies above everybody's,
    "budget" likewise; "mixed" is neither, for want of a leaning or for want of purchases.

    Parameters
    ----------
    order_lines : DataFrame
        ``customer_id``, ``product_id``, ``quantity``, and ``unit_price`` or ``amount``; returns (negative quantity) do not count.
    products : DataFrame, optional
        For the tiers; see :func:`product_tiers`.

    Returns
    -------
    DataFrame
        ``customer_id``, ``lines``, ``budget_share``, ``premium_share``, ``probability_budget``,
        ``probability_premium`` (of lying above everybody's share), ``segment``.

    Raises
    ------
    DataError
        No line could be given a tier.

    Examples
    --------
    >>> lines = pd.DataFrame({"customer_id": ["ann"] * 9 + ["bob"] * 9, "product_id": ["p"] * 9 + ["b"] * 9,
    ...     "quantity": 1.0, "unit_price": [9.0] * 9 + [1.0] * 9})
    >>> catalogue = pd.DataFrame({"product_id": ["p", "b"], "tier": ["premium", "budget"]})
    >>> price_tier(lines, catalogue)[["customer_id", "segment"]]
      customer_id  segment
    0         ann  premium
    1         bob   budget
    """
    kept = order_lines.loc[order_lines["quantity"].gt(0), ["customer_id", "product_id"]]
    lines = kept.merge(product_tiers(order_lines, products), on="product_id")
    if lines.empty:
        raise DataError("price_tier: no order line is of a product with a price tier.")
    counts = pd.crosstab(lines["customer_id"], lines["tier"]).reindex(columns=list(TIERS), fill_value=0)
    total = counts.sum(axis=1)
    table = pd.DataFrame({"customer_id": counts.index.astype("str"), "lines": total.to_numpy()})
    for tier in ("budget", "premium"):
        table[f"{tier}_share"] = (counts[tier] / total).to_numpy()
    sure = {tier: _above(counts[tier], total) for tier in ("budget", "premium")}
    table["probability_budget"], table["probability_premium"] = sure["budget"], sure["premium"]
    named = np.select(
        [(sure["premium"] >= SURE) & (sure["premium"] >= sure["budget"]), sure["budget"] >= SURE],
        ["premium", "budget"],
        "mixed",
    )
    return table.assign(segment=pd.array(named, dtype="str"))


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
    spend = lines.pivot_table(index="customer_id", columns="category", values="amount", aggfunc="sum", fill_value=0.0)
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


def browsing(web_events: pd.DataFrame, identity_links: pd.DataFrame) -> pd.DataFrame:
    """Visits of each customer and what came of them.

    "buys when visiting" and "looks more than buys" are customers whose share of visits with an order lies above or
    below everybody's with a probability of at least 80%; with few visits neither can be said ("in between").

    Parameters
    ----------
    web_events : DataFrame
        ``session_id``, ``record_id``, ``event`` (view, basket, checkout).
    identity_links : DataFrame
        ``record_id``, ``customer_id``.

    Returns
    -------
    DataFrame
        ``customer_id``, ``visits``, ``with_basket``, ``with_order`` (counts of visits), ``order_share``
        (with_order / visits), ``segment``. Customers never seen logged in are not in it.

    Raises
    ------
    DataError
        No visit is of a linked customer.

    Examples
    --------
    >>> events = pd.DataFrame({"session_id": ["s1", "s1", "s2"], "record_id": "r", "event": ["view", "checkout", "view"]})
    >>> links = pd.DataFrame({"record_id": ["r"], "customer_id": ["ann"]})
    >>> browsing(events, links)[["visits", "with_order", "order_share"]].values.tolist()
    [[2.0, 1.0, 0.5]]
    """
    events = of_customers(web_events, identity_links)
    if events.empty:
        raise DataError("browsing: no visit belongs to a record that is linked to a customer.")
    happened = (
        events.assign(basket=events["event"].eq("basket"), order=events["event"].eq("checkout"))
        .groupby(["customer_id", "session_id"], as_index=False)[["basket", "order"]]
        .any()
    )
    table = happened.groupby("customer_id", as_index=False).agg(
        visits=("session_id", "size"), with_basket=("basket", "sum"), with_order=("order", "sum")
    )
    table["order_share"] = table["with_order"] / table["visits"]
    above = _above(table["with_order"], table["visits"])
    named = np.select([above >= SURE, above <= 1 - SURE], ["buys when visiting", "looks more than buys"], "in between")
    return table.assign(segment=pd.array(named, dtype="str"))
