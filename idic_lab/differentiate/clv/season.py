"""A season as operational time: the clock of the models runs faster in the weeks in which customers buy more.

All models here count purchases per unit of time. Where everybody buys twice as much before Christmas, those weeks count
double and others less, so that a year keeps its length; in that time the base buys evenly, and the models hold as they are.

Source: time as it is felt by a process, Feller (1971), An Introduction to Probability Theory II, section X.7.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from idic_lab.differentiate.purchase_days import PurchaseDays, dates, ordinal
from idic_lab.errors import DataError

WEEKS = 52
ROUNDS = 3  # the expectation without a season is not quite level; with the season it is


@dataclass(frozen=True)
class Season:
    """How much each week of the year weighs.

    Attributes:
        weights: By ISO ``week`` (1 to 52), 1 on average.
    """

    weights: pd.Series

    def clock(self, days) -> np.ndarray:
        """What has passed by the end of each day (a day number), in days of average weight."""
        days = np.asarray(days, dtype="int64")
        first = int(days.min(initial=0 if not len(days.ravel()) else days.flat[0]))
        span = np.arange(first, int(days.max(initial=first)) + 1)
        passed = np.cumsum(self.weights.to_numpy()[week_of(span)])
        return first - 1 + passed[days - first]

    def between(self, start, end) -> float:
        """Days of average weight from the end of one day to the end of another.

        >>> even = Season(pd.Series(1.0, index=pd.RangeIndex(1, 53, name="week")))
        >>> even.between("2024-01-31", "2024-03-01")
        30.0
        """
        first, last = self.clock([ordinal(start, "start"), ordinal(end, "end")])
        return float(last - first)


def week_of(days) -> np.ndarray:
    """ISO week of each day number, from 0 to 51: whole weeks, so that days of the week do not matter; a 53rd counts as the 52nd."""
    return np.minimum(dates(days).dt.isocalendar().week.to_numpy(dtype="int64") - 1, WEEKS - 1)


def season(
    transactions,
    observation_end=None,
    model: str = "bg_nbd",
    *,
    customer_id: str = "customer_id",
    date: str = "date",
    amount: str | None = "amount",
) -> Season:
    """The season in a base's repeat purchases, beyond what its age makes one expect.

    In each week of the year the purchases are set against those a model expects without a season. Weeks lend to their
    neighbours, and every weight is drawn towards 1 by as much as chance alone would have moved it.

    Parameters:
        transactions (DataFrame): At least a year of them, in memory.
        observation_end (date or str, optional): The last day used.
        customer_id, date, amount: Names of the columns, as in `summarise`.
    Raises:
        DataError: When the data cover less than a year.

    Source: shrinkage towards the mean after Efron & Morris (1975), Journal of the American Statistical Association 70.

    >>> from idic_lab import datasets
    >>> tx = datasets.load("cdnow_sample", quiet=True).transactions
    >>> round(float(season(tx).weights.mean()), 3)
    1.0
    """
    from idic_lab.differentiate.clv.evaluation import by_day
    from idic_lab.differentiate.clv.fitting import fit
    from idic_lab.differentiate.clv.summary import summarise

    names = {"customer_id": customer_id, "date": date, "amount": amount}
    counted = PurchaseDays(transactions, customer_id, date, amount)
    end = counted.last_day if observation_end is None else ordinal(observation_end, "observation_end")
    found = Season(pd.Series(1.0, index=pd.RangeIndex(1, WEEKS + 1, name="week"), name="weight"))
    for _ in range(ROUNDS):
        fitted = fit(summarise(transactions, dates([end])[0], season=found, **names), model)
        table = by_day(fitted, counted, end, end, found)
        if len(table) < 365:
            raise DataError(f"A season needs at least a year of purchases, found {len(table)} days.")
        by_week = table.groupby(week_of(table["day"].to_numpy()))[["repeats", "expected"]].sum().reindex(range(WEEKS))
        moved = found.weights.to_numpy() * _ratios(*by_week.to_numpy().T)
        found = Season(pd.Series(moved / moved.mean(), index=found.weights.index, name="weight"))
    return found


def _ratios(actual: np.ndarray, expected: np.ndarray) -> np.ndarray:
    """Purchases by those expected, of each week with its neighbours, times what is the week's own."""
    expected = np.maximum(expected * actual.sum() / expected.sum(), 1e-9)
    near = _shrunk(*(part + np.roll(part, 1) + np.roll(part, -1) for part in (actual, expected)))
    return near * _shrunk(actual, expected * near)


def _shrunk(actual: np.ndarray, expected: np.ndarray) -> np.ndarray:
    """Ratios without what chance makes of them."""
    ratio, chance = actual / expected, 1 / expected
    varies = max(np.var(ratio) - chance.mean(), 0.0)
    return 1 + (ratio - 1) * varies / (varies + chance)
