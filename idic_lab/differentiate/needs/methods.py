"""Five ways to find segments behind one interface: fit, predict, labels_, n_segments, random_state.

All take customers in rows and answers or other numbers in columns, and all can say where somebody who was not in the
data would belong, so that solutions can be compared on the same people (:mod:`.number`).
"""

from __future__ import annotations

import numpy as np
from sklearn.base import BaseEstimator, ClusterMixin
from sklearn.utils.validation import check_is_fitted, validate_data

from idic_lab.differentiate.needs.classes import LatentClasses
from idic_lab.errors import DataError, needs_extra, pick


class _Refused(DataError, ValueError):
    """An error of this package that is also what scikit-learn's conventions ask for."""


class _Segmenter(ClusterMixin, BaseEstimator):
    """What the four methods for numbers share: complete numbers in, a nearest representative for newcomers."""

    def __init__(self, n_segments: int = 5, random_state: int = 0):
        self.n_segments, self.random_state = n_segments, random_state

    def fit(self, X, y=None):
        """Find the segments: ``labels_``, ints from 0.

        Parameters:
            X (array-like of shape (n_customers, n_features)): Numbers without gaps, on scales that may be compared.
        """
        X = self._numbers(X, reset=True)
        if len(X) < self.n_segments:
            raise _Refused(f"{self.n_segments} segments need at least as many customers, found n_samples = {len(X)}.")
        self._find(X)
        return self

    def predict(self, X) -> np.ndarray:
        """Segment (int from 0) of each row, of shape (n_customers,)."""
        check_is_fitted(self, "labels_")
        return self._place(self._numbers(X, reset=False))

    def _numbers(self, X, reset: bool) -> np.ndarray:
        try:
            return validate_data(self, X, dtype="float64", reset=reset)
        except ValueError as error:
            if "NaN" in str(error):
                other = "cannot take NaN, that is, missing values; latent classes can (method 'latent_classes')."
                raise _Refused(f"{type(self).__name__} {other}") from None
            raise _Refused(str(error)) from None

    def _place(self, X: np.ndarray, metric: str = "euclidean") -> np.ndarray:
        from sklearn.metrics import pairwise_distances_argmin

        return pairwise_distances_argmin(X, self.centres_, metric=metric)


class KMeansSegments(_Segmenter):
    """k-means: segments around averages, by the smallest sum of squared distances.

    Source: Lloyd (1982), IEEE Transactions on Information Theory 28(2); ten starts, the best kept.

    >>> answers = np.repeat([[0.0, 0, 1], [1, 1, 0]], 5, axis=0)
    >>> KMeansSegments(2).fit(answers).labels_.tolist() in ([0] * 5 + [1] * 5, [1] * 5 + [0] * 5)
    True
    """

    def __init__(self, n_segments: int = 5, n_init: int = 10, random_state: int = 0):
        super().__init__(n_segments, random_state)
        self.n_init = n_init

    def _find(self, X):
        from sklearn.cluster import KMeans

        found = KMeans(self.n_segments, n_init=self.n_init, random_state=self.random_state).fit(X)
        self.centres_, self.labels_ = found.cluster_centers_, found.labels_


class KMedoidsSegments(_Segmenter):
    """k-medoids: segments around real customers, by the smallest sum of distances (city block).

    Memory grows with the square of the number of customers.

    Source: Schubert & Rousseeuw (2021), Fast and eager k-medoids clustering, Information Systems 101.

    >>> found = KMedoidsSegments(2).fit([[0.0], [0.1], [0.3], [9.0]])
    >>> sorted(found.centres_.ravel().tolist())
    [0.1, 9.0]
    """

    def _find(self, X):
        found = needs_extra("kmedoids", "needs").KMedoids(
            self.n_segments, metric="manhattan", method="fasterpam", init="build", random_state=self.random_state
        )
        self.medoids_ = np.asarray(found.fit(X).medoid_indices_)
        self.centres_ = X[self.medoids_]
        self.labels_ = self._place(X)

    def _place(self, X):
        return super()._place(X, metric="manhattan")


class WardSegments(_Segmenter):
    """Ward's hierarchical clustering; newcomers go to the segment whose average is nearest.

    Source: Ward (1963), Journal of the American Statistical Association 58.

    >>> sorted(WardSegments(2).fit([[0.0], [0.2], [5.0], [5.2]]).centres_.ravel().tolist())
    [0.1, 5.1]
    """

    def _find(self, X):
        from sklearn.cluster import AgglomerativeClustering

        self.labels_ = AgglomerativeClustering(self.n_segments, linkage="ward").fit(X).labels_
        self.centres_ = np.stack([X[self.labels_ == label].mean(axis=0) for label in range(self.n_segments)])


class GaussianMixtureSegments(_Segmenter):
    """A mixture of normal distributions with uncorrelated features; for measurements, less so for yes and no.

    Source: McLachlan & Peel (2000), Finite Mixture Models.

    >>> found = GaussianMixtureSegments(2).fit([[0.0], [0.2], [5.0], [5.2]])
    >>> found.labels_[0] == found.labels_[1] != found.labels_[2]
    np.True_
    """

    def _find(self, X):
        from sklearn.mixture import GaussianMixture

        self._mixture = GaussianMixture(
            self.n_segments, covariance_type="diag", n_init=5, reg_covar=1e-3, random_state=self.random_state
        ).fit(X)
        self.labels_ = self._mixture.predict(X)

    def _place(self, X):
        return self._mixture.predict(X)

    def bic(self, X) -> float:
        """Bayesian information criterion on X; lower is better."""
        return float(self._mixture.bic(np.asarray(X, dtype="float64")))


METHODS = {
    "latent_classes": LatentClasses,
    "k_means": KMeansSegments,
    "k_medoids": KMedoidsSegments,
    "ward": WardSegments,
    "gaussian_mixture": GaussianMixtureSegments,
}


def segmenter(method: str = "latent_classes", n_segments: int = 5, random_state: int = 0, **options):
    """A segmentation method by name, not yet fitted: scikit-learn's conventions hold.

    Parameters:
        **options: Others of the method, such as ``n_init``.
    Raises:
        UnknownName: For a method that does not exist.

    >>> segmenter("ward", 2).fit([[0.0], [0.1], [5.0], [5.1]]).labels_.tolist()
    [0, 0, 1, 1]
    """
    chosen = pick("segmentation method", method, METHODS)
    return chosen(n_segments=n_segments, random_state=random_state, **options)
