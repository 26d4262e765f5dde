"""A piece of work in a process of its own, that can be killed at a chosen moment with what it started.

Work is forked from a driver that has imported everything already: a kill then costs little more than the work. The
driver itself must never start a thread, so whatever opens a database or a Parquet file happens in a forked child.
"""

from __future__ import annotations

import contextlib
import json
import os
import select
import signal
import sys
import tempfile
import time
import traceback
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from kills.moments import Moment

MARK = "IDIC_FAULTS_MARK"
PATIENCE = 400  # seconds after which work that does not end counts as hanging
_CHANGES = {"open", "os.rename", "os.remove", "os.rmdir", "os.mkdir", "os.link", "os.truncate", "sqlite3.connect"}


@dataclass(frozen=True)
class Ended:
    """How a child ended: by the kill that was meant for it, or by itself."""

    killed: bool
    status: int
    seconds: float
    operations: int
    mark: str
    said: str


def carry_out(
    work: Callable[[Path], int | None], folder: Path, moment: Moment | None = None, whom: str = "group"
) -> Ended:
    """Do a piece of work in a child, and kill it at a moment.

    Parameters
    ----------
    work : callable
        Takes the folder; returns an exit status.
    folder : Path
        The child's current folder; operations on files below it are counted.
    moment : Moment, optional
        Without one the child is left alone.
    whom : {"parent", "group", "all"}
        The child alone, its process group, or every process that carries its mark (kernels have groups of their own).
    """
    mark = uuid.uuid4().hex
    events, told = os.pipe()
    said = folder.parent / f"said-{mark}"
    count = folder.parent / f"count-{mark}"
    began = time.monotonic()
    pid = os.fork()
    if pid == 0:
        os.close(events)
        _child(work, folder, mark, moment, told, said, count)
    os.close(told)
    killed, status = False, None
    if moment is not None and _wait_for(moment, folder, events, pid):
        killed = _kill(pid, mark, whom)
    deadline = began + PATIENCE
    while status is None:
        ended, code = os.waitpid(pid, os.WNOHANG)
        if ended:
            status = os.waitstatus_to_exitcode(code)
        elif time.monotonic() > deadline:
            kill_marked(mark)
            os.kill(pid, signal.SIGKILL)
        else:
            time.sleep(0.002)
    os.close(events)
    text = said.read_text(errors="replace") if said.exists() else ""
    operations = int((count.read_text() if count.exists() else "") or 0)
    for file in (said, count):
        file.unlink(missing_ok=True)
    seconds = time.monotonic() - began
    return Ended(killed and status == -signal.SIGKILL, status, seconds, operations, mark, text[-3000:])


def asked(question: Callable[[Path], object], folder: Path) -> object:
    """The answer of a function that looks at a folder, from a child of its own."""
    with tempfile.TemporaryDirectory() as between:
        answer = Path(between) / "answer.json"

        def work(folder: Path) -> None:
            answer.write_text(json.dumps(question(folder)))

        ended = carry_out(work, folder)
        if ended.status != 0:
            raise RuntimeError(f"The check itself failed:\n{ended.said}")
        return json.loads(answer.read_text())


def alive(mark: str) -> list[int]:
    """Processes that carry a mark, by their environment."""
    wanted, found = f"{MARK}={mark}".encode(), []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with contextlib.suppress(OSError):
                if wanted in (entry / "environ").read_bytes().split(b"\0"):
                    state = (entry / "stat").read_text().rpartition(")")[2].split()[0]
                    if state not in "ZX":
                        found.append(int(entry.name))
    return found


def kill_marked(mark: str) -> None:
    """Kill every process that carries a mark."""
    for pid in alive(mark):
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


def _kill(pid: int, mark: str, whom: str) -> bool:
    try:
        if whom == "parent":
            os.kill(pid, signal.SIGKILL)
        else:
            os.killpg(pid, signal.SIGKILL)
    except ProcessLookupError:
        return False
    if whom == "all":
        kill_marked(mark)
    return True


def _wait_for(moment: Moment, folder: Path, events: int, pid: int) -> bool:
    """Sleep until the moment; False when the child ended before."""
    began = time.monotonic()

    def over() -> bool:
        # Looks without reaping: the status is collected by whoever waits for the child.
        return os.waitid(os.P_PID, pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None

    if moment.kind == "random":
        while (left := began + moment.seconds - time.monotonic()) > 0:
            if over():
                return False
            time.sleep(min(left, 0.02))
        return not over()
    if moment.kind == "operation":
        while not select.select([events], [], [], 0.05)[0]:
            if over():
                return False
        if not os.read(events, 1):
            return False
    else:  # a file appears
        while not any(folder.glob(moment.pattern)):
            if over() or time.monotonic() - began > PATIENCE:
                return False
            time.sleep(0.0002)
    time.sleep(moment.delay)
    return not over()


def _child(work, folder: Path, mark: str, moment: Moment | None, told: int, said: Path, count: Path) -> None:
    status = 70
    try:
        os.setsid()
        os.environ[MARK] = mark
        os.chdir(folder)
        with open(os.devnull, "rb") as nothing:
            os.dup2(nothing.fileno(), 0)
        with said.open("wb") as log:
            os.dup2(log.fileno(), 1)
            os.dup2(log.fileno(), 2)
        sys.stdout, sys.stderr = (os.fdopen(os.dup(n), "w", buffering=1) for n in (1, 2))
        signal.signal(signal.SIGINT, signal.default_int_handler)
        counter = _counted(folder, moment, told)
        status = work(folder) or 0
        count.write_text(str(counter["operations"]))
    except SystemExit as end:
        status = end.code if isinstance(end.code, int) else 0 if end.code is None else 1
        count.write_text(str(counter["operations"]))
    except BaseException:
        traceback.print_exc()
    finally:
        with contextlib.suppress(Exception):
            sys.stdout.flush()
            sys.stderr.flush()
        os._exit(status)


def _counted(folder: Path, moment: Moment | None, told: int) -> dict[str, int]:
    """Count what Python does to files below the folder; at the chosen one, tell the driver.

    Without a delay the child then stands still, just before that operation, until it is killed.
    """
    counter, below = {"operations": 0}, str(folder)
    wanted = moment.operation if moment is not None and moment.kind == "operation" else None

    def hook(event: str, arguments: tuple) -> None:
        if event not in _CHANGES or not _changes_below(event, arguments, below):
            return
        counter["operations"] += 1
        if counter["operations"] == wanted:
            os.write(told, b"x")
            if moment.delay == 0:
                time.sleep(PATIENCE)

    sys.addaudithook(hook)
    return counter


def _changes_below(event: str, arguments: tuple, below: str) -> bool:
    path = arguments[0]
    if event == "open" and not (arguments[2] or 0) & (os.O_WRONLY | os.O_RDWR | os.O_CREAT):
        return False
    if not isinstance(path, str | bytes):
        return False
    path = os.fsdecode(path)
    if not path.startswith("/"):  # relative to the child's folder, or to one that is being removed
        return True
    return path.startswith(below)
