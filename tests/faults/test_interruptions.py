"""Ctrl-C, a request to end, a kernel that dies, a reader that goes away: one clear message, an exit status, resumption."""

import json
import os
import signal
import time

import pytest
from thorough import thorough

WAITS = "open('begun', 'w').close()\nimport time\ntime.sleep(600)"


def wait_for(path, process, seconds=300):
    deadline = time.monotonic() + seconds
    while not path.exists():
        assert process.poll() is None and time.monotonic() < deadline, process.communicate()
        time.sleep(0.05)


def children_of(marked: str) -> list[int]:
    """Kernels of a run, by the folder they work in."""
    found = []
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            if os.readlink(f"/proc/{pid}/cwd").startswith(marked):
                found.append(int(pid))
        except OSError:
            continue
    return found


@pytest.mark.parametrize(
    ("sent", "status", "word"),
    [(signal.SIGINT, 130, "Interrupted"), pytest.param(signal.SIGTERM, 143, "Ended", marks=thorough)],
)
def test_a_run_that_is_told_to_stop_says_so_closes_its_kernel_and_resumes(desk, sent, status, word):
    desk.notebook("22_second", WAITS)
    process = desk.start()
    for name in ("begun", "21_first.html"):  # the other one, which was executed beside it, has ended
        wait_for(desk.out / "notebooks" / name, process)
    os.killpg(process.pid, sent)
    _, told = process.communicate(timeout=300)
    assert process.returncode == status
    assert told.strip() == f"{word}. What was finished is kept; the same command goes on from there."
    assert json.loads((desk.out / "manifest.json").read_text())["status"] == "interrupted"
    if os.path.isdir("/proc"):
        assert children_of(str(desk.out)) == []
    desk.notebook("22_second", "print('second')")
    again = desk.call()
    assert again.returncode == 0, again.stderr
    assert "21_first: kept from the last call" in again.stdout


@thorough
def test_the_kernel_of_a_run_that_is_killed_alone_does_not_live_on(desk):
    if not os.path.isdir("/proc"):
        pytest.skip("processes are found in /proc")
    desk.notebook("21_first", WAITS)
    process = desk.start()
    wait_for(desk.out / "notebooks" / "begun", process)
    assert children_of(str(desk.out / "notebooks"))
    os.kill(process.pid, signal.SIGKILL)
    process.communicate()
    deadline = time.monotonic() + 10
    while children_of(str(desk.out / "notebooks")) and time.monotonic() < deadline:
        time.sleep(0.1)
    assert children_of(str(desk.out / "notebooks")) == []


@thorough
@pytest.mark.parametrize(
    "deadly",
    [
        "import os\nos._exit(1)",
        "import resource\nresource.setrlimit(resource.RLIMIT_AS, (2**32, 2**32))\nhoard = bytearray(2**33)",
    ],
    ids=["ends itself", "out of memory"],
)
def test_a_kernel_that_dies_or_runs_out_of_memory_is_a_failed_notebook_and_the_next_call_resumes(desk, deadly):
    desk.notebook("22_second", "print('before')", deadly)
    failed = desk.call()
    assert failed.returncode == 1
    assert failed.stderr.startswith(("\n22_second failed.\nThe kernel died", "\n22_second failed.\nMemoryError"))
    assert "cell 4 of 22_second" in failed.stderr and "Traceback" not in failed.stderr
    assert "The same command executes it again" in failed.stderr
    assert json.loads((desk.out / "manifest.json").read_text())["status"] == "failed"
    desk.notebook("22_second", "print('second')")
    again = desk.call()
    assert again.returncode == 0, again.stderr
    assert "21_first: kept from the last call" in again.stdout


def test_a_reader_that_goes_away_ends_the_command_without_a_traceback(desk):
    process = desk.start("datasets", "list")
    process.stdout.close()
    told = process.stderr.read()
    assert process.wait(timeout=300) in (0, 1)
    assert "Traceback" not in told and "Exception" not in told
    process.stderr.close()


@thorough
def test_a_study_that_is_told_to_stop_keeps_its_cells(desk):
    study = {
        "name": "small",
        "datasets": ["cdnow_sample"],
        "methods": ["rfm_quintiles", "k_means"],
        "k": [3],
        "seeds": 40,
        "criteria": ["holdout_value"],
        "effort": {"pairs": 2, "null_sets": 1, "null_pairs": 1, "customers": 300},
    }
    (desk.folder / "study.yaml").write_text(json.dumps(study))
    process = desk.start("compare", "study.yaml", "--jobs", "1", "--out", "study")
    wait_for(desk.folder / "study" / "cells", process)
    os.killpg(process.pid, signal.SIGINT)
    _, told = process.communicate(timeout=300)
    assert process.returncode == 130 and told.startswith("\nInterrupted. What was finished is kept")
    assert not list((desk.folder / "study").glob("results.parquet"))
    assert json.loads((desk.folder / "study" / "manifest.json").read_text())["status"] == "running"
