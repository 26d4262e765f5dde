"""How the kernels of the course's notebooks are started: warm, by a nursery that has loaded what they will import.

A kernel spends some three seconds on loading pandas, matplotlib and our own packages before it executes its first cell.
So one process, the nursery, loads them once, starts no thread, and forks itself for each notebook: the kernel begins warm,
side by side with others, and in the memory they share. It ends with the process that started it, and its kernels with it.
Where processes cannot be forked so (elsewhere than on Linux), kernels are started in the usual way.
"""

import ast
import atexit
import contextlib
import gc
import importlib
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterable
from functools import cache
from pathlib import Path

from jupyter_client.manager import AsyncKernelManager
from jupyter_client.provisioning.local_provisioner import LocalProvisioner
from jupyter_core.paths import jupyter_runtime_dir
from jupyter_core.utils import ensure_event_loop
from traitlets.config import Config

from idic_lab import durability

# A kernel that is told to stop while it waits reports its own interruption as an error; it is none.
_ARGUMENTS = ["--IPKernelApp.log_level=CRITICAL"]
# On a busy machine outputs may follow their cell late; waiting four seconds for them, as is usual, loses figures.
_PATIENCE = {"iopub_timeout": 120, "raise_on_iopub_timeout": True}
# What ours load where they use it, and most notebooks come to.
_BEHIND_OURS = (
    *("matplotlib.pyplot", "pandera.pandas", "pyarrow.parquet", "scipy.stats", "sklearn.cluster", "sklearn.ensemble"),
    *("sklearn.linear_model", "sklearn.mixture", "sklearn.model_selection", "statsmodels.api", "stepmix", "kmedoids"),
)


def settings(folder: Path) -> dict[str, object]:
    """What nbclient, and papermill through it, is given for a notebook that is executed in a folder.

    What passes between it and the kernel is encrypted where it can be; without that a kernel warns at each start that it
    talks in clear over a local port. Kernels use one thread per library unless the environment says otherwise: on
    tables of this size threads cost more than they bring, and on a busy machine very much more.
    """
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    if not _can_be_written(Path(jupyter_runtime_dir())):
        for variable in ("JUPYTER_RUNTIME_DIR", "IPYTHONDIR", "MPLCONFIGDIR"):
            os.environ[variable] = str(Path(_folder_for_now(), variable.lower()))
            Path(os.environ[variable]).mkdir(exist_ok=True)
    return {
        "config": Config({"KernelManager": {"transport_encryption": "auto"}}),
        "extra_arguments": _ARGUMENTS,
        "kernel_manager_class": KernelManager,
        "resources": {"metadata": {"path": str(folder)}},
        **_PATIENCE,
    }


def imports(sources: Iterable[str]) -> list[str]:
    """The modules that pieces of code import, with what ours load behind them.

    >>> imports(["import numpy as np", "from pathlib import Path"])
    ['numpy', 'pathlib', 'pathlib.Path']
    """
    found: dict[str, None] = {}
    for source in sources:
        with contextlib.suppress(SyntaxError):  # the cell will say so
            for node in ast.walk(ast.parse(source)):
                names = [alias.name for alias in getattr(node, "names", ()) if isinstance(alias, ast.alias)]
                module = getattr(node, "module", None)
                found |= dict.fromkeys([module, *(f"{module}.{name}" for name in names)] if module else names)
    ours = any(name.split(".")[0] == "idic_lab" for name in found)
    return [*found, *(_BEHIND_OURS if ours else ())]


@contextlib.contextmanager
def warm(modules: Iterable[str]):
    """Start kernels warm, with these modules loaded, and let none live on behind the block."""
    global _nursery
    settings(Path())  # the nursery inherits the environment
    outer, _nursery = _nursery, _Nursery(modules) if sys.platform.startswith("linux") else None
    try:
        yield
    finally:
        end_all()
        if _nursery:
            _nursery.close()
        _nursery = outer


@contextlib.contextmanager
def own_loop():
    """An event loop for the notebook that is executed in this thread, closed behind it."""
    loop = ensure_event_loop()
    try:
        yield
    finally:
        loop.close()


def end_all() -> None:
    """End every kernel at once: what executes in them fails."""
    for manager in list(_living):
        with contextlib.suppress(OSError, AttributeError, TypeError):
            os.killpg(manager.provisioner.pgid, signal.SIGKILL)


class KernelManager(AsyncKernelManager):
    """Starts a kernel from the nursery where there is one, and is known as long as the kernel lives."""

    async def _async_pre_start_kernel(self, **kw):
        if self.provisioner is None and _nursery is not None:
            self.provisioner = _WarmProvisioner(kernel_id=self.kernel_id, kernel_spec=self.kernel_spec, parent=self)
        _living.add(self)
        return await super()._async_pre_start_kernel(**kw)

    async def _async_cleanup_resources(self, restart: bool = False) -> None:
        _living.discard(self)
        await super()._async_cleanup_resources(restart)

    cleanup_resources = _async_cleanup_resources


class _WarmProvisioner(LocalProvisioner):
    async def launch_kernel(self, cmd, **kw):
        arguments = cmd[cmd.index("ipykernel_launcher") + 1 :]
        self.process = _nursery.kernel(arguments, str(kw.get("cwd") or Path.cwd()), kw["env"])
        self.pid = self.pgid = self.process.pid  # a kernel leads its own group
        return self.connection_info


class _Kernel:
    """A kernel as its manager knows a process: alive as long as the line to it is open."""

    stdin = stdout = stderr = None

    def __init__(self, line: socket.socket):
        self._line, self.returncode = line, None
        self.pid = int.from_bytes(line.recv(8), "little")  # waits until the nursery has loaded all
        if not self.pid:
            raise RuntimeError("The process that starts kernels has ended.")
        line.setblocking(False)

    def poll(self) -> int | None:
        if self.returncode is None:
            with contextlib.suppress(BlockingIOError):
                self._line.recv(1)
                self.returncode = 1
                self._line.close()
        return self.returncode

    def wait(self, timeout: float | None = None) -> int:
        if self.poll() is None:
            self._line.settimeout(timeout)
            self._line.recv(1)
            self._line.setblocking(False)
        return self.poll()

    def send_signal(self, number: int) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.kill(self.pid, number)


class _Nursery:
    def __init__(self, modules: Iterable[str]):
        self._requests, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._lock = threading.Lock()
        asked = json.dumps({"parent": os.getpid(), "requests": theirs.fileno(), "modules": list(modules)})
        with theirs:
            self._process = subprocess.Popen(
                [sys.executable, "-P", "-m", "idic_lab.course.runs.kernels", asked],
                stdin=subprocess.DEVNULL,
                pass_fds=[theirs.fileno()],
                start_new_session=True,
                env={name: value for name, value in os.environ.items() if name != "JPY_PARENT_PID"},
            )

    def kernel(self, arguments: list[str], folder: str, environment: dict[str, str]) -> _Kernel:
        ours, theirs = socket.socketpair()
        asked = json.dumps({"arguments": arguments, "folder": folder, "environment": environment})
        with theirs, self._lock:
            socket.send_fds(self._requests, [asked.encode()], [theirs.fileno()])
        return _Kernel(ours)

    def close(self) -> None:
        self._requests.close()
        self._process.kill()  # its kernels end with it
        self._process.wait()


_nursery: _Nursery | None = None
_living: set[KernelManager] = set()


def _serve(parent: int, requests: int, modules: list[str]) -> None:
    """The nursery: load, then fork a kernel for each request, until the process that wants them is gone."""
    durability.end_with_parent(parent)
    os.environ.setdefault("MPLBACKEND", "module://matplotlib_inline.backend_inline")  # as a kernel does
    for name in ("ipykernel.kernelapp", "ipykernel.ipkernel", *modules):
        with contextlib.suppress(Exception):  # whoever imports it says what is wrong
            importlib.import_module(name)
    gc.freeze()
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody waits for a kernel: the line to it tells its end
    asking = socket.socket(fileno=requests)
    while True:
        asked, lines, *_ = socket.recv_fds(asking, 1 << 20, 1)
        if not asked:
            return
        if os.fork() == 0:
            asking.close()
            _become_kernel(lines[0], **json.loads(asked))
        os.close(lines[0])


def _become_kernel(line: int, arguments: list[str], folder: str, environment: dict[str, str]) -> None:
    nursery, status = os.getppid(), 1
    try:
        os.setsid()
        os.set_inheritable(line, False)
        durability.end_with_parent(nursery)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        os.write(line, os.getpid().to_bytes(8, "little"))
        os.chdir(folder)
        os.environ.clear()
        os.environ.update(environment)
        sys.argv = ["ipykernel_launcher", *arguments]
        from ipykernel.kernelapp import IPKernelApp

        IPKernelApp.launch_instance(arguments)
        status = 0
    except SystemExit as end:
        status = end.code if isinstance(end.code, int) else 0
    finally:
        atexit._run_exitfuncs()
        with contextlib.suppress(Exception):
            sys.stdout.flush()
            sys.stderr.flush()
        os._exit(status)


def _can_be_written(folder: Path) -> bool:
    """Whether files can be made in a folder, which is made too."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            return True
    except OSError:
        return False


@cache
def _folder_for_now() -> str:
    """Where kernels keep what they need while they run, when the home folder cannot be written or there is none."""
    made = tempfile.mkdtemp(prefix="idic-lab-kernels-")
    atexit.register(shutil.rmtree, made, ignore_errors=True)
    return made


if __name__ == "__main__":
    _serve(**json.loads(sys.argv[1]))
