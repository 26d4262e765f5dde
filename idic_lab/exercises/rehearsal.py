"""A rehearsal of one assignment through nbgrader: release, hand in, grade, feed back, and look for leaks."""

from __future__ import annotations

import html
import re
import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import nbformat
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell

from idic_lab.exercises.classroom import grade_class, nbgrader, release
from idic_lab.exercises.course_checks import Finding, judged_bank
from idic_lab.exercises.course_folder import CourseFolder, WrongAnswer, with_student_id
from idic_lab.exercises.verdict import Verdict

COPIED = ("source", "answers", "nbgrader_config.py", "wrong_answers")
SECRET = re.compile(r"(BEGIN|END) (HIDDEN TESTS|SOLUTION|MARK SCHEME)|\bgrade\(")


@dataclass
class _HandedIn:
    """What the rehearsal hands in under one name, and the points it must get."""

    student: str
    notebook: NotebookNode
    points: dict[str, float]
    hints: list[str]


def rehearse(course: CourseFolder, assignment: str, students: tuple[str, ...]) -> Iterator[Finding]:
    """Play one assignment through nbgrader in a copy of the course.

    Parameters
    ----------
    course : CourseFolder
    assignment : str
    students : tuple of str
        Hand in the model solution; the first one's data also meet every wrong answer of the bank.

    Yields
    ------
    Finding
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
        grade_class(copy, assignment)
        nbgrader(copy, "generate_feedback", assignment)
        yield _scores(copy, assignment, submissions)
        yield _feedback(copy, assignment, submissions)


def copied(course: CourseFolder, target: Path) -> CourseFolder:
    """A copy of what an instructor writes, without releases, submissions and grades, in a new folder."""
    target.mkdir(parents=True)
    for name in COPIED:
        source = course.root / name
        if source.is_dir():
            shutil.copytree(source, target / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(source, target / name)
    return CourseFolder(target)


def _submissions(course: CourseFolder, assignment: str, students: tuple[str, ...]) -> Iterator[_HandedIn]:
    points = {name: value for name, value in course.points(assignment).items() if "_text" not in name}
    for student in students:
        yield _HandedIn(student, with_student_id(course.notebook(assignment), student), points, [])
    yield _HandedIn("untouched", course.notebook(assignment, "release"), dict.fromkeys(points, 0.0), [])
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
) -> _HandedIn:
    """The model solution, with one wrong answer from the bank put last in each of some answer cells."""
    notebook = with_student_id(course.notebook(assignment), student)
    expected, hints, cells = dict(points), [], []
    for cell in notebook.cells:
        cells.append(cell)
        name = cell.metadata.get("nbgrader", {}).get("grade_id", "")
        entry = chosen.get(name.removesuffix("_answer"))
        if entry and name.endswith("_answer"):
            variable = cell.source.split(" = ", 1)[0]
            cell.source += f"\n_right = {variable}\n{variable} = {entry.code}"
            expected[entry.question] = round(verdicts[entry].credit * points[entry.question], 2)
            hints.append(verdicts[entry].message)
        elif entry:  # later cells may build on this answer
            cells.append(new_code_cell(f"{variable} = _right"))
    notebook.cells = cells
    return _HandedIn(student, notebook, expected, hints)


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


def _scores(course: CourseFolder, assignment: str, submissions: list[_HandedIn]) -> Finding:
    faults = []
    for submission in submissions:
        path = course.root / "autograded" / submission.student / assignment / f"{assignment}.ipynb"
        if not path.exists():
            faults.append(f"{submission.student} was not graded")
            continue
        for cell in nbformat.read(path, as_version=4).cells:
            name = cell.metadata.get("nbgrader", {}).get("grade_id")
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


def _feedback(course: CourseFolder, assignment: str, submissions: list[_HandedIn]) -> Finding:
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
