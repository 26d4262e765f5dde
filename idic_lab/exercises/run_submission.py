"""Running a submission for nbgrader: limits per cell, and a kernel that may die without taking the rest along."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path
from typing import Any

from nbclient import NotebookClient
from nbclient.exceptions import CellTimeoutError, DeadKernelError
from nbformat import NotebookNode
from nbformat.v4 import new_output
from nbgrader.preprocessors import NbGraderPreprocessor
from traitlets import Integer

GUARD = "from idic_lab.exercises.kernel_guard import install; install({0}, {1}); del install"


class _CappedClient(NotebookClient):
    """A client that keeps no more of a cell's output than it may have."""

    def __init__(self, *args: Any, output_characters: int, **kwargs: Any):
        super().__init__(*args, **kwargs)
        self._allowed, self._kept, self._cell = output_characters, 0, None

    def process_message(
        self, msg: dict[str, Any], cell: NotebookNode, cell_index: int
    ) -> NotebookNode | None:
        if cell_index != self._cell:
            self._cell, self._kept = cell_index, 0
        if msg["msg_type"] == "stream":
            self._kept += len(msg["content"]["text"])
            if self._kept > self._allowed:
                return None
        return super().process_message(msg, cell, cell_index)


class RunSubmission(NbGraderPreprocessor):
    """Execute a submission in a folder of its own.

    A cell that takes too long or brings the kernel down is left out, says so, and the rest is run again without it.
    """

    cell_seconds = Integer(30, help="Longest time one cell may take, in seconds").tag(config=True)
    output_characters = Integer(200_000, help="Most a cell may print").tag(config=True)
    memory_bytes = Integer(4 * 2**30, help="Most memory a kernel may use; 0 for no limit").tag(config=True)
    most_left_out = Integer(3, help="Cells that may be left out before the rest is not run").tag(config=True)

    def preprocess(self, nb: NotebookNode, resources: dict[str, Any]) -> tuple[NotebookNode, dict[str, Any]]:
        """Run every cell."""
        left_out: dict[int, str] = {}
        with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
            self._bring(resources["metadata"].get("path", ""), Path(folder))
            while (stopped := self._run(nb, folder, left_out)) is not None:
                place, why = stopped
                left_out[place] = why
                self.log.warning("Cell %d %s; it is left out", place, why)
                if len(left_out) > self.most_left_out:
                    self._give_up(nb, place)
                    break
        for place, why in left_out.items():
            nb.cells[place].outputs = [_error("LeftOut", f"This cell {why}. It was left out.")]
        return nb, resources

    def _bring(self, source: str, folder: Path) -> None:
        """Copy what was handed in beside the notebook."""
        for file in Path(source).glob("*") if source else ():
            if file.is_file() and file.suffix != ".ipynb":
                shutil.copy(file, folder)

    def _run(self, nb: NotebookNode, folder: str, left_out: dict[int, str]) -> tuple[int, str] | None:
        """Run all cells but those left out; the place of a cell that stopped the run, and why."""
        for cell in nb.cells:
            if cell.cell_type == "code":
                cell.outputs, cell.execution_count = [], None
        guard = GUARD.format(self.output_characters, self.memory_bytes)
        client = _CappedClient(
            nb,
            output_characters=self.output_characters,
            timeout=self.cell_seconds,
            interrupt_on_timeout=False,
            allow_errors=True,
            shutdown_kernel="immediate",
            extra_arguments=[f"--IPKernelApp.exec_lines={guard}"],
            resources={"metadata": {"path": folder}},
        )
        place = 0
        try:
            with client.setup_kernel():
                for place, cell in enumerate(nb.cells):
                    if place not in left_out:
                        client.execute_cell(cell, place)
        except CellTimeoutError:
            return place, f"took more than {self.cell_seconds} seconds"
        except DeadKernelError:
            return place, "brought the kernel down"
        return None

    def _give_up(self, nb: NotebookNode, place: int) -> None:
        for cell in nb.cells[place:]:
            if cell.cell_type == "code":
                cell.outputs = [_error("NotRun", "Not run: too many cells before it had to be left out.")]


def _error(name: str, text: str) -> NotebookNode:
    return new_output("error", ename=name, evalue=text, traceback=[f"{name}: {text}"])
