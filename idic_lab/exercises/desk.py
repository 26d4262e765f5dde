"""What a student's notebook calls: begin, check, and (in the cells only the grader sees) grade."""

from __future__ import annotations

import json
from typing import Any

import pandas as pd
from IPython.display import display

from idic_lab.errors import LabError
from idic_lab.exercises.answer_text import decode, encode
from idic_lab.exercises.forms import Number
from idic_lab.exercises.question import find, spot
from idic_lab.exercises.student_data import normal_id, student_shop, student_tables
from idic_lab.exercises.verdict import FORM_IS_RIGHT, IN_PERCENT, form_verdict

ANSWER = "application/x.idic-answer"
_open: dict[str, str] = {}


def begin(student_id: str) -> dict[str, pd.DataFrame]:
    """Open the exercises of one student.

    Parameters
    ----------
    student_id : str
        The id from the first code cell.

    Returns
    -------
    dict of str to DataFrame
        The tables of the student's own shop.

    Raises
    ------
    LabError
        When the id is empty or not an id.

    Examples
    --------
    >>> tables = begin("ada")
    Data of ada: 400 customers of a shop that is yours alone.
    """
    _open["student"] = normal_id(student_id)
    tables = student_tables(student_id)
    customers = tables["transactions"]["customer_id"].nunique()
    print(f"Data of {_open['student']}: {customers} customers of a shop that is yours alone.")
    return tables


def _student() -> str:
    if "student" not in _open:
        raise LabError("Run the first code cells again, from the top: they open your data.")
    return _open["student"]


def check(question: str, answer: Any, brought: pd.DataFrame | None = None) -> None:
    """Say whether an answer has the right form, and hint at a known misconception.

    It does not know the expected answer. Silence about a misconception is no promise.

    Parameters
    ----------
    question : str
        Its name, as in ``"value_q03"``.
    answer : object
    brought : DataFrame, optional
        Your own transactions, in the capstone.

    Examples
    --------
    >>> tables = begin("ada")
    Data of ada: 400 customers of a shop that is yours alone.
    >>> check("value_q01", "many")
    value_q01: A number (customers) is expected here, and this is the text 'many'.
    """
    asked = find(question)
    read = decode(encode(answer))
    verdict = form_verdict(asked, read)
    is_number = isinstance(asked.form, Number) and isinstance(read, (int, float))
    found = None
    if verdict is None or is_number:
        found = spot(
            asked, read, student_shop(_student()).tables, None if brought is None else decode(encode(brought))
        )
    if found:
        message = f"Hint: {found.hint}"
    elif verdict:
        percent = is_number and asked.form.share and 1 < read <= 100
        message = IN_PERCENT if percent else verdict.message
    else:
        message = FORM_IS_RIGHT
    print(f"{question}: {message}")


def grade(question: str, answer: Any, brought: pd.DataFrame | None = None) -> None:
    """Hand an answer to the grader, which runs in a process of its own.

    Parameters
    ----------
    question : str
    answer : object
    brought : DataFrame, optional
    """
    sent = {"question": question, "student": _student(), "answer": encode(answer)}
    if brought is not None:
        sent["brought"] = encode(brought)
    display({ANSWER: json.dumps(sent), "text/plain": "(answer handed in)"}, raw=True)
