"""Naive predictions that a model has to beat before it is believed."""

from __future__ import annotations

import numpy as np
import pandas as pd

from idic_lab.differentiate.clv.splitting import Split
from idic_lab.errors import DataError, UnknownName

TARGETS = ("holdout_frequency", "holdout_spend")


def baselines(split: Split, target: str = "holdout_frequency") -> pd.DataFrame:
    """What one would say of each customer without a model.

    Parameters
    ----------
    split : Split
    target : {"holdout_frequency", "holdout_spend"}
        What is to be predicted: purchase days, or money.

    Returns
    -------
    DataFrame
        ``customer_id`` and one column per baseline, in the order of ``split.calibration``: "past rate" (repeat
        purchases per unit of time so far, carried on), "same as before" (the calibration count again), "mean" (the
        average past rate, for everyone) and "all zeros". For money each is multiplied by the customer's mean amount
        so far (that of all repeat buyers for those without one).

    Source: the comparison is that of Wübben & von Wangenheim (2008), Journal of Marketing 72(3), where simple rules
    often did as well as the models.

    Examples
    --------
    >>> from idic_lab import datasets
    >>> from idic_lab.differentiate import clv
    >>> parts = clv.split(datasets.load("cdnow_sample", quiet=True).transactions, "1997-09-30")
    >>> round(float(clv.baselines(parts)["past rate"].sum()))
    2930
    """
    check_target(split, target)
    summary = split.calibration
    frequency = summary["frequency"].to_numpy(dtype=float)
    age = summary["T"].to_numpy(dtype=float)
    rate = np.divide(frequency, age, out=np.zeros_like(frequency), where=age > 0)
    average = frequency.sum() / age.sum() if age.sum() > 0 else 0.0
    table = pd.DataFrame(
        {
            "past rate": rate * split.duration,
            "same as before": frequency,
            "mean": np.full(len(summary), average * split.duration),
            "all zeros": np.zeros(len(summary)),
        }
    )
    if target == "holdout_spend":
        money = summary["monetary_value"].to_numpy(dtype=float)
        usual = money[frequency > 0].mean() if (frequency > 0).any() else 0.0
        table = table.mul(np.where(frequency > 0, money, usual), axis=0)
    table.insert(0, "customer_id", summary["customer_id"].to_numpy())
    return table.astype({"customer_id": summary["customer_id"].dtype})


def check_target(split: Split, target: str) -> None:
    """Refuse a target that is unknown, or that this split cannot offer."""
    if target not in TARGETS:
        raise UnknownName("target", target, TARGETS)
    if target not in split.holdout:
        raise DataError(f"The split has no {target!r}: it was made without amounts.")
