"""A rehearsal of one assignment through nbgrader: release, hand in, grade, feed back, and look for leaks."""

from __future__ import annotations

import html
import os
import re
import tempfile
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path

import nbformat
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell

from idic_lab.errors import DataError
from idic_lab.exercises.answer_key import Verdict
from idic_lab.exercises.classroom import nbgrader, release
from idic_lab.exercises.course_checks import (
    STUDENTS,
    Finding,
    check_answers,
    check_completeness,
    check_metadata,
    judged_bank,
)
from idic_lab.exercises.course_folder import CourseFolder, WrongAnswer, copied, grade_id, with_student_id
from idic_lab.exercises.grading_steps import OURS, UNSAFE

SECRET = re.compile(r"(BEGIN|END) (HIDDEN TESTS|SOLUTION|MARK SCHEME)|\bgrade\(")


@dataclass
class _Submission:
    """What the rehearsal hands in under one name, and the points it must get."""

    student: str
    notebook: NotebookNode
    points: dict[str, float]
    hints: list[str]


def check_course(
    course: CourseFolder,
    assignments: Sequence[str] = (),
    with_nbgrader: bool = True,
    n_jobs: int | None = None,
    tell: Callable[[str], None] = print,
) -> bool:
    """Run every check and tell what was found, assignments side by side.

    `with_nbgrader` also releases, grades and feeds back, in a copy of the course; `n_jobs` is as many assignments at once
    as there are processors unless given. True when nothing is wrong.
    """
    for assignment in assignments:
        course.check_name(assignment)
    findings = [check_metadata(course), check_completeness(course)]
    for finding in findings:
        tell(str(finding))
    longest_first = sorted(assignments or course.assignments, key=lambda name: -len(course.wrong_answers(name)))
    with ProcessPoolExecutor(n_jobs or os.cpu_count(), mp_context=get_context("spawn")) as pool:
        parts = [pool.submit(_check_one, course.root, name, with_nbgrader) for name in longest_first]
        for part in as_completed(parts):
            for finding in part.result():
                findings.append(finding)
                tell(str(finding))
    return not any(finding.faults for finding in findings)


def _check_one(root: Path, assignment: str, with_nbgrader: bool) -> list[Finding]:
    course = CourseFolder(root, practice=True)
    found = [check_answers(course, assignment)]
    return found + (list(rehearse(course, assignment, STUDENTS[:1])) if with_nbgrader else [])


def rehearse(course: CourseFolder, assignment: str, students: tuple[str, ...]) -> Iterator[Finding]:
    """Play one assignment through nbgrader in a copy of the course.

    `students` hand in the model solution; further ones hand in the wrong answers of the bank.
    """
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        copy = copied(course, Path(folder) / "course")
        release(copy, assignment)
        yield _no_leak(copy.notebook(assignment, "release"), course.notebook(assignment), assignment)
        submissions = list(_submissions(copy, assignment, students))
        for submission in submissions:
            target = copy.root / "submitted" / submission.student / assignment
            target.mkdir(parents=True)
            nbformat.write(submission.notebook, target / f"{assignment}.ipynb")
        # All of it is ours: one process for all, no need of walls, and of kernels only for the model solution.
        ours = [submission.student for submission in submissions if submission.student not in students]
        told = {UNSAFE: "1", OURS: ",".join(ours)}
        status, said = nbgrader(copy, "autograde", assignment, "--force", told=told)
        if status:
            raise DataError(f"nbgrader could not grade {assignment}:\n{said[-2000:]}")
        nbgrader(copy, "generate_feedback", assignment)
        yield _scores(copy, assignment, submissions)
        yield _feedback(copy, assignment, submissions)


def _submissions(course: CourseFolder, assignment: str, students: tuple[str, ...]) -> Iterator[_Submission]:
    points = {name: value for name, value in course.points(assignment).items() if "_text" not in name}
    for student in students:
        yield _Submission(student, with_student_id(course.notebook(assignment), student), points, [])
    yield _Submission("untouched", course.notebook(assignment, "release"), dict.fromkeys(points, 0.0), [])
    turn, left = 0, course.wrong_answers(assignment)
    while left:
        student = f"w{turn}"
        verdicts = {entry: verdict for entry, verdict in judged_bank(course, assignment, student)}
        chosen: dict[str, WrongAnswer] = {}
        for entry in left:
            chosen.setdefault(entry.question, entry)
        left = [entry for entry in left if entry not in chosen.values()]
        yield _with_wrong_answers(course, assignment, student, chosen, verdicts, points)
        turn += 1


def _with_wrong_answers(
    course: CourseFolder,
    assignment: str,
    student: str,
    chosen: dict[str, WrongAnswer],
    verdicts: dict[WrongAnswer, Verdict],
    points: dict[str, float],
) -> _Submission:
    """The model solution, with one wrong answer from the bank put last in each of some answer cells."""
    notebook = with_student_id(course.notebook(assignment), student)
    expected, hints, cells = dict(points), [], []
    for cell in notebook.cells:
        cells.append(cell)
        name = grade_id(cell) or ""
        entry = chosen.get(name.removesuffix("_answer"))
        if entry and name.endswith("_answer"):
            variable = cell.source.split(" = ", 1)[0]
            cell.source += f"\n_right = {variable}\n{variable} = {entry.code}"
            expected[entry.question] = round(verdicts[entry].credit * points[entry.question], 2)
            hints.append(verdicts[entry].message)
        elif entry:  # later cells may build on this answer
            cells.append(new_code_cell(f"{variable} = _right"))
    notebook.cells = cells
    return _Submission(student, notebook, expected, hints)


def _no_leak(released: NotebookNode, source: NotebookNode, assignment: str) -> Finding:
    faults = [f"{cell.id}: {found[0]}" for cell in released.cells if (found := SECRET.search(cell.source))]
    for line in _solution_lines(source):
        faults += [f"{cell.id}: the solution line {line!r}" for cell in released.cells if line in cell.source]
    return Finding(f"release of {assignment} leaks nothing", tuple(faults), f"{len(released.cells)} cells")


def _solution_lines(notebook: NotebookNode) -> list[str]:
    """Lines of model solutions long enough to be recognised."""
    regions = [
        region
        for cell in notebook.cells
        for region in re.findall(r"### BEGIN SOLUTION\n(.*?)\n### END SOLUTION", cell.source, re.S)
    ]
    return [line.strip() for region in regions for line in region.splitlines() if len(line.strip()) > 25]


def _scores(course: CourseFolder, assignment: str, submissions: list[_Submission]) -> Finding:
    faults = []
    for submission in submissions:
        path = course.root / "autograded" / submission.student / assignment / f"{assignment}.ipynb"
        if not path.exists():
            faults.append(f"{submission.student} was not graded")
            continue
        for cell in nbformat.read(path, as_version=4).cells:
            name = grade_id(cell)
            if name not in submission.points:
                continue
            results = [output for output in cell.outputs if output.output_type == "execute_result"]
            got = float(results[0].data["text/plain"]) if results else None
            if any(output.get("name") == "stderr" for output in cell.outputs):
                faults.append(f"{submission.student}, {name}: writes to stderr")
            if got != submission.points[name]:
                faults.append(
                    f"{submission.student}, {name}: {got} points, expected {submission.points[name]}; "
                    f"{cell.outputs[0].get('text', '')[:160]}"
                )
    counted = f"{len(submissions)} submissions: model, untouched, wrong answers"
    return Finding(f"nbgrader scores {assignment} as it should", tuple(faults), counted)


def _feedback(course: CourseFolder, assignment: str, submissions: list[_Submission]) -> Finding:
    faults, hints = [], 0
    lines = _solution_lines(course.notebook(assignment))
    for submission in submissions:
        path = course.root / "feedback" / submission.student / assignment / f"{assignment}.html"
        if not path.exists():
            faults.append(f"{submission.student} got no feedback")
            continue
        text = html.unescape(re.sub(r"<[^>]+>", "", path.read_text(encoding="utf-8")))
        own = "".join(cell.source for cell in submission.notebook.cells)
        for secret in re.finditer(r"BEGIN HIDDEN TESTS|\bgrade\(\"", text):
            faults.append(f"{submission.student}: the feedback shows {secret[0]}")
        faults += [
            f"{submission.student}: the feedback shows the solution line {line!r}"
            for line in lines
            if line in text and line not in own
        ]
        for hint in submission.hints:
            hints += 1
            if hint not in text:
                faults.append(f"{submission.student} does not see the hint {hint!r}")
    counted = f"{len(submissions)} pages, {hints} hints"
    return Finding(f"feedback on {assignment} shows hints and leaks nothing", tuple(faults), counted)
