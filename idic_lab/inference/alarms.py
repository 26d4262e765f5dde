"""Watching a series: limits within which a measure stays while nothing but chance moves it."""

from __future__ import annotations

import numpy as np
import pandas as pd

BASELINE = 12  # reviews from which limits are made
MINIMUM_PAST = 6


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
