"""The course as files: its assignments, their cells, and the bank of wrong answers."""

import contextlib
import io
import shutil
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple

import nbformat
import pandas as pd
import yaml

from idic_lab.errors import DataError, pick
from idic_lab.exercises.answer_key import AnswerKey, secret_of
from idic_lab.exercises.student import decode, encode


class WrongAnswer(NamedTuple):
    """An entry of the bank: code for an answer, what it must earn and which hint it must bring."""

    question: str
    code: str
    credit: float
    shows: str


class HandedIn(NamedTuple):
    """One answer as a notebook hands it to the grader."""

    answer: Any
    brought: pd.DataFrame | None


class CourseFolder:
    """An nbgrader course of this project; in `practice`, without the secret of a class, data grow from the students' ids."""

    def __init__(self, root: str | Path, practice: bool = False):
        self.root, self.practice = Path(root).resolve(), practice
        if not (self.root / "nbgrader_config.py").exists():
            raise DataError(
                f"{root} is not the folder of the exercises: it has no nbgrader_config.py. "
                "Name it with --course, or run the command from the project's folder: the answers are not installed."
            )

    @property
    def assignments(self) -> list[str]:
        """Names of the assignments with a notebook."""
        return sorted(path.stem for path in self.root.glob("source/*/*.ipynb") if path.stem == path.parent.name)

    def check_name(self, assignment: str) -> None:
        """Refuse a name that is no assignment's; UnknownName gives the nearest."""
        pick("assignment", assignment, self.assignments)

    @cached_property
    def key(self) -> AnswerKey:
        """The expected answers and misconceptions, read once."""
        return AnswerKey(self.root, "" if self.practice else secret_of(self.root))

    def notebook(self, assignment: str, step: str = "source") -> nbformat.NotebookNode:
        """A copy of an assignment's notebook, from ``source`` or ``release``."""
        return nbformat.read(self.root / step / assignment / f"{assignment}.ipynb", as_version=4)

    def wrong_answers(self, assignment: str) -> list[WrongAnswer]:
        """The bank of one assignment."""
        file = self.root / "wrong_answers" / f"{assignment}.yaml"
        entries = yaml.safe_load(file.read_text(encoding="utf-8")) if file.exists() else []
        return [WrongAnswer(e["question"], str(e["answer"]), float(e["credit"]), e["shows"]) for e in entries]

    def points(self, assignment: str) -> dict[str, float]:
        """Points of every graded cell, by name."""
        cells = filter(_is_graded, self.notebook(assignment).cells)
        return {grade_id(cell): float(cell.metadata.nbgrader.points) for cell in cells}

    def copied(self, target: Path) -> "CourseFolder":
        """A copy of what an instructor writes, without releases, submissions and grades, in a new folder."""
        kept = {"source", "answers", "misconceptions", "wrong_answers", "hostile.yaml", "nbgrader_config.py"}

        def left_out(folder: str, names: list[str]) -> set[str]:
            return {"__pycache__"} if Path(folder) != self.root else {*names} - kept

        shutil.copytree(self.root, target, ignore=left_out)
        return CourseFolder(target)


def grade_id(cell: nbformat.NotebookNode) -> str | None:
    """The name nbgrader knows a cell by."""
    told = cell.metadata.get("nbgrader")
    return told.get("grade_id") if isinstance(told, dict) else None


def _is_graded(cell: nbformat.NotebookNode) -> bool:
    return bool(cell.metadata.get("nbgrader", {}).get("grade"))


def graded_names(notebook: nbformat.NotebookNode) -> list[str]:
    """Names of the autograded cells of a notebook, in order."""
    return [grade_id(cell) for cell in notebook.cells if cell.cell_type == "code" and _is_graded(cell)]


def with_student_id(notebook: nbformat.NotebookNode, student: str) -> nbformat.NotebookNode:
    """Write a student's id where a model solution or an untouched release has its own."""
    for cell in notebook.cells:
        if grade_id(cell) == "student_id":
            cell.source = f'STUDENT_ID = "{student}"'
    return notebook


def opened(notebook: nbformat.NotebookNode, student: str) -> dict[str, Any]:
    """Run the setup of an assignment in this process and return its names."""
    names: dict[str, Any] = {"STUDENT_ID": student}
    _run(next(cell for cell in notebook.cells if grade_id(cell) == "setup"), names)
    return names


def handed_in(notebook: nbformat.NotebookNode, student: str) -> dict[str, HandedIn]:
    """Run a notebook of our own in this process, without limits, and collect what it hands in by question."""
    names, collected = opened(notebook, student), {}

    def grade(question: str, answer: Any, brought: pd.DataFrame | None = None) -> None:
        collected[question] = HandedIn(decode(encode(answer)), None if brought is None else decode(encode(brought)))

    names["grade"] = grade
    for cell in notebook.cells:
        if cell.cell_type == "code" and grade_id(cell) not in ("student_id", "setup"):
            _run(cell, names)
    return collected


def _run(cell: nbformat.NotebookNode, names: dict[str, Any]) -> None:
    with contextlib.redirect_stdout(io.StringIO()):
        exec(cell.source, names)
