"""Scoring for nbgrader, in the grader's own process: what a submission did to its kernel cannot reach it."""

from __future__ import annotations

import json
import re
from typing import Any

from nbformat import NotebookNode
from nbformat.v4 import new_output
from nbgrader.preprocessors import NbGraderPreprocessor
from nbgrader.utils import is_grade, is_solution
from traitlets import Unicode

from idic_lab.exercises.answer_key import AnswerKey
from idic_lab.exercises.answer_text import decode, in_short
from idic_lab.exercises.desk import ANSWER
from idic_lab.exercises.student_data import normal_id
from idic_lab.exercises.verdict import Verdict, judge

HIDDEN = re.compile(r"^[^\n]*BEGIN HIDDEN TESTS.*?END HIDDEN TESTS[^\n]*\n?", re.S | re.M)


class ScoreAnswers(NbGraderPreprocessor):
    """Put points and the hint into every autograded cell, as the outputs nbgrader reads."""

    answers = Unicode("answers", help="Folder with the expected answers").tag(config=True)

    def preprocess(self, nb: NotebookNode, resources: dict[str, Any]) -> tuple[NotebookNode, dict[str, Any]]:
        """Score every autograded cell."""
        key, student = AnswerKey(self.answers), resources["nbgrader"]["student"]
        for cell in nb.cells:
            if cell.cell_type == "code" and is_grade(cell) and not is_solution(cell):
                _score(cell, key, student)
        return nb, resources


def _score(cell: NotebookNode, key: AnswerKey, student: str) -> None:
    name, most = cell.metadata.nbgrader["grade_id"], float(cell.metadata.nbgrader["points"])
    sent = _sent(cell, name)
    if sent is None:
        verdict, answer = _nothing_sent(cell), None
    else:
        answer = decode(sent["answer"])
        brought = decode(sent["brought"]) if "brought" in sent else None
        try:
            verdict = judge(name, answer, student, key, brought)
        except Exception as error:  # an answer of an unforeseen shape costs this question alone
            verdict = Verdict(0.0, f"The answer could not be graded ({type(error).__name__}).", "form")
        if sent.get("student") != normal_id(student):
            note = f"STUDENT_ID is {sent.get('student')!r}, but this was handed in by {student!r}, "
            verdict = Verdict(
                verdict.credit,
                f"{note}and is graded on the data of {student!r}. {verdict.message}",
                verdict.shows,
            )
    points = round(verdict.credit * most, 2)
    cell.outputs = [
        new_output(
            "stream", name="stdout", text=f"{name}: {points:g} of {most:g} points. {verdict.message}\n"
        ),
        new_output("execute_result", data={"text/plain": str(points)}, execution_count=None),
    ]
    cell.metadata["idic"] = {"shows": verdict.shows, "answer": "" if answer is None else in_short(answer)}


def _sent(cell: NotebookNode, name: str) -> dict[str, Any] | None:
    """The last answer handed in by a cell for its own question."""
    found = None
    for output in cell.outputs:
        text = output.get("data", {}).get(ANSWER)
        try:
            sent = json.loads("".join(text)) if text else {}
        except (ValueError, TypeError):
            continue
        if isinstance(sent, dict) and sent.get("question") == name and isinstance(sent.get("answer"), str):
            found = sent
    return found


def _nothing_sent(cell: NotebookNode) -> Verdict:
    errors = [output for output in cell.outputs if output.output_type == "error"]
    if errors:
        said = f"{errors[0].ename}: {errors[0].evalue}"[:300]
        return Verdict(0.0, f"The cell stopped. {said}", "error")
    return Verdict(
        0.0,
        "No answer reached the grader: grade() or check() was replaced by code in this notebook.",
        "error",
    )


class StripHiddenTests(NbGraderPreprocessor):
    """Take the hidden tests out of what goes back to students."""

    def preprocess_cell(
        self, cell: NotebookNode, resources: dict[str, Any], cell_index: int
    ) -> tuple[NotebookNode, dict[str, Any]]:
        """Take them out of one cell."""
        cell.source = HIDDEN.sub("", cell.source).rstrip("\n")
        return cell, resources
