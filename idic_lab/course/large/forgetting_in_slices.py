"""Removing a customer from the tables of all customers, which a large run keeps as Parquet and not in the repository."""

from __future__ import annotations

import json
import os
from collections import Counter
from collections.abc import Collection
from pathlib import Path

from idic_lab import dataframes
from idic_lab.course.large.sliced_tables import PROGRESS
from idic_lab.course.runs.run_folder import ALL_CUSTOMERS
from idic_lab.datasets.own.large_columns import literal
from idic_lab.durability import whole_files
from idic_lab.repository.store import OF_CUSTOMER


def are_there(run_folder: Path) -> bool:
    """Whether a run folder holds tables of all customers."""
    return (run_folder / ALL_CUSTOMERS).is_dir()


def know(run_folder: Path, names: Collection[str]) -> bool:
    """Whether a table of all customers has a row of a customer of one of these names."""
    with dataframes.connect() as connection:
        return any(_rows_and_rest(connection, file, names) for file in _files(run_folder))


def remove(run_folder: Path, names: Collection[str]) -> dict[str, int]:
    """Remove a customer's rows from every table of all customers; the value of a rejected row that names them is blanked.

    Each file is written anew and takes its place in one step, so that a removal that was cut short can be given again.
    Totals, counts and the fitted models stay as they were.

    Parameters
    ----------
    run_folder : Path
    names : collection of str
        The customer as the source names them.

    Returns
    -------
    dict of str to int
        Table, as in ``all_customers/rfm``, to the rows removed or blanked, for the tables that had any.
    """
    folder, removed = run_folder / ALL_CUSTOMERS, Counter()
    whole_files.remove_leftovers(folder)
    with dataframes.connect() as connection:
        for file in _files(run_folder):
            found = _rows_and_rest(connection, file, names)
            if found is None:
                continue
            rows, rest = found
            partial = file.with_suffix(".partial")
            connection.execute(f"COPY ({rest}) TO {literal(str(partial))} (FORMAT parquet, COMPRESSION zstd)")
            os.replace(partial, file)
            removed[f"{ALL_CUSTOMERS}/{file.relative_to(folder).parts[0]}"] += rows
    _correct_progress(folder, names)
    return dict(removed)


def _files(run_folder: Path) -> list[Path]:
    return sorted((run_folder / ALL_CUSTOMERS).rglob("*.parquet"))


def _rows_and_rest(connection, file: Path, names: Collection[str]) -> tuple[int, str] | None:
    """How many rows of a file are the customer's, and SQL that gives the file without them; None when there are none."""
    source = f"read_parquet({literal(str(file))}, hive_partitioning = false)"
    columns = [name for name, *_ in connection.execute(f"DESCRIBE SELECT * FROM {source}").fetchall()]
    listed = ", ".join(literal(name) for name in sorted(names))
    told = [f"{column}::VARCHAR IN ({listed})" for column in OF_CUSTOMER if column in columns]
    if told:
        mine = " OR ".join(told)
        rest = f"SELECT * FROM {source} WHERE NOT coalesce({mine}, false)"
    elif "value" in columns:  # rejected rows are counted; only the value may name somebody
        mine = " OR ".join(f"contains(value, {literal(name)})" for name in sorted(names))
        rest = f"SELECT * REPLACE (CASE WHEN {mine} THEN NULL ELSE value END AS value) FROM {source}"
    else:
        return None
    rows = connection.execute(f"SELECT count(*) FROM {source} WHERE {mine}").fetchall()[0][0]
    return (rows, rest) if rows else None


def _correct_progress(folder: Path, names: Collection[str]) -> None:
    """Let the next call know the files as they are now, so that it keeps them."""
    path = folder / PROGRESS
    if not path.exists():
        return
    state = json.loads(path.read_text(encoding="utf-8"))
    for file in state.get("files", {}):
        if (folder / file).exists():  # one that is missing stays listed, so that it is missed
            state["files"][file] = (folder / file).stat().st_size
    if "card" in state:
        listed = state["card"].get("customers_only_returns", [])
        state["card"]["customers_only_returns"] = [one for one in listed if one not in names]
    whole_files.write_json(path, state)
