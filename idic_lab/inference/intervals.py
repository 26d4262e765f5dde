"""Intervals for measures, and control limits from their own past."""

from __future__ import annotations

import numpy as np
import pandas as pd

Z = 1.959964
BASELINE = 12  # reviews from which limits are made
MINIMUM_PAST = 6


def share_interval(hits: float, n: int) -> tuple[float, float, float]:
    """A share with its 95% interval.

    Source: Wilson (1927), Journal of the American Statistical Association 22(158), 209-212.

    Examples
    --------
    >>> tuple(round(float(value), 3) for value in share_interval(8, 10))
    (0.8, 0.49, 0.943)
    """
    share = hits / n
    middle, spread = share + Z**2 / (2 * n), Z * np.sqrt(share * (1 - share) / n + Z**2 / (4 * n**2))
    return share, (middle - spread) / (1 + Z**2 / n), (middle + spread) / (1 + Z**2 / n)


def mean_interval(values) -> tuple[float, float, float]:
    """A mean with its 95% interval; from one value the interval is missing."""
    x = np.asarray(values, dtype=float)
    if len(x) < 2:
        return float(x.mean()), np.nan, np.nan
    error = Z * x.std(ddof=1) / np.sqrt(len(x))
    return float(x.mean()), float(x.mean() - error), float(x.mean() + error)


def ratio_interval(above, below) -> tuple[float, float, float]:
    """A ratio of two sums over the same customers, with its 95% interval by linearisation.

    Examples
    --------
    >>> ratio_interval([1.0, 2.0], [2.0, 4.0])
    (0.5, 0.5, 0.5)
    """
    a, b = np.asarray(above, dtype=float), np.asarray(below, dtype=float)
    ratio = a.sum() / b.sum()
    if len(a) < 2:
        return float(ratio), np.nan, np.nan
    error = Z * np.sqrt(len(a) * (a - ratio * b).var(ddof=1)) / b.sum()
    return float(ratio), float(ratio - error), float(ratio + error)


def control_limits(values: pd.Series, observations: pd.Series, chart: str) -> pd.DataFrame:
    """Limits that a measure keeps within while nothing but chance moves it, each from the reviews before.

    A p-chart is for shares: three standard deviations of a share of so many observations. An XmR chart is for anything
    else: the mean, plus and minus 2.66 times the mean distance between neighbours.

    Parameters
    ----------
    values, observations : Series
        In order of time.
    chart : {"p", "XmR", ""}
        Without a chart there are no limits.

    Returns
    -------
    DataFrame
        ``lower_limit``, ``upper_limit``; missing for the first reviews.

    Source: Shewhart (1931), Economic Control of Quality of Manufactured Product; Wheeler & Chambers (1992),
    Understanding Statistical Process Control, for the 2.66.

    Examples
    --------
    >>> steady = pd.Series([5.0, 6.0, 5.0, 6.0, 5.0, 6.0, 9.0])
    >>> control_limits(steady, steady, "XmR").iloc[-1].round(2).tolist()
    [2.84, 8.16]
    """
    x, n = values.to_numpy(float), observations.to_numpy(float)
    limits = np.full((len(x), 2), np.nan)
    for at in range(MINIMUM_PAST, len(x)):
        past = slice(max(at - BASELINE, 0), at)
        if chart == "p":
            share = np.average(x[past], weights=np.maximum(n[past], 1e-9))
            spread = 3 * np.sqrt(share * (1 - share) / max(n[at], 1))
            limits[at] = max(share - spread, 0), min(share + spread, 1)
        elif chart == "XmR":
            spread = 2.66 * np.abs(np.diff(x[past])).mean()
            limits[at] = x[past].mean() - spread, x[past].mean() + spread
    return pd.DataFrame(limits, columns=["lower_limit", "upper_limit"], index=values.index)
