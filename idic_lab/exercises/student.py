"""What a student's notebook calls: begin, choices, check, and (in the cells only the grader sees) grade.

Answers leave it as text of a closed form, so that they can be graded elsewhere.
"""

import hashlib
import hmac
import io
import json
import math
import re
import unicodedata
import zipfile
from collections.abc import KeysView, ValuesView
from datetime import date, timedelta
from decimal import Decimal
from functools import lru_cache
from numbers import Integral, Real
from operator import itemgetter
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from IPython.display import display

from idic_lab import meridian
from idic_lab.errors import LabError
from idic_lab.exercises.questions import Form, question
from idic_lab.meridian.game import World

ANSWER = "application/x.idic-answer"
PEOPLE = 400
CLASS = "class.json"  # in a student's file of a class: whose it is, and the seed of the shop to play
NOT_YET = "Not answered yet: put your answer in the place of the three dots."
RECORDED = "Recorded. Whether it is right, the grader will say."
LARGEST = 4_000_000  # characters of an answer; a table of a few tens of thousands of rows
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
    """The simulated shop of a student, with the truth planted in it; for the grader, who must not change its tables.

    >>> student_shop("ada")
    Meridian(400 people, 21 tables, seed 4260250381)
    """
    return meridian.simulate(**_world(seed_of(student_id, secret)))


def _world(seed: int) -> dict[str, Any]:
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
    if (file := _of_the_class(student)) is None:
        return meridian.open_shop(**_world(seed_of(student)))
    with zipfile.ZipFile(file) as archive:
        return meridian.open_shop(**_world(int(json.loads(archive.read(CLASS))["shop"])))


def data_file(student: str) -> str:
    """The name of the file that a student of a class has beside the notebooks."""
    return f"{student}.data.zip"


def _of_the_class(student: str) -> Path | None:
    """The file with the student's data of a class: the one of that name, else the only one; None in practice."""
    here = {path.name: path for path in sorted(Path().glob(data_file("*")))}
    own = data_file(student)
    if len(here) > 1 and own not in here:
        raise LabError(f"Several data files lie here, none of {student!r}: {', '.join(here)}.")
    return here.get(own) or next(iter(here.values()), None)


def packed(student_id: str, secret: str) -> bytes:
    """A student's data as a file: the tables, and the seed of the shop that they play eight quarters of.

    >>> len(unpacked(packed("ada", 32 * "0"))["transactions"]) > 1000
    True
    """
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        told = {"student": normal_id(student_id), "shop": str(seed_of(student_id, secret, "shop"))}
        archive.writestr(CLASS, json.dumps(told))
        for name, table in student_shop(normal_id(student_id), secret).tables.items():
            archive.writestr(f"{name}.parquet", table.to_parquet(index=False))
    return file.getvalue()


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
    practise on. LabError when it is no id.

    >>> tables = begin("ada")
    Practice data of ada: 400 customers of a shop that is yours alone.
    """
    student = normal_id(student_id)
    file = _of_the_class(student)
    tables = student_tables(student) if file is None else unpacked(file.read_bytes())
    _open["student"] = student
    what = f"Practice data of {student}" if file is None else file.name
    customers = tables["transactions"]["customer_id"].nunique()
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

    >>> tables = begin("ada")
    Practice data of ada: 400 customers of a shop that is yours alone.
    >>> check("value_q01", "many")
    value_q01: A number (customers) is expected here, and this is the text 'many'.
    >>> check("value_q01", 7)
    value_q01: Recorded. Whether it is right, the grader will say.
    """
    form = question(name, _student()).form
    print(f"{name}: {form_problem(form, form.read(decode(encode(answer)))) or RECORDED}")


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


class Unreadable:
    """Stands for an answer that cannot be graded, and says why."""

    def __init__(self, why: str):
        self.why = why

    def __repr__(self) -> str:
        return self.why


class Unanswered(Unreadable):
    """Stands for an answer that was not given."""

    def __repr__(self) -> str:
        return "no answer"


def encode(answer: Any) -> str:
    """Write an answer as JSON text; ``...`` is no answer, and what cannot be graded is written as unreadable.

    >>> encode(0.25)
    '{"kind": "number", "value": 0.25}'
    >>> decode(encode(pd.Series([1.5], index=["C1"]))).to_dict()
    {'C1': 1.5}
    """
    text = json.dumps(_packed(answer))
    too_large = {"kind": "unreadable", "why": f"The answer is too large ({len(text):,} characters)."}
    return text if len(text) <= LARGEST else json.dumps(too_large)


def _packed(answer: Any) -> dict[str, Any]:
    if answer is ... or answer is None or answer is pd.NA or answer is pd.NaT:
        return {"kind": "unanswered"}
    if isinstance(answer, pd.DataFrame):
        if not isinstance(answer.index, pd.RangeIndex):
            answer = answer.reset_index(drop=bool({*answer.columns} & {*answer.index.names}))
        columns = [list(map(_plain, answer.iloc[:, place])) for place in range(answer.shape[1])]
        return {"kind": "table", "names": [str(name) for name in answer.columns], "columns": columns}
    if isinstance(answer, dict):
        answer = pd.Series(answer, dtype=None if answer else "float64")
    if isinstance(answer, pd.Series):
        return {"kind": "series", "index": list(map(_plain, answer.index)), "values": list(map(_plain, answer))}
    if isinstance(answer, (set, frozenset)):
        answer = sorted(answer, key=str)
    if isinstance(answer, np.ndarray) and answer.ndim == 0:
        answer = answer.item()
    if isinstance(answer, (list, tuple, np.ndarray, pd.Index, pd.api.extensions.ExtensionArray, KeysView, ValuesView)):
        return {"kind": "list", "values": list(map(_plain, answer))}
    if isinstance(answer, (Decimal, np.datetime64)):
        answer = float(answer) if isinstance(answer, Decimal) else pd.Timestamp(answer)
    if isinstance(answer, Real) and not isinstance(answer, Integral) and not math.isfinite(answer):
        return {"kind": "unreadable", "why": f"The answer is {float(answer)}, which is not a number."}
    for kind, types in (("flag", (bool, np.bool_)), ("number", Real), ("text", str)):
        if isinstance(answer, types):
            return {"kind": kind, "value": _plain(answer)}
    if hasattr(answer, "isoformat"):
        return {"kind": "date", "value": answer.isoformat()}
    return {"kind": "unreadable", "why": f"An answer of type {type(answer).__name__} cannot be graded."}


def _plain(value: Any) -> Any:
    if isinstance(value, (bool, np.bool_)):
        return bool(value)
    if isinstance(value, Integral):
        return int(value)
    if isinstance(value, Real):
        return float(value) if math.isfinite(float(value)) else None
    if value is None or value is pd.NaT or value is pd.NA:
        return None
    return value.isoformat() if hasattr(value, "isoformat") else str(value)


def decode(text: str) -> Any:
    """Read an answer back from its text; what cannot be read comes back as :class:`Unreadable`.

    >>> decode(encode(print))
    An answer of type builtin_function_or_method cannot be graded.
    """
    ways = {
        "unanswered": lambda told: Unanswered(NOT_YET),
        "unreadable": lambda told: Unreadable(str(told["why"])),
        "table": lambda told: pd.DataFrame(dict(zip(told["names"], told["columns"], strict=True))),
        "series": lambda told: pd.Series(told["values"], index=told["index"]),
        "list": lambda told: list(told["values"]),
        "date": lambda told: pd.Timestamp(told["value"]),
    }
    try:
        told = json.loads(text)
        return ways.get(told["kind"], itemgetter("value"))(told)
    except (ValueError, KeyError, TypeError) as error:
        return Unreadable(f"The answer could not be read back ({type(error).__name__}).")


def form_problem(form: Form, answer: Any) -> str | None:
    """What is wrong with the form of an answer that was read back; None when nothing is."""
    return answer.why if isinstance(answer, Unreadable) else form.problem(answer)


def printable(text: str, most: int = 60) -> str:
    """A student's text for a terminal or a table: one line, and nothing that moves the cursor.

    >>> printable("a\\x1b[2Jb")
    'a?[2Jb'
    """
    return "".join(letter if letter.isprintable() else "?" for letter in text[:most])


def in_short(answer: Any) -> str:
    """An answer in a few words, for the table of common wrong answers.

    >>> in_short(0.123456), in_short(["C1", "C2"])
    ('0.1235', 'list of 2')
    """
    if isinstance(answer, (list, pd.Series)):
        return f"{'list' if isinstance(answer, list) else 'series'} of {len(answer)}"
    if isinstance(answer, pd.DataFrame):
        return f"table of {len(answer)} rows"
    number = isinstance(answer, Real) and not isinstance(answer, bool)
    return f"{answer:.4g}" if number else printable(str(answer))
