"""What a fitted model expects of each customer, or of every kind there could be: purchases, the chance of still being one, spend."""

import narwhals as nw
import numpy as np
import pandas as pd

from idic_lab.dataframes import collected, in_engine
from idic_lab.differentiate.clv.fitted_model import FittedModel, numbers, plain, require
from idic_lab.differentiate.clv.fitting import checked_columns
from idic_lab.differentiate.clv.grouping import UNIT, answered, distinct
from idic_lab.differentiate.clv.summary import unit_of
from idic_lab.differentiate.purchase_days import PurchaseDays, dates, ordinal
from idic_lab.errors import DataError, FitError, pick

PURCHASE_MODELS = ("bg_nbd", "mbg_nbd", "pareto_nbd", "bg_bb")
CONTINUOUS = ("bg_nbd", "mbg_nbd", "pareto_nbd")


def per_customer(model: FittedModel, summary, conditional) -> tuple[np.ndarray, np.ndarray]:
    """P(alive), and a quantity that is conditional on being alive, for each row of a summary.

    Every model here has the same anatomy: P(alive) depends on frequency, recency and age, all that happens to a living
    customer on frequency and age alone. Each part is computed once per distinct combination and handed back to
    the customers who share it, which is what makes a million of them a matter of seconds. `conditional` takes parameters and
    arrays of frequency and age, and gives one value (or one row) for each.
    """
    table = collected(summary)
    if model.likelihood.time_parameters and len(table):
        _check_unit(model, table)
    names = model.likelihood.columns
    columns = checked_columns(table, model.model) | numbers(table, model.columns[len(names) :])
    if not len(table):
        return np.zeros(0), np.zeros(0)
    rows, inverse = distinct(columns)
    alive = model.likelihood.alive(model.of(rows), *(rows[name] for name in names))
    living, back = distinct({name: rows[name] for name in model.living_columns})
    quantity = conditional(model.of(living), living[names[0]], living[names[2]])
    return alive[inverse], quantity[back][inverse]


def _check_unit(model: FittedModel, table: pd.DataFrame) -> None:
    """Refuse a table that counts time in another unit than the model, and one that says less about its unit than the model."""
    there, here = unit_of(table), model.unit_days_
    if there == here:
        return
    if there is None:
        raise FitError(
            f"The model counts time in units of {here:g} days, and the summary does not say in which: it has no column "
            f"{UNIT!r}. clv.summarise writes it; to a table of your own add it, as in summary.assign(unit_days={here:g})."
        )
    told = "and the model does not know its own; say it with unit_days=... in clv.fit or clv.from_parameters"
    if here is not None:
        told = f"the model in units of {here:g}; summarise with unit_days={here:g}"
    raise FitError(f"The summary counts time in units of {there:g} days, {told}.")


def horizon_in_units(model: FittedModel, horizon: float, unit: str) -> float:
    """A horizon in the model's own unit of time."""
    pick("unit", unit, ("model", "days"))
    if not (np.isfinite(horizon) and horizon >= 0):
        raise DataError(f"The horizon should be a length of time, zero or more, found {horizon!r}.")
    if unit == "days":
        return horizon / days_per_unit(model)
    return float(horizon)


def days_per_unit(model: FittedModel) -> float:
    """Days in the model's unit of time, or an error that says how to give them."""
    if model.unit_days_ is None:
        raise FitError(
            "The model does not know how many days its unit of time has. Fit it to a summary made by clv.summarise, "
            "or give clv.fit(..., unit_days=...)."
        )
    return model.unit_days_


def predict(model: FittedModel, summary, horizon: float, unit: str = "model") -> pd.Series:
    """Expected number of purchase days of each customer in the next `horizon`.

    Parameters:
        model: Of purchases: BG/NBD, MBG/NBD, Pareto/NBD or BG/BB.
        summary (DataFrame): The customers, in the same unit of time as the model's.
        unit ({"model", "days"}): Whether `horizon` is in the model's unit of time (opportunities, for BG/BB) or in
            days.
    Returns:
        Series of float: ``expected_purchases``, one value per row of `summary`; where that is in an engine, itself with the column.

    Source: Fader, Hardie & Lee (2005), Marketing Science 24(2), eq. 10 (BG/NBD); Schmittlein, Morrison & Colombo
    (1987), eq. 22 (Pareto/NBD); Fader, Hardie & Shang (2010), eq. 13 (BG/BB).

    >>> from idic_lab.differentiate import clv
    >>> model = clv.from_parameters("bg_nbd", r=0.243, alpha=4.414, a=0.793, b=2.426, unit_days=7)
    >>> customer = pd.DataFrame({"frequency": [26], "recency": [30.857], "T": [31.0], "unit_days": 7})
    >>> round(float(clv.predict(model, customer, horizon=52).iloc[0]), 1)
    25.8
    """
    require(model, *PURCHASE_MODELS)
    units = horizon_in_units(model, horizon, unit)
    if model.model == "bg_bb" and units != int(units):
        raise DataError(f"BG/BB counts whole opportunities, found a horizon of {units:g}.")

    def expectation(table):
        alive, expected = per_customer(model, table, lambda *living: model.likelihood.expected_if_alive(*living, units))
        return pd.Series(alive * expected, index=table.index, name="expected_purchases")

    return answered(model, summary, expectation)


def expected_purchases_new(model: FittedModel, horizon):
    """Expected repeat purchases of a customer about whom nothing is known yet, E[X(t)].

    Parameters:
        horizon (float or array): Time since the first purchase, in the model's unit.

    Source: Fader, Hardie & Lee (2005), Marketing Science 24(2), eq. 9.

    >>> from idic_lab.differentiate import clv
    >>> model = clv.from_parameters("bg_nbd", r=0.243, alpha=4.414, a=0.793, b=2.426)
    >>> round(clv.expected_purchases_new(model, 52), 3)
    1.446
    """
    require(model, *PURCHASE_MODELS)
    times = np.asarray(horizon, dtype=float)
    if not (np.isfinite(times) & (times >= 0)).all():
        raise DataError("The horizon should be a length of time, zero or more.")
    expected = model.likelihood.expected_new(plain(model).theta, np.atleast_1d(times))
    return float(expected[0]) if times.ndim == 0 else expected


def alive(model: FittedModel, summary) -> pd.Series:
    """Probability that each customer is still one at the end of observation.

    In the BG/NBD a customer without a repeat purchase has had no occasion to leave, so the probability is 1: not a
    finding but an assumption of that model. For BG/BB it is the probability of not having left by the last opportunity.

    Returns:
        Series of float: ``probability_alive``, one value per row of `summary`; where that is in an engine, itself with the column.

    Source: Fader, Hardie & Lee (2008), "Computing P(alive) using the BG/NBD model"; Schmittlein, Morrison & Colombo
    (1987), eq. 11 to 13; Batislam, Denizel & Filiztekin (2007), eq. 4.

    >>> from idic_lab.differentiate import clv
    >>> model = clv.from_parameters("bg_nbd", r=0.243, alpha=4.414, a=0.793, b=2.426, unit_days=7)
    >>> customer = pd.DataFrame({"frequency": [26], "recency": [30.857], "T": [31.0], "unit_days": 7})
    >>> round(float(clv.alive(model, customer).iloc[0]), 2)
    0.97
    """
    require(model, *PURCHASE_MODELS)

    def probability(table):
        alive, _ = per_customer(model, table, lambda theta, frequency, age: np.zeros_like(age))
        return pd.Series(alive, index=table.index, name="probability_alive")

    return answered(model, summary, probability)


def alive_path(model: FittedModel, transactions, until=None) -> pd.DataFrame:
    """P(alive) of one customer on every day from the first purchase on, given what was known that day.

    Parameters:
        model: BG/NBD, MBG/NBD or Pareto/NBD.
        transactions (DataFrame): ``date`` and ``amount`` of one customer. Returns are left out, as in `summarise`.
        until (date or str, optional): Last day of the path; the last purchase when left out.
    Returns:
        DataFrame: One row per day: ``date``, ``probability_alive``, ``purchase`` (True on purchase days).

    >>> from idic_lab.differentiate import clv
    >>> model = clv.from_parameters("bg_nbd", r=0.243, alpha=4.414, a=0.793, b=2.426, unit_days=7)
    >>> rows = pd.DataFrame({"date": pd.to_datetime(["2024-01-01", "2024-02-01"]), "amount": [9.0, 9.0]})
    >>> path = clv.alive_path(model, rows, until="2024-03-31")
    >>> int(path["purchase"].sum()), round(float(path["probability_alive"].iloc[-1]), 2)
    (2, 0.57)
    """
    require(model, *CONTINUOUS)
    unit = days_per_unit(plain(model))
    table = collected(transactions)
    customers = table["customer_id"].nunique() if "customer_id" in table else 1
    if customers > 1:
        raise DataError(f"alive_path takes the rows of one customer, found {customers:,} customers.")
    bought = PurchaseDays(table.assign(customer_id=0)).days()
    if not len(bought):
        raise DataError("This customer has no purchase, so there is no path to follow.")
    last = bought[-1] if until is None else ordinal(until, "until")
    if last < bought[0]:
        first = dates([bought[0]])[0].date()
        raise DataError(f"The path would end before the first purchase on {first}; choose a later `until`.")
    days = np.arange(bought[0], last + 1)
    seen = np.searchsorted(bought, days, side="right") - 1
    known = seen.astype(float), (bought[seen] - bought[0]) / unit, (days - bought[0]) / unit
    path = pd.DataFrame({"date": dates(days), "probability_alive": model.likelihood.alive(model.theta, *known)})
    return path.assign(purchase=np.isin(days, bought))


def alike_in_silence(summary: pd.DataFrame) -> pd.DataFrame:
    """Two customers silent for the same time, or nearly: one who used to come often, and one who came back once.

    >>> summary = pd.DataFrame({"customer_id": list("abcd"), "frequency": [9, 8, 1, 1], "recency": [30.0, 20.0, 2.0, 9.0],
    ...     "T": [31.0, 31.0, 30.0, 21.0]})
    >>> alike_in_silence(summary)["customer_id"].tolist()
    ['b', 'd']
    """
    back = summary[summary["frequency"].gt(0)].assign(silence=lambda table: table["T"] - table["recency"])
    if not len(back):
        raise DataError("alike_in_silence: nobody came back, so no two customers can be set beside each other.")
    middling = back.sort_values("silence").iloc[int(0.4 * len(back)) : int(0.6 * len(back)) + 1]
    often = middling.nlargest(1, "frequency")
    once = back[back["frequency"].eq(back["frequency"].min())].drop(often.index, errors="ignore")
    alike = once.assign(off=(once["silence"] - often["silence"].iloc[0]).abs()).nsmallest(1, "off")
    return pd.concat([often, alike[often.columns]], ignore_index=True)


STANDINGS = ("probably gone", "in doubt", "probably there")


def at_stake(model: FittedModel, summary: pd.DataFrame, horizon: float, unit: str = "model") -> pd.DataFrame:
    """What hangs on whether each customer is still one: purchases expected if certainly there, less those expected now.

    Returns:
        DataFrame: ``customer_id``, ``probability_alive``, ``standing`` ("probably gone" below one third, "probably
            there" above two thirds, else "in doubt"), ``expected_purchases``, ``at_stake`` (purchases within the
            horizon).

    >>> from idic_lab.differentiate import clv
    >>> model = clv.from_parameters("bg_nbd", r=0.243, alpha=4.414, a=0.793, b=2.426, unit_days=7)
    >>> customers = pd.DataFrame({"customer_id": ["a", "b"], "frequency": [7, 7], "recency": [10.0, 28.0], "T": 39.0,
    ...     "unit_days": 7})
    >>> at_stake(model, customers, horizon=52)["standing"].tolist()
    ['probably gone', 'in doubt']
    """
    chance, expected = (answer.to_numpy() for answer in (alive(model, summary), predict(model, summary, horizon, unit)))
    standing = pd.array(np.array(STANDINGS)[np.digitize(chance, (1 / 3, 2 / 3))], dtype="str")
    certain = np.divide(expected, chance, out=np.zeros_like(expected), where=chance > 0)
    table = pd.DataFrame({"customer_id": summary["customer_id"].to_numpy(), "probability_alive": chance})
    return table.assign(standing=standing, expected_purchases=expected, at_stake=certain - expected)


def expected_spend(spend_model: FittedModel, summary) -> pd.Series:
    """Expected mean amount per purchase day of each customer, by a Gamma-Gamma model.

    A weighted mean of the customer's own average and that of the population; customers without a repeat purchase get
    the latter.

    Returns:
        Series of float: ``expected_spend``, currency, one value per row of `summary`; where that is in an engine, itself with the column.
    Raises:
        FitError: When q is at most 1: the population then has no mean.

    Source: Fader & Hardie (2013), note 025, eq. 5.

    >>> from idic_lab.differentiate import clv
    >>> spend_model = clv.from_parameters("gamma_gamma", p=6.25, q=3.74, gamma=15.44)
    >>> clv.expected_spend(spend_model, pd.DataFrame({"frequency": [0, 9], "monetary_value": [0.0, 50.0]})).round(1).tolist()
    [35.2, 49.3]
    """
    require(spend_model, "gamma_gamma")
    q = spend_model.params_["q"]
    if q <= 1:
        raise FitError(
            f"The Gamma-Gamma model has q = {q:.3g}. With q of at most 1 the mean spend of the population is infinite, "
            f"so there is no expected spend. Look for outliers among the amounts, or use the customers' own means."
        )
    if in_engine(summary) and not spend_model.covariates:  # plain arithmetic, which the engine can do by itself
        measures = [nw.col(name).cast(nw.Float64) for name in spend_model.likelihood.columns]
        spend = spend_model.likelihood.expected_spend(spend_model.theta, *measures)
        return nw.to_native(nw.from_native(summary).with_columns(expected_spend=spend))

    def spend(table):
        columns = checked_columns(table, "gamma_gamma")
        theta = spend_model.of(numbers(table, spend_model.columns[len(columns) :]))
        told = spend_model.likelihood.expected_spend(theta, *columns.values())
        return pd.Series(told, index=table.index, name="expected_spend")

    return answered(spend_model, summary, spend)


def frequency_recency_matrix(
    model: FittedModel, age: float, horizon: float, max_frequency: int = 25, points: int = 60
) -> pd.DataFrame:
    """P(alive) and expected purchases for every frequency and recency, of customers of one age.

    Parameters:
        model: BG/NBD, MBG/NBD or Pareto/NBD.
        age, horizon: T of all the customers and the time to come, in the model's unit of time.
        points: Number of recencies from 0 to `age`.
    Returns:
        DataFrame: ``frequency``, ``recency``, ``T``, ``unit_days`` (where the model knows it), ``probability_alive``,
            ``horizon``, ``expected_purchases``; a frequency of 0 goes with a recency of 0 alone, and no other with 0.

    Source: after lifetimes (Davidson-Pilon), plot_frequency_recency_matrix and plot_probability_alive_matrix.

    >>> from idic_lab.differentiate import clv
    >>> model = clv.from_parameters("bg_nbd", r=0.243, alpha=4.414, a=0.793, b=2.426, unit_days=7)
    >>> grid = clv.frequency_recency_matrix(model, age=39.0, horizon=52.0, max_frequency=2, points=3)
    >>> grid[["frequency", "recency", "probability_alive", "expected_purchases"]].round(2).tail(2)
       frequency  recency  probability_alive  expected_purchases
    3          2     19.5               0.53                1.14
    4          2     39.0               0.81                1.74
    """
    grid = map_grid(model, age, max_frequency, points)
    return grid.assign(
        probability_alive=alive(model, grid), horizon=float(horizon), expected_purchases=predict(model, grid, horizon)
    )


def map_grid(model, age, max_frequency, points) -> pd.DataFrame:
    """Customers of one age with every frequency and recency, in the model's unit of time."""
    require(plain(model), *CONTINUOUS)
    if not (age > 0 and max_frequency >= 1 and points >= 2):
        raise DataError("A map needs an age above 0, a max_frequency of at least 1 and at least 2 points.")
    recency = np.linspace(0.0, age, points)[1:]
    frequency = np.repeat(np.arange(1, max_frequency + 1), len(recency))
    grid = pd.DataFrame({"frequency": frequency, "recency": np.tile(recency, max_frequency)})
    grid = pd.concat([pd.DataFrame({"frequency": [0], "recency": [0.0]}), grid], ignore_index=True)
    known = {} if model.unit_days_ is None else {UNIT: model.unit_days_}
    return grid.assign(T=float(age), **known)
