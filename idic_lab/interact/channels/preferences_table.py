"""The table channel_preferences: every customer on every channel."""

from __future__ import annotations

import numpy as np
import pandas as pd

from idic_lab.interact.channels.contacts import inbound_contacts, outbound_contacts
from idic_lab.interact.channels.fatigue import fatigue as estimate_fatigue
from idic_lab.interact.channels.preference import PreferenceTypes
from idic_lab.tables import CHANNELS, TIMES_OF_DAY


def customers_with_segment(customer_ids: pd.Series, segments: pd.DataFrame | None = None) -> pd.DataFrame:
    """Customers with the segment that thin data are drawn towards.

    Parameters
    ----------
    customer_ids : Series of text
    segments : DataFrame, optional
        ``customer_id``, ``scheme``, ``segment``; the scheme "needs" is used. Without it, everybody is in one segment.

    Returns
    -------
    DataFrame
        ``customer_id``, ``segment`` ("everyone", or "unknown" for a customer not in any).

    Examples
    --------
    >>> customers_with_segment(pd.Series(["ann", "bob"]))["segment"].tolist()
    ['everyone', 'everyone']
    """
    ids = pd.DataFrame({"customer_id": pd.unique(customer_ids)}).astype("str")
    ids = ids.sort_values("customer_id", ignore_index=True)
    if segments is None or not segments["scheme"].eq("needs").any():
        return ids.assign(segment=pd.Series("everyone", index=ids.index, dtype="str"))
    mine = segments.loc[segments["scheme"] == "needs"].set_index("customer_id")["segment"]
    return ids.assign(segment=ids["customer_id"].map(mine).fillna("unknown").astype("str"))


def fit_channel_types(
    contacts: pd.DataFrame, inbound: pd.DataFrame, customers: pd.DataFrame, fatigue: float
) -> PreferenceTypes:
    """Types of customers by preferred channel, tiredness taken into account.

    Parameters
    ----------
    contacts, inbound : DataFrame
        As :func:`outbound_contacts` and :func:`inbound_contacts` give.
    customers : DataFrame
        ``customer_id``, ``segment``.
    fatigue : float
        Fall of the log response rate per recent contact; a negative estimate counts as 0.
    """
    trials = contacts[["customer_id", "responded"]].assign(
        option=contacts["channel"], exposure=np.exp(-max(fatigue, 0.0) * contacts["recent_contacts"])
    )
    choices = inbound[["customer_id"]].assign(option=inbound["channel"])
    return PreferenceTypes(CHANNELS).fit(customers, choices, trials)


def fit_time_types(
    contacts: pd.DataFrame,
    inbound: pd.DataFrame,
    customers: pd.DataFrame,
    types: PreferenceTypes,
    fatigue: float,
) -> PreferenceTypes:
    """Types of customers by best time of day, given how they take to channels.

    The exposure of a contact is the response that customer and channel let expect; a type's rate at a time of day is
    then the factor by which it exceeds that.

    Parameters
    ----------
    contacts, inbound, customers, fatigue
        As for :func:`fit_channel_types`.
    types : PreferenceTypes
        What that gave.
    """
    rates = types.response_rates()
    row, column = (
        rates.index.get_indexer(contacts["customer_id"]),
        rates.columns.get_indexer(contacts["channel"]),
    )
    expected = rates.to_numpy()[row, column] * np.exp(-max(fatigue, 0.0) * contacts["recent_contacts"])
    trials = contacts[["customer_id", "responded"]].assign(
        option=contacts["time_of_day"], exposure=expected.round(3)
    )
    choices = inbound[["customer_id"]].assign(option=inbound["time_of_day"])
    everyone = customers.assign(segment=pd.Series("everyone", index=customers.index, dtype="str"))
    return PreferenceTypes(TIMES_OF_DAY).fit(everyone, choices, trials)


def channel_preferences(
    interactions: pd.DataFrame,
    identity_links: pd.DataFrame,
    consents: pd.DataFrame,
    segments: pd.DataFrame | None = None,
) -> pd.DataFrame:
    """How each customer takes to each channel, at what time of day, and whether it may be used.

    Parameters
    ----------
    interactions, identity_links, consents, segments : DataFrame
        As their contracts say; of `segments` the scheme "needs" is used, when it is there.

    Returns
    -------
    DataFrame
        The table ``channel_preferences``: one row per linked customer and channel.
    """
    contacts = outbound_contacts(interactions, identity_links)
    inbound = inbound_contacts(interactions, identity_links)
    customers = customers_with_segment(identity_links["customer_id"], segments)
    tired = estimate_fatigue(contacts)["fatigue"].iloc[0]
    types = fit_channel_types(contacts, inbound, customers, tired)
    times = fit_time_types(contacts, inbound, customers, types, tired)
    return preferences_table(types, times, contacts, inbound, consents)


def preferences_table(
    types: PreferenceTypes,
    times: PreferenceTypes,
    contacts: pd.DataFrame,
    inbound: pd.DataFrame,
    consents: pd.DataFrame,
) -> pd.DataFrame:
    """What the two fits say, put together with the counts and with consent; as :func:`channel_preferences` returns."""
    ids = types.probabilities_.index
    rows = pd.MultiIndex.from_product([ids, CHANNELS], names=["customer_id", "channel"])
    seen = contacts.groupby(["customer_id", "channel"])["responded"].agg(contacts="size", responses="sum")
    chosen = inbound.groupby(["customer_id", "channel"]).size()
    said_yes = consents[consents["allowed"]].set_index(["customer_id", "channel"]).index
    probabilities = types.probabilities_.to_numpy()
    best = np.zeros_like(probabilities, dtype=bool)
    best[np.arange(len(ids)), probabilities.argmax(axis=1)] = True
    table = pd.DataFrame(
        {
            "customer_id": rows.get_level_values(0),
            "channel": rows.get_level_values(1),
            "contacts": seen["contacts"].reindex(rows, fill_value=0).to_numpy(np.int64),
            "responses": seen["responses"].reindex(rows, fill_value=0).to_numpy(np.int64),
            "chosen": chosen.reindex(rows, fill_value=0).to_numpy(np.int64),
            "response_rate": types.response_rates().to_numpy().ravel().clip(0, 1),
            "preference": probabilities.ravel().clip(0, 1),
            "preferred": best.ravel(),
            "best_time": np.repeat(times.probabilities_.idxmax(axis=1).to_numpy(dtype=object), len(CHANNELS)),
            # No statement is no consent.
            "allowed": rows.isin(said_yes),
        }
    )
    return table.astype({"customer_id": "str", "channel": "str", "best_time": "str"})
