"""Somebody without an instructor takes an assignment, answers it and has it graded."""

from pathlib import Path

import nbformat
import pytest

from idic_lab.errors import DataError, UnknownName
from idic_lab.exercises.classroom import grade_own
from idic_lab.exercises.course_folder import CourseFolder, grade_id, with_student_id
from idic_lab.exercises.student import student_tables
from idic_lab.exercises.students_copy import begin

COURSE = CourseFolder(Path(__file__).parents[2] / "exercises")
ASSIGNMENT = "value"


@pytest.fixture(scope="module")
def graded(released, tmp_path_factory):
    """The model solution of the small course with one answer left out, graded."""
    notebook = with_student_id(released.notebook(ASSIGNMENT), "ada")
    last = next(cell for cell in notebook.cells if grade_id(cell) == f"{ASSIGNMENT}_q03_answer")
    last.source = last.source.split(" = ")[0] + " = ..."  # nothing builds on this answer
    path = tmp_path_factory.mktemp("mine") / f"{ASSIGNMENT}.ipynb"
    nbformat.write(notebook, path)
    return grade_own(released, path)


def test_right_answers_earn_all_their_points_and_a_missing_one_none(released, graded):
    table, _, _ = graded
    assert table["points"].iloc[-1] == 0
    assert (table["points"].iloc[:-1] == table["of"].iloc[:-1]).all()
    assert len(table) == len(released.points(ASSIGNMENT))


def test_the_feedback_page_lies_beside_the_notebook_and_shows_no_answer_key(graded):
    _, _, page = graded
    text = page.read_text(encoding="utf-8")
    assert page.name == f"{ASSIGNMENT}.feedback.html" and "BEGIN HIDDEN TESTS" not in text


def test_the_course_folder_stays_as_it_was(released, graded):
    assert not (released.root / "submitted" / "ada").exists() and not (COURSE.root / "gradebook.db").exists()


def test_answers_are_never_overwritten(tmp_path):
    (tmp_path / f"{ASSIGNMENT}.ipynb").write_text("answers", encoding="utf-8")
    with pytest.raises(DataError, match="there already"):
        begin(COURSE.root, ASSIGNMENT, tmp_path, "ada")


def test_a_second_time_brings_other_data(tmp_path):
    paths = [begin(COURSE.root, ASSIGNMENT, tmp_path, "ada", again) for again in (1, 2)]
    assert [path.name for path in paths] == ["value.ipynb", "value.2.ipynb"]
    assert 'STUDENT_ID = \\"ada.2\\"' in paths[1].read_text(encoding="utf-8")
    assert not student_tables("ada")["transactions"].equals(student_tables("ada.2")["transactions"])


def notebook_with(source: str) -> nbformat.NotebookNode:
    cell = nbformat.v4.new_code_cell(source, metadata={"nbgrader": {"grade_id": "student_id"}})
    return nbformat.v4.new_notebook(cells=[cell])


@pytest.mark.parametrize(
    ("name", "content", "found"),
    [
        ("valu", 'STUDENT_ID = "ada"', "Did you mean 'value'"),
        (ASSIGNMENT, 'STUDENT_ID = ""', "found ''"),
        (ASSIGNMENT, "STUDENT_ID = ada", "found None"),
        (ASSIGNMENT, 'STUDENT_ID = "../../ada"', "letters, digits"),
    ],
)
def test_a_notebook_that_cannot_be_graded_says_why(tmp_path, name, content, found):
    path = tmp_path / f"{name}.ipynb"
    nbformat.write(notebook_with(content), path)
    with pytest.raises((DataError, UnknownName), match=found):
        grade_own(COURSE, path)


def test_a_file_that_is_no_notebook_says_so(tmp_path):
    path = tmp_path / f"{ASSIGNMENT}.ipynb"
    path.write_text("not JSON", encoding="utf-8")
    with pytest.raises(DataError, match="cannot be read as a notebook"):
        grade_own(COURSE, path)
