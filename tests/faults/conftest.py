"""A small course and the command line on it, in a process that can be sent signals and be denied things."""

import ctypes
import os
import subprocess
import sys
from pathlib import Path

import pytest
from kills import small_course

HERE = Path(__file__).parent
ORDERS = "customer_id,date,amount\na,2024-01-31,9.5\nb,2024-02-01,2\n"


class Desk:
    """A folder with orders and two notebooks, and the command line called from it."""

    def __init__(self, folder: Path):
        self.folder, self.out = folder, folder / "out"
        (folder / "orders.csv").write_text(ORDERS)
        (folder / "course").mkdir()
        self.notebook("21_first", "print('first')")
        self.notebook("22_second", "print('second')")

    def notebook(self, name: str, *cells: str) -> None:
        small_course.write(self.folder / "course" / f"{name}.ipynb", *cells)

    def start(self, *arguments: str, **options) -> subprocess.Popen:
        """``idic-lab`` with these arguments; ``run`` on the orders without any."""
        arguments = arguments or ("run", "--data", "orders.csv", "--out", "out")
        path = os.pathsep.join(filter(None, [str(HERE), os.environ.get("PYTHONPATH")]))
        environment = dict(os.environ, PYTHONPATH=path, IDIC_LAB_HOME=str(self.folder / "home"))
        environment |= options.pop("environment", {})
        return subprocess.Popen(
            [sys.executable, "-m", "kills.small_course", str(self.folder / "course"), *arguments],
            cwd=self.folder,
            env={name: value for name, value in environment.items() if value is not None},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
            **options,
        )

    def call(self, *arguments: str, **options) -> subprocess.CompletedProcess:
        """The same, to its end."""
        process = self.start(*arguments, **options)
        said, told = process.communicate(timeout=600)
        return subprocess.CompletedProcess(arguments, process.returncode, said, told)


@pytest.fixture
def desk(tmp_path) -> Desk:
    return Desk(tmp_path)


_LIBC = ctypes.CDLL(None) if sys.platform.startswith("linux") else None


@pytest.fixture
def obey_rights():
    """For the child: rights of files bind it, also when it is root."""
    if _LIBC is None:
        pytest.skip("rights are taken from root by a call that only Linux has")

    def drop() -> None:
        for capability in (1, 2):  # CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH
            _LIBC.prctl(24, capability, 0, 0, 0)  # PR_CAPBSET_DROP; of no effect, and no need, for others than root

    return drop


@pytest.fixture
def small_disk(tmp_path):
    """Makes a disk of a few bytes: a file system in memory where we may mount one, else skips."""
    mounted = []

    def make(size: str) -> Path:
        folder = tmp_path / "disk"
        folder.mkdir()
        done = subprocess.run(
            ["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(folder)], capture_output=True, check=False
        )
        if done.returncode:
            pytest.skip(f"no file system can be mounted here: {done.stderr.decode().strip()}")
        mounted.append(folder)
        return folder

    yield make
    for folder in mounted:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)
