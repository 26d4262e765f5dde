"""The file of a customer repository: made whole, opened for the moment of one operation, written anew whole.

A process may be killed at any moment. A new file therefore gets its name only when it is a database, and a file that
must be written anew (rows of a forgotten customer stay readable in its gaps) says so inside, until it has been.
"""

import os
import random
import re
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import cache, partial
from pathlib import Path

import duckdb

from idic_lab import dataframes
from idic_lab.datasets.own.engine import literal, quoted
from idic_lab.errors import DamagedRepository, RepositoryError

PATIENCE = 5.0  # seconds to wait for a file that a process which does not queue has open
_DUE = "_rewriting_due"


@contextmanager
def turn(path: Path, write: bool) -> Iterator[None]:
    """Wait for one's turn: notebooks that run side by side read together, and write one after the other.

    They queue at the folder, whose lock ends with the process that holds it. Where folders cannot be locked, whoever
    finds the file in use asks again.
    """
    try:
        import fcntl

        folder = os.open(path.parent, os.O_RDONLY)
    except (ImportError, OSError):
        yield
        return
    try:
        with suppress(OSError):
            fcntl.flock(folder, fcntl.LOCK_EX if write else fcntl.LOCK_SH)
        yield
    finally:
        os.close(folder)


_one_at_a_time = threading.Lock()
_engine = cache(dataframes.connect)


@contextmanager
def attached(path: Path, write: bool) -> Iterator[duckdb.DuckDBPyConnection]:
    """A connection for one reading or writing, in one's turn; to write, the file is made when there is none.

    The file joins an engine that this process keeps: to start one takes ten times as long as most of what is asked of it.

    Raises:
        RepositoryError: When it is in use, may not be opened, or its folder is missing.
        DamagedRepository: When it is no database.
    """
    if write and not path.parent.is_dir():
        raise RepositoryError(f"There is no folder '{path.parent.name}' to hold the repository '{path.name}'.")
    mode = "" if write else " (READ_ONLY)"
    join = partial(_patiently, path, lambda: _engine().execute(f"ATTACH {literal(str(path))} AS held{mode}; USE held"))
    with _one_at_a_time, turn(path, write):
        try:
            if write and not path.exists():
                _make(path)
            connection = join()
            if write and holds(connection, _DUE):
                rewrite(connection, path)  # whoever removed rows was killed before this
                connection = join()
            yield connection
        finally:
            _let_go()


def _let_go() -> None:
    try:
        with suppress(duckdb.Error):
            _engine().execute("ROLLBACK")  # what was interrupted; else it says that there is nothing to undo
        _engine().execute("USE memory; DETACH DATABASE IF EXISTS held")
    except duckdb.Error:  # a full disk may have ended the database, and the engine with it
        _engine().close()
        _engine.cache_clear()


def mark_for_rewriting(connection: duckdb.DuckDBPyConnection) -> None:
    """Note, in the transaction that removes rows, that their remains must be removed too."""
    connection.execute(f"CREATE TABLE IF NOT EXISTS {_DUE} (since TIMESTAMP)")


def rewrite(connection: duckdb.DuckDBPyConnection, path: Path) -> None:
    """Write the file anew and put it in the old one's place at once, which ends the connection to it.

    Raises:
        RepositoryError: When the disk is full or the folder read-only. The next write, or removal, tries again.
    """
    fresh = path.with_name(path.name + ".partial")
    remove(fresh)
    try:
        (name,) = connection.execute("SELECT current_database()").fetchone()
        connection.execute(f"ATTACH {literal(str(fresh))} AS fresh")
        connection.execute(f"COPY FROM DATABASE {quoted(name)} TO fresh")
        connection.execute(f"DROP TABLE IF EXISTS fresh.{_DUE}")
        connection.execute("DETACH fresh")
        _let_go()
        if _log_of(path).exists():  # it would be read into the new file
            raise OSError("its log could not be written into it")
        os.replace(fresh, path)
    except (duckdb.Error, OSError) as error:
        _let_go()
        with suppress(duckdb.Error):
            _engine().execute("DETACH DATABASE IF EXISTS fresh")
        remove(fresh)
        raise RepositoryError(
            f"The rows are removed from every table of '{path.name}', but the file could not be written anew, so that "
            f"they stay readable in its unused parts ({str(error).splitlines()[0]}). Make room or give the right to "
            "write, and remove the customer again: the next call finishes it."
        ) from None


def _make(path: Path) -> None:
    """An empty database under the file's name, never half of one."""
    partial = path.with_name(path.name + ".new.partial")
    try:
        try:
            dataframes.connect(partial).close()
        except duckdb.Error as error:
            if not partial.exists() or _in_use(error):
                raise
            remove(partial)  # left by a process that was killed while making it
            dataframes.connect(partial).close()
        if path.exists():  # another process was quicker
            partial.unlink(missing_ok=True)
        else:
            _log_of(path).unlink(missing_ok=True)  # of a file that is no more
            os.replace(partial, path)
    except (duckdb.Error, OSError) as error:
        raise _why_not(path, error) from None


def _patiently(path: Path, connect: Callable[[], duckdb.DuckDBPyConnection]) -> duckdb.DuckDBPyConnection:
    patience, pause = time.monotonic() + PATIENCE, 0.002
    while True:
        try:
            return connect()
        except (duckdb.Error, OSError) as error:
            if not _in_use(error) or time.monotonic() > patience:
                raise _why_not(path, error) from None
        time.sleep(pause * random.uniform(1, 2))  # or two would ask in step
        pause = min(2 * pause, 0.1)


def holds(connection: duckdb.DuckDBPyConnection, table: str) -> bool:
    """Whether a database has a table of this name, its own notes included.

    >>> with dataframes.connect() as connection:
    ...     holds(connection, "rfm")
    False
    """
    found = connection.execute(
        "SELECT 1 FROM duckdb_tables() WHERE database_name = current_database() AND table_name = ?", [table]
    )
    return bool(found.fetchall())


def remove(path: Path) -> None:
    """Remove a repository's file and its log."""
    for file in (path, _log_of(path)):
        file.unlink(missing_ok=True)


def _log_of(path: Path) -> Path:
    return path.with_name(path.name + ".wal")


def _in_use(error: Exception) -> bool:
    return re.search(r"\block\b", str(error).lower()) is not None  # and not "block", as damaged files are told


def _why_not(path: Path, error: Exception) -> RepositoryError:
    text, first = str(error).lower(), (str(error).splitlines() or [""])[0]
    if _in_use(error):
        advice = "Close the other notebook or wait until its run has ended, then try again."
        return RepositoryError(f"The repository '{path.name}' is in use by another process. {advice}")
    if any(sign in text for sign in ("no space left", "disk full", "file too large")):
        return RepositoryError(f"The repository '{path.name}' cannot be written: the disk is full.")
    if "permission" in text or "read-only" in text:
        said = f"The repository '{path.name}' cannot be opened: no permission. Check the rights of its folder."
        return RepositoryError(said)
    advice = "Move it away and run again to make a new one."
    return DamagedRepository(f"'{path.name}' is not a customer repository that can be opened ({first}). {advice}")
