"""Whether predictions mean what they say: by decile, by probability, by frequency, and over time."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from idic_lab.differentiate.clv.baselines import check_target
from idic_lab.differentiate.clv.evaluation import aligned
from idic_lab.differentiate.clv.fitted_model import FittedModel
from idic_lab.differentiate.clv.predictions import alive, predict
from idic_lab.differentiate.clv.splitting import Split
from idic_lab.errors import DataError


def decile_calibration(
    split: Split, predictions: Mapping | pd.DataFrame, target: str = "holdout_frequency", groups: int = 10
) -> pd.DataFrame:
    """Mean prediction and mean outcome in groups of equal size, from the lowest prediction to the highest.

    Parameters
    ----------
    split, predictions, target
        As in `evaluate`.
    groups : int
        Number of groups; customers with the same prediction are ordered as they stand.

    Returns
    -------
    DataFrame
        ``prediction``, ``decile`` (1 is lowest), ``customers``, ``predicted``, ``actual`` (means) and
        ``standard_error`` of the actual mean.

    Examples
    --------
    >>> from idic_lab import datasets
    >>> from idic_lab.differentiate import clv
    >>> parts = clv.split(datasets.load("cdnow_sample", quiet=True).transactions, "1997-09-30")
    >>> naive = clv.baselines(parts)[["customer_id", "past rate"]]
    >>> len(clv.decile_calibration(parts, naive))
    10
    """
    check_target(split, target)
    actual = split.holdout[target].to_numpy(dtype=float)
    if not 2 <= groups <= len(actual):
        raise DataError(
            f"groups should be between 2 and the number of customers, {len(actual):,}; found {groups}."
        )
    tables = []
    for name, values in aligned(split, predictions).items():
        place = np.empty(len(values), dtype="int64")
        place[np.argsort(values, kind="stable")] = np.arange(len(values)) * groups // len(values) + 1
        tables.append(_means(values, actual, place, "decile").assign(prediction=name))
    table = pd.concat(tables, ignore_index=True)
    return table[["prediction", *table.columns.drop("prediction")]].astype({"prediction": "str"})


def alive_calibration(split: Split, model: FittedModel, groups: int = 10) -> pd.DataFrame:
    """P(alive) in bands, beside the share of customers who did buy in the holdout.

    Being alive cannot be seen, only buying can: a living customer may have no purchase in the holdout. The share who
    bought should rise with P(alive), and lie below it.

    Parameters
    ----------
    split : Split
    model : FittedModel
    groups : int
        Number of bands of equal width from 0 to 1; empty ones are left out.

    Returns
    -------
    DataFrame
        ``low``, ``high`` (the band), ``customers``, ``predicted`` (mean P(alive)), ``actual`` (share who bought) and
        its ``standard_error``.
    """
    probability = alive(model, split.calibration).to_numpy()
    bought = (split.holdout["holdout_frequency"] > 0).to_numpy(dtype=float)
    band = np.minimum((probability * groups).astype("int64"), groups - 1)
    table = _means(probability, bought, band, "band")
    table.insert(0, "low", table["band"] / groups)
    table.insert(1, "high", (table["band"] + 1) / groups)
    return table.drop(columns="band")


def _means(predicted, actual, group, name) -> pd.DataFrame:
    rows = pd.DataFrame({name: group, "predicted": predicted, "actual": actual})
    table = rows.groupby(name, as_index=False).agg(
        customers=("actual", "size"),
        predicted=("predicted", "mean"),
        actual=("actual", "mean"),
        spread=("actual", "std"),
    )
    spread = table.pop("spread").fillna(0.0)
    return table.assign(standard_error=spread / np.sqrt(table["customers"]))


def conditional_expectations(split: Split, models: Mapping[str, FittedModel], pool: int = 7) -> pd.DataFrame:
    """Mean holdout purchases by number of repeat purchases in calibration, beside what models expected.

    Parameters
    ----------
    split : Split
    models : dict of str to FittedModel
        Models of purchases, fitted to ``split.calibration``.
    pool : int
        Customers with this many repeat purchases or more form the last row.

    Returns
    -------
    DataFrame
        ``frequency`` (text: "0", "1", ..., "7+"), ``customers``, ``actual``, and one column per model; purchase days
        per customer.

    Source: Fader, Hardie & Lee (2005), Marketing Science 24(2), figure 4.

    Examples
    --------
    >>> from idic_lab import datasets
    >>> from idic_lab.differentiate import clv
    >>> parts = clv.split(datasets.load("cdnow_sample", quiet=True).transactions, "1997-09-30")
    >>> clv.conditional_expectations(parts, {"BG/NBD": clv.fit(parts.calibration)}).round(3).tail(2)
      frequency  customers  actual  BG/NBD
    6         6         29   3.862   3.504
    7        7+         64   6.359   6.157
    """
    if not models:
        raise DataError("There is no model to compare; give a dict such as {'BG/NBD': model}.")
    rows = {"actual": split.holdout["holdout_frequency"].to_numpy(dtype=float)}
    for name, model in models.items():
        rows[str(name)] = predict(model, split.calibration, split.duration).to_numpy()
    pooled = split.calibration["frequency"].clip(upper=pool).to_numpy()
    table = pd.DataFrame(rows).groupby(pooled).mean()
    table.insert(0, "customers", pd.Series(pooled).value_counts().sort_index())
    labels = [f"{count}+" if count == pool else str(count) for count in table.index]
    table.insert(0, "frequency", pd.array(labels, dtype="str"))
    return table.reset_index(drop=True)
