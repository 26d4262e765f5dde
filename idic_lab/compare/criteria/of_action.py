"""The criterion of action: what a firm gains that lets the segments decide whom it does what for, in a shop that answers."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import pandas as pd

from idic_lab.compare.registry import Score, criterion
from idic_lab.compare.segmentation import NotApplicable
from idic_lab.meridian import policies
from idic_lab.meridian.game import World

PILOT, ACTED = 2, 4  # quarters in which the actions are tried at random, and in which the best is done
FORTUNES = 2
Z = 1.96
_ARMS = ("none", "offer", "care", "question", "tier")
_TRUST = 40  # customers of a segment and arm at which its own mean counts as much as everybody's


@criterion(
    "profit_when_acted_upon",
    main="by_segment",
    question="What does it bring per customer to try five actions at random, and then do for each segment what did best in it?",
)
def profit_when_acted_upon(segmentation) -> Score:
    """Gain per customer over leaving everybody alone, in the simulated shop: cash, and what customers are still worth.

    In the first two quarters every customer gets one of five actions drawn by lot: none, an offer, a word of thanks, the two
    questions that tell most, the better service tier. Then each segment gets the action after which its members left most,
    their mean, less what their past lets expect, drawn towards everybody's while it is of few. ``none`` does the same with everybody in one segment. Intervals
    are over customers, each compared with the same customer in the same quarters left alone; chances are the same in both.
    """
    shop = segmentation.customers.shop
    if shop is None:
        raise NotApplicable(f"{segmentation.customers.name} is no simulated shop, and so does not answer actions.")
    customers = segmentation.customers
    now = customers.measures if customers.later is None else customers.later
    labels = segmentation.labels if customers.later is None else segmentation.place(now)
    ids = tuple(now["customer_id"])
    values, extra = {}, {}
    for name, groups in {"by_segment": labels, "none": np.zeros_like(labels)}.items():
        gained, chosen = _gained(
            tuple(sorted(shop.items())), ids, groups.tobytes(), groups.dtype.str, segmentation.split_seed
        )
        half = Z * gained.std(ddof=1) / np.sqrt(len(gained))
        values |= {name: gained.mean(), f"{name}_low": gained.mean() - half, f"{name}_high": gained.mean() + half}
        extra[f"{name} does"] = chosen
    return Score({name: float(value) for name, value in values.items()}, extra)


@lru_cache(maxsize=2)
def _begun(shop: tuple) -> World:
    return World(**dict(shop))


@lru_cache(maxsize=4)
def _alone(shop: tuple, luck: int) -> np.ndarray:
    world = _begun(shop).again(luck)
    for _ in range(PILOT + ACTED):
        world.next()
    return world.cash + world.worth_of_each()


@lru_cache(maxsize=8)
def _gained(shop: tuple, ids: tuple, groups: bytes, kind: str, seed: int) -> tuple[np.ndarray, list[list[str]]]:
    """Gain of each customer, its mean over the fortunes, and what each segment got in the last of them."""
    labels = pd.Series(np.frombuffer(groups, dtype=kind), index=list(ids))
    total, chosen = 0.0, []
    for luck in range(1, FORTUNES + 1):
        world = _begun(shop).again(luck)
        mine = world.ids.get_indexer(labels.index)
        drawn = np.random.default_rng([seed % 2**32, luck]).integers(0, len(_ARMS), len(labels))
        arms = pd.Series(np.array(_ARMS)[drawn], index=labels.index)
        history = world.tables
        for _ in range(PILOT):
            world.next(_plan(world, arms))
        past = policies.customers(history).reindex(labels.index)[["orders", "spend", "silent"]]
        known = np.column_stack([np.ones(len(past)), np.log(past + 1)])
        unexpected = world.cash[mine] - known @ np.linalg.lstsq(known, world.cash[mine], rcond=None)[0]
        left = pd.DataFrame({"segment": labels.to_numpy(), "arm": arms.to_numpy(), "cash": unexpected})
        best = _best_arms(left)
        for _ in range(ACTED):
            world.next(_plan(world, labels.map(best)))
        total = total + (world.cash + world.worth_of_each() - _alone(shop, luck))[mine]
        chosen.append([best[segment] for segment in sorted(best)])
    return total / FORTUNES, chosen


def _best_arms(left: pd.DataFrame) -> dict[int, str]:
    """The arm after which the members of each segment left most, few members trusted little."""
    overall = left.groupby("arm")["cash"].mean()
    cells = left.groupby(["segment", "arm"])["cash"].agg(["sum", "size"]).reset_index()
    level = left.groupby("segment")["cash"].mean()
    expected = cells["segment"].map(level) + cells["arm"].map(overall - overall.mean())
    cells["mean"] = (cells["sum"] + _TRUST * expected) / (cells["size"] + _TRUST)
    return cells.sort_values("mean").groupby("segment")["arm"].last().to_dict()


def _plan(world: World, arms: pd.Series) -> pd.DataFrame:
    """The actions that the arms stand for, within the budget: where it does not reach, the largest spenders come first."""
    view = world.view
    known = policies.customers(view.tables).index
    arms = arms.reindex(known).dropna()
    mail = arms.index.isin(policies.by_email(view.tables))
    tier = arms.index[arms == "tier"][: int(0.8 * view.budget // policies.PLUS)]
    asked = arms.index[mail & (arms == "question")]
    written = {action: arms.index[mail & (arms == action)] for action in ("offer", "care")}
    return pd.concat(
        [
            policies.actions(tier, "tier", detail="plus"),
            policies.actions(written["offer"], "offer", "email", amount=policies.OFFERED),
            policies.actions(written["care"][: int(0.15 * view.budget // policies.THANKS)], "care", "email"),
            *[policies.actions(asked, "question", "email", question) for question in policies.TELLING[:2]],
        ]
    )
