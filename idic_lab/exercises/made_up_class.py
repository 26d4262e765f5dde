"""A class of made-up students, good and hostile, to walk through grading before real ones do.

For an instructor's first quarter of an hour: one assignment from release to grades in a folder of its own; nothing of
the course is touched, and every file that real students would cause can be looked at.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import nbformat
import numpy as np
import pandas as pd
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell

from idic_lab.errors import DataError
from idic_lab.exercises.class_secret import make_secret
from idic_lab.exercises.classroom import collect, grade_class, nbgrader, release
from idic_lab.exercises.course_folder import CourseFolder, copied, grade_id, with_student_id

# What a hostile student puts into the cell of the third answer.
_ATTACKS: dict[str, str] = {
    "loops": "while True:\n    pass",
    "stubborn": "while True:\n    try:\n        while True:\n            pass\n    except BaseException:\n        pass",
    "prints": 'for _ in range(1024):\n    print("x" * 1_048_576)',
    "crashes": "import os\nos._exit(1)",
    "forges": (
        "import idic_lab.exercises as e\nfrom idic_lab.exercises import student, answer_key\n"
        "grade = check = e.grade = e.check = student.grade = student.check = lambda *a, **k: 3\n"
        "answer_key.AnswerKey.judge = lambda *a, **k: answer_key.Verdict(1.0, 'Right.', 'right')"
    ),
    "grabs": "hoard = bytearray(8 * 2**30)",
}


def trial_class(
    course: CourseFolder,
    assignment: str,
    folder: Path,
    size: int = 6,
    harmful: bool = False,
    unsafe: bool = False,
    tell: Callable[[str], None] = print,
) -> pd.DataFrame:
    """Release, hand in, collect, grade and feed back one assignment for students who do not exist.

    Parameters:
        folder: Where a copy of the course goes; it must not exist yet.
        size: Students: a third hands in the model solution, the others are wrong here and there.
        harmful: Let the first nine do harm: loop, crash, print without end, forge, delete cells, copy.
    Returns:
        DataFrame: As :func:`idic_lab.exercises.classroom.grade_class` gives it.
    """
    course.check_name(assignment)
    if folder.exists():
        raise DataError(f"'{folder}' exists already; name a new folder with --out, or remove it.")
    try:
        copy = copied(course, folder)
        make_secret(copy.root)
        tell(f"Releasing {assignment} ...")
        release(copy, assignment)
        tell(f"{size} students hand in ...")
        hand_in(copy, assignment, size, harmful=harmful)
        collect(copy, assignment, copy.root / "downloaded" / assignment)
        tell(f"Grading {size} submissions, two at once ...")
        grades = grade_class(copy, assignment, unsafe=unsafe, tell=tell)
        tell("Writing feedback and grades ...")
        _step(copy, "generate_feedback", assignment)
        _step(copy, "export")
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)  # half a class would only puzzle its reader
        raise
    return grades


def _step(course: CourseFolder, *arguments: str) -> None:
    status, said = nbgrader(course, *arguments)
    if status:
        raise DataError(f"nbgrader {arguments[0]} failed:\n{said[-2000:]}")


def hand_in(course: CourseFolder, assignment: str, size: int, harmful: bool) -> None:
    """Put a class's files into ``downloaded``, as from a learning platform, ready to be collected."""
    folder = course.root / "downloaded" / assignment
    folder.mkdir(parents=True, exist_ok=True)
    random = np.random.default_rng(0)
    kinds = [*_ATTACKS, "deletes", "renames", "copies"] if harmful else []
    for number in range(size):
        kind = kinds[number] if number < len(kinds) else "student"
        student, file = f"{kind}{number:02d}", "my homework (2)" if kind == "renames" else assignment
        if kind == "student":
            skill = 1.0 if number % 3 == 0 else random.uniform(0.3, 0.95)
            notebook = _wrong_here_and_there(course, assignment, student, skill, random)
        elif kind in _ATTACKS:
            notebook = _attacked(course, assignment, student, _ATTACKS[kind])
        elif kind == "deletes":
            notebook = _with_deleted_cells(course, assignment, student)
        else:
            notebook = with_student_id(course.notebook(assignment), "somebody-else" if kind == "copies" else student)
        (folder / f"{student}__{file}.ipynb").write_text(nbformat.writes(notebook), encoding="utf-8")


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
