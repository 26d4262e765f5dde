"""A question as students may see it: the form of its answer, and the misconceptions that have a hint."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from importlib import import_module
from typing import Any

import pandas as pd

from idic_lab.errors import UnknownName
from idic_lab.exercises.forms import Form

ASSIGNMENTS = (
    "identify",
    "value",
    "lifetime_value",
    "needs_and_portfolio",
    "interact",
    "customize",
    "monitor",
    "capstone",
)


@dataclass(frozen=True)
class Misconception:
    """A known wrong way to an answer.

    Attributes
    ----------
    name : str
    hint : str
        What the student reads: which idea to think over, never the answer.
    wrong : callable
        Computes the wrong answer from ``tables`` (and ``brought``, the student's own data), or, with an argument
        named ``answer``, says whether an answer shows the misconception.
    credit : float
        Share of the points it still earns.
    """

    name: str
    hint: str
    wrong: Callable[..., Any]
    credit: float = 0.25


@dataclass(frozen=True)
class Question:
    """One autograded question.

    Attributes
    ----------
    name : str
        The id of its grade cell.
    form : Form
    misconceptions : tuple of Misconception
    partial : bool
        Give credit in proportion to the part that is right, up to half the points.
    """

    name: str
    form: Form
    misconceptions: tuple[Misconception, ...] = ()
    partial: bool = False


def call(function: Callable[..., Any], **known: Any) -> Any:
    """Call a function with those of the known things that it asks for by name.

    Examples
    --------
    >>> call(lambda truth: truth + 1, tables=0, truth=1)
    2
    """
    asked = inspect.signature(function).parameters
    return function(**{name: known[name] for name in asked if name in known})


def chose(letter: str) -> Callable[[str], bool]:
    """Whether an answer to a multiple choice is this letter.

    Examples
    --------
    >>> chose("a")(" A ")
    True
    """
    return lambda answer: answer.strip().lower() == letter


def spot(question: Question, answer: Any, tables: dict, brought: pd.DataFrame | None) -> Misconception | None:
    """The first misconception that an answer shows, if any."""
    for misconception in question.misconceptions:
        known = {"tables": tables, "brought": brought, "answer": answer}
        found = call(misconception.wrong, **known)
        asks = "answer" in inspect.signature(misconception.wrong).parameters
        if bool(found) if asks else question.form.same(answer, found):
            return misconception
    return None


@lru_cache(maxsize=1)
def questions() -> dict[str, Question]:
    """Every autograded question by name."""
    found = {}
    for assignment in ASSIGNMENTS:
        module = import_module(f"idic_lab.exercises.questions.{assignment}")
        found.update({question.name: question for question in module.QUESTIONS})
    return found


def find(name: str) -> Question:
    """The question of a name.

    Raises
    ------
    UnknownName
    """
    if name not in questions():
        raise UnknownName("question", name, questions())
    return questions()[name]
