"""Why revenue changed: more customers, more orders of each, or larger orders."""

from __future__ import annotations

import numpy as np
import pandas as pd

from idic_lab.errors import DataError

FACTORS = ("customers", "orders_per_customer", "order_value")


def drivers(transactions: pd.DataFrame, start: pd.Timestamp, end: pd.Timestamp) -> dict[str, float]:
    """Revenue of a period and its three factors.

    Parameters
    ----------
    transactions : DataFrame
        ``customer_id``, ``date``, ``amount``; returns (negative amounts) lower the order value.
    start, end : Timestamp
        First and last day of the period, both included.

    Returns
    -------
    dict
        ``revenue`` = ``customers`` × ``orders_per_customer`` × ``order_value``, exactly; ``orders`` (with a positive
        amount).
    """
    part = transactions[transactions["date"].between(start, end)]
    bought = part[part["amount"] > 0]
    customers, orders, revenue = bought["customer_id"].nunique(), len(bought), float(part["amount"].sum())
    return {
        "revenue": revenue,
        "orders": float(orders),
        "customers": float(customers),
        "orders_per_customer": orders / customers if customers else 0.0,
        "order_value": revenue / orders if orders else 0.0,
    }


def growth_split(before: dict[str, float], after: dict[str, float]) -> pd.Series:
    """The change of revenue divided among its factors, without remainder.

    Multiplying three changes leaves a remainder that belongs to none of them. Weighting their logarithms by the
    logarithmic mean of the two revenues leaves none (the LMDI method).

    Parameters
    ----------
    before, after : dict
        From `drivers`.

    Returns
    -------
    Series
        Currency by factor; it adds up to the change of revenue.

    Raises
    ------
    DataError
        When one of the periods has no revenue.

    Source: Ang (2005), Energy Policy 33(7), 867-871, equations 4 to 6.

    Examples
    --------
    >>> shop = {"revenue": 100.0, "customers": 10.0, "orders_per_customer": 2.0, "order_value": 5.0}
    >>> growth_split(shop, shop | {"customers": 20.0, "revenue": 200.0}).round(6).tolist()
    [100.0, 0.0, 0.0]
    """
    old, new = before["revenue"], after["revenue"]
    if old <= 0 or new <= 0:
        raise DataError(f"Growth is split between two periods with revenue; found {old:,.2f} and {new:,.2f}.")
    weight = old if np.isclose(old, new, rtol=1e-12) else (new - old) / (np.log(new) - np.log(old))
    return pd.Series(
        {factor: weight * np.log(after[factor] / before[factor]) for factor in FACTORS}, name="change"
    )
