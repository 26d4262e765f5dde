"""How well a ranking by uplift finds whom an offer changes: the Qini curve as scikit-uplift defines it, with bands."""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy.stats import norm

from idic_lab import figures
from idic_lab.customize.offers.learners import TLearner, arrays, fresh, parts, scored
from idic_lab.customize.offers.trials import CONTROL
from idic_lab.errors import DataError


def _ranked(outcome, uplift, treated):
    """Outcomes and treatments from the highest uplift down, and where each group of ties ends."""
    outcome, uplift = np.asarray(outcome, dtype=float), np.asarray(uplift, dtype=float)
    treated = np.asarray(treated, dtype=bool)
    if not len(outcome) == len(uplift) == len(treated):
        raise DataError("Outcome, uplift and treated must have the same length.")
    if treated.all() or not treated.any():
        raise DataError("A curve needs customers with the offer and customers without it.")
    order = np.argsort(uplift, kind="mergesort")[::-1]
    ends = np.r_[np.flatnonzero(np.diff(uplift[order])), len(order) - 1]
    return outcome[order], treated[order], ends


def _cumulated(weights, y, t, ends) -> tuple[np.ndarray, np.ndarray]:
    """Customers counted in, and outcomes gained among the treated of them; ties at once."""
    columns = (weights, weights * t, weights * y * t, weights * y * ~t)
    n, treated, given, without = (np.r_[0.0, np.cumsum(values)[ends]] for values in columns)
    per_control = np.divide(treated, n - treated, out=np.zeros_like(n), where=n > treated)
    return n, given - without * per_control


def _above_chance(x: np.ndarray, y: np.ndarray) -> float:
    """Area between a curve and the straight line to its end."""
    return np.trapezoid(y, x) - x[-1] * y[-1] / 2


def curve(outcome, uplift, treated) -> tuple[np.ndarray, np.ndarray]:
    """The Qini curve: outcomes gained among the treated by giving the offer to the customers ranked first.

    Parameters:
        outcome (array of float): What came of each customer (0 or 1, or money).
        uplift (array of float): The ranking, highest first; equal values count as one step.
        treated (array of bool): Whether the customer was given the offer, at random.
    Returns:
        customers, gain : ndarray: From (0, 0) to all customers.

    Source: Radcliffe (2007), Using control groups to target on predicted lift.

    >>> curve([1, 0, 1, 0], [0.9, 0.8, 0.2, 0.1], [True, False, True, False])[1].tolist()
    [0.0, 1.0, 1.0, 2.0, 2.0]
    """
    y, t, ends = _ranked(outcome, uplift, treated)
    return _cumulated(np.ones(len(y)), y, t, ends)


def coefficient(outcome, uplift, treated) -> float:
    """Qini coefficient: the area between curve and chance as a share of the best possible; 0 for a ranking by chance.

    The best ranking knows who converts in which arm: with the offer first, without it last. No real one can reach it.

    >>> coefficient([1, 0, 0, 1], [0.9, 0.8, 0.2, 0.1], [True, True, False, False])
    1.0
    """
    outcome = np.asarray(outcome, dtype=float)
    if not np.isin(outcome, (0, 1)).all():
        raise DataError("The coefficient is defined for outcomes of 0 and 1; use area() for money.")
    ceiling = _above_chance(*curve(outcome, np.where(treated, outcome, -outcome), treated))
    return float(_above_chance(*curve(outcome, uplift, treated)) / ceiling) if ceiling else 0.0


def area(outcome, uplift, treated) -> float:
    """Mean height of the curve above chance, per customer, in units of the outcome; also for money.

    >>> area([8, 0, 0, 0], [0.9, 0.8, 0.2, 0.1], [True, False, True, False])
    0.75
    """
    x, y = curve(outcome, uplift, treated)
    return float(_above_chance(x, y) / x[-1] ** 2)


def bands(
    outcome, uplift, treated, n_bootstrap: int = 200, confidence: float = 0.95, random_state: int = 0
) -> tuple[pd.DataFrame, tuple[float, float]]:
    """The curve per customer with a band, and an interval for `area`, by resampling customers within the arms.

    The ranking is kept fixed, so the band says how sure we are of *this* ranking on new customers of the same kind.

    Parameters:
        outcome, uplift, treated: As for `curve`.
    Returns:
        table (DataFrame): ``share`` of customers given the offer, ``gain`` per customer of the base (units of the
            outcome), ``low``, ``high``, ``chance``.
        interval (tuple of float): Of `area`.

    >>> table, (low, high) = bands([1, 0, 1, 0] * 9, [4, 3, 2, 1] * 9, [True, False, True, False] * 9, n_bootstrap=9)
    >>> bool(low <= high), table["gain"].iloc[-1].item()
    (True, 0.5)
    """
    rng, grid = np.random.default_rng(random_state), np.linspace(0, 1, 101)
    # Putting the customers in order once is most of the work; each resample then only changes their weights.
    y, t, ends = _ranked(outcome, uplift, treated)
    groups = [np.flatnonzero(t), np.flatnonzero(~t)]

    def drawn(weights):
        n, gain = _cumulated(weights, y, t, ends)
        share, gain = n / n[-1], gain / len(y)
        return np.interp(grid, share, gain), _above_chance(share, gain)

    def resampled():
        weights = np.zeros(len(y))
        for members in groups:
            weights[members] = np.bincount(rng.integers(0, len(members), len(members)), minlength=len(members))
        return drawn(weights)

    centre, _ = drawn(np.ones(len(y)))
    curves, areas = zip(*(resampled() for _ in range(n_bootstrap)), strict=True)
    tails = [(1 - confidence) / 2, (1 + confidence) / 2]
    low, high = np.quantile(curves, tails, axis=0)
    table = pd.DataFrame({"share": grid, "gain": centre, "low": low, "high": high, "chance": grid * centre[-1]})
    return table, tuple(float(edge) for edge in np.quantile(areas, tails))


def judge_ranking(results: pd.DataFrame, gains: pd.DataFrame, random_state: int = 0) -> tuple[pd.DataFrame, dict]:
    """How well predicted gains rank the customers of a campaign, in the arm that is best on average.

    Parameters:
        results: ``campaign_results``; what is counted are visits where it has them (``visited``), else conversions.
        gains: From `uplift`.
    Returns:
        table (DataFrame): From `bands`.
        score (dict): ``qini``, ``low``, ``high`` (95%), and ``unit``, what is counted.

    >>> trial = pd.DataFrame({"arm": ["offer", "control"] * 20, "converted": [1, 0, 0, 0] * 10})
    >>> score = judge_ranking(trial, pd.DataFrame({"offer": [2, 2, 1, 1] * 10}))[1]
    >>> round(score["qini"], 2), score["unit"]
    (0.67, 'conversions')
    """
    arm = gains.mean().idxmax()
    pair = results["arm"].isin([arm, CONTROL])
    outcome, unit = ("visited", "visits") if "visited" in results else ("converted", "conversions")
    data = results.loc[pair, outcome].to_numpy(float), gains.loc[pair, arm], results.loc[pair, "arm"] == arm
    table, interval = bands(*data, random_state=random_state)
    found, height = coefficient(*data), area(*data)
    low, high = (edge * found / height if height else 0.0 for edge in interval)  # the ceiling held as it is
    return table, {"qini": found, "low": low, "high": high, "unit": unit}


def plot_curves(
    tables: dict[str, pd.DataFrame], unit: str = "conversions", ax: figures.Axes | None = None
) -> figures.Axes:
    """Curves of several rankings, by name as `bands` gives them, the first with its band; `unit` is what is gained.

    >>> table = bands([1, 0, 1, 0] * 9, [4, 3, 2, 1] * 9, [True, False, True, False] * 9, n_bootstrap=9)[0]
    >>> plot_curves({"X-learner": table}).get_title()
    'X-learner: the curve is highest with 75% of customers counted in'
    """
    ax = figures.axes(ax)
    first = next(iter(tables))
    styles = ["-", "--", "-.", ":", (0, (5, 1, 1, 1))]
    for number, (name, table) in enumerate(tables.items()):
        look = {"ls": styles[number % 5], "color": figures.CYCLE[number % 7], "lw": 2 if name == first else 1.5}
        ax.plot(table["share"], 1000 * table["gain"], label=name, **look)
    table = tables[first]
    band = 1000 * table["low"], 1000 * table["high"]
    ax.fill_between(table["share"], *band, color=figures.CYCLE[0], alpha=0.18, lw=0)
    ax.plot(table["share"], 1000 * table["chance"], color=figures.BLACK, lw=1, label="chance")
    peak = table.loc[table["gain"].idxmax()]
    ax.plot(peak["share"], 1000 * peak["gain"], "o", color=figures.CYCLE[0])
    return figures.finish(
        ax,
        f"{first[0].upper()}{first[1:]}: the curve is highest with {peak['share']:.0%} of customers counted in",
        x="share of customers counted in, highest predicted gain first",
        y=f"{unit} gained among the treated,\nper 1,000 customers of the trial",
        x_format="percent",
        legend={"loc": "best"},
    )


def effects_differ(X, y, treated, regressor=None, n_folds: int = 5, random_state: int = 0) -> pd.DataFrame:
    """Does an offer change more for some customers than for others? Two tests, one-sided.

    Effects are learned on the first part of the customers and tried on the second, learned on these two and tried on the
    third, and so on: as no part is tried crosswise, the statistics add up to a normal one when effects do not differ.

    Returns:
        DataFrame: ``test``: *calibration* (do customers with a larger expected effect show a larger one?) and *AUTOC*
            (do those ranked first gain more than all?); ``statistic`` (standard normal without differences),
            ``p_value``.

    Source: Wager (2024), Sequential validation of treatment heterogeneity, arXiv 2405.05534; Chernozhukov, Demirer, Duflo &
    Fernández-Val (2018), NBER 24678; Yadlowsky, Fleming, Shah, Brunskill & Wager (2025), JASA, for AUTOC.

    >>> from sklearn.linear_model import LinearRegression
    >>> rng = np.random.default_rng(0)
    >>> X, treated = rng.normal(size=(600, 2)), rng.random(600) < 0.5
    >>> effects_differ(X, treated * X[:, 0] + rng.normal(size=600), treated, LinearRegression())["p_value"].lt(0.01).all()
    np.True_
    """
    X, y, treated = arrays(X, y, treated)
    part = parts(treated, n_folds, random_state)
    found = []
    for number in range(1, n_folds):
        before, here = part < number, part == number
        level = fresh(regressor).fit(X[before], y[before])
        expected = TLearner(regressor).fit(X[before], y[before], treated[before]).predict(X[here])
        found.append(_told(scored(level, X[here], y[here], treated[here], treated.mean()), expected))
    statistic = np.sum(found, axis=0) / np.sqrt(len(found))
    return pd.DataFrame({"test": ["calibration", "AUTOC"], "statistic": statistic, "p_value": norm.sf(statistic)})


def _told(score, expected) -> tuple[float, float]:
    """The t statistics of a slope of scores on expected effects, and of the area under the targeting operator curve."""
    n = len(score)
    x, s = expected - expected.mean(), score - score.mean()
    if x.std() < 1e-9 * max(score.std(), 1e-300):
        return 0.0, 0.0
    slope = x @ s / (x @ x)
    error = np.sqrt((x**2) @ (s - slope * x) ** 2) / (x @ x)
    weight = np.empty(n)
    weight[np.argsort(-expected, kind="stable")] = np.cumsum(1 / np.arange(n, 0, -1.0))[::-1] - 1
    weight = pd.Series(weight).groupby(expected).transform("mean").to_numpy()
    part = weight * s
    return float(slope / error), float(part.mean() / (part.std(ddof=1) / np.sqrt(n)))
