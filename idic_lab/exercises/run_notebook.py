"""Running a submission within limits: in a process of its own, which the sandbox shuts in.

``python -m idic_lab.exercises.run_notebook`` takes a notebook and the files beside it as JSON on its standard input
and gives each cell's outputs back as JSON. Nothing it says is believed: outputs are data, judged elsewhere.
"""

import base64
import json
import os
import re
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

TRIED = "application/x.idic-tried"
_GUARD = "from idic_lab.exercises.run_notebook import guard; guard({0}, {1}); del guard"
_ANSWER_CHARACTERS = 9_000_000  # of an answer, with the data brought for the capstone
_PRIVATE = re.compile(r"gradebook|class_secret|/(misconceptions|answers|submitted)/|^/proc/\d+/|^/etc/(passwd|shadow)")
_PROCESSES, _FILE_BYTES = 256, 200 * 2**20
MOST_LEFT_OUT = 3  # cells; what stands behind one more is not run


class TooMuchOutput(RuntimeError):
    """A cell printed more than it may."""


def guard(output_characters: int, memory_bytes: int) -> None:
    """Inside the kernel: cap what each cell prints, and memory where the system can; tell what is tried; end with the runner."""
    from IPython import get_ipython
    from IPython.display import display

    from idic_lab import durability

    durability.end_with_parent()
    if memory_bytes and sys.platform != "win32":
        import resource

        resource.setrlimit(resource.RLIMIT_AS, (memory_bytes, memory_bytes))
    printed = {"characters": 0}
    tried: list[str] = []
    sys.addaudithook(lambda event, told: tried.append(_attempt(event, told)))

    def capped(write: Callable[[str], int | None]) -> Callable[[str], int | None]:
        def write_some(text: str) -> int | None:
            printed["characters"] += len(text)
            if printed["characters"] > output_characters:
                raise TooMuchOutput(f"This cell printed more than {output_characters:,} characters.")
            return write(text)

        write_some.caps = True
        return write_some

    def new_cell(*_: object) -> None:
        printed["characters"] = 0
        # Anew for each cell: IPython puts a writer of its own on the streams and takes it away afterwards.
        for stream in (sys.stdout, sys.stderr):
            if not hasattr(stream.write, "caps"):
                stream.write = capped(stream.write)

    def end_of_cell(*_: object) -> None:
        if told := sorted(set(filter(None, tried))):
            display({TRIED: "; ".join(told[:5])}, raw=True)
        tried.clear()

    get_ipython().events.register("pre_run_cell", new_cell)
    get_ipython().events.register("post_run_cell", end_of_cell)


def _attempt(event: str, told: tuple) -> str:
    """What an event of Python's audit says of an attempt on the grading; empty for what any notebook does."""
    if event in ("os.kill", "os.fork", "os.symlink", "os.link", "os.setuid", "socket.getaddrinfo"):
        return event
    if event == "socket.connect" and isinstance(told[1], tuple):
        return event
    if event == "open" and isinstance(told[0], str) and (found := _PRIVATE.search(told[0])):
        return f"opening {found[0]}"
    return ""


def run(source: str, folder: str, limits: SimpleNamespace) -> dict[str, Any]:
    """The ``outputs`` of every cell of a notebook run in a folder, without those that take too long or kill the kernel.

    A cell that takes more than the limits allow is left out, and the rest is run again without it.
    """
    import nbformat

    notebook = nbformat.reads(source, as_version=4)
    left_out: dict[int, str] = {}
    end = time.monotonic() + limits.seconds
    while (stopped := _run_once(notebook, folder, limits, left_out, end)) is not None:
        place, why = stopped
        if why is None or len(left_out) == MOST_LEFT_OUT:
            late = f"Not run: the notebook took more than {limits.seconds} seconds."
            many = "Not run: too many cells before it had to be left out."
            for cell in notebook.cells[place:]:
                cell.outputs = [_error("NotRun", late if why is None else many)]
            break
        left_out[place] = why
    for place, why in left_out.items():
        notebook.cells[place].outputs = [_error("LeftOut", f"This cell {why}. It was left out.")]
    return {"outputs": [cell.get("outputs", []) for cell in notebook.cells]}


def _run_once(notebook, folder, limits, left_out, end) -> tuple[int, str | None] | None:
    """Run all cells but those left out; the place of a cell that stopped the run, and why (None: no time is left)."""
    from nbclient import NotebookClient
    from nbclient.exceptions import CellTimeoutError, DeadKernelError

    class Capped(NotebookClient):
        """Keeps no more of a cell's output, of whatever kind, than it may have."""

        def process_message(self, msg, cell, cell_index):
            if msg["msg_type"] in ("stream", "display_data", "execute_result", "error", "update_display_data"):
                handed_in = "application/x.idic-answer" in msg["content"].get("data", {})
                kept[cell_index, handed_in] = kept.get((cell_index, handed_in), 0) + len(str(msg["content"]))
                if kept[cell_index, handed_in] > (_ANSWER_CHARACTERS if handed_in else 2 * limits.output_characters):
                    return None
            return super().process_message(msg, cell, cell_index)

    kept: dict[tuple[int, bool], int] = {}
    for cell in notebook.cells:
        if cell.cell_type == "code":
            cell.outputs, cell.execution_count = [], None
    client = Capped(
        notebook,
        kernel_name="python3",  # whatever the student's own is called
        timeout=limits.cell_seconds,
        interrupt_on_timeout=False,
        allow_errors=True,
        shutdown_kernel="immediate",
        extra_arguments=[f"--IPKernelApp.exec_lines={_GUARD.format(limits.output_characters, limits.memory_bytes)}"],
        resources={"metadata": {"path": folder}},
    )
    place = 0
    try:
        with client.setup_kernel():
            for place, cell in enumerate(notebook.cells):
                if time.monotonic() > end:
                    return place, None
                if place not in left_out:
                    client.execute_cell(cell, place)
    except CellTimeoutError:
        return place, f"took more than {limits.cell_seconds} seconds"
    except DeadKernelError:
        return place, "brought the kernel down"
    return None


def run_here(notebook) -> list[list[dict[str, Any]]]:
    """The outputs of a notebook of our own, run in this process: no kernel has to start, and no limit holds."""
    from IPython.core.interactiveshell import InteractiveShell
    from IPython.utils.capture import capture_output

    shell, outputs = InteractiveShell.instance(), []
    shell.reset(new_session=False)
    for cell in notebook.cells:
        if cell.cell_type != "code":
            outputs.append([])
            continue
        with capture_output() as said:
            ran = shell.run_cell(cell.source)
        told = [{"output_type": "stream", "text": said.stdout}] if said.stdout and ran.success else []
        told += [{"output_type": "display_data", "data": shown.data} for shown in said.outputs]
        why = ran.error_in_exec or ran.error_before_exec
        outputs.append(told + ([_error(type(why).__name__, str(why))] if why else []))
    return outputs


def _error(name: str, text: str) -> dict[str, Any]:
    return {"output_type": "error", "ename": name, "evalue": text, "traceback": [f"{name}: {text}"]}


def job(source: str, files: dict[str, bytes], **limits: int) -> bytes:
    """What :func:`main` reads."""
    packed = {name: base64.b64encode(content).decode() for name, content in files.items()}
    return json.dumps({"notebook": source, "files": packed, "limits": limits}).encode()


def main() -> None:
    """Run the notebook on the standard input, and write its outputs to the standard output."""
    sys.modules["rfc3987_syntax"] = None  # nbformat loads it if it can: a second for a grammar that no notebook needs
    result = os.fdopen(os.dup(1), "w", encoding="utf-8")  # no process of the submission inherits this one
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    if sys.platform != "win32":
        import resource

        limits = {resource.RLIMIT_NPROC: _PROCESSES, resource.RLIMIT_FSIZE: _FILE_BYTES, resource.RLIMIT_CORE: 0}
        # Outside the sandbox all of a person's processes would count.
        for limit, most in limits.items() if os.environ.get("IDIC_LAB_SANDBOX") else ():
            resource.setrlimit(limit, (most, most))
    sys.modules.setdefault("rfc3987_syntax", None)  # as in idic_lab.__main__
    told = json.load(sys.stdin)
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        for name, content in told["files"].items():
            (Path(folder) / Path(name).name).write_bytes(base64.b64decode(content))
        json.dump(run(told["notebook"], folder, SimpleNamespace(**told["limits"])), result)
    result.close()


if __name__ == "__main__":
    main()
