"""The questions as students may see them: the form of each answer, and the statements to choose from."""

from __future__ import annotations

import hashlib
import random
import tomllib
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Any

from idic_lab.errors import pick
from idic_lab.exercises.forms import Choice, Form, form


@dataclass(frozen=True)
class Question:
    """One autograded question."""

    name: str  # the id of its grade cell, such as "value_q03"
    title: str
    form: Form
    concept: str = ""  # what it is about, for the mastery of each concept
    decides: bool = False  # whether it asks to interpret or to decide
    partial: bool = False  # whether an answer that is right in part earns points in proportion, up to half


def _read() -> dict[str, dict[str, Question]]:
    told = tomllib.loads(Path(__file__).with_suffix(".toml").read_text(encoding="utf-8"))
    return {
        assignment: {
            f"{assignment}_{number}": Question(
                f"{assignment}_{number}",
                **{key: entry.pop(key) for key in ("title", "concept", "decides", "partial") if key in entry},
                form=form(entry.pop("form"), **entry),
            )
            for number, entry in entries.items()
        }
        for assignment, entries in told.items()
    }


_BY_ASSIGNMENT = _read()
ASSIGNMENTS = tuple(_BY_ASSIGNMENT)
QUESTIONS = {name: question for made in _BY_ASSIGNMENT.values() for name, question in made.items()}


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


def read(name: str, answer: Any, student_id: str) -> Any:
    """What a student meant by an answer: the statement behind a letter, the share behind a percentage.

    >>> read("value_q02", "12.50", "ada")
    12.5
    """
    return question(name, student_id).form.read(answer)
