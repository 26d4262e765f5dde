"""Every kind of file that people bring is read, or refused in words that help."""

import datetime
import gzip
import io
import os
import zipfile

import duckdb
import openpyxl
import pandas as pd
import pytest

from idic_lab import datasets
from idic_lab.errors import DataError, UnknownName

HEADER = "customer_id,date,amount\n"
TEXT = "customer_id,date,amount\nMüller,2024-01-31,9.50\nZoë,2024-02-01,3\n"


@pytest.fixture
def orders() -> pd.DataFrame:
    day = pd.to_datetime(["2024-01-31 10:00", "2024-02-01 11:00"])
    return pd.DataFrame({"customer_id": ["A", None], "date": day, "amount": [9.5, 3.0]})


@pytest.mark.parametrize(
    "encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "cp1252", "latin-1"]
)
def test_the_encoding_of_a_text_file_is_found_out(load_text, encoding):
    assert load_text(TEXT, encoding).transactions["customer_id"].tolist() == ["Müller", "Zoë"]


@pytest.mark.parametrize("encoding", ["utf-8", "gb18030", "gbk"])
def test_chinese_files_are_read(load_text, encoding):
    made = load_text("客户编号,订单日期,金额\n王小明,2024年1月31日,￥12.50\n", encoding)
    assert made.transactions["customer_id"].tolist() == ["王小明"] and made.transactions["amount"].tolist() == [12.5]


@pytest.mark.parametrize("separator", [",", ";", "\t", "|", "^", "~", " "])
def test_the_separator_is_found_out(load_text, separator):
    assert load_text(TEXT.replace(",", separator)).transactions["amount"].tolist() == [9.5, 3]


def test_an_unusual_separator_can_be_given(load_text):
    assert len(load_text(TEXT.replace(",", "#"), separator="#").transactions) == 2


def test_decimal_commas_between_semicolons_are_read(load_text):
    text = "customer_id;date;amount\nA;31.01.2024;1.234,50\nB;01.02.2024;12,00\n"
    assert load_text(text).transactions["amount"].tolist() == [1234.5, 12]


def test_a_line_that_tells_the_separator_counts_as_a_line(load_text):
    assert load_text("sep=;\ncustomer_id;date;amount\nA;soon;1\nB;2024-01-31;1\n").rejects["line"].tolist() == [3]


def test_line_numbers_survive_blank_lines_and_line_breaks_in_quotation_marks(load_text):
    made = load_text('customer_id,date,amount,note\nA,2024-01-31,9,"x\ny"\nB,soon,9,\n\nC,later,1,\n')
    assert made.rejects["line"].tolist() == [4, 6]


def test_rows_that_are_too_long_or_too_short_are_rejected_alone(load_text):
    made = load_text(HEADER + "A,2024-01-31,9\nB,2024-01-31,9,55\nC,2024-01-31\nD,2024-01-31,4,5,6,7\nE,2024-01-31,3\n")
    assert made.transactions["customer_id"].tolist() == ["A", "E"]
    assert made.rejects["line"].tolist() == [3, 4, 5]
    assert made.rejects["reason"].iloc[2] == "row has 6 fields, the header has 3"


@pytest.mark.parametrize("end", ["\r\n", "\r"])
def test_line_ends_of_other_systems_are_read(load_text, end):
    assert load_text((HEADER + "A,2024-01-31,9\nB,soon,9\n").replace("\n", end)).rejects["line"].tolist() == [3]


def test_a_doubled_header_is_ambiguous_and_can_be_chosen(load_text):
    text = "customer_id,date,amount,amount\nA,2024-01-31,9,10\n"
    with pytest.raises(DataError, match=r"'amount' or 'amount \(2\)'"):
        load_text(text)
    assert load_text(text, columns='amount="amount (2)"').transactions["amount"].tolist() == [10]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "the file is empty"),
        (b" \n\n", "nothing but blanks"),
        (HEADER.encode(), "no row below it"),
        (b"customer_id\nA\nB\n", "only one column was found"),
        (b"customer_id,date,amount\nA,2024-01-31,9\x00\n", "line 2 holds a null character"),
        (bytes(range(256)), "null character"),
        (b'customer_id,date,amount\nA,2024-01-31,9\n"B,2024-01-31,9\n', "quotation mark opened on line 3"),
        (b'customer_id,date,amount\nA,2024-01-31,9,9,9\n"B,2024-01-31,9\n', "quotation mark opened on line 3"),
        (b"customer_id,date,amount\nA,2024-01-31,9,50\nB,2024-01-31,9,55\n", "decimal commas"),
        (b'[{"customer_id": 1, "date": "2024-01-01"}]', "this is JSON"),
        (b"<html><table><tr><td>A</td></tr></table>", "web page"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "damaged"),
        (b"\x1f\x8b\x08\x00", "damaged or cut short"),
        (b"\x80\x04\x95\x00", "pickled Python object"),
        (b"PAR1 and then nothing", "not a whole Parquet file"),
        (b"PK\x03\x04 and then nothing", "damaged Excel or zip"),
        (b"12345678DUCK and then nothing", "DuckDB database"),
    ],
)
def test_a_file_that_cannot_be_read_is_named_with_what_was_found(tmp_path, content, said):
    (tmp_path / "orders.csv").write_bytes(content)
    with pytest.raises(DataError, match=said) as error:
        datasets.load(tmp_path / "orders.csv", quiet=True)
    assert "orders.csv" in str(error.value) and str(tmp_path) not in str(error.value)


def test_a_wrong_encoding_or_one_that_does_not_exist_is_refused(tmp_path):
    (tmp_path / "orders.csv").write_text(TEXT, encoding="utf-8")
    with pytest.raises(DataError, match="not ascii text"):
        datasets.load(tmp_path / "orders.csv", encoding="ascii")
    with pytest.raises(DataError, match="no encoding called 'klingon'"):
        datasets.load(tmp_path / "orders.csv", encoding="klingon")


def test_a_missing_file_is_an_error_with_the_nearest_file(tmp_path):
    (tmp_path / "orders.csv").write_text(TEXT)
    with pytest.raises(DataError, match=r"There is no file .*Did you mean 'orders.csv' in the same folder"):
        datasets.load(str(tmp_path / "order.csv"))
    with pytest.raises(DataError, match="does not exist either"):
        datasets.load(tmp_path / "nowhere" / "orders.csv")


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="the superuser may read everything")
def test_a_file_that_may_not_be_read_is_an_error(tmp_path):
    (tmp_path / "orders.csv").write_text(TEXT)
    (tmp_path / "orders.csv").chmod(0)
    with pytest.raises(DataError, match="may not be read"):
        datasets.load(tmp_path / "orders.csv")


@pytest.fixture
def workbook(tmp_path):
    book = openpyxl.Workbook()
    book.active.title = "Cover"
    page = book.create_sheet("Orders")
    for row in [
        ["Report of January"],
        [],
        ["Customer ID", "Order Date", "Amount"],
        [17850, datetime.datetime(2024, 1, 31, 10, 5), 9.5],
        [17850.0, "01.02.2024", "12,50 €"],
        [None, datetime.datetime(2024, 1, 31), 3],
        ["C-1", 45322, "#VALUE!"],
        [],
        ["C-2", 45322, 4],
    ]:
        page.append(row)
    book.save(tmp_path / "orders.xlsx")
    return tmp_path / "orders.xlsx"


def test_a_workbook_is_read_with_the_numbers_of_its_rows(workbook):
    made = datasets.load(workbook, quiet=True)
    assert made.transactions["customer_id"].tolist() == ["17850", "17850", "C-2"]
    assert made.transactions["amount"].tolist() == [9.5, 12.5, 4]
    assert made.rejects[["line", "reason"]].to_numpy().tolist() == [[6, "no customer"], [7, "no amount"]]
    assert any("not read: 'Cover'" in text for text in made.card.assumptions)


def test_an_unknown_sheet_is_refused_with_the_nearest(workbook):
    with pytest.raises(UnknownName, match="Did you mean 'Orders'"):
        datasets.load(workbook, sheet="Order")
    with pytest.raises(DataError, match="sheet 'Cover' holds no row"):
        datasets.load(workbook, sheet="Cover")


def test_a_workbook_that_would_fill_the_memory_is_refused_by_its_size(tmp_path):
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/workbook.xml", "")
        archive.writestr("xl/worksheets/sheet1.xml", b"0" * 60_000_000)
    (tmp_path / "bomb.xlsx").write_bytes(packed.getvalue())
    with pytest.raises(DataError, match=r"refused, because its .* would unpack to 60,000,000"):
        datasets.load(tmp_path / "bomb.xlsx")


def _zipped(path, **files) -> None:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name.replace("_", ".", 1), content)


def _as_parquet(orders) -> bytes:
    made = io.BytesIO()
    orders.to_parquet(made)
    return made.getvalue()


def test_what_gzip_has_packed_is_read_like_the_file_within(tmp_path, orders):
    (tmp_path / "orders.csv.gz").write_bytes(gzip.compress(TEXT.encode("cp1252")))
    made = datasets.load(tmp_path / "orders.csv.gz", quiet=True)
    assert made.transactions["customer_id"].tolist() == ["Müller", "Zoë"] and made.name == "orders"
    assert made.card.title == "own file orders.csv.gz" and made.card.format.endswith("comma, unpacked from gzip")
    (tmp_path / "orders.parquet.gz").write_bytes(gzip.compress(_as_parquet(orders)))
    made = datasets.load(tmp_path / "orders.parquet.gz", quiet=True, sql="SELECT * FROM data WHERE amount > 5")
    assert made.transactions["amount"].tolist() == [9.5]


def test_the_only_table_of_a_zip_archive_is_read_and_what_lies_beside_it_passed_over(tmp_path):
    beside = {"folder/": "", "readme_pdf": "%PDF", "__MACOSX/._orders.csv": "resource fork"}
    _zipped(tmp_path / "orders.zip", orders_csv=TEXT, **beside)
    made = datasets.load(tmp_path / "orders.zip", quiet=True)
    assert made.transactions["amount"].tolist() == [9.5, 3.0]
    assert made.card.title == "own file orders.zip" and "unpacked from a zip archive" in made.card.format


def test_a_zip_archive_of_several_tables_says_which_and_that_one_is_to_be_unpacked(tmp_path):
    _zipped(tmp_path / "orders.zip", may_csv=TEXT, june_csv=TEXT)
    with pytest.raises(
        DataError, match=r"orders.zip: .* holds 2 files that may be tables, 'may.csv', 'june.csv'; unpack one"
    ):
        datasets.load(tmp_path / "orders.zip")
    _zipped(tmp_path / "query.zip", orders_sql="SELECT 1")
    with pytest.raises(DataError, match=r"holds no table that can be read, only 'orders.sql'"):
        datasets.load(tmp_path / "query.zip")


@pytest.mark.parametrize("ending", ["csv.gz", "zip"])
def test_what_would_fill_the_disk_is_not_unpacked_and_what_is_cut_short_not_read(tmp_path, ending):
    path, zeros = tmp_path / f"orders.{ending}", b"0" * 60_000_000
    if ending == "zip":
        _zipped(path, orders_csv=zeros)
    else:
        path.write_bytes(gzip.compress(zeros, 1))
    with pytest.raises(
        DataError, match=rf"orders.{ending}: refused, because its .* would unpack to more than 52,428,800"
    ):
        datasets.load(path)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    with pytest.raises(DataError, match="damaged or cut short"):
        datasets.load(path)


def test_a_zip_archive_is_no_workbook(tmp_path):
    with zipfile.ZipFile(tmp_path / "orders.xlsx", "w") as archive:
        archive.writestr("orders.csv", TEXT)
    with pytest.raises(DataError, match="zip archive but no Excel workbook"):
        datasets.load(tmp_path / "orders.xlsx")


def test_a_folder_of_parquet_files_is_one_table_with_the_place_of_each_row(tmp_path, orders):
    folder = tmp_path / "sales"
    folder.mkdir()
    (folder / "_SUCCESS").touch()
    orders.to_parquet(folder / "a.parquet")
    orders.to_parquet(folder / "b.parquet")
    made = datasets.load(folder, quiet=True)
    assert len(made.transactions) == 2
    assert made.rejects[["source", "line"]].to_numpy().tolist() == [["a.parquet", 3], ["b.parquet", 3]]


def test_a_folder_of_files_that_do_not_match_is_an_error(tmp_path, orders):
    orders.to_parquet(tmp_path / "a.parquet")
    orders.rename(columns={"amount": "total"}).to_parquet(tmp_path / "b.parquet")
    with pytest.raises(DataError, match=r"a\.parquet and b\.parquet differ in 'amount', 'total'"):
        datasets.load(tmp_path)


def test_a_folder_without_parquet_files_is_an_error(tmp_path):
    with pytest.raises(DataError, match=r"holds no \.parquet files"):
        datasets.load(tmp_path)


def test_time_zones_are_dropped_and_said(tmp_path, orders):
    orders["date"] = orders["date"].dt.tz_localize("Asia/Shanghai")
    orders.to_parquet(tmp_path / "zoned.parquet")
    made = datasets.load(tmp_path / "zoned.parquet", quiet=True)
    assert made.transactions["date"].tolist() == [pd.Timestamp("2024-01-31")]
    assert any("time zone" in text for text in made.card.assumptions)


@pytest.mark.parametrize("kind", ["csv", "parquet", "xlsx"])
def test_a_query_is_put_to_a_file(tmp_path, orders, kind):
    path = tmp_path / f"orders.{kind}"
    getattr(orders, {"csv": "to_csv", "parquet": "to_parquet", "xlsx": "to_excel"}[kind])(path, index=False)
    made = datasets.load(path, sql="SELECT customer_id, date, 2 * amount AS amount FROM data", quiet=True)
    assert made.transactions["amount"].tolist() == [19.0]
    assert made.rejects["line"].tolist() == [3]


@pytest.fixture
def database(tmp_path):
    path = tmp_path / "shop.duckdb"
    with duckdb.connect(str(path)) as connection:
        connection.execute("CREATE TABLE sales AS SELECT 'A' AS customer_id, DATE '2024-01-31' AS date, 3.25 AS amount")
    return path


def test_a_database_is_read_and_never_written(database):
    assert datasets.load(database, quiet=True).transactions["amount"].tolist() == [3.25]
    with pytest.raises(DataError, match="one SELECT"):
        datasets.load(database, sql="DROP TABLE sales")


def test_a_database_of_several_tables_asks_which(database):
    with duckdb.connect(str(database)) as connection:
        connection.execute("CREATE TABLE visits AS SELECT 1 AS n")
    with pytest.raises(DataError, match="its tables: sales, visits"):
        datasets.load(database)


def test_a_query_in_a_file_is_run_and_may_not_fetch(tmp_path, orders):
    orders.to_parquet(tmp_path / "a.parquet")
    (tmp_path / "q.sql").write_text(f"SELECT * FROM read_parquet('{(tmp_path / 'a.parquet').as_posix()}')")
    assert len(datasets.load(tmp_path / "q.sql", quiet=True).transactions) == 1
    (tmp_path / "net.sql").write_text("SELECT * FROM read_csv('https://example.org/x.csv')")
    with pytest.raises(DataError, match="extension httpfs"):
        datasets.load(tmp_path / "net.sql")


@pytest.mark.parametrize("sql", ["SELEC x", "  ", "SELECT * FROM data WHERE false", "SELECT nothing FROM data"])
def test_a_query_that_gives_nothing_is_an_error(tmp_path, sql):
    (tmp_path / "orders.csv").write_text(TEXT)
    with pytest.raises(DataError, match=r"orders\.csv: the query"):
        datasets.load(tmp_path / "orders.csv", sql=sql)


def test_the_fingerprint_is_of_the_content_and_not_of_the_place(tmp_path):
    for folder in ("a", "b"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / f"{folder}.csv").write_text(TEXT)
    prints = {datasets.load(tmp_path / f / f"{f}.csv", quiet=True).card.fingerprint for f in ("a", "b")}
    assert len(prints) == 1
