"""Five ways to find segments behind one interface: fit, predict, labels_, n_segments, random_state; and latent classes at length.

All take customers in rows and answers or other numbers in columns, and all can say where somebody who was not in the data would
belong, so that solutions can be compared on the same people (:mod:`.number`).
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator, ClusterMixin
from sklearn.utils.validation import check_is_fitted, validate_data

from idic_lab.errors import DataError, FitError, needs_extra, pick

# Mean log-likelihood gain per customer at which EM stops. At 1e-5 the BIC of 800 people with five clear classes is
# right to about 0.01, within 1 with eight unclear ones, and a fit takes a fifth of the time of the package's 1e-10.
TOLERANCE = 1e-5
MAX_ITERATIONS = 5_000


class LatentClasses(ClusterMixin, BaseEstimator):
    """Segments of people who answer yes with the same probabilities, and independently otherwise.

    Parameters:
        n_segments: Number of classes.
        n_init: Random starts; the best is kept.
    Attributes:
        labels_ (ndarray of int, shape (n_customers,)): Most probable class of each customer fitted.
        weights_ (ndarray, shape (n_segments,)): Share of each class.
        probabilities_ (ndarray, shape (n_segments, n_questions)): Probability of a yes.
        log_likelihood_ (float)
        n_parameters_ (int)

    Source: Lazarsfeld & Henry (1968), Latent Structure Analysis; Morin, Legault, Laliberté et al. (2025), StepMix,
    Journal of Statistical Software 113(8).

    >>> rng = np.random.default_rng(0)
    >>> yes = np.array([[0.9, 0.9, 0.9, 0.1, 0.1, 0.1], [0.1, 0.1, 0.1, 0.9, 0.9, 0.9]])
    >>> planted = rng.integers(0, 2, 300)
    >>> found = LatentClasses(2).fit(rng.random((300, 6)) < yes[planted]).labels_
    >>> agree = (found == planted).mean()
    >>> bool(max(agree, 1 - agree) > 0.95)
    True
    """

    def __init__(self, n_segments: int = 5, n_init: int = 10, random_state: int = 0):
        self.n_segments, self.n_init, self.random_state = n_segments, n_init, random_state

    def fit(self, X, y=None):
        """Estimate the classes.

        Parameters:
            X (array-like of shape (n_customers, n_questions)): 1 = yes, 0 = no, missing where a question was not
                answered.
        Raises:
            DataError: Answers other than 0 and 1, or fewer customers than classes.
            FitError: No start converged.
        """
        X = checked_answers(X)
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
        X = checked_answers(X)
        if X.shape[1] != self.n_features_in_:
            raise DataError(f"Latent classes were fitted to {self.n_features_in_} questions, found {X.shape[1]}.")
        if np.isnan(X).any() == ("nan" in self._model.measurement):
            return self._model.predict_proba(X)
        return _expectation(_yes_no(X), self.weights_, self.probabilities_)[0]

    def bic(self, X) -> float:
        """Bayesian information criterion on X; lower is better.

        Source: Schwarz (1978), Annals of Statistics 6(2).
        """
        X = checked_answers(X)
        return float(-2 * self._model.score(X) * len(X) + self.n_parameters_ * np.log(len(X)))


def _stepmix(X: np.ndarray, n_segments: int, n_init: int, random_state: int):
    """The latent class model of StepMix for such answers, not yet fitted."""
    return needs_extra("stepmix.stepmix", "needs").StepMix(
        n_components=n_segments,
        measurement="binary_nan" if np.isnan(X).any() else "binary",
        n_init=n_init,
        max_iter=MAX_ITERATIONS,
        abs_tol=TOLERANCE,
        random_state=random_state,
        progress_bar=0,
    )


def checked_answers(X) -> np.ndarray:
    """Answers as an array of 1, 0 and missing, or a refusal."""
    X = np.asarray(X, dtype="float64")
    if X.ndim != 2 or X.size == 0:
        raise DataError(f"Answers should be a table of customers by questions, found shape {X.shape}.")
    wrong = X[~np.isnan(X) & (X != 0) & (X != 1)]
    if wrong.size:
        raise DataError(f"Latent classes take answers 1 (yes), 0 (no) or missing, found {wrong[0]:g}.")
    return X


def _expectation(
    yes_no: tuple[np.ndarray, np.ndarray], weights: np.ndarray, yes: np.ndarray
) -> tuple[np.ndarray, float]:
    """Probability of each class given who said yes and who said no, and the log-likelihood of all answers."""
    yes = np.clip(yes, 1e-12, 1 - 1e-12)
    log = np.log(weights) + yes_no[0] @ np.log(yes).T + yes_no[1] @ np.log1p(-yes).T
    highest = log.max(axis=1, keepdims=True)
    chance = np.exp(log - highest)
    total = chance.sum(axis=1, keepdims=True)
    return chance / total, float((np.log(total) + highest).sum())


def _yes_no(X: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Who said yes and who said no, as 1 and 0; a question not answered is neither."""
    return (X == 1).astype(float), (X == 0).astype(float)


def _maximised(X: np.ndarray, weights: np.ndarray, yes: np.ndarray) -> tuple[np.ndarray, np.ndarray, float]:
    """Classes of the highest likelihood near a start, by the EM algorithm: weights, probabilities, log-likelihood.

    For resamples, on which StepMix would start at random each time, and its classes would change places.
    """
    yes_no, before = _yes_no(X), -np.inf
    given = yes_no[0] + yes_no[1]
    for _ in range(MAX_ITERATIONS):
        chance, fit = _expectation(yes_no, weights, yes)
        if fit - before < TOLERANCE * len(X):
            break
        before, weights = fit, np.maximum(chance.mean(axis=0), 1e-12)
        yes = (chance.T @ yes_no[0]) / np.maximum(chance.T @ given, 1e-12)
    return weights, yes, fit


def class_number_test(answers, n_segments: int, n_bootstrap: int = 99, random_state: int = 0) -> pd.Series:
    """Whether so many classes fit better than one class fewer, beyond what chance would give.

    The bootstrap likelihood-ratio test: answers are drawn from the model with one class fewer, and the gain in
    likelihood by a further class is computed on them as on the real ones. It takes classes for granted: along a
    continuous trait it will ask for ever more of them, so it comes after :func:`choose_number` and not instead.

    Parameters:
        answers (DataFrame or array of shape (n_customers, n_questions)): 1, 0 or missing.
        n_segments: 2 or more.
        n_bootstrap: Sets of answers drawn; the smallest p-value there can be is 1 / (n_bootstrap + 1).
    Returns:
        Series: ``likelihood_ratio`` (twice the gain in log-likelihood), ``p_value``.

    Source: McLachlan (1987), Applied Statistics 36(3); Nylund, Asparouhov & Muthén (2007), Structural Equation
    Modeling 14(4).

    >>> rng = np.random.default_rng(0)
    >>> answers = rng.random((200, 5)) < np.array([[0.1] * 5, [0.9] * 5])[rng.integers(0, 2, 200)]
    >>> float(class_number_test(answers, 2, n_bootstrap=19)["p_value"])
    0.05
    """
    X = checked_answers(answers)
    if n_segments < 2:
        raise DataError(f"class_number_test compares with one class fewer, so it takes 2 or more, found {n_segments}.")
    fewer = LatentClasses(n_segments - 1, random_state=random_state).fit(X)
    rng = np.random.default_rng(random_state)
    observed = _likelihood_ratio(X, fewer, rng)
    by_chance = []
    for _ in range(n_bootstrap):
        classes = rng.choice(n_segments - 1, len(X), p=fewer.weights_)
        drawn = (rng.random(X.shape) < fewer.probabilities_[classes]).astype(float)
        by_chance.append(_likelihood_ratio(np.where(np.isnan(X), np.nan, drawn), fewer, rng))
    p_value = (1 + sum(ratio >= observed for ratio in by_chance)) / (n_bootstrap + 1)
    return pd.Series({"likelihood_ratio": observed, "p_value": p_value})


def _likelihood_ratio(X: np.ndarray, fewer: LatentClasses, rng: np.random.Generator) -> float:
    """Twice the gain in log-likelihood by one class more, started from each class split in two."""
    weights, yes, least = _maximised(X, fewer.weights_, fewer.probabilities_)
    best = least
    for number in range(len(weights)):
        apart = rng.uniform(0.5, 2.0, yes.shape[1])
        start = np.vstack([yes, yes[number] * apart]).clip(0.02, 0.98)
        shares = np.append(weights, weights[number] / 2)
        shares[number] /= 2
        best = max(best, _maximised(X, shares, start)[2])
    return 2 * (best - least)


def three_step(
    answers: pd.DataFrame, covariates: pd.DataFrame, n_segments: int = 5, n_bootstrap: int = 50, random_state: int = 0
) -> pd.DataFrame:
    """How what is known of customers moves their odds of belonging to a segment, corrected for uncertain membership.

    Step 1 estimates the classes from the answers alone; step 2 assigns every customer to the most probable class;
    step 3 regresses class on covariates (multinomial logit), with the error rates of step 2 built into the
    likelihood. Regressing the assigned classes as if they were certain would flatten the effects. All three steps are
    done anew on every resample of customers, so that the intervals hold the uncertainty of the classes too. Of 96
    intervals on simulated sets of 800 people with three unclear classes 95% held the planted effect.

    Parameters:
        answers (DataFrame, shape (n_customers, n_questions)): 1, 0 or missing.
        covariates (DataFrame, shape (n_customers, n_covariates)): Numbers, same rows; standardised here, so that
            effects are per standard deviation.
        n_bootstrap: Resamples of customers for the standard errors.
    Returns:
        DataFrame: ``segment`` (int as in the ``labels_`` of :class:`LatentClasses` with the same arguments),
            ``covariate``, ``effect`` (log odds against the average segment, per standard deviation),
            ``standard_error``, ``low`` and ``high`` (95% interval).
    Raises:
        DataError: Rows do not match, or a covariate has gaps or does not vary.

    Source: Vermunt (2010), Latent class modeling with covariates: two improved three-step approaches, Political
    Analysis 18(4), the ML correction.

    >>> rng = np.random.default_rng(0)
    >>> group = rng.integers(0, 2, 200)
    >>> answers = pd.DataFrame(rng.random((200, 5)) < np.array([[0.1] * 5, [0.9] * 5])[group])
    >>> effects = three_step(answers, pd.DataFrame({"age": 40 + 10.0 * group + rng.normal(0, 9, 200)}), 2, 20)
    >>> (effects["low"] > 0).sum(), (effects["high"] < 0).sum()
    (np.int64(1), np.int64(1))
    """
    X, Y = checked_answers(answers), _standardised(covariates, len(answers))
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
    again = _effects_on_resamples(model, X, Y, n_bootstrap, random_state)
    table = pd.DataFrame(
        {
            "segment": np.repeat(np.arange(n_segments), Y.shape[1]),
            "covariate": pd.array(list(covariates.columns) * n_segments, dtype="str"),
            "effect": effect.ravel(),
            "standard_error": np.std(again, axis=0, ddof=1).ravel(),
        }
    )
    half = 1.96 * table["standard_error"]
    return table.assign(low=table["effect"] - half, high=table["effect"] + half)


def _effects_on_resamples(model, X: np.ndarray, Y: np.ndarray, n_bootstrap: int, random_state: int) -> list:
    errors_of = needs_extra("stepmix.corrections", "needs").compute_log_emission_pm
    found, again = model.get_parameters(), []
    for rows in np.random.default_rng(random_state).integers(0, len(X), (n_bootstrap, len(X))):
        # from the classes of all customers, so that a class keeps its number
        weights, yes, _ = _maximised(X[rows], np.asarray(found["weights"]), np.asarray(found["measurement"]["pis"]))
        model.set_parameters({**found, "weights": weights, "measurement": {**found["measurement"], "pis": yes}})
        errors = errors_of(model.predict_proba_class(X[rows]), "modal")
        model.em(X[rows], Y[rows], freeze_measurement=True, log_emission_pm=errors)
        again.append(_effects(model))
    return again


def _effects(model) -> np.ndarray:
    """Coefficients without the intercept, centred over segments, shape (n_segments, n_covariates)."""
    beta = model.get_parameters()["structural"]["beta"][:, 1:]
    return beta - beta.mean(axis=0)


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
