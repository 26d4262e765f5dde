"""Forecasts of customers' purchases compared over rolling origins, in and out of the time they were learned from."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator, RegressorMixin
from sklearn.ensemble import HistGradientBoostingRegressor
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from threadpoolctl import threadpool_limits

from idic_lab.differentiate import clv
from idic_lab.differentiate.clv import evaluation
from idic_lab.errors import DataError, pick
from idic_lab.inference.intervals import Interval
from idic_lab.inference.resampling import percentiles

PREDICTORS = ("frequency", "recency", "T")
MEASURES = ("mae", "rmse", "spearman", "gini", "top_decile_capture")


@dataclass(frozen=True)
class Origin:
    """A day from which forecasts are made, with what was known on it and what came after.

    Attributes
    ----------
    day : Timestamp
    now : Split
        Calibration up to `day`, holdout the horizon after it.
    before : Split
        The same one horizon earlier: what a method that learns from outcomes may learn from.
    """

    day: pd.Timestamp
    now: clv.Split
    before: clv.Split


def rolling_origins(transactions: pd.DataFrame, n_origins: int = 4, horizon_weeks: int = 13) -> Iterator[Origin]:
    """Days spread over the later part of the history, each with its past and its future.

    Parameters
    ----------
    transactions : DataFrame
        ``customer_id``, ``date``, ``amount``.
    horizon_weeks : int
        Length of every forecast.

    Yields
    ------
    Origin
        The last one's horizon ends with the data; none is earlier than two horizons after the start.

    Raises
    ------
    DataError
        When the history is shorter than three horizons.

    Examples
    --------
    >>> from idic_lab import datasets
    >>> transactions = datasets.load("cdnow_sample", quiet=True).transactions
    >>> [f"{origin.day:%Y-%m-%d}" for origin in rolling_origins(transactions, 2, 13)]
    ['1997-07-02', '1998-03-31']
    """
    first, last = transactions["date"].min().normalize(), transactions["date"].max().normalize()
    horizon = pd.Timedelta(weeks=horizon_weeks)
    earliest, latest = first + 2 * horizon, last - horizon
    if earliest > latest:
        raise DataError(
            f"The history of {(last - first).days} days is shorter than three horizons of {horizon.days} days; "
            "choose a shorter horizon."
        )
    for day in pd.date_range(earliest, latest, periods=n_origins).normalize():
        yield Origin(
            day,
            clv.split(transactions, day, day + horizon, unit_days=7),
            clv.split(transactions, day - horizon, day, unit_days=7),
        )


class TwoPart(RegressorMixin, BaseEstimator):
    """Expected purchases as the chance of any purchase times the number expected from those who buy.

    Most customers buy nothing, so one regression has to bend to a heap of zeros; two models, each for its own question,
    need not. It knows nothing of how people buy and learns all of it from an earlier window.

    Source: the two-part model of Duan, Manning, Morris & Newhouse (1983), Journal of Business & Economic Statistics
    1(2).

    Examples
    --------
    >>> X = pd.DataFrame({"frequency": [0, 6] * 60, "recency": [0.0, 20.0] * 60, "T": [26.0, 26.0] * 60})
    >>> model = TwoPart().fit(X, [0, 3] * 60)
    >>> bool(model.predict(X)[1] > 2.5 and model.predict(X)[0] < 0.5)
    True
    """

    def __init__(self, random_state: int = 0):
        self.random_state = random_state

    def fit(self, X: pd.DataFrame, y):
        """Learn from ``frequency``, ``recency``, ``T`` and the purchases that followed."""
        X, y = self._features(X), np.asarray(y, dtype=float)
        # Sums of floats depend on their order, and near ties of a boosted tree on the sums.
        order = np.lexsort((y, *X.T))
        X, y = X[order], y[order]
        buys = y > 0
        if buys.all() or not buys.any():
            raise DataError("A two-part model needs customers who bought in the window and customers who did not.")
        with threadpool_limits(1):
            self.chance_ = make_pipeline(StandardScaler(), LogisticRegression(max_iter=500)).fit(X, buys)
            self.number_ = HistGradientBoostingRegressor(
                loss="poisson", max_iter=60, max_leaf_nodes=8, min_samples_leaf=20, random_state=self.random_state
            ).fit(X[buys], y[buys])
        return self

    def predict(self, X: pd.DataFrame) -> np.ndarray:
        """Expected purchases of each row."""
        X = self._features(X)
        with threadpool_limits(1):
            return self.chance_.predict_proba(X)[:, 1] * self.number_.predict(X)

    @staticmethod
    def _features(X: pd.DataFrame) -> np.ndarray:
        table = X[list(PREDICTORS)].to_numpy(dtype=float)
        silent = table[:, 2] - table[:, 1]
        return np.column_stack([np.log1p(table), np.log1p(silent), table[:, 0] / np.maximum(table[:, 2], 1.0)])


def difference_interval(
    actual, first, second, measure: str = "mae", n_bootstrap: int = 500, confidence: float = 0.95, random_state: int = 0
) -> Interval:
    """By how much one forecast is better than another in a measure, with a paired bootstrap interval over customers.

    Both forecasts are judged on the same draws of customers, so what is common to both drops out.

    Parameters
    ----------
    actual, first, second : array-like of shape (n_customers,)
    measure : {"mae", "rmse", "spearman", "gini", "top_decile_capture"}

    Returns
    -------
    Interval
        Measure of `first` less that of `second`, and the bounds of the interval.

    Source: Efron & Tibshirani (1993), An Introduction to the Bootstrap, chapter 13.

    Examples
    --------
    >>> actual = np.arange(100.0)
    >>> difference, low, high = difference_interval(actual, actual, np.full(100, 49.5), "mae")
    >>> difference, bool(high < 0)
    (-25.0, True)
    """
    pick("measure of a forecast", measure, MEASURES)
    actual, first, second = (np.asarray(values, dtype=float) for values in (actual, first, second))
    rng = np.random.default_rng(random_state)
    draws = [
        _measure(measure, actual[rows], first[rows]) - _measure(measure, actual[rows], second[rows])
        for rows in rng.integers(0, len(actual), (n_bootstrap, len(actual)))
    ]
    whole = _measure(measure, actual, first) - _measure(measure, actual, second)
    return Interval(float(whole), *percentiles(draws, confidence))


def _measure(measure: str, actual: np.ndarray, predicted: np.ndarray) -> float:
    if measure == "mae":
        return float(np.abs(predicted - actual).mean())
    if measure == "rmse":
        return float(np.sqrt(((predicted - actual) ** 2).mean()))
    if measure == "top_decile_capture":
        return evaluation.top_capture(predicted, actual)
    if predicted.std() == 0 or actual.std() == 0:
        return float("nan")
    if measure == "gini":
        return float(evaluation._normalised_gini(predicted, actual))
    ranks = pd.DataFrame({"predicted": predicted, "actual": actual}).rank()
    return float(np.corrcoef(ranks["predicted"], ranks["actual"])[0, 1])
