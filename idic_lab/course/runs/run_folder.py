"""The folder of a run: whose it is, what was done in it and may be kept, what is sound; one run at a time works in it.

A notebook is kept only when nothing it depends on has changed: the data, its parameters, its own cells, the package,
and the notebooks that made its tables. All of that goes into one key.
"""

import hashlib
import json
import os
import re
import shutil
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path

import filelock
import nbformat

from idic_lab import dataframes, durability, tables
from idic_lab.course.runs import notebooks
from idic_lab.datasets.own.engine import literal, quoted
from idic_lab.errors import DamagedRepository, DataError, RepositoryError
from idic_lab.pipeline.stages import Stage
from idic_lab.repository import CARD_FILE, REPOSITORY_FILE, Repository, kept_tables

MANIFEST = "manifest.json"
LOCK = ".lock"
_FILES = {MANIFEST, CARD_FILE, "results.json", "report.html", LOCK}
_FOLDERS = {"notebooks", "tables"}
ALL_CUSTOMERS = "all_customers"  # tables of every customer of data too large to be loaded


@dataclass
class Executed:
    """How the execution of one notebook ended."""

    status: str  # "done" or "failed"
    seconds: float = 0.0
    key: str = ""  # of all that it depended on
    error: str = ""  # what went wrong, for a person

    @property
    def done(self) -> bool:
        return self.status == "done"


@dataclass
class Manifest:
    """What a run is of and how far it has come."""

    # "new", "running", "interrupted", "failed" or "complete"; "damaged" when unreadable; or that a customer is being removed
    status: str = "new"
    dataset: str = ""
    fingerprint: str = ""
    parameters: dict[str, object] = field(default_factory=dict)
    versions: dict[str, str] = field(default_factory=dict)
    base: str = ""  # hash of what all notebooks depend on
    notebooks: dict[str, Executed] = field(default_factory=dict)
    skipped: dict[str, str] = field(default_factory=dict)  # notebook to the reason: the data cannot feed it
    not_reached: dict[str, str] = field(default_factory=dict)  # notebook to the failed one it depends on
    all_customers: dict = field(default_factory=dict)  # of a run on large data, what is known of their tables

    @property
    def done(self) -> list[str]:
        """The notebooks that were executed to their end."""
        return [name for name, entry in self.notebooks.items() if entry.done]

    @property
    def failed(self) -> dict[str, str]:
        """The notebooks that failed, with what went wrong."""
        return {name: entry.error for name, entry in self.notebooks.items() if entry.status == "failed"}

    def write(self, folder: Path, status: str = "") -> None:
        """Write the file whole, with another status if one is given."""
        self.status = status or self.status
        durability.write_json(folder / MANIFEST, asdict(self))


def read(folder: Path) -> Manifest:
    """The manifest of a run folder; when there is none, or it cannot be read, an empty one that says so.

    >>> read(Path("no such folder")).status
    'new'
    """
    path = folder / MANIFEST
    if not path.exists():
        return Manifest()
    try:
        told = json.loads(path.read_text(encoding="utf-8"))
        told["notebooks"] = {name: Executed(**entry) for name, entry in told["notebooks"].items()}
        return Manifest(**told) if told["status"] else Manifest("damaged")
    except (ValueError, KeyError, TypeError, AttributeError):
        return Manifest("damaged")


def base_key(fingerprint: str, parameters: dict) -> str:
    """The hash of what all notebooks of a run depend on: data, parameters, package and versions."""
    told = json.dumps(parameters, sort_keys=True, default=str)
    return _hash(fingerprint, kept_tables.code(), told, json.dumps(kept_tables.versions()))


def keys(stages: list[Stage], base: str) -> dict[str, str]:
    """One key per notebook that can run: the hash of everything its results depend on, what they all do included."""
    made: dict[str, str] = {}
    for place, stage in enumerate(stages):
        reads = stage.needs + stage.uses
        before = [other for other in stages[:place] if any(map(other.gives, reads))]
        made[stage.notebook] = _hash(base, *notebooks.sources_of(stage), *(made[other.notebook] for other in before))
    return made


def _hash(*parts: str) -> str:
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:24]


@contextmanager
def in_use(folder: Path, fresh: bool = False) -> Iterator[None]:
    """Make the folder of a run, or empty it when the run begins afresh, and hold it for oneself, or refuse what is no such folder."""
    if folder.is_file():
        raise DataError(f"'{folder}' is a file; a run needs a folder.")
    if folder.exists() and not _is_of_a_run(folder):
        raise DataError(f"'{folder}' holds other things than a run; choose an empty or new folder with --out.")
    lock = filelock.FileLock(folder / LOCK, timeout=0)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock.acquire()
    except filelock.Timeout:
        raise RepositoryError(f"Another run is working in '{folder}'. Wait for it, or choose another --out.") from None
    except OSError as error:
        raise DataError(f"The run folder '{folder}' cannot be made or written: {error.strerror}.") from None
    try:
        if fresh:
            empty(folder)
        for name in _FOLDERS:
            (folder / name).mkdir(exist_ok=True)
        for pattern in ("*.partial*", "tables/*.partial", "notebooks/*.html.partial"):
            durability.remove_leftovers(folder, pattern)
        yield
    finally:
        lock.release()


def empty(folder: Path, keep: Collection[str] = ()) -> None:
    """Remove all that a run left but what is to be kept, the manifest first: from then on nothing is taken for whole.

    Of the repository its salt stays, and the codes of whom it was made to forget.
    """
    (folder / MANIFEST).unlink(missing_ok=True)
    Repository(folder / REPOSITORY_FILE).begin_again()
    for path in folder.iterdir():
        if path.name in keep:
            continue
        if path.is_dir():
            shutil.rmtree(path)
        elif path.name not in (LOCK, REPOSITORY_FILE):
            path.unlink()
    for name in _FOLDERS:
        (folder / name).mkdir()


def damage(folder: Path) -> str:
    """What is wrong with the tables and the card of a run, in words; empty when they are sound or not there."""
    card, repository = folder / CARD_FILE, folder / REPOSITORY_FILE
    try:
        Repository(repository).names()
    except DamagedRepository:
        return f"{REPOSITORY_FILE} is damaged"
    if not card.exists():
        return ""
    try:
        json.loads(card.read_text(encoding="utf-8"))["name"]
    except (ValueError, KeyError, TypeError):
        return f"{CARD_FILE} is damaged"
    return "" if repository.exists() else f"{REPOSITORY_FILE} is missing"


def executed(folder: Path, name: str) -> nbformat.NotebookNode | None:
    """An executed notebook of the folder; None when it is missing or damaged."""
    try:
        return nbformat.read(folder / "notebooks" / f"{name}.ipynb", as_version=4)
    except Exception:  # whatever a reader says of a file that was cut off or overwritten
        return None


def export_tables(folder: Path) -> None:
    """Every table that may be shared, as Parquet, straight from the repository, without the columns that may not."""
    path = folder / REPOSITORY_FILE
    shared = [contract for contract in map(tables.get, Repository(path).names()) if not contract.personal]
    with dataframes.connect(path, read_only=True) as connection:
        for contract in shared:
            target = folder / "tables" / f"{contract.name}.parquet"
            partial = durability.partial(target)
            withheld = ", ".join(f"NULL::VARCHAR AS {quoted(column)}" for column in contract.withheld)
            columns = f"* REPLACE ({withheld})" if withheld else "*"
            query = f"SELECT {columns} FROM {quoted(contract.name)}"
            connection.execute(f"COPY ({query}) TO {literal(str(partial))} (FORMAT parquet)")
            os.replace(partial, target)


def usual_name(name: str) -> str:
    """The name of a folder for a data set.

    >>> usual_name("orders of May.csv")
    'orders_of_May.csv'
    """
    return re.sub(r"[^\w.-]+", "_", name).strip("._") or "run"


def _is_of_a_run(folder: Path) -> bool:
    """Whether a folder is empty or holds a run and nothing else, so that it may be written into, or emptied."""
    held = {path.name.removesuffix(".partial") for path in folder.iterdir()}
    own = {name for name in held if not name.startswith(REPOSITORY_FILE)}  # with its log, and unfinished copies
    return not held or (bool(own & {MANIFEST, LOCK}) and own <= _FILES | _FOLDERS | {ALL_CUSTOMERS})
