"""Which of several recorded values stands for the customer: contact data, and consent with whose word it was."""

from __future__ import annotations

import numpy as np
import pandas as pd

from idic_lab.dataframes import of_customers
from idic_lab.tables import CHANNELS, CONSENT_CHANNELS

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

    Returns:
        DataFrame: customer_id, first_name, last_name, birth_date, email, phone, street, postcode, city; one row per
            customer.

    >>> records = pd.DataFrame({"record_id": ["r1", "r2"], "email": ["old@a.example", "new@a.example"],
    ...     "updated": pd.to_datetime(["2024-01-01", "2025-01-01"])})
    >>> contacts(records, pd.DataFrame({"record_id": ["r1", "r2"], "customer_id": "ann"}))["email"].tolist()
    ['new@a.example']
    """
    records = of_customers(source_records, identity_links)
    for name in FIELDS:
        if name not in records:
            empty = "datetime64[us]" if name == "birth_date" else "str"
            records[name] = pd.Series(None, index=records.index, dtype=empty)
    records["last"] = last_change(records)
    records = records.sort_values(["last", "record_id"], na_position="first", ignore_index=True)
    table = pd.DataFrame({"customer_id": np.sort(records["customer_id"].unique())}).astype("str")
    for name in _BY_MAJORITY:
        table = table.merge(_majority(records, name), on="customer_id", how="left")
    for name in _LATEST:
        latest = records.dropna(subset=[name]).drop_duplicates("customer_id", keep="last")
        table = table.merge(latest[["customer_id", name]], on="customer_id", how="left")
    return table.merge(_address(records), on="customer_id", how="left")


def last_change(records: pd.DataFrame) -> pd.Series:
    """Day on which each record was last touched; missing where none is recorded."""
    known = [records[name] for name in ("created", "updated") if name in records]
    if not known:
        return pd.Series(pd.NaT, index=records.index, dtype="datetime64[us]")
    return pd.concat(known, axis=1).max(axis=1)


def _majority(records: pd.DataFrame, name: str) -> pd.DataFrame:
    """The value most of a customer's records hold; records come oldest first."""
    held = records[["customer_id", name]].dropna()
    counted = (
        held.assign(place=held.index).groupby(["customer_id", name]).agg(n=("place", "size"), last=("place", "max"))
    )
    chosen = counted.reset_index().sort_values(["customer_id", "n", "last"]).drop_duplicates("customer_id", keep="last")
    return chosen[["customer_id", name]]


def _address(records: pd.DataFrame) -> pd.DataFrame:
    any_part = records[records[list(_ADDRESS)].notna().any(axis=1)].copy()
    any_part["has_street"] = any_part["street"].notna()
    chosen = any_part.sort_values("has_street", kind="stable").drop_duplicates("customer_id", keep="last")
    return chosen[["customer_id", *_ADDRESS]]


NO_CONSENT_NEEDED = tuple(channel for channel in CHANNELS if channel not in CONSENT_CHANNELS)


def consent_register(source_records: pd.DataFrame, identity_links: pd.DataFrame) -> pd.DataFrame:
    """Every statement about consent that any record holds.

    Returns:
        DataFrame: customer_id, channel, stated ("yes" or "no"), date, record_id, touchpoint; oldest first.

    >>> records = pd.DataFrame({"record_id": ["r1"], "touchpoint": ["app"], "consent_email": ["no"]})
    >>> links = pd.DataFrame({"record_id": ["r1"], "customer_id": ["ann"]})
    >>> consent_register(records, links)[["customer_id", "channel", "stated"]].values.tolist()
    [['ann', 'email', 'no']]
    """
    records = of_customers(source_records, identity_links)
    day = pd.Series(pd.NaT, index=records.index, dtype="datetime64[us]")
    for name in ("updated", "created"):
        day = day.fillna(records[name]) if name in records else day
    asked = [name for channel in CONSENT_CHANNELS if (name := f"consent_{channel}") in records]
    register = records.assign(date=day.astype("datetime64[us]")).melt(
        ["customer_id", "date", "record_id", "touchpoint"], asked, var_name="channel", value_name="stated"
    )
    register["channel"] = register["channel"].str.removeprefix("consent_")
    columns = ["customer_id", "channel", "stated", "date", "record_id", "touchpoint"]
    register = register.dropna(subset=["stated"])[columns].astype({"channel": "str", "stated": "str"})
    return register.sort_values(["date", "record_id"], na_position="first", ignore_index=True)


def consents(
    customer_ids: pd.Series, source_records: pd.DataFrame | None = None, identity_links: pd.DataFrame | None = None
) -> pd.DataFrame:
    """Whether each customer may be contacted on each channel: the table ``consents``.

    The latest statement of any of a customer's records holds; of two on one day, or without a day, the "no". Where
    nobody asked there is no consent. A talk in the shop (``in_person``) needs none.

    Parameters:
        customer_ids (Series of text): Every customer; repeats do no harm.
        source_records, identity_links: As in their contracts; without them nobody has been asked.
    Returns:
        DataFrame: customer_id, channel, allowed, record_id and date of the statement that holds; one row per customer
            and channel.

    >>> consents(pd.Series(["C1"]))[["channel", "allowed"]].to_numpy().tolist()
    [['email', False], ['social', False], ['phone', False], ['web_chat', False], ['in_person', True]]
    """
    people = pd.Series(customer_ids.unique(), dtype="str").sort_values(ignore_index=True)
    grid = pd.MultiIndex.from_product([people, list(CHANNELS)], names=["customer_id", "channel"])
    table = grid.to_frame(index=False).astype({"customer_id": "str", "channel": "str"})
    if source_records is None or identity_links is None:
        return table.assign(
            allowed=table["channel"].isin(NO_CONSENT_NEEDED),
            record_id=pd.Series(None, index=table.index, dtype="str"),
            date=pd.Series(pd.NaT, index=table.index, dtype="datetime64[us]"),
        )
    register = consent_register(source_records, identity_links)
    register["refused"] = register["stated"] == "no"
    # Of statements of one day the refusal comes last, and so holds.
    register = register.sort_values(["date", "refused", "record_id"], na_position="first", kind="stable")
    latest = register.drop_duplicates(["customer_id", "channel"], keep="last")
    table = table.merge(latest, on=["customer_id", "channel"], how="left")
    table["allowed"] = table["stated"].eq("yes") | table["channel"].isin(NO_CONSENT_NEEDED)
    return table[["customer_id", "channel", "allowed", "record_id", "date"]].astype(
        {"allowed": bool, "record_id": "str"}
    )


def disagreement(source_records: pd.DataFrame, identity_links: pd.DataFrame) -> pd.Series:
    """Of the people with several records, the share whose records hold different values, by field.

    >>> records = pd.DataFrame({"record_id": ["r1", "r2"], "first_name": ["Ann", "Anna"], "email": ["a@x", "a@x"]})
    >>> links = pd.DataFrame({"record_id": ["r1", "r2"], "customer_id": "c1"})
    >>> disagreement(records, links).to_dict()
    {'first_name': 1.0, 'email': 0.0}
    """
    named = ["first_name", "last_name", "birth_date", "email", "phone", "street"]
    fields = [name for name in named if name in source_records]
    by_person = of_customers(source_records, identity_links).groupby("customer_id")
    values = by_person[fields].nunique()[by_person.size() > 1]
    return (values > 1).mean().rename("people whose records disagree")
