"""Five ways to find segments behind one interface: fit, predict, labels_, n_segments, random_state.

All take customers in rows and answers or other numbers in columns, and all can say where somebody who was not in the
data would belong, so that solutions can be compared on the same people (:mod:`.number`).
"""

from __future__ import annotations

import kmedoids
import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator, ClusterMixin
from sklearn.cluster import AgglomerativeClustering, KMeans
from sklearn.metrics import pairwise_distances_argmin
from sklearn.mixture import GaussianMixture
from sklearn.utils.validation import check_is_fitted, validate_data
from stepmix.corrections import compute_log_emission_pm
from stepmix.stepmix import StepMix

from idic_lab.errors import DataError, FitError, UnknownName

# Mean log-likelihood gain per customer at which EM stops. At 1e-5 the BIC of 800 people with five clear classes is
# right to about 0.01, within 1 with eight unclear ones, and a fit takes a fifth of the time of the package's 1e-10.
TOLERANCE = 1e-5
MAX_ITERATIONS = 5_000


class LatentClasses(ClusterMixin, BaseEstimator):
    """Segments of people who answer yes with the same probabilities, and independently otherwise.

    Parameters
    ----------
    n_segments : int
        Number of classes.
    n_init : int
        Random starts; the best is kept.

    Attributes
    ----------
    labels_ : ndarray of int, shape (n_customers,)
        Most probable class of each customer fitted.
    weights_ : ndarray, shape (n_segments,)
        Share of each class.
    probabilities_ : ndarray, shape (n_segments, n_questions)
        Probability of a yes.
    log_likelihood_ : float
    n_parameters_ : int

    Source: Lazarsfeld & Henry (1968), Latent Structure Analysis; Morin, Legault, Laliberté et al. (2025), StepMix,
    Journal of Statistical Software 113(8).

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> yes = np.array([[0.9, 0.9, 0.9, 0.1, 0.1, 0.1], [0.1, 0.1, 0.1, 0.9, 0.9, 0.9]])
    >>> planted = np.repeat([0, 1], 60)
    >>> found = LatentClasses(2).fit(rng.random((120, 6)) < yes[planted])
    >>> agree = (found.labels_ == planted).mean()
    >>> bool(max(agree, 1 - agree) > 0.95)
    True
    """

    def __init__(self, n_segments: int = 5, n_init: int = 10, random_state: int = 0):
        self.n_segments, self.n_init, self.random_state = n_segments, n_init, random_state

    def fit(self, X, y=None):
        """Estimate the classes.

        Parameters
        ----------
        X : array-like of shape (n_customers, n_questions)
            1 = yes, 0 = no, missing where a question was not answered.

        Raises
        ------
        DataError
            Answers other than 0 and 1, or fewer customers than classes.
        FitError
            No start converged.
        """
        X = _answers(X)
        self.n_features_in_ = X.shape[1]
        if len(X) < self.n_segments:
            raise DataError(f"{self.n_segments} segments need at least as many customers, found {len(X)}.")
        self._model = _stepmix(X, self.n_segments, self.n_init, self.random_state).fit(X)
        if not self._model.converged_:
            raise FitError(
                f"Latent classes: no start of {self.n_init} converged within {MAX_ITERATIONS:,} iterations. "
                f"{self.n_segments} classes may be too many for {len(X):,} customers."
            )
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
        X = _answers(X)
        if X.shape[1] != self.n_features_in_:
            raise DataError(
                f"Latent classes were fitted to {self.n_features_in_} questions, found {X.shape[1]}."
            )
        if np.isnan(X).any() == ("nan" in self._model.measurement):
            return self._model.predict_proba(X)
        yes = np.clip(self.probabilities_, 1e-12, 1 - 1e-12)
        given = ~np.isnan(X)
        log = (
            np.log(self.weights_)
            + np.where(given, X, 0) @ np.log(yes).T
            + np.where(given, 1 - X, 0) @ np.log(1 - yes).T
        )
        chance = np.exp(log - log.max(axis=1, keepdims=True))
        return chance / chance.sum(axis=1, keepdims=True)

    def bic(self, X) -> float:
        """Bayesian information criterion on X; lower is better.

        Source: Schwarz (1978), Annals of Statistics 6(2).
        """
        X = _answers(X)
        return float(-2 * self._model.score(X) * len(X) + self.n_parameters_ * np.log(len(X)))


def three_step(
    answers: pd.DataFrame,
    covariates: pd.DataFrame,
    n_segments: int = 5,
    n_bootstrap: int = 50,
    random_state: int = 0,
) -> pd.DataFrame:
    """How what is known of customers moves their odds of belonging to a segment, corrected for uncertain membership.

    Step 1 estimates the classes from the answers alone; step 2 assigns every customer to the most probable class;
    step 3 regresses class on covariates (multinomial logit), with the error rates of step 2 built into the
    likelihood. Regressing the assigned classes as if they were certain would flatten the effects.

    Parameters
    ----------
    answers : DataFrame, shape (n_customers, n_questions)
        1, 0 or missing.
    covariates : DataFrame, shape (n_customers, n_covariates)
        Numbers, same rows; standardised here, so that effects are per standard deviation.
    n_bootstrap : int
        Resamples of customers for the standard errors of steps 2 and 3, given the classes of step 1.

    Returns
    -------
    DataFrame
        ``segment`` (int as in the ``labels_`` of :class:`LatentClasses` with the same arguments), ``covariate``,
        ``effect`` (log odds against the average segment, per standard deviation), ``standard_error``, ``low`` and
        ``high`` (95% interval).

    Raises
    ------
    DataError
        Rows do not match, or a covariate has gaps or does not vary.

    Source: Vermunt (2010), Latent class modeling with covariates: two improved three-step approaches, Political
    Analysis 18(4), the ML correction.
    """
    X, Y = _answers(answers), _standardised(covariates, len(answers))
    model = _stepmix(X, n_segments, 10, random_state)
    model.set_params(
        n_steps=3,
        correction="ML",
        assignment="modal",
        structural="covariate",
        structural_params={"method": "newton-raphson", "max_iter": 10, "tol": 1e-4, "intercept": True},
    )
    effect = _effects(model.fit(X, Y))
    model.set_params(n_init=1)
    rng, again = np.random.default_rng(random_state), []
    for rows in rng.integers(0, len(X), (n_bootstrap, len(X))):
        errors = compute_log_emission_pm(model.predict_proba_class(X[rows]), "modal")
        model.em(X[rows], Y[rows], freeze_measurement=True, log_emission_pm=errors)
        again.append(_effects(model))
    error = np.std(again, axis=0, ddof=1)
    table = pd.DataFrame(
        {
            "segment": np.repeat(np.arange(n_segments), Y.shape[1]),
            "covariate": pd.array(list(covariates.columns) * n_segments, dtype="str"),
            "effect": effect.ravel(),
            "standard_error": error.ravel(),
        }
    )
    half = 1.96 * table["standard_error"]
    return table.assign(low=table["effect"] - half, high=table["effect"] + half)


def _effects(model) -> np.ndarray:
    """Coefficients without the intercept, centred over segments, shape (n_segments, n_covariates)."""
    beta = model.get_parameters()["structural"]["beta"][:, 1:]
    return beta - beta.mean(axis=0)


def _stepmix(X: np.ndarray, n_segments: int, n_init: int, random_state: int) -> StepMix:
    return StepMix(
        n_components=n_segments,
        measurement="binary_nan" if np.isnan(X).any() else "binary",
        n_init=n_init,
        max_iter=MAX_ITERATIONS,
        abs_tol=TOLERANCE,
        random_state=random_state,
        progress_bar=0,
    )


def _answers(X) -> np.ndarray:
    X = np.asarray(X, dtype="float64")
    if X.ndim != 2 or X.size == 0:
        raise DataError(f"Answers should be a table of customers by questions, found shape {X.shape}.")
    wrong = X[~np.isnan(X) & (X != 0) & (X != 1)]
    if wrong.size:
        raise DataError(f"Latent classes take answers 1 (yes), 0 (no) or missing, found {wrong[0]:g}.")
    return X


def _standardised(covariates: pd.DataFrame, rows: int) -> np.ndarray:
    if len(covariates) != rows:
        raise DataError(f"covariates: {len(covariates):,} rows, but {rows:,} customers answered.")
    values = covariates.to_numpy(dtype="float64")
    for name, column in zip(covariates.columns, values.T, strict=True):
        if not np.isfinite(column).all():
            raise DataError(f"covariate '{name}' has missing values; leave those customers out first.")
        if column.std() == 0:
            raise DataError(f"covariate '{name}' is the same for everybody, so it explains nothing.")
    return (values - values.mean(axis=0)) / values.std(axis=0)


class _Segmenter(ClusterMixin, BaseEstimator):
    """What the four methods for numbers share: complete numbers in, a nearest representative for newcomers."""

    def __init__(self, n_segments: int = 5, random_state: int = 0):
        self.n_segments, self.random_state = n_segments, random_state

    def fit(self, X, y=None):
        """Find the segments.

        Parameters
        ----------
        X : array-like of shape (n_customers, n_features)
            Numbers without gaps, on scales that may be compared.

        Returns
        -------
        self
            With ``labels_``, ints from 0.
        """
        X = self._numbers(X, reset=True)
        if len(X) < self.n_segments:
            raise DataError(f"{self.n_segments} segments need at least as many customers, found {len(X)}.")
        self._find(X)
        return self

    def predict(self, X) -> np.ndarray:
        """Segment (int from 0) of each row, of shape (n_customers,)."""
        check_is_fitted(self, "labels_")
        return self._place(self._numbers(X, reset=False))

    def _numbers(self, X, reset: bool) -> np.ndarray:
        try:
            return validate_data(self, np.asarray(X, dtype="float64"), reset=reset)
        except ValueError as error:
            if not np.isnan(np.asarray(X, dtype="float64")).any():
                raise DataError(str(error)) from None
            raise DataError(
                f"{type(self).__name__} cannot take missing values; latent classes can (method 'latent_classes')."
            ) from None

    def _place(self, X: np.ndarray) -> np.ndarray:
        return pairwise_distances_argmin(X, self.centres_)


class KMeansSegments(_Segmenter):
    """k-means: segments around averages, by the smallest sum of squared distances.

    Source: Lloyd (1982), IEEE Transactions on Information Theory 28(2); ten starts, the best kept.

    Examples
    --------
    >>> answers = np.repeat([[0.0, 0, 1], [1, 1, 0]], 5, axis=0)
    >>> KMeansSegments(2).fit(answers).labels_.tolist() in ([0] * 5 + [1] * 5, [1] * 5 + [0] * 5)
    True
    """

    def __init__(self, n_segments: int = 5, n_init: int = 10, random_state: int = 0):
        super().__init__(n_segments, random_state)
        self.n_init = n_init

    def _find(self, X):
        found = KMeans(self.n_segments, n_init=self.n_init, random_state=self.random_state).fit(X)
        self.centres_, self.labels_ = found.cluster_centers_, found.labels_


class KMedoidsSegments(_Segmenter):
    """k-medoids: segments around real customers, by the smallest sum of distances (city block).

    Memory grows with the square of the number of customers.

    Source: Schubert & Rousseeuw (2021), Fast and eager k-medoids clustering, Information Systems 101.
    """

    def _find(self, X):
        found = kmedoids.KMedoids(
            self.n_segments,
            metric="manhattan",
            method="fasterpam",
            init="build",
            random_state=self.random_state,
        ).fit(X)
        self.medoids_ = np.asarray(found.medoid_indices_)
        self.centres_ = X[self.medoids_]
        self.labels_ = self._place(X)

    def _place(self, X):
        return pairwise_distances_argmin(X, self.centres_, metric="manhattan")


class WardSegments(_Segmenter):
    """Ward's hierarchical clustering; newcomers go to the segment whose average is nearest.

    Source: Ward (1963), Journal of the American Statistical Association 58.
    """

    def _find(self, X):
        self.labels_ = AgglomerativeClustering(self.n_segments, linkage="ward").fit(X).labels_
        self.centres_ = np.stack([X[self.labels_ == label].mean(axis=0) for label in range(self.n_segments)])


class GaussianMixtureSegments(_Segmenter):
    """A mixture of normal distributions with uncorrelated features; for measurements, less so for yes and no.

    Source: McLachlan & Peel (2000), Finite Mixture Models.
    """

    def _find(self, X):
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
    """A segmentation method by name, not yet fitted.

    Parameters
    ----------
    **options
        Others of the method, such as ``n_init``.

    Returns
    -------
    estimator
        With ``fit``, ``predict`` and, once fitted, ``labels_``; scikit-learn's conventions hold.

    Raises
    ------
    UnknownName
        For a method that does not exist.

    Examples
    --------
    >>> segmenter("ward", 2).fit([[0.0], [0.1], [5.0], [5.1]]).labels_.tolist()
    [0, 0, 1, 1]
    """
    if method not in METHODS:
        raise UnknownName("segmentation method", method, METHODS)
    return METHODS[method](n_segments=n_segments, random_state=random_state, **options)
