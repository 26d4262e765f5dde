"""Dates as people write them: the form found out, day and month told apart on the whole column."""

from __future__ import annotations

import datetime
import re

import numpy as np
import pandas as pd

from idic_lab.datasets.own.parsed import Parsed, by_distinct_value, kinds, sample
from idic_lab.errors import DataError

EARLIEST = pd.Timestamp("1900-01-01")
_EXCEL_ORIGIN = pd.Timestamp("1899-12-30")
_SLIP = 0.01
_ENGLISH = [
    "january",
    "february",
    "march",
    "april",
    "may",
    "june",
    "july",
    "august",
    "september",
    "october",
    "november",
    "december",
]
_GERMAN = [
    "januar",
    "februar",
    "maerz",
    "april",
    "mai",
    "juni",
    "juli",
    "august",
    "september",
    "oktober",
    "november",
    "dezember",
]
# Three letters or more from the front of a name. The whole word counts: "marraskuu", November in Finnish, is not March.
_MONTHS = {
    name[:length]: number
    for names in (_GERMAN, _ENGLISH)
    for number, name in enumerate(names, start=1)
    for length in range(3, len(name) + 1)
}
# Hour and minute after a day, and all that may follow. It is cut off first, because a million orders have a million
# times of day but only a few hundred days.
_CLOCK = r"[T\s,]+(?:上午|下午)?\s*(?:[01]?\d|2[0-4])[:时][0-5]\d(?:分|[:.][0-6]\d(?:[.,]\d+)?)?(?:\d+秒)?\s*(?:[AaPp]\.?[Mm]\.?)?"
_ZONE = r"\s*(?:Z|UTC|GMT|[+-]\d{2}:?\d{2}|[+-]\d{2})"
_FORMS = {
    "year first": r"(?P<y>\d{4})[-/.年]\s*(?P<m>\d{1,2})[-/.月]\s*(?P<d>\d{1,2})日?",
    "eight digits": r"(?P<y>(?:19|20)\d\d)(?P<m>\d\d)(?P<d>\d\d)(?:\.0)?(?:T?\d{4,6})?",
    "numbers": r"(?P<a>\d{1,2})[-/.](?P<b>\d{1,2})[-/.](?P<y>\d{4}|\d\d)",
    "day and month name": r"(?P<d>\d{1,2})(?:st|nd|rd|th)?[-\s/.]*(?P<n>[A-Za-z]{3,9})\.?[-\s/.,]*(?P<y>\d{4}|\d\d)",
    "month name and day": (
        r"(?:[A-Za-z]{3,9},?\s+)?(?P<n>[A-Za-z]{3,9})\.?\s+(?P<d>\d{1,2})(?:st|nd|rd|th)?,?\s+(?P<y>\d{4})"
    ),
}


def parse(
    column: pd.Series,
    header: str,
    *,
    today: pd.Timestamp,
    date_format: str | None = None,
    dayfirst: bool | None = None,
) -> Parsed:
    """Days of a column (datetime64[us], no time of day), with the reason wherever there is none.

    Parameters
    ----------
    column : Series
        Dates, numbers (Excel serial days, 19970131, seconds since 1970) or text.
    header : str
        For messages.
    today : Timestamp
        Later days are refused: no purchase has been made yet.
    date_format : str, optional
        As in ``datetime.strptime``; found out by default.
    dayfirst : bool, optional
        Whether 03/04/2011 is in April; found out by default, and an assumption when every day is at most 12.

    Raises
    ------
    DataError
        When some values are day-first and others month-first.

    Examples
    --------
    >>> parsed = parse(pd.Series(["31/01/2011", "05/02/2011"]), "Day", today=pd.Timestamp("2024-01-01"))
    >>> parsed.result.astype("datetime64[D]").astype(str).tolist()
    ['2011-01-31', '2011-02-05']
    """
    if isinstance(column.dtype, pd.DatetimeTZDtype):
        parsed = _stored(column.dt.tz_localize(None))
        parsed.assumptions.append(f"time zone of {header!r} dropped; the day is the one written there")
    elif pd.api.types.is_datetime64_dtype(column):
        parsed = _stored(column)
    elif pd.api.types.is_bool_dtype(column):
        parsed = Parsed(
            np.full(len(column), np.datetime64("NaT", "us")), np.full(len(column), "not a date", object)
        )
    elif pd.api.types.is_numeric_dtype(column):
        numbers = column.to_numpy(dtype="float64", na_value=np.nan)
        parsed = _numbers(numbers, column.isna().to_numpy(), header)
    else:
        parsed = _mixed(column, header, date_format, dayfirst)
    return _within_bounds(parsed, header, today)


def _stored(column: pd.Series) -> Parsed:
    values = column.to_numpy().astype("datetime64[us]")
    return Parsed(values, np.where(np.isnat(values), "no date", None).astype(object))


def _within_bounds(parsed: Parsed, header: str, today: pd.Timestamp) -> Parsed:
    days = parsed.result.astype("datetime64[D]")
    times = int((parsed.result != days).sum() - np.isnat(days).sum())
    if times:
        parsed.assumptions.append(f"time of day of {header!r} dropped ({times:,} rows)")
    usable = ~np.isnat(days)
    early, late = usable & (days < np.datetime64(EARLIEST, "D")), usable & (days > np.datetime64(today, "D"))
    parsed.reasons[early] = f"date before {EARLIEST.year}"
    parsed.reasons[late] = "date in the future"
    days[early | late] = np.datetime64("NaT")
    return Parsed(days.astype("datetime64[us]"), parsed.reasons, parsed.assumptions)


def _numbers(numbers: np.ndarray, absent: np.ndarray, header: str) -> Parsed:
    """Days from numbers; which kind of number, their usual size decides."""
    known = numbers[np.isfinite(numbers)]
    middle = float(np.median(known)) if len(known) else 0.0
    whole = pd.Series(np.where(np.isfinite(numbers), numbers, -1).round())
    if 19_000_101 <= middle <= 21_001_231:
        text = whole.where(whole.between(10_000_101, 99_991_231), 0).astype("int64").astype("str")
        dates, how = (
            pd.to_datetime(text, format="%Y%m%d", errors="coerce"),
            "as year, month and day in eight digits",
        )
    elif 10_000 <= middle <= 73_050:
        # 1927 to 2099. Smaller serials would turn a column of years, 2011, into days of 1905.
        dates, how = _counted(numbers, "D", _EXCEL_ORIGIN), "as Excel serial days"
    elif 1e8 <= middle <= 5e9:
        dates, how = _counted(numbers, "s", pd.Timestamp(0)), "as seconds since 1970"
    elif 1e11 <= middle <= 5e12:
        dates, how = _counted(numbers, "ms", pd.Timestamp(0)), "as milliseconds since 1970"
    else:
        dates, how = pd.Series(pd.NaT, index=whole.index, dtype="datetime64[us]"), ""
    values = dates.to_numpy().astype("datetime64[us]")
    reasons = np.where(np.isnat(values), "not a date", None).astype(object)
    reasons[absent] = "no date"
    return Parsed(values, reasons, [f"{header!r} read {how}"] if how else [])


def _counted(numbers: np.ndarray, unit: str, origin: pd.Timestamp) -> pd.Series:
    per_unit = {"D": 86_400_000_000, "s": 1_000_000, "ms": 1_000}[unit]
    sane = np.isfinite(numbers) & (np.abs(numbers) * per_unit < 9e15)
    ticks = np.where(sane, numbers, 0) * per_unit
    values = np.datetime64(origin, "us") + ticks.round().astype("int64").astype("timedelta64[us]")
    return pd.Series(np.where(sane & (numbers > 0), values, np.datetime64("NaT", "us")))


def _mixed(column: pd.Series, header: str, date_format: str | None, dayfirst: bool | None) -> Parsed:
    """Text, or a column (from Excel, say) in which dates, numbers and text stand side by side."""
    if column.dtype != object:
        text = column.astype("str")
        return by_distinct_value(
            text, lambda distinct: _from_text(distinct, header, date_format, dayfirst), "no date"
        )
    kind = kinds(column, (int, float, np.number))
    moment = np.array([isinstance(value, (datetime.date, pd.Timestamp)) for value in column])
    values = np.full(len(column), np.datetime64("NaT", "us"))
    reasons = np.full(len(column), "no date", dtype=object)
    assumptions: list[str] = []
    moment &= kind != "missing"
    if moment.any():
        plain = [pd.Timestamp(value).tz_localize(None) for value in column[moment]]
        values[moment], reasons[moment] = np.array(plain, dtype="datetime64[us]"), None
    number = kind == "number"
    if number.any():
        stored = _numbers(
            np.array([float(value) for value in column[number]]), np.zeros(number.sum(), bool), header
        )
        values[number], reasons[number], assumptions = stored.result, stored.reasons, stored.assumptions
    rest = np.isin(kind, ["text", "other"]) & ~moment
    if rest.any():
        text = column[rest].map(str).astype("str")
        written = by_distinct_value(
            text, lambda distinct: _from_text(distinct, header, date_format, dayfirst), "no date"
        )
        values[rest], reasons[rest] = written.result, written.reasons
        assumptions = assumptions + written.assumptions
    return Parsed(values, reasons, assumptions)


def _from_text(text: pd.Series, header: str, date_format: str | None, dayfirst: bool | None) -> Parsed:
    if date_format is not None:
        dates = pd.to_datetime(text, format=date_format, errors="coerce")
        dates = dates.dt.tz_localize(None) if dates.dt.tz is not None else dates
        return _stored_or_not(
            dates.to_numpy().astype("datetime64[us]"), [f"{header!r} read as {date_format}"]
        )
    days = text.str.replace(f"{_CLOCK}(?:{_ZONE})?$", "", regex=True)
    clocks = days.ne(text)
    assumptions = []
    if clocks.any():
        assumptions.append(f"time of day of {header!r} dropped")
        if text[clocks].str.contains(f"\\d{_ZONE}$", regex=True).any():
            assumptions.append(f"time zone of {header!r} dropped; the day is the one written there")
    parsed = by_distinct_value(days, lambda distinct: _days(distinct, header, dayfirst), "no date")
    return Parsed(parsed.result, parsed.reasons, assumptions + parsed.assumptions)


def _days(text: pd.Series, header: str, dayfirst: bool | None) -> Parsed:
    """Days from texts without time of day, each in whichever of the known forms it is written."""
    year, month, day = (np.zeros(len(text), dtype="int64") for _ in range(3))
    assumptions, seen = [], np.zeros(len(text), dtype=bool)
    short = np.zeros(len(text), dtype=bool)
    for form, pattern in _FORMS.items():
        match = text[~seen].str.extract(f"^{pattern}$", flags=re.ASCII)
        found = match["y"].notna()
        if not found.any():
            continue
        rows, match = match.index[found], match[found]
        if form == "numbers":
            match, assumed = _day_and_month(match, text[rows], header, dayfirst)
            assumptions += assumed
        elif "n" in match:
            match["m"] = match["n"].str.lower().map(_MONTHS).fillna(0)
        year[rows], short[rows] = match["y"].astype("int64"), match["y"].str.len() == 2
        month[rows], day[rows] = match["m"].astype("int64"), match["d"].astype("int64")
        seen[rows] = True
    # pandas reads the years 1 to 99 as 2001 to 1999; no purchase is that old, so they become a year that is refused.
    year = np.where(~short & (year < 1000) & seen, 1000, year)
    parts = pd.DataFrame({"year": _four_digits(year, short), "month": month, "day": day})
    values = pd.to_datetime(parts, errors="coerce").to_numpy().astype("datetime64[us]")
    serial = ~seen & text.str.fullmatch(r"\d{5}(?:\.\d+)?|\d{10}|\d{13}").to_numpy(dtype=bool)
    if serial.any():
        numbers = pd.to_numeric(text[serial]).to_numpy("float64")
        counted = _numbers(numbers, np.zeros(len(numbers), dtype=bool), header)
        values[serial] = counted.result
        assumptions += counted.assumptions
    return _stored_or_not(values, assumptions)


def _stored_or_not(values: np.ndarray, assumptions: list[str]) -> Parsed:
    return Parsed(values, np.where(np.isnat(values), "not a date", None).astype(object), assumptions)


def _four_digits(year: np.ndarray, short: np.ndarray) -> np.ndarray:
    """Years written with two digits belong to this century unless they would lie in the future."""
    pivot = datetime.date.today().year - 2000
    return np.where(short, np.where(year <= pivot, 2000, 1900) + year, year)


def _day_and_month(match: pd.DataFrame, text: pd.Series, header: str, dayfirst: bool | None):
    """Which of two numbers is the day, for the whole column."""
    first, second = match["a"].astype("int64"), match["b"].astype("int64")
    assumed: list[str] = []
    if dayfirst is None:
        sure_day, sure_month = (first > 12) & (second <= 12), (second > 12) & (first <= 12)
        fewer = min(sure_day.sum(), sure_month.sum())
        if fewer > _SLIP * (sure_day.sum() + sure_month.sum()):
            raise DataError(
                f"column {header!r}: some dates begin with the day ({sample(text[sure_day])}) and others with the "
                f"month ({sample(text[sure_month])}). Make them alike, or say dayfirst=True or dayfirst=False."
            )
        if sure_day.any() or sure_month.any():
            dayfirst = bool(sure_day.sum() > sure_month.sum())
            order = "day" if dayfirst else "month"
            assumed.append(
                f"{header!r} begins with the {order}, as {text[sure_day | sure_month].iloc[0]!r} shows"
            )
        else:
            # Dots are how day-first countries write; with strokes nothing tells, and ISO's order (month before
            # day) is taken and said.
            dayfirst = bool(text.str.contains(r"^\d{1,2}\.\d", regex=True).mean() > 0.5)
            order, other = ("day", "False") if dayfirst else ("month", "True")
            assumed.append(
                f"nothing in {header!r} tells day from month: {text.iloc[0]!r} was taken to begin with the {order} "
                f"(else say dayfirst={other})"
            )
    return match.assign(d=first if dayfirst else second, m=second if dayfirst else first), assumed
