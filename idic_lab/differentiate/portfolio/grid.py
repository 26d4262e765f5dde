"""Needs against value: the grid on which a strategy for each kind of customer is drawn."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.stats import chi2_contingency

from idic_lab.errors import DataError


@dataclass(frozen=True)
class Grid:
    """Customers by need segment and value tier.

    Attributes
    ----------
    customers : DataFrame
        Counts; need segments as rows, tiers as columns.
    actual_value : DataFrame
        Sums (currency) in the same shape.
    p_value : float
        Chi-squared test that need and tier are unrelated.
    cramers_v : float
        Strength of the relation, 0 to 1.
    """

    customers: pd.DataFrame
    actual_value: pd.DataFrame
    p_value: float
    cramers_v: float


def needs_by_value(needs: pd.DataFrame, portfolio: pd.DataFrame) -> Grid:
    """Lay need segments against value tiers.

    Parameters
    ----------
    needs : DataFrame
        ``customer_id``, ``segment``.
    portfolio : DataFrame
        ``customer_id``, ``tier``, ``actual_value``.

    Returns
    -------
    Grid

    Raises
    ------
    DataError
        No customer has both.

    Examples
    --------
    >>> needs = pd.DataFrame({"customer_id": list("abcd"), "segment": ["x", "x", "y", "y"]})
    >>> portfolio = pd.DataFrame({"customer_id": list("abcd"), "tier": ["migrator"] * 4, "actual_value": [1.0, 2, 3, 4]})
    >>> needs_by_value(needs, portfolio).actual_value["migrator"].tolist()
    [3.0, 7.0]
    """
    both = needs[["customer_id", "segment"]].merge(
        portfolio[["customer_id", "tier", "actual_value"]], on="customer_id"
    )
    if both.empty:
        raise DataError("needs_by_value: no customer has both a need segment and a value tier.")
    order = [
        tier
        for tier in ("most valuable", "most growable", "migrator", "below zero")
        if tier in set(both["tier"])
    ]
    counts = pd.crosstab(both["segment"], both["tier"])[order]
    amounts = both.pivot_table(
        index="segment", columns="tier", values="actual_value", aggfunc="sum", fill_value=0.0
    )[order]
    if min(counts.shape) < 2:
        return Grid(counts, amounts, 1.0, 0.0)
    statistic, p_value, _, _ = chi2_contingency(counts, correction=False)
    effect = np.sqrt(statistic / len(both) / (min(counts.shape) - 1))
    return Grid(counts, amounts, float(p_value), float(effect))
