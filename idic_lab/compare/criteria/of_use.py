"""Criteria of use: future spend, a campaign's profit, reaching members, lasting."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import adjusted_rand_score, balanced_accuracy_score, log_loss
from sklearn.model_selection import StratifiedKFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from threadpoolctl import threadpool_limits

from idic_lab.compare import stability
from idic_lab.compare.registry import Score, criterion
from idic_lab.compare.segmentation import NotApplicable

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


def summed(groups: np.ndarray, fold: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """Sums of weights by fold and group, shape (folds, groups)."""
    n = int(groups.max()) + 1
    return np.bincount(fold * n + groups, weight, minlength=FOLDS * n).reshape(FOLDS, n)


@criterion(
    "holdout_value",
    main="capture",
    question="What share of future spend is in the segments that look best, up to a fifth of the customers?",
)
def holdout_value(segmentation) -> Score:
    """Share of holdout spend in the top fifth of customers, R² of segment means, and the gain curve.

    A segment is valued as a firm would after a test: by the mean holdout spend of the members in four fifths of the
    customers, for those in the other fifth. So nobody's own spend counts towards their place in the order. Customers
    of equal value share a place; each fifth is ranked by itself, and the five curves are added up.
    """
    spend, labels = segmentation.customers.holdout_spend, segmentation.labels
    if segmentation.learns_from_campaign:
        raise NotApplicable("it learns from a campaign, which may lie in the later period.")
    if spend is None:
        raise NotApplicable(f"{segmentation.customers.name} has no later period with spend.")
    if not spend.sum() > 0:
        raise NotApplicable("nobody spent anything in the later period.")
    fold = np.random.default_rng(segmentation.split_seed).permutation(len(spend)) % FOLDS
    one = np.ones(len(spend))
    expected = _tested(labels, spend, fold, one)[fold, labels]
    gain = _gain(labels, spend, fold, one, _GRID)
    draws = [
        round(float(_gain(labels, spend, fold, weight, np.array([TOP]))[0]), 5)
        for weight in resamples(len(spend))
        if (weight * spend).any()
    ]
    return Score(
        {
            "capture": float(np.interp(TOP, _GRID, gain)),
            "r_squared": float(1 - ((spend - expected) ** 2).sum() / ((spend - spend.mean()) ** 2).sum()),
            "gini": float(np.trapezoid(gain, _GRID) * 2 - 1),
        },
        {"gain": gain[::4].round(4).tolist(), "draws": draws, "none": TOP, "none_draws": [TOP] * len(draws)},
    )


def _tested(labels, spend, fold, weight) -> np.ndarray:
    """Mean spend of each group among the customers of the other folds, theirs all where the group has nobody there."""
    size, total = (summed(labels, fold, part) for part in (weight, weight * spend))
    size, total = size.sum(axis=0) - size, total.sum(axis=0) - total
    overall = total.sum(axis=1, keepdims=True) / size.sum(axis=1, keepdims=True)
    return np.where(size > 0, total / np.maximum(size, 1), overall)


def _gain(labels, spend, fold, weight, grid: np.ndarray) -> np.ndarray:
    """Share of spend captured by each share of customers in `grid`, best groups first, equals in one step.

    Means of different folds are not ranked together: a fold that happens to hold big spenders lowers the means it is
    judged by.
    """
    size, total = (summed(labels, fold, part) for part in (weight, weight * spend))
    gain = np.zeros(len(grid))
    for number, expected in enumerate(_tested(labels, spend, fold, weight)):
        there = size[number] > 0
        step = np.unique(-expected[there], return_inverse=True)[1]
        reached, captured = (
            np.concatenate([[0.0], np.bincount(step, part[number][there]).cumsum()]) for part in (size, total)
        )
        if captured[-1] > 0:
            gain += np.interp(grid, reached / reached[-1], captured)
    return gain / total.sum()


@criterion(
    "reachability", main="skill", question="Can members be recognised by what is known of a customer on the first day?"
)
def reachability(segmentation) -> Score:
    """Out-of-sample skill of a multinomial logistic regression of segments on descriptors.

    The skill is the share of the log-loss of always stating the segments' sizes that the descriptors save: 0 is no
    use, 1 certain knowledge, below 0 worse than knowing nothing.
    """
    if segmentation.customers.descriptors is None:
        raise NotApplicable(f"{segmentation.customers.name} has no descriptors.")
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
    with threadpool_limits(1):
        for train, test in folds.split(X, labels):
            model = make_pipeline(StandardScaler(), LogisticRegression(max_iter=300, tol=1e-3))
            chance[test] = model.fit(X[train], labels[train]).predict_proba(X[test])
            naive[test] = np.bincount(labels[train], minlength=chance.shape[1]) / len(train)
    lost, lost_naive = log_loss(labels, chance), log_loss(labels, naive)
    return Score(
        {
            "skill": float(1 - lost / lost_naive),
            "balanced_accuracy": float(balanced_accuracy_score(labels, chance.argmax(axis=1))),
            "chance_accuracy": float(1 / chance.shape[1]),
        },
        {"left out": int((~kept).sum()), "customers": len(labels)},
    )


@criterion(
    "temporal_validity",
    main="frozen_against_refitted",
    question="Do the segments of today still fit the customers of tomorrow?",
)
def temporal_validity(segmentation) -> Score:
    """The same customers at the end of the data: by the old segments, and by segments found anew.

    ``frozen_against_refitted`` is the adjusted Rand index of the two; ``stayed`` the share of customers still in their
    segment by the old borders; ``stayed_beyond_chance`` corrects it for what shares of segments alone would give.
    """
    later = segmentation.customers.later
    if later is None:
        raise NotApplicable(f"{segmentation.customers.name} has no later date to compare with.")
    before, frozen = segmentation.labels, segmentation.place(later)
    if segmentation.method.lacks(later.dropna(axis=1, how="all")):
        raise NotApplicable(f"{segmentation.method.name} cannot be refitted: it learns from an outcome.")
    refitted = segmentation.again_on(later)
    n = int(max(before.max(), frozen.max())) + 1
    shares = [np.bincount(labels, minlength=n) / len(labels) for labels in (before, frozen)]
    stayed, by_chance = float((before == frozen).mean()), float(shares[0] @ shares[1])
    values = {
        "frozen_against_refitted": float(adjusted_rand_score(frozen, refitted)),
        "stayed": stayed,
        "stayed_beyond_chance": (stayed - by_chance) / (1 - by_chance) if by_chance < 1 else 0.0,
    }
    extra = {"migration": stability.crosstab(before, frozen).tolist()} if n <= 20 else {}
    return Score(values, extra)
