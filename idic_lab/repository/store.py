"""The customer repository: one DuckDB file that holds every table of the course, and the codes of whom it forgot.

Each write is checked against the table's contract and happens entirely or not at all. The file is opened for the
moment of a read or a write and closed again, so that the notebooks of a run, each in its own process, share it in turn.
"""

import secrets
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path

import duckdb
import pandas as pd

from idic_lab import dataframes, tables
from idic_lab.datasets.own.engine import quoted
from idic_lab.errors import DamagedRepository, DataError, RepositoryError, pick
from idic_lab.repository import file
from idic_lab.repository.forgetting import OF_CUSTOMER, OF_RECORD, ForgottenCodes, code, remove
from idic_lab.tables import Part

_HISTORY = "_history"
_SALT = "_salt"
_FORGOTTEN = "_forgotten"
_KEYS = "customer_keys"


class Repository:
    """Tables of one run in one place.

    Parameters:
        path: The DuckDB file; made when it does not exist. Without a path the repository lives in memory.

    >>> repository = Repository()
    >>> segments = pd.DataFrame({"customer_id": ["a"], "scheme": ["rfm"], "segment": ["champions"]})
    >>> repository.write("segments", segments, made_by="example", made_from=["transactions"])
    >>> repository.read("segments")
      customer_id scheme    segment
    0           a    rfm  champions
    >>> repository.names()
    ['segments']
    """

    def __init__(self, path: str | Path | None = None):
        self.path = None if path is None else Path(path)
        self._memory = dataframes.connect() if path is None else None
        self._lock = threading.Lock()

    def names(self) -> list[str]:
        """Names of the tables held, in alphabetical order."""
        with self._connection(write=False) as connection:
            return _table_names(connection)

    def has(self, name: str | Part) -> bool:
        """Whether a table (``rfm``), or a part of one (``segments:rfm``), is held."""
        table, part = Part.of(name)
        with self._connection(write=False) as connection:
            held = table in _table_names(connection)
            if not held or not part:
                return held
            by = quoted(tables.get(table).partition)
            found = connection.execute(f"SELECT 1 FROM {quoted(table)} WHERE {by} = ? LIMIT 1", [part])
            return bool(found.fetchall())

    def read(self, name: str) -> pd.DataFrame:
        """One table as a DataFrame.

        Raises:
            UnknownName: When the repository does not hold it; the message lists what it holds.
        """
        with self._connection(write=False) as connection:
            pick("table in the repository", name, _table_names(connection))
            data = connection.execute(f"SELECT * FROM {quoted(name)}").df()
        # DuckDB hands out text without any value as objects, and counts by whether one is missing; contracts know better.
        kinds = {column: "str" for column, dtype in data.dtypes.items() if dtype.kind == "O"}
        known = {column: one.dtype for column, one in tables.get(name).columns.items() if column in data}
        return data.astype(kinds | {column: kind for column, kind in known.items() if kind == "Int64"})

    def write(self, name: str, data: pd.DataFrame, made_by: str = "", made_from: Iterable[str] = ()) -> None:
        """Check a table against its contract and store it, replacing what was there.

        A table with a partition (``segments``, by scheme) replaces only the partitions that `data` brings.

        Parameters:
            name: A table of :mod:`idic_lab.tables`.
            made_by: The stage, notebook or command that made it, for :meth:`history`.
            made_from (iterable of str): The tables it was made from.
        Raises:
            UnknownName, ContractError: Before anything is written.
            RepositoryError: When the file is locked, damaged, read-only or the disk is full; what was there before
                still is.
        """
        contract = tables.get(name)
        contract.check(data, source=made_by)
        table, by = quoted(name), quoted(contract.partition or "")
        with self._connection(write=True) as connection:
            connection.register("incoming", data)
            try:
                connection.begin()
                if contract.partition and name in _table_names(connection):
                    connection.execute(f"DELETE FROM {table} WHERE {by} IN (SELECT DISTINCT {by} FROM incoming)")
                    connection.execute(f"INSERT INTO {table} BY NAME SELECT * FROM incoming")
                else:
                    connection.execute(f"CREATE OR REPLACE TABLE {table} AS SELECT * FROM incoming")
                _record(connection, "write", {name: len(data)}, made_by, made_from)
                connection.commit()
            except duckdb.Error as error:
                _roll_back(connection)
                said = f"Table '{name}' was not written; what was there before still is: {error}"
                raise RepositoryError(said) from None
            finally:
                connection.unregister("incoming")

    def forget(self, customer_id: str, known_elsewhere: bool = False) -> dict[str, int]:
        """Remove a person from every table.

        Rows that name the customer go, and so do those of the records linked to the customer (visits, contacts, answers).
        Tables of totals name nobody and stay. The file is written anew, so that nothing is left of the rows in its unused
        parts. Codes of what was removed are kept, so that the customer stays away when the same data are gathered again.
        What a run exported are copies: :func:`idic_lab.course.runs.forgetting.forget` removes a customer there too.

        Parameters:
            customer_id: As the tables name the customer or, where that is by code, as the data did.
            known_elsewhere: Keep the code also of a customer whom no table knows.
        Returns:
            dict of str to int: Table to the number of rows removed or blanked, for the tables that had any.
        Raises:
            DataError: When no table knows the customer.
            RepositoryError: When the file is locked, damaged or read-only; everything then is as it was.
        """
        with self._connection(write=True) as connection:
            try:
                connection.begin()
                customer, original = _both_names(connection, str(customer_id))
                counts, records = remove(connection, customer, original)
                if self.path is not None:
                    file.mark_for_rewriting(connection)
                if not counts and not known_elsewhere:
                    raise DataError("No table of the repository knows a customer with this number.")
                salt = _salt(connection)
                connection.execute(f"CREATE TABLE IF NOT EXISTS {_FORGOTTEN} (code VARCHAR)")
                gone = sorted({customer, original, *records})
                connection.executemany(f"INSERT INTO {_FORGOTTEN} VALUES (?)", [[code(salt, one)] for one in gone])
                _record(connection, "forget", counts, f"forgotten customer {code(salt, customer)}")
                connection.commit()
            except duckdb.Error as error:
                _roll_back(connection)
                raise RepositoryError(f"Nothing was removed: {error}") from None
            except DataError:
                _roll_back(connection)
                raise
            if self.path is not None:
                file.rewrite(connection, self.path)
        return counts

    def salt(self) -> str:
        """The secret of this repository, with which codes for its customers are made."""
        with self._connection(write=True) as connection:
            return _salt(connection)

    def forgotten(self) -> ForgottenCodes | None:
        """What tells the customers who were removed from this repository, and their records; None when nobody was."""
        with self._connection(write=False) as connection:
            if not file.holds(connection, _FORGOTTEN):
                return None
            codes = {one for (one,) in connection.execute(f"SELECT code FROM {_FORGOTTEN}").fetchall()}
            return ForgottenCodes(_salt(connection), frozenset(codes))

    def without_forgotten(self, data: pd.DataFrame) -> pd.DataFrame:
        """A table without the rows of customers, and of their records, who were removed from this repository."""
        ids = data[data.columns.intersection([*OF_CUSTOMER, *OF_RECORD])]
        forgotten = self.forgotten() if len(ids.columns) else None
        if forgotten is None:
            return data
        leaving = [one for one in pd.unique(ids.to_numpy().ravel()) if str(one) in forgotten]
        return data[~ids.isin(leaving).any(axis=1)].reset_index(drop=True)

    def begin_again(self) -> None:
        """Empty the repository of all but its salt and the codes of whom it was made to forget."""
        kept = {}
        if self.path.exists():
            with suppress(DamagedRepository), self._connection(write=False) as connection:
                lasting = [name for name in (_SALT, _FORGOTTEN) if file.holds(connection, name)]
                kept = {name: connection.sql(f"SELECT * FROM {name}").df() for name in lasting}
        file.remove(self.path)
        if kept:
            with self._connection(write=True) as connection:
                for name, rows in kept.items():
                    connection.register("lasting", rows.astype("str"))
                    connection.execute(f"CREATE TABLE {name} AS SELECT * FROM lasting")
                    connection.unregister("lasting")

    def history(self) -> pd.DataFrame:
        """Every write and removal, oldest first.

        Returns:
            DataFrame: Columns written_at (UTC), action, table_name, row_count, made_by, made_from.
        """
        with self._connection(write=False) as connection:
            if not file.holds(connection, _HISTORY):
                return pd.DataFrame(columns=["written_at", "action", "table_name", "row_count", "made_by", "made_from"])
            # Not by time: the clock of the machine may have been put back.
            return connection.execute(f"SELECT * FROM {_HISTORY} ORDER BY rowid").df()

    @contextmanager
    def _connection(self, write: bool) -> Iterator[duckdb.DuckDBPyConnection]:
        """A connection for one operation; to an empty database when reading a file that does not exist yet."""
        if self._memory is not None:
            with self._lock:
                yield self._memory
        else:
            with file.attached(self.path, write) if write or self.path.exists() else dataframes.connect() as connection:
                yield connection


def _record(connection, action: str, rows: dict[str, int], made_by: str, made_from: Iterable[str] = ()) -> None:
    connection.execute(
        f"CREATE TABLE IF NOT EXISTS {_HISTORY} (written_at TIMESTAMP, action VARCHAR, table_name VARCHAR, "
        "row_count BIGINT, made_by VARCHAR, made_from VARCHAR)"
    )
    now, told = datetime.now(UTC).replace(tzinfo=None), ", ".join(made_from)
    for name, count in rows.items():
        row = [now, action, name, count, made_by, told]
        connection.execute(f"INSERT INTO {_HISTORY} VALUES (?, ?, ?, ?, ?, ?)", row)


def _salt(connection) -> str:
    if not file.holds(connection, _SALT):
        connection.execute(f"CREATE TABLE {_SALT} (salt VARCHAR)")
        connection.execute(f"INSERT INTO {_SALT} VALUES (?)", [secrets.token_hex(16)])
    return connection.execute(f"SELECT salt FROM {_SALT}").fetchall()[0][0]  # to the end, or the result stays open


def _both_names(connection, customer: str) -> tuple[str, str]:
    """The name of a customer in the tables, and the one in the data they came from."""
    if not file.holds(connection, _KEYS):
        return customer, customer
    query = f"SELECT customer_id, original_id FROM {_KEYS} WHERE $who IN (original_id, customer_id)"
    return connection.execute(query, {"who": customer}).fetchone() or (customer, customer)


def _roll_back(connection) -> None:
    """Undo what was begun; after a full disk there is no transaction left to undo, and saying so would hide the cause."""
    with suppress(duckdb.Error):
        connection.execute("ROLLBACK")


def _table_names(connection) -> list[str]:
    here = "database_name = current_database()"
    rows = connection.execute(f"SELECT table_name FROM duckdb_tables() WHERE {here} ORDER BY table_name").fetchall()
    return [name for (name,) in rows if not name.startswith("_")]
