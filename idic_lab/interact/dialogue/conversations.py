"""One timeline per customer across channels, rules that keep the conversation going, and whether those who talk stay."""

from __future__ import annotations

import numpy as np
import pandas as pd

from idic_lab import figures
from idic_lab.dataframes import given_day, of_customers
from idic_lab.errors import UnknownName
from idic_lab.inference import intervals

FOLLOW_UP_DAYS = 28
AGES = ("under 8", "8 to 28", "29 to 90", "91 to 180", "181 to 365", "over 365")  # days a complaint is open
STEPS = (
    "settle the open complaint; no offer before that",
    "apologise for the overdue complaint and settle it, then go on",
    "settle what is open",
    "ask whether the complaint was settled well",
    "make an offer, or ask the next question",
)
SILENCE_DAYS = 90  # for so long an open complaint silences offers; then the firm has to end it


def conversations(
    interactions: pd.DataFrame, identity_links: pd.DataFrame, as_of: pd.Timestamp | None = None
) -> pd.DataFrame:
    """Where the conversation with each customer stands on a day: the table ``conversations``.

    Nothing is offered while a complaint is open, but not for ever: after 90 days it is *overdue*. It still comes first,
    with an apology, and offers may follow.

    Parameters:
        as_of: What happened later is not known yet; by default the last day of interactions.
    Returns:
        DataFrame: ``customer_id``, ``last_date``, ``last_channel``, ``open_complaints``, ``open_issues``,
            ``longest_open_days`` (of complaints), ``offer_allowed``, ``next_step``.

    >>> contacts = pd.DataFrame({"interaction_id": ["i1"], "record_id": ["r1"], "date": pd.to_datetime(["2025-03-01"]),
    ...     "hour": [9], "channel": ["phone"], "direction": ["inbound"], "purpose": ["complaint"],
    ...     "resolved_on": pd.to_datetime([None])})
    >>> links = pd.DataFrame({"record_id": ["r1"], "customer_id": ["ann"]})
    >>> [conversations(contacts, links, day)[["offer_allowed", "next_step"]].to_numpy().tolist()
    ...     for day in ("2025-03-10", "2025-09-10")]  # doctest: +NORMALIZE_WHITESPACE
    [[[False, 'settle the open complaint; no offer before that']],
     [[True, 'apologise for the overdue complaint and settle it, then go on']]]
    """
    day = interactions["date"].max() if as_of is None else given_day(as_of, "as_of")
    mine = of_customers(interactions[interactions["date"] <= day], identity_links)
    mine = mine.sort_values(["date", "hour", "interaction_id"], kind="stable")
    complaint, closed = mine["purpose"] == "complaint", mine["resolved_on"] <= day
    open_ = mine["direction"].eq("inbound") & ~closed
    lately = closed & (mine["resolved_on"] > day - pd.Timedelta(days=FOLLOW_UP_DAYS))
    days, waits = (day - mine["date"]).dt.days, open_ & complaint
    mine = mine.assign(complaint=waits, issue=open_, longest=days.where(waits), fresh=waits & (days < SILENCE_DAYS))
    found = mine.assign(settled=lately & complaint).groupby("customer_id", as_index=False)
    found = found.agg(
        last_date=("date", "last"),
        last_channel=("channel", "last"),
        open_complaints=("complaint", "sum"),
        open_issues=("issue", "sum"),
        longest_open_days=("longest", "max"),
        fresh=("fresh", "any"),
        settled=("settled", "any"),
    )
    rules = [found["fresh"], found["open_complaints"] > 0, found["open_issues"] > 0, found["settled"]]
    step = np.select(rules, range(len(rules)), default=len(rules))
    table = found.assign(offer_allowed=~found["fresh"], next_step=np.array(STEPS, dtype=object)[step])
    table = table.drop(columns=["fresh", "settled"])
    return table.astype({"customer_id": "str", "last_channel": "str", "next_step": "str", "longest_open_days": "Int64"})


def backlog(
    interactions: pd.DataFrame, identity_links: pd.DataFrame, as_of: pd.Timestamp | None = None
) -> pd.DataFrame:
    """Complaints by how long they have stood open, beside how long the closed ones took.

    Returns:
        DataFrame: ``days`` (band), ``open`` (complaints now open for so long), ``customers`` whom they belong to,
            ``closed`` (complaints that were closed after so long).

    >>> contacts = pd.DataFrame({"record_id": "r1", "date": pd.to_datetime(["2025-01-01", "2025-01-01"]), "purpose": "complaint",
    ...     "resolved_on": pd.to_datetime(["2025-01-03", None])})
    >>> links = pd.DataFrame({"record_id": ["r1"], "customer_id": ["ann"]})
    >>> backlog(contacts, links, "2025-09-01").query("open + closed > 0").to_numpy().tolist()
    [['under 8', 0, 0, 1], ['181 to 365', 1, 1, 0]]
    """
    day = interactions["date"].max() if as_of is None else given_day(as_of, "as_of")
    complaints = interactions[interactions["purpose"].eq("complaint") & (interactions["date"] <= day)]
    mine = of_customers(complaints, identity_links)
    closed = mine["resolved_on"] <= day
    took = (mine["resolved_on"].where(closed, day) - mine["date"]).dt.days
    band = pd.cut(took, [-1, 7, 28, 90, 180, 365, np.inf], labels=AGES)
    owners = mine[~closed].groupby(band[~closed], observed=False)["customer_id"].nunique()
    counts = {"open": band[~closed].value_counts(), "customers": owners, "closed": band[closed].value_counts()}
    return pd.DataFrame(counts).reindex(list(AGES)).rename_axis("days").reset_index().astype({"days": "str"})


def plot_backlog(table: pd.DataFrame, ax: figures.Axes | None = None) -> figures.Axes:
    """Open complaints by age, from :func:`backlog`, with the share of closed ones that were closed as late.

    >>> table = pd.DataFrame({"days": ["under 8", "over 365"], "open": [1, 3], "customers": [1, 3], "closed": [90, 10]})
    >>> plot_backlog(table).get_title()
    '4 complaints stand open, 3 of them for longer than 90 days'
    """
    ax = figures.axes(ax, figsize=(7.5, 3.6))
    place, total = np.arange(len(table)), table["open"].sum()
    overdue = ~table["days"].isin(AGES[:3])
    colours = np.where(overdue, figures.VERMILION, figures.SKY)
    ax.bar(place, table["open"], color=colours, hatch=["//" if late else "" for late in overdue], edgecolor="white")
    share = table["closed"] / max(table["closed"].sum(), 1)
    text = {"textcoords": "offset points", "ha": "center"}
    below = {"xytext": (0, -18), "va": "top", "color": "#555555", "fontsize": "small", "annotation_clip": False}
    for at, row, part in zip(place, table.itertuples(), share, strict=True):
        ax.annotate(f"{row.open:,}", (at, row.open), xytext=(0, 3), **text)
        ax.annotate(f"{part:.0%} of the\nclosed", (at, 0), **text, **below)
    ax.set_xticks(place, table["days"])
    ax.tick_params(axis="x", length=0)
    ax.grid(axis="x", visible=False)
    late = table.loc[overdue, "open"].sum()
    title = f"{total:,} complaints stand open, {late:,} of them for longer than 90 days"
    title = title if total else "No complaint stands open"
    across = "\n\ndays open; below, the share of closed complaints that took so long"
    return figures.finish(ax, title, across, "complaints now open", ylim=(0, 1.15 * max(table["open"].max(), 1)))


def broken_rules(interactions: pd.DataFrame, identity_links: pd.DataFrame) -> pd.DataFrame:
    """The offers that the past made while a complaint was open.

    Returns:
        DataFrame: ``customer_id``, ``offer_date``, ``offer_channel``, ``complaint_date``,
            ``complaint_channel``, ``days_open`` on that day.

    >>> contacts = pd.DataFrame({"interaction_id": ["i1", "i2"], "record_id": "r1", "channel": ["phone", "email"],
    ...     "date": pd.to_datetime(["2025-03-01", "2025-03-05"]), "purpose": ["complaint", "offer"],
    ...     "resolved_on": pd.to_datetime([None, None])})
    >>> broken_rules(contacts, pd.DataFrame({"record_id": ["r1"], "customer_id": ["ann"]}))["days_open"].tolist()
    [4]
    """
    mine = of_customers(interactions, identity_links)
    offers = mine.loc[mine["purpose"] == "offer", ["customer_id", "interaction_id", "date", "channel"]]
    complaints = mine.loc[mine["purpose"] == "complaint", ["customer_id", "date", "channel", "resolved_on"]]
    offers = offers.rename(columns={"date": "offer_date", "channel": "offer_channel"})
    complaints = complaints.rename(columns={"date": "complaint_date", "channel": "complaint_channel"})
    pairs = offers.merge(complaints, on="customer_id")
    # On the day itself the order of the two is not known, so it counts neither at the beginning nor at the end.
    ongoing = pairs["offer_date"].gt(pairs["complaint_date"]) & ~(pairs["resolved_on"] <= pairs["offer_date"])
    found = pairs[ongoing].sort_values(["interaction_id", "complaint_date"]).drop_duplicates("interaction_id")
    found = found.assign(days_open=(found["offer_date"] - found["complaint_date"]).dt.days)
    return found.drop(columns=["interaction_id", "resolved_on"]).reset_index(drop=True)


_KINDS = (
    ("order", figures.GREEN, "s"),
    ("contact by the customer", figures.BLUE, "o"),
    ("contact by us", figures.ORANGE, "^"),
    ("complaint", figures.VERMILION, "X"),
    ("survey or review", figures.PURPLE, "D"),
)


def timeline(
    interactions: pd.DataFrame,
    identity_links: pd.DataFrame,
    transactions: pd.DataFrame | None = None,
    survey_responses: pd.DataFrame | None = None,
    reviews: pd.DataFrame | None = None,
) -> pd.DataFrame:
    """Contacts, orders, answers and reviews of every customer in one table.

    Returns:
        DataFrame: ``customer_id``, ``date``, ``where`` (channel), ``event``, ``detail``, ``from_customer`` (flag),
            sorted by customer and time. Texts of reviews are not in it, only their stars.

    >>> contacts = pd.DataFrame({"record_id": "r1", "date": pd.to_datetime(["2025-01-02"]), "hour": 9, "channel": "phone",
    ...     "purpose": "question", "direction": "inbound", "topic": "delivery", "responded": None,
    ...     "resolved_on": pd.to_datetime([None])})
    >>> orders = pd.DataFrame({"customer_id": ["ann"], "date": pd.to_datetime(["2025-01-01"]), "amount": 20.0})
    >>> links = pd.DataFrame({"record_id": ["r1"], "customer_id": ["ann"]})
    >>> timeline(contacts, links, orders)["detail"].tolist()
    ['20.00', 'delivery, not closed']
    """
    parts = [_contacts(of_customers(interactions, identity_links))]
    if transactions is not None:
        orders = transactions.assign(where=transactions.get("channel", "shop"), event="order")
        parts.append(orders.assign(detail=orders["amount"].map("{:,.2f}".format)))
    if survey_responses is not None:
        asked = of_customers(survey_responses, identity_links)
        asked = asked.groupby(["customer_id", "date", "survey_id"], as_index=False).size()
        detail = asked["survey_id"] + ", " + asked["size"].astype(str) + " answers"
        parts.append(asked.assign(where="survey", event="survey", detail=detail))
    if reviews is not None:
        rated = of_customers(reviews, identity_links)
        parts.append(rated.assign(where="review", event="review", detail=rated["stars"].astype(str) + " stars"))
    columns = ["customer_id", "date", "hour", "where", "event", "detail", "from_customer"]
    table = pd.concat([part.reindex(columns=columns) for part in parts], ignore_index=True)
    table["from_customer"] = table["from_customer"].astype("boolean").fillna(True).astype(bool)
    table = table.sort_values(["customer_id", "date", "hour"], kind="stable", ignore_index=True)  # no hour: at the end
    return table.drop(columns="hour").astype({"where": "str", "event": "str", "detail": "str"})


def _contacts(contacts: pd.DataFrame) -> pd.DataFrame:
    inbound = contacts["direction"] == "inbound"
    closed = contacts["resolved_on"].dt.strftime("closed %Y-%m-%d").astype("str").fillna("not closed")
    reaction = contacts["responded"].map({True: "reacted", False: "no reaction"}).astype("str")
    detail = (contacts["topic"].fillna("no topic") + ", " + closed).where(inbound, reaction)
    named = contacts[["customer_id", "date", "hour", "channel", "purpose"]]
    named = named.rename(columns={"channel": "where", "purpose": "event"})
    return named.assign(detail=detail, from_customer=inbound)


def plot_timeline(history: pd.DataFrame, customer_id: str, ax: figures.Axes | None = None) -> figures.Axes:
    """The :func:`timeline` of one customer, a row per channel.

    >>> events = pd.DataFrame({"customer_id": "ann", "date": pd.to_datetime(["2025-01-01", "2025-01-09"]),
    ...     "where": ["email", "phone"], "event": ["offer", "complaint"], "from_customer": [False, True]})
    >>> plot_timeline(events, "ann").get_title()
    'ann: 2 events on 2 channels, one conversation'
    """
    from matplotlib.dates import ConciseDateFormatter

    mine = history[history["customer_id"] == customer_id]
    if mine.empty:
        raise UnknownName("customer", customer_id, history["customer_id"].unique()[:5])
    kind = pd.Series("contact by us", index=mine.index)
    kind[mine["from_customer"]] = "contact by the customer"
    kind[mine["event"] == "order"] = "order"
    kind[mine["event"].isin(["survey", "review"])] = "survey or review"
    kind[mine["event"] == "complaint"] = "complaint"
    rows = list(dict.fromkeys(sorted(mine["where"])))
    ax = figures.axes(ax, figsize=(9, 0.4 * len(rows) + 1.8))
    for name, colour, mark in _KINDS:
        part = mine[kind == name]
        if len(part):
            height = [rows.index(where) for where in part["where"]]
            ax.plot(part["date"], height, mark, color=colour, markersize=8, label=name)
    ax.set_yticks(range(len(rows)), [row.replace("_", " ") for row in rows])
    ax.xaxis.set_major_formatter(ConciseDateFormatter(ax.xaxis.get_major_locator()))
    title = f"{customer_id}: {len(mine)} events on {len(rows)} channels, one conversation"
    return figures.finish(ax, title, "date", "channel", ylim=(-0.6, len(rows) - 0.4), legend=figures.BESIDE)


def talkers(responses: pd.DataFrame, links: pd.DataFrame, transactions: pd.DataFrame, days: int = 182) -> pd.DataFrame:
    """Who had answered a survey before a day, and who bought after it; the day lies `days` before the end of the data.

    Returns:
        DataFrame: Of each customer who had bought by then: ``customer_id``, ``orders`` (days with a purchase), ``answered``
            and ``stayed``.

    >>> bought = pd.DataFrame({"customer_id": ["a", "b", "a"], "date": pd.to_datetime(["2024-01-01", "2024-01-01", "2024-12-31"])})
    >>> said = pd.DataFrame({"record_id": ["r1"], "date": pd.to_datetime(["2024-01-05"])})
    >>> links = pd.DataFrame({"record_id": ["r1"], "customer_id": ["b"]})
    >>> talkers(said, links, bought)[["answered", "stayed"]].to_numpy().tolist()
    [[False, True], [True, False]]
    """
    day = transactions["date"].max() - pd.Timedelta(days=days)
    bought = transactions[["customer_id", "date"]].drop_duplicates()
    orders = bought[bought["date"] <= day].groupby("customer_id").size()
    said = responses.loc[responses["date"] <= day, ["record_id"]].merge(links, on="record_id")["customer_id"]
    later = bought.loc[bought["date"] > day, "customer_id"]
    table = orders.rename("orders").reset_index()
    return table.assign(answered=table["customer_id"].isin(said), stayed=table["customer_id"].isin(later))


def staying(table: pd.DataFrame, by: str) -> pd.DataFrame:
    """How many more stayed among those for whom a column is true, with the 95% interval of the difference.

    The difference is what the column *does* only where chance decided it.

    Returns:
        DataFrame: One row: ``by``, ``customers`` and ``others`` (numbers), ``stayed`` and ``others_stayed`` (shares),
            ``difference``, ``low`` and ``high``.

    >>> trial = pd.DataFrame({"asked": [True] * 4 + [False] * 4, "stayed": [True, True, True, False] * 2})
    >>> staying(trial, "asked")["difference"].item()
    0.0
    """
    these, others = table.loc[table[by], "stayed"], table.loc[~table[by], "stayed"]
    estimate = intervals.difference_of_shares(these.sum(), len(these), others.sum(), len(others))
    columns = ["by", "customers", "others", "stayed", "others_stayed", "difference", "low", "high"]
    return pd.DataFrame([(by, len(these), len(others), these.mean(), others.mean(), *estimate)], columns=columns)


def plot_staying(compared: dict[str, pd.DataFrame], ax: figures.Axes | None = None) -> figures.Axes:
    """Differences of :func:`staying` under each other, by name, with their intervals.

    >>> trial = pd.DataFrame({"asked": [True, False] * 60, "stayed": [True, False] * 60})
    >>> plot_staying({"by lot": staying(trial, "asked")}).get_title()
    'More stay, beyond chance: by lot'
    """
    ax = figures.axes(ax, figsize=(6.4, 1.2 + 0.5 * len(compared)))
    for place, table in enumerate(compared.values()):
        middle, low, high = table[["difference", "low", "high"]].iloc[0]
        colour = figures.BLUE if low > 0 or high < 0 else figures.GREY
        ax.errorbar(middle, place, xerr=[[middle - low], [high - middle]], fmt="o", color=colour, capsize=3)
    ax.set_yticks(range(len(compared)), list(compared))
    ax.axvline(0, color="black", lw=0.8)
    clear = [name for name, table in compared.items() if table["low"].iloc[0] > 0]
    title = f"More stay, beyond chance: {'; '.join(clear) or 'in none of them'}"
    across = "more of them stayed (share of customers)"
    return figures.finish(ax, title, across, x_format="percent", ylim=(len(compared) - 0.5, -0.5))


def worth_of_an_answer(trial: pd.DataFrame, worth_of_staying: float) -> pd.DataFrame:
    """What the firm may give for one answer: how many more stay of those asked, times what one who stays is worth, per answer.

    Parameters:
        trial: ``asked`` (by lot), ``answers`` (how many) and ``stayed``.
        worth_of_staying: What a customer who stays is worth more than one who left (currency).
    Returns:
        DataFrame: One row: ``answers`` (per customer asked), ``worth``, ``low`` and ``high`` (currency per answer).

    >>> trial = pd.DataFrame({"asked": [True] * 50 + [False] * 50, "answers": [2] * 50 + [0] * 50,
    ...     "stayed": [True] * 30 + [False] * 20 + [True] * 20 + [False] * 30})
    >>> round(float(worth_of_an_answer(trial, 40.0)["worth"].iloc[0]), 2)
    4.0
    """
    answers = trial.loc[trial["asked"], "answers"].mean()
    difference = staying(trial, "asked")[["difference", "low", "high"]].iloc[0]
    worth = difference * worth_of_staying / answers
    return pd.DataFrame([(answers, *worth)], columns=["answers", "worth", "low", "high"])
