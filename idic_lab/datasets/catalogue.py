"""Which data sets there are, how each is loaded, and the names a user gave to files of their own, kept in their data folder."""

import datetime
import json
import os
import re
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pandas as pd

from idic_lab import durability
from idic_lab.datasets import built_in
from idic_lab.datasets.card import Card, Dataset
from idic_lab.datasets.own import cleaning, files, several_tables, words
from idic_lab.datasets.own.reading import Options
from idic_lab.errors import DataError, UnknownName, existing, needs_extra

BUILT_IN = {entry.name: entry for entry in built_in.ENTRIES}
FILE = "catalogue.json"
_SUFFIXES = {
    *(".csv", ".tsv", ".txt", ".dat", ".tab", ".xlsx", ".xlsm", ".xls", ".ods", ".parquet", ".pq"),
    *(".duckdb", ".db", ".sql", ".yaml", ".yml", ".json", ".gz", ".zip", ".pkl", ".feather"),
}


def load(
    name_or_path: str | Path,
    columns: Mapping[str, str] | str | None = None,
    *,
    sheet: str | None = None,
    sql: str | None = None,
    encoding: str | None = None,
    separator: str | None = None,
    decimal: str | None = None,
    date_format: str | None = None,
    dayfirst: bool | None = None,
    today: datetime.date | str | None = None,
    sales: str | None = None,
    quiet: bool = False,
) -> Dataset:
    """Load a data set by name, or anybody's file by its path, and print its card.

    Parameters:
        name_or_path: A name from :func:`names`; or separated text, a workbook (.xlsx, .xls, .ods), a Parquet file or a
            folder of them, a DuckDB database, or a ``.sql`` file with a query for DuckDB; one of these packed as ``.gz``
            or ``.zip``; or several tables: a folder of such files, a database, or a YAML file that names them.
        columns: Which header plays which role (``customer_id``, ``date``, ``amount``, ``quantity``, ``unit_price``,
            ``order_id``, ``product_id`` ...), as a mapping or as ``customer_id="Contact Name",date=Closed``. Usual
            headers are recognised without it. "" means that there is no such column.
        sheet: Worksheet of a workbook; the first with content by default.
        sql: A DuckDB query over the file, which is the table ``data`` in it (in a database, its own tables).
        encoding, separator, decimal: Of a text file; found out by default.
        date_format: Such as ``"%d.%m.%Y"``; found out by default.
        dayfirst: Whether 03/04/2011 is in April; needed only when nothing in the column tells.
        today: Rows after this day are rejected; the day of loading by default.
        sales: Which words of the column ``status`` are sales, as in ``"Paid,Sent"``; usual words are known without it.
        quiet: Do not print the card.
    Returns:
        Dataset: With ``transactions`` (customer_id, date, amount, ...), ``rejects``, ``card`` and, where products are
            named, ``order_lines``.
    Raises:
        UnknownName: When there is no such data set, role or column; the message gives the nearest.
        DataError: When the file is missing, empty or unreadable, or columns are missing or ambiguous.

    >>> from idic_lab import datasets
    >>> datasets.load("cdnow", quiet=True).card.customers
    23570
    """
    options = Options(columns, date_format, dayfirst, decimal, today, sales)
    reading = {"sheet": sheet, "sql": sql, "encoding": encoding, "separator": separator}
    asked = [option for option, value in (vars(options) | reading).items() if value is not None]
    name, is_path = str(name_or_path), isinstance(name_or_path, Path)
    if not is_path and (entry := BUILT_IN.get(name)):
        if asked:
            raise DataError(f"Data set {name!r} is read as it is; {', '.join(asked)} is for files of your own.")
        dataset = entry.load(registered_path(name)) if entry.own_download else entry.load()
    elif not is_path and (own := registered().get(name)):
        columns = own["columns"] or None if columns is None else columns
        dataset = _own(own["path"], replace(options, columns=columns), reading, name)
    elif is_path or _looks_like_a_path(name):
        dataset = _own(name_or_path, options, reading)
    else:
        raise UnknownName("data set", name, names())
    if not quiet:
        print(dataset.card)
    return dataset


def _own(path: str | Path, options: Options, reading: dict, name: str | None = None) -> Dataset:
    """A data set of somebody's own: several tables, or one file of orders, of a survey or of another table."""
    sources = None if any(reading.values()) else several_tables.find(path)
    if sources:
        return several_tables.load(path, sources, options, name)
    rows = files.read(path, **reading)
    for entry in built_in.ENTRIES:
        if entry.own_download and entry.columns == rows.headers and not options.columns:
            return entry.load(path)
    other = None if options.columns else several_tables.no_orders(rows)
    if other is None:
        return cleaning.clean(rows, options, name or Path(rows.name.removesuffix(".gz")).stem)
    return several_tables.load(path, [other], options, name)


def _looks_like_a_path(name: str) -> bool:
    if any(mark in name for mark in ("/", "\\")) or name.startswith("~"):
        return True
    return Path(name).suffix.lower() in _SUFFIXES or (bool(name.strip()) and Path(name).exists())


def registered_path(name: str) -> str | None:
    """Path that the user registered under a name, or None."""
    return registered().get(name, {}).get("path")


def names() -> list[str]:
    """Names of all data sets, the built-in ones first.

    >>> names()[:2]
    ['cdnow', 'cdnow_sample']
    """
    return list(dict.fromkeys([*BUILT_IN, *registered()]))


def add(name: str, path: str | Path, columns: Mapping[str, str] | str | None = None) -> Dataset:
    """Register a file of one's own under a name, after loading it once to see that it can be used.

    Parameters:
        name: Lower-case letters, digits, "_" and "-"; or the name of a data set that has to be downloaded.
        columns: As in :func:`load`; remembered with the name.
    Returns:
        Dataset: What was loaded.
    """
    path = Path(path).expanduser().resolve()
    entry = BUILT_IN.get(name)
    if entry is not None and not entry.own_download:
        raise DataError(f"{name!r} is the name of a built-in data set; choose another.")
    given = words.as_mapping(columns)
    if entry is not None and given:
        raise DataError(f"The columns of {name!r} are known; leave them out.")
    dataset = entry.load(str(path)) if entry else _own(path, Options(columns=given or None), {}, name)
    _register(name, path, given)
    return dataset


def catalogue() -> pd.DataFrame:
    """All data sets: name, title, kind, size, licence, whether it can be loaded now, how to get it.

    >>> catalogue()["name"].tolist()[:2]
    ['cdnow', 'cdnow_sample']
    """
    own = registered()
    rows = [vars(entry) | {"available": entry.available(registered_path(name))} for name, entry in BUILT_IN.items()]
    for name in [name for name in own if name not in BUILT_IN]:
        path = Path(own[name]["path"])
        told = {"name": name, "title": f"own file {path.name}", "kind": "own file", "licence": ""}
        told["size"] = f"{path.stat().st_size:,} bytes" if path.is_file() else ""
        how = "added by you" if path.exists() else "added by you, but the file is gone"
        rows.append(told | {"available": path.exists(), "how_to_get": how})
    columns = ["name", "title", "kind", "size", "licence", "available", "how_to_get"]
    return pd.DataFrame(rows)[columns].rename(columns={"how_to_get": "how to get it"})


def describe(name: str) -> Card:
    """The card of a data set: with its counts when it can be loaded now, else with how to get it."""
    if name not in names():
        raise UnknownName("data set", name, names())
    entry = BUILT_IN.get(name)
    if entry is None or entry.available(registered_path(name)):
        return load(name, quiet=True).card
    facts = ("title", "kind", "source", "licence", "citation", "how_to_get")
    return Card(name=name, **{fact: getattr(entry, fact) for fact in facts})


def check_name(name: str) -> None:
    """Refuse what is neither a data set's name nor leads to a file, before anything is loaded.

    >>> check_name("cdnow")
    """
    if name in names() or any(mark in name for mark in "*?["):
        return
    if not _looks_like_a_path(name):
        raise UnknownName("data set", name, names())
    existing(Path(name).expanduser())


def home() -> Path:
    """The user's data folder: the environment variable IDIC_LAB_HOME, or ``.idic-lab`` in the home folder."""
    named = os.environ.get("IDIC_LAB_HOME", "")
    try:
        return Path(named).expanduser() if named else Path.home() / ".idic-lab"
    except RuntimeError:  # no home folder: nothing is registered, and what is written there has its own message
        return Path("/nonexistent/.idic-lab")


def registered() -> dict[str, dict]:
    """Registered names, each with its ``path`` and ``columns``."""
    file = home() / FILE
    try:
        entries = json.loads(file.read_text(encoding="utf-8"))
        for entry in entries.values():
            if not isinstance(entry["path"], str) or not isinstance(entry["columns"], dict):
                raise TypeError
    except FileNotFoundError:
        return {}
    except (ValueError, TypeError, KeyError, AttributeError):
        raise DataError(
            f"{FILE}, the list of your own data sets, is damaged. Mend or delete it (it lies in the folder that "
            "IDIC_LAB_HOME names, else .idic-lab in your home folder) and add the data sets again."
        ) from None
    except OSError as error:
        raise DataError(f"{FILE}, the list of your own data sets, cannot be read ({error.strerror}).") from None
    return entries


def _register(name: str, path: Path, columns: dict[str, str]) -> None:
    """Add or replace one name; the file is exchanged whole, so that it is never half written."""
    if not re.fullmatch(r"[a-z0-9][a-z0-9_-]{0,63}", name):
        raise DataError(f"{name!r} cannot name a data set: use lower-case letters, digits, '_' and '-'.")
    filelock = needs_extra("filelock", "workbench")
    try:
        home().mkdir(parents=True, exist_ok=True)
        with filelock.FileLock(home() / ".lock", timeout=30):  # two that add at once keep both names
            durability.remove_leftovers(home(), f"{FILE}*{durability.SUFFIX}")
            durability.write_json(home() / FILE, registered() | {name: {"path": str(path), "columns": columns}})
    except filelock.Timeout:
        raise DataError("another process holds the list of your own data sets; try again.") from None
    except OSError as error:
        told = f"the data folder cannot be written ({error.strerror}); name another in IDIC_LAB_HOME."
        raise DataError(told) from None
