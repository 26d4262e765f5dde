"""What purchases say of needs without asking: premium or budget."""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy.stats import beta

from idic_lab.errors import DataError

TIERS = ("budget", "standard", "premium")
SURE = 0.80  # probability from which a leaning counts
PRIOR_LINES = 4.0  # how many lines everybody's average counts for


def product_tiers(order_lines: pd.DataFrame, products: pd.DataFrame | None = None) -> pd.DataFrame:
    """The price tier of every product: as the catalogue says, else by thirds of the prices paid in its category.

    Parameters
    ----------
    order_lines : DataFrame
        ``product_id``, ``unit_price`` (currency), ``quantity``.
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
    bought = order_lines[order_lines["quantity"].gt(0) & order_lines["unit_price"].gt(0)]
    prices = bought.groupby("product_id", as_index=False)["unit_price"].median()
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
        ``customer_id``, ``product_id``, ``quantity``, ``unit_price``; returns (negative quantity) do not count.
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
    sure = {}
    for tier in ("budget", "premium"):
        everybody = counts[tier].sum() / total.sum()
        table[f"{tier}_share"] = (counts[tier] / total).to_numpy()
        if 0 < everybody < 1:
            a = counts[tier] + PRIOR_LINES * everybody
            b = total - counts[tier] + PRIOR_LINES * (1 - everybody)
            sure[tier] = beta.sf(everybody, a, b)
        else:
            sure[tier] = np.zeros(len(table))  # all lines alike: nobody leans
    table["probability_budget"], table["probability_premium"] = sure["budget"], sure["premium"]
    named = np.select(
        [(sure["premium"] >= SURE) & (sure["premium"] >= sure["budget"]), sure["budget"] >= SURE],
        ["premium", "budget"],
        "mixed",
    )
    return table.assign(segment=pd.array(named, dtype="str"))
