"""The cells of a study on disk, and the one long table they add up to."""

from __future__ import annotations

import json
import os
from pathlib import Path

import numpy as np
import pandas as pd

COLUMNS = ("dataset", "method", "k", "seed", "criterion", "measure", "value", "status", "extra")
STATUS = ("ok", "not applicable", "failed")


class Store:
    """A folder of finished cells, each one small file named by the key of what made it.

    A file appears whole or not at all, so a study that is killed loses only the cells in progress.
    """

    def __init__(self, folder: Path):
        self.folder = Path(folder) / "cells"

    def read(self, key: str) -> dict | None:
        """The record of a finished cell, or None."""
        try:
            return json.loads((self.folder / f"{key}.json").read_text(encoding="utf-8"))
        except (FileNotFoundError, ValueError):
            return None

    def write(self, key: str, record: dict) -> None:
        """Store a finished cell."""
        self.folder.mkdir(parents=True, exist_ok=True)
        write_whole(self.folder / f"{key}.json", json.dumps(record).encode())


def write_whole(path: Path, content: bytes) -> None:
    """Write a file so that nobody ever sees half of it."""
    partial = path.with_name(f".{path.name}.{os.getpid()}.partial")
    with partial.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    os.replace(partial, path)


def long_table(records: list[tuple[dict, dict]]) -> pd.DataFrame:
    """The results of a study, one row per value.

    Parameters
    ----------
    records : list of (dict, dict)
        The coordinates of each cell (``dataset``, ``method``, ``k``, ``seed``) and its record: per criterion a
        ``status``, ``numbers``, ``extra`` and ``reason``.

    Returns
    -------
    DataFrame
        ``dataset``, ``method``, ``k`` (number of segments asked for; missing when the method finds its own), ``seed``,
        ``criterion``, ``measure``, ``value``, ``status`` ("ok", "not applicable" or "failed") and ``extra`` (a dict:
        what figures need, or the reason of a failure).
    """
    rows = [
        (*(cell[name] for name in COLUMNS[:4]), criterion, measure, value, found["status"], extra)
        for cell, record in records
        for criterion, found in record["criteria"].items()
        for measure, value, extra in _values(found)
    ]
    table = pd.DataFrame(rows, columns=list(COLUMNS))
    text = dict.fromkeys(["dataset", "method", "criterion", "measure", "status"], "str")
    return table.astype({**text, "k": "Int64", "seed": "int64", "value": "float64"})


def _values(found: dict):
    if found["status"] != "ok":
        yield "", np.nan, {"reason": found["reason"]}
        return
    for position, (measure, value) in enumerate(found["numbers"].items()):
        yield measure, value, found["extra"] if position == 0 else {}


def write_table(table: pd.DataFrame, path: Path) -> Path:
    """Write the long table as Parquet, whole; ``extra`` becomes JSON text."""
    text = table.assign(extra=[json.dumps(extra, sort_keys=True) for extra in table["extra"]])
    partial = path.with_name(f".{path.name}.partial")
    text.astype({"extra": "str"}).to_parquet(partial, index=False)
    os.replace(partial, path)
    return path


def read_table(path: str | Path) -> pd.DataFrame:
    """Read a long table back; ``extra`` is a dict again."""
    table = pd.read_parquet(path)
    return table.assign(extra=[json.loads(extra) for extra in table["extra"]])
