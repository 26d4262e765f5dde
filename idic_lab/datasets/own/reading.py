"""The columns of a source as SQL: numbers and identifiers by the engine, everything else read once per different value.

What takes a human eye to read (dates, written amounts, the words of a status) goes to pandas, each different value once, and
the answers are looked up: so small files and Parquet that stays where it is are read by the same rules.
"""

import datetime
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import partial

import duckdb
import numpy as np
import pandas as pd
import pyarrow as pa

from idic_lab import dataframes
from idic_lab.datasets.own import Rows, engine, words
from idic_lab.datasets.own.engine import LargeParquet, literal, quoted
from idic_lab.datasets.own.numbers_and_dates import LARGEST, parse_dates, parse_numbers, without_zone
from idic_lab.datasets.own.words import BLANK, MISSING, Parsed
from idic_lab.errors import DataError

NO_CUSTOMER = "no customer"
GUEST = "a guest, not a customer"
DIFFERENT_VALUES = 5_000_000
NUMBERS = ("amount", "quantity", "unit_price", "refunded")
TEXTS = ("order_id", "product_id", "description", "country")
_TIME = r"([0-9])[T ](?:[01]\d|2[0-3]):[0-5]\d(?::[0-5]\d(?:\.\d+)?)?$"
_PLAIN = "[0-9A-Za-z_/#-]+"  # identifiers of which nothing has to be tidied
_MAIL = r"[^@\s]+@[^@\s]+\.[^@\s]+"
_ZERO = ("0", "-1", "0000")  # under which shops count guests


@dataclass(frozen=True)
class Options:
    """What a person may say about a file when it cannot be found out; see :func:`idic_lab.datasets.load`."""

    columns: Mapping[str, str] | str | None = None
    date_format: str | None = None
    dayfirst: bool | None = None
    decimal: str | None = None
    today: datetime.date | str | None = None
    sales: str | None = None


@dataclass
class Source:
    """The view ``source`` of a connection, and where each column of the file, by its label, is in it."""

    connection: duckdb.DuckDBPyConnection
    name: str
    headers: dict[str, str]  # as written
    places: dict[str, str]  # the column in SQL
    types: dict[str, pa.DataType]
    file: str  # where a row stands, in SQL, and on which line
    line: str
    rows: int
    large: bool = False  # whether it stays where it is
    # The different values of a column of numbers, dates and texts; a row's place in them is the column "code N".
    mixed: dict[str, pd.Series] = field(default_factory=dict)

    @classmethod
    def of_rows(cls, connection: duckdb.DuckDBPyConnection, rows: Rows) -> "Source":
        """Rows that were loaded, under names that SQL cannot confuse."""
        held, mixed = {}, {}
        for place, label in enumerate(rows.frame.columns):
            column = rows.frame[label]
            if column.dtype == object:
                kinds = column.map(lambda value: (type(value).__name__, str(value)), na_action="ignore")
                codes, _ = pd.factorize(kinds)
                mixed[label] = column[kinds.notna() & ~kinds.duplicated()].reset_index(drop=True)
                held[f"code {place}"] = pa.array(codes, mask=codes < 0)
                column = column.map(str, na_action="ignore").astype("str")
            elif isinstance(column.dtype, pd.DatetimeTZDtype):
                column = column.dt.tz_localize(None)
                rows.notes.append(without_zone(label))
            held[f"column {place}"] = pa.array(column, from_pandas=True)
        held["line"] = pa.array(rows.lines)
        held["file"] = pa.array([rows.name] * len(rows.lines) if rows.sources is None else rows.sources, pa.string())
        connection.register("source", pa.table(held))
        labels = dict(enumerate(rows.frame.columns))
        places = {label: f'source."column {place}"' for place, label in labels.items()}
        types = {label: held[f"column {place}"].type for place, label in labels.items()}
        known = (dict(zip(places, rows.headers, strict=True)), places, types)
        return cls(connection, rows.name, *known, "source.file", "source.line", len(rows.frame), mixed=mixed)

    @classmethod
    def of_parquet(cls, connection: duckdb.DuckDBPyConnection, large: LargeParquet) -> "Source":
        """Parquet that stays where it is."""
        listed = ", ".join(literal(str(file)) for file in large.files)
        read = f"read_parquet([{listed}], filename = '_path', file_row_number = true)"
        connection.execute(
            f"CREATE OR REPLACE TEMP VIEW source AS SELECT *, parse_filename(_path) AS _file FROM {read}"
        )
        names = large.schema.names
        places = {name: f"source.{quoted(name)}" for name in names}
        known = (dict(zip(names, names, strict=True)), places, dict(zip(names, large.schema.types, strict=True)))
        place = ("source._file", "source.file_row_number + 2")
        return cls(connection, large.path.name, *known, *place, large.rows, large=True)

    def with_column(self, name: str, sql: str) -> str:
        """Add a column to the view, so that whoever reads it twice does not compute it twice; its place in SQL."""
        (view,) = self.all("SELECT sql FROM duckdb_views() WHERE view_name = 'source'")[0]
        inner = view.partition(" AS ")[2].rstrip(";")
        query = f"SELECT source.*, {sql} AS {quoted(name)} FROM ({inner}) AS source"
        self.connection.execute(f"CREATE OR REPLACE TEMP VIEW source AS {query}")
        return f"source.{quoted(name)}"

    def all(self, query: str) -> list[tuple]:
        """The rows of a query's result."""
        return self.connection.execute(query).fetchall()

    def is_number(self, label: str) -> bool:
        """Whether a column is stored as numbers."""
        kind = self.types[label]
        return pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_decimal(kind)

    def trimmed(self, label: str) -> str:
        """A column's values as text without blanks around."""
        return f"trim(CAST({self.places[label]} AS VARCHAR), {literal(BLANK)})"

    def text(self, label: str, trimmed: str = "") -> str:
        """A column's values as text, NULL where there is none; 17850.0 is "17850". Blanks around go, unless they have gone."""
        kind, raw = self.types[label], self.places[label]
        if pa.types.is_integer(kind):
            return f"CAST({raw} AS VARCHAR)"
        if pa.types.is_floating(kind):
            whole = f"{raw} = trunc({raw}) AND abs({raw}) < 1e38"
            text = f"CASE WHEN {whole} THEN CAST(CAST({raw} AS HUGEINT) AS VARCHAR) ELSE CAST({raw} AS VARCHAR) END"
            return f"CASE WHEN isfinite({raw}) THEN {text} END"
        text = trimmed or self.trimmed(label)
        tidy = rf"CASE WHEN regexp_full_match({text}, '-?\d+\.0+') THEN regexp_replace({text}, '\.0+$', '') ELSE {text} END"
        return f"CASE WHEN lower({text}) NOT IN ({listed(MISSING)}) THEN {tidy} END"

    def identifier(self, label: str, trimmed: str = "") -> str:
        """Text of identifiers: an accent is part of its letter, however it is stored; e-mail addresses know no capitals."""
        text = self.text(label, trimmed)
        if self.is_number(label):
            return text
        return f"CASE WHEN regexp_full_match({text}, '{_MAIL}') THEN lower(nfc_normalize({text})) ELSE nfc_normalize({text}) END"

    def holds_something(self, label: str) -> bool:
        """Whether a column has any value but blanks."""
        return bool(self.all(f"SELECT 1 FROM source WHERE {self.trimmed(label)} <> '' LIMIT 1"))

    def different(self, label: str, sql: str | None = None) -> tuple[pa.Array, pd.Series, str]:
        """Each different value of a column once, in the order of the file: its key, the value, and the key in SQL."""
        if label in self.mixed:
            held = self.mixed[label]
            return pa.array(np.arange(len(held))), held, self.places[label].replace('"column ', '"code ')
        key = sql or self.places[label]
        if self.large:
            found = self.all(f"SELECT approx_count_distinct({key}) FROM source")[0][0]
            if found > DIFFERENT_VALUES:
                told = f"column {label!r} holds some {found:,} different values of type {self.types[label]}"
                how = "Of large data, dates and numbers that differ so much must be stored as such: convert the column first."
                raise DataError(f"{told}. {how}")
        query = f"SELECT {key} AS value FROM source WHERE {key} IS NOT NULL GROUP BY 1 ORDER BY min({self.line})"
        table = self.connection.sql(query).to_arrow_table()
        frame = table.to_pandas(types_mapper=engine.INTEGERS.get, ignore_metadata=True)
        return table["value"], frame["value"], key

    def first_values(self, label: str, number: int = 100) -> pd.Series:
        """Some different values from the beginning of a column."""
        if label in self.mixed:
            return self.mixed[label].head(number)
        value = f"CAST({self.places[label]} AS DOUBLE)" if self.is_number(label) else self.text(label)
        some = f"SELECT {value} AS value FROM source WHERE {value} IS NOT NULL LIMIT 2000"
        found = [row[0] for row in self.all(f"SELECT value FROM ({some}) GROUP BY 1 LIMIT {number}")]
        return pd.Series(found, dtype=None if self.is_number(label) else "str")


def listed(words: Iterable[str]) -> str:
    """Texts as a list in SQL."""
    return ", ".join(map(literal, sorted(words))) or "NULL"


@dataclass
class Column:
    """How one role is read: SQL for its value and for the reason where there is none, over ``source`` and a table of answers."""

    value: str
    reason: str = "NULL"
    join: str = ""


class Reader:
    """Reads the columns of a source, and keeps what had to be assumed (what is worth a question first) and currency signs seen."""

    def __init__(self, source: Source, options: Options, notes: Iterable[str] = ()):
        self.source, self.options = source, options
        self.today = dataframes.given_day(datetime.date.today() if options.today is None else options.today, "today")
        self.assumptions, self.symbols = list(notes), set()
        self._looks: dict[str, list[float]] = {}

    def fits(self, role: str, label: str) -> bool:
        """Whether most of the first values of a column can be those of a role."""
        if role == "repeats":  # what differs in every row numbers rows, not people
            place = self.source.places[label]
            return bool(self.source.all(f"SELECT count(DISTINCT {place}) < count({place}) FROM source")[0][0])
        if role not in (*NUMBERS, "date"):
            return True
        if label not in self._looks:
            self._looks[label] = self._look(label)
        numbers, days = self._looks[label]
        return numbers > 0.5 if role in NUMBERS else days > 0.5 or self.options.date_format is not None

    def _look(self, label: str) -> list[float]:
        """Of the first different values of a column: the shares that are numbers and that are dates."""
        kind = self.source.types[label]
        if pa.types.is_temporal(kind):
            return [0.0, 1.0]
        some, shares = self.source.first_values(label), []
        as_days = {"today": pd.Timestamp("2200-01-01"), "dayfirst": self.options.dayfirst}
        ways = {parse_numbers: {"decimal": self.options.decimal}, parse_dates: as_days}
        for read, how in ways.items():
            try:
                shares.append(float(np.equal(read(some, label, **how).reasons, None).mean()))
            except DataError:
                shares.append(1.0)  # so much like one that it is ambiguous
        return shares

    def looked_up(
        self, name: str, label: str, parse: Callable[[pd.Series], Parsed], sql: str | None = None, missing: str = ""
    ) -> Column:
        """A column whose different values are read once; the answers are a table to be joined."""
        keys, held, key = self.source.different(label, sql)
        parsed = parse(held)
        self.assumptions.extend(note for note in parsed.assumptions if note not in self.assumptions)
        if name in ("amount", "unit_price"):
            self.symbols |= parsed.symbols
        reasons = pa.array(parsed.reasons, type=pa.string(), from_pandas=True)
        answers = pa.table({"key": keys, "result": pa.array(parsed.result, from_pandas=True), "reason": reasons})
        table = quoted(f"answers {name}")
        self.source.connection.register("answers", answers)
        self.source.connection.execute(f"CREATE OR REPLACE TEMP TABLE {table} AS SELECT * FROM answers")
        self.source.connection.unregister("answers")
        unread = f"CASE WHEN {table}.key IS NULL THEN {literal(missing)} ELSE {table}.reason END"
        join = f"LEFT JOIN {table} ON {table}.key = {key}"
        return Column(f"{table}.result", unread if missing else f"{table}.reason", join)

    def number(self, role: str, label: str, name: str = "") -> Column:
        """Finite numbers that 64 bits hold to the cent."""
        raw, missing = self.source.places[label], f"no {role.replace('_', ' ')}"
        if not self.source.is_number(label):
            read = partial(parse_numbers, header=label, decimal=self.options.decimal, missing=missing)
            return self.looked_up(name or role, label, read, missing=missing)
        number = f"CAST({raw} AS DOUBLE)"
        reason = (
            f"CASE WHEN {raw} IS NULL OR isnan({number}) THEN {literal(missing)} "
            f"WHEN isinf({number}) THEN 'not a finite number' WHEN abs({number}) > {LARGEST!r} THEN 'number too large' END"
        )
        return Column(f"CASE WHEN abs({number}) <= {LARGEST!r} THEN {number} END", reason)

    def day(self, label: str) -> Column:
        """Days without time of day, from 1900 to today; stored times are cut to their days before they are read."""
        kind, raw, key = self.source.types[label], self.source.places[label], None
        if pa.types.is_timestamp(kind) or pa.types.is_date(kind):
            if pa.types.is_timestamp(kind) and kind.tz is not None:
                if kind.tz.upper() not in ("UTC", "GMT", "+00:00", "ETC/UTC"):
                    told = "store them without a zone, or in UTC, or load the file whole (--no-large)."
                    raise DataError(f"column {label!r}: times in the zone {kind.tz} cannot be read in parts; {told}")
                raw = f"make_timestamp(epoch_us({raw}))"
                self.assumptions.append(without_zone(label))
            key = f"CAST({raw} AS DATE)"
            times = self.source.all(f"SELECT count(*) FROM source WHERE CAST({key} AS TIMESTAMP) <> {raw}")[0][0]
            if times:
                self.assumptions.append(f"time of day of {label!r} dropped ({times:,} rows)")
        elif label not in self.source.mixed and not self.source.is_number(label) and self.options.date_format is None:
            key = f"regexp_replace({raw}, {literal(_TIME)}, '\\1')"  # a million orders have a million times, on a few hundred days
            if self.source.all(f"SELECT 1 FROM source WHERE {key} <> {raw} LIMIT 1"):
                self.assumptions.append(f"time of day of {label!r} dropped")

        given = {"date_format": self.options.date_format, "dayfirst": self.options.dayfirst}
        read = partial(parse_dates, header=label, today=self.today, **given)
        found = self.looked_up("date", label, read, key, missing="no date")
        return replace(found, value=f"CAST({found.value} AS DATE)")

    def identifier(self, role: str, label: str) -> Column:
        """Identifiers; of those that are plain nothing is tidied, and each other text of a file that was loaded once."""
        table, raw, tidied = quoted(f"texts {role}"), self.source.places[label], self.source.identifier(label)
        if self.source.is_number(label):
            return Column(tidied)
        text = f"CAST({raw} AS VARCHAR)"
        odd = f"(NOT regexp_full_match({text}, '{_PLAIN}') OR lower({text}) IN ({listed(MISSING)}))"
        if label not in self.source.mixed and not self.source.all(f"SELECT 1 FROM source WHERE {odd} LIMIT 1"):
            return Column(text)
        if self.source.large:  # where a table of all texts may find no room
            trimmed = self.source.with_column(f"trimmed {role}", self.source.trimmed(label))
            return Column(self.source.with_column(f"tidied {role}", self.source.identifier(label, trimmed)))
        self.source.connection.execute(
            f"CREATE OR REPLACE TEMP TABLE {table} AS SELECT raw, {tidied.replace(raw, 'raw')} AS who "
            f"FROM (SELECT DISTINCT {raw} AS raw FROM source WHERE {raw} IS NOT NULL)"
        )
        return Column(f"{table}.who", join=f"LEFT JOIN {table} ON {table}.raw = {raw}")

    def customer(self, label: str) -> Column:
        """Who bought; lines of totals, guests and numbers that a spreadsheet cut short name nobody."""
        found = self.identifier("customer_id", label)
        who, rows = found.value, f"source {found.join}"
        nobody = {} if self.source.is_number(label) else self._nobody(who, rows)
        # Where customers are counted from 0, it has as many rows as another.
        guests, others, customers = self.source.all(
            f"SELECT count(*) FILTER (who IN ({listed(_ZERO)})), count(*) FILTER (who NOT IN ({listed(_ZERO)})), "
            f"approx_count_distinct(who) FROM (SELECT {who} AS who FROM {rows})"
        )[0]
        if guests > 2 * others / max(customers - 1, 1):
            nobody |= dict.fromkeys(_ZERO, GUEST)
        elif guests:
            told = "customer '0' has no more rows than others, so it was taken for one and not for guests"
            self.assumptions.append(told)
        told = "".join(
            f" WHEN {who} IN ({listed(one for one, why in nobody.items() if why == reason)}) THEN {literal(reason)}"
            for reason in dict.fromkeys(nobody.values())
        )
        return replace(found, reason=f"CASE WHEN {who} IS NULL THEN {literal(NO_CUSTOMER)}{told} END")

    def _nobody(self, who: str, rows: str) -> dict[str, str]:
        """Texts that stand where a customer should and name nobody, with the reason."""
        query = f"SELECT lower(strip_accents(unnest([{listed(words.TOTALS | words.GUESTS)}])))"
        told = [word for (word,) in self.source.all(query)]
        latin = "|".join(word for word in told if word.isascii())
        others = "".join(f"|{word}" for word in told if not word.isascii())
        plain = "lower(strip_accents(who))"
        bare = rf"regexp_replace({plain}, '[\s[:punct:][:digit:]]+', '', 'g')"
        suspects = self.source.all(
            f"WITH texts AS MATERIALIZED (SELECT who FROM (SELECT DISTINCT {who} AS who FROM {rows}) WHERE length(who) < 60 "
            f"AND NOT regexp_full_match(who, '[A-Za-z_-]*[0-9]+[A-Za-z0-9_-]*|{_MAIL}')) "
            f"SELECT who FROM texts WHERE (regexp_matches({plain}, '(^|[^a-z])({latin})([^a-z]|$){others}') OR {bare} IN ({listed(told)}) "
            r"OR regexp_full_match(who, '\d(?:[.,]\d+)?[eE]\+\d+'))"
        )
        found = {}
        for (text,) in suspects:
            if text[0].isdigit():
                found[text] = "number cut short by a spreadsheet"
            elif words.normalise(text) in words.GUESTS:
                found[text] = GUEST
            else:
                parts = {text.partition(" ")[2], text.rpartition(" ")[0]} - {""}
                others = self.source.all(f"SELECT DISTINCT {who} FROM {rows} WHERE {who} IN ({listed(parts)})")
                if words.is_total(text, [row[0] for row in others]):
                    found[text] = "a line of totals"
        return found
