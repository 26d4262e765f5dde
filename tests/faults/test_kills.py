"""A handful of the kills that ``make faults`` does by the hundred."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

KINDS = "whole table,partition,forget,export,kept,add,simulate"


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="processes are found in /proc")
def test_work_killed_at_any_moment_is_resumed_by_the_next_call_and_nothing_half_is_taken_for_whole(tmp_path):
    record = tmp_path / "kills.json"
    driver = [sys.executable, "-m", "kills", "--only", KINDS, "--kills", "8", "--jobs", "1", "--json", str(record)]
    path = os.pathsep.join(filter(None, [str(Path(__file__).parent), os.environ.get("PYTHONPATH")]))
    done = subprocess.run(driver, env=dict(os.environ, PYTHONPATH=path), capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    said = json.loads(record.read_text())
    assert said["kills"] >= 7 and said["violations"] == 0
