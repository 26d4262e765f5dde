"""Inside the kernel of a submission: a cap on what a cell may print, and on memory; it ends with its grader."""

from __future__ import annotations

import sys
from collections.abc import Callable

from IPython import get_ipython

from idic_lab.durability import orphaned_processes


class TooMuchOutput(RuntimeError):
    """A cell printed more than it may."""


def install(output_characters: int, memory_bytes: int) -> None:
    """Cap the output of every cell of this kernel, and the kernel's memory where the system can.

    Parameters
    ----------
    output_characters : int
        A cell that prints more is stopped with :class:`TooMuchOutput`.
    memory_bytes : int
        Address space of the process; 0 for no cap.
    """
    orphaned_processes.end_with_parent()
    if memory_bytes and sys.platform != "win32":
        import resource

        resource.setrlimit(resource.RLIMIT_AS, (memory_bytes, memory_bytes))
    printed = {"characters": 0}

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

    get_ipython().events.register("pre_run_cell", new_cell)
