"""What a table's contract is: its columns with type, meaning and unit, its key, and the check."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import pandas as pd
import pandera.pandas as pa

from idic_lab.errors import ContractError

# The five types a contract knows, and the pandas dtype that each must have. Nothing is coerced on the way into a
# check: a date that arrives as text is a mistake to be reported, not guessed at.
DTYPES = {"text": "str", "date": "datetime64[us]", "number": "float64", "count": "int64", "flag": "bool"}


def column(
    kind: str,
    meaning: str,
    *,
    unit: str = "",
    nullable: bool = False,
    minimum: float | None = None,
    maximum: float | None = None,
    values: Sequence[str] | None = None,
    required: bool = True,
    time_of_day: bool = False,
) -> pa.Column:
    """One column of a contract.

    Parameters
    ----------
    kind : {"text", "date", "number", "count", "flag"}
        ``date`` columns carry no time of day unless `time_of_day`; ``number`` is a float, ``count`` an integer.
    meaning : str
        One phrase for the data dictionary.
    unit : str
        Unit of measurement; ``"currency"`` for money in the data set's currency.
    nullable, required : bool
        Whether values, or the whole column, may be missing.
    minimum, maximum : float, optional
        Inclusive bounds.
    values : sequence of str, optional
        The only values allowed.
    """
    checks = []
    if minimum is not None:
        checks.append(pa.Check.ge(minimum, error=f"at least {minimum:g}"))
    if maximum is not None:
        checks.append(pa.Check.le(maximum, error=f"at most {maximum:g}"))
    if values is not None:
        checks.append(pa.Check.isin(list(values), error=f"one of {', '.join(values)}"))
    if kind == "date" and not time_of_day:
        checks.append(
            pa.Check(lambda dates: dates.dt.normalize().eq(dates), error="a date without time of day")
        )
    span = ", ".join(str(check.error) for check in checks)
    return pa.Column(
        DTYPES[kind],
        checks=checks,
        nullable=nullable,
        required=required,
        description=meaning,
        metadata={"kind": kind, "unit": unit, "range": span},
    )


@dataclass(frozen=True)
class Table:
    """The contract of one table.

    Attributes
    ----------
    name : str
    meaning : str
        One sentence for the data dictionary.
    columns : dict of str to pandera.Column
        Columns beyond these are allowed and kept; these must be as described.
    key : tuple of str
        Columns that together identify a row; empty when rows may repeat.
    partition : str or None
        A column whose values are written independently of each other: writing ``segments`` with scheme "rfm" leaves
        the other schemes in place.
    personal : bool
        True when the table holds names, addresses or the like, and so never leaves the repository.
    withheld : tuple of str
        Columns of a table that may leave, which may not: they are empty in the exported table.
    """

    name: str
    meaning: str
    columns: dict[str, pa.Column]
    key: tuple[str, ...] = ()
    partition: str | None = None
    personal: bool = False
    withheld: tuple[str, ...] = ()
    _schema: pa.DataFrameSchema = field(init=False, repr=False, compare=False)

    def __post_init__(self):
        schema = pa.DataFrameSchema(self.columns, unique=list(self.key) or None, strict=False, coerce=False)
        object.__setattr__(self, "_schema", schema)

    def check(self, data: pd.DataFrame, source: str = "") -> pd.DataFrame:
        """Return `data` unchanged when it keeps to the contract, else raise ContractError with every breach."""
        where = f"table '{self.name}'" + (f" from {source}" if source else "")
        missing = [name for name, spec in self.columns.items() if spec.required and name not in data.columns]
        if missing:
            raise ContractError(
                f"{where}: missing column{'s' if len(missing) > 1 else ''} {', '.join(map(repr, missing))}; "
                f"found {', '.join(map(repr, data.columns)) or 'none'}."
            )
        try:
            self._schema.validate(data, lazy=True)
        except pa.errors.SchemaErrors as error:
            raise ContractError(
                f"{where}: " + "; ".join(_breaches(self, data, error.failure_cases))
            ) from None
        return data

    def empty(self) -> pd.DataFrame:
        """A table of this contract without rows."""
        return pd.DataFrame(
            {
                name: pd.Series([], dtype=DTYPES[spec.metadata["kind"]])
                for name, spec in self.columns.items()
                if spec.required
            }
        )

    def dictionary(self) -> pd.DataFrame:
        """The data dictionary: one row per column with its type, unit, range and meaning."""
        rows = [
            {
                "column": name,
                "type": spec.metadata["kind"],
                "unit": spec.metadata["unit"],
                "range": spec.metadata["range"],
                "may be missing": "column" if not spec.required else ("value" if spec.nullable else ""),
                "meaning": spec.description,
            }
            for name, spec in self.columns.items()
        ]
        return pd.DataFrame(rows)


def _breaches(table: Table, data: pd.DataFrame, cases: pd.DataFrame):
    """One readable phrase per column and kind of breach, with a count and, unless personal, the first value."""
    repeated = False
    mistyped = set(cases.loc[cases["check"].astype(str).str.startswith("dtype"), "column"])
    for (name, check), group in cases.groupby(["column", "check"], sort=False, dropna=False):
        if str(check).startswith("dtype"):
            kind = table.columns[name].metadata["kind"]
            yield f"column {name!r} should be {kind} ({DTYPES[kind]}), found {data[name].dtype}"
        elif name in mistyped:
            continue  # the other checks of a column of the wrong type say nothing more
        elif str(check) == "multiple_fields_uniqueness":
            if not repeated:  # it is found once per column of the key
                yield f"rows are not unique by {', '.join(table.key)} ({group['index'].nunique():,} rows)"
            repeated = True
        else:
            rule = "a value" if str(check) == "not_nullable" else str(check)
            first = group.iloc[0]
            shown = "" if table.personal else f", found {first['failure_case']!r}"
            yield f"column {name!r} should be {rule}{shown} at row {first['index']} ({len(group):,} rows)"
