"""Fit a model to a summary: check the data, group identical customers, find the top, report in the data's own units.

The search is for the logarithms of the parameters, which are all positive. A quasi-Newton search (L-BFGS-B) climbs, on a
sample where there are many customers; Newton steps with a Hessian from differences of the analytic gradient finish, and the
same Hessian gives the standard errors. No penalty is ever added to make a fit converge; when the first start does not reach a
top, others are tried.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from idic_lab.dataframes import collected, in_engine
from idic_lab.differentiate.clv.fitted_model import (
    MODELS,
    TITLES,
    FittedModel,
    WithCovariates,
    assemble,
    named,
    numbers,
    standardised,
)
from idic_lab.differentiate.clv.grouping import CUSTOMERS, distinct, groups
from idic_lab.differentiate.clv.summary import unit_of
from idic_lab.errors import DataError, FitError, UnknownName, pick

FEWEST_CUSTOMERS = 10
FEWEST_REPEATERS = 5
RHYTHM_FROM = 3  # repeat purchases from which the mean interval tells a habit from chance
LIMIT = 10.0  # |log parameter|, rescaled: beyond e^10 the likelihood no longer tells it from infinity
SAMPLE = 20_000  # distinct rows from which a first approximation is taken when there are many more
CHORDS = 10  # steps with the sample's curvature; three or four do
NEAR_TOP = 1e-6  # gradient per customer from which one Newton step reaches the top
FLAT = 1e-3  # gradient per customer that counts as none once a parameter is at its limit and every start was tried
STEP = 1e-4
POOLINGS = 40  # rounds in which the spread of groups is found; four to eight do
# Spreads that are considered; a half-normal distribution of scale 1 says how likely each is.
SPREADS = np.geomspace(0.005, 5, 80)
STEPS = 40  # Newton steps; two or three do, but for a ridge
SEARCH = {"jac": True, "method": "L-BFGS-B", "options": {"maxiter": 500, "ftol": 1e-13, "gtol": 1e-7}}


def fit(
    summary,
    model: str = "bg_nbd",
    *,
    covariates: Sequence[str] | Mapping[str, Sequence[str]] = (),
    pooled: Sequence[str] | Mapping[str, Sequence[str]] = (),
    weights: str | None = None,
    unit_days: float | None = None,
) -> FittedModel:
    """Fit a buy-till-you-die model, the Gamma-Gamma model of spend or a model of contracts, by maximum likelihood.

    Identical customers are grouped and weighted, which changes nothing but the time it takes. Time and money are
    rescaled inside; parameters, standard errors and log-likelihood are those of the data as given.

    Parameters:
        summary (DataFrame): ``frequency``, ``recency``, ``T`` as `summarise` gives them; for "gamma_gamma"
            ``frequency`` and ``monetary_value``; for "bg_bb" ``frequency``, ``recency``, ``n_periods``, in
            opportunities to buy; for "sbg" and "bdw" ``tenure`` and ``churned``, as `contract_summary` and
            `cohort_summary` give them. Of a summary that is in an engine (Polars lazy, DuckDB, PySpark, Dask) only the
            groups of identical customers are collected.
        model ({"bg_nbd", "mbg_nbd", "pareto_nbd", "bg_bb", "gamma_gamma", "sbg", "bdw"})
        covariates (list of str, or dict of such lists): Columns of numbers (or True and False) that move the customers'
            rates, in BG/NBD, MBG/NBD, Pareto/NBD and Gamma-Gamma: all of them, or as in ``{"buying": ["web"],
            "leaving": ["web", "age"]}``; "spending" for Gamma-Gamma. Each gives a ratio among the parameters, ``buying:
            web``: so many times as often, for each unit of it.
        pooled: As ``covariates``, but for columns that say who belongs to which of many groups, such as
            ``pandas.get_dummies(summary, columns=["cohort"])`` gives. The logarithms of their ratios are taken for draws
            from normal distributions around 0, whose spreads are estimated too: a group of few customers is drawn
            towards all others, and one that was never seen is as they are.
        weights: Column that says how many customers each row stands for.
        unit_days: Days in one unit of time, when the summary has no column that says so.
    Raises:
        FitError: Too few customers or repeat buyers, values the model cannot take, or no convergence.
        DataError: A missing column, or a missing or negative value.

    Source: Fader, Hardie & Lee (2005), Marketing Science 24(2), eq. 6 (BG/NBD); Batislam, Denizel & Filiztekin (2007),
    IJRM 24(3) (MBG/NBD); Schmittlein, Morrison & Colombo (1987), Management Science 33(1) (Pareto/NBD); Fader, Hardie
    & Shang (2010), Marketing Science 29(6), eq. 5 (BG/BB); Fader & Hardie (2013), note 025 (Gamma-Gamma); Fader & Hardie (2007), note 019
    (covariates); Röver (2020), Journal of Statistical Software 93(6) (pooled: spreads by their posterior).

    >>> from idic_lab import datasets
    >>> from idic_lab.differentiate.clv import summarise
    >>> tx = datasets.load("cdnow_sample", quiet=True).transactions
    >>> fitted = fit(summarise(tx, observation_end="1997-09-30"), model="bg_nbd")
    >>> fitted.params_.round(3).to_dict()
    {'r': 0.243, 'alpha': 4.414, 'a': 0.793, 'b': 2.426}
    """
    likelihood = pick("model", model, MODELS)
    pairs, drawn = (named(model, likelihood, one) if len(one) else [] for one in (covariates, pooled))
    pairs = pairs + drawn
    extra = list(dict.fromkeys(column for _, column in pairs))
    if in_engine(summary):
        table = groups(summary, likelihood.columns, weights, signed=extra)
        weights = CUSTOMERS
    else:
        table = collected(summary)
    unit = unit_of(table, unit_days)
    columns = checked_columns(table, model, *([weights] if weights else []))
    weight = columns.pop(weights) if weights else np.ones(len(table))
    columns, weight, notes = _check(columns | numbers(table, extra), weight, model)
    data, scales = _rescale(columns, weight, likelihood)
    back = np.eye(len(likelihood.parameters))
    if pairs:
        without, _ = distinct({name: data[name] for name in likelihood.columns}, weight)
        start = maximise(likelihood, without).log_theta
        likelihood = WithCovariates(likelihood, pairs, np.exp(start), len(drawn))
        data, back = standardised(data, weight, likelihood)
    rows, _ = distinct(data, weight)
    best = maximise(likelihood, rows)
    if drawn:
        best = _pool(likelihood, rows, best, notes)
    if not best.converged:
        raise FitError(
            f"{TITLES[model]} did not converge on {weight.sum():,.0f} customers. Look at the summary for outliers "
            f"(a customer with an extreme frequency or amount), try another model, or a longer observation period."
        )
    return _report(model, likelihood, best, back, columns, weight, rows, scales, notes, unit)


def _pool(likelihood: WithCovariates, rows: dict, best: "Maximum", notes: list) -> "Maximum":
    """The top once ratios of groups are draws, whose spread in each process is averaged over what the data say of it."""
    place = len(likelihood.parameters) - len(likelihood.spread)
    of = np.array([process for process, _ in likelihood.pairs[-len(likelihood.spread) :]])
    for _ in range(POOLINGS):
        best = _polish(_objective(likelihood.log_likelihood, rows), best.log_theta)
        variance, before, wider = np.diag(best.covariance)[place:], likelihood.spread, np.zeros(len(of))
        error = 1 / np.maximum(1 / variance - 1 / before**2, 1e-9)  # of each ratio, had it spoken for itself
        alone = best.log_theta[place:] * error / variance
        likelihood.spread, told = np.empty(len(of)), []
        for process in dict.fromkeys(of):
            ours = np.flatnonzero(of == process)
            both = SPREADS[:, None] ** 2 + error[ours]
            support = -np.log(both).sum(axis=1) / 2 - (alone[ours] ** 2 / both).sum(axis=1) / 2 - SPREADS**2 / 2
            chance = np.exp(support - support.max()) * SPREADS  # the grid is even in logarithms
            chance /= chance.sum()
            likelihood.spread[ours] = chance @ SPREADS
            share = SPREADS[:, None] ** 2 / both
            mean = chance @ share * alone[ours]
            wider[ours] = chance @ (share * error[ours] + (share * alone[ours] - mean) ** 2) - variance[ours]
            told.append(f"{chance @ SPREADS:.2g} in {process}")
        if np.abs(np.log(likelihood.spread / before)).max() < 0.01:
            break
    best.covariance += np.diag(np.append(np.zeros(place), np.maximum(wider, 0)))
    notes.append(f"ratios of groups are drawn towards 1: the spread of their logarithms is {', '.join(told)}")
    likelihood.spread = np.full(len(of), np.inf)  # the log-likelihood that is reported has no penalty
    return best


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
            found = f"{int(wrong.sum()):,} missing, negative or infinite values, the first at row {wrong.argmax()}"
            raise DataError(f"Column {name!r} has {found}.")
    return columns


def _check(columns: dict, weight: np.ndarray, model: str):
    """Refuse what the model cannot be fitted to; leave out, and say so, what it does not use."""
    title, notes = TITLES[model], []
    if "tenure" in columns:
        return columns, weight, _check_contracts(columns, weight, title)
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
            notes.append(f"{unpaid:,.0f} repeat buyers with a mean amount of 0 left out: the model has no zeros")
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
        raise DataError("recency should be 0 for customers without a repeat purchase, and above 0 for all others.")
    if columns[last].max() <= 0:
        raise FitError(f"{title} needs customers observed for some time, but every {last} is 0.")
    return columns, weight, [*notes, *_one_rhythm(columns, weight)]


def _check_contracts(columns: dict, weight: np.ndarray, title: str) -> list:
    tenure, left = columns["tenure"], columns["churned"] > 0
    if weight.sum() < FEWEST_CUSTOMERS or weight[left].sum() < FEWEST_REPEATERS:
        raise FitError(
            f"{title} needs at least {FEWEST_CUSTOMERS} customers, {FEWEST_REPEATERS} of whom have left; found "
            f"{weight.sum():,.0f} and {weight[left].sum():,.0f}."
        )
    if (tenure != np.floor(tenure)).any() or (left & (tenure < 1)).any():
        raise DataError("tenure counts renewals: whole numbers, and 1 or more of customers who have left.")
    return []


def _one_rhythm(columns: dict, weight: np.ndarray):
    """A note when nearly all repeat buyers pay at one and the same interval, as subscribers do and shoppers do not."""
    often = columns["frequency"] >= RHYTHM_FROM
    if weight[often].sum() < FEWEST_CUSTOMERS:
        return
    gaps = columns["recency"][often] / columns["frequency"][often]
    order = np.argsort(gaps)
    median = gaps[order][np.searchsorted(np.cumsum(weight[often][order]), weight[often].sum() / 2)]
    alike = weight[often][np.abs(gaps / median - 1) < 0.05].sum() / weight[often].sum()
    if alike >= 0.8:
        yield (
            f"{alike:.0%} of those who bought {RHYTHM_FROM} times or more again did so every {median:.3g} units of time on "
            f'average: they look like subscribers, for whom there are models of contracts (clv.contract_summary, "sbg")'
        )


def _rescale(columns: dict, weight: np.ndarray, likelihood):
    """Time in units of the mean age, money in units of the mean amount, so that one set of starts serves all data."""
    if likelihood.time_parameters:
        by, moved, parameters = "T", ("recency", "T"), likelihood.time_parameters
    elif "monetary_value" in columns:
        by, moved, parameters = "monetary_value", ("monetary_value",), likelihood.money_parameters
    else:
        return columns, {}
    scale = np.average(columns[by], weights=weight)
    return columns | {name: columns[name] / scale for name in moved}, dict.fromkeys(parameters, scale)


def _report(model, likelihood, best, back, columns, weight, rows, scales, notes, unit_days) -> FittedModel:
    timed = bool(MODELS[model].time_parameters)
    factors = np.array([scales.get(name, 1.0) for name in likelihood.parameters])
    log_likelihood, _ = likelihood.log_likelihood(np.exp(best.log_theta), rows)
    if timed:  # each purchase is a density per unit of time
        log_likelihood -= np.dot(weight, columns["frequency"]) * np.log(next(iter(scales.values())))
    elif scales:  # each customer's mean is a density per unit of money
        log_likelihood -= weight.sum() * np.log(next(iter(scales.values())))
    theta = np.exp(back @ best.log_theta) * factors
    flags = [*notes, *_flags(likelihood, best, theta, columns, weight)]
    covariance = back @ best.covariance @ back.T * np.outer(theta, theta)
    left_open = (back[:, best.at_limit + best.flat] != 0).any(axis=1)
    told = (log_likelihood, weight.sum(), best.converged, flags, unit_days if timed else None)
    names = np.array(likelihood.parameters)
    return assemble(model, theta, covariance, *told, names[left_open].tolist(), names=likelihood.parameters)


def _flags(likelihood, best, theta, columns, weight):
    names = likelihood.parameters
    for i in best.at_limit:
        towards = "infinity" if best.log_theta[i] > 0 else "zero"
        yield f"{names[i]} ran to its limit, towards {towards}: the data do not bound it"
    if best.flat:
        flat = ", ".join(names[i] for i in best.flat)
        yield f"the likelihood is nearly flat in {flat}: different values fit as well, so do not interpret them"
    told, kind = ("churned", "who left") if "churned" in columns else ("frequency", "repeat buyers")
    telling = weight[columns[told] > 0].sum()
    if weight.sum() < 100 or telling < 50:
        yield f"only {weight.sum():,.0f} customers, {telling:,.0f} of them {kind}: wide intervals"
    yield from likelihood.flags(theta)


@dataclass
class Maximum:
    """Where the likelihood is highest, and its shape there.

    Attributes:
        value: Log-likelihood.
        covariance (ndarray of shape (k, k)): Of the log-parameters; a parameter at a limit, and a direction that the data
            do not determine, are held: their part is 0.
        at_limit, flat (list of int): Positions of parameters at a limit, and of those that data do not determine.
    """

    log_theta: np.ndarray
    value: float
    covariance: np.ndarray
    at_limit: list
    flat: list
    converged: bool


def maximise(likelihood, data: dict) -> Maximum:
    """The maximum of a likelihood on distinct rows with ``weights``.

    Its starts are tried in turn until one converges; all of them where it has ridges (``all_starts``), and the best kept.
    """
    from scipy.optimize import minimize

    starts, all_starts = [np.log(start) for start in likelihood.starts(data)], getattr(likelihood, "all_starts", False)
    objective = _objective(likelihood.log_likelihood, data)
    near_top, m = False, len(data["weights"])
    if m > 2 * SAMPLE:
        sample = {name: values[:: m // SAMPLE] for name, values in data.items() if isinstance(name, str)}
        on_sample, found = _objective(likelihood.log_likelihood, sample), []
        for start in starts:
            found.append(minimize(on_sample, start, **SEARCH))
            if found[-1].success and not all_starts:
                break
        rough = min(found, key=lambda result: result.fun).x
        rough, near_top = _approach(objective, rough, _hessian(on_sample, rough))
        starts, all_starts = [rough, *starts], False
    best = None
    for start in starts:
        candidate = _polish(objective, start if near_top else minimize(objective, start, **SEARCH).x)
        near_top = False
        if best is None or candidate.value > best.value:
            best = candidate
        if best.converged and not all_starts:
            break
    if not best.converged and best.at_limit:
        # With a parameter at its limit the likelihood is flat, and computed with fewer digits: no start gets nearer.
        gradient = np.delete(objective(best.log_theta)[1], best.at_limit)
        best.converged = bool(np.isfinite(best.value) and np.abs(gradient).max(initial=0.0) < FLAT)
    best.value *= data["weights"].sum()
    return best


def _approach(objective, log_theta, hessian):
    """From the top of a sample towards that of all, with the sample's curvature: it is nearly the same.

    A step costs one evaluation, where a search takes twenty. The second answer says whether the top is near; along a
    ridge, or at a limit, it is not, and a search has to go on from there.
    """
    value, gradient = objective(log_theta)
    for _ in range(CHORDS):
        if np.abs(gradient).max() < NEAR_TOP:
            return log_theta, True
        further = log_theta - _ascent(hessian, gradient)
        new_value, gradient = objective(further)
        if not new_value <= value:
            break
        log_theta, value = further, new_value
    return log_theta, False


def _objective(log_likelihood, data):
    """Minus the mean log-likelihood per customer, by log-parameters, with soft walls far out."""
    total = data["weights"].sum()

    def objective(log_theta):
        inside = np.clip(log_theta, -LIMIT, LIMIT)
        value, gradient = log_likelihood(np.exp(inside), data)
        over = log_theta - inside
        return np.sum(over**2) - value / total, np.where(over == 0, -gradient / total * np.exp(inside), 2 * over)

    objective.total = total
    return objective


def _hessian(objective, log_theta):
    steps = STEP * np.eye(len(log_theta))
    hessian = np.array([objective(log_theta + step)[1] - objective(log_theta - step)[1] for step in steps]) / (2 * STEP)
    return (hessian + hessian.T) / 2


def _polish(objective, log_theta) -> Maximum:
    log_theta = np.asarray(log_theta, float)
    k = len(log_theta)
    log_theta, value, gradient, hessian = _climb(objective, log_theta, list(range(k)))
    free = [i for i in range(k) if abs(log_theta[i]) < LIMIT - 0.01]
    if 0 < len(free) < k and not _is_top(gradient[free]):
        # Two parameters run to infinity along a ridge; one is stopped by its limit, and the other has its top there.
        log_theta, value, gradient, hessian = _climb(objective, log_theta, free)
        free = [i for i in free if abs(log_theta[i]) < LIMIT - 0.01]
    covariance, flat = _covariance(hessian * objective.total, free)
    converged = bool(np.isfinite(value) and _is_top(gradient[free]))
    return Maximum(log_theta, -value, covariance, [i for i in range(k) if i not in free], flat, converged)


def _is_top(gradient) -> bool:
    return bool(np.abs(gradient).max(initial=0.0) < 1e-5)


def _climb(objective, log_theta, moving: list):
    """Newton steps in the parameters that may move; where they end, with value, gradient and Hessian of all."""
    value, gradient = objective(log_theta)
    hessian = _hessian(objective, log_theta)
    for _ in range(STEPS):
        step = np.zeros(len(log_theta))
        step[moving] = _ascent(hessian[np.ix_(moving, moving)], gradient[moving])
        if gradient @ step * objective.total < 1e-14:
            log_theta = log_theta - step  # costs nothing, and ends alike on processors that round otherwise
            break
        lost = gradient @ step < 1e-12 * abs(value)  # so small a gain is lost in the value's rounding
        while np.abs(step).max() > 1e-12:
            new_value, new_gradient = objective(log_theta - step)
            if lost or new_value <= value + 1e-14 * abs(value):
                break
            step = step / 2
        else:
            break
        near = np.abs(step).max() < 1e-3  # the Hessian hardly changes over so small a step
        log_theta, value, gradient = log_theta - step, new_value, new_gradient
        if not near:
            hessian = _hessian(objective, log_theta)
    return log_theta, value, gradient, hessian


def _ascent(hessian, gradient):
    """A Newton step, at most a factor of e in any parameter; along a ridge, where curvature fails, a gradient step."""
    curvature, directions = np.linalg.eigh(hessian)
    curvature = np.maximum(np.abs(curvature), 1e-7)
    step = directions @ ((directions.T @ gradient) / curvature)
    return step / max(1.0, np.abs(step).max())


def _covariance(information, free):
    """Inverse of the information, and the parameters that it leaves open.

    A direction whose standard error is above 3, a factor of twenty either way, counts as not determined, and so does
    every parameter that lies along it. It is held where it was found, as is a parameter at its limit.
    """
    covariance = np.zeros_like(information)
    if not free:
        return covariance, []
    curvature, directions = np.linalg.eigh(information[np.ix_(free, free)])
    loose = curvature < 1 / 9
    known = directions[:, ~loose]
    covariance[np.ix_(free, free)] = known @ (known / curvature[~loose]).T
    share = np.square(directions[:, loose]).sum(axis=1)
    return covariance, np.array(free)[share >= 0.01].tolist()
