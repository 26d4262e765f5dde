"""Identical customers are computed once, in memory and in an engine: the groups, and the way back to the customers.

A summary of millions of customers has far fewer different ones. Of a summary in an engine only those leave it; what a model
says of each goes back to the customers by a join in the engine.
"""

from collections.abc import Callable, Sequence

import narwhals as nw
import numpy as np
import pandas as pd
import pyarrow as pa

from idic_lab.dataframes import collected, in_engine
from idic_lab.errors import DataError, LabError, UnknownName

CUSTOMERS = "customers"
UNIT = "unit_days"


def distinct(columns: dict[str, np.ndarray], weights: np.ndarray | None = None):
    """Distinct rows of some columns, with ``weights`` (how many customers stand behind each), and where each row is among them.

    >>> rows, inverse = distinct({"frequency": np.array([2.0, 0.0, 2.0])})
    >>> rows["frequency"].tolist(), rows["weights"].tolist(), inverse.tolist()
    ([2.0, 0.0], [2.0, 1.0], [0, 1, 0])
    """
    code = np.zeros(len(next(iter(columns.values()))), dtype="int64")
    for values in columns.values():
        codes, levels = pd.factorize(values)
        code = code * max(len(levels), 1) + codes
    inverse, levels = pd.factorize(code)
    first = np.empty(len(levels), dtype="int64")
    first[inverse[::-1]] = np.arange(len(code))[::-1]
    rows = {name: np.asarray(values)[first] for name, values in columns.items()}
    rows["weights"] = np.bincount(inverse, weights, minlength=len(levels)).astype(float)
    return rows, inverse


def by_value(data: dict, name: str):
    """Distinct values of one column, the code of each row and the weight of each value; computed once per data."""
    key = ("by value", name)
    if key not in data:
        codes, values = pd.factorize(data[name])
        data[key] = values, codes, np.bincount(codes, data["weights"], minlength=len(values))
    return data[key]


def groups(summary, columns: Sequence[str], weights: str | None = None, signed: Sequence[str] = ()) -> pd.DataFrame:
    """The different customers of a summary in an engine, and how many there are of each.

    Alike are two in `columns`, in `signed` ones, which may be negative, and in the unit of time where the summary has it; a
    row stands for as many as `weights` says. Ordered, so that sums over it come out the same from every engine.
    """
    frame = nw.from_native(summary)
    present = frame.collect_schema().names()
    for name in (*columns, *signed, *([weights] if weights else [])):
        if name not in present:
            raise DataError(str(UnknownName("column of the summary", name, present)))
    count = nw.col(weights).cast(nw.Float64).sum() if weights else nw.len()
    keys = [*columns, *signed, *([UNIT] if UNIT in present else [])]
    grouped = frame.group_by(*keys).agg(count.alias(CUSTOMERS)).collect("pyarrow").to_pandas()
    for name in columns:
        usable = pd.to_numeric(grouped[name], errors="coerce").between(0, float("inf"), inclusive="left")
        if not usable.all():
            wrong = int(grouped.loc[~usable, CUSTOMERS].sum())
            raise DataError(f"Column {name!r} has {wrong:,} missing, negative or infinite values.")
    return grouped.sort_values(keys, ignore_index=True)


def answered(model, summary, answer: Callable[[pd.DataFrame], pd.DataFrame | pd.Series]):
    """What a model answers for each customer: computed once per group when the summary is in an engine.

    `answer` takes a pandas table of the columns that the model reads, on which alone the answer depends, and gives one row for
    each of its rows. For a summary in memory that is all; one in an engine gets the answer's columns, in no particular order.
    """
    if not in_engine(summary):
        return answer(collected(summary))
    columns, own = model.columns, len(model.likelihood.columns)
    table = groups(summary, columns[:own], signed=columns[own:]).drop(columns=CUSTOMERS)
    told = pd.concat([table[list(columns)], answer(table)], axis="columns")
    # The keys of the answers are renamed, because some engines keep both sides' keys when these are called alike.
    renamed = {name: f"_{name}" for name in columns}
    beside = nw.from_native(_brought(told.rename(columns=renamed), summary))
    joined = nw.from_native(summary).join(beside, how="left", left_on=list(columns), right_on=list(renamed.values()))
    kept = [name for name in joined.collect_schema().names() if name not in renamed.values()]
    return nw.to_native(joined.select(*kept))


def _brought(table: pd.DataFrame, summary):
    """A small table, moved to the engine that holds the summary."""
    engine = nw.from_native(summary).implementation
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
