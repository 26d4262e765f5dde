"""Criterion 6: how much of the customers' future spend do the segments tell?"""

from __future__ import annotations

import numpy as np
import pandas as pd

from idic_lab.compare.criterion_registry import Score, criterion
from idic_lab.compare.segmentation import NotApplicable

FOLDS = 5
TOP = 0.2
_GRID = np.linspace(0, 1, 201)


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
    spend = segmentation.customers.holdout_spend
    if spend is None:
        raise NotApplicable(f"{segmentation.customers.name} has no later period with spend.")
    if not spend.sum() > 0:
        raise NotApplicable("nobody spent anything in the later period.")
    fold = np.random.default_rng(segmentation.split_seed).permutation(len(spend)) % FOLDS
    expected = tested_means(segmentation.labels, spend, fold)
    gain = sum(
        np.interp(_GRID, *gain_curve(expected[fold == f], spend[fold == f])) * spend[fold == f].sum()
        for f in range(FOLDS)
        if spend[fold == f].sum() > 0
    )
    gain = gain / spend.sum()
    return Score(
        {
            "capture": float(np.interp(TOP, _GRID, gain)),
            "r_squared": float(1 - ((spend - expected) ** 2).sum() / ((spend - spend.mean()) ** 2).sum()),
            "gini": float(np.trapezoid(gain, _GRID) * 2 - 1),
        },
        {"gain": gain[::4].round(4).tolist()},
    )


def tested_means(labels: np.ndarray, spend: np.ndarray, fold: np.ndarray) -> np.ndarray:
    """Mean spend of each customer's segment among the customers of the other folds.

    A segment without customers in the other folds gets their overall mean. Means of different folds must not be ranked
    together: a fold that happens to hold big spenders lowers the means it is judged by.

    Examples
    --------
    >>> tested_means(np.array([0, 0, 1, 1]), np.array([4.0, 6.0, 1.0, 3.0]), np.array([0, 1, 0, 1])).tolist()
    [6.0, 4.0, 3.0, 1.0]
    """
    expected = np.empty(len(spend))
    n = int(labels.max()) + 1
    for number in np.unique(fold):
        rest = fold != number
        size = np.bincount(labels[rest], minlength=n)
        total = np.bincount(labels[rest], spend[rest], minlength=n)
        mean = np.where(size > 0, total / np.maximum(size, 1), spend[rest].mean())
        expected[~rest] = mean[labels[~rest]]
    return expected


def gain_curve(expected: np.ndarray, spend: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Shares of customers reached and of spend captured, highest expectation first, equals in one step.

    Examples
    --------
    >>> [points.tolist() for points in gain_curve(np.array([1.0, 2.0, 1.0]), np.array([1.0, 8.0, 1.0]))]
    [[0.0, 0.3333333333333333, 1.0], [0.0, 0.8, 1.0]]
    """
    steps = (
        pd.DataFrame({"expected": expected, "spend": spend}).groupby("expected")["spend"].agg(["size", "sum"])
    )
    steps = steps.sort_index(ascending=False)
    reached = np.concatenate([[0.0], steps["size"].cumsum() / len(spend)])
    return reached, np.concatenate([[0.0], steps["sum"].cumsum() / spend.sum()])
