"""Products that belong together: association rules, complements that withstand a test, and bundles that pay."""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy import sparse, stats

from idic_lab import figures
from idic_lab.customize.products.recommenders import pairs_together, purchases
from idic_lab.errors import DataError, pick
from idic_lab.inference.multiple_tests import holm

MOST_SHOWN = 20  # pairs in a figure
MOST_TESTED = 1_000  # products, those in most orders


def association_rules(order_lines: pd.DataFrame, min_support: float = 0.001) -> pd.DataFrame:
    """Rules "who buys this also buys that in the same order".

    Parameters:
        order_lines: ``order_id``, ``product_id`` and, where known, ``quantity`` or ``amount``.
        min_support: Smallest share of orders that hold both products, and five orders at least. Where no pair has the
            support, five orders decide; where no pair is in so many, what the commonest has.
    Returns:
        DataFrame: ``product_id``, ``also``, ``support``, ``confidence``, ``lift`` (1 or more); the highest lift first.

    Source: Agrawal & Srikant (1994).

    >>> lines = pd.DataFrame({"order_id": list("11223"), "product_id": list("xyxyz"), "amount": 1.0})
    >>> association_rules(lines, min_support=0.5)["lift"].tolist()
    [1.5, 1.5]
    """
    orders, _, products = _orders_by_products(order_lines)
    n, size = orders.shape[0], np.asarray(orders.sum(axis=0)).ravel()
    pairs = pairs_together(orders, 5)
    common = pairs["both"] >= min_support * n
    pairs = pairs[common] if common.any() else pairs
    if pairs.empty:
        raise DataError("No order holds two products, so no product calls for another.")
    pairs = pd.concat([pairs, pairs.rename(columns={"one": "other", "other": "one"})], ignore_index=True)
    first, second = pairs["one"].to_numpy(), pairs["other"].to_numpy()
    confidence = pairs["both"] / size[first]
    table = pd.DataFrame({"product_id": products[first], "also": products[second], "support": pairs["both"] / n})
    table = table.assign(confidence=confidence, lift=pairs["both"] * n / (size[first] * size[second]))
    table = table[table["lift"] >= 1].astype({"product_id": "str", "also": "str"})
    order = ["lift", "confidence", "product_id", "also"]
    return table.sort_values(order, ascending=[False, False, True, True], ignore_index=True)


def complements(order_lines: pd.DataFrame, compare: str = "own orders", alpha: float = 0.05) -> pd.DataFrame:
    """Pairs of products found in the same order more often than chance explains, with a corrected test.

    Compared with all orders, two products that appeal to the same people often come together (in 78 of 100 trials with
    nothing but taste). Compared with a customer's own other orders, taste cancels out: are they in the *same* order?

    Parameters:
        order_lines: ``order_id``, ``customer_id``, ``product_id`` and, where known, ``quantity`` or ``amount``.
        compare ({"own orders", "all orders"}): Mantel and Haenszel's test with the customer as stratum, or the
            hypergeometric test over all orders, of those with two products or more.
        alpha: Chance of even one false pair among those found (Holm's correction over all pairs tested).
    Returns:
        DataFrame: ``product_id``, ``complement_id`` (the one in more orders), ``together`` (orders, 3 or more),
            ``expected`` (orders), ``p_value`` (corrected); the smallest p-value first.

    Source: Mantel & Haenszel (1959), with continuity correction; Holm (1979).

    >>> lines = [(order, "ann", what) for order in range(80) for what in (("lamp", "bulb") if order % 2 else ("mat", "pen"))]
    >>> pairs = complements(pd.DataFrame(lines, columns=["order_id", "customer_id", "product_id"]))
    >>> pairs[["product_id", "complement_id", "together"]].to_numpy().tolist()
    [['bulb', 'lamp', 40.0], ['mat', 'pen', 40.0]]
    """
    orders, customers, products = _orders_by_products(order_lines)
    size = np.asarray(orders.sum(axis=0)).ravel()
    kept = np.sort(np.argsort(-size, kind="stable")[:MOST_TESTED])
    orders, products, size = orders[:, kept], products[kept], size[kept]
    several = np.flatnonzero(np.asarray(orders.sum(axis=1)).ravel() > 1)
    tests = {"own orders": _within_customers, "all orders": lambda pairs, _: _over_orders(pairs)}
    found = pick("comparison", compare, tests)(orders[several], customers[several])
    one, other = np.triu_indices(len(products), 1)
    together, expected, p_value = (values[one, other] for values in found)
    # The product bought less often is the one that calls for the other: its buyers take the other more often.
    swap = size[one] > size[other]
    first, second = np.where(swap, other, one), np.where(swap, one, other)
    ids = {"product_id": products[first], "complement_id": products[second]}
    table = pd.DataFrame({name: pd.array(named, dtype="str") for name, named in ids.items()})
    table = table.assign(together=together, expected=expected, p_value=holm(p_value))
    table = table[(table["p_value"] < alpha) & (table["together"] >= 3)]
    return table.sort_values(["p_value", "product_id"], ignore_index=True)


def _orders_by_products(order_lines: pd.DataFrame):
    """Ones where an order holds a product; the customer of each order; the product of each column."""
    bought = purchases(order_lines)
    row, orders = pd.factorize(bought["order_id"], sort=True)
    column, products = pd.factorize(bought["product_id"], sort=True)
    matrix = sparse.coo_array((np.ones(len(bought)), (row, column)), shape=(len(orders), len(products)))
    matrix = (matrix.tocsr() > 0).astype(float)
    if "customer_id" not in bought:
        return matrix, np.arange(len(orders)), np.asarray(products)
    owner = bought.drop_duplicates("order_id").set_index("order_id")["customer_id"].reindex(orders)
    return matrix, pd.factorize(owner)[0], np.asarray(products)


def _over_orders(orders):
    both = (orders.T @ orders).toarray()
    size, n = np.diag(both), orders.shape[0]
    return both, np.outer(size, size) / n, stats.hypergeom.sf(both - 1, n, size[:, None], size)


def _within_customers(orders, owners):
    """Orders with both, expected and tested customer by customer: margins of each customer's own orders are kept."""
    strata = sparse.coo_array((np.ones(len(owners)), (owners, np.arange(len(owners))))).tocsr()
    n = np.asarray(strata.sum(axis=1)).ravel()
    strata, n = strata[np.flatnonzero(n > 1)], n[n > 1]
    mine = np.asarray(strata.sum(axis=0)).ravel() > 0
    kept = orders[np.flatnonzero(mine)]
    both = (kept.T @ kept).toarray()
    size = strata @ orders
    per_order, per_variance = sparse.diags_array(1 / n), sparse.diags_array(1 / (n**2 * (n - 1)))
    expected = (size.T @ per_order @ size).toarray()
    spread = sparse.diags_array(n) @ size - size.multiply(size)
    variance = (spread.T @ per_variance @ spread).toarray()
    z = (both - expected - 0.5) / np.sqrt(np.maximum(variance, 1e-9))
    return both, expected, np.where(variance > 0, stats.norm.sf(z), 1.0)


def need_sets(order_lines: pd.DataFrame, products: pd.DataFrame, groups: pd.DataFrame) -> pd.DataFrame:
    """Which categories the customers of each need buy more of than others do: what else somebody with this need needs.

    Parameters:
        products: ``product_id``, ``category``.
        groups: ``customer_id``, ``segment``, known from something other than what was bought.
    Returns:
        DataFrame: ``segment``, ``category``, ``share`` (of the segment's lines), ``lift`` (over the share among all others) with ``low``
            and ``high`` (95%), ``p_value`` (corrected for all looks), ``in_set`` (a lift above 1 beyond chance).

    Source: Peppers & Rogers (2022), Managing Customer Experience and Relationships, for the expanded need set; Woodruff (1971),
    Journal of the American Statistical Association 66(334), for the variance of a ratio of sums over customers.

    >>> lines = pd.DataFrame({"customer_id": [*range(40)] * 2, "product_id": ["tent"] * 20 + ["lamp"] * 60, "amount": 1.0})
    >>> kinds = pd.DataFrame({"product_id": ["tent", "lamp"], "category": ["camping", "home"]})
    >>> groups = pd.DataFrame({"customer_id": range(40), "segment": ["outdoors"] * 20 + ["cosy"] * 20})
    >>> need_sets(lines, kinds, groups).query("in_set")[["segment", "category", "share"]].to_numpy().tolist()
    [['cosy', 'home', 1.0], ['outdoors', 'camping', 0.5]]
    """
    lines = purchases(order_lines).merge(products[["product_id", "category"]], on="product_id")
    lines = lines.merge(groups[["customer_id", "segment"]], on="customer_id")
    counts = pd.crosstab([lines["segment"], lines["customer_id"]], lines["category"])
    segment, parts = counts.index.get_level_values("segment"), []
    for name in segment.unique():
        mine = counts[segment == name]
        (log, error), (other_log, other_error) = _log_share(mine), _log_share(counts[segment != name])
        lift, error = log - other_log, np.hypot(error, other_error)
        student = stats.t(max(len(mine) - 1, 1))  # few customers tell little of how much they differ
        part = {"segment": name, "share": mine.sum() / mine.to_numpy().sum(), "lift": np.exp(lift)}
        part |= {end: np.exp(lift + student.ppf(tail) * error) for end, tail in (("low", 0.025), ("high", 0.975))}
        parts.append(pd.DataFrame(part | {"p_value": 2 * student.sf(abs(lift) / error)}))
    table = pd.concat(parts).reset_index()
    table["p_value"] = holm(table["p_value"])
    return table.assign(in_set=(table["p_value"] < 0.05) & (table["lift"] > 1))


def _log_share(counts: pd.DataFrame) -> tuple[pd.Series, pd.Series]:
    """The logarithm of each column's share of all, with its standard error by customer; half a line more, so that none is nought."""
    size, total = counts.sum(axis=1), counts.sum() + 0.5
    share = total / (size.sum() + 1)
    return np.log(share), np.sqrt(np.square(counts - np.outer(size, share)).sum() + 0.5) / total


def bundles(
    pairs: pd.DataFrame, order_lines: pd.DataFrame, products: pd.DataFrame, discount: float = 0.20
) -> pd.DataFrame:
    """What a discount on the second of two complements costs, and how many must be tempted for it to pay.

    The discount also goes to those who buy both anyway: a certain loss. The gain comes from orders of the first alone.

    Parameters:
        products: ``product_id``, ``name``, ``list_price``, ``unit_cost``; pairs without a price or cost are left out.
        discount: Share taken off the list price of the second product when both are bought.
    Returns:
        DataFrame: ``bundle``, ``price`` and ``margin`` (of both, discount taken off), ``anyway`` (orders with both so far),
            ``alone`` (orders with the first only), ``cost`` (discount given to orders that had both), ``gain_each``
            (margin of an order tempted), ``break_even`` (share of ``alone`` to tempt; missing when all would not do).

    >>> pairs = pd.DataFrame({"product_id": ["p1"], "complement_id": ["p2"]})
    >>> lines = pd.DataFrame({"order_id": ["1", "1", "2", "3"], "product_id": ["p1", "p2", "p1", "p1"], "amount": 9.0})
    >>> goods = pd.DataFrame({"product_id": ["p1", "p2"], "name": ["lamp", "bulb"], "list_price": 10.0, "unit_cost": 4.0})
    >>> bundles(pairs, lines, goods)[["bundle", "anyway", "alone", "break_even"]].to_numpy().tolist()
    [['lamp + bulb', 1, 2, 0.25]]
    """
    priced = products.dropna(subset=["list_price", "unit_cost"])["product_id"]
    pairs = pairs[pairs["product_id"].isin(priced) & pairs["complement_id"].isin(priced)]
    known = products.set_index("product_id")
    orders, _, ids = _orders_by_products(order_lines)
    column, by_product = pd.Index(ids), orders.tocsc()
    has = [by_product[:, column.get_indexer(pairs[name])] for name in ("product_id", "complement_id")]
    anyway = np.asarray(has[0].multiply(has[1]).sum(axis=0)).ravel()
    alone = np.asarray(has[0].sum(axis=0)).ravel() - anyway
    one, other = (known.loc[pairs[name]].reset_index() for name in ("product_id", "complement_id"))
    reduction = discount * other["list_price"]
    price = one["list_price"] + other["list_price"] - reduction
    gain_each = other["list_price"] - reduction - other["unit_cost"]
    cost, most = anyway * reduction, alone * gain_each
    table = pd.DataFrame({"bundle": one["name"].astype("str") + " + " + other["name"].astype("str"), "price": price})
    table["margin"] = price - one["unit_cost"] - other["unit_cost"]
    table = table.assign(anyway=anyway.astype("int64"), alone=alone.astype("int64"), cost=cost, gain_each=gain_each)
    table["break_even"] = (cost / most.where(most > 0)).where(cost <= most)
    order = np.lexsort((one["product_id"], table["break_even"].fillna(np.inf)))
    return table.iloc[order].reset_index(drop=True)


def with_names(pairs: pd.DataFrame, products: pd.DataFrame | None = None) -> pd.DataFrame:
    """Pairs with the columns ``product`` and ``other``: the names of both, or their numbers where no names are known.

    >>> shelf = pd.DataFrame({"product_id": ["p1", "p2"], "name": ["lamp", "bulb"]})
    >>> with_names(pd.DataFrame({"product_id": ["p1"], "complement_id": ["p2"]}), shelf)["other"].item()
    'bulb'
    """
    second = pairs["also"] if "also" in pairs else pairs["complement_id"]
    names = {} if products is None else products.set_index("product_id")["name"].to_dict()
    called = [[names.get(number, number) for number in ids] for ids in (pairs["product_id"], second)]
    return pairs.assign(product=called[0], other=called[1])


def plot_complements(
    table: pd.DataFrame, products: pd.DataFrame | None = None, ax: figures.Axes | None = None
) -> figures.Axes:
    """Pairs of `complements`: orders with both, beside those expected by chance.

    >>> table = pd.DataFrame({"product_id": ["p1"], "complement_id": ["p2"], "together": [40.0], "expected": [9.0]})
    >>> plot_complements(table).get_title()
    'Share orders more often than chance explains: 1 pair'
    """
    shown = table.head(MOST_SHOWN)
    ax = figures.axes(ax, figsize=(7.5, 0.38 * len(shown) + 1.6))
    ordered = with_names(shown.sort_values("together", ignore_index=True), products)
    place = np.arange(len(ordered))
    ax.hlines(place, ordered["expected"], ordered["together"], color=figures.GREY, lw=2)
    ax.plot(ordered["expected"], place, "o", mfc="white", color=figures.BLACK, label="expected by chance")
    ax.plot(ordered["together"], place, "o", color=figures.VERMILION, label="orders with both")
    ax.set_yticks(place, [f"{one} + {other}" for one, other in zip(ordered["product"], ordered["other"], strict=True)])
    title = f"Share orders more often than chance explains: {len(table):,} pair{'s' if len(table) != 1 else ''}"
    title += f"; the {MOST_SHOWN} surest" if len(table) > MOST_SHOWN else ""
    return figures.finish(ax, title, x="orders", xlim=(0, None), legend={"loc": "lower right"})
