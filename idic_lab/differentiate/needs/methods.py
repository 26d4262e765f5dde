"""Five ways to find segments behind one interface: fit, predict, labels_, n_segments, random_state.

All take customers in rows and answers or other numbers in columns, and all can say where somebody who was not in the data would
belong, so that solutions can be compared on the same people (:mod:`.number`).
"""

import numpy as np
from sklearn.base import BaseEstimator, ClusterMixin
from sklearn.utils.validation import check_is_fitted, validate_data

from idic_lab.errors import DataError, FitError, needs_extra, pick

# Mean log-likelihood gain per customer at which EM stops. At 1e-5 the BIC of 800 people with five clear classes is
# right to about 0.01, within 1 with eight unclear ones, and a fit takes a fifth of the time of the package's 1e-10.
TOLERANCE = 1e-5
MAX_ITERATIONS = 5_000


class LatentClasses(ClusterMixin, BaseEstimator):
    """Segments of people who answer yes with the same probabilities, and independently otherwise; StepMix estimates them.

    Attributes:
        labels_ (ndarray of int, shape (n_customers,)): Most probable class of each customer fitted.
        weights_ (ndarray, shape (n_segments,)): Share of each class.
        probabilities_ (ndarray, shape (n_segments, n_questions)): Probability of a yes.

    Source: Lazarsfeld & Henry (1968), Latent Structure Analysis; Morin, Legault, Laliberté et al. (2025), StepMix,
    Journal of Statistical Software 113(8).

    >>> rng = np.random.default_rng(0)
    >>> planted = rng.integers(0, 2, 300)
    >>> yes = np.kron([[0.9, 0.1], [0.1, 0.9]], np.ones(3))[planted]
    >>> agree = (LatentClasses(2).fit(rng.random((300, 6)) < yes).labels_ == planted).mean()
    >>> bool(max(agree, 1 - agree) > 0.95)
    True
    """

    def __init__(self, n_segments: int = 5, n_init: int = 10, random_state: int = 0):
        self.n_segments, self.n_init, self.random_state = n_segments, n_init, random_state

    def fit(self, X, y=None):
        """Estimate the classes from answers (n_customers, n_questions): 1 = yes, 0 = no, missing where not answered."""
        X = _checked_answers(X)
        self.n_features_in_ = X.shape[1]
        if len(X) < self.n_segments:
            raise DataError(f"{self.n_segments} segments need at least as many customers, found {len(X)}.")
        self._model = needs_extra("stepmix.stepmix", "needs").StepMix(
            n_components=self.n_segments,
            measurement="binary_nan" if np.isnan(X).any() else "binary",
            n_init=self.n_init,
            max_iter=MAX_ITERATIONS,
            abs_tol=TOLERANCE,
            random_state=self.random_state,
            progress_bar=0,
        )
        self._model.fit(X)
        if not self._model.converged_:
            why = f"no start of {self.n_init} converged within {MAX_ITERATIONS:,} iterations"
            many = f"{self.n_segments} classes may be too many for {len(X):,} customers"
            raise FitError(f"Latent classes: {why}. {many}.")
        parameters = self._model.get_parameters()
        self.weights_ = np.asarray(parameters["weights"])
        self.probabilities_ = np.asarray(parameters["measurement"]["pis"])
        self.n_parameters_ = int(self._model.n_parameters)
        self.log_likelihood_ = float(self._model.score(X) * len(X))
        self.labels_ = self._model.predict(X)
        return self

    def predict(self, X) -> np.ndarray:
        """Most probable class (int from 0) of each row."""
        return self.predict_proba(X).argmax(axis=1)

    def predict_proba(self, X) -> np.ndarray:
        """Probability of each class given the answers, shape (n_customers, n_segments)."""
        check_is_fitted(self, "labels_")
        X = _checked_answers(X)
        if X.shape[1] != self.n_features_in_:
            raise DataError(f"Latent classes were fitted to {self.n_features_in_} questions, found {X.shape[1]}.")
        if np.isnan(X).any() == ("nan" in self._model.measurement):
            return self._model.predict_proba(X)
        yes = np.clip(self.probabilities_, 1e-12, 1 - 1e-12)  # gaps where the answers fitted had none, or the reverse
        log = np.log(self.weights_) + (X == 1) @ np.log(yes).T + (X == 0) @ np.log1p(-yes).T
        chance = np.exp(log - log.max(axis=1, keepdims=True))
        return chance / chance.sum(axis=1, keepdims=True)

    def bic(self, X) -> float:
        """Bayesian information criterion on X; lower is better (Schwarz, 1978, Annals of Statistics 6(2))."""
        X = _checked_answers(X)
        return float(-2 * self._model.score(X) * len(X) + self.n_parameters_ * np.log(len(X)))


def _checked_answers(X) -> np.ndarray:
    X = np.asarray(X, dtype="float64")
    if X.ndim != 2 or X.size == 0:
        raise DataError(f"Answers should be a table of customers by questions, found shape {X.shape}.")
    wrong = X[~np.isnan(X) & (X != 0) & (X != 1)]
    if wrong.size:
        raise DataError(f"Latent classes take answers 1 (yes), 0 (no) or missing, found {wrong[0]:g}.")
    return X


class _Refused(DataError, ValueError):
    """An error of this package that is also what scikit-learn's conventions ask for."""


class _Segmenter(ClusterMixin, BaseEstimator):
    """What the four methods for numbers share: complete numbers in, a nearest representative for newcomers."""

    def __init__(self, n_segments: int = 5, random_state: int = 0):
        self.n_segments, self.random_state = n_segments, random_state

    def fit(self, X, y=None):
        """Find the segments (``labels_``, ints from 0) in numbers without gaps, on scales that may be compared."""
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

        # Answers are often equally far from two centres; where nothing tells them apart, the processor's rounding would.
        weight = 1 + 1e-9 * np.random.default_rng(self.random_state).random(X.shape[1])
        found = KMeans(self.n_segments, n_init=self.n_init, random_state=self.random_state).fit(X * weight)
        self.centres_, self.labels_ = found.cluster_centers_ / weight, found.labels_


class KMedoidsSegments(_Segmenter):
    """k-medoids: segments around real customers, by the smallest sum of distances (city block).

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

    >>> segmenter("ward", 2).fit([[0.0], [0.1], [5.0], [5.1]]).labels_.tolist()
    [0, 0, 1, 1]
    """
    chosen = pick("segmentation method", method, METHODS)
    return chosen(n_segments=n_segments, random_state=random_state, **options)
