"""Parquet too large to be loaded whole: found by its row count, which stands in the files' footers."""

from __future__ import annotations

import hashlib
import math
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from idic_lab.datasets.own import files
from idic_lab.datasets.own.rows import unique_labels
from idic_lab.errors import DataError

ROWS_IN_MEMORY = 5_000_000
_ROWS_PER_SLICE = 4_000_000


@dataclass(frozen=True)
class LargeParquet:
    """A Parquet file, or a folder of them, that stays where it is.

    Attributes
    ----------
    path : Path
    files : tuple of Path
    rows : int
    size_bytes : int
    schema : pyarrow.Schema
        Of the columns that are not nested.
    nested : tuple of str
        Columns left out.
    signature : str
        Hash of names, sizes, times and footers: the same when nobody has touched the files since.
    """

    path: Path
    files: tuple[Path, ...]
    rows: int
    size_bytes: int
    schema: pa.Schema
    nested: tuple[str, ...]
    signature: str

    @property
    def name(self) -> str:
        """File or folder name, without its ending."""
        return self.path.stem

    @property
    def slices(self) -> int:
        """Into how many parts of whole customers the rows are cut, so that each fits into memory with ease."""
        return max(1, math.ceil(self.rows / _ROWS_PER_SLICE))


def find(path: str | Path, large: bool | None = None) -> LargeParquet | None:
    """The Parquet behind a path when it is to be read in parts; None when it can be loaded like any file.

    Parameters
    ----------
    path : str or Path
    large : bool, optional
        True reads any Parquet in parts, False none; by default those of more than five million rows.

    Raises
    ------
    DataError
        When `large` is asked of something else than Parquet, or the files do not have the same columns.
    """
    path = Path(path).expanduser()
    if large is False or not _is_parquet(path):
        if large:
            raise DataError(
                f"{path.name}: only Parquet, a file or a folder of files, can be read in parts (--large)."
            )
        return None
    found = tuple(files.parquet_files(path)) if path.is_dir() else (path,)
    digest, rows, first = hashlib.sha256(), 0, None
    for file in found:
        try:
            parquet = pq.ParquetFile(file)
        except (pa.ArrowException, OSError) as error:
            reason = str(error).splitlines()[0][:120].replace(str(file), file.name)
            raise DataError(f"{file.name}: not a whole Parquet file ({reason}).") from None
        rows += parquet.metadata.num_rows
        state = file.stat()
        digest.update(f"{file.name}|{state.st_size}|{state.st_mtime_ns}|{parquet.metadata.num_rows}".encode())
        schema = parquet.schema_arrow.remove_metadata()
        first = schema if first is None else first
        _require_alike(path, found[0], first, file, schema)
    if not large and rows <= ROWS_IN_MEMORY:
        return None
    if not rows:
        raise DataError(f"{path.name}: the files hold no rows.")
    nested = tuple(field.name for field in first if pa.types.is_nested(field.type))
    flat = pa.schema([field for field in first if field.name not in nested])
    _require_plain_headers(path, flat.names)
    size = sum(file.stat().st_size for file in found)
    return LargeParquet(path, found, rows, size, flat, nested, digest.hexdigest())


def _is_parquet(path: Path) -> bool:
    if path.is_dir():
        return any(path.rglob("*.parquet"))
    if not path.is_file():
        return False
    with path.open("rb") as file:
        return file.read(4) == b"PAR1"


def _require_alike(path: Path, first_file: Path, first: pa.Schema, file: Path, schema: pa.Schema) -> None:
    if set(schema.names) != set(first.names):
        odd = ", ".join(sorted(map(repr, set(schema.names) ^ set(first.names))))
        raise DataError(
            f"{path.name}: the files do not have the same columns; {first_file.name} and {file.name} differ in {odd}."
        )
    for name in first.names:
        if schema.field(name).type != first.field(name).type:
            raise DataError(
                f"{path.name}: column {name!r} is {first.field(name).type} in {first_file.name} and "
                f"{schema.field(name).type} in {file.name}; write the files anew with one type."
            )


def _require_plain_headers(path: Path, names: list[str]) -> None:
    if unique_labels(names) != names or len({name.lower() for name in names}) < len(names):
        raise DataError(
            f"{path.name}: of large data every column needs a name of its own, not only in upper and lower case; found "
            f"{', '.join(map(repr, names))}."
        )
