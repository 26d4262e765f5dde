"""What is right: the course's expected answers and misconceptions, and the verdict on one answer.

Both are files of the course, which students do not have. They are read before any student's code runs, and a
grading that finds them changed since stops.
"""

from __future__ import annotations

import hashlib
import importlib.util
import inspect
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

import pandas as pd

from idic_lab.errors import DataError
from idic_lab.exercises.answer_text import Unanswered, form_problem
from idic_lab.exercises.forms import AnyOf
from idic_lab.exercises.questions import Question, question
from idic_lab.exercises.student import normal_id, student_game, student_shop

SECRET = "class_secret"  # the file in the course folder that a class's data grow from
NOT_EXPECTED = "This is not the expected answer for your data."


@dataclass(frozen=True)
class Misconception:
    """A known wrong way to an answer.

    `wrong` computes the wrong answer from ``tables``, ``game`` or ``brought`` (the student's own data), or, with an argument
    named ``answer``, says whether an answer shows the misconception.
    """

    name: str
    hint: str  # for the student: which idea to think over, never the answer
    wrong: Callable[..., Any]
    credit: float = 0.25  # share of the points it still earns


@dataclass(frozen=True)
class Verdict:
    """The grader's word on one answer."""

    credit: float  # share of the points
    message: str  # for the student
    shows: str  # the misconception it shows, "right", "unanswered", "form", "partly" or "other"


def chose(beginning: str) -> Callable[[str], bool]:
    """Whether the statement chosen begins so.

    >>> chose("the mean")("the mean lies above the median")
    True
    """
    return lambda answer: isinstance(answer, str) and answer.startswith(beginning)


class AnswerKey:
    """The functions that compute the expected answers, and the misconceptions, each by the question's name.

    A function asks by name for what it needs: ``tables``, ``truth``, ``game``, ``brought``. One that also asks for ``answer``
    judges it, and returns the share of the points and a message.

    Parameters:
        course (path-like): Folder with ``answers`` and ``misconceptions``, one Python file per assignment in each.
        secret: Of the class; without one, data grow from the students' ids alone.
    """

    def __init__(self, course: str | Path, secret: str = ""):
        self.digest, self.secret = digest(course), secret
        self._answers: dict[str, Callable[..., Any]] = {}
        self._misconceptions: dict[str, tuple[Misconception, ...]] = {}
        self._computed: dict[tuple, Any] = {}
        for file in _files(course):
            module = _module(file)
            self._misconceptions.update(getattr(module, "HINTS", {}))
            if file.parent.name == "answers":
                self._answers.update(
                    {
                        name: function
                        for name, function in inspect.getmembers(module, inspect.isfunction)
                        if function.__module__ == module.__name__ and not name.startswith("_")
                    }
                )
        if not self._answers:
            raise DataError(f"No answers found in {course}/answers: expected is one Python file per assignment.")

    @property
    def names(self) -> set[str]:
        """The questions with an answer."""
        return set(self._answers)

    def judges(self, name: str) -> bool:
        """Whether an answer is judged by what it achieves rather than compared."""
        return _takes_answer(self._answers[name])

    def misconceptions(self, name: str) -> tuple[Misconception, ...]:
        """The misconceptions known for a question."""
        return self._misconceptions.get(name, ())

    def judge(self, name: str, answer: Any, student_id: str, brought: pd.DataFrame | None = None) -> Verdict:
        """Grade an answer, as :func:`idic_lab.exercises.answer_text.decode` gives it, by the data of a student."""
        student = normal_id(student_id)
        asked = question(name, student)
        answer = asked.form.read(answer)
        problem = form_problem(asked.form, answer)
        if problem:
            # A number out of range may still come from a known misconception, such as a wrong base.
            number = isinstance(answer, float)
            found = self._shown(asked, answer, student, brought) if number else None
            if found:
                return Verdict(found.credit, found.hint, found.name)
            return Verdict(0.0, problem, "unanswered" if isinstance(answer, Unanswered) else "form")
        if self.judges(name):
            credit, message = self._call(self._answers[name], student, brought, answer)
            credit = float(credit)
        else:
            expected = self._call(self._answers[name], student, brought)
            credit, message = self._compared(asked, answer, expected)
        if credit == 1:  # a hint never stands beside a right answer
            return Verdict(1.0, message, "right")
        found = self._shown(asked, answer, student, brought)
        if found:
            return Verdict(found.credit, found.hint, found.name)
        return Verdict(credit, message, "partly" if credit else "other")

    def _compared(self, asked: Question, answer: Any, expected: Any) -> tuple[float, str]:
        if asked.form.same(answer, expected):
            return 1.0, "Right."
        part = 0.0
        if asked.partial:
            ways = expected if isinstance(expected, AnyOf) else [expected]
            part = max(asked.form.agreement(answer, way) for way in ways)
        return (round(part / 2, 3), f"{part:.0%} of this is right.") if part >= 0.5 else (0.0, NOT_EXPECTED)

    def _shown(self, asked: Question, answer: Any, student: str, brought) -> Misconception | None:
        """The first misconception that an answer shows, if any."""
        for known in self.misconceptions(asked.name):
            if _takes_answer(known.wrong):
                shown = bool(self._call(known.wrong, student, brought, answer))
            else:
                shown = asked.form.same(answer, self._call(known.wrong, student, brought))
            if shown:
                return known
        return None

    def _call(self, function: Callable[..., Any], student: str, brought: Any, answer: Any = None) -> Any:
        """Call a function with what it asks for by name; what follows from the student's shop alone is kept."""
        asked = inspect.signature(function).parameters
        given = {name: value for name, value in (("brought", brought), ("answer", answer)) if name in asked}
        given |= {
            name: getattr(student_shop(student, self.secret), name) for name in ("tables", "truth") if name in asked
        }
        given |= {"game": student_game(student, self.secret)} if "game" in asked else {}
        if {"answer", "brought"} & given.keys():
            return function(**given)
        key = (student, function)
        if key not in self._computed:
            self._computed[key] = function(**given)
        return self._computed[key]


def _takes_answer(function: Callable[..., Any]) -> bool:
    return "answer" in inspect.signature(function).parameters


def _files(course: str | Path) -> Iterator[Path]:
    for folder in ("answers", "misconceptions"):
        yield from sorted((Path(course).resolve() / folder).glob("*.py"))


def secret_of(course: str | Path) -> str:
    """The secret of a course folder; empty where there is none."""
    path = Path(course) / SECRET
    if not path.exists():
        return ""
    secret = "".join(path.read_text(encoding="utf-8").split()).lower()
    if len(secret) != 32 or set(secret) - set("0123456789abcdef"):
        raise DataError(
            f"'{path}' should hold 32 digits from 0 to f, in groups as you like; it holds {len(secret)} others."
        )
    return secret


def digest(course: str | Path) -> str:
    """A fingerprint of everything that decides about points.

    >>> from idic_lab import shipped
    >>> digest(shipped("exercises")) == digest(shipped("exercises"))
    True
    """
    told = hashlib.sha256()
    for file in (*_files(course), *filter(Path.exists, [Path(course) / SECRET])):
        told.update(file.name.encode() + b"\0" + file.read_bytes() + b"\0")
    return told.hexdigest()


def _module(file: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location(f"idic_{file.parent.name}_{file.stem}", file)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
