"""What an answer is worth, and what the student reads about it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pandas as pd

from idic_lab.exercises.answer_key import AnswerKey
from idic_lab.exercises.answer_text import Unanswered, Unreadable
from idic_lab.exercises.forms import Number
from idic_lab.exercises.question import Question, find, spot
from idic_lab.exercises.student_data import student_shop

FORM_IS_RIGHT = "The form is right. Whether the answer is, the grader will say."
NOT_YET = "Not answered yet: put your answer in the place of the three dots."
IN_PERCENT = "This looks like percent. A share is a fraction of one: 25% is 0.25."


@dataclass(frozen=True)
class Verdict:
    """The grader's word on one answer.

    Attributes
    ----------
    credit : float
        Share of the points, from 0 to 1.
    message : str
        For the student.
    shows : str
        Name of the misconception it shows, ``"right"``, ``"unanswered"``, ``"form"``, ``"partly"`` or ``"other"``.
    """

    credit: float
    message: str
    shows: str


def form_verdict(question: Question, answer: Any) -> Verdict | None:
    """The verdict on an answer that has not the form asked for; None when it has."""
    if isinstance(answer, Unanswered):
        return Verdict(0.0, NOT_YET, "unanswered")
    if isinstance(answer, Unreadable):
        return Verdict(0.0, answer.why, "form")
    problem = question.form.problem(answer)
    return Verdict(0.0, problem, "form") if problem else None


def judge(
    name: str, answer: Any, student_id: str, key: AnswerKey, brought: pd.DataFrame | None = None
) -> Verdict:
    """Grade one answer.

    Parameters
    ----------
    name : str
        The question.
    answer : object
        As :func:`idic_lab.exercises.answer_text.decode` gives it.
    student_id : str
        Whose data the answer must fit.
    key : AnswerKey
    brought : DataFrame, optional
        The student's own data, for the capstone.

    Returns
    -------
    Verdict
    """
    question, shop = find(name), student_shop(student_id)
    known = {"tables": shop.tables, "truth": shop.truth, "brought": brought}
    wrong_form = form_verdict(question, answer)
    if wrong_form:
        # A share above one may come from a wrong base as well as from percent, so misconceptions come first.
        is_number = isinstance(question.form, Number) and isinstance(answer, (int, float))
        found = spot(question, answer, shop.tables, brought) if is_number else None
        if found:
            return Verdict(found.credit, found.hint, found.name)
        return _percent(question, answer, key, known) or wrong_form
    if key.judges(name):
        credit, message = key.judged(name, answer=answer, **known)
        found = spot(question, answer, shop.tables, brought)
        if found:
            return Verdict(found.credit, found.hint, found.name)
        return Verdict(credit, message, "right" if credit == 1 else "partly" if credit else "other")
    expected = key.expected(name, **known)
    if question.form.same(answer, expected):
        return Verdict(1.0, "Right.", "right")
    found = spot(question, answer, shop.tables, brought)
    if found:
        return Verdict(found.credit, found.hint, found.name)
    part = question.form.agreement(answer, expected) if question.partial else 0.0
    if part >= 0.5:
        return Verdict(round(part / 2, 3), f"{part:.0%} of this is right.", "partly")
    return Verdict(0.0, "This is not the expected answer for your data.", "other")


def _percent(question: Question, answer: Any, key: AnswerKey, known: dict[str, Any]) -> Verdict | None:
    form = question.form
    if not (isinstance(form, Number) and form.share and isinstance(answer, (int, float)) and answer > 1):
        return None
    right = not key.judges(question.name) and form.same(answer / 100, key.expected(question.name, **known))
    return Verdict(0.5 if right else 0.0, IN_PERCENT, "share_in_percent")
