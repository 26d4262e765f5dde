"""From the rows of large Parquet to accepted lines and rejects, in one pass through DuckDB and with the rules of a small file."""

from __future__ import annotations

import datetime
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import duckdb
import numpy as np
import pandas as pd

from idic_lab.datasets.card import Card
from idic_lab.datasets.own import amounts, cleaning, columns
from idic_lab.datasets.own.large_columns import Column, Reader, literal, quoted
from idic_lab.datasets.own.large_parquet import LargeParquet
from idic_lab.errors import DataError

_TEXT_ROLES = ("order_id", "product_id", "description", "country")
LISTED = 1000  # customers with returns alone that a card names
REJECTED = -1  # the slice that rejected rows are in


@dataclass
class Plan:
    """How the rows of a source become lines.

    Attributes
    ----------
    query : str
        SQL that gives one line per row: the typed columns, ``slice`` (which of the parts of whole customers, -1 when the
        row is rejected), what was wrong with it, and ``row_hash``.
    roles : dict of str to str
        Role to column.
    facts : dict
        What the card says of columns, currency and assumptions.
    """

    query: str
    roles: dict[str, str]
    facts: dict

    def without(self, condition: str) -> Plan:
        """The same, less the lines of which a condition, in SQL, is true."""
        return replace(self, query=f"SELECT * FROM ({self.query}) WHERE NOT ({condition})")


def plan(connection: duckdb.DuckDBPyConnection, source: LargeParquet, given: Mapping | None = None) -> Plan:
    """Recognise the columns and say in SQL how each is read.

    Parameters
    ----------
    connection : DuckDBPyConnection
        Receives the view ``source``.
    source : LargeParquet
    given : mapping of str to str, optional
        Role to header, where it is not recognised.

    Raises
    ------
    DataError
        As :func:`idic_lab.datasets.own.cleaning.clean`.
    """
    listed = ", ".join(literal(str(file)) for file in source.files)
    connection.execute(
        f"CREATE OR REPLACE TEMP VIEW source AS SELECT *, parse_filename(_path) AS _file FROM read_parquet([{listed}], "
        "filename = '_path', file_row_number = true)"
    )
    headers = {name: name for name in source.schema.names}
    empty = [name for name in headers if not _holds_something(connection, name)]
    roles, reasons = columns.recognise(source.path.name, headers, given, empty)
    reader = Reader(connection, source.schema)
    try:
        found = _columns(reader, roles, pd.Timestamp(datetime.date.today()))
        currency = _currency(reader, roles)
    except DataError as error:
        raise DataError(f"{source.path.name}: {error}") from None
    if "amount" not in roles:
        reasons["amount"] = "quantity × unit_price"
    assumptions = [f"nested columns left out: {', '.join(source.nested)}"] if source.nested else []
    facts = {"columns": reasons, "currency": currency, "assumptions": assumptions + reader.assumptions}
    return Plan(_query(connection, source, roles, found), roles, facts)


def _holds_something(connection, name: str) -> bool:
    text = f"trim(CAST({quoted(name)} AS VARCHAR))"
    return bool(connection.execute(f"SELECT 1 FROM source WHERE {text} <> '' LIMIT 1").fetchall())


def _columns(reader: Reader, roles: Mapping[str, str], today: pd.Timestamp) -> dict[str, Column]:
    """How each role's column is read, in the order in which faults are looked for."""
    found = {
        "customer_id": reader.identifier(roles["customer_id"], cleaning.NO_CUSTOMER),
        "date": reader.day(roles["date"], today),
    }
    for role in ("amount", "quantity", "unit_price"):
        if role in roles:
            found[role] = reader.number(role, roles[role])
    if "amount" not in roles:
        product = f"({found['quantity'].value}) * ({found['unit_price'].value})"
        found["amount"] = Column(
            f"CASE WHEN abs({product}) <= {amounts.LARGEST!r} THEN {product} END",
            f"CASE WHEN abs({product}) > {amounts.LARGEST!r} THEN 'number too large' END",
        )
    for role in _TEXT_ROLES:
        if role in roles:
            found[role] = reader.identifier(roles[role], "")
    if "stage" in roles:
        found["stage"] = reader.reasons(
            "stage", roles["stage"], lambda column: _open_deals(column, roles, reader)
        )
    return found


def _open_deals(column: pd.Series, roles: Mapping[str, str], reader: Reader) -> np.ndarray:
    """The rule for exports of deals, put to the different values of the column."""

    class Verdict:
        reasons = np.full(len(column), None, dtype=object)

        def refuse(self, label, reasons):
            self.reasons = reasons

    verdict = Verdict()
    cleaning._refuse_open_deals(pd.DataFrame({roles["stage"]: column}), roles, verdict, reader.assumptions)
    return verdict.reasons


def _currency(reader: Reader, roles: Mapping[str, str]) -> str:
    """The currency that signs or a column of codes name, by the rule for small files."""
    frame = pd.DataFrame()
    if "currency" in roles:
        codes = reader.different(roles["currency"]).to_pandas()
        # As many rows of each code as there are, up to a hundred: enough to tell and to name the commonest.
        frame = pd.DataFrame({roles["currency"]: codes["value"].repeat(codes["rows"].clip(upper=100))})
    return cleaning._currency(frame, roles, reader.symbols, reader.assumptions)


def _query(connection, source: LargeParquet, roles: Mapping[str, str], found: Mapping[str, Column]) -> str:
    """One line per row of the source."""
    checks = _checks(roles, found)
    label = " ".join(f"WHEN {reason} IS NOT NULL THEN {literal(column)}" for column, reason, _ in checks)
    reason = f"coalesce({', '.join(reason for _, reason, _ in checks)})"
    value = " ".join(f"WHEN {reason} IS NOT NULL THEN {raw}" for _, reason, raw in checks)
    kept = {role: column.value for role, column in found.items() if role != "stage"}
    joins = " ".join(dict.fromkeys(column.join for column in found.values() if column.join))
    hashed = ", ".join(f"source.{quoted(name)}" for name in source.schema.names)
    return (
        f"WITH lines AS (SELECT {', '.join(f'{sql} AS {role}' for role, sql in kept.items())}, "
        f"source._file AS source, source.file_row_number + 2 AS line, "
        f'CASE {label} END AS "column", substr(CASE {value} END, 1, 200) AS value, {reason} AS reason, '
        f"hash({hashed}) AS row_hash FROM source {joins}) "
        f"SELECT *, {_is_return(connection, found)} AS is_return, "
        f"CASE WHEN reason IS NOT NULL THEN {REJECTED} ELSE CAST(hash(customer_id) % {source.slices} AS INTEGER) END "
        "AS slice FROM lines"
    )


def _checks(roles: Mapping[str, str], found: Mapping[str, Column]) -> list[tuple[str, str, str]]:
    """Column at fault, reason and value found, in the order in which a row is judged."""
    judged = []
    for role in ("customer_id", "date", "amount", "quantity", "unit_price", "amount made", "stage"):
        label = roles.get(role, "")
        if role == "amount made" and "amount" not in roles:
            label, reason = roles["unit_price"], f"({found['amount'].reason})"
        elif not label or (role == "unit_price" and "amount" in roles):
            continue
        else:
            reason = f"({found[role].reason})"
        if role == "quantity" and "amount" in roles:
            reason = f"nullif({reason}, 'no quantity')"  # the amount alone suffices
        shown = f"CAST(source.{quoted(label)} AS VARCHAR)"
        # As pandas writes them: no value for one that is not a number, no time of day where it is midnight.
        judged.append((label, reason, f"nullif(regexp_replace({shown}, ' 00:00:00$', ''), 'nan')"))
    return judged


def _is_return(connection, found: Mapping[str, Column]) -> str:
    """The rule of :func:`idic_lab.datasets.own.orders.is_return` as SQL."""
    tests = ["coalesce(amount < 0, false)"]
    if "quantity" in found:
        tests.append("coalesce(quantity < 0, false)")
    if "order_id" in found:
        plain = f"SELECT 1 FROM source WHERE regexp_full_match({found['order_id'].value}, '[0-9]+') LIMIT 1"
        if connection.execute(plain).fetchall():
            tests.append("coalesce(regexp_full_match(order_id, '[Cc][0-9]+'), false)")
    return " OR ".join(tests)


def card(connection: duckdb.DuckDBPyConnection, lines: str, source: LargeParquet, facts: dict) -> Card:
    """The card of the whole data: the counts and sums that a small file's card has.

    Parameters
    ----------
    connection : DuckDBPyConnection
    lines : str
        SQL that reads what :attr:`Plan.query` gave.
    source : LargeParquet
    facts : dict
        Of the plan.
    """
    one = connection.execute(
        f"""SELECT count(*) FILTER (reason IS NULL), count(*) FILTER (reason IS NULL AND is_return),
        count(*) FILTER (reason IS NULL AND amount = 0), min(date) FILTER (reason IS NULL),
        max(date) FILTER (reason IS NULL), coalesce(fsum(amount), 0), coalesce(fsum(amount) FILTER (reason IS NULL), 0),
        coalesce(fsum(amount) FILTER (reason IS NOT NULL), 0), sum(CAST(row_hash AS HUGEINT)), bit_xor(row_hash)
        FROM {lines}"""
    ).fetchall()
    accepted, returns, zero, first, last, read, used, refused, total, mixed = one[0]
    rejected = connection.execute(
        f"SELECT reason, count(*) FROM {lines} WHERE reason IS NOT NULL GROUP BY 1 ORDER BY 2 DESC, 1"
    ).fetchall()
    if not accepted:
        causes = "; ".join(f"{reason} ({count:,} rows)" for reason, count in rejected[:5])
        raise DataError(f"{source.path.name}: none of its {source.rows:,} rows can be used: {causes}.")
    facts = {name: list(value) if isinstance(value, list) else value for name, value in facts.items()}
    facts["quirks"] = list(facts.get("quirks", []))
    if cleaning._is_personal(facts["columns"]["customer_id"].split("'")[1]):
        facts["quirks"].append(
            "customers are named by name or address; replace these by numbers before sharing any output"
        )
    digest = f"{source.schema.names}|{source.rows}|{total}|{mixed}"
    return Card(
        name=source.name,
        title=f"own file {source.path.name}",
        kind="own file",
        source="brought by the user",
        licence="not stated; the user's own to know",
        format=f"folder of {len(source.files)} Parquet files" if source.path.is_dir() else "Parquet",
        size_bytes=source.size_bytes,
        fingerprint=hashlib.sha256(digest.encode()).hexdigest(),
        rows_read=source.rows,
        rows_accepted=accepted,
        rejected=dict(rejected),
        returns=returns,
        zero_value=zero,
        duplicates=source.rows - _different_rows(connection, lines, source.slices),
        without_customer=dict(rejected).get(cleaning.NO_CUSTOMER, 0),
        first_date=str(first),
        last_date=str(last),
        amount_read=round(read, 6),
        amount_accepted=round(used, 6),
        amount_rejected=round(refused, 6),
        **facts,
    )


def _different_rows(connection, lines: str, parts: int) -> int:
    """Different rows, told apart by a hash of 64 bits; counted part by part, so that memory stays bounded."""
    counted = (
        connection.execute(
            f"SELECT count(DISTINCT row_hash) FROM {lines} WHERE row_hash % {parts} = {part}"
        ).fetchall()[0][0]
        for part in range(parts)
    )
    return sum(counted)


def write_lines(connection, planned: Plan, folder: Path) -> None:
    """Write the lines into a folder per slice: the one pass through the source."""
    connection.execute(
        f"COPY ({planned.query}) TO {literal(str(folder))} (FORMAT parquet, PARTITION_BY (slice), OVERWRITE_OR_IGNORE)"
    )


def transactions(connection, lines: str) -> duckdb.DuckDBPyRelation:
    """The table ``transactions`` of some accepted lines; lines of one order, customer and day are one row, returns apart.

    Parameters
    ----------
    connection : DuckDBPyConnection
    lines : str
        SQL that reads them.
    """
    present = connection.sql(f"SELECT * FROM {lines}").columns
    if "order_id" not in present:
        kept = [name for name in ("customer_id", "date", "amount", "quantity") if name in present]
        return connection.sql(f"SELECT {', '.join(kept)} FROM {lines}")
    quantity = "sum(quantity) AS quantity, " if "quantity" in present else ""
    # A line without an order number is an order of its own: nothing says that two of them belong together.
    alone = "CASE WHEN order_id IS NULL THEN source || '|' || line END"
    return connection.sql(
        f"SELECT customer_id, date, round(sum(amount), 6) AS amount, {quantity}any_value(order_id) AS order_id "
        f"FROM (SELECT *, {alone} AS alone FROM {lines}) GROUP BY customer_id, order_id, alone, date, is_return"
    )
