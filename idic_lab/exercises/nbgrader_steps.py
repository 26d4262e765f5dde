"""The steps that nbgrader takes a submission through: run in the sandbox, scored outside, shown without hidden tests."""

import json
import os
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import nbformat
from nbformat import NotebookNode
from nbformat.v4 import new_output
from nbgrader.preprocessors import NbGraderPreprocessor
from nbgrader.utils import is_grade, is_solution
from traitlets import Integer, Unicode

from idic_lab import shipped
from idic_lab.errors import DataError
from idic_lab.exercises import sandbox
from idic_lab.exercises.answer_key import AnswerKey, Verdict, secret_of
from idic_lab.exercises.repair import tables_of
from idic_lab.exercises.run_notebook import TRIED, job, run_here
from idic_lab.exercises.student import ANSWER, data_file, decode, in_short, normal_id, packed, printable

UNSAFE, DIGEST = "IDIC_LAB_UNSAFE", "IDIC_LAB_ANSWERS"  # what a grading hands to nbgrader's processes
OURS = "IDIC_LAB_OURS"  # students of a rehearsal, whose code is the course's own
NOTES = "idic_notes"
OWN_DATA = "capstone_q01"  # data that are brought and refused are worth a look of the instructor
CHANGED = "The answers are not those the grading began with: something changed them meanwhile."
_HIDDEN = re.compile(r"^[^\n]*BEGIN HIDDEN TESTS.*?END HIDDEN TESTS[^\n]*\n?", re.S | re.M)
_LINK = re.compile(r"(\]\(\s*|^\s*\[[^\]]+\]:\s*)(?!https?://|mailto:|#|attachment:)\S", re.M)
_SHOWN = {"text/plain", "image/png", ANSWER}  # never script
_BASE64 = re.compile(r"[A-Za-z0-9+/=\s]*")
# What no answer needs, and what an attempt on the grading would name.
_TRIED = re.compile(
    r"gradebook|/proc\b|os\.kill|\bpsutil\b|setsid|\bptrace|answer_key|\.judge\b|misconceptions|answers/|"
    r"manual_score|\bsubmitted/|student_shop|student_game|seed_of|\.truth\b|class_secret|\bctypes\b|\bsocket\b|\burllib\b|"
    r"\brequests\b|\bpickle\b|\bmount\b|setuid|setrlimit|\bgc\.get_|sys\._getframe|<script|javascript:|\bonerror=|x\.idic-|"
    r"idic_lab\.exercises\.(?!__)\w+|os\.(?:fork|symlink|link)\b"
)


class RunSubmission(NbGraderPreprocessor):
    """Execute a submission in the sandbox, and keep of its outputs what is data."""

    course = Unicode(help="Folder of the course").tag(config=True)
    cell_seconds = Integer(30, help="Longest time one cell may take, in seconds").tag(config=True)
    seconds = Integer(240, help="Longest time a notebook may take, in seconds").tag(config=True)
    output_characters = Integer(200_000, help="Most a cell may print").tag(config=True)
    memory_bytes = Integer(4 * 2**30, help="Most memory a kernel may use; 0 for no limit").tag(config=True)

    def preprocess(self, nb: NotebookNode, resources: dict[str, Any]) -> tuple[NotebookNode, dict[str, Any]]:
        unsafe = bool(os.environ.get(UNSAFE))
        if not unsafe and not sandbox.available():
            raise DataError(sandbox.MISSING)
        # The answers are read before the student's code runs.
        resources["idic_key"] = key = AnswerKey(self.course, secret_of(self.course))
        if os.environ.get(DIGEST, key.digest) != key.digest:
            raise DataError(CHANGED)
        limits = ("cell_seconds", "seconds", "output_characters", "memory_bytes")
        folder = Path(resources["metadata"].get("path") or ".")
        files = {file.name: file.read_bytes() for file in tables_of(folder)}
        if key.secret:
            student = normal_id(resources["nbgrader"]["student"])
            files[data_file(student)] = packed(student, key.secret)
        if resources["nbgrader"]["student"] in os.environ.get(OURS, "").split(","):
            ran = sandbox.Ran(json.dumps({"outputs": run_here(nb)}))
        else:
            hidden = (Path(self.course), shipped("exercises"))
            asked = job(nbformat.writes(nb), files, **{name: getattr(self, name) for name in limits})
            ran = sandbox.run(asked, self.seconds + 60, unsafe, hidden)
        notes = resources[NOTES] = []
        outputs = json.loads(ran.text).get("outputs", []) if ran.text else []
        if ran.why:
            notes.append(ran.why)
        for place, cell in enumerate(nb.cells):
            if cell.cell_type != "code":
                continue
            cell.execution_count = None
            why = f"Not run: {ran.why or 'nothing came back'}."
            said = [{"output_type": "error", "ename": "NotRun", "evalue": why, "traceback": [why]}]
            if isinstance(outputs, list) and place < len(outputs) and outputs[place] is not None:
                said = outputs[place] if isinstance(outputs[place], list) else []
            told = [output for output in said if isinstance(output, dict)]
            name = cell.metadata.get("nbgrader", {}).get("grade_id", f"cell {place + 1}")
            attempts = [str(output["data"][TRIED]) for output in told if TRIED in (output.get("data") or {})]
            notes += [f"{name} tried what no answer needs: {printable(attempt, 120)}" for attempt in attempts[:1]]
            cell.outputs = [kept for kept in map(_as_data, told) if kept]
            for output in cell.outputs:
                if output.get("ename") in ("LeftOut", "NotRun", "TooMuchOutput", "MemoryError"):
                    notes.append(f"{name}: {output.evalue or 'asked for more memory than it may have'}")
            if tried := _TRIED.search(cell.source):
                notes.append(f"{name} mentions {tried[0]!r}: worth a look")
        return nb, resources


def _as_data(output: dict[str, Any]) -> NotebookNode | None:
    """An output as plain data of the kinds that feedback shows; None for any other."""
    kind = output.get("output_type")
    if kind == "stream":
        return new_output("stream", name="stdout", text=str(output.get("text", "")))
    if kind == "error":
        told = {name: str(output.get(name, "")) for name in ("ename", "evalue")}
        return new_output("error", **told, traceback=[str(line) for line in output.get("traceback") or ()])
    if kind in ("display_data", "execute_result") and isinstance(output.get("data"), dict):
        data = {name: "".join(text) for name, text in output["data"].items() if name in _SHOWN}
        if not _BASE64.fullmatch(data.get("image/png", "")):
            del data["image/png"]
        return new_output("display_data", data=data) if data else None
    return None


class ScoreAnswers(NbGraderPreprocessor):
    """Put points and the hint into every autograded cell, as the outputs nbgrader reads."""

    def preprocess(self, nb: NotebookNode, resources: dict[str, Any]) -> tuple[NotebookNode, dict[str, Any]]:
        notes, student = resources.setdefault(NOTES, []), resources["nbgrader"]["student"]
        answers: dict[str, Any] = {}
        for cell in nb.cells:
            if cell.cell_type == "code" and is_grade(cell) and not is_solution(cell):
                notes += _score(cell, resources["idic_key"], student, answers)
        nb.metadata[NOTES] = list(dict.fromkeys(notes))
        return nb, resources


def _score(cell: NotebookNode, key: AnswerKey, student: str, answers: dict[str, Any]) -> list[str]:
    """Score one cell, and add its answer to those of the cells before; what was odd about it."""
    name, most = cell.metadata.nbgrader["grade_id"], float(cell.metadata.nbgrader["points"])
    sent, notes = _sent(cell, name)
    answer = None if sent is None else decode(sent["answer"])
    if sent is None:
        said = "No answer reached the grader: grade() or check() was replaced by code in this notebook."
        if errors := [output for output in cell.outputs if output.output_type == "error"]:
            said = f"The cell stopped. {errors[0].ename}: {errors[0].evalue}"[:300]
        else:
            notes.append(f"{name}: no answer reached the grader")
        verdict = Verdict(0.0, said, "error")
    else:
        answers[name] = answer
        try:
            brought = decode(sent["brought"]) if isinstance(sent.get("brought"), str) else None
            verdict = key.judge(name, answer, student, brought, answers)
        except Exception as error:  # an answer of an unforeseen shape costs this question alone
            verdict = Verdict(0.0, f"The answer could not be graded ({type(error).__name__}).", "form")
            notes.append(f"{name}: could not be graded ({type(error).__name__})")
        if name == OWN_DATA and not verdict.credit:
            notes.append(f"{name}: {verdict.message}")
        if sent.get("student") != normal_id(student):
            notes.append("STUDENT_ID is not the student's")
            said = f"STUDENT_ID is {str(sent.get('student'))[:64]!r}, but this was handed in by {student!r}, and is graded on the "
            verdict = replace(verdict, message=f"{said}data of {student!r}. {verdict.message}")
    points = round(verdict.credit * most, 2)
    cell.outputs = [
        new_output("stream", name="stdout", text=f"{name}: {points:g} of {most:g} points. {verdict.message}\n"),
        new_output("execute_result", data={"text/plain": str(points)}, execution_count=None),
    ]
    cell.metadata["idic"] = {"shows": verdict.shows, "answer": "" if answer is None else in_short(answer)}
    return notes


def _sent(cell: NotebookNode, name: str) -> tuple[dict[str, Any] | None, list[str]]:
    """The last answer handed in by a cell for its own question, and a note when it forged another."""
    found, notes = None, []
    for output in cell.outputs:
        text = output.get("data", {}).get(ANSWER)
        try:
            sent = json.loads(text) if text else None
        except (ValueError, TypeError, RecursionError):
            sent = None
        if isinstance(sent, dict) and sent.get("question") == name and isinstance(sent.get("answer"), str):
            found = sent
        elif text:
            notes.append(f"{name}: handed in something that is no answer to it")
    return found, notes


class StripHiddenTests(NbGraderPreprocessor):
    """Take the hidden tests out of what goes back to students, and show markup of theirs as text."""

    def preprocess_cell(self, cell: NotebookNode, resources: dict, cell_index: int) -> tuple[NotebookNode, dict]:
        # The course's own text: a student's could be made so that the search never ends.
        if is_grade(cell) and not is_solution(cell):
            cell.source = _HIDDEN.sub("", cell.source).rstrip("\n")
        if cell.cell_type != "code":  # its script would run in the browser of whoever opens the page
            cell.cell_type = "markdown"
            cell.source = _LINK.sub(r"\1#", re.sub(r"<(?=[a-zA-Z/!?])", "&lt;", cell.source))
        return cell, resources
