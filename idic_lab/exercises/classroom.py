"""Grading a class: several submissions at once, each in processes of its own, none able to stop the others."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import filelock
import nbformat
import pandas as pd
from nbgrader.api import Gradebook

from idic_lab.errors import DataError, RepositoryError
from idic_lab.exercises.course_folder import CourseFolder
from idic_lab.exercises.repair import repair

COURSE_ID = "idic_lab"
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


def nbgrader(course: CourseFolder, *arguments: str, seconds: float | None = None) -> tuple[int, str]:
    """Run an nbgrader command in the course's folder.

    Parameters
    ----------
    course : CourseFolder
    *arguments : str
    seconds : float, optional
        After this time it is ended, with everything it started.

    Returns
    -------
    tuple of int and str
        Exit status (`TOO_LONG` when ended, `KILLED` when somebody else ended it), and what it said.
    """
    # Whoever grades may be killed: then nbgrader must end too, and not write beside the next call.
    code = "import runpy, idic_lab.durability.orphaned_processes as o; o.end_with_parent({}); runpy.run_module('nbgrader', run_name='__main__')"
    environment = dict(os.environ, OMP_NUM_THREADS="1", PYTHONWARNINGS="ignore")
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
    """Make the students' copy of an assignment and enter it in the gradebook.

    Raises
    ------
    DataError
        When nbgrader refuses; the message says why.
    """
    status, said = nbgrader(course, "generate_assignment", assignment, "--force")
    if status:
        raise DataError(f"nbgrader could not release {assignment}:\n{said[-2000:]}")


def grade_class(
    course: CourseFolder,
    assignment: str,
    processes: int = 2,
    submission_seconds: float = 300,
    tell: Callable[[str], None] | None = None,
) -> pd.DataFrame:
    """Grade everything under ``submitted`` for one assignment.

    Parameters
    ----------
    course : CourseFolder
    assignment : str
    processes : int
        Submissions graded at once.
    submission_seconds : float
        Longest time one submission may take; then it gets 0 points and a note.
    tell : callable, optional
        Told of every submission as it is done.

    Returns
    -------
    DataFrame
        ``student``, ``points``, ``of``, ``seconds``, ``notes``; one row per submission.

    Raises
    ------
    DataError
        When nothing was handed in.
    UnknownName
        When the course has no such assignment.
    RepositoryError
        When another grading of the course is at work.
    """
    course.check_name(assignment)
    students = sorted(
        path.parent.name for path in course.root.glob(f"submitted/*/{assignment}") if path.is_dir()
    )
    if not students:
        raise DataError(
            f"Nothing is handed in for {assignment}: {course.root}/submitted/<student>/{assignment}/."
        )
    try:
        with filelock.FileLock(course.root / ".grading.lock", timeout=0):
            return _grade_locked(course, assignment, students, processes, submission_seconds, tell)
    except filelock.Timeout:
        raise RepositoryError(
            f"Another grading is at work in '{course.root.name}'. Wait until it has ended."
        ) from None


def _grade_locked(course, assignment, students, processes, submission_seconds, tell) -> pd.DataFrame:
    if not (course.root / "release" / assignment).exists() or not (course.root / "gradebook.db").exists():
        release(course, assignment)

    def one(student: str) -> Graded:
        result = _grade_one(course, assignment, student, submission_seconds)
        if tell:
            tell(f"{student}: {result.seconds:.0f} s{''.join(f'; {note}' for note in result.notes)}")
        return result

    with ThreadPoolExecutor(max_workers=processes) as pool:
        try:
            results = list(pool.map(one, students))
        except KeyboardInterrupt:
            pool.shutdown(wait=False, cancel_futures=True)
            for pid in tuple(_running):
                with contextlib.suppress(ProcessLookupError):
                    _end(pid)
            raise
    for result in results:
        if result.failed:
            _record_zero(course, assignment, result.student)
    return _report(course, assignment, results)


def _grade_one(course: CourseFolder, assignment: str, student: str, seconds: float) -> Graded:
    begun = time.perf_counter()
    try:
        notes = repair(course, assignment, student)
    except DataError as error:
        return Graded(student, time.perf_counter() - begun, True, (str(error),))
    arguments = ("autograde", assignment, f"--student={student}", "--force")
    status, said = nbgrader(course, *arguments, seconds=seconds)
    if status not in (0, TOO_LONG):  # once more: the machine may have been busy
        status, said = nbgrader(course, *arguments, seconds=seconds)
    if status == TOO_LONG:
        notes.append(f"ended after {seconds:.0f} seconds, 0 points")
    elif status:
        lines = [line for line in said.splitlines() if "Error" in line] or ["no reason given"]
        notes.append(f"nbgrader failed, 0 points: {lines[-1].strip()[:200]}")
    else:
        notes += _what_happened(course, assignment, student)
    return Graded(student, time.perf_counter() - begun, bool(status), tuple(notes))


def _what_happened(course: CourseFolder, assignment: str, student: str) -> list[str]:
    """What the graded notebook says about cells that were left out or forged."""
    notebook = nbformat.read(course.root / "autograded" / student / assignment / f"{assignment}.ipynb", 4)
    found = []
    for cell in notebook.cells:
        for output in cell.get("outputs", []):
            name, text = output.get("ename", ""), output.get("evalue", "") or output.get("text", "")
            where = cell.metadata.get("nbgrader", {}).get("grade_id", "a cell")
            if name in ("LeftOut", "NotRun", "TooMuchOutput"):
                found.append(f"{where}: {text}")
            elif "No answer reached the grader" in text:
                found.append(f"{where}: no answer reached the grader")
            elif "is graded on the data of" in text:
                found.append("STUDENT_ID is not the student's")
    return list(dict.fromkeys(found))[:4]


def _record_zero(course: CourseFolder, assignment: str, student: str) -> None:
    with Gradebook(database(course), COURSE_ID) as gradebook:
        gradebook.update_or_create_student(student)
        submission = gradebook.update_or_create_submission(assignment, student)
        for notebook in submission.notebooks:
            for grade in notebook.grades:
                grade.auto_score, grade.needs_manual_grade = 0, False
        gradebook.db.commit()


def _report(course: CourseFolder, assignment: str, results: list[Graded]) -> pd.DataFrame:
    with Gradebook(database(course), COURSE_ID) as gradebook:
        scores = {result.student: gradebook.find_submission(assignment, result.student) for result in results}
        rows = [
            (result.student, scores[result.student].score, scores[result.student].max_score, result)
            for result in results
        ]
    return pd.DataFrame(
        [
            (student, points, most, round(result.seconds, 1), "; ".join(result.notes))
            for student, points, most, result in rows
        ],
        columns=["student", "points", "of", "seconds", "notes"],
    )
