"""Purchase days: what RFM and the lifetime value models count, from any dataframe, without copying it out of its engine.

A purchase is a row whose amount is zero or more; a negative amount is a return. Two purchases of one customer on one day are
one purchase day. Days are whole numbers (proleptic Gregorian ordinals, as ``datetime.date.toordinal``), because subtracting
dates is the one thing that engines do not agree on; the time of day is gone before anything is compared.
"""

import datetime as dt
import difflib
from functools import cached_property

import narwhals as nw
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from idic_lab.dataframes import given_day
from idic_lab.errors import DataError

EPOCH = dt.date(1970, 1, 1).toordinal()
SPARSE = 4  # integers spread over more than so many times their number are hashed, not counted
COLUMNS = ("customer_id", "date", "amount")


def ordinal(date, what: str = "The day") -> int:
    """A date, timestamp or text such as "1997-09-30" as a day number; `what` it is, for the message.

    >>> ordinal("1970-01-01") == EPOCH
    True
    """
    if date is None or date is pd.NaT:
        raise DataError(f"{what} should be a date such as '1997-09-30'; found a missing value.")
    return given_day(date, what).toordinal()


def dates(days) -> pd.Series:
    """Day numbers as dates (datetime64[us]).

    >>> dates([719163]).dt.year.tolist()
    [1970]
    """
    days = np.asarray(days, dtype="int64") - EPOCH
    return pd.Series(days.astype("datetime64[D]").astype("datetime64[us]"))


def middle(transactions: pd.DataFrame) -> pd.Timestamp:
    """The day in the middle of the time observed: where to cut when nothing speaks for another.

    >>> print(middle(pd.DataFrame({"date": pd.to_datetime(["2024-01-01", "2024-01-09", "2024-01-31"])})).date())
    2024-01-16
    """
    first, last = transactions["date"].min(), transactions["date"].max()
    return (first + (last - first) / 2).normalize()


def expression(name: str) -> nw.Expr:
    """Day number of a column of dates, from year and day of the year: the one form that every engine computes alike."""
    before = nw.col(name).dt.year().cast(nw.Int64) - 1
    return (before * 365 + before // 4 - before // 100 + before // 400 + nw.col(name).dt.ordinal_day()).cast(nw.Int64)


def named(transactions, customer_id: str, date: str, amount: str | None):
    """The table with its columns called as the contract calls them; without amounts each row is a purchase of 0."""
    if (customer_id, date, amount) == COLUMNS:
        return transactions
    frame = nw.from_native(transactions)
    names = frame.collect_schema().names()
    for role, name in zip(COLUMNS, (customer_id, date, amount), strict=True):
        if name is not None and name not in names:
            raise DataError(f"transactions: no column {name!r}, given as {role}; found {', '.join(map(repr, names))}.")
    money = nw.lit(0.0) if amount is None else nw.col(amount)
    return nw.to_native(
        frame.select(nw.col(customer_id).alias("customer_id"), nw.col(date).alias("date"), money.alias("amount"))
    )


class PurchaseDays:
    """Transactions that were found usable, and what can be counted in them.

    Parameters:
        transactions (DataFrame): ``customer_id``, ``date``, ``amount``, of any engine narwhals knows. Polars, DuckDB,
            PySpark and Dask count where they are; pandas, and Arrow by way of pandas, through whole-number codes of the
            customers, which is several times faster than grouping.
    Attributes:
        first_day, last_day (int): Day numbers of the earliest and the latest row.
    Raises:
        DataError: A column is missing or of the wrong type, a row lacks its customer, date or (finite) amount, or there
            are no rows: the same in every engine.

    >>> rows = pd.DataFrame({"customer_id": ["a", "a", "b"], "amount": [9.0, 5.0, -1.0],
    ...     "date": pd.to_datetime(["2024-01-01", "2024-01-03", "2024-01-02"])})
    >>> PurchaseDays(rows).spans()[["customer_id", "purchase_days", "total", "repeat_total"]]
      customer_id  purchase_days  total  repeat_total
    0           a              2   14.0           5.0
    """

    def __init__(self, transactions):
        frame = nw.from_native(transactions)
        _check_types(frame.collect_schema())
        self._arrow = frame.implementation.is_pyarrow()
        if self._arrow:
            self._kind = nw.to_native(frame).schema.field("customer_id").type
            used = nw.to_native(frame).select(list(COLUMNS))
            frame = nw.from_native(used.to_pandas(date_as_object=False))
        self._frame = frame
        self._pandas = nw.to_native(frame) if frame.implementation.is_pandas() else None
        self.first_day, self.last_day = self._checked_rows()

    def spans(self, first_day: int | None = None, last_day: int | None = None):
        """First day, last day, number of purchase days and money of each customer between two days, both included.

        Returns:
            DataFrame of the same kind: customer_id, first, last (day numbers), purchase_days, total, repeat_total
                (money after the first day); sorted by customer_id.
        """
        if self._pandas is not None:
            return self._returned_as_given(self._spans_pandas(first_day, last_day))
        by_day = self._by_day(first_day, last_day)
        if self._frame.implementation.is_duckdb():
            # Without a window: DuckDB can name the money of the first day while it groups, in half the time.
            days = "customer_id, min(day) AS first, max(day) AS last, count(day) AS purchase_days"
            money = "sum(money) AS total, sum(money) - arg_min(money, day) AS repeat_total"
            return nw.to_native(by_day).aggregate(f"{days}, {money}", "customer_id").order("customer_id")
        repeat = nw.when(nw.col("day") > nw.col("first")).then(nw.col("money")).otherwise(nw.lit(0.0))
        grouped = _with_first(by_day).with_columns(repeat=repeat).group_by("customer_id")
        spans = grouped.agg(
            nw.col("first").min(),
            nw.col("day").max().alias("last"),
            nw.col("day").count().alias("purchase_days"),
            nw.col("money").sum().alias("total"),
            nw.col("repeat").sum().alias("repeat_total"),
        )
        return nw.to_native(spans.sort("customer_id"))

    def returned(self, last_day: int):
        """Rows with a negative amount of each customer who has any, up to a day, and their total as a positive amount.

        Returns:
            DataFrame of the same kind: customer_id, returns, returned.
        """
        if self._pandas is not None:
            (codes, days, money), n = self._rows, len(self._coded[1])
            back = (money < 0) & (days <= last_day)
            table = pd.DataFrame({"customer_id": self._coded[1], "returns": np.bincount(codes[back], minlength=n)})
            table["returned"] = np.bincount(codes[back], -money[back], n).astype(float)
            return self._returned_as_given(table[table["returns"] > 0].reset_index(drop=True))
        rows = self._columns().filter((nw.col("money") < 0) & (nw.col("day") <= last_day))
        grouped = rows.with_columns(back=-nw.col("money")).group_by("customer_id")
        return nw.to_native(grouped.agg(nw.col("day").count().alias("returns"), nw.col("back").sum().alias("returned")))

    def daily_counts(self, known_by: int, last_day: int):
        """First purchases and repeat purchases on each day, of the customers who had bought by day `known_by`.

        Returns:
            DataFrame of the same kind (pandas for Arrow): day (day number), first_purchases, repeats (customers who
                bought again that day); sorted by day.
        """
        if self._pandas is not None:
            owner, day, first, _ = _distinct_days(*self._bought(None, last_day)[:2], len(self._coded[1]))
            by_day = nw.from_native(pd.DataFrame({"day": day, "first": first[owner]}))
        else:
            by_day = _with_first(self._by_day(None, last_day))
        again = nw.when(nw.col("day") > nw.col("first")).then(nw.lit(1)).otherwise(nw.lit(0))
        by_day = by_day.filter(nw.col("first") <= known_by).with_columns(first_purchases=1 - again, repeats=again)
        counts = by_day.group_by("day").agg(nw.col("first_purchases", "repeats").sum())
        return nw.to_native(counts.sort("day"))

    def days(self) -> np.ndarray:
        """Sorted distinct purchase days of a pandas table, as day numbers."""
        _, days, money = self._rows
        return np.unique(days[money >= 0])

    def _checked_rows(self) -> tuple[int, int]:
        """The first and the last day, once every row is known to be usable."""
        schema, day = self._frame.collect_schema(), nw.col("date")
        unusable = {
            name: nw.when(_unusable(name, schema)).then(nw.lit(1)).otherwise(nw.lit(0)).sum().alias(f"unusable {name}")
            for name in COLUMNS
        }
        ends = [day.min().alias("first"), day.max().alias("last")] if self._pandas is None else []
        facts = self._frame.select(nw.len().alias("rows"), *unusable.values(), *ends)
        facts = (facts.collect() if isinstance(facts, nw.LazyFrame) else facts).rows(named=True)[0]
        if not facts["rows"]:
            raise DataError("transactions: no rows, so there is nothing to summarise.")
        for name in COLUMNS:
            if facts[f"unusable {name}"]:
                raise DataError(
                    f"transactions: {int(facts[f'unusable {name}']):,} rows have no usable {name!r}; every row needs one. "
                    "idic_lab.datasets moves such rows to 'rejects' when it reads a file."
                )
        if self._pandas is not None:
            return int(self._day_numbers.min()), int(self._day_numbers.max())
        return ordinal(facts["first"]), ordinal(facts["last"])

    def _columns(self):
        """Customer, day and money of every row, in an engine."""
        return self._frame.select("customer_id", day=expression("date"), money=nw.col("amount").cast(nw.Float64))

    def _by_day(self, first_day, last_day):
        """One row per customer and purchase day, with its money, in an engine."""
        rows = self._columns().filter(nw.col("money") >= 0)
        rows = rows if first_day is None else rows.filter(nw.col("day") >= first_day)
        rows = rows if last_day is None else rows.filter(nw.col("day") <= last_day)
        return rows.group_by("customer_id", "day").agg(nw.col("money").sum())

    @cached_property
    def _day_numbers(self) -> np.ndarray:
        column = self._pandas["date"]
        if getattr(column.dt, "tz", None) is not None:
            column = column.dt.tz_localize(None)  # the day is the day where the customer bought
        return column.to_numpy().astype("datetime64[D]").astype("int64") + EPOCH

    @cached_property
    def _coded(self) -> tuple[np.ndarray, pd.Index]:
        return customer_codes(self._pandas["customer_id"])

    @property
    def _rows(self):
        """Customer code, day and money of every row of a pandas table."""
        return self._coded[0], self._day_numbers, self._pandas["amount"].to_numpy("float64")

    def _bought(self, first_day, last_day):
        """The same of the purchases between two days."""
        codes, days, money = self._rows
        keep = money >= 0
        keep &= True if first_day is None else days >= first_day
        keep &= True if last_day is None else days <= last_day
        return (codes, days, money) if keep.all() else (codes[keep], days[keep], money[keep])

    def _spans_pandas(self, first_day, last_day) -> pd.DataFrame:
        codes, days, money = self._bought(first_day, last_day)
        n = len(self._coded[1])
        _, day, first, count = _distinct_days(codes, days, n)
        here = np.flatnonzero(count)
        repeat = days > first[codes]
        return pd.DataFrame(
            {
                "customer_id": self._coded[1] if len(here) == n else self._coded[1][here],
                "first": first[here],
                "last": day[np.cumsum(count)[here] - 1],
                "purchase_days": count[here].astype("int64"),
                "total": np.bincount(codes, money, minlength=n)[here],
                "repeat_total": np.bincount(codes[repeat], money[repeat], minlength=n)[here],
            }
        )

    def _returned_as_given(self, table: pd.DataFrame):
        if not self._arrow:
            return table
        made = pa.Table.from_pandas(table, preserve_index=False)
        return made.set_column(0, "customer_id", made["customer_id"].cast(self._kind))


def _check_types(schema) -> None:
    names = schema.names()
    missing = [name for name in COLUMNS if name not in names]
    if missing:
        near = difflib.get_close_matches(missing[0], names, n=1, cutoff=0.5)
        lacking = f"missing column{'s' if len(missing) > 1 else ''} {', '.join(map(repr, missing))}"
        hint = f" Did you mean {near[0]!r}?" if near else ""
        raise DataError(f"transactions: {lacking}; found {', '.join(map(repr, names)) or 'none'}.{hint}")
    if schema["date"] not in (nw.Date, nw.Datetime):
        wanted = f"column 'date' should be of a date type, found {schema['date']}"
        raise DataError(f"transactions: {wanted}; convert it first, in pandas with pd.to_datetime.")
    if not schema["amount"].is_numeric():
        raise DataError(f"transactions: column 'amount' should be numeric, found {schema['amount']}.")


def _unusable(name: str, schema) -> nw.Expr:
    column = nw.col(name)
    if name == "amount":
        amount = column.cast(nw.Float64)
        return amount.is_null() | ~amount.is_finite()
    return column.is_null() | column.is_nan() if schema[name].is_float() else column.is_null()


def _with_first(by_day):
    """The customer's first day beside each of them."""
    return by_day.with_columns(first=nw.col("day").min().over("customer_id"))


def _distinct_days(codes, days, customers: int):
    """Customer code and day of each distinct purchase day; of each customer the first day and how many there are.

    Sorting customer and day as one integer puts each customer's days side by side, so that distinct days are counted
    without any grouping: several times faster than a group-by on pandas.
    """
    if not len(codes):
        return codes, days, np.zeros(customers, "int64"), np.zeros(customers, "int64")
    start = int(days.min())
    width = int(days.max()) - start + 1
    key = np.sort(codes * width + (days - start))
    key = key[np.concatenate(([True], key[1:] != key[:-1]))]
    owner = key // width
    day = key - owner * width + start
    count = np.bincount(owner, minlength=customers)
    first = np.zeros(customers, "int64")
    here = np.flatnonzero(count)
    first[here] = day[(np.cumsum(count) - count)[here]]
    return owner, day, first, count


def customer_codes(ids: pd.Series) -> tuple[np.ndarray, pd.Index]:
    """Code of each row (-1 where the id is missing), and the distinct ids in ascending order.

    Hashing millions of texts is most of the work of a summary. Whole numbers, and texts that differ in as many digits each, as
    in customer-000123, are therefore counted; other texts are left to Arrow, and what remains to pandas.

    >>> codes, customers = customer_codes(pd.Series(["b", "a10", "b", "a9"], dtype="str"))
    >>> codes.tolist(), customers.tolist()
    ([2, 0, 2, 1], ['a10', 'a9', 'b'])
    """
    numbers, size = _integers(ids) if ids.dtype.kind in "iu" and isinstance(ids.dtype, np.dtype) else (None, 0)
    texts = isinstance(ids.dtype, pd.StringDtype) and ids.dtype.storage == "pyarrow" and not ids.isna().any()
    if texts and len(ids):
        column = pa.array(ids)
        column = column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column
        numbers, size = _digits(column.cast(pa.large_string()))
        if numbers is None:
            coded = column.dictionary_encode()
            order = pc.array_sort_indices(coded.dictionary)
            rank = np.empty(len(order), dtype="int64")
            rank[order.to_numpy()] = np.arange(len(order))
            customers = pd.Series(coded.dictionary.take(order).to_pandas(), dtype=ids.dtype)
            return rank[coded.indices.to_numpy()], pd.Index(customers)
    if numbers is None:
        codes, customers = pd.factorize(ids, sort=True)
        return codes, pd.Index(customers)
    row = np.full(size, -1, dtype="int64")
    row[numbers] = np.arange(len(numbers))
    return (np.cumsum(row >= 0) - 1)[numbers], pd.Index(ids.iloc[row[row >= 0]])


def _integers(ids: pd.Series) -> tuple[np.ndarray | None, int]:
    """Whole numbers from 0 on, and how many there might be; None where they lie too far apart to be counted."""
    lowest, size = (int(ids.min()), int(ids.max()) - int(ids.min()) + 1) if len(ids) else (0, 1)
    if size > SPARSE * len(ids):
        return None, 0
    wide = ids.to_numpy().astype("int64" if ids.dtype.kind == "i" else "uint64")  # so that the difference fits
    return (wide - wide.dtype.type(lowest)).astype("int64"), size


def _digits(text: pa.Array) -> tuple[np.ndarray | None, int]:
    """Texts of one length as whole numbers in their order, and how many there might be; None where that is too many.

    The byte at each place counts from the lowest that is there to the highest, like a digit.
    """
    lengths = pc.min_max(pc.binary_length(text))
    longest, together = lengths["max"].as_py(), len(text)
    if lengths["min"].as_py() != longest or not longest:
        return None, 0
    _, offsets, content = text.buffers()
    start = int(np.frombuffer(offsets, dtype="int64")[text.offset])
    letters = np.frombuffer(content, dtype="uint8")[start : start + longest * together].reshape(together, longest)
    numbers, size = np.zeros(together, dtype="int64"), 1
    for column in letters.T:
        lowest, highest = int(column.min()), int(column.max())
        size *= highest - lowest + 1
        if size > SPARSE * together:
            return None, 0
        if highest > lowest:
            numbers = numbers * (highest - lowest + 1) + (column - np.uint8(lowest))
    return numbers, size
