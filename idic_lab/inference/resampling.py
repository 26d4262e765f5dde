"""Resampling customers, each with everything that is known of them, for whatever has no formula of its own."""

import numpy as np
import pandas as pd
from scipy import stats


def draws_of(n: int, n_bootstrap: int, random_state: int = 0) -> np.ndarray:
    """How often each of `n` customers is drawn in each resample: weights for statistics that are sums.

    >>> draws_of(4, 3).sum(axis=1).tolist()
    [4, 4, 4]
    """
    return np.random.default_rng(random_state).multinomial(n, np.full(n, 1 / n), size=n_bootstrap)


def percentiles(draws, confidence: float = 0.95, axis: int = 0):
    """Lower and upper bound between which the middle part of some draws lies; missing draws are left out.

    Source: Efron (1979), Bootstrap methods: another look at the jackknife, Annals of Statistics 7(1).

    >>> percentiles(np.arange(101.0), confidence=0.5)
    (25.0, 75.0)
    """
    low, high = np.nanquantile(draws, [(1 - confidence) / 2, (1 + confidence) / 2], axis=axis)
    return (float(low), float(high)) if np.ndim(low) == 0 else (low, high)


def bca(value: float, draws, jackknife, confidence: float = 0.95) -> tuple[float, float]:
    """Bounds from draws of one's own, corrected for bias and skewness.

    Parameters:
        value: The statistic of the data themselves.
        jackknife: The statistic with each customer left out in turn.

    Source: Efron (1987), equations 6.6 and 7.3.

    >>> x = np.array([5.0, 7.0, 9.0, 40.0])
    >>> draws = (draws_of(4, 999) @ x) / 4
    >>> low, high = bca(x.mean(), draws, (x.sum() - x) / 3)
    >>> bool(percentiles(draws)[1] < high)  # the values are skewed upwards
    True
    """
    draws, left_out = np.asarray(draws, dtype=float), np.asarray(jackknife, dtype=float)
    below = (np.count_nonzero(draws < value) + np.count_nonzero(draws <= value)) / (2 * len(draws))
    bias = stats.norm.ppf(np.clip(below, 1 / (2 * len(draws)), 1 - 1 / (2 * len(draws))))
    deviations = left_out.mean() - left_out
    spread = np.square(deviations).sum()
    acceleration = (deviations**3).sum() / (6 * spread**1.5) if spread > 0 else 0.0
    z = bias + stats.norm.ppf([(1 - confidence) / 2, (1 + confidence) / 2])
    low, high = np.quantile(draws, stats.norm.cdf(bias + z / (1 - acceleration * z)))
    return float(low), float(high)


def simultaneous(values: pd.Series, draws: pd.DataFrame, confidence: float = 0.95) -> pd.DataFrame:
    """Intervals of several estimates that hold all at once, so also for the best of them, picked afterwards.

    Parameters:
        values: Estimates by name.
        draws: What they were on each resample (row) of the same customers.
    Returns:
        DataFrame: ``value``, ``low``, ``high`` by name.

    Source: Westfall & Young (1993), Resampling-Based Multiple Testing, chapter 2: the largest of the studentised errors.

    >>> noise = np.random.default_rng(1).normal(size=(999, 2))
    >>> draws = pd.DataFrame(noise, columns=["a", "b"])
    >>> simultaneous(pd.Series({"a": 0.0, "b": 0.0}), draws).round(1).loc["a"].tolist()
    [0.0, -2.2, 2.2]
    """
    draws = draws[values.index]
    error = draws.std(ddof=1)
    distance = ((draws - values).abs() / error.where(error > 0)).max(axis=1)
    reach = float(np.nan_to_num(distance.quantile(confidence))) * error
    return pd.DataFrame({"value": values, "low": values - reach, "high": values + reach})
