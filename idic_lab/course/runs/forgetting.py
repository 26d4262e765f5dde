"""Removing a customer from everything a run left: the repository, exported tables, notebooks, pages and report, and the
tables of all customers, which a large run keeps as Parquet and not in the repository.
"""

import html
import json
import os
import re
from collections import Counter
from collections.abc import Collection, Iterable
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

import filelock
import nbformat

from idic_lab import dataframes, datasets, durability
from idic_lab.course.pages import report
from idic_lab.course.runs import run_folder
from idic_lab.course.runs.large_run import Progress
from idic_lab.course.runs.run_folder import ALL_CUSTOMERS, Manifest
from idic_lab.datasets.own.engine import literal
from idic_lab.errors import DataError, RepositoryError, existing
from idic_lab.repository import CARD_FILE, REPOSITORY_FILE, pseudonyms
from idic_lab.repository.forgetting import OF_CUSTOMER, OF_RECORD
from idic_lab.repository.store import Repository

# A picture may show one customer without a word that can be searched, where its cell chose one by number.
_CHOOSES_A_CUSTOMER = re.compile(r"customer\s*=|plot_timeline|alive_path")
_OWN_NUMBERS = ("order_id", "session_id", "interaction_id", "review_id")
_SHORT = 5  # characters: shorter texts, such as the number 17, stand in every page without meaning anybody
_FREE_TEXT = dict.fromkeys(("reviews", "messages", "greetings"), ("text",))
_FREE_TEXT |= dict.fromkeys(("contacts", "source_records"), ("email", "phone", "street"))


class Forgotten(NamedTuple):
    """What a removal did: the rows removed from each table, and the executed notebooks that showed the customer, or may have."""

    rows: dict[str, int]
    notebooks: list[str]

    def __str__(self) -> str:
        listed = ", ".join(f"{table} {count:,}" for table, count in self.rows.items())
        shown = (
            f"These notebooks showed the customer, or a picture of one, and are removed: {', '.join(self.notebooks)}. "
            "Give the command of the run again: it executes them, and only them.\n"
        )
        said = f"Removed {sum(self.rows.values()):,} rows ({listed}), and the tables exported from them.\n"
        last = "Totals stay as they were. Remove the customer from your own data too."
        return said + (shown if self.notebooks else "") + last


def _repository_of(folder: Path) -> Repository:
    return Repository(existing(folder, REPOSITORY_FILE) / REPOSITORY_FILE)


def forget(folder: str | Path, customer: str) -> Forgotten:
    """Remove a customer, as the tables or the data name them, from a run folder.

    Files that show the customer go first and the repository last, so a removal that was interrupted can be given again:
    until it is whole the repository still knows the customer, and the manifest does not call the run complete.

    Raises:
        DataError: When the run does not know the customer.
        RepositoryError: When the run or its repository is in use or cannot be written.
    """
    folder = Path(folder)
    repository = _repository_of(folder)
    try:
        with filelock.FileLock(folder / ".lock", timeout=0):
            return _forget(folder, repository, customer)
    except filelock.Timeout:
        raise RepositoryError(f"A run is working in '{folder}'. Wait for it, then try again.") from None


def _forget(folder: Path, repository: Repository, customer: str) -> Forgotten:
    large, names = (folder / ALL_CUSTOMERS).is_dir(), {customer}
    if large and (code := _code_in_large(folder, repository, customer)):
        repository.forget(customer, known_elsewhere=True)  # by the name in the data, too
        customer, names = code, {customer, code}
    told = giveaways(repository, customer)
    if repository.has(pseudonyms.KEYS):
        with suppress(DataError):
            names |= {*pseudonyms.find(repository, customer)}
    if not told:
        # Of a large run the repository holds a sample only; or an earlier removal was cut short behind it.
        left_to_do = large and customer in (repository.forgotten() or ())
        if not left_to_do and not (large and all_customers_know(folder, names)):
            raise DataError("No table of the run knows a customer with this number.")
        told = [customer]
        repository.forget(customer, known_elsewhere=True)
    repository.salt()  # opens the file for writing: when that cannot be, nothing is touched
    state = run_folder.read(folder)
    state.write(folder, "removing a customer")
    shown = _remove_what_shows(folder, told)
    for exported in (folder / "tables").glob("*.parquet"):
        exported.unlink()
    durability.remove_leftovers(folder)
    rows = remove_from_all_customers(folder, names) if large else {}
    result = Forgotten(repository.forget(customer, known_elsewhere=large) | rows, shown)
    (folder / "tables").mkdir(exist_ok=True)
    run_folder.export_tables(folder)
    # Those that an earlier removal, cut short, has taken away already are gone as well.
    gone = {*shown, *(name for name in state.done if run_folder.executed(folder, name) is None)}
    state.notebooks = {
        name: entry for name, entry in state.notebooks.items() if name not in gone and not _mentions(entry.error, told)
    }
    _rewrite_report(folder, state, told, complete=not gone)
    if left := still_shown(folder, told):
        raise RepositoryError(
            f"The customer is removed from all tables, but {', '.join(left)} still hold"
            f"{'s' if len(left) == 1 else ''} the number or a record of theirs. Remove these files."
        )
    return result


def giveaways(repository: Repository, customer: str) -> list[str]:
    """Texts by which the customer could be recognised in a file; empty when the repository does not know the customer.

    The customer's numbers, those of their records, contacts, visits and reviews, and their names and addresses.
    """
    held = {name: repository.read(name) for name in repository.names()}
    names = {customer}
    if pseudonyms.KEYS in held:
        keys = held[pseudonyms.KEYS]
        names |= {*keys[keys.isin([customer]).any(axis=1)].to_numpy().ravel()}
    both = [data for data in held.values() if {"record_id", "customer_id"} <= set(data)]
    records = {record for data in both for record in data.loc[data["customer_id"].isin(names), "record_id"].dropna()}
    told, known = names | records, False
    for name, data in held.items():
        ids = dict.fromkeys(OF_CUSTOMER, names) | dict.fromkeys(OF_RECORD, records)
        rows = data[data.isin({column: list(wanted) for column, wanted in ids.items()}).any(axis=1)]
        known = known or len(rows) > 0
        columns = [*_OWN_NUMBERS, *_FREE_TEXT.get(name, ())]
        values = {str(value) for column in columns if column in rows for value in rows[column].dropna()}
        told |= {value for value in values if len(value) >= _SHORT}
    return sorted(told) if known else []


def _mentions(text: str, told: Iterable[str]) -> bool:
    """Whether a text holds one of the texts as a whole word, also as HTML or JSON write it."""
    forms = (form for one in told for form in {one, html.escape(one), json.dumps(one)[1:-1]})
    return any(form in text and re.search(rf"(?<!\w){re.escape(form)}(?!\w)", text) for form in forms)


def _remove_what_shows(folder: Path, told: list[str]) -> list[str]:
    """Remove executed notebooks, with their pages, that show the customer or a picture of one; their names."""
    shown = set()
    for path in sorted((folder / "notebooks").glob("*.ipynb")):
        text = path.read_text(encoding="utf-8")
        if _mentions(text, told) or any(map(_may_picture, nbformat.reads(text, as_version=4).cells)):
            shown.add(name := path.name.removesuffix(".ipynb").removesuffix(".partial"))
            for file in (path, path.with_name(f"{name}.ipynb"), path.with_name(f"{name}.html")):
                file.unlink(missing_ok=True)
    return sorted(shown)


def _may_picture(cell: nbformat.NotebookNode) -> bool:
    pictures = (output for output in cell.get("outputs", []) if "image/png" in output.get("data", {}))
    return _CHOOSES_A_CUSTOMER.search(cell.source) is not None and any(pictures)


def _rewrite_report(folder: Path, state: Manifest, told: list[str], complete: bool) -> None:
    """Card, results and report of the notebooks that are left; the run is complete only when none had to go."""
    card = json.loads((folder / CARD_FILE).read_text(encoding="utf-8"))
    card["customers_only_returns"] = [one for one in card.get("customers_only_returns", []) if one not in told]
    durability.write_json(folder / CARD_FILE, card)
    report.publish(folder, datasets.Card.from_dict(card), state)
    state.write(folder, "complete" if complete else "incomplete: a customer was removed")


def still_shown(folder: Path, told: list[str]) -> list[str]:
    """Files of a run folder, other than its tables and repository, that hold one of the texts."""
    told = [one for one in told if len(one) >= _SHORT]
    files = [path for path in sorted(folder.rglob("*")) if path.is_file() and path.suffix != ".parquet"]
    return [
        path.relative_to(folder).as_posix()
        for path in files
        if not path.name.startswith(REPOSITORY_FILE)
        and _mentions(path.read_text(encoding="utf-8", errors="replace"), told)
    ]


def find(folder: str | Path, customer: str) -> tuple[str, str]:
    """The code of a customer and the name in the data, by either; of a large run by the name alone."""
    folder = Path(folder)
    repository = _repository_of(folder)
    if not (folder / ALL_CUSTOMERS).is_dir():
        return pseudonyms.find(repository, customer)
    code = _code_in_large(folder, repository, customer)
    if code is None:
        raise DataError("No customer of this large run has this name in the data; a code cannot be looked up there.")
    return code, customer


def _code_in_large(run_folder: Path, repository: Repository, customer: str) -> str | None:
    """The code under which a customer stands in the tables of all customers, or stood before a removal was cut short."""
    progress = Progress.read(run_folder / ALL_CUSTOMERS)
    if progress is None or pseudonyms.CODED not in progress.card.get("quirks", ()):
        return None
    code = pseudonyms.code_of(repository.salt(), customer)
    known = customer in (repository.forgotten() or ()) or all_customers_know(run_folder, {code})
    return code if known and not all_customers_know(run_folder, {customer}) else None


def all_customers_know(run_folder: Path, names: Collection[str]) -> bool:
    """Whether a table of all customers has a row of a customer of one of these names."""
    with dataframes.connect() as connection:
        return any(_rows_and_rest(connection, file, names)[0] for file in _all_customers_files(run_folder))


def remove_from_all_customers(run_folder: Path, names: Collection[str]) -> dict[str, int]:
    """Remove a customer's rows from every table of all customers; the value of a rejected row that names them is blanked.

    Each file is written anew and takes its place in one step, so that a removal that was cut short can be given again. Table, as
    in ``all_customers/rfm``, to the rows removed or blanked, where there were any.
    """
    folder, removed = run_folder / ALL_CUSTOMERS, Counter()
    durability.remove_leftovers(folder)
    with dataframes.connect() as connection:
        for file in _all_customers_files(run_folder):
            rows, rest = _rows_and_rest(connection, file, names)
            if rows:
                partial = file.with_suffix(".partial")
                connection.execute(f"COPY ({rest}) TO {literal(str(partial))} (FORMAT parquet, COMPRESSION zstd)")
                os.replace(partial, file)
                removed[f"{ALL_CUSTOMERS}/{file.relative_to(folder).parts[0]}"] += rows
    _correct_progress(folder, names)
    return dict(removed)


def _all_customers_files(run_folder: Path) -> list[Path]:
    return sorted((run_folder / ALL_CUSTOMERS).rglob("*.parquet"))


def _rows_and_rest(connection, file: Path, names: Collection[str]) -> tuple[int, str]:
    """How many rows of a file are the customer's, and SQL that gives the file without them."""
    source = f"read_parquet({literal(str(file))}, hive_partitioning = false)"
    columns = [name for name, *_ in connection.execute(f"DESCRIBE SELECT * FROM {source}").fetchall()]
    listed = ", ".join(map(literal, sorted(names)))
    told = [f"coalesce({column}::VARCHAR IN ({listed}), false)" for column in OF_CUSTOMER if column in columns]
    mine = " OR ".join(told) or "false"
    rest = f"SELECT * FROM {source} WHERE NOT ({mine})"
    if not told and "value" in columns:  # rejected rows are counted; only the value may name somebody
        mine = " OR ".join(f"contains(value, {literal(name)})" for name in sorted(names))
        rest = f"SELECT * REPLACE (CASE WHEN {mine} THEN NULL ELSE value END AS value) FROM {source}"
    return connection.execute(f"SELECT count(*) FROM {source} WHERE {mine}").fetchall()[0][0], rest


def _correct_progress(folder: Path, names: Collection[str]) -> None:
    """Let the next call know the files as they are now, so that it keeps them."""
    state = Progress.read(folder)
    if state is None:
        return
    for file in state.files:
        if (folder / file).exists():  # one that is missing stays listed, so that it is missed
            state.files[file] = (folder / file).stat().st_size
    listed = state.card.get("customers_only_returns", [])
    state.card["customers_only_returns"] = [one for one in listed if one not in names]
    state.write(folder)
