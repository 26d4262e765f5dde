"""Answers as text of a closed form, so that they can leave the student's notebook and be graded elsewhere."""

from __future__ import annotations

import json
import math
from collections.abc import KeysView, ValuesView
from decimal import Decimal
from numbers import Integral, Real
from typing import Any

import numpy as np
import pandas as pd

from idic_lab.exercises.forms import Form

NOT_YET = "Not answered yet: put your answer in the place of the three dots."
LARGEST = 4_000_000  # characters; a table of a few tens of thousands of rows


class Unanswered:
    """Stands for an answer that was not given."""

    def __repr__(self) -> str:
        return "no answer"


class Unreadable:
    """Stands for an answer that cannot be graded, and says why."""

    def __init__(self, why: str):
        self.why = why

    def __repr__(self) -> str:
        return self.why


def encode(answer: Any) -> str:
    """Write an answer as JSON text.

    Parameters:
        answer: ``...`` is no answer. Anything else is written as unreadable, with its type.

    >>> encode(0.25)
    '{"kind": "number", "value": 0.25}'
    >>> decode(encode(pd.Series([1.5], index=["C1"]))).to_dict()
    {'C1': 1.5}
    """
    text = json.dumps(_packed(answer))
    if len(text) > LARGEST:
        return json.dumps({"kind": "unreadable", "why": f"The answer is too large ({len(text):,} characters)."})
    return text


def _packed(answer: Any) -> dict[str, Any]:
    if answer is ... or answer is None or answer is pd.NA or answer is pd.NaT:
        return {"kind": "unanswered"}
    if isinstance(answer, pd.DataFrame):
        frame = answer if isinstance(answer.index, pd.RangeIndex) else _with_index(answer)
        columns = [_column(frame.iloc[:, place]) for place in range(frame.shape[1])]
        return {"kind": "table", "names": [str(name) for name in frame.columns], "columns": columns}
    if isinstance(answer, pd.Series):
        return {"kind": "series", "index": _column(answer.index.to_series()), "values": _column(answer)}
    if isinstance(answer, dict):
        return _packed(pd.Series(answer, dtype=None if answer else "float64"))
    if isinstance(answer, (set, frozenset)):
        answer = sorted(answer, key=str)
    many = (list, tuple, np.ndarray, pd.Index, pd.api.extensions.ExtensionArray, KeysView, ValuesView)
    if isinstance(answer, many) and not (isinstance(answer, np.ndarray) and answer.ndim == 0):
        return {"kind": "list", "values": _column(pd.Series(list(answer), dtype=object))}
    return _packed_one(answer)


def _packed_one(answer: Any) -> dict[str, Any]:
    if isinstance(answer, Decimal):
        answer = float(answer)
    if isinstance(answer, np.datetime64):
        answer = pd.Timestamp(answer)
    if isinstance(answer, np.ndarray) and answer.ndim == 0:
        answer = answer.item()
    if isinstance(answer, (bool, np.bool_)):
        return {"kind": "flag", "value": bool(answer)}
    if isinstance(answer, Real):
        value = float(answer)
        if isinstance(answer, Integral) or math.isfinite(value):
            return {"kind": "number", "value": int(answer) if isinstance(answer, Integral) else value}
        return {"kind": "unreadable", "why": f"The answer is {value}, which is not a number."}
    if isinstance(answer, str):
        return {"kind": "text", "value": answer}
    if hasattr(answer, "isoformat"):
        return {"kind": "date", "value": answer.isoformat()}
    return {"kind": "unreadable", "why": f"An answer of type {type(answer).__name__} cannot be graded."}


def _with_index(frame: pd.DataFrame) -> pd.DataFrame:
    repeated = set(frame.columns) & set(frame.index.names)
    return frame.reset_index(drop=bool(repeated))


def _column(values: pd.Series) -> list[Any]:
    if pd.api.types.is_datetime64_any_dtype(values):
        return [None if pd.isna(value) else value.isoformat() for value in values]
    return [_plain(value) for value in values]


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

    >>> decode(encode(...))
    no answer
    >>> decode(encode(print))
    An answer of type builtin_function_or_method cannot be graded.
    """
    try:
        packed = json.loads(text)
        kind = packed["kind"]
        if kind == "unanswered":
            return Unanswered()
        if kind == "unreadable":
            return Unreadable(str(packed["why"]))
        if kind == "table":
            return pd.DataFrame(dict(zip(packed["names"], packed["columns"], strict=True)))
        if kind == "series":
            return pd.Series(packed["values"], index=packed["index"])
        if kind == "list":
            return list(packed["values"])
        return pd.Timestamp(packed["value"]) if kind == "date" else packed["value"]
    except (ValueError, KeyError, TypeError) as error:
        return Unreadable(f"The answer could not be read back ({type(error).__name__}).")


def form_problem(form: Form, answer: Any) -> str | None:
    """What is wrong with the form of an answer that was read back; None when nothing is.

    >>> from idic_lab.exercises.forms import Number
    >>> form_problem(Number(), decode(encode(...)))
    'Not answered yet: put your answer in the place of the three dots.'
    """
    if isinstance(answer, Unanswered):
        return NOT_YET
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
    if isinstance(answer, bool) or not isinstance(answer, (Real, str)):
        if isinstance(answer, (list, pd.Series)):
            return f"{'list' if isinstance(answer, list) else 'series'} of {len(answer)}"
        if isinstance(answer, pd.DataFrame):
            return f"table of {len(answer)} rows"
        return printable(str(answer))
    return printable(answer) if isinstance(answer, str) else f"{answer:.4g}"
