"""Opening DuckDB the way the whole package does."""

from __future__ import annotations

from pathlib import Path

import duckdb


def connect(path: str | Path = ":memory:", read_only: bool = False) -> duckdb.DuckDBPyConnection:
    """A DuckDB connection that draws no progress bar.

    In a notebook DuckDB shows a bar for a query that takes long, so whether it stands in the output depends on how
    busy the machine was.

    Examples
    --------
    >>> connect().execute("SELECT current_setting('enable_progress_bar')").fetchone()
    (False,)
    """
    connection = duckdb.connect(str(path), read_only=read_only)
    connection.execute("SET enable_progress_bar = false")
    return connection
