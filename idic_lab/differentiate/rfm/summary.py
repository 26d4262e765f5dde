"""Recency, frequency and monetary value per customer, computed where the transactions are.

One narwhals expression serves pandas, Polars, Arrow, DuckDB, PySpark and Dask.
"""

from __future__ import annotations

import datetime as dt

import narwhals as nw
import pandas as pd
from narwhals.typing import IntoFrameT

from idic_lab.differentiate import days
from idic_lab.differentiate.customer_codes import customer_codes
from idic_lab.errors import DataError, UnknownName

RETURNS = ("ignore", "net")
_COLUMNS = ("customer_id", "date", "amount")


def summarise(
    transactions: IntoFrameT, observation_end: str | dt.date | None = None, returns: str = "ignore"
) -> IntoFrameT:
    """Days since the last purchase, number of purchase days and total amount of every customer who bought.

    A purchase is a row whose amount is zero or more; a row with a negative amount is a return, never a purchase, so
    it changes neither recency nor frequency. Customers with nothing but returns have no recency and therefore no
    row here: :func:`without_purchase` lists them, and the two tables together hold every customer once.

    Parameters
    ----------
    transactions : DataFrame of any engine narwhals reads
        Columns ``customer_id``, ``date`` (a date or date-time type; several rows on one day are one purchase day) and
        ``amount`` (a number, currency).
    observation_end : date or str, optional
        Last day looked at, itself included; later rows are left out. The latest date in the data by default.
    returns : {"ignore", "net"}
        ``"ignore"``: ``monetary`` is the total of the purchases. ``"net"``: returns are subtracted, no lower than
        zero, and the columns ``purchased`` and ``returned`` (both positive, currency) are added, so that a customer
        who sent back more than they bought (in the window looked at) can be seen by ``returned > purchased``.

    Returns
    -------
    DataFrame of the same engine
        ``customer_id``; ``recency_days`` (int, days from the last purchase to `observation_end`); ``frequency`` (int,
        days with a purchase, the first included); ``monetary`` (float, currency, to six decimals). Sorted by customer in engines
        that hold the data in memory, in no particular order in lazy ones.

    Raises
    ------
    DataError
        A column is missing or of the wrong type, a value is missing or infinite, or no row is left.
    UnknownName
        `returns` is neither of the two.

    Source: the three variables as direct marketing uses them, Hughes (1994), Strategic Database Marketing.

    Examples
    --------
    >>> transactions = pd.DataFrame(
    ...     {
    ...         "customer_id": ["ann", "ann", "ann", "bob", "cid"],
    ...         "date": pd.to_datetime(["2024-01-05", "2024-01-05", "2024-03-01", "2024-02-10", "2024-02-11"]),
    ...         "amount": [20.0, 5.0, 10.0, 40.0, -7.0],
    ...     }
    ... )
    >>> summarise(transactions, observation_end="2024-03-31")
      customer_id  recency_days  frequency  monetary
    0         ann            30          2      35.0
    1         bob            50          1      40.0
    """
    if returns not in RETURNS:
        raise UnknownName("treatment of returns", returns, RETURNS)
    customers, end = _per_customer(transactions, observation_end)
    net = nw.col("purchased") - nw.col("returned")
    monetary = (
        nw.col("purchased") if returns == "ignore" else nw.when(net > 0).then(net).otherwise(nw.lit(0.0))
    )
    summary = customers.filter(nw.col("frequency") > 0).select(
        "customer_id",
        recency_days=(nw.lit(end) - nw.col("last_purchase")).cast(nw.Int64()),
        frequency=nw.col("frequency").cast(nw.Int64()),
        # To six decimals, so that equal totals are equal in whatever order an engine added them up: ties matter.
        # Spelled out, because Arrow's round(6) is off in the last bit.
        monetary=(monetary.cast(nw.Float64()) * 1e6).round() / 1e6,
        **({} if returns == "ignore" else {name: nw.col(name) for name in ("purchased", "returned")}),
    )
    return _in_order(summary).to_native()


def without_purchase(transactions: IntoFrameT, observation_end: str | dt.date | None = None) -> IntoFrameT:
    """Customers whose rows, up to the end of observation, are returns only, and who are thus not in the summary.

    Parameters
    ----------
    transactions, observation_end
        As in :func:`summarise`.

    Returns
    -------
    DataFrame of the same engine
        ``customer_id``; ``returns`` (int, rows with a negative amount); ``returned`` (float, their total as a
        positive amount, currency).

    Raises
    ------
    DataError
        As in :func:`summarise`.

    Examples
    --------
    >>> transactions = pd.DataFrame(
    ...     {
    ...         "customer_id": ["ann", "cid", "cid"],
    ...         "date": pd.to_datetime(["2024-01-05", "2024-02-11", "2024-02-12"]),
    ...         "amount": [20.0, -7.0, -1.0],
    ...     }
    ... )
    >>> without_purchase(transactions)
      customer_id  returns  returned
    0         cid        2       8.0
    """
    customers, _ = _per_customer(transactions, observation_end)
    listed = customers.filter(nw.col("frequency") == 0).select(
        "customer_id", returns=nw.col("returns").cast(nw.Int64()), returned=nw.col("returned")
    )
    return _in_order(listed).to_native()


def collected(frame) -> pd.DataFrame:
    """A pandas copy of a frame of any engine, with a fresh row index and text as the contracts want it."""
    frame = nw.from_native(frame)
    if isinstance(frame, nw.LazyFrame):
        frame = frame.collect("pandas")
    frame = frame.to_pandas().reset_index(drop=True).copy()
    text = [name for name, dtype in frame.dtypes.items() if isinstance(dtype, pd.StringDtype)]
    return frame.astype(dict.fromkeys(text, "str"))  # some engines hand over pandas' other string type


def _per_customer(transactions, observation_end):
    """Totals of every customer up to the end of observation, and that end as a day number."""
    frame = _checked(transactions)
    first_day, last_day = _checked_rows(frame)
    end = last_day if observation_end is None else days.ordinal(observation_end, "observation_end")
    if end < first_day:
        raise DataError(
            f"transactions: the first row is dated {first_day - end:,} days after the observation_end "
            f"{observation_end}, so there is nothing to summarise; choose a later day."
        )
    frame, ids = _by_code(_with_day(frame).filter(nw.col("_day") <= end))
    purchase = nw.col("_amount") >= 0
    by_day = (
        frame.with_columns(
            _purchase=nw.when(purchase).then(nw.lit(1)).otherwise(nw.lit(0)),
            _return=nw.when(purchase).then(nw.lit(0)).otherwise(nw.lit(1)),
            _purchased=nw.when(purchase).then(nw.col("_amount")).otherwise(nw.lit(0.0)),
            _returned=nw.when(purchase).then(nw.lit(0.0)).otherwise(-nw.col("_amount")),
        )
        .group_by("customer_id", "_day")
        .agg(
            _bought=nw.col("_purchase").max(),
            _returns=nw.col("_return").sum(),
            _purchased=nw.col("_purchased").sum(),
            _returned=nw.col("_returned").sum(),
        )
    )
    customers = (
        # Day numbers are positive, so a day without a purchase counts as day 0 and never is the last one.
        by_day.with_columns(_purchase_day=nw.col("_day") * nw.col("_bought"))
        .group_by("customer_id")
        .agg(
            last_purchase=nw.col("_purchase_day").max(),
            frequency=nw.col("_bought").sum(),
            purchased=nw.col("_purchased").sum(),
            returned=nw.col("_returned").sum(),
            returns=nw.col("_returns").sum(),
        )
    )
    return _by_id(customers, ids), end


def _by_code(frame):
    """Customers as whole numbers on pandas, where grouping by texts takes ten times as long; and the ids behind them."""
    if not frame.implementation.is_pandas():
        return frame, None
    rows = frame.to_native()
    codes, ids = customer_codes(rows["customer_id"])
    return nw.from_native(rows.assign(customer_id=codes)), ids


def _by_id(customers, ids):
    if ids is None:
        return customers
    table = customers.to_native()
    return nw.from_native(table.assign(customer_id=ids.take(table["customer_id"])))


def _checked(transactions):
    """The transactions as a narwhals frame, with the three columns there and of a usable type."""
    frame = nw.from_native(transactions)
    schema = frame.collect_schema()
    missing = [name for name in _COLUMNS if name not in schema]
    if missing:
        raise DataError(
            f"transactions: missing column{'s' if len(missing) > 1 else ''} {', '.join(map(repr, missing))}; "
            f"found {', '.join(map(repr, schema)) or 'none'}."
        )
    if not (schema["date"] == nw.Date or schema["date"] == nw.Datetime):
        raise DataError(
            f"transactions: column 'date' should be of a date type, found {schema['date']}; "
            "convert it first, in pandas with pd.to_datetime."
        )
    if not schema["amount"].is_numeric():
        raise DataError(f"transactions: column 'amount' should be numeric, found {schema['amount']}.")
    return frame


def _checked_rows(frame) -> tuple[int, int]:
    """The first and the last day, once every row is known to have a customer, a date and a finite amount."""
    amount = nw.col("amount").cast(nw.Float64())
    unusable = {
        "customer_id": nw.col("customer_id").is_null(),
        "date": nw.col("date").is_null(),
        "amount": amount.is_null() | ~amount.is_finite(),
    }
    facts = frame.select(
        nw.col("date").min().alias("first"),
        nw.col("date").max().alias("last"),
        nw.len().alias("rows"),
        *(
            nw.when(test).then(nw.lit(1)).otherwise(nw.lit(0)).sum().alias(name)
            for name, test in unusable.items()
        ),
    )
    facts = (facts.collect() if isinstance(facts, nw.LazyFrame) else facts).rows(named=True)[0]
    if not facts["rows"]:
        raise DataError("transactions: no rows, so there is no customer to summarise.")
    for name in unusable:
        if facts[name]:
            raise DataError(
                f"transactions: {int(facts[name]):,} rows have no usable {name!r}; every row needs one. "
                "idic_lab.datasets moves such rows to 'rejects' when it reads a file."
            )
    return days.ordinal(facts["first"]), days.ordinal(facts["last"])


def _with_day(frame):
    """The day as a whole number and the amount as a float."""
    return frame.select(
        "customer_id", _amount=nw.col("amount").cast(nw.Float64()), _day=days.expression("date")
    )


def _in_order(frame):
    return nw.maybe_reset_index(frame.sort("customer_id")) if isinstance(frame, nw.DataFrame) else frame
