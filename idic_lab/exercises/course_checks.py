"""Exercises before students have them: the check of what is written down, and assignments played through nbgrader.

Each play is release, hand in, grade, feed back, in a copy of the course: with a look for leaks, or for an instructor's first
quarter of an hour with made-up students, good and hostile, in a folder where every file can be looked at.
"""

import html
import os
import re
import shutil
import tempfile
from collections.abc import Callable, Collection, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from pathlib import Path
from typing import NamedTuple

import nbformat
import numpy as np
import pandas as pd
import yaml
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell
from nbgrader.nbgraderformat import MetadataValidator, ValidationError

from idic_lab.errors import DataError
from idic_lab.exercises.classroom import PROCESSES, grade_class, gradebook_of, points, release, step
from idic_lab.exercises.collecting import collect
from idic_lab.exercises.course_folder import CourseFolder, grade_id, graded_names, handed_in, opened, with_student_id
from idic_lab.exercises.nbgrader_steps import OURS, UNSAFE
from idic_lab.exercises.questions import QUESTIONS
from idic_lab.exercises.student import decode, encode
from idic_lab.exercises.students_copy import make_secret

STUDENTS = ("ada", "bob.k", "s1234567")
MEANINGFUL = re.compile(r"(student_id|setup|[a-z_]+_q\d\d(_answer)?|[a-z_]+_text\d\d)")
SECRET = re.compile(r"(BEGIN|END) (HIDDEN TESTS|SOLUTION|MARK SCHEME)|\bgrade\(")
PROMISED = {"questions": 110, "misconceptions": 100, "wrong answers": 130}  # at least


class Finding(NamedTuple):
    """One thing that was checked: what is wrong with it, and what was looked at, in numbers."""

    what: str
    faults: tuple[str, ...]
    counted: str

    def __str__(self) -> str:
        told = [f"{'FAULT' if self.faults else 'ok   '} {self.what} ({self.counted})"]
        return "\n".join([*told, *(f"      {fault}" for fault in self.faults)])


def check_course(
    course: CourseFolder, assignments: Sequence = (), with_nbgrader: bool = True, tell: Callable[[str], None] = print
) -> bool:
    """Run every check, `with_nbgrader` the plays too, and tell what was found; True when nothing is wrong."""
    for assignment in assignments:
        course.check_name(assignment)
    findings = [check_metadata(course), check_completeness(course)]
    tell("\n".join(map(str, findings)))
    # Those with few wrong answers play a shop or judge what is brought, which takes longest.
    longest_first = sorted(assignments or course.assignments, key=lambda name: len(course.wrong_answers(name)))
    with (
        tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder,
        ProcessPoolExecutor(os.cpu_count(), mp_context=PROCESSES) as pool,
    ):
        copy = course.copied(Path(folder) / "course")
        if with_nbgrader:
            gradebook_of(copy).close()  # one for all: making it takes seconds
        parts = [pool.submit(_check_one, copy.root, name, with_nbgrader) for name in longest_first]
        for part in as_completed(parts):
            findings += part.result()
            tell("\n".join(map(str, part.result())))
    return not any(finding.faults for finding in findings)


def _check_one(root: Path, assignment: str, with_nbgrader: bool) -> list[Finding]:
    course = CourseFolder(root, practice=True)
    return [check_answers(course, assignment), *(rehearse(course, assignment, STUDENTS[0]) if with_nbgrader else ())]


def check_metadata(course: CourseFolder) -> Finding:
    """Whether every cell's metadata are valid, ids unique and meaningful, and points stated and adding up."""
    faults, cells, points = [], 0, 0.0
    for assignment in course.assignments:
        notebook = course.notebook(assignment)
        try:
            MetadataValidator().validate_nb(notebook)
        except ValidationError as error:
            faults.append(f"{assignment}: {error}")
        names = [cell.metadata.nbgrader.get("grade_id", "") for cell in notebook.cells if "nbgrader" in cell.metadata]
        for name in names:
            if not MEANINGFUL.fullmatch(name) or not (name in ("student_id", "setup") or name.startswith(assignment)):
                faults.append(f"{assignment}: {name!r} does not say what the cell is")
        stated = (re.match(r"### .*?· (\d+) points?\b", cell.source) for cell in notebook.cells)
        headings = sum(float(found[1]) for found in stated if found)
        total = sum(course.points(assignment).values())
        cells, points = cells + len(names), points + total
        if total != headings:
            faults.append(f"{assignment}: the headings promise {headings:g} points, the cells carry {total:g}")
    return Finding("metadata, ids and points", tuple(faults), f"{cells} cells, {points:g} points")


def check_completeness(course: CourseFolder) -> Finding:
    """Whether every question has a form that its text states, an answer and enough company."""
    asked, faults, bank = [], [], []
    for assignment in course.assignments:
        notebook = course.notebook(assignment)
        names, texts = graded_names(notebook), {cell.get("id", ""): cell.source for cell in notebook.cells}
        known = {name: QUESTIONS[name] for name in names if name in QUESTIONS}
        asked += names
        bank += course.wrong_answers(assignment)
        for name, question in known.items():
            line = f"*Form: {question.form.asked()}.*"
            if line not in texts.get(f"{name}-text", ""):
                faults.append(f"{name}: its text should end with {line!r}")
        decide = sum(question.decides for question in known.values())
        if decide < len(known) / 3:
            faults.append(f"{assignment}: {decide} of {len(known)} questions interpret or decide; a third should")
    faults += [f"{name}: no form in the package" for name in asked if name not in QUESTIONS]
    faults += [f"{name}: no expected answer" for name in asked if name not in course.key.names]
    faults += [f"{name}: asked in no assignment" for name in QUESTIONS if name not in asked]
    detectors = {known.name for name in QUESTIONS for known in course.key.misconceptions(name)}
    for number, (what, least) in zip(map(len, (asked, detectors, bank)), PROMISED.items(), strict=True):
        if number < least:
            faults.append(f"{number} {what}; at least {least} are promised")
    counted = f"{len(asked)} questions, {len(detectors)} kinds of misconception, {len(bank)} wrong answers"
    return Finding("questions, answers and hints", tuple(faults), counted)


def check_answers(course: CourseFolder, assignment: str, students: tuple[str, ...] = STUDENTS) -> Finding:
    """Whether model solutions score everything and wrong answers what the bank says, without kernels."""
    faults, right, wrong, held = [], 0, 0, set()
    for student in students:
        notebook = course.notebook(assignment)
        answers = handed_in(notebook, student)
        for name in graded_names(notebook):
            verdict = course.key.judge(name, answers[name].answer, student, answers[name].brought)
            right += 1
            if verdict.credit != 1:
                faults.append(f"{name}, {student}: the model solution earns {verdict.credit:.0%}. {verdict.message}")
        for entry, verdict in judged_bank(course, assignment, student):
            wrong += 1
            # By chance a wrong way may lead to the right answer in one student's data; not in everybody's.
            if verdict.shows == "right":
                continue
            held.add(entry)
            if (verdict.credit, verdict.shows) != (entry.credit, entry.shows):
                told = f"shows {verdict.shows} for {verdict.credit:.0%}; the bank says {entry.shows} for {entry.credit:.0%}"
                faults.append(f"{entry.question}, {student}: a wrong answer {told}")
    never = [entry for entry in course.wrong_answers(assignment) if entry not in held]
    faults += [f"{entry.question}: {entry.shows} is right for every student tried" for entry in never]
    counted = f"{right} model answers and {wrong} wrong ones, {len(students)} students"
    return Finding(f"answers of {assignment}", tuple(faults), counted)


def judged_bank(course: CourseFolder, assignment: str, student: str, bank: Collection | None = None) -> Iterator[tuple]:
    """Every wrong answer of an assignment, or those of a part of its bank, with the verdict it gets from a student's data."""
    names = opened(course.notebook(assignment), student)
    brought = None
    if assignment == "capstone":
        exec(next(cell.source for cell in course.notebook(assignment).cells if cell.id == "capstone_q01_answer"), names)
        brought = decode(encode(names["my_transactions"]))
    entries = course.wrong_answers(assignment) if bank is None else bank
    answers = [decode(encode(eval(entry.code, dict(names)))) for entry in entries]
    # Those of a part are handed in together.
    earlier = {} if bank is None else {entry.question: answer for entry, answer in zip(entries, answers, strict=True)}
    for entry, answer in zip(entries, answers, strict=True):
        yield entry, course.key.judge(entry.question, answer, student, brought, earlier)


class _Submission(NamedTuple):
    """What the rehearsal hands in under one name, the points it must get and the hints it must bring."""

    student: str
    notebook: NotebookNode
    points: dict[str, float]
    hints: list[str]


def rehearse(course: CourseFolder, assignment: str, student: str) -> Iterator[Finding]:
    """Play one assignment through nbgrader in a copy of the course: `student` has the model solution, others are wrong."""
    release(course, assignment, here=True)
    regions = [found for cell in course.notebook(assignment).cells for found in _SOLUTION.findall(cell.source)]
    # Those long enough to be recognised.
    solution = [line.strip() for region in regions for line in region.splitlines() if len(line.strip()) > 25]
    yield _no_leak(course.notebook(assignment, "release"), solution, assignment)
    submissions = list(_submissions(course, assignment, student))
    for submission in submissions:
        target = course.root / "submitted" / submission.student / assignment
        target.mkdir(parents=True)
        nbformat.write(submission.notebook, target / f"{assignment}.ipynb")
    # All of it is ours: no need of processes for nbgrader, of walls, and of kernels only for the model solution.
    ours = [submission.student for submission in submissions if submission.student != student]
    step(course, "autograde", assignment, "--force", told={UNSAFE: "1", OURS: ",".join(ours)}, here=True)
    step(course, "generate_feedback", assignment, here=True)
    yield _scores(course, assignment, submissions)
    yield _feedback(course, assignment, submissions, solution)


_SOLUTION = re.compile(r"### BEGIN SOLUTION\n(.*?)\n### END SOLUTION", re.S)


def _submissions(course: CourseFolder, assignment: str, student: str) -> Iterator[_Submission]:
    """The model solution; the untouched release; and the wrong answers, one of each question at a time."""
    points = {name: value for name, value in course.points(assignment).items() if "_text" not in name}
    yield _Submission(student, with_student_id(course.notebook(assignment), student), points, [])
    yield _Submission("untouched", course.notebook(assignment, "release"), dict.fromkeys(points, 0.0), [])
    turn, left = 0, course.wrong_answers(assignment)
    while left:
        student, turn = f"w{turn}", turn + 1
        chosen = {entry.question: entry for entry in reversed(left)}  # the first that is left of each question
        left = [entry for entry in left if entry not in chosen.values()]
        judged = judged_bank(course, assignment, student, chosen.values())
        verdicts = {entry.question: verdict for entry, verdict in judged}
        notebook, cells = with_student_id(course.notebook(assignment), student), []
        for cell in notebook.cells:
            cells.append(cell)
            name = grade_id(cell) or ""
            if (entry := chosen.get(name.removesuffix("_answer"))) and name.endswith("_answer"):
                variable = cell.source.split(" = ", 1)[0]
                cell.source += f"\n_right = {variable}\n{variable} = {entry.code}"
            elif entry:  # later cells may build on this answer
                cells.append(new_code_cell(f"{variable} = _right"))
        notebook.cells = cells
        expected = {name: round(verdict.credit * points[name], 2) for name, verdict in verdicts.items()}
        hints = [verdict.message for verdict in verdicts.values()]
        yield _Submission(student, notebook, points | expected, hints)


def _no_leak(released: NotebookNode, solution: list[str], assignment: str) -> Finding:
    faults = [f"{cell.id}: {found[0]}" for cell in released.cells if (found := SECRET.search(cell.source))]
    for line in solution:
        faults += [f"{cell.id}: the solution line {line!r}" for cell in released.cells if line in cell.source]
    return Finding(f"release of {assignment} leaks nothing", tuple(faults), f"{len(released.cells)} cells")


def _scores(course: CourseFolder, assignment: str, submissions: list[_Submission]) -> Finding:
    got = points(course, assignment).set_index(["student", "question"])["points"]
    faults = [f"{one.student} was not graded" for one in submissions if one.student not in got.index]
    due = {(one.student, name): expected for one in submissions for name, expected in one.points.items()}
    wrong = [key for key, expected in due.items() if key in got.index and got[key] != expected]
    faults += [f"{', '.join(key)}: {got[key]} points, expected {due[key]}" for key in wrong]
    counted = f"{len(submissions)} submissions: model, untouched, wrong answers"
    return Finding(f"nbgrader scores {assignment} as it should", tuple(faults), counted)


def _feedback(course: CourseFolder, assignment: str, submissions: list[_Submission], solution: list[str]) -> Finding:
    faults = []
    for student, notebook, _, hints in submissions:
        path = course.root / "feedback" / student / assignment / f"{assignment}.html"
        if not path.exists():
            faults.append(f"{student} got no feedback")
            continue
        text = html.unescape(re.sub(r"<[^>]+>", "", path.read_text(encoding="utf-8")))
        own = "".join(cell.source for cell in notebook.cells)
        shown = [found[0] for found in re.finditer(r"BEGIN HIDDEN TESTS|\bgrade\(\"", text)]
        shown += [f"the solution line {line!r}" for line in solution if line in text and line not in own]
        faults += [f"{student}: the feedback shows {what}" for what in shown]
        faults += [f"{student} does not see the hint {hint!r}" for hint in hints if hint not in text]
    counted = f"{len(submissions)} pages, {sum(len(submission.hints) for submission in submissions)} hints"
    return Finding(f"feedback on {assignment} shows hints and leaks nothing", tuple(faults), counted)


def trial_class(
    course: CourseFolder,
    assignment: str,
    folder: Path,
    size: int = 6,
    harmful: bool = False,
    unsafe: bool = False,
    tell: Callable[[str], None] = print,
) -> pd.DataFrame:
    """Release, hand in, collect, grade and feed back one assignment for students who do not exist, in a new folder.

    A third hands in the model solution, the others are wrong here and there; where they are `harmful`, the first nine loop,
    crash, print without end, forge, delete cells, copy.
    """
    course.check_name(assignment)
    if folder.exists():
        raise DataError(f"'{folder}' exists already; name a new folder with --out, or remove it.")
    try:
        copy = course.copied(folder)
        make_secret(copy.root)
        tell(f"Releasing {assignment} ...")
        release(copy, assignment)
        tell(f"{size} students hand in ...")
        collect(copy, assignment, _downloaded(copy, assignment, size, harmful))
        tell(f"Grading {size} submissions, two at once ...")
        grades = grade_class(copy, assignment, unsafe=unsafe, tell=tell)
        tell("Writing feedback and grades ...")
        step(copy, "generate_feedback", assignment)
        step(copy, "export")
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)  # half a class would only puzzle its reader
        raise
    return grades


def _downloaded(course: CourseFolder, assignment: str, size: int, harmful: bool) -> Path:
    """A folder with the files of a class, as from a learning platform, ready to be collected."""
    folder = course.root / "downloaded" / assignment
    folder.mkdir(parents=True)
    random = np.random.default_rng(0)
    attacks = yaml.safe_load((course.root / "hostile.yaml").read_text(encoding="utf-8")) if harmful else {}
    kinds = [*attacks, "deletes", "renames", "copies"] if harmful else []
    for number in range(size):
        kind = kinds[number] if number < len(kinds) else "student"
        student, file = f"{kind}{number:02d}", "my homework (2)" if kind == "renames" else assignment
        skill = 1.0 if kind != "student" or number % 3 == 0 else random.uniform(0.3, 0.95)
        notebook = with_student_id(course.notebook(assignment), "somebody-else" if kind == "copies" else student)
        if kind in attacks:
            third = [cell for cell in notebook.cells if (grade_id(cell) or "").endswith("_answer")][2]
            third.source = f"{attacks[kind]}\n{third.source}"
        _spoil(notebook, kind, skill, course.wrong_answers(assignment), random)
        (folder / f"{student}__{file}.ipynb").write_text(nbformat.writes(notebook), encoding="utf-8")
    return folder


def _spoil(notebook: NotebookNode, kind: str, skill: float, bank: list, random: np.random.Generator) -> None:
    """Make of a model solution what this kind of student hands in: with wrong answers of the bank where skill is missing."""
    answers = [cell for cell in notebook.cells if (grade_id(cell) or "").endswith("_answer")]
    if kind == "deletes":  # the setup, one answer and one check
        gone = {"setup", grade_id(answers[1]), grade_id(answers[1]).removesuffix("_answer")}
        notebook.cells = [cell for cell in notebook.cells if grade_id(cell) not in gone]
    for cell in answers if skill < 1 else ():
        if random.random() >= skill:
            question = grade_id(cell).removesuffix("_answer")
            known = [entry.code for entry in bank if entry.question == question] or ["0"]
            cell.source += f"\n{cell.source.split(' = ', 1)[0]} = {known[random.integers(len(known))]}"
