"""Item statistics: how hard each question was, how well it tells students apart, and what went wrong most."""

from __future__ import annotations

from collections import Counter

import nbformat
import numpy as np
import pandas as pd

from idic_lab import figures
from idic_lab.exercises.classroom import points
from idic_lab.exercises.course_folder import CourseFolder


def scores(course: CourseFolder, assignment: str) -> pd.DataFrame:
    """Share of the points each student earned on each autograded question.

    Returns:
        DataFrame: One row per student (the index), one column per question.
    """
    table = points(course, assignment)
    table = table[table["concept"] != "texts"]
    table = table.assign(share=table["points"] / table["of"])
    return table.pivot_table(index="student", columns="question", values="share")


def mastery(course: CourseFolder, assignment: str) -> pd.DataFrame:
    """Share of the points earned on each concept: one row per student, and last the class."""
    table = points(course, assignment)
    sums = table[table["concept"] != "texts"].groupby(["student", "concept"])[["points", "of"]].sum()
    shares = (sums["points"] / sums["of"]).reset_index(name="share")
    shares = shares.pivot_table(index="student", columns="concept", values="share")
    shares.loc["(class)"] = shares.mean()
    return shares


def statistics(shares: pd.DataFrame) -> pd.DataFrame:
    """Difficulty and discrimination of each question.

    Parameters:
        shares: As :func:`scores` gives.
    Returns:
        DataFrame: ``question``; ``students``; ``difficulty``, the mean share of the points (high is easy);
            ``discrimination``, the correlation with the mean of the other questions (0 where all students have the same
            score).

    Source: Lord & Novick (1968), Statistical Theories of Mental Test Scores, chapter 15.

    >>> shares = pd.DataFrame({"q1": [1, 1, 0, 0], "q2": [1, 0.5, 0, 0], "q3": [1.0, 1, 1, 1]})
    >>> statistics(shares)["discrimination"].round(2).tolist()
    [0.9, 0.9, 0.0]
    """
    rows = []
    for question in shares.columns:
        own, rest = shares[question], shares.drop(columns=question).mean(axis=1)
        varied = own.std(ddof=0) > 0 and rest.std(ddof=0) > 0
        correlation = float(np.corrcoef(own, rest)[0, 1]) if varied else 0.0
        rows.append((question, len(own), own.mean(), correlation))
    return pd.DataFrame(rows, columns=["question", "students", "difficulty", "discrimination"])


def items(course: CourseFolder, assignment: str) -> pd.DataFrame:
    """Item statistics of a graded assignment, with the commonest wrong answer to each question.

    Returns:
        DataFrame: As :func:`statistics`, with ``commonest_wrong`` (the misconception shown most, or else the kind of
            failure), ``shown_by`` (students) and ``example`` (one such answer).
    """
    course.check_name(assignment)
    table = statistics(scores(course, assignment))
    wrong: dict[str, Counter[str]] = {}
    example: dict[tuple[str, str], str] = {}
    for path in sorted(course.root.glob(f"autograded/*/{assignment}/{assignment}.ipynb")):
        for cell in nbformat.read(path, as_version=4).cells:
            said = cell.metadata.get("idic")
            if said and said["shows"] != "right":
                name = cell.metadata.nbgrader.grade_id
                wrong.setdefault(name, Counter())[said["shows"]] += 1
                example.setdefault((name, said["shows"]), said["answer"])
    most = [wrong.get(name, Counter()).most_common(1) for name in table["question"]]
    table["commonest_wrong"] = [found[0][0] if found else "" for found in most]
    table["shown_by"] = [found[0][1] if found else 0 for found in most]
    pairs = zip(table["question"], table["commonest_wrong"], strict=True)
    table["example"] = [example.get(pair, "") for pair in pairs]
    return table


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
