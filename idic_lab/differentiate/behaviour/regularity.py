"""Whether customers buy like clockwork, at random, or in bursts."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from idic_lab.differentiate.behaviour.rhythm import purchase_days
from idic_lab.errors import DataError

FEWEST = 30


@dataclass(frozen=True)
class Regularity:
    """The regularity k of a customer base: 1 is random, more is regular, less is in bursts.

    Attributes
    ----------
    k : float
    low, high : float
        95% interval by resampling customers.
    customers : int
        Those with the three purchase days it takes.
    ratios : ndarray
        First gap as a share of it and the next, one per customer; what k is read from.
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

    Parameters
    ----------
    transactions : DataFrame
        ``customer_id``, ``date``, ``amount``.
    random_state : int
        Of the resampling for the interval.

    Returns
    -------
    Regularity

    Raises
    ------
    DataError
        Fewer than 30 customers bought on three days.

    Source: Wheat & Morrison (1990), Estimating purchase regularity with two interpurchase times, Journal of Marketing
    Research 27(1); used by Platzer & Reutterer (2016), Ticking away the moments, Marketing Science 35(5).

    Examples
    --------
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
        raise DataError(
            f"regularity: {FEWEST} customers with three purchase days are needed, found {len(last)}."
        )
    ratios = (last["before"] / (last["before"] + last["gap"])).to_numpy()
    rng = np.random.default_rng(random_state)
    again = [_shape(ratios[rng.integers(0, len(ratios), len(ratios))]) for _ in range(200)]
    low, high = np.quantile(again, [0.025, 0.975])
    return Regularity(_shape(ratios), float(low), float(high), len(ratios), ratios)


def _shape(ratios: np.ndarray) -> float:
    variance = max(float(np.mean((ratios - 0.5) ** 2)), 1e-6)  # the mean is one half by symmetry
    return max((1 / (4 * variance) - 1) / 2, 0.0)
