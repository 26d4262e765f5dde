"""What a table's contract is: its columns with type, meaning and unit, its key, and the checks.

A table in pandas is checked by pandera, which says where a breach was found; a table of another engine where it lies, by
one query, however large. Both are loaded at the first check: whoever only asks for a name need not wait for them.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

from idic_lab.errors import ContractError

if TYPE_CHECKING:
    import pandas as pd

# The five types a contract knows, and the pandas dtype that each must have. Nothing is coerced on the way into a
# check: a date that arrives as text is a mistake to be reported, not guessed at.
DTYPES = {"text": "str", "date": "datetime64[us]", "number": "float64", "count": "int64", "flag": "bool"}
# The types of other engines that are as good.
_ENGINE_TYPES = {
    "text": ("String", "Categorical", "Enum"),
    "date": ("Date", "Datetime"),
    "number": ("Float64",),
    "count": ("Int64", "Int32", "Int16", "Int8"),
    "flag": ("Boolean",),
}


class Part(NamedTuple):
    """A table, or one part of a table that is written in parts.

    >>> Part.of("segments:rfm"), str(Part("segments", "rfm"))
    (Part(table='segments', part='rfm'), 'segments:rfm')
    """

    table: str
    part: str = ""

    @classmethod
    def of(cls, name: str | Part) -> Part:
        """The reference that a text such as ``rfm`` or ``segments:rfm`` stands for."""
        return name if isinstance(name, Part) else cls(*name.split(":", 1))

    def __str__(self) -> str:
        return f"{self.table}:{self.part}" if self.part else self.table


@dataclass(frozen=True)
class Column:
    """One column of a contract.

    Attributes:
        type ({"text", "date", "number", "count", "flag"}): ``date`` columns carry no time of day unless `time_of_day`;
            ``number`` is a float, ``count`` an integer.
        meaning: One phrase for the data dictionary.
        unit: ``"currency"`` for money in the data set's currency.
        nullable, required: Whether values, or the whole column, may be missing.
        minimum, maximum: Inclusive.
        choices (tuple of str or None): The only values allowed.
    """

    type: str
    meaning: str
    unit: str = ""
    nullable: bool = False
    minimum: float | None = None
    maximum: float | None = None
    choices: tuple[str, ...] | None = None
    required: bool = True
    time_of_day: bool = False

    @property
    def dtype(self) -> str:
        """The pandas dtype, whether or not a value happens to be missing."""
        return "Int64" if self.type == "count" and self.nullable else DTYPES[self.type]

    def rules(self) -> Iterator[tuple[str, str, object]]:
        """What a value must keep to: the rule in words, its kind and its bound."""
        if self.minimum is not None:
            yield f"at least {self.minimum:g}", "minimum", self.minimum
        if self.maximum is not None:
            yield f"at most {self.maximum:g}", "maximum", self.maximum
        if self.choices is not None:
            yield f"one of {', '.join(self.choices)}", "choices", list(self.choices)
        if self.type == "date" and not self.time_of_day:
            yield "a date without time of day", "day", None


@dataclass(frozen=True)
class Table:
    """The contract of one table.

    Attributes:
        meaning: One sentence for the data dictionary.
        columns (dict of str to Column): Columns beyond these are allowed and kept; these must be as described.
        key (tuple of str): Columns that together identify a row; empty when rows may repeat.
        partition: A column whose values are written independently of each other: writing ``segments`` with scheme "rfm"
            leaves the other schemes in place.
        personal: True when the table holds names, addresses or the like, and so never leaves the repository.
        withheld (tuple of str): Columns of a table that may leave, which may not: they are empty in the exported table.
    """

    name: str
    meaning: str
    columns: dict[str, Column]
    key: tuple[str, ...] = ()
    partition: str | None = None
    personal: bool = False
    withheld: tuple[str, ...] = ()

    def check(self, data, source: str = ""):
        """Return `data`, a DataFrame of any engine, unchanged when it keeps to the contract.

        Parameters:
            source: Where the data came from, for the message.
        Raises:
            ContractError: With every breach: a column that is missing or of another type, a missing value, one outside
                its range, a key that repeats. In pandas with the first place of each.

        >>> import duckdb
        >>> from idic_lab import tables
        >>> rows = duckdb.sql("SELECT 'a' AS customer_id, 'rfm' AS scheme, NULL::VARCHAR AS segment")
        >>> tables.get("segments").check(rows)
        Traceback (most recent call last):
        idic_lab.errors.ContractError: table 'segments': column 'segment' should be a value (1 rows)
        """
        where = f"table '{self.name}'" + (f" from {source}" if source else "")
        found = _names(data)
        missing = [name for name, column in self.columns.items() if column.required and name not in found]
        if missing:
            raise ContractError(
                f"{where}: missing column{'s' if len(missing) > 1 else ''} {', '.join(map(repr, missing))}; "
                f"found {', '.join(map(repr, found)) or 'none'}."
            )
        breaches = self._breaches(data) if _is_pandas(data) else self._breaches_in_engine(data)
        if breaches:
            raise ContractError(f"{where}: {'; '.join(breaches)}")
        return data

    def empty(self) -> pd.DataFrame:
        """A table of this contract without rows."""
        import pandas as pd

        return pd.DataFrame(
            {name: pd.Series([], dtype=one.dtype) for name, one in self.columns.items() if one.required}
        )

    def dictionary(self) -> pd.DataFrame:
        """The data dictionary: column, type, unit, range, may be missing, meaning.

        >>> from idic_lab import tables
        >>> tables.get("segments").dictionary()["column"].tolist()
        ['customer_id', 'scheme', 'segment']
        """
        import pandas as pd

        rows = []
        for name, column in self.columns.items():
            scope, missing = ", ".join(rule for rule, *_ in column.rules()), "value" if column.nullable else ""
            missing = missing if column.required else "column"
            rows.append((name, column.type, column.unit, scope, missing, column.meaning))
        return pd.DataFrame(rows, columns=["column", "type", "unit", "range", "may be missing", "meaning"])

    @cached_property
    def _schema(self):
        import pandera.pandas as pa

        made = {
            "minimum": lambda bound, rule: pa.Check.ge(bound, error=rule),
            "maximum": lambda bound, rule: pa.Check.le(bound, error=rule),
            "choices": lambda bound, rule: pa.Check.isin(bound, error=rule),
            "day": lambda _, rule: pa.Check(lambda dates: dates.dt.normalize().eq(dates), error=rule),
        }
        columns = {}
        for name, column in self.columns.items():
            checks = [made[kind](bound, rule) for rule, kind, bound in column.rules()]
            columns[name] = pa.Column(DTYPES[column.type], checks, nullable=column.nullable, required=column.required)
        return pa.DataFrameSchema(columns, unique=list(self.key) or None, strict=False, coerce=False)

    def _breaches(self, data: pd.DataFrame) -> list[str]:
        """One readable phrase per column and kind of breach, with a count and, unless personal, the first value."""
        from pandera.errors import SchemaErrors

        try:
            self._schema.validate(data, lazy=True)
            return []
        except SchemaErrors as error:
            cases = error.failure_cases
        told, repeated = [], False
        mistyped = set(cases.loc[cases["check"].astype(str).str.startswith("dtype"), "column"])
        for (name, check), group in cases.groupby(["column", "check"], sort=False, dropna=False):
            if str(check).startswith("dtype"):
                column = self.columns[name]
                told.append(f"column {name!r} should be {column.type} ({column.dtype}), found {data[name].dtype}")
            elif name in mistyped:
                continue  # the other checks of a column of the wrong type say nothing more
            elif str(check) == "multiple_fields_uniqueness":
                if not repeated:  # it is found once per column of the key
                    told.append(self._repeats(group["index"].nunique()))
                repeated = True
            else:
                rule, first = "a value" if str(check) == "not_nullable" else str(check), group.iloc[0]
                shown = "" if self.personal else f", found {first['failure_case']!r}"
                told.append(f"column {name!r} should be {rule}{shown} at row {first['index']} ({len(group):,} rows)")
        return told

    def _breaches_in_engine(self, data) -> list[str]:
        """The same without places, by two queries."""
        import narwhals as nw

        frame = nw.from_native(data)
        schema = frame.collect_schema()
        here = {name: column for name, column in self.columns.items() if name in schema}
        told = [
            f"column {name!r} should be {column.type}, found {schema[name]}"
            for name, column in here.items()
            if type(schema[name]).__name__ not in _ENGINE_TYPES[column.type]
        ]
        if told:
            return told
        counts = {
            f"column {name!r} should be {rule}": nw.when(test).then(nw.lit(1)).otherwise(nw.lit(0)).sum()
            for name, column in here.items()
            for rule, test in _tests(nw.col(name), column)
        }
        numbered = [count.alias(str(place)) for place, count in enumerate(counts.values())]
        rows = _first_row(frame.select(nw.len().alias("rows"), *numbered))
        if rows["rows"]:
            broken = {rule: int(rows[str(place)]) for place, rule in enumerate(counts)}
            told = [f"{rule} ({count:,} rows)" for rule, count in broken.items() if count]
        if self.key:
            groups = frame.group_by(*self.key).agg(nw.len().alias("rows")).filter(nw.col("rows") > 1)
            twice = _first_row(groups.select(nw.col("rows").sum()))["rows"]
            told += [self._repeats(int(twice))] if twice else []
        return told

    def _repeats(self, rows: int) -> str:
        return f"rows are not unique by {', '.join(self.key)} ({rows:,} rows)"


def _is_pandas(data) -> bool:
    import pandas as pd

    return isinstance(data, pd.DataFrame)


def _names(data) -> list[str]:
    if _is_pandas(data):
        return list(data.columns)
    import narwhals as nw

    return nw.from_native(data).collect_schema().names()


def _tests(value, column: Column) -> Iterator[tuple[str, object]]:
    """Rule and the expression that is true where it is broken; an engine's day has no time of day to be tested."""
    if not column.nullable:
        yield "a value", value.is_null()
        if column.type == "number":
            yield "a number", value.is_nan()
    broken = {"minimum": value.__lt__, "maximum": value.__gt__, "choices": lambda choices: ~value.is_in(choices)}
    yield from ((rule, broken[kind](bound)) for rule, kind, bound in column.rules() if kind in broken)


def _first_row(frame) -> dict:
    frame = frame.collect("pyarrow") if hasattr(frame, "collect") else frame
    return frame.rows(named=True)[0]
