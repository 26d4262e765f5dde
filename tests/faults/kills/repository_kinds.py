"""Writes into the customer repository, the removal of a customer, the export of tables, and the store of kept tables."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from idic_lab.course.runs.run_folder import export_tables
from idic_lab.errors import DataError
from idic_lab.repository import Repository, kept_tables
from kills import wholeness
from kills.kind import Kind

FILE = "idic.duckdb"
LEAVES = "C000017"
NAME = "Zzyzx-Unmistakable-Name"


def orders(rows: int, seed: int) -> pd.DataFrame:
    """Made-up orders; other seeds, other orders."""
    random = np.random.default_rng(seed)
    days = pd.Timestamp("2024-01-01") + pd.to_timedelta(random.integers(0, 500, rows), unit="D")
    customers = [f"C{number:06d}" for number in random.integers(0, rows // 5, rows)]
    table = pd.DataFrame({"customer_id": customers, "date": days, "amount": random.uniform(1, 90, rows).round(2)})
    return table.astype({"date": "datetime64[us]", "customer_id": "str"})


def segments(rows: int, scheme: str, name: str) -> pd.DataFrame:
    """One scheme of segments."""
    customers = [f"C{number:06d}" for number in range(rows)]
    return pd.DataFrame({"customer_id": customers, "scheme": scheme, "segment": name}).astype("str")


def records(rows: int) -> pd.DataFrame:
    """Records with names; one of them unmistakable."""
    ids = [f"R{number:06d}" for number in range(rows)]
    table = pd.DataFrame({"record_id": ids, "touchpoint": "web_shop"})
    table["customer_id"] = [f"C{number:06d}" for number in range(rows)]
    table["first_name"], table["last_name"] = "Ada", "Somebody"
    table.loc[table["customer_id"] == LEAVES, "last_name"] = NAME
    return table.assign(email="a@mail.example", phone="+999 1").astype("str")


class WholeTable(Kind):
    name = "repository: a whole table"
    share = 36
    aims = (FILE, f"{FILE}.wal", "*.partial")
    variants = ("new file", "old table", "old table")

    def warm(self) -> None:
        self.old, self.new, self.beside = orders(12_000, 1), orders(16_000, 2), segments(8_000, "rfm", "x")

    def prepare(self, folder: Path, variant: str) -> None:
        if variant == "old table":
            Repository(folder / FILE).write("transactions", self.old)
            Repository(folder / FILE).write("segments", self.beside)

    def work(self, folder: Path) -> None:
        Repository(folder / FILE).write("transactions", self.new, made_by="work")

    def state(self, folder: Path) -> dict[str, object]:
        return wholeness.tables_of(folder / FILE)

    def check(self, folder: Path, before: dict, after: dict) -> list[str]:
        wrong = super().check(folder, before, after)
        history = Repository(folder / FILE).history()
        written = "work" in history["made_by"].tolist()
        if written != (self.state(folder).get("transactions") == after["transactions"]):
            wrong.append("the history does not tell which version is held")
        return wrong


class OnePartition(WholeTable):
    name = "repository: one partition"
    share = 20
    variants = ("",)

    def prepare(self, folder: Path, variant: str) -> None:
        repository = Repository(folder / FILE)
        repository.write("segments", segments(12_000, "rfm", "champions"))
        repository.write("segments", segments(12_000, "needs", "savers"))

    def work(self, folder: Path) -> None:
        Repository(folder / FILE).write("segments", segments(14_000, "rfm", "loyal"), made_by="work")

    def check(self, folder: Path, before: dict, after: dict) -> list[str]:
        return Kind.check(self, folder, before, after)


class Forget(Kind):
    name = "repository: forget"
    share = 22
    aims = (f"{FILE}.wal", "*.partial")

    def warm(self) -> None:
        self.tables = {
            "transactions": pd.concat([orders(12_000, 1), orders(5, 9).assign(customer_id=LEAVES)]),
            "segments": segments(8_000, "rfm", "x"),
            "source_records": records(6_000),
        }

    def prepare(self, folder: Path, variant: str) -> None:
        for name, table in self.tables.items():
            Repository(folder / FILE).write(name, table)

    def work(self, folder: Path) -> None:
        try:
            Repository(folder / FILE).forget(LEAVES)
        except DataError as error:  # a second call, when the first one had removed everything
            if "knows a customer with this number" not in str(error):
                raise

    def state(self, folder: Path) -> dict[str, object]:
        return wholeness.tables_of(folder / FILE)

    def check(self, folder: Path, before: dict, after: dict) -> list[str]:
        wrong, found = super().check(folder, before, after), self.state(folder)
        if found not in (before, after):
            wrong.append("the customer is gone from some tables and not from others")
        return wrong

    def at_the_end(self, folder: Path, after: dict) -> list[str]:
        wrong = super().at_the_end(folder, after)
        for file in folder.iterdir():
            if NAME.encode() in file.read_bytes():
                wrong.append(f"the name of the forgotten customer is still in {file.name}")
        return wrong


class Export(Kind):
    name = "export of tables"
    share = 25
    aims = ("tables/*.partial",)
    variants = ("first", "again")

    def warm(self) -> None:
        self.old, self.new = orders(12_000, 1), orders(16_000, 2)

    def prepare(self, folder: Path, variant: str) -> None:
        (folder / "tables").mkdir()
        repository = Repository(folder / FILE)
        repository.write("source_records", records(1_000))
        repository.write("segments", segments(10_000, "rfm", "x"))
        repository.write("transactions", self.old)
        if variant == "again":
            export_tables(folder)
        repository.write("transactions", self.new)

    def work(self, folder: Path) -> None:
        export_tables(folder)

    def state(self, folder: Path) -> dict[str, object]:
        files = sorted(folder.glob("tables/*.parquet"))
        return {file.name: wholeness.fingerprint(pd.read_parquet(file)) for file in files}


class KeptTables(Kind):
    """Four sets of tables are made and two may stay, so the work also removes old ones."""

    name = "store of kept tables"
    share = 30
    aims = ("home/kept_tables/.partial-*/whole/*.parquet",)

    def warm(self) -> None:
        self.inputs = [orders(8_000 + number, number) for number in range(4)]
        kept_tables.code()

    @staticmethod
    def make(inputs: dict[str, pd.DataFrame]) -> dict[str, pd.DataFrame]:
        """As a stage makes tables."""
        transactions = inputs["transactions"]
        summed = transactions.groupby("customer_id", as_index=False)["amount"].sum()
        return {
            "transactions": transactions.assign(amount=transactions["amount"] * 2),
            "segments": segments(len(summed), "all", "everybody"),
        }

    def work(self, folder: Path) -> None:
        import os

        os.environ["IDIC_LAB_HOME"] = str(folder / "home")
        kept_tables.MOST_ENTRIES = 2
        for data in self.inputs:
            made = kept_tables.made_or_kept("work", self.make, {"transactions": data})
            right = self.make({"transactions": data})
            if {name: wholeness.fingerprint(t) for name, t in made.items()} != {
                name: wholeness.fingerprint(t) for name, t in right.items()
            }:
                print("a kept table is not what would be made")
                return 1

    def state(self, folder: Path) -> dict[str, object]:
        os_home = kept_tables.home
        kept_tables.home = lambda: folder / "home"
        try:
            wanted = {
                kept_tables.key("work", {"transactions": data}): self.make({"transactions": data})
                for data in self.inputs
            }
            found = {}
            for entry in sorted(kept_tables.folder().glob("[!.]*")):
                held = {file.stem: pd.read_parquet(file) for file in entry.glob("*.parquet")}
                right = wanted[entry.name]
                same = {name: wholeness.fingerprint(t) for name, t in held.items()} == {
                    name: wholeness.fingerprint(t) for name, t in right.items()
                }
                found[entry.name] = "whole" if same else "not whole"
            return found
        finally:
            kept_tables.home = os_home

    def check(self, folder: Path, before: dict, after: dict) -> list[str]:
        return wholeness.broken_files(folder) + [
            f"the kept tables {name} are {what}" for name, what in self.state(folder).items() if what != "whole"
        ]

    def at_the_end(self, folder: Path, after: dict) -> list[str]:
        wrong = self.check(folder, {}, after)
        kept_tables.MOST_ENTRIES, kept_tables.ABANDONED_AFTER = 2, -1  # as if an hour had passed
        kept_tables._keep(self.make({"transactions": self.inputs[0]}), kept_tables_folder(folder) / "one more")
        kept_tables._remove(kept_tables_folder(folder) / "one more")
        hidden = [path.name for path in kept_tables_folder(folder).glob(".*")]
        if len(self.state(folder)) > 2:
            wrong.append(f"{len(self.state(folder))} sets are kept, where 2 may be")
        return wrong + [f"{name} was left behind" for name in hidden if name != ".lock"]


def kept_tables_folder(folder: Path) -> Path:
    """Where a case's kept tables lie."""
    return folder / "home" / "kept_tables"
