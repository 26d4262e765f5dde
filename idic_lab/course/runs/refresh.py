"""Re-execute and save the notebooks of the course: ``python -m idic_lab.course.refresh [NUMBER ...]``.

The notebooks are their own golden record, so what is saved must be the same on every machine and at every time:
execution counts in order, no times, no widget models that died with the kernel, no version of the interpreter. An
execution that raises, or writes to stderr, is not saved. Links to the neighbours, the place in IDIC and the reading time
are written anew (:mod:`idic_lab.course.navigation`).
"""

from __future__ import annotations

import sys
import time
from pathlib import Path

import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError

from idic_lab.course.pages import navigation
from idic_lab.course.runs import kernels, notebooks
from idic_lab.errors import LabError
from idic_lab.pipeline.stages import STAGES

_WIDGET = "application/vnd.jupyter.widget-view+json"


def refresh(path: Path) -> None:
    """Execute one notebook in its own folder and save it with canonical outputs.

    Raises
    ------
    LabError
        When a cell raises or writes to stderr; the file is then left as it was.
    """
    notebook = nbformat.read(path, as_version=4)
    client = NotebookClient(
        notebook,
        config=kernels.configuration(),
        extra_arguments=kernels.ARGUMENTS,
        **kernels.PATIENCE,
        timeout=600,
        kernel_name="python3",
        resources={"metadata": {"path": str(path.parent)}},
    )
    try:
        client.execute()
    except CellExecutionError as error:
        raise LabError(f"{path.name}: {error}") from None
    canonical(notebook, path.name)
    stage = next((stage for stage in STAGES if stage.notebook == path.stem), None)
    if stage:
        navigation.renew(notebook, stage)
    nbformat.write(notebook, path)


def canonical(notebook: nbformat.NotebookNode, name: str) -> None:
    """Strip from an executed notebook all that would differ the next time; in place."""
    notebook.metadata = nbformat.from_dict(
        {
            "kernelspec": {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"},
            "language_info": {"name": "python"},
        }
    )
    for cell in notebook.cells:
        tags = cell.metadata.get("tags")
        cell.metadata = nbformat.from_dict({"tags": tags} if tags else {})
        if cell.cell_type != "code":
            continue
        cell.outputs = joined(cell.outputs)
        for output in cell.outputs:
            if output.get("name") == "stderr":
                raise LabError(f"{name}: cell {cell.execution_count} wrote to stderr: {output['text'][:300]}")
            output.get("data", {}).pop(_WIDGET, None)
            output.get("metadata", {}).pop(_WIDGET, None)


def joined(outputs: list) -> list:
    """Printed text in one piece: a kernel sends it in pieces that depend on how busy the machine is."""
    joined = []
    for output in outputs:
        before = joined[-1] if joined else {}
        if output.output_type == "stream" and before.get("name") == output.name:
            before.text += output.text
        else:
            joined.append(output)
    return joined


def main(arguments: list[str]) -> None:
    """Refresh the notebooks whose names begin with one of the arguments; all of them without arguments."""
    for path in sorted(notebooks.folder().glob("[0-9]*.ipynb")):
        if not arguments or any(path.name.startswith(argument) for argument in arguments):
            began = time.monotonic()
            refresh(path)
            print(f"{path.name}: executed and saved in {time.monotonic() - began:.1f} s")


if __name__ == "__main__":
    try:
        main(sys.argv[1:])
    except LabError as error:
        sys.exit(f"Error: {error}")
