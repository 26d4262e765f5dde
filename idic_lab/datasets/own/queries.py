"""SQL through DuckDB: over a file, over a database, or from a file that holds the query."""

from __future__ import annotations

import hashlib
from pathlib import Path

import duckdb
import numpy as np
import pandas as pd

from idic_lab.datasets.own.rows import Rows, unique_labels
from idic_lab.errors import DataError

# A query may read the user's files; it must never fetch or install anything.
_SETTINGS = {"autoinstall_known_extensions": "false", "autoload_known_extensions": "false"}


def over_rows(rows: Rows, sql: str) -> Rows:
    """Put a query to a text file or worksheet; it is the table ``data``, with types found out."""
    frame = rows.frame.copy()
    for column in frame.columns:
        if frame[column].dtype == "str":
            frame[column] = _typed(frame[column])
    with duckdb.connect(":memory:", config=_SETTINGS) as connection:
        connection.register("data", frame)
        return _run(connection, sql, rows.name, rows.fingerprint, rows.size_bytes)


def over_parquet(path: Path, files: list[Path], sql: str) -> Rows:
    """Put a query to Parquet files; they are the table ``data``."""
    digest = hashlib.sha256()
    for file in files:
        digest.update(file.read_bytes())
    with duckdb.connect(":memory:", config=_SETTINGS) as connection:
        try:
            connection.read_parquet([str(file) for file in files], union_by_name=True).create_view("data")
        except duckdb.Error as error:
            raise DataError(f"{path.name}: cannot be read as Parquet ({_first_line(error, path)}).") from None
        size = sum(file.stat().st_size for file in files)
        return _run(connection, sql, path.name, digest.hexdigest(), size)


def over_database(path: Path, sql: str | None) -> Rows:
    """Put a query to a DuckDB database, opened for reading only; without a query, read its one table."""
    try:
        connection = duckdb.connect(str(path), read_only=True, config=_SETTINGS)
    except duckdb.Error as error:
        raise DataError(
            f"{path.name}: cannot be opened as a DuckDB database ({_first_line(error, path)})."
        ) from None
    with connection:
        tables = [row[0] for row in connection.execute("SHOW TABLES").fetchall()]
        if sql is None:
            if len(tables) != 1 and "transactions" not in tables:
                listed = ", ".join(tables) or "none"
                raise DataError(
                    f"{path.name}: say which data to read with sql='SELECT … FROM …'; its tables: {listed}."
                )
            table = "transactions" if "transactions" in tables else tables[0]
            sql = 'SELECT * FROM "' + table.replace('"', '""') + '"'
        with path.open("rb") as file:
            fingerprint = hashlib.file_digest(file, "sha256").hexdigest()
        return _run(connection, sql, path.name, fingerprint, path.stat().st_size)


def from_file(path: Path) -> Rows:
    """Run the query in a ``.sql`` file; the files it reads are named in it."""
    try:
        sql = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError:
        raise DataError(f"{path.name}: the query is not UTF-8 text.") from None
    with duckdb.connect(":memory:", config=_SETTINGS) as connection:
        rows = _run(connection, sql, path.name, "", len(sql.encode()))
    # The query's text alone would not change when the data it reads do.
    content = pd.util.hash_pandas_object(rows.frame, index=False).to_numpy().tobytes()
    rows.fingerprint = hashlib.sha256(sql.encode() + content).hexdigest()
    return rows


def _run(
    connection: duckdb.DuckDBPyConnection, sql: str, name: str, fingerprint: str, size_bytes: int
) -> Rows:
    try:
        statements = connection.extract_statements(sql)
        if [statement.type for statement in statements] != [duckdb.StatementType.SELECT]:
            raise DataError(f"{name}: the query should be one SELECT; nothing else is run.")
        relation = connection.sql(sql)
        headers = list(relation.columns)
        frame = relation.df()
    except duckdb.Error as error:
        raise DataError(f"{name}: the query cannot be run: {_first_line(error)}") from None
    if frame.empty:
        raise DataError(f"{name}: the query returns no rows.")
    frame.columns = unique_labels(headers)
    return Rows(
        name=name,
        frame=frame,
        headers=headers,
        lines=np.arange(2, len(frame) + 2),
        format="SQL query through DuckDB",
        size_bytes=size_bytes,
        fingerprint=hashlib.sha256((fingerprint + sql).encode()).hexdigest(),
    )


def _typed(values: pd.Series) -> pd.Series:
    """Numbers or dates when every value is one, so that a query can add and compare them; else the text.

    Whole numbers written with leading zeros stay text: they are codes.
    """
    filled = values.dropna()
    if filled.empty or filled.str.match(r"0\d").any():
        return values
    numbers = pd.to_numeric(filled, errors="coerce")
    if numbers.notna().all():
        return pd.to_numeric(values, errors="coerce")
    if filled.str.fullmatch(r"\d{4}-\d\d-\d\d([ T]\d\d:\d\d(:\d\d)?)?").all():
        dates = pd.to_datetime(values, format="ISO8601", errors="coerce")
        return dates if dates.notna().sum() == len(filled) else values
    return values


def _first_line(error: Exception, path: Path | None = None) -> str:
    line = str(error).splitlines()[0][:160]
    return line.replace(str(path), path.name) if path else line
