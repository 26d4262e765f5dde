"""What DuckDB and Arrow read: Parquet and folders of it, databases, and SQL over any file; large Parquet by its footers alone."""

import hashlib
import math
from dataclasses import dataclass
from pathlib import Path

import duckdb
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from idic_lab.datasets.own import Rows, unique_labels
from idic_lab.errors import DataError, option

# Integers are read with room for missing values: as floats, long customer numbers would lose their last digits.
_SIZES = (f"{sign}{bits}" for sign in ("Int", "UInt") for bits in (8, 16, 32, 64))
INTEGERS = {getattr(pa, name.lower())(): getattr(pd, f"{name}Dtype")() for name in _SIZES}
# A query may read the user's files; it must never fetch or install anything.
_SETTINGS = {"autoinstall_known_extensions": "false", "autoload_known_extensions": "false"}
ROWS_IN_MEMORY = 5_000_000
_ROWS_PER_SLICE = 4_000_000


def literal(text: str) -> str:
    """A text in SQL.

    >>> literal("O'Neill")
    "'O''Neill'"
    """
    return "'" + text.replace("'", "''") + "'"


def quoted(name: str) -> str:
    """A column's name in SQL.

    >>> quoted("order id")
    '"order id"'
    """
    return '"' + name.replace('"', '""') + '"'


def parquet_files(folder: Path) -> list[Path]:
    """The Parquet files below a folder in order; Spark's and others' hidden files (``_SUCCESS``, ``.crc``) aside."""
    visible = sorted(path for path in folder.rglob("*.parquet") if not path.name.startswith(("_", ".")))
    if not (files := [path for path in visible if path.is_file()]):
        raise DataError(f"{folder.name}: this folder holds no .parquet files.")
    return files


def folder(path: Path, files: list[Path]) -> Rows:
    """A folder of Parquet files as one table; each row knows its file."""
    parts = [parquet(file) for file in files]
    for part in parts[1:]:
        _require_same_columns(path, parts[0].name, parts[0].frame.columns, part.name, part.frame.columns)
    return Rows(
        name=path.name,
        frame=pd.concat([part.frame for part in parts], ignore_index=True),
        headers=parts[0].headers,
        lines=np.concatenate([part.lines for part in parts]),
        sources=np.repeat([part.name for part in parts], [len(part.frame) for part in parts]),
        format=f"folder of {len(parts)} Parquet files",
        size_bytes=sum(part.size_bytes for part in parts),
        fingerprint=hashlib.sha256("".join(part.fingerprint for part in parts).encode()).hexdigest(),
        notes=list(dict.fromkeys(note for part in parts for note in part.notes)),
    )


def parquet(path: Path) -> Rows:
    """One Parquet file; nested columns are left out and noted."""
    try:
        schema = pq.read_schema(path)
        flat = [field.name for field in schema if not pa.types.is_nested(field.type)]
        frame = pq.ParquetFile(path).read(columns=flat).to_pandas(types_mapper=INTEGERS.get, ignore_metadata=True)
    except (pa.ArrowException, OSError, ValueError, OverflowError) as error:
        raise DataError(f"{path.name}: not a whole Parquet file ({_first_line(error, path)}).") from None
    nested = [field.name for field in schema if pa.types.is_nested(field.type)]
    facts = {"format": "Parquet", "size_bytes": path.stat().st_size, "fingerprint": fingerprint(path)}
    notes = [f"nested columns left out: {', '.join(nested)}"] if nested else []
    return Rows.of_frame(path.name, frame, **facts, notes=notes)


def fingerprint(path: Path) -> str:
    """SHA-256 of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def over_rows(rows: Rows, sql: str) -> Rows:
    """Put a query to a text file or worksheet; it is the table ``data``, with types found out."""
    with duckdb.connect(config=_SETTINGS) as connection:
        connection.register("data", rows.frame.apply(typed))
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
        return _run(connection, sql, path.name, digest.hexdigest(), sum(file.stat().st_size for file in files))


def over_database(path: Path, sql: str | None) -> Rows:
    """Put a query to a DuckDB database, opened for reading only; without a query, read its one table."""
    try:
        connection = duckdb.connect(str(path), read_only=True, config=_SETTINGS)
    except duckdb.Error as error:
        raise DataError(f"{path.name}: cannot be opened as a DuckDB database ({_first_line(error, path)}).") from None
    with connection:
        tables = [row[0] for row in connection.execute("SHOW TABLES").fetchall()]
        if sql is None:
            if len(tables) != 1 and "transactions" not in tables:
                told = f"{path.name}: say which data to read with {option('sql', 'SELECT … FROM …')}"
                raise DataError(f"{told}; its tables: {', '.join(tables) or 'none'}.")
            sql = f"SELECT * FROM {quoted('transactions' if 'transactions' in tables else tables[0])}"
        return _run(connection, sql, path.name, fingerprint(path), path.stat().st_size)


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


def _run(connection: duckdb.DuckDBPyConnection, sql: str, name: str, fingerprint: str, size_bytes: int) -> Rows:
    try:
        statements = connection.extract_statements(sql)
        if [statement.type for statement in statements] != [duckdb.StatementType.SELECT]:
            raise DataError(f"{name}: the query should be one SELECT; nothing else is run.")
        relation = connection.sql(sql)
        frame = relation.df().set_axis(relation.columns, axis=1)
    except duckdb.Error as error:
        raise DataError(f"{name}: the query cannot be run: {_first_line(error)}") from None
    if frame.empty:
        raise DataError(f"{name}: the query returns no rows.")
    digest = hashlib.sha256((fingerprint + sql).encode()).hexdigest()
    return Rows.of_frame(name, frame, format="SQL query through DuckDB", size_bytes=size_bytes, fingerprint=digest)


def typed(values: pd.Series) -> pd.Series:
    """Numbers or dates when every value is one, so that a query can add and compare them; else the text.

    Whole numbers written with leading zeros stay text: they are codes.
    """
    filled = values.dropna()
    if values.dtype != "str" or filled.empty or filled.str.match(r"0\d").any():
        return values
    read = pd.to_numeric(values, errors="coerce")
    if filled.str.fullmatch(r"\d{4}-\d\d-\d\d([ T]\d\d:\d\d(:\d\d)?)?").all():
        read = pd.to_datetime(values, format="ISO8601", errors="coerce")
    return read if read.notna().sum() == len(filled) else values


def _first_line(error: Exception, path: Path | None = None) -> str:
    line = (str(error).splitlines() or [""])[0][:160]
    return line.replace(str(path), path.name) if path else line


@dataclass(frozen=True)
class LargeParquet:
    """A Parquet file, or a folder of them, that stays where it is."""

    path: Path
    files: tuple[Path, ...]
    rows: int
    size_bytes: int
    schema: pa.Schema  # of the columns that are not nested
    nested: tuple[str, ...]  # columns left out
    signature: str  # of names, sizes, times and footers: the same when nobody has touched the files since

    @property
    def name(self) -> str:
        """File or folder name, without its ending."""
        return self.path.stem

    @property
    def slices(self) -> int:
        """Into how many parts of whole customers the rows are cut, so that each fits into memory with ease."""
        return max(1, math.ceil(self.rows / _ROWS_PER_SLICE))


def find_large(path: str | Path, large: bool | None = None) -> LargeParquet | None:
    """The Parquet behind a path when it is to be read in parts; None when it can be loaded like any file.

    Parameters:
        large: True reads any Parquet in parts, False none; by default those of more than five million rows, which the
            files' footers tell.
    Raises:
        DataError: When `large` is asked of something else than Parquet, or the files do not have the same columns.
    """
    path = Path(path).expanduser()
    if path.is_file():
        with path.open("rb") as file:
            is_parquet = file.read(4) == b"PAR1"
    else:
        is_parquet = any(path.rglob("*.parquet"))
    if large is False or not is_parquet:
        if large:
            raise DataError(f"{path.name}: only Parquet, a file or a folder of files, can be read in parts (--large).")
        return None
    found = tuple(parquet_files(path)) if path.is_dir() else (path,)
    digest, rows, first = hashlib.sha256(), 0, None
    for file in found:
        try:
            parquet = pq.ParquetFile(file)
        except (pa.ArrowException, OSError) as error:
            raise DataError(f"{file.name}: not a whole Parquet file ({_first_line(error, file)}).") from None
        rows += parquet.metadata.num_rows
        state = file.stat()
        digest.update(f"{file.name}|{state.st_size}|{state.st_mtime_ns}|{parquet.metadata.num_rows}".encode())
        schema = parquet.schema_arrow.remove_metadata()
        first = schema if first is None else first
        _require_same_columns(path, found[0].name, first.names, file.name, schema.names)
        for name in first.names:
            if schema.field(name).type != first.field(name).type:
                raise DataError(
                    f"{path.name}: column {name!r} is {first.field(name).type} in {found[0].name} and "
                    f"{schema.field(name).type} in {file.name}; write the files anew with one type."
                )
    if not large and rows <= ROWS_IN_MEMORY:
        return None
    if not rows:
        raise DataError(f"{path.name}: the files hold no rows.")
    nested = tuple(field.name for field in first if pa.types.is_nested(field.type))
    flat = pa.schema([field for field in first if field.name not in nested])
    if unique_labels(flat.names) != flat.names or len({name.lower() for name in flat.names}) < len(flat.names):
        told = "of large data every column needs a name of its own, not only in upper and lower case"
        raise DataError(f"{path.name}: {told}; found {', '.join(map(repr, flat.names))}.")
    size = sum(file.stat().st_size for file in found)
    return LargeParquet(path, found, rows, size, flat, nested, digest.hexdigest())


def _require_same_columns(path: Path, first_file: str, first, file: str, names) -> None:
    if set(names) != set(first):
        odd = f"{first_file} and {file} differ in {', '.join(sorted(map(repr, set(names) ^ set(first))))}."
        raise DataError(f"{path.name}: the files do not have the same columns; {odd}")
