"""A table's contract, checked where the table is: by one query, for tables too large to be loaded."""

from __future__ import annotations

import narwhals as nw
import pandera.pandas as pa

from idic_lab.errors import ContractError
from idic_lab.tables.contract import Table

# The types of an engine that are as good as the one type that pandas must have.
_TYPES = {
    "text": (nw.String, nw.Categorical, nw.Enum),
    "date": (nw.Date, nw.Datetime),
    "number": (nw.Float64,),
    "count": (nw.Int64, nw.Int32, nw.Int16, nw.Int8),
    "flag": (nw.Boolean,),
}


def check(table: Table, data, source: str = ""):
    """Return `data` unchanged when it keeps to the contract, else raise ContractError with every breach.

    Parameters
    ----------
    table : Table
    data : DataFrame of any engine narwhals knows
    source : str
        Where the data came from, for the message.

    Raises
    ------
    ContractError
        When a column is missing or of another type, holds a missing value or one outside its range, or the key repeats.

    Examples
    --------
    >>> import duckdb
    >>> from idic_lab import tables
    >>> check(tables.get("segments"), duckdb.sql("SELECT 'a' AS customer_id, 'rfm' AS scheme, NULL::VARCHAR AS segment"))
    Traceback (most recent call last):
    idic_lab.errors.ContractError: table 'segments': column 'segment' should be a value (1 rows)
    """
    frame = nw.from_native(data)
    schema = frame.collect_schema()
    where = f"table '{table.name}'" + (f" from {source}" if source else "")
    wanted = {name: spec for name, spec in table.columns.items() if spec.required or name in schema}
    breaches = list(_breaches_of_schema(wanted, schema))
    if breaches:
        raise ContractError(f"{where}: " + "; ".join(breaches))
    tests = {(name, rule): test for name, spec in wanted.items() for rule, test in _tests(name, spec)}
    counts = [
        nw.when(test).then(nw.lit(1)).otherwise(nw.lit(0)).sum().alias(str(place))
        for place, test in enumerate(tests.values())
    ]
    found = _first_row(frame.select(nw.len().alias("rows"), *counts))
    for place, (name, rule) in enumerate(tests):
        if found["rows"] and found[str(place)]:
            breaches.append(f"column {name!r} should be {rule} ({int(found[str(place)]):,} rows)")
    if table.key:
        repeated = frame.group_by(*table.key).agg(nw.len().alias("rows")).filter(nw.col("rows") > 1)
        twice = _first_row(repeated.select(nw.col("rows").sum()))["rows"]
        if twice:
            breaches.append(f"rows are not unique by {', '.join(table.key)} ({int(twice):,} rows)")
    if breaches:
        raise ContractError(f"{where}: " + "; ".join(breaches))
    return data


def _breaches_of_schema(wanted, schema):
    for name, spec in wanted.items():
        kind = spec.metadata["kind"]
        if name not in schema:
            yield f"missing column {name!r}; found {', '.join(map(repr, schema))}"
        elif not isinstance(schema[name], _TYPES[kind]):
            yield f"column {name!r} should be {kind}, found {schema[name]}"


def _tests(name: str, spec: pa.Column):
    """Rule and the expression that is true where it is broken."""
    value = nw.col(name)
    if not spec.nullable:
        yield "a value", value.is_null()
    if spec.metadata["kind"] == "number" and not spec.nullable:
        yield "a number", value.is_nan()
    for rule in spec.checks:
        bounds = rule.statistics or {}
        if "min_value" in bounds:
            yield rule.error, value < bounds["min_value"]
        if "max_value" in bounds:
            yield rule.error, value > bounds["max_value"]
        if "allowed_values" in bounds:
            yield rule.error, ~value.is_in(list(bounds["allowed_values"]))


def _first_row(frame) -> dict:
    frame = frame.collect("pyarrow") if isinstance(frame, nw.LazyFrame) else frame
    return frame.rows(named=True)[0]
