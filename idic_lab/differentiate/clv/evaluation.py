"""How good predictions were: several measures at once, beside naive baselines, with intervals when asked."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd
from scipy.stats import rankdata

from idic_lab.differentiate.clv.baselines import baselines, check_target
from idic_lab.differentiate.clv.splitting import Split
from idic_lab.errors import DataError

MEASURES = ("total", "bias", "mae", "rmse", "correlation", "spearman", "gini", "top_decile_capture")


def evaluate(
    split: Split,
    predictions: Mapping | pd.DataFrame,
    target: str = "holdout_frequency",
    *,
    with_baselines: bool = True,
    bootstrap: int = 0,
    random_state: int = 0,
    level: float = 0.95,
) -> pd.DataFrame:
    """Compare predictions with what customers did in the holdout.

    No single measure will do. Where most customers buy nothing, predicting zero for all has a low mean absolute
    error and no use; only a measure of order (Gini, capture) or of the total shows it.

    Parameters
    ----------
    split : Split
    predictions : dict of str to array, or DataFrame
        One value per row of ``split.calibration``. A DataFrame with a ``customer_id`` column is matched by it.
    target : {"holdout_frequency", "holdout_spend"}
    with_baselines : bool
        Put the naive predictions of `baselines` below.
    bootstrap : int
        Number of bootstrap samples of customers for intervals; 0 for none.
    random_state : int
    level : float
        Coverage of the percentile intervals.

    Returns
    -------
    DataFrame
        One row per prediction: ``prediction``, ``total`` (predicted sum), ``actual_total``, ``bias`` (share by which
        the total is off; 0.1 is 10% too many), ``mae``, ``rmse``, ``correlation`` (Pearson), ``spearman``, ``gini``
        (normalised: 1 orders customers perfectly, 0 like chance) and ``top_decile_capture`` (share of the actual sum
        from the tenth predicted highest; ties share alike). What is undefined, such as the correlation of a constant,
        is missing. With `bootstrap`, each measure also has columns ``..._low`` and ``..._high``.

    Source: Wübben & von Wangenheim (2008), Journal of Marketing 72(3); the Gini measure as in Donkers, Verhoef & de
    Jong (2007), Quantitative Marketing and Economics 5(2).

    Examples
    --------
    >>> from idic_lab import datasets
    >>> from idic_lab.differentiate import clv
    >>> parts = clv.split(datasets.load("cdnow_sample", quiet=True).transactions, "1997-09-30")
    >>> model = clv.fit(parts.calibration, "bg_nbd")
    >>> table = clv.evaluate(parts, {"BG/NBD": clv.predict(model, parts.calibration, parts.duration)})
    >>> table[["prediction", "total", "mae", "top_decile_capture"]].round(2).head(2)
      prediction   total   mae  top_decile_capture
    0     BG/NBD  ...
    1  past rate  ...
    """
    check_target(split, target)
    columns = aligned(split, predictions)
    if with_baselines:
        naive = baselines(split, target).drop(columns="customer_id")
        columns |= {name: naive[name].to_numpy() for name in naive if name not in columns}
    actual = split.holdout[target].to_numpy(dtype=float)
    rows = [{"prediction": name, **_measures(values, actual)} for name, values in columns.items()]
    table = pd.DataFrame(rows)
    table.insert(2, "actual_total", actual.sum())
    if bootstrap:
        bounds = _intervals(columns, actual, bootstrap, random_state, level)
        table = pd.concat([table, bounds], axis=1)
    return table.astype({"prediction": "str"})


def aligned(split: Split, predictions: Mapping | pd.DataFrame) -> dict[str, np.ndarray]:
    """Each prediction as an array in the order of the split's customers."""
    if isinstance(predictions, pd.DataFrame):
        if "customer_id" in predictions:
            if predictions["customer_id"].duplicated().any():
                raise DataError("The predictions have a customer_id twice; give one row per customer.")
            predictions = predictions.set_index("customer_id").reindex(split.calibration["customer_id"])
        predictions = {name: predictions[name] for name in predictions}
    columns = {}
    for name, values in predictions.items():
        values = np.asarray(values, dtype=float)
        if values.shape != (len(split.calibration),):
            raise DataError(
                f"Prediction {name!r} has shape {values.shape}, expected one value for each of "
                f"{len(split.calibration):,} customers."
            )
        if not np.isfinite(values).all():
            missing = int((~np.isfinite(values)).sum())
            raise DataError(f"Prediction {name!r} lacks a finite value for {missing:,} customers.")
        columns[str(name)] = values
    if not columns:
        raise DataError("There are no predictions to evaluate.")
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
        "spearman": _correlation(rankdata(predicted), rankdata(actual)),
        "gini": _normalised_gini(predicted, actual),
        "top_decile_capture": top_capture(predicted, actual, 0.1),
    }


def _correlation(first, second) -> float:
    first, second = first - first.mean(), second - second.mean()
    size = np.sqrt(np.dot(first, first) * np.dot(second, second))
    return float(np.dot(first, second) / size) if size > 1e-12 * len(first) else np.nan


def _normalised_gini(predicted, actual) -> float:
    """Area between the gain curve and the diagonal, over that of perfect foresight; ties are taken as one block."""
    if np.ptp(predicted) == 0 or np.ptp(actual) == 0:
        return np.nan
    return float(_gini(predicted, actual) / _gini(actual, actual))


def _gini(score, actual) -> float:
    # With ties as blocks, the area depends on the mean rank of each customer alone.
    ranks = rankdata(score)
    n = len(actual)
    return np.dot(actual, 2 * ranks - n - 1) / (n * actual.sum())


def top_capture(predicted, actual, share: float = 0.1) -> float:
    """Share of the actual sum that comes from the given share of customers predicted highest.

    A part of a customer counts as a whole one. Customers who tie at the boundary are taken in proportion, so that the
    order of rows plays no part.

    Examples
    --------
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


def _intervals(columns, actual, bootstrap, random_state, level) -> pd.DataFrame:
    """Percentile intervals; every prediction meets the same samples, so that they can be compared."""
    rng = np.random.default_rng(random_state)
    draws = {name: [] for name in columns}
    for _ in range(bootstrap):
        chosen = rng.integers(0, len(actual), len(actual))
        for name, values in columns.items():
            draws[name].append(list(_measures(values[chosen], actual[chosen]).values()))
    rows = []
    for name in columns:
        sample = np.array(draws[name])
        row = {}
        for i, measure in enumerate(MEASURES):
            known = sample[~np.isnan(sample[:, i]), i]
            low, high = (
                np.quantile(known, [(1 - level) / 2, (1 + level) / 2]) if len(known) else (np.nan,) * 2
            )
            row |= {f"{measure}_low": low, f"{measure}_high": high}
        rows.append(row)
    return pd.DataFrame(rows)
