"""One small course for all tests that go through nbgrader: the first questions of one assignment."""

import shutil
from pathlib import Path

import nbformat
import pytest

from idic_lab.exercises.classroom import release
from idic_lab.exercises.course_folder import CourseFolder, grade_id

SOURCE = Path(__file__).parents[2] / "exercises"
KEPT = 3  # questions of the small assignment


def small_course(root: Path) -> CourseFolder:
    """A course with the first three questions of one assignment, released."""
    root.mkdir()
    for name in ("answers", "misconceptions"):
        shutil.copytree(SOURCE / name, root / name, ignore=shutil.ignore_patterns("__pycache__"))
    config = (SOURCE / "nbgrader_config.py").read_text(encoding="utf-8")
    config = config.replace("cell_seconds = 30", "cell_seconds = 20")
    (root / "nbgrader_config.py").write_text(config, encoding="utf-8")
    notebook = nbformat.read(SOURCE / "source" / "value" / "value.ipynb", as_version=4)
    last = next(place for place, cell in enumerate(notebook.cells) if grade_id(cell) == f"value_q0{KEPT}")
    notebook.cells = notebook.cells[: last + 1]
    (root / "source" / "value").mkdir(parents=True)
    nbformat.write(notebook, root / "source" / "value" / "value.ipynb")
    course = CourseFolder(root)
    release(course, "value")
    return course


@pytest.fixture(scope="session")
def released(tmp_path_factory) -> CourseFolder:
    """The small course; tests put their submissions into copies of it."""
    return small_course(tmp_path_factory.mktemp("exercises") / "course")
