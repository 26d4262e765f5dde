"""Browsing against buying: who looks, who puts into the basket, who orders."""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy.stats import beta

from idic_lab.errors import DataError

SURE = 0.80
PRIOR_VISITS = 4.0


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
    links = identity_links[["record_id", "customer_id"]].drop_duplicates("record_id")
    events = web_events.merge(links, on="record_id")
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
    everybody = float(table["with_order"].sum() / table["visits"].sum())
    if 0 < everybody < 1:
        above = beta.sf(
            everybody,
            table["with_order"] + PRIOR_VISITS * everybody,
            table["visits"] - table["with_order"] + PRIOR_VISITS * (1 - everybody),
        )
    else:
        above = np.full(len(table), 0.5)
    named = np.select(
        [above >= SURE, above <= 1 - SURE], ["buys when visiting", "looks more than buys"], "in between"
    )
    return table.assign(segment=pd.array(named, dtype="str"))
