"""Rules that keep a conversation going: what is open comes first, and nothing is sold over a complaint."""

from __future__ import annotations

import numpy as np
import pandas as pd

from idic_lab.dataframes import of_customers

FOLLOW_UP_DAYS = 28
STEPS = (
    "settle the open complaint; no offer before that",
    "settle what is open",
    "ask whether the complaint was settled well",
    "make an offer, or ask the next question",
)


def conversations(
    interactions: pd.DataFrame, identity_links: pd.DataFrame, as_of: pd.Timestamp | None = None
) -> pd.DataFrame:
    """Where the conversation with each customer stands on a day: the table ``conversations``.

    Parameters
    ----------
    interactions, identity_links : DataFrame
        As their contracts say.
    as_of : Timestamp, optional
        What happened later is not known yet; by default the last day of interactions.

    Returns
    -------
    DataFrame
        ``customer_id``, ``last_date``, ``last_channel``, ``open_complaints``, ``open_issues``, ``offer_allowed``,
        ``next_step``; customers with at least one contact.

    Examples
    --------
    >>> contacts = pd.DataFrame({"interaction_id": ["i1"], "record_id": ["r1"], "date": pd.to_datetime(["2025-03-01"]),
    ...     "hour": [9], "channel": ["phone"], "direction": ["inbound"], "purpose": ["complaint"],
    ...     "resolved_on": pd.to_datetime([None])})
    >>> links = pd.DataFrame({"record_id": ["r1"], "customer_id": ["ann"]})
    >>> conversations(contacts, links)[["offer_allowed", "next_step"]].to_numpy().tolist()
    [[False, 'settle the open complaint; no offer before that']]
    """
    day = interactions["date"].max() if as_of is None else pd.Timestamp(as_of)
    mine = of_customers(interactions[interactions["date"] <= day], identity_links)
    mine = mine.sort_values(["date", "hour", "interaction_id"], kind="stable")
    inbound, complaint = mine["direction"] == "inbound", mine["purpose"] == "complaint"
    open_ = inbound & ~(mine["resolved_on"] <= day)
    settled = (
        complaint
        & (mine["resolved_on"] <= day)
        & (mine["resolved_on"] > day - pd.Timedelta(days=FOLLOW_UP_DAYS))
    )
    flags = mine[["customer_id"]].assign(complaint=open_ & complaint, issue=open_, settled=settled)
    sums = flags.groupby("customer_id").sum()
    last = mine.drop_duplicates("customer_id", keep="last").set_index("customer_id").loc[sums.index]
    step = np.select([sums["complaint"] > 0, sums["issue"] > 0, sums["settled"] > 0], [0, 1, 2], default=3)
    table = pd.DataFrame(
        {
            "customer_id": sums.index,
            "last_date": last["date"].to_numpy(),
            "last_channel": last["channel"].to_numpy(),
            "open_complaints": sums["complaint"].to_numpy(np.int64),
            "open_issues": sums["issue"].to_numpy(np.int64),
            "offer_allowed": (sums["complaint"] == 0).to_numpy(),
            "next_step": np.array(STEPS, dtype=object)[step],
        }
    )
    return table.astype({"customer_id": "str", "last_channel": "str", "next_step": "str"})


def broken_rules(interactions: pd.DataFrame, identity_links: pd.DataFrame) -> pd.DataFrame:
    """How often the past broke the rules: offers made while a complaint was open.

    Parameters
    ----------
    interactions, identity_links : DataFrame
        As their contracts say.

    Returns
    -------
    DataFrame
        One row per such offer: ``customer_id``, ``offer_date``, ``offer_channel``, ``complaint_date``,
        ``complaint_channel``, ``days_open`` on that day.
    """
    mine = of_customers(interactions, identity_links)
    offers = mine.loc[mine["purpose"] == "offer", ["customer_id", "interaction_id", "date", "channel"]]
    complaints = mine.loc[mine["purpose"] == "complaint", ["customer_id", "date", "channel", "resolved_on"]]
    pairs = offers.merge(complaints, on="customer_id", suffixes=("_offer", "_complaint"))
    # On the day itself the order of the two is not known, so it counts neither at the beginning nor at the end.
    ongoing = pairs["date_offer"].gt(pairs["date_complaint"]) & ~(pairs["resolved_on"] <= pairs["date_offer"])
    found = pairs[ongoing].sort_values(["interaction_id", "date_complaint"]).drop_duplicates("interaction_id")
    return pd.DataFrame(
        {
            "customer_id": found["customer_id"],
            "offer_date": found["date_offer"],
            "offer_channel": found["channel_offer"],
            "complaint_date": found["date_complaint"],
            "complaint_channel": found["channel_complaint"],
            "days_open": (found["date_offer"] - found["date_complaint"]).dt.days,
        }
    ).reset_index(drop=True)
