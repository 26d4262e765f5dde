"""Run one alternative once, in this process alone, and say what it took: ``python -m benchmarks.worker``."""

from __future__ import annotations

import argparse
import json
import resource
import sys
import time
import warnings
from pathlib import Path

from benchmarks.case import NotInstalled


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("case")
    parser.add_argument("alternative")
    parser.add_argument("size", type=int)
    parser.add_argument("--answer", type=Path, help="Parquet file for the answer.")
    chosen = parser.parse_args()
    warnings.simplefilter("ignore")  # of third parties
    from benchmarks.catalogue import CASES

    case = CASES[chosen.case]
    data = case.data(chosen.size)
    before = _forget_peak()
    wall, cpu = time.perf_counter(), time.process_time()
    try:
        answer = case.alternatives[chosen.alternative](data)
    except NotInstalled as reason:
        print(json.dumps({"status": "not installed", "reason": str(reason)}))
        return
    seconds, cpu_seconds = time.perf_counter() - wall, time.process_time() - cpu
    # What an alternative times itself, because it starts a process of its own, counts.
    seconds = answer.attrs.pop("seconds", seconds)
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    measured = {
        "status": "ok",
        "seconds": seconds,
        "cpu_seconds": cpu_seconds + children.ru_utime + children.ru_stime,
        "memory_before": before,
        "peak_memory": answer.attrs.pop("peak_memory", max(_peak(), _children_peak(children))),
        "facts": answer.attrs.pop("facts", {}),
    }
    if chosen.answer:
        answer.to_parquet(chosen.answer)
    print(json.dumps(measured))


def _forget_peak() -> int:
    """Begin anew to note the highest resident memory, where Linux lets us; the memory in use now, in bytes."""
    try:
        Path("/proc/self/clear_refs").write_text("5")
    except OSError:
        return 0
    return _status("VmRSS")


def _peak() -> int:
    """Highest resident memory since :func:`_forget_peak`, in bytes."""
    if sys.platform == "linux":
        return _status("VmHWM")
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit


def _children_peak(children) -> int:
    return children.ru_maxrss * (1 if sys.platform == "darwin" else 1024)


def _status(name: str) -> int:
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith(name + ":"):
            return int(line.split()[1]) * 1024
    return 0


if __name__ == "__main__":
    main()
