"""Bagged clustering: a partition of the centres of many partitions."""

from __future__ import annotations

import numpy as np
from sklearn.base import BaseEstimator, ClusterMixin
from sklearn.cluster import AgglomerativeClustering, KMeans
from sklearn.metrics import pairwise_distances_argmin


class BaggedClustering(ClusterMixin, BaseEstimator):
    """Run k-means with many centres on bootstrap samples, then join all the centres by a hierarchy.

    A small segment that one run misses is found by others, and the hierarchy sees centres instead of single customers,
    so chance neighbours do not link what does not belong together.

    Parameters
    ----------
    n_segments : int
    n_runs : int
        Bootstrap samples.
    n_centres : int
        Centres per run.
    linkage : str
        Of the hierarchy over the centres.
    random_state : int

    Source: Leisch (1999), Bagged clustering, SFB Working Paper 51, WU Vienna.

    Examples
    --------
    >>> rows = np.random.default_rng(0).normal(np.repeat([[0.0], [9.0]], 60, axis=0))
    >>> labels = BaggedClustering(2).fit(rows).labels_
    >>> len(set(labels[:60])), len(set(labels))
    (1, 2)
    """

    def __init__(
        self,
        n_segments: int = 5,
        n_runs: int = 10,
        n_centres: int = 20,
        linkage: str = "ward",
        random_state: int = 0,
    ):
        self.n_segments, self.n_runs, self.n_centres = n_segments, n_runs, n_centres
        self.linkage, self.random_state = linkage, random_state

    def fit(self, X, y=None):
        """Find the segments of X, of shape (n_customers, n_features)."""
        X = np.asarray(X, dtype=float)
        rng = np.random.default_rng(self.random_state)
        centres = []
        for _ in range(self.n_runs):
            sample = X[rng.integers(0, len(X), len(X))]
            different = len(np.unique(sample, axis=0))
            run = KMeans(
                min(self.n_centres, different), n_init=1, max_iter=30, random_state=int(rng.integers(2**31))
            )
            centres.append(run.fit(sample).cluster_centers_)
        self.centres_ = np.vstack(centres)
        self.segment_of_centre_ = (
            AgglomerativeClustering(self.n_segments, linkage=self.linkage).fit(self.centres_).labels_
        )
        self.labels_ = self.predict(X)
        return self

    def predict(self, X) -> np.ndarray:
        """The segment of the nearest centre, for each row."""
        return self.segment_of_centre_[pairwise_distances_argmin(np.asarray(X, dtype=float), self.centres_)]
