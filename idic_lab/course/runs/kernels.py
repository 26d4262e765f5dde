"""How the kernels of the course's notebooks are started: warm, by a nursery that has loaded what they will import.

A kernel spends some three seconds on loading packages before it executes its first cell. So one process, the nursery, loads
them once, starts no thread, and forks itself for each notebook. It ends with the process that started it, and its kernels
with it. Where processes cannot be forked so (elsewhere than on Linux), kernels are started in the usual way.
"""

import ast
import atexit
import contextlib
import gc
import importlib
import json
import math
import os
import queue
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterable
from functools import cache
from pathlib import Path

import psutil
from jupyter_client.asynchronous import AsyncKernelClient
from jupyter_client.manager import AsyncKernelManager
from jupyter_client.provisioning.local_provisioner import LocalProvisioner
from jupyter_core.paths import jupyter_runtime_dir
from jupyter_core.utils import ensure_event_loop
from traitlets import Type
from traitlets.config import Config

from idic_lab import durability

# What ours load where they use it, and most notebooks come to.
_BEHIND_OURS = (
    *("matplotlib.pyplot", "pandera.pandas", "pyarrow.parquet", "scipy.stats", "sklearn.cluster", "sklearn.ensemble"),
    *("sklearn.linear_model", "sklearn.mixture", "sklearn.model_selection", "statsmodels.api", "stepmix", "kmedoids"),
    *("narwhals._pandas_like.namespace", "pandera.backends.pandas.builtin_checks", "pyarrow.pandas_compat"),
)


def settings(folder: Path) -> dict[str, object]:
    """What nbclient, and papermill through it, is given for a notebook that is executed in a folder.

    Kernels use one thread per library unless the environment says otherwise: on tables of this size threads cost more than
    they bring, and on a busy machine very much more.
    """
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    _find_room()
    return {
        # Without encryption a kernel warns at each start that it talks in clear over a local port.
        "config": Config({"KernelManager": {"transport_encryption": "auto"}}),
        # One that is told to stop while it waits reports its own interruption as an error; it is none.
        "extra_arguments": ["--IPKernelApp.log_level=CRITICAL", "--HistoryManager.enabled=False"],
        "shutdown_kernel": "immediate",  # nothing in it outlives its last cell
        "kernel_manager_class": KernelManager,
        "resources": {"metadata": {"path": str(folder)}},
        # On a busy machine outputs may follow their cell late; waiting four seconds for them, as is usual, loses figures.
        "iopub_timeout": 120,
        "raise_on_iopub_timeout": True,
    }


@cache
def _find_room() -> None:
    """Name a folder for what kernels keep while they run, when the home folder cannot be written or there is none."""
    usual = Path(jupyter_runtime_dir())
    with contextlib.suppress(OSError):
        usual.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=usual):
            return
    made = tempfile.mkdtemp(prefix="idic-lab-kernels-")
    atexit.register(shutil.rmtree, made, ignore_errors=True)
    for variable in ("JUPYTER_RUNTIME_DIR", "IPYTHONDIR", "MPLCONFIGDIR"):
        os.environ[variable] = str(Path(made, variable.lower()))
        Path(os.environ[variable]).mkdir()


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
def warm(code: Iterable[str]):
    """Start kernels warm, with the modules loaded that this code imports, and let none live on behind the block.

    Inside another such block its nursery serves this one too: the command line opens one before it loads anything itself.
    """
    global _nursery
    settings(Path())  # the nursery inherits the environment
    own = _Nursery(imports(code)) if _nursery is None and sys.platform.startswith("linux") else None
    _nursery = own or _nursery
    try:
        yield
    finally:
        end_all()
        if own:
            own.close()
            _nursery = None


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


class Client(AsyncKernelClient):
    """Is ready at a kernel's first answer; what it extends would listen for a fifth of a second whether more is to come."""

    async def wait_for_ready(self, timeout: float | None = None) -> None:
        until = time.monotonic() + (timeout or math.inf)
        while time.monotonic() < until and await self.is_alive():
            self.kernel_info()
            with contextlib.suppress(queue.Empty):
                await self.shell_channel.get_msg(timeout=1)
                await self.iopub_channel.get_msg(timeout=1)  # what it shows comes through too
                return
        raise RuntimeError("it did not answer")


class KernelManager(AsyncKernelManager):
    """Starts a kernel from the nursery where there is one, and is known as long as the kernel lives."""

    client_factory = Type(Client, klass=Client)

    async def _async_wait(self, pollinterval: float = 0.1) -> None:
        await super()._async_wait(pollinterval / 20)

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


class _Kernel(psutil.Process):
    """A kernel as its manager knows a process, though another one has started it."""

    stdin = stdout = stderr = None

    def poll(self) -> int | None:
        with contextlib.suppress(psutil.NoSuchProcess):
            if self.is_running() and self.status() != psutil.STATUS_ZOMBIE:
                return None
        return 1

    def wait(self, timeout: float | None = None) -> int | None:
        return self.poll()  # asked when it has ended

    def send_signal(self, number: int) -> None:
        with contextlib.suppress(psutil.NoSuchProcess):
            super().send_signal(number)


class _Nursery:
    def __init__(self, modules: Iterable[str]):
        self._line, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._lock = threading.Lock()
        told = json.dumps({"parent": os.getpid(), "line": theirs.fileno(), "modules": list(modules)})
        command = [sys.executable, "-P", "-m", "idic_lab.course.runs.kernels", told]
        alone = {"stdin": subprocess.DEVNULL, "pass_fds": [theirs.fileno()], "start_new_session": True}
        alone["env"] = {name: value for name, value in os.environ.items() if name != "JPY_PARENT_PID"}
        with theirs:
            self._process = subprocess.Popen(command, **alone)

    def kernel(self, arguments: list[str], folder: str, environment: dict[str, str]) -> _Kernel:
        asked = json.dumps({"arguments": arguments, "folder": folder, "environment": environment})
        try:
            with self._lock:
                self._line.send(asked.encode())
                return _Kernel(int(self._line.recv(32)))  # waits until the nursery has loaded all
        except (OSError, ValueError, psutil.Error):
            raise RuntimeError("The process that starts kernels has ended.") from None

    def close(self) -> None:
        self._line.close()
        self._process.kill()  # its kernels end with it
        self._process.wait()


_nursery: _Nursery | None = None
_living: set[KernelManager] = set()


def _serve(parent: int, line: int, modules: list[str]) -> None:
    """The nursery: load, then fork a kernel for each request, until the process that wants them is gone."""
    durability.end_with_parent(parent)
    sys.modules.setdefault("rfc3987_syntax", None)  # as in idic_lab.__main__
    os.environ.setdefault("MPLBACKEND", "module://matplotlib_inline.backend_inline")  # as a kernel does
    os.environ["PYDEVD_DISABLE_FILE_VALIDATION"] = "1"  # or the debugger, which nobody asked for, warns of itself
    for name in ("ipykernel.kernelapp", "ipykernel.debugger", *modules):
        with contextlib.suppress(Exception):  # whoever imports it says what is wrong
            importlib.import_module(name)
    gc.freeze()
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody waits for a kernel
    with socket.socket(fileno=line) as asking:
        while asked := asking.recv(1 << 20):
            if os.fork() == 0:
                _become_kernel(asking, **json.loads(asked))


def _become_kernel(asking: socket.socket, arguments: list[str], folder: str, environment: dict[str, str]) -> None:
    nursery, status = os.getppid(), 1
    try:
        os.setsid()
        durability.end_with_parent(nursery)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        with asking:
            asking.send(str(os.getpid()).encode())
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


if __name__ == "__main__":
    _serve(**json.loads(sys.argv[1]))
