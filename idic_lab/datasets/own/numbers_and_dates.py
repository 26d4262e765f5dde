"""Numbers and dates as people write them: the form is found out on the whole column."""

import datetime
import re
import unicodedata
from dataclasses import dataclass, field
from decimal import Decimal
from functools import partial

import numpy as np
import pandas as pd

from idic_lab.datasets.own.words import MONTHS, WORDS, Parsed, by_distinct_value, sample
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


def parse_numbers(column: pd.Series, header: str, *, decimal: str | None = None, missing: str = "no amount") -> Parsed:
    """Numbers of a column of numbers, text or both, with the reason wherever there is none.

    Whether a comma or a point marks the decimals is decided on the whole column, unless it is said. `missing` is the reason where
    there is no value: "no amount" and "no unit price" mean that the column holds money.

    Raises:
        DataError: When some values use a decimal comma and others a decimal point.

    >>> parsed = parse_numbers(pd.Series(["1.234,50 €", "(12,00)", "many"]), "Total")
    >>> parsed.result[:2].tolist(), parsed.reasons[2]
    ([1234.5, -12.0], 'not a number')
    """
    if decimal not in (None, ".", ","):
        raise DataError(f"{option('decimal', decimal)} was given; the decimal mark is '.' or ','.")
    stored = _held_as(column, int, float, Decimal, np.number)
    values, reasons = np.full(len(column), np.nan), np.full(len(column), missing, dtype=object)
    absent = column.isna().to_numpy()
    # Numbers stored as numbers are taken as they are; the rest is read as text.
    values[stored] = [float(value) for value in column[stored]]
    reasons[stored] = _faults(values[stored])
    rest = ~stored & ~absent
    written = Parsed(np.array([]), np.array([]))
    if rest.any():
        read = partial(_from_text, header=header, decimal=decimal, money=missing in _MONEY)
        written = by_distinct_value(_as_text(column[rest]), read, missing)
        values[rest], reasons[rest] = written.result, written.reasons
    values[np.not_equal(reasons, None)] = np.nan
    return Parsed(values, reasons, written.assumptions, written.symbols)


def _faults(values: np.ndarray) -> np.ndarray:
    large = np.where(np.abs(values) > LARGEST, "number too large", None)
    return np.where(np.isfinite(values), large, "not a finite number").astype(object)


def _from_text(text: pd.Series, header: str, decimal: str | None, money: bool) -> Parsed:
    if not text.str.isascii().all():  # digits and marks of any script, and those as wide as a character
        digits = {one: unicodedata.decimal(one) for one in set("".join(text)) if one.isdecimal()}
        text = text.str.translate(_WIDE_MARKS | {ord(one): str(digit) for one, digit in digits.items()}).astype("str")
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
    form = rf"[-+]?(?:\d+|\d{{1,3}}(?:{t}\d{{2,3}})*{t}\d{{3}})?(?:{m}\d*)?(?:[eE][-+]?\d+)?"
    valid = bare.str.fullmatch(form) & bare.str.contains(r"\d", regex=True)
    cleaned = bare.str.replace(thousands, "", regex=False).str.replace(mark, ".", regex=False)
    numbers = pd.to_numeric(cleaned.where(valid), errors="coerce")
    infinite = bare.str.fullmatch(_INFINITE, case=False)
    return _finish(numbers.where(~negative, -numbers.abs()).mask(infinite, np.inf), assumptions, symbols)


def _without_signs(text: pd.Series) -> tuple[pd.Series, frozenset[str]]:
    """The texts without signs and codes of currencies, and those that were seen."""
    words = text.str.replace("[\\d\\s.,'’_()+−–\u00a0\u202f-]+", " ", regex=True).str.strip().unique()
    seen = {word: _BY_SMALL_LETTERS[word.casefold()] for word in words if word and word.casefold() in _BY_SMALL_LETTERS}
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
    if not (unsure_comma.any() or unsure_point.any()):
        return ".", []
    mark, told = ".", "means thousands" if unsure_comma.any() else "has decimals"
    # Money has two decimals at most; a thousand without its point, as in 12500, says that the others are decimals.
    if unsure_point.any() and money and not digits.str.fullmatch(r"[1-9]\d{3,}").any():
        mark, told = ",", "means thousands, as every point has three digits behind it"
    else_say = option("decimal", "." if mark == "," else ",")
    return mark, [f"{sample(digits[unsure_comma | unsure_point], 1)} in {header!r} {told} (else say {else_say})"]


def currency_of(symbols: frozenset[str], headers: str = "") -> tuple[str, list[str]]:
    """ISO code for the signs seen in a column, and what had to be assumed; several currencies are an error.

    Among Japanese headers the sign of the yen is that of the yen and not of the yuan.
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


EARLIEST = pd.Timestamp("1900-01-01")
without_zone = "time zone of {!r} dropped; the day is the one written there".format
_NAT = np.datetime64("NaT", "us")
# What a number counts, by the usual size: least, most, microseconds in one, since when. Serial days are of 1927 to 2099;
# smaller ones would turn a column of years, 2011, into days of 1905.
_COUNTED = (
    (10_000, 73_050, 86_400_000_000, "1899-12-30", "Excel serial days"),
    (1e8, 5e9, 1_000_000, "1970-01-01", "seconds since 1970"),
    (1e11, 5e12, 1_000, "1970-01-01", "milliseconds since 1970"),
)
# Hour and minute after a day, and all that may follow. It is cut off first, because a million orders have a million
# times of day but only a few hundred days.
_NOON = "(?:上午|下午|午前|午後|오전|오후)"
_CLOCK = (
    rf"[T\s,]+(?:(?:um|at|à|a las|às|alle|kl)\.?\s+)?{_NOON}?\s*(?:[01]?\d|2[0-4])[:.h时時시]\s?[0-5]\d(?:[分분]|[:.][0-6]\d(?:[.,]\d+)?)?"
    rf"(?:\s?\d+[秒초])?\s*(?:[AaPp]\.?\s?[Mm]\.?|Uhr)?"
)
_ZONE = r"\s*(?:\(?[A-Z]{1,5}\)?(?:[+-]\d{1,2}(?::?\d\d)?)?|[+-]\d{2}:?\d{2}|[+-]\d{2}|[A-Z][a-z]+/[A-Z][a-z_A-Z]+)"
_DAY_MARK = r"(?:st|nd|rd|th|er|e|º|ª|°|\.|-?го)?"
_LINK = r"[-\s/.,]*(?:(?:de|del|of|di)\s+)?"
_NAME = r"(?P<n>[^\W\d_][^\s\d/.,-]{1,14})"
_WEEKDAY = r"(?:[^\W\d_]{2,12}\.?,?\s+)?"
_FORMS = {
    "year first": r"(?P<y>\d{4})[-/.年년]\s*(?P<m>\d{1,2})[-/.月월]\s*(?P<d>\d{1,2})(?:[日일]|\.)?(?:\s?\([^\W\d_]\))?",
    "eight digits": r"(?P<y>(?:19|20)\d\d)(?P<m>\d\d)(?P<d>\d\d)(?:\.0)?(?:T?\d{4,6})?",
    "numbers": r"(?P<a>\d{1,2})[-/.]\s?(?P<b>\d{1,2})[-/.]\s?(?P<y>\d{4}|\d\d)\.?",
    "day and month name": rf"{_WEEKDAY}(?P<d>\d{{1,2}}){_DAY_MARK}{_LINK}{_NAME}\.?{_LINK}(?P<y>\d{{4}}|\d\d)(?:\s?г\.?)?",
    "month name and day": rf"{_WEEKDAY}{_NAME}\.?[-\s/]+(?P<d>\d{{1,2}}){_DAY_MARK},?[-\s/]+(?P<y>\d{{4}})",
    "year, month name and day": rf"(?P<y>\d{{4}})[-\s/.]+{_NAME}\.?[-\s/.]+(?P<d>\d{{1,2}})",
}


def parse_dates(
    column: pd.Series, header: str, *, today: pd.Timestamp, date_format: str | None = None, dayfirst: bool | None = None
) -> Parsed:
    """Days of a column (datetime64[us], no time of day), with the reason wherever there is none.

    It may hold dates, numbers (Excel serial days, 19970131, seconds since 1970), text, or all three. Days after `today` are
    refused: no purchase has been made yet. Where nothing tells day from month, what is taken is an assumption.

    Raises:
        DataError: When some values are day-first and others month-first, or a spreadsheet has swapped the days and
            months of some.

    >>> parsed = parse_dates(pd.Series(["31/01/2011", "05/02/2011"]), "Day", today=pd.Timestamp("2024-01-01"))
    >>> parsed.result.astype("datetime64[D]").astype(str).tolist()
    ['2011-01-31', '2011-02-05']
    """
    how = _Dates(header, today, date_format, dayfirst)
    if isinstance(column.dtype, pd.DatetimeTZDtype):
        column = column.dt.tz_localize(None)
        how.assumptions.append(without_zone(header))
    values, reasons = np.full(len(column), _NAT), np.full(len(column), "no date", dtype=object)
    cells = _held_as(column, datetime.date)
    values[cells] = np.array([pd.Timestamp(value).tz_localize(None) for value in column[cells]], dtype="datetime64[us]")
    reasons[cells] = None
    number = _held_as(column, int, float, np.number) & ~cells
    text = column.notna().to_numpy() & ~cells & ~number
    for rows, read in ((number, how.of_numbers), (text, how.of_texts)):
        if rows.any():
            found = read(column[rows])
            values[rows], reasons[rows] = found.result, found.reasons
    if date_format is None:
        values = how.unswapped(values, cells, text, column)
    days = values.astype("datetime64[D]")
    times = int((values != days).sum() - np.isnat(days).sum())
    if times:
        how.assumptions.append(f"time of day of {header!r} dropped ({times:,} rows)")
    early, late = days < np.datetime64(EARLIEST, "D"), days > np.datetime64(today, "D")
    reasons[np.isnat(days) & np.equal(reasons, None)] = "not a date"
    reasons[early], reasons[late] = f"date before {EARLIEST.year}", "date in the future"
    days[early | late] = _NAT
    return Parsed(days.astype("datetime64[us]"), reasons, how.assumptions)


def _as_text(column: pd.Series) -> pd.Series:
    return column if column.dtype == "str" else column.map(str).astype("str")


def _held_as(column: pd.Series, *kinds: type) -> np.ndarray:
    """Which values of a column are stored as one of some types; True and False are no numbers."""
    if column.dtype == "str":
        return np.zeros(len(column), dtype=bool)
    held = [isinstance(value, kinds) and not isinstance(value, bool) for value in column]
    return np.array(held, dtype=bool) & column.notna().to_numpy()


def _read_or_not(values) -> Parsed:
    values = np.asarray(values).astype("datetime64[us]")
    return Parsed(values, np.where(np.isnat(values), "not a date", None).astype(object))


@dataclass
class _Dates:
    """How a column of dates is written: what was said of it, and what had to be assumed."""

    header: str
    today: pd.Timestamp
    date_format: str | None
    dayfirst: bool | None
    assumptions: list[str] = field(default_factory=list)

    def of_numbers(self, column: pd.Series) -> Parsed:
        """Days from numbers; which kind of number, their usual size decides."""
        numbers = column.map(float).to_numpy(dtype="float64")
        known = numbers[np.isfinite(numbers)]
        middle = float(np.median(known)) if len(known) else 0.0
        if 19_000_101 <= middle <= 21_001_231:
            self.assumptions.append(f"{self.header!r} read as year, month and day in eight digits")
            whole = pd.Series(np.where(np.isfinite(numbers), numbers, -1).round())
            text = whole.where(whole.between(10_000_101, 99_991_231), 0).astype("int64").astype("str")
            return _read_or_not(pd.to_datetime(text, format="%Y%m%d", errors="coerce"))
        for least, most, microseconds, origin, how in _COUNTED:
            if least <= middle <= most:
                self.assumptions.append(f"{self.header!r} read as {how}")
                sane = np.isfinite(numbers) & (numbers > 0) & (numbers * microseconds < 9e15)
                ticks = (np.where(sane, numbers, 0) * microseconds).round().astype("int64").astype("timedelta64[us]")
                return _read_or_not(np.where(sane, np.datetime64(origin, "us") + ticks, _NAT))
        return _read_or_not(np.full(len(numbers), _NAT))

    def of_texts(self, column: pd.Series) -> Parsed:
        read = self._without_clock if self.date_format is None else self._by_format
        return by_distinct_value(_as_text(column), read, "no date")

    def _by_format(self, text: pd.Series) -> Parsed:
        try:
            dates = pd.to_datetime(text, format=self.date_format, errors="coerce")
        except (ValueError, re.error) as error:
            said = option("date_format", self.date_format)
            raise DataError(f"{said} is no way to write dates ({error}).") from None
        self.assumptions.append(f"{self.header!r} read as {self.date_format}")
        return _read_or_not(dates.dt.tz_localize(None))

    def _without_clock(self, text: pd.Series) -> Parsed:
        days = text.str.replace(f"{_CLOCK}$", "", regex=True)
        zoned = days.eq(text)
        days[zoned] = text[zoned].str.replace(f"{_CLOCK}{_ZONE}$", "", regex=True)
        if days.ne(text).any():
            self.assumptions.append(f"time of day of {self.header!r} dropped")
            if days[zoned].ne(text[zoned]).any():
                self.assumptions.append(without_zone(self.header))
        return by_distinct_value(days, self._days, "no date")

    def _days(self, text: pd.Series) -> Parsed:
        """Days from texts without time of day, each in whichever of the known forms it is written."""
        parts = pd.DataFrame(0, index=text.index, columns=["year", "month", "day"])
        seen, short = np.zeros(len(text), dtype=bool), np.zeros(len(text), dtype=bool)
        for form, pattern in _FORMS.items():
            match = text[~seen].str.extract(f"^{pattern}$")
            match = match[match["y"].notna()]
            if match.empty:
                continue
            rows = match.index
            if form == "numbers":
                match = self._in_order(match, text[rows])
            elif "n" in match:
                match["m"] = match["n"].str.casefold().str.strip(".").str.normalize("NFC").map(MONTHS).fillna(0)
            parts.loc[rows] = match[["y", "m", "d"]].astype("int64").to_numpy()
            seen[rows], short[rows] = True, match["y"].str.len() <= 2
        # pandas reads the years 1 to 99 as 2001 to 1999; no purchase is that old, so they become a year that is refused.
        parts["year"] = parts["year"].mask(~short & (parts["year"] < 1000) & seen, 1000)
        parts["year"] = parts["year"].mask(short, self._four_digits(parts["year"]))
        values = pd.to_datetime(parts, errors="coerce").to_numpy().astype("datetime64[us]")
        serial = ~seen & text.str.fullmatch(r"\d{5}(?:\.\d+)?|\d{10}|\d{13}").to_numpy(dtype=bool)
        if serial.any():
            values[serial] = self.of_numbers(text[serial]).result
        return _read_or_not(values)

    def _four_digits(self, year: pd.Series) -> pd.Series:
        # Years of two digits belong to this century unless they would lie in the future.
        return year + np.where(year <= self.today.year - 2000, 2000, 1900)

    def _in_order(self, match: pd.DataFrame, text: pd.Series) -> pd.DataFrame:
        """Which of three numbers is the day, the month and the year, for the whole column."""
        first, second = match["a"].astype("int64"), match["b"].astype("int64")
        dayfirst, header = self.dayfirst, self.header
        if dayfirst is None and (match["y"].str.len() == 2).all() and self._begins_with_year(match, text):
            self.assumptions.append(f"{header!r} begins with the year, as {text.iloc[0]!r} shows")
            return match.assign(y=match["a"].str.zfill(2), m=second, d=match["y"])
        if dayfirst is None:
            sure_day, sure_month = (first > 12) & (second <= 12), (second > 12) & (first <= 12)
            fewer = min(sure_day.sum(), sure_month.sum())
            if fewer > _SLIP * (sure_day.sum() + sure_month.sum()):
                raise DataError(
                    f"column {header!r}: some dates begin with the day ({sample(text[sure_day])}) and others with the "
                    f"month ({sample(text[sure_month])}). Make them alike, or say {option('dayfirst', True)} or {option('dayfirst', False)}."
                )
            sure = sure_day | sure_month
            # Dots are how day-first countries write; with strokes nothing tells, and ISO's order (month before
            # day) is taken and said.
            dotted = text.str.contains(r"^\d{1,2}\.\s?\d", regex=True).mean() > 0.5
            dayfirst = bool(sure_day.sum() > sure_month.sum() if sure.any() else dotted)
            order = "day" if dayfirst else "month"
            self.assumptions.append(
                f"{header!r} begins with the {order}, as {text[sure].iloc[0]!r} shows"
                if sure.any()
                else f"nothing in {header!r} tells day from month: {text.iloc[0]!r} was taken to begin with the {order} "
                f"(else say {option('dayfirst', not dayfirst)})"
            )
        return match.assign(d=first if dayfirst else second, m=second if dayfirst else first)

    def _begins_with_year(self, match: pd.DataFrame, text: pd.Series) -> bool:
        """Whether dates of three short numbers, 23-12-31, begin with the year: only so are all of them days of the last decades."""
        a, b, c = (match[part].astype("int64") for part in ("a", "b", "y"))

        def plausible(year, month, day):
            sure = self._four_digits(year).between(1980, self.today.year) & month.between(1, 12) & day.between(1, 31)
            return sure.mean() >= 1 - _SLIP

        usual = plausible(c, b, a) or plausible(c, a, b)
        if not plausible(a, b, c) or (usual and 2 * c.nunique() <= a.nunique()):
            return False
        if not usual or 2 * a.nunique() <= c.nunique():
            return True
        if text.str.contains("-", regex=False).mean() <= 0.5:
            return False
        raise DataError(
            f"column {self.header!r}: nothing tells whether dates such as {sample(text, 2)} begin with the year or end with it. Say "
            f"{option('date_format', '%y-%m-%d')} or {option('date_format', '%d-%m-%y')}."
        )

    def unswapped(self, values: np.ndarray, cells: np.ndarray, text: np.ndarray, column: pd.Series) -> np.ndarray:
        """Dates of a day-first file that a month-first spreadsheet opened: it took those it could, with day and month swapped.

        Then no date that it took has a day above 12, and no text that it left has one below.
        """
        written = _as_text(column[text]).str.strip()
        taken = cells.copy()
        taken[text] = written.str.match(r"\d{4}-\d\d-\d\d")  # what became of the cells when it was saved as text
        taken &= ~np.isnat(values)
        left = written.str.extract(r"^(\d{1,2})[-/.]\d{1,2}[-/.]\d{2,4}")[0].dropna().astype("int64")
        parts = pd.DatetimeIndex(values[taken])
        if len(parts) < 2 or not len(left) or (parts.day > 12).any() or (left <= 12).any():
            return values
        if not self.dayfirst:
            raise DataError(
                f"column {self.header!r}: day and month of some dates were swapped, as when a month-first spreadsheet opens a day-first "
                f"file. None of the dates it took, such as {parts[0]:%Y-%m-%d}, has a day above 12; all that it left as text have one "
                f"({sample(written[left.index], 2)}). Export the file anew, or say {option('dayfirst', True)} to swap them back."
            )
        told = "were swapped back, as a spreadsheet had swapped them"
        self.assumptions.append(f"day and month of dates in {self.header!r} {told}")
        swapped = values.copy()
        turned = pd.DataFrame({"year": parts.year, "month": parts.day, "day": parts.month})
        swapped[taken] = pd.to_datetime(turned).to_numpy().astype("datetime64[us]")
        return swapped
