"""What a student's notebook calls: begin, choices, check, and (in the cells only the grader sees) grade."""

from __future__ import annotations

import hashlib
import json
import re
import unicodedata
from datetime import date, timedelta
from functools import lru_cache
from typing import Any

import pandas as pd
from IPython.display import display

from idic_lab import meridian
from idic_lab.errors import LabError
from idic_lab.exercises.answer_text import decode, encode, form_problem
from idic_lab.exercises.questions import question, read
from idic_lab.meridian.game import World

ANSWER = "application/x.idic-answer"
PEOPLE = 400
RECORDED = "Recorded. Whether it is right, the grader will say."
_VALID = re.compile(r"[^\W_][\w.@-]{0,63}")
# Mondays on which the share of filled baskets may step up; clear of Christmas and of the slower deliveries.
_STEPS = [date(2024, 4, 1) + timedelta(weeks=week) for week in (*range(28), *range(43, 57))]
_open: dict[str, str] = {}


def normal_id(student_id: str) -> str:
    """A student's id as it counts: in lower case, without accents, a dot for each blank.

    Raises
    ------
    LabError
        When it is empty, longer than 64 characters, or has others than letters, digits, blanks, and ``. _ @ -``.

    Examples
    --------
    >>> normal_id(" Ada.L "), normal_id("José Núñez")
    ('ada.l', 'jose.nunez')
    """
    text = unicodedata.normalize("NFKD", student_id if isinstance(student_id, str) else "")
    text = "".join(letter for letter in text if not unicodedata.combining(letter))
    text = ".".join(unicodedata.normalize("NFC", text).lower().split())
    if not _VALID.fullmatch(text):
        raise LabError(
            f"STUDENT_ID is {student_id!r}. Write the id your instructor gave you between the quotes in the first "
            "code cell: letters, digits, blanks, and . _ @ - only, at most 64 characters."
        )
    return text


def seed_of(student_id: str) -> int:
    """The seed of a student's data: the same id gives the same data on every machine.

    Examples
    --------
    >>> seed_of("ada") == seed_of(" Ada "), seed_of("ada") == seed_of("bob")
    (True, False)
    """
    return int(hashlib.sha256(normal_id(student_id).encode()).hexdigest()[:8], 16)


@lru_cache(maxsize=64)
def student_shop(student_id: str) -> meridian.Meridian:
    """The simulated shop of a student, with the truth planted in it; for the grader.

    It is shared between calls: do not change its tables.

    Examples
    --------
    >>> student_shop("ada")
    Meridian(400 people, 15 tables, seed 4260250381)
    """
    return meridian.simulate(**_world(student_id))


def _world(student_id: str) -> dict[str, Any]:
    """How the shop of a student is made."""
    seed = seed_of(student_id)
    return {"n": PEOPLE, "seed": seed, "difficulty": {"step_date": _STEPS[seed % len(_STEPS)].isoformat()}}


def student_game(student_id: str) -> World:
    """The shop of a student at the beginning of its eight quarters; for the grader.

    Examples
    --------
    >>> student_game("ada").view.quarter
    1
    """
    return _begun(normal_id(student_id)).again()


@lru_cache(maxsize=64)
def _begun(student_id: str) -> World:
    return World(**_world(student_id))


def my_shop() -> meridian.Shop:
    """The student's own shop, open for eight quarters; the tables are those of :func:`begin`.

    Examples
    --------
    >>> tables = begin("ada")
    Data of ada: 400 customers of a shop that is yours alone.
    >>> with my_shop() as shop:
    ...     shop.view.quarter
    1
    """
    return meridian.open_shop(**_world(_student()))


def student_tables(student_id: str) -> dict[str, pd.DataFrame]:
    """The tables of a student's shop, as copies that may be changed.

    Examples
    --------
    >>> student_tables("ada")["transactions"]["customer_id"].nunique()
    400
    """
    return {name: table.copy() for name, table in student_shop(normal_id(student_id)).tables.items()}


def begin(student_id: str) -> dict[str, pd.DataFrame]:
    """Open the exercises of one student: the tables of a shop that nobody else has.

    Raises
    ------
    LabError
        When the id is empty or not an id.

    Examples
    --------
    >>> tables = begin("ada")
    Data of ada: 400 customers of a shop that is yours alone.
    """
    tables = student_tables(student_id)
    _open["student"] = normal_id(student_id)
    customers = tables["transactions"]["customer_id"].nunique()
    print(f"Data of {_open['student']}: {customers} customers of a shop that is yours alone.")
    return tables


def _student() -> str:
    if "student" not in _open:
        raise LabError("Run the first code cells again, from the top: they open your data.")
    return _open["student"]


def choices(name: str) -> None:
    """Print the statements of a choice, in the order and under the letters that this student has.

    Examples
    --------
    >>> tables = begin("ada")
    Data of ada: 400 customers of a shop that is yours alone.
    >>> choices("value_q11")
    a) ...
    b) ...
    c) ...
    """
    for letter, statement in zip("abcdefgh", question(name, _student()).form.options, strict=False):
        print(f"{letter}) {statement}")


def check(name: str, answer: Any, brought: pd.DataFrame | None = None) -> None:
    """Say whether an answer has the form asked for. It knows neither the right answer nor the wrong ones.

    Parameters
    ----------
    name : str
        Of the question, as in ``"value_q03"``.
    brought : DataFrame, optional
        Your own transactions, in the capstone.

    Examples
    --------
    >>> tables = begin("ada")
    Data of ada: 400 customers of a shop that is yours alone.
    >>> check("value_q01", "many")
    value_q01: A number (customers) is expected here, and this is the text 'many'.
    >>> check("value_q01", 7)
    value_q01: Recorded. Whether it is right, the grader will say.
    """
    student = _student()
    meant = read(name, decode(encode(answer)), student)
    print(f"{name}: {form_problem(question(name, student).form, meant) or RECORDED}")


def grade(name: str, answer: Any, brought: pd.DataFrame | None = None) -> None:
    """Hand an answer to the grader, which runs in a process of its own.

    Examples
    --------
    >>> tables = begin("ada")
    Data of ada: 400 customers of a shop that is yours alone.
    >>> grade("value_q01", 400)
    {'application/x.idic-answer': ...}
    """
    sent = {"question": name, "student": _student(), "answer": encode(answer)}
    if brought is not None:
        sent["brought"] = encode(brought)
    display({ANSWER: json.dumps(sent), "text/plain": "(answer handed in)"}, raw=True)
