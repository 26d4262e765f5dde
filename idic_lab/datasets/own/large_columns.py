"""The columns of large Parquet as SQL: the same values, and the same reasons where there is none, as of a small file.

Numbers and dates that are stored as such are read by the engine. Everything else goes the way of a small file: each different
value is read once by the parser that a small file meets, and the answers are looked up.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import duckdb
import numpy as np
import pandas as pd
import pyarrow as pa

from idic_lab.datasets.own import amounts, dates, files
from idic_lab.datasets.own.parsed import MISSING, Parsed
from idic_lab.errors import DataError

DIFFERENT_VALUES = 5_000_000
_BLANK = " \t\r\n\u00a0\u3000\ufeff\u200b"


def quoted(name: str) -> str:
    """A column's name in SQL."""
    return '"' + name.replace('"', '""') + '"'


def literal(text: str) -> str:
    """A text in SQL."""
    return "'" + text.replace("'", "''") + "'"


@dataclass
class Column:
    """How one column is read.

    Attributes
    ----------
    value, reason : str
        SQL expressions over a row of the source; the reason is NULL where there is a value.
    join : str
        The table of answers that both need, as a join; empty when the engine reads the column by itself.
    """

    value: str
    reason: str
    join: str = ""


@dataclass
class Reader:
    """Reads columns of ``source``, a view of the connection.

    Attributes
    ----------
    connection : DuckDBPyConnection
    schema : pyarrow.Schema
    assumptions : list of str
        What had to be assumed, for the card.
    symbols : set of str
        Currency signs seen.
    """

    connection: duckdb.DuckDBPyConnection
    schema: pa.Schema
    assumptions: list[str] = field(default_factory=list)
    symbols: set[str] = field(default_factory=set)

    def identifier(self, label: str, missing: str) -> Column:
        """Text of identifiers; 17850.0 is "17850"."""
        kind, raw = self.schema.field(label).type, f"source.{quoted(label)}"
        if pa.types.is_integer(kind):
            return Column(f"CAST({raw} AS VARCHAR)", f"CASE WHEN {raw} IS NULL THEN {literal(missing)} END")
        if pa.types.is_floating(kind):
            whole = f"{raw} = trunc({raw}) AND abs({raw}) < 1e38"
            text = f"CASE WHEN {whole} THEN CAST(CAST({raw} AS HUGEINT) AS VARCHAR) ELSE CAST({raw} AS VARCHAR) END"
            value = f"CASE WHEN isfinite({raw}) THEN {text} END"
            return Column(
                value, f"CASE WHEN {raw} IS NULL OR NOT isfinite({raw}) THEN {literal(missing)} END"
            )
        text = f"trim(CAST({raw} AS VARCHAR), {literal(_BLANK)})"
        absent = f"({raw} IS NULL OR lower({text}) IN ({', '.join(map(literal, sorted(MISSING)))}))"
        tidy = rf"CASE WHEN regexp_full_match({text}, '-?\d+\.0+') THEN regexp_replace({text}, '\.0+$', '') ELSE {text} END"
        return Column(
            f"CASE WHEN NOT {absent} THEN {tidy} END", f"CASE WHEN {absent} THEN {literal(missing)} END"
        )

    def day(self, label: str, today: pd.Timestamp) -> Column:
        """Days without time of day, from 1900 to today."""
        kind, raw = self.schema.field(label).type, f"source.{quoted(label)}"
        if not (pa.types.is_date(kind) or pa.types.is_timestamp(kind)):
            return self._looked_up("date", label, lambda column: dates.parse(column, label, today=today))
        if pa.types.is_timestamp(kind) and kind.tz is not None:
            if kind.tz.upper() not in ("UTC", "GMT", "+00:00", "ETC/UTC"):
                raise DataError(
                    f"column {label!r}: times in the zone {kind.tz} cannot be read in parts; store them without a zone, or in "
                    "UTC, or load the file whole (--no-large)."
                )
            raw = f"make_timestamp(epoch_us({raw}))"
            self.assumptions.append(f"time zone of {label!r} dropped; the day is the one written there")
        day = f"CAST({raw} AS DATE)"
        if pa.types.is_timestamp(kind):
            times = self._number(f"SELECT count(*) FROM source WHERE CAST({day} AS TIMESTAMP) <> {raw}")
            if times:
                self.assumptions.append(f"time of day of {label!r} dropped ({times:,} rows)")
        early, late = f"DATE '{dates.EARLIEST.date()}'", f"DATE '{today.date()}'"
        reason = (
            f"CASE WHEN {raw} IS NULL THEN 'no date' WHEN {day} < {early} THEN 'date before {dates.EARLIEST.year}' "
            f"WHEN {day} > {late} THEN 'date in the future' END"
        )
        return Column(f"CASE WHEN {day} BETWEEN {early} AND {late} THEN {day} END", reason)

    def number(self, role: str, label: str) -> Column:
        """Finite numbers that 64 bits hold to the cent."""
        kind, raw = self.schema.field(label).type, f"source.{quoted(label)}"
        missing = f"no {role.replace('_', ' ')}"
        if not (pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_decimal(kind)):
            return self._looked_up(role, label, lambda column: amounts.parse(column, label, missing=missing))
        number = f"CAST({raw} AS DOUBLE)"
        reason = (
            f"CASE WHEN {raw} IS NULL OR isnan({number}) THEN {literal(missing)} "
            f"WHEN isinf({number}) THEN 'not a finite number' "
            f"WHEN abs({number}) > {amounts.LARGEST!r} THEN 'number too large' END"
        )
        return Column(f"CASE WHEN abs({number}) <= {amounts.LARGEST!r} THEN {number} END", reason)

    def reasons(self, role: str, label: str, judge: Callable[[pd.Series], np.ndarray]) -> Column:
        """Reasons alone, found on the different values of a column."""
        return self._looked_up(
            role,
            label,
            lambda column: Parsed(np.full(len(column), np.nan), judge(column)),
            column_of_reasons=True,
        )

    def different(self, label: str) -> pa.Table:
        """Each different value of a column once, with its number of rows."""
        found = self._number(f"SELECT approx_count_distinct({quoted(label)}) FROM source")
        if found > DIFFERENT_VALUES:
            raise DataError(
                f"column {label!r} holds some {found:,} different values of type {self.schema.field(label).type}. Of large "
                "data, dates and numbers that differ so much must be stored as dates and numbers: convert the column first."
            )
        query = f"SELECT {quoted(label)} AS value, count(*) AS rows FROM source GROUP BY ALL ORDER BY rows DESC, value"
        return self.connection.sql(query).to_arrow_table()

    def _looked_up(self, role: str, label: str, parse, column_of_reasons: bool = False) -> Column:
        table = self.different(label)
        values = table.select(["value"]).to_pandas(types_mapper=files._INTEGERS.get, ignore_metadata=True)[
            "value"
        ]
        parsed = parse(values)
        self.assumptions.extend(parsed.assumptions)
        if role in ("amount", "unit_price"):
            self.symbols |= parsed.symbols
        answers = pa.table(
            {
                "value": table["value"],
                "result": pa.array(parsed.result, from_pandas=True),
                "reason": pa.array(parsed.reasons, type=pa.string(), from_pandas=True),
            }
        )
        name = f"answers_{role}"
        self.connection.register("answers", answers)
        self.connection.execute(f"CREATE OR REPLACE TEMP TABLE {name} AS SELECT * FROM answers")
        self.connection.unregister("answers")
        join = f"LEFT JOIN {name} ON {name}.value IS NOT DISTINCT FROM source.{quoted(label)}"
        value = f"CAST({name}.result AS DATE)" if role == "date" else f"{name}.result"
        return Column("NULL" if column_of_reasons else value, f"{name}.reason", join)

    def _number(self, query: str) -> int:
        return int(self.connection.execute(query).fetchall()[0][0])
