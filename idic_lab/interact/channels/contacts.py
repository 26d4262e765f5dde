"""The contacts an organisation began: whose they were, what came of them, what a response cost."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from idic_lab import figures
from idic_lab.dataframes import allowing, of_customers
from idic_lab.errors import DataError
from idic_lab.inference.intervals import clustered_share
from idic_lab.inference.resampling import draws_of
from idic_lab.tables import CHANNELS, TIMES_OF_DAY

WINDOW_DAYS = 28
# Assumed, not measured: most clicks lead nowhere, most talks lead to something.
ORDERS_PER_RESPONSE = {"email": 0.03, "social": 0.03, "phone": 0.30, "web_chat": 0.15, "in_person": 0.25}
_HOUR_ENDS = (12, 17)  # morning ends before 12, afternoon before 17


def time_of_day(hours: pd.Series) -> pd.Series:
    """Morning (before 12), afternoon (12 to 16) or evening (from 17) of hours 0 to 23.

    >>> time_of_day(pd.Series([9, 12, 17])).tolist()
    ['morning', 'afternoon', 'evening']
    """
    band = np.searchsorted(_HOUR_ENDS, hours.to_numpy(), side="right")
    return pd.Series(np.array(TIMES_OF_DAY, dtype=object)[band], index=hours.index, dtype="str")


def outbound_contacts(interactions: pd.DataFrame, identity_links: pd.DataFrame) -> pd.DataFrame:
    """Contacts the organisation began, each with the number of contacts in the 28 days before.

    Returns:
        DataFrame: ``customer_id``, ``date``, ``hour``, ``time_of_day``, ``channel``, ``purpose``, ``responded``,
            ``cost`` and ``recent_contacts``: contacts of that customer, on any channel, up to 28 days before. Sorted by
            customer and time.
    Raises:
        DataError: When no contact began by the organisation belongs to a known customer.
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

    Parameters:
        when, contacts: ``customer_id``, ``date``.

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
    """Contacts, responses and response rate by a column, with an interval that knows whose contacts they are.

    The contacts of one customer are alike, so they tell less than as many contacts of different customers.

    Parameters:
        contacts: As :func:`outbound_contacts` gives.
        by: ``"channel"``, ``"time_of_day"``, ``"recent_contacts"`` or any other column.
    Returns:
        DataFrame: `by`, ``contacts``, ``customers``, ``responses``, ``response_rate``, ``low``, ``high`` (95%).

    >>> made = pd.DataFrame({"customer_id": ["ann", "ann", "bob"], "channel": "email", "responded": [True, True, False]})
    >>> response_by(made)[["contacts", "customers", "responses"]].to_numpy().tolist()
    [[3, 2, 2]]
    """
    rows = []
    for name, part in contacts.groupby(by):
        each = part.groupby("customer_id")["responded"].agg(["sum", "size"])
        seen = {"contacts": len(part), "customers": len(each), "responses": int(each["sum"].sum())}
        bounds = clustered_share(each["sum"], each["size"])._asdict()
        rows.append({by: name, **seen, "response_rate": bounds.pop("value"), **bounds})
    table = pd.DataFrame(rows)
    if by == "channel":
        table = table.sort_values("channel", key=lambda names: names.map(CHANNELS.index), ignore_index=True)
    return table


def reach(contacts: pd.DataFrame, consents: pd.DataFrame, customers: pd.Series) -> pd.DataFrame:
    """How much of the customer base each channel may reach, has reached, and has moved.

    Parameters:
        contacts: As :func:`outbound_contacts` gives.
        consents: ``customer_id``, ``channel``, ``allowed``; what is not known is not allowed.
    Returns:
        DataFrame: ``channel`` and shares of `customers`: ``allowed``, ``contacted`` at least once, ``responded`` at
            least once.

    >>> made = pd.DataFrame({"customer_id": ["ann"], "channel": ["email"], "responded": [True]})
    >>> said = pd.DataFrame({"customer_id": ["ann", "bob"], "channel": "email", "allowed": [True, None]})
    >>> reach(made, said, pd.Series(["ann", "bob"])).set_index("channel").loc["email"].tolist()
    [0.5, 0.5, 0.5]
    """
    everyone = pd.Index(customers.unique())
    parts = {"allowed": allowing(consents), "contacted": contacts, "responded": contacts[contacts["responded"]]}
    shares = {
        name: [everyone.isin(part.loc[part["channel"] == channel, "customer_id"]).mean() for channel in CHANNELS]
        for name, part in parts.items()
    }
    return pd.DataFrame({"channel": pd.array(CHANNELS, dtype="str"), **shares})


def cost_per_response(contacts: pd.DataFrame, by: str = "channel", random_state: int = 0) -> pd.DataFrame:
    """Cost of contacts divided by responses, with an interval from resampling customers.

    Customers, not contacts, are drawn again with replacement: the contacts of one customer are not independent.

    Parameters:
        contacts: ``customer_id``, ``channel``, ``responded``, ``cost``, and the column `by`.
    Returns:
        DataFrame: `by`, ``contacts``, ``cost`` (currency), ``responses``, ``cost_per_contact``, ``cost_per_response``,
            ``low``, ``high`` (95%); infinite where nobody responded. Cheapest response first.

    >>> made = pd.DataFrame({"customer_id": ["ann", "bob"], "channel": "phone", "responded": [True, False], "cost": 1.5})
    >>> cost_per_response(made)[["cost", "responses", "cost_per_response"]].to_numpy().tolist()
    [[3.0, 1.0, 3.0]]
    """
    customers, who = np.unique(contacts["customer_id"].to_numpy(dtype=object), return_inverse=True)
    groups, names = pd.factorize(contacts[by], sort=True)
    shape, cell = (len(customers), len(names)), who * len(names) + groups
    cost, hits = (
        np.bincount(cell, contacts[name], minlength=np.prod(shape)).reshape(shape) for name in ("cost", "responded")
    )
    drawn = draws_of(len(customers), 1_000, random_state)
    with np.errstate(divide="ignore", invalid="ignore"):
        ratios = np.where(drawn @ hits > 0, (drawn @ cost) / (drawn @ hits), np.inf)
        seen = np.where(hits.sum(axis=0) > 0, cost.sum(axis=0) / hits.sum(axis=0), np.inf)
    low, high = np.quantile(ratios, [0.025, 0.975], axis=0, method="inverted_cdf")
    counted = np.bincount(groups, minlength=len(names))
    table = pd.DataFrame(
        {
            by: names,
            "contacts": counted,
            "cost": cost.sum(axis=0),
            "responses": hits.sum(axis=0).astype(np.int64),
            "cost_per_contact": cost.sum(axis=0) / counted,
            "cost_per_response": seen,
            "low": low,
            "high": high,
        }
    )
    return table.sort_values("cost_per_response", ignore_index=True)


def channel_costs(contacts: pd.DataFrame) -> pd.DataFrame:
    """Mean cost of one contact per channel: ``channel``, ``cost`` (currency), in the order of channels.

    >>> channel_costs(pd.DataFrame({"channel": ["phone", "email", "phone"], "cost": [1.0, 0.1, 2.0]}))
      channel  cost
    0   email   0.1
    1   phone   1.5
    """
    means = contacts.groupby("channel")["cost"].mean()
    return means.reindex([name for name in CHANNELS if name in means]).rename_axis("channel").reset_index()


def response_values(
    transactions: pd.DataFrame, margin: float = 0.30, orders: Mapping[str, float] = ORDERS_PER_RESPONSE
) -> pd.DataFrame:
    """What a response on each channel is worth: the orders it leads to, times the margin of an order.

    A click, a chat and a talk in the shop are all responses, and are not worth the same. How often each leads to an
    order is an *assumption*, to be replaced by what a trial of one's own shows.

    Parameters:
        transactions: ``amount``; the mean of those above 0 is the size of an order.
        margin: Share of the amount that remains after the cost of goods.
        orders (mapping of str to float): Orders that a response leads to and that would not have come without it, by
            channel.
    Returns:
        DataFrame: ``channel``, ``orders_per_response``, ``value`` (currency per response).

    >>> response_values(pd.DataFrame({"amount": [40.0, 60.0, -10.0]}), orders={"email": 0.02, "phone": 0.2})
      channel  orders_per_response  value
    0   email                 0.02    0.3
    1   phone                 0.20    3.0
    """
    order = transactions.loc[transactions["amount"] > 0, "amount"].mean() * margin
    table = pd.DataFrame({"channel": list(orders), "orders_per_response": list(orders.values())})
    return table.assign(value=table["orders_per_response"] * order).astype({"channel": "str"})


def spoken(channel: str) -> str:
    """A channel as a reader says it.

    >>> spoken("web_chat"), spoken("email")
    ('web chat', 'e-mail')
    """
    return {"email": "e-mail"}.get(channel, channel.replace("_", " "))


def plot_reach(reach: pd.DataFrame, ax: figures.Axes | None = None) -> figures.Axes:
    """Shares of the customer base that each channel may reach, has reached and has moved.

    Parameters:
        reach: As :func:`reach` gives.

    >>> seen = pd.DataFrame({"channel": ["email"], "allowed": [0.8], "contacted": [0.6], "responded": [0.2]})
    >>> plot_reach(seen).get_title()
    'E-mail, 20% of customers have responded: more than on any other\\nchannel'
    """
    ax = figures.axes(ax)
    place = np.arange(len(reach))
    for shift, (name, colour, hatch) in enumerate(
        (("allowed", figures.SKY, ""), ("contacted", figures.BLUE, ""), ("responded", figures.ORANGE, "//"))
    ):
        ax.bar(place + 0.27 * (shift - 1), reach[name], width=0.25, color=colour, hatch=hatch, label=name)
    ax.set_xticks(place, [spoken(channel) for channel in reach["channel"]])
    ax.grid(axis="x", visible=False)
    widest = reach.loc[reach["responded"].idxmax()]
    return figures.finish(
        ax,
        f"{spoken(widest['channel']).capitalize()}, {widest['responded']:.0%} of customers have responded: more than "
        "on any other channel",
        x="channel",
        y="share of customers",
        y_format="percent",
        ylim=(0, 1.19),
        legend={"ncols": 3, "loc": "upper left"},
    )


def plot_cost_per_response(
    table: pd.DataFrame, values: pd.DataFrame | None = None, ax: figures.Axes | None = None
) -> figures.Axes:
    """Cost per effective contact with its interval, on a logarithmic scale, and beside it what a response is worth.

    Parameters:
        table: As :func:`cost_per_response` gives, by channel.
        values: As :func:`response_values` gives.

    >>> seen = pd.DataFrame({"channel": ["email", "phone"], "cost_per_response": [0.1, 4.0], "low": [0.08, 3.5],
    ...     "high": [0.12, 4.6]})
    >>> plot_cost_per_response(seen).get_title()
    'A response by phone costs 40 times one by e-mail'
    >>> worth = pd.DataFrame({"channel": ["email", "phone"], "value": [0.5, 4.0]})
    >>> plot_cost_per_response(seen, worth).get_title()
    'One unit of money brings 5.0 by e-mail, and 1.0 by phone'
    """
    ax = figures.axes(ax, figsize=(7.5, 3.6))
    table = table[np.isfinite(table["cost_per_response"])].iloc[::-1].reset_index(drop=True)
    middle = table["cost_per_response"]
    spread = [middle - table["low"], table["high"].clip(upper=2 * middle.max()) - middle]
    ax.errorbar(
        middle, table.index, xerr=spread, fmt="o", color=figures.BLUE, capsize=4, label="cost, with 95% interval"
    )
    for row in table.itertuples():
        ax.annotate(
            f"{row.cost_per_response:,.2f}",
            (row.cost_per_response, row.Index),
            xytext=(0, 8),
            textcoords="offset points",
            ha="center",
        )
    dear, cheap = spoken(table["channel"].iloc[0]), spoken(table["channel"].iloc[-1])
    title = f"A response by {dear} costs {middle.iloc[0] / middle.iloc[-1]:,.0f} times one by {cheap}"
    if values is not None:
        worth = table["channel"].map(values.set_index("channel")["value"])
        ax.plot(worth, table.index, "D", mfc="white", color=figures.VERMILION, label="worth, as assumed")
        returns = (worth / middle).set_axis(table["channel"].map(spoken)).sort_values()
        title = (
            f"One unit of money brings {returns.iloc[-1]:.1f} by {returns.index[-1]}, and {returns.iloc[0]:.1f} by "
            f"{returns.index[0]}"
        )
    ax.set_xscale("log")
    ax.set_yticks(table.index, [spoken(channel) for channel in table["channel"]])
    return figures.finish(
        ax,
        title,
        x="{currency} per response (logarithmic scale)",
        x_format="{x:g}",
        ylim=(-0.6, len(table) - 0.2),
        legend=values is not None and {"loc": "center left", "bbox_to_anchor": (1, 0.5)},
    )
