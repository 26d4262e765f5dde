"""How the kernels of the course's notebooks are started."""

from __future__ import annotations

import atexit
import os
import shutil
import tempfile
from functools import cache
from pathlib import Path

from jupyter_core.paths import jupyter_runtime_dir
from traitlets.config import Config

from idic_lab.durability import orphaned_processes

# A kernel that is told to stop while it waits reports its own interruption as an error; it is none.
ARGUMENTS = ["--IPKernelApp.log_level=CRITICAL", f"--IPKernelApp.exec_lines={orphaned_processes.KERNEL_LINE}"]


# On a busy machine outputs may follow their cell late; waiting four seconds for them, as is usual, loses figures.
PATIENCE = {"iopub_timeout": 120, "raise_on_iopub_timeout": True}


def configuration() -> Config:
    """Settings for nbclient and papermill: what passes between them and the kernel is encrypted where it can be.

    Without it a kernel warns at each start that it talks in clear over a local port. Kernels started from here on
    also use one thread per library unless the environment says otherwise: on tables of this size threads cost more
    than they bring, and on a busy machine very much more.
    """
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    if not _can_be_written(Path(jupyter_runtime_dir())):
        for variable in ("JUPYTER_RUNTIME_DIR", "IPYTHONDIR", "MPLCONFIGDIR"):
            os.environ[variable] = str(Path(_folder_for_now(), variable.lower()))
            Path(os.environ[variable]).mkdir(exist_ok=True)
    return Config({"KernelManager": {"transport_encryption": "auto"}})


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
