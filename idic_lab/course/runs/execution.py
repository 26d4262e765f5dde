"""Executing one notebook of the course into a run folder, and saying how far the run is."""

import contextlib
import logging
import os
import re
import threading
import time
from collections.abc import Callable, Iterable
from pathlib import Path

import nbformat
from tqdm import tqdm

from idic_lab.course.runs import kernels, notebooks
from idic_lab.course.runs.run_folder import Manifest
from idic_lab.pipeline.stages import Stage, can_be_made
from idic_lab.repository import REPOSITORY_FILE, Repository
from idic_lab.tables import Part


class Console:
    """One line per step to whoever listens; bars on standard error where somebody watches.

    >>> Console().say("21_differentiate_value_rfm: done in 4.1 s")
    21_differentiate_value_rfm: done in 4.1 s
    """

    def __init__(self, tell: Callable[[str], None] = print, watched: bool = False):
        self._tell, self._watched, self._lock = tell, watched, threading.Lock()

    def say(self, line: str) -> None:
        """Say a line, above the bar if there is one."""
        with self._lock, tqdm.external_write_mode():
            self._tell(line)

    @contextlib.contextmanager
    def over_cells(self, number: int):
        """Draw a bar over the cells of all notebooks that are executed inside, side by side."""
        with tqdm(total=number, unit="cell", leave=False, disable=not self._watched) as self._bar:
            yield

    def cell_ended(self, **_) -> None:
        """Move that bar."""
        with self._lock:
            self._bar.update()

    def over(self, parts: Iterable, unit: str) -> Iterable:
        """The same parts, with a bar over them."""
        return tqdm(parts, unit=unit, leave=False, disable=not self._watched)


SAVED_EVERY = 5.0  # seconds


class NotebookFailed(Exception):
    """A notebook did not come to its end; the message is for a person."""


def execute(stage: Stage, state: Manifest, folder: Path, console: Console) -> float:
    """Execute one notebook of a run, and return how many seconds it took; under its own name stands always a whole execution."""
    import papermill
    from nbclient.exceptions import DeadKernelError
    from papermill.exceptions import PapermillExecutionError

    logging.getLogger("papermill").setLevel(logging.CRITICAL)  # it reports what the run reports better
    began, target = time.monotonic(), (folder / "notebooks" / f"{stage.notebook}.ipynb").absolute()
    partial = target.with_name(f"{stage.notebook}.partial.ipynb")
    takes = notebooks.parameters_of(stage)
    # Notebooks are executed in a folder of their own, so that a relative path, and none of the machine, is what they show.
    values = {"dataset": state.dataset, "run_dir": ".."}
    values |= {name: value for name, value in state.parameters.items() if name in takes}
    target.unlink(missing_ok=True)
    where = f"of {stage.notebook}; its partial execution is in notebooks/{partial.name}"
    progress = _Progress(partial)
    hooks = {
        "on_notebook_start": progress.begin,
        "on_cell_start": progress.cell,
        "on_cell_complete": console.cell_ended,
    }
    quiet = {"progress_bar": False, "request_save_on_cell_execute": False}
    try:
        with kernels.own_loop():
            source = nbformat.read(notebooks.path_of(stage), as_version=4)
            names = Repository(folder / REPOSITORY_FILE).names()
            at_hand = {*map(Part, names), *can_be_made(names)}
            notebooks.prune(source, lambda name: Part.of(name) in at_hand)  # sections that the data cannot feed
            papermill.execute_notebook(source, partial, values, **quiet, **hooks, **kernels.settings(target.parent))
    except PapermillExecutionError as error:
        message = re.sub(r"\x1b\[[0-9;]*m", "", f"{error.ename}: {error.evalue}")
        if not error.evalue and error.ename == "CellExecutionError":  # what papermill says when told nothing
            message = "The cell failed, and its kernel could not say why: it may have run out of memory."
        raise NotebookFailed(f"{message}\n(cell {error.exec_count} {where})") from None
    except DeadKernelError:
        progress.save()
        raise NotebookFailed(
            "The kernel died: the process that executes the cells was ended from outside, or ran out of memory.\n"
            f"({f'cell {progress.begun}' if progress.begun else 'before the first cell'} {where})"
        ) from None
    except RuntimeError as error:  # as jupyter_client says that a kernel did not start
        raise NotebookFailed(f"The kernel could not be started: {error}") from None
    notebook = nbformat.read(partial, as_version=4)
    for told in (notebook, *notebook.cells):
        told.metadata.pop("papermill", None)  # holds paths of the machine and times
        told.metadata.pop("execution", None)
    nbformat.write(notebook, partial)
    os.replace(partial, target)
    return round(time.monotonic() - began, 1)


class _Progress:
    """Where an execution is; it is saved every few seconds: papermill itself would twice for each cell."""

    def __init__(self, partial: Path):
        self.partial, self.notebook, self.begun, self.saved = partial, None, 0, 0.0

    def begin(self, notebook: nbformat.NotebookNode) -> None:
        self.notebook = notebook

    def cell(self, cell: nbformat.NotebookNode, **_) -> None:
        self.begun += cell.cell_type == "code"
        if time.monotonic() - self.saved > SAVED_EVERY:
            self.save()

    def save(self) -> None:
        if self.notebook is not None:
            self.partial.write_text(nbformat.v4.writes(self.notebook), encoding="utf-8")
            self.saved = time.monotonic()
