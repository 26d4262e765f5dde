"""The forms an answer can have: what is asked for, whether it is that, and when two answers are the same."""

from __future__ import annotations

import math
from dataclasses import dataclass
from numbers import Real
from typing import Any

import pandas as pd


def _is_number(value: Any) -> bool:
    return isinstance(value, Real) and not isinstance(value, bool)


@dataclass(frozen=True)
class Number:
    """A number, maybe within a range.

    Attributes
    ----------
    low, high : float, optional
        The range it must lie in.
    unit : str
        What it counts, for the messages.
    whole : bool
        Only whole numbers will do.
    tolerance : float
        Relative difference that is still the same answer.
    share : bool
        A fraction of one; an answer in percent is recognised as such.
    """

    low: float | None = None
    high: float | None = None
    unit: str = ""
    whole: bool = False
    tolerance: float = 2e-3
    share: bool = False

    def problem(self, answer: Any) -> str | None:
        """What is wrong with the form of an answer; None when nothing is."""
        unit = f" ({self.unit})" if self.unit else ""
        if not _is_number(answer):
            return f"A number{unit} is expected here, and this is {_kind(answer)}."
        if self.whole and float(answer) != round(float(answer)):
            return f"A whole number{unit} is expected here; this is {answer:.4g}."
        if self.low is not None and answer < self.low:
            return f"This number{unit} cannot be below {self.low:g}; yours is {answer:.4g}."
        if self.high is not None and answer > self.high:
            return f"This number{unit} cannot be above {self.high:g}; yours is {answer:.4g}."
        return None

    def same(self, answer: Any, other: Any) -> bool:
        """Whether two answers agree."""
        if not (_is_number(answer) and _is_number(other)):
            return False
        if self.whole:
            return round(float(answer)) == round(float(other))
        return math.isclose(answer, other, rel_tol=self.tolerance, abs_tol=1e-9)

    def agreement(self, answer: Any, other: Any) -> float:
        """How much of one answer is in the other, from 0 to 1."""
        return float(self.same(answer, other))


def Share(unit: str = "a share between 0 and 1", tolerance: float = 2e-3) -> Number:
    """A fraction of one."""
    return Number(0, 1, unit=unit, share=True, tolerance=tolerance)


@dataclass(frozen=True)
class Choice:
    """One of a few letters or words."""

    options: tuple[str, ...]

    def problem(self, answer: Any) -> str | None:
        """What is wrong with the form of an answer; None when nothing is."""
        if isinstance(answer, str) and answer.strip().lower() in {option.lower() for option in self.options}:
            return None
        return f"One of these is expected, in quotes: {', '.join(self.options)}. This is {_kind(answer)}."

    def same(self, answer: Any, other: Any) -> bool:
        """Whether two answers agree."""
        return isinstance(answer, str) and answer.strip().lower() == str(other).strip().lower()

    def agreement(self, answer: Any, other: Any) -> float:
        """How much of one answer is in the other, from 0 to 1."""
        return float(self.same(answer, other))


@dataclass(frozen=True)
class Day:
    """A date within a range."""

    first: str
    last: str

    def problem(self, answer: Any) -> str | None:
        """What is wrong with the form of an answer; None when nothing is."""
        day = pd.to_datetime(answer, errors="coerce") if isinstance(answer, (str, pd.Timestamp)) else pd.NaT
        if pd.isna(day):
            return f'A date is expected here, as in pd.Timestamp("{self.first}"); this is {_kind(answer)}.'
        if not pd.Timestamp(self.first) <= day <= pd.Timestamp(self.last):
            return f"The date should lie between {self.first} and {self.last}."
        return None

    def same(self, answer: Any, other: Any) -> bool:
        """Whether two answers agree."""
        return pd.Timestamp(answer) == pd.Timestamp(other)

    def agreement(self, answer: Any, other: Any) -> float:
        """How much of one answer is in the other, from 0 to 1."""
        return float(self.same(answer, other))


@dataclass(frozen=True)
class Ids:
    """A list of ids, in any order."""

    what: str = "customer_id"

    def problem(self, answer: Any) -> str | None:
        """What is wrong with the form of an answer; None when nothing is."""
        values = list(answer) if isinstance(answer, (list, pd.Series)) else None
        if values is None or not all(isinstance(value, str) for value in values):
            return f"A list of {self.what} (text) is expected here, and this is {_kind(answer)}."
        if len(set(values)) < len(values):
            return f"The list names {len(values) - len(set(values))} {self.what} more than once."
        return None

    def same(self, answer: Any, other: Any) -> bool:
        """Whether two answers agree."""
        return set(answer) == set(other)

    def agreement(self, answer: Any, other: Any) -> float:
        """How much of one answer is in the other: shared ids over all ids in either."""
        both, either = set(answer) & set(other), set(answer) | set(other)
        return len(both) / len(either) if either else 1.0


@dataclass(frozen=True)
class Values:
    """One number or word per name: a Series with names as its index, or a dict."""

    per: str = "customer_id"
    tolerance: float = 2e-3
    labels: bool = False

    def problem(self, answer: Any) -> str | None:
        """What is wrong with the form of an answer; None when nothing is."""
        what = "label" if self.labels else "number"
        if not isinstance(answer, pd.Series):
            return (
                f"A Series (or dict) with one {what} per {self.per} is expected, and this is {_kind(answer)}."
            )
        if not len(answer) or not all(isinstance(name, str) for name in answer.index):
            return f"The index of the Series should be the {self.per}, as text."
        if answer.index.duplicated().any():
            return f"Some {self.per} stand in the index more than once."
        if answer.isna().any():
            return f"{int(answer.isna().sum())} values are missing."
        if not self.labels and not all(_is_number(value) for value in answer):
            return f"The values should be numbers, one per {self.per}."
        return None

    def same(self, answer: Any, other: Any) -> bool:
        """Whether two answers agree."""
        return self.agreement(answer, other) == 1.0

    def agreement(self, answer: Any, other: Any) -> float:
        """Share of the names, in either answer, whose values agree."""
        other = pd.Series(other)
        if not isinstance(answer, pd.Series):
            return 0.0
        right = sum(self._equal(value, other[name]) for name, value in answer.items() if name in other.index)
        return right / len(answer.index.union(other.index))

    def _equal(self, value: Any, other: Any) -> bool:
        if self.labels:
            return str(value) == str(other)
        return math.isclose(value, other, rel_tol=self.tolerance, abs_tol=1e-6)


@dataclass(frozen=True)
class Table:
    """A DataFrame with a key column and further columns."""

    key: str
    columns: tuple[str, ...]
    tolerance: float = 2e-3

    def problem(self, answer: Any) -> str | None:
        """What is wrong with the form of an answer; None when nothing is."""
        if not isinstance(answer, pd.DataFrame):
            return f"A DataFrame is expected here, and this is {_kind(answer)}."
        lacking = [name for name in (self.key, *self.columns) if name not in answer.columns]
        if lacking:
            return f"These columns are missing: {', '.join(lacking)}."
        if answer[self.key].duplicated().any():
            return f"There should be one row per {self.key}; some stand there more than once."
        return None

    def same(self, answer: Any, other: Any) -> bool:
        """Whether two answers agree."""
        return self.agreement(answer, other) == 1.0

    def agreement(self, answer: Any, other: Any) -> float:
        """Mean over the columns of the share of keys whose values agree."""
        if self.problem(answer):
            return 0.0
        theirs, ours = answer.set_index(self.key), other.set_index(self.key)
        shares = [self._column(column).agreement(theirs[column], ours[column]) for column in self.columns]
        return sum(shares) / len(shares)

    def _column(self, column: str) -> Values:
        return Values(self.key, self.tolerance)


@dataclass(frozen=True)
class Frame:
    """A DataFrame with certain columns, judged by what is in it."""

    columns: tuple[str, ...]

    def problem(self, answer: Any) -> str | None:
        """What is wrong with the form of an answer; None when nothing is."""
        if not isinstance(answer, pd.DataFrame):
            return f"A DataFrame is expected here, and this is {_kind(answer)}."
        if set(answer.columns) != set(self.columns):
            return f"Exactly these columns are expected: {', '.join(self.columns)}."
        return None

    def same(self, answer: Any, other: Any) -> bool:
        """Whether two answers agree."""
        return answer.equals(other)

    def agreement(self, answer: Any, other: Any) -> float:
        """How much of one answer is in the other, from 0 to 1."""
        return float(self.same(answer, other))


Form = Number | Choice | Day | Ids | Values | Table | Frame


def _kind(answer: Any) -> str:
    if isinstance(answer, pd.DataFrame):
        return "a DataFrame"
    if isinstance(answer, pd.Series):
        return "a Series or dict"
    if isinstance(answer, str):
        return f"the text {answer[:40]!r}"
    return f"a {type(answer).__name__}" if not _is_number(answer) else f"the number {answer:.4g}"
