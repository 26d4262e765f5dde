"""Whether the outputs stored in the notebooks are what executing gives: ``python tests/stored_outputs.py RUN ...``.

Executions are taken from folders of runs without parameters; each notebook must stand in that of its own data set.
"""

import ast
import difflib
import re
import sys
from pathlib import Path

import nbformat
from nbformat import NotebookNode

from idic_lab.course.runs import notebooks, run_folder
from idic_lab.pipeline.stages import STAGES

_VARIES = re.compile(r"0x[0-9a-fA-F]{6,}|(?<=T_)[0-9a-f]+")  # addresses in memory, ids of styled tables


def differences(stored: NotebookNode, executed: NotebookNode) -> list[str]:
    """What the outputs of two executions of a notebook do not share, a piece of text for each cell."""
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
    """Every line of text that a cell shows; a kernel sends printed text in pieces of any length."""
    printed, shown = "", []
    for output in cell.outputs:
        data = output.get("data", {})
        printed += output.get("text", "")
        shown += [line for kind in sorted(data) if kind.startswith("text/") for line in data[kind].splitlines()]
    return [_VARIES.sub("...", line) for line in [*printed.splitlines(), *shown]]


def main(folders: list[str]) -> int:
    """Compare all notebooks; the number of those whose stored outputs are not current."""
    states = {folder: run_folder.read(folder) for folder in map(Path, folders)}
    runs = {state.dataset: folder for folder, state in states.items() if not state.parameters}
    stale = 0
    for stage in STAGES:
        dataset = ast.literal_eval(notebooks.parameters_of(stage)["dataset"])
        executed = run_folder.executed(runs[dataset], stage.notebook) if dataset in runs else None
        stored = nbformat.read(notebooks.path_of(stage), as_version=4)
        found = differences(stored, executed) if executed else [f"No run of {dataset} holds it."]
        stale += bool(found)
        print(f"{stage.notebook}: {'stored outputs are not current' if found else 'current'}", *found, sep="\n")
    return stale


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
