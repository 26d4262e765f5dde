"""Executing one notebook of the course into a run folder."""

from __future__ import annotations

import logging
import os
import re
from pathlib import Path

import nbformat

from idic_lab.course.runs import kernels
from idic_lab.course.runs import notebooks as course_notebooks
from idic_lab.pipeline.stages import Stage

# Inside a run folder notebooks are executed in its own subfolder, so that this relative path, and no path of the
# machine, is what an executed notebook shows.
_RUN_DIR_SEEN_FROM_NOTEBOOK = ".."


class NotebookFailed(Exception):
    """A notebook did not come to its end; the message is for a person."""


def execute(stage: Stage, dataset: str, folder: Path, parameters: dict[str, object], progress: bool) -> None:
    """Execute one notebook; what stands in the folder under its own name is always a whole execution.

    Parameters
    ----------
    stage : Stage
    dataset : str
        Name of the data set.
    folder : Path
        Of the run.
    parameters : dict
        Of the run; the notebook gets those it takes.
    progress : bool
        Show papermill's bar over the cells.

    Raises
    ------
    NotebookFailed
        When a cell raises, or the kernel dies or does not start.
    """
    import papermill
    from nbclient.exceptions import DeadKernelError
    from papermill.exceptions import PapermillExecutionError

    target = folder / "notebooks" / f"{stage.notebook}.ipynb"
    partial = target.with_name(f"{stage.notebook}.partial.ipynb")
    takes = course_notebooks.parameters_of(stage)
    values = {
        "dataset": dataset,
        "run_dir": _RUN_DIR_SEEN_FROM_NOTEBOOK,
        **{name: value for name, value in parameters.items() if name in takes},
    }
    target.unlink(missing_ok=True)
    where = f"of {stage.notebook}; its partial execution is in notebooks/{partial.name}"
    try:
        with course_notebooks.quiet("papermill", logging.CRITICAL):
            papermill.execute_notebook(
                str(course_notebooks.path_of(stage)),
                str(partial),
                parameters=values,
                cwd=str(target.parent),
                progress_bar=progress,
                config=kernels.configuration(),
                extra_arguments=kernels.ARGUMENTS,
                **kernels.PATIENCE,
            )
    except PapermillExecutionError as error:
        message = re.sub(r"\x1b\[[0-9;]*m", "", f"{error.ename}: {error.evalue}")
        if (
            not error.evalue and error.ename == "CellExecutionError"
        ):  # what papermill says when it was told nothing
            message = "The cell failed, and its kernel could not say why: it may have run out of memory."
        raise NotebookFailed(f"{message}\n(cell {error.exec_count} {where})") from None
    except DeadKernelError:
        raise NotebookFailed(
            "The kernel died: the process that executes the cells was ended from outside, or ran out of memory.\n"
            f"({_last_begun(partial)} {where})"
        ) from None
    except RuntimeError as error:  # as jupyter_client says that a kernel did not start
        raise NotebookFailed(f"The kernel could not be started: {error}") from None
    notebook = nbformat.read(partial, as_version=4)
    notebook.metadata.pop("papermill", None)  # holds paths of the machine and times
    for cell in notebook.cells:
        cell.metadata.pop("papermill", None)
        cell.metadata.pop("execution", None)
    nbformat.write(notebook, partial)
    os.replace(partial, target)


def _last_begun(partial: Path) -> str:
    """The cell that was being executed when the last state was saved."""
    try:
        cells = [cell for cell in nbformat.read(partial, as_version=4).cells if cell.cell_type == "code"]
    except (OSError, ValueError):
        return "before the first cell"
    begun = [
        n
        for n, cell in enumerate(cells, start=1)
        if cell.metadata.get("papermill", {}).get("status") != "pending"
    ]
    return f"cell {begun[-1]}" if begun else "before the first cell"
