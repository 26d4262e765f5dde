"""The cells of a study on disk, and the one long table they add up to."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pandas as pd

from idic_lab import durability
from idic_lab.errors import DataError, RepositoryError, needs_extra

COLUMNS = ("dataset", "method", "k", "seed", "criterion", "measure", "value", "status", "extra")
COST = {"seconds": "float64", "memory_mb": "float64", "host": "str"}
STATUS = ("ok", "not applicable", "failed")


@contextmanager
def in_use(folder: Path) -> Iterator[None]:
    """Make the folder of a study and hold it for oneself; what a killed study left unfinished is removed.

    Raises:
        DataError: When it cannot be made or written.
        RepositoryError: When another study works in it.
    """
    filelock = needs_extra("filelock", "workbench")
    lock = filelock.FileLock(folder / ".lock", timeout=0)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock.acquire()
    except filelock.Timeout:
        raise RepositoryError(
            f"Another study is working in '{folder}'. Wait for it, or choose another --out."
        ) from None
    except OSError as error:
        raise DataError(f"The folder '{folder}' cannot be made or written: {error.strerror}.") from None
    try:
        for pattern in ("*.partial", "cells/*.partial"):
            durability.remove_leftovers(folder, pattern)
        yield
    finally:
        lock.release()


class Store:
    """A folder of finished cells, each one small file named by the key of what made it.

    A file appears whole or not at all, so a study that is killed loses only the cells in progress.

    Attributes:
        damaged (list of str): Keys of cells that could not be read.
    """

    def __init__(self, folder: Path):
        self.folder = Path(folder) / "cells"
        self.damaged: list[str] = []

    def read(self, key: str) -> dict | None:
        """The record of a finished cell; None when there is none, or it is damaged."""
        try:
            record = json.loads((self.folder / f"{key}.json").read_text(encoding="utf-8"))
            if all(found["status"] in STATUS for found in record["criteria"].values()):
                return record
        except FileNotFoundError:
            return None
        except (ValueError, KeyError, TypeError, AttributeError):
            pass
        self.damaged.append(key)
        return None

    def write(self, key: str, record: dict) -> None:
        """Store a finished cell."""
        self.folder.mkdir(parents=True, exist_ok=True)
        durability.write(self.folder / f"{key}.json", json.dumps(record))


def long_table(records: list[tuple[dict, dict]]) -> pd.DataFrame:
    """The results of a study, one row per value.

    Parameters:
        records (list of (dict, dict)): The coordinates of each cell (``dataset``, ``method``, ``k``, ``seed``) and its
            record: per criterion a ``status``, ``numbers``, ``extra`` and ``reason``.
    Returns:
        DataFrame: ``dataset``, ``method``, ``k`` (number of segments asked for; missing when the method finds its own),
            ``seed``, ``criterion``, ``measure``, ``value``, ``status`` ("ok", "not applicable" or "failed") and
            ``extra`` (a dict: what figures need, or the reason of a failure); then what the whole cell cost:
            ``seconds``, ``memory_mb`` (the most its process held meanwhile) and ``host``.
    """
    rows = [
        (*cell.values(), criterion, measure, value, found["status"], extra, *(record.get(name) for name in COST))
        for cell, record in records
        for criterion, found in record["criteria"].items()
        for measure, value, extra in _values(found)
    ]
    table = pd.DataFrame(rows, columns=[*COLUMNS, *COST])
    text = dict.fromkeys(["dataset", "method", "criterion", "measure", "status"], "str")
    return table.astype({**text, "k": "Int64", "seed": "int64", "value": "float64", **COST})


def _values(found: dict):
    if found["status"] != "ok":
        yield "", np.nan, {"reason": found["reason"]}
        return
    for position, (measure, value) in enumerate(found["numbers"].items()):
        yield measure, value, found["extra"] if position == 0 else {}


def write_table(table: pd.DataFrame, path: Path) -> Path:
    """Write the long table as Parquet, whole; ``extra`` becomes JSON text."""
    text = table.assign(extra=[json.dumps(extra, sort_keys=True) for extra in table["extra"]])
    text.astype({"extra": "str"}).to_parquet(durability.partial(path), index=False)
    os.replace(durability.partial(path), path)
    return path


def read_table(path: str | Path) -> pd.DataFrame:
    """Read a long table back; ``extra`` is a dict again."""
    table = pd.read_parquet(path)
    return table.assign(extra=[json.loads(extra) for extra in table["extra"]])


def without_cost(table: pd.DataFrame) -> pd.DataFrame:
    """The long table without what its cells cost, which is another each time."""
    return table.drop(columns=list(COST))
