"""Criteria of action: what a firm gains that lets the segments decide whom it contacts, or whom it does what for."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import pandas as pd
from sklearn.base import clone
from sklearn.ensemble import RandomForestRegressor
from threadpoolctl import threadpool_limits

from idic_lab.compare.criteria.of_use import FOLDS, resamples, summed
from idic_lab.compare.registry import Score, criterion
from idic_lab.compare.segmentation import NotApplicable
from idic_lab.customize import offers
from idic_lab.meridian import policies
from idic_lab.meridian.game import World

FEWEST = 200  # customers in the campaign
FOREST = RandomForestRegressor(40, min_samples_leaf=25, random_state=0)
Z = 1.96


@criterion(
    "campaign_profit",
    main="by_segment",
    question="What would a campaign have earned per customer, had segments decided who is contacted?",
)
def campaign_profit(segmentation) -> Score:
    """Profit per customer of contacting by segment, by person, by two questions, everybody, nobody or the better of these two.

    Each customer's policy is learned from the other folds: contact those whose segment (or whose forecast) showed a
    profit from contact; ``none`` is what is learned with everybody in one segment. It is worth the profit of the
    customers who happened to be treated as it says, weighted by how likely that was (inverse propensity, normalised).
    ``..._low`` and ``..._high`` bound 95% intervals. ``effects_differ_p`` and ``autoc_p`` test whether contact does more for
    some customers than for others, whatever the segments (:func:`idic_lab.customize.offers.effects_differ`).

    Source: Hitsch & Misra (2018), Heterogeneous treatment effects and optimal targeting policy evaluation.
    """
    campaign = segmentation.customers.campaign
    if campaign is None or len(campaign) < FEWEST:
        raise NotApplicable(f"{segmentation.customers.name} has no randomised campaign among these customers.")
    treated, profit = campaign["treated"].to_numpy(), campaign["profit"].to_numpy()
    labels = segmentation.labels[campaign["row"].to_numpy()]
    n, seed = len(campaign), segmentation.split_seed
    fold = np.random.default_rng(seed).permutation(n) % FOLDS
    alike = [np.zeros_like(labels)]
    groups = _unknowing(segmentation, fold) if segmentation.learns_from_campaign else [labels]
    whoever, tests, rule = _whatever_the_method(campaign, fold, seed)
    policies = {
        "by_segment": _learned(groups, treated, profit, fold),
        **whoever,
        "everybody": np.ones_like(treated),
        "nobody": np.zeros_like(treated),
        "none": _learned(alike, treated, profit, fold),
    }
    values, parts = {}, {}
    for name, contact in policies.items():
        values[name], parts[name] = _policy_value(contact, treated, profit)
        half = Z * parts[name].std(ddof=1) / np.sqrt(n)
        values |= {f"{name}_low": values[name] - half, f"{name}_high": values[name] + half}
    half = Z * (parts["by_segment"] - parts["nobody"]).std(ddof=1) / np.sqrt(n)
    gained = values["by_segment"] - values["nobody"]
    values |= {"gain_over_nobody_low": gained - half, "gain_over_nobody_high": gained + half}
    draws = {"draws": [], "none_draws": []}
    for weight in resamples(n):
        for key, divided in (("draws", groups), ("none_draws", alike)):
            contact = _learned(divided, treated, profit, fold, weight)
            draws[key].append(round(_policy_value(contact, treated, profit, weight)[0], 5))
    contacted = {name: round(float(contact.mean()), 4) for name, contact in policies.items()}
    extra = {"contacted": contacted, "customers": n, "none": values["none"], "rule": rule}
    return Score(values | tests, extra | draws)


def _unknowing(segmentation, fold) -> list[np.ndarray]:
    """For a method that learns from the campaign: segments found without what each fifth of its customers did."""
    rows = segmentation.customers.campaign["row"].to_numpy()
    return [segmentation.without_gains_of(rows[fold == number])[rows] for number in range(FOLDS)]


_KNOWN: dict[tuple, tuple] = {}  # what does not hang on the method, by campaign and seed


def _whatever_the_method(campaign, fold, seed) -> tuple[dict, dict, dict]:
    """Policies by person and by a tree of two questions, the tests whether effects differ, and the tree of all customers."""
    key = (int(pd.util.hash_pandas_object(campaign).sum()), seed)
    if key not in _KNOWN:
        known = campaign.filter(like="feature_")
        features, profit = known.to_numpy(dtype=float), campaign["profit"].to_numpy()
        treated = campaign["treated"].to_numpy()
        with threadpool_limits(1):
            scores = offers.effect_scores(features, profit, treated, FOREST, FOLDS, seed % 2**31)
            told = offers.effects_differ(features, profit, treated, FOREST, random_state=seed % 2**31)
            by_tree = np.empty_like(treated)
            for number in range(FOLDS):
                tree = offers.PolicyTree().fit(features[fold != number], scores[fold != number])
                by_tree[fold == number] = tree.predict(features[fold == number]) == 1
            names = [name.removeprefix("feature_") for name in known]
            rule = offers.PolicyTree().fit(features, scores).rule(names)
            by_person = _by_person(features, treated, profit, fold, seed)
        _KNOWN.clear()
        tests = dict(zip(("effects_differ_p", "autoc_p"), told["p_value"], strict=True))
        _KNOWN[key] = {"by_person": by_person, "by_tree": by_tree}, tests, rule
    return _KNOWN[key]


def _learned(groups, treated, profit, fold, weight=None) -> np.ndarray:
    """Whether each customer is contacted, by what customers of the other folds in the same group gained."""
    contact = np.empty(len(fold), dtype=bool)
    for number, labels in enumerate(groups):
        here = fold == number if len(groups) > 1 else np.ones(len(fold), dtype=bool)
        contact[here] = _contacted(labels, treated, profit, fold, weight)[fold, labels][here]
    return contact


def _contacted(labels, treated, profit, fold, weight=None) -> np.ndarray:
    """Whether contact of each group showed a profit in the other folds; where an arm is missing, contact of everybody."""
    weight = np.ones(len(labels)) if weight is None else weight
    arms = []
    for arm in (treated, ~treated):
        size, sums = (summed(labels, fold, part * arm) for part in (weight, weight * profit))
        size, sums = size.sum(axis=0) - size, sums.sum(axis=0) - sums
        overall = sums.sum(axis=1, keepdims=True) / np.maximum(size.sum(axis=1, keepdims=True), 1)
        arms.append((size > 0, sums / np.maximum(size, 1), overall))
    (some, with_it, all_with), (others, without, all_without) = arms
    return np.where(some & others, with_it - without, all_with - all_without) > 0


def _policy_value(contact, treated, profit, weight=None) -> tuple[float, np.ndarray]:
    """Mean profit per customer under a policy, and each customer's part in its error (mean zero, to first order)."""
    drawn = np.ones(len(profit)) if weight is None else weight
    share = (drawn * treated).sum() / drawn.sum()
    follows = drawn * (contact == treated) / np.where(treated, share, 1 - share)
    if not follows.sum() > 0:
        raise NotApplicable("no customer of the campaign was treated as the policy says.")
    value = float((follows * profit).sum() / follows.sum())
    return value, follows * (profit - value) / follows.mean()


def _by_person(features, treated, profit, fold, seed) -> np.ndarray:
    """Whether two forests, fitted to the other folds, forecast a profit from contact."""
    gain = np.empty(len(profit))
    for number in range(FOLDS):
        rest, here = fold != number, fold == number
        forecast = []
        for arm in (treated, ~treated):
            forest = clone(FOREST).set_params(random_state=seed % 2**31)
            forecast.append(forest.fit(features[rest & arm], profit[rest & arm]).predict(features[here]))
        gain[here] = forecast[0] - forecast[1]
    return gain > 0


PILOT, ACTED = 2, 4  # quarters in which the actions are tried at random, and in which the best is done
FORTUNES = 2
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
