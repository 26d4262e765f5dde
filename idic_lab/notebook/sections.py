"""Sections of a notebook that the data at hand cannot feed are left out, with one line that says so.

A section names the tables it needs in the metadata of the cell that holds its heading (``needs: [price_tests]``). It ends
at the next heading of the same or a higher level. No cell asks what there is: the runner replaces the section before it
executes a notebook, and a kernel in JupyterLab passes over its cells.
"""

from __future__ import annotations

import re
from collections.abc import Callable

_HEADING = re.compile(r"^(#+) (.+)$", re.M)


def left_out(notebook: dict, has: Callable[[str], bool]) -> dict[str, str]:
    """The cells of sections that cannot be fed, each with why.

    Parameters:
        notebook: As nbformat reads it.
        has: Whether a table is there or can be made.
    Returns:
        dict of str to str: Id of the cell to the sentence; the first cell of a section holds its heading.

    >>> cells = [
    ...     {"id": "a", "cell_type": "markdown", "source": "## Prices", "metadata": {"needs": ["price_tests"]}},
    ...     {"id": "b", "cell_type": "code", "source": "1", "metadata": {}},
    ...     {"id": "c", "cell_type": "markdown", "source": "## Summary", "metadata": {}},
    ... ]
    >>> left_out({"cells": cells}, lambda table: False)["b"]
    '"Prices" is left out: these data have no table price_tests.'
    """
    found: dict[str, str] = {}
    level, reason = 0, ""
    for cell in notebook["cells"]:
        heading = _HEADING.search("".join(cell["source"])) if cell["cell_type"] == "markdown" else None
        if heading and (not reason or len(heading[1]) <= level):
            lacks = [name for name in cell["metadata"].get("needs", []) if not has(name)]
            level = len(heading[1])
            tables = f"table{'s' if len(lacks) > 1 else ''} {', '.join(lacks)}"
            reason = f'"{heading[2]}" is left out: these data have no {tables}.' if lacks else ""
        if reason:
            found[cell["id"]] = reason
    return found


def prune(notebook: dict, has: Callable[[str], bool]) -> None:
    """Replace each section that cannot be fed by its heading and one line; in place."""
    away = left_out(notebook, has)
    kept, told = [], set()
    for cell in notebook["cells"]:
        reason = away.get(cell["id"])
        if reason is None:
            kept.append(cell)
        elif reason not in told:
            told.add(reason)
            cell["source"] = f"{_HEADING.search(''.join(cell['source']))[0]}\n\n*{reason}*"
            kept.append(cell)
    notebook["cells"] = kept


def pass_over(notebook: dict, has: Callable[[str], bool]) -> None:
    """Let the kernel this runs in pass over the cells of sections that cannot be fed, saying so once.

    JupyterLab names the cell in each request to execute. Where a program executes notebooks it names none, and
    :func:`prune` has been there before.
    """
    from IPython import get_ipython

    shell = get_ipython()
    if shell is None or not hasattr(shell, "kernel"):
        return
    away, told = left_out(notebook, has), set()

    def without_what_cannot_be_fed(lines: list[str]) -> list[str]:
        reason = away.get(shell.get_parent().get("metadata", {}).get("cellId", ""))
        if reason is None:
            return lines
        shown = [] if reason in told else [f"print({reason!r})\n"]
        told.add(reason)
        return shown

    # A notebook may be started again in the same kernel: one transformer, the latest.
    others = [step for step in shell.input_transformers_cleanup if step.__name__ != without_what_cannot_be_fed.__name__]
    shell.input_transformers_cleanup[:] = [*others, without_what_cannot_be_fed]
