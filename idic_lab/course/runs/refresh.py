"""Re-execute and save the notebooks of the course: ``python -m idic_lab.course.runs.refresh [NUMBER ...]``.

The notebooks are their own golden record, so what is saved must be the same on every machine and at every time: no times, no
widget models that died with the kernel, no version of the interpreter. An execution that raises, or writes to stderr, is not
saved. Links, place in IDIC and reading time are written anew; with ``--links`` only these, without executing anything.
"""

import math
import re
import sys
import time
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor, as_completed
from typing import NamedTuple

import nbformat
import pandas as pd
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError

from idic_lab import durability
from idic_lab.course.runs import kernels, notebooks
from idic_lab.errors import LabError
from idic_lab.notebook.lab import WIDGET
from idic_lab.pipeline.stages import STAGES, Stage, plan

# The rule behind every reading time. A text with formulas and code is read more slowly than a novel.
WORDS_PER_MINUTE = 150
MINUTES_PER_CODE_CELL = 0.5
MINUTES_PER_FIGURE_OR_TABLE = 1.0
MINUTES_PER_TRY_IT = 5

_STEPS = dict.fromkeys(stage.step for stage in STAGES if stage.step not in ("IDIC", "Compare"))
_LINKS = re.compile(r"^(\[←|\[Contents\]\(|Contents ·).*$", re.M)
_HOW_LONG = re.compile(r"^\*\*How long:\*\*.*?(?=\n\n|\Z)", re.M | re.S)
_KNOW = "**What you need to know:**"


def refresh(stage: Stage, execute: bool = True) -> str:
    """Execute one notebook in its own folder, save it with canonical outputs and what shows the way, and say so.

    Raises:
        LabError: When a cell raises or writes to stderr; the file is then left as it was.
    """
    began, path = time.monotonic(), notebooks.path_of(stage)
    notebook = nbformat.read(path, as_version=4)
    if execute:
        settings = kernels.settings(path.parent.absolute())
        try:
            with kernels.own_loop():
                NotebookClient(notebook, timeout=600, kernel_name="python3", **settings).execute()
        except CellExecutionError as error:
            raise LabError(f"{path.name}: {error}") from None
        canonical(notebook, path.name)
    renew(notebook, stage)
    durability.write(path, nbformat.writes(notebook) + "\n")
    return f"{path.name}: {'executed and ' if execute else ''}saved in {time.monotonic() - began:.1f} s"


def canonical(notebook: nbformat.NotebookNode, name: str) -> None:
    """Strip from an executed notebook all that would differ the next time; in place."""
    kernel = {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"}
    notebook.metadata = nbformat.from_dict({"kernelspec": kernel, "language_info": {"name": "python"}})
    for cell in notebook.cells:
        kept = {key: cell.metadata[key] for key in ("tags", "needs") if cell.metadata.get(key)}
        cell.metadata = nbformat.from_dict(kept)
        joined: list[nbformat.NotebookNode] = []
        for output in cell.get("outputs", []):
            if output.get("name") == "stderr":
                raise LabError(f"{name}: cell {cell.execution_count} wrote to stderr: {output['text'][:300]}")
            if "text" in output and joined and "text" in joined[-1]:
                joined[-1].text += output.text  # a kernel sends it in pieces that depend on how busy the machine is
                continue
            joined.append(output)
            for part in ("data", "metadata"):
                output.get(part, {}).pop(WIDGET, None)
        if cell.cell_type == "code":
            cell.outputs = joined


class ReadingTime(NamedTuple):
    """Minutes for a notebook: to read and run it, and to try what it says to try.

    >>> print(ReadingTime(40, 3))
    55 minutes: 40 to read and run, 15 for the three things to try.
    """

    reading: int
    things_to_try: int

    @property
    def total(self) -> int:
        return self.reading + self.things_to_try * MINUTES_PER_TRY_IT

    def __str__(self) -> str:
        if not self.things_to_try:
            return f"{self.total} minutes to read and run."
        count = {1: "one thing", 2: "two things", 3: "three things", 4: "four things"}
        things = count.get(self.things_to_try, f"{self.things_to_try} things")
        trying = self.total - self.reading
        return f"{self.total} minutes: {self.reading} to read and run, {trying} for the {things} to try."


def reading_time(notebook: nbformat.NotebookNode) -> ReadingTime:
    """How long an executed notebook takes, by one rule for all: the minutes above, rounded up to five; no exercises."""
    texts = [cell.source for cell in notebook.cells if cell.cell_type == "markdown"]
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    first = "".join(texts[0].partition(_KNOW)[1:]) or texts[0]  # what stands between are links and the line of steps
    told = [texts[0].splitlines()[0], first, *(_LINKS.sub("", text) for text in texts[1:])]
    words = sum(len(_HOW_LONG.sub("", text).split()) for text in told)
    shown = [output.get("data", {}) for cell in code for output in cell.outputs]
    shown = [data for data in shown if not str(data.get("text/plain", "")).startswith("Controls:")]
    pictures = sum(not {"image/png", "text/html"}.isdisjoint(data) for data in shown)
    minutes = words / WORDS_PER_MINUTE + len(code) * MINUTES_PER_CODE_CELL + pictures * MINUTES_PER_FIGURE_OR_TABLE
    return ReadingTime(5 * math.ceil(minutes / 5), sum(text.count("**Try it.**") for text in texts))


def contents() -> pd.DataFrame:
    """The notebooks of the course, as a table of contents.

    Returns:
        DataFrame: One row per stage, in order: notebook, step, title, minutes.

    >>> contents().loc[2, ["notebook", "step"]].tolist()
    ['11_identify_sources_and_identities', 'Identify']
    """
    rows = []
    for stage in STAGES:
        book = nbformat.read(notebooks.path_of(stage), as_version=4)
        rows.append((stage.notebook, stage.step, _title(stage), reading_time(book).total))
    return pd.DataFrame(rows, columns=["notebook", "step", "title", "minutes"])


def contents_table(names: Iterable[str]) -> str:
    """The table of contents in Markdown, with what data of these tables lack for each notebook.

    >>> print(contents_table(["transactions"]).splitlines()[0])
    | step | notebook | minutes | with the data above |
    """
    lacks = {planned.stage.notebook: ", ".join(map(str, planned.lacks)) for planned in plan(names)}
    lines = ["| step | notebook | minutes | with the data above |", "|:---|:---|---:|:---|"]
    for row in contents().itertuples():
        state = f"lacks {lacks[row.notebook]}" if lacks[row.notebook] else "runs"
        link = f"{row.notebook[:2]} [{row.title}]({row.notebook}.ipynb)"
        lines.append(f"| {row.step} | {link} | {row.minutes} | {state} |")
    return "\n".join(lines)


def links(stage: Stage) -> str:
    """The line of links that a notebook has at its top and at its end.

    >>> print(links(STAGES[2]).split(" · ")[1])
    [Contents](00_start_here.ipynb)
    """
    position = STAGES.index(stage)
    before = [f"[← {_short_title(one)}]({one.notebook}.ipynb)" for one in STAGES[:position][-1:]]
    after = [f"[{_short_title(one)} →]({one.notebook}.ipynb)" for one in STAGES[position + 1 :][:1]]
    contents = "[Contents](00_start_here.ipynb)" if position else "Contents"
    return " · ".join([*before, contents, "[Glossary](../docs/glossary.md)", *after])


def place(stage: Stage, time: ReadingTime) -> str:
    """Where a notebook stands in IDIC, with its reading time.

    >>> place(STAGES[2], ReadingTime(40, 3))
    '**Identify** → Differentiate → Interact → Customize → Implement and monitor · 55 minutes'
    """
    steps = " → ".join(f"**{step}**" if step == stage.step else step for step in _STEPS)
    if stage.step == "Compare":
        steps += " · beside the loop: **Compare**"
    return f"{steps} · {time.total} minutes"


def renew(notebook: nbformat.NotebookNode, stage: Stage) -> None:
    """Write the links, the step and the reading time into an executed notebook; in place."""
    first, last = notebook.cells[0], notebook.cells[-1]
    time = reading_time(notebook)
    heading, told = first.source.splitlines()[0], "".join(first.source.partition(_KNOW)[1:])
    told = _HOW_LONG.sub("", told).strip()
    first.source = "\n\n".join([heading, links(stage), place(stage, time), told, f"**How long:** {time}"])
    last.source = f"{_LINKS.sub('', last.source).rstrip().removesuffix('---').rstrip()}\n\n---\n\n{links(stage)}"


def _title(stage: Stage) -> str:
    return notebooks.sources_of(stage)[0].splitlines()[0].removeprefix("# ").strip()


def _short_title(stage: Stage) -> str:
    """The part of a title after its step, which the line below names anyway."""
    title = _title(stage).rpartition(": ")[2]
    return f"{stage.notebook[:2]} {title[0].upper()}{title[1:]}"


def main(arguments: list[str]) -> None:
    """Refresh the notebooks whose names begin with one of the arguments, two at a time; all of them without arguments."""
    wanted = tuple(one for one in arguments if one != "--links")
    chosen = [stage for stage in notebooks.taught() if not wanted or stage.notebook.startswith(wanted)]
    if len(wanted) < len(arguments):
        for stage in chosen:
            print(refresh(stage, execute=False))
        return
    with kernels.warm(notebooks.code_of(chosen)), ThreadPoolExecutor(2) as pool:
        begun = [pool.submit(refresh, stage) for stage in reversed(chosen)]  # the longest are the last of the course
        for future in as_completed(begun):
            print(future.result())


if __name__ == "__main__":
    try:
        main(sys.argv[1:])
    except LabError as error:
        sys.exit(f"Error: {error}")
