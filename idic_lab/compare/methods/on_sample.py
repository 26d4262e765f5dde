"""Methods whose cost grows with the square of the customers, run on a sample of them."""

from __future__ import annotations

import numpy as np
from sklearn.base import BaseEstimator, ClusterMixin, clone
from sklearn.neighbors import KNeighborsClassifier


class OnSample(ClusterMixin, BaseEstimator):
    """Fit an estimator to at most so many customers drawn at random, and place the others.

    Parameters
    ----------
    estimator : estimator
        With ``fit`` and ``labels_``. Without ``predict``, others go to the segment of their nearest neighbour.
    at_most : int
        Customers in the sample; with fewer customers everybody is in it.
    random_state : int

    Attributes
    ----------
    labels_ : ndarray of int
    transfer_ : str
        How the others were placed: ``predict`` or ``nearest neighbour``.

    Examples
    --------
    >>> from sklearn.cluster import AgglomerativeClustering
    >>> rows = np.repeat([[0.0], [9.0]], 50, axis=0)
    >>> OnSample(AgglomerativeClustering(2), at_most=20).fit(rows).transfer_
    'nearest neighbour'
    """

    def __init__(self, estimator=None, at_most: int = 2_000, random_state: int = 0):
        self.estimator, self.at_most, self.random_state = estimator, at_most, random_state

    def fit(self, X, y=None):
        """Draw the sample, fit, and place everybody."""
        X = np.asarray(X)
        chosen = np.arange(len(X))
        if len(X) > self.at_most:
            chosen = np.sort(
                np.random.default_rng(self.random_state).choice(len(X), self.at_most, replace=False)
            )
        self.estimator_ = clone(self.estimator).fit(X[chosen])
        self.transfer_ = "predict" if hasattr(self.estimator_, "predict") else "nearest neighbour"
        if self.transfer_ == "nearest neighbour":
            self._neighbour = KNeighborsClassifier(1).fit(X[chosen], self.estimator_.labels_)
        self.labels_ = self.predict(X)
        if len(chosen) == len(X):
            self.labels_ = np.asarray(self.estimator_.labels_)
        return self

    def predict(self, X) -> np.ndarray:
        """Segment of each row."""
        by = self.estimator_ if self.transfer_ == "predict" else self._neighbour
        return by.predict(np.asarray(X))
