"""What customers are worth: discounted margin over a horizon, and over the whole remaining life (DERT)."""

from __future__ import annotations

import narwhals as nw
import numpy as np
import pandas as pd
from scipy.special import betaln, hyp2f1

from idic_lab.differentiate.clv.engine_groups import answered, in_engine
from idic_lab.differentiate.clv.fitted_model import FittedModel, require
from idic_lab.differentiate.clv.predictions import (
    CONTINUOUS,
    PURCHASE_MODELS,
    days_per_unit,
    expected_spend,
    per_customer,
)
from idic_lab.differentiate.clv.quadrature import integrate_from_zero
from idic_lab.differentiate.clv.summaries import as_pandas
from idic_lab.errors import DataError, FitError, UnknownName

DAYS_PER_YEAR = 365
NEGLIGIBLE = 40.0  # discounting by e^-40 leaves nothing to add


def dert(model: FittedModel, summary, discount_rate_per_unit: float, method: str = "quadrature") -> pd.Series:
    """Discounted expected residual transactions: all purchases to come, each discounted to today.

    The integral of the expected purchase rate times exp(-rate * t), over all time to come. It is finite for every
    model here and every positive rate, also where the expected number of purchases itself grows without bound.

    Parameters
    ----------
    model : FittedModel
        Of purchases.
    summary : DataFrame
        The customers, in the model's unit of time.
    discount_rate_per_unit : float
        Continuously compounded, per unit of time; for BG/BB compounded once per opportunity.
    method : {"quadrature", "closed_form"}
        The closed form exists for the Pareto/NBD, through the confluent hypergeometric function, and is what BG/BB
        always uses. Both agree to about nine digits.

    Returns
    -------
    Series of float
        ``dert``, purchases, one value per row of `summary`. For a summary that is in an engine, the summary with that
        column, in the engine.

    Raises
    ------
    DataError
        When the rate is not positive: without discounting the sum over all time need not be finite.

    Source: Fader, Hardie & Lee (2005), Journal of Marketing Research 42(4), eq. 3; Fader, Hardie & Shang (2010),
    Marketing Science 29(6), eq. 14.

    Examples
    --------
    >>> customer = pd.DataFrame({"frequency": [7], "recency": [35.0], "T": [77.86]})
    >>> from idic_lab.differentiate import clv
    >>> model = clv.from_parameters("pareto_nbd", r=0.563, alpha=12.559, s=0.40811, beta=10.5148, unit_days=7)
    >>> round(float(clv.dert(model, customer, 0.0027).iloc[0]), 3)
    1.864
    """
    require(model, *PURCHASE_MODELS)
    if not discount_rate_per_unit > 0:
        raise DataError(
            f"The discount rate should be above 0 per unit of time, found {discount_rate_per_unit!r}."
        )
    if method not in ("quadrature", "closed_form"):
        raise UnknownName("method", method, ["quadrature", "closed_form"])
    if method == "closed_form":
        require(model, "pareto_nbd", "bg_bb")

    def if_alive(frequency, age):
        if model.model == "bg_bb":
            return _bg_bb_residual(model.theta, frequency, age, discount_rate_per_unit)
        if method == "closed_form":
            return model.likelihood.dert_if_alive(model.theta, frequency, age, discount_rate_per_unit)
        return _discounted(model, frequency, age, discount_rate_per_unit, np.inf)

    def residual_transactions(table):
        probability, residual = per_customer(model, table, if_alive)
        return pd.Series(probability * residual, index=table.index, name="dert")

    return answered(summary, model.likelihood.columns, residual_transactions)


def value(
    model: FittedModel,
    spend_model: FittedModel,
    summary,
    horizon_days: float | None = DAYS_PER_YEAR,
    annual_discount_rate: float = 0.15,
    margin: float = 1.0,
    *,
    payment_days=None,
) -> pd.DataFrame:
    """What each customer is expected to do and to be worth, by real days and an annual rate.

    The rate is compounded continuously at log(1 + annual_discount_rate) per 365 days, and every expected purchase is
    discounted from the moment it is expected: no months of 30 days, no rounding of the horizon.

    Parameters
    ----------
    model : FittedModel
        BG/NBD, MBG/NBD or Pareto/NBD.
    spend_model : FittedModel
        Gamma-Gamma.
    summary : DataFrame
        ``customer_id``, ``frequency``, ``recency``, ``T``, ``monetary_value``, in the model's unit of time.
    horizon_days : float or None
        How far ahead ``clv`` and ``expected_purchases`` look, in days. None: no end, so that ``clv`` equals
        ``residual_value``, and ``expected_purchases`` is discounted likewise.
    annual_discount_rate : float
        Per year; 0.15 is 15%.
    margin : float
        Share of the amount that is earned, above 0 and at most 1.
    payment_days : sequence of float, optional
        Ascending days ahead, the last replacing `horizon_days`. Purchases are then discounted from the end of the
        period they fall in, as spreadsheets by month do, and not continuously.

    Returns
    -------
    DataFrame
        Table ``customer_value``: ``customer_id``, ``probability_alive``, ``expected_purchases``, ``expected_spend``,
        ``clv``, ``residual_value``. What has been paid already is no part of the value. For a summary that is in an
        engine (Polars lazy, DuckDB, PySpark, Dask), a frame of that engine.

    Source: Fader, Hardie & Lee (2005), Journal of Marketing Research 42(4), eq. 1 and 2.

    Examples
    --------
    >>> from idic_lab import datasets
    >>> from idic_lab.differentiate import clv
    >>> summary = clv.summarise(datasets.load("cdnow_sample", quiet=True).transactions, "1998-06-30")
    >>> values = clv.value(clv.fit(summary, "pareto_nbd"), clv.fit(summary, "gamma_gamma"), summary, margin=0.3)
    >>> bool((values["clv"] <= values["residual_value"]).all())
    True
    """
    require(model, *CONTINUOUS)
    if not annual_discount_rate > 0:
        raise DataError(
            f"annual_discount_rate should be above 0 (0.15 is 15%), found {annual_discount_rate!r}."
        )
    if not 0 < margin <= 1:
        raise DataError(f"margin should be a share above 0 and at most 1, found {margin!r}.")
    present = nw.from_native(summary).collect_schema().names()
    if "customer_id" not in present:
        raise DataError(f"The summary needs the column 'customer_id'; found {', '.join(map(str, present))}.")
    unit = days_per_unit(model)
    rate = np.log1p(annual_discount_rate) * unit / DAYS_PER_YEAR
    ends = None if payment_days is None else _ascending(payment_days) / unit
    if ends is None and horizon_days is not None and not horizon_days > 0:
        raise DataError(f"horizon_days should be above 0, found {horizon_days!r}.")
    horizon = ends[-1] if ends is not None else np.inf if horizon_days is None else horizon_days / unit

    def if_alive(frequency, age):
        residual = _discounted(model, frequency, age, rate, np.inf)
        if np.isinf(horizon):
            return np.column_stack([residual, residual, residual])
        expected = model.likelihood.expected_if_alive(model.theta, frequency, age, horizon)
        if ends is None:
            finite = _discounted(model, frequency, age, rate, horizon)
        else:
            finite = _discounted_by_period(model, frequency, age, rate, ends)
        return np.column_stack([expected, finite, residual])

    if in_engine(summary):
        return _value_in_engine(model, spend_model, summary, if_alive, margin)
    table = as_pandas(summary)
    probability, living = per_customer(model, table, if_alive)
    spend = expected_spend(spend_model, table).to_numpy()
    earned = probability * spend * margin
    return pd.DataFrame(
        {
            "customer_id": table["customer_id"].to_numpy(),
            "probability_alive": probability,
            "expected_purchases": probability * living[:, 0],
            "expected_spend": spend,
            "clv": earned * living[:, 1],
            "residual_value": earned * living[:, 2],
        }
    ).astype({"customer_id": table["customer_id"].dtype})


def _value_in_engine(model, spend_model, summary, if_alive, margin):
    """The same table in the summary's engine: what depends on the purchases once per group, the money by arithmetic."""
    names = ["probability_alive", "expected_purchases", "_finite", "_residual"]

    def by_group(table):
        probability, living = per_customer(model, table, if_alive)
        answers = np.column_stack([probability, probability[:, None] * living])
        return pd.DataFrame(answers, columns=names, index=table.index)

    spent = expected_spend(spend_model, answered(summary, model.likelihood.columns, by_group))
    earned = nw.col("expected_spend") * margin
    return nw.to_native(
        nw.from_native(spent).select(
            "customer_id",
            *names[:2],
            "expected_spend",
            clv=earned * nw.col("_finite"),
            residual_value=earned * nw.col("_residual"),
        )
    )


def _discounted(model, frequency, age, rate, horizon):
    """Expected discounted purchases of customers alive at T, over a horizon."""
    scale = age + model.params_[list(model.likelihood.time_parameters)].min()
    horizon = min(horizon, NEGLIGIBLE / rate)
    near = rate * horizon <= 5 and horizon <= 100 * scale.min(initial=np.inf)
    return integrate_from_zero(
        lambda ahead: (
            model.likelihood.rate_if_alive(model.theta, frequency[:, None], age[:, None], ahead)
            * np.exp(-rate * ahead)
        ),
        horizon,
        scale,
        nodes=16 if near else 32,
    )


def _discounted_by_period(model, frequency, age, rate, ends):
    total, before = np.zeros(len(frequency)), np.zeros(len(frequency))
    for end in ends:
        expected = model.likelihood.expected_if_alive(model.theta, frequency, age, end)
        total += (expected - before) * np.exp(-rate * end)
        before = expected
    return total


def _ascending(days) -> np.ndarray:
    days = np.asarray(list(days), dtype=float)
    if not len(days) or days[0] <= 0 or (np.diff(days) <= 0).any():
        raise DataError(
            "payment_days should be ascending numbers of days above 0, such as range(30, 361, 30)."
        )
    return days


def _bg_bb_residual(theta, frequency, n_periods, rate):
    alpha, beta, gamma, delta = theta
    buys = (alpha + frequency) / (alpha + beta + n_periods)
    stays = np.exp(betaln(gamma, delta + n_periods + 1) - betaln(gamma, delta + n_periods))
    series = hyp2f1(1.0, delta + n_periods + 1, gamma + delta + n_periods + 1, 1 / (1 + rate))
    if not np.isfinite(series).all():
        raise FitError(f"The BG/BB residual value does not converge at a rate of {rate:g} per opportunity.")
    return buys * stays / (1 + rate) * series
