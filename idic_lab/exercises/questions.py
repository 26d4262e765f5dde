"""The questions as students may see them: the form of each answer, and the statements to choose from.

A form says what is asked for, how exact, and which answers are the same within that. It reads what people in fact write:
a share as 0.25 or "25%", a number as text, a list as a set or an array, a Series as a dict or a table of two columns.
"""

import hashlib
import math
import random
import re
import tomllib
from dataclasses import dataclass, replace
from functools import lru_cache
from numbers import Real
from pathlib import Path
from typing import Any

import pandas as pd

from idic_lab.errors import pick

_LETTERS = "abcdefgh"


class AnyOf(list):
    """Expected answers that are all right, such as those of several ways to break ties."""


def as_number(answer: Any) -> float | None:
    """The number that an answer means, from a number, text, or a list of one; None when it is none.

    >>> as_number("1,234.50"), as_number("12 %"), as_number([3]), as_number("many")
    (1234.5, 0.12, 3.0, None)
    """
    if isinstance(answer, Real) and not isinstance(answer, bool):
        return float(answer)
    if isinstance(answer, str) and len(answer) < 64:
        found = re.fullmatch(r"([-+]?[\d,]*\.?\d+(?:[eE][-+]?\d+)?)\s*(%?)", answer.strip())
        return None if not found else float(found[1].replace(",", "")) / (100 if found[2] else 1)
    if isinstance(answer, (list, pd.Series)) and len(answer) == 1:
        return as_number(next(iter(answer)))
    return None


def _plain(name: Any) -> str:
    """A name without what people write in several ways: case, blanks, underscores and hyphens."""
    return re.sub(r"[\s_-]+", "", str(name)).lower()


@dataclass(frozen=True)
class Form:
    """What every form can say; each says in a sentence what is ``asked()``, and what is the ``problem(answer)``, or None."""

    unit: str = ""
    decimals: int = 2  # the precision asked for
    tolerance: float = 2e-3  # a relative difference
    share: bool = False

    def read(self, answer: Any) -> Any:
        """An answer as this form compares it; as it is when it is none of these."""
        return answer

    def agreement(self, answer: Any, other: Any) -> float:
        """How much of one answer is in the other, from 0 to 1."""
        return float(self.read(answer) == self.read(other))

    def same(self, answer: Any, expected: Any) -> bool:
        """Whether an answer is the expected one, or one of them."""
        ways = expected if isinstance(expected, AnyOf) else [expected]
        return any(self.agreement(answer, way) == 1.0 for way in ways)

    def _equal(self, answer: float, other: float) -> bool:
        close = abs(answer - other) <= 0.5 * 10.0**-self.decimals * (1 + 1e-9)
        return close or math.isclose(answer, other, rel_tol=self.tolerance, abs_tol=1e-9)

    def _precision(self) -> str:
        decimals = f"{self.decimals} decimal{'s' if self.decimals > 1 else ''} or more"
        return decimals if self.decimals else "whole numbers are exact enough"


@dataclass(frozen=True)
class Number(Form):
    """A number, maybe within a range; a share may be given in percent.

    >>> share = Number(share=True, low=0, high=1)
    >>> [share.same(share.read(answer), 0.1834) for answer in (0.1834, 0.18, 18.3, "18%", 0.19)]
    [True, True, True, True, False]
    """

    low: float | None = None
    high: float | None = None
    whole: bool = False

    def asked(self) -> str:
        if self.whole:
            return f"a whole number ({self.unit})"
        if self.share:
            percent = " or in percent (0.25, 25 or 25%)"
            return f"{self.unit or 'a share between 0 and 1'}{percent}; {self._precision()}"
        return f"a number{f' ({self.unit})' if self.unit else ''}; {self._precision()}"

    def read(self, answer: Any) -> Any:
        number = as_number(answer)
        return answer if number is None else number

    def problem(self, answer: Any) -> str | None:
        unit, scale = f" ({self.unit})" if self.unit else "", 100 if self.share else 1
        if not isinstance(answer, float):
            return f"A number{unit} is expected here, and this is {_kind(answer)}."
        if self.whole and answer != round(answer):
            return f"A whole number{unit} is expected here; this is {answer:.4g}."
        if self.low is not None and answer < self.low * scale:
            return f"This number{unit} cannot be below {self.low:g}; yours is {answer:.4g}."
        if self.high is not None and answer > self.high * scale:
            return f"This number{unit} cannot be above {self.high:g}; yours is {answer:.4g}."
        return None

    def agreement(self, answer: Any, other: Any) -> float:
        answer, other = as_number(answer), as_number(other)
        if answer is None or other is None:
            return 0.0
        if self.whole:
            return float(round(answer) == round(other))
        return float(self._equal(answer, other) or (self.share and self._equal(answer / 100, other)))


@dataclass(frozen=True)
class Choice(Form):
    """One of a few statements, lettered in an order of the student's own, or one of a few words.

    >>> choice = Choice(options=("the mean", "the median"))
    >>> [choice.read(answer) for answer in ("a", "B)", "the med", "x")]
    ['the mean', 'the median', 'the median', 'x']
    """

    options: tuple[str, ...] = ()
    words: bool = False

    def asked(self) -> str:
        if self.words:
            few = len(self.options) < 12
            return f"one of {', '.join(self.options) if few else f'{self.options[0]} to {self.options[-1]}'}, in quotes"
        *letters, last = _LETTERS[: len(self.options)]
        return f"one letter in quotes: {', '.join(letters)} or {last}"

    def read(self, answer: Any) -> Any:
        if not isinstance(answer, str):
            return answer
        said = answer.strip().strip("'\"").lower()
        letters = {} if self.words else dict(zip(_LETTERS, self.options, strict=False))
        if (letter := said.strip("().: ")) in letters:
            return letters[letter]
        found = [option for option in self.options if option.lower() == said]
        if not found and len(said) >= 5:
            found = [option for option in self.options if option.lower().startswith(said)]
        return found[0] if len(found) == 1 else answer

    def problem(self, answer: Any) -> str | None:
        said = isinstance(answer, str) and answer in self.options
        return None if said else f"Expected is {self.asked()}. This is {_kind(answer)}."


@dataclass(frozen=True)
class Day(Form):
    """A date within a range."""

    first: str = ""
    last: str = ""

    def asked(self) -> str:
        return f'a date, as in pd.Timestamp("{self.first}") or "{self.first}"'

    def read(self, answer: Any) -> Any:
        day = pd.to_datetime(answer, errors="coerce") if isinstance(answer, (str, pd.Timestamp)) else pd.NaT
        return answer if pd.isna(day) else day.tz_localize(None).normalize()

    def problem(self, answer: Any) -> str | None:
        if not isinstance(answer, pd.Timestamp):
            return f"Expected is {self.asked()}; this is {_kind(answer)}."
        if not pd.Timestamp(self.first) <= answer <= pd.Timestamp(self.last):
            return f"The date should lie between {self.first} and {self.last}."
        return None


@dataclass(frozen=True)
class Ids(Form):
    """A list of ids, in any order."""

    per: str = "customer_id"

    def asked(self) -> str:
        return f"a list of {self.per}, in any order"

    def read(self, answer: Any) -> Any:
        if isinstance(answer, pd.DataFrame):
            answer = answer[self.per] if self.per in answer.columns else answer
        if isinstance(answer, pd.Series):
            texts = all(isinstance(value, str) for value in answer)
            answer = answer if texts or not all(isinstance(name, str) for name in answer.index) else answer.index
        return list(answer) if isinstance(answer, (list, pd.Series, pd.Index)) else answer

    def problem(self, answer: Any) -> str | None:
        if not isinstance(answer, list) or not all(isinstance(value, str) for value in answer):
            return f"A list of {self.per} (text) is expected here, and this is {_kind(answer)}."
        if len(set(answer)) < len(answer):
            return f"The list names {len(answer) - len(set(answer))} {self.per} more than once."
        return None

    def agreement(self, answer: Any, other: Any) -> float:
        both, either = set(answer) & set(other), set(answer) | set(other)
        return len(both) / len(either) if either else 1.0


@dataclass(frozen=True)
class Values(Form):
    """One number or word per name: a Series with names as its index, a dict, or a table of two columns."""

    per: str = "customer_id"
    labels: bool = False

    def asked(self) -> str:
        unit = "one label" if self.labels else self.unit or ("a share, or percent" if self.share else "a number")
        return f"a Series (or dict) with {unit} per {self.per}" + ("" if self.labels else f"; {self._precision()}")

    def read(self, answer: Any) -> Any:
        if isinstance(answer, pd.DataFrame) and answer.shape[1] == 2:
            answer = answer.set_index(self.per if self.per in answer else answer.columns[0]).iloc[:, 0]
        if isinstance(answer, pd.Series) and not self.labels:
            answer = answer.map(lambda value: value if as_number(value) is None else as_number(value))
        return answer

    def problem(self, answer: Any) -> str | None:
        what = "label" if self.labels else "number"
        if not isinstance(answer, pd.Series):
            return f"A Series (or dict) with one {what} per {self.per} is expected, and this is {_kind(answer)}."
        if not len(answer) or not all(isinstance(name, str) for name in answer.index):
            return f"The index of the Series should be the {self.per}, as text."
        if answer.index.duplicated().any():
            return f"Some {self.per} stand in the index more than once."
        if answer.isna().any():
            return f"{int(answer.isna().sum())} values are missing."
        if not self.labels and not all(isinstance(value, Real) for value in answer):
            return f"The values should be numbers, one per {self.per}."
        return None

    def agreement(self, answer: Any, other: Any) -> float:
        if not isinstance(answer, pd.Series):
            return 0.0
        ours, theirs = ({_plain(name): value for name, value in pd.Series(one).items()} for one in (other, answer))
        both, either = ours.keys() & theirs.keys(), ours.keys() | theirs.keys()
        if self.labels:
            return sum(str(theirs[name]) == str(ours[name]) for name in both) / max(len(either), 1)
        told = {name: number for name in both if (number := as_number(theirs[name])) is not None}
        scales = (1, 100) if self.share else (1,)
        right = [sum(self._equal(told[name] / scale, float(ours[name])) for name in told) for scale in scales]
        return max(right) / max(len(either), 1)


@dataclass(frozen=True)
class Table(Form):
    """A DataFrame with a key column and further columns; without a key exactly these, judged by what is in them."""

    per: str = ""
    columns: tuple[str, ...] = ()

    def asked(self) -> str:
        rows = f"one row per {self.per}, and " if self.per else ""
        return f"a DataFrame with {rows}the columns {', '.join(filter(None, (self.per, *self.columns)))}"

    def problem(self, answer: Any) -> str | None:
        if not isinstance(answer, pd.DataFrame):
            return f"A DataFrame is expected here, and this is {_kind(answer)}."
        if not self.per:
            exact = set(answer.columns) == set(self.columns)
            return None if exact else f"Exactly these columns are expected: {', '.join(self.columns)}."
        lacking = [name for name in (self.per, *self.columns) if name not in answer.columns]
        if lacking:
            return f"These columns are missing: {', '.join(lacking)}."
        if answer[self.per].duplicated().any():
            return f"There should be one row per {self.per}; some stand there more than once."
        return None

    def agreement(self, answer: Any, other: Any) -> float:
        if self.problem(answer):
            return 0.0
        if not self.per:
            return float(answer.equals(other))
        theirs, ours = answer.set_index(self.per), other.set_index(self.per)
        values = Values(per=self.per, decimals=9, tolerance=1e-9)
        return sum(values.agreement(theirs[name], ours[name]) for name in self.columns) / len(self.columns)


def _kind(answer: Any) -> str:
    if isinstance(answer, pd.Series):
        return "a Series or dict"
    if isinstance(answer, str):
        return f"the text {answer[:40]!r}"
    if isinstance(answer, Real) and not isinstance(answer, bool):
        return f"the number {answer:.4g}"
    return f"a {type(answer).__name__}"


@dataclass(frozen=True)
class Question:
    """One autograded question."""

    name: str  # the id of its grade cell, such as "value_q03"
    title: str
    form: Form
    concept: str = ""  # what it is about, for the mastery of each concept
    decides: bool = False  # whether it asks to interpret or to decide
    partial: bool = False  # whether an answer that is right in part earns points in proportion, up to half


_FORMS = {form.__name__.lower(): form for form in (Number, Choice, Day, Ids, Values, Table)} | {"frame": Table}


def _read(name: str, told: dict[str, Any]) -> Question:
    own = {key: told.pop(key) for key in ("title", "concept", "decides", "partial") if key in told}
    kind = pick("form of an answer", told.pop("form"), _FORMS)
    form = kind(**{key: tuple(value) if isinstance(value, list) else value for key, value in told.items()})
    return Question(name, form=form, **own)


_TOLD = tomllib.loads(Path(__file__).with_name("questions.toml").read_text(encoding="utf-8"))
ASSIGNMENTS = tuple(_TOLD)
_ENTRIES = {f"{part}_{number}": told for part, entries in _TOLD.items() for number, told in entries.items()}
QUESTIONS = {name: _read(name, told) for name, told in _ENTRIES.items()}


@lru_cache(maxsize=1024)
def question(name: str, student_id: str = "") -> Question:
    """The question of a name, as one student sees it: the statements of a choice are in an order of their own.

    >>> question("value_q01").form.asked()
    'a whole number (customers)'
    >>> question("value_q11", "ada").form.options[0] == question("value_q11", "bob").form.options[0]
    False
    """
    found = pick("question", name, QUESTIONS)
    if not student_id or not isinstance(found.form, Choice) or found.form.words:
        return found
    seed = hashlib.sha256(f"{student_id}/{name}".encode()).digest()
    order = random.Random(seed).sample(found.form.options, len(found.form.options))
    return replace(found, form=replace(found.form, options=tuple(order)))
