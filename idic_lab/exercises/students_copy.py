"""What students get: notebooks without solutions, hidden tests and outputs, and in a class their own data.

The build of the wheel uses this file by itself, so what is not of the standard library is imported where it is used.
"""

import json
import re
import secrets
from collections.abc import Iterable
from pathlib import Path

_STUB = {"code": "# Your code here", "markdown": "*Your answer here*"}
_SOLUTION = re.compile(r"[ \t]*### BEGIN SOLUTION.*?### END SOLUTION", re.S)
_HIDDEN = re.compile(r"\n*[^\n]*BEGIN HIDDEN TESTS.*?END HIDDEN TESTS[^\n]*", re.S)


def without_answers(notebook: str) -> str:
    """The students' copy of a source notebook, both as JSON text.

    >>> cell = {"cell_type": "code", "metadata": {}, "source": "x = ...\\n### BEGIN SOLUTION\\nx = 1\\n### END SOLUTION"}
    >>> json.loads(without_answers(json.dumps({"cells": [cell]})))["cells"][0]["source"]
    'x = ...\\n# Your code here'
    """
    told = json.loads(notebook)
    for cell in told["cells"]:
        source = _SOLUTION.sub(_STUB.get(cell["cell_type"], ""), "".join(cell["source"]))
        cell["source"] = _HIDDEN.sub("", source)
        cell |= {"outputs": [], "execution_count": None} if cell["cell_type"] == "code" else {}
        if cell["metadata"].get("nbgrader", {}).get("locked"):
            cell["metadata"] |= {"deletable": False, "editable": False}
    return json.dumps(told, indent=1, ensure_ascii=False) + "\n"


def students_copies(course: str | Path) -> dict[str, str]:
    """The students' copy of every assignment of a course, by its name.

    >>> from idic_lab import shipped
    >>> any("HIDDEN TESTS" in text for text in students_copies(shipped("exercises")).values())
    False
    """
    source, ready = Path(course) / "source", Path(course) / "release"
    paths = sorted((source if source.exists() else ready).glob("*/*.ipynb"))
    return {path.stem: without_answers(path.read_text(encoding="utf-8")) for path in paths}


def begin(course: str | Path, assignment: str, folder: Path, student: str, again: int = 1) -> Path:
    """Put the student's copy of an assignment into a folder, with the id filled in; `again` from 2 on gives other data.

    Raises:
        UnknownName, DataError: The course has no such assignment; the notebook is there already.
    """
    from idic_lab.errors import DataError, pick

    text = pick("assignment", assignment, students_copies(course))
    more = "" if again == 1 else f".{again}"
    target = folder / f"{assignment}{more}.ipynb"
    if target.exists():
        raise DataError(f"'{target}' is there already, perhaps with answers. Move it away, or name another --out.")
    folder.mkdir(parents=True, exist_ok=True)
    _write_copy(text, f"{student}{more}", target)
    return target


def make_secret(course: str | Path) -> str:
    """Draw the secret that the data of a class grow from: eight groups of four digits, written into its course folder alone."""
    from idic_lab import durability
    from idic_lab.errors import DataError
    from idic_lab.exercises.answer_key import SECRET

    path = Path(course) / SECRET
    if path.exists():
        raise DataError(f"'{path}' is there already. Another secret would give every student other data.")
    told = " ".join(re.findall("....", secrets.token_hex(16)))
    durability.write(path, f"{told}\n")
    path.chmod(0o600)
    return told


def hand_out(course: str | Path, students: Iterable[str], folder: str | Path) -> list[Path]:
    """Write a folder for each student's id, with every assignment and their data, without what is planted in them."""
    from idic_lab.errors import DataError
    from idic_lab.exercises.answer_key import secret_of
    from idic_lab.exercises.student import data_file, normal_id, packed

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
            _write_copy(text, name, made[name] / f"{assignment}.ipynb")
    return list(made.values())


def _write_copy(text: str, student: str, target: Path) -> None:
    import nbformat

    from idic_lab.exercises.course_folder import with_student_id

    nbformat.write(with_student_id(nbformat.reads(text, 4), student), target)
