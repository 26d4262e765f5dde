"""The contacts an organisation began: whose they were, what came of them, how many came just before."""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy.stats import binomtest

from idic_lab.dataframes import of_customers
from idic_lab.errors import DataError
from idic_lab.tables import CHANNELS, TIMES_OF_DAY

WINDOW_DAYS = 28
_HOUR_ENDS = (12, 17)  # morning ends before 12, afternoon before 17


def time_of_day(hours: pd.Series) -> pd.Series:
    """Morning (before 12), afternoon (12 to 16) or evening (from 17) of hours 0 to 23.

    Examples
    --------
    >>> time_of_day(pd.Series([9, 12, 17])).tolist()
    ['morning', 'afternoon', 'evening']
    """
    band = np.searchsorted(_HOUR_ENDS, hours.to_numpy(), side="right")
    return pd.Series(np.array(TIMES_OF_DAY, dtype=object)[band], index=hours.index, dtype="str")


def outbound_contacts(interactions: pd.DataFrame, identity_links: pd.DataFrame) -> pd.DataFrame:
    """Contacts the organisation began, each with the number of contacts in the 28 days before.

    Parameters
    ----------
    interactions, identity_links : DataFrame
        As their contracts say.

    Returns
    -------
    DataFrame
        ``customer_id``, ``date``, ``hour``, ``time_of_day``, ``channel``, ``purpose``, ``responded``, ``cost`` and
        ``recent_contacts``: contacts of that customer, on any channel, up to 28 days before. Sorted by customer and
        time.

    Raises
    ------
    DataError
        When no contact began by the organisation belongs to a known customer.
    """
    mine = of_customers(interactions[interactions["direction"] == "outbound"], identity_links)
    if mine.empty:
        raise DataError("interactions: no contact with direction 'outbound' belongs to a linked customer.")
    mine = mine.sort_values(["customer_id", "date", "hour", "interaction_id"], ignore_index=True)
    mine["recent_contacts"] = recent_contacts(mine, mine)
    mine["recent_contacts"] -= mine.groupby(["customer_id", "date"]).cumcount(ascending=False) + 1
    mine["time_of_day"] = time_of_day(mine["hour"])
    columns = ["date", "hour", "time_of_day", "channel", "purpose", "responded", "cost", "recent_contacts"]
    return mine[["customer_id", *columns]]


def inbound_contacts(interactions: pd.DataFrame, identity_links: pd.DataFrame) -> pd.DataFrame:
    """Contacts customers began, in order of time: ``customer_id`` and the columns of interactions."""
    mine = of_customers(interactions[interactions["direction"] == "inbound"], identity_links)
    mine = mine.sort_values(["date", "hour", "interaction_id"], ignore_index=True)
    return mine.assign(time_of_day=time_of_day(mine["hour"]))


def recent_contacts(when: pd.DataFrame, contacts: pd.DataFrame, days: int = WINDOW_DAYS) -> np.ndarray:
    """How many contacts each customer had from `days` before a date up to and including that date.

    Parameters
    ----------
    when, contacts : DataFrame
        ``customer_id``, ``date``.
    days : int

    Returns
    -------
    ndarray of int, one per row of `when`

    Examples
    --------
    >>> had = pd.DataFrame({"customer_id": ["ann"] * 3, "date": pd.to_datetime(["2025-01-01", "2025-01-20", "2025-02-01"])})
    >>> asked = pd.DataFrame({"customer_id": ["ann", "bob"], "date": pd.to_datetime(["2025-02-05", "2025-02-05"])})
    >>> recent_contacts(asked, had).tolist()
    [2, 0]
    """
    customers = pd.Index(pd.unique(pd.concat([when["customer_id"], contacts["customer_id"]])))
    span = 1_000_000  # days between the number ranges of two customers: more than any calendar has
    key = np.sort(customers.get_indexer(contacts["customer_id"]) * span + _day_number(contacts["date"]))
    at = customers.get_indexer(when["customer_id"]) * span + _day_number(when["date"])
    return np.searchsorted(key, at, side="right") - np.searchsorted(key, at - days, side="left")


def _day_number(dates: pd.Series) -> np.ndarray:
    return dates.to_numpy().astype("datetime64[D]").astype(np.int64) + 100_000


def response_by(contacts: pd.DataFrame, by: str = "channel") -> pd.DataFrame:
    """Contacts, responses and response rate, with its 95% interval, by a column.

    Parameters
    ----------
    contacts : DataFrame
        As :func:`outbound_contacts` gives.
    by : str
        ``"channel"``, ``"time_of_day"``, ``"recent_contacts"`` or any other column.

    Returns
    -------
    DataFrame
        `by`, ``contacts``, ``customers``, ``responses``, ``response_rate``, ``low``, ``high`` (Wilson).
    """
    groups = contacts.groupby(by, as_index=False)
    table = groups.agg(
        contacts=("responded", "size"), customers=("customer_id", "nunique"), responses=("responded", "sum")
    )
    table["response_rate"] = table["responses"] / table["contacts"]
    bounds = [
        binomtest(int(hits), int(n)).proportion_ci(method="wilson")
        for hits, n in zip(table["responses"], table["contacts"], strict=True)
    ]
    table["low"], table["high"] = [b.low for b in bounds], [b.high for b in bounds]
    return _in_channel_order(table) if by == "channel" else table


def reach(contacts: pd.DataFrame, consents: pd.DataFrame, customers: pd.Series) -> pd.DataFrame:
    """How much of the customer base each channel may reach, has reached, and has moved.

    Parameters
    ----------
    contacts : DataFrame
        As :func:`outbound_contacts` gives.
    consents : DataFrame
        ``customer_id``, ``channel``, ``allowed``.
    customers : Series of customer ids

    Returns
    -------
    DataFrame
        ``channel`` and shares of `customers`: ``allowed``, ``contacted`` at least once, ``responded`` at least once.
    """
    everyone = pd.Index(customers.unique())
    allowed = consents[consents["allowed"]]
    parts = {"allowed": allowed, "contacted": contacts, "responded": contacts[contacts["responded"]]}
    rows = [
        {"channel": channel}
        | {
            name: everyone.isin(part.loc[part["channel"] == channel, "customer_id"]).mean()
            for name, part in parts.items()
        }
        for channel in CHANNELS
    ]
    return pd.DataFrame(rows).astype({"channel": "str"})


def _in_channel_order(table: pd.DataFrame) -> pd.DataFrame:
    return table.sort_values("channel", key=lambda names: names.map(CHANNELS.index), ignore_index=True)
