"""Products that belong together: association rules, complements that withstand a test, and bundles that pay."""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy import sparse, stats

from idic_lab.customize.products.purchases import purchases
from idic_lab.errors import DataError, UnknownName
from idic_lab.inference.multiple_tests import holm

# The others that mlxtend offers divide by zero for a product that is in every order.
METRICS = ["support", "confidence", "lift"]


def association_rules(
    order_lines: pd.DataFrame, min_support: float = 0.002, min_lift: float = 1.0
) -> pd.DataFrame:
    """Rules "who buys this also buys that in the same order", mined with mlxtend.

    Parameters
    ----------
    order_lines : DataFrame
        ``order_id``, ``product_id``, ``quantity``.
    min_support : float
        Smallest share of orders that hold both products.
    min_lift : float
        Smallest ratio of the orders with both to those expected by chance.

    Returns
    -------
    DataFrame
        ``product_id``, ``also``, ``support``, ``confidence``, ``lift``; the highest lift first.

    Notes
    -----
    Source: Agrawal & Srikant (1994).

    Examples
    --------
    >>> lines = pd.DataFrame({"order_id": list("11223"), "product_id": list("xyxyz"), "quantity": 1.0})
    >>> association_rules(lines, min_support=0.5)["lift"].tolist()
    [1.5, 1.5]
    """
    from mlxtend.frequent_patterns import association_rules as rules_of
    from mlxtend.frequent_patterns import fpgrowth

    orders, _, products = _orders_by_products(order_lines)
    table = pd.DataFrame.sparse.from_spmatrix(orders.astype(bool))
    sets = fpgrowth(table, min_support=min_support, max_len=2)
    if not (sets["itemsets"].map(len) == 2).any():
        raise DataError(f"No two products are in {min_support:.2%} of orders together; lower min_support.")
    rules = rules_of(sets, metric="lift", min_threshold=min_lift, return_metrics=METRICS)
    first, second = (
        products[[next(iter(items)) for items in rules[side]]] for side in ("antecedents", "consequents")
    )
    table = pd.DataFrame({"product_id": first, "also": second, **rules[["support", "confidence", "lift"]]})
    table = table.astype({"product_id": "str", "also": "str"})
    order = ["lift", "confidence", "product_id", "also"]
    return table.sort_values(order, ascending=[False, False, True, True], ignore_index=True)


def complements(
    order_lines: pd.DataFrame, compare: str = "own orders", level: float = 0.05, min_together: int = 3
) -> pd.DataFrame:
    """Pairs of products found in the same order more often than chance explains, with a corrected test.

    What "chance" is decides the answer. Compared with all orders, two products that appeal to the same people come
    together often without belonging together. Compared with a customer's own other orders, taste cancels out: the
    question is whether the two come in the *same* order, given who buys them.

    Parameters
    ----------
    order_lines : DataFrame
        ``order_id``, ``customer_id``, ``product_id``, ``quantity``.
    compare : {"own orders", "all orders"}
        Mantel and Haenszel's test with the customer as stratum, or the hypergeometric test over all orders. Both look
        at orders with two products or more only: an order of one product cannot hold a pair.
    level : float
        Chance of even one false pair among those found (Holm's correction over all pairs tested).
    min_together : int
        Pairs in fewer orders are not reported.

    Returns
    -------
    DataFrame
        ``product_id``, ``complement_id`` (the one in more orders),
        ``together`` (orders), ``expected`` (orders), ``lift`` (their ratio), ``confidence`` (share of the orders of
        ``product_id`` that hold the other too), ``p_value`` (corrected); the smallest p-value first.

    Notes
    -----
    Source: Mantel & Haenszel (1959), with continuity correction; Holm (1979).
    """
    orders, customers, products = _orders_by_products(order_lines)
    several = np.asarray(orders.sum(axis=1)).ravel() > 1
    pairs, owners = orders[np.flatnonzero(several)], customers[several]
    if compare == "own orders":
        together, expected, p_value = _within_customers(pairs, owners)
    elif compare == "all orders":
        together, expected, p_value = _over_orders(pairs)
    else:
        raise UnknownName("comparison", compare, ["own orders", "all orders"])
    one, other = np.triu_indices(len(products), 1)
    table = pd.DataFrame(
        {
            "together": together[one, other],
            "expected": expected[one, other],
            "p_value": holm(p_value[one, other]),
        }
    )
    size = np.asarray(orders.sum(axis=0)).ravel()
    # The product bought less often is the one that calls for the other: its buyers take the other more often.
    swap = size[one] > size[other]
    first, second = np.where(swap, other, one), np.where(swap, one, other)
    both = (orders.T @ orders).toarray()[one, other]
    table = table.assign(
        product_id=products[first],
        complement_id=products[second],
        lift=table["together"] / table["expected"].clip(lower=1e-9),
        confidence=both / size[first],
    ).astype({"product_id": "str", "complement_id": "str"})
    found = table[(table["p_value"] < level) & (table["together"] >= min_together)]
    columns = ["product_id", "complement_id", "together", "expected", "lift", "confidence", "p_value"]
    return found.sort_values(["p_value", "product_id"], ignore_index=True)[columns]


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


def bundles(
    pairs: pd.DataFrame, order_lines: pd.DataFrame, products: pd.DataFrame, discount: float = 0.20
) -> pd.DataFrame:
    """What a discount on the second of two complements costs, and how many must be tempted for it to pay.

    The discount also goes to those who buy both anyway. That loss is certain; the gain comes from orders that hold
    the first product alone and would take the second for the discount.

    Parameters
    ----------
    pairs : DataFrame
        From `complements`: ``product_id``, ``complement_id``.
    order_lines : DataFrame
    products : DataFrame
        ``product_id``, ``name``, ``list_price``, ``unit_cost`` (currency).
    discount : float
        Share taken off the list price of the second product when both are bought.

    Returns
    -------
    DataFrame
        ``bundle``, ``product_id``, ``complement_id``, ``price`` (of both, discount taken off), ``margin`` (of both),
        ``anyway`` (orders with both so far), ``alone`` (orders with the first only), ``cost`` (discount given to
        orders that had both), ``gain_each`` (margin added by an order tempted), ``break_even`` (share of ``alone`` to
        tempt; missing when even all of them would not do).
    """
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
    table = pd.DataFrame(
        {
            "bundle": one["name"] + " + " + other["name"],
            "product_id": one["product_id"],
            "complement_id": other["product_id"],
            "price": price,
            "margin": price - one["unit_cost"] - other["unit_cost"],
            "anyway": anyway.astype("int64"),
            "alone": alone.astype("int64"),
            "cost": cost,
            "gain_each": gain_each,
            "break_even": (cost / most.where(most > 0)).where(cost <= most),
        }
    )
    return table.sort_values(["break_even", "product_id"], ignore_index=True)
