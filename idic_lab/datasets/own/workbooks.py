"""Excel workbooks (.xlsx), read row by row and refused when they would unpack to an absurd size."""

from __future__ import annotations

import hashlib
import io
import warnings
import zipfile

import numpy as np
import openpyxl
import pandas as pd

from idic_lab.datasets.own.rows import Rows, unique_labels
from idic_lab.errors import DataError, UnknownName

# A sheet of a million rows by twenty columns unpacks to about 1 GB, five to thirty times its packed size. A file made
# to exhaust memory unpacks a thousandfold.
MAX_UNPACKED_BYTES = 2 * 2**30
MAX_RATIO = 150
SMALL_ENOUGH_BYTES = 50 * 2**20


def read(name: str, content: bytes, sheet: str | None = None) -> Rows:
    """Read one worksheet; its first row with two filled cells or more holds the headers.

    Parameters
    ----------
    name : str
        File name, for messages.
    content : bytes
    sheet : str, optional
        The first worksheet that has content by default.

    Raises
    ------
    DataError
        When this is no workbook, it is empty, or it would unpack to an absurd size.
    UnknownName
        When there is no such sheet.
    """
    _check_size(name, content)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # about styles and validation rules, which nothing here needs
            book = openpyxl.load_workbook(io.BytesIO(content), read_only=True, data_only=True)
            titles = [page.title for page in book.worksheets]
            if sheet is not None and sheet not in titles:
                raise UnknownName("sheet", sheet, titles)
            # What is hidden holds lists and helpers; it is read when it is asked for, or when all else is empty.
            pages = sorted(book.worksheets, key=lambda page: page.sheet_state != "visible")
            wanted = [page for page in pages if sheet in (None, page.title)]
            title, cells = next(
                ((page.title, cells) for page in wanted if (cells := _cells(page))), (sheet or "", [])
            )
    except UnknownName:
        raise
    except (
        Exception
    ) as error:  # openpyxl raises whatever its parsers meet: KeyError, BadZipFile, ParseError ...
        reason = f"{type(error).__name__}: {str(error)[:80]}"
        raise DataError(f"{name}: cannot be read as an Excel workbook ({reason}).") from None
    others = [other for other in titles if other != title]
    if len(cells) < 2:
        where = f"sheet {title!r}" if title else "the workbook"
        raise DataError(f"{name}: {where} holds no row below a header line.")
    notes = (
        [f"sheet {title!r} was read; not read: {', '.join(map(repr, others))}"]
        if others and not sheet
        else []
    )
    headers, frame, lines = _table(cells)
    return Rows(
        name=name,
        frame=frame,
        headers=headers,
        lines=lines,
        format=f"Excel workbook, sheet {title!r}",
        size_bytes=len(content),
        fingerprint=hashlib.sha256(content).hexdigest(),
        notes=notes,
    )


def _check_size(name: str, content: bytes) -> None:
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            names = archive.namelist()
            unpacked = sum(part.file_size for part in archive.infolist())
    except zipfile.BadZipFile:
        raise DataError(f"{name}: this is a damaged Excel or zip file; save it again.") from None
    if "xl/workbook.xml" not in names:
        raise DataError(f"{name}: this is a zip archive but no Excel workbook (.xlsx); unpack it first.")
    ratio = unpacked / len(content)
    if unpacked > MAX_UNPACKED_BYTES or (unpacked > SMALL_ENOUGH_BYTES and ratio > MAX_RATIO):
        raise DataError(
            f"{name}: refused, because its {len(content):,} bytes would unpack to {unpacked:,}. "
            "If it is a real table, save it as CSV or Parquet."
        )


def _cells(page) -> list[tuple[int, list]]:
    """Row number and cells of every row from the header on that is not blank."""
    page.reset_dimensions()  # some programs store a wrong size, and the stored size would be believed
    found: list[tuple[int, list]] = []
    for number, row in enumerate(page.iter_rows(values_only=True), start=1):
        cells = list(row)
        while cells and (cells[-1] is None or cells[-1] == ""):
            cells.pop()
        filled = sum(cell is not None and cell != "" for cell in cells)
        if filled > 1 or (found and filled):
            found.append((number, cells))
    return found


def _table(cells: list[tuple[int, list]]) -> tuple[list[str], pd.DataFrame, np.ndarray]:
    width = max(len(row) for _, row in cells)
    headers = ["" if cell is None else str(cell).strip() for cell in cells[0][1]]
    headers += [""] * (width - len(headers))
    padded = [row + [None] * (width - len(row)) for _, row in cells[1:]]
    columns = zip(*padded, strict=True)
    frame = pd.DataFrame(
        dict(zip(unique_labels(headers), (pd.Series(list(column)) for column in columns), strict=True))
    )
    return headers, frame, np.array([number for number, _ in cells[1:]])
