"""The contact plan: week by week, within budget, consent and a cap on contacts."""

from __future__ import annotations

import itertools
from collections.abc import Iterable

import numpy as np
import pandas as pd

from idic_lab import figures
from idic_lab.allocation import NOBODY, allocate, upper_bound
from idic_lab.dataframes import allowing, given_day
from idic_lab.errors import ContractError, DataError
from idic_lab.interact.channels import contacts as past
from idic_lab.interact.channels.contacts import WINDOW_DAYS, recent_contacts, spoken
from idic_lab.tables import CHANNELS, get


def contact_plan(
    preferences: pd.DataFrame,
    costs: pd.DataFrame,
    history: pd.DataFrame,
    start: pd.Timestamp,
    weekly_budget: float,
    weeks: int = 4,
    cap: int = 2,
    fatigue: float = 0.0,
    value: pd.DataFrame | None = None,
    excluded: Iterable[str] = (),
    method: str = "greedy",
    once: bool = False,
) -> pd.DataFrame:
    """Whom to contact in which week on which channel.

    Each week in turn gets the contacts that bring most within its budget: at most one per customer, only on channels the
    customer is known to allow, and never one more than `cap` within 28 days, those of the past counted. A contact brings
    its expected response, tired by the contacts just before it; with `value`, what that is worth, less the cost.

    Parameters:
        preferences: The table ``channel_preferences``.
        costs: ``channel``, ``cost`` (currency per contact); channels without a cost are not used.
        history: ``customer_id``, ``date`` of contacts made before `start`, the first day of the first week.
        weekly_budget: Currency; what one week leaves over is not carried into the next.
        fatigue: Fall of the log response rate per recent contact, as :func:`fatigue` estimates.
        value: ``value`` (currency per response) by ``channel``, as :func:`response_values` gives, by ``customer_id``,
            or by both; what is not in it is worth 0 and not contacted. Without it all responses count alike.
        excluded (iterable of customer ids): Not to be contacted, as while a complaint is open.
        method ({"greedy", "exact"}): How each week is solved; see :func:`idic_lab.allocation.allocate`.
        once: Whether nobody is contacted a second time in these weeks.

    >>> liked = pd.DataFrame({"customer_id": ["ann", "ann", "bob"], "channel": ["email", "phone", "email"],
    ...     "response_rate": [0.2, 0.4, 0.3], "allowed": [True, True, None], "best_time": "morning"})
    >>> costs = pd.DataFrame({"channel": ["email", "phone"], "cost": [0.1, 1.0]})
    >>> past = pd.DataFrame({"customer_id": ["ann"], "date": pd.to_datetime(["2025-01-01"])})
    >>> worth = pd.DataFrame({"channel": ["email", "phone"], "value": [0.5, 4.0]})
    >>> [contact_plan(liked, costs, past, pd.Timestamp("2025-03-03"), 2, 1, value=each)["channel"].tolist()
    ...     for each in (worth, worth.assign(value=1.0))]  # nobody knows whether bob agrees
    [['phone'], ['email']]
    """
    for name, number in {"weekly_budget": weekly_budget, "weeks": weeks, "cap": cap, "fatigue": fatigue}.items():
        if not number >= 0:
            raise DataError(f"{name} must be 0 or more, found {number!r}.")
    if len(history) and history["date"].max() >= given_day(start, "start"):
        last = f"{history['date'].max():%Y-%m-%d}"
        raise DataError(f"A plan from {start:%Y-%m-%d} cannot have a history that runs to {last}.")
    offered = _Offered(preferences, costs, excluded, value)
    rows, planned = [], history[["customer_id", "date"]]
    for week in range(weeks):
        day = given_day(start, "start") + pd.Timedelta(days=7 * week)
        recent, expected, gain = offered.on(day, planned, cap, fatigue)
        chosen = allocate(gain, offered.cost, weekly_budget, method)
        used = np.flatnonzero(chosen != NOBODY)
        part = pd.DataFrame(
            {
                "customer_id": offered.ids[used],
                "date": pd.Series(day, index=range(len(used)), dtype="datetime64[us]"),
                "channel": offered.channels[chosen[used]],
                "time_of_day": offered.times[used],
                "recent_contacts": recent[used],
                "expected_responses": expected[used, chosen[used]],
                "expected_value": (expected * offered.worth)[used, chosen[used]] if offered.valued else np.nan,
                "cost": offered.cost[chosen[used]],
            }
        )
        rows.append(part.iloc[np.argsort(-gain[used, chosen[used]], kind="stable")])
        planned = pd.concat([planned, part[["customer_id", "date"]]], ignore_index=True)
        if once:
            offered.rate[used] = 0.0
    if not rows:
        return get("contact_plan").empty()
    plan = pd.concat(rows, ignore_index=True)
    return plan.astype({"customer_id": "str", "channel": "str", "time_of_day": "str", "recent_contacts": "int64"})


def plan_for(
    actions: pd.DataFrame,
    preferences: pd.DataFrame,
    interactions: pd.DataFrame,
    identity_links: pd.DataFrame,
    transactions: pd.DataFrame,
    weekly_budget: float = 150.0,
    weeks: int = 4,
    cap: int = 2,
    greetings: pd.DataFrame | None = None,
) -> pd.DataFrame:
    """The table ``contact_plan``: in which week each customer is told what there is to say; who gets no place in it waits.

    A contact on the channel of the action brings what the action promises, and what it pays for the contact; a question
    brings what a response is worth. The plan begins on the day after the last interaction and keeps to consent.

    Parameters:
        actions: ``customer_id``, ``action``, ``channel``, ``expected_profit``: those of the table ``next_actions`` for
            which a contact is begun, one for each customer.
        preferences: The table ``channel_preferences``; the other tables are those of the data set.
        weekly_budget, weeks, cap: As for :func:`contact_plan`.
        greetings: Table ``greetings``; those that fall into these weeks count against the cap.

    >>> talks = pd.DataFrame({"record_id": ["r1", "r2"] * 2, "date": pd.to_datetime(["2025-02-09"] * 2 + ["2025-03-02"] * 2)})
    >>> talks = talks.assign(interaction_id=talks.index, hour=9, channel="email", direction="outbound", purpose="news", cost=0.1)
    >>> talks["responded"] = [True, True, False, True]
    >>> links = pd.DataFrame({"record_id": ["r1", "r2"], "customer_id": ["ann", "bob"]})
    >>> acts = links.assign(action=["question", "keep"], channel="email", expected_profit=[np.nan, 5.0])
    >>> liked = links.assign(channel="email", response_rate=0.4, allowed=True, best_time="morning")
    >>> plan_for(acts, liked, talks, links, pd.DataFrame({"amount": [500.0]}), cap=3)[["customer_id", "action"]].to_numpy().tolist()
    [['bob', 'keep'], ['ann', 'question']]
    """
    contacts, start = past.outbound_contacts(interactions, identity_links), interactions["date"].max()
    costs, worth = past.channel_costs(contacts), past.response_values(transactions)
    said = preferences.merge(actions[["customer_id", "channel", "expected_profit"]]).merge(costs).merge(worth)
    promised = (said["expected_profit"] + said["cost"]) / said["response_rate"].clip(lower=1e-9)
    value = said[["customer_id", "channel"]].assign(value=promised.fillna(said["value"]))
    tired = max(past.fatigue(contacts)["fatigue"].iloc[0], 0.0)
    limits = start + pd.Timedelta(days=1), weekly_budget, weeks, cap
    if greetings is not None:
        days = {f"{day:%m-%d}" for day in pd.date_range(limits[0], periods=7 * weeks)}
        coming = greetings.loc[greetings["day"].isin(days), ["customer_id"]].assign(date=start)
        contacts = pd.concat([contacts[["customer_id", "date"]], coming], ignore_index=True)
    plan = contact_plan(said, costs, contacts, *limits, tired, value, once=True)
    return plan.assign(action=plan["customer_id"].map(actions.set_index("customer_id")["action"]).astype("str"))


class _Offered:
    """Customers by channels, as arrays: response rates (0 where not known to be allowed), worth and costs."""

    def __init__(self, preferences, costs, excluded=(), value=None):
        mine = preferences[~preferences["customer_id"].isin(list(excluded))]
        rates = mine.assign(rate=mine["response_rate"].where(mine["allowed"].eq(True).fillna(False), 0.0))
        rates = rates.set_index(["customer_id", "channel"])["rate"].unstack("channel")  # noqa: PD010
        priced = costs[costs["channel"].isin(rates.columns)]
        self.ids, self.channels = rates.index.to_numpy(dtype=object), priced["channel"].to_numpy(dtype=object)
        self.cost = priced["cost"].to_numpy(float)
        self.rate = rates.reindex(columns=self.channels).fillna(0.0).to_numpy(copy=True)
        times = mine.drop_duplicates("customer_id").set_index("customer_id")["best_time"]
        self.times = times.reindex(rates.index).to_numpy(dtype=object)
        self.valued, self.worth = value is not None, np.ones_like(self.rate)
        if self.valued:
            by = [name for name in ("customer_id", "channel") if name in value]
            grid = pd.MultiIndex.from_product([self.ids, self.channels], names=["customer_id", "channel"])
            asked = grid if len(by) == 2 else grid.get_level_values(by[0])
            found = value.set_index(by if len(by) == 2 else by[0])["value"].reindex(asked)
            self.worth = found.fillna(0.0).to_numpy(float).reshape(self.rate.shape)

    def on(self, day, planned, cap, fatigue):
        """Recent contacts by a day, and expected responses and gain of a contact on it."""
        recent = recent_contacts(pd.DataFrame({"customer_id": self.ids, "date": day}), planned)
        expected = self.rate * np.exp(-fatigue * recent)[:, None]
        gain = expected * self.worth - (self.cost if self.valued else 0.0)
        return recent, expected, np.where((recent < cap)[:, None] & (self.rate > 0), gain, 0.0)


def check_plan(
    plan: pd.DataFrame, consents: pd.DataFrame, history: pd.DataFrame, weekly_budget: float, cap: int
) -> pd.DataFrame:
    """Return `plan` unchanged when it keeps to consent, cap and budget, else raise ContractError; as an auditor would.

    >>> plan = pd.DataFrame({"customer_id": ["ann"], "channel": "email", "date": pd.to_datetime(["2025-03-03"]), "cost": 0.1})
    >>> said = pd.DataFrame({"customer_id": ["ann"], "channel": ["email"], "allowed": [None]})
    >>> check_plan(plan, said, plan.head(0), weekly_budget=1, cap=2)
    Traceback (most recent call last):
    ...
    idic_lab.errors.ContractError: The contact plan breaks its rules: 1 contacts without consent, the first by email.
    """
    allowed = set(allowing(consents)[["customer_id", "channel"]].itertuples(index=False, name=None))
    pairs = plan[["customer_id", "channel"]].itertuples(index=False, name=None)
    without = [pair for pair in pairs if pair not in allowed]
    spent = plan.groupby("date")["cost"].sum()
    contacts = pd.concat([history[["customer_id", "date"]], plan[["customer_id", "date"]]])
    near = plan[["customer_id", "date"]].merge(contacts, on="customer_id", suffixes=("", "_other"))
    near = near[(near["date"] - near["date_other"]).dt.days.between(0, WINDOW_DAYS)]
    within = near.groupby(["customer_id", "date"]).size()
    breaches = []
    if without:
        breaches.append(f"{len(without):,} contacts without consent, the first by {without[0][1]}")
    if (spent > weekly_budget + 1e-9 * max(weekly_budget, 1.0)).any():
        breaches.append(f"{spent.max():,.2f} spent in a week with a budget of {weekly_budget:,.2f}")
    if (within > cap).any():
        breaches.append(f"a customer with {within.max()} contacts within {WINDOW_DAYS} days, more than {cap}")
    if breaches:
        raise ContractError("The contact plan breaks its rules: " + "; ".join(breaches) + ".")
    return plan


def compare_first_week(
    preferences: pd.DataFrame, weekly_budget: float, cap: int = 2, **setting: object
) -> pd.DataFrame:
    """What the first week brings beyond its cost (currency): planned, at best, and by two habits under the same rules.

    The settings are those of :func:`contact_plan`. The habits take customers as they come, each on the cheapest channel
    allowed or on the preferred one, until the budget ends.
    """
    limits = {"weekly_budget": weekly_budget, "cap": cap}
    rows = {}
    for name, method in {"the plan": "greedy", "the best there is": "exact"}.items():
        made = contact_plan(preferences, weeks=1, method=method, **limits, **setting)
        rows[name] = (made["expected_value"] - made["cost"]).sum()
    rows["no plan can exceed"] = _bound(preferences, **limits, **setting)
    choices = {
        "preferred channel, as they come": preferences[preferences["preferred"]],
        "cheapest channel, as they come": preferences,
    }
    rows |= {name: _as_they_come(choice, **limits, **setting) for name, choice in choices.items()}
    return pd.DataFrame({"week": rows.keys(), "expected": rows.values()})


def _bound(preferences, weekly_budget, cap, costs, history, start, fatigue=0.0, value=None, excluded=()) -> float:
    offered = _Offered(preferences, costs, excluded, value)
    return upper_bound(offered.on(given_day(start, "start"), history, cap, fatigue)[2], offered.cost, weekly_budget)


def _as_they_come(choice, weekly_budget, cap, costs, history, start, fatigue=0.0, value=None, excluded=()) -> float:
    """What the first customers whom the week's budget covers bring beyond their cost, each on one channel."""
    usable = allowing(choice[~choice["customer_id"].isin(list(excluded))]).merge(costs, on="channel")
    usable = usable.merge(value, on="channel").sort_values(["cost", "customer_id"])
    usable = usable.drop_duplicates("customer_id").sort_values("customer_id")
    recent = recent_contacts(usable[["customer_id"]].assign(date=start), history)
    usable, recent = usable[recent < cap], recent[recent < cap]
    expected = usable["response_rate"] * usable["value"] * np.exp(-fatigue * recent) - usable["cost"]
    return expected[usable["cost"].cumsum() <= weekly_budget].sum()


def budget_curve(
    preferences: pd.DataFrame, budgets: Iterable[float], caps: Iterable[int] = (1, 2, 4), **setting: object
) -> pd.DataFrame:
    """What plans of all weeks bring under other budgets and caps: ``cap``, ``weekly_budget``, ``expected_value`` (currency)."""
    tried = pd.DataFrame(itertools.product(caps, budgets), columns=["cap", "weekly_budget"])
    plans = (contact_plan(preferences, **limits, **setting) for limits in tried.to_dict("records"))
    return tried.assign(expected_value=[plan["expected_value"].sum() for plan in plans])


def plot_contact_plan(preferences: pd.DataFrame, *, ax: figures.Axes | None = None, **setting: object) -> figures.Axes:
    """The plan that :func:`contact_plan` makes of these settings: what is expected per week, by channel.

    >>> liked = pd.DataFrame({"customer_id": ["ann", "bob"], "channel": "email", "response_rate": 0.5,
    ...     "allowed": True, "best_time": "morning"})
    >>> costs, past = pd.DataFrame({"channel": ["email"], "cost": [0.5]}), pd.DataFrame({"customer_id": [], "date": []})
    >>> setting = {"costs": costs, "history": past, "start": pd.Timestamp("2025-03-03"), "weekly_budget": 1, "weeks": 1}
    >>> plot_contact_plan(liked, **setting).get_title()
    '2 contacts for 1 bring 1 expected responses'
    """
    plan = contact_plan(preferences, **setting)
    ax = figures.axes(ax)
    valued = plan["expected_value"].notna().any()
    expected = "expected_value" if valued else "expected_responses"
    sums = plan.groupby(["date", "channel"])[expected].sum().unstack(fill_value=0.0)  # noqa: PD010
    floor = np.zeros(len(sums))
    colours = (figures.BLUE, figures.ORANGE, figures.GREEN, figures.VERMILION, figures.SKY)
    hatches = ("", "//", "", "..", "")  # told apart in grey print
    for channel, colour, hatch in zip(CHANNELS, colours, hatches, strict=True):
        if channel not in sums:
            continue
        look = {"color": colour, "hatch": hatch, "edgecolor": "white", "label": spoken(channel)}
        ax.bar(range(len(sums)), sums[channel], bottom=floor, **look)
        floor += sums[channel].to_numpy()
    ax.set_xticks(range(len(sums)), [f"{day:%d %b}" for day in sums.index])
    ax.grid(axis="x", visible=False)
    total = f"{plan[expected].sum():,.0f}"
    brings = f"responses worth {total}" if valued else f"{total} expected responses"
    title = f"{len(plan):,} contacts for {plan['cost'].sum():,.0f} bring {brings}"
    across = "week beginning"
    up = "expected worth of responses ({currency})" if valued else "expected responses"
    legend = len(plan) > 0 and figures.BESIDE
    return figures.finish(ax, title, across, up, ylim=(0, 1.05 * max(floor.max(initial=0.0), 1.0)), legend=legend)


def plot_budget_curve(curve: pd.DataFrame, ax: figures.Axes | None = None) -> figures.Axes:
    """What a plan brings by weekly budget, one line per cap, from :func:`budget_curve`.

    >>> plot_budget_curve(pd.DataFrame({"cap": 2, "weekly_budget": [0, 50, 100], "expected_value": [0.0, 80.0, 100.0]})
    ...     ).get_title()
    'The first 50 a week bring 80, the last 50 bring 20 (at most 2\\ncontacts in 28 days)'
    """
    ax = figures.axes(ax)
    for mark, (cap, part) in zip("os^Dv" * 9, curve.groupby("cap"), strict=False):
        label = f"at most {cap} contact{'s' if cap > 1 else ''} in 28 days"
        ax.plot(part["weekly_budget"], part["expected_value"], marker=mark, label=label)
    top = curve[curve["cap"] == curve["cap"].max()].sort_values("weekly_budget")
    money, worth = top["weekly_budget"].diff(), top["expected_value"].diff()
    title = (
        f"The first {money.iloc[1]:,.0f} a week bring {worth.iloc[1]:,.0f}, the last {money.iloc[-1]:,.0f} bring "
        f"{worth.iloc[-1]:,.0f} (at most {top['cap'].iloc[0]} contacts in 28 days)"
    )
    up = "worth of responses in all weeks ({currency})"
    return figures.finish(ax, title, "budget per week ({currency})", up, y_format="count", ylim=(0, None), legend=True)
