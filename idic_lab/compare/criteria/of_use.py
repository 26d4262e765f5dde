"""Criteria of use: future spend, reaching members, lasting, and what acting on the segments brings."""

from collections.abc import Iterator
from functools import lru_cache

import numpy as np
import pandas as pd
from sklearn.base import clone
from sklearn.ensemble import RandomForestRegressor
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import adjusted_rand_score, balanced_accuracy_score, log_loss
from sklearn.model_selection import StratifiedKFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from idic_lab.compare import stability
from idic_lab.compare.registry import Score, criterion
from idic_lab.compare.segmentation import NotApplicable
from idic_lab.customize import offers
from idic_lab.meridian import policies
from idic_lab.meridian.game import World

FOLDS = 5
TOP = 0.2
DRAWS = 200  # resamples of the customers, their segments held, by which differences of methods are judged
FEWEST_IN_SEGMENT = 20  # below which a segment is left out of reachability: too few to learn from
_GRID = np.linspace(0, 1, 201)


def resamples(n: int) -> Iterator[np.ndarray]:
    """How often each customer is drawn: the same draws for every method, so that their differences can be told."""
    rng = np.random.default_rng(0)
    for _ in range(DRAWS):
        yield np.bincount(rng.integers(0, n, n), minlength=n).astype(float)


def summed(groups: np.ndarray, fold: np.ndarray, *weights: np.ndarray) -> list[np.ndarray]:
    """Sums of each of the weights by fold and group, shape (folds, groups)."""
    n = int(groups.max()) + 1
    cell = fold * n + groups
    return [np.bincount(cell, weight, minlength=FOLDS * n).reshape(FOLDS, n) for weight in weights]


@criterion("holdout_value", main="capture")
def holdout_value(segmentation) -> Score:
    """What share of future spend is in the segments that look best, up to a fifth of the customers?

    Share of holdout spend in the top fifth of customers, R² of segment means, and the gain curve. A segment is valued
    as a firm would after a test: by the mean holdout spend of the members in four fifths of the customers, for those in
    the other fifth. So nobody's own spend counts towards their place in the order. Customers of equal value share a
    place; each fifth is ranked by itself, and the five curves are added up.
    """
    spend, labels = segmentation.customers.holdout_spend, segmentation.labels
    if segmentation.learns_from_campaign:
        raise NotApplicable("it learns from a campaign, which may lie in the later period.")
    if spend is None:
        raise NotApplicable("these data have no later period with spend.")
    if not spend.sum() > 0:
        raise NotApplicable("nobody spent anything in the later period.")
    fold = np.random.default_rng(segmentation.split_seed).permutation(len(spend)) % FOLDS
    one = np.ones(len(spend))
    expected = np.where(*_elsewhere(*summed(labels, fold, one, spend)))[fold, labels]
    gain = _gain(labels, spend, fold, one, _GRID)
    weights = (weight for weight in resamples(len(spend)) if (weight * spend).any())
    draws = [round(float(_gain(labels, spend, fold, weight, np.array([TOP]))[0]), 5) for weight in weights]
    unexplained = ((spend - expected) ** 2).sum() / ((spend - spend.mean()) ** 2).sum()
    values = {"capture": np.interp(TOP, _GRID, gain), "r_squared": 1 - unexplained}
    extra = {"gain": gain[::4].round(4).tolist(), "draws": draws, "none": TOP, "none_draws": [TOP] * len(draws)}
    return Score(values | {"gini": np.trapezoid(gain, _GRID) * 2 - 1}, extra)


def _elsewhere(size: np.ndarray, total: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Among the customers of the other folds, by fold: whether each group has any, its mean, and the mean of everybody."""
    size, total = size.sum(axis=0) - size, total.sum(axis=0) - total
    everybody = total.sum(axis=1, keepdims=True) / np.maximum(size.sum(axis=1, keepdims=True), 1)
    return size > 0, total / np.maximum(size, 1), everybody


def _gain(labels, spend, fold, weight, grid: np.ndarray) -> np.ndarray:
    """Share of spend captured by each share of customers in `grid`, best groups first, equals in one step.

    Means of different folds are not ranked together: a fold that happens to hold big spenders lowers the means it is
    judged by.
    """
    size, total = summed(labels, fold, weight, weight * spend)
    gain = np.zeros(len(grid))
    for number, expected in enumerate(np.where(*_elsewhere(size, total))):
        there = size[number] > 0
        step = np.unique(-expected[there], return_inverse=True)[1]
        sums = (np.bincount(step, part[number][there]).cumsum() for part in (size, total))
        reached, captured = (np.append(0.0, part) for part in sums)
        if captured[-1] > 0:
            gain += np.interp(grid, reached / reached[-1], captured)
    return gain / total.sum()


@criterion("reachability", main="skill")
def reachability(segmentation) -> Score:
    """Can members be recognised by what is known of a customer on the first day?

    Out-of-sample skill of a multinomial logistic regression of segments on descriptors. The skill is the share of the
    log-loss of always stating the segments' sizes that the descriptors save: 0 is no use, 1 certain knowledge, below 0
    worse than knowing nothing.
    """
    if segmentation.customers.descriptors is None:
        raise NotApplicable("these data have no descriptors.")
    rows = segmentation.shared
    labels = segmentation.labels[rows]
    size = np.bincount(labels)
    kept = size[labels] >= FEWEST_IN_SEGMENT
    if len(np.unique(labels[kept])) < 2:
        raise NotApplicable("there is one segment, and everybody reaches it.")
    X = segmentation.customers.descriptors.to_numpy(dtype=float)[rows][kept]
    labels = np.unique(labels[kept], return_inverse=True)[1]
    chance = np.empty((len(labels), labels.max() + 1))
    naive = np.empty_like(chance)
    folds = StratifiedKFold(FOLDS, shuffle=True, random_state=segmentation.split_seed % 2**31)
    with stability.one_thread():
        for train, test in folds.split(X, labels):
            model = make_pipeline(StandardScaler(), LogisticRegression(max_iter=300, tol=1e-3))
            chance[test] = model.fit(X[train], labels[train]).predict_proba(X[test])
            naive[test] = np.bincount(labels[train], minlength=chance.shape[1]) / len(train)
    lost, lost_naive = log_loss(labels, chance), log_loss(labels, naive)
    accuracy = balanced_accuracy_score(labels, chance.argmax(axis=1))
    values = {"skill": 1 - lost / lost_naive, "balanced_accuracy": accuracy, "chance_accuracy": 1 / chance.shape[1]}
    return Score(values, {"left out": int((~kept).sum()), "customers": len(labels)})


@criterion("temporal_validity", main="frozen_against_refitted")
def temporal_validity(segmentation) -> Score:
    """Do the segments of today still fit the customers of tomorrow?

    The same customers at the end of the data: by the old segments, and by segments found anew.
    ``frozen_against_refitted`` is the adjusted Rand index of the two; ``stayed`` the share of customers still in their
    segment by the old borders; ``stayed_beyond_chance`` corrects it for what shares of segments alone would give.
    """
    later = segmentation.customers.later
    if later is None:
        raise NotApplicable("these data have no later date to compare with.")
    before, frozen = segmentation.labels, segmentation.place(later)
    if segmentation.method.lacks(later.dropna(axis=1, how="all")):
        raise NotApplicable("it learns from an outcome, which the end of the data does not have.")
    refitted = segmentation.again_on(later)
    n = int(max(before.max(), frozen.max())) + 1
    shares = [np.bincount(labels, minlength=n) / len(labels) for labels in (before, frozen)]
    stayed, by_chance = float((before == frozen).mean()), float(shares[0] @ shares[1])
    beyond = (stayed - by_chance) / (1 - by_chance) if by_chance < 1 else 0.0
    values = {"frozen_against_refitted": adjusted_rand_score(frozen, refitted), "stayed": stayed}
    values["stayed_beyond_chance"] = beyond
    extra = {"migration": stability.crosstab(before, frozen).tolist()} if n <= 20 else {}
    return Score(values, extra)


FEWEST = 200  # customers in the campaign
FOREST = RandomForestRegressor(40, min_samples_leaf=25, random_state=0)
Z = 1.96


@criterion("campaign_profit", main="by_segment")
def campaign_profit(segmentation) -> Score:
    """What would a campaign have earned per customer, had segments decided who is contacted?

    Profit per customer of contacting by segment, by person, by two questions, everybody, nobody or the better of these
    two. Each customer's policy is learned from the other folds: contact those whose segment (or whose forecast) showed
    a profit from contact; ``none`` is what is learned with everybody in one segment. It is worth the profit of the
    customers who happened to be treated as it says, weighted by how likely that was (inverse propensity, normalised).
    ``..._low`` and ``..._high`` bound 95% intervals. ``effects_differ_p`` and ``autoc_p`` test whether contact does
    more for some customers than for others, whatever the segments (:func:`idic_lab.customize.offers.effects_differ`).

    Source: Hitsch & Misra (2018), Heterogeneous treatment effects and optimal targeting policy evaluation.
    """
    campaign = segmentation.customers.campaign
    if campaign is None or len(campaign) < FEWEST:
        raise NotApplicable("these data have no randomised campaign.")
    rows, treated, profit = (campaign[name].to_numpy() for name in ("row", "treated", "profit"))
    labels = segmentation.labels[rows]
    n, seed = len(campaign), segmentation.split_seed
    fold = np.random.default_rng(seed).permutation(n) % FOLDS
    alike = [np.zeros_like(labels)]
    groups = [labels]
    if segmentation.learns_from_campaign:  # it then does not know what each fifth of these customers did
        groups = [segmentation.without_gains_of(rows[fold == number])[rows] for number in range(FOLDS)]
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
        values |= _bounds(name, values[name], parts[name])
    gained = values["by_segment"] - values["nobody"]
    values |= _bounds("gain_over_nobody", gained, parts["by_segment"] - parts["nobody"])
    draws = {"draws": [], "none_draws": []}
    for weight in resamples(n):
        for key, divided in (("draws", groups), ("none_draws", alike)):
            contact = _learned(divided, treated, profit, fold, weight)
            draws[key].append(round(_policy_value(contact, treated, profit, weight)[0], 5))
    contacted = {name: round(float(contact.mean()), 4) for name, contact in policies.items()}
    extra = {"contacted": contacted, "customers": n, "none": values["none"], "rule": rule}
    return Score(values | tests, extra | draws)


def _bounds(name: str, value: float, errors: np.ndarray) -> dict[str, float]:
    half = Z * errors.std(ddof=1) / np.sqrt(len(errors))
    return {f"{name}_low": value - half, f"{name}_high": value + half}


_KNOWN: dict[tuple, tuple] = {}  # what does not hang on the method, by campaign and seed


def _whatever_the_method(campaign, fold, seed) -> tuple[dict, dict, dict]:
    """Policies by person and by a tree of two questions, the tests whether effects differ, and the tree of all customers."""
    key = (int(pd.util.hash_pandas_object(campaign).sum()), seed)
    if key not in _KNOWN:
        known = campaign.filter(like="feature_")
        features, profit = known.to_numpy(dtype=float), campaign["profit"].to_numpy()
        treated = campaign["treated"].to_numpy()
        with stability.one_thread():
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
    some, with_it, all_with = _elsewhere(*summed(labels, fold, weight * treated, weight * treated * profit))
    others, without, all_without = _elsewhere(*summed(labels, fold, weight * ~treated, weight * ~treated * profit))
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


@criterion("profit_when_acted_upon", main="by_segment")
def profit_when_acted_upon(segmentation) -> Score:
    """What does it bring per customer to try five actions at random, and then do for each segment what did best in it?

    Gain per customer over leaving everybody alone, in the simulated shop: cash, and what customers are still worth. In
    the first two quarters every customer gets one of five actions drawn by lot: none, an offer, a word of thanks, the
    two questions that tell most, the better service tier. Then each segment gets the action after which its members
    left most, their mean, less what their past lets expect, drawn towards everybody's while it is of few. ``none`` does
    the same with everybody in one segment. Intervals are over customers, each compared with the same customer in the
    same quarters left alone; chances are the same in both.
    """
    shop = segmentation.customers.shop
    if shop is None:
        raise NotApplicable("these data are no simulated shop, and so do not answer actions.")
    customers = segmentation.customers
    now = customers.measures if customers.later is None else customers.later
    labels = segmentation.labels if customers.later is None else segmentation.place(now)
    opened, ids = tuple(sorted(shop.items())), tuple(now["customer_id"])
    values, extra = {}, {}
    for name, groups in {"by_segment": labels, "none": np.zeros_like(labels)}.items():
        gained, chosen = _gained(opened, ids, tuple(groups.tolist()), segmentation.split_seed)
        values |= {name: gained.mean()} | _bounds(name, gained.mean(), gained)
        extra[f"{name} does"] = chosen
    return Score(values, extra)


@lru_cache(maxsize=2 * (1 + FORTUNES))
def _begun(shop: tuple, luck: int = 0) -> World:
    return _begun(shop).again(luck) if luck else World(**dict(shop))


@lru_cache(maxsize=4)
def _alone(shop: tuple, luck: int) -> np.ndarray:
    world = _begun(shop, luck).again(luck)
    world.only_books = True
    for _ in range(PILOT + ACTED):
        world.next()
    return world.cash + world.worth_of_each()


@lru_cache(maxsize=8)
def _gained(shop: tuple, ids: tuple, groups: tuple, seed: int) -> tuple[np.ndarray, list[list[str]]]:
    """Gain of each customer, its mean over the fortunes, and what each segment got in the last of them."""
    labels = pd.Series(groups, index=list(ids))
    total, chosen = 0.0, []
    for luck in range(1, FORTUNES + 1):
        world = _begun(shop, luck).again(luck)
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
    arms = arms.reindex(policies.customers(view.tables).index).dropna()
    by_email = arms[arms.index.isin(policies.by_email(view.tables))]
    offered, thanked, asked = (by_email.index[by_email == arm] for arm in ("offer", "care", "question"))
    upgraded = arms.index[arms == "tier"][: int(0.8 * view.budget // policies.PLUS)]
    return pd.concat(
        [
            policies.actions(upgraded, "tier", detail="plus"),
            policies.actions(offered, "offer", "email", amount=policies.OFFERED),
            policies.actions(thanked[: int(0.15 * view.budget // policies.THANKS)], "care", "email"),
            *[policies.actions(asked, "question", "email", question) for question in policies.TELLING[:2]],
        ]
    )
