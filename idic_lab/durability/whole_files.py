"""Files that appear under their name whole or not at all, whenever the process that makes them is killed.

Whoever writes holds the lock of the folder: the name of the unfinished file is always the same, so that the next
writer finds what a killed one left, and replaces it.
"""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

SUFFIX = ".partial"


def partial(path: Path) -> Path:
    """Where a file is written before it gets its name.

    >>> partial(Path("results.json")).name
    'results.json.partial'
    """
    return path.with_name(path.name + SUFFIX)


def write(path: Path, content: str | bytes) -> None:
    """Write a file so that a reader finds the old one or the new one, never half of it."""
    unfinished = partial(path)
    with unfinished.open("wb") as file:
        file.write(content.encode() if isinstance(content, str) else content)
        file.flush()
        os.fsync(file.fileno())
    os.replace(unfinished, path)


def write_json(path: Path, content: object) -> None:
    """Write a JSON file whole."""
    write(path, json.dumps(content, indent=1, ensure_ascii=False, default=str))


def copy(source: Path, target: Path) -> None:
    """Copy a file so that the copy is whole or not there."""
    shutil.copy(source, partial(target))
    os.replace(partial(target), target)


def remove_leftovers(folder: Path, pattern: str = f"**/*{SUFFIX}*") -> list[Path]:
    """Remove unfinished files that a killed process left; only for whoever holds the folder's lock."""
    left = [path for path in folder.glob(pattern) if path.is_file()]
    for path in left:
        path.unlink(missing_ok=True)
    return left
