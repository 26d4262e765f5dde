"""The project's own check of its exercises."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from nbformat import NotebookNode
from nbgrader.nbgraderformat import MetadataValidator, ValidationError

from idic_lab.exercises.answer_text import decode, encode
from idic_lab.exercises.course_folder import CourseFolder, graded_names, handed_in, opened
from idic_lab.exercises.questions import QUESTIONS

STUDENTS = ("ada", "bob.k", "s1234567")
MEANINGFUL = re.compile(r"(student_id|setup|[a-z_]+_q\d\d(_answer)?|[a-z_]+_text\d\d)")
LEAST_QUESTIONS, LEAST_MISCONCEPTIONS, LEAST_WRONG_ANSWERS = 110, 100, 130


@dataclass(frozen=True)
class Finding:
    """One thing that was checked: what is wrong with it, and what was looked at, in numbers."""

    what: str
    faults: tuple[str, ...]
    counted: str

    def __str__(self) -> str:
        if not self.faults:
            return f"ok    {self.what} ({self.counted})"
        return "\n".join([f"FAULT {self.what} ({self.counted})", *(f"      {fault}" for fault in self.faults)])


def check_metadata(course: CourseFolder) -> Finding:
    """Whether every cell's metadata are valid, ids unique and meaningful, and points stated and adding up.

    >>> from idic_lab import shipped
    >>> check_metadata(CourseFolder(shipped("exercises"))).faults
    ()
    """
    faults, seen, points = [], set(), 0.0
    for assignment in course.assignments:
        headings = 0.0
        for cell in course.notebook(assignment).cells:
            headings += _stated_points(cell.source) if cell.cell_type == "markdown" else 0
            if "nbgrader" not in cell.metadata:
                continue
            name = cell.metadata.nbgrader.get("grade_id", "")
            try:
                MetadataValidator().validate_cell(cell)
            except ValidationError as error:
                faults.append(f"{assignment}, {name}: {error}")
            if (assignment, name) in seen:
                faults.append(f"{assignment}: two cells are called {name}")
            if not MEANINGFUL.fullmatch(name) or not (name in ("student_id", "setup") or name.startswith(assignment)):
                faults.append(f"{assignment}: {name!r} does not say what the cell is")
            seen.add((assignment, name))
        total = sum(course.points(assignment).values())
        points += total
        if total != headings:
            faults.append(f"{assignment}: the headings promise {headings:g} points, the cells carry {total:g}")
    return Finding("metadata, ids and points", tuple(faults), f"{len(seen)} cells, {points:g} points")


def _stated_points(text: str) -> float:
    found = re.match(r"### .*?· (\d+) points?\b", text)
    return float(found[1]) if found else 0.0


def check_completeness(course: CourseFolder) -> Finding:
    """Whether every question has a form that its text states, an answer and enough company.

    >>> from idic_lab import shipped
    >>> check_completeness(CourseFolder(shipped("exercises"))).faults
    ()
    """
    asked = [name for assignment in course.assignments for name in graded_names(course.notebook(assignment))]
    faults = [f"{name}: no form in the package" for name in asked if name not in QUESTIONS]
    faults += [f"{name}: no expected answer" for name in asked if name not in course.key.names]
    faults += [f"{name}: asked in no assignment" for name in QUESTIONS if name not in asked]
    faults += [fault for assignment in course.assignments for fault in _unstated(course.notebook(assignment))]
    for assignment in course.assignments:
        decide = [QUESTIONS[name].decides for name in graded_names(course.notebook(assignment)) if name in QUESTIONS]
        if sum(decide) < len(decide) / 3:
            faults.append(f"{assignment}: {sum(decide)} of {len(decide)} questions interpret or decide; a third should")
    kinds = [(name, known.name) for name in QUESTIONS for known in course.key.misconceptions(name)]
    bank = [wrong for assignment in course.assignments for wrong in course.wrong_answers(assignment)]
    detectors = {name for _, name in kinds}
    for what, number, least in (
        ("questions", len(asked), LEAST_QUESTIONS),
        ("misconceptions", len(detectors), LEAST_MISCONCEPTIONS),
        ("wrong answers", len(bank), LEAST_WRONG_ANSWERS),
    ):
        if number < least:
            faults.append(f"{number} {what}; at least {least} are promised")
    counted = f"{len(asked)} questions, {len(detectors)} kinds of misconception, {len(bank)} wrong answers"
    return Finding("questions, answers and hints", tuple(faults), counted)


def form_line(name: str) -> str:
    """The line under a question that states form, unit and precision of its answer.

    >>> form_line("value_q01")
    '*Form: a whole number (customers).*'
    """
    return f"*Form: {QUESTIONS[name].form.asked()}.*"


def _unstated(notebook: NotebookNode) -> Iterator[str]:
    """Questions whose text does not state the form that the package asks for."""
    texts = {cell.get("id", ""): cell.source for cell in notebook.cells}
    for name in graded_names(notebook):
        if name in QUESTIONS and form_line(name) not in texts.get(f"{name}-text", ""):
            yield f"{name}: its text should end with {form_line(name)!r}"


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
                faults.append(
                    f"{entry.question}, {student}: a wrong answer shows {verdict.shows} for {verdict.credit:.0%}; "
                    f"the bank says {entry.shows} for {entry.credit:.0%}"
                )
    faults += [
        f"{entry.question}: {entry.shows} is right for every student tried"
        for entry in course.wrong_answers(assignment)
        if entry not in held
    ]
    counted = f"{right} model answers and {wrong} wrong ones, {len(students)} students"
    return Finding(f"answers of {assignment}", tuple(faults), counted)


def judged_bank(course: CourseFolder, assignment: str, student: str) -> Iterator[tuple]:
    """Every wrong answer of an assignment with the verdict it gets from a student's data."""
    names = opened(course.notebook(assignment), student)
    brought = None
    if assignment == "capstone":
        first = next(c for c in course.notebook(assignment).cells if c.id == "capstone_q01_answer")
        exec(first.source, names)
        brought = decode(encode(names["my_transactions"]))
    for entry in course.wrong_answers(assignment):
        answer = decode(encode(eval(entry.code, dict(names))))
        yield entry, course.key.judge(entry.question, answer, student, brought)
