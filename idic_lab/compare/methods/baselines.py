"""What every method has to beat: no segments, and segments drawn by lot."""

from __future__ import annotations

import numpy as np
from sklearn.base import BaseEstimator, ClusterMixin

from idic_lab.compare.method_registry import method


class OneSegment(ClusterMixin, BaseEstimator):
    """Everybody is treated alike.

    Examples
    --------
    >>> OneSegment().fit([[1], [2]]).labels_.tolist()
    [0, 0]
    """

    def fit(self, X, y=None):
        """Nothing to learn."""
        self.labels_ = self.predict(X)
        return self

    def predict(self, X) -> np.ndarray:
        """0 for each row."""
        return np.zeros(len(X), dtype=int)


class RandomSegments(ClusterMixin, BaseEstimator):
    """Each customer's segment is drawn by lot, whatever the customer is like.

    Examples
    --------
    >>> sorted(set(RandomSegments(3).fit([[0.0]] * 100).labels_.tolist()))
    [0, 1, 2]
    """

    def __init__(self, n_segments: int = 5, random_state: int = 0):
        self.n_segments, self.random_state = n_segments, random_state

    def fit(self, X, y=None):
        """Nothing to learn."""
        self.labels_ = self.predict(X)
        return self

    def predict(self, X) -> np.ndarray:
        """A number below `n_segments` for each row."""
        return np.random.default_rng(self.random_state).integers(0, self.n_segments, len(X))


@method("one_segment", takes_k=False)
def one_segment(k, seed):
    """Everybody in one segment."""
    return OneSegment()


@method("random_segments")
def random_segments(k, seed):
    """Segments by lot."""
    return RandomSegments(k, random_state=seed)
