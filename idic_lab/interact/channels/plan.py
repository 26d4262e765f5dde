"""The contact plan: week by week, within budget, consent and a cap on contacts."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import pandas as pd

from idic_lab.errors import ContractError, DataError, UnknownName
from idic_lab.interact.channels.allocation import NOBODY, allocate, upper_bound
from idic_lab.interact.channels.contacts import WINDOW_DAYS, recent_contacts
from idic_lab.tables import get

METHODS = ("greedy", "exact")


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
) -> pd.DataFrame:
    """Whom to contact in which week on which channel.

    Each week in turn gets the contacts that bring most within its budget: at most one per customer, only on channels
    the customer allows, and never one that would be more than the `cap`-th of that customer within 28 days, contacts
    of the past counted. A contact brings its expected response, tired by the contacts just before it; with `value`, it
    brings that times what a response of this customer is worth, less the cost.

    Parameters
    ----------
    preferences : DataFrame
        ``customer_id``, ``channel``, ``response_rate``, ``allowed``, ``best_time``.
    costs : DataFrame
        ``channel``, ``cost`` (currency per contact); channels without a cost are not used.
    history : DataFrame
        ``customer_id``, ``date`` of contacts made before `start`.
    start : Timestamp
        First day of the first week.
    weekly_budget : float
        Currency; what one week leaves over is not carried into the next.
    weeks : int
    cap : int
        Most contacts of a customer within any 28 days.
    fatigue : float
        Fall of the log response rate per recent contact, as :func:`fatigue` estimates.
    value : DataFrame, optional
        ``customer_id``, ``value`` (currency per response); customers not in it are worth 0 and not contacted.
    excluded : iterable of customer ids
        Not to be contacted, as while a complaint is open.
    method : {"greedy", "exact"}
        How each week is solved; see :func:`allocate`.

    Returns
    -------
    DataFrame
        The table ``contact_plan``, sorted by date and expected responses.

    Raises
    ------
    DataError
        A budget, cap, fatigue or number of weeks below 0, or contacts in `history` on or after `start`.
    """
    _check(weekly_budget, weeks, cap, fatigue, method, history, start)
    ids, channels, rate, cost, times = _grid(preferences, costs, excluded)
    worth = _worth(ids, value)
    rows, planned = [], history[["customer_id", "date"]]
    for week in range(weeks):
        day = pd.Timestamp(start).normalize() + pd.Timedelta(days=7 * week)
        recent = recent_contacts(pd.DataFrame({"customer_id": ids, "date": day}), planned)
        expected = rate * np.exp(-fatigue * recent)[:, None]
        gain = expected if worth is None else expected * worth[:, None] - cost
        gain = np.where((recent < cap)[:, None] & (rate > 0), gain, 0.0)
        chosen = allocate(gain, cost, weekly_budget, method)
        used = np.flatnonzero(chosen != NOBODY)
        part = pd.DataFrame(
            {
                "customer_id": ids[used],
                "date": pd.Series(day, index=range(len(used)), dtype="datetime64[us]"),
                "channel": channels[chosen[used]],
                "time_of_day": times[used],
                "recent_contacts": recent[used],
                "expected_responses": expected[used, chosen[used]],
                "cost": cost[chosen[used]],
            }
        )
        rows.append(part.sort_values("expected_responses", ascending=False, kind="stable"))
        planned = pd.concat([planned, part[["customer_id", "date"]]], ignore_index=True)
    if not rows:
        return get("contact_plan").empty()
    plan = pd.concat(rows, ignore_index=True)
    return plan.astype(
        {"customer_id": "str", "channel": "str", "time_of_day": "str", "recent_contacts": "int64"}
    )


def week_bound(
    preferences: pd.DataFrame,
    costs: pd.DataFrame,
    history: pd.DataFrame,
    start: pd.Timestamp,
    weekly_budget: float,
    cap: int = 2,
    fatigue: float = 0.0,
) -> float:
    """Most responses any choice could expect in the first week; arguments as for :func:`contact_plan`."""
    ids, _, rate, cost, _ = _grid(preferences, costs, ())
    day = pd.Timestamp(start).normalize()
    recent = recent_contacts(pd.DataFrame({"customer_id": ids, "date": day}), history)
    gain = np.where((recent < cap)[:, None], rate * np.exp(-fatigue * recent)[:, None], 0.0)
    return upper_bound(gain, cost, weekly_budget)


def check_plan(
    plan: pd.DataFrame, consents: pd.DataFrame, history: pd.DataFrame, weekly_budget: float, cap: int
) -> pd.DataFrame:
    """Return `plan` unchanged when it keeps to consent, cap and budget, else raise ContractError.

    It looks at the plan alone, as an auditor would, and shares no step with the planning.
    """
    allowed = set(
        consents.loc[consents["allowed"], ["customer_id", "channel"]].itertuples(index=False, name=None)
    )
    without = [
        pair
        for pair in plan[["customer_id", "channel"]].itertuples(index=False, name=None)
        if pair not in allowed
    ]
    spent = plan.groupby("date")["cost"].sum()
    contacts = pd.concat([history[["customer_id", "date"]], plan[["customer_id", "date"]]])
    pairs = plan[["customer_id", "date"]].merge(contacts, on="customer_id", suffixes=("", "_other"))
    before = (pairs["date"] - pairs["date_other"]).dt.days
    within = pairs[before.between(0, WINDOW_DAYS)].groupby(["customer_id", "date"]).size()
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


def _grid(preferences: pd.DataFrame, costs: pd.DataFrame, excluded: Iterable[str]):
    """Customers, channels, response rates (0 where not allowed), costs and best times, as arrays."""
    mine = preferences[~preferences["customer_id"].isin(list(excluded))]
    rates = mine.assign(rate=mine["response_rate"].where(mine["allowed"], 0.0))
    rates = rates.set_index(["customer_id", "channel"])["rate"].unstack("channel")  # noqa: PD010
    priced = costs[costs["channel"].isin(rates.columns)]
    channels = priced["channel"].to_numpy(dtype=object)
    rate = rates.reindex(columns=channels).fillna(0.0).to_numpy()
    times = mine.drop_duplicates("customer_id").set_index("customer_id")["best_time"]
    times = times.reindex(rates.index).to_numpy(dtype=object)
    return rates.index.to_numpy(dtype=object), channels, rate, priced["cost"].to_numpy(float), times


def _worth(ids: np.ndarray, value: pd.DataFrame | None) -> np.ndarray | None:
    if value is None:
        return None
    return value.set_index("customer_id")["value"].reindex(ids).fillna(0.0).to_numpy(float)


def _check(weekly_budget, weeks, cap, fatigue, method, history, start) -> None:
    for name, number in {
        "weekly_budget": weekly_budget,
        "weeks": weeks,
        "cap": cap,
        "fatigue": fatigue,
    }.items():
        if not number >= 0:
            raise DataError(f"{name} must be 0 or more, found {number!r}.")
    if method not in METHODS:
        raise UnknownName("method", method, METHODS)
    if len(history) and history["date"].max() >= pd.Timestamp(start):
        raise DataError(
            f"A plan from {start:%Y-%m-%d} cannot have a history that runs to {history['date'].max():%Y-%m-%d}."
        )
