"""From rows to transactions: every row is either accepted or in ``rejects`` with the reason."""

from __future__ import annotations

import datetime
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from idic_lab import tables
from idic_lab.datasets.own import amounts, columns, dates, orders
from idic_lab.datasets.own.parsed import Parsed, by_distinct_value
from idic_lab.datasets.own.personal import looks_personal
from idic_lab.datasets.own.rows import Rows, rejects
from idic_lab.errors import DataError

NO_CUSTOMER = "no customer"
# What stands where a customer should, below a table that was summed up.
_TOTALS = frozenset(
    ["total", "totals", "grand total", "subtotal", "summe", "gesamtsumme", "合计", "总计", "小计"]
)
_LONGEST_VALUE = 200
# Beside the customer's number, a name or address under which rejected and odd rows must not be printed.
PERSONAL_RANKS = slice(3, None)


@dataclass(frozen=True)
class Options:
    """What a person may say about a file when it cannot be found out."""

    columns: Mapping[str, str] | str | None = None
    date_format: str | None = None
    dayfirst: bool | None = None
    decimal: str | None = None
    today: datetime.date | str | None = None


@dataclass
class Cleaned:
    """The tables of a file and the facts for its card (arguments of :class:`idic_lab.datasets.Card`)."""

    tables: dict[str, pd.DataFrame]
    facts: dict = field(default_factory=dict)


class _Verdicts:
    """For every row the first thing found wrong with it."""

    def __init__(self, rows: Rows):
        self.rows = rows
        self.bad = np.zeros(len(rows.frame), dtype=bool)
        self._found: list[tuple[np.ndarray, str, str]] = []

    def refuse(self, label: str, reasons: np.ndarray) -> None:
        """Refuse the rows that have a reason and were not refused before."""
        at_fault = np.not_equal(reasons, None) & ~self.bad
        codes, distinct = pd.factorize(reasons[at_fault])
        places = np.flatnonzero(at_fault)
        for code, reason in enumerate(distinct):
            self._found.append((places[codes == code], label, reason))
        self.bad |= at_fault

    def table(self) -> pd.DataFrame:
        """All refused rows in the order of the file."""
        rows, parts = self.rows, [self.rows.broken]
        for places, label, reason in self._found:
            value = rows.frame[label].iloc[places]
            shown = value.astype("str").str.slice(0, _LONGEST_VALUE).where(value.notna().to_numpy())
            source = rows.name if rows.sources is None else rows.sources[places]
            parts.append(rejects(source, rows.lines[places], label, shown.to_numpy(dtype=object), reason))
        together = pd.concat([part for part in parts if len(part)] or [tables.get("rejects").empty()])
        return together.sort_values(["source", "line"], kind="stable", ignore_index=True)


def clean(rows: Rows, options: Options) -> Cleaned:
    """Recognise the columns, read their values, and make ``transactions``, ``order_lines`` and ``rejects``.

    Parameters
    ----------
    rows : Rows
    options : Options

    Raises
    ------
    DataError
        When a needed column is missing or ambiguous, or no row can be used.
    """
    frame = rows.frame
    if frame.empty and rows.broken.empty:
        raise DataError(f"{rows.name}: it has columns but no rows.")
    headers = dict(zip(frame.columns, rows.headers, strict=True))
    empty = [label for label in frame.columns if _all_missing(frame[label])]
    try:
        roles, reasons = columns.recognise(rows.name, headers, options.columns, empty)
    except DataError as error:
        left_out = [note for note in rows.notes if note.startswith("nested columns")]
        raise DataError(f"{error}{''.join(f' ({note})' for note in left_out)}") from None
    today = pd.Timestamp(options.today if options.today is not None else datetime.date.today())
    verdicts, assumptions = _Verdicts(rows), list(rows.notes)
    try:
        lines, currency = _read_columns(frame, roles, options, today, verdicts, assumptions)
    except DataError as error:
        raise DataError(f"{rows.name}: {error}") from None
    _refuse_open_deals(frame, roles, verdicts, assumptions)
    rejected = verdicts.table()
    _require_something(rows, rejected)
    if "amount" not in roles:
        reasons["amount"] = "quantity × unit_price"
    lines["is_return"] = orders.is_return(lines)
    accepted = lines[~verdicts.bad].reset_index(drop=True)
    made, notes = orders.tables_of(accepted)
    facts = _count(rows, lines, accepted, rejected, verdicts.bad)
    if _is_personal(roles["customer_id"]) or looks_personal(accepted["customer_id"]):
        facts |= {"customers_only_returns": [], "names_customers": True}
        notes.append("customers are named by name or address; a run shows them by codes instead")
    facts |= {"columns": reasons, "currency": currency, "assumptions": assumptions, "quirks": notes}
    return Cleaned(made | {"rejects": rejected}, facts)


def _read_columns(frame, roles, options: Options, today, verdicts: _Verdicts, assumptions: list[str]):
    """The rows as typed columns, refusing those that cannot be read, and the currency."""
    lines = pd.DataFrame(index=frame.index)
    customer = _identifiers(frame[roles["customer_id"]], NO_CUSTOMER, _not_a_customer)
    verdicts.refuse(roles["customer_id"], customer.reasons)
    lines["customer_id"] = pd.Series(customer.result, index=frame.index).astype("str")
    day = dates.parse(
        frame[roles["date"]],
        roles["date"],
        today=today,
        date_format=options.date_format,
        dayfirst=options.dayfirst,
    )
    verdicts.refuse(roles["date"], day.reasons)
    lines["date"] = day.result
    assumptions.extend(day.assumptions)
    symbols: set[str] = set()
    for role in ("amount", "quantity", "unit_price"):
        if role in roles:
            number = amounts.parse(
                frame[roles[role]],
                roles[role],
                decimal=options.decimal,
                missing=f"no {role.replace('_', ' ')}",
            )
            if role == "quantity" and "amount" in roles:
                number.reasons[number.reasons == "no quantity"] = None  # the amount alone suffices
            if role != "unit_price" or "amount" not in roles:
                verdicts.refuse(roles[role], number.reasons)
            lines[role] = number.result
            assumptions.extend(number.assumptions)
            symbols |= number.symbols if role != "quantity" else set()
    if "amount" not in roles:
        lines["amount"] = lines["quantity"] * lines["unit_price"]
        too_large = np.where(lines["amount"].abs() > amounts.LARGEST, "number too large", None).astype(object)
        verdicts.refuse(roles["unit_price"], too_large)
        lines.loc[np.not_equal(too_large, None), "amount"] = np.nan
    for role in ("order_id", "product_id", "description", "country"):
        if role in roles:
            values = _identifiers(frame[roles[role]], "").result
            lines[role] = pd.Series(values, index=frame.index).astype("str")
    return lines, _currency(frame, roles, symbols, assumptions)


def _currency(
    frame: pd.DataFrame, roles: Mapping[str, str], symbols: set[str], assumptions: list[str]
) -> str:
    converted = (
        "amount" in roles and columns.normalise(roles["amount"]) in columns.HEADERS["amount"][0].split()
    )
    code, assumed = amounts.currency_of(frozenset(symbols))
    assumptions.extend(assumed)
    if "currency" not in roles or converted:
        return code
    named = pd.Series(_identifiers(frame[roles["currency"]], "").result).dropna().str.upper().value_counts()
    if len(named) > 1:
        listed = ", ".join(f"{currency} in {count:,} rows" for currency, count in named.head(5).items())
        raise DataError(
            f"the amounts are in {len(named)} currencies ({listed}); sums over them mean nothing. Convert them to "
            f"one first, or read one: sql=\"SELECT * FROM data WHERE {roles['currency']} = '{named.index[0]}'\"."
        )
    return str(named.index[0]) if len(named) else code


def _not_a_customer(text: pd.Series) -> np.ndarray:
    """Reasons why texts name nobody.

    A long number that a spreadsheet shortened to 1.23457E+12 has lost the digits that told one customer from another.
    """
    reasons = np.full(len(text), None, dtype=object)
    reasons[text.str.fullmatch(r"\d(?:[.,]\d+)?[eE]\+\d+").to_numpy(dtype=bool)] = (
        "number cut short by a spreadsheet"
    )
    reasons[text.str.casefold().isin(_TOTALS).to_numpy()] = "a line of totals"
    return reasons


def _identifiers(
    column: pd.Series, missing: str, refuse: Callable[[pd.Series], np.ndarray] | None = None
) -> Parsed:
    """Text of identifiers; a number that a spreadsheet stored as 17850.0 is "17850"."""
    if pd.api.types.is_float_dtype(column):
        numbers = column.astype("float64")
        column = numbers.map(_number_text, na_action="ignore").astype(object)
    elif column.dtype == object:
        column = column.map(lambda value: _number_text(value) if isinstance(value, float) else value)
        column = column.map(str, na_action="ignore")
    else:
        column = column.astype("str")

    def tidy(text: pd.Series) -> Parsed:
        text = text.str.replace(r"^(-?\d+)\.0+$", r"\1", regex=True)
        text = text.str.normalize("NFC")  # an accent may be stored as part of its letter or beside it
        reasons = np.full(len(text), None, dtype=object) if refuse is None else refuse(text)
        return Parsed(text.to_numpy(dtype=object), reasons)

    return by_distinct_value(column, tidy, missing)


def _number_text(value: float) -> str | None:
    if not math.isfinite(value):
        return None
    return str(int(value)) if value == int(value) else repr(float(value))


def _refuse_open_deals(frame, roles: Mapping[str, str], verdicts: _Verdicts, assumptions: list[str]) -> None:
    """In an export of deals, those not won are no purchases."""
    if "stage" not in roles:
        return
    stage = pd.Series(_identifiers(frame[roles["stage"]], "").result, dtype="str").fillna("")
    won = stage.str.contains("won|赢|成交", case=False) & ~stage.str.contains("not won|未", case=False)
    if won.any():
        verdicts.refuse(roles["stage"], np.where(won, None, "deal not won").astype(object))
        assumptions.append(
            f"deals that {roles['stage']!r} does not call won were rejected (to keep them: stage=)"
        )
    else:
        assumptions.append(f"no deal is called won in {roles['stage']!r}, so all were taken for purchases")


def _all_missing(column: pd.Series) -> bool:
    filled = column[column.notna()]
    if filled.empty:
        return True
    if filled.dtype not in ("str", object) or str(filled.iloc[0]).strip():
        return False
    return bool(filled.map(str).str.strip().eq("").all())


def _is_personal(label: str) -> bool:
    """Whether the header is one under which names and addresses stand, not numbers."""
    personal = " ".join(columns.HEADERS["customer_id"][PERSONAL_RANKS]).split()
    return columns.normalise(label) in personal


def _require_something(rows: Rows, rejected: pd.DataFrame) -> None:
    read = len(rows.frame) + len(rows.broken)
    if len(rejected) < read:
        return
    causes = rejected.groupby(["reason", "column"], sort=False).agg(
        count=("line", "size"), line=("line", "first")
    )
    listed = "; ".join(
        f"{reason} in column {column!r} ({row['count']:,} rows, first on line {row['line']})"
        for (reason, column), row in causes.head(5).iterrows()
    )
    raise DataError(f"{rows.name}: none of its {read:,} rows can be used: {listed}.")


def _count(rows: Rows, lines: pd.DataFrame, accepted: pd.DataFrame, rejected: pd.DataFrame, bad) -> dict:
    """The figures of the card."""
    buyers = accepted.loc[~accepted["is_return"], "customer_id"].unique()
    customers = accepted["customer_id"].drop_duplicates()
    readable = lines["amount"].to_numpy()
    rejected_sum = math.fsum(readable[bad & np.isfinite(readable)])
    accepted_sum = math.fsum(readable[~bad])
    return {
        "rows_read": len(rows.frame) + len(rows.broken),
        "rows_accepted": len(accepted),
        "rejected": rejected["reason"].value_counts().to_dict(),
        "returns": int(accepted["is_return"].sum()),
        "zero_value": int((accepted["amount"] == 0).sum()),
        "duplicates": int(rows.frame.duplicated().sum()),
        "without_customer": int((rejected["reason"] == NO_CUSTOMER).sum()),
        "customers": len(customers),
        "customers_only_returns": customers[~customers.isin(buyers)].tolist(),
        "first_date": str(accepted["date"].min().date()),
        "last_date": str(accepted["date"].max().date()),
        "amount_read": round(math.fsum(readable[np.isfinite(readable)]), 6),
        "amount_accepted": round(accepted_sum, 6),
        "amount_rejected": round(rejected_sum, 6),
    }
