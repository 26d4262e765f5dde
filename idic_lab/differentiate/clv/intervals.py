"""How sure an answer is: what the parameters leave open, the customer's own chance, and the choice of model.

Three doubts, which are not one. The *parameters* are estimates: every answer is computed again at points that spread about the
estimates as their errors do (in the logarithms, two points for each direction of the covariance). A parameter that ran to its
limit, as when nobody seems to leave, is held there as if it were known: where nobody left, 95% intervals of a total held it in
96% of 200 bases; where a few did, in 92%, too high in most of the others. A *customer* with known rates still buys by chance: that is the model's own distribution of counts. And another *model* would say something else:
`model_choice` puts them side by side. What none covers is a world that no model here describes, such as a season.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

import numpy as np
import pandas as pd

from idic_lab.dataframes import collected
from idic_lab.differentiate.clv.fitted_model import FittedModel, plain, require
from idic_lab.differentiate.clv.fitting import fit
from idic_lab.differentiate.clv.grouping import UNIT, distinct
from idic_lab.differentiate.clv.predictions import (
    CONTINUOUS,
    PURCHASE_MODELS,
    alive,
    days_per_unit,
    expected_spend,
    horizon_in_units,
    predict,
)
from idic_lab.differentiate.clv.valuation import DAYS_PER_YEAR, value
from idic_lab.errors import DataError, FitError

MOST_COUNTS = 5000  # purchases of one customer beyond which nothing is added to a distribution


def predict_interval(
    model: FittedModel, summary, horizon: float, unit: str = "model", confidence: float = 0.95
) -> pd.DataFrame:
    """Expected purchases of each customer, with what the parameters leave open and what the customer's own chance does.

    Parameters as in `predict`.

    Returns:
        DataFrame: ``expected_purchases`` with ``expected_low`` and ``expected_high``: the mean of customers like this
            one, were the parameters known; and ``low`` to ``high``: so many purchases this customer will make, a whole
            number, and so with at least the confidence asked for.

    Source: Fader, Hardie & Lee (2005), Marketing Science 24(2), eq. 8, for a living customer, whose rates have
    distributions of the same families as a new one's; averaged over the parameters.

    >>> from idic_lab.differentiate import clv
    >>> model = clv.from_parameters("bg_nbd", r=0.243, alpha=4.414, a=0.793, b=2.426, unit_days=7)
    >>> customer = pd.DataFrame({"frequency": [26], "recency": [30.857], "T": [31.0], "unit_days": 7})
    >>> predict_interval(model, customer, horizon=52)[["low", "high"]].values.tolist()
    [[0, 55]]
    """
    require(model, *PURCHASE_MODELS)
    table = collected(summary)
    expected = predict(model, table, horizon, unit)
    rows, back = _distinct_rows(model, table)
    points = _points(model)
    spread = _spread([predict(point, rows, horizon, unit) for point in points])
    factor = np.exp(_normal(confidence) * spread[back])
    low, high = _count_quantiles(points, rows, horizon_in_units(model, horizon, unit), confidence)
    made = pd.DataFrame({"expected_purchases": expected, "expected_low": expected / factor})
    return made.assign(expected_high=expected * factor, low=low[back], high=high[back])


def total_interval(
    model: FittedModel,
    summary,
    horizon: float,
    unit: str = "model",
    confidence: float = 0.95,
    groups: Sequence | None = None,
) -> pd.DataFrame:
    """Purchases of all customers together, or of each group: expected, and between which bounds.

    Parameters as in `predict`; ``groups`` has the group of each row, such as `frequency_class` gives.

    Returns:
        DataFrame: ``group``, ``customers``, ``expected_purchases``, ``expected_low`` and ``expected_high`` (parameters
            alone), ``low`` and ``high`` (with the customers' own chance, which averages out over many).

    >>> from idic_lab import datasets
    >>> from idic_lab.differentiate import clv
    >>> summary = clv.summarise(datasets.load("cdnow_sample", quiet=True).transactions, "1997-09-30")
    >>> total_interval(clv.fit(summary), summary, 39)[["expected_purchases", "low", "high"]].round(-1).values.tolist()
    [[1650.0, 1460.0, 1860.0]]
    """
    require(model, *PURCHASE_MODELS)
    table, units = collected(summary), horizon_in_units(model, horizon, unit)
    rows, back = _distinct_rows(model, table)
    expected = predict(model, rows, horizon, unit).to_numpy()
    own = alive(model, rows).to_numpy() * _second_moment(model, rows, units) - expected**2
    doubt = [predict(point, rows, horizon, unit).to_numpy()[back] for point in _points(model)]
    bounds = _of_groups(groups, expected[back], [doubt], own[back], confidence)
    return bounds.rename(columns={"total": "expected_purchases"})


def equity_interval(
    model: FittedModel,
    spend_model: FittedModel,
    summary,
    horizon_days: float | None = DAYS_PER_YEAR,
    annual_discount_rate: float = 0.15,
    margin: float = 1.0,
    confidence: float = 0.95,
    groups: Sequence | None = None,
) -> pd.DataFrame:
    """What all customers together, or each group, are worth, and between which bounds; parameters as in `value`.

    Parameters:
        groups: The group of each row; the ``customer_id`` itself gives an interval for each customer's value.
    Returns:
        DataFrame: ``group``, ``customers``, ``clv`` with ``expected_low`` and ``expected_high`` (parameters of both
            models), and ``low`` and ``high``, which add the customers' own chance to buy and to spend. With
            ``horizon_days=None`` the value of all time to come, whose own chance has no such form: ``low`` and ``high``
            are then missing.

    Source: sigma points after Julier & Uhlmann (1997), "A new extension of the Kalman filter to nonlinear systems"; what is
    known of a customer's mean spend, Fader & Hardie (2013), note 025.

    >>> from idic_lab import datasets
    >>> from idic_lab.differentiate import clv
    >>> summary = clv.summarise(datasets.load("cdnow_sample", quiet=True).transactions, "1998-06-30")
    >>> worth = equity_interval(clv.fit(summary), clv.fit(summary, "gamma_gamma"), summary, margin=0.3)
    >>> bool(worth["low"][0] < worth["expected_low"][0] < worth["clv"][0] < worth["high"][0])
    True
    """
    require(model, *CONTINUOUS)
    settings, own = (horizon_days, annual_discount_rate, margin), None
    table = collected(summary)
    answers = value(model, spend_model, table, *settings)
    if horizon_days is None:
        by_purchases = [value(point, spend_model, table, *settings)["clv"].to_numpy() for point in _points(model)]
    else:  # what each purchase brings, discounted, hardly depends on the parameters: when they are expected does
        each = _ratio(answers["clv"], answers["expected_purchases"])
        by_purchases = [predict(one, table, horizon_days, "days").to_numpy() * each for one in _points(model)]
        own = _variance_of_value(model, spend_model, table, answers, horizon_days)
    times = _ratio(answers["clv"], answers["expected_spend"])
    by_spend = [times * expected_spend(point, table).to_numpy() for point in _points(spend_model)]
    bounds = _of_groups(groups, answers["clv"].to_numpy(), [by_purchases, by_spend], own, confidence)
    return bounds.rename(columns={"total": "clv"})


def worth_by_model(
    models: Mapping[str, FittedModel], spend_model: FittedModel, summary, *settings: object
) -> pd.DataFrame:
    """What the same customers are worth under each of several models; settings as in `equity_interval`.

    Returns:
        DataFrame: ``model``, ``aic`` (of the data each was fitted to: the lowest fits best), then as `equity_interval`.

    >>> from idic_lab import datasets
    >>> from idic_lab.differentiate import clv
    >>> summary = clv.summarise(datasets.load("cdnow_sample", quiet=True).transactions, "1998-06-30")
    >>> models = clv.fit_each(summary, ["bg_nbd", "mbg_nbd"])
    >>> worth_by_model(models, clv.fit(summary, "gamma_gamma"), summary)["model"].tolist()
    ['BG/NBD', 'MBG/NBD']
    """
    each = [equity_interval(model, spend_model, summary, *settings) for model in models.values()]
    worth = pd.concat(each, ignore_index=True)
    worth.insert(0, "aic", [model.aic for model in models.values()])
    worth.insert(0, "model", pd.array(list(models), dtype="str"))
    return worth.drop(columns="group")


def new_customer(
    model: FittedModel,
    spend_model: FittedModel,
    horizon_days: float = 3 * DAYS_PER_YEAR,
    annual_discount_rate: float = 0.15,
    margin: float = 1.0,
    confidence: float = 0.95,
    cost: float | None = None,
    paid: float | None = None,
) -> pd.Series:
    """What a customer still to be won is worth, the most that may be paid for one, and when a cost has come back.

    The margin on the first purchase, whose amount is expected to be that of any other, and that on the purchases after it,
    discounted to the day of the first. Parameters as in `value`.

    Parameters:
        cost: Of winning one customer, paid on the day of the first purchase.
        paid: Mean amount of the first purchase, where it is known already.
    Returns:
        Series: ``first`` and ``later`` (currency), ``worth`` (both: at most this may be paid), ``low`` and ``high`` (of
            the mean of many, from the parameters of both models: a cautious buyer pays no more than ``low``) and, with
            a cost, ``payback_days``, ``payback_low`` and ``payback_high``; infinite where it has not come back within
            the horizon.

    Source: the allowable cost after Blattberg & Deighton (1996), Harvard Business Review 74(4).

    >>> from idic_lab.differentiate import clv
    >>> model = clv.from_parameters("pareto_nbd", r=0.553, alpha=10.578, s=0.606, beta=11.669, unit_days=7)
    >>> spend = clv.from_parameters("gamma_gamma", p=6.25, q=3.74, gamma=15.44)
    >>> clv.new_customer(model, spend, margin=0.3, cost=15)[["first", "later", "worth", "payback_days"]].round(1).tolist()
    [10.6, 26.1, 36.7, 69.5]
    """
    require(model, *CONTINUOUS)
    nobody = pd.DataFrame({"customer_id": ["new"], "frequency": 0, "recency": 0.0, "T": 0.0, "monetary_value": 0.0})
    nobody = nobody.assign(**{UNIT: days_per_unit(plain(model))})

    def parts(buys: FittedModel, spends: FittedModel, days: float) -> tuple[float, float]:
        first = margin * (expected_spend(plain(spends), nobody).iloc[0] if paid is None else paid)
        later = value(buys, spends, nobody, days, annual_discount_rate, margin)["clv"].iloc[0] if days > 0 else 0.0
        return first, later

    first, later = parts(model, spend_model, horizon_days)
    doubts = [
        [np.array([sum(parts(point, spend_model, horizon_days))]) for point in _points(model)],
        [np.array([sum(parts(model, point, horizon_days))]) for point in _points(spend_model)],
    ]
    worth = first + later
    low, high = _of_groups(None, np.array([worth]), doubts, None, confidence).loc[0, ["expected_low", "expected_high"]]
    told = {"first": first, "later": later, "worth": worth, "low": low, "high": high}
    if cost is not None:
        for name, scale in (("days", 1.0), ("low", high / worth), ("high", low / worth)):
            told[f"payback_{name}"] = _payback(
                lambda days, scale=scale: scale * sum(parts(model, spend_model, days)) - cost, horizon_days
            )
    return pd.Series(told)


def _payback(surplus: Callable[[float], float], horizon: float) -> float:
    """The day on which a surplus that grows is 0."""
    from scipy.optimize import brentq

    if surplus(0.0) >= 0:
        return 0.0
    return float(brentq(surplus, 0.0, horizon, xtol=0.01)) if surplus(horizon) >= 0 else np.inf


def fit_each(summary, models: Sequence[str] = CONTINUOUS) -> dict[str, FittedModel]:
    """Several models fitted to the same customers, by their titles.

    >>> from idic_lab import datasets
    >>> from idic_lab.differentiate import clv
    >>> summary = clv.summarise(datasets.load("cdnow_sample", quiet=True).transactions, "1997-09-30")
    >>> list(fit_each(summary, ["bg_nbd", "mbg_nbd"]))
    ['BG/NBD', 'MBG/NBD']
    """
    return {model.title: model for model in (fit(summary, name) for name in models)}


def model_choice(
    summary, horizon: float, unit: str = "model", models: Sequence[str] = CONTINUOUS, confidence: float = 0.95
) -> pd.DataFrame:
    """What each model says of all customers together, and how well it fits: how much hangs on the choice.

    Returns:
        DataFrame: Best first: ``model``, ``log_likelihood``, ``aic``, ``bic``, ``weight`` (of evidence, by AIC; they
            add up to 1), ``expected_purchases``, ``low``, ``high``, as `total_interval` gives them.

    Source: Burnham & Anderson (2002), Model selection and multimodel inference, section 2.9 (weights).

    >>> from idic_lab import datasets
    >>> from idic_lab.differentiate import clv
    >>> summary = clv.summarise(datasets.load("cdnow_sample", quiet=True).transactions, "1997-09-30")
    >>> model_choice(summary, 39, models=["bg_nbd", "pareto_nbd"])[["model", "aic"]].round(1).values.tolist()
    [['BG/NBD', 19172.9], ['Pareto/NBD', 19198.0]]
    """
    fitted = fit_each(summary, models)
    rows = [(title, model.log_likelihood_, model.aic, model.bic) for title, model in fitted.items()]
    totals = [total_interval(model, summary, horizon, unit, confidence) for model in fitted.values()]
    table = pd.DataFrame(rows, columns=["model", "log_likelihood", "aic", "bic"])
    table = table.join(pd.concat(totals, ignore_index=True)[["expected_purchases", "low", "high"]])
    table = table.sort_values("aic", ignore_index=True)
    evidence = np.exp((table["aic"].min() - table["aic"]) / 2)
    table.insert(4, "weight", evidence / evidence.sum())
    return table


def _normal(confidence: float) -> float:
    from scipy.special import ndtri

    if not 0 < confidence < 1:
        raise DataError(f"confidence should be between 0 and 1, found {confidence!r}.")
    return float(ndtri((1 + confidence) / 2))


def _points(model: FittedModel) -> list[FittedModel]:
    """The model at parameters whose mean and covariance, in the logarithms, are those of the estimates."""
    theta = model.theta
    variance, directions = np.linalg.eigh(model.covariance_.to_numpy() / np.outer(theta, theta))
    steps = directions * np.sqrt(len(theta) * np.maximum(variance, 0.0))
    moved = [theta * np.exp(sign * step) for step in steps.T for sign in (1, -1)]
    return [replace(model, params_=pd.Series(point, index=model.params_.index)) for point in moved]


def _ratio(above, below) -> np.ndarray:
    above, below = np.asarray(above, float), np.asarray(below, float)
    return np.divide(above, below, out=np.zeros(len(above)), where=below > 0)


def _spread(answers) -> np.ndarray:
    """Standard deviation of the logarithm of each answer over the points."""
    return np.log(np.maximum(answers, 1e-300)).std(axis=0)


def _distinct_rows(model: FittedModel, table: pd.DataFrame):
    rows, back = distinct({name: table[name].to_numpy(float) for name in model.columns})
    rows = pd.DataFrame(rows).drop(columns="weights")
    return rows.assign(**{UNIT: table[UNIT].iloc[0]}) if UNIT in table else rows, back


def _count_quantiles(points, rows: pd.DataFrame, horizon: float, confidence: float):
    """Lowest numbers of purchases that the distribution, averaged over the points, reaches each tail with."""
    stays = np.array([alive(point, rows) for point in points])
    pairs, back = distinct({name: rows[name].to_numpy() for name in points[0].living_columns})
    reached = (1 - stays).mean(axis=0)  # who has left buys nothing
    low, high = np.full(len(rows), -1), np.full(len(rows), -1)
    tail, open_rows = (1 - confidence) / 2, np.arange(len(rows))
    for count in range(MOST_COUNTS):
        here, where = np.unique(back[open_rows], return_inverse=True)
        chances = [_chance_of_count(point, pairs, here, count, horizon) for point in points]
        reached[open_rows] += (stays[:, open_rows] * np.array(chances)[:, where]).mean(axis=0)
        now = reached[open_rows]
        low[open_rows[(now >= tail) & (low[open_rows] < 0)]] = count
        high[open_rows[now >= 1 - tail]] = count
        open_rows = open_rows[now < 1 - tail]
        if not len(open_rows):
            break
    return low, high


def _chance_of_count(model: FittedModel, pairs: dict, which: np.ndarray, count: int, horizon: float) -> np.ndarray:
    """Probability of so many purchases of each kind of living customer."""
    living = {name: values[which] for name, values in pairs.items()}
    frequency, _, last = model.likelihood.columns
    return model.likelihood.count_if_alive(model.of(living), living[frequency], living[last], count, horizon)


def _second_moment(model: FittedModel, rows: pd.DataFrame, horizon: float) -> np.ndarray:
    """Mean square of the purchases of each customer, if alive: from the distribution, as far as it reaches."""
    pairs, back = distinct({name: rows[name].to_numpy() for name in model.living_columns})
    reached, square = np.zeros((2, len(pairs["weights"])))
    going = np.arange(len(reached))
    for count in range(MOST_COUNTS):
        chance = _chance_of_count(model, pairs, going, count, horizon)
        reached[going] += chance
        square[going] += chance * count**2
        going = going[reached[going] < 1 - 1e-7]
        if not len(going):
            break
    return square[back]


def _variance_of_value(model, spend_model, table, answers, horizon_days) -> np.ndarray:
    """Of what a customer brings within the horizon: whether and how often they buy, and how much they spend each time."""
    p, q = spend_model.params_[["p", "q"]]
    if q <= 2:
        raise FitError(f"The Gamma-Gamma model has q = {q:.3g}: with q of at most 2 amounts vary without bound.")
    rows, back = _distinct_rows(model, table)
    stays = answers["probability_alive"].to_numpy()
    square = stays * _second_moment(model, rows, horizon_in_units(model, horizon_days, "days"))[back]
    counts, mean = answers["expected_purchases"].to_numpy(), answers["expected_spend"].to_numpy()
    shape = p * table["frequency"].to_numpy() + q
    mean_square = mean**2 * (shape - 1) / (shape - 2)  # of the customer's mean amount, unknown to us
    variance = (square - counts**2) * mean**2 + square * (mean_square - mean**2) + counts * mean_square / p
    return variance * _ratio(answers["clv"], counts * mean) ** 2  # margin, and the mean discount of what is bought


def _of_groups(groups, answer, doubts, own, confidence) -> pd.DataFrame:
    """Totals by group, with bounds from the doubt about parameters, and with each customer's own variance beside it."""
    from scipy.stats import gamma

    if groups is not None and np.shape(groups) != np.shape(answer):
        raise DataError(f"groups should have one entry for each of {len(answer):,} customers.")
    codes, names = pd.factorize(np.full(len(answer), "all") if groups is None else np.asarray(groups), sort=True)
    total = np.bincount(codes, answer)
    spread = sum(_spread([np.bincount(codes, point) for point in points]) ** 2 for points in doubts)
    factor = np.exp(_normal(confidence) * np.sqrt(spread))
    table = pd.DataFrame({"group": pd.array([*map(str, names)], dtype="str"), "customers": np.bincount(codes)})
    table = table.assign(total=total, expected_low=total / factor, expected_high=total * factor)
    if own is None:
        return table.assign(low=np.nan, high=np.nan)
    # A gamma distribution with this mean and variance: positive, and skewed where few customers make the total.
    variance = np.maximum(np.bincount(codes, own) + total**2 * np.expm1(spread), 1e-300)
    tails = [(1 - confidence) / 2, (1 + confidence) / 2]
    low, high = (gamma.ppf(tail, total**2 / variance, scale=variance / total) for tail in tails)
    return table.assign(low=low, high=high)
