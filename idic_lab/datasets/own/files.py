"""Reading any file to rows, each with its place in the file; nothing is interpreted yet.

What kind of file it is, its first bytes decide; its name is believed only for SQL. Text files are read in
:mod:`idic_lab.datasets.own.text_files`, workbooks in :mod:`idic_lab.datasets.own.workbooks`, databases and queries in
:mod:`idic_lab.datasets.own.queries`.
"""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from idic_lab.datasets.own import queries, text_files, workbooks
from idic_lab.datasets.own.rows import Rows, unique_labels
from idic_lab.errors import DataError, existing

# First bytes of files that people bring by mistake, with what to do instead.
_REFUSED = {
    b"\xd0\xcf\x11\xe0": "an old Excel file (.xls) or one with a password; save it as .xlsx without a password",
    b"\x1f\x8b": "compressed with gzip; unpack it first",
    b"BZh": "compressed with bzip2; unpack it first",
    b"7z\xbc\xaf": "a 7z archive; unpack it first",
    b"%PDF": "a PDF document; export the table as CSV or Excel",
    b"SQLite format 3": "an SQLite database; export the table as CSV",
    b"\x80\x04\x95": "a pickled Python object, which is never opened because opening one can run code",
    b"\x80\x05\x95": "a pickled Python object, which is never opened because opening one can run code",
}
# Integers are read with room for missing values: as floats, long customer numbers would lose their last digits.
_INTEGERS = {
    pa.int8(): pd.Int8Dtype(),
    pa.int16(): pd.Int16Dtype(),
    pa.int32(): pd.Int32Dtype(),
    pa.int64(): pd.Int64Dtype(),
    pa.uint8(): pd.UInt8Dtype(),
    pa.uint16(): pd.UInt16Dtype(),
    pa.uint32(): pd.UInt32Dtype(),
    pa.uint64(): pd.UInt64Dtype(),
}


def read(
    path: str | Path,
    *,
    sheet: str | None = None,
    sql: str | None = None,
    encoding: str | None = None,
    separator: str | None = None,
) -> Rows:
    """Read a file, a folder of Parquet files or a query to rows.

    Parameters
    ----------
    path : str or Path
        CSV or other separated text, ``.xlsx``, Parquet, a folder of Parquet files, a DuckDB database, or a ``.sql``
        file that holds a query.
    sheet : str, optional
        Worksheet to read; the first one with content by default.
    sql : str, optional
        A DuckDB query; the file is the table ``data`` in it, or the database it is put to.
    encoding, separator : str, optional
        Of a text file; found out by default.

    Raises
    ------
    DataError
        When there is no such file, it is empty, or it cannot be read; the message names the file.
    """
    path = Path(path).expanduser()
    try:
        return _read(path, sheet, sql, encoding, separator)
    except PermissionError:
        raise DataError(
            f"{path.name}: this file may not be read; change its permissions or copy it."
        ) from None
    except OSError as error:
        raise DataError(f"{path.name}: cannot be read ({error.strerror or type(error).__name__}).") from None


def _read(
    path: Path, sheet: str | None, sql: str | None, encoding: str | None, separator: str | None
) -> Rows:
    if path.is_symlink() and not path.exists():
        raise DataError(f"{path.name}: this is a link to a file that is not there.")
    existing(path)
    if path.is_dir():
        return queries.over_parquet(path, parquet_files(path), sql) if sql else _folder(path)
    if not path.is_file():
        raise DataError(f"{path.name}: not an ordinary file.")
    with path.open("rb") as file:
        head = file.read(16)
    if not head:
        raise DataError(f"{path.name}: the file is empty (0 bytes).")
    kind = _kind(path, head)
    if sheet is not None and kind != "workbook":
        raise DataError(f"{path.name}: sheet={sheet!r} was asked for, but this is no Excel file.")
    if kind == "database":
        return queries.over_database(path, sql)
    if kind == "query":
        return queries.from_file(path)
    if kind == "parquet":
        return queries.over_parquet(path, [path], sql) if sql else _parquet(path)
    content = path.read_bytes()
    if kind == "workbook":
        rows = workbooks.read(path.name, content, sheet)
    else:
        rows = text_files.read(path.name, content, encoding, separator)
    return queries.over_rows(rows, sql) if sql else rows


def _kind(path: Path, head: bytes) -> str:
    for magic, advice in _REFUSED.items():
        if head.startswith(magic):
            raise DataError(f"{path.name}: this is {advice}.")
    if head.startswith(b"PK\x03\x04"):
        return "workbook"
    if head.startswith(b"PAR1"):
        return "parquet"
    if head[8:12] == b"DUCK":
        return "database"
    if path.suffix.lower() == ".sql":
        return "query"
    if path.suffix.lower() in (".parquet", ".xlsx", ".xlsm", ".duckdb"):
        raise DataError(
            f"{path.name}: this is not a {path.suffix} file, whatever its name says; it begins with {head[:8]!r}."
        )
    return "text"


def parquet_files(folder: Path) -> list[Path]:
    """The Parquet files below a folder in order; Spark's and others' hidden files (``_SUCCESS``, ``.crc``) aside."""
    files = sorted(path for path in folder.rglob("*.parquet") if not path.name.startswith(("_", ".")))
    files = [path for path in files if path.is_file()]
    if not files:
        raise DataError(f"{folder.name}: this folder holds no .parquet files.")
    return files


def _folder(folder: Path) -> Rows:
    parts = [_parquet(path) for path in parquet_files(folder)]
    first = parts[0]
    for part in parts[1:]:
        if set(part.frame.columns) != set(first.frame.columns):
            odd = set(part.frame.columns) ^ set(first.frame.columns)
            raise DataError(
                f"{folder.name}: the files do not have the same columns; {first.name} and {part.name} differ in "
                f"{', '.join(sorted(map(repr, odd)))}."
            )
    digest = hashlib.sha256("".join(part.fingerprint for part in parts).encode()).hexdigest()
    return Rows(
        name=folder.name,
        frame=pd.concat([part.frame for part in parts], ignore_index=True),
        headers=first.headers,
        lines=np.concatenate([part.lines for part in parts]),
        sources=np.repeat([part.name for part in parts], [len(part.frame) for part in parts]),
        format=f"folder of {len(parts)} Parquet files",
        size_bytes=sum(part.size_bytes for part in parts),
        fingerprint=digest,
        notes=list(dict.fromkeys(note for part in parts for note in part.notes)),
    )


def _parquet(path: Path) -> Rows:
    try:
        schema = pq.read_schema(path)
        flat = [field.name for field in schema if not pa.types.is_nested(field.type)]
        table = pq.ParquetFile(path).read(columns=flat)
        frame = table.to_pandas(types_mapper=_INTEGERS.get, ignore_metadata=True)
    except (pa.ArrowException, OSError, ValueError, OverflowError) as error:
        reason = str(error).splitlines()[0][:120].replace(str(path), path.name)
        raise DataError(f"{path.name}: not a whole Parquet file ({reason}).") from None
    nested = [field.name for field in schema if pa.types.is_nested(field.type)]
    headers = list(map(str, frame.columns))
    frame.columns = unique_labels(headers)
    return Rows(
        name=path.name,
        frame=frame,
        headers=headers,
        lines=np.arange(2, len(frame) + 2),
        format="Parquet",
        size_bytes=path.stat().st_size,
        fingerprint=file_fingerprint(path),
        notes=[f"nested columns left out: {', '.join(nested)}"] if nested else [],
    )


def file_fingerprint(path: Path) -> str:
    """SHA-256 of a file's content."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
