"""Grading a class: several submissions at once, each in processes of its own, none able to stop the others; then how hard each
question was, how well it tells students apart, and what went wrong most.
"""

from __future__ import annotations

import contextlib
import html
import io
import multiprocessing
import os
import re
import shutil
import signal
import sys
import tempfile
import threading
import time
import traceback
import warnings
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from multiprocessing.connection import Connection
from pathlib import Path
from unittest import mock

import filelock
import nbformat
import numpy as np
import pandas as pd
from jupyter_core.application import NoStart
from nbgrader.api import Gradebook

from idic_lab import durability, figures
from idic_lab.errors import DataError, LabError, RepositoryError, pick
from idic_lab.exercises import sandbox
from idic_lab.exercises.answer_key import digest
from idic_lab.exercises.course_folder import CourseFolder
from idic_lab.exercises.nbgrader_steps import CHANGED, DIGEST, NOTES, UNSAFE
from idic_lab.exercises.questions import QUESTIONS
from idic_lab.exercises.repair import TABLES, read, repair
from idic_lab.exercises.student import normal_id, printable

COURSE_ID = "idic_lab"
TOO_LONG = "too long"
_SIGKILL = getattr(signal, "SIGKILL", 9)  # Windows has none
_running: set[int] = set()  # nbgrader processes, which Ctrl-C does not reach by itself
# Each command is forked from a process that has loaded what it needs, which takes longer than most commands.
PROCESSES = multiprocessing.get_context("forkserver" if sys.platform.startswith("linux") else "spawn")
_LOADED = ["nbgrader.apps", "idic_lab.exercises.nbgrader_steps", "idic_lab.differentiate.clv", "sklearn.cluster"]
PROCESSES.set_forkserver_preload(_LOADED)


def database(course: CourseFolder) -> str:
    """Address of the course's gradebook; whoever finds it locked waits."""
    return f"sqlite:///{course.root / 'gradebook.db'}?timeout=120"


def with_alembic() -> contextlib.AbstractContextManager:
    """While it lasts nbgrader finds alembic, which it starts by name: it stands beside this Python, maybe not on the path."""
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}"
    return mock.patch.dict(os.environ, PATH=path)


def gradebook_of(course: CourseFolder) -> Gradebook:
    """The course's gradebook, made if there is none yet."""
    with with_alembic():
        return Gradebook(database(course), COURSE_ID)


def nbgrader(
    course: CourseFolder, *arguments: str, seconds: float | None = None, told: dict[str, str] | None = None
) -> tuple[int | str, str]:
    """Exit status (`TOO_LONG` when ended after `seconds`) and words of an nbgrader command, run in a process of its own."""
    ours, theirs = PROCESSES.Pipe(duplex=False)
    environment = dict(os.environ, OMP_NUM_THREADS="1", **(told or {}))
    process = PROCESSES.Process(target=_nbgrader_alone, args=(theirs, course.root, arguments, environment))
    process.start()
    theirs.close()
    _running.add(process.pid)
    try:
        if not ours.poll(seconds):
            _end(process.pid)
            return TOO_LONG, ""
        return ours.recv()
    except EOFError:
        return -_SIGKILL, "Error: it was ended from outside, or ran out of memory"
    finally:
        process.join()
        _running.discard(process.pid)
        ours.close()


def _nbgrader_alone(answer: Connection, root: Path, arguments: tuple[str, ...], environment: dict[str, str]) -> None:
    if hasattr(os, "setsid"):
        os.setsid()
    # Whoever grades may be killed: then nbgrader must end too, and not write beside the next call.
    threading.Thread(target=lambda: (multiprocessing.parent_process().join(), os._exit(1)), daemon=True).start()
    answer.send(nbgrader_here(root, arguments, environment))


def nbgrader_here(root: Path, arguments: Sequence[str], told: dict[str, str]) -> tuple[int, str]:
    """Run an nbgrader command in this process: its exit status, and what it said."""
    from nbgrader.apps import NbGraderApp

    said, status, app = io.StringIO(), 0, NbGraderApp()
    quiet = contextlib.redirect_stdout(said), contextlib.redirect_stderr(said), warnings.catch_warnings()
    with mock.patch.dict(os.environ, told), with_alembic(), contextlib.chdir(root), quiet[0], quiet[1], quiet[2]:
        warnings.simplefilter("ignore")
        try:
            app.initialize(list(arguments))
            app.start()
        except NoStart:  # raised behind every command
            pass
        except SystemExit as end:
            status = int(end.code or 0)
        except Exception:
            status = 1
            traceback.print_exc(file=said)
        finally:
            app.reset()
    return status, said.getvalue()


def step(course: CourseFolder, *arguments: str, told: dict[str, str] | None = None, here: bool = False) -> None:
    """Run an nbgrader command that has to succeed; `here` starts no process for it."""
    told = told or {}
    status, said = nbgrader_here(course.root, arguments, told) if here else nbgrader(course, *arguments, told=told)
    if status:
        raise DataError(f"nbgrader {' '.join(arguments)} failed:\n{said[-2000:]}")


def release(course: CourseFolder, assignment: str, here: bool = False) -> None:
    """Make the students' copy of an assignment and enter it in the gradebook."""
    step(course, "generate_assignment", assignment, "--force", here=here)


def _end(pid: int) -> None:
    """End a grader and what it started; Windows knows no groups, and there its kernel ends by itself."""
    (os.killpg if hasattr(os, "killpg") else os.kill)(pid, _SIGKILL)


def grade_class(
    course: CourseFolder,
    assignment: str,
    students: Sequence[str] = (),
    processes: int = 2,
    submission_seconds: float = 360,
    unsafe: bool = False,
    tell: Callable[[str], None] = lambda line: None,
) -> pd.DataFrame:
    """Grade what is under ``submitted`` for one assignment, some at once: ``student``, ``points``, ``of``, ``seconds``, ``notes``.

    Of `students` ``("new",)`` are those who handed in since they were graded. A submission that takes longer than
    `submission_seconds` gets 0 points and a note.
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

    def one(student: str) -> dict:
        """Grade one student; whatever is wrong with the submission stops no other."""
        begun = time.perf_counter()
        try:
            failed, notes = _autograded(course, assignment, student, submission_seconds, told)
        except Exception as error:
            failed, notes = True, [f"0 points: {error if isinstance(error, LabError) else repr(error)}"]
        seconds, notes = time.perf_counter() - begun, [printable(note, 400) for note in notes]
        tell(f"{student}: {seconds:.0f} s{''.join(f'; {note}' for note in notes)}")
        return {"student": student, "failed": failed, "seconds": round(seconds, 1), "notes": "; ".join(notes)}

    try:
        with filelock.FileLock(course.root / ".grading.lock", timeout=0), ThreadPoolExecutor(processes) as pool:
            if not (course.root / "release" / assignment).exists() or not (course.root / "gradebook.db").exists():
                release(course, assignment)
            try:
                graded = list(pool.map(one, sorted(chosen)))
            except BaseException:
                pool.shutdown(wait=False, cancel_futures=True)
                for pid in tuple(_running):
                    with contextlib.suppress(ProcessLookupError):
                        _end(pid)
                raise
            if digest(course.root) != told[DIGEST]:
                raise DataError(CHANGED)
            return _recorded(course, assignment, graded)
    except filelock.Timeout:
        raise RepositoryError(f"Another grading is at work in '{course.root.name}'. Wait until it has ended.") from None


def _is_new(course: CourseFolder, assignment: str, student: str) -> bool:
    graded = course.root / "autograded" / student / assignment / f"{assignment}.ipynb"
    folder = course.root / "submitted" / student / assignment
    latest = max((path.stat().st_ctime for path in folder.iterdir()), default=0)  # when it came here
    return not graded.exists() or graded.stat().st_mtime < latest


def _autograded(course: CourseFolder, assignment: str, student: str, seconds: float, told: dict) -> tuple[bool, list]:
    """Mend and grade a submission: whether that failed, and what there is to say of it."""
    notes = repair(course, assignment, student)
    for _ in range(2):  # once more when it failed: the machine may have been busy
        arguments = ("autograde", assignment, f"--student={student}", "--force")
        status, said = nbgrader(course, *arguments, seconds=seconds, told=told)
        if status in (0, TOO_LONG):
            break
    if status == TOO_LONG:
        return True, [*notes, f"ended after {seconds:.0f} seconds, 0 points"]
    if status:
        lines = [line for line in said.splitlines() if "Error" in line] or ["no reason given"]
        return True, [*notes, f"nbgrader failed, 0 points: {lines[-1].strip()[:200]}"]
    graded = course.root / "autograded" / student / assignment / f"{assignment}.ipynb"
    return False, notes + list(nbformat.read(graded, 4).metadata.get(NOTES, []))[:12]


def _recorded(course: CourseFolder, assignment: str, graded: list[dict]) -> pd.DataFrame:
    """What the gradebook holds of those who were graded, 0 points for whom that failed."""
    with gradebook_of(course) as gradebook, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # nbgrader flushes a submission before it belongs to anybody
        for row in graded:
            student = row["student"]
            if row["failed"]:
                gradebook.update_or_create_student(student)
                submission = gradebook.update_or_create_submission(assignment, student)
                for grade in (grade for notebook in submission.notebooks for grade in notebook.grades):
                    grade.auto_score, grade.needs_manual_grade = 0, False
                gradebook.db.commit()
                shutil.rmtree(course.root / "autograded" / student / assignment, ignore_errors=True)  # of a time before
                page = course.root / "feedback" / student / assignment / f"{assignment}.html"
                page.parent.mkdir(parents=True, exist_ok=True)
                durability.write(page, f"<meta charset=utf-8><h1>{assignment}</h1><p>{html.escape(row['notes'])}</p>")
            submission = gradebook.find_submission(assignment, student)
            row |= {"points": submission.score, "of": submission.max_score}
    return pd.DataFrame(graded, columns=["student", "points", "of", "seconds", "notes"])


def points(course: CourseFolder, assignment: str) -> pd.DataFrame:
    """What the gradebook holds of an assignment, texts included; ``waiting`` is what a person has yet to read."""
    if not (course.root / "gradebook.db").exists():
        raise DataError(f"There is no gradebook in {course.root}: grade a class first.")
    rows = []
    with gradebook_of(course) as gradebook:
        for submission in gradebook.assignment_submissions(assignment):
            for grade in (grade for notebook in submission.notebooks for grade in notebook.grades):
                known = QUESTIONS.get(grade.name)
                about = (known.title, known.concept) if known else ("Text, read by your instructor", "texts")
                told = (grade.score or 0.0, grade.max_score, bool(grade.needs_manual_grade))
                rows.append((submission.student_id, grade.name, *about, *told))
    if not rows:
        raise DataError(f"The gradebook has no graded submission of {assignment}.")
    return pd.DataFrame(rows, columns=["student", "question", "title", "concept", "points", "of", "waiting"])


def grade_own(course: CourseFolder, path: Path) -> tuple[pd.DataFrame, list[str], Path]:
    """Grade one notebook as an instructor would, in a temporary copy of the course, and leave the feedback page beside it.

    Returns:
        tuple: ``question``, ``concept``, ``points``, ``of`` of the autograded questions; what was odd; the feedback page.
    """
    assignment = path.stem.split(".")[0]
    course.check_name(assignment)
    student = _student_of(path)
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as temporary:
        copy = course.copied(Path(temporary) / "course")
        handed_in = copy.root / "submitted" / student / assignment
        handed_in.mkdir(parents=True)
        shutil.copy(path, handed_in / f"{assignment}.ipynb")
        for brought in (file for file in path.parent.iterdir() if file.suffix in TABLES):  # the capstone's own data
            shutil.copy(brought, handed_in / brought.name)
        graded = grade_class(copy, assignment, processes=1, unsafe=True)  # one's own notebook, on one's own machine
        table = points(copy, assignment)
        step(copy, "generate_feedback", assignment)
        page = path.with_name(f"{path.stem}.feedback.html")
        shutil.copy(copy.root / "feedback" / student / assignment / f"{assignment}.html", page)
    table = table[table["concept"] != "texts"].set_index("question")
    asked = [name for name in course.points(assignment) if name in table.index]
    notes = [note for note in graded["notes"].iloc[0].split("; ") if note]
    return table.loc[asked, ["concept", "points", "of"]].reset_index(), notes, page


def _student_of(path: Path) -> str:
    """The id in the notebook's first code cell, read without running it."""
    if not path.is_file():
        raise DataError(f"There is no notebook '{path}'.")
    notebook, _ = read(path)
    given = [cell.source for cell in notebook.cells if re.match(r"STUDENT_ID\s*=", cell.source)]
    if not given:
        raise DataError(f"'{path.name}' is not an assignment of this course: it has no cell for the student's id.")
    written = re.match(r"""STUDENT_ID\s*=\s*(["'])(.*?)\1""", given[0])
    try:
        return normal_id(written and written[2])
    except LabError:
        how = f'as in STUDENT_ID = "ada": letters, digits and . _ @ -; found {written and written[2]!r}.'
        raise DataError(f"'{path.name}' should have your id in its first code cell, {how}") from None


def mastery(course: CourseFolder, assignment: str) -> pd.DataFrame:
    """Share of the points earned on each concept: one row per student, and last the class."""
    shares = _shares(course, assignment, "concept")
    shares.loc["(class)"] = shares.mean()
    return shares


def _shares(course: CourseFolder, assignment: str, of: str) -> pd.DataFrame:
    table = points(course, assignment)
    sums = table[table["concept"] != "texts"].groupby(["student", of])[["points", "of"]].sum()
    return sums.eval("share = points / of").pivot_table(index="student", columns=of, values="share")


def statistics(shares: pd.DataFrame) -> pd.DataFrame:
    """Difficulty and discrimination of each question.

    Parameters:
        shares: Share of the points each student (row) earned on each question (column).
    Returns:
        DataFrame: ``question``; ``students``; ``difficulty``, the mean share of the points (high is easy);
            ``discrimination``, the correlation with the mean of the other questions (0 where all students have the same
            score).

    Source: Lord & Novick (1968), Statistical Theories of Mental Test Scores, chapter 15.

    >>> shares = pd.DataFrame({"q1": [1, 1, 0, 0], "q2": [1, 0.5, 0, 0], "q3": [1.0, 1, 1, 1]})
    >>> statistics(shares)["discrimination"].round(2).tolist()
    [0.9, 0.9, 0.0]
    """
    rest = pd.DataFrame({question: shares.drop(columns=question).mean(axis=1) for question in shares})
    varied = (shares.std() > 0) & (rest.std() > 0)
    apart = shares.loc[:, varied].corrwith(rest)
    told = {"students": len(shares), "difficulty": shares.mean(), "discrimination": apart}
    return pd.DataFrame(told).rename_axis("question").fillna(0.0).reset_index()


def items(course: CourseFolder, assignment: str) -> pd.DataFrame:
    """As :func:`statistics`, with ``commonest_wrong``, ``shown_by`` (students) and ``example`` (one such answer).

    The commonest wrong answer is the misconception shown most, or else the kind of failure.
    """
    course.check_name(assignment)
    said = [
        (cell.metadata.nbgrader.grade_id, cell.metadata.idic["shows"], cell.metadata.idic["answer"])
        for path in sorted(course.root.glob(f"autograded/*/{assignment}/{assignment}.ipynb"))
        for cell in nbformat.read(path, as_version=4).cells
        if "idic" in cell.metadata and cell.metadata.idic["shows"] != "right"
    ]
    wrong = pd.DataFrame(said, columns=["question", "commonest_wrong", "answer"])
    shown = wrong.groupby(["question", "commonest_wrong"], sort=False)["answer"].agg(shown_by="size", example="first")
    most = shown.reset_index().sort_values("shown_by", ascending=False, kind="stable").drop_duplicates("question")
    table = statistics(_shares(course, assignment, "question")).merge(most, on="question", how="left")
    return table.fillna({"commonest_wrong": "", "shown_by": 0, "example": ""}).astype({"shown_by": "int64"})


def plot_items(table: pd.DataFrame, ax: figures.Axes | None = None) -> figures.Axes:
    """Draw difficulty and discrimination, one row per question, the hardest on top.

    >>> shares = pd.DataFrame({"q1": [1, 1, 0, 0], "q2": [1, 0.5, 0, 0], "q3": [1.0, 1, 1, 1]})
    >>> plot_items(statistics(shares)).get_title()
    '1 of 3 questions hardly tell students apart'
    """
    ax = figures.axes(ax)
    table = table.sort_values("difficulty", ascending=False, ignore_index=True)
    places = np.arange(len(table))
    ax.hlines(places, table["difficulty"], table["discrimination"], color="0.8", zorder=1)
    said = ("mean share of the points", "correlation with the other questions")
    for measure, marker, label in zip(("difficulty", "discrimination"), "oD", said, strict=True):
        ax.scatter(table[measure], places, marker=marker, s=36, label=f"{measure}: {label}", zorder=3)
    ax.axvline(0.2, color="0.5", linewidth=1, linestyle="--", zorder=0)
    ax.set_yticks(places, table["question"])
    ax.set_ylim(-0.6, len(table) - 0.4)
    ax.set_xlim(min(-0.05, table["discrimination"].min() - 0.05), 1.05)
    weak = int((table["discrimination"] < 0.2).sum())
    told = f"{weak} of {len(table)} questions hardly tell" if weak else "Every question tells"
    x = "from 0 to 1; the dashed line marks a discrimination of 0.2"
    legend = {"loc": "lower center", "bbox_to_anchor": (0.5, 1.0)}
    ax = figures.finish(ax, f"{told} students apart", x=x, legend=legend)
    ax.set_title(ax.get_title(), pad=46)
    return ax
