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

from idic_lab.errors import DataError, LabError, UnknownName, pick


def lorenz(values) -> pd.DataFrame:
    """The Lorenz curve: what share of the value the lowest share of the customers brings.

    Parameters:
        values (array-like of shape (n_customers,)): One value per customer, none negative.
    Returns:
        DataFrame: ``share_of_customers`` and ``share_of_value``, from (0, 0) to (1, 1), lowest customers first; one row
            per different value, since customers with equal values lie on one straight line.
    Raises:
        DataError: There are no values, or missing, infinite or negative ones, or their total is zero.

    Source: Lorenz (1905), Publications of the American Statistical Association 9(70), 209-219.

    >>> lorenz([10, 0, 10, 60])["share_of_value"].tolist()
    [0.0, 0.0, 0.25, 1.0]
    """
    customers, value = _curve(*_distinct(values))
    return pd.DataFrame({"share_of_customers": customers, "share_of_value": value})


def gini(values) -> float:
    """The Gini coefficient: 0 when all customers bring the same, near 1 when one brings everything.

    It is twice the area between the Lorenz curve and the diagonal, or half the relative mean difference, with the
    customers taken as the whole population: the largest value that n customers can reach is (n - 1) / n.

    Source: Gini (1912), Variabilità e mutabilità; the computing formula in Sen (1973), On Economic Inequality, chapter 2.

    >>> gini([1, 2, 3])  # doctest: +ELLIPSIS
    0.222...
    """
    return _gini(*_distinct(values))


def top_share(values, fraction: float = 0.2) -> float:
    """Share of the value that the highest `fraction` of the customers brings.

    Where the fraction does not fall on a whole customer, or cuts through customers with equal values, it is taken in proportion.

    >>> top_share([1, 1, 1, 1, 16], fraction=0.2)
    0.8
    """
    return _top_share(*_distinct(values), checked_share(fraction))


def interval(
    statistic: str | Callable,
    values,
    confidence: float = 0.95,
    n_bootstrap: int = 1000,
    random_state: int = 0,
    **options,
) -> tuple[float, float]:
    """Bootstrap interval (BCa) of a concentration statistic: how much it would vary had other customers come.

    Parameters:
        statistic ({"gini", "top_share"} or callable): A callable gets an array of n_customers resampled values and
            returns a number.
        **options: ``fraction`` for "top_share" (0.2 by default).

    Money is so skewed that the interval is short for few customers; ``docs/inference.md`` says by how much.

    Source: Efron (1987), Better bootstrap confidence intervals, Journal of the American Statistical Association 82(397).

    >>> low, high = interval("gini", [1, 2, 3, 4, 5, 30])
    >>> 0 < low < gini([1, 2, 3, 4, 5, 30]) < high < 1
    True
    """
    checked_share(confidence, "confidence")
    distinct, counts = _distinct(values)
    if callable(statistic):

        def compute(distinct, counts):
            return statistic(np.repeat(distinct, counts))

    elif pick("concentration statistic", statistic, ("gini", "top_share")) == "gini":
        compute = _gini
    else:
        fraction = checked_share(options.pop("fraction", 0.2))

        def compute(distinct, counts):
            return _top_share(distinct, counts, fraction)

    if options:
        raise UnknownName(f"option of {statistic!r}", next(iter(options)), ("fraction",))
    from idic_lab.inference.resampling import bca  # brings scipy.stats, which takes long to load

    draws = _resampled(distinct, counts, compute, n_bootstrap, random_state)
    return bca(compute(distinct, counts), draws, _left_out(distinct, counts, compute), confidence)


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


def _resampled(distinct, counts, statistic, n_bootstrap, random_state) -> list[float]:
    """The statistic of resampled customers: how often each different value is drawn says all there is to know."""
    checked_count(n_bootstrap)
    generator = np.random.default_rng(random_state)
    customers, chances = int(counts.sum()), counts / counts.sum()
    draws = []
    while len(draws) < n_bootstrap:
        drawn = generator.multinomial(customers, chances)
        # A draw of zeros alone has no shares; it can come up only in tiny samples.
        if np.any(drawn[distinct > 0]):
            draws.append(statistic(distinct, drawn))
    return draws


def _left_out(distinct, counts, statistic) -> list[float]:
    """The statistic without one customer in turn, or without one of 200 groups of them, whose skewness is the same."""
    owner = np.repeat(np.arange(len(distinct)), counts)
    groups = np.random.default_rng(0).permutation(np.arange(len(owner)) % min(len(owner), 200))
    left = (counts - np.bincount(owner[groups == one], minlength=len(distinct)) for one in range(groups.max() + 1))
    return [statistic(distinct, kept) for kept in left if np.any(kept[distinct > 0])]


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


def checked_share(share: float, name: str = "fraction") -> float:
    """A share strictly between 0 and 1, or an error that names it."""
    if not 0 < share < 1:
        raise LabError(f"{name} should be between 0 and 1, found {share!r}.")
    return float(share)


def checked_count(count: int, name: str = "n_bootstrap") -> None:
    """Refuse what is no whole number of 1 or more."""
    if isinstance(count, bool) or not isinstance(count, Integral) or count < 1:
        raise LabError(f"{name} should be a whole number of 1 or more, found {count!r}.")
