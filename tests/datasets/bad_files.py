"""A corpus of files as people bring them, each with what should become of it.

A file either loads, and then its rows are exactly those written beside it, or is refused in words that hold what is
written beside it. Text is given as it is typed, so that each case can be read here; binary files are made by small
functions.
"""

from __future__ import annotations

import datetime as dt
import zipfile
from collections.abc import Callable
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path

import duckdb
import openpyxl
import pyarrow as pa
import pyarrow.parquet as pq

# The day on which all files are read, so that what lies in the future does not depend on the clock.
TODAY = "2025-06-30"


@dataclass(frozen=True)
class Case:
    """One bad file.

    Attributes
    ----------
    name : str
        What is wrong with it.
    make : bytes or callable
        Its content, or a function that writes it (and what it needs) into a folder and returns its path.
    rows : list of (customer, date, amount), optional
        What it loads as, in any order.
    rejected : dict of str to int
        Rows refused, by reason.
    refused : str
        What the message of the refusal holds, when it does not load.
    file : str
        Its name, for content given as bytes.
    options : dict
        Of :func:`idic_lab.datasets.load`.
    """

    name: str
    make: bytes | Callable[[Path], Path]
    rows: list[tuple[str, str, float]] | None = None
    rejected: dict[str, int] = field(default_factory=dict)
    refused: str = ""
    file: str = "orders.csv"
    options: dict = field(default_factory=dict)

    def write(self, folder: Path) -> Path:
        """Write the file into a folder and return its path."""
        if callable(self.make):
            return self.make(folder)
        path = folder / self.file
        path.write_bytes(self.make)
        return path


def text(*lines: str, encoding: str = "utf-8", end: str = "\n") -> bytes:
    """Lines of a text file."""
    return end.join([*lines, ""]).encode(encoding)


HEADER = "customer_id,date,amount"
GOOD = "A,2024-01-31,9.50"
A = ("A", "2024-01-31", 9.5)
B = ("B", "2024-02-01", 3.0)


def workbook(fill: Callable[[openpyxl.Workbook], None]) -> Callable[[Path], Path]:
    """A workbook that a function fills."""

    def make(folder: Path) -> Path:
        book = openpyxl.Workbook()
        fill(book)
        path = folder / "orders.xlsx"
        book.save(path)
        return path

    return make


def parquet(table: pa.Table, name: str = "orders.parquet") -> Callable[[Path], Path]:
    """A Parquet file of one table."""

    def make(folder: Path) -> Path:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        pq.write_table(table, path)
        return path

    return make


def orders(customers=("A", "B"), dates=("2024-01-31", "2024-02-01"), amounts=(9.5, 3.0)) -> pa.Table:
    """Two good rows, or others."""
    return pa.table(
        {
            "customer_id": pa.array(list(customers)),
            "date": pa.array([dt.date.fromisoformat(day) for day in dates]),
            "amount": pa.array(list(amounts)),
        }
    )


# --- text: encodings --------------------------------------------------------------------------------------------------

ENCODINGS = [
    Case("UTF-8 with a byte order mark", text(HEADER, GOOD, encoding="utf-8-sig"), [A]),
    Case("UTF-16 with a byte order mark", text(HEADER, GOOD, encoding="utf-16"), [A]),
    Case("UTF-16 without one", text(HEADER, GOOD, encoding="utf-16-be"), [A]),
    Case("UTF-32", text(HEADER, GOOD, encoding="utf-32"), [A]),
    Case(
        "Windows-1252 with a euro sign",
        text("customer_id;date;amount", "Zoë;31.01.2024;9,50 €", encoding="cp1252"),
        [("Zoë", "2024-01-31", 9.5)],
    ),
    Case(
        "GB18030",
        text("客户编号,订单日期,金额", "王小明,2024年1月31日,￥12.50", encoding="gb18030"),
        [("王小明", "2024-01-31", 12.5)],
    ),
    Case(
        "one Windows-1252 letter in a UTF-8 file",
        text(HEADER, "Zoë,2024-01-31,9.50") + "Müller,2024-02-01,3\n".encode("cp1252"),
        refused="UTF-8",
    ),
    Case("Mac line ends", text(HEADER, GOOD, "B,2024-02-01,3", end="\r"), [A, B]),
    Case("line ends of three systems", b"customer_id,date,amount\r\nA,2024-01-31,9.50\rB,2024-02-01,3\n", [A, B]),
    Case("no line end after the last row", text(HEADER, GOOD).rstrip(b"\n"), [A]),
    Case("a null character", text(HEADER, "A,2024-01-31,9\0.50"), refused="line 2 holds a null character"),
    Case("UTF-16 cut in the middle of a letter", text(HEADER, GOOD, encoding="utf-16")[:-1], refused="UTF-16"),
    Case("a picture called .csv", b"\x89PNG\r\n\x1a\n" + bytes(range(256)), refused="null character"),
    Case(
        "byte order mark inside the file, from joined exports",
        text(HEADER, GOOD, encoding="utf-8-sig") + text("\ufeffB,2024-02-01,3"),
        [A, B],
    ),
]

# --- text: separators, headers, lines ---------------------------------------------------------------------------------

SHAPES = [
    Case("tabs", text(HEADER.replace(",", "\t"), GOOD.replace(",", "\t")), [A], file="orders.tsv"),
    Case("bars with blanks around", text("customer_id | date | amount", "A | 2024-01-31 | 9.50"), [A]),
    Case("sep= line as Excel writes it", text("sep=;", "customer_id;date;amount", "A;2024-01-31;9,50"), [A]),
    Case("a sep= line and nothing else", text("sep=;"), refused="nothing below the line sep=;"),
    Case(
        "decimal commas between commas",
        text(HEADER, "A,2024-01-31,9,50", "B,2024-02-01,3,00"),
        refused="decimal commas",
    ),
    Case("quoted decimal commas between commas", text(HEADER, 'A,2024-01-31,"9,50"'), [A]),
    Case(
        "three title lines above the header",
        text("Sales report,,", "Shop 12,,", ",,", HEADER, GOOD, "B,2024-02-01,3"),
        [A, B],
    ),
    Case(
        "title line of one cell above the header", text("Sales report 2024", "", HEADER, GOOD, "B,2024-02-01,3"), [A, B]
    ),
    Case(
        "a total below the rows", text(HEADER, GOOD, "B,2024-02-01,3", "Total,,12.50"), [A, B], {"a line of totals": 1}
    ),
    Case("blank lines between rows", text(HEADER, "", GOOD, "", "", "B,2024-02-01,3"), [A, B]),
    Case("header repeated in the middle", text(HEADER, GOOD, HEADER, "B,2024-02-01,3"), [A, B], {"not a date": 1}),
    Case("only a header", text(HEADER), refused="no row below it"),
    Case("no header", text(GOOD, "B,2024-02-01,3"), refused="header"),
    Case("nothing", b"", refused="0 bytes"),
    Case("only blanks", b" \n \n", refused="blanks"),
    Case("one column", text("customer_id", "A", "B"), refused="only one column"),
    Case("a header twice", text("customer_id,date,amount,amount", "A,2024-01-31,9.5,10"), refused="amount (2)"),
    Case("headers without a name", text("customer_id,date,amount,,", "A,2024-01-31,9.5,x,"), [A]),
    Case("two separators too many at the end of each row", text(HEADER, GOOD + ",,"), [A]),
    Case("headers in capitals with blanks", text(" Customer ID , DATE ,Amount ", GOOD), [A]),
    Case("no date column", text("customer_id,amount", "A,9"), refused="date"),
    Case("no customer column", text("date,amount", "2024-01-31,9"), refused="customer"),
    Case("a mistyped header", text("custmer_id,date,amount", GOOD), refused="custmer_id"),
    Case(
        "a row with too many fields",
        text(HEADER, GOOD, "B,2024-02-01,3,4,5"),
        [A],
        {"row has 5 fields, the header has 3": 1},
    ),
    Case("a row with too few fields", text(HEADER, GOOD, "B,2024-02-01"), [A], {"no amount": 1}),
    Case("a quotation mark never closed", text(HEADER, GOOD, '"B,2024-02-01,3'), refused="opened on line 3"),
    Case(
        "a quotation mark inside a name",
        text(HEADER, 'A "the shop",2024-01-31,9.50'),
        [('A "the shop"', "2024-01-31", 9.5)],
    ),
    Case("a line break inside a name", text(HEADER, '"A\nB",2024-01-31,9.50'), [("A\nB", "2024-01-31", 9.5)]),
    Case("a separator at the end of each row", text(HEADER + ",", GOOD + ","), [A]),
    Case("JSON", b'[{"customer_id": "A", "date": "2024-01-31"}]', refused="JSON"),
    Case("a web page called .csv", b"<html><table><tr><td>A</td></tr></table></html>", refused="web page"),
    Case(
        "a web page called .xls",
        b"<html><table><tr><td>A</td></tr></table></html>",
        refused="web page",
        file="orders.xls",
    ),
]

# --- text: what the cells hold ----------------------------------------------------------------------------------------

AMOUNTS = [
    Case(
        "decimal comma and points",
        text("customer_id;date;amount", "A;2024-01-31;1.234,50"),
        [("A", "2024-01-31", 1234.5)],
    ),
    Case("Swiss apostrophes", text(HEADER, "A,2024-01-31,1'234.50"), [("A", "2024-01-31", 1234.5)]),
    Case(
        "narrow blanks between thousands",
        text("customer_id;date;amount", "A;2024-01-31;1\u202f234,50"),
        [("A", "2024-01-31", 1234.5)],
    ),
    Case("brackets for a minus", text(HEADER, GOOD, "A,2024-02-01,(3.00)"), [A, ("A", "2024-02-01", -3.0)]),
    Case("a minus behind", text(HEADER, GOOD, "A,2024-02-01,3.00-"), [A, ("A", "2024-02-01", -3.0)]),
    Case("a long minus", text(HEADER, GOOD, "A,2024-02-01,−3.00"), [A, ("A", "2024-02-01", -3.0)]),
    Case("dollar signs", text(HEADER, "A,2024-01-31,$9.50"), [A]),
    Case("two currencies", text(HEADER, "A,2024-01-31,$9.50", "B,2024-02-01,€3"), refused="several currencies"),
    Case("comma and point decimals", text(HEADER, 'A,2024-01-31,"9,5"', "B,2024-02-01,3.25"), refused="decimal"),
    Case("words", text(HEADER, GOOD, "B,2024-02-01,three"), [A], {"not a number": 1}),
    Case(
        "NaN and infinity",
        text(HEADER, GOOD, "B,2024-02-01,inf", "C,2024-02-01,NaN"),
        [A],
        {"not a finite number": 1, "no amount": 1},
    ),
    Case("an amount beyond any order", text(HEADER, GOOD, "B,2024-02-01,1e300"), [A], {"number too large": 1}),
    Case(
        "an amount beyond 64 bits",
        text(HEADER, GOOD, "B,2024-02-01,99999999999999999999999"),
        [A],
        {"number too large": 1},
    ),
    Case("scientific notation", text(HEADER, "A,2024-01-31,9.5E0"), [A]),
    Case("an amount in hexadecimal", text(HEADER, GOOD, "B,2024-02-01,0x1F"), [A], {"not a number": 1}),
    Case("percent signs", text(HEADER, GOOD, "B,2024-02-01,19%"), [A], {"not a number": 1}),
    Case(
        "spreadsheet errors",
        text(HEADER, GOOD, "B,2024-02-01,#REF!", "C,#N/A,4"),
        [A],
        {"not a number": 1, "no date": 1},
    ),
    Case("all returns", text(HEADER, "A,2024-01-31,-9.50"), [("A", "2024-01-31", -9.5)]),
    Case("zeros", text(HEADER, "A,2024-01-31,0"), [("A", "2024-01-31", 0.0)]),
    Case("full-width digits", text(HEADER, "A,2024-01-31,９.５０"), [A]),
    Case(
        "a formula as an amount",
        text(HEADER, GOOD, 'B,2024-02-01,"=HYPERLINK(""http://x"")"'),
        [A],
        {"not a number": 1},
    ),
]

DATES = [
    Case("day first", text(HEADER, "A,31/01/2024,9.50", "B,01/02/2024,3"), [A, B]),
    Case("month first", text(HEADER, "A,01/31/2024,9.50", "B,02/01/2024,3"), [A, B]),
    Case("both orders in one column", text(HEADER, "A,31/01/2024,9.50", "B,02/28/2024,3"), refused="day"),
    Case("two-digit years", text(HEADER, "A,31.01.24,9.50"), [A]),
    Case("Chinese month names", text(HEADER, "A,2024年1月31日,9.50"), [A]),
    Case("French month names", text(HEADER, GOOD, "B,1 février 2024,3"), [A, B]),
    Case("Finnish month names", text(HEADER, GOOD, "B,1 marraskuu 2023,3"), [A], {"not a date": 1}),
    Case("German month names", text(HEADER, "A,31. Januar 2024,9.50"), [A]),
    Case("English month names", text(HEADER, 'A,"Jan 31, 2024",9.50'), [A]),
    Case("spreadsheet serial days", text(HEADER, "A,45322,9.50"), [A]),
    Case("seconds since 1970", text(HEADER, "A,1706659200,9.50"), [A]),
    Case("a day that does not exist", text(HEADER, GOOD, "B,2024-02-30,3"), [A], {"not a date": 1}),
    Case("29 February in a common year", text(HEADER, GOOD, "B,2023-02-29,3"), [A], {"not a date": 1}),
    Case("a date in the future", text(HEADER, GOOD, "B,2031-02-01,3"), [A], {"date in the future": 1}),
    Case("year 9999 for never", text(HEADER, GOOD, "B,9999-12-31,3"), [A], {"date in the future": 1}),
    Case("year 1 and year 1899", text(HEADER, GOOD, "B,0001-01-01,3", "C,1899-12-31,3"), [A], {"date before 1900": 2}),
    Case("a negative date", text(HEADER, GOOD, "B,-2024-02-01,3"), [A], {"not a date": 1}),
    Case("times with zones", text(HEADER, "A,2024-01-31T23:30:00+02:00,9.50"), [A]),
    Case("midnight written 24:00", text(HEADER, "A,2024-01-31 24:00,9.50"), [A]),
    Case("one day only", text(HEADER, GOOD, "B,2024-01-31,3"), [A, ("B", "2024-01-31", 3.0)]),
    Case("zeros for a missing date", text(HEADER, GOOD, "B,0000-00-00,3"), [A], {"not a date": 1}),
]

CUSTOMERS = [
    Case("one customer", text(HEADER, GOOD), [A]),
    Case("emoji", text(HEADER, "🦄,2024-01-31,9.50"), [("🦄", "2024-01-31", 9.5)]),
    Case("leading zeros", text(HEADER, "007,2024-01-31,9.50"), [("007", "2024-01-31", 9.5)]),
    Case(
        "numbers beyond 64 bits",
        text(HEADER, "123456789012345678901234567890,2024-01-31,9.50"),
        [("123456789012345678901234567890", "2024-01-31", 9.5)],
    ),
    Case("blanks around", text(HEADER, " A ,2024-01-31,9.50"), [A]),
    Case(
        "no customer",
        text(HEADER, GOOD, ",2024-02-01,3", "   ,2024-02-01,3", "NULL,2024-02-01,3"),
        [A],
        {"no customer": 3},
    ),
    Case(
        "letters that differ in case only stay two customers",
        text(HEADER, "a,2024-01-31,9.50", GOOD),
        [("a", "2024-01-31", 9.5), A],
    ),
    Case("a number stored as 17850.0", text(HEADER, "17850.0,2024-01-31,9.50"), [("17850", "2024-01-31", 9.5)]),
    Case("a formula as a customer", text(HEADER, "=1+1,2024-01-31,9.50"), [("=1+1", "2024-01-31", 9.5)]),
    Case(
        "a command as a customer",
        text(HEADER, "@SUM(A1),2024-01-31,9.50", "+cmd|' /C calc'!A0,2024-01-31,3"),
        [("@SUM(A1)", "2024-01-31", 9.5), ("+cmd|' /C calc'!A0", "2024-01-31", 3.0)],
    ),
    Case(
        "markup as a customer",
        text(HEADER, "<script>alert(1)</script>,2024-01-31,9.50"),
        [("<script>alert(1)</script>", "2024-01-31", 9.5)],
    ),
    Case(
        "a very long customer", text(HEADER, "x" * 100_000 + ",2024-01-31,9.50"), [("x" * 100_000, "2024-01-31", 9.5)]
    ),
    Case("text written right to left", text(HEADER, "دانا,2024-01-31,9.50"), [("دانا", "2024-01-31", 9.5)]),
    Case(
        "letters composed in two ways are one customer",
        text(HEADER, "Zoe\u0308,2024-01-31,9.50", "Zo\u00eb,2024-02-01,3"),
        [("Zoë", "2024-01-31", 9.5), ("Zoë", "2024-02-01", 3.0)],
    ),
    Case("every row twice", text(HEADER, GOOD, GOOD), [A, A]),
]


# --- workbooks --------------------------------------------------------------------------------------------------------


def _rows(*rows):
    def fill(book):
        for row in rows:
            book.active.append(list(row))

    return workbook(fill)


def _formulas(book):
    book.active.append(["customer_id", "date", "amount"])
    book.active.append(["A", dt.datetime(2024, 1, 31), 9.5])
    book.active.append(["B", dt.datetime(2024, 2, 1), "=1+2"])


def _merged(book):
    book.active.append(["Sales report", None, None])
    book.active.merge_cells("A1:C1")
    book.active.append(["customer_id", "date", "amount"])
    book.active.append(["A", dt.datetime(2024, 1, 31), 9.5])


def _hidden_first(book):
    book.active.title = "lists"
    book.active.append(["a", "b", "c"])
    book.active.append([1, 2, 3])
    book.active.sheet_state = "hidden"
    page = book.create_sheet("orders")
    page.append(["customer_id", "date", "amount"])
    page.append(["A", dt.datetime(2024, 1, 31), 9.5])


def _bomb(folder: Path) -> Path:
    path = folder / "orders.xlsx"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/workbook.xml", "<workbook/>")
        archive.writestr("xl/worksheets/sheet1.xml", b" " * (64 * 2**20))
    return path


def _entities(folder: Path) -> Path:
    """An entity that doubles itself thirty times, in the sheet of a workbook that is otherwise whole."""
    path = _rows(["customer_id", "date", "amount"], ["A", dt.datetime(2024, 1, 31), 9.5])(folder)
    entities = "".join(f'<!ENTITY e{n} "&e{n - 1};&e{n - 1};">' for n in range(1, 31))
    bomb = f'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY e0 "aaaaaaaaaa">{entities}]><worksheet>&e30;</worksheet>'
    return _with_part(path, "xl/worksheets/sheet1.xml", bomb)


def _lying_size(folder: Path) -> Path:
    """A sheet that says it has a million columns."""
    path = _rows(["customer_id", "date", "amount"], ["A", dt.datetime(2024, 1, 31), 9.5])(folder)
    with zipfile.ZipFile(path) as archive:
        sheet = archive.read("xl/worksheets/sheet1.xml").decode()
    return _with_part(path, "xl/worksheets/sheet1.xml", sheet.replace('ref="A1:C2"', 'ref="A1:XFD1048576"'))


def _with_part(path: Path, part: str, content: str) -> Path:
    with zipfile.ZipFile(path) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, held in (parts | {part: content.encode()}).items():
            archive.writestr(name, held)
    return path


def _half(make: Callable[[Path], Path]) -> Callable[[Path], Path]:
    """The first half of a file."""

    def cut(folder: Path) -> Path:
        path = make(folder)
        content = path.read_bytes()
        path.write_bytes(content[: len(content) // 2])
        return path

    return cut


_PLAIN = _rows(["customer_id", "date", "amount"], ["A", dt.datetime(2024, 1, 31), 9.5])


def _zip(folder: Path) -> Path:
    path = folder / "orders.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("orders.csv", text(HEADER, GOOD))
    return path


WORKBOOKS = [
    Case("a plain workbook", _PLAIN, [A]),
    Case("a workbook cut in half", _half(_PLAIN), refused="damaged"),
    Case("an empty workbook", workbook(lambda book: None), refused="no row below"),
    Case("a header alone", _rows(["customer_id", "date", "amount"]), refused="no row below"),
    Case("formulas never computed", workbook(_formulas), [A], {"no amount": 1}),
    Case("a merged title above the header", workbook(_merged), [A]),
    Case("a hidden sheet first", workbook(_hidden_first), [A]),
    Case("a bomb that unpacks to 64 MB", _bomb, refused="would unpack"),
    Case("a bomb of entities", _entities, refused="no row below"),
    Case("a sheet that lies about its size", _lying_size, [A]),
    Case(
        "dates as text and as dates",
        _rows(["customer_id", "date", "amount"], ["A", dt.datetime(2024, 1, 31), 9.5], ["B", "2024-02-01", 3]),
        [A, B],
    ),
    Case(
        "numbers as text and as numbers",
        _rows(
            ["customer_id", "date", "amount"],
            ["A", dt.datetime(2024, 1, 31), "9.50"],
            [17850, dt.datetime(2024, 2, 1), 3],
        ),
        [A, ("17850", "2024-02-01", 3.0)],
    ),
    Case(
        "errors in cells",
        _rows(
            ["customer_id", "date", "amount"],
            ["A", dt.datetime(2024, 1, 31), 9.5],
            ["B", dt.datetime(2024, 2, 1), "#DIV/0!"],
        ),
        [A],
        {"no amount": 1},
    ),
    Case("a zip archive of a table", _zip, [A]),
    Case("an old workbook", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", refused="damaged", file="orders.xls"),
    Case("text called .xlsx", text(HEADER, GOOD), refused="not a .xlsx file", file="orders.xlsx"),
]


# --- Parquet, databases, queries, odd places --------------------------------------------------------------------------


def _mismatched_folder(folder: Path) -> Path:
    parquet(orders(), "big/1.parquet")(folder)
    parquet(orders().rename_columns(["customer_id", "day", "amount"]), "big/2.parquet")(folder)
    return folder / "big"


def _hive_folder(folder: Path) -> Path:
    for year, rows in ((2024, orders()), (2023, orders(("C",), ("2023-05-01",), (4.0,)))):
        parquet(rows, f"big/year={year}/part-0.parquet")(folder)
    (folder / "big" / "_SUCCESS").touch()
    return folder / "big"


def _folder_of_csv(folder: Path) -> Path:
    (folder / "big").mkdir()
    (folder / "big" / "1.csv").write_bytes(text(HEADER, GOOD))
    return folder / "big"


def _two_in_a_folder(folder: Path) -> Path:
    _folder_of_csv(folder)
    (folder / "big" / "2.csv").write_bytes(text(HEADER, GOOD))
    return folder / "big"


def _half_in_a_folder(folder: Path) -> Path:
    parquet(orders(), "big/1.parquet")(folder)
    _half(parquet(orders(), "big/2.parquet"))(folder)
    return folder / "big"


def _folder_named_like_a_file(folder: Path) -> Path:
    (folder / "orders.csv").mkdir()
    return folder / "orders.csv"


def _link(folder: Path) -> Path:
    (folder / "real.csv").write_bytes(text(HEADER, GOOD))
    (folder / "orders.csv").symlink_to(folder / "real.csv")
    return folder / "orders.csv"


def _broken_link(folder: Path) -> Path:
    (folder / "orders.csv").symlink_to(folder / "gone.csv")
    return folder / "orders.csv"


def _pipe(folder: Path) -> Path:
    import os

    os.mkfifo(folder / "orders.csv")
    return folder / "orders.csv"


def _database(*statements: str) -> Callable[[Path], Path]:
    def make(folder: Path) -> Path:
        path = folder / "orders.duckdb"
        with duckdb.connect(str(path)) as connection:
            for statement in statements:
                connection.execute(statement)
        return path

    return make


_ROW = "SELECT 'A' AS customer_id, DATE '2024-01-31' AS date, 9.5 AS amount"

OTHERS = [
    Case("Parquet", parquet(orders()), [A, B]),
    Case("Parquet cut in half", _half(parquet(orders())), refused="not a whole Parquet file"),
    Case("Parquet without rows", parquet(orders((), (), ()).cast(orders().schema)), refused="no row"),
    Case(
        "decimals, dictionaries and large text",
        parquet(
            pa.table(
                {
                    "customer_id": pa.array(["A", "B"]).dictionary_encode(),
                    "date": pa.array([dt.date(2024, 1, 31), dt.date(2024, 2, 1)], pa.date64()),
                    "amount": pa.array([Decimal("9.50"), Decimal("3.00")], pa.decimal128(12, 2)),
                }
            )
        ),
        [A, B],
    ),
    Case(
        "lists and records beside the columns",
        parquet(
            orders().append_column("tags", pa.array([["x"], ["y"]])).append_column("more", pa.array([{"a": 1}] * 2))
        ),
        [A, B],
    ),
    Case(
        "nulls, infinities and a customer number beyond 32 bits",
        parquet(
            pa.table(
                {
                    "customer_id": pa.array([9_007_199_254_740_993, None, 3, 4], pa.int64()),
                    "date": pa.array([dt.date(2024, 1, 31), dt.date(2024, 2, 1), None, dt.date(2024, 2, 1)]),
                    "amount": pa.array([9.5, 3.0, 3.0, float("inf")]),
                }
            )
        ),
        [("9007199254740993", "2024-01-31", 9.5)],
        {"no customer": 1, "no date": 1, "not a finite number": 1},
    ),
    Case(
        "a customer column of lists",
        parquet(orders().set_column(0, "customer_id", pa.array([["A"], ["B"]]))),
        refused="nested columns left out: customer_id",
    ),
    Case("a folder whose files differ", _mismatched_folder, refused="same columns"),
    Case("a folder partitioned by year", _hive_folder, [A, B, ("C", "2023-05-01", 4.0)]),
    Case("a folder of one CSV file", _folder_of_csv, [A]),
    Case("a folder of two that are the same table", _two_in_a_folder, refused="both look like the table transactions"),
    Case("a folder with half a file in it", _half_in_a_folder, refused="2.parquet"),
    Case("a database of one table", _database(f"CREATE TABLE o AS {_ROW}"), [A]),
    Case(
        "a database of two",
        _database(f"CREATE TABLE o AS {_ROW}", f"CREATE TABLE p AS {_ROW}"),
        refused="its tables: o, p",
    ),
    Case("an empty database", _database(), refused="say which data"),
    Case("a query", text(_ROW), [A], file="orders.sql"),
    Case("a query that would write", text("CREATE TABLE o AS SELECT 1"), refused="one SELECT", file="orders.sql"),
    Case("two queries at once", text("SELECT 1; SELECT 2"), refused="one SELECT", file="orders.sql"),
    Case(
        "a query that would write a file", text("COPY (SELECT 1) TO 'o.csv'"), refused="one SELECT", file="orders.sql"
    ),
    Case("a query with a mistake", text("SELEC 1"), refused="cannot be run", file="orders.sql"),
    Case(
        "a query for a web address",
        text("SELECT * FROM 'https://example.org/o.parquet'"),
        refused="cannot be run",
        file="orders.sql",
    ),
    Case("a folder called orders.csv", _folder_named_like_a_file, refused="no .parquet files"),
    Case("a link", _link, [A]),
    Case("a link to nowhere", _broken_link, refused="a link to a file that is not there"),
    Case("a pipe", _pipe, refused="not an ordinary file"),
    Case("a file of gzip cut short", b"\x1f\x8b\x08\x00", refused="damaged or cut short"),
    Case("a pickled object", b"\x80\x04\x95\x00", refused="never opened"),
    Case("a PDF", b"%PDF-1.7 ...", refused="PDF"),
    Case("an SQLite database", b"SQLite format 3\x00", refused="SQLite"),
]

GROUPS = {
    "encodings": ENCODINGS,
    "shapes": SHAPES,
    "amounts": AMOUNTS,
    "dates": DATES,
    "customers": CUSTOMERS,
    "workbooks": WORKBOOKS,
    "others": OTHERS,
}
CASES = [case for cases in GROUPS.values() for case in cases]
