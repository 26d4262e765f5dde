"""Runs of the course: a small course of two notebooks for many kills, the real notebooks for some, and a periodic run."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pandas as pd

from idic_lab import cli, datasets, pipeline
from idic_lab.course import notebooks
from kills import small_course, wholeness
from kills.kind import Kind

OUT = "out"
_COURSE = pipeline.STAGES


OPEN = "from idic_lab.repository import Repository\nrepository = Repository(f'{run_dir}/idic.duckdb')"
SUMMED = """
orders = repository.read("transactions")
summed = orders.groupby("customer_id", as_index=False)["amount"].sum()
for scheme, limit in (("rfm", 20), ("needs", 50)):
    table = summed.assign(scheme=scheme, segment=(summed["amount"] > limit).map({True: "high", False: "low"}))
    repository.write("segments", table[["customer_id", "scheme", "segment"]], made_by="first")
"""
STATED = """
import duckdb
with duckdb.connect(f"{run_dir}/idic.duckdb", read_only=True) as held:
    share = held.execute("SELECT round(avg((segment = 'high')::int), 4) FROM segments").fetchone()[0]
display({"text/plain": "x", "application/x.idic-headline+json":
         {"name": "share", "value": share, "sentence": f"{share} are high."}}, raw=True)
"""


class SmallRun(Kind):
    name = "run: a small course"
    share = 4
    aims = (
        f"{OUT}/.lock",
        f"{OUT}/manifest.json",
        f"{OUT}/card.json",
        f"{OUT}/notebooks/*.partial.ipynb",
        f"{OUT}/notebooks/22_second.ipynb",
        f"{OUT}/tables/*.parquet",
        f"{OUT}/results.json",
        f"{OUT}/report.html.partial",
        f"{OUT}/report.html",
    )
    variants = ("new", "new", "other data", "again")
    arguments: tuple[str, ...] = ()

    def warm(self) -> None:
        cdnow = datasets.load("cdnow_sample", quiet=True).transactions
        customers = sorted(cdnow["customer_id"].unique())[:400]
        self.orders = cdnow[cdnow["customer_id"].isin(customers)][["customer_id", "date", "amount"]]
        self.stages = (
            pipeline.Stage("first", "Differentiate", ("transactions",), ("segments:rfm",), None, "21_first"),
            pipeline.Stage("second", "Differentiate", ("segments",), (), None, "22_second"),
        )

    def prepare(self, folder: Path, variant: str) -> None:
        (folder / "course").mkdir()
        small_course.write(folder / "course" / "21_first.ipynb", OPEN, SUMMED)
        small_course.write(folder / "course" / "22_second.ipynb", STATED)
        if variant != "new":  # an earlier run in the same folder, on other or on the same data
            other = (
                self.orders if variant == "again" else self.orders.assign(amount=self.orders["amount"] + 1)
            )
            other.to_csv(folder / "orders.csv", index=False)
            if self.work(folder):
                raise RuntimeError("The earlier run failed.")
        if variant == "again":
            small_course.write(folder / "course" / "22_second.ipynb", "print('changed')", STATED)
        self.orders.to_csv(folder / "orders.csv", index=False)

    def work(self, folder: Path) -> int:
        os.environ["IDIC_LAB_HOME"] = str(folder / "home")
        notebooks.folder = lambda: folder / "course"
        notebooks.STAGES = self.stages
        pipeline.STAGES = (*_COURSE, *self.stages)  # tables of the course can still be made on the way
        pipeline.plan.__defaults__ = (self.stages,)
        return command("run", "--data", "orders.csv", "--out", OUT, *self.arguments)

    def state(self, folder: Path) -> dict[str, object]:
        out = folder / OUT
        found = {f"table {name}": mark for name, mark in wholeness.tables_of(out / "idic.duckdb").items()}
        for file in sorted(out.glob("tables/*.parquet")):
            found[f"tables/{file.name}"] = wholeness.fingerprint(pd.read_parquet(file))
        manifest = json.loads((out / "manifest.json").read_text())
        found["status"] = manifest["status"]
        found["notebooks"] = sorted((name, entry["status"]) for name, entry in manifest["notebooks"].items())
        found["results"] = json.loads((out / "results.json").read_text())
        found["files"] = sorted(str(path.relative_to(out)) for path in out.rglob("*") if path.is_file())
        return json.loads(json.dumps(found))

    def check(self, folder: Path, before: dict, after: dict) -> list[str]:
        out = folder / OUT
        if not out.exists():
            return []
        wholeness.tables_of(out / "idic.duckdb")  # opens, and every table keeps to its contract
        return wholeness.broken_files(out) + wholeness.unfinished_claims(out)


class EveryQuarter(SmallRun):
    name = "run: every quarter"
    share = 1
    aims = (f"{OUT}/card.json", f"{OUT}/idic.duckdb.wal", f"{OUT}/notebooks/*.partial.ipynb")
    variants = ("new",)
    arguments = ("--every", "quarter")


class RealRun(SmallRun):
    """The notebook on value, on real orders."""

    name = "run: notebook 21 on CDNOW"
    share = 1
    aims = (f"{OUT}/notebooks/*.partial.ipynb", f"{OUT}/tables/*.parquet", f"{OUT}/report.html")
    variants = ("new",)
    dataset, only = "cdnow_sample", "21"

    def warm(self) -> None:
        self.source = datasets.load(self.dataset, quiet=True)

    def prepare(self, folder: Path, variant: str) -> None:
        pass

    def work(self, folder: Path) -> int:
        os.environ["IDIC_LAB_HOME"] = str(folder / "home")
        return command("run", self.dataset, "--only", self.only, "--out", OUT)


class MeridianRun(RealRun):
    """Five notebooks' tables of Meridian, of which one notebook is executed and the others' are made on the way."""

    name = "run: notebook 51 on a small Meridian"
    share = 1
    only = "51"

    def warm(self) -> None:
        from idic_lab.datasets import meridian

        self.source = datasets.load("meridian", quiet=True)
        self.source.tables = {
            name: table for name, table in meridian.simulate(400, seed=5).tables.items() if len(table)
        }

    def work(self, folder: Path) -> int:
        from idic_lab.course.run import run

        os.environ["IDIC_LAB_HOME"] = str(folder / "home")
        result = run(self.source, out=OUT, only=self.only)
        return int(bool(result.failed))


def command(*arguments: str) -> int:
    """Call the command line as a person would; its exit status."""
    import sys

    sys.argv = ["idic-lab", *arguments]
    try:
        cli.main()
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else int(end.code is not None)
    return 0
