"""From and to learning platforms, as files in the shapes that Canvas, Moodle and Gradescope write and read."""

from __future__ import annotations

import re
import shutil
import tempfile
import zipfile
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
import yaml

from idic_lab.durability import whole_files
from idic_lab.errors import DataError, existing, pick
from idic_lab.exercises.classroom import collect, points
from idic_lab.exercises.course_folder import CourseFolder

_FILES = {
    "canvas": r"(?:.*/)?(?P<prefix>[^_/]+_(?:LATE_)?(?P<key>\d+)_\d+_)(?P<file>[^/]+)",
    "moodle": r"(?:.*/)?(?P<prefix>[^/]+_(?P<key>\d+)_assignsubmission_file_/?)(?P<file>[^/]+)",
    "gradescope": r"(?:.*/)?(?P<prefix>(?P<key>submission_\d+)/)(?P<file>[^/]+)",
}
# Where a class list has the number in the file's name, and where the student's id, the first that is filled.
_COLUMNS = {
    "canvas": ("ID", ("SIS Login ID", "SIS User ID", "ID")),
    "moodle": ("Identifier", ("ID number", "Email address", "Identifier")),
}


@dataclass(frozen=True)
class Download:
    """What a platform gave: an archive of submissions, and whose each is."""

    archive: Path
    platform: str
    files: dict[str, tuple[str, str, str]]  # by path: the student's id, the platform's prefix, the name of the file
    unknown: list[str]  # paths of nobody in the class list
    students: pd.DataFrame  # the class list as it came, with the columns key and student


def opened(platform: str, archive: Path, class_list: Path | None = None) -> Download:
    """Read whose each file of a download is.

    Parameters:
        platform ({"canvas", "moodle", "gradescope"})
        class_list (path-like, optional): Canvas's exported gradebook, or Moodle's grading worksheet; Gradescope's
            export says itself who handed in.
    """
    shape = re.compile(_FILES[pick("platform", platform, list(_FILES))])
    with zipfile.ZipFile(existing(Path(archive))) as packed:
        names = [name for name in packed.namelist() if not name.endswith("/")]
        if platform == "gradescope":
            students = _submitters(packed, names)
        elif class_list is None:
            raise DataError(f"{platform} names files by a number: --class-list says whose it is.")
        else:
            students = _listed(existing(Path(class_list)), platform)
    owner = dict(zip(students["key"], students["student"], strict=True))
    found = {name: match for name in names if (match := shape.fullmatch(name))}
    if not found:
        raise DataError(f"'{archive}' holds no file named as {platform} names them; it begins with {names[:1]}.")
    known = {name: match for name, match in found.items() if match["key"] in owner}
    files = {name: (owner[match["key"]], match["prefix"], match["file"]) for name, match in known.items()}
    return Download(Path(archive), platform, files, sorted(found.keys() - known.keys()), students)


def _listed(path: Path, platform: str) -> pd.DataFrame:
    table = pd.read_csv(path, dtype="str", keep_default_na=False, encoding="utf-8-sig")
    number, names = _COLUMNS[platform]
    if number not in table.columns:
        raise DataError(
            f"'{path}' has no column {number!r}; {platform}'s own export has one. Found: {list(table.columns)}."
        )
    ids = table[[name for name in names if name in table.columns]].apply(
        lambda row: next(filter(None, row), ""), axis=1
    )
    return table.assign(key=table[number].str.extract(r"(\d+)", expand=False).fillna(""), student=ids)


def _submitters(packed: zipfile.ZipFile, names: list[str]) -> pd.DataFrame:
    listed = next((name for name in names if name.endswith("submission_metadata.yml")), None)
    if listed is None:
        raise DataError("A Gradescope export holds submission_metadata.yml; this archive does not.")
    rows = []
    for key, told in yaml.safe_load(packed.read(listed)).items():
        for who in told[":submitters"]:
            student = str(who.get(":sid") or who.get(":email"))
            rows.append((key, student, who.get(":name", ""), str(who.get(":sid", "")), who.get(":email", "")))
    return pd.DataFrame(rows, columns=["key", "student", "Name", "SID", "Email"])


def bring(course: CourseFolder, assignment: str, download: Download) -> list[str]:
    """Collect the files of a download; what was done with each."""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder, zipfile.ZipFile(download.archive) as packed:
        for path, (student, _, file) in download.files.items():
            with packed.open(path) as source, Path(folder, f"{student}__{file}").open("wb") as target:
                shutil.copyfileobj(source, target)
        told = collect(course, assignment, Path(folder))
    return told + [f"{name}: of nobody in the class list" for name in download.unknown]


def give_back(course: CourseFolder, assignment: str, download: Download, out: Path) -> list[Path]:
    """Write grades and feedback pages for the platform that the submissions came from.

    Returns:
        list of Path: Canvas and Moodle: the class list with the points filled in, and an archive of feedback pages
            named as they were handed in. Gradescope: a table of grades, and ``results.json`` for each submission.
    """
    graded = points(course, assignment)
    total = graded.groupby("student")[["points", "of"]].sum()
    out.mkdir(parents=True, exist_ok=True)
    pages = {student: course.root / "feedback" / student / assignment / f"{assignment}.html" for student in total.index}
    back = download.students.assign(score=download.students["student"].map(total["points"]))
    grades, archive = out / f"{assignment}_grades.csv", out / f"{assignment}_feedback.zip"
    if download.platform == "gradescope":
        results = []
        for row in back.dropna(subset="score").itertuples():
            tests = [
                {"name": each.question, "score": each.points, "max_score": each.of, "output": each.title}
                for each in graded[graded["student"] == row.student].itertuples()
            ]
            results.append(out / row.key / "results.json")
            results[-1].parent.mkdir(exist_ok=True)
            whole_files.write_json(results[-1], {"score": row.score, "tests": tests})
        table = back.assign(
            **{"Total Score": back["score"], "Max Points": total["of"].max(), "Submission ID": back["key"]}
        )
        table.drop(columns=["key", "student", "score"]).to_csv(grades, index=False)
        return [grades, *results]
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as packed:
        for student, prefix in dict.fromkeys((student, prefix) for student, prefix, _ in download.files.values()):
            if student in pages and pages[student].exists():
                packed.write(pages[student], f"{prefix}{assignment}.html")
    column = "Grade"
    if download.platform == "canvas":
        column = next((name for name in back.columns if name.startswith(assignment)), assignment)
    filled = back.assign(
        **{column: back["score"].map("{:g}".format).where(back["score"].notna(), back.get(column, ""))}
    )
    filled[download.students.columns.drop(["key", "student"]).union([column], sort=False)].to_csv(grades, index=False)
    return [grades, archive]
