"""Maps over frequency and recency: what a model says of every kind of customer there could be."""

from __future__ import annotations

import numpy as np
import pandas as pd

from idic_lab.differentiate.clv.fitted_model import FittedModel, require
from idic_lab.differentiate.clv.predictions import CONTINUOUS, alive, expected_spend, predict
from idic_lab.differentiate.clv.valuation import dert
from idic_lab.errors import DataError


def frequency_recency_matrix(
    model: FittedModel, age: float, horizon: float, max_frequency: int = 25, points: int = 60
) -> pd.DataFrame:
    """P(alive) and expected purchases for every frequency and recency, of customers of one age.

    Parameters
    ----------
    model : FittedModel
        BG/NBD, MBG/NBD or Pareto/NBD.
    age : float
        T of all the customers, in the model's unit of time.
    horizon : float
        Time to come, in the model's unit.
    max_frequency : int
        Highest number of repeat purchases.
    points : int
        Number of recencies from 0 to `age`.

    Returns
    -------
    DataFrame
        ``frequency``, ``recency``, ``probability_alive``, ``expected_purchases``; a frequency of 0 goes with a recency
        of 0 alone, and no other with 0. ``attrs`` has ``age``, ``horizon`` and ``unit_days``.

    Source: after lifetimes (Davidson-Pilon), plot_frequency_recency_matrix and plot_probability_alive_matrix.

    Examples
    --------
    >>> from idic_lab.differentiate import clv
    >>> model = clv.from_parameters("bg_nbd", r=0.243, alpha=4.414, a=0.793, b=2.426, unit_days=7)
    >>> clv.frequency_recency_matrix(model, age=39.0, horizon=52.0, max_frequency=2, points=3).round(2)
       frequency  recency  probability_alive  expected_purchases
    0          0      0.0                ...                 ...
    1          1     19.5                ...                 ...
    2          1     39.0                ...                 ...
    3          2     19.5                ...                 ...
    4          2     39.0                ...                 ...
    """
    grid = _grid(model, age, max_frequency, points)
    table = grid.drop(columns="T").assign(
        probability_alive=alive(model, grid), expected_purchases=predict(model, grid, horizon)
    )
    table.attrs.update(age=float(age), horizon=float(horizon), unit_days=model.unit_days_)
    return table


def iso_value(
    model: FittedModel,
    age: float,
    discount_rate_per_unit: float,
    max_frequency: int = 25,
    points: int = 60,
    *,
    spend_model: FittedModel | None = None,
    monetary_value: float | None = None,
    margin: float = 1.0,
) -> pd.DataFrame:
    """Residual value for every frequency and recency: customers on one contour of this map are worth the same.

    Parameters
    ----------
    model, age, max_frequency, points
        As in `frequency_recency_matrix`.
    discount_rate_per_unit : float
        As in `dert`.
    spend_model : FittedModel, optional
        Gamma-Gamma; with it and `monetary_value`, the mean spend so far, the map is in currency.
    monetary_value : float, optional
    margin : float
        Share of the amount that is earned.

    Returns
    -------
    DataFrame
        ``frequency``, ``recency``, ``dert`` (discounted purchases) and, with `spend_model`, ``residual_value``.

    Source: Fader, Hardie & Lee (2005), Journal of Marketing Research 42(4), figures 3 to 6.

    Examples
    --------
    >>> from idic_lab.differentiate import clv
    >>> model = clv.from_parameters("pareto_nbd", r=0.563, alpha=12.559, s=0.40811, beta=10.5148, unit_days=7)
    >>> table = clv.iso_value(model, age=77.86, discount_rate_per_unit=0.0027)
    >>> sorted(table.columns)
    ['dert', 'frequency', 'recency']
    """
    if (spend_model is None) != (monetary_value is None):
        raise DataError("A map in currency needs both spend_model and monetary_value.")
    grid = _grid(model, age, max_frequency, points)
    table = grid.drop(columns="T").assign(dert=dert(model, grid, discount_rate_per_unit))
    if spend_model is not None:
        spend = expected_spend(spend_model, grid.assign(monetary_value=float(monetary_value)))
        table["residual_value"] = table["dert"] * spend * margin
    table.attrs.update(age=float(age), unit_days=model.unit_days_)
    return table


def _grid(model, age, max_frequency, points) -> pd.DataFrame:
    require(model, *CONTINUOUS)
    if not (age > 0 and max_frequency >= 1 and points >= 2):
        raise DataError("A map needs an age above 0, a max_frequency of at least 1 and at least 2 points.")
    recency = np.linspace(0.0, age, points)[1:]
    frequency = np.repeat(np.arange(1, max_frequency + 1), len(recency))
    grid = pd.DataFrame({"frequency": frequency, "recency": np.tile(recency, max_frequency)})
    grid = pd.concat([pd.DataFrame({"frequency": [0], "recency": [0.0]}), grid], ignore_index=True)
    return grid.assign(T=float(age))
