"""What is known of every customer, answered or not, as numbers: purchases, visits, contacts, age and home."""

from __future__ import annotations

import numpy as np
import pandas as pd

from idic_lab.errors import DataError


def descriptors(
    transactions: pd.DataFrame,
    order_lines: pd.DataFrame | None = None,
    products: pd.DataFrame | None = None,
    web_events: pd.DataFrame | None = None,
    interactions: pd.DataFrame | None = None,
    identity_links: pd.DataFrame | None = None,
    customers: pd.DataFrame | None = None,
) -> pd.DataFrame:
    """One row of numbers per customer who bought; each table that is there adds its own.

    Parameters
    ----------
    transactions : DataFrame
        ``customer_id``, ``date``, ``amount``, and ``channel`` where known. Adds ``log_order_amount`` (log of the mean
        amount), ``log_orders``, ``tenure_days``, and the share of orders per channel.
    order_lines, products : DataFrame, optional
        Together add the share of lines per category and per price tier.
    web_events, interactions : DataFrame, optional
        With `identity_links` add the share of visits' views per category with the number of visits and the device, and
        the share of contacts the customer began per channel and of offers answered per channel.
    identity_links : DataFrame, optional
        ``record_id``, ``customer_id``.
    customers : DataFrame, optional
        Where it has them, ``birth_year`` adds ``age`` (years) and ``city`` adds ``log_city_customers`` (log of the
        customers who live there); a missing value takes the median, with a column that says so.

    Returns
    -------
    DataFrame
        ``customer_id`` and numbers without gaps. Shares are drawn towards everybody's, as if two observations at the
        average had been made of each customer, so that one purchase does not look like a firm taste.

    Raises
    ------
    DataError
        No customer bought anything.
    """
    bought = transactions[transactions["amount"].gt(0)]
    if bought.empty:
        raise DataError("descriptors: no transaction has an amount above 0.")
    known = _purchases(bought)
    parts = []
    if "channel" in bought and bought["channel"].notna().any():
        parts.append(_shares(bought, "channel", "orders"))
    if order_lines is not None and products is not None:
        lines = order_lines[order_lines["quantity"].gt(0)].merge(products, on="product_id", how="left")
        parts += [_shares(lines, name, "lines") for name in ("category", "tier") if name in lines]
    if web_events is not None and identity_links is not None:
        parts += _visits(_of_customers(web_events, identity_links), products)
    if interactions is not None and identity_links is not None:
        parts += _contacts(_of_customers(interactions, identity_links))
    if customers is not None:
        parts += _person(customers, known.index, transactions["date"].max())
    for part in parts:
        known = known.join(part.reindex(known.index))
    # who never visited, called or was contacted is described by the average, as who did so without a leaning would be
    return known.fillna(known.mean()).rename_axis("customer_id").reset_index().astype({"customer_id": "str"})


def _purchases(bought: pd.DataFrame) -> pd.DataFrame:
    by = bought.groupby("customer_id")
    end = bought["date"].max()
    return pd.DataFrame(
        {
            "log_order_amount": np.log(by["amount"].mean()),
            "log_orders": np.log(by.size()),
            "tenure_days": (end - by["date"].min()).dt.days.astype("float64"),
        }
    )


def _shares(rows: pd.DataFrame, column: str, of: str, weight: float = 2.0) -> pd.DataFrame:
    counts = pd.crosstab(rows["customer_id"], rows[column]).astype("float64")
    everybody = counts.sum() / counts.to_numpy().sum()
    shares = (counts + weight * everybody).div(counts.sum(axis=1) + weight, axis=0)
    return shares.rename(columns=lambda value: f"{of}_{column}_{value}")


def _of_customers(rows: pd.DataFrame, identity_links: pd.DataFrame) -> pd.DataFrame:
    return rows.merge(
        identity_links[["record_id", "customer_id"]].drop_duplicates("record_id"), on="record_id"
    )


def _visits(events: pd.DataFrame, products: pd.DataFrame | None) -> list[pd.DataFrame]:
    if events.empty:
        return []
    visits = events.groupby("customer_id")["session_id"].nunique()
    parts = [np.log1p(visits).rename("log_visits").to_frame()]
    if "device" in events and events["device"].notna().any():
        parts.append(_shares(events.drop_duplicates("session_id"), "device", "visits"))
    if products is not None:
        seen = events[events["event"].ne("checkout")].merge(products, on="product_id")
        parts += [_shares(seen, name, "views") for name in ("category", "tier") if name in seen]
    return parts


def _contacts(contacts: pd.DataFrame) -> list[pd.DataFrame]:
    parts = []
    for direction, what in (("inbound", "own_contacts"), ("outbound", "answered_contacts")):
        rows = contacts[contacts["direction"].eq(direction) & contacts["responded"]]
        if len(rows):
            parts.append(_shares(rows, "channel", what))
    return parts


def _person(customers: pd.DataFrame, index: pd.Index, end: pd.Timestamp) -> list[pd.DataFrame]:
    people, parts = customers.drop_duplicates("customer_id").set_index("customer_id").reindex(index), []
    if "birth_year" in people and people["birth_year"].notna().any():
        age = end.year - people["birth_year"]
        parts.append(
            pd.DataFrame({"age": age.fillna(age.median()), "age_unknown": age.isna().astype("float64")})
        )
    if "city" in people and people["city"].notna().any():
        size = np.log(people["city"].map(people["city"].value_counts()))
        unknown = size.isna().astype("float64")
        parts.append(
            pd.DataFrame({"log_city_customers": size.fillna(size.median()), "city_unknown": unknown})
        )
    return parts
