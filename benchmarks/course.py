"""How long each notebook of the course takes, in runs from the command line."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys

import pandas as pd

from benchmarks import data
from benchmarks.case import Case


def run(dataset: str, size: int) -> pd.DataFrame:
    """A fresh run on a data set of the course; of the first notebook alone when `size` is 0."""
    out = data.HOME / "course-run"
    shutil.rmtree(out, ignore_errors=True)
    command = [sys.executable, "-m", "idic_lab", "run", dataset, "--out", str(out)]
    command += [] if size else ["--only", "00"]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(done.stderr.strip()[-150:].replace("\n", " "))
    notebooks = json.loads((out / "manifest.json").read_text(encoding="utf-8"))["notebooks"]
    seconds = {name: entry["seconds"] for name, entry in notebooks.items() if entry["status"] == "done"}
    answer = pd.DataFrame([{"notebooks": len(seconds)}])
    answer.attrs = {"facts": {"notebooks": seconds}}
    shutil.rmtree(out)
    return answer


COURSE = Case(
    name="course",
    title="The course, notebook by notebook",
    unit="run",
    sizes=(1,),
    data=lambda size: size,
    alternatives={"meridian": lambda size: run("meridian", size), "cdnow": lambda size: run("cdnow", size)},
    repeats=1,
    quick=0,
)
