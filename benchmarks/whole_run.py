"""The command line on a folder of Parquet: time of the whole, and the highest memory of all its processes together."""

from __future__ import annotations

import shutil
import subprocess
import sys
import time
from pathlib import Path

import pandas as pd
import psutil

from benchmarks import data, large_transactions
from benchmarks.case import OURS, Case

EVERY = 0.2  # seconds between two looks at the memory


def folder_of(customers: int) -> Path:
    """The folder with the transactions of so many customers, five each on average."""
    folder = data.HOME / f"large-{customers}"
    if not folder.exists():
        partial = folder.with_name(folder.name + ".partial")
        shutil.rmtree(partial, ignore_errors=True)
        large_transactions.write(partial, customers)
        partial.rename(folder)
    return folder


def whole_run(folder: Path) -> pd.DataFrame:
    """``idic-lab run --data FOLDER``, into a folder that is removed afterwards."""
    out = data.HOME / "whole-run"
    shutil.rmtree(out, ignore_errors=True)
    command = [sys.executable, "-m", "idic_lab", "run", "--data", str(folder), "--out", str(out)]
    began, peak = time.perf_counter(), 0
    log = data.HOME / "whole-run.log"
    with log.open("w") as told:
        process = subprocess.Popen(command, stdout=told, stderr=subprocess.STDOUT)
        while process.poll() is None:
            peak = max(peak, _memory_of_tree(process.pid))
            time.sleep(EVERY)
    seconds = time.perf_counter() - began
    if process.returncode:
        raise RuntimeError(log.read_text()[-150:].replace("\n", " "))
    made = {path.name: path.stat().st_size for path in sorted((out / "tables").glob("*.parquet"))}
    answer = pd.DataFrame([{"tables": len(made)}])
    answer.attrs = {"seconds": seconds, "peak_memory": peak, "facts": {"bytes_of_tables": made}}
    shutil.rmtree(out, ignore_errors=True)
    return answer


def _memory_of_tree(pid: int) -> int:
    """Resident bytes of a process and all below it; pages they share are counted for each."""
    total = 0
    try:
        root = psutil.Process(pid)
        for process in [root, *root.children(recursive=True)]:
            try:
                total += process.memory_info().rss
            except psutil.NoSuchProcess:
                continue
    except psutil.NoSuchProcess:
        pass
    return total


WHOLE_RUN = Case(
    name="whole run",
    title="Parquet to Parquet by the command line",
    unit="customers",
    sizes=(10_000_000,),
    data=folder_of,
    alternatives={OURS: whole_run},
    repeats=1,
    quick=2000,
)
