"""Whether the stored outputs of the notebooks are what executing them gives: every text in them, pictures left out.

``python -m idic_lab.course.runs.current [RUN ...]`` takes executions from folders of runs with the notebook's own data set
and no parameters, and executes the other notebooks.
"""

from __future__ import annotations

import difflib
import json
import re
import sys
import tempfile
from pathlib import Path

import nbformat
from nbformat import NotebookNode

from idic_lab.course.runs import notebooks, refresh
from idic_lab.pipeline.stages import STAGES, Stage

_VARIES = re.compile(r"0x[0-9a-fA-F]{6,}|(?<=T_)[0-9a-f]+")  # addresses in memory, ids of styled tables


def differences(stored: NotebookNode, executed: NotebookNode) -> list[str]:
    """What the outputs of two executions of a notebook do not share, a piece of text for each cell.

    >>> from nbformat.v4 import new_code_cell, new_notebook, new_output
    >>> def notebook(text):
    ...     return new_notebook(cells=[new_code_cell("x", id="a", outputs=[new_output("stream", text=text)])])
    >>> differences(notebook("1"), notebook("1")), len(differences(notebook("1"), notebook("2")))
    ([], 1)
    """
    found = []
    anew = {cell.id: cell for cell in executed.cells}
    for cell in stored.cells:
        if cell.cell_type != "code" or "parameters" in cell.metadata.get("tags", []):
            continue
        before, after = _texts(cell), _texts(anew[cell.id]) if cell.id in anew else []
        if before != after:
            lines = difflib.unified_diff(before, after, "stored", "executed", lineterm="", n=0)
            found.append("\n".join([f"In the cell that begins {cell.source[:60]!r}:", *lines][:20]))
    return found


def _texts(cell: NotebookNode) -> list[str]:
    """Every line of text that a cell shows."""
    shown = []
    for output in refresh.joined(cell.outputs):
        data = output.get("data", {})
        texts = [output.get("text", "")] + [data[kind] for kind in sorted(data) if kind.startswith("text/")]
        shown += [line for text in texts for line in _VARIES.sub("...", text).splitlines()]
    return shown


def _own_dataset(notebook: NotebookNode) -> str:
    cell = next(cell for cell in notebook.cells if "parameters" in cell.metadata.get("tags", []))
    return re.search(r'^dataset = "(\w+)"', cell.source, re.M)[1]


def _executed(stage: Stage, stored: NotebookNode, runs: dict[str, Path]) -> NotebookNode:
    run = runs.get(_own_dataset(stored))
    if run and (run / "notebooks" / f"{stage.notebook}.ipynb").exists():
        return nbformat.read(run / "notebooks" / f"{stage.notebook}.ipynb", as_version=4)
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / f"{stage.notebook}.ipynb"
        nbformat.write(stored, copy)
        refresh.refresh(copy)
        return nbformat.read(copy, as_version=4)


def main(folders: list[str]) -> int:
    """Compare all notebooks; the number of those whose stored outputs are not current."""
    manifests = {
        Path(folder): json.loads((Path(folder) / "manifest.json").read_text(encoding="utf-8")) for folder in folders
    }
    runs = {manifest["dataset"]: folder for folder, manifest in manifests.items() if not manifest["parameters"]}
    stale = 0
    for stage in STAGES:
        stored = nbformat.read(notebooks.path_of(stage), as_version=4)
        found = differences(stored, _executed(stage, stored, runs))
        stale += bool(found)
        print(f"{stage.notebook}: {'stored outputs are not current' if found else 'current'}", *found, sep="\n")
    return stale


if __name__ == "__main__":
    sys.exit(1 if main(sys.argv[1:]) else 0)
