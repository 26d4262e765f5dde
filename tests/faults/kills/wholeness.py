"""What must hold of files at any moment, however their making ended."""

from __future__ import annotations

import hashlib
import json
import sqlite3
from pathlib import Path

import nbformat
import numpy as np
import pandas as pd
import pyarrow.parquet as pq

from idic_lab import tables
from idic_lab.repository import Repository

PARTIAL = (".partial", ".part", ".wal", ".tmp", ".as_handed_in.partial")


def fingerprint(table: pd.DataFrame) -> str:
    """Of a table's columns, types and rows, in any order of rows."""
    rows = np.sort(pd.util.hash_pandas_object(table, index=False).to_numpy())
    said = f"{[(name, str(dtype)) for name, dtype in table.dtypes.items()]}".encode()
    return hashlib.sha256(said + rows.tobytes()).hexdigest()[:16]


def is_partial(path: Path) -> bool:
    """Whether a name says that the file is not whole."""
    return any(mark in path.name for mark in PARTIAL)


def broken_files(folder: Path) -> list[str]:
    """A file under its final name is whole: Parquet opens, JSON parses, a notebook is valid, HTML ends, SQLite is sound."""
    wrong = []
    for path in sorted(folder.rglob("*")):
        name = str(path.relative_to(folder))
        if (
            not path.is_file()
            or is_partial(path)
            or any(part.startswith(".") for part in path.parts[len(folder.parts) :])
        ):
            continue
        try:
            if path.suffix == ".parquet":
                pq.read_table(path)
            elif path.suffix == ".json":
                json.loads(path.read_text(encoding="utf-8"))
            elif path.suffix == ".ipynb":
                nbformat.validate(nbformat.read(path, as_version=4))
            elif path.suffix == ".html":
                if not path.read_text(encoding="utf-8").rstrip().endswith("</html>"):
                    wrong.append(f"{name} is cut off")
            elif path.suffix == ".db":
                with sqlite3.connect(path) as connection:
                    if connection.execute("PRAGMA integrity_check").fetchone() != ("ok",):
                        wrong.append(f"{name} is damaged")
        except Exception as error:  # whatever a reader may say of a broken file
            wrong.append(f"{name} is not whole: {type(error).__name__}: {str(error)[:200]}")
    return wrong


def tables_of(repository: Path) -> dict[str, str]:
    """Fingerprint of every table of a repository, each held to its contract; empty without one."""
    held = Repository(repository)
    found = {}
    for name in held.names():
        table = held.read(name)
        tables.check(name, table)
        found[name] = fingerprint(table)
    return found


def leftovers(folder: Path) -> list[str]:
    """Partial files that nobody will finish."""
    return [str(path.relative_to(folder)) for path in sorted(folder.rglob("*")) if is_partial(path)]


def unfinished_claims(folder: Path) -> list[str]:
    """The manifest of a run never says done or complete of what is not."""
    path = folder / "manifest.json"
    if not path.exists():
        return []
    manifest, wrong = json.loads(path.read_text(encoding="utf-8")), []
    for name, entry in manifest["notebooks"].items():
        notebook = folder / "notebooks" / f"{name}.ipynb"
        if entry["status"] != "done":
            continue
        if not notebook.exists():
            wrong.append(f"the manifest says {name} is done; it is not there")
            continue
        cells = [cell for cell in nbformat.read(notebook, as_version=4).cells if cell.cell_type == "code"]
        if not all(cell.execution_count for cell in cells if cell.source.strip()):
            wrong.append(f"the manifest says {name} is done; some cells were not executed")
    if manifest["status"] == "complete":
        wrong += [
            f"the manifest says complete; {name} is missing"
            for name in ("report.html", "results.json", "idic.duckdb", "card.json")
            if not (folder / name).exists()
        ]
        exported = {file.stem: fingerprint(pd.read_parquet(file)) for file in folder.glob("tables/*.parquet")}
        held = {name: mark for name, mark in tables_of(folder / "idic.duckdb").items() if not tables.get(name).personal}
        same = {name: exported.get(name) for name in held}
        wrong += [
            f"the manifest says complete; tables/{name}.parquet is not the table" for name in held if same[name] is None
        ]
    return wrong
