"""How unevenly revenue is spread over customers: Lorenz curve, Gini coefficient and top shares.

Everything here is read off the Lorenz curve, so the numbers agree with the picture. Customers with equal values lie on
one straight piece of it, and a share that cuts through such a piece is taken in proportion: no arbitrary order
among equals ever matters.
"""

from __future__ import annotations

from collections.abc import Callable
from numbers import Integral

import numpy as np
import pandas as pd

from idic_lab.errors import DataError, LabError, UnknownName

_TOPS = (0.01, 0.05, 0.10, 0.20, 0.50)


def lorenz(values) -> pd.DataFrame:
    """The Lorenz curve: what share of the value the lowest share of the customers brings.

    Parameters
    ----------
    values : array-like of shape (n_customers,)
        One value per customer, none negative.

    Returns
    -------
    pandas.DataFrame
        ``share_of_customers`` and ``share_of_value``, from (0, 0) to (1, 1), lowest customers first; one row per
        different value, since customers with equal values lie on one straight line.

    Raises
    ------
    DataError
        There are no values, or missing, infinite or negative ones, or their total is zero.

    Source: Lorenz (1905), Publications of the American Statistical Association 9(70), 209-219.

    Examples
    --------
    >>> lorenz([10, 0, 10, 60])
       share_of_customers  share_of_value
    0                0.00            0.00
    1                0.25            0.00
    2                0.75            0.25
    3                1.00            1.00
    """
    customers, value = _curve(*_distinct(values))
    return pd.DataFrame({"share_of_customers": customers, "share_of_value": value})


def gini(values) -> float:
    """The Gini coefficient: 0 when all customers bring the same, near 1 when one brings everything.

    It is twice the area between the Lorenz curve and the diagonal, or half the relative mean difference, with the
    customers taken as the whole population: the largest value that n customers can reach is (n - 1) / n.

    Parameters
    ----------
    values : array-like of shape (n_customers,)
        One value per customer, none negative.

    Returns
    -------
    float

    Raises
    ------
    DataError
        As in :func:`lorenz`.

    Source: Gini (1912), Variabilità e mutabilità; the computing formula in Sen (1973), On Economic Inequality,
    chapter 2.

    Examples
    --------
    >>> gini([1, 2, 3])  # doctest: +ELLIPSIS
    0.222...
    """
    return _gini(*_distinct(values))


def top_share(values, fraction: float = 0.2) -> float:
    """Share of the value that the highest `fraction` of the customers brings.

    Parameters
    ----------
    values : array-like of shape (n_customers,)
        One value per customer, none negative.
    fraction : float
        Between 0 and 1. Where it does not fall on a whole customer, or cuts through customers with equal values, it is
        taken in proportion.

    Returns
    -------
    float

    Raises
    ------
    DataError
        As in :func:`lorenz`.
    LabError
        `fraction` is not between 0 and 1.

    Examples
    --------
    >>> top_share([1, 1, 1, 1, 16], fraction=0.2)
    0.8
    """
    return _top_share(*_distinct(values), _checked_fraction(fraction))


def interval(
    statistic: str | Callable,
    values,
    confidence: float = 0.95,
    resamples: int = 1000,
    random_state: int = 0,
    **options,
) -> tuple[float, float]:
    """Bootstrap percentile interval of a concentration statistic.

    Customers are drawn with replacement and the statistic is computed again, `resamples` times. The interval tells how
    much it would vary had other customers of the same kind come.

    Parameters
    ----------
    statistic : {"gini", "top_share"} or callable
        A callable gets an array of n_customers resampled values and returns a number.
    values : array-like of shape (n_customers,)
        One value per customer.
    confidence : float
        Between 0 and 1.
    resamples : int
    random_state : int
        Seed: the same call gives the same interval.
    **options
        ``fraction`` for "top_share" (0.2 by default).

    Returns
    -------
    (float, float)
        Lower and upper bound.

    Raises
    ------
    DataError, LabError, UnknownName
        As in :func:`lorenz` and :func:`top_share`; the statistic is not known.

    Source: Efron (1979), Bootstrap methods: another look at the jackknife, Annals of Statistics 7(1), 1-26.

    Examples
    --------
    >>> low, high = interval("gini", [1, 2, 3, 4, 5, 30])
    >>> 0 < low < gini([1, 2, 3, 4, 5, 30]) < high < 1
    True
    """
    _checked_fraction(confidence, "confidence")
    distinct, counts = _distinct(values)
    if callable(statistic):

        def compute(distinct, counts):
            return statistic(np.repeat(distinct, counts))

    elif statistic in ("gini", "top_share"):
        compute = _gini if statistic == "gini" else _top_share_of(options.pop("fraction", 0.2))
    else:
        raise UnknownName("concentration statistic", statistic, ("gini", "top_share"))
    if options:
        raise UnknownName(f"option of {statistic!r}", next(iter(options)), ("fraction",))
    return _percentiles(_resampled(distinct, counts, [compute], resamples, random_state), confidence)[0]


def concentration(
    values, confidence: float = 0.95, resamples: int = 1000, random_state: int = 0
) -> pd.DataFrame:
    """How concentrated value is: Gini coefficient and top shares, each with its bootstrap interval.

    Parameters
    ----------
    values, confidence, resamples, random_state
        As in :func:`interval`.

    Returns
    -------
    pandas.DataFrame
        ``measure`` (text), ``value``, ``low``, ``high``. Measures: the Gini coefficient, the share of value brought
        by the top 1, 5, 10, 20 and 50% of customers, and the share of customers, counted from the top, that
        brings 80% of the value.

    Raises
    ------
    DataError, LabError
        As in :func:`interval`.

    Examples
    --------
    >>> concentration([1, 1, 1, 1, 16])[["measure", "value"]].iloc[[0, 4, 6]]
                                measure  value
    0                  Gini coefficient    0.6
    4  share of value from the top 20%    0.8
    6   share of customers for 80% of value    0.2
    """
    _checked_fraction(confidence, "confidence")
    distinct, counts = _distinct(values)
    statistics = {
        "Gini coefficient": _gini,
        **{f"share of value from the top {top:.0%}": _top_share_of(top) for top in _TOPS},
        "share of customers for 80% of value": _customers_for(0.8),
    }
    estimates = [compute(distinct, counts) for compute in statistics.values()]
    draws = _resampled(distinct, counts, statistics.values(), resamples, random_state)
    bounds = _percentiles(draws, confidence)
    return pd.DataFrame(
        {
            "measure": list(statistics),
            "value": estimates,
            "low": [low for low, _ in bounds],
            "high": [high for _, high in bounds],
        }
    )


def _curve(distinct, counts):
    """Cumulative shares of customers and of value at each different value, from (0, 0)."""
    customers = np.concatenate([[0], np.cumsum(counts)])
    value = np.concatenate([[0.0], np.cumsum(counts * distinct)])
    return customers / customers[-1], value / value[-1]


def _gini(distinct, counts) -> float:
    customers, value = _curve(distinct, counts)
    return float(1 - np.sum(np.diff(customers) * (value[1:] + value[:-1])))


def _top_share(distinct, counts, fraction) -> float:
    customers, value = _curve(distinct, counts)
    return float(1 - np.interp(1 - fraction, customers, value))


def _top_share_of(fraction):
    fraction = _checked_fraction(fraction)
    return lambda distinct, counts: _top_share(distinct, counts, fraction)


def _customers_for(share):
    """The share of customers, from the top, that brings `share` of the value."""

    def compute(distinct, counts):
        customers, value = _curve(distinct, counts)
        return float(1 - np.interp(1 - share, value, customers))

    return compute


def _resampled(distinct, counts, statistics, resamples, random_state) -> np.ndarray:
    """Bootstrap draws, one row per resample: how often each different value is drawn says all there is to know."""
    if isinstance(resamples, bool) or not isinstance(resamples, Integral) or resamples < 1:
        raise LabError(f"resamples should be a whole number of 1 or more, found {resamples!r}.")
    generator = np.random.default_rng(random_state)
    customers, chances = int(counts.sum()), counts / counts.sum()
    draws = []
    while len(draws) < resamples:
        drawn = generator.multinomial(customers, chances)
        if np.any(
            drawn[distinct > 0]
        ):  # a draw of zeros alone has no shares; it can come up only in tiny samples
            draws.append([compute(distinct, drawn) for compute in statistics])
    return np.array(draws)


def _percentiles(draws, confidence) -> list[tuple[float, float]]:
    tail = (1 - confidence) / 2
    low, high = np.quantile(draws, [tail, 1 - tail], axis=0)
    return [(float(a), float(b)) for a, b in zip(low, high, strict=True)]


def _distinct(values):
    """The different values in ascending order and how many customers have each, once they are known to be usable."""
    try:
        values = np.asarray(values, dtype="float64").ravel()
    except (TypeError, ValueError) as error:
        raise DataError(f"values: one number per customer is needed ({error}).") from error
    if not values.size:
        raise DataError("values: there are none; one number per customer is needed.")
    unusable = ~np.isfinite(values)
    if unusable.any():
        raise DataError(f"values: {unusable.sum():,} of {values.size:,} are missing or infinite.")
    if (values < 0).any():
        raise DataError(
            f"values: {(values < 0).sum():,} of {values.size:,} are negative; a Lorenz curve needs values of zero or "
            "more."
        )
    if not values.any():
        raise DataError("values: their total is zero, so there is no share of it to speak of.")
    return np.unique(values, return_counts=True)


def _checked_fraction(fraction, name: str = "fraction") -> float:
    if not 0 < fraction < 1:
        raise LabError(f"{name} should be between 0 and 1, found {fraction!r}.")
    return float(fraction)
