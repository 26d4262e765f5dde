"""How good predictions were: several measures at once, beside naive baselines; by frequency; and period by period."""

from collections.abc import Mapping

import numpy as np
import pandas as pd

from idic_lab.dataframes import collected
from idic_lab.differentiate.clv.fitted_model import FittedModel, plain, require
from idic_lab.differentiate.clv.grouping import UNIT, distinct
from idic_lab.differentiate.clv.predictions import (
    CONTINUOUS,
    PURCHASE_MODELS,
    days_per_unit,
    expected_purchases_new,
    predict,
)
from idic_lab.differentiate.clv.summary import Season, Split
from idic_lab.differentiate.purchase_days import PurchaseDays, dates, ordinal
from idic_lab.errors import DataError, pick

TARGETS = ("holdout_frequency", "holdout_spend")


def baselines(split: Split, target: str = "holdout_frequency") -> pd.DataFrame:
    """What one would say of each customer without a model.

    Parameters:
        target ({"holdout_frequency", "holdout_spend"}): What is to be predicted: purchase days, or money.
    Returns:
        DataFrame: ``customer_id`` and one column per baseline, in the order of ``split.calibration``: "past rate"
            (repeat purchases per unit of time so far, carried on), "same as before" (the calibration count again),
            "mean" (the average past rate, for everyone) and "all zeros". For money each is multiplied by the customer's
            mean amount so far (that of all repeat buyers for those without one).

    Source: Wübben & von Wangenheim (2008), Journal of Marketing 72(3), where simple rules often did as well as the models.

    >>> from idic_lab import datasets
    >>> from idic_lab.differentiate import clv
    >>> parts = clv.split(datasets.load("cdnow_sample", quiet=True).transactions, "1997-09-30")
    >>> round(float(clv.baselines(parts)["past rate"].sum()))
    2930
    """
    pick("target", target, TARGETS)
    summary = split.calibration
    frequency, age = (summary[name].to_numpy(dtype=float) for name in ("frequency", "T"))
    rate = np.divide(frequency, age, out=np.zeros_like(frequency), where=age > 0)
    average = frequency.sum() / age.sum() if age.sum() > 0 else 0.0
    table = pd.DataFrame({"past rate": rate * split.duration, "same as before": frequency})
    table = table.assign(mean=average * split.duration).assign(**{"all zeros": 0.0})
    if target == "holdout_spend":
        money = summary["monetary_value"].to_numpy(dtype=float)
        usual = money[frequency > 0].mean() if (frequency > 0).any() else 0.0
        table = table.mul(np.where(frequency > 0, money, usual), axis=0)
    table.insert(0, "customer_id", summary["customer_id"].to_numpy())
    return table.astype({"customer_id": summary["customer_id"].dtype})


def evaluate(split: Split, predictions: Mapping, target: str = "holdout_frequency") -> pd.DataFrame:
    """Compare predictions, and below them the naive ones of `baselines`, with what customers did in the holdout.

    No single measure will do. Where most customers buy nothing, predicting zero for all has a low mean absolute
    error and no use; only a measure of order (Gini, capture) or of the total shows it.

    Parameters:
        predictions (dict of str to array or FittedModel): One value per row of ``split.calibration``, or a model of
            purchases that gives it.
        target ({"holdout_frequency", "holdout_spend"})
    Returns:
        DataFrame: One row per prediction: ``prediction``, ``total`` (predicted sum), ``actual_total``, ``bias`` (share
            by which the total is off; 0.1 is 10% too many), ``mae``, ``rmse``, ``correlation`` (Pearson), ``spearman``,
            ``gini`` (normalised: 1 orders customers perfectly, 0 like chance) and ``top_decile_capture`` (share of the
            actual sum from the tenth predicted highest; ties share alike). What is undefined, such as the correlation
            of a constant, is missing.

    Source: Wübben & von Wangenheim (2008), Journal of Marketing 72(3); the Gini measure as in Donkers, Verhoef & de
    Jong (2007), Quantitative Marketing and Economics 5(2).

    >>> from idic_lab import datasets
    >>> from idic_lab.differentiate import clv
    >>> parts = clv.split(datasets.load("cdnow_sample", quiet=True).transactions, "1997-09-30")
    >>> table = clv.evaluate(parts, {"BG/NBD": clv.fit(parts.calibration)})
    >>> table["mae"].head(2).round(2).tolist()  # BG/NBD, and the past rate
    [0.79, 1.02]
    """
    naive = baselines(split, target).drop(columns="customer_id").to_dict("series")
    columns = naive | _aligned(split, predictions)
    columns = {name: columns[name] for name in (*map(str, predictions), *naive)}
    actual = split.holdout[target].to_numpy(dtype=float)
    table = pd.DataFrame([_measures(np.asarray(values), actual) for values in columns.values()])
    table.insert(0, "prediction", pd.array(list(columns), dtype="str"))
    table.insert(2, "actual_total", actual.sum())
    return table


def _aligned(split: Split, predictions: Mapping) -> dict[str, np.ndarray]:
    """Each prediction as an array in the order of the split's customers."""
    columns, customers = {}, len(split.calibration)
    for name, values in predictions.items():
        if isinstance(values, FittedModel):
            values = predict(values, split.calibration, split.duration)
        values = np.asarray(values, dtype=float)
        if values.shape != (customers,):
            found = f"has shape {values.shape}, expected one value for each of {customers:,} customers"
            raise DataError(f"Prediction {name!r} {found}.")
        if not np.isfinite(values).all():
            missing = int((~np.isfinite(values)).sum())
            raise DataError(f"Prediction {name!r} lacks a finite value for {missing:,} customers.")
        columns[str(name)] = values
    if not columns:
        raise DataError("There are no predictions to evaluate; give a dict such as {'BG/NBD': model}.")
    return columns


def _measures(predicted: np.ndarray, actual: np.ndarray) -> dict[str, float]:
    error = predicted - actual
    total = actual.sum()
    return {
        "total": predicted.sum(),
        "bias": error.sum() / total if total else np.nan,
        "mae": np.abs(error).mean(),
        "rmse": np.sqrt(np.square(error).mean()),
        "correlation": _correlation(predicted, actual),
        "spearman": _correlation(_ranks(predicted), _ranks(actual)),
        "gini": _normalised_gini(predicted, actual),
        "top_decile_capture": top_capture(predicted, actual, 0.1),
    }


def _ranks(values) -> np.ndarray:
    return pd.Series(values).rank().to_numpy()


def _correlation(first, second) -> float:
    first, second = first - first.mean(), second - second.mean()
    size = np.sqrt(np.dot(first, first) * np.dot(second, second))
    return float(np.dot(first, second) / size) if size > 1e-12 * len(first) else np.nan


def _normalised_gini(predicted, actual) -> float:
    """Area between the gain curve and the diagonal, over that of perfect foresight; ties are taken as one block."""
    if np.ptp(predicted) == 0 or np.ptp(actual) == 0:
        return np.nan
    # With ties as blocks, the area depends on the mean rank of each customer alone.
    own, best = (np.dot(actual, 2 * _ranks(score) - len(actual) - 1) for score in (predicted, actual))
    return float(own / best)


def top_capture(predicted, actual, share: float = 0.1) -> float:
    """Share of the actual sum that comes from the given share of customers predicted highest.

    A part of a customer counts as a whole one. Customers who tie at the boundary are taken in proportion, so that the
    order of rows plays no part.

    >>> float(top_capture(np.array([3.0, 1.0, 0.0, 0.0]), np.array([5.0, 2.0, 0.0, 3.0]), 0.5))
    0.7
    """
    total = actual.sum()
    if not total:
        return np.nan
    k = int(np.ceil(share * len(actual)))
    boundary = np.sort(predicted)[::-1][k - 1]
    above, tied = predicted > boundary, predicted == boundary
    part = (k - above.sum()) / tied.sum()
    return float((actual[above].sum() + part * actual[tied].sum()) / total)


def conditional_expectations(split: Split, models: Mapping, pool: int = 7) -> pd.DataFrame:
    """Mean holdout purchases by number of repeat purchases in calibration, beside what was expected.

    Parameters:
        models (dict of str to FittedModel or array): As the predictions of `evaluate`.
        pool: Customers with this many repeat purchases or more form the last row.
    Returns:
        DataFrame: ``frequency`` (text: "0", "1", ..., "7+"), ``customers``, ``actual``, and one column per model;
            purchase days per customer.

    Source: Fader, Hardie & Lee (2005), Marketing Science 24(2), figure 4.

    >>> from idic_lab import datasets
    >>> from idic_lab.differentiate import clv
    >>> parts = clv.split(datasets.load("cdnow_sample", quiet=True).transactions, "1997-09-30")
    >>> clv.conditional_expectations(parts, {"BG/NBD": clv.fit(parts.calibration)}).round(3).tail(1)
      frequency  customers  actual  BG/NBD
    7        7+         64   6.359   6.157
    """
    rows = {"actual": split.holdout["holdout_frequency"].to_numpy(dtype=float), **_aligned(split, models)}
    pooled = split.calibration["frequency"].clip(upper=pool).to_numpy()
    table = pd.DataFrame(rows).groupby(pooled).mean()
    table.insert(0, "customers", pd.Series(pooled).value_counts().sort_index())
    labels = [f"{count}+" if count == pool else str(count) for count in table.index]
    table.insert(0, "frequency", pd.array(labels, dtype="str"))
    return table.reset_index(drop=True)


def count_histogram(model: FittedModel, summary, most: int = 7, weights: str | None = None) -> pd.DataFrame:
    """How many customers made 0, 1, 2, ... repeat purchases, and how many the model expects: does its shape fit?

    Parameters:
        summary (DataFrame): The customers the model was fitted to.
        most: Customers with this many repeat purchases or more form the last row.
        weights: Column that says how many customers each row stands for.
    Returns:
        DataFrame: ``frequency`` (text: "0", "1", ..., "7+"), ``actual``, ``expected`` (customers).

    Source: Fader, Hardie & Lee (2005), Marketing Science 24(2), eq. 8 and figure 1.

    >>> from idic_lab import datasets
    >>> from idic_lab.differentiate import clv
    >>> summary = clv.summarise(datasets.load("cdnow_sample", quiet=True).transactions, "1997-09-30")
    >>> clv.count_histogram(clv.fit(summary), summary, most=2)["expected"].round(1).tolist()
    [1407.7, 460.3, 489.0]
    """
    require(plain(model), *PURCHASE_MODELS)
    table = collected(summary)
    last = model.likelihood.columns[-1]
    columns = {name: table[name].to_numpy(float) for name in ("frequency", last)}
    rows, _ = distinct(columns, None if weights is None else table[weights].to_numpy(float))
    counts = np.arange(most)
    actual = np.bincount(np.minimum(rows["frequency"], most).astype(int), rows["weights"], minlength=most + 1)
    ages, which = np.unique(rows[last], return_inverse=True)
    customers = np.bincount(which, rows["weights"])
    expected = customers @ model.likelihood.count_new(model.theta, counts[None, :], ages[:, None])
    table = pd.DataFrame({"frequency": pd.array([*map(str, counts), f"{most}+"], dtype="str"), "actual": actual})
    return table.assign(expected=np.append(expected, customers.sum() - expected.sum()))


def tracking(
    model: FittedModel, transactions, calibration_end, holdout_end=None, *, season: Season | None = None
) -> pd.DataFrame:
    """Repeat purchase days per period and in total, actual and expected, of the customers of the calibration.

    It uses nothing about a customer but the day of the first purchase, so it is a fair test of the model's shape: the sum
    of E[X(t)] over customers, t counted from the start of the day of the first purchase to the end of the period's last
    day. Customers who first bought after `calibration_end` are left out. With the `season` that the model's summary was
    made with, the expectation follows it.

    Returns:
        DataFrame: One row per period of the model's unit of time, counted so that one ends on `calibration_end`:
            ``period`` (1 first), ``end`` (its last day; days after the last whole period are left out), ``actual``,
            ``expected``, ``actual_cumulative``, ``expected_cumulative``, ``in_holdout``, ``unit_days`` (days in a
            period).

    Source: Fader, Hardie & Lee (2005), Marketing Science 24(2), figures 2 and 3.

    >>> from idic_lab import datasets
    >>> from idic_lab.differentiate import clv
    >>> tx = datasets.load("cdnow_sample", quiet=True).transactions
    >>> weeks = clv.tracking(clv.fit(clv.summarise(tx, "1997-09-30")), tx, "1997-09-30")
    >>> weeks.loc[weeks.period == 20, ["actual_cumulative", "expected_cumulative"]].round(1).iloc[0].tolist()
    [1359.0, 1312.5]
    """
    require(model, *CONTINUOUS)
    unit = days_per_unit(model)
    if unit != int(unit):
        raise DataError(f"Tracking needs a whole number of days per unit of time, found {unit:g}.")
    counted, cut, unit = PurchaseDays(transactions), ordinal(calibration_end, "calibration_end"), int(unit)
    end = counted.last_day if holdout_end is None else ordinal(holdout_end, "holdout_end")
    daily = by_day(model, counted, cut, end, season)
    first = daily["day"].iloc[0]
    before = -(-(cut - first + 1) // unit)
    ends = np.arange(cut - (before - 1) * unit, end + 1, unit)
    so_far = daily[["repeats", "expected"]].cumsum().iloc[ends - first].reset_index(drop=True)
    so_far = so_far.assign(repeats=so_far["repeats"].round().astype("int64"))
    each = so_far.diff().fillna(so_far).astype(so_far.dtypes)
    table = pd.DataFrame({"period": np.arange(1, len(ends) + 1), "end": dates(ends)})
    table = table.assign(actual=each["repeats"], expected=each["expected"])
    table = table.assign(actual_cumulative=so_far["repeats"], expected_cumulative=so_far["expected"])
    return table.assign(in_holdout=ends > cut, **{UNIT: float(unit)})


def by_day(model: FittedModel, counted: PurchaseDays, known_by: int, end: int, season: Season | None) -> pd.DataFrame:
    """``day`` (number), ``repeats`` and ``expected`` repeats on each day, of who had bought by the day `known_by`."""
    daily = collected(counted.daily_counts(known_by, end))
    if daily.empty:
        raise DataError("Nobody bought up to calibration_end; choose a later one.")
    known = daily["day"].to_numpy()
    days = np.arange(known[0], end + 1)
    started, repeats = (
        np.bincount(known - known[0], daily[name], minlength=len(days)) for name in ("first_purchases", "repeats")
    )
    unit = days_per_unit(model)
    if season is None:  # expected by the end of each day: who started when, times what is expected since
        expected = np.convolve(started, expected_purchases_new(model, np.arange(1, len(days) + 1) / unit))[: len(days)]
    else:  # the same, where the days are of different length
        ends = season.clock(days) - season.clock([days[0] - 1])
        starts = np.concatenate([[0.0], ends[:-1]])
        grid = np.linspace(0.0, ends[-1], 4 * len(days) + 1)
        curve = expected_purchases_new(model, grid / unit)
        expected = sum(
            many * np.interp(ends - start, grid, curve, left=0.0)
            for many, start in zip(started, starts, strict=True)
            if many
        )
    return pd.DataFrame({"day": days, "repeats": repeats, "expected": np.diff(expected, prepend=0.0)})
