"""Clustering methods: functions of the number of segments and a seed, and the estimators that scikit-learn lacks."""

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator, ClusterMixin, clone
from sklearn.cluster import HDBSCAN, AgglomerativeClustering, Birch, KMeans
from sklearn.metrics import pairwise_distances_argmin
from sklearn.neighbors import KNeighborsClassifier
from sklearn.utils.validation import check_is_fitted, validate_data

from idic_lab.compare.customers import ANSWER, RFM
from idic_lab.compare.registry import method
from idic_lab.differentiate.needs import (
    GaussianMixtureSegments,
    KMeansSegments,
    KMedoidsSegments,
    LatentClasses,
    WardSegments,
)
from idic_lab.errors import needs_extra

STARTS = 20  # of k-means, so that the seed hardly decides where it ends
PAIRWISE = 1_500  # customers at most where a method looks at all pairs of them
_FIFTHS = [0.2, 0.4, 0.6, 0.8]


@method("k_means")
def k_means(k, seed):
    """Segments around averages; on transactions this is the usual RFM k-means."""
    return KMeansSegments(k, n_init=STARTS, random_state=seed)


@method("k_medoids")
def k_medoids(k, seed):
    """Segments around real customers (PAM)."""
    return OnSample(KMedoidsSegments(k, random_state=seed), at_most=PAIRWISE, random_state=seed)


@method("ward")
def ward(k, seed):
    """Ward's hierarchical clustering."""
    return OnSample(WardSegments(k, random_state=seed), at_most=PAIRWISE, random_state=seed)


@method("gaussian_mixture")
def gaussian_mixture(k, seed):
    """A mixture of normal distributions."""
    return OnSample(GaussianMixtureSegments(k, random_state=seed), at_most=5_000, random_state=seed)


@method("birch")
def birch(k, seed):
    """Birch: a tree of local summaries, then joined into segments."""
    return Birch(n_clusters=k, threshold=0.25)


@method("hdbscan", takes_k=False)
def hdbscan(k, seed):
    """Regions of high density; how many is for the data to say, and who lies in none is a group of its own."""
    return OnSample(HDBSCAN(min_cluster_size=50, copy=True), at_most=5_000, random_state=seed)


class OnSample(ClusterMixin, BaseEstimator):
    """Fit an estimator to at most so many customers drawn at random, and place the others.

    Parameters:
        estimator: With ``fit`` and ``labels_``. Without ``predict``, others go to the segment of their nearest neighbour.
        at_most: Customers in the sample; with fewer customers everybody is in it.
    Attributes:
        transfer_ (str): How the others were placed: ``predict`` or ``nearest neighbour``.

    >>> from sklearn.cluster import AgglomerativeClustering
    >>> rows = np.repeat([[0.0], [9.0]], 50, axis=0)
    >>> OnSample(AgglomerativeClustering(2), at_most=20).fit(rows).transfer_
    'nearest neighbour'
    """

    def __init__(self, estimator=None, at_most: int = 2_000, random_state: int = 0):
        self.estimator, self.at_most, self.random_state = estimator, at_most, random_state

    def fit(self, X, y=None):
        X = validate_data(self, X)
        everybody, chosen = len(X) <= self.at_most, np.arange(len(X))
        if not everybody:
            chosen = np.sort(np.random.default_rng(self.random_state).choice(len(X), self.at_most, replace=False))
        self.estimator_ = self._placing = clone(self.estimator).fit(X[chosen])
        self.transfer_ = "predict" if hasattr(self.estimator_, "predict") else "nearest neighbour"
        if self.transfer_ == "nearest neighbour":
            self._placing = KNeighborsClassifier(1).fit(X[chosen], self.estimator_.labels_)
        self.labels_ = np.asarray(self.estimator_.labels_) if everybody else self._placing.predict(X)
        return self

    def predict(self, X) -> np.ndarray:
        check_is_fitted(self)
        return self._placing.predict(validate_data(self, X, reset=False))


class Placing(ClusterMixin, BaseEstimator):
    """An estimator that learns how to place customers, and places those it learned from like any others."""

    def fit(self, X, y=None):
        self._learn(X)
        self.labels_ = self.predict(X)
        return self


@method("latent_classes", sees="measures")
class LatentClassSegments(Placing):
    """Latent classes of the answers, each answering with its own probabilities; without answers, of the RFM scores.

    Scores from 1 to 5 are three questions with five possible answers each. At most 125 combinations occur, and equal
    customers are fitted as one with their weight, which is exact, so that the cost hardly grows with the customers.

    Source: Lazarsfeld & Henry (1968), Latent Structure Analysis; estimation by StepMix.
    """

    def __init__(self, n_segments: int = 5, n_init: int = 3, random_state: int = 0):
        self.n_segments, self.n_init, self.random_state = n_segments, n_init, random_state

    def _learn(self, X: pd.DataFrame):
        self.answers_ = [name for name in X if name.startswith(ANSWER)]
        if self.answers_:
            self.model_ = LatentClasses(self.n_segments, self.n_init, self.random_state)
            self.model_.fit(X[self.answers_].to_numpy(dtype=float))
            return
        self.cuts_ = {name: np.unique(X[name].quantile(_FIFTHS)) for name in RFM}
        cells, weight = np.unique(self._scores(X), axis=0, return_counts=True)
        settings = {"measurement": "categorical", "abs_tol": 1e-5, "max_iter": 2_000, "progress_bar": 0}
        stepmix = needs_extra("stepmix.stepmix", "needs").StepMix
        self.model_ = stepmix(self.n_segments, n_init=self.n_init, random_state=self.random_state, **settings)
        self.model_.fit(cells, sample_weight=weight.astype(float))

    def predict(self, X: pd.DataFrame) -> np.ndarray:
        if self.answers_:
            return self.model_.predict(X[self.answers_].to_numpy(dtype=float))
        cells, inverse = np.unique(self._scores(X), axis=0, return_inverse=True)
        return self.model_.predict(cells)[inverse]

    def _scores(self, X: pd.DataFrame) -> np.ndarray:
        return np.column_stack([np.searchsorted(cuts, X[name], side="left") for name, cuts in self.cuts_.items()])


@method("bagged_clustering")
class BaggedClustering(Placing):
    """Centres of many k-means runs on bootstrap samples, joined by a hierarchy.

    Source: Leisch (1999), Bagged clustering, SFB Working Paper 51, WU Vienna.

    >>> rows = np.random.default_rng(0).normal(np.repeat([[0.0], [9.0]], 60, axis=0))
    >>> labels = BaggedClustering(2).fit(rows).labels_
    >>> len(set(labels[:60])), len(set(labels))
    (1, 2)
    """

    def __init__(self, n_segments: int = 5, n_runs: int = 10, n_centres: int = 20, random_state: int = 0):
        self.n_segments, self.n_runs, self.n_centres, self.random_state = n_segments, n_runs, n_centres, random_state

    def _learn(self, X):
        X = validate_data(self, X, dtype=float)
        rng, centres = np.random.default_rng(self.random_state), []
        for _ in range(self.n_runs):
            sample = X[rng.integers(0, len(X), len(X))]
            most = min(self.n_centres, len(np.unique(sample, axis=0)))
            run = KMeans(most, n_init=1, max_iter=30, random_state=int(rng.integers(2**31)))
            centres.append(run.fit(sample).cluster_centers_)
        self.centres_ = np.vstack(centres)
        self.segment_of_centre_ = AgglomerativeClustering(self.n_segments).fit(self.centres_).labels_

    def predict(self, X) -> np.ndarray:
        check_is_fitted(self)
        X = validate_data(self, X, dtype=float, reset=False)
        return self.segment_of_centre_[pairwise_distances_argmin(X, self.centres_)]
