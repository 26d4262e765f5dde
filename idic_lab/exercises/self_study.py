"""Exercises without an instructor: take a copy of an assignment, and have it graded.

The same release, grader and feedback as in a class of one, in a temporary copy of the course, so that nothing of the
course folder is touched and no gradebook is left behind.
"""

from __future__ import annotations

import re
import shutil
import tempfile
from pathlib import Path

import nbformat
import pandas as pd

from idic_lab.errors import DataError, LabError, pick
from idic_lab.exercises.classroom import HANDED_IN, grade_class, nbgrader, points, release
from idic_lab.exercises.course_folder import CourseFolder, copied, with_student_id
from idic_lab.exercises.repair import read
from idic_lab.exercises.student import normal_id
from idic_lab.exercises.students_copy import students_copies


def begin(course: Path, assignment: str, folder: Path, student: str, again: int = 1) -> Path:
    """Put the student's copy of an assignment into a folder, with the id filled in.

    Parameters:
        folder: Made when it does not exist.
        student: Any id: the shop grows from it.
        again: From 2 on, other data than the time before.
    Raises:
        UnknownName: When the course has no such assignment.
        DataError: When the notebook is there already: answers are never overwritten.
    """
    copies = students_copies(course)
    pick("assignment", assignment, list(copies))
    student = student if again == 1 else f"{student}.{again}"
    target = folder / f"{assignment}{'' if again == 1 else f'.{again}'}.ipynb"
    if target.exists():
        raise DataError(f"'{target}' is there already, perhaps with answers. Move it away, or name another --out.")
    notebook = with_student_id(nbformat.reads(copies[assignment], 4), student)
    folder.mkdir(parents=True, exist_ok=True)
    nbformat.write(notebook, target)
    return target


def grade_own(course: CourseFolder, path: Path) -> tuple[pd.DataFrame, list[str], Path]:
    """Grade one notebook as an instructor would, and leave the feedback page beside it.

    Returns:
        DataFrame: ``question``, ``concept``, ``points``, ``of``; autograded questions only.
        list of str: What was odd about the notebook.
        Path: Of the feedback page, ``<assignment>.feedback.html``.
    """
    assignment = path.stem.split(".")[0]
    course.check_name(assignment)
    student = _student_of(path)
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as temporary:
        copy = copied(course, Path(temporary) / "course")
        release(copy, assignment)
        handed_in = copy.root / "submitted" / student / assignment
        handed_in.mkdir(parents=True)
        shutil.copy(path, handed_in / f"{assignment}.ipynb")
        for brought in path.parent.iterdir():
            if brought.suffix in HANDED_IN[2:]:  # the capstone's own data
                shutil.copy(brought, handed_in / brought.name)
        graded = grade_class(copy, assignment, processes=1, unsafe=True)  # one's own notebook, on one's own machine
        table = points(copy, assignment).set_index("question")
        status, said = nbgrader(copy, "generate_feedback", assignment)
        if status:
            raise DataError(f"nbgrader could not write the feedback:\n{said[-2000:]}")
        page = path.with_name(f"{path.stem}.feedback.html")
        shutil.copy(copy.root / "feedback" / student / assignment / f"{assignment}.html", page)
        autograded = [name for name in copy.points(assignment) if name in table.index[table["concept"] != "texts"]]
    table = table.loc[autograded, ["concept", "points", "of"]].reset_index()
    notes = [note for note in graded["notes"].iloc[0].split("; ") if note]
    return table, notes, page


def _student_of(path: Path) -> str:
    """The id in the notebook's first code cell, read without running it."""
    if not path.is_file():
        raise DataError(f"There is no notebook '{path}'.")
    notebook, _ = read(path)
    given = [cell.source for cell in notebook.cells if re.match(r"STUDENT_ID\s*=", cell.source)]
    if not given:
        raise DataError(f"'{path.name}' is not an assignment of this course: it has no cell for the student's id.")
    written = re.match(r"""STUDENT_ID\s*=\s*(["'])(.*?)\1""", given[0])
    try:
        return normal_id(written and written[2])
    except LabError:
        raise DataError(
            f"'{path.name}' should have your id in its first code cell, as in STUDENT_ID = \"ada\": letters, "
            f"digits and . _ @ -; found {written and written[2]!r}."
        ) from None
