"""Run cases: alternatives in turn, each in a fresh process, everything measured kept at once."""

from __future__ import annotations

import json
import platform
import subprocess
import sys
from pathlib import Path

import pandas as pd

from benchmarks.case import Case
from benchmarks.data import HOME
from benchmarks.machine import machine
from idic_lab import durability
from idic_lab.course.runs import run_folder

ROOT = Path(__file__).resolve().parents[1]
RESULTS = Path(__file__).with_name("results.json")
LONG = 60.0  # seconds from which three runs do
FEWEST = 3
PATIENCE = 3600  # seconds after which an alternative counts as failed


def run(cases: list[Case], results: Path = RESULTS, quick: bool = False, fresh: bool = False, tell=print) -> dict:
    """Measure what is missing, and return everything measured.

    What was measured with the same package, versions and machine is kept, so a run that was stopped goes on where it
    stopped.
    """
    found = json.loads(results.read_text(encoding="utf-8")) if results.exists() else {"cases": {}}
    found["machine"] = machine()
    for case in cases:
        for size in (case.quick,) if quick else case.sizes:
            key = f"{case.name} {size}"
            made_of = run_folder.base_key(key, {"machine": found["machine"], "platform": platform.platform()})
            entry = found["cases"].get(key)
            if fresh or not entry or entry["made_of"] != made_of:
                entry = {"made_of": made_of, "case": case.name, "size": size, "measured": {}}
                entry |= {"differences": {}}
            found["cases"][key] = entry
            _run_case(case, size, entry, 1 if quick else case.repeats, tell, lambda: _write(results, found))
    return found


def _write(results: Path, found: dict) -> None:
    results.parent.mkdir(parents=True, exist_ok=True)
    durability.write_json(results, found)


def _run_case(case: Case, size: int, entry: dict, repeats: int, tell, write) -> None:
    answers = HOME / "answers"
    answers.mkdir(parents=True, exist_ok=True)
    paths = {name: answers / f"{entry['made_of']}-{number}.parquet" for number, name in enumerate(case.alternatives)}
    for repeat in range(repeats):
        for name in case.alternatives:
            runs = entry["measured"].setdefault(name, [])
            if len(runs) > repeat or (runs and runs[0]["status"] != "ok") or _enough(entry, runs):
                continue
            wants_answer = case.differences is not None and repeat == 0
            runs.append(_measure(case.name, name, size, paths[name] if wants_answer else None))
            tell(f"{case.name:16} {size:>12,} {name:30} {_shown(runs[-1])}")
            if wants_answer:
                _compare(case, entry, name, paths)
            write()
    for path in paths.values():
        path.unlink(missing_ok=True)


def _enough(entry: dict, runs: list) -> bool:
    """Three runs do when the slowest alternative takes over a minute."""
    slowest = max(
        (one["seconds"] for all_runs in entry["measured"].values() for one in all_runs[:1] if one["status"] == "ok"),
        default=0,
    )
    return slowest > LONG and len(runs) >= FEWEST


def _compare(case: Case, entry: dict, name: str, paths: dict[str, Path]) -> None:
    ours = paths[next(iter(case.alternatives))]
    if paths[name] == ours or not (ours.exists() and paths[name].exists()):
        return
    found = case.differences(pd.read_parquet(ours), pd.read_parquet(paths[name]))
    entry["differences"][name] = {what: float(value) for what, value in found.items()}


def _measure(case: str, alternative: str, size: int, answer: Path | None) -> dict:
    command = [sys.executable, "-m", "benchmarks.worker", case, alternative, str(size)]
    command += ["--answer", str(answer)] if answer else []
    try:
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=PATIENCE)
    except subprocess.TimeoutExpired:
        return {"status": "failed", "reason": f"not finished after {PATIENCE} seconds"}
    if done.returncode:
        last = (done.stderr.strip().splitlines() or [f"ended with status {done.returncode}"])[-1]
        return {"status": "failed", "reason": last[:200]}
    return json.loads(done.stdout.strip().splitlines()[-1])


def _shown(measured: dict) -> str:
    if measured["status"] != "ok":
        return f"{measured['status']}: {measured['reason']}"
    return (
        f"{measured['seconds']:8.2f} s {measured['cpu_seconds']:8.2f} s of processor "
        f"{measured['peak_memory'] / 2**30:6.2f} GiB"
    )
