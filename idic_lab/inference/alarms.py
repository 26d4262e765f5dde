"""Watching a series: whether it has moved further than chance, its own slow ways and the season would move it.

Each new point is foretold from those before it alone, so that as long as nothing changes its error, in standard
deviations, is standard normal whatever the series' level and spread. At each point we then ask which beginning of a
sudden or a gradual change would fit best, and report when the best fit is too good for chance.
"""

from functools import lru_cache

import numpy as np
import pandas as pd
from scipy import special, stats

from idic_lab.errors import DataError

WARM_UP = 8  # points before a series is watched: those that say how far it moves by itself
WINDOW = 13  # points back within which a change may have begun
YEAR_OF_WEEKS = 365.25 / 7
_SIMULATED = 4000
# How much of the variance of an average week is between weeks and not within them; the series chooses.
_BETWEEN = (0.0, 0.2, 0.5, 0.9)
_SEASON_SPREAD = 1.0  # prior standard deviation of a season's sine and cosine, in standard deviations of a point
_CORRELATION, _WORTH = 0.3, 52.0  # prior of the correlation of neighbours, and its weight in points


def steady(share, n) -> np.ndarray:
    """Shares brought to a scale on which chance moves all of them equally far: 2 arcsin of the root.

    Source: Anscombe (1948), Biometrika 35(3/4), 246-254.

    >>> steady([0.5, 0.1], [100, 100]).round(2).tolist()
    [1.57, 0.65]
    """
    x, n = np.asarray(share, dtype=float), np.asarray(n, dtype=float)
    return 2 * np.arcsin(np.sqrt((x * n + 3 / 8) / (n + 3 / 4)))


def surprises(value, n, period: float = YEAR_OF_WEEKS, forget: tuple[int, ...] = ()) -> np.ndarray:
    """How far each point lies from what the points before it foretell, in standard deviations.

    Foretold are level and season, by Bayesian regression on a sine and a cosine of the period. Several models of how the
    variance depends on the number of observations run side by side, weighted by how well each has foretold so far.
    What neighbours have in common is taken out. Standard normal while nothing changes; 0 during the warm-up.

    Parameters:
        value, n (array of shape (..., points)): Means (or shares, see :func:`steady`) and the observations behind each.
        period: Points in a year.
        forget: Points at which the level begins anew, since a change has been reported.

    Source: Hawkins (1987), The Statistician 36(4), 299-315; Brown, Durbin & Evans (1975), Journal of the Royal
    Statistical Society B 37(2), for recursive residuals.

    >>> x = np.tile([5.0, 5.1, 4.9, 5.0, 5.1, 4.9], 3)
    >>> surprises(np.append(x, 9.0), np.full(19, 10)).round()[-2:].tolist()
    [-2.0, 10.0]
    """
    x, n = np.broadcast_arrays(np.asarray(value, dtype=float), np.asarray(n, dtype=float))
    shape, x = x.shape, x.reshape(-1, x.shape[-1])
    share = n.reshape(x.shape)
    share = share[:, :WARM_UP].mean(axis=1, keepdims=True) / share  # of the variance within, against the warm-up
    models = [_foretold(x, b + (1 - b) * share, period, forget) for b in _BETWEEN]
    fit = np.stack([so_far for _, _, so_far in models])
    weight = np.exp(fit - fit.max(axis=0))
    weight /= weight.sum(axis=0)
    below, above = (sum(w * model[side] for w, model in zip(weight, models, strict=True)) for side in (0, 1))
    z = np.where(below < above, stats.norm.ppf(below), -stats.norm.ppf(above))
    z[:, :WARM_UP] = 0
    return _unchained(z).reshape(shape)


def _foretold(x, variance, period, forget) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Chance of a lower value and of a higher one, and the log likelihood of the points before each."""
    runs, points = x.shape
    angle = 2 * np.pi * np.arange(points) / period
    design = np.column_stack([np.ones(points), np.sin(angle), np.cos(angle)])
    known, spread = np.zeros((runs, 3)), np.zeros((runs, 3, 3))
    spread[:, [1, 2], [1, 2]] = _SEASON_SPREAD**2
    squares, freedom = np.zeros(runs), 0
    below, above, likelihood = np.full_like(x, 0.5), np.full_like(x, 0.5), np.zeros_like(x)
    so_far = np.zeros(runs)
    for at in range(points):
        if at == 0 or at in forget:
            spread[:, 0, :], spread[:, :, 0], spread[:, 0, 0] = 0.0, 0.0, 1e6
        likelihood[:, at] = so_far
        row = design[at]
        gain = spread @ row
        scale = gain @ row + variance[:, at]
        error = x[:, at] - known @ row
        known = known + gain * (error / scale)[:, None]
        spread = spread - gain[:, :, None] * gain[:, None, :] / scale[:, None, None]
        if scale[0] > 1e5:  # the first point of a level says nothing of the spread
            continue
        if freedom >= 2:
            sigma = np.sqrt(np.maximum(squares / freedom, 1e-300) * scale)
            t = error / sigma
            # Student's t by its own formulas: stats.t would check its arguments at every point, which takes ten times as long.
            density = np.log(special.poch(freedom / 2, 0.5)) - (np.log(freedom) + np.log(np.pi)) / 2
            so_far = so_far + density - (freedom + 1) / 2 * np.log1p(t * t / freedom) - np.log(sigma)
            below[:, at], above[:, at] = (np.maximum(special.stdtr(freedom, side), 1e-300) for side in (t, -t))
            if freedom >= WINDOW:  # a point far out widens the spread no more than one of three deviations
                error = np.clip(t, -3, 3) * sigma
        squares, freedom = squares + error**2 / scale, freedom + 1
    return below, above, likelihood


def _unchained(z: np.ndarray) -> np.ndarray:
    """Without what each point shares with the one before; the correlation is that of the points before the window."""
    products, squares = np.zeros_like(z), np.zeros_like(z)
    products[:, 1:] = z[:, 1:] * z[:, :-1]
    squares[:, 1:] = z[:, :-1] ** 2
    late = WINDOW + 1
    sums = [np.pad(part.cumsum(axis=1), ((0, 0), (late, 0)))[:, : z.shape[1]] for part in (products, squares)]
    phi = np.clip((sums[0] + _CORRELATION * _WORTH) / (sums[1] + _WORTH), 0, 0.9)
    before = np.pad(z, ((0, 0), (1, 0)))[:, :-1]
    free = (z - phi * before) / np.sqrt(1 - phi**2)
    return np.where(before == 0, z, free)


def likelihood_ratios(deviations) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """For each point the best fit of a change that began within the last WINDOW points.

    Returns:
        tuple of ndarray (..., points): How far off, in standard deviations, with its sign; how many points ago it began
            (1 = this one); and whether the gradual change fits better.

    Source: Lai (1995), Journal of the Royal Statistical Society B 57(4), 613-658, section 3.

    >>> fit, ago, gradual = likelihood_ratios([0.0, 0.0, 3.0, 3.0])
    >>> fit.round(1).tolist(), ago.tolist()
    ([0.0, 0.0, 3.0, 4.2], [1, 1, 1, 2])
    """
    z = np.atleast_2d(np.asarray(deviations, dtype=float))
    best = np.zeros_like(z)
    ago, gradual = np.ones(z.shape, dtype=int), np.zeros(z.shape, dtype=bool)
    for length in range(1, min(WINDOW, z.shape[1]) + 1):
        windows = np.lib.stride_tricks.sliding_window_view(z, length, axis=1)
        sudden, rising = np.ones(length), np.arange(1, length + 1) - 0.5
        for is_gradual, shape in enumerate([sudden, rising] if length > 2 else [sudden]):
            fit = np.zeros_like(z)
            fit[:, length - 1 :] = windows @ (shape / np.linalg.norm(shape))
            better = np.abs(fit) > np.abs(best)
            best, ago = np.where(better, fit, best), np.where(better, length, ago)
            gradual = np.where(better, bool(is_gradual), gradual)
    shape = np.shape(deviations)
    return best.reshape(shape), ago.reshape(shape), gradual.reshape(shape)


@lru_cache(maxsize=64)
def threshold(points: int, false_alarm: float = 0.05, series: int = 1) -> float:
    """The fit that none of `series` unchanged series exceeds within so many points, save with a given chance, by simulation.

    >>> threshold(104, 0.05) > threshold(104, 0.20) > threshold(26, 0.20)
    True
    """
    if not 0 < false_alarm < 1:
        raise DataError(f"false_alarm is a chance between 0 and 1, found {false_alarm}.")
    deviations = np.random.default_rng(20260101).normal(size=(_SIMULATED, max(points, 1)))
    deviations[:, :WARM_UP] = 0
    highest = np.abs(likelihood_ratios(deviations)[0]).max(axis=1)
    # A little more than the quantile, since spread, season and correlation are estimated and not known.
    return 1.03 * float(np.quantile(highest, (1 - false_alarm) ** (1 / series)))


PAST = 8  # reviews that limits look back on at least
_WEIGHTS = (0.0, 0.1, 0.2, 0.4, 0.7)  # of the latest point, in the level that is foretold; 0 is the plain mean


def control_limits(values, observations=None, chart: str = "XmR", rate=0.05 / 8) -> pd.DataFrame:
    """Limits that a measure keeps within while nothing but chance moves it, each from the points before.

    The centre follows the series slowly, by the exponential smoothing that would have foretold the points so far best;
    the spread is that of its errors. So neighbours that rest on the same customers, and a level that drifts, do not
    put all points outside.

    Parameters:
        values, observations: In order of time, and what is behind each.
        chart: ``"p"`` is for shares, whose limits are never narrower than those of so many observations; without a chart
            (``""``) there are no limits.
        rate: Chance of each point to lie outside although nothing changes; one for all, or one each. Measured at .00625:
            .0063 when points are independent, .0057 with a correlation of .2, .0082 when neighbours share two thirds of
            their customers, .006 with a season or a trend, .015 for a measure as skewed as a gamma of shape 3.
    Returns:
        DataFrame: ``lower_limit``, ``upper_limit``; missing for the first points.

    Source: Montgomery & Mastrangelo (1991), Some statistical process control methods for autocorrelated data, Journal of
    Quality Technology 23(3), for limits around a moving centre.

    >>> steady = pd.Series([5.0, 6.0, 5.0, 6.0, 5.0, 6.0, 5.0, 6.0, 5.0, 9.0])
    >>> control_limits(steady).iloc[-1].round(1).tolist()
    [3.0, 7.9]
    """
    x = np.asarray(values, dtype=float)
    n = np.ones_like(x) if observations is None else np.asarray(observations, dtype=float)
    low, high = limits(x, n, chart, rate)
    return pd.DataFrame({"lower_limit": low, "upper_limit": high}, index=getattr(values, "index", None))


def limits(x: np.ndarray, n: np.ndarray, chart: str, rate) -> tuple[np.ndarray, np.ndarray]:
    """What :func:`control_limits` says, for many series at once: arrays of shape (..., points)."""
    low, high = np.full_like(x, np.nan), np.full_like(x, np.nan)
    rate = np.broadcast_to(rate, x.shape)
    if not chart:
        return low, high
    weights = np.array(_WEIGHTS).reshape(-1, *[1] * (x.ndim - 1))
    level, total = np.zeros((len(_WEIGHTS), *x.shape[:-1])), np.zeros_like(weights, dtype=float)
    squares, errors = np.zeros_like(level), 0
    for at in range(x.shape[-1]):
        if at > PAST:
            best = squares.argmin(axis=0)[None]
            centre, past = (np.take_along_axis(part, best, axis=0)[0] for part in (level, squares))
            spread = np.sqrt(past / errors)
            if chart == "p":
                share = np.clip(centre, 0, 1)
                spread = np.maximum(spread, np.sqrt(share * (1 - share) / np.maximum(n[..., at], 1)))
            half = stats.t.ppf(1 - rate[..., at] / 2, errors - 1) * spread
            low[..., at], high[..., at] = centre - half, centre + half
        if at:
            errors += 1
            squares = squares + (x[..., at] - level) ** 2
        total = total * (1 - weights) + 1
        level = level + (x[..., at] - level) / total
    if chart == "p":
        low, high = np.clip(low, 0, 1), np.clip(high, 0, 1)
    return low, high
