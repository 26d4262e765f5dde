"""Grading a class: several submissions at once, each in processes of its own, none able to stop the others."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import unicodedata
import warnings
import zipfile
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import filelock
import nbformat
import pandas as pd
from nbgrader.api import Gradebook

from idic_lab.errors import DataError, LabError, RepositoryError, pick
from idic_lab.exercises import sandbox
from idic_lab.exercises.answer_key import digest
from idic_lab.exercises.answer_text import printable
from idic_lab.exercises.course_folder import CourseFolder
from idic_lab.exercises.grading_steps import CHANGED, DIGEST, NOTES, UNSAFE
from idic_lab.exercises.questions import QUESTIONS
from idic_lab.exercises.repair import is_plain, repair
from idic_lab.exercises.student import normal_id

COURSE_ID = "idic_lab"
HANDED_IN = (".ipynb", ".py", ".csv", ".xlsx", ".parquet")
MOST_UNPACKED = 2 * 2**30
TOO_LONG, KILLED = -9, 137
_SIGKILL = getattr(signal, "SIGKILL", 9)  # Windows has none
_running: set[int] = set()  # nbgrader processes, which Ctrl-C does not reach by itself


@dataclass(frozen=True)
class Graded:
    """What became of one submission."""

    student: str
    seconds: float
    failed: bool
    notes: tuple[str, ...]


def database(course: CourseFolder) -> str:
    """Address of the course's gradebook; whoever finds it locked waits."""
    return f"sqlite:///{course.root / 'gradebook.db'}?timeout=120"


def nbgrader(
    course: CourseFolder, *arguments: str, seconds: float | None = None, told: dict[str, str] | None = None
) -> tuple[int, str]:
    """Run an nbgrader command in the course's folder, with `told` in its environment.

    Returns:
        tuple of int and str: Exit status (`TOO_LONG` when ended after `seconds`, `KILLED` when somebody else ended it),
            and what it said.
    """
    # Whoever grades may be killed: then nbgrader must end too, and not write beside the next call.
    code = "import runpy, idic_lab.durability.orphaned_processes as o; o.end_with_parent({}); runpy.run_module('nbgrader', run_name='__main__')"
    environment = dict(os.environ, OMP_NUM_THREADS="1", PYTHONWARNINGS="ignore", **(told or {}))
    # nbgrader starts alembic by name, which stands beside this Python and may not be on the path.
    environment["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{environment.get('PATH', '')}"
    with subprocess.Popen(
        [sys.executable, "-c", code.format(os.getpid()), *arguments],
        cwd=course.root,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        start_new_session=True,
    ) as process:
        _running.add(process.pid)
        try:
            said, _ = process.communicate(timeout=seconds)
        except subprocess.TimeoutExpired:
            _end(process.pid)
            said, _ = process.communicate()
            return TOO_LONG, said
        finally:
            _running.discard(process.pid)
        if process.returncode == -_SIGKILL:
            return KILLED, f"{said}\nError: it was ended from outside, or ran out of memory"
        return process.returncode, said


def _end(pid: int) -> None:
    """End a grader and what it started; Windows knows no groups, and there its kernel ends by itself."""
    if hasattr(os, "killpg"):
        os.killpg(pid, _SIGKILL)
    else:
        os.kill(pid, _SIGKILL)


def release(course: CourseFolder, assignment: str) -> None:
    """Make the students' copy of an assignment and enter it in the gradebook."""
    status, said = nbgrader(course, "generate_assignment", assignment, "--force")
    if status:
        raise DataError(f"nbgrader could not release {assignment}:\n{said[-2000:]}")


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
        for archive in sorted(folder.rglob("*.zip")):
            with contextlib.suppress(zipfile.BadZipFile), zipfile.ZipFile(archive) as packed:
                size = sum(file.file_size for file in packed.infolist())
                if size > MOST_UNPACKED:
                    told.append(f"{archive.name}: not unpacked, it would take {size / 2**30:.1f} GB")
                    continue
                packed.extractall(Path(unpacked) / archive.stem)
        for root in (folder, Path(unpacked)):
            for file in sorted(path for path in root.rglob("*") if path.is_file() and path.suffix in HANDED_IN):
                told.append(_collected(course, assignment, file, file.relative_to(root)))
    return told


def _collected(course: CourseFolder, assignment: str, file: Path, place: Path) -> str:
    if not is_plain(file):
        return f"{place}: not collected, it is a link or too large"
    student, _, name = file.name.rpartition("__")
    if not student:
        folders = [part for part in place.parts[:-1] if part not in ("archive", assignment)]
        student, name = (folders[-1] if folders else ""), file.name
    student = unicodedata.normalize("NFC", student).strip()
    try:
        normal_id(student)
    except LabError:
        return f"{place}: not collected, it names no student; call it student__{file.name}"
    target = course.root / "submitted" / student / assignment / name
    if target.exists() and target.read_bytes() == file.read_bytes():
        return f"{place}: collected before"
    late = target.exists()
    if late:
        if file.stat().st_mtime < target.stat().st_mtime:
            return f"{place}: left out, a newer one is there"
        target.replace(target.with_name(f"{target.name}.earlier"))
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copy2(file, target)
    return f"{place}: {'replaces an earlier one of' if late else 'collected for'} {student}"


def grade_class(
    course: CourseFolder,
    assignment: str,
    students: Sequence[str] = (),
    processes: int = 2,
    submission_seconds: float = 360,
    unsafe: bool = False,
    tell: Callable[[str], None] | None = None,
) -> pd.DataFrame:
    """Grade what is under ``submitted`` for one assignment.

    Parameters:
        students (sequence of str): Grade these alone; ``("new",)`` stands for those who handed in since they were
            graded.
        processes: Submissions graded at once; one that takes longer than `submission_seconds` gets 0 points and a note.
        tell: Told of every submission as it is done.
    Returns:
        DataFrame: ``student``, ``points``, ``of``, ``seconds``, ``notes``; one row per submission.
    """
    course.check_name(assignment)
    if not unsafe and not sandbox.available():
        raise DataError(sandbox.MISSING)
    handed_in = [path.parent.name for path in course.root.glob(f"submitted/*/{assignment}") if path.is_dir()]
    if not handed_in:
        raise DataError(f"Nothing is handed in for {assignment}: {course.root}/submitted/<student>/{assignment}/.")
    if tuple(students) == ("new",):
        chosen = [student for student in handed_in if _is_new(course, assignment, student)]
    else:
        chosen = [pick("student", student, handed_in) for student in students] or handed_in
    told = {DIGEST: digest(course.root)} | ({UNSAFE: "1"} if unsafe else {})
    try:
        with filelock.FileLock(course.root / ".grading.lock", timeout=0):
            grading = _Grading(course, assignment, submission_seconds, told, tell)
            return grading.of(sorted(chosen), processes)
    except filelock.Timeout:
        raise RepositoryError(f"Another grading is at work in '{course.root.name}'. Wait until it has ended.") from None


def _is_new(course: CourseFolder, assignment: str, student: str) -> bool:
    graded = course.root / "autograded" / student / assignment / f"{assignment}.ipynb"
    folder = course.root / "submitted" / student / assignment
    latest = max((path.stat().st_mtime for path in folder.iterdir()), default=0)
    return not graded.exists() or graded.stat().st_mtime < latest


@dataclass(frozen=True)
class _Grading:
    """One grading of a class."""

    course: CourseFolder
    assignment: str
    seconds: float
    told: dict[str, str]
    tell: Callable[[str], None] | None

    def of(self, students: list[str], processes: int) -> pd.DataFrame:
        """Grade these students, several at once."""
        course, assignment = self.course, self.assignment
        if not (course.root / "release" / assignment).exists() or not (course.root / "gradebook.db").exists():
            release(course, assignment)
        with ThreadPoolExecutor(max_workers=processes) as pool:
            try:
                results = list(pool.map(self.one, students))
            except BaseException:
                pool.shutdown(wait=False, cancel_futures=True)
                for pid in tuple(_running):
                    with contextlib.suppress(ProcessLookupError):
                        _end(pid)
                raise
        if digest(course.root) != self.told[DIGEST]:
            raise DataError(CHANGED)
        for result in results:
            if result.failed:
                _record_zero(course, assignment, result.student)
        return _report(course, assignment, results)

    def one(self, student: str) -> Graded:
        """Grade one student; whatever is wrong with the submission stops no other."""
        begun = time.perf_counter()
        try:
            failed, notes = self._autograded(student)
        except Exception as error:
            failed, notes = (True, [f"0 points: {error}" if isinstance(error, LabError) else f"0 points: {error!r}"])
        graded = Graded(student, time.perf_counter() - begun, failed, tuple(printable(note, 400) for note in notes))
        if self.tell:
            self.tell(f"{student}: {graded.seconds:.0f} s{''.join(f'; {note}' for note in graded.notes)}")
        return graded

    def _autograded(self, student: str) -> tuple[bool, list[str]]:
        notes = repair(self.course, self.assignment, student)
        arguments = ("autograde", self.assignment, f"--student={student}", "--force")
        status, said = nbgrader(self.course, *arguments, seconds=self.seconds, told=self.told)
        if status not in (0, TOO_LONG):  # once more: the machine may have been busy
            status, said = nbgrader(self.course, *arguments, seconds=self.seconds, told=self.told)
        if status == TOO_LONG:
            return True, [*notes, f"ended after {self.seconds:.0f} seconds, 0 points"]
        if status:
            lines = [line for line in said.splitlines() if "Error" in line] or ["no reason given"]
            return True, [*notes, f"nbgrader failed, 0 points: {lines[-1].strip()[:200]}"]
        graded = self.course.root / "autograded" / student / self.assignment / f"{self.assignment}.ipynb"
        return False, notes + list(nbformat.read(graded, 4).metadata.get(NOTES, []))[:12]


def points(course: CourseFolder, assignment: str) -> pd.DataFrame:
    """What the gradebook holds of an assignment, texts included.

    Returns:
        DataFrame: ``student``, ``question``, ``title``, ``concept``, ``points``, ``of``, and ``waiting``, whether a
            person has yet to read it.
    """
    if not (course.root / "gradebook.db").exists():
        raise DataError(f"There is no gradebook in {course.root}: grade a class first.")
    rows = []
    with Gradebook(database(course), COURSE_ID) as gradebook:
        for submission in gradebook.assignment_submissions(assignment):
            for grade in (grade for notebook in submission.notebooks for grade in notebook.grades):
                known = QUESTIONS.get(grade.name)
                about = (known.title, known.concept) if known else ("Text, read by your instructor", "texts")
                told = (grade.score or 0.0, grade.max_score, bool(grade.needs_manual_grade))
                rows.append((submission.student_id, grade.name, *about, *told))
    if not rows:
        raise DataError(f"The gradebook has no graded submission of {assignment}.")
    return pd.DataFrame(rows, columns=["student", "question", "title", "concept", "points", "of", "waiting"])


def _record_zero(course: CourseFolder, assignment: str, student: str) -> None:
    with Gradebook(database(course), COURSE_ID) as gradebook, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # nbgrader flushes a submission before it belongs to anybody
        gradebook.update_or_create_student(student)
        submission = gradebook.update_or_create_submission(assignment, student)
        for notebook in submission.notebooks:
            for grade in notebook.grades:
                grade.auto_score, grade.needs_manual_grade = 0, False
        gradebook.db.commit()


def _report(course: CourseFolder, assignment: str, results: list[Graded]) -> pd.DataFrame:
    rows = []
    with Gradebook(database(course), COURSE_ID) as gradebook:
        for result in results:
            graded = gradebook.find_submission(assignment, result.student)
            told = (round(result.seconds, 1), "; ".join(result.notes))
            rows.append((result.student, graded.score, graded.max_score, *told))
    return pd.DataFrame(rows, columns=["student", "points", "of", "seconds", "notes"])
