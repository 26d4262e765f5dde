"""Whatever bytes a file holds, loading it ends with a data set whose counts reconcile, or with an error of ours."""

from datetime import date

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from idic_lab import datasets
from idic_lab.errors import LabError

CELLS = st.sampled_from(
    [
        "A",
        "",
        "NULL",
        "007",
        "2024-01-31",
        "31/01/2024",
        "0000-00-00",
        "9.50",
        "9,50",
        "(3)",
        "=1+1",
        '"',
        "x\ny",
        "\ufeff",
    ]
)
LINES = st.lists(st.lists(CELLS, min_size=1, max_size=5), min_size=1, max_size=8)
MAGIC = st.sampled_from([b"PK\x03\x04", b"PAR1", b"\xff\xfe", b"\xef\xbb\xbf", b"12345678DUCK", b"{", b"<", b"sep=;\n"])


def loads_or_says_why(path) -> None:
    try:
        data = datasets.load(path, quiet=True)
    except LabError as refusal:
        assert path.name in str(refusal)
        return
    assert data.card.rows_read == data.card.rows_accepted + len(data.rejects) > 0


@given(content=st.binary(max_size=300))
def test_arbitrary_bytes(tmp_path, content):
    path = tmp_path / "orders.csv"
    path.write_bytes(content)
    loads_or_says_why(path)


@example(magic=b"sep=;\n", content=b"")  # was read for ever
@given(magic=MAGIC, content=st.binary(max_size=200))
def test_arbitrary_bytes_that_begin_like_a_known_kind_of_file(tmp_path, magic, content):
    path = tmp_path / "orders.csv"
    path.write_bytes(magic + content)
    loads_or_says_why(path)


@given(lines=LINES, separator=st.sampled_from(",;\t|"), encoding=st.sampled_from(["utf-8", "utf-16", "cp1252"]))
def test_a_table_of_arbitrary_cells(tmp_path, lines, separator, encoding):
    text = "\n".join([separator.join(["customer_id", "date", "amount"]), *(separator.join(line) for line in lines)])
    path = tmp_path / "orders.csv"
    path.write_bytes(text.encode(encoding, errors="ignore"))
    loads_or_says_why(path)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
@given(
    rows=st.lists(
        st.tuples(
            st.text(st.characters(whitelist_categories=["Lu", "Ll", "Lo", "Nd"]), min_size=1, max_size=8),
            st.dates(min_value=date(1990, 1, 1), max_value=date(2024, 12, 31)),
            st.integers(-(10**8), 10**8),
        ),
        min_size=1,
        max_size=12,
    ),
    separator=st.sampled_from(",;\t|"),
    decimal=st.sampled_from(".,"),
)
def test_what_is_written_is_what_is_read(tmp_path, encoding, rows, separator, decimal):
    lines = [separator.join(["customer_id", "date", "amount"])]
    for customer, day, cents in rows:
        amount = f"{cents / 100:.2f}".replace(".", decimal)
        amount = f'"{amount}"' if separator == decimal else amount
        lines.append(separator.join([f"k{customer}", day.isoformat(), amount]))
    path = tmp_path / "orders.csv"
    path.write_bytes("\n".join(lines).encode(encoding))
    data = datasets.load(path, quiet=True, decimal=decimal)
    assert len(data.rejects) == 0
    assert data.transactions["amount"].sum() == pytest.approx(sum(cents for _, _, cents in rows) / 100)
    assert sorted(data.transactions["date"].dt.date) == sorted(day for _, day, _ in rows)
    assert data.card.rows_accepted == len(rows)
