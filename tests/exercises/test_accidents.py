"""What happens to notebooks by accident costs no points, and what was done about it is said."""

import json
import os
import shutil
import zipfile

import nbformat
import pytest
from nbgrader.nbgraderformat import MetadataValidator

from idic_lab.errors import DataError
from idic_lab.exercises.collecting import collect
from idic_lab.exercises.course_folder import grade_id, handed_in, with_student_id
from idic_lab.exercises.repair import repair

STUDENT = "ada"


@pytest.fixture
def answered(released):
    """The release as a student with right answers would hand it in."""
    notebook = released.notebook("value", "release")
    solved = {grade_id(cell): cell.source for cell in released.notebook("value").cells}
    for cell in with_student_id(notebook, STUDENT).cells:
        if (grade_id(cell) or "").endswith("_answer"):
            cell.source = solved[grade_id(cell)]
    return notebook


def points(course, files, student="accident"):
    """Points of the three questions, and what was mended, for files handed in by one student."""
    folder = course.root / "submitted" / student / "value"
    folder.mkdir(parents=True)
    try:
        for name, content in files.items():
            content = content if isinstance(content, (str, bytes)) else json.dumps(content)
            (folder / name).write_bytes(content if isinstance(content, bytes) else content.encode())
        notes = repair(course, "value", student)
        notebook = nbformat.read(folder / "value.ipynb", as_version=4)
    finally:
        shutil.rmtree(folder.parent)
    MetadataValidator().validate_nb(notebook)
    nbformat.validate(notebook)
    checks = {grade_id(cell): cell.source for cell in course.notebook("value").cells}
    for cell in notebook.cells:  # as nbgrader does before it runs a submission
        if grade_id(cell) in set(checks) - {None} and not grade_id(cell).endswith(("_answer", "student_id")):
            cell.source = checks[grade_id(cell)]
    earned = {
        name: course.key.judge(name, told.answer, STUDENT).credit for name, told in handed_in(notebook, STUDENT).items()
    }
    return sum(earned.values()), notes


def cell_of(notebook, name):
    return next(cell for cell in notebook.cells if grade_id(cell) == name)


def test_untouched_by_accidents_nothing_is_mended(released, answered):
    assert points(released, {"value.ipynb": answered}) == (3, [])


def test_a_split_answer_is_put_together(released, answered):
    second = cell_of(answered, "value_q03_answer")
    first = second.copy()
    lines = second.source.splitlines()
    first.source, second.source = lines[0], "\n".join(lines[1:]) or "pass"
    answered.cells.insert(answered.cells.index(second), first)
    earned, notes = points(released, {"value.ipynb": answered})
    assert earned == 3 and "value_q03_answer stood there 2 times" in notes[0]


def test_an_untouched_copy_of_an_answer_does_not_wipe_it_out(released, answered):
    stub = cell_of(released.notebook("value", "release"), "value_q02_answer")
    answered.cells.append(stub)
    assert points(released, {"value.ipynb": answered})[0] == 3


def test_an_id_that_was_not_given_is_that_of_who_handed_in(released, answered):
    cell_of(answered, "student_id").source = 'STUDENT_ID = ""  # your id, between the quotes'
    earned, notes = points(released, {"value.ipynb": answered}, STUDENT)
    assert earned == 3 and notes == ["STUDENT_ID was empty, and was filled in"]


def test_a_copied_check_counts_once(released, answered):
    answered.cells.append(cell_of(answered, "value_q01").copy())
    assert points(released, {"value.ipynb": answered})[0] == 3


@pytest.mark.parametrize("lost", ["null", "nbgrader", "ids too", "all of it"])
def test_lost_metadata_are_put_back_and_answers_matched_by_question(released, answered, lost):
    told = json.loads(nbformat.writes(answered))
    for cell in told["cells"]:
        if lost == "null" and "nbgrader" in cell["metadata"]:
            cell["metadata"]["nbgrader"] = None
        elif lost != "null":
            cell["metadata"] = {}
        if lost in ("ids too", "all of it"):
            cell.pop("id")
    if lost == "all of it":
        told["metadata"], told["nbformat_minor"] = {}, 2
    earned, notes = points(released, {"value.ipynb": json.dumps(told)})
    assert earned == 3 and "answers matched by question" in " ".join(notes)


def test_a_byte_order_mark_is_taken_away(released, answered):
    earned, notes = points(released, {"value.ipynb": b"\xef\xbb\xbf" + nbformat.writes(answered).encode()})
    assert earned == 3 and notes == ["a byte-order mark was taken away"]


def test_a_script_in_place_of_the_notebook_is_graded(released, answered):
    code = "\n\n".join(f"# In[ ]:\n\n\n{cell.source}" for cell in answered.cells if cell.cell_type == "code")
    earned, notes = points(released, {"value.py": f"#!/usr/bin/env python\n# coding: utf-8\n\n{code}\n"})
    assert earned == 3 and "is a script" in " ".join(notes)


def test_of_a_copy_and_an_untouched_original_the_answered_one_is_graded(released, answered):
    files = {"value.ipynb": released.notebook("value", "release"), "value-Copy1.ipynb": answered}
    earned, notes = points(released, files)
    assert earned == 3 and "'value-Copy1.ipynb'" in notes[0] and "'value.ipynb' was handed in too" in notes[1]


def test_a_notebook_saved_in_the_format_of_long_ago_is_graded(released, answered):
    old = nbformat.writes(nbformat.convert(answered, 3), version=3)
    assert points(released, {"value.ipynb": old})[0] == 3


def test_an_answer_made_markdown_is_code_again(released, answered):
    cell = cell_of(answered, "value_q01_answer")
    cell.cell_type = "markdown"
    for name in ("outputs", "execution_count"):
        cell.pop(name)
    assert points(released, {"value.ipynb": answered})[0] == 3


def test_cells_of_another_assignment_do_no_harm(released, answered):
    stray = nbformat.v4.new_code_cell("1", metadata={"nbgrader": {"grade_id": "interact_q01", "grade": True}})
    answered.cells.append(stray)
    assert points(released, {"value.ipynb": answered})[0] == 3


def test_what_is_no_notebook_says_what_was_found(released):
    with pytest.raises(DataError, match=r"essay\.docx"):
        points(released, {"essay.docx": b"PK"})
    with pytest.raises(DataError, match="cannot be read as a notebook"):
        points(released, {"value.ipynb": b"\x00\xff"})


def test_folders_archives_and_later_files_are_collected(released, tmp_path):
    (tmp_path / "José Núñez").mkdir()
    (tmp_path / "José Núñez" / "value.ipynb").write_text("one", encoding="utf-8")
    (tmp_path / "nobody.ipynb").write_text("?", encoding="utf-8")
    said = collect(released, "value", tmp_path)
    assert any("collected for José Núñez" in line for line in said)
    assert any("names no student" in line for line in said)
    target = released.root / "submitted" / "José Núñez" / "value" / "value.ipynb"
    newer = tmp_path / "José Núñez" / "value.ipynb"
    newer.write_text("two", encoding="utf-8")
    os.utime(newer, (target.stat().st_mtime + 60,) * 2)
    assert any("replaces an earlier one" in line for line in collect(released, "value", tmp_path))
    assert target.read_text(encoding="utf-8") == "two"
    assert target.with_name("value.ipynb.earlier").read_text(encoding="utf-8") == "one"
    for path in (*target.parent.iterdir(), target.parent, target.parent.parent):
        path.rmdir() if path.is_dir() else path.unlink()


def test_a_later_hand_in_counts_whatever_was_mended_before(released, answered, tmp_path):
    """Under a name of its own, in an archive, beside the data of the class."""
    folder, wrong = released.root / "submitted" / "late" / "value", released.notebook("value", "release")
    cell_of(wrong, "value_q01_answer").source = cell_of(wrong, "value_q02_answer").source = "x = 1"
    cell_of(wrong, "value_q03_answer").source = "x = 1"
    for when, notebook in ((1e9, wrong), (1e9, wrong), (2e9, answered)):
        (tmp_path / "late__homework.ipynb").write_text(nbformat.writes(notebook), encoding="utf-8")
        os.utime(tmp_path / "late__homework.ipynb", (when, when))
        with zipfile.ZipFile(tmp_path / "late__late.data.zip", "w") as data:
            data.writestr("transactions.parquet", "")
        said = collect(released, "value", tmp_path)
        repair(released, "value", "late")
    assert said == ["late__homework.ipynb: replaces an earlier one of late"]
    graded = nbformat.read(folder / "value.ipynb", as_version=4)
    assert cell_of(graded, "value_q01_answer").source == cell_of(answered, "value_q01_answer").source
    shutil.rmtree(folder.parent)
