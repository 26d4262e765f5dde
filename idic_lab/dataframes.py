"""Dataframes of any engine, DuckDB opened the way the whole package does, records joined to customers, consents given."""

import re
from collections.abc import Sequence
from pathlib import Path

import duckdb
import narwhals as nw
import pandas as pd

from idic_lab.errors import DataError, option


def of_customers(data: pd.DataFrame, identity_links: pd.DataFrame) -> pd.DataFrame:
    """Rows logged under a record, with the customer behind the record.

    Parameters:
        data: Any table with ``record_id``.
        identity_links: ``record_id``, ``customer_id``.
    Returns:
        DataFrame: Columns of `data` with ``customer_id`` first. Rows of records without a link are left out.

    >>> reviews = pd.DataFrame({"record_id": ["r1", "r2", "r9"], "stars": [5, 3, 1]})
    >>> links = pd.DataFrame({"record_id": ["r1", "r2"], "customer_id": ["ann", "ann"]})
    >>> of_customers(reviews, links)["customer_id"].tolist()
    ['ann', 'ann']
    """
    owner = identity_links.drop_duplicates("record_id").set_index("record_id")["customer_id"]
    linked = data.assign(customer_id=data["record_id"].map(owner).astype("str"))
    linked = linked[linked["customer_id"].notna()].reset_index(drop=True)
    return linked[["customer_id", *data.columns.drop("customer_id", errors="ignore")]]


_NUMBERS = re.compile(r"(\d{1,2})([./-])(\d{1,2})\2(\d{4}|\d\d)")  # day and month, in whatever order, and year


def given_day(value, name: str) -> pd.Timestamp:
    """The day that somebody gave as an argument or option: 31/12/2023 is read, 05/11/2023 is refused.

    Parameters:
        name: Of the argument, for the message.
    Raises:
        DataError: When it is no day, or may be two; with points between, the day is first.

    >>> given_day("31.12.2023", "today")
    Timestamp('2023-12-31 00:00:00')
    >>> given_day("05/11/2023", "today")
    Traceback (most recent call last):
    ...
    idic_lab.errors.DataError: today='05/11/2023' may be in May or in November; write it as 2023-11-05.
    """
    found = _NUMBERS.fullmatch(value.strip()) if isinstance(value, str) else None
    try:
        if found is None:
            moment = pd.Timestamp(value)
            if moment is pd.NaT:
                raise ValueError
            return moment.normalize()
        one, other, year = int(found[1]), int(found[3]), found[4]
        if len(year) == 4 and (found[2] == "." or max(one, other) > 12 or one == other):
            return pd.Timestamp(int(year), *((other, one) if one > 12 or found[2] == "." else (one, other)))
    except (ValueError, TypeError):
        raise DataError(f"{option(name, value)} is not a date; write it as year, month and day, 2023-11-05.") from None
    if len(year) == 2:
        raise DataError(f"{option(name, value)} may be in several years; write it as year, month and day, 2023-11-05.")
    first, second = (pd.Timestamp(int(year), month, 1) for month in sorted((one, other)))
    raise DataError(
        f"{option(name, value)} may be in {first:%B} or in {second:%B}; write it as "
        f"{year}-{second.month:02d}-{first.month:02d}."
    )


def connect(path: str | Path = ":memory:", read_only: bool = False) -> duckdb.DuckDBPyConnection:
    """A DuckDB connection that draws no progress bar.

    In a notebook DuckDB shows a bar for a query that takes long, so whether it stands in the output depends on how
    busy the machine was.

    >>> connect().execute("SELECT current_setting('enable_progress_bar')").fetchone()
    (False,)
    """
    connection = duckdb.connect(str(path), read_only=read_only)
    connection.execute("SET enable_progress_bar = false")
    return connection


def in_engine(table) -> bool:
    """Whether a table is lazy (Polars lazy, DuckDB, PySpark, Dask), so that its rows are in an engine and not in this process.

    >>> in_engine(pd.DataFrame({"frequency": [1]})), in_engine(duckdb.sql("SELECT 1 AS frequency"))
    (False, True)
    """
    return not isinstance(table, pd.DataFrame) and isinstance(nw.from_native(table), nw.LazyFrame)


def collected(table, columns: Sequence[str] | None = None) -> pd.DataFrame:
    """A table as pandas: itself when it is, else those of `columns` that it has (all, by default), brought out of their engine.

    >>> import duckdb
    >>> collected(duckdb.sql("SELECT 1 AS kept, 2 AS left_behind"), ["kept", "absent"])
       kept
    0     1
    """
    if isinstance(table, pd.DataFrame):
        return table
    frame = nw.from_native(table)
    if columns is not None:
        frame = frame.select(*[name for name in frame.collect_schema().names() if name in columns])
    made = (frame.collect("pyarrow") if isinstance(frame, nw.LazyFrame) else frame).to_pandas()
    kinds = {}
    for name, column in made.items():
        if isinstance(
            column.dtype, pd.DatetimeTZDtype
        ):  # Spark's come with its session's zone: keep what its clock says
            made[name] = column = column.dt.tz_localize(None)
        is_object = pd.api.types.is_object_dtype(column)
        if pd.api.types.is_datetime64_dtype(column) or (is_object and name == "date"):
            kinds[name] = "datetime64[us]"
        elif is_object or isinstance(column.dtype, pd.StringDtype):
            kinds[name] = "str"
    return made.astype(kinds)


def allowing(consents: pd.DataFrame | None, channel: str | None = None) -> pd.DataFrame:
    """The consents that were given: no statement, and no known answer, is no consent.

    Parameters:
        consents: ``customer_id``, ``channel``, ``allowed``; None when nobody was asked.
        channel: Only those to this channel.

    >>> said = pd.DataFrame({"customer_id": ["ann", "bob"], "channel": "email", "allowed": [True, None]})
    >>> allowing(said, "email")["customer_id"].tolist(), len(allowing(None))
    (['ann'], 0)
    """
    if consents is None:
        return pd.DataFrame({"customer_id": [], "channel": [], "allowed": []}).astype("str")
    given = consents["allowed"].eq(True).fillna(False)
    return consents[given if channel is None else given & consents["channel"].eq(channel)]


def addressable(
    table: pd.DataFrame, consents: pd.DataFrame | None, conversations: pd.DataFrame | None, channel: str | None = None
) -> pd.DataFrame:
    """The rows of customers to whom one may say something: they are known to allow it, and have no complaint open.

    Parameters:
        consents: As for :func:`allowing`.
        conversations: ``customer_id``, ``open_complaints``; None where nobody is known to have complained.
        channel: The one it is said by; by default it is enough that they allow any.

    >>> said = pd.DataFrame({"customer_id": ["ann", "bob", "cem"], "channel": "email", "allowed": [True, None, True]})
    >>> standing = pd.DataFrame({"customer_id": ["cem"], "open_complaints": [1]})
    >>> addressable(said[["customer_id"]], said, standing)["customer_id"].tolist()
    ['ann']
    """
    may = table["customer_id"].isin(allowing(consents, channel)["customer_id"])
    if conversations is not None:
        waiting = conversations.loc[conversations["open_complaints"] > 0, "customer_id"]
        may &= ~table["customer_id"].isin(waiting)
    return table[may].reset_index(drop=True)
