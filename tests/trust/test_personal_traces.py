"""The search for personal traces finds what is there, however it is hidden, and nothing else."""

import base64
import html
import json
import urllib.parse

import duckdb
import nbformat
import numpy as np
import openpyxl
import pandas as pd
import pytest
from matplotlib import pyplot as plt
from personal_traces import People, scan, scan_text

RECORDS = pd.DataFrame(
    {
        "first_name": ["Žofie", "Rose", "May"],
        "last_name": ["Körbelová", "Farmer", "Day"],
        "email": ["zofie.korb7719@mail.example", None, None],
        "phone": ["+999 40718265", None, None],
        "street": ["Saffron Avenue 1190", None, None],
    }
)
NAME, EMAIL, PHONE, STREET = ("Žofie Körbelová", "zofie.korb7719@mail.example", "+999 40718265", "Saffron Avenue 1190")


@pytest.fixture(scope="module")
def people() -> People:
    return People(RECORDS)


WRITTEN = {
    "as it is": NAME,
    "in capitals": NAME.upper(),
    "without accents": "Zofie Korbelova",
    "with German vowels written out": "Žofie Koerbelová",
    "turned round": "Körbelová, Žofie",
    "written together": "žofiekörbelová",
    "written together, each part with a capital": "seenByŽofieKörbelová",
    "as a file is named": "report_of_zofie_korbelova.pdf",
    "over two lines": "Žofie\n  Körbelová",
    "escaped for HTML": NAME.encode("ascii", "xmlcharrefreplace").decode(),
    "escaped for JSON": json.dumps({"who": NAME}),
    "escaped for JSON in JSON": json.dumps(json.dumps({"who": NAME})),
    "escaped for an address": "https://shop.example/?who=" + urllib.parse.quote(NAME),
    "in base64": "x" + base64.b64encode(f"customer {NAME} called".encode()).decode(),
    "in base64 of base64": base64.b64encode(base64.b64encode(NAME.encode())).decode(),
    "the e-mail address": f"<{EMAIL.upper()}>",
    "the e-mail address, its @ escaped": EMAIL.replace("@", "&#64;"),
    "the part before the @": "login zofie.korb7719 failed",
    "the number": PHONE,
    "the number without its blank": "99940718265",
    "the number with other signs": "+999-40718265",
    "the number without the country": "call 40718265 back",
    "the street": html.escape(STREET.lower()),
    "the street written together": "saffronavenue1190",
}


@pytest.mark.parametrize("form", WRITTEN)
def test_a_planted_person_is_found_in_a_text(form, people):
    assert scan_text(f"Some words before, {WRITTEN[form]} and some after", people), form


@pytest.mark.parametrize(
    "text",
    [
        "The rose of a farmer was red; may every day be like it.",
        "Rose. Lost customers: a farmer.",
        "Saffron Avenue is a street, 1190 a number.",
        "0.40718265 and 12.40718265",
        "zofie, who has no family name here",
    ],
)
def test_words_that_are_also_names_are_no_trace(text, people):
    assert not scan_text(text, people)


def _notebook(path):
    cell = nbformat.v4.new_code_cell("1")
    cell.outputs = [nbformat.v4.new_output("stream", text=f"found {NAME}\n")]
    nbformat.write(nbformat.v4.new_notebook(cells=[cell]), path)


def _failed_notebook(path):
    cell = nbformat.v4.new_code_cell("1")
    shown = ["Traceback\x1b[0m", f"\x1b[31mKeyError\x1b[0m: '{EMAIL}'"]
    cell.outputs = [nbformat.v4.new_output("error", ename="KeyError", evalue="", traceback=shown)]
    nbformat.write(nbformat.v4.new_notebook(cells=[cell]), path)


def _picture(path):
    figure = plt.figure(figsize=(1, 1))
    figure.savefig(path, format="png", metadata={"Description": NAME})
    plt.close(figure)


def _picture_in_a_notebook(path):
    inside = path.with_suffix(".png")
    _picture(inside)
    lines = base64.encodebytes(inside.read_bytes()).decode()
    inside.unlink()
    cell = nbformat.v4.new_code_cell("1")
    cell.outputs = [nbformat.v4.new_output("display_data", data={"image/png": lines})]
    nbformat.write(nbformat.v4.new_notebook(cells=[cell]), path)


def _parquet(path):
    pd.DataFrame({"segment": ["loyal", NAME]}).to_parquet(path)


def _parquet_in_two_columns(path):
    pd.DataFrame({"a": ["x", "Žofie"], "n": [1.0, 2.0], "b": ["y", "Körbelová"]}).to_parquet(path)


def _parquet_as_number(path):
    pd.DataFrame({"n": np.array([1, 40718265])}).to_parquet(path)


def _parquet_metadata(path):
    table = pd.DataFrame({"segment": ["loyal"]})
    table.attrs["made_by"] = NAME
    table.to_parquet(path)


def _parquet_header(path):
    pd.DataFrame({NAME: ["loyal"]}).to_parquet(path)


def _database(path):
    with duckdb.connect(str(path)) as connection:
        connection.execute("CREATE TABLE _history AS SELECT ? AS made_by", [NAME])


def _workbook(path):
    book = openpyxl.Workbook()
    book.active["A1"] = NAME
    book.save(path)


FILES = {
    "a.ipynb": _notebook,
    "b.ipynb": _failed_notebook,
    "c.png": _picture,
    "d.ipynb": _picture_in_a_notebook,
    "e.parquet": _parquet,
    "f.parquet": _parquet_in_two_columns,
    "g.parquet": _parquet_as_number,
    "h.parquet": _parquet_metadata,
    "i.parquet": _parquet_header,
    "j.duckdb": _database,
    "k.xlsx": _workbook,
    "l.log": lambda path: path.write_text(NAME, encoding="utf-16"),
    "idic.duckdb.wal": lambda path: path.write_bytes(b"\x00\x07" + NAME.encode() + b"\xff\x00"),
    "zofie_korbelova.txt": lambda path: path.write_text("nothing inside"),
}


@pytest.mark.parametrize("name", FILES)
def test_a_planted_person_is_found_in_a_file(name, tmp_path, people):
    FILES[name](tmp_path / name)
    assert {trace.file for trace in scan(tmp_path, people)} == {name}


def test_the_personal_tables_of_a_repository_are_where_people_belong(tmp_path, people):
    with duckdb.connect(str(tmp_path / "idic.duckdb")) as connection:
        connection.execute("CREATE TABLE contacts AS SELECT ? AS name", [NAME])
    assert not scan(tmp_path, people)


def test_what_is_found_is_not_repeated(tmp_path, people):
    (tmp_path / "a.txt").write_text(NAME + EMAIL, encoding="utf-8")
    told = " ".join(map(str, scan(tmp_path, people)))
    assert "name in a.txt" in told and "Körbelová" not in told
