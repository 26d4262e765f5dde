"""How the kernels of the course's notebooks are started."""

from __future__ import annotations

import os

from traitlets.config import Config

# A kernel that is told to stop while it waits reports its own interruption as an error; it is none.
ARGUMENTS = ["--IPKernelApp.log_level=CRITICAL"]


# On a busy machine outputs may follow their cell late; waiting four seconds for them, as is usual, loses figures.
PATIENCE = {"iopub_timeout": 120, "raise_on_iopub_timeout": True}


def configuration() -> Config:
    """Settings for nbclient and papermill: what passes between them and the kernel is encrypted where it can be.

    Without it a kernel warns at each start that it talks in clear over a local port. Kernels started from here on
    also use one thread per library unless the environment says otherwise: on tables of this size threads cost more
    than they bring, and on a busy machine very much more.
    """
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    return Config({"KernelManager": {"transport_encryption": "auto"}})
