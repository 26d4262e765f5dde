"""From findings to actions: the table action_plan."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import pandas as pd

from idic_lab import tables
from idic_lab.errors import DataError, UnknownName
from idic_lab.monitor.plan.overlap import counted_once
from idic_lab.monitor.plan.plays import PLAYS, Play

UNITS = {
    "active_share": "share who bought in 91 days",
    "second_purchase_share": "share who bought twice",
    "share_of_wallet": "share of category spend",
    "cost_to_serve": "currency per customer and year",
    "offer_profit": "currency per customer",
}
_WORTH = ("lifetime", "purchase", "growth", "saving")


def action_plan(
    facts: pd.DataFrame,
    segments: pd.DataFrame,
    begins: pd.Timestamp,
    plays: Iterable[Play] = PLAYS,
    offers: pd.DataFrame | None = None,
    policy: pd.DataFrame | None = None,
) -> pd.DataFrame:
    """The plan: for each play and segment it applies to, baseline, target, cost and expected return.

    Parameters
    ----------
    facts : DataFrame
        From `customer_facts`.
    segments : DataFrame
        Table ``segments``; a play whose segments nobody is in is left out.
    begins : Timestamp
        First day of the plan.
    plays : iterable of Play
    offers : DataFrame, optional
        Table ``offers``: those made become one action, its return as estimated
        from the trial they come from, for those who may be contacted.
    policy : DataFrame, optional
        Table ``policy`` of the round before: where it chooses an offer for a segment, that is an action too, and the
        action from ``offers`` is left to it.

    Returns
    -------
    DataFrame
        Table ``action_plan``, most profitable first. A customer can be in several actions; the columns ``counted_...`` count
        each in one of them (`counted_once`).

    Raises
    ------
    DataError
        When no play applies to anybody.
    """
    rows = []
    for play in plays:
        if play.worth not in _WORTH:
            raise UnknownName("worth of a success", play.worth, _WORTH)
        if play.kpi not in UNITS:
            raise UnknownName("measure of a play", play.kpi, UNITS)
        for segment in play.segments:
            members = segments.loc[
                segments["scheme"].eq(play.scheme) & segments["segment"].eq(segment), "customer_id"
            ]
            row = _action(play, segment, facts[facts["customer_id"].isin(members)], begins)
            rows += [row] if row else []
    if policy is not None and len(policy):
        rows += _learned(policy, facts, segments, begins)
    elif offers is not None and offers["made"].any():
        rows += _tested(offers[offers["made"]], facts, begins)
    if not rows:
        raise DataError(
            f"No play applies: the segments are of {', '.join(sorted(segments['scheme'].unique())) or 'no scheme'}."
        )
    empty = tables.get("action_plan").empty()
    each = pd.concat([row.pop("each").assign(action_id=row["action_id"]) for row in rows], ignore_index=True)
    table = pd.DataFrame(rows)
    table["expected_profit"] = table["expected_return"] - table["cost"]
    positive = table["expected_return"] > 0
    table["break_even"] = (table["cost"] / table["expected_return"].where(positive)).astype(float)
    paying = each["action_id"].isin(table.loc[table["expected_profit"] > 0, "action_id"])
    table = table.merge(counted_once(each[paying]), on="action_id", how="left")
    counted = ["counted_customers", "counted_return", "counted_cost"]
    table[counted] = table[counted].fillna(0)
    return table.sort_values("expected_profit", ascending=False, ignore_index=True)[list(empty)].astype(
        empty.dtypes
    )


def _action(play: Play, segment: str, mine: pd.DataFrame, begins: pd.Timestamp) -> dict | None:
    known = mine[mine[play.worth].notna()]
    if known.empty:
        return None
    reachable = known[known["channel"] != "none"]
    baseline = _baseline(play.kpi, known)
    share = len(reachable) / len(known)
    saved = play.kpi == "cost_to_serve"
    # A share cannot rise above 1, so a play for those who all do it already brings nothing.
    room = 1.0 if saved else min(play.lift, max(1 - baseline, 0)) / play.lift
    lift = play.lift * room
    target = baseline * (1 - lift * share) if saved else baseline + lift * share
    each = _each(reachable["customer_id"], lift * reachable[play.worth], play.unit_cost)
    return {
        "action_id": f"{play.name}-{segment.replace(' ', '-')}",
        "scheme": play.scheme,
        "segment": segment,
        "customers": len(known),
        "reachable": len(reachable),
        "goal": play.goal,
        "tactic": play.tactic,
        "channel": _usual(reachable["channel"]),
        "offer": play.offer,
        "owner": play.owner,
        "kpi": play.kpi,
        "unit": UNITS[play.kpi],
        "baseline": baseline,
        "target": target,
        "starts": begins,
        "review_date": begins + pd.Timedelta(weeks=play.weeks),
        "expected_return": float(each["expected_return"].sum()),
        "cost": float(each["cost"].sum()),
        "basis": "assumed",
        "each": each,
    }


def _each(customers: pd.Series, returned: pd.Series | float, cost: pd.Series | float) -> pd.DataFrame:
    """What an action should return and cost for each customer it reaches."""
    return pd.DataFrame({"customer_id": customers, "expected_return": returned, "cost": cost})


def _baseline(kpi: str, mine: pd.DataFrame) -> float:
    if kpi == "active_share":
        return float(mine["active"].mean())
    if kpi == "second_purchase_share":
        return float(mine["repeated"].mean())
    if kpi == "share_of_wallet":
        return float(mine["spend"].sum() / max(mine["wallet"].sum(), 1e-9))
    return float(mine["saving"].mean())


def _usual(channels: pd.Series) -> str:
    return "none" if channels.empty else str(channels.value_counts().sort_index().idxmax())


def _tested(made: pd.DataFrame, facts: pd.DataFrame, begins: pd.Timestamp) -> list[dict]:
    """One action per offer made, with the return that the trial lets expect."""
    rows = []
    for offer, part in made.groupby("offer"):
        mine = facts[facts["customer_id"].isin(part["customer_id"])]
        profit = float(part["expected_profit"].mean())
        reached = part[part["customer_id"].isin(mine.loc[mine["channel"] != "none", "customer_id"])]
        rows.append(
            _offer_action(
                f"offer-{offer}",
                ("offers", "customers the offer pays for"),
                offer,
                (len(part), len(reached)),
                mine,
                (0.0, profit),
                begins,
                _each(reached["customer_id"], reached["expected_return"], reached["expected_cost"]),
            )
        )
    return rows


def _learned(policy: pd.DataFrame, facts: pd.DataFrame, segments: pd.DataFrame, begins) -> list[dict]:
    """One action per segment for which the policy would rather give an offer than nothing."""
    rows = []
    for (scheme, segment), arms in policy.groupby(["scheme", "segment"]):
        best = arms[arms["chosen"]].iloc[0]
        control = arms[arms["offer"] == "control"]
        members = segments.loc[segments["scheme"].eq(scheme) & segments["segment"].eq(segment), "customer_id"]
        mine = facts[facts["customer_id"].isin(members)]
        reached = mine[mine["channel"] != "none"]
        if best["offer"] == "control" or control.empty or reached.empty:
            continue
        without = float(control["expected_profit"].iloc[0])
        gain = float(best["expected_profit"]) - without
        rows.append(
            _offer_action(
                f"policy-{segment.replace(' ', '-')}",
                (scheme, segment),
                str(best["offer"]),
                (len(mine), len(reached)),
                mine,
                (without, float(best["expected_profit"])),
                begins,
                # The profits that a policy compares are after the cost of the offer.
                _each(reached["customer_id"], gain, 0.0),
            )
        )
    return rows


def _offer_action(name, group, offer, counts, mine, levels, begins, each) -> dict:
    return {
        "action_id": name,
        "scheme": group[0],
        "segment": group[1],
        "customers": counts[0],
        "reachable": counts[1],
        "goal": "a purchase that would not happen without the offer",
        "tactic": f"make the {'offer' if offer == 'offer' else f'offer {offer!r}'} of the last campaign",
        "channel": _usual(mine.loc[mine["channel"] != "none", "channel"]),
        "offer": str(offer),
        "owner": "campaign manager",
        "kpi": "offer_profit",
        "unit": UNITS["offer_profit"],
        "baseline": levels[0],
        "target": levels[1],
        "starts": begins,
        "review_date": begins + pd.Timedelta(weeks=4),
        "expected_return": float(each["expected_return"].sum()),
        "cost": float(each["cost"].sum()),
        "basis": "estimated",
        "each": each,
    }


def plan_at(plan: pd.DataFrame, effect: float) -> pd.DataFrame:
    """The plan if every assumed effect turned out at a share of what was assumed; estimated returns stay.

    Parameters
    ----------
    plan : DataFrame
        Table ``action_plan``.
    effect : float
        1 as assumed, 0.5 half of it.

    Returns
    -------
    DataFrame
        The plan with ``expected_return``, ``expected_profit`` and ``counted_return`` anew; each customer is still counted
        in the same action.
    """
    scale = np.where(plan["basis"].eq("assumed"), effect, 1.0)
    returned = plan["expected_return"] * scale
    return plan.assign(
        expected_return=returned,
        expected_profit=returned - plan["cost"],
        counted_return=plan["counted_return"] * scale,
    )
