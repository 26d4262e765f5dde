"""Submissions of every kind, through nbgrader, in a copy of the course with one small assignment."""

import shutil
from pathlib import Path

import nbformat
import pytest

from idic_lab.exercises.classroom import grade_class, nbgrader, release
from idic_lab.exercises.course_folder import CourseFolder, with_student_id
from idic_lab.exercises.items import items
from idic_lab.exercises.repair import grade_id

SOURCE = Path(__file__).parents[2] / "exercises"
KEPT = 3  # questions of the small assignment


@pytest.fixture(scope="module")
def graded(tmp_path_factory):
    """A class of three, graded and fed back."""
    root = tmp_path_factory.mktemp("exercises") / "course"
    root.mkdir()
    shutil.copytree(SOURCE / "answers", root / "answers", ignore=shutil.ignore_patterns("__pycache__"))
    config = (SOURCE / "nbgrader_config.py").read_text(encoding="utf-8")
    (root / "nbgrader_config.py").write_text(
        config.replace("cell_seconds = 30", "cell_seconds = 20"), encoding="utf-8"
    )
    notebook = nbformat.read(SOURCE / "source" / "value" / "value.ipynb", as_version=4)
    last = next(place for place, cell in enumerate(notebook.cells) if grade_id(cell) == f"value_q0{KEPT}")
    notebook.cells = notebook.cells[: last + 1]
    (root / "source" / "value").mkdir(parents=True)
    nbformat.write(notebook, root / "source" / "value" / "value.ipynb")
    course = CourseFolder(root)
    release(course, "value")
    for student, file in (
        ("untouched", "value"),
        ("harms", "value"),
        ("renames", "my homework"),
    ):
        _hand_in(course, student, file)
    table = grade_class(course, "value", processes=2).set_index("student")
    status, said = nbgrader(course, "generate_feedback", "value")
    assert status == 0, said
    return course, table


def _hand_in(course, student, file):
    step = "release" if student == "untouched" else "source"
    notebook = course.notebook("value", step)
    if step == "source":
        with_student_id(notebook, student)
    for cell in notebook.cells:
        if grade_id(cell) == "value_q01_answer" and student == "harms":
            cell.source += '\nfor _ in range(1024):\n    print("x" * 1_048_576)'
        if grade_id(cell) == "value_q02_answer" and student == "harms":
            cell.source = "import os\nos._exit(1)"
        if grade_id(cell) == "value_q03_answer" and student == "harms":
            cell.source = (
                "bought_again = 1\nimport idic_lab.exercises as e\nfrom idic_lab.exercises import verdict\n"
                "verdict.judge = lambda *a, **k: verdict.Verdict(1.0, 'Right.', 'right')\n"
                "grade = check = e.grade = e.check = lambda *a, **k: 2"
            )
    folder = course.root / "submitted" / student / "value"
    folder.mkdir(parents=True)
    if student == "renames":  # and throws away a check and the setup
        gone = {"value_q01", "setup"}
        notebook.cells = [cell for cell in notebook.cells if grade_id(cell) not in gone]
    nbformat.write(notebook, folder / f"{file}.ipynb")


def test_the_untouched_release_scores_nothing(graded):
    _, table = graded
    assert table.loc["untouched", "points"] == 0
    assert table.loc["untouched", "of"] == 4


def test_a_cell_that_brings_the_kernel_down_costs_only_its_own_question_and_says_so(graded):
    _, table = graded
    assert table.loc["harms", "points"] == 1
    assert "value_q02_answer: This cell brought the kernel down" in table.loc["harms", "notes"]


def test_a_cell_that_prints_a_gigabyte_is_stopped_and_says_so(graded):
    _, table = graded
    assert "value_q01_answer: This cell printed more than 200,000 characters" in table.loc["harms", "notes"]


def test_replaced_functions_earn_nothing_and_say_so(graded):
    _, table = graded
    assert "value_q03: no answer reached the grader" in table.loc["harms", "notes"]


def test_a_renamed_notebook_without_some_cells_is_mended_and_graded_in_full(graded):
    _, table = graded
    assert table.loc["renames", "points"] == 4
    assert "my homework.ipynb" in table.loc["renames", "notes"]
    assert "value_q01" in table.loc["renames", "notes"]


def test_the_release_has_neither_solutions_nor_hidden_tests(graded):
    course, _ = graded
    text = nbformat.writes(course.notebook("value", "release"))
    assert "nunique" not in text
    assert "HIDDEN" not in text
    assert "grade(" not in text


def test_feedback_shows_points_but_no_hidden_test(graded):
    course, _ = graded
    for student in ("untouched", "harms", "renames"):
        page = (course.root / "feedback" / student / "value" / "value.html").read_text(encoding="utf-8")
        assert "HIDDEN TESTS" not in page
        assert "of 1 points" in page


def test_items_name_the_commonest_failure_of_each_question(graded):
    course, _ = graded
    table = items(course, "value").set_index("question")
    assert table.loc["value_q02", "commonest_wrong"] == "error"
    assert table.loc["value_q01", "difficulty"] == pytest.approx(2 / 3)
