"""What a student's notebook calls: begin, choices, check, and (in the cells only the grader sees) grade."""

from __future__ import annotations

import hashlib
import hmac
import io
import json
import re
import unicodedata
import zipfile
from datetime import date, timedelta
from functools import lru_cache
from pathlib import Path
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
CLASS = "class.json"  # in a student's file of a class: whose it is, and the seed of the shop to play
RECORDED = "Recorded. Whether it is right, the grader will say."
_VALID = re.compile(r"[^\W_][\w.@-]{0,63}")
# Mondays on which the share of filled baskets may step up; clear of Christmas and of the slower deliveries.
_STEPS = [date(2024, 4, 1) + timedelta(weeks=week) for week in (*range(28), *range(43, 57))]
_open: dict[str, str] = {}


def normal_id(student_id: str) -> str:
    """A student's id as it counts: in lower case, without accents, a dot for each blank.

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


def seed_of(student_id: str, secret: str = "", part: str = "data") -> int:
    """The seed of a student's data: of the id alone in practice; in a class of its secret too, for data and shop apart.

    >>> seed_of("ada") == seed_of(" Ada "), seed_of("ada") == seed_of("bob")
    (True, False)
    >>> seed_of("ada", 32 * "0") == seed_of("ada", 32 * "1")
    False
    """
    name = normal_id(student_id)
    if not secret:
        return int(hashlib.sha256(name.encode()).hexdigest()[:8], 16)
    return int(hmac.new(bytes.fromhex(secret), f"{part}/{name}".encode(), hashlib.sha256).hexdigest()[:32], 16)


@lru_cache(maxsize=64)
def student_shop(student_id: str, secret: str = "") -> meridian.Meridian:
    """The simulated shop of a student, with the truth planted in it; for the grader.

    It is shared between calls: do not change its tables.

    >>> student_shop("ada")
    Meridian(400 people, 15 tables, seed 4260250381)
    """
    return meridian.simulate(**_world(seed_of(student_id, secret)))


def _world(seed: int) -> dict[str, Any]:
    """How the shop of a student is made."""
    return {"n": PEOPLE, "seed": seed, "difficulty": {"step_date": _STEPS[seed % len(_STEPS)].isoformat()}}


def student_game(student_id: str, secret: str = "") -> World:
    """The shop of a student at the beginning of its eight quarters; for the grader.

    >>> student_game("ada").view.quarter
    1
    """
    return _begun(seed_of(student_id, secret, "shop")).again()


@lru_cache(maxsize=64)
def _begun(seed: int) -> World:
    return World(**_world(seed))


def my_shop() -> meridian.Shop:
    """The student's own shop, open for eight quarters.

    >>> tables = begin("ada")
    Practice data of ada: 400 customers of a shop that is yours alone.
    >>> with my_shop() as shop:
    ...     shop.view.quarter
    1
    """
    student = _student()
    file = _of_the_class(student)
    if file is None:
        return meridian.open_shop(**_world(seed_of(student)))
    with zipfile.ZipFile(file) as archive:
        return meridian.open_shop(**_world(int(json.loads(archive.read(CLASS))["shop"])))


def data_file(student: str) -> str:
    """The name of the file that a student of a class has beside the notebooks.

    >>> data_file("ada")
    'ada.data.zip'
    """
    return f"{student}.data.zip"


def _of_the_class(student: str) -> Path | None:
    """The file with the student's data of a class: the one of that name, else the only one; None in practice."""
    here = sorted(Path().glob(data_file("*")))
    own = [path for path in here if path.name == data_file(student)]
    if len(here) > 1 and not own:
        raise LabError(f"Several data files lie here, none of {student!r}: {', '.join(path.name for path in here)}.")
    return next(iter(own or here), None)


def unpacked(content: bytes) -> dict[str, pd.DataFrame]:
    """The tables in such a file."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        names = [name for name in archive.namelist() if name != CLASS]
        return {Path(name).stem: pd.read_parquet(io.BytesIO(archive.read(name))) for name in names}


def student_tables(student_id: str) -> dict[str, pd.DataFrame]:
    """The tables of a student's practice shop, as copies that may be changed.

    >>> student_tables("ada")["transactions"]["customer_id"].nunique()
    400
    """
    return {name: table.copy() for name, table in student_shop(normal_id(student_id)).tables.items()}


def begin(student_id: str) -> dict[str, pd.DataFrame]:
    """Open the exercises of one student: the tables of a shop that nobody else has.

    In a class they are read from the file ``<id>.data.zip`` beside the notebook; without one they grow from the id, to
    practise on.

    Raises:
        LabError: When the id is empty or not an id.

    >>> tables = begin("ada")
    Practice data of ada: 400 customers of a shop that is yours alone.
    """
    student = normal_id(student_id)
    file = _of_the_class(student)
    tables = student_tables(student) if file is None else unpacked(file.read_bytes())
    _open["student"] = student
    customers = tables["transactions"]["customer_id"].nunique()
    what = f"Practice data of {student}" if file is None else f"{file.name}"
    print(f"{what}: {customers} customers of a shop that is yours alone.")
    return tables


def _student() -> str:
    if "student" not in _open:
        raise LabError("Run the first code cells again, from the top: they open your data.")
    return _open["student"]


def choices(name: str) -> None:
    """Print the statements of a choice, in the order and under the letters that this student has.

    >>> tables = begin("ada")
    Practice data of ada: 400 customers of a shop that is yours alone.
    >>> choices("value_q11")
    a) ...
    b) ...
    c) ...
    """
    for letter, statement in zip("abcdefgh", question(name, _student()).form.options, strict=False):
        print(f"{letter}) {statement}")


def check(name: str, answer: Any, brought: pd.DataFrame | None = None) -> None:
    """Say whether an answer has the form asked for. It knows neither the right answer nor the wrong ones.

    Parameters:
        name: Of the question, as in ``"value_q03"``.
        brought: Your own transactions, in the capstone.

    >>> tables = begin("ada")
    Practice data of ada: 400 customers of a shop that is yours alone.
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

    >>> tables = begin("ada")
    Practice data of ada: 400 customers of a shop that is yours alone.
    >>> grade("value_q01", 400)
    {'application/x.idic-answer': ...}
    """
    sent = {"question": name, "student": _student(), "answer": encode(answer)}
    if brought is not None:
        sent["brought"] = encode(brought)
    display({ANSWER: json.dumps(sent), "text/plain": "(answer handed in)"}, raw=True)
