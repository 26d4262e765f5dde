"""Forecasts of customers' purchases compared over rolling origins, in and out of the time they were learned from."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator, RegressorMixin
from sklearn.ensemble import HistGradientBoostingRegressor
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from idic_lab import figures
from idic_lab.compare import stability
from idic_lab.differentiate import clv
from idic_lab.differentiate.clv import evaluation
from idic_lab.errors import DataError, pick
from idic_lab.inference.intervals import Interval
from idic_lab.inference.resampling import percentiles

MODELS = {"BG/NBD": "bg_nbd", "MBG/NBD": "mbg_nbd", "Pareto/NBD": "pareto_nbd"}
TOLD_MORE = ("BG/NBD with first purchase", "BG/NBD with season")
YEAR = pd.Timedelta(days=364)  # between the first and the last day of the shortest history that shows a season
OUT, IN = "out of time", "in time"
SHOWN = ("BG/NBD", "Pareto/NBD", "two-part", "past rate")  # a figure holds no more lines
_AXES = {
    "bias": "bias (share of the total)",
    "gini": "normalised Gini",
    "spearman": "rank correlation",
    "mae": "MAE (purchases per customer)",
    "rmse": "RMSE (purchases per customer)",
    "top_decile_capture": "share of purchases by the top tenth",
}
PREDICTORS = ("frequency", "recency", "T")
MEASURES = {
    "mae": lambda predicted, actual: np.abs(predicted - actual).mean(),
    "rmse": lambda predicted, actual: np.sqrt(((predicted - actual) ** 2).mean()),
    "spearman": lambda predicted, actual: evaluation._correlation(*map(evaluation._ranks, (predicted, actual))),
    "gini": evaluation._normalised_gini,
    "top_decile_capture": evaluation.top_capture,
}


@dataclass(frozen=True)
class Origin:
    """A day from which forecasts are made, with what was known on it and what came after.

    Attributes:
        now: Calibration up to `day`, holdout the horizon after it.
        before: The same one horizon earlier: what a method that learns from outcomes may learn from. In the calibration
            of both ``large_first`` says whether the first purchase was above their mean.
        in_season: Both by the clock of the season that was known on the day; None with less than a year behind it.
    """

    day: pd.Timestamp
    now: clv.Split
    before: clv.Split
    in_season: tuple[clv.Split, clv.Split] | None = None


def rolling_origins(
    transactions: pd.DataFrame, n_origins: int = 4, horizon_weeks: int | None = None
) -> Iterator[Origin]:
    """Days spread over the later part of the history, each with its past and its future.

    Parameters:
        horizon_weeks: Length of every forecast: 13, or a quarter of the history where that is shorter.
    Yields:
        Origin: The last one's horizon ends with the data; none is earlier than two horizons after the start.

    >>> from idic_lab import datasets
    >>> transactions = datasets.load("cdnow_sample", quiet=True).transactions
    >>> [f"{origin.day:%Y-%m-%d}" for origin in rolling_origins(transactions, 2, 13)]
    ['1997-07-02', '1998-03-31']
    """
    first, last = transactions["date"].min().normalize(), transactions["date"].max().normalize()
    if horizon_weeks is None:
        horizon_weeks = min(13, max((last - first).days // 28, 1))
    horizon = pd.Timedelta(weeks=horizon_weeks)
    earliest, latest = first + 2 * horizon, last - horizon
    if earliest > latest:
        raise DataError(
            f"The history of {(last - first).days} days is shorter than three horizons of {horizon.days} days; choose a shorter one."
        )
    for day in pd.date_range(earliest, latest, periods=n_origins).normalize():
        spans = (day, day + horizon), (day - horizon, day)
        now, before = (_with_first_purchase(clv.split(transactions, *span), transactions) for span in spans)
        season = clv.season(transactions, day) if day - first >= YEAR else None
        seasonal = season and tuple(clv.split(transactions, *span, season=season) for span in spans)
        yield Origin(day, now, before, seasonal)


def _with_first_purchase(split: clv.Split, transactions: pd.DataFrame) -> clv.Split:
    bought = transactions[transactions["amount"] >= 0]
    day = bought["date"].dt.normalize()
    first = bought[day == day.groupby(bought["customer_id"]).transform("min")]
    amount = split.calibration["customer_id"].map(first.groupby("customer_id")["amount"].sum())
    return replace(split, calibration=split.calibration.assign(large_first=amount > amount.mean()))


class TwoPart(RegressorMixin, BaseEstimator):
    """Expected purchases as the chance of any purchase times the number expected from those who buy.

    It knows nothing of how people buy and learns all of it from an earlier window.

    Source: the two-part model of Duan, Manning, Morris & Newhouse (1983), Journal of Business & Economic Statistics
    1(2).

    >>> X = pd.DataFrame({"frequency": [0, 6] * 60, "recency": [0.0, 20.0] * 60, "T": [26.0, 26.0] * 60})
    >>> model = TwoPart().fit(X, [0, 3] * 60)
    >>> bool(model.predict(X)[1] > 2.5 and model.predict(X)[0] < 0.5)
    True
    """

    def __init__(self, random_state: int = 0):
        self.random_state = random_state

    def fit(self, X: pd.DataFrame, y):
        X, y = self._features(X), np.asarray(y, dtype=float)
        # Sums of floats depend on their order, and near ties of a boosted tree on the sums.
        order = np.lexsort((y, *X.T))
        X, y = X[order], y[order]
        buys = y > 0
        if buys.all() or not buys.any():
            raise DataError("A two-part model needs customers who bought in the window and customers who did not.")
        with stability.one_thread():
            self.chance_ = make_pipeline(StandardScaler(), LogisticRegression(max_iter=500)).fit(X, buys)
            self.number_ = HistGradientBoostingRegressor(
                loss="poisson", max_iter=60, max_leaf_nodes=8, min_samples_leaf=20, random_state=self.random_state
            ).fit(X[buys], y[buys])
        return self

    def predict(self, X: pd.DataFrame) -> np.ndarray:
        X = self._features(X)
        with stability.one_thread():
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

    Parameters:
        measure ({"mae", "rmse", "spearman", "gini", "top_decile_capture"}): Of `first`, less that of `second`.

    Source: Efron & Tibshirani (1993), An Introduction to the Bootstrap, chapter 13.

    >>> actual = np.arange(100.0)
    >>> difference, low, high = difference_interval(actual, actual, np.full(100, 49.5), "mae")
    >>> difference, bool(high < 0)
    (-25.0, True)
    """
    measured = pick("measure of a forecast", measure, MEASURES)
    actual, first, second = (np.asarray(values, dtype=float) for values in (actual, first, second))

    def less(rows) -> float:
        return measured(first[rows], actual[rows]) - measured(second[rows], actual[rows])

    rows = np.random.default_rng(random_state).integers(0, len(actual), (n_bootstrap, len(actual)))
    return Interval(float(less(slice(None))), *percentiles([less(drawn) for drawn in rows], confidence))


def origins_table(origins: list[Origin]) -> pd.DataFrame:
    """The days of forecast: ``origin``, ``customers`` known, ``purchases in the horizon``.

    >>> origins_table([]).columns.tolist()
    ['origin', 'customers', 'purchases in the horizon']
    """
    rows = [(one.day, len(one.now.calibration), int(one.now.holdout["holdout_frequency"].sum())) for one in origins]
    return pd.DataFrame(rows, columns=["origin", "customers", "purchases in the horizon"])


def judge_forecasts(origins: list[Origin], random_state: int = 0) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Models of how people buy, the two-part model and naive rules at every origin, out of time and in time.

    One BG/NBD is also told the size of each first purchase, and one the season on days with a year behind them.

    Returns:
        scores (DataFrame): As :func:`idic_lab.differentiate.clv.evaluate` returns, with ``origin`` (day) and ``when``
            ("out of time" on the weeks after it, "in time" on those before).
        forecasts (DataFrame): Out of time, a row per origin and customer: ``origin``, ``actual`` purchases, and those
            of each forecast.

    >>> from idic_lab import datasets
    >>> origins = rolling_origins(datasets.load("cdnow_sample", quiet=True).transactions, 1, 13)
    >>> scores, forecasts = judge_forecasts(list(origins))
    >>> scores.groupby("when")["prediction"].size().to_dict(), len(forecasts)
    ({'in time': 10, 'out of time': 10}, 2357)
    """
    scores, forecasts = [], []
    for origin in origins:
        known = origin.now.calibration
        models = {name: clv.fit(known, model) for name, model in MODELS.items()}
        priced = {"covariates": {"buying": ["large_first"]}} if known["large_first"].any() else {}
        models[TOLD_MORE[0]] = clv.fit(known, **priced)
        seasonal = clv.fit(origin.in_season[0].calibration) if origin.in_season else None
        two_part = TwoPart(random_state).fit(origin.before.calibration, origin.before.holdout["holdout_frequency"])
        for place, (when, split) in enumerate(((OUT, origin.now), (IN, origin.before))):
            expected = {name: clv.predict(model, split.calibration, split.duration) for name, model in models.items()}
            expected[TOLD_MORE[1]] = expected["BG/NBD"]
            if origin.in_season:
                told = origin.in_season[place]
                expected[TOLD_MORE[1]] = clv.predict(seasonal, told.calibration, told.duration)
            expected["two-part"] = two_part.predict(split.calibration)
            scores.append(clv.evaluate(split, expected).assign(origin=origin.day, when=when))
            if when == OUT:
                rules = clv.baselines(split).drop(columns="customer_id")
                actual = split.holdout["holdout_frequency"].to_numpy()
                table = pd.DataFrame({name: np.asarray(values) for name, values in (expected | dict(rules)).items()})
                forecasts.append(table.assign(origin=origin.day, actual=actual))
    return pd.concat(scores, ignore_index=True), pd.concat(forecasts, ignore_index=True)


def totals(origins: list[Origin]) -> pd.DataFrame:
    """What BG/NBD says all customers will buy after each origin, with its 95% interval, and what they bought.

    Returns:
        DataFrame: ``origin``, ``expected``, ``low``, ``high``, ``actual`` purchases, ``held`` (the interval holds the
            actual number), ``open`` (parameters that the data leave open, which the interval takes as found).

    >>> from idic_lab import datasets
    >>> origins = rolling_origins(datasets.load("cdnow_sample", quiet=True).transactions, 2, 13)
    >>> totals(list(origins))["held"].tolist()
    [True, False]
    """
    rows = []
    for origin in origins:
        known = origin.now.calibration
        model = clv.fit(known)
        said = clv.total_interval(model, known, origin.now.duration).iloc[0]
        actual = int(origin.now.holdout["holdout_frequency"].sum())
        bounds = said[["expected_purchases", "low", "high"]].tolist()
        rows.append((origin.day, *bounds, actual, bounds[1] <= actual <= bounds[2], ", ".join(model.open_)))
    return pd.DataFrame(rows, columns=["origin", "expected", "low", "high", "actual", "held", "open"])


def plot_totals(totals: pd.DataFrame, ax: figures.Axes | None = None) -> figures.Axes:
    """The interval of the total at each origin, and what was bought.

    >>> days = pd.to_datetime(["2024-01-01", "2024-04-01"])
    >>> table = pd.DataFrame({"origin": days, "expected": 9.0, "low": 5.0, "high": 12.0, "actual": [8, 20], "held": [True, False]})
    >>> plot_totals(table).get_title()
    'The 95% interval held what was bought on 1 of 2 days'
    """
    ax, days = figures.axes(ax), totals["origin"].dt.strftime("%Y-%m-%d")
    ax.plot(days, totals["expected"], "o", color=figures.BLUE, label="expected by BG/NBD")
    ax.plot(days, totals["actual"], "D", color=figures.VERMILION, label="bought")
    bounds = totals["low"], totals["high"]
    ax.vlines(days, *bounds, color=figures.BLUE, lw=6, alpha=0.35, label="95% interval of the total")
    title = f"The 95% interval held what was bought on {totals['held'].sum()} of {len(totals)} days"
    x, y = "day of the forecast", "purchases of all customers"
    return figures.finish(ax, title, x, y, y_format="count", legend={"loc": "best"})


def average_scores(scores: pd.DataFrame) -> pd.DataFrame:
    """Means over origins, out of time: ``prediction``, ``off`` (mean of the bias without its sign), and the `MEASURES`.

    >>> scores = pd.DataFrame({"prediction": "a", "when": OUT, "bias": [0.1, -0.2], **dict.fromkeys(MEASURES, 1.0)})
    >>> average_scores(scores)["off"].round(2).tolist()
    [0.15]
    """
    ahead = scores[scores["when"] == OUT]
    ahead = ahead.assign(off=ahead["bias"].abs())
    return ahead.groupby("prediction", sort=False)[["off", *MEASURES]].mean().reset_index()


def lost_out_of_time(scores: pd.DataFrame) -> pd.DataFrame:
    """What each forecast loses of the normalised Gini on weeks it has not seen, and how much of that the past rate does not.

    Returns:
        DataFrame: ``prediction``, ``in_time``, ``out_of_time``, ``lost``, ``more_than_past_rate``.

    >>> scores = pd.DataFrame({"prediction": ["past rate"] * 2 + ["two-part"] * 2, "when": [IN, OUT] * 2, "gini": [0.5, 0.6, 0.7, 0.7]})
    >>> lost_out_of_time(scores)["more_than_past_rate"].round(2).tolist()
    [0.0, 0.1]
    """
    wide = scores.pivot_table(index="prediction", columns="when", values="gini", sort=False).dropna()
    table = pd.DataFrame({"in_time": wide[IN], "out_of_time": wide[OUT], "lost": wide[IN] - wide[OUT]})
    return table.assign(more_than_past_rate=table["lost"] - table.loc["past rate", "lost"]).reset_index()


def differences(
    forecasts: pd.DataFrame,
    measure: str = "rmse",
    n_bootstrap=200,
    random_state: int = 0,
    of: Sequence[str] = SHOWN[1:],
) -> pd.DataFrame:
    """Each of some forecasts less the first that is shown, at every origin, with a paired interval over customers.

    Returns:
        DataFrame: ``origin``, ``forecast``, ``difference``, ``low``, ``high``, ``measure``, ``against``.

    >>> made = pd.DataFrame({"origin": "day", "actual": np.arange(50.0), "BG/NBD": np.arange(50.0)})
    >>> for name in SHOWN[1:]:
    ...     made[name] = 9.0
    >>> differences(made, n_bootstrap=20)["forecast"].tolist()
    ['Pareto/NBD', 'two-part', 'past rate']
    """
    rows, against = [], SHOWN[0]
    for day, part in forecasts.groupby("origin"):
        for name in of:
            given = part["actual"], part[name], part[against]
            rows.append((day, name, *difference_interval(*given, measure, n_bootstrap, random_state=random_state)))
    table = pd.DataFrame(rows, columns=["origin", "forecast", "difference", "low", "high"])
    return table.assign(measure=measure, against=against)


def told_apart(differences: pd.DataFrame) -> pd.DataFrame:
    """On how many of the days each forecast is better, or worse, than the one it is held against.

    Returns:
        DataFrame: ``forecast``, ``days``, ``better``, ``worse``; the other days cannot be told.

    >>> found = pd.DataFrame({"forecast": "past rate", "low": [0.1, -0.1], "high": [0.3, 0.2], "measure": "rmse"})
    >>> told_apart(found).values.tolist()
    [['past rate', 2, 0, 1]]
    """
    less_is_better = differences["measure"].isin(["mae", "rmse"])
    above, below = differences["low"] > 0, differences["high"] < 0
    table = differences.assign(better=below.where(less_is_better, above), worse=above.where(less_is_better, below))
    by_forecast = table.groupby("forecast", sort=False)
    counts = {"days": ("low", "size"), "better": ("better", "sum"), "worse": ("worse", "sum")}
    return by_forecast.agg(**counts).reset_index()


def plot_over_origins(scores: pd.DataFrame, measure: str, ax: figures.Axes | None = None) -> figures.Axes:
    """One measure of the forecasts shown, out of time, over the days of forecast.

    >>> scores = pd.DataFrame({"prediction": ["BG/NBD", "past rate"] * 2, "when": OUT, "bias": [0.1, 0.5, 0.1, 0.9],
    ...     "origin": pd.to_datetime(["2024-01-01"] * 2 + ["2024-04-01"] * 2)})
    >>> plot_over_origins(scores, "bias").get_title()
    'Moves least with the day: BG/NBD; most: past rate'
    """
    pick("measure of a forecast", measure, _AXES)
    ax = figures.axes(ax)
    later = scores[(scores["when"] == OUT) & scores["prediction"].isin(SHOWN)]
    for number, (name, line) in enumerate(later.groupby("prediction", sort=False)):
        look = {"marker": "osD^"[number], "ls": ["-", "--", "-.", ":"][number], "color": figures.CYCLE[number]}
        ax.plot(line["origin"].dt.strftime("%Y-%m-%d"), line[measure], label=name, lw=2, **look)
    by = later.groupby("prediction")[measure]
    spread = (by.max() - by.min()).sort_values()
    title, y = f"Moves least with the day: {spread.index[0]}; most: {spread.index[-1]}", _AXES[measure]
    form = "percent" if measure in ("bias", "top_decile_capture") else None
    return figures.finish(ax, title, "day of the forecast", y, y_format=form, legend={"loc": "best"})


def plot_differences(differences: pd.DataFrame, ax: figures.Axes | None = None) -> figures.Axes:
    """Differences from one forecast with their intervals, day by day.

    >>> found = pd.DataFrame({"origin": pd.to_datetime(["2024-01-01"]), "forecast": "past rate", "difference": 0.2, "low": 0.1,
    ...     "high": 0.3, "measure": "rmse", "against": "BG/NBD"})
    >>> plot_differences(found).get_title()
    'Told apart from BG/NBD: past rate on 1 of 1 days'
    """
    ax = figures.axes(ax)
    days = sorted(differences["origin"].unique())
    for number, (name, line) in enumerate(differences.groupby("forecast", sort=False)):
        place = np.arange(len(line)) + (number - 1) * 0.18
        spread = figures.spread(line, "difference")
        look = {"fmt": "osD^"[number], "color": figures.CYCLE[number], "capsize": 4, "label": name}
        ax.errorbar(place, line["difference"], spread, **look)
    ax.axhline(0, color=figures.BLACK, lw=1)
    ax.set_xticks(range(len(days)), [f"{day:%Y-%m-%d}" for day in days])
    found = told_apart(differences).set_index("forecast")
    times, against = found["better"] + found["worse"], differences["against"].iloc[0]
    name, _, unit = _AXES[differences["measure"].iloc[0]].partition(" (")
    title = f"Told apart from {against}: {times.idxmax()} on {times.max()} of {len(days)} days"
    y = f"{name} less that of {against}" + (f"\n({unit}" if unit else "")
    return figures.finish(ax, title, "day of the forecast", y, legend={"loc": "best"})


def plot_capture(averages: pd.DataFrame, ax: figures.Axes | None = None) -> figures.Axes:
    """Share of later purchases by the tenth forecast highest, beside chance.

    >>> plot_capture(pd.DataFrame({"prediction": ["past rate", "BG/NBD"], "top_decile_capture": [0.4, 0.5]})).get_title()
    'Best: BG/NBD, 50% of purchases; the past rate 40%'
    """
    capture = averages.set_index("prediction")["top_decile_capture"].dropna().sort_values()
    ax = figures.axes(ax, figsize=(7.5, 3.6))
    ax.hlines(range(len(capture)), 0.1, capture, color=figures.GREY, lw=2)
    ax.plot(capture, range(len(capture)), "o", color=figures.BLUE, ms=8)
    ax.axvline(0.1, color=figures.BLACK, ls="--", lw=1)
    ax.set_yticks(range(len(capture)), capture.index)
    best, x = capture.index[-1], "share of later purchases by the tenth forecast highest (dashed: chance)"
    title = f"Best: {best}, {capture[best]:.0%} of purchases; the past rate {capture['past rate']:.0%}"
    return figures.finish(ax, title, x, x_format="percent")
