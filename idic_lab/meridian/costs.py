"""What it costs to serve each customer, and what is left of the margin."""

from __future__ import annotations

import numpy as np
import pandas as pd

from idic_lab.meridian import products
from idic_lab.meridian.baskets import Lines
from idic_lab.meridian.purchases import Orders

ORDER_HANDLING, DELIVERY, RETURN_HANDLING, RETURN_WRITE_DOWN = 0.9, 2.4, 6.5, 0.35


def rate_table() -> pd.DataFrame:
    """The table cost_rates."""
    rows = [
        ("order_handling", ORDER_HANDLING, "currency per order"),
        ("delivery", DELIVERY, "currency per order of the web shop or the app"),
        ("return_handling", RETURN_HANDLING, "currency per returned order line"),
        ("return_write_down", RETURN_WRITE_DOWN, "share of the unit cost of returned goods"),
    ]
    return pd.DataFrame(rows, columns=["activity", "rate", "unit"]).astype({"activity": "str", "unit": "str"})


def profits(orders: Orders, lines: Lines, delivered: np.ndarray, contact_cost: np.ndarray) -> pd.DataFrame:
    """What each customer brought in over the two years.

    profit = revenue kept - cost of goods kept - write-down of goods returned - handling - delivery - contacts

    Parameters
    ----------
    orders : Orders
    lines : Lines
    delivered : ndarray of bool, shape (orders,)
    contact_cost : ndarray, shape (people,)

    Returns
    -------
    DataFrame
        ``gross_margin``, ``cost_to_serve``, ``profit`` in currency, one row per person.
    """
    n = len(contact_cost)
    who = orders.person[lines.order]
    kept = lines.return_day < 0
    cost = products.unit_costs()[lines.product] * lines.quantity
    revenue = lines.quantity * lines.unit_price
    margin = np.where(kept, revenue - cost, -RETURN_WRITE_DOWN * cost)
    gross = np.bincount(who, margin, minlength=n)
    serve = (
        np.bincount(orders.person, ORDER_HANDLING + DELIVERY * delivered, minlength=n)
        + np.bincount(who, RETURN_HANDLING * ~kept, minlength=n)
        + contact_cost
    )
    return pd.DataFrame(
        {
            "gross_margin": np.round(gross, 2),
            "cost_to_serve": np.round(serve, 2),
            "profit": np.round(gross - serve, 2),
        }
    )
