"""What a firm may do in a quarter: a table of actions is held to the rules before anything happens."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from idic_lab.errors import DataError, pick
from idic_lab.meridian import contacts, opinions, policies, products, quarters
from idic_lab.meridian.quarters import ACTIONS, CONTACTS, MOST_CONTACTS, SERVICE_TIERS, Plan
from idic_lab.meridian.settings import SEGMENTS
from idic_lab.tables import CHANNELS, read_contracts

CONTRACTS = read_contracts(Path(__file__).with_name("shop_tables.toml"))
BUDGET_PER_HEAD = 3.125  # currency a quarter: 25,000 a year for 2,000 people
CALLS_PER_HEAD = 0.1  # conversations on the telephone that the firm can hold in a quarter
_DETAILS = {"message": SEGMENTS, "question": opinions.QUESTIONS, "product": products.CATEGORIES, "tier": SERVICE_TIERS}
_AMOUNTS = ("offer", "price")
_REPEATED = ("message", "question", "product")  # all else happens to a customer once in a quarter
_MOST_ROWS = MOST_CONTACTS + 3  # per customer


def as_plan(made: pd.DataFrame, ids: pd.Index, budget: float, calls: int) -> tuple[Plan, np.ndarray]:
    """A table of actions as numbers, checked: the plan, and the row of `ids` of each action.

    Raises:
        DataError: For a plan that the firm cannot carry out, with the first thing that stands in the way.

    >>> plan, rows = as_plan(policies.actions(["C2"], "offer", "email", amount=6.0), pd.Index(["C1", "C2"]), 10.0, 1)
    >>> rows.tolist(), plan.amount.tolist()
    ([1], [6.0])
    """
    if not isinstance(made, pd.DataFrame):
        raise DataError(f"A plan is a table (DataFrame) of actions, found {type(made).__name__}.")
    if len(made) > _MOST_ROWS * len(ids):
        raise DataError(
            f"A plan has at most {_MOST_ROWS * len(ids):,} rows here, {_MOST_ROWS} for each customer; found {len(made):,}."
        )
    odd = [str(name) for name in made.columns if name not in policies.COLUMNS]
    if odd:
        raise DataError(
            f"A plan has the columns {', '.join(policies.COLUMNS)}; found {', '.join(odd)} too. It is for the quarter that "
            "begins now and for nothing else."
        )
    if not len(made):
        return Plan.nothing(), np.zeros(0, dtype=np.int64)
    made = _typed(made)
    CONTRACTS["actions"].check(made, "the plan")
    if not np.isfinite(made["amount"].fillna(0)).all():
        raise DataError("An amount of the plan is infinite.")
    person = ids.get_indexer(made["customer_id"])
    if (person < 0).any():
        raise DataError(
            f"{(person < 0).sum():,} rows name no customer of this shop, first {made['customer_id'][person < 0].iloc[0]!r}; customers "
            f"are named as in transactions, such as {ids[0]!r}."
        )
    kind = made["action"].map({name: row for row, name in enumerate(ACTIONS)}).to_numpy()
    by_channel = np.isin(kind, CONTACTS)
    _fits(made, by_channel, "channel", "a channel")
    detailed = made["action"].isin(list(_DETAILS))
    _fits(made, detailed.to_numpy(), "detail", "a detail")
    _fits(made, made["action"].isin(_AMOUNTS).to_numpy(), "amount", "an amount")
    detail = np.full(len(made), -1)
    for action, names in _DETAILS.items():
        rows = (made["action"] == action).to_numpy()
        for name in made.loc[rows, "detail"].unique():
            pick(f"detail of the action {action!r}", name, names)
        detail[rows] = made.loc[rows, "detail"].map({name: row for row, name in enumerate(names)})
    channel = (
        made["channel"].map({name: row for row, name in enumerate(CHANNELS)}).fillna(-1).astype(np.int64).to_numpy()
    )
    once = made[~made["action"].isin(_REPEATED)]
    twice = once[once.duplicated(["customer_id", "action"])]
    if len(twice):
        raise DataError(
            f"Customer {twice['customer_id'].iloc[0]!r} has the action {twice['action'].iloc[0]!r} twice; once a quarter is what a firm can do."
        )
    plan = Plan(person, kind, channel, detail, made["amount"].to_numpy(np.float64))
    _affordable(plan, ids, budget, calls)
    return plan, person


def _typed(made: pd.DataFrame) -> pd.DataFrame:
    """The plan with the types of its contract where nothing but an empty column stands in the way."""
    made = made.reset_index(drop=True).copy()
    for name, column in CONTRACTS["actions"].columns.items():
        if name not in made and column.nullable:
            made[name] = None
        if name in made and made[name].isna().all():
            made[name] = made[name].astype("float64" if column.type == "number" else "str")
        elif name in made and column.type == "number" and pd.api.types.is_numeric_dtype(made[name]):
            made[name] = made[name].astype("float64")
        elif name in made and column.type == "text" and pd.api.types.is_string_dtype(made[name].dropna()):
            made[name] = made[name].astype("str")
    return made


def _fits(made: pd.DataFrame, wanted: np.ndarray, column: str, what: str) -> None:
    given = made[column].notna().to_numpy()
    for rows, verb in ((wanted & ~given, "needs"), (~wanted & given, "takes no")):
        if rows.any():
            what = what.split()[-1] if verb == "takes no" else what
            first = made[rows].iloc[0]
            raise DataError(f"The action {first['action']!r} {verb} {what}; see customer {first['customer_id']!r}.")


def _affordable(plan: Plan, ids: pd.Index, budget: float, calls: int) -> None:
    by_channel = plan.channel >= 0
    many = np.bincount(plan.person[by_channel], minlength=1)
    if many.max() > MOST_CONTACTS:
        raise DataError(
            f"Customer {ids[int(many.argmax())]!r} would be contacted {many.max()} times; once a week, {MOST_CONTACTS} times a quarter, is the most."
        )
    on_phone = int((plan.channel == CHANNELS.index("phone")).sum())
    if on_phone > calls:
        raise DataError(
            f"The plan holds {on_phone:,} conversations on the telephone; the firm can hold {calls:,} in a quarter."
        )
    cost = float(
        contacts.COST_OUT[plan.channel[by_channel]].sum()
        + quarters.GIFT * len(plan.of(quarters.CARE).person)
        + quarters.ANSWER_COST * len(plan.of(quarters.COMPLAINT).person)
        + quarters.TIER_COST[plan.of(quarters.TIER).detail].sum()
    )
    if cost > budget + 1e-6:
        raise DataError(f"The plan costs {cost:,.2f}; the budget of the quarter is {budget:,.2f}.")
