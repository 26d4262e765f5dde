"""Resampling customers, each with everything that is known of them, for whatever has no formula of its own."""

import numpy as np
import pandas as pd


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
