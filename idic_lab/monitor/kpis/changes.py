"""Finding changes in weekly figures soon after they happen, at a stated rate of false alarms.

Two ideas. First, each new week is compared with all weeks before it in such a way that, as long as nothing changes, the
result is exactly a standard normal number, whatever the figure's mean and spread (Hawkins' self-starting scheme).
Second, at each week we ask which beginning within the last weeks would fit best, both for a sudden and for a gradual
change, and report when the best fit is too good for chance (a window-limited likelihood ratio).
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import pandas as pd
from scipy import stats

from idic_lab import tables
from idic_lab.errors import DataError

WARM_UP = 4  # weeks before a figure is watched: two for a spread, two so that the comparison is not wild
WINDOW = 13  # weeks back within which a change may have begun
KINDS = ("step", "drift")
_SIMULATED = 4000


def standardised(value, weight) -> np.ndarray:
    """Each week against the weeks before it, as a number that is standard normal while nothing changes.

    Parameters
    ----------
    value : array of shape (weeks,)
        A weekly mean or share (shares are best brought to a steady spread first, see `steady`).
    weight : array of shape (weeks,)
        Number of observations behind each.

    Returns
    -------
    ndarray of shape (weeks,)
        0 for the first WARM_UP weeks.

    Source: Hawkins (1987), The Statistician 36(4), 299-315, with unequal numbers of observations.

    Examples
    --------
    >>> standardised([5.0, 5.1, 4.9, 5.0, 5.0, 9.0], [10] * 6).round(1).tolist()
    [0.0, 0.0, 0.0, 0.0, -0.0, 4.9]
    """
    x, w = np.asarray(value, dtype=float), np.asarray(weight, dtype=float)
    result = np.zeros(len(x))
    total, mean, squares = 0.0, 0.0, 0.0
    for week in range(len(x)):
        if week >= WARM_UP and squares > 0:
            spread = np.sqrt(squares / (week - 1) * (1 / w[week] + 1 / total))
            t = (x[week] - mean) / spread
            result[week] = -np.sign(t) * stats.norm.ppf(max(stats.t.sf(abs(t), week - 1), 1e-300))
        step = x[week] - mean
        total += w[week]
        mean += w[week] / total * step
        squares += w[week] * step * (x[week] - mean)
    return result


def steady(share, weight) -> np.ndarray:
    """Shares brought to a scale on which chance moves all of them equally far: 2 arcsin of the root.

    Source: Anscombe (1948), Biometrika 35(3/4), 246-254.
    """
    x, n = np.asarray(share, dtype=float), np.asarray(weight, dtype=float)
    return 2 * np.arcsin(np.sqrt((x * n + 3 / 8) / (n + 3 / 4)))


def likelihood_ratios(deviations) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """For each week the best fit of a change that began within the last WINDOW weeks.

    Parameters
    ----------
    deviations : array of shape (..., weeks)
        From `standardised`.

    Returns
    -------
    tuple of ndarray, each of shape (..., weeks)
        How far off, in standard deviations, with its sign; how many weeks ago it began (1 = this week); and
        whether the gradual change fits better.

    Source: Lai (1995), Journal of the Royal Statistical Society B 57(4), 613-658, section 3.
    """
    z = np.atleast_2d(np.asarray(deviations, dtype=float))
    best = np.zeros_like(z)
    ago, gradual = np.ones(z.shape, dtype=int), np.zeros(z.shape, dtype=bool)
    for length in range(1, min(WINDOW, z.shape[1]) + 1):
        shapes = {False: np.ones(length)}
        if length > 2:
            shapes[True] = np.arange(1, length + 1) - 0.5
        windows = np.lib.stride_tricks.sliding_window_view(z, length, axis=1)
        for is_gradual, shape in shapes.items():
            fit = np.zeros_like(z)
            fit[:, length - 1 :] = windows @ (shape / np.linalg.norm(shape))
            better = np.abs(fit) > np.abs(best)
            best, ago = np.where(better, fit, best), np.where(better, length, ago)
            gradual = np.where(better, is_gradual, gradual)
    shape = np.shape(deviations)
    return best.reshape(shape), ago.reshape(shape), gradual.reshape(shape)


@lru_cache(maxsize=64)
def threshold(weeks: int, false_alarm: float = 0.05, seed: int = 20260101) -> float:
    """The value that the fit exceeds with a given chance within so many weeks although nothing changes.

    Found by simulation: while nothing changes, the deviations are standard normal whatever the figure.

    Parameters
    ----------
    weeks : int
    false_alarm : float
        Chance of one or more reports in the whole series.
    seed : int

    Examples
    --------
    >>> threshold(104, 0.05) > threshold(104, 0.20) > threshold(26, 0.20)
    True
    """
    if not 0 < false_alarm < 1:
        raise DataError(f"false_alarm is a chance between 0 and 1, found {false_alarm}.")
    deviations = np.random.default_rng(seed).normal(size=(_SIMULATED, max(weeks, 1)))
    deviations[:, :WARM_UP] = 0
    highest = np.abs(likelihood_ratios(deviations)[0]).max(axis=1)
    return float(np.quantile(highest, 1 - false_alarm))


def find_changes(weekly: pd.DataFrame, false_alarm: float = 0.05, at_most: int = 12) -> pd.DataFrame:
    """Changes of every figure, as they would have been reported week by week.

    After a report the figure is watched anew, from the week in which the change began.

    Parameters
    ----------
    weekly : DataFrame
        ``week`` (first day), ``figure``, ``value``, ``observations``, ``share`` (flag: the value is a share).
    false_alarm : float
        Chance, for each figure, of one or more reports over the whole series although nothing changes.
    at_most : int
        Reports per figure.

    Returns
    -------
    DataFrame
        Table ``signals``.

    Examples
    --------
    >>> import numpy as np
    >>> rng = np.random.default_rng(3)
    >>> weeks = pd.date_range("2024-01-01", periods=60, freq="7D").as_unit("us")
    >>> late = pd.DataFrame({"week": weeks, "figure": "delivery_days", "observations": 50, "share": False,
    ...     "value": rng.normal(3, 0.1, 60) + 0.5 * (np.arange(60) >= 40)})
    >>> find_changes(late)[["figure", "started", "kind", "direction"]].astype(str).values.tolist()
    [['delivery_days', '2024-10-07', 'step', 'up']]
    """
    rows = []
    for figure, series in weekly.groupby("figure", sort=True):
        series = series.sort_values("week")
        rows += _changes_of(str(figure), series, threshold(len(series), false_alarm), at_most)
    empty = tables.get("signals").empty()
    if not rows:
        return empty
    found = pd.DataFrame(rows).assign(false_alarm=float(false_alarm))
    return found.sort_values(["found_on", "figure"], ignore_index=True)[empty.columns].astype(empty.dtypes)


def _changes_of(figure: str, series: pd.DataFrame, limit: float, at_most: int) -> list[dict]:
    weeks = series["week"].to_numpy()
    value, weight = series["value"].to_numpy(float), series["observations"].to_numpy(float)
    scaled = steady(value, weight) if series["share"].iloc[0] else value
    rows, begin = [], 0
    while len(rows) < at_most:
        fit, ago, gradual = likelihood_ratios(standardised(scaled[begin:], weight[begin:]))
        over = np.flatnonzero(np.abs(fit) > limit)
        if not len(over):
            break
        week = over[0]
        start = begin + week - ago[week] + 1
        found = begin + week
        rows.append(
            {
                "figure": figure,
                "found_on": pd.Timestamp(weeks[found]) + pd.Timedelta(days=6),
                "started": pd.Timestamp(weeks[start]),
                "kind": KINDS[int(gradual[week])],
                "direction": "up" if fit[week] > 0 else "down",
                "before": _mean(value[begin:start], weight[begin:start]),
                "since": _mean(value[start : found + 1], weight[start : found + 1]),
                "statistic": float(abs(fit[week])),
                "threshold": limit,
            }
        )
        begin = max(start, begin + 1)
    return rows


def _mean(value: np.ndarray, weight: np.ndarray) -> float:
    return float(np.average(value, weights=weight))


def describe_change(weekly: pd.DataFrame, figure: str) -> dict[str, object]:
    """Look back at one figure: no change, a step, or a drift from one level to another, and when.

    Each is fitted by weighted least squares, and the one with the lowest Bayesian information criterion taken; a
    moment that is searched for counts as two parameters, or one and a half each when there are two.

    Parameters
    ----------
    weekly : DataFrame
        As for `find_changes`.
    figure : str

    Returns
    -------
    dict
        ``kind`` ("none", "step" or "drift"), ``starts`` and ``ends`` (first days of weeks; missing for none),
        ``before``, ``after``.
    """
    series = weekly[weekly["figure"] == figure].sort_values("week")
    if series.empty:
        raise DataError(
            f"There is no weekly figure {figure!r}; found {', '.join(weekly['figure'].unique())}."
        )
    x, w = series["value"].to_numpy(float), series["observations"].to_numpy(float)
    weeks, n = series["week"].to_numpy(), len(series)
    time = np.arange(n)
    candidates = [("none", 0, 0, 1)]
    candidates += [("step", start, start, 4) for start in range(2, n - 1)]
    candidates += [("drift", start, end, 5) for start in range(2, n - 3) for end in range(start + 2, n)]
    best = None
    for kind, start, end, parameters in candidates:
        shape = np.clip((time - start + 1) / (end - start + 1), 0, 1) if kind != "none" else np.zeros(n)
        before, change = _levels(x, w, shape)
        squares = (w * (x - before - change * shape) ** 2).sum()
        criterion = n * np.log(max(squares, 1e-300) / n) + parameters * np.log(n)
        if best is None or criterion < best[0]:
            best = (criterion, kind, start, end, before, before + change)
    _, kind, start, end, before, after = best
    none = kind == "none"
    return {
        "kind": kind,
        "starts": pd.NaT if none else pd.Timestamp(weeks[start]),
        "ends": pd.NaT if none else pd.Timestamp(weeks[end]),
        "before": float(before),
        "after": float(after),
    }


def _levels(x: np.ndarray, w: np.ndarray, shape: np.ndarray) -> tuple[float, float]:
    """Weighted least squares of x on a constant and one shape."""
    total, mean, middle = w.sum(), np.average(x, weights=w), np.average(shape, weights=w)
    spread = (w * (shape - middle) ** 2).sum()
    change = 0.0 if spread <= 1e-12 * total else (w * (shape - middle) * (x - mean)).sum() / spread
    return mean - change * middle, change
