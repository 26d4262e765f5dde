"""A/B tests: how many customers they need, and how to look at the results before the end without fooling oneself."""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy import optimize, special, stats

from idic_lab import figures
from idic_lab.errors import DataError, pick


def sample_size(base: float, effect: float, alpha: float = 0.05, power: float = 0.8) -> int:
    """Customers needed in each of two arms to find a difference of two shares.

    Parameters:
        base: Share expected without the treatment.
        effect: Smallest difference worth finding, in the same unit: 0.02 is two percentage points.
        alpha: Two-sided.

    Source: Fleiss, Levin & Paik (2003), Statistical Methods for Rates and Proportions, 3rd ed., equation 4.14.

    >>> sample_size(0.10, 0.05)
    686
    """
    treated = base + effect
    if not (0 < base < 1 and 0 < treated < 1) or effect == 0:
        raise DataError(f"The shares of both arms lie between 0 and 1 and differ; found {base:g} and {treated:g}.")
    from statsmodels.stats.proportion import samplesize_proportions_2indep_onetail

    return int(np.ceil(samplesize_proportions_2indep_onetail(abs(effect), min(base, treated), power, alpha=alpha)))


def trial_size(customers: int, noise: float, spread: float) -> pd.Series:
    """How large a trial of two treatments should be when the better one then goes to everybody who was not in it.

    Parameters:
        customers: All who can be reached, those of the trial included.
        noise: Standard deviation of what a customer brings under one treatment.
        spread: Standard deviation of what treatments of this kind have brought on average, before the trial.
    Returns:
        Series: ``in_each_arm`` (customers), ``gain`` (expected per customer, over choosing by lot), ``gain_if_known`` (had one known
            the better before).

    Source: Feit & Berman (2019), Test & Roll: Profit-Maximizing A/B Tests, Marketing Science 38(6), equations 9 and 10.

    >>> trial_size(100_000, noise=(0.68 * 0.32) ** 0.5, spread=0.03).round(4).tolist()
    [2284.0, 0.0154, 0.0169]
    """
    if not (customers >= 2 and noise > 0 and spread > 0):
        raise DataError("A trial needs two customers or more, and a noise and a spread above 0.")
    ratio = (noise / spread) ** 2
    arm = np.clip(np.round(np.sqrt(customers * ratio / 4 + (0.75 * ratio) ** 2) - 0.75 * ratio), 1, customers // 2)
    known = spread / np.sqrt(np.pi)
    gain = (1 - 2 * arm / customers) * known / np.sqrt(1 + ratio / arm)
    return pd.Series({"in_each_arm": arm, "gain": gain, "gain_if_known": known})


def spending_boundaries(looks: int | list[float], alpha: float = 0.05, kind: str = "obrien_fleming") -> pd.DataFrame:
    """What a difference must reach at each look so that all looks together err with chance alpha.

    O'Brien-Fleming spending keeps nearly all of alpha for the end; Pocock spending gives early looks more.

    Parameters:
        looks: Number of evenly spaced looks, or the share of the observations at hand at each.
        alpha: Two-sided.
        kind ({"obrien_fleming", "pocock"})
    Returns:
        DataFrame: ``look``, ``information`` (share of the observations), ``spent`` (alpha used so far), ``boundary``
            (absolute z-value at which to stop).

    Source: Lan & DeMets (1983), Biometrika 70(3), 659-663; boundaries by the recursive integration of Armitage,
    McPherson & Rowe (1969), Journal of the Royal Statistical Society A 132(2).

    >>> spending_boundaries(5)["boundary"].round(2).tolist()
    [4.88, 3.36, 2.68, 2.29, 2.03]
    """
    pick("alpha spending", kind, ("obrien_fleming", "pocock"))
    information = np.arange(1, looks + 1) / looks if isinstance(looks, int) else np.asarray(looks, dtype=float)
    if not len(information) or (np.diff(information) <= 0).any() or information[0] <= 0 or information[-1] > 1:
        raise DataError("The looks are shares of the observations, rising, above 0 and at most 1.")
    if kind == "pocock":
        spent = alpha * np.log1p((np.e - 1) * information)
    else:  # each side spends half
        spent = 4 * stats.norm.sf(stats.norm.isf(alpha / 4) / np.sqrt(information))
    table = pd.DataFrame({"look": np.arange(1, len(information) + 1), "information": information, "spent": spent})
    return table.assign(boundary=_boundaries(information, np.diff(spent, prepend=0.0)))


def _boundaries(information: np.ndarray, to_spend: np.ndarray) -> np.ndarray:
    """Boundaries look by look; the density of the sum so far, of those not stopped, is carried on a grid."""
    result = [float(stats.norm.isf(to_spend[0] / 2))]
    scale = np.sqrt(information)
    grid = np.linspace(-result[0], result[0], 801) * scale[0]
    density = stats.norm.pdf(grid, scale=scale[0])
    for look in range(1, len(information)):
        step = np.sqrt(information[look] - information[look - 1])

        def crossed(z, step=step, grid=grid, density=density, edge=scale[look]):
            outside = special.ndtr((grid - z * edge) / step) + special.ndtr((-z * edge - grid) / step)
            return np.trapezoid(density * outside, grid)

        z = optimize.brentq(lambda z, crossed=crossed, wanted=to_spend[look]: crossed(z) - wanted, 0.1, 10)
        result.append(float(z))
        new = np.linspace(-z, z, 801) * scale[look]
        towards = np.exp(-(((new[:, None] - grid[None, :]) / step) ** 2) / 2) / np.sqrt(2 * np.pi)
        density = np.trapezoid(density * towards / step, grid, axis=1)
        grid = new
    return np.array(result)


def peeking_error(
    looks: list[int] | range, alpha: float = 0.05, rate: float = 0.1, size: int = 2000, random_state: int = 0
) -> pd.DataFrame:
    """How often a test without any difference is called significant when it is looked at several times.

    Simulated: two arms with the same share, tested after each part of the customers; "peeking" stops as soon as one look
    is below alpha, "spending" needs the O'Brien-Fleming boundary.

    Parameters:
        looks: Numbers of evenly spaced looks to try.
        rate, size: Share of both arms, and customers in each at the end.
    Returns:
        DataFrame: ``looks``, ``peeking``, ``spending``: chance of calling a difference that does not exist.

    Source: Armitage, McPherson & Rowe (1969), Journal of the Royal Statistical Society A 132(2), table 2.

    >>> found = peeking_error([1, 10], size=200).iloc[-1]
    >>> bool(found["spending"] < 0.07 < found["peeking"])
    True
    """
    rng, rows = np.random.default_rng(random_state), []
    for count in looks:
        ends = np.linspace(0, size, count + 1).astype(int)
        arrived = np.diff(ends)
        sums = (np.cumsum([rng.binomial(n, rate, 4000) for n in arrived], axis=0) for _ in range(2))
        one, other = (hits / ends[1:, None] for hits in sums)
        pooled = (one + other) / 2
        z = np.abs(one - other) / np.sqrt(np.maximum(2 * pooled * (1 - pooled) / ends[1:, None], 1e-12))
        bounds = stats.norm.isf(alpha / 2), spending_boundaries(count, alpha)["boundary"].to_numpy()[:, None]
        rows.append((count, *(float((z > bound).any(axis=0).mean()) for bound in bounds)))
    return pd.DataFrame(rows, columns=["looks", "peeking", "spending"])


def plot_peeking(table: pd.DataFrame, alpha: float = 0.05, ax: figures.Axes | None = None) -> figures.Axes:
    """Chance of a false discovery by the number of looks (:func:`peeking_error`).

    >>> plot_peeking(peeking_error([1, 10], size=200)).get_title()
    'With 10 looks, 19% of tests find what is not there'
    """
    ax = figures.axes(ax)
    label = f"stop at the first p below {alpha:.0%}"
    ax.plot(table["looks"], table["peeking"], "o-", color=figures.VERMILION, label=label)
    ax.plot(table["looks"], table["spending"], "s--", color=figures.BLUE, label="O'Brien-Fleming boundaries")
    ax.set_xticks(table["looks"])
    ax.axhline(alpha, color=figures.GREY, ls=":", label=f"promised: {alpha:.0%}")
    most = table.iloc[-1]
    title = f"With {most['looks']:.0f} looks, {most['peeking']:.0%} of tests find what is not there"
    x = "number of looks at the results, evenly spaced"
    y = "share of tests called significant\nalthough the arms do not differ"
    return figures.finish(ax, title, x, y, y_format="percent", legend=True, ylim=(0, None))
