"""A class: the secret its data grow from, and what each student gets.

The secret lies in the instructor's course folder, in the file ``class_secret``, and nowhere else. From it and a student's
id follow the student's data, as a file of tables without what is planted in them; without it nobody can compute them.
"""

from __future__ import annotations

import io
import json
import secrets
import zipfile
from collections.abc import Iterable
from pathlib import Path

import nbformat

from idic_lab.durability import whole_files
from idic_lab.errors import DataError
from idic_lab.exercises.answer_key import SECRET, secret_of
from idic_lab.exercises.course_folder import with_student_id
from idic_lab.exercises.student import CLASS, data_file, normal_id, seed_of, student_shop
from idic_lab.exercises.students_copy import students_copies


def make_secret(course: str | Path) -> str:
    """Draw a secret for a class and write it into its course folder.

    Returns:
        str: Eight groups of four digits, to be written down.
    """
    path = Path(course) / SECRET
    if path.exists():
        raise DataError(f"'{path}' is there already. Another secret would give every student other data.")
    digits = secrets.token_hex(16)
    told = " ".join(digits[place : place + 4] for place in range(0, 32, 4))
    whole_files.write(path, f"{told}\n")
    path.chmod(0o600)
    return told


def packed(student_id: str, secret: str) -> bytes:
    """A student's data as a file: the tables, and the seed of the shop that they play eight quarters of.

    >>> from idic_lab.exercises.student import unpacked
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


def hand_out(course: str | Path, students: Iterable[str], folder: str | Path) -> list[Path]:
    """Write a folder for each student, with every assignment and their data.

    Parameters:
        students (iterable of str): Their ids.
    """
    secret = secret_of(course)
    if not secret:
        raise DataError(f"'{course}' has no class secret yet: idic-lab exercises secret --course {course}")
    made: dict[str, Path] = {}
    copies = students_copies(course)
    for student in students:
        name = normal_id(student)
        if name in made:
            raise DataError(f"{student!r} is in the list twice, or is to the grader the same as another: {name!r}.")
        made[name] = Path(folder) / name
        made[name].mkdir(parents=True, exist_ok=True)
        (made[name] / data_file(name)).write_bytes(packed(name, secret))
        for assignment, text in copies.items():
            notebook = with_student_id(nbformat.reads(text, 4), name)
            nbformat.write(notebook, made[name] / f"{assignment}.ipynb")
    return list(made.values())
