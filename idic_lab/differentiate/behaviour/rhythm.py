"""Each customer's own rhythm of buying: how regular it is, and who has fallen silent for longer than it explains."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.optimize import minimize
from scipy.special import gammaln

from idic_lab.dataframes import collected, given_day
from idic_lab.errors import DataError, FitError

KINDS = ("frequent", "occasional", "one-time", "lapsed")
SURPRISE = 0.05  # a silence less likely than this, by the customer's own rhythm, counts as having lapsed


def rhythm(transactions: pd.DataFrame, observation_end: str | dt.date | None = None) -> pd.DataFrame:
    """How often each customer buys, estimated from their own gaps and, where these are few, from everybody's.

    The gaps between a customer's purchase days are taken as exponential with a rate of the customer's own; rates
    differ over customers by a gamma distribution, fitted to all gaps. A customer with x gaps that add up to s days
    then has the expected rate (r + x) / (alpha + s): with few gaps nearly everybody's, with many their own. The
    chance that such a customer stays silent for t days or more is ((alpha + s) / (alpha + s + t))^(r + x).

    Parameters:
        transactions: ``customer_id``, ``date``, ``amount``, of any engine; of one that is not pandas these three
            columns are collected. Amounts of 0 or less (returns) are not purchases.
        observation_end: Last day observed; by default the last date in the table.
    Returns:
        DataFrame: ``customer_id``; ``purchase_days`` (count); ``first``, ``last`` (dates); ``days_since_last``;
            ``own_gap_days`` (days between purchases expected of the customer); ``silence_probability`` (of being silent
            at least this long while still a customer).
    Raises:
        DataError: Nobody bought on two days, so there is no rhythm.

    The gaps are closed ones, from one purchase to the next; long gaps still open at the end are not among them, so
    rhythms come out a little fast and a lapse is called a little early. The probability of being alive in
    ``customer_value`` weighs this properly; the rule here is one that can be said in a sentence.

    Source: the gamma mixture of exponential gaps is Ehrenberg's NBD model, (1959) Applied Statistics 8(1).

    >>> days = pd.to_datetime(["2024-01-01", "2024-01-11", "2024-01-21", "2024-01-01", "2024-04-10", "2024-01-01"])
    >>> buys = pd.DataFrame({"customer_id": ["a", "a", "a", "b", "b", "c"], "date": days, "amount": 10.0})
    >>> table = rhythm(buys, "2024-05-01")
    >>> table["purchase_days"].tolist(), table["days_since_last"].tolist()
    ([3, 2, 1], [101, 21, 121])
    """
    days = purchase_days(transactions, observation_end)
    end = given_day(observation_end, "observation_end") if observation_end is not None else days["date"].max()
    by = days.groupby("customer_id")["date"]
    table = by.agg(purchase_days="size", first="min", last="max").reset_index()
    table["days_since_last"] = (end - table["last"]).dt.days
    gaps = (table["purchase_days"] - 1).to_numpy()
    spanned = (table["last"] - table["first"]).dt.days.to_numpy()
    if not (gaps > 0).any():
        raise DataError("rhythm: nobody bought on two different days, so there are no gaps between purchases.")
    shape, rate = _gamma_of_rates(gaps[gaps > 0], spanned[gaps > 0])
    table["own_gap_days"] = (rate + spanned) / (shape + gaps)
    remaining = (rate + spanned) / (rate + spanned + table["days_since_last"].to_numpy())
    table["silence_probability"] = remaining ** (shape + gaps)
    return table


def purchase_days(transactions: pd.DataFrame, observation_end: str | dt.date | None = None) -> pd.DataFrame:
    """The different days on which each customer bought, in order: ``customer_id``, ``date``.

    Raises:
        DataError: No purchase (amount above 0) up to the end of observation.

    >>> day = pd.Timestamp("2024-01-01")
    >>> len(purchase_days(pd.DataFrame({"customer_id": ["a", "a"], "date": [day, day], "amount": [1.0, 2.0]})))
    1
    """
    transactions = collected(transactions, ("customer_id", "date", "amount"))
    bought = transactions.loc[transactions["amount"].gt(0), ["customer_id", "date"]]
    if observation_end is not None:
        bought = bought[bought["date"].le(given_day(observation_end, "observation_end"))]
    if bought.empty:
        raise DataError("There is no purchase (amount above 0) in the transactions.")
    return bought.drop_duplicates().sort_values(["customer_id", "date"], ignore_index=True)


def _gamma_of_rates(gaps: np.ndarray, spanned: np.ndarray) -> tuple[float, float]:
    """Shape and rate of the gamma distribution of purchase rates, by maximum likelihood."""
    pairs, weight = np.unique(np.column_stack([gaps, spanned]), axis=0, return_counts=True)
    x, s = pairs.T.astype("float64")

    def loss(log_parameters):
        shape, rate = np.exp(log_parameters)
        each = gammaln(shape + x) - gammaln(shape) + shape * np.log(rate) - (shape + x) * np.log(rate + s)
        return -(weight @ each) / weight.sum()

    start = np.log([1.0, spanned.sum() / gaps.sum()])
    within = [(-5, 6), (-5, 16)]
    found = minimize(loss, start, method="L-BFGS-B", bounds=within)
    if not found.success:  # where all customers buy at one rate the likelihood is flat, and its slope leads nowhere
        found = minimize(loss, found.x, method="Nelder-Mead", bounds=within)
    if not found.success:
        raise FitError(f"rhythm: the distribution of purchase rates was not found ({found.message}).")
    shape, rate = np.exp(found.x)
    return float(shape), float(rate)


def behaviour_segments(
    rhythms: pd.DataFrame, surprise: float = SURPRISE, frequent_gap_days: float | None = None
) -> pd.DataFrame:
    """Frequent, occasional, one-time and lapsed buyers, by rules that the data set their measure.

    One-time: bought on one day only. Lapsed: bought on two days or more, and has been silent for so long that the own
    rhythm would explain it less than one time in twenty. Frequent: neither, and the own gap is at most that of the
    typical such customer (the median). Occasional: the rest.

    Parameters:
        rhythms: As :func:`rhythm` gives.
        surprise: Probability below which a silence counts as a lapse.
        frequent_gap_days: Longest own gap of a frequent buyer; by default the median of those who bought twice and have
            not lapsed.
    Returns:
        DataFrame: `rhythms` with ``segment`` and, for one-time buyers, ``too_early`` (flag): the first purchase is so
            recent that no second one is to be expected yet (silence still likelier than not).

    >>> rhythms = pd.DataFrame({"customer_id": list("abcd"), "purchase_days": [9, 3, 1, 6], "days_since_last": [3, 9, 400, 300],
    ...     "own_gap_days": [8.0, 60.0, 90.0, 10.0], "silence_probability": [0.7, 0.9, 0.2, 0.0001]})
    >>> behaviour_segments(rhythms, frequent_gap_days=30)["segment"].tolist()
    ['frequent', 'occasional', 'one-time', 'lapsed']
    """
    once = rhythms["purchase_days"].eq(1)
    lapsed = ~once & rhythms["silence_probability"].lt(surprise)
    active = rhythms.loc[~once & ~lapsed, "own_gap_days"]
    if frequent_gap_days is None:
        frequent_gap_days = float(active.median()) if len(active) else 0.0
    frequent = rhythms["own_gap_days"].le(frequent_gap_days)
    named = np.select([once, lapsed, frequent], ["one-time", "lapsed", "frequent"], "occasional")
    return rhythms.assign(segment=pd.array(named, dtype="str"), too_early=once & rhythms["silence_probability"].gt(0.5))


def behaviour_summary(behaviour: pd.DataFrame, transactions: pd.DataFrame) -> pd.DataFrame:
    """What each kind of buyer is and brings.

    Parameters:
        behaviour: As :func:`behaviour_segments` gives.
        transactions: ``customer_id``, ``amount``.
    Returns:
        DataFrame: ``segment``, ``customers``, ``share_of_customers``, ``revenue`` (currency), ``share_of_revenue``,
            ``median_gap_days`` (own gap), ``median_days_since_last``; in the order frequent, occasional, one-time,
            lapsed.

    >>> kinds = pd.DataFrame({"customer_id": ["a", "b"], "segment": ["frequent", "lapsed"], "own_gap_days": [9.0, 9.0],
    ...     "days_since_last": [3, 300]})
    >>> buys = pd.DataFrame({"customer_id": ["a", "b"], "amount": [30.0, 10.0]})
    >>> behaviour_summary(kinds, buys)["share_of_revenue"].tolist()
    [0.75, 0.25]
    """
    revenue = transactions.groupby("customer_id")["amount"].sum()
    table = (
        behaviour.assign(revenue=behaviour["customer_id"].map(revenue))
        .groupby("segment", as_index=False)
        .agg(
            customers=("customer_id", "size"),
            revenue=("revenue", "sum"),
            median_gap_days=("own_gap_days", "median"),
            median_days_since_last=("days_since_last", "median"),
        )
    )
    table.insert(2, "share_of_customers", table["customers"] / table["customers"].sum())
    table.insert(4, "share_of_revenue", table["revenue"] / table["revenue"].sum())
    return table.sort_values("segment", key=lambda names: names.map(KINDS.index), ignore_index=True)


FEWEST = 30


@dataclass(frozen=True)
class Regularity:
    """The regularity k of a customer base: 1 is random, more is regular, less is in bursts.

    Attributes:
        low, high: 95% interval by resampling customers.
        customers: Those with the three purchase days it takes.
        ratios: First gap as a share of it and the next, one per customer; what k is read from.
    """

    k: float
    low: float
    high: float
    customers: int
    ratios: np.ndarray


def regularity(transactions: pd.DataFrame, random_state: int = 0) -> Regularity:
    """How regular the gaps between purchases are, without knowing anybody's rate.

    If gaps have a gamma distribution of shape k, two neighbouring gaps of one customer, the first as a share of both,
    have a Beta(k, k) distribution whatever the customer's rate; its variance, 1 / (4 (2k + 1)), gives k. Each customer
    with at least three purchase days gives one ratio, from the last two gaps.

    Parameters:
        transactions: ``customer_id``, ``date``, ``amount``.
        random_state: Of the resampling for the interval.
    Raises:
        DataError: Fewer than 30 customers bought on three days.

    Source: Wheat & Morrison (1990), Estimating purchase regularity with two interpurchase times, Journal of Marketing
    Research 27(1); used by Platzer & Reutterer (2016), Ticking away the moments, Marketing Science 35(5).

    >>> days = pd.to_datetime([f"2024-{month:02d}-01" for month in range(1, 7)])
    >>> buys = pd.DataFrame({"customer_id": np.repeat([f"c{i}" for i in range(40)], 6), "date": list(days) * 40, "amount": 1.0})
    >>> bool(regularity(buys).k > 100)
    True
    """
    days = purchase_days(transactions)
    gap = days.groupby("customer_id")["date"].diff().dt.days
    two = pd.DataFrame(
        {"customer_id": days["customer_id"], "gap": gap, "before": gap.groupby(days["customer_id"]).shift()}
    )
    last = two.dropna().drop_duplicates("customer_id", keep="last")
    if len(last) < FEWEST:
        raise DataError(f"regularity: {FEWEST} customers with three purchase days are needed, found {len(last)}.")
    ratios = (last["before"] / (last["before"] + last["gap"])).to_numpy()
    rng = np.random.default_rng(random_state)
    again = [_shape(ratios[rng.integers(0, len(ratios), len(ratios))]) for _ in range(200)]
    low, high = np.quantile(again, [0.025, 0.975])
    return Regularity(_shape(ratios), float(low), float(high), len(ratios), ratios)


def _shape(ratios: np.ndarray) -> float:
    variance = max(float(np.mean((ratios - 0.5) ** 2)), 1e-6)  # the mean is one half by symmetry
    return max((1 / (4 * variance) - 1) / 2, 0.0)
