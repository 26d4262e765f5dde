"""What is right: the course's expected answers and misconceptions, and the verdict on one answer.

Both are files of the course, which students do not have. They are read before any student's code runs, and a
grading that finds them changed since stops.
"""

import hashlib
import inspect
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from types import ModuleType
from typing import Any

import pandas as pd

from idic_lab.errors import DataError, LabError
from idic_lab.exercises.questions import AnyOf, Choice, Form, Question, question
from idic_lab.exercises.student import Unanswered, form_problem, normal_id, student_game, student_shop

SECRET = "class_secret"  # the file in the course folder that a class's data grow from
NOT_EXPECTED = "This is not the expected answer for your data."
FOLLOWS = "This follows from your answer to {}, which is not right itself: look there first."


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
    shows: str  # the misconception it shows, "right", "follows", "unanswered", "form", "partly" or "other"


def chose(beginning: str) -> Callable[[str], bool]:
    """Whether the statement chosen begins so.

    >>> chose("the mean")("the mean lies above the median")
    True
    """
    return lambda answer: isinstance(answer, str) and answer.startswith(beginning)


class AnswerKey:
    """The functions that compute the expected answers, and the misconceptions, each by the question's name.

    A function asks by name for what it needs: ``tables``, ``truth``, ``game``, ``brought``, ``class_orders`` (those of every shop
    that the class list and the secret make), or an earlier question for its answer. One that also asks for ``answer`` judges it,
    and returns the share of the points and a message. Without the secret of a class, data grow from the students' ids alone.
    """

    def __init__(self, course: str | Path, secret: str = ""):
        self.digest, self.secret, self.course = digest(course), secret, Path(course)
        self._answers: dict[str, Callable[..., Any]] = {}
        self._misconceptions: dict[str, tuple[Misconception, ...]] = {}
        self._computed: dict[tuple, Any] = {}
        for file in _files(course):
            module = ModuleType(f"idic_{file.parent.name}_{file.stem}")
            # From the source that the digest is of: an import would trust, and leave, cached bytecode beside it.
            exec(compile(file.read_bytes(), str(file), "exec"), vars(module))
            self._misconceptions.update(getattr(module, "HINTS", {}))
            if file.parent.name == "answers":
                for name, function in inspect.getmembers(module, inspect.isfunction):
                    if function.__module__ == module.__name__ and not name.startswith("_"):
                        self._answers[name] = function
        if not self._answers:
            raise DataError(f"No answers found in {course}/answers: expected is one Python file per assignment.")

    @property
    def names(self) -> set[str]:
        return set(self._answers)

    def judges(self, name: str) -> bool:
        """Whether an answer is judged by what it achieves rather than compared."""
        return _takes_answer(self._answers[name])

    def misconceptions(self, name: str) -> tuple[Misconception, ...]:
        """The misconceptions known for a question."""
        return self._misconceptions.get(name, ())

    def judge(
        self, name: str, answer: Any, student_id: str, brought: pd.DataFrame | None = None, earlier: dict | None = None
    ) -> Verdict:
        """Grade an answer, as :func:`idic_lab.exercises.student.decode` gives it, by the data of a student.

        What follows rightly from a wrong answer to an `earlier` question earns most of the points.
        """
        student = normal_id(student_id)
        asked = question(name, student)
        answer = asked.form.read(answer)
        problem = form_problem(asked.form, answer)
        if problem:
            verdict = Verdict(0.0, problem, "unanswered" if isinstance(answer, Unanswered) else "form")
        elif self.judges(name):
            credit, message = self._call(self._answers[name], student, brought, answer)
            shows = "right" if credit == 1 else "partly" if credit else "other"
            verdict = Verdict(float(credit), message, shows)
        else:
            verdict = _compared(asked, answer, self._call(self._answers[name], student, brought))
        # A hint never stands beside a right answer; a number out of range may still come from a known misconception,
        # such as a wrong base.
        if verdict.shows == "right" or (problem and not isinstance(answer, float)):
            return verdict
        if not problem and (follows := self._following(asked, answer, student, brought, earlier or {})):
            return follows
        found = self._shown(asked, answer, student, brought)
        return Verdict(found.credit, found.hint, found.name) if found else verdict

    def _following(self, asked: Question, answer: Any, student: str, brought: Any, earlier: dict) -> Verdict | None:
        """The verdict on what follows rightly from the student's own earlier answers.

        Most of the points where a wrong one comes from a known misconception or lies near what is right; otherwise it may be
        made up so that the rest is easy, and earns what a misconception does.
        """
        function, given, wrong, likely = self._answers[asked.name], {}, [], True
        for name in filter(self._answers.__contains__, inspect.signature(function).parameters):
            form = question(name, student).form
            told, right = form.read(earlier.get(name)), self._call(self._answers[name], student, brought)
            if form_problem(form, told):
                return None
            percent = isinstance(told, float) and form.share and abs(told) > 1
            given[name] = told / 100 if percent else told
            shows = self.judge(name, told, student, brought).shows
            if shows != "right":
                wrong.append(repr(question(name).title))
                known = shows in {known.name for known in self.misconceptions(name)}
                likely &= known or (not isinstance(asked.form, Choice) and _near(form, given[name], right))
        if not given or not asked.form.same(answer, follows := self._call(function, student, brought, given=given)):
            return None
        if not wrong:  # a right one was rounded
            return Verdict(1.0, "Right.", "right")
        exact = replace(asked.form, share=False)
        easy = isinstance(follows, float) and (exact.same(follows, 0.0) or exact.same(follows, 1.0))
        return Verdict(0.75 if likely and not easy else 0.25, FOLLOWS.format(" and ".join(wrong)), "follows")

    def _shown(self, asked: Question, answer: Any, student: str, brought) -> Misconception | None:
        """The first misconception that an answer shows, if any."""
        for known in self.misconceptions(asked.name):
            wrong = self._call(known.wrong, student, brought, answer)
            if wrong if _takes_answer(known.wrong) else asked.form.same(answer, wrong):
                return known
        return None

    def _call(
        self, function: Callable[..., Any], student: str, brought: Any, answer: Any = None, given: Any = None
    ) -> Any:
        """Call a function with what it asks for by name; what follows from the student's shop alone is kept."""
        asked, kept = inspect.signature(function).parameters, self._computed
        answers = self._answers.items()
        ways = {
            "brought": lambda: brought,
            "answer": lambda: answer,
            "tables": lambda: student_shop(student, self.secret).tables,
            "truth": lambda: student_shop(student, self.secret).truth,
            "game": lambda: student_game(student, self.secret),
            "class_orders": lambda: self._class_orders(student),
        }
        ways |= {name: partial(self._call, earlier, student, brought) for name, earlier in answers if name in asked}
        ways |= {name: partial(dict.get, given, name) for name in given or ()}
        if given or (student, function) not in kept or not {"answer", "brought"}.isdisjoint(asked):
            found = function(**{name: way() for name, way in ways.items() if name in asked})
            if given:
                return found
            kept[student, function] = found
        return kept[student, function]

    def _class_orders(self, student: str) -> Iterator[pd.DataFrame]:
        """The orders of the student's shop, of class and of practice, and of everybody's who was handed out to or handed in."""
        names = {student}
        for folder in (*self.course.glob("handed-out/*"), *self.course.glob("submitted/*")):
            with suppress(LabError):
                names.add(normal_id(folder.name))
        yield student_shop(student).tables["transactions"]
        yield from (student_shop(name, self.secret).tables["transactions"] for name in sorted(names))


def _near(form: Form, told: Any, right: Any) -> bool:
    """Whether a wrong answer may come from an honest mistake: a number within half and double, half of the ids."""
    if isinstance(told, float):
        return told not in (0, 1) and right != 0 and 0.5 <= told / right <= 2
    return form.agreement(told, right) >= 0.5


def _compared(asked: Question, answer: Any, expected: Any) -> Verdict:
    if asked.form.same(answer, expected):
        return Verdict(1.0, "Right.", "right")
    ways = expected if isinstance(expected, AnyOf) else [expected]
    part = max(asked.form.agreement(answer, way) for way in ways) if asked.partial else 0.0
    if part < 0.5:
        return Verdict(0.0, NOT_EXPECTED, "other")
    return Verdict(round(part / 2, 3), f"{part:.0%} of this is right.", "partly")


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
        told = f"it holds {len(secret)} others."
        raise DataError(f"'{path}' should hold 32 digits from 0 to f, in groups as you like; {told}")
    return secret


def digest(course: str | Path) -> str:
    """A fingerprint of everything that decides about points."""
    told = hashlib.sha256()
    for file in (*_files(course), *filter(Path.exists, [Path(course) / SECRET])):
        told.update(file.name.encode() + b"\0" + file.read_bytes() + b"\0")
    return told.hexdigest()
