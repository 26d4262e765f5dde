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

    Parameters:
        order_lines: ``product_id``, ``quantity``, and ``unit_price`` or ``amount`` (currency).
        products: ``product_id`` and where known ``category``, ``tier``.
    Returns:
        DataFrame: ``product_id``, ``tier`` (budget, standard or premium).

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

    Parameters:
        order_lines: ``customer_id``, ``product_id``, ``quantity``, and ``unit_price`` or ``amount``; returns (negative
            quantity) do not count.
        products: For the tiers; see :func:`product_tiers`.
    Returns:
        DataFrame: ``customer_id``, ``lines``, ``budget_share``, ``premium_share``, ``probability_budget``,
            ``probability_premium`` (of lying above everybody's share), ``segment``.
    Raises:
        DataError: No line could be given a tier.

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


def browsing(web_events: pd.DataFrame, identity_links: pd.DataFrame) -> pd.DataFrame:
    """Visits of each customer and what came of them.

    "buys when visiting" and "looks more than buys" are customers whose share of visits with an order lies above or
    below everybody's with a probability of at least 80%; with few visits neither can be said ("in between").

    Parameters:
        web_events: ``session_id``, ``record_id``, ``event`` (view, basket, checkout).
        identity_links: ``record_id``, ``customer_id``.
    Returns:
        DataFrame: ``customer_id``, ``visits``, ``with_basket``, ``with_order`` (counts of visits), ``order_share``
            (with_order / visits), ``segment``. Customers never seen logged in are not in it.
    Raises:
        DataError: No visit is of a linked customer.

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
