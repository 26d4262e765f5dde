"""Consent: on which channels a customer may be contacted, and by whose word."""

from __future__ import annotations

import pandas as pd

from idic_lab.tables import CHANNELS, CONSENT_CHANNELS

NO_CONSENT_NEEDED = tuple(channel for channel in CHANNELS if channel not in CONSENT_CHANNELS)


def consent_register(source_records: pd.DataFrame, identity_links: pd.DataFrame) -> pd.DataFrame:
    """Every statement about consent that any record holds.

    Parameters
    ----------
    source_records, identity_links : DataFrame
        As in their contracts.

    Returns
    -------
    DataFrame
        customer_id, channel, stated ("yes" or "no"), date, record_id, touchpoint; oldest first.
    """
    records = source_records.merge(
        identity_links[["record_id", "customer_id"]], on="record_id", suffixes=("_known", "")
    )
    dated = next((records[name] for name in ("updated", "created") if name in records), None)
    date = dated if dated is not None else pd.Series(pd.NaT, index=records.index, dtype="datetime64[us]")
    if "updated" in records and "created" in records:
        date = date.fillna(records["created"])
    parts = [
        pd.DataFrame(
            {
                "customer_id": records["customer_id"],
                "channel": channel,
                "stated": records[f"consent_{channel}"],
                "date": date.astype("datetime64[us]"),
                "record_id": records["record_id"],
                "touchpoint": records["touchpoint"],
            }
        )
        for channel in CONSENT_CHANNELS
        if f"consent_{channel}" in records
    ]
    if not parts:
        return pd.DataFrame(
            {name: pd.Series([], dtype="str") for name in ("customer_id", "channel", "stated")}
            | {"date": pd.Series([], dtype="datetime64[us]")}
            | {name: pd.Series([], dtype="str") for name in ("record_id", "touchpoint")}
        )
    register = pd.concat(parts, ignore_index=True).dropna(subset=["stated"]).astype({"channel": "str"})
    return register.sort_values(["date", "record_id"], na_position="first", ignore_index=True)


def consents(
    customer_ids: pd.Series,
    source_records: pd.DataFrame | None = None,
    identity_links: pd.DataFrame | None = None,
) -> pd.DataFrame:
    """Whether each customer may be contacted on each channel: the table ``consents``.

    The latest statement of any of a customer's records holds; of two on one day, or without a day, the "no". Where
    nobody asked there is no consent. A talk in the shop (``in_person``) needs none.

    Parameters
    ----------
    customer_ids : Series of text
        Every customer; repeats do no harm.
    source_records, identity_links : DataFrame, optional
        As in their contracts; without them nobody has been asked.

    Returns
    -------
    DataFrame
        customer_id, channel, allowed, record_id and date of the statement that holds; one row per customer and channel.

    Examples
    --------
    >>> import pandas as pd
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
