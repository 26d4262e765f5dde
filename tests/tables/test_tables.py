"""Contracts say what is wrong, where and what was expected."""

import pandas as pd
import pytest

from idic_lab import tables
from idic_lab.errors import ContractError, UnknownName


@pytest.fixture
def transactions() -> pd.DataFrame:
    return pd.DataFrame(
        {"customer_id": ["a", "b"], "date": pd.to_datetime(["2024-01-31", "2024-02-01"]), "amount": [9.5, -2.0]}
    )


@pytest.mark.parametrize("name", tables.names())
def test_every_contract_accepts_its_own_empty_table(name):
    tables.check(name, tables.get(name).empty())


@pytest.mark.parametrize("name", tables.names())
def test_every_column_has_a_meaning(name):
    assert tables.get(name).dictionary()["meaning"].str.len().min() > 3


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"amount": [1, 2]}, r"'amount' should be number \(float64\), found int64"),
        ({"date": ["2024-01-31", "2024-02-01"]}, r"'date' should be date \(datetime64\[us\]\), found str"),
        ({"date": pd.to_datetime(["2024-01-31 09:30", "2024-02-01 00:00"])}, "without time of day.*at row 0"),
        ({"customer_id": ["a", None]}, r"'customer_id' should be a value.*\(1 rows\)"),
    ],
)
def test_a_breach_names_the_column_and_what_was_found(transactions, change, complaint):
    with pytest.raises(ContractError, match=complaint):
        tables.check("transactions", transactions.assign(**change), source="orders.csv")


def test_a_missing_column_names_the_source_and_the_columns_found(transactions):
    with pytest.raises(ContractError, match=r"from orders\.csv: missing column 'amount'; found 'customer_id', 'date'"):
        tables.check("transactions", transactions.drop(columns="amount"), source="orders.csv")


def test_every_breach_is_reported_at_once(transactions):
    with pytest.raises(ContractError, match=r"'customer_id'.*'amount'"):
        tables.check("transactions", transactions.assign(customer_id=["a", None], amount=[1, 2]))


def test_rows_that_repeat_a_key_are_refused():
    twice = pd.DataFrame({"customer_id": ["a", "a"], "scheme": ["rfm", "rfm"], "segment": ["lost", "loyal"]})
    with pytest.raises(ContractError, match="not unique by customer_id, scheme"):
        tables.check("segments", twice)


def test_an_unknown_table_is_answered_with_the_nearest():
    with pytest.raises(UnknownName, match="Did you mean 'transactions'"):
        tables.get("transaction")
