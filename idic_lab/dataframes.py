"""Dataframes of any engine, where pandas is needed."""

from __future__ import annotations

from collections.abc import Sequence

import narwhals as nw
import pandas as pd


def collected(table, columns: Sequence[str]) -> pd.DataFrame:
    """A table as pandas: itself when it is, else those of `columns` that it has, brought out of their engine.

    Parameters
    ----------
    table : DataFrame of any engine narwhals knows
    columns : sequence of str

    Examples
    --------
    >>> import duckdb
    >>> collected(duckdb.sql("SELECT 1 AS kept, 2 AS left_behind"), ["kept", "absent"])
       kept
    0     1
    """
    if isinstance(table, pd.DataFrame):
        return table
    frame = nw.from_native(table)
    frame = frame.select(*[name for name in frame.collect_schema().names() if name in columns])
    made = (frame.collect("pyarrow") if isinstance(frame, nw.LazyFrame) else frame).to_pandas()
    kinds = {}
    for name, kind in made.dtypes.items():
        if isinstance(
            kind, pd.DatetimeTZDtype
        ):  # Spark's times come with the zone of its session: keep what its clock says
            made[name] = made[name].dt.tz_localize(None)
            kind = made[name].dtype
        if isinstance(kind, pd.StringDtype):
            kinds[name] = "str"
        elif pd.api.types.is_object_dtype(kind) or pd.api.types.is_datetime64_dtype(kind):
            is_date = name == "date"
            kinds[name] = "datetime64[us]" if is_date else "str"
    return made.astype(kinds)
