"""The customer repository: one DuckDB file that holds every table of the course.

Each write is checked against the table's contract and happens entirely or not at all. The file is opened for the
moment of a read or a write and closed again, so that the notebooks of a run, each in its own process, share it in turn.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import duckdb
import pandas as pd

from idic_lab import tables
from idic_lab.errors import RepositoryError, UnknownName

_HISTORY = "_history"


class Repository:
    """Tables of one run in one place.

    Parameters
    ----------
    path : str or Path, optional
        The DuckDB file; made when it does not exist. Without a path the repository lives in memory.

    Examples
    --------
    >>> import pandas as pd
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
        self._memory = duckdb.connect() if path is None else None
        self._lock = threading.Lock()

    def __repr__(self) -> str:
        where = "in memory" if self.path is None else self.path.name
        return f"Repository({where}: {', '.join(self.names()) or 'empty'})"

    def names(self) -> list[str]:
        """Names of the tables held, in alphabetical order."""
        with self._connection(write=False) as connection:
            return [] if connection is None else _table_names(connection)

    def has(self, name: str) -> bool:
        """Whether a table (``rfm``), or a part of one (``segments:rfm``), is held."""
        table, _, part = name.partition(":")
        with self._connection(write=False) as connection:
            if connection is None or table not in _table_names(connection):
                return False
            if not part:
                return True
            by = _quoted(tables.get(table).partition)
            found = connection.execute(f"SELECT 1 FROM {_quoted(table)} WHERE {by} = ? LIMIT 1", [part])
            return found.fetchone() is not None

    def read(self, name: str) -> pd.DataFrame:
        """One table as a DataFrame.

        Raises
        ------
        UnknownName
            When the repository does not hold it; the message lists what it holds.
        """
        with self._connection(write=False) as connection:
            held = [] if connection is None else _table_names(connection)
            if name not in held:
                raise UnknownName("table in the repository", name, held)
            return _text_as_text(connection.execute(f"SELECT * FROM {_quoted(name)}").df())

    def write(self, name: str, data: pd.DataFrame, made_by: str = "", made_from: Iterable[str] = ()) -> None:
        """Check a table against its contract and store it, replacing what was there.

        A table with a partition (``segments``, by scheme) replaces only the partitions that `data` brings.

        Parameters
        ----------
        name : str
            A table of :mod:`idic_lab.tables`.
        data : DataFrame
        made_by : str
            The stage, notebook or command that made it, for :meth:`history`.
        made_from : iterable of str
            The tables it was made from.

        Raises
        ------
        UnknownName, ContractError
            Before anything is written.
        RepositoryError
            When the file is locked, damaged, read-only or the disk is full; what was there before still is.
        """
        contract = tables.get(name)
        contract.check(data, source=made_by)
        with self._connection(write=True) as connection:
            connection.register("incoming", data)
            try:
                connection.execute("BEGIN")
                if contract.partition and name in _table_names(connection):
                    by = _quoted(contract.partition)
                    connection.execute(
                        f"DELETE FROM {_quoted(name)} WHERE {by} IN (SELECT DISTINCT {by} FROM incoming)"
                    )
                    connection.execute(f"INSERT INTO {_quoted(name)} BY NAME SELECT * FROM incoming")
                else:
                    connection.execute(f"CREATE OR REPLACE TABLE {_quoted(name)} AS SELECT * FROM incoming")
                self._record(connection, "write", name, len(data), made_by, made_from)
                connection.execute("COMMIT")
            except duckdb.Error as error:
                connection.execute("ROLLBACK")
                raise RepositoryError(
                    f"Table '{name}' was not written; what was there before still is: {error}"
                ) from None
            finally:
                connection.unregister("incoming")

    def history(self) -> pd.DataFrame:
        """Every write and removal, oldest first.

        Returns
        -------
        DataFrame
            Columns written_at (UTC), action, table_name, row_count, made_by, made_from.
        """
        with self._connection(write=False) as connection:
            if connection is None or not _has_history(connection):
                return pd.DataFrame(
                    columns=["written_at", "action", "table_name", "row_count", "made_by", "made_from"]
                )
            return connection.execute(f"SELECT * FROM {_HISTORY} ORDER BY written_at").df()

    @staticmethod
    def _record(
        connection, action: str, name: str, rows: int, made_by: str, made_from: Iterable[str]
    ) -> None:
        connection.execute(
            f"CREATE TABLE IF NOT EXISTS {_HISTORY} (written_at TIMESTAMP, action VARCHAR, table_name VARCHAR, "
            "row_count BIGINT, made_by VARCHAR, made_from VARCHAR)"
        )
        now = datetime.now(UTC).replace(tzinfo=None)
        connection.execute(
            f"INSERT INTO {_HISTORY} VALUES (?, ?, ?, ?, ?, ?)",
            [now, action, name, rows, made_by, ", ".join(made_from)],
        )

    @contextmanager
    def _connection(self, write: bool) -> Iterator[duckdb.DuckDBPyConnection | None]:
        """A connection for one operation; None when reading a file that does not exist yet."""
        if self._memory is not None:
            with self._lock:
                yield self._memory
            return
        if not write and not self.path.exists():
            yield None
            return
        if not self.path.parent.is_dir():
            raise RepositoryError(
                f"There is no folder '{self.path.parent.name}' to hold the repository '{self.path.name}'."
            )
        try:
            connection = duckdb.connect(str(self.path), read_only=not write)
        except duckdb.Error as error:
            raise RepositoryError(_why_not_opened(self.path, error)) from None
        try:
            yield connection
        finally:
            connection.close()


def _why_not_opened(path: Path, error: Exception) -> str:
    text = str(error)
    if "lock" in text.lower():
        return (
            f"The repository '{path.name}' is in use by another process. Close the other notebook or wait until its "
            "run has ended, then try again."
        )
    if "permission" in text.lower() or "read-only" in text.lower():
        return (
            f"The repository '{path.name}' cannot be opened: no permission. Check the rights of its folder."
        )
    return (
        f"'{path.name}' is not a customer repository that can be opened ({text.splitlines()[0]}). Move it away and run "
        "again to make a new one."
    )


def _text_as_text(data: pd.DataFrame) -> pd.DataFrame:
    """DuckDB hands out a text column without any value as objects; the contracts know it as text."""
    return data.astype({name: "str" for name, dtype in data.dtypes.items() if dtype.kind == "O"})


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _table_names(connection) -> list[str]:
    rows = connection.execute("SELECT table_name FROM duckdb_tables() ORDER BY table_name").fetchall()
    return [name for (name,) in rows if not name.startswith("_")]


def _has_history(connection) -> bool:
    return bool(
        connection.execute("SELECT 1 FROM duckdb_tables() WHERE table_name = ?", [_HISTORY]).fetchall()
    )
