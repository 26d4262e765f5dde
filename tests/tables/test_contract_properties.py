"""Every contract accepts what it describes, refuses what it does not, and what a repository holds comes back equal."""

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from idic_lab import tables
from idic_lab.errors import ContractError
from idic_lab.repository import Repository

NAMES = tables.names()
# Each of the fifty contracts is tried on its own, so two or three tables of each suffice for the quick search.
PER_CONTRACT = settings(max_examples=max(2, settings.default.max_examples // 10))
BREAKS = {"text": 1, "date": "soon", "number": "many", "count": 0.5, "flag": "yes"}


def _values(spec):
    """What a column may hold."""
    kind, low, high = spec.type, spec.minimum, spec.maximum
    if spec.choices:
        return st.sampled_from(sorted(spec.choices))
    if kind == "text":
        return st.text(st.characters(blacklist_categories=["Cs", "Cc"]), min_size=1, max_size=8)
    if kind == "date":
        days = st.dates(pd.Timestamp("1900-01-01").date(), pd.Timestamp("2100-01-01").date())
        return days.map(pd.Timestamp)
    if kind == "flag":
        return st.booleans()
    if kind == "count":
        return st.integers(int(low) if low is not None else -(2**40), int(high) if high is not None else 2**40)
    return st.floats(low if low is not None else -1e9, high if high is not None else 1e9, allow_subnormal=False)


@st.composite
def rows_of(draw, name):
    """A table that keeps to its contract, with or without the columns that may be missing."""
    contract = tables.get(name)
    number = draw(st.integers(0, 4))
    made = {}
    for column, spec in contract.columns.items():
        if not spec.required and draw(st.booleans()):
            continue
        kind, values = spec.type, _values(spec)
        if spec.nullable and kind != "flag":
            values = st.none() | values
        held = draw(st.lists(values, min_size=number, max_size=number))
        if kind == "number":
            held = [float("nan") if value is None else float(value) for value in held]
        made[column] = pd.Series(held, dtype=spec.dtype)
    table = pd.DataFrame(made)
    return table.drop_duplicates(list(contract.key), ignore_index=True) if contract.key else table


@pytest.mark.parametrize("name", NAMES)
@PER_CONTRACT
@given(data=st.data())
def test_what_a_contract_describes_is_accepted_stored_and_comes_back_equal(name, data):
    table = data.draw(rows_of(name))
    repository = Repository()
    repository.write(name, table)
    back = repository.read(name)
    tables.check(name, back)
    pd.testing.assert_frame_equal(back, table)


@pytest.mark.parametrize("name", NAMES)
@PER_CONTRACT
@given(data=st.data())
def test_a_column_of_another_type_is_named_with_the_table(name, data):
    table = data.draw(rows_of(name).filter(len))
    column = data.draw(st.sampled_from(list(table.columns)))
    kind = tables.get(name).columns[column].type
    with pytest.raises(ContractError) as breach:
        tables.check(name, table.assign(**{column: [BREAKS[kind]] * len(table)}))
    assert f"table '{name}'" in str(breach.value) and f"'{column}' should be {kind}" in str(breach.value)


@pytest.mark.parametrize("name", NAMES)
@PER_CONTRACT
@given(data=st.data())
def test_a_missing_column_is_named(name, data):
    table = data.draw(rows_of(name))
    required = [column for column, spec in tables.get(name).columns.items() if spec.required]
    column = data.draw(st.sampled_from(required))
    with pytest.raises(ContractError, match=f"'{column}'"):
        tables.check(name, table.drop(columns=column))


BOUNDED = [
    (name, column)
    for name in NAMES
    for column, spec in tables.get(name).columns.items()
    if spec.choices or spec.minimum is not None or spec.maximum is not None
]
REQUIRED_VALUES = [
    (name, column)
    for name in NAMES
    for column, spec in tables.get(name).columns.items()
    if not spec.nullable and spec.type in ("text", "date", "number")
]


def one_row(name: str, column: str) -> pd.DataFrame:
    """A row that keeps to the contract and has the column."""
    contract = tables.get(name)
    made = {}
    for other, spec in contract.columns.items():
        if not spec.required and other != column:
            continue
        usual = {"text": "a", "date": pd.Timestamp("2024-01-31"), "flag": True}.get(spec.type)
        bounds = [bound for bound in (usual, spec.minimum, spec.maximum, 1) if bound is not None]
        made[other] = pd.Series([spec.choices[0] if spec.choices else bounds[0]], dtype=spec.dtype)
    return tables.check(name, pd.DataFrame(made))


@pytest.mark.parametrize(("name", "column"), BOUNDED)
def test_a_value_beyond_its_range_is_refused(name, column):
    spec, row = tables.get(name).columns[column], one_row(name, column)
    if spec.choices:
        row[column] = pd.Series(["none of these"], dtype="str")
    elif spec.minimum is not None:
        row[column] = (row[column] * 0 + spec.minimum - 1).astype(row[column].dtype)
    else:
        row[column] = (row[column] * 0 + spec.maximum + 1).astype(row[column].dtype)
    with pytest.raises(ContractError, match=f"table '{name}'.*'{column}' should be"):
        tables.check(name, row)


@pytest.mark.parametrize(("name", "column"), REQUIRED_VALUES)
def test_a_missing_value_is_refused(name, column):
    row = one_row(name, column)
    row[column] = row[column].where([False])
    with pytest.raises(ContractError, match=f"'{column}' should be a value"):
        tables.check(name, row)


@pytest.mark.parametrize("name", [name for name in NAMES if tables.get(name).key])
def test_a_row_twice_is_refused(name):
    row = one_row(name, tables.get(name).key[0])
    with pytest.raises(ContractError, match="not unique by"):
        tables.check(name, pd.concat([row, row], ignore_index=True))
