"""Item statistics: how hard each question was, how well it tells students apart, and what went wrong most."""

from __future__ import annotations

import nbformat
import numpy as np
import pandas as pd

from idic_lab import figures
from idic_lab.exercises.classroom import points
from idic_lab.exercises.course_folder import CourseFolder


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
    """Item statistics of a graded assignment, with the commonest wrong answer to each question.

    Returns:
        DataFrame: As :func:`statistics`, with ``commonest_wrong`` (the misconception shown most, or else the kind of
            failure), ``shown_by`` (students) and ``example`` (one such answer).
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
