"""Survivorship: which of several recorded values stands for the customer."""

from __future__ import annotations

import numpy as np
import pandas as pd

_ADDRESS = ("street", "postcode", "city")
_BY_MAJORITY = ("first_name", "last_name", "birth_date")
_LATEST = ("email", "phone")
FIELDS = (*_BY_MAJORITY, *_LATEST, *_ADDRESS)


def contacts(source_records: pd.DataFrame, identity_links: pd.DataFrame) -> pd.DataFrame:
    """One name, address, telephone and date of birth per customer: the personal table ``contacts``.

    The rules, which is what **survivorship** means:

    - names and date of birth do not change, so the value that most records agree on stands; of equally many, the one
      recorded last;
    - e-mail and telephone do change, so the one from the record that was updated last stands;
    - an address moves as a whole: street, postcode and city come from one record, the last updated that has a street,
      else the last updated that has any of the three;
    - of records updated on one day the higher record number counts as later.

    Parameters
    ----------
    source_records, identity_links : DataFrame
        As in their contracts.

    Returns
    -------
    DataFrame
        customer_id, first_name, last_name, birth_date, email, phone, street, postcode, city; one row per customer.
    """
    records = source_records.drop(columns="customer_id", errors="ignore")
    records = records.merge(identity_links[["record_id", "customer_id"]], on="record_id")
    for name in FIELDS:
        if name not in records:
            empty = "datetime64[us]" if name == "birth_date" else "str"
            records[name] = pd.Series(None, index=records.index, dtype=empty)
    records["last"] = _last_change(records)
    records = records.sort_values(["last", "record_id"], na_position="first", ignore_index=True)
    table = pd.DataFrame({"customer_id": np.sort(records["customer_id"].unique())}).astype("str")
    for name in _BY_MAJORITY:
        table = table.merge(_majority(records, name), on="customer_id", how="left")
    for name in _LATEST:
        latest = records.dropna(subset=[name]).drop_duplicates("customer_id", keep="last")
        table = table.merge(latest[["customer_id", name]], on="customer_id", how="left")
    return table.merge(_address(records), on="customer_id", how="left")


def _last_change(records: pd.DataFrame) -> pd.Series:
    known = [records[name] for name in ("created", "updated") if name in records]
    if not known:
        return pd.Series(pd.NaT, index=records.index, dtype="datetime64[us]")
    return pd.concat(known, axis=1).max(axis=1)


def _majority(records: pd.DataFrame, name: str) -> pd.DataFrame:
    """The value most of a customer's records hold; records come oldest first."""
    held = records[["customer_id", name]].dropna()
    counted = (
        held.assign(place=held.index)
        .groupby(["customer_id", name])
        .agg(n=("place", "size"), last=("place", "max"))
    )
    chosen = (
        counted.reset_index()
        .sort_values(["customer_id", "n", "last"])
        .drop_duplicates("customer_id", keep="last")
    )
    return chosen[["customer_id", name]]


def _address(records: pd.DataFrame) -> pd.DataFrame:
    any_part = records[records[list(_ADDRESS)].notna().any(axis=1)].copy()
    any_part["has_street"] = any_part["street"].notna()
    chosen = any_part.sort_values("has_street", kind="stable").drop_duplicates("customer_id", keep="last")
    return chosen[["customer_id", *_ADDRESS]]
