"""Runs of the course: a small course of two notebooks for many kills, the real notebooks for some, and a periodic run."""

from __future__ import annotations

import json
import os
from pathlib import Path

import numpy as np
import pandas as pd

from idic_lab import cli, datasets
from idic_lab.course.runs import large_run, notebooks
from idic_lab.course.runs.execution import Console
from idic_lab.datasets.own import engine
from idic_lab.pipeline import stages
from idic_lab.pipeline.stages import Stage
from idic_lab.tables import Part
from kills import small_course, wholeness
from kills.kind import Kind

OUT = "out"
_COURSE = list(stages.STAGES)


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
        made = (Part("segments", "rfm"),)
        self.stages = [
            Stage("21_first", needs=(Part("transactions"),), makes=made),
            Stage("22_second", needs=(Part("segments"),)),
        ]

    def prepare(self, folder: Path, variant: str) -> None:
        (folder / "course").mkdir()
        small_course.write(folder / "course" / "21_first.ipynb", OPEN, SUMMED)
        small_course.write(folder / "course" / "22_second.ipynb", STATED)
        if variant != "new":  # an earlier run in the same folder, on other or on the same data
            other = self.orders if variant == "again" else self.orders.assign(amount=self.orders["amount"] + 1)
            other.to_csv(folder / "orders.csv", index=False)
            if self.work(folder):
                raise RuntimeError("The earlier run failed.")
        if variant == "again":
            small_course.write(folder / "course" / "22_second.ipynb", "print('changed')", STATED)
        self.orders.to_csv(folder / "orders.csv", index=False)

    def work(self, folder: Path) -> int:
        os.environ["IDIC_LAB_HOME"] = str(folder / "home")
        notebooks.folder = lambda: folder / "course"
        stages.STAGES = [*_COURSE, *self.stages]  # tables of the course can still be made on the way
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
        from idic_lab import meridian

        self.source = datasets.load("meridian", quiet=True)
        self.source.tables = {
            name: table for name, table in meridian.simulate(400, seed=5).tables.items() if len(table)
        }

    def work(self, folder: Path) -> int:
        from idic_lab.course.runs.run import run

        os.environ["IDIC_LAB_HOME"] = str(folder / "home")
        result = run(self.source, out=OUT, only=self.only)
        return int(bool(result.failed))


class LargeRun(Kind):
    """The tables of every customer, from Parquet in slices to Parquet."""

    name = "run: tables of all customers"
    share = 14
    aims = tuple(
        f"{OUT}/all_customers/{name}"
        for name in (
            "lines.partial/*",
            "transactions/*.partial",
            "btyd_summary/*.parquet",
            "rfm/*.parquet",
            "customer_value/*",
            "progress.json",
        )
    )
    variants = ("new", "new", "other data")

    def warm(self) -> None:
        self.orders = datasets.load("cdnow_sample", quiet=True).transactions

    def prepare(self, folder: Path, variant: str) -> None:
        if variant == "other data":
            self.orders.assign(amount=self.orders["amount"] + 1).to_parquet(folder / "orders.parquet")
            self.work(folder)
        self.orders.to_parquet(folder / "orders.parquet")

    def work(self, folder: Path) -> int:
        engine._ROWS_PER_SLICE = 2500  # three slices
        source = engine.find_large("orders.parquet", True)
        options = large_run.Options(sample=300)
        large_run.make(source, Path(OUT), options=options, console=Console(lambda line: None))
        return 0

    def state(self, folder: Path) -> dict[str, object]:
        """Numbers to seven digits: threads add up in any order, so that the last digits differ from call to call."""
        out = folder / OUT / "all_customers"
        found = {
            str(path.relative_to(out)): wholeness.fingerprint(_seven_digits(pd.read_parquet(path)))
            for name in ("rejects", "transactions", "btyd_summary", "rfm", "customer_value", "sample")
            for path in sorted((out / name).glob("*.parquet"))
        }
        if record := large_run.record(folder / OUT):
            totals = _seven_digits(pd.DataFrame(record.pop("totals", [])))
            found["record"] = {name: said for name, said in record.items() if name != "seconds"}
            found["record"]["totals"] = totals.to_dict("records")
        return json.loads(json.dumps(found))

    def check(self, folder: Path, before: dict, after: dict) -> list[str]:
        """Each part is whole and the old or the new one; the record says no more than there is."""
        out = folder / OUT / "all_customers"
        wrong = [line for line in wholeness.broken_files(folder) if "lines.partial" not in line]
        for name, found in self.state(folder).items():
            if name.endswith(".parquet") and found not in (before.get(name), after.get(name)):
                wrong.append(f"{name} is neither the old nor the new one")
        if (out / "progress.json").exists():
            claimed = json.loads((out / "progress.json").read_text())["files"]
            wrong += [f"{name} is claimed and not there" for name in claimed if not (out / name).exists()]
        return wrong


def _seven_digits(table: pd.DataFrame) -> pd.DataFrame:
    """Numbers times pi, to seven digits: sums of cents would lie on the very border of rounding."""
    numbers = table.select_dtypes("float") * np.pi
    return table.assign(**{name: [float(f"{value:.7g}") for value in numbers[name]] for name in numbers})


def command(*arguments: str) -> int:
    """Call the command line as a person would; its exit status."""
    import sys

    sys.argv = ["idic-lab", *arguments]
    try:
        cli.main()
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else int(end.code is not None)
    return 0
