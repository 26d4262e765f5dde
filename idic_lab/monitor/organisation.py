"""Organisation: what a randomised pilot says, whom managers look after and where that stops paying, what points are owed, where people stop.

Source: Peppers & Rogers (2022), Managing Customer Experience and Relationships, 4th ed., part three, for customer managers, the picket
fence and the discovery of complaints; Zou & Donner (2008), Statistics in Medicine 27(10), for intervals of a difference.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from idic_lab import figures, tables
from idic_lab.dataframes import of_customers
from idic_lab.errors import DataError
from idic_lab.inference import intervals, resampling
from idic_lab.monitor.plan import NONE, NOTHING, UNKNOWN

EXPIRE_DAYS = 365  # points not redeemed by then are gone
SOON_DAYS, OVERDUE_DAYS = 7, 90  # a complaint is settled soon; is overdue
CHECKUP = "ask whether everything was all right"


def lift(pilot: pd.DataFrame, by: str | None = None, confidence: float = 0.95) -> pd.DataFrame:
    """What a randomised treatment adds to a year's earnings, for each unit of what the customers were worth when it began.

    All who were treated are compared with all who were not, whatever came of it. Intervals of several groups hold for all at once.

    Parameters:
        pilot: One trial of the table ``pilots``.
        by: Column with groups of customers to tell apart.
    Returns:
        DataFrame: A row per group: ``group``, ``customers``, ``treated`` (how many), ``without`` and ``given`` (earned for each unit
            of residual value), ``lift``, ``low``, ``high``, ``cost`` (currency a year, per customer treated).
    Raises:
        DataError: Where a group has fewer than two customers on either side.

    >>> pilot = pd.DataFrame({"treated": [True] * 4 + [False] * 4, "residual_value": 100.0, "cost": [2.0] * 4 + [0.0] * 4,
    ...     "earned": [34.0, 36.0, 35.0, 35.0, 29.0, 31.0, 30.0, 30.0]})
    >>> lift(pilot).round(2)[["lift", "low", "high", "cost"]].to_numpy().tolist()
    [[0.05, 0.03, 0.07, 2.0]]
    """
    parts = [("everybody", pilot)] if by is None else list(pilot.groupby(by, observed=True))
    rows = []
    for name, part in parts:
        sides = [part[part["treated"] == given] for given in (False, True)]
        if min(map(len, sides)) < 2:
            raise DataError(f"The trial needs two customers or more on either side; in '{name}' it has fewer.")
        level = 1 - (1 - confidence) / len(parts)
        without, given = (intervals.ratio(side["earned"], side["residual_value"], level) for side in sides)
        added = given.value - without.value
        low = added - np.hypot(given.value - given.low, without.high - without.value)
        high = added + np.hypot(given.high - given.value, without.value - without.low)
        treated = sides[1]
        told = without.value, given.value, added, low, high, treated["cost"].mean()
        rows.append((name, len(part), len(treated), *told))
    columns = ["group", "customers", "treated", "without", "given", "lift", "low", "high", "cost"]
    return pd.DataFrame(rows, columns=columns)


def fence(worth: pd.Series, lift: pd.Series, cost: float) -> pd.DataFrame:
    """What treating the most valuable first should earn, customer by customer: where it is highest stands the picket fence.

    Parameters:
        worth: Residual value of each customer who may be treated (currency).
        lift: A row of :func:`lift`.
        cost: Currency a year per customer treated.
    Returns:
        DataFrame: ``customers`` (1, 2, ...), ``worth`` (of the last of them), ``profit``, ``low``, ``high`` (currency a year, of all
            of them; the interval is that of the lift).

    >>> fence(pd.Series([40.0, 200.0, 100.0]), pd.Series({"lift": 0.1, "low": 0.05, "high": 0.2}), 8.0)["profit"].tolist()
    [12.0, 14.0, 10.0]
    """
    ordered = worth.sort_values(ascending=False, ignore_index=True)
    number = np.arange(1, len(ordered) + 1)
    profit, low, high = (lift[name] * ordered.cumsum() - cost * number for name in ("lift", "low", "high"))
    return pd.DataFrame({"customers": number, "worth": ordered, "profit": profit, "low": low, "high": high})


def inside(table: pd.DataFrame, column: str = "profit") -> int:
    """How many customers are inside the fence: so many that one more would cost more than it earns.

    >>> inside(pd.DataFrame({"customers": [1, 2, 3], "profit": [12.0, 14.0, 10.0]}))
    2
    """
    best = table[column].max() if len(table) else 0.0
    return int(table.loc[table[column].idxmax(), "customers"]) if best > 0 else 0


def plot_fence(table: pd.DataFrame, portfolio: int, ax: figures.Axes | None = None) -> figures.Axes:
    """What managing the most valuable first should earn, by how many are managed; dotted where another portfolio is full.

    Parameters:
        table: As :func:`fence` gives.
        portfolio: Customers one manager looks after.

    >>> table = fence(pd.Series([40.0, 200.0, 100.0]), pd.Series({"lift": 0.1, "low": 0.05, "high": 0.2}), 8.0)
    >>> plot_fence(table, 1).get_title()
    'The fence stands after 2 customers; it may be 1 to 2'
    """
    ax = figures.axes(ax)
    number, low, high = (inside(table, column) for column in ("profit", "low", "high"))
    shown = table.head(max(3 * number, 3 * portfolio, 3))
    ax.fill_between(shown["customers"], shown["low"], shown["high"], color=figures.SKY, alpha=0.3, lw=0)
    ax.plot(shown["customers"], shown["profit"], color=figures.BLUE)
    ax.axhline(0, color=figures.BLACK, lw=0.8)
    if number:
        ax.axvline(number, color=figures.VERMILION, lw=1.5)
    for full in range(portfolio, len(shown) + 1, portfolio):
        ax.axvline(full, color=figures.GREY, ls=":", lw=1.5)
    title = (
        f"The fence stands after {number:,} customers; it may be {low:,} to {high:,}"
        if number
        else "Nobody is worth a manager"
    )
    across = f"customers managed, most valuable first (dotted: portfolios of {portfolio})"
    return figures.finish(ax, title, across, "{currency} a year after cost, and 95% interval", y_format="count")


def after_complaints(
    interactions: pd.DataFrame, identity_links: pd.DataFrame, transactions: pd.DataFrame, days: int = 182
) -> pd.DataFrame:
    """What customers buy after a complaint, by how soon it was settled, beside comparable ones who did not complain.

    Looked at from the day so many days before the end of the data. Comparable is who bought about as much in as many days
    before it. What differs may be what the wait does, or what made the wait long: only a trial tells. Few customers spend most,
    which makes the 95% interval short: of complaints given to the customers of Meridian by lot it held 0 in 89 of 100.

    Returns:
        DataFrame: A row per group: ``complaint`` (none, or of the year before the day), ``customers``, ``before`` and ``after``
            (bought, mean), ``beyond`` (bought after, more than comparable ones without), ``low``, ``high``, in currency.

    >>> buys = pd.DataFrame({"customer_id": list("abab"), "date": pd.to_datetime(["2024-06-01"] * 2 + ["2024-12-31"] * 2), "amount": 9.0})
    >>> talks = pd.DataFrame({"record_id": ["r"], "date": [pd.Timestamp("2024-06-05")], "purpose": "complaint", "resolved_on": pd.NaT})
    >>> after_complaints(talks, pd.DataFrame({"record_id": ["r"], "customer_id": ["b"]}), buys)[["complaint", "beyond"]].to_numpy().tolist()
    [['none', 0.0], ['still open', 0.0]]
    """
    day, span = transactions["date"].max() - pd.Timedelta(days=days), pd.Timedelta(days=days)
    told = of_customers(interactions[interactions["purpose"] == "complaint"], identity_links)
    told = told[told["date"].between(day - pd.Timedelta(days=365), day)]
    took = (told["resolved_on"].where(told["resolved_on"] <= day) - told["date"]).dt.days.fillna(np.inf)
    longest = took.groupby(told["customer_id"]).max()
    bought = transactions[transactions["date"] <= day].groupby("customer_id").size()
    table = pd.DataFrame({"wait": longest.reindex(bought.index).fillna(-1.0)})
    bands = ["none", f"settled within {SOON_DAYS} days", "settled later", "still open"]
    table["complaint"] = pd.cut(table["wait"], [-2, -0.5, SOON_DAYS, 1e9, np.inf], labels=bands)
    for name, since in (("before", day - span), ("after", day)):
        within = transactions[transactions["date"].gt(since) & transactions["date"].le(since + span)]
        table[name] = within.groupby("customer_id")["amount"].sum().reindex(table.index).fillna(0.0)
    alike = table["before"].rank(pct=True, method="max").mul(10).round()
    usual = table[table["wait"] < 0].groupby(alike)["after"].mean()
    table["beyond"] = table["after"] - alike.map(usual)
    rows = [
        (name, len(part), part["before"].mean(), part["after"].mean(), *intervals.mean(part["beyond"].dropna()))
        for name, part in table.groupby("complaint", observed=True)
    ]
    return pd.DataFrame(rows, columns=["complaint", "customers", "before", "after", "beyond", "low", "high"])


def escalations(conversations: pd.DataFrame, customer_value: pd.DataFrame, soon: pd.Series) -> pd.DataFrame:
    """Who answers which open complaint, by its age and by what a prompt answer should add: the table ``escalations``.

    For whom it should add more than it costs, the head of service answers, and the management once it is overdue; one that
    is overdue leaves the queue in any case. An answer is owed and needs no consent.

    Parameters:
        soon: A row of :func:`lift`, of settling complaints promptly.

    >>> open_ = pd.DataFrame({"customer_id": list("abc"), "open_complaints": 1, "longest_open_days": [3, 200, 200]})
    >>> worth = pd.DataFrame({"customer_id": list("abc"), "residual_value": [300.0, 300.0, 10.0]})
    >>> escalations(open_, worth, pd.Series({"lift": 0.04, "cost": 3.0}))["to"].tolist()
    ['management', 'head of service', 'head of service']
    """
    open_ = conversations[conversations["open_complaints"] > 0].merge(customer_value[["customer_id", "residual_value"]])
    table = open_.assign(
        days_open=open_["longest_open_days"], gain=soon["lift"] * open_["residual_value"] - soon["cost"]
    )
    pays, overdue = table["gain"] > 0, table["days_open"] > OVERDUE_DAYS
    table["to"] = np.select([pays & overdue, pays | overdue], ["management", "head of service"], "queue")
    ranks = table["to"].map({"management": 0, "head of service": 1, "queue": 2})
    table = table.assign(ranks=ranks).sort_values(["ranks", "gain", "customer_id"], ascending=[True, False, True])
    table["place"] = table.groupby("to").cumcount() + 1
    empty = tables.get("escalations").empty()
    return table[list(empty)].astype(empty.dtypes).reset_index(drop=True)


def care_plan(
    facts: pd.DataFrame, customer_value: pd.DataFrame, next_actions: pd.DataFrame, manager: pd.Series, checkup: pd.Series,
    complained: pd.Series, portfolio: int = 50, managers: int = 4,
) -> pd.DataFrame:  # fmt: skip
    """Who has a manager, and who is asked whether everything was all right: the table ``care_plan``.

    Only customers whose consent is known. A manager begins with the customer's next action, with open complaints first. Those
    outside the fence for whom no action pays, and who never complained, are asked if that pays.

    Parameters:
        facts: From :func:`idic_lab.monitor.plan.customer_facts`; the other tables are those of the pipeline.
        manager, checkup: Rows of :func:`lift`, with the cost of each.
        complained: ``customer_id`` of all who ever complained.
        portfolio: Customers one manager looks after.
        managers: How many there are.
    Returns:
        DataFrame: ``customer_id``, ``care`` (manager or checkup), ``manager`` (number; 0 for a checkup), ``place`` (in the order of
            work), ``channel``, ``first_step``, ``residual_value``, ``expected_profit`` (currency a year).

    >>> facts = pd.DataFrame({"customer_id": ["a", "b", "c"], "channel": ["email", "none", "phone"], "complaint": False})
    >>> worth, acts = facts[["customer_id"]].assign(residual_value=[500.0, 900.0, 90.0]), facts.assign(action="none")
    >>> manager, call = pd.Series({"lift": 0.03, "cost": 6.0}), pd.Series({"lift": 0.03, "cost": 2.0})
    >>> care_plan(facts, worth, acts, manager, call, facts["customer_id"].head(0))[["customer_id", "care"]].to_numpy().tolist()
    [['a', 'manager'], ['c', 'checkup']]
    """
    known = facts.merge(customer_value[["customer_id", "residual_value"]], on="customer_id")
    known = known[~known["channel"].isin([NONE, UNKNOWN])]
    due = next_actions.set_index("customer_id").loc[known["customer_id"]].reset_index()
    known = known.reset_index(drop=True).assign(first_step=due["action"])
    known["channel"] = due["channel"].where(due["action"].ne(NOTHING), known["channel"])
    profit = {
        name: given["lift"] * known["residual_value"] - given["cost"]
        for name, given in (("manager", manager), ("checkup", checkup))
    }
    managed = profit["manager"][profit["manager"] > 0].nlargest(portfolio * managers).index
    content = ~known["complaint"] & ~known["customer_id"].isin(complained)
    free = known["first_step"].eq(NOTHING)
    asked = known.index[free & content & (profit["checkup"] > 0)].difference(managed)
    theirs = known.loc[managed].assign(care="manager", expected_profit=profit["manager"][managed])
    needed = max(-(-len(theirs) // portfolio), 1)
    theirs["manager"] = 1 + np.arange(len(theirs)) % needed  # dealt out, so that portfolios are alike
    others = known.loc[asked].assign(care="checkup", expected_profit=profit["checkup"][asked])
    others = others.assign(manager=0, first_step=CHECKUP)
    plan = pd.concat([part for part in (theirs, others) if len(part)] or [theirs])
    order = {"care": False, "complaint": False, "expected_profit": False, "customer_id": True}
    plan = plan.sort_values(list(order), ascending=list(order.values()))
    plan["place"] = plan.groupby(["care", "manager"]).cumcount() + 1
    empty = tables.get("care_plan").empty()
    return plan[list(empty)].astype(empty.dtypes).reset_index(drop=True)


def points_owed(
    points: pd.DataFrame, worth: float = 0.01, confidence: float = 0.95, n_bootstrap: int = 999, random_state: int = 0
) -> pd.DataFrame:
    """What the points that are still open will cost, by how points of the same age were redeemed in the end.

    Points that have had their whole time to be redeemed teach it, four weeks of age by four weeks. The interval is that of the
    expected cost; customers are resampled, since one who redeems once redeems again.

    Parameters:
        points: Table ``points``.
        worth: Currency per point.
    Returns:
        DataFrame: Two rows, ``what``: "redeemed in the end" (share of all points; one less it is the breakage) and "owed" (currency):
            ``value``, ``low``, ``high``; ``face`` (all points, and all open points).
    Raises:
        DataError: Where no points are old enough to have expired.

    >>> lots = pd.DataFrame({"customer_id": list("abcd"), "points": [100, 100, 100, 200],
    ...     "date": pd.to_datetime(["2023-01-01"] * 3 + ["2024-06-01"]), "redeemed_on": pd.to_datetime(["2023-02-10", None, None, None])})
    >>> points_owed(lots, worth=1.0)[["value", "face"]].round(2).to_numpy().tolist()
    [[0.33, 500.0], [66.67, 200.0]]
    """
    end = points[["date", "redeemed_on"]].max().max()
    age, after = (end - points["date"]).dt.days, (points["redeemed_on"] - points["date"]).dt.days
    old = age >= EXPIRE_DAYS
    if not points.loc[old, "points"].sum():
        raise DataError(f"No points are {EXPIRE_DAYS} days old, so nobody knows how many are redeemed in the end.")
    months = np.arange(14, EXPIRE_DAYS, 28)  # the middle of each
    codes, members = pd.factorize(points["customer_id"])
    number, redeemed = points["points"].to_numpy(float), after.notna().to_numpy()
    was_open = old.to_numpy()[:, None] & (after.fillna(np.inf).to_numpy()[:, None] > months)
    had, later = np.zeros((2, len(members), len(months)))
    np.add.at(had, codes, was_open * number[:, None])
    np.add.at(later, codes, was_open * (number * redeemed)[:, None])
    due = ~old.to_numpy() & ~redeemed
    still = np.bincount(np.minimum(age[due] // 28, len(months) - 1), number[due], minlength=len(months))
    weights = np.vstack(
        [np.ones(len(members), dtype=int), resampling.draws_of(len(members), n_bootstrap, random_state)]
    )
    shares = (weights @ later) / np.maximum(weights @ had, 1e-9)
    owed = worth * shares @ still
    in_the_end = intervals.ratio(later[:, 0][had[:, 0] > 0], had[:, 0][had[:, 0] > 0], confidence)
    rows = [("redeemed in the end", *in_the_end, number.sum())]
    rows.append(("owed", owed[0], *resampling.percentiles(owed[1:], confidence), worth * number[due].sum()))
    return pd.DataFrame(rows, columns=["what", "value", "low", "high", "face"])


def path_to_second(
    transactions: pd.DataFrame, web_events: pd.DataFrame, identity_links: pd.DataFrame, days: int = 60
) -> pd.DataFrame:
    """How far newcomers who can be seen online came within so many days of their first order.

    Parameters:
        days: Watched after the first order; who came later than that before the end is left out.
    Returns:
        DataFrame: A row per customer seen on the web or in the app: ``customer_id``, and whether they ``looked`` again, filled a
            ``basket`` and ``ordered`` again (flags); who did a later thing did the earlier.

    >>> days = pd.to_datetime(["2024-01-01", "2024-02-01", "2024-01-02", "2024-12-31"])
    >>> buys = pd.DataFrame({"customer_id": ["a", "a", "b", "c"], "date": days})
    >>> seen = pd.DataFrame({"record_id": ["r", "s"], "date": days[:2], "event": "view"})
    >>> links = pd.DataFrame({"record_id": ["r", "s"], "customer_id": ["a", "b"]})
    >>> path_to_second(buys, seen, links)[["looked", "ordered"]].to_numpy().tolist()
    [[True, True], [True, False]]
    """
    bought = transactions.sort_values("date", kind="stable")
    first = bought.drop_duplicates("customer_id").set_index("customer_id")
    first = first[first["date"] <= bought["date"].max() - pd.Timedelta(days=days)]
    visits = of_customers(web_events, identity_links)

    def did(events: pd.DataFrame) -> pd.Index:
        since = (events["date"] - events["customer_id"].map(first["date"])).dt.days
        return pd.Index(events.loc[since.between(1, days), "customer_id"].unique())

    table = first[first.index.isin(visits["customer_id"])].reset_index()
    ordered = table["customer_id"].isin(did(bought))
    basket = ordered | table["customer_id"].isin(did(visits[visits["event"].isin(["basket", "checkout"])]))
    looked = basket | table["customer_id"].isin(did(visits))
    table = table.assign(looked=looked, basket=basket, ordered=ordered)
    return table[["customer_id", "looked", "basket", "ordered"]]


def steps(path: pd.DataFrame, confidence: float = 0.95) -> pd.DataFrame:
    """How many come to each step of a path, and which share of those at the step before goes on.

    Parameters:
        path: As :func:`path_to_second` gives.
    Returns:
        DataFrame: ``step``, ``customers``, ``go_on``, ``low``, ``high`` (shares; missing at the first step), ``stop`` (customers who
            did not come to this step).

    >>> steps(pd.DataFrame({"looked": [True, True, False], "basket": [True, False, False], "ordered": False}))["stop"].tolist()
    [0, 1, 1, 1]
    """
    counts = [len(path), *(int(path[step].sum()) for step in ("looked", "basket", "ordered"))]
    rows = [("first order", counts[0], np.nan, np.nan, np.nan, 0)]
    for name, before, now in zip(
        ("looked again", "filled a basket", "ordered again"), counts, counts[1:], strict=False
    ):
        on = intervals.share(now, before, confidence) if before else (np.nan,) * 3
        rows.append((name, now, *on, before - now))
    return pd.DataFrame(rows, columns=["step", "customers", "go_on", "low", "high", "stop"])
