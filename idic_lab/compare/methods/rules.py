"""Segmentations by rule: RFM quintiles, a tree grown on spend, needs crossed with value."""

from __future__ import annotations

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator, ClusterMixin
from sklearn.tree import DecisionTreeRegressor

from idic_lab.compare.customers import ANSWER, RFM
from idic_lab.compare.method_registry import method
from idic_lab.compare.methods.latent_classes import LatentClassSegments


class RFMQuintiles(ClusterMixin, BaseEstimator):
    """Cells of recency, frequency and monetary scores; the borders of the fifths are learned, then fixed.

    Equal customers are never divided, so with many of them there are fewer than 125 cells.

    Source: Hughes (1994), Strategic Database Marketing.

    Examples
    --------
    >>> table = pd.DataFrame({"recency_days": range(10), "frequency": 1, "monetary": range(10)})
    >>> len(set(RFMQuintiles().fit(table).labels_))
    5
    """

    def __init__(self, parts: int = 5):
        self.parts = parts

    def fit(self, X: pd.DataFrame, y=None):
        """Learn the borders from ``recency_days``, ``frequency``, ``monetary``."""
        at = np.arange(1, self.parts) / self.parts
        self.borders_ = {name: np.unique(np.quantile(X[name], at)) for name in RFM}
        self.labels_ = self.predict(X)
        return self

    def predict(self, X: pd.DataFrame) -> np.ndarray:
        """The cell of each row, as a number in base `parts`."""
        cell = np.zeros(len(X), dtype=int)
        for name, borders in self.borders_.items():
            cell = cell * self.parts + np.searchsorted(borders, X[name].to_numpy(), side="left")
        return cell


class SpendTree(ClusterMixin, BaseEstimator):
    """Leaves of a regression tree that predicts spend, grown on an earlier period whose outcome is known.

    The tree learns from RFM in the middle of the calibration period what customers spent in the second half of it, and
    is then applied to RFM at its end. Nothing after the calibration period is touched.

    Source: Breiman, Friedman, Olshen & Stone (1984), Classification and Regression Trees.
    """

    def __init__(self, n_segments: int = 5, random_state: int = 0):
        self.n_segments, self.random_state = n_segments, random_state

    def fit(self, X: pd.DataFrame, y=None):
        """Grow the tree from ``earlier_...`` and ``spend_since``."""
        known = X.dropna(subset=["spend_since"])
        self.tree_ = DecisionTreeRegressor(
            max_leaf_nodes=max(self.n_segments, 2), min_samples_leaf=20, random_state=self.random_state
        ).fit(known[[f"earlier_{name}" for name in RFM]].to_numpy(), np.log1p(known["spend_since"]))
        self.labels_ = self.predict(X)
        return self

    def predict(self, X: pd.DataFrame) -> np.ndarray:
        """The leaf of each row."""
        return self.tree_.apply(X[list(RFM)].to_numpy())


class NeedsByValue(ClusterMixin, BaseEstimator):
    """Need segments, each divided into those who spend above and below the median.

    Needs say what to offer, value says how much effort it may cost; the product of both is Peppers and Rogers' map of
    customers. With `n_segments` in all there are half as many needs. A respondent whose purchases are not known counts
    as below.

    Source: Peppers & Rogers (2017), Managing Customer Experience and Relationships, chapters 5 and 6.
    """

    def __init__(self, n_segments: int = 6, random_state: int = 0):
        self.n_segments, self.random_state = n_segments, random_state

    def fit(self, X: pd.DataFrame, y=None):
        """Find needs from the answers and the border of value from ``monetary``."""
        answers = [name for name in X if name.startswith(ANSWER)]
        self.needs_ = LatentClassSegments(max(self.n_segments // 2, 1), random_state=self.random_state)
        self.needs_.fit(X[answers])
        self.border_ = float(X["monetary"].median())
        self.labels_ = self.predict(X)
        return self

    def predict(self, X: pd.DataFrame) -> np.ndarray:
        """Need and value of each row as one number."""
        return 2 * self.needs_.predict(X) + (X["monetary"] > self.border_).to_numpy(dtype=int)


@method("rfm_quintiles", sees="measures", needs=RFM, takes_k=False)
def rfm_quintiles(k, seed):
    """RFM cells."""
    return RFMQuintiles()


@method("supervised_tree", sees="measures", needs=(*RFM, "spend_since"))
def supervised_tree(k, seed):
    """Leaves of a tree that predicts spend."""
    return SpendTree(k, random_state=seed)


@method("needs_by_value", sees="measures", needs=("answers", "monetary"))
def needs_by_value(k, seed):
    """Need segments times two levels of value."""
    return NeedsByValue(k, random_state=seed)
