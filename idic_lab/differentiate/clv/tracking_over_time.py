"""Repeat purchases of a cohort period by period: what happened, and what a model expected of it from the start."""

from __future__ import annotations

import numpy as np
import pandas as pd

from idic_lab.differentiate.clv import purchase_days
from idic_lab.differentiate.clv.fitted_model import FittedModel, require
from idic_lab.differentiate.clv.predictions import CONTINUOUS, days_per_unit, expected_purchases_new
from idic_lab.differentiate.clv.summaries import as_pandas
from idic_lab.errors import DataError


def tracking(
    model: FittedModel,
    transactions,
    calibration_end,
    holdout_end=None,
    *,
    customer_id: str = "customer_id",
    date: str = "date",
    amount: str | None = "amount",
) -> pd.DataFrame:
    """Repeat purchase days per period and in total, actual and expected, of the customers of the calibration.

    The expectation uses nothing about a customer but the day of the first purchase, so it is a fair test of the
    model's shape: the sum of E[X(t)] over customers, t counted from the start of the day of the first purchase to the end
    of the period's last day.

    Parameters
    ----------
    model : FittedModel
        BG/NBD, MBG/NBD or Pareto/NBD.
    transactions : DataFrame
        Any frame narwhals knows.
    calibration_end, holdout_end : date or str
        As in `split`. Customers who first bought later are left out.
    customer_id, date, amount : str
        Names of the columns.

    Returns
    -------
    DataFrame
        One row per period of the model's unit of time, counted so that one ends on `calibration_end`: ``period``
        (1 first), ``end`` (its last day; days after the last whole period are left out), ``actual``, ``expected``, ``actual_cumulative``, ``expected_cumulative``,
        ``in_holdout``.

    Source: Fader, Hardie & Lee (2005), Marketing Science 24(2), figures 2 and 3.

    Examples
    --------
    >>> from idic_lab import datasets
    >>> from idic_lab.differentiate import clv
    >>> tx = datasets.load("cdnow_sample", quiet=True).transactions
    >>> weeks = clv.tracking(clv.fit(clv.summarise(tx, "1997-09-30")), tx, "1997-09-30")
    >>> weeks.loc[weeks.period == 20, ["actual_cumulative", "expected_cumulative"]].round(1)
        actual_cumulative  expected_cumulative
    19               1359               1312.5
    """
    require(model, *CONTINUOUS)
    unit = days_per_unit(model)
    if unit != int(unit):
        raise DataError(f"Tracking needs a whole number of days per unit of time, found {unit:g}.")
    cut = purchase_days.ordinal(calibration_end)
    end = (
        purchase_days.last_day_of(transactions, date)
        if holdout_end is None
        else purchase_days.ordinal(holdout_end)
    )
    daily = as_pandas(purchase_days.daily_counts(transactions, cut, end, customer_id, date, amount))
    if daily.empty:
        raise DataError("Nobody bought up to calibration_end; choose a later one.")
    days, unit = daily["day"].to_numpy(), int(unit)
    started = np.bincount(days - days[0], daily["first_purchases"], minlength=end - days[0] + 1)
    repeats = np.bincount(days - days[0], daily["repeats"], minlength=end - days[0] + 1)
    before = -(-(cut - days[0] + 1) // unit)
    ends = np.arange(cut - (before - 1) * unit, end + 1, unit)
    # Expected by the end of each day: who started when, times what is expected since.
    expected = np.convolve(started, expected_purchases_new(model, np.arange(1, end - days[0] + 2) / unit))
    table = pd.DataFrame(
        {
            "period": np.arange(1, len(ends) + 1),
            "end": purchase_days.dates(ends),
            "actual_cumulative": np.cumsum(repeats)[ends - days[0]].round().astype("int64"),
            "expected_cumulative": expected[ends - days[0]],
            "in_holdout": ends > cut,
        }
    )
    for kind in ("actual", "expected"):
        cumulative = table[f"{kind}_cumulative"]
        table.insert(2, kind, cumulative.diff().fillna(cumulative).astype(cumulative.dtype))
    table.attrs["unit_days"] = float(unit)
    return table[
        ["period", "end", "actual", "expected", "actual_cumulative", "expected_cumulative", "in_holdout"]
    ]
