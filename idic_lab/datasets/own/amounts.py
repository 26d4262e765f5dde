"""Numbers as people write them: currency signs, thousands separators, decimal commas, brackets for a minus."""

from __future__ import annotations

from decimal import Decimal

import numpy as np
import pandas as pd

from idic_lab.datasets.own.parsed import Parsed, by_distinct_value, kinds, sample
from idic_lab.errors import DataError

# Above this a 64-bit number no longer holds cents, and no single order is this large.
LARGEST = 1e13
CURRENCIES = {
    "£": "GBP",
    "€": "EUR",
    "US$": "USD",
    "$": "USD",
    "¥": "CNY",
    "￥": "CNY",
    "元": "CNY",
    "RMB": "CNY",
    "₹": "INR",
    "₩": "KRW",
    "₽": "RUB",
    "zł": "PLN",
    "kr": "SEK",
}
_CODES = "USD|EUR|GBP|CNY|RMB|JPY|CHF|CAD|AUD|INR|KRW|SEK|NOK|DKK|PLN|BRL|HKD|SGD|MXN"
_SIGN = rf"(US\$|[£€$¥￥₹₩₽元]|zł|kr\.?|\b(?:{_CODES})\b)"
# One value in a hundred written the other way round is a slip to be rejected; more than that, and nobody can tell.
_SLIP = 0.01
# Chinese and Japanese programs write digits and marks as wide as a character.
_FULL_WIDTH = str.maketrans("０１２３４５６７８９．，－＋（）", "0123456789.,-+()")


def parse(
    column: pd.Series, header: str, *, decimal: str | None = None, missing: str = "no amount"
) -> Parsed:
    """Numbers of a column, with the reason wherever there is none.

    Whether a comma or a point marks the decimals is decided on the whole column.

    Parameters
    ----------
    column : Series
        Numbers, text or both.
    header : str
        For messages.
    decimal : {".", ","}, optional
        The decimal mark; found out by default.
    missing : str
        Reason where the value is missing.

    Raises
    ------
    DataError
        When some values use a decimal comma and others a decimal point.

    Examples
    --------
    >>> parsed = parse(pd.Series(["1.234,50 €", "(12,00)", "many"]), "Total")
    >>> parsed.result[:2].tolist(), parsed.reasons[2]
    ([1234.5, -12.0], 'not a number')
    """
    if decimal not in (None, ".", ","):
        raise DataError(f"decimal={decimal!r} was given; the decimal mark is '.' or ','.")
    if pd.api.types.is_bool_dtype(column):
        column = column.astype("str")
    if pd.api.types.is_numeric_dtype(column):
        parsed = _numbers(
            column.to_numpy(dtype="float64", na_value=np.nan), column.isna().to_numpy(), missing
        )
    elif column.dtype == object:
        parsed = _mixed(column, header, decimal, missing)
    else:
        parsed = by_distinct_value(
            column.astype("str"), lambda text: _from_text(text, header, decimal), missing
        )
    return parsed


def _numbers(values: np.ndarray, absent: np.ndarray, missing: str) -> Parsed:
    reasons = np.full(len(values), None, dtype=object)
    with np.errstate(invalid="ignore"):
        reasons[~np.isfinite(values)] = "not a finite number"
        reasons[np.isfinite(values) & (np.abs(values) > LARGEST)] = "number too large"
    reasons[absent] = missing
    return Parsed(np.where(reasons == None, values, np.nan), reasons)  # noqa: E711 (elementwise)


def _mixed(column: pd.Series, header: str, decimal: str | None, missing: str) -> Parsed:
    """Numbers stored as numbers are taken as they are; the rest is read as text."""
    kind = kinds(column, (int, float, Decimal, np.number))
    numeric = kind == "number"
    values, reasons = np.full(len(column), np.nan), np.full(len(column), missing, dtype=object)
    if numeric.any():
        as_float = np.array([float(value) for value in column[numeric]])
        stored = _numbers(as_float, np.zeros(len(as_float), dtype=bool), missing)
        values[numeric], reasons[numeric] = stored.result, stored.reasons
    rest = np.isin(kind, ["text", "other"])
    written = Parsed(np.array([]), np.array([]))
    if rest.any():
        text = column[rest].map(str).astype("str")
        written = by_distinct_value(text, lambda distinct: _from_text(distinct, header, decimal), missing)
        values[rest], reasons[rest] = written.result, written.reasons
    return Parsed(values, reasons, written.assumptions, written.symbols)


def _from_text(text: pd.Series, header: str, decimal: str | None) -> Parsed:
    if not text.str.isascii().all():
        text = text.str.translate(_FULL_WIDTH)
    plain = text.str.fullmatch(r"-?\d+(?:\.(?:\d{1,2}|\d{4,}))?")
    if decimal in (None, ".") and plain.all():
        return _finish(pd.to_numeric(text, errors="coerce"), text)
    symbols = text.str.extract(_SIGN, expand=False).dropna().str.rstrip(".").unique()
    bare = (
        text.str.replace(_SIGN, "", regex=True)
        .str.replace("[−–]", "-", regex=True)
        .str.replace(r"[\s\u00a0\u202f'’_]", "", regex=True)
    )
    negative = bare.str.fullmatch(r"\(.+\)|-?[^-]+-|-\(.+\)")
    bare = bare.str.replace(r"^-?\((.+)\)$", r"\1", regex=True).str.replace(r"^(\d.*)-$", r"\1", regex=True)
    mark, assumptions = (decimal, []) if decimal else _decimal_mark(bare, header)
    thousands = "," if mark == "." else "."
    m, t = (r"\.", ",") if mark == "." else (",", r"\.")
    valid = bare.str.fullmatch(
        rf"[-+]?(?:\d+|\d{{1,3}}(?:{t}\d{{2,3}})*{t}\d{{3}})?(?:{m}\d*)?(?:[eE][-+]?\d+)?"
    ) & bare.str.contains(r"\d", regex=True)
    cleaned = bare.str.replace(thousands, "", regex=False).str.replace(mark, ".", regex=False)
    numbers = pd.to_numeric(cleaned.where(valid), errors="coerce")
    infinite = bare.str.fullmatch(r"[-+]?inf(?:inity)?", case=False)
    numbers = numbers.where(~negative, -numbers.abs()).mask(infinite, np.inf)
    return _finish(numbers, text, assumptions, frozenset(symbols))


def _finish(
    numbers: pd.Series,
    text: pd.Series,
    assumptions: list[str] | None = None,
    symbols: frozenset[str] = frozenset(),
) -> Parsed:
    parsed = _numbers(numbers.to_numpy(dtype="float64", na_value=np.nan), np.zeros(len(text), bool), "")
    parsed.reasons[numbers.isna().to_numpy(dtype=bool)] = "not a number"
    return Parsed(parsed.result, parsed.reasons, assumptions or [], symbols)


def _decimal_mark(bare: pd.Series, header: str) -> tuple[str, list[str]]:
    """The decimal mark of a column of digits, commas and points, and what had to be assumed."""
    digits = bare[bare.str.fullmatch(r"[-+]?[\d.,]+(?:[eE][-+]?\d+)?")].str.lstrip("+-")
    comma = digits.str.contains(r"\..*,\d*$|^\d*,\d*$", regex=True)
    point = digits.str.contains(r",.*\.\d*$|^\d*\.\d*$|[eE]", regex=True)
    # "1,234" may be a thousand or a little more than one, and so may "1.234"; "0,234" and "12345,678" may not.
    unsure_comma = digits.str.fullmatch(r"[1-9]\d{0,2},\d{3}")
    unsure_point = digits.str.fullmatch(r"[1-9]\d{0,2}\.\d{3}")
    # Two commas are thousands, and so speak for the point; two points for the comma.
    sure_comma = digits[(comma & ~unsure_comma) | digits.str.fullmatch(r"\d{1,3}(?:\.\d{3}){2,}")]
    sure_point = digits[(point & ~unsure_point) | digits.str.fullmatch(r"\d{1,3}(?:,\d{2,3}){2,}")]
    if len(sure_comma) and len(sure_point):
        fewer = min(len(sure_comma), len(sure_point))
        if fewer > _SLIP * (len(sure_comma) + len(sure_point)):
            raise DataError(
                f"column {header!r}: some values have a decimal comma ({sample(sure_comma)}) and others a decimal "
                f"point ({sample(sure_point)}). Make them alike, or say decimal=',' or decimal='.'."
            )
    if len(sure_comma) > len(sure_point):
        return ",", [f"the comma marks the decimals of {header!r}"]
    if len(sure_point):
        commas = digits.str.contains(",", regex=False).any()
        return ".", [f"the comma separates the thousands of {header!r}"] if commas else []
    if unsure_comma.any() and unsure_point.any():
        raise DataError(
            f"column {header!r}: {sample(digits[unsure_comma], 1)} and {sample(digits[unsure_point], 1)} may be "
            "thousands or decimals. Say decimal=',' or decimal='.'."
        )
    if unsure_comma.any():
        return ".", [
            f"{sample(digits[unsure_comma], 1)} in {header!r} means thousands (else say decimal=',')"
        ]
    if unsure_point.any():
        return ".", [f"{sample(digits[unsure_point], 1)} in {header!r} has decimals (else say decimal=',')"]
    return ".", []


def currency_of(symbols: frozenset[str]) -> tuple[str, list[str]]:
    """ISO code for the signs seen in a column, and what had to be assumed; several currencies are an error."""
    codes = {CURRENCIES.get(symbol, symbol) for symbol in symbols}
    if len(codes) > 1:
        raise DataError(
            f"the amounts are in several currencies ({', '.join(sorted(codes))}); sums over them mean nothing. "
            "Convert them to one first, or bring one file for each."
        )
    shared = {"$": "USD", "¥": "CNY", "￥": "CNY", "kr": "SEK"}
    assumed = [f"{symbol} means {shared[symbol]}" for symbol in sorted(symbols & shared.keys())]
    return next(iter(codes), ""), assumed
