"""What students get of an assignment: the notebook without solutions, hidden tests and outputs.

The build of the wheel uses this file by itself, so it imports nothing but the standard library.
"""

from __future__ import annotations

import json
import re
from pathlib import Path

_STUB = {"code": "# Your code here", "markdown": "*Your answer here*"}
_SOLUTION = re.compile(r"[ \t]*### BEGIN SOLUTION.*?### END SOLUTION", re.S)
_HIDDEN = re.compile(r"\n*[^\n]*BEGIN HIDDEN TESTS.*?END HIDDEN TESTS[^\n]*", re.S)


def without_answers(notebook: str) -> str:
    """The students' copy of a source notebook, both as JSON text.

    >>> cell = {"cell_type": "code", "metadata": {}, "source": "x = ...\\n### BEGIN SOLUTION\\nx = 1\\n### END SOLUTION"}
    >>> json.loads(without_answers(json.dumps({"cells": [cell]})))["cells"][0]["source"]
    'x = ...\\n# Your code here'
    """
    told = json.loads(notebook)
    for cell in told["cells"]:
        source = _SOLUTION.sub(_STUB.get(cell["cell_type"], ""), "".join(cell["source"]))
        cell["source"] = _HIDDEN.sub("", source)
        cell |= {"outputs": [], "execution_count": None} if cell["cell_type"] == "code" else {}
        if cell["metadata"].get("nbgrader", {}).get("locked"):
            cell["metadata"] |= {"deletable": False, "editable": False}
    return json.dumps(told, indent=1, ensure_ascii=False) + "\n"


def students_copies(course: str | Path) -> dict[str, str]:
    """The students' copy of every assignment of a course, by its name.

    >>> from idic_lab import shipped
    >>> any("HIDDEN TESTS" in text for text in students_copies(shipped("exercises")).values())
    False
    """
    source, ready = Path(course) / "source", Path(course) / "release"
    paths = sorted((source if source.exists() else ready).glob("*/*.ipynb"))
    return {path.stem: without_answers(path.read_text(encoding="utf-8")) for path in paths}
