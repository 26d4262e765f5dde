"""How a reader finds the way: the links, the step of IDIC and the reading time that every notebook shows.

They are written into a notebook when it is refreshed (:mod:`idic_lab.course.runs.refresh`), from the list of stages and from
the notebook itself, so that they stay true when a notebook is moved, renamed or made longer.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass

import nbformat
import pandas as pd

from idic_lab.course.runs import notebooks
from idic_lab.pipeline.stages import STAGES, Stage

GLOSSARY = "../docs/glossary.md"
CONTENTS = "00_start_here.ipynb"

# The rule behind every reading time. A text with formulas and code is read more slowly than a novel.
WORDS_PER_MINUTE = 150
MINUTES_PER_CODE_CELL = 0.5
MINUTES_PER_FIGURE_OR_TABLE = 1.0
MINUTES_PER_TRY_IT = 5

_STEPS = list(dict.fromkeys(stage.step for stage in STAGES[1:] if stage.step != "Compare"))
_LINKS = re.compile(r"^(\[←|\[Contents\]\(|Contents ·).*$", re.M)
_HOW_LONG = re.compile(r"^\*\*How long:\*\*.*?(?=\n\n|\Z)", re.M | re.S)
_KNOW = "**What you need to know:**"


@dataclass(frozen=True)
class ReadingTime:
    """Minutes for a notebook: to read and run it, and to try what it says to try.

    Examples
    --------
    >>> print(ReadingTime(40, 3))
    55 minutes: 40 to read and run, 15 for the three things to try.
    """

    reading: int
    things_to_try: int

    @property
    def trying(self) -> int:
        """Minutes for the things to try."""
        return self.things_to_try * MINUTES_PER_TRY_IT

    @property
    def total(self) -> int:
        """Minutes altogether."""
        return self.reading + self.trying

    def __str__(self) -> str:
        if not self.things_to_try:
            return f"{self.total} minutes to read and run."
        count = {1: "one thing", 2: "two things", 3: "three things", 4: "four things"}
        things = count.get(self.things_to_try, f"{self.things_to_try} things")
        return f"{self.total} minutes: {self.reading} to read and run, {self.trying} for the {things} to try."


def reading_time(notebook: nbformat.NotebookNode) -> ReadingTime:
    """How long a notebook takes, by one rule for all.

    A minute for 150 words, half a minute for a code cell, a minute for a figure or a table to look at, all rounded up to
    five minutes; and five minutes for each "Try it". The exercises are not counted.

    Parameters
    ----------
    notebook : NotebookNode
        Executed: its figures and tables are counted in the outputs.

    Returns
    -------
    ReadingTime
    """
    texts = [cell.source for cell in notebook.cells if cell.cell_type == "markdown"]
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    words = sum(len(_HOW_LONG.sub("", text).split()) for text in _without_navigation(texts))
    pictures = sum(
        bool({"image/png", "text/html"} & set(output.get("data", {})))
        and not str(output.get("data", {}).get("text/plain", "")).startswith("Controls:")
        for cell in code
        for output in cell.outputs
    )
    minutes = (
        words / WORDS_PER_MINUTE + len(code) * MINUTES_PER_CODE_CELL + pictures * MINUTES_PER_FIGURE_OR_TABLE
    )
    return ReadingTime(5 * math.ceil(minutes / 5), sum(text.count("**Try it.**") for text in texts))


def contents() -> pd.DataFrame:
    """The notebooks of the course, as a table of contents.

    Returns
    -------
    DataFrame
        One row per stage, in order: notebook, step, title, minutes.

    Examples
    --------
    >>> contents().loc[1, ["notebook", "step"]].tolist()
    ['11_identify_sources_and_identities', 'Identify']
    """
    read = [nbformat.read(notebooks.path_of(stage), as_version=4) for stage in STAGES]
    return pd.DataFrame(
        {
            "notebook": [stage.notebook for stage in STAGES],
            "step": [stage.step for stage in STAGES],
            "title": [_title(notebook) for notebook in read],
            "minutes": [reading_time(notebook).total for notebook in read],
        }
    )


def links(stage: Stage) -> str:
    """The line of links that a notebook has at its top and at its end.

    Examples
    --------
    >>> print(links(STAGES[1]).split(" · ")[1])
    [Contents](00_start_here.ipynb)
    """
    position = STAGES.index(stage)
    parts = [f"[Contents]({CONTENTS})" if position else "Contents", f"[Glossary]({GLOSSARY})"]
    if position:
        before = STAGES[position - 1]
        parts.insert(0, f"[← {_short_title(before)}]({before.notebook}.ipynb)")
    if position + 1 < len(STAGES):
        after = STAGES[position + 1]
        parts.append(f"[{_short_title(after)} →]({after.notebook}.ipynb)")
    return " · ".join(parts)


def place(stage: Stage, time: ReadingTime) -> str:
    """Where a notebook stands in IDIC, with its reading time.

    Examples
    --------
    >>> place(STAGES[1], ReadingTime(40, 3))
    '**Identify** → Differentiate → Interact → Customize → Implement and monitor · 55 minutes'
    """
    steps = " → ".join(f"**{step}**" if step == stage.step else step for step in _STEPS)
    if stage.step == "Compare":
        steps += " · beside the loop: **Compare**"
    return f"{steps} · {time.total} minutes"


def renew(notebook: nbformat.NotebookNode, stage: Stage) -> None:
    """Write the links, the step and the reading time into an executed notebook; in place.

    Parameters
    ----------
    notebook : NotebookNode
        Its first cell holds the title and "What you need to know"; its last cell is text.
    stage : Stage
    """
    first, last = notebook.cells[0], notebook.cells[-1]
    time = reading_time(notebook)
    heading = first.source.splitlines()[0]
    told = first.source[first.source.index(_KNOW) :] if _KNOW in first.source else ""
    told = _HOW_LONG.sub("", told).strip()
    first.source = "\n\n".join([heading, links(stage), place(stage, time), told, f"**How long:** {time}"])
    last.source = (
        f"{_LINKS.sub('', last.source).rstrip().removesuffix('---').rstrip()}\n\n---\n\n{links(stage)}"
    )


def _without_navigation(texts: list[str]) -> list[str]:
    """The texts of a notebook without the links at both ends and the line of steps."""
    first = texts[0]
    told = first[first.index(_KNOW) :] if _KNOW in first else first
    return [first.splitlines()[0], told, *(_LINKS.sub("", text) for text in texts[1:])]


def _title(notebook: nbformat.NotebookNode) -> str:
    return notebook.cells[0].source.splitlines()[0].removeprefix("# ").strip()


def _short_title(stage: Stage) -> str:
    """The part of a title after its step, which the line below names anyway."""
    title = _title(nbformat.read(notebooks.path_of(stage), as_version=4)).rpartition(": ")[2]
    return f"{stage.notebook[:2]} {title[0].upper()}{title[1:]}"


def main() -> None:
    """Write the navigation of every notebook anew, without executing it: ``python -m idic_lab.course.pages.navigation``."""
    for stage in STAGES:
        path = notebooks.path_of(stage)
        notebook = nbformat.read(path, as_version=4)
        renew(notebook, stage)
        nbformat.write(notebook, path)


if __name__ == "__main__":
    main()
