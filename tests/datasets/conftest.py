"""Small files of the kinds people bring, made afresh for each test."""

import pandas as pd
import pytest

from idic_lab import datasets, tables


@pytest.fixture
def load_text(tmp_path, assert_sound):
    """Write a text to a file and load it."""

    def load(text, encoding="utf-8", file="orders.csv", **options):
        path = tmp_path / file
        path.write_bytes(text if isinstance(text, bytes) else text.encode(encoding))
        dataset = datasets.load(path, quiet=True, **options)
        assert_sound(dataset)
        return dataset

    return load


@pytest.fixture
def own_home(tmp_path, monkeypatch):
    """A user's data folder with nothing in it."""
    folder = tmp_path / "home"
    monkeypatch.setenv("IDIC_LAB_HOME", str(folder))
    return folder


@pytest.fixture
def retail() -> pd.DataFrame:
    """Invoices with the headers of Online Retail: a cancellation, a missing customer, a price of zero, a repeat."""
    rows = [
        ("536365", "85123A", "HOLDER", 6, "2010-12-01 08:26", 2.55, 17850.0, "United Kingdom"),
        ("536365", "71053", "LANTERN", 6, "2010-12-01 08:26", 3.39, 17850.0, "United Kingdom"),
        ("536365", "71053", "LANTERN", 6, "2010-12-01 08:26", 3.39, 17850.0, "United Kingdom"),
        ("536366", "22633", "HAND WARMER", 12, "2010-12-01 08:28", 1.85, 13047.0, "United Kingdom"),
        ("536366", "22632", "GIFT", 1, "2010-12-01 08:28", 0.0, 13047.0, "United Kingdom"),
        ("C536379", "85123A", "HOLDER", -1, "2010-12-02 09:41", 2.55, 17850.0, "United Kingdom"),
        ("C536380", "22633", "HAND WARMER", -2, "2010-12-02 09:50", 1.85, 12346.0, "France"),
        ("536414", "22139", None, 56, "2010-12-01 11:52", 0.0, None, "United Kingdom"),
        ("536544", "21773", "BATHROOM SET", 1, "2010-12-01 14:32", 2.51, None, "United Kingdom"),
    ]
    names = ["InvoiceNo", "StockCode", "Description", "Quantity", "InvoiceDate", "UnitPrice", "CustomerID", "Country"]
    frame = pd.DataFrame(rows, columns=names)
    frame["InvoiceDate"] = pd.to_datetime(frame["InvoiceDate"])
    return frame


@pytest.fixture(scope="session")
def assert_sound():
    """A check that every table keeps to its contract, and the counts and sums of the card reconcile."""
    return _assert_sound


def _assert_sound(dataset):
    card = dataset.card
    for name, data in dataset.tables.items():
        tables.check(name, data)
    assert card.rows_read == card.rows_accepted + card.rows_rejected
    assert card.rows_rejected == len(dataset.rejects)
    assert card.amount_read == pytest.approx(card.amount_accepted + card.amount_rejected, abs=1e-4)
    assert dataset.transactions["amount"].sum() == pytest.approx(card.amount_accepted, rel=1e-9, abs=1e-4)
    assert dataset.transactions["customer_id"].nunique() == card.customers
