"""``python -m kills.small_course FOLDER ARGUMENT ...``: the command line on a course of the notebooks in a folder."""

from __future__ import annotations

import sys
from pathlib import Path

import nbformat

from idic_lab import cli, pipeline
from idic_lab.course.runs import notebooks


def write(path: Path, *cells: str) -> None:
    """A notebook with the parameters that a run sets."""
    first = nbformat.v4.new_code_cell(
        "dataset = ''\nrun_dir = ''\nseed = 1", metadata={"tags": ["parameters"]}
    )
    notebook = nbformat.v4.new_notebook(cells=[first, *map(nbformat.v4.new_code_cell, cells)])
    notebook.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3", "language": "python"}
    for number, cell in enumerate(notebook.cells):
        cell.id = f"cell-{number}"
    nbformat.write(notebook, path)


def stages(folder: Path) -> tuple[pipeline.Stage, ...]:
    """A stage for each notebook; all need no more than transactions."""
    return tuple(
        pipeline.Stage(path.stem, "Differentiate", ("transactions",), (), None, path.stem)
        for path in sorted(folder.glob("*.ipynb"))
    )


def main() -> None:
    """Put the notebooks of the folder in the place of the course, and go on as ``idic-lab``."""
    folder = Path(sys.argv.pop(1)).resolve()
    notebooks.folder = lambda: folder
    notebooks.STAGES = pipeline.STAGES = stages(folder)
    pipeline.plan.__defaults__ = (pipeline.STAGES,)
    cli.main()


if __name__ == "__main__":
    main()
