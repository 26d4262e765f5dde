"""Where submissions run: a process that sees neither answers, gradebook nor network, ended whole when it takes too much.

The walls are bubblewrap's (Linux): namespaces of its own, read-only copies of Python and of this package and nothing
else, temporary memory to write to. Without bubblewrap there is no sandbox, and marks that count are refused.
"""

import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from functools import cache
from pathlib import Path
from typing import NamedTuple

import psutil

import idic_lab

MISSING = (
    "No sandbox: submissions would run with your own rights, and could read the answers and change the gradebook. "
    "Install bubblewrap (apt install bubblewrap), or grade in a container and say --unsafe."
)
MOST_BYTES = 64 * 2**20  # of all outputs of one submission
MOST_PROCESSES, MOST_MEMORY, MOST_DISK = 256, 6 * 2**30, 512 * 2**20
_INSIDE = "/lab"


class Ran(NamedTuple):
    """What came back from a submission: text as it was written, or why there is none."""

    text: str | None
    why: str = ""


@cache
def available() -> bool:
    """Whether submissions can be shut in on this machine."""
    if not shutil.which("bwrap"):
        return False
    tried = subprocess.run([*_walls(()), "true"], capture_output=True, timeout=30, check=False)
    return tried.returncode == 0


def _walls(hidden: tuple[Path, ...]) -> list[str]:
    """The command that shuts in what follows it; folders in `hidden` are empty inside."""
    package = Path(idic_lab.__file__).parent
    seen = ["/usr", sys.prefix, sys.base_prefix]
    words = ["bwrap", "--unshare-all", "--die-with-parent", "--new-session", "--cap-drop", "ALL"]
    words += ["--uid", "65534", "--gid", "65534", "--clearenv"]
    # First, so that an environment which itself lies under /tmp is laid over it and seen.
    words += ["--size", str(MOST_DISK), "--tmpfs", "/tmp"]
    for name in filter(os.path.exists, dict.fromkeys(seen)):
        words += ["--ro-bind", name, name]
    for name in ("/bin", "/sbin", "/lib", "/lib64"):
        if Path(name).is_symlink():
            words += ["--symlink", os.readlink(name), name]
        elif Path(name).exists():
            words += ["--ro-bind", name, name]
    for name in ("/etc/ld.so.cache", "/etc/localtime", "/etc/alternatives"):
        words += ["--ro-bind-try", name, name]
    words += ["--ro-bind", str(package), f"{_INSIDE}/idic_lab", "--proc", "/proc", "--dev", "/dev"]
    for place in filter(Path.exists, hidden):
        for outside, inside in [(package, f"{_INSIDE}/idic_lab"), *zip(seen, seen, strict=True)]:
            if place.is_relative_to(outside):
                words += ["--tmpfs", str(inside / place.relative_to(outside))]
    words += ["--size", str(MOST_DISK), "--tmpfs", "/dev/shm", "--remount-ro", "/", "--chdir", "/tmp"]
    environment = {"PATH": f"{sys.prefix}/bin:/usr/bin:/bin", "PYTHONPATH": _INSIDE, "PYTHONWARNINGS": "ignore"}
    environment |= {"HOME": "/tmp", "LANG": "C.UTF-8", "IDIC_LAB_HOME": "/tmp/idic-lab"}
    environment |= dict.fromkeys(("IDIC_LAB_SANDBOX", "OMP_NUM_THREADS", "PYTHONDONTWRITEBYTECODE"), "1")
    for name, value in environment.items():
        words += ["--setenv", name, value]
    return words


def run(job: bytes, seconds: float, unsafe: bool = False, hidden: tuple[Path, ...] = ()) -> Ran:
    """Run a submission, as :func:`idic_lab.exercises.run_notebook.job` packs it, and end it with all it started after `seconds`.

    `unsafe` runs it with the grader's own rights. The folders in `hidden` are not seen, should they lie within Python's own.
    """
    command = [sys.executable, "-m", "idic_lab.exercises.run_notebook"]
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.DEVNULL}
        where = {"cwd": "/"}
        if unsafe:
            where = {"cwd": folder, "env": dict(os.environ, OMP_NUM_THREADS="1", PYTHONWARNINGS="ignore")}
        command = command if unsafe else _walls(hidden) + command
        process = subprocess.Popen(command, start_new_session=True, **pipes, **where)
        try:
            return _watched(process, job, seconds)
        finally:
            _end(process)


def _watched(process: subprocess.Popen, job: bytes, seconds: float) -> Ran:
    """Feed and read a process until it ends or takes more than it may."""
    read = bytearray()

    def feed() -> None:
        with contextlib.suppress(OSError), process.stdin:
            process.stdin.write(job)

    def take() -> None:
        with contextlib.suppress(OSError, ValueError):
            while (piece := process.stdout.read1(2**16)) and len(read) <= MOST_BYTES:
                read.extend(piece)

    feeding, taking = (threading.Thread(target=work, daemon=True) for work in (feed, take))
    feeding.start()
    taking.start()
    end = time.monotonic() + seconds
    while process.poll() is None and taking.is_alive():
        time.sleep(0.2)
        running = _under(process)
        memory = 0
        for child in running:
            with contextlib.suppress(psutil.Error):
                memory += child.memory_info().rss
        if time.monotonic() > end:
            return Ran(None, f"ended after {seconds:.0f} seconds")
        if memory > MOST_MEMORY:
            return Ran(None, f"ended: its processes took more than {MOST_MEMORY / 2**30:.0f} GiB of memory")
        if len(running) > MOST_PROCESSES:
            return Ran(None, f"ended: it started more than {MOST_PROCESSES} processes")
    taking.join(timeout=10)
    if len(read) > MOST_BYTES:
        return Ran(None, f"ended: its outputs took more than {MOST_BYTES / 2**20:.0f} MB")
    try:
        text = read.decode("utf-8")
        json.loads(text)
    except ValueError:
        return Ran(None, "the process that ran it was brought down")
    return Ran(text)


def _under(process: subprocess.Popen) -> list[psutil.Process]:
    with contextlib.suppress(psutil.Error):
        return psutil.Process(process.pid).children(recursive=True)
    return []


def _end(process: subprocess.Popen) -> None:
    """End a process and what it started; in the sandbox nothing outlives the first of them."""
    for child in _under(process):
        with contextlib.suppress(psutil.Error):
            child.kill()
    with contextlib.suppress(OSError):
        os.killpg(process.pid, signal.SIGKILL) if hasattr(os, "killpg") else process.kill()
    for pipe in (process.stdin, process.stdout):
        with contextlib.suppress(OSError):
            pipe.close()
    process.wait()
