"""A reproducible random sample of customers with all their rows: what the notebooks see of data too large for them."""

from __future__ import annotations

import duckdb
import pandas as pd

from idic_lab import datasets
from idic_lab.datasets.own import orders

REJECTS_SHOWN = 100_000
_TEXT = ("customer_id", "order_id", "product_id", "description", "country")


def draw(
    connection: duckdb.DuckDBPyConnection, slices: list[str], size: int, seed: int
) -> duckdb.DuckDBPyRelation:
    """All lines of the `size` customers whose id, hashed together with the seed, comes first.

    Parameters
    ----------
    connection : DuckDBPyConnection
    slices : list of str
        SQL that reads the lines of each slice; a customer is in one slice alone.
    size, seed : int

    Examples
    --------
    >>> lines = "(SELECT i::VARCHAR AS customer_id, 1.0 AS amount FROM range(100) t(i))"
    >>> drawn = draw(duckdb.connect(), [lines], 3, seed=1).fetchall()
    >>> drawn == draw(duckdb.connect(), [lines], 3, seed=1).fetchall(), len(drawn)
    (True, 3)
    """
    order = f"md5(customer_id || '|{seed}')"
    candidates = [
        connection.sql(
            f"SELECT customer_id, {order} AS place FROM (SELECT DISTINCT customer_id FROM {lines}) ORDER BY place LIMIT {size}"
        ).df()
        for lines in slices
    ]
    chosen = pd.concat(candidates).sort_values("place").head(size)[["customer_id"]]
    connection.register("chosen", chosen)
    connection.execute("CREATE OR REPLACE TEMP TABLE sampled_customers AS SELECT * FROM chosen")
    connection.unregister("chosen")
    together = " UNION ALL BY NAME ".join(
        f"SELECT * FROM {lines} SEMI JOIN sampled_customers USING (customer_id)" for lines in slices
    )
    return connection.sql(f"SELECT * FROM ({together}) ORDER BY ALL")


def dataset(card: datasets.Card, lines, rejects, customers: int, seed: int) -> datasets.Dataset:
    """The sampled lines as a data set, under the card of all data.

    Parameters
    ----------
    card : Card
        Of all data; receives a note on the sample.
    lines, rejects : DuckDBPyRelation
    customers : int
        How many customers were drawn.
    seed : int
    """
    frame = lines.df()
    text = {name: "str" for name in _TEXT if name in frame}
    frame = frame.astype(text | {"date": "datetime64[us]", "is_return": "bool"})
    made, _ = orders.tables_of(frame)
    shown = rejects.limit(REJECTS_SHOWN).df()
    made["rejects"] = shown.astype(
        dict.fromkeys(["source", "column", "value", "reason"], "str") | {"line": "int64"}
    )
    card.assumptions.append(
        f"too large to be loaded: the tables of all {card.customers:,} customers are in the folder all_customers; the "
        f"notebooks, their figures and the tables they make are of a random sample of {customers:,} customers with all their "
        f"rows (seed {seed})"
    )
    if card.rows_rejected > len(shown):
        card.quirks.append(
            f"the first {len(shown):,} rejected rows are shown; all are in all_customers/rejects"
        )
    return datasets.Dataset(card.name, made, card)
