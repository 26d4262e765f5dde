"""Purchase days: what every summary counts, from any dataframe, without copying it out of its engine.

A purchase is a row whose amount is zero or more; a negative amount is a return and is left out. Two purchases of one
customer on one day are one purchase day. Days are whole numbers (proleptic Gregorian ordinals, as
``datetime.date.toordinal``), so the time of day is gone before anything is compared.
"""

from __future__ import annotations

import narwhals as nw
import numpy as np
import pandas as pd
import pyarrow as pa

from idic_lab.differentiate import days as day_numbers
from idic_lab.differentiate.customer_codes import customer_codes
from idic_lab.differentiate.days import dates, ordinal
from idic_lab.errors import DataError, UnknownName

__all__ = ["daily_counts", "dates", "days_of", "last_day_of", "ordinal", "spans"]


def spans(transactions, first_day, last_day, customer_id="customer_id", date="date", amount="amount"):
    """First day, last day, number of purchase days and money of each customer between two days, both included.

    Parameters
    ----------
    transactions : DataFrame
        Any frame narwhals knows.
    first_day, last_day : int or None
        Day numbers; None leaves that side open.

    Returns
    -------
    DataFrame of the same kind
        customer_id, first, last (day numbers), purchase_days, total, repeat_total (money after the first day); sorted by
        customer_id.
    """
    frame = nw.from_native(transactions)
    present = frame.collect_schema()
    _check_columns(present, customer_id, date, amount)
    if frame.implementation.is_pandas():
        return _spans_pandas(nw.to_native(frame), first_day, last_day, customer_id, date, amount)
    if frame.implementation.is_pyarrow():
        return _spans_arrow(nw.to_native(frame), first_day, last_day, customer_id, date, amount)
    if frame.implementation.is_duckdb():
        return _spans_duckdb(frame, first_day, last_day, customer_id, date, amount)
    return nw.to_native(_spans_any(frame, first_day, last_day, customer_id, date, amount))


def last_day_of(transactions, date="date") -> int:
    """The day number of the latest row."""
    frame = nw.from_native(transactions)
    _check_columns(frame.collect_schema(), date, date, None)
    if frame.implementation.is_pandas():
        column = nw.to_native(frame)[date]
        if column.empty:
            raise DataError("The transactions have no rows, so there is nothing to summarise.")
        return int(_day_numbers(column, date).max())
    latest = frame.select(day_numbers.expression(date).max().alias("day"))
    latest = latest.collect() if isinstance(latest, nw.LazyFrame) else latest
    value = latest["day"].to_list()[0]
    if value is None:
        raise DataError("The transactions have no rows, so there is nothing to summarise.")
    return int(value)


def days_of(table: pd.DataFrame, date="date", amount="amount") -> np.ndarray:
    """Sorted distinct purchase days of a pandas table, as day numbers."""
    _check_columns(nw.from_native(table).collect_schema(), date, date, amount)
    days = _day_numbers(table[date], date)
    return np.unique(days if amount is None else days[table[amount].to_numpy() >= 0])


def _check_columns(schema, customer_id, date, amount) -> None:
    for role, name in {"customer_id": customer_id, "date": date, "amount": amount}.items():
        if name is not None and name not in schema.names():
            note = UnknownName(f"column for {role}", name, schema.names())
            raise DataError(f"{note} Name the column with {role}=...")
    if schema[date] not in (nw.Date, nw.Datetime):
        raise DataError(
            f"Column {date!r} should hold dates, found {schema[date]}; convert it first, for example with "
            f"pandas.to_datetime."
        )
    if amount is not None and not schema[amount].is_numeric():
        raise DataError(f"Column {amount!r} should hold numbers, found {schema[amount]}.")


def daily_counts(transactions, known_by, last_day, customer_id="customer_id", date="date", amount="amount"):
    """First purchases and repeat purchases on each day, of the customers who had bought by day `known_by`.

    Returns
    -------
    DataFrame of the same kind
        day (day number), first_purchases, repeats (customers who bought again that day); sorted by day.
    """
    frame = nw.from_native(transactions)
    _check_columns(frame.collect_schema(), customer_id, date, amount)
    if frame.implementation.is_pandas():
        codes, days, *_ = _purchases_pandas(nw.to_native(frame), None, last_day, customer_id, date, amount)
        owner, day, first, _ = _distinct_days(codes, days)
        rows = pd.DataFrame({"day": day, "first": first[owner]})
        by_day = nw.from_native(rows)
    else:
        by_day = _with_first(_by_day(frame, None, last_day, customer_id, date, amount))
    by_day = by_day.filter(nw.col("first") <= known_by).with_columns(
        first_purchases=nw.when(nw.col("day") == nw.col("first")).then(nw.lit(1)).otherwise(nw.lit(0)),
        repeats=nw.when(nw.col("day") > nw.col("first")).then(nw.lit(1)).otherwise(nw.lit(0)),
    )
    counts = by_day.group_by("day").agg(nw.col("first_purchases").sum(), nw.col("repeats").sum())
    return nw.to_native(counts.sort("day"))


def _by_day(frame, first_day, last_day, customer_id, date, amount):
    """One row per customer and purchase day, with its money."""
    money = nw.col(amount).cast(nw.Float64) if amount is not None else nw.lit(0.0)
    rows = frame.select(
        nw.col(customer_id).alias("customer_id"),
        day_numbers.expression(date).alias("day"),
        money.alias("money"),
    )
    rows = rows.filter(nw.col("money") >= 0)
    if first_day is not None:
        rows = rows.filter(nw.col("day") >= first_day)
    if last_day is not None:
        rows = rows.filter(nw.col("day") <= last_day)
    return rows.group_by("customer_id", "day").agg(nw.col("money").sum())


def _with_first(by_day):
    """The customer's first day beside each of them."""
    return by_day.with_columns(first=nw.col("day").min().over("customer_id"))


def _spans_any(frame, first_day, last_day, customer_id, date, amount):
    by_day = _with_first(_by_day(frame, first_day, last_day, customer_id, date, amount)).with_columns(
        repeat=nw.when(nw.col("day") > nw.col("first")).then(nw.col("money")).otherwise(nw.lit(0.0))
    )
    return (
        by_day.group_by("customer_id")
        .agg(
            nw.col("first").min(),
            nw.col("day").max().alias("last"),
            nw.col("day").count().alias("purchase_days"),
            nw.col("money").sum().alias("total"),
            nw.col("repeat").sum().alias("repeat_total"),
        )
        .sort("customer_id")
    )


def _spans_duckdb(frame, first_day, last_day, customer_id, date, amount):
    """The same without a window: DuckDB can name the money of the first day while it groups, in half the time."""
    by_day = nw.to_native(_by_day(frame, first_day, last_day, customer_id, date, amount))
    return by_day.aggregate(
        "customer_id, min(day) AS first, max(day) AS last, count(day) AS purchase_days, sum(money) AS total, "
        "sum(money) - arg_min(money, day) AS repeat_total",
        "customer_id",
    ).order("customer_id")


def _spans_arrow(table, first_day, last_day, customer_id, date, amount):
    """The way of pandas, which reads Arrow's columns where they are: several times faster than grouping in Arrow."""
    used = table.select(list(dict.fromkeys(name for name in (customer_id, date, amount) if name is not None)))
    spans = _spans_pandas(
        used.to_pandas(date_as_object=False), first_day, last_day, customer_id, date, amount
    )
    kind = table.schema.field(customer_id).type
    found = pa.Table.from_pandas(spans, preserve_index=False)
    return found.set_column(0, "customer_id", found["customer_id"].cast(kind))


def _day_numbers(column: pd.Series, name: str) -> np.ndarray:
    if column.isna().any():
        raise DataError(
            f"Column {name!r} has {int(column.isna().sum()):,} rows without a date; remove them first."
        )
    return day_numbers.of_column(column)


def _purchases_pandas(frame, first_day, last_day, customer_id, date, amount):
    """Customer code, day and money of each purchase, and the customers behind the codes."""
    days = _day_numbers(frame[date], date)
    money = frame[amount].to_numpy(dtype="float64") if amount is not None else np.zeros(len(frame))
    if np.isnan(money).any():
        raise DataError(f"Column {amount!r} has {int(np.isnan(money).sum()):,} rows without an amount.")
    keep = money >= 0
    if first_day is not None:
        keep &= days >= first_day
    if last_day is not None:
        keep &= days <= last_day
    ids = frame[customer_id]
    if not keep.all():
        ids, days, money = ids[keep], days[keep], money[keep]
    codes, customers = customer_codes(ids)
    if len(codes) and codes.min() < 0:
        raise DataError(f"Column {customer_id!r} has {int((codes < 0).sum()):,} rows without a customer.")
    return codes, days, money, customers


def _distinct_days(codes, days):
    """Customer code and day of each distinct purchase day; per customer the first day and how many there are.

    Sorting customer and day as one integer puts each customer's days side by side, so that distinct days are counted
    without any grouping: several times faster than a group-by on pandas.
    """
    if not len(codes):
        return codes, days, days, days
    start = int(days.min())
    width = int(days.max()) - start + 1
    key = np.sort(codes * width + (days - start))
    key = key[np.concatenate(([True], key[1:] != key[:-1]))]
    owner = key // width
    day = key - owner * width + start
    count = np.bincount(owner)
    return owner, day, day[np.cumsum(count) - count], count


def _spans_pandas(frame, first_day, last_day, customer_id, date, amount) -> pd.DataFrame:
    """The same numbers as `_spans_any`, through whole-number codes."""
    codes, days, money, customers = _purchases_pandas(frame, first_day, last_day, customer_id, date, amount)
    _, day, first, count = _distinct_days(codes, days)
    n = len(customers)
    repeat = days > first[codes]
    return pd.DataFrame(
        {
            "customer_id": customers,
            "first": first,
            "last": day[np.cumsum(count) - 1],
            "purchase_days": count.astype("int64"),
            "total": np.bincount(codes, money, minlength=n),
            "repeat_total": np.bincount(codes[repeat], money[repeat], minlength=n),
        }
    )
