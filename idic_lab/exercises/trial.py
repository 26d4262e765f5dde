"""A trial class: one assignment from release to grades with made-up students, in a folder of its own.

For an instructor's first quarter of an hour: nothing of the course is touched, and every file that real students would
cause can be looked at.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pandas as pd

from idic_lab.errors import DataError
from idic_lab.exercises.classroom import grade_class, nbgrader, release
from idic_lab.exercises.course_folder import CourseFolder
from idic_lab.exercises.rehearsal import copied
from idic_lab.exercises.simulated_class import hand_in


def trial_class(
    course: CourseFolder,
    assignment: str,
    folder: Path,
    size: int = 6,
    harmful: bool = False,
    tell: Callable[[str], None] = print,
) -> pd.DataFrame:
    """Release, hand in, collect, grade and feed back one assignment for students who do not exist.

    Parameters
    ----------
    course : CourseFolder
        Copied, and left as it is.
    assignment : str
    folder : Path
        Where the copy goes; it must not exist yet.
    size : int
        Students: a third hands in the model solution, the others are wrong here and there.
    harmful : bool
        Let the first nine do harm, as in :func:`idic_lab.exercises.simulated_class.hand_in`.
    tell : callable
        Told of every step.

    Returns
    -------
    DataFrame
        As :func:`idic_lab.exercises.classroom.grade_class` gives it.

    Raises
    ------
    UnknownName
        When the course has no such assignment.
    DataError
        When the folder exists, or nbgrader refuses a step.
    """
    course.check_name(assignment)
    if folder.exists():
        raise DataError(f"'{folder}' exists already; name a new folder with --out, or remove it.")
    try:
        copy = copied(course, folder)
        tell(f"Releasing {assignment} ...")
        release(copy, assignment)
        tell(f"{size} students hand in ...")
        hand_in(copy, assignment, size, harmful=harmful)
        _step(copy, "zip_collect", assignment)
        tell(f"Grading {size} submissions, two at once ...")
        grades = grade_class(copy, assignment, tell=tell)
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
