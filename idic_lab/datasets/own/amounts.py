"""Numbers as people write them: currency signs, thousands separators, decimal commas, brackets for a minus."""

from __future__ import annotations

import re
import unicodedata
from decimal import Decimal

import numpy as np
import pandas as pd

from idic_lab.datasets.own.values import WORDS, Parsed, by_distinct_value, sample
from idic_lab.errors import DataError, option

# Above this a 64-bit number no longer holds cents, and no single order is this large.
LARGEST = 1e13
_SHARED: dict[str, str] = WORDS["currencies"]["shared"]
CURRENCIES: dict[str, str] = {code: code for code in WORDS["currencies"]["codes"].split()}
CURRENCIES |= WORDS["currencies"]["signs"] | _SHARED
_BY_SMALL_LETTERS = {sign.casefold(): sign for sign in reversed(CURRENCIES)}
# One value in a hundred written the other way round is a slip to be rejected; more than that, and nobody can tell.
_SLIP = 0.01
_MONEY = frozenset(f"no {role.replace('_', ' ')}" for role in WORDS["money"].split())
_WIDE_MARKS = str.maketrans("，．－＋（）٫٬＄￡", ",.-+().,$£")
_INFINITE = r"[-+]?inf(?:inity)?"


def parse(column: pd.Series, header: str, *, decimal: str | None = None, missing: str = "no amount") -> Parsed:
    """Numbers of a column, with the reason wherever there is none.

    Whether a comma or a point marks the decimals is decided on the whole column.

    Parameters:
        column: Numbers, text or both.
        header: For messages.
        decimal ({".", ","}, optional): The decimal mark; found out by default.
        missing: Reason where the value is missing; "no amount" and "no unit price" mean that the column holds money.
    Raises:
        DataError: When some values use a decimal comma and others a decimal point.

    >>> parsed = parse(pd.Series(["1.234,50 €", "(12,00)", "many"]), "Total")
    >>> parsed.result[:2].tolist(), parsed.reasons[2]
    ([1234.5, -12.0], 'not a number')
    """
    if decimal not in (None, ".", ","):
        raise DataError(f"{option('decimal', decimal)} was given; the decimal mark is '.' or ','.")
    if column.dtype == "str":
        stored = np.zeros(len(column), dtype=bool)
    else:
        numbers = (int, float, Decimal, np.number)
        stored = np.array([isinstance(value, numbers) and not isinstance(value, bool) for value in column], dtype=bool)
    values, reasons = np.full(len(column), np.nan), np.full(len(column), missing, dtype=object)
    absent = column.isna().to_numpy()
    stored &= ~absent
    # Numbers stored as numbers are taken as they are; the rest is read as text.
    values[stored] = [float(value) for value in column[stored]]
    reasons[stored] = _faults(values[stored])
    rest = ~stored & ~absent
    written = Parsed(np.array([]), np.array([]))
    if rest.any():
        text = column[rest] if column.dtype == "str" else column[rest].map(str).astype("str")
        money = missing in _MONEY
        written = by_distinct_value(text, lambda distinct: _from_text(distinct, header, decimal, money), missing)
        values[rest], reasons[rest] = written.result, written.reasons
    values[np.not_equal(reasons, None)] = np.nan
    return Parsed(values, reasons, written.assumptions, written.symbols)


def _faults(values: np.ndarray) -> np.ndarray:
    return np.where(
        ~np.isfinite(values), "not a finite number", np.where(np.abs(values) > LARGEST, "number too large", None)
    ).astype(object)


def _from_text(text: pd.Series, header: str, decimal: str | None, money: bool) -> Parsed:
    if not text.str.isascii().all():
        text = text.map(_plain_digits).astype("str")
    plain = text.str.fullmatch(r"-?\d+(?:\.(?:\d{1,2}|\d{4,}))?")
    if decimal in (None, ".") and plain.all():
        return _finish(pd.to_numeric(text, errors="coerce"))
    bare, symbols = _without_signs(text)
    bare = bare.str.replace("[−–]", "-", regex=True).str.replace("[\\s\u00a0\u202f'’_]", "", regex=True)
    negative = bare.str.fullmatch(r"\(.+\)|-?[^-]+-|-\(.+\)")
    bare = bare.str.replace(r"^-?\((.+)\)$", r"\1", regex=True).str.replace(r"^(\d.*)-$", r"\1", regex=True)
    mark, assumptions = (decimal, []) if decimal else _decimal_mark(bare, header, money)
    thousands = "," if mark == "." else "."
    m, t = (r"\.", ",") if mark == "." else (",", r"\.")
    valid = bare.str.fullmatch(
        rf"[-+]?(?:\d+|\d{{1,3}}(?:{t}\d{{2,3}})*{t}\d{{3}})?(?:{m}\d*)?(?:[eE][-+]?\d+)?"
    ) & bare.str.contains(r"\d", regex=True)
    cleaned = bare.str.replace(thousands, "", regex=False).str.replace(mark, ".", regex=False)
    numbers = pd.to_numeric(cleaned.where(valid), errors="coerce")
    infinite = bare.str.fullmatch(_INFINITE, case=False)
    return _finish(numbers.where(~negative, -numbers.abs()).mask(infinite, np.inf), assumptions, symbols)


def _plain_digits(text: str) -> str:
    """Digits and marks of any script, and those as wide as a character, as ASCII."""
    digits = (str(unicodedata.decimal(one)) if one.isdecimal() else one for one in text)
    return "".join(digits).translate(_WIDE_MARKS)


def _without_signs(text: pd.Series) -> tuple[pd.Series, frozenset[str]]:
    """The texts without signs and codes of currencies, and those that were seen."""
    words = text.str.replace("[\\d\\s.,'’_()+−–\u00a0\u202f-]+", " ", regex=True).str.strip().unique()
    seen = {}
    for word in words:
        sign = _BY_SMALL_LETTERS.get(word.casefold())
        if word and sign is not None:
            seen[word] = sign
    for word in sorted(seen, key=len, reverse=True):
        text = text.str.replace(rf"{re.escape(word)}\.?(?!{re.escape(word)})", "", regex=True)
    return text, frozenset(seen.values())


def _finish(numbers: pd.Series, assumptions: list[str] | None = None, symbols: frozenset[str] = frozenset()) -> Parsed:
    values = numbers.to_numpy(dtype="float64", na_value=np.nan)
    reasons = np.where(np.isnan(values), "not a number", _faults(values)).astype(object)
    return Parsed(np.where(np.equal(reasons, None), values, np.nan), reasons, assumptions or [], symbols)


def _decimal_mark(bare: pd.Series, header: str, money: bool) -> tuple[str, list[str]]:
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
                f"point ({sample(sure_point)}). Make them alike, or say {option('decimal', ',')} or {option('decimal', '.')}."
            )
    if len(sure_comma) > len(sure_point):
        return ",", [f"the comma marks the decimals of {header!r}"]
    if len(sure_point):
        commas = digits.str.contains(",", regex=False).any()
        return ".", [f"the comma separates the thousands of {header!r}"] if commas else []
    if unsure_comma.any() and unsure_point.any():
        raise DataError(
            f"column {header!r}: {sample(digits[unsure_comma], 1)} and {sample(digits[unsure_point], 1)} may be "
            f"thousands or decimals. Say {option('decimal', ',')} or {option('decimal', '.')}."
        )
    if unsure_comma.any():
        return ".", [
            f"{sample(digits[unsure_comma], 1)} in {header!r} means thousands (else say {option('decimal', ',')})"
        ]
    if unsure_point.any():
        # Money has two decimals at most; a thousand without its point, as in 12500, says that the others are decimals.
        if money and not digits.str.fullmatch(r"[1-9]\d{3,}").any():
            return ",", [
                f"{sample(digits[unsure_point], 1)} in {header!r} means thousands, as every point has three digits behind "
                f"it (else say {option('decimal', '.')})"
            ]
        return ".", [
            f"{sample(digits[unsure_point], 1)} in {header!r} has decimals (else say {option('decimal', ',')})"
        ]
    return ".", []


def currency_of(symbols: frozenset[str], headers: str = "") -> tuple[str, list[str]]:
    """ISO code for the signs seen in a column, and what had to be assumed; several currencies are an error.

    Parameters:
        headers: Of the file: among Japanese ones, the sign of the yen is that of the yen and not of the yuan.
    """
    shared = _SHARED | (dict.fromkeys("¥￥", "JPY") if re.search("[\u3040-\u30ff]", headers) else {})
    codes = {shared.get(symbol, CURRENCIES.get(symbol, symbol)) for symbol in symbols}
    if len(codes) > 1:
        raise DataError(
            f"the amounts are in several currencies ({', '.join(sorted(codes))}); sums over them mean nothing. "
            "Convert them to one first, or bring one file for each."
        )
    assumed = [f"{symbol} means {shared[symbol]}" for symbol in sorted(symbols & shared.keys())]
    return next(iter(codes), ""), assumed
