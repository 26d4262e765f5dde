"""The contacts an organisation began: whose they were, what came of them, what a response cost, how frequency tires."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from idic_lab import figures
from idic_lab.dataframes import allowing, of_customers
from idic_lab.errors import DataError
from idic_lab.inference.intervals import clustered_share
from idic_lab.inference.regression import coefficients, regression
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
            ``cost`` and ``recent_contacts`` (on any channel), sorted by customer and time.
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


def recent_contacts(when: pd.DataFrame, contacts: pd.DataFrame) -> np.ndarray:
    """How many contacts each ``customer_id`` had from 28 days before a ``date`` up to and including it.

    >>> had = pd.DataFrame({"customer_id": ["ann"] * 3, "date": pd.to_datetime(["2025-01-01", "2025-01-20", "2025-02-01"])})
    >>> asked = pd.DataFrame({"customer_id": ["ann", "bob"], "date": pd.to_datetime(["2025-02-05", "2025-02-05"])})
    >>> recent_contacts(asked, had).tolist()
    [2, 0]
    """
    customers = pd.Index(pd.unique(pd.concat([when["customer_id"], contacts["customer_id"]])))
    span = 1_000_000  # days between the number ranges of two customers: more than any calendar has

    def key(table):
        return customers.get_indexer(table["customer_id"]) * span + table["date"].to_numpy("datetime64[D]").astype(int)

    had, at = np.sort(key(contacts)), key(when)
    return np.searchsorted(had, at, side="right") - np.searchsorted(had, at - WINDOW_DAYS, side="left")


def response_by(contacts: pd.DataFrame, by: str = "channel") -> pd.DataFrame:
    """Contacts, responses and response rate by a column; the interval allows for customers whose contacts are alike.

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

    Returns:
        DataFrame: ``channel`` and shares of `customers`: ``allowed`` (known to be), ``contacted`` and ``responded``.

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


def cost_per_response(contacts: pd.DataFrame, random_state: int = 0) -> pd.DataFrame:
    """Cost of contacts divided by responses, with an interval from resampling customers, whose contacts are alike.

    Returns:
        DataFrame: ``channel``, ``contacts``, ``cost`` (currency), ``responses``, ``cost_per_contact``, ``cost_per_response``,
            ``low``, ``high`` (95%); infinite where nobody responded. Cheapest response first.

    >>> made = pd.DataFrame({"customer_id": ["ann", "bob"], "channel": "phone", "responded": [True, False], "cost": 1.5})
    >>> cost_per_response(made)[["cost", "responses", "cost_per_response"]].to_numpy().tolist()
    [[3.0, 1.0, 3.0]]
    """
    summed = contacts.astype({"responded": float}).groupby(["customer_id", "channel"])[["cost", "responded"]].sum()
    cost, hits = (summed[name].unstack(fill_value=0.0) for name in ("cost", "responded"))  # noqa: PD010
    drawn = draws_of(len(cost), 1_000, random_state)
    with np.errstate(divide="ignore", invalid="ignore"):
        ratios = np.where(drawn @ hits > 0, (drawn @ cost) / (drawn @ hits), np.inf)
    low, high = np.quantile(ratios, [0.025, 0.975], axis=0, method="inverted_cdf")
    table = contacts.groupby("channel").agg(
        contacts=("channel", "size"), cost=("cost", "sum"), responses=("responded", "sum")
    )
    table["cost_per_contact"] = table["cost"] / table["contacts"]
    table["cost_per_response"] = (table["cost"] / table["responses"].where(table["responses"] > 0)).fillna(np.inf)
    table = table.assign(low=low, high=high).reset_index()
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

    How often each leads to an order is an *assumption*, to be replaced by what a trial of one's own shows.

    Parameters:
        margin: Share of the amount that remains after the cost of goods.
        orders: Orders that a response leads to and that would not have come without it, by channel.
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
    """Shares of the customer base that each channel may reach, has reached and has moved, from :func:`reach`.

    >>> seen = pd.DataFrame({"channel": ["email"], "allowed": [0.8], "contacted": [0.6], "responded": [0.2]})
    >>> plot_reach(seen).get_title()
    'E-mail, 20% of customers have responded: more than on any other\\nchannel'
    """
    ax = figures.axes(ax)
    place = np.arange(len(reach))
    looks = (("allowed", figures.SKY, ""), ("contacted", figures.BLUE, ""), ("responded", figures.ORANGE, "//"))
    for shift, (name, colour, hatch) in enumerate(looks):
        ax.bar(place + 0.27 * (shift - 1), reach[name], width=0.25, color=colour, hatch=hatch, label=name)
    ax.set_xticks(place, [spoken(channel) for channel in reach["channel"]])
    ax.grid(axis="x", visible=False)
    widest = reach.loc[reach["responded"].idxmax()]
    title = (
        f"{spoken(widest['channel']).capitalize()}, {widest['responded']:.0%} of customers have responded: more than "
        "on any other channel"
    )
    legend = {"ncols": 3, "loc": "upper left"}
    return figures.finish(ax, title, "channel", "share of customers", y_format="percent", ylim=(0, 1.19), legend=legend)


def plot_cost_per_response(table: pd.DataFrame, values: pd.DataFrame, ax: figures.Axes | None = None) -> figures.Axes:
    """Cost per effective contact from :func:`cost_per_response`, and what :func:`response_values` says one is worth.

    >>> seen = pd.DataFrame({"channel": ["email", "phone"], "cost_per_response": [0.1, 4.0], "low": [0.08, 3.5],
    ...     "high": [0.12, 4.6]})
    >>> worth = pd.DataFrame({"channel": ["email", "phone"], "value": [0.5, 4.0]})
    >>> plot_cost_per_response(seen, worth).get_title()
    'One unit of money brings 5.0 by e-mail, and 1.0 by phone'
    """
    ax = figures.axes(ax, figsize=(7.5, 3.6))
    table = table[np.isfinite(table["cost_per_response"])].iloc[::-1].reset_index(drop=True)
    middle = table["cost_per_response"]
    spread = [middle - table["low"], table["high"].clip(upper=2 * middle.max()) - middle]
    look = {"fmt": "o", "color": figures.BLUE, "capsize": 4, "label": "cost, with 95% interval"}
    ax.errorbar(middle, table.index, xerr=spread, **look)
    for place, cost in middle.items():
        ax.annotate(f"{cost:,.2f}", (cost, place), xytext=(0, 8), textcoords="offset points", ha="center")
    worth = table["channel"].map(values.set_index("channel")["value"])
    ax.plot(worth, table.index, "D", mfc="white", color=figures.VERMILION, label="worth, as assumed")
    returns = (worth / middle).set_axis(table["channel"].map(spoken)).sort_values()
    least, most = (f"{returns.iloc[place]:.1f} by {returns.index[place]}" for place in (0, -1))
    ax.set_xscale("log")
    ax.set_yticks(table.index, [spoken(channel) for channel in table["channel"]])
    title = f"One unit of money brings {most}, and {least}"
    across = "{currency} per response (logarithmic scale)"
    return figures.finish(ax, title, across, x_format="{x:g}", ylim=(-0.6, len(table) - 0.2), legend=figures.BESIDE)


def fatigue(contacts: pd.DataFrame) -> pd.DataFrame:
    """Fall of the log response rate per contact of the 28 days before; the first row is the one to plan with.

    An estimate of 0.25 says that each recent contact multiplies the chance of a response by exp(-0.25) = 0.78.

    *Within customers*: conditional Poisson regression compares each customer on each channel with themselves only, so that
    whatever is constant about a customer cancels, including a habit of contacting those who react more often. *All
    contacts*: a log-linear model over everybody, right only where how often a customer is contacted has nothing to do with
    how they react; taken alone where no customer was contacted both rested and tired. Standard errors are by customer.

    Returns:
        DataFrame: ``method`` ("within customers", "all contacts"), ``contacts`` that can tell, ``fatigue``, ``low``,
            ``high`` (95%).

    Source: Wooldridge (1999), Distribution-free estimation of some nonlinear panel data models, Journal of
    Econometrics 90(1).

    >>> made = pd.DataFrame({"customer_id": ["ann"] * 4 + ["bob"] * 4, "channel": "email", "recent_contacts": [0, 0, 1, 1] * 2,
    ...     "responded": [True, True, True, False, True, False, False, True]})
    >>> fatigue(made)[["method", "contacts"]].to_numpy().tolist()
    [['within customers', 8], ['all contacts', 8]]
    """
    if contacts["recent_contacts"].nunique() < 2:
        raise DataError("Fatigue needs contacts that follow others within 28 days and contacts that do not.")
    features = pd.get_dummies(contacts["channel"], dtype=float)
    features["recent_contacts"] = contacts["recent_contacts"].astype(float)
    pooled = regression(features, contacts["responded"], contacts["customer_id"], link="log")
    overall = pooled[pooled["term"] == "recent_contacts"].assign(term="all contacts", contacts=len(contacts))
    found = pd.concat([*_within_customers(contacts), overall], ignore_index=True)
    slopes = {"fatigue": -found["estimate"], "low": -found["high"], "high": -found["low"]}
    return pd.DataFrame({"method": found["term"], "contacts": found["contacts"], **slopes})


def _within_customers(contacts: pd.DataFrame) -> list[pd.DataFrame]:
    """The slope from comparing customers with themselves, as the one item of a list; empty where nobody can be."""
    group = contacts.groupby(["customer_id", "channel"]).ngroup().to_numpy()
    recent, hit = contacts["recent_contacts"].to_numpy(float), contacts["responded"].to_numpy(float)
    hits, slope = np.bincount(group, hit), 0.0
    for _ in range(50):
        weight = np.exp(slope * recent)
        total = np.bincount(group, weight)
        mean = np.bincount(group, weight * recent) / total
        spread = np.bincount(group, weight * recent**2) / total - mean**2
        scores = np.bincount(group, hit * recent) - hits * mean
        information = (hits * spread).sum()
        if not information > 1e-9:
            return []
        step = scores.sum() / information
        slope += step
        if abs(step) < 1e-10:
            break
    else:
        return []  # every response of a customer came when they were most rested: the slope runs away
    owner_of_group = np.zeros(len(hits), dtype=int)
    owner_of_group[group] = pd.factorize(contacts["customer_id"])[0]
    telling = (hits > 0) & (spread > 1e-12)
    customers = len(np.unique(owner_of_group[telling]))
    squares = (np.bincount(owner_of_group, scores) ** 2).sum() * customers / max(customers - 1, 1)
    found = coefficients(["within customers"], [slope], [np.sqrt(squares) / information], customers)
    return [found.assign(contacts=int(telling[group].sum()))]


def response_by_recent_contacts(contacts: pd.DataFrame, most: int = 6) -> pd.DataFrame:
    """Response rate by number of contacts in the 28 days before (`most`: or more), with what the fatigue expects.

    Returns:
        DataFrame: ``recent_contacts``, ``contacts``, ``response_rate``, ``low``, ``high`` (95%), ``expected``.

    >>> made = pd.DataFrame({"customer_id": ["ann", "bob"] * 2, "channel": "email", "recent_contacts": [0, 1, 1, 0],
    ...     "responded": [True, False, True, True]})
    >>> response_by_recent_contacts(made)["response_rate"].tolist()
    [1.0, 0.5]
    """
    capped = contacts.assign(recent_contacts=contacts["recent_contacts"].clip(upper=most))
    table = response_by(capped, "recent_contacts")
    falls = np.exp(-fatigue(contacts)["fatigue"].iloc[0] * contacts["recent_contacts"])
    level = contacts["responded"].sum() / falls.sum()
    table["expected"] = level * falls.groupby(capped["recent_contacts"]).mean().to_numpy()
    return table[["recent_contacts", "contacts", "response_rate", "low", "high", "expected"]]


def plot_fatigue(table: pd.DataFrame, ax: figures.Axes | None = None) -> figures.Axes:
    """Response rate by contacts in the 28 days before, seen and expected, from :func:`response_by_recent_contacts`.

    >>> seen = pd.DataFrame({"recent_contacts": [0, 1], "response_rate": [0.3, 0.2], "low": [0.25, 0.1],
    ...     "high": [0.35, 0.3], "expected": [0.31, 0.22]})
    >>> plot_fatigue(seen).get_title()
    'From 30% after four quiet weeks to 20% after many contacts'
    """
    ax = figures.axes(ax)
    x, rate = table["recent_contacts"], table["response_rate"]
    spread = figures.spread(table, "response_rate")
    ax.errorbar(x, rate, yerr=spread, fmt="o", color=figures.BLUE, capsize=3, label="seen, with 95% interval")
    ax.plot(x, table["expected"], color=figures.VERMILION, linestyle="--", label="expected")
    ax.set_xticks(x, [*(str(number) for number in x[:-1]), f"{x.iloc[-1]} or more"])
    title = f"From {rate.iloc[0]:.0%} after four quiet weeks to {rate.iloc[-1]:.0%} after many contacts"
    across = "contacts in the 28 days before"
    return figures.finish(ax, title, across, "response rate", y_format="percent", ylim=(0, None), legend=True)
