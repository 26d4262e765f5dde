"""A class of made-up students, good and hostile, to walk through grading before real ones do.

For an instructor's first quarter of an hour: one assignment from release to grades in a folder of its own; nothing of
the course is touched, and every file that real students would cause can be looked at.
"""

import shutil
from collections.abc import Callable
from pathlib import Path

import nbformat
import numpy as np
import pandas as pd

from idic_lab.errors import DataError
from idic_lab.exercises.classroom import grade_class, release, step
from idic_lab.exercises.collecting import collect
from idic_lab.exercises.course_folder import CourseFolder, copied, grade_id, with_student_id
from idic_lab.exercises.students_copy import make_secret

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
        collect(copy, assignment, _downloaded(copy, assignment, size, harmful))
        tell(f"Grading {size} submissions, two at once ...")
        grades = grade_class(copy, assignment, unsafe=unsafe, tell=tell)
        tell("Writing feedback and grades ...")
        step(copy, "generate_feedback", assignment)
        step(copy, "export")
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)  # half a class would only puzzle its reader
        raise
    return grades


def _downloaded(course: CourseFolder, assignment: str, size: int, harmful: bool) -> Path:
    """A folder with the files of a class, as from a learning platform, ready to be collected."""
    folder = course.root / "downloaded" / assignment
    folder.mkdir(parents=True)
    random = np.random.default_rng(0)
    kinds = [*_ATTACKS, "deletes", "renames", "copies"] if harmful else []
    for number in range(size):
        kind = kinds[number] if number < len(kinds) else "student"
        student, file = f"{kind}{number:02d}", "my homework (2)" if kind == "renames" else assignment
        skill = 1.0 if kind != "student" or number % 3 == 0 else random.uniform(0.3, 0.95)
        notebook = with_student_id(course.notebook(assignment), "somebody-else" if kind == "copies" else student)
        _spoil(notebook, kind, skill, course.wrong_answers(assignment), random)
        (folder / f"{student}__{file}.ipynb").write_text(nbformat.writes(notebook), encoding="utf-8")
    return folder


def _spoil(notebook: nbformat.NotebookNode, kind: str, skill: float, bank: list, random: np.random.Generator) -> None:
    """Make of a model solution what this kind of student hands in: with wrong answers of the bank where skill is missing."""
    answers = [cell for cell in notebook.cells if (grade_id(cell) or "").endswith("_answer")]
    if kind in _ATTACKS:
        answers[2].source = f"{_ATTACKS[kind]}\n{answers[2].source}"
    if kind == "deletes":  # the setup, one answer and one check
        gone = {"setup", grade_id(answers[1]), grade_id(answers[1]).removesuffix("_answer")}
        notebook.cells = [cell for cell in notebook.cells if grade_id(cell) not in gone]
    for cell in answers if skill < 1 else ():
        if random.random() >= skill:
            question = grade_id(cell).removesuffix("_answer")
            known = [entry.code for entry in bank if entry.question == question] or ["0"]
            cell.source += f"\n{cell.source.split(' = ', 1)[0]} = {known[random.integers(len(known))]}"
