"""Files that are whole or not there, and processes that end with the one that started them.

Whoever writes holds the lock of the folder: the name of the unfinished file is always the same, so that the next
writer finds what a killed one left, and replaces it. Kernels and workers would work on in a folder that the next call
takes for its own.
"""

import contextlib
import json
import os
import signal
import sys
import threading
import time
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


def remove_leftovers(folder: Path, pattern: str = f"**/*{SUFFIX}*") -> list[Path]:
    """Remove unfinished files that a killed process left; only for whoever holds the folder's lock."""
    left = [path for path in folder.glob(pattern) if path.is_file()]
    for path in left:
        path.unlink(missing_ok=True)
    return left


_SET_PARENT_DEATH_SIGNAL = 1  # PR_SET_PDEATHSIG of prctl(2)


def end_with_parent(parent: int = 0) -> None:
    """Let the system kill this process when the one that started it dies; elsewhere than on Linux do nothing.

    Only for processes started by a thread that lives as long as they are wanted, such as the main one. The parent is
    the process that started this one; as the environment of a kernel says unless given.
    """
    if not sys.platform.startswith("linux"):
        return
    import ctypes

    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None, use_errno=True).prctl(_SET_PARENT_DEATH_SIGNAL, signal.SIGKILL)
    named = os.environ.get("JPY_PARENT_PID", "")
    expected = parent or (int(named) if named.isdigit() else 0)
    if expected and os.getppid() != expected:  # it died before this line
        os._exit(1)


def watch_parent(parent: int, every: float = 0.5) -> None:
    """Look every so many seconds whether the process that started this one is still there, and end when not.

    For processes that are started by passing threads; called again in the same process it does nothing.
    """
    global _watcher
    if _watcher is None and sys.platform != "win32":
        _watcher = threading.Thread(target=_watch, args=(parent, every), daemon=True)
        _watcher.start()


_watcher: threading.Thread | None = None


def _watch(parent: int, every: float) -> None:
    while os.getppid() == parent:
        time.sleep(every)
    os._exit(1)
