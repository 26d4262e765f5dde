"""A process that was started for another one ends with it.

Notebooks run in kernels, studies in worker processes. When the process that started them is killed, they would work on
in a folder that the next call takes for its own.
"""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import threading
import time

_SET_PARENT_DEATH_SIGNAL = 1  # PR_SET_PDEATHSIG of prctl(2)


def end_with_parent(parent: int = 0) -> None:
    """Let the system kill this process when the one that started it dies; elsewhere than on Linux do nothing.

    Only for processes started by a thread that lives as long as they are wanted, such as the main one.

    Parameters:
        parent: The process that started this one; as the environment of a kernel says unless given.
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

    Parameters:
        parent: The process that started this one; it may have died before this line.
        every: Seconds.
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
