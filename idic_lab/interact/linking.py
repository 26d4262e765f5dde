"""From what a record did to what a customer did."""

from __future__ import annotations

import pandas as pd


def of_customers(data: pd.DataFrame, identity_links: pd.DataFrame) -> pd.DataFrame:
    """Rows logged under a record, with the customer behind the record.

    Parameters
    ----------
    data : DataFrame
        Any table with ``record_id``.
    identity_links : DataFrame
        ``record_id``, ``customer_id``.

    Returns
    -------
    DataFrame
        Columns of `data` with ``customer_id`` first, in the order of `data`. Rows of records without a link are left
        out; :func:`unlinked` counts them.

    Examples
    --------
    >>> reviews = pd.DataFrame({"record_id": ["r1", "r2", "r9"], "stars": [5, 3, 1]})
    >>> links = pd.DataFrame({"record_id": ["r1", "r2"], "customer_id": ["ann", "ann"]})
    >>> of_customers(reviews, links)["customer_id"].tolist(), unlinked(reviews, links)
    (['ann', 'ann'], 1)
    """
    owner = identity_links.drop_duplicates("record_id").set_index("record_id")["customer_id"]
    linked = data.assign(customer_id=data["record_id"].map(owner).astype("str"))
    linked = linked[linked["customer_id"].notna()].reset_index(drop=True)
    return linked[["customer_id", *data.columns.drop("customer_id", errors="ignore")]]


def unlinked(data: pd.DataFrame, identity_links: pd.DataFrame) -> int:
    """How many rows belong to records that no customer is known for."""
    return int((~data["record_id"].isin(identity_links["record_id"])).sum())
