"""The measures of one review and of a row of reviews, for everybody and by segment, and whether they have moved."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pandas as pd

from idic_lab import figures, tables
from idic_lab.errors import DataError, pick
from idic_lab.inference.alarms import control_limits
from idic_lab.monitor.kpis.definitions import KPIS, YEAR, Period, told_wallets

ALL, NEW = "all", "new"
FALSE_ALARM = 0.05  # of one review's page: any of its measures outside its limits although nothing changed
AROUND = pd.Timedelta(days=7)  # a review so near the same day of last year is taken for the year before
WHOLE = 0.9  # of the usual length; a shorter last period is not judged


def measure(
    day: pd.Timestamp,
    previous: pd.Timestamp,
    transactions: pd.DataFrame,
    segments: pd.DataFrame | None = None,
    **sources: pd.DataFrame | None,
) -> pd.DataFrame:
    """The measures of the period that ends on a day, for everybody and for each segment.

    A customer counts in the segment held when the outcome that is measured began: for revenue at the review before, for
    retention at the last review before the 91 days in which customers came back or not. Taken any later, a segment
    such as "champions" would owe its good figures to the purchases that put the customer there. Who was in no segment
    then is in the segment "new".

    Parameters:
        day, previous: Last day of the period, and of the one before.
        segments: Table ``segment_history`` of the schemes to break the measures down by.
        **sources (DataFrame, optional): ``value_history``, ``survey_responses``, ``interactions``, ``web_events``,
            ``identity_links``; ``wallet``, where :func:`told_wallets` has made it before.
    Returns:
        DataFrame: Table ``kpis`` without control limits; a measure that the tables do not allow is left out.

    >>> buys = pd.DataFrame({"customer_id": ["a", "b", "b"], "amount": [9.0, 5.0, 5.0],
    ...     "date": pd.to_datetime(["2024-01-10", "2024-02-02", "2024-02-20"])})
    >>> found = measure(pd.Timestamp("2024-02-29"), pd.Timestamp("2024-01-31"), buys).set_index("kpi")["value"]
    >>> found[["active_customers", "new_customers", "revenue"]].tolist()
    [1.0, 1.0, 10.0]
    """
    known = transactions[transactions["date"] <= day]
    if sources.get("value_history") is not None:  # a measure looks at both ends of its period and no further
        values = sources["value_history"]
        sources["value_history"] = values[values["review_date"].isin([previous, day])]
    if "wallet" not in sources:
        sources["wallet"] = told_wallets(sources.get("survey_responses"), sources.get("identity_links"))
    period = Period(previous, day, known, began=transactions["date"].min(), **sources)
    rows = [(ALL, ALL, name, *found) for name, entry in KPIS.items() if (found := entry.function(period))]
    last_year = _year_before(period)
    for scheme, history in segments.groupby("scheme") if segments is not None else ():
        cut: dict[pd.Timestamp, dict[str, Period]] = {}
        days = history["review_date"].drop_duplicates()
        for name, entry in KPIS.items():
            if entry.held is None:
                continue
            held = days[days <= entry.held(period)].max()
            if pd.isna(held):  # no review looked at these customers so early
                continue
            if held not in cut:
                cut[held] = _by_segment(period, history[history["review_date"] == held])
            parts = ((segment, entry.function(part)) for segment, part in cut[held].items())
            rows += [(scheme, segment, name, *found) for segment, found in parts if found]
    table = pd.DataFrame(rows, columns=["scheme", "segment", "kpi", "value", "observations", "low", "high"])
    return table.assign(
        review_date=day,
        previous_date=previous,
        unit=table["kpi"].map({name: entry.unit for name, entry in KPIS.items()}),
        year_before=table["kpi"].map(last_year).where(table["segment"].eq(ALL)),
    ).astype({"value": "float64", "observations": "int64", "year_before": "float64"})


def _year_before(period: Period) -> dict[str, float]:
    """The measures of everybody over the same days a year before, where the data reach back so far."""
    year = pd.DateOffset(years=1)
    before, day = period.previous - year, period.day - year
    if not period.began <= before + pd.Timedelta(days=1):
        return {}
    known = period.transactions[period.transactions["date"] <= day]
    same_days = replace(period, previous=before, day=day, transactions=known)
    found = {name: entry.function(same_days) for name, entry in KPIS.items()}
    return {name: measured.value for name, measured in found.items() if measured}


def _by_segment(period: Period, held: pd.DataFrame) -> dict[str, Period]:
    """The period seen through each segment: all that is known of its customers, at any time."""
    segment_of = held.set_index("customer_id")["segment"]

    def split(table):
        if table is None:
            return {}
        return dict(list(table.groupby(table["customer_id"].map(segment_of).fillna(NEW))))

    bought, worth = split(period.transactions), split(period.value_history)
    nothing = period.transactions.iloc[:0]
    return {
        segment: replace(
            period,
            transactions=bought.get(segment, nothing),
            value_history=worth.get(segment, None if not worth else period.value_history.iloc[:0]),
        )
        for segment in sorted({*bought, *worth})
    }


def kpis(measures: pd.DataFrame) -> pd.DataFrame:
    """Measures of all reviews so far with control limits from the reviews before each.

    While nothing changes, one review of twenty has any measure of everybody outside its limits, and one of twenty any
    measure of a segment; one of ten where measures are as skewed as a gamma of shape 3. A last period that is not whole is neither judged nor part of what limits are made from.

    Parameters:
        measures: Concatenated from `measure`; limits that are there already are made anew.
    Returns:
        DataFrame: Table ``kpis``.

    >>> days = pd.date_range("2024-01-31", periods=13, freq="ME")
    >>> table = kpis(pd.DataFrame({"review_date": days[1:], "previous_date": days[:-1], "scheme": "all", "segment": "all",
    ...     "kpi": "nps", "unit": "points", "observations": 90, "low": 0.0, "high": 60.0,
    ...     "value": [30.0, 32.0, 29.0] * 3 + [31.0, 30.0, 90.0]}))
    >>> table["signal"].tail(2).tolist()
    [False, True]
    """
    empty = tables.get("kpis").empty()
    order = {name: place for place, name in enumerate(KPIS)}
    table = measures.sort_values(
        ["review_date", "scheme", "segment", "kpi"],
        key=lambda column: column.map(order) if column.name == "kpi" else column,
        ignore_index=True,
    )
    table["whole"] = whole(table["previous_date"], table["review_date"])
    judged = table[table["whole"] & table["kpi"].map(lambda name: bool(KPIS[name].chart))]
    rate = FALSE_ALARM / judged.groupby(["scheme", "review_date"])["kpi"].transform("size")
    parts = [
        control_limits(series["value"], series["observations"], KPIS[name].chart, rate[series.index])
        for (_, _, name), series in judged.groupby(["scheme", "segment", "kpi"])
    ]
    limits = pd.concat(parts) if parts else pd.DataFrame(columns=["lower_limit", "upper_limit"], dtype=float)
    table[["lower_limit", "upper_limit"]] = limits.reindex(table.index)
    table["signal"] = table["value"].lt(table["lower_limit"]) | table["value"].gt(table["upper_limit"])
    return table.reindex(columns=list(empty)).astype(empty.dtypes)


def whole(previous: pd.Series | pd.DatetimeIndex, day: pd.Series | pd.DatetimeIndex) -> pd.Series | np.ndarray:
    """Whether each period is about as long as the longest; the last one is not where the data end within it.

    >>> whole(pd.Series(pd.to_datetime(["2024-01-31", "2024-02-29"])), pd.Series(pd.to_datetime(["2024-02-29", "2024-03-01"])))
    0     True
    1    False
    dtype: bool
    """
    length = day - previous
    return length >= WHOLE * length.max()


def whole_reviews(days: pd.Series) -> pd.DatetimeIndex:
    """The days of the reviews in order, without a last one that ends a period cut short by the data.

    >>> days = pd.Series(pd.to_datetime(["2024-01-31", "2024-02-29", "2024-03-01"]))
    >>> whole_reviews(days).strftime("%Y-%m-%d").tolist()
    ['2024-01-31', '2024-02-29']
    """
    found = pd.DatetimeIndex(days.unique()).sort_values()
    return found[:-1] if len(found) > 2 and not whole(found[:-1], found[1:])[-1] else found


def kpi_history(
    days: Iterable[pd.Timestamp],
    transactions: pd.DataFrame,
    segment_history: pd.DataFrame,
    value_history: pd.DataFrame,
    schemes: tuple[str, ...] = ("rfm",),
    **sources: pd.DataFrame | None,
) -> pd.DataFrame:
    """The table ``kpis`` of every review but the first.

    Parameters:
        days (iterable of Timestamp): The reviews, in order.
        schemes (tuple of str): Segmentations to break the measures down by.
        **sources (DataFrame, optional): As for `measure`.

    >>> buys = pd.DataFrame({"customer_id": ["a", "a"], "amount": [9.0, 5.0], "date": pd.to_datetime(["2024-01-10", "2024-02-02"])})
    >>> held = pd.DataFrame({"review_date": pd.to_datetime(["2024-01-31"]), "customer_id": "a", "scheme": "rfm", "segment": "s"})
    >>> table = kpi_history(pd.to_datetime(["2024-01-31", "2024-02-29"]), buys, held, None)
    >>> table.loc[table["kpi"] == "revenue", ["segment", "value"]].values.tolist()
    [['all', 5.0], ['s', 5.0]]
    """
    wanted = segment_history[segment_history["scheme"].isin(schemes)]
    transactions = transactions.sort_values("date", kind="stable", ignore_index=True)  # periods are then slices
    wallet = told_wallets(sources.get("survey_responses"), sources.get("identity_links"))
    sources = {"value_history": value_history, "wallet": wallet, **sources}
    parts = [measure(day, previous, transactions, wanted, **sources) for previous, day in pairwise(days)]
    return kpis(pd.concat(parts, ignore_index=True))


def latest(kpis: pd.DataFrame) -> pd.DataFrame:
    """The measures of everybody at the last whole review, beside the review before and the year before.

    Returns:
        DataFrame: The rows of the table ``kpis`` with ``outside`` ("above", "below" or ""); ``review_before`` and
            ``year_before``, the values of that review and of the same days a year before, missing where there were none.

    >>> days = pd.to_datetime(["2024-01-31", "2024-12-31", "2025-01-31"])
    >>> table = pd.DataFrame({"review_date": days, "kpi": "revenue", "segment": "all", "value": [90.0, 120.0, 80.0],
    ...     "upper_limit": np.nan, "signal": False, "whole": True})
    >>> latest(table)[["value", "review_before", "year_before"]].values.tolist()
    [[80.0, 120.0, 90.0]]
    """
    known = kpis[kpis["segment"].eq(ALL) & kpis["whole"]]
    days = pd.Series(sorted(known["review_date"].unique()))
    now = known[known["review_date"] == days.iloc[-1]]
    series = dict(list(known.groupby("kpi")))
    before = known.set_index(["review_date", "kpi"])["value"]
    past = {
        "review_before": [before.get((days.iloc[-2], kpi), np.nan) if len(days) > 1 else np.nan for kpi in now["kpi"]],
        "year_before": [_value_a_year_before(series[kpi])[0] for kpi in now["kpi"]],
    }
    way = np.where(now["value"].gt(now["upper_limit"]), "above", "below")
    return now.assign(outside=np.where(now["signal"], way, ""), **past).reset_index(drop=True)


def plot_kpi(
    kpis: pd.DataFrame, kpi: str, segment: str = ALL, until: pd.Timestamp | None = None, ax: figures.Axes | None = None
) -> figures.Axes:
    """One measure over the reviews, with its interval, its control limits and the reviews outside them.

    A last period that is not whole is drawn hollow, and the title speaks of the last whole one. A measure that is not taken
    by segment is shown for everybody.

    >>> days = pd.to_datetime(["2024-01-31", "2024-02-29", "2024-03-31"])
    >>> table = pd.DataFrame({"review_date": days[1:], "kpi": "revenue", "segment": "all", "value": [90.0, 120.0],
    ...     "low": np.nan, "high": np.nan, "lower_limit": np.nan, "upper_limit": np.nan, "signal": False, "whole": True})
    >>> plot_kpi(table, "revenue").get_title()
    'Revenue: 120 on 2024-03-31, up by 33% on the review before'
    """
    taken = kpis[kpis["kpi"].eq(kpi) & (until is None or kpis["review_date"].le(until))].sort_values("review_date")
    asked, words = segment, kpi.replace("_", " ").replace("csat", "CSAT").replace("nps", "NPS")
    by_segment = kpis.loc[kpis["kpi"].eq(kpi), "segment"].ne(ALL).any()
    segment = segment if by_segment else ALL
    known = taken[taken["segment"] == segment]
    if known.empty:
        whom = "" if segment == ALL else f" for '{segment}'"
        raise DataError(f"'{words[:1].upper()}{words[1:]}' was not measured{whom} up to this review.")
    series, unit = known[known["whole"]], pick("measure", kpi, KPIS).unit
    ax = figures.axes(ax)
    if series["upper_limit"].notna().any():
        band = series["lower_limit"], series["upper_limit"]
        ax.fill_between(series["review_date"], *band, color=figures.GREY, alpha=0.18, label="control limits")
    sure = known[known["low"].notna()]
    ax.vlines(sure["review_date"], sure["low"], sure["high"], color=figures.BLUE, alpha=0.5, lw=2)
    label = "value, with its 95% interval" if len(sure) else "value"
    ax.plot(series["review_date"], series["value"], "o-", color=figures.BLUE, ms=4, label=label)
    out, part = series[series["signal"]], known[~known["whole"]]
    if len(out):
        ax.plot(out["review_date"], out["value"], "D", color=figures.VERMILION, ms=8, label="outside its limits")
    if len(part):
        ax.plot(part["review_date"], part["value"], "o", mfc="white", color=figures.BLUE, label="period not whole")
    whom = f" of '{segment}'" if segment != ALL else " of everybody" if asked != ALL else ""
    largest = known["value"].abs().max()
    form = "count" if largest >= 20 else "{x:.4g}"
    if unit == "share":
        form = "{x:.1%}" if largest < 0.1 else "percent"
    ax.tick_params(axis="x", labelrotation=30)
    title = f"{words[:1].upper()}{words[1:]}{whom}: {_judged(series, unit)}"
    up = f"{words} ({'{currency}' if unit == 'currency' else unit})"
    return figures.finish(ax, title, "review", up, y_format=form, legend={"loc": "best", "fontsize": "small"})


def _judged(series: pd.DataFrame, unit: str) -> str:
    """The last whole review in words: the value, and where it stands against its limits, the review and the year before."""
    if series.empty:
        return "no whole period yet"
    last = series.iloc[-1]
    said = f"{last['value']:.1%}" if unit == "share" else _readable(last["value"])
    said = f"{said} on {last['review_date']:%Y-%m-%d}"
    if pd.notna(last["upper_limit"]):
        below = last["value"] < last["lower_limit"]
        said += f", {('below' if below else 'above') if last['signal'] else 'within'} its limits"
    elif len(series) < 2:
        said += ", the first review"
    else:
        said += f", {_moved(series['value'].iloc[-2], last['value'], unit)} on the review before"
        said += _of_other_length(series.iloc[-2], last, unit)
    value, then = _value_a_year_before(series)
    if pd.notna(value):
        said += f", {_moved(value, last['value'], unit)} on the year before"
        said += "" if then is None else _of_other_length(then, last, unit)
    return said


def _value_a_year_before(series: pd.DataFrame) -> tuple[float, pd.Series | None]:
    """Of the same days where they were measured, else of a review near that day, which is given too."""
    last = series.iloc[-1]
    if pd.notna(last.get("year_before")):
        return last["year_before"], None
    gap = (series["review_date"] - (last["review_date"] - YEAR)).abs()
    near = series.loc[gap.idxmin()]
    return (near["value"], near) if gap.min() <= AROUND else (np.nan, None)


def _of_other_length(before: pd.Series, now: pd.Series, unit: str) -> str:
    """A total of fewer days is a smaller one."""
    days = [(row["review_date"] - row["previous_date"]).days for row in (before, now) if "previous_date" in row]
    return f" ({days[0]} days, now {days[1]})" if unit in ("currency", "customers") and len(set(days)) > 1 else ""


def _moved(before: float, now: float, unit: str) -> str:
    way = "up" if now > before else "down"
    if np.isclose(now, before):
        return "unchanged"
    if unit == "share":
        return f"{way} by {100 * abs(now - before):.1f} points"
    relative = before > 0 and unit != "points"
    return f"{way} by " + (f"{abs(now / before - 1):.0%}" if relative else _readable(abs(now - before)))


def _readable(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"
