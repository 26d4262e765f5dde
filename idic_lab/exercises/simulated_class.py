"""A class that hands in all sorts of things: to rehearse grading before real students do."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import nbformat
import numpy as np
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell

from idic_lab.exercises.course_folder import CourseFolder, with_student_id
from idic_lab.exercises.repair import grade_id

# What a hostile student puts into the cell of the third answer.
_ATTACKS: dict[str, str] = {
    "loops": "while True:\n    pass",
    "stubborn": "while True:\n    try:\n        while True:\n            pass\n    except BaseException:\n        pass",
    "prints": 'for _ in range(1024):\n    print("x" * 1_048_576)',
    "crashes": "import os\nos._exit(1)",
    "forges": (
        "import idic_lab.exercises as e\nfrom idic_lab.exercises import desk, verdict, answer_key\n"
        "grade = check = e.grade = e.check = desk.grade = desk.check = lambda *a, **k: 3\n"
        "verdict.judge = lambda *a, **k: verdict.Verdict(1.0, 'Right.', 'right')\n"
        "answer_key.AnswerKey.expected = lambda *a, **k: 0"
    ),
    "grabs": "hoard = bytearray(8 * 2**30)",
}


def hand_in(
    course: CourseFolder, assignment: str, size: int = 30, seed: int = 0, harmful: bool = True
) -> list[str]:
    """Put a class's files into ``downloaded``, as from a learning platform, ready for ``nbgrader zip_collect``.

    Parameters
    ----------
    course : CourseFolder
        Its assignment must have been released.
    assignment : str
    size : int
        Students; a third hands in the model solution, the others are wrong here and there.
    seed : int
        Of who is wrong where.
    harmful : bool
        Let the first nine do harm: loop, crash, print without end, forge, delete cells, copy.

    Returns
    -------
    list of str
        The students' ids.
    """
    folder = course.root / "downloaded" / assignment / "archive"
    folder.mkdir(parents=True, exist_ok=True)
    random = np.random.default_rng(seed)
    makers: list[Callable[[str], NotebookNode]] = [
        *(
            lambda student, code=code: _attacked(course, assignment, student, code)
            for code in _ATTACKS.values()
        ),
        lambda student: _with_deleted_cells(course, assignment, student),
        lambda student: with_student_id(course.notebook(assignment), student),  # handed in under another name
        lambda student: with_student_id(course.notebook(assignment), "somebody-else"),
    ]
    kinds = [*_ATTACKS, "deletes", "renames", "copies"] if harmful else []
    students = []
    for number in range(size):
        student = f"{kinds[number]}{number:02d}" if number < len(kinds) else f"student{number:02d}"
        if number < len(kinds):
            notebook = makers[number](student)
        else:
            skill = 1.0 if number % 3 == 0 else random.uniform(0.3, 0.95)
            notebook = _wrong_here_and_there(course, assignment, student, skill, random)
        file = "my homework (2)" if number < len(kinds) and kinds[number] == "renames" else assignment
        _write(notebook, folder / f"{student}__{file}.ipynb")
        students.append(student)
    return students


def _write(notebook: NotebookNode, path: Path) -> None:
    path.write_text(nbformat.writes(notebook), encoding="utf-8")


def _answer_cells(notebook: NotebookNode) -> list[NotebookNode]:
    return [cell for cell in notebook.cells if (grade_id(cell) or "").endswith("_answer")]


def _attacked(course: CourseFolder, assignment: str, student: str, code: str) -> NotebookNode:
    notebook = with_student_id(course.notebook(assignment), student)
    cell = _answer_cells(notebook)[2]
    cell.source = f"{code}\n{cell.source}"
    return notebook


def _with_deleted_cells(course: CourseFolder, assignment: str, student: str) -> NotebookNode:
    """The model solution without the setup, one answer and one check."""
    notebook = with_student_id(course.notebook(assignment), student)
    answer = grade_id(_answer_cells(notebook)[1])
    gone = {"setup", answer, answer.removesuffix("_answer")}
    notebook.cells = [cell for cell in notebook.cells if grade_id(cell) not in gone]
    return notebook


def _wrong_here_and_there(
    course: CourseFolder, assignment: str, student: str, skill: float, random: np.random.Generator
) -> NotebookNode:
    """The model solution, with wrong answers from the bank where the student's skill does not suffice."""
    notebook = with_student_id(course.notebook(assignment), student)
    bank = course.wrong_answers(assignment)
    cells = []
    for cell in notebook.cells:
        cells.append(cell)
        question = (grade_id(cell) or "").removesuffix("_answer")
        if not (grade_id(cell) or "").endswith("_answer") or random.random() < skill:
            continue
        known = [entry.code for entry in bank if entry.question == question] or ["0"]
        variable = cell.source.split(" = ", 1)[0]
        cells.append(new_code_cell(f"{variable} = {known[random.integers(len(known))]}"))
    notebook.cells = cells
    return notebook
