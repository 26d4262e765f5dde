"""What students hand in, as files or through a learning platform, and what goes back: in the shapes that Canvas, Moodle and
Gradescope write and read.
"""

import contextlib
import os
import re
import shutil
import tempfile
import unicodedata
import zipfile
from pathlib import Path
from typing import NamedTuple

import pandas as pd
import yaml

from idic_lab import durability
from idic_lab.errors import DataError, LabError, existing, pick
from idic_lab.exercises.classroom import points
from idic_lab.exercises.course_folder import CourseFolder
from idic_lab.exercises.repair import MOST_BYTES, TABLES, is_plain
from idic_lab.exercises.student import normal_id

HANDED_IN = (".ipynb", ".py", *TABLES)
MOST_UNPACKED = 2 * 2**30
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


def collect(course: CourseFolder, assignment: str, folder: Path) -> list[str]:
    """Bring files as students hand them in into ``submitted``; a later batch adds to what is there.

    `folder` holds files such as ``ada__value.ipynb``, one folder per student, or zip archives of either. A file that is newer
    than one collected before replaces it; the older one is kept as ``.earlier``. What was done with each file is returned.
    """
    course.check_name(assignment)
    if not folder.is_dir():
        raise DataError(f"There is no folder '{folder}' with what students handed in.")
    told = []
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as unpacked:
        for archive in sorted(file for file in folder.rglob("*.zip") if not file.name.endswith(".data.zip")):
            with contextlib.suppress(zipfile.BadZipFile), zipfile.ZipFile(archive) as packed:
                size = sum(file.file_size for file in packed.infolist())
                if size > MOST_UNPACKED:
                    told.append(f"{archive.name}: not unpacked, it would take {size / 2**30:.1f} GB")
                    continue
                packed.extractall(Path(unpacked) / (archive.stem.rpartition("__")[0] or archive.stem))
        for root in (folder, Path(unpacked)):
            for file in sorted(path for path in root.rglob("*") if path.is_file() and path.suffix in HANDED_IN):
                told.append(f"{file.relative_to(root)}: {_collected(course, assignment, file, root)}")
    return told


def _collected(course: CourseFolder, assignment: str, file: Path, root: Path) -> str:
    if not is_plain(file):
        return "not collected, it is a link or too large"
    student, _, name = file.name.rpartition("__")
    if not student:
        folders = [part for part in file.relative_to(root).parts[:-1] if part not in ("archive", assignment)]
        student = folders[-1] if folders else ""
    student = unicodedata.normalize("NFC", student).strip()
    try:
        normal_id(student)
    except LabError:
        return f"not collected, it names no student; call it student__{file.name}"
    target = course.root / "submitted" / student / assignment / name
    mended_from = target.with_suffix(".as_handed_in")
    late = target.exists()
    if late:
        earlier = mended_from if mended_from.exists() else target
        if earlier.read_bytes() == file.read_bytes():
            return "collected before"
        if file.stat().st_mtime < target.stat().st_mtime:
            return "left out, a newer one is there"
        earlier.replace(target.with_name(f"{target.name}.earlier"))
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copy2(file, target)
    return f"{'replaces an earlier one of' if late else 'collected for'} {student}"


class Download(NamedTuple):
    """What a platform gave: an archive of submissions, and whose each is."""

    archive: Path
    platform: str
    files: dict[str, tuple[str, str, str]]  # by path: the student's id, the platform's prefix, the name of the file
    unknown: list[str]  # paths of nobody in the class list
    students: pd.DataFrame  # the class list as it came, with the columns key and student


def opened(platform: str, archive: Path, class_list: Path | None = None) -> Download:
    """Read whose each file of a download is.

    The class list is Canvas's exported gradebook, or Moodle's grading worksheet; Gradescope's export says itself who handed in.
    """
    shape = re.compile(pick("platform", platform, _FILES))
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
    if number not in table:
        told = f"{platform}'s own export has one. Found: {list(table.columns)}."
        raise DataError(f"'{path}' has no column {number!r}; {told}")
    ids = table[[name for name in names if name in table]]
    ids = ids.mask(ids == "").bfill(axis=1).iloc[:, 0].fillna("")
    return table.assign(key=table[number].str.extract(r"(\d+)", expand=False).fillna(""), student=ids)


def _submitters(packed: zipfile.ZipFile, names: list[str]) -> pd.DataFrame:
    listed = next((name for name in names if name.endswith("submission_metadata.yml")), None)
    if listed is None:
        raise DataError("A Gradescope export holds submission_metadata.yml; this archive does not.")
    rows = []
    for key, told in yaml.safe_load(packed.read(listed)).items():
        for who in told[":submitters"]:
            name, number, email = (str(who.get(part) or "") for part in (":name", ":sid", ":email"))
            rows.append((key, number or email, name, number, email))
    return pd.DataFrame(rows, columns=["key", "student", "Name", "SID", "Email"])


def bring(course: CourseFolder, assignment: str, download: Download) -> list[str]:
    """Collect the files of a download; what was done with each."""
    unread = []
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder, zipfile.ZipFile(download.archive) as packed:
        for path, (student, _, file) in download.files.items():
            if packed.getinfo(path).file_size >= MOST_BYTES:
                unread.append(f"{path}: not unpacked, it is larger than {MOST_BYTES / 2**20:.0f} MB")
                continue
            if download.platform == "canvas":  # which numbers what is handed in again
                file = re.sub(r"-\d+(?=\.\w+$)", "", file)
            target = Path(folder, f"{student}__{file}")
            target.write_bytes(packed.read(path))
            os.utime(target, (download.archive.stat().st_mtime,) * 2)
        told = collect(course, assignment, Path(folder))
    return told + unread + [f"{name}: of nobody in the class list" for name in download.unknown]


def give_back(course: CourseFolder, assignment: str, download: Download, out: Path) -> list[Path]:
    """Write grades and feedback pages for the platform that the submissions came from.

    For Canvas and Moodle that is the class list with the points filled in, and an archive of feedback pages named as they were
    handed in; for Gradescope a table of grades, and ``results.json`` for each submission.
    """
    graded = points(course, assignment)
    total = graded.groupby("student")[["points", "of"]].sum()
    out.mkdir(parents=True, exist_ok=True)
    back = download.students.assign(score=download.students["student"].map(total["points"]))
    grades, archive = out / f"{assignment}_grades.csv", out / f"{assignment}_feedback.zip"
    if download.platform == "gradescope":
        results = []
        names = {"question": "name", "points": "score", "of": "max_score", "title": "output"}
        for row in back.dropna(subset="score").itertuples():
            tests = graded.loc[graded["student"] == row.student, list(names)].rename(columns=names)
            results.append(out / row.key / "results.json")
            results[-1].parent.mkdir(exist_ok=True)
            durability.write_json(results[-1], {"score": row.score, "tests": tests.to_dict("records")})
        table = back.assign(most=total["of"].max())[["Name", "SID", "Email", "score", "most", "key"]]
        names = {"score": "Total Score", "most": "Max Points", "key": "Submission ID"}
        table.rename(columns=names).to_csv(grades, index=False)
        return [grades, *results]
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as packed:
        for student, prefix in dict.fromkeys((student, prefix) for student, prefix, _ in download.files.values()):
            page = course.root / "feedback" / student / assignment / f"{assignment}.html"
            if student in total.index and page.exists():
                packed.write(page, f"{prefix}{assignment}.html")
    column = "Grade"
    if download.platform == "canvas":
        column = next((name for name in back if name.startswith(assignment)), assignment)
    points_as_text = back["score"].map("{:g}".format).where(back["score"].notna(), back.get(column, ""))
    back.assign(**{column: points_as_text}).drop(columns=["key", "student", "score"]).to_csv(grades, index=False)
    return [grades, archive]
