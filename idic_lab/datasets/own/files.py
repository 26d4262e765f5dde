"""Reading any file to rows, each with its place in the file; nothing is interpreted yet.

What kind of file it is, its first bytes decide; its name is believed only for SQL.
"""

import datetime
import gzip
import hashlib
import io
import re
import tempfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import BinaryIO

import numpy as np
import pandas as pd

from idic_lab.datasets.own import Rows, engine, text_files, unique_labels
from idic_lab.errors import DataError, MissingPackage, UnknownName, existing, needs_extra, option

# First bytes of files that people bring by mistake, with what to do instead.
_REFUSED = {
    b"BZh": "compressed with bzip2; unpack it first",
    b"7z\xbc\xaf": "a 7z archive; unpack it first",
    b"%PDF": "a PDF document; export the table as CSV or Excel",
    b"SQLite format 3": "an SQLite database; export the table as CSV",
    b"\x80\x04\x95": "a pickled Python object, which is never opened because opening one can run code",
    b"\x80\x05\x95": "a pickled Python object, which is never opened because opening one can run code",
}
_WORKBOOKS = {b"PK\x03\x04": "xlsx", b"\xd0\xcf\x11\xe0": "xls"}
_GZIP = b"\x1f\x8b"
# What is looked for in a zip archive by its ending; queries are not, because they would be run.
_TABLES = re.compile(r".+\.(csv|tsv|txt|dat|tab|xls[xmb]?|ods|parquet|pq|duckdb|db)", re.IGNORECASE)
# A sheet of a million rows by twenty columns unpacks to about 1 GB, five to thirty times its packed size. A file made
# to exhaust memory unpacks a thousandfold.
MAX_UNPACKED_BYTES = 2 * 2**30
MAX_RATIO = 150
SMALL_ENOUGH_BYTES = 50 * 2**20


def read(path: str | Path, **reading: str | None) -> Rows:
    """Read a file, a folder of Parquet files or a query to rows; what is packed is unpacked for the moment of reading.

    Parameters:
        **reading: sheet, sql, encoding and separator, as for :func:`idic_lab.datasets.load`.
    Raises:
        DataError: When there is no such file, it is empty, or it cannot be read; the message names the file.
    """
    path = Path(path).expanduser()
    try:
        return _read(path, **reading)
    except PermissionError:
        raise DataError(f"{path.name}: this file may not be read; change its permissions or copy it.") from None
    except OSError as error:
        raise DataError(f"{path.name}: cannot be read ({error.strerror or type(error).__name__}).") from None


def _read(path: Path, sql: str | None = None, **reading: str | None) -> Rows:
    if path.is_symlink() and not path.exists():
        raise DataError(f"{path.name}: this is a link to a file that is not there.")
    existing(path)
    if path.is_dir():
        files = engine.parquet_files(path)
        return engine.over_parquet(path, files, sql) if sql else engine.folder(path, files)
    if not path.is_file():
        raise DataError(f"{path.name}: not an ordinary file.")
    with path.open("rb") as file:
        head = file.read(16)
    if head.startswith(_GZIP):
        opened = gzip.open
    elif path.suffix.lower() == ".zip" and head.startswith(b"PK"):
        opened = _only_table
    else:
        return _of_file(path, sql, **reading)
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        inside = Path(folder) / path.name  # under the name given, which messages and the card then say
        _unpack(path, opened, inside)
        rows = _of_file(inside, sql, **reading)
    packed = "gzip" if opened is gzip.open else "a zip archive"
    return replace(rows, format=f"{rows.format}, unpacked from {packed}", size_bytes=path.stat().st_size)


def _unpack(path: Path, opened: Callable[[Path], BinaryIO], inside: Path) -> None:
    """Write what is packed to a place of its own, as long as it may be a table: what an archive says of its size is not believed."""
    size = path.stat().st_size
    most = min(MAX_UNPACKED_BYTES, max(SMALL_ENOUGH_BYTES, MAX_RATIO * size))
    try:
        with opened(path) as packed, inside.open("wb") as file:
            while part := packed.read(2**20):
                file.write(part)
                if file.tell() > most:
                    told = f"refused, because its {size:,} bytes would unpack to more than {most:,}"
                    raise DataError(f"{path.name}: {told}. If it is a real table, unpack it first.")
    except (zipfile.BadZipFile, gzip.BadGzipFile, zlib.error, EOFError):
        raise DataError(f"{path.name}: this archive is damaged or cut short; fetch or save it again.") from None
    except (RuntimeError, NotImplementedError) as error:  # a password, or an unknown way of packing
        raise DataError(f"{path.name}: cannot be unpacked here ({error}); unpack it first.") from None


@contextmanager
def _only_table(path: Path) -> Iterator[BinaryIO]:
    """The one table in a zip archive, opened."""
    with zipfile.ZipFile(path) as archive:
        files = [name for name in archive.namelist() if not name.endswith("/")]
        hidden = [name for name in files if name.startswith("__MACOSX/") or Path(name).name.startswith(".")]
        found = [name for name in files if _TABLES.fullmatch(name) and name not in hidden]
        if len(found) != 1:
            shown = ", ".join(map(repr, (found or files)[:8])) + (" …" if len(found or files) > 8 else "")
            told = f"no table that can be read, only {shown or 'nothing'}."
            if found:
                told = f"{len(found)} files that may be tables, {shown}; unpack one and load that, or all and load the folder."
            raise DataError(f"{path.name}: this archive holds {told}")
        with archive.open(found[0]) as packed:
            yield packed


def _of_file(path: Path, sql: str | None, sheet: str | None = None, **of_text: str | None) -> Rows:
    with path.open("rb") as file:
        head = file.read(16)
    if not head:
        raise DataError(f"{path.name}: the file is empty (0 bytes).")
    kind = _kind(path, head)
    if sheet is not None and kind not in _WORKBOOKS.values():
        raise DataError(f"{path.name}: {option('sheet', sheet)} was asked for, but this is no workbook.")
    if kind == "database":
        return engine.over_database(path, sql)
    if kind == "query":
        return engine.from_file(path)
    if kind == "parquet":
        return engine.over_parquet(path, [path], sql) if sql else engine.parquet(path)
    content = path.read_bytes()
    if kind in _WORKBOOKS.values():
        rows = workbook(path.name, content, sheet)
    else:
        rows = text_files.read(path.name, content, **of_text)
    return engine.over_rows(rows, sql) if sql else rows


def _kind(path: Path, head: bytes) -> str:
    for magic, advice in _REFUSED.items():
        if head.startswith(magic):
            raise DataError(f"{path.name}: this is {advice}.")
    if head[:4] in _WORKBOOKS:
        return _WORKBOOKS[head[:4]]
    if head.startswith(b"PAR1"):
        return "parquet"
    if head[8:12] == b"DUCK":
        return "database"
    if path.suffix.lower() == ".sql":
        return "query"
    if path.suffix.lower() in (".parquet", ".xlsx", ".xlsm", ".xlsb", ".ods", ".duckdb"):
        told = f"this is not a {path.suffix} file, whatever its name says"
        raise DataError(f"{path.name}: {told}; it begins with {head[:8]!r}.")
    return "text"


def workbook(name: str, content: bytes, sheet: str | None = None) -> Rows:
    """Read one worksheet, by default the first with content; its first row with two filled cells or more holds the headers."""
    try:
        python_calamine = needs_extra("python_calamine", "files")
    except MissingPackage as missing:
        raise MissingPackage(f"{name}: {missing}, or save the sheet as CSV.") from None
    if content.startswith(b"PK"):
        _check_size(name, content)
    try:
        book = python_calamine.CalamineWorkbook.from_filelike(io.BytesIO(content))
        # What is hidden holds lists and helpers; it is read when it is asked for, or when all else is empty.
        pages = sorted(book.sheets_metadata, key=lambda page: not str(page.visible).endswith(".Visible"))
        titles = [page.name for page in pages if str(page.typ).endswith(".WorkSheet")]
        if sheet is not None and sheet not in titles:
            raise UnknownName("sheet", sheet, titles)
        read = ((title, _cells(book.get_sheet_by_name(title))) for title in titles if sheet in (None, title))
        title, cells = next(((title, cells) for title, cells in read if cells), (sheet or "", []))
    except python_calamine.PasswordError:
        raise DataError(f"{name}: this workbook has a password; save it without.") from None
    except UnknownName:
        raise
    except BaseException as error:  # whatever a damaged file makes the reader do, a panic included
        if isinstance(error, (KeyboardInterrupt, SystemExit, MemoryError)):
            raise
        raise DataError(f"{name}: cannot be read as a workbook; is it damaged? ({str(error)[:80]})") from None
    others = [other for other in titles if other != title]
    if len(cells) < 2:
        where = f"sheet {title!r}" if title else "the workbook"
        raise DataError(f"{name}: {where} holds no row below a header line.")
    notes = []
    if others and not sheet:
        how = f"(to read it: {option('sheet', others[0])})"
        notes.append(f"sheet {title!r} was read; not read: {', '.join(map(repr, others))} {how}")
    headers, frame = _table([row for _, row in cells])
    lines, digest = np.array([number for number, _ in cells[1:]]), hashlib.sha256(content).hexdigest()
    return Rows(name, frame, headers, lines, f"workbook, sheet {title!r}", len(content), digest, notes=notes)


def _check_size(name: str, content: bytes) -> None:
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            names, unpacked = archive.namelist(), sum(part.file_size for part in archive.infolist())
    except zipfile.BadZipFile:
        raise DataError(f"{name}: this is a damaged Excel or zip file; save it again.") from None
    if not {"xl/workbook.xml", "xl/workbook.bin", "content.xml"} & set(names):
        raise DataError(f"{name}: this is a zip archive but no Excel workbook (.xlsx); unpack it first.")
    ratio = unpacked / len(content)
    if unpacked > MAX_UNPACKED_BYTES or (unpacked > SMALL_ENOUGH_BYTES and ratio > MAX_RATIO):
        told = f"refused, because its {len(content):,} bytes would unpack to {unpacked:,}"
        raise DataError(f"{name}: {told}. If it is a real table, save it as CSV or Parquet.")


def _cells(page) -> list[tuple[int, list]]:
    """Row number and cells of every row from the header on that is not blank; what is merged downwards stands in each row."""
    rows = [[None if cell == "" else cell for cell in row] for row in page.to_python(skip_empty_area=False)]
    for (top, left), (bottom, _) in page.merged_cell_ranges or ():
        for row in rows[top + 1 : bottom + 1]:
            if not isinstance(rows[top][left], float):  # an amount of several rows is theirs together, once
                row[left] = rows[top][left]
    found: list[tuple[int, list]] = []
    for number, row in enumerate(rows, start=1):
        filled = sum(cell is not None for cell in row)
        if filled > 1 or (found and filled):
            found.append((number, row))
    return found


def _table(cells: list[list]) -> tuple[list[str], pd.DataFrame]:
    width = max(max((place for place, cell in enumerate(row, start=1) if cell is not None), default=0) for row in cells)
    headers = ["" if cell is None else str(cell).strip() for cell in cells[0][:width]]
    columns = {}
    for label, column in zip(unique_labels(headers), zip(*cells[1:], strict=True), strict=False):
        values = pd.Series(list(column), dtype=object)
        kinds = {type(cell) for cell in column if cell is not None}
        if kinds and kinds <= {datetime.date, datetime.datetime}:
            values = pd.Series(pd.to_datetime(values), dtype="datetime64[us]")
        elif kinds in ({float}, {str}):
            values = values.astype("float64" if float in kinds else "str")
        columns[label] = values
    return headers, pd.DataFrame(columns)
