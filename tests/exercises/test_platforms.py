"""Submissions come from Canvas, Moodle and Gradescope, and grades and feedback go back, in each one's own shape."""

import json
import shutil
import warnings
import zipfile

import nbformat
import pandas as pd
import pytest
from nbgrader.api import Gradebook

from idic_lab.errors import DataError, UnknownName
from idic_lab.exercises.classroom import COURSE_ID, database, gradebook_of, mastery
from idic_lab.exercises.collecting import bring, give_back, opened
from idic_lab.exercises.course_folder import CourseFolder

# Name of the file in the archive, by student; class list as the platform exports it.
CANVAS = {
    "ada.l": "lovelaceada_101_9001_value.ipynb",
    "bob": "builderbob_LATE_102_9002_value-1.ipynb",
    "": "strangerx_999_9003_value.ipynb",
}
GRADEBOOK = """Student,ID,SIS User ID,SIS Login ID,Section,value (77)
    Points Possible,,,,,4
"Lovelace, Ada",101,S1,ada.l,A,
"Builder, Bob",102,S2,bob,A,
"Away, Ann",103,S3,ann,A,2
"""
MOODLE = {
    "ada.l@uni.example": "Ada Lovelace_101_assignsubmission_file_/value.ipynb",
    "bob@uni.example": "Bob Builder_102_assignsubmission_file_/value.ipynb",
}
WORKSHEET = """Identifier,Full name,Email address,Status,Grade,Maximum Grade,Grade can be changed,Feedback comments
Participant 101,Ada Lovelace,ada.l@uni.example,Submitted for grading,,4.00,Yes,
Participant 102,Bob Builder,bob@uni.example,Submitted for grading,,4.00,Yes,
Participant 103,Ann Away,ann@uni.example,No submission,,4.00,Yes,
"""
GRADESCOPE = {
    "ada.l": "assignment_5_export/submission_101/value.ipynb",
    "bob": "assignment_5_export/submission_102/value.ipynb",
}
METADATA = """submission_101:
  :submitters:
  - :name: Ada Lovelace
    :sid: ada.l
    :email: ada@uni.example
submission_102:
  :submitters:
  - :name: Bob Builder
    :sid: bob
    :email: bob@uni.example
"""
SHAPES = {"canvas": (CANVAS, GRADEBOOK), "moodle": (MOODLE, WORKSHEET), "gradescope": (GRADESCOPE, None)}


def downloaded(platform, folder, notebook):
    names, listed = SHAPES[platform]
    with zipfile.ZipFile(folder / "submissions.zip", "w") as archive:
        for name in names.values():
            archive.writestr(name, nbformat.writes(notebook))
        if platform == "gradescope":
            archive.writestr("assignment_5_export/submission_metadata.yml", METADATA)
    if listed:
        (folder / "class.csv").write_text(listed, encoding="utf-8-sig")
    return opened(platform, folder / "submissions.zip", folder / "class.csv" if listed else None)


@pytest.fixture(params=SHAPES)
def returned(request, released, tmp_path):
    """A round trip: collected, entered in the gradebook as if graded, and given back."""
    download = downloaded(request.param, tmp_path, released.notebook("value", "release"))
    said = bring(released, "value", download)
    students = [student for student in SHAPES[request.param][0] if student]
    with Gradebook(database(released), COURSE_ID) as gradebook, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # nbgrader flushes a submission before it belongs to anybody
        for points, student in enumerate(students, 1):
            gradebook.update_or_create_student(student)
            submission = gradebook.update_or_create_submission("value", student)
            for grade in submission.notebooks[0].grades:
                grade.auto_score, grade.needs_manual_grade = points if grade.name == "value_q03" else 0.5, False
        gradebook.db.commit()
    for student in students:
        assert (released.root / "submitted" / student / "value").is_dir()
        page = released.root / "feedback" / student / "value" / "value.html"
        page.parent.mkdir(parents=True, exist_ok=True)
        page.write_text(student, encoding="utf-8")
    yield request.param, give_back(released, "value", download, tmp_path / "back"), said, mastery(released, "value")
    with Gradebook(database(released), COURSE_ID) as gradebook:
        for student in students:
            gradebook.remove_student(student)
            for step in ("submitted", "feedback"):
                shutil.rmtree(released.root / step / student)


def test_grades_and_feedback_go_back_to_whom_the_submission_came_from(returned):
    platform, (grades, *rest), said, _ = returned
    table = pd.read_csv(grades, dtype="str", keep_default_na=False)
    assert sum("collected for" in line for line in said) == 2
    if platform == "gradescope":
        assert table["Total Score"].tolist() == ["2.0", "3.0"] and table["SID"].tolist() == ["ada.l", "bob"]
        results = json.loads(rest[1].read_text(encoding="utf-8"))
        assert rest[1].parent.name == "submission_102" and results["score"] == 3
        assert {test["name"] for test in results["tests"]} == {"value_q01", "value_q02", "value_q03"}
        return
    names, listed = SHAPES[platform]
    header = listed.splitlines()[0].split(",")
    assert list(table.columns) == header
    column = "value (77)" if platform == "canvas" else "Grade"
    assert table[column].tolist() == (["4", "2", "3", "2"] if platform == "canvas" else ["2", "3", ""])
    with zipfile.ZipFile(rest[0]) as pages:
        assert len(pages.namelist()) == 2
        for student, name in names.items():
            if student:
                stem = name.rsplit("value", 1)[0]
                assert pages.read(f"{stem}value.html").decode() == student


def test_files_of_nobody_in_the_class_list_are_named(returned):
    platform, _, said, _ = returned
    unknown = [line for line in said if "nobody in the class list" in line]
    assert len(unknown) == (platform == "canvas") and all("strangerx" in line for line in unknown)


def test_mastery_is_told_by_concept_for_everybody_and_the_class(returned):
    *_, table = returned
    assert list(table.columns) == ["customers, not rows"] and table.index[-1] == "(class)"
    assert table.iloc[-1, 0] == pytest.approx(table.iloc[:-1, 0].mean())


def test_what_is_not_in_the_platform_s_shape_says_so(released, tmp_path):
    with pytest.raises(UnknownName, match="Did you mean 'canvas'"):
        opened("canva", tmp_path / "x.zip")
    with zipfile.ZipFile(tmp_path / "x.zip", "w") as archive:
        archive.writestr("value.ipynb", "{}")
    with pytest.raises(DataError, match="--class-list"):
        opened("canvas", tmp_path / "x.zip")
    (tmp_path / "class.csv").write_text("Name\nAda\n", encoding="utf-8")
    with pytest.raises(DataError, match="no column 'ID'"):
        opened("canvas", tmp_path / "x.zip", tmp_path / "class.csv")
    with pytest.raises(DataError, match=r"submission_metadata\.yml"):
        opened("gradescope", tmp_path / "x.zip")


def test_a_gradebook_is_made_where_nothing_of_this_installation_is_on_the_path(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", "/usr/bin:/bin")
    (tmp_path / "nbgrader_config.py").touch()
    gradebook_of(CourseFolder(tmp_path)).close()
    assert (tmp_path / "gradebook.db").stat().st_size > 0
