"""Summaries that stay in their engine: identical customers are grouped there, and answers joined back there.

A summary of millions of customers has far fewer different ones. Only those leave the engine; the model computes each of
them once; what it says goes back to the customers by a join in the engine. Frames that are in memory anyway (pandas, Arrow, an
eager Polars frame) take no such way.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import narwhals as nw
import pandas as pd
import pyarrow as pa

from idic_lab.errors import DataError, LabError, UnknownName

CUSTOMERS = "customers"


def in_engine(table) -> bool:
    """Whether a table is lazy, so that its rows are in an engine and not in this process.

    Examples
    --------
    >>> in_engine(pd.DataFrame({"frequency": [1]}))
    False
    """
    return not isinstance(table, pd.DataFrame) and isinstance(nw.from_native(table), nw.LazyFrame)


def groups(summary, columns: Sequence[str], weights: str | None = None) -> pd.DataFrame:
    """The different customers of a summary in an engine, and how many there are of each.

    Parameters
    ----------
    summary : lazy frame
    columns : sequence of str
        What makes two customers alike.
    weights : str, optional
        Column that says how many customers a row stands for.

    Returns
    -------
    DataFrame
        `columns` and ``customers``, ordered by `columns` so that sums over it come out the same from every engine.

    Raises
    ------
    DataError
        When a column is missing, or holds a missing, negative or infinite value.
    """
    frame = nw.from_native(summary)
    present = frame.collect_schema().names()
    for name in (*columns, *([weights] if weights else [])):
        if name not in present:
            raise DataError(str(UnknownName("column of the summary", name, present)))
    count = nw.col(weights).cast(nw.Float64).sum() if weights else nw.len()
    grouped = frame.group_by(*columns).agg(count.alias(CUSTOMERS)).collect("pyarrow").to_pandas()
    for name in columns:
        usable = pd.to_numeric(grouped[name], errors="coerce").between(0, float("inf"), inclusive="left")
        if not usable.all():
            wrong = int(grouped.loc[~usable, CUSTOMERS].sum())
            raise DataError(f"Column {name!r} has {wrong:,} missing, negative or infinite values.")
    return grouped.sort_values(list(columns), ignore_index=True)


def answered(summary, columns: Sequence[str], answer: Callable[[pd.DataFrame], pd.DataFrame | pd.Series]):
    """What a model answers for each customer: computed once per group when the summary is in an engine.

    Parameters
    ----------
    summary : DataFrame of any engine
    columns : sequence of str
        All that the answer depends on.
    answer : callable
        Takes a pandas table with `columns`, and gives a Series or DataFrame with one row for each of its rows.

    Returns
    -------
    Series or DataFrame
        For a summary in memory, what `answer` gives for it; for one in an engine, the summary with the answer's columns
        added, in that engine and in no particular order.
    """
    if not in_engine(summary):
        return answer(pandas_of(summary))
    table = groups(summary, columns).drop(columns=CUSTOMERS)
    told = pd.concat([table, answer(table)], axis="columns")
    # The keys of the answers are renamed, because some engines keep both sides' keys when these are called alike.
    renamed = {name: f"_{name}" for name in columns}
    beside = nw.from_native(_brought(told.rename(columns=renamed), summary))
    joined = nw.from_native(summary).join(
        beside, how="left", left_on=list(columns), right_on=list(renamed.values())
    )
    kept = [name for name in joined.collect_schema().names() if name not in renamed.values()]
    return nw.to_native(joined.select(*kept))


def pandas_of(table) -> pd.DataFrame:
    """A customer-level table as pandas, whatever frame it came in."""
    if isinstance(table, pd.DataFrame):
        return table
    frame = nw.from_native(table)
    return (frame.collect("pyarrow") if isinstance(frame, nw.LazyFrame) else frame).to_pandas()


def _brought(table: pd.DataFrame, summary):
    """A small table, moved to the engine that holds the summary."""
    frame = nw.from_native(summary)
    engine = frame.implementation
    arrow = pa.Table.from_pandas(table, preserve_index=False)
    if engine.is_duckdb():
        # Put as a query to the relation, it comes to live in the relation's own connection.
        return summary.query("_summary", "SELECT * FROM arrow")
    if engine.is_polars():
        import polars

        return polars.from_arrow(arrow).lazy()
    if engine.is_dask():
        import dask.dataframe

        return dask.dataframe.from_pandas(table, npartitions=1)
    if engine.is_pyspark() or engine.is_pyspark_connect():
        return summary.sparkSession.createDataFrame(arrow)
    raise LabError(
        f"A summary in {engine.value!r} cannot be joined with what a model answers; collect it first, as in "
        "narwhals.from_native(summary).collect()."
    )
