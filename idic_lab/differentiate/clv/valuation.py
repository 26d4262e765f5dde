"""What customers are worth: discounted margin over a horizon and over the whole remaining life (DERT), and who holds it."""

import narwhals as nw
import numpy as np
import pandas as pd
from scipy.special import betaln, hyp2f1

from idic_lab.dataframes import collected, in_engine
from idic_lab.differentiate.clv.fitted_model import FittedModel, require
from idic_lab.differentiate.clv.gamma_mixtures import integrate_from_zero, unit_interval
from idic_lab.differentiate.clv.grouping import answered
from idic_lab.differentiate.clv.predictions import (
    CONTINUOUS,
    PURCHASE_MODELS,
    days_per_unit,
    expected_spend,
    map_grid,
    per_customer,
)
from idic_lab.errors import DataError, FitError

DAYS_PER_YEAR = 365
NEGLIGIBLE = 40.0  # discounting by e^-40 leaves nothing to add


def dert(model: FittedModel, summary, discount_rate_per_unit: float) -> pd.Series:
    """Discounted expected residual transactions: all purchases to come, each discounted to today.

    The integral of the expected purchase rate times exp(-rate * t), over all time to come. It is finite for every
    model here and every positive rate, also where the expected number of purchases itself grows without bound.

    Parameters:
        discount_rate_per_unit: Above 0; continuously compounded, per unit of time; for BG/BB once per opportunity.
    Returns:
        Series of float: ``dert``, one value per row of `summary`; where that is in an engine, itself with the column.

    Source: Fader, Hardie & Lee (2005), Journal of Marketing Research 42(4), eq. 3; Fader, Hardie & Shang (2010),
    Marketing Science 29(6), eq. 14.

    >>> customer = pd.DataFrame({"frequency": [7], "recency": [35.0], "T": [77.86], "unit_days": 7})
    >>> from idic_lab.differentiate import clv
    >>> model = clv.from_parameters("pareto_nbd", r=0.563, alpha=12.559, s=0.40811, beta=10.5148, unit_days=7)
    >>> round(float(clv.dert(model, customer, 0.0027).iloc[0]), 3)
    1.864
    """
    require(model, *PURCHASE_MODELS)
    if not discount_rate_per_unit > 0:
        raise DataError(f"The discount rate should be above 0 per unit of time, found {discount_rate_per_unit!r}.")

    def if_alive(*living):
        if model.model == "bg_bb":
            return _bg_bb_residual(*living, discount_rate_per_unit)
        return _discounted(model, *living, discount_rate_per_unit, np.inf)

    def residual_transactions(table):
        probability, residual = per_customer(model, table, if_alive)
        return pd.Series(probability * residual, index=table.index, name="dert")

    return answered(model, summary, residual_transactions)


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

    Parameters:
        model, spend_model: BG/NBD, MBG/NBD or Pareto/NBD; and Gamma-Gamma.
        summary (DataFrame): ``customer_id``, ``frequency``, ``recency``, ``T``, ``monetary_value``, in the model's unit
            of time.
        horizon_days: How far ahead ``clv`` and ``expected_purchases`` look, in days. None: no end, so that ``clv``
            equals ``residual_value``, and ``expected_purchases`` is discounted likewise.
        annual_discount_rate: Per year; 0.15 is 15%.
        margin: Share of the amount that is earned, above 0 and at most 1.
        payment_days (sequence of float, optional): Ascending days ahead, the last replacing `horizon_days`. Purchases
            are then discounted from the end of the period they fall in, as spreadsheets by month do.
    Returns:
        DataFrame: Table ``customer_value``: ``customer_id``, ``probability_alive``, ``expected_purchases``,
            ``expected_spend``, ``clv``, ``residual_value``. What has been paid already is no part of the value. For a
            summary that is in an engine (Polars lazy, DuckDB, PySpark, Dask), a frame of that engine.

    Source: Fader, Hardie & Lee (2005), Journal of Marketing Research 42(4), eq. 1 and 2.

    >>> from idic_lab import datasets
    >>> from idic_lab.differentiate import clv
    >>> summary = clv.summarise(datasets.load("cdnow_sample", quiet=True).transactions, "1998-06-30")
    >>> values = clv.value(clv.fit(summary, "pareto_nbd"), clv.fit(summary, "gamma_gamma"), summary, margin=0.3)
    >>> bool((values["clv"] <= values["residual_value"]).all())
    True
    """
    require(model, *CONTINUOUS)
    if not annual_discount_rate > 0:
        raise DataError(f"annual_discount_rate should be above 0 (0.15 is 15%), found {annual_discount_rate!r}.")
    if not 0 < margin <= 1:
        raise DataError(f"margin should be a share above 0 and at most 1, found {margin!r}.")
    present = nw.from_native(summary).collect_schema().names()
    if "customer_id" not in present:
        raise DataError(f"The summary needs the column 'customer_id'; found {', '.join(map(str, present))}.")
    unit = days_per_unit(model)
    rate = np.log1p(annual_discount_rate) * unit / DAYS_PER_YEAR
    ends = None if payment_days is None else np.asarray(list(payment_days), dtype=float) / unit
    if ends is not None and (not len(ends) or (np.diff(ends, prepend=0.0) <= 0).any()):
        raise DataError("payment_days should be ascending numbers of days above 0, such as range(30, 361, 30).")
    if ends is None and horizon_days is not None and not horizon_days > 0:
        raise DataError(f"horizon_days should be above 0, found {horizon_days!r}.")
    horizon = ends[-1] if ends is not None else np.inf if horizon_days is None else horizon_days / unit

    def if_alive(*living):
        residual = _discounted(model, *living, rate, np.inf)
        if np.isinf(horizon):
            return np.column_stack([residual, residual, residual])
        expected = model.likelihood.expected_if_alive(*living, horizon)
        if ends is None:
            finite = _discounted(model, *living, rate, horizon)
        else:  # what is expected in each period, discounted from its end
            by_end = np.array([model.likelihood.expected_if_alive(*living, end) for end in ends])
            finite = np.exp(-rate * ends) @ np.diff(by_end, axis=0, prepend=0.0)
        return np.column_stack([expected, finite, residual])

    def by_group(table):
        probability, living = per_customer(model, table, if_alive)
        answers = np.column_stack([probability, probability[:, None] * living])
        names = ["probability_alive", "expected_purchases", "_finite", "_residual"]
        return pd.DataFrame(answers, columns=names, index=table.index)

    if in_engine(summary):  # what depends on the purchases once per group, the money by arithmetic
        told = nw.from_native(expected_spend(spend_model, answered(model, summary, by_group)))
    else:
        table = collected(summary)
        spend = expected_spend(spend_model, table).to_numpy()
        told = by_group(table).assign(expected_spend=spend, customer_id=table["customer_id"])
        told = nw.from_native(told.reset_index(drop=True))
    earned = nw.col("expected_spend") * margin
    names = ["customer_id", "probability_alive", "expected_purchases", "expected_spend"]
    worth = {"clv": earned * nw.col("_finite"), "residual_value": earned * nw.col("_residual")}
    return nw.to_native(told.select(*names, **worth))


def _discounted(model, theta, frequency, age, rate, horizon):
    """Expected discounted purchases of customers alive at T, over a horizon."""
    times = [theta[model.likelihood.parameters.index(name)] for name in model.likelihood.time_parameters]
    scale = age + np.minimum.reduce(times)
    if np.isinf(horizon) and len(times) == 1 and len(frequency) and not any(map(np.ndim, theta)):
        # With one clock the rate after so many times `scale` hangs on the frequency alone, which takes few values.
        points, weights = unit_interval(64)
        span = np.log1p(NEGLIGIBLE / rate / scale.min())
        passed = np.expm1(span * points)
        counts, which = np.unique(frequency, return_inverse=True)
        rates = model.likelihood.rate_if_alive(theta, counts[:, None], 0.0, times[0] * passed) * times[0]
        return np.sum((rates * (1 + passed) * span * weights)[which] * np.exp(-rate * scale[:, None] * passed), axis=1)
    theta = [np.asarray(part)[..., None] for part in theta]
    horizon = min(horizon, NEGLIGIBLE / rate)
    near = rate * horizon <= 5 and horizon <= 100 * scale.min(initial=np.inf)

    def worth(ahead):
        return model.likelihood.rate_if_alive(theta, frequency[:, None], age[:, None], ahead) * np.exp(-rate * ahead)

    return integrate_from_zero(worth, horizon, scale, nodes=16 if near else 32)


def _bg_bb_residual(theta, frequency, n_periods, rate):
    alpha, beta, gamma, delta = theta
    buys = (alpha + frequency) / (alpha + beta + n_periods)
    stays = np.exp(betaln(gamma, delta + n_periods + 1) - betaln(gamma, delta + n_periods))
    series = hyp2f1(1.0, delta + n_periods + 1, gamma + delta + n_periods + 1, 1 / (1 + rate))
    if not np.isfinite(series).all():
        raise FitError(f"The BG/BB residual value does not converge at a rate of {rate:g} per opportunity.")
    return buys * stays / (1 + rate) * series


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

    Parameters:
        model, age, max_frequency, points: As in `frequency_recency_matrix`; `discount_rate_per_unit` as in `dert`.
        spend_model: Gamma-Gamma; with it and `monetary_value`, the mean spend so far, the map is in currency.
        margin: Share of the amount that is earned.
    Returns:
        DataFrame: ``frequency``, ``recency``, ``T``, ``unit_days``, ``dert`` (discounted purchases) and, with
            `spend_model`, ``residual_value``.

    Source: Fader, Hardie & Lee (2005), Journal of Marketing Research 42(4), figures 3 to 6.

    >>> from idic_lab.differentiate import clv
    >>> model = clv.from_parameters("pareto_nbd", r=0.563, alpha=12.559, s=0.40811, beta=10.5148, unit_days=7)
    >>> clv.iso_value(model, age=77.86, discount_rate_per_unit=0.0027).columns.tolist()
    ['frequency', 'recency', 'T', 'unit_days', 'dert']
    """
    if (spend_model is None) != (monetary_value is None):
        raise DataError("A map in currency needs both spend_model and monetary_value.")
    grid = map_grid(model, age, max_frequency, points)
    table = grid.assign(dert=dert(model, grid, discount_rate_per_unit))
    if spend_model is not None:
        spend = expected_spend(spend_model, grid.assign(monetary_value=float(monetary_value)))
        table["residual_value"] = table["dert"] * spend * margin
    return table


def equity(values: pd.DataFrame, groups, worth: str = "residual_value") -> pd.DataFrame:
    """Number, total worth and mean worth of the customers in each group.

    Parameters:
        values: Table ``customer_value``, as `value` gives it; `worth` is the column of it to add up.
        groups (array of shape (n,)): The group of each row, such as `frequency_class` gives.
    Returns:
        DataFrame: ``group``, ``customers``, ``customer_share``, ``equity`` and ``mean_value`` (currency),
            ``equity_share``; the groups in their own order.

    Source: Fader, Hardie & Lee (2005), Journal of Marketing Research 42(4), tables 3 and 4; the term is that of
    Blattberg & Deighton (1996), Harvard Business Review 74(4).

    >>> values = pd.DataFrame({"customer_id": ["a", "b", "c"], "residual_value": [1.0, 2.0, 7.0]})
    >>> equity(values, ["low", "low", "high"])[["group", "customers", "equity", "equity_share"]].to_numpy().tolist()
    [['high', 1, 7.0, 0.7], ['low', 2, 3.0, 0.3]]
    """
    if worth not in values:
        raise DataError(f"The values have no column {worth!r}; found {', '.join(map(str, values.columns))}.")
    groups = np.asarray(groups)
    if groups.shape != (len(values),):
        raise DataError(f"groups has shape {groups.shape}, expected one for each of {len(values):,} customers.")
    table = values[worth].groupby(groups).agg(customers="size", equity="sum", mean_value="mean")
    table = table.rename_axis("group").reset_index().astype({"group": "str"})
    total = table["equity"].sum()
    table.insert(2, "customer_share", table["customers"] / len(values))
    return table.assign(equity_share=table["equity"] / total if total else 0.0)


def frequency_class(summary: pd.DataFrame, pool: int = 7) -> np.ndarray:
    """Number of repeat purchases as text, pooled at the top: "0", "1", ..., "7+".

    >>> frequency_class(pd.DataFrame({"frequency": [0, 3, 12]})).tolist()
    ['0', '3', '7+']
    """
    counts = summary["frequency"].to_numpy(dtype="int64")
    return np.where(counts >= pool, f"{pool}+", counts.astype(str))
