"""Fit a model to a summary: check the data, group identical customers, maximise, report in the data's own units."""

from __future__ import annotations

import numpy as np
import pandas as pd

from idic_lab.differentiate.clv.engine_groups import CUSTOMERS, groups, in_engine
from idic_lab.differentiate.clv.fitted_model import MODELS, TITLES, FittedModel, assemble
from idic_lab.differentiate.clv.grouping import distinct
from idic_lab.differentiate.clv.maximisation import maximise
from idic_lab.differentiate.clv.summaries import as_pandas, unit_of
from idic_lab.errors import DataError, FitError, UnknownName

FEWEST_CUSTOMERS = 10
FEWEST_REPEATERS = 5


def fit(
    summary,
    model: str = "bg_nbd",
    *,
    weights: str | None = None,
    unit_days: float | None = None,
    penalizer: float = 0.0,
) -> FittedModel:
    """Fit a buy-till-you-die model, or the Gamma-Gamma model of spend, by maximum likelihood.

    Identical customers are grouped and weighted, which changes nothing but the time it takes. Time and money are
    rescaled inside; parameters, standard errors and log-likelihood are those of the data as given.

    Parameters
    ----------
    summary : DataFrame
        ``frequency``, ``recency``, ``T`` as `summarise` gives them; for "gamma_gamma" ``frequency`` and
        ``monetary_value``; for "bg_bb" ``frequency``, ``recency``, ``n_periods``, in opportunities to buy. Of a summary
        that is in an engine (Polars lazy, DuckDB, PySpark, Dask) only the groups of identical customers are collected; it
        does not remember its `unit_days`.
    model : {"bg_nbd", "mbg_nbd", "pareto_nbd", "bg_bb", "gamma_gamma"}
    weights : str, optional
        Column that says how many customers each row stands for.
    unit_days : float, optional
        Days in one unit of time, when the summary does not say.
    penalizer : float
        Takes ``penalizer * sum(parameters ** 2)`` (rescaled parameters) off the mean log-likelihood. It biases the
        estimates; 0 is maximum likelihood.

    Returns
    -------
    FittedModel

    Raises
    ------
    FitError
        Too few customers or repeat buyers, values the model cannot take, or no convergence.
    DataError
        A missing column, or a missing or negative value.

    Source: Fader, Hardie & Lee (2005), Marketing Science 24(2), eq. 6 (BG/NBD); Batislam, Denizel & Filiztekin (2007),
    IJRM 24(3) (MBG/NBD); Schmittlein, Morrison & Colombo (1987), Management Science 33(1) (Pareto/NBD); Fader, Hardie
    & Shang (2010), Marketing Science 29(6), eq. 5 (BG/BB); Fader & Hardie (2013), note 025 (Gamma-Gamma).

    Examples
    --------
    >>> from idic_lab import datasets
    >>> from idic_lab.differentiate.clv import summarise
    >>> tx = datasets.load("cdnow_sample", quiet=True).transactions
    >>> fitted = fit(summarise(tx, observation_end="1997-09-30"), model="bg_nbd")
    >>> fitted.params_.round(3).to_dict()
    {'r': 0.243, 'alpha': 4.414, 'a': 0.793, 'b': 2.426}
    """
    if model not in MODELS:
        raise UnknownName("model", model, MODELS)
    likelihood = MODELS[model]
    if in_engine(summary):
        table = groups(summary, likelihood.columns, weights)
        weights = CUSTOMERS
    else:
        table = as_pandas(summary)
    columns = checked_columns(table, model, *([weights] if weights else []))
    weight = columns.pop(weights) if weights else np.ones(len(table))
    columns, weight, notes = _check(columns, weight, model)
    data, scales = _rescale(columns, weight, likelihood)
    rows, _ = distinct(data, weight)
    best = maximise(
        likelihood.log_likelihood,
        rows,
        likelihood.starts(rows),
        penalizer,
        all_starts=getattr(likelihood, "all_starts", False),
    )
    if not best.converged:
        raise FitError(
            f"{TITLES[model]} did not converge on {weight.sum():,.0f} customers. Look at the summary for outliers "
            f"(a customer with an extreme frequency or amount), try another model, or a longer observation period. A "
            f"penalizer would hide the problem and bias the estimates."
        )
    return _report(model, best, columns, weight, rows, scales, notes, unit_of(table, unit_days), penalizer)


def checked_columns(table: pd.DataFrame, model: str, *more: str) -> dict[str, np.ndarray]:
    """The columns a model reads (and `more`), as arrays of numbers that are there and not negative."""
    columns = {}
    for name in (*MODELS[model].columns, *more):
        if name not in table.columns:
            note = UnknownName("column", name, table.columns)
            raise DataError(f"{TITLES[model]} needs the column {name!r} in its summary. {note}")
        if not pd.api.types.is_numeric_dtype(table[name]):
            raise DataError(f"Column {name!r} should hold numbers, found {table[name].dtype}.")
        columns[name] = table[name].to_numpy(dtype=float, na_value=np.nan)
        wrong = ~(columns[name] >= 0) | np.isinf(columns[name])
        if wrong.any():
            raise DataError(
                f"Column {name!r} has {int(wrong.sum()):,} missing, negative or infinite values, the first at row "
                f"{wrong.argmax()}."
            )
    return columns


def _check(columns: dict, weight: np.ndarray, model: str):
    """Refuse what the model cannot be fitted to; leave out, and say so, what it does not use."""
    title, notes = TITLES[model], []
    frequency = columns["frequency"]
    customers, repeaters = weight.sum(), weight[frequency > 0].sum()
    if customers < FEWEST_CUSTOMERS:
        raise FitError(f"{title} needs at least {FEWEST_CUSTOMERS} customers, found {customers:,.0f}.")
    if repeaters < FEWEST_REPEATERS:
        raise FitError(
            f"{title} needs at least {FEWEST_REPEATERS} customers who bought again, found {repeaters:,.0f} of "
            f"{customers:,.0f}. Observe for longer, or use a baseline such as the mean."
        )
    if model == "gamma_gamma":
        money = columns["monetary_value"]
        keep = (frequency > 0) & (money > 0)
        unpaid = weight[(frequency > 0) & (money == 0)].sum()
        if unpaid:
            notes.append(
                f"{unpaid:,.0f} repeat buyers with a mean amount of 0 left out: the model has no zeros"
            )
        if weight[keep].sum() < FEWEST_REPEATERS:
            raise FitError(
                f"{title} needs amounts above zero, but {unpaid:,.0f} of {repeaters:,.0f} repeat buyers spent "
                f"nothing. Check the amount column."
            )
        if np.ptp(money[keep]) <= 1e-9 * money[keep].max():
            raise FitError(
                f"{title} needs amounts that differ between customers; every repeat buyer's mean is {money[keep][0]:g}. "
                f"Use that as the expected spend."
            )
        return {name: values[keep] for name, values in columns.items()}, weight[keep], notes
    last = "n_periods" if model == "bg_bb" else "T"
    late = columns["recency"] > columns[last] * (1 + 1e-12)
    if late.any():
        raise DataError(
            f"recency is greater than {last} in {int(late.sum()):,} rows; recency counts from the first purchase."
        )
    if model == "bg_bb" and (frequency > columns["recency"]).any():
        raise DataError("BG/BB counts at most one purchase per opportunity: frequency cannot exceed recency.")
    if model != "bg_bb" and ((frequency > 0) != (columns["recency"] > 0)).any():
        raise DataError(
            "recency should be 0 for customers without a repeat purchase, and above 0 for all others."
        )
    if columns[last].max() <= 0:
        raise FitError(f"{title} needs customers observed for some time, but every {last} is 0.")
    return columns, weight, notes


def _rescale(columns: dict, weight: np.ndarray, likelihood):
    """Time in units of the mean age, money in units of the mean amount, so that one set of starts serves all data."""
    scales = {}
    if likelihood.time_parameters:
        scale = np.average(columns["T"], weights=weight)
        columns = {**columns, "recency": columns["recency"] / scale, "T": columns["T"] / scale}
        scales = dict.fromkeys(likelihood.time_parameters, scale)
    elif "monetary_value" in columns:
        scale = np.average(columns["monetary_value"], weights=weight)
        columns = {**columns, "monetary_value": columns["monetary_value"] / scale}
        scales = dict.fromkeys(likelihood.money_parameters, scale)
    return columns, scales


def _report(model, best, columns, weight, rows, scales, notes, unit_days, penalizer) -> FittedModel:
    likelihood = MODELS[model]
    factors = np.array([scales.get(name, 1.0) for name in likelihood.parameters])
    log_likelihood, _ = likelihood.log_likelihood(np.exp(best.log_theta), rows)
    if likelihood.time_parameters:  # each purchase is a density per unit of time
        log_likelihood -= np.dot(weight, columns["frequency"]) * np.log(next(iter(scales.values())))
    elif scales:  # each customer's mean is a density per unit of money
        log_likelihood -= weight.sum() * np.log(next(iter(scales.values())))
    theta = np.exp(best.log_theta) * factors
    with np.errstate(invalid="ignore"):
        covariance = best.covariance * np.outer(theta, theta)
    return assemble(
        model,
        theta,
        covariance,
        log_likelihood,
        weight.sum(),
        best.converged,
        [*notes, *_flags(likelihood, best, theta, columns, weight)],
        unit_days if likelihood.time_parameters else None,
        penalizer,
    )


def _flags(likelihood, best, theta, columns, weight):
    names = likelihood.parameters
    for i in best.at_limit:
        towards = "infinity" if best.log_theta[i] > 0 else "zero"
        yield f"{names[i]} ran to its limit, towards {towards}: the data do not bound it"
    if best.flat:
        flat = ", ".join(names[i] for i in best.flat)
        yield f"the likelihood is nearly flat in {flat}: different values fit as well, so do not interpret them"
    repeaters = weight[columns["frequency"] > 0].sum()
    if weight.sum() < 100 or repeaters < 50:
        yield f"only {weight.sum():,.0f} customers, {repeaters:,.0f} of them repeat buyers: wide intervals"
    yield from likelihood.flags(theta)
