"""Tables made once are kept, so that a notebook opened alone need not make them again.

They lie as Parquet in the user's data folder, under a key of everything they were made from: the stage, its input tables,
the code and the versions. Only what is made of the sample data is kept, and of that no table with personal columns: what
is made of anybody's own data stays in the repository, where a customer can be forgotten.
"""

import hashlib
import importlib.metadata
import os
import platform
import shutil
import tempfile
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from functools import cache
from pathlib import Path

import pandas as pd

from idic_lab import tables
from idic_lab.datasets.catalogue import home

# Old keys are of no use once code or data have changed, so the folder holds the latest few hundred.
MOST_ENTRIES = 300
# Beyond this, reading and hashing cost too much of what they save, and the copies too much room.
MOST_ROWS = 3_000_000
# What a process is still writing must not be removed; no stage takes an hour.
ABANDONED_AFTER = 3600
_UNFINISHED = ".partial-"
_LIBRARIES = "duckdb lifetimes matplotlib numpy pandas papermill scikit-learn scipy splink statsmodels stepmix"


def made_or_kept(
    name: str, function: Callable[..., dict[str, pd.DataFrame]], inputs: Mapping[str, pd.DataFrame]
) -> dict[str, pd.DataFrame]:
    """What `function` makes of `inputs`: from the folder of kept tables when it was made before, else made now.

    Parameters:
        name: Of the stage.
        function: Takes the inputs; the same inputs must always give the same tables.
    """
    if sum(len(data) for data in inputs.values()) > MOST_ROWS:
        return function(inputs)
    entry = folder() / key(name, inputs)
    try:
        if entry.is_dir():
            return {path.stem: pd.read_parquet(path) for path in sorted(entry.glob("*.parquet"))}
    except (OSError, ValueError):
        _remove(entry)  # damaged: made again below
    made = function(inputs)
    if not any(tables.get(table).personal for table in made):
        _keep(made, entry)
    return made


def folder() -> Path:
    """Where the kept tables lie: below the user's data folder (IDIC_LAB_HOME)."""
    return home() / "kept_tables"


def key(name: str, inputs: Mapping[str, pd.DataFrame]) -> str:
    """The hash of all that decides what a stage makes."""
    digest = hashlib.sha256(f"{name}\n{code()}\n{versions()}".encode())
    for table in sorted(inputs):
        data = inputs[table]
        digest.update(f"{table} {list(data.columns)} {[str(dtype) for dtype in data.dtypes]}".encode())
        digest.update(pd.util.hash_pandas_object(data, index=False).to_numpy().tobytes())
    return digest.hexdigest()[:32]


@cache
def code() -> str:
    """The hash of the package."""
    digest = hashlib.sha256()
    for path in sorted(Path(__file__).resolve().parents[1].rglob("*")):
        if path.suffix in (".py", ".toml"):
            digest.update(path.name.encode() + path.read_bytes())
    return digest.hexdigest()


@cache
def versions() -> dict[str, str]:
    """Versions of Python, of this package and of the packages that numbers depend on."""
    found = {"python": platform.python_version()}
    for name in ("idic-lab", *_LIBRARIES.split()):
        try:
            found[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:  # an extra that is not installed
            found[name] = "not installed"
    return found


def _keep(made: dict[str, pd.DataFrame], entry: Path) -> None:
    """Write the tables beside their place and move them there whole; a full disk or a forbidden folder is no error."""
    with suppress(OSError):
        entry.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=entry.parent, prefix=_UNFINISHED) as partial:
            whole = Path(partial) / "whole"
            whole.mkdir()
            for table, data in made.items():
                data.to_parquet(whole / f"{table}.parquet", index=False)
            os.replace(whole, entry)
        _tidy(entry.parent)


def _tidy(parent: Path) -> None:
    """Remove the oldest entries beyond the limit, and what killed processes left an hour ago or earlier."""
    entries = [path for path in parent.iterdir() if not path.name.startswith(".")]
    for old in sorted(entries, key=_changed, reverse=True)[MOST_ENTRIES:]:
        _remove(old)
    for left in parent.glob(f"{_UNFINISHED}*"):
        if _changed(left) < time.time() - ABANDONED_AFTER:
            shutil.rmtree(left, ignore_errors=True)


def _remove(entry: Path) -> None:
    """Remove an entry so that nobody, whenever this process is killed, takes what is left of it for whole."""
    try:
        with tempfile.TemporaryDirectory(dir=entry.parent, prefix=_UNFINISHED, ignore_cleanup_errors=True) as away:
            os.replace(entry, Path(away) / "removed")
    except OSError:  # somebody else removed it, or may and we may not
        return


def _changed(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except OSError:
        return 0.0
