"""Mending what can be mended in a submission before it is graded: its name, and cells that were deleted."""

from __future__ import annotations

from pathlib import Path

import nbformat
from nbformat import NotebookNode

from idic_lab.durability import whole_files
from idic_lab.errors import DataError
from idic_lab.exercises.course_folder import CourseFolder


def grade_id(cell: NotebookNode) -> str | None:
    """The name nbgrader knows a cell by."""
    return cell.metadata.get("nbgrader", {}).get("grade_id")


def repair(course: CourseFolder, assignment: str, student: str) -> list[str]:
    """Bring a submission to the form nbgrader needs; the file as handed in is kept beside it.

    Parameters
    ----------
    course : CourseFolder
    assignment, student : str

    Returns
    -------
    list of str
        What was mended, for the report.

    Raises
    ------
    DataError
        When there is nothing that could be graded.
    """
    folder = course.root / "submitted" / student / assignment
    release = course.notebook(assignment, "release")
    wanted = [grade_id(cell) for cell in release.cells if grade_id(cell)]
    path, notes = folder / f"{assignment}.ipynb", []
    if not path.exists():
        found = _renamed(folder, set(wanted))
        whole_files.copy(found, path)
        notes.append(f"the notebook was called {found.name!r}")
    notebook = _read(path)
    if notebook is None:
        raise DataError(f"{path.name} cannot be read as a notebook.")
    there = {grade_id(cell) for cell in notebook.cells}
    missing = [name for name in wanted if name not in there]
    if missing:
        whole_files.copy(path, path.with_suffix(".as_handed_in"))
        _put_back(notebook, release, wanted, missing)
        whole_files.write(path, nbformat.writes(notebook))
        notes.append(f"deleted cells were put back: {', '.join(missing)}")
    return notes


def _read(path: Path) -> NotebookNode | None:
    try:
        return nbformat.read(path, as_version=4)
    except Exception:  # whatever a student may hand in under this name
        return None


def _renamed(folder: Path, wanted: set[str]) -> Path:
    """The notebook in a folder that holds most of the assignment's cells."""
    best, most = None, 0
    for path in sorted(folder.glob("*.ipynb")):
        notebook = _read(path)
        known = len(wanted & {grade_id(cell) for cell in notebook.cells}) if notebook else 0
        if known > most:
            best, most = path, known
    if best is None:
        names = ", ".join(sorted(path.name for path in folder.iterdir())) or "nothing"
        raise DataError(f"No notebook of this assignment was handed in; the folder holds {names}.")
    return best


def _put_back(notebook: NotebookNode, release: NotebookNode, wanted: list[str], missing: list[str]) -> None:
    """Insert each missing cell after the one that comes before it in the release."""
    original = {grade_id(cell): cell for cell in release.cells if grade_id(cell)}
    for name in missing:
        before = wanted[: wanted.index(name)]
        places = [place for place, cell in enumerate(notebook.cells) if grade_id(cell) in before]
        notebook.cells.insert(max(places, default=-1) + 1, original[name])
