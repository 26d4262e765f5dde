"""``python -m kills.small_course FOLDER ARGUMENT ...``: the command line on a course of the notebooks in a folder."""

from __future__ import annotations

import sys
from pathlib import Path

import nbformat

from idic_lab import cli
from idic_lab.course.runs import notebooks
from idic_lab.pipeline import stages as pipeline
from idic_lab.pipeline.stages import Stage
from idic_lab.tables import Part


def write(path: Path, *cells: str) -> None:
    """A notebook with the parameters that a run sets."""
    first = nbformat.v4.new_code_cell("dataset = ''\nrun_dir = ''\nseed = 1", metadata={"tags": ["parameters"]})
    notebook = nbformat.v4.new_notebook(cells=[first, *map(nbformat.v4.new_code_cell, cells)])
    notebook.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3", "language": "python"}
    for number, cell in enumerate(notebook.cells):
        cell.id = f"cell-{number}"
    nbformat.write(notebook, path)


def stages(folder: Path) -> list[Stage]:
    """A stage for each notebook; all need no more than transactions."""
    names = sorted(path.stem for path in folder.glob("*.ipynb"))
    return [Stage(name, needs=(Part("transactions"),)) for name in names]


def main() -> None:
    """Put the notebooks of the folder in the place of the course, and go on as ``idic-lab``."""
    folder = Path(sys.argv.pop(1)).resolve()
    notebooks.folder = lambda: folder
    pipeline.STAGES = stages(folder)
    cli.main()


if __name__ == "__main__":
    main()
