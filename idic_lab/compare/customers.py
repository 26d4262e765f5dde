"""What a comparison knows of the customers of one data set, and what it keeps from the methods."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

RFM = ("recency_days", "frequency", "monetary")
ANSWER = "answer "  # prefix of the columns that hold yes/no answers


@dataclass(frozen=True)
class FeatureSpace:
    """How measures become the numbers that clusterers see, the same for every method and every date.

    Counts and amounts enter as logarithms, for they run over several orders of magnitude, and are then standardised by
    the mean and standard deviation of the calibration period. Answers stay 0 and 1, a missing one takes the average.

    Attributes
    ----------
    columns : tuple of str
    logarithm : bool
    centre, scale : ndarray of shape (n_columns,)
    """

    columns: tuple[str, ...]
    logarithm: bool
    centre: np.ndarray
    scale: np.ndarray

    @classmethod
    def of(cls, measures: pd.DataFrame) -> FeatureSpace:
        """The space of a table: its answers when it has any, else recency, frequency and monetary value."""
        answers = tuple(name for name in measures if name.startswith(ANSWER))
        if answers:
            mean = measures[list(answers)].mean().to_numpy(dtype=float)
            return cls(answers, False, np.nan_to_num(mean), np.ones(len(answers)))
        values = np.log1p(measures[list(RFM)].to_numpy(dtype=float))
        scale = values.std(axis=0)
        return cls(RFM, True, values.mean(axis=0), np.where(scale > 0, scale, 1.0))

    @property
    def binary(self) -> bool:
        """Whether the features are yes/no answers."""
        return not self.logarithm

    def transform(self, measures: pd.DataFrame) -> np.ndarray:
        """Features of shape (n_customers, n_columns)."""
        values = measures[list(self.columns)].to_numpy(dtype=float)
        if not self.logarithm:
            return np.where(np.isnan(values), self.centre, values)
        return (np.log1p(values) - self.centre) / self.scale


@dataclass(frozen=True)
class Customers:
    """The customers of one data set on the last day a method may see, and what became of them later.

    Attributes
    ----------
    name : str
        Of the data set, as the results name it.
    measures : DataFrame
        One row per customer, in the order of every other attribute: ``customer_id`` and what methods may see. From
        transactions: ``recency_days``, ``frequency``, ``monetary`` (RFM); ``repeat_frequency``, ``recency``, ``T``,
        ``monetary_value`` (the buy-till-you-die summary, in weeks); ``earlier_...`` and ``spend_since`` (RFM at an
        earlier date, and spend from then on). From a survey: one column ``answer ...`` per question.
    descriptors : DataFrame or None
        What is known of a customer on the first day: the means of reaching a segment.
    holdout_spend : ndarray or None
        Spend after the last day a method may see.
    later : DataFrame or None
        The same measures at the end of the data.
    campaign : DataFrame or None
        A randomised campaign: ``row`` (position in `measures`), ``treated``, ``profit`` and numeric features.
    planted : ndarray of str or None
        The segments a simulation planted. Only the criterion of recovery, which is a check, may look at it.
    facts : dict
        For the report: source, dates, counts.
    """

    name: str
    measures: pd.DataFrame
    descriptors: pd.DataFrame | None = None
    holdout_spend: np.ndarray | None = None
    later: pd.DataFrame | None = None
    campaign: pd.DataFrame | None = None
    planted: np.ndarray | None = field(default=None, repr=False)
    facts: dict = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.measures)

    @property
    def space(self) -> FeatureSpace:
        """How the measures become features."""
        return FeatureSpace.of(self.measures)

    @property
    def fingerprint(self) -> str:
        """SHA-256 over everything a method or a criterion can see; the cells of a study are keyed by it."""
        digest = hashlib.sha256()
        for table in (self.measures, self.descriptors, self.later, self.campaign):
            if table is not None:
                digest.update(repr(list(table.columns)).encode())
                digest.update(pd.util.hash_pandas_object(table, index=False).to_numpy().tobytes())
        for array in (self.holdout_spend, self.planted):
            if array is not None:
                digest.update(pd.util.hash_array(np.asarray(array)).tobytes())
        return digest.hexdigest()
