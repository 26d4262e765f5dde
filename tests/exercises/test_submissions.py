"""Submissions of every kind, through nbgrader, in a copy of the course with one small assignment."""

import json

import nbformat
import pytest

from idic_lab.errors import DataError, UnknownName
from idic_lab.exercises import sandbox
from idic_lab.exercises.classroom import grade_class, items, nbgrader
from idic_lab.exercises.collecting import collect
from idic_lab.exercises.course_folder import grade_id, with_student_id
from idic_lab.exercises.nbgrader_steps import DIGEST, RunSubmission
from idic_lab.exercises.nbgrader_steps import UNSAFE as UNSAFE_VARIABLE
from idic_lab.exercises.student import student_tables
from idic_lab.exercises.students_copy import make_secret

UNSAFE = not sandbox.available()


@pytest.fixture(scope="module")
def graded(released):
    """A class of five, graded and fed back."""
    for student, file in (
        ("untouched", "value"),
        ("harms", "value"),
        ("renames", "my homework"),
        ("José Núñez", "value-Copy1"),
    ):
        _hand_in(released, student, file)
    broken = released.root / "submitted" / "broken" / "value"
    broken.mkdir(parents=True)
    (broken / "value.ipynb").write_text('{"cells": [', encoding="utf-8")
    table = grade_class(released, "value", processes=2, unsafe=UNSAFE).set_index("student")
    status, said = nbgrader(released, "generate_feedback", "value")
    assert status == 0, said
    return released, table


def _page(course, student):
    return course.root / "feedback" / student / "value" / "value.html"


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
                "bought_again = 1\nimport idic_lab.exercises as e\nfrom idic_lab.exercises import answer_key\n"
                "answer_key.AnswerKey.judge = lambda *a, **k: answer_key.Verdict(1.0, 'Right.', 'right')\n"
                "grade = check = e.grade = e.check = lambda *a, **k: 2"
            )
    if student == "harms":
        script = "<script>alert(1)</script><img src=x onerror=alert(1)> [x](javascript:alert)"
        raw = nbformat.v4.new_raw_cell(script, metadata={"format": "text/html", "raw_mimetype": "text/html"})
        notebook.cells += [nbformat.v4.new_markdown_cell(script), raw]
    folder = course.root / "submitted" / student / "value"
    folder.mkdir(parents=True)
    if student == "renames":  # and throws away a check and the setup
        gone = {"value_q01", "setup"}
        notebook.cells = [cell for cell in notebook.cells if grade_id(cell) not in gone]
    text = nbformat.writes(notebook)
    if student.startswith("José"):  # saved by another editor, with a cell copied and one without metadata
        copied = next(cell for cell in notebook.cells if grade_id(cell) == "value_q02_answer")
        notebook.cells.insert(2, copied.copy())
        notebook.cells[-2].metadata = {"nbgrader": None}
        notebook.metadata["kernelspec"] = {"name": "conda-env-crm", "display_name": "CRM", "language": "python"}
        text = "\ufeff" + json.dumps(notebook)
    (folder / f"{file}.ipynb").write_text(text, encoding="utf-8")


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


def test_accents_copies_a_byte_order_mark_and_lost_metadata_cost_nothing_and_are_named(graded):
    _, table = graded
    notes = table.loc["José Núñez", "notes"]
    assert table.loc["José Núñez", "points"] == 4
    for said in ("value-Copy1.ipynb", "byte-order mark", "value_q02_answer stood there 2 times", "metadata"):
        assert said in notes


def test_a_file_that_cannot_be_read_stops_nobody_and_says_why(graded):
    _, table = graded
    assert table.loc["broken", "points"] == 0
    assert "cannot be read" in table.loc["broken", "notes"]
    assert "cannot be read" in _page(graded[0], "broken").read_text(encoding="utf-8")


def test_one_student_can_be_graded_again_and_a_later_batch_alone(graded, tmp_path):
    course, _ = graded
    late = with_student_id(course.notebook("value"), "late")
    nbformat.write(late, tmp_path / "late__value.ipynb")
    assert collect(course, "value", tmp_path) == ["late__value.ipynb: collected for late"]
    assert collect(course, "value", tmp_path) == ["late__value.ipynb: collected before"]
    table = grade_class(course, "value", ("new",), unsafe=UNSAFE)
    assert table["student"].tolist() == ["broken", "late"]  # what could not be read is tried again
    assert table["points"].tolist() == [0, 4]
    assert grade_class(course, "value", ("late",), unsafe=UNSAFE)["points"].tolist() == [4]
    _page(course, "renames").write_text("of the time before", encoding="utf-8")
    assert nbgrader(course, "generate_feedback", "value")[0] == 0
    assert all("of 1 points" in _page(course, student).read_text(encoding="utf-8") for student in ("late", "renames"))
    with pytest.raises(UnknownName, match="Did you mean 'late'"):
        grade_class(course, "value", ("lat",), unsafe=UNSAFE)


def test_in_a_class_what_was_computed_is_right_and_a_number_from_practice_data_is_not(graded):
    course, _ = graded
    notebook = with_student_id(course.notebook("value"), "inclass")
    answer = next(cell for cell in notebook.cells if grade_id(cell) == "value_q02_answer")
    practice = student_tables("inclass")["transactions"]
    answer.source = f"mean_spend = {practice['amount'].sum() / practice['customer_id'].nunique()}"
    folder = course.root / "submitted" / "inclass" / "value"
    folder.mkdir(parents=True)
    nbformat.write(notebook, folder / "value.ipynb")
    make_secret(course.root)
    table = grade_class(course, "value", ("inclass",), unsafe=UNSAFE)
    (course.root / "class_secret").unlink()
    assert table["points"].tolist() == [3]


def test_without_a_sandbox_no_marks_that_count(graded, monkeypatch):
    monkeypatch.setattr(sandbox, "available", lambda: False)
    with pytest.raises(DataError, match="No sandbox"):
        grade_class(graded[0], "value")


def test_answers_that_changed_since_the_grading_began_stop_it(released, monkeypatch):
    monkeypatch.setenv(DIGEST, "those of an hour ago")
    monkeypatch.setenv(UNSAFE_VARIABLE, "1")
    step = RunSubmission(course=str(released.root))
    with pytest.raises(DataError, match="something changed them"):
        step.preprocess(released.notebook("value"), {"metadata": {}})


def test_the_release_has_neither_solutions_nor_hidden_tests(graded):
    course, _ = graded
    text = nbformat.writes(course.notebook("value", "release"))
    assert "nunique" not in text
    assert "HIDDEN" not in text
    assert "grade(" not in text


def test_feedback_shows_points_but_no_hidden_test(graded):
    course, _ = graded
    for student in ("untouched", "harms", "renames"):
        page = _page(course, student).read_text(encoding="utf-8")
        assert "HIDDEN TESTS" not in page
        assert "<script>alert" not in page and "<img src=x" not in page and 'href="javascript' not in page
        assert "of 1 points" in page


def test_items_name_the_commonest_failure_of_each_question(graded):
    course, _ = graded
    table = items(course, "value").set_index("question")
    assert table.loc["value_q02", "commonest_wrong"] in ("error", "unanswered")
    assert 0.4 < table.loc["value_q01", "difficulty"] < 1
