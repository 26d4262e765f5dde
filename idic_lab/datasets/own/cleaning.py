"""From rows to tables and a card: every row is either accepted or in ``rejects`` with the reason."""

import copy
import hashlib
from collections import Counter
from functools import cache

import duckdb
import numpy as np
import pandas as pd
import pyarrow as pa

from idic_lab import dataframes, tables
from idic_lab.datasets.card import Card, Dataset
from idic_lab.datasets.own import Rows, words
from idic_lab.datasets.own.engine import LargeParquet, quoted
from idic_lab.datasets.own.orders import Plan, plan
from idic_lab.datasets.own.reading import NO_CUSTOMER, TEXTS, Options, Source
from idic_lab.errors import DataError

NAMED = "customers are named by name or address"
_DISCOUNTED = "abs(amount - quantity * unit_price) > .005"
_TEXT = {pa.string(): pd.StringDtype(na_value=np.nan)}  # as texts lie in Arrow, without an object for each
OWN = {"kind": "own file", "source": "brought by the user", "licence": "not stated; the user's own to know"}


def clean(rows: Rows, options: Options, name: str = "") -> Dataset:
    """Recognise the columns, read their values, and make ``transactions``, ``order_lines`` and ``rejects``."""
    if rows.frame.empty and rows.broken.empty:
        raise DataError(f"{rows.name}: it has columns but no rows.")
    with _engine().cursor() as connection:
        source = Source.of_rows(connection, rows)
        planned = plan(source, options, rows.notes)
        connection.execute(f"CREATE TEMP TABLE lines AS SELECT * FROM ({planned.query}) ORDER BY source, line")
        facts = counts(connection, "lines", planned, source, broken=rows.broken["reason"])
        accepted = "(SELECT * FROM lines WHERE reason IS NULL)"
        named = is_named(connection, accepted, planned)
        refused = connection.sql('SELECT source, line, "column", value, reason FROM lines WHERE reason IS NOT NULL')
        found = [part for part in (rows.broken, refused.df()) if len(part)] or [tables.get("rejects").empty()]
        rejects = pd.concat(found).sort_values(["source", "line"], kind="stable", ignore_index=True)
        texts = dict.fromkeys(["source", "column", "value", "reason"], "str")
        made = tables_of(connection, accepted) | {"rejects": rejects.astype(texts | {"line": "int64"})}
        facts["assumptions"] = [*_doubts(connection, accepted, facts["duplicates"]), *facts["assumptions"]]
        facts["quirks"] = _remarks(connection, accepted, {table: len(data) for table, data in made.items()})
        facts |= {"customers": made["transactions"]["customer_id"].nunique(), "names_customers": named}
        only = f"SELECT customer_id FROM {accepted} GROUP BY 1 HAVING bool_and(is_return) ORDER BY min(line)"
        facts["customers_only_returns"] = [] if named else [who for (who,) in source.all(only)]
    if named:
        facts["quirks"].append(f"{NAMED}; a run shows them by codes instead")
    facts |= {"format": rows.format, "size_bytes": rows.size_bytes, "fingerprint": rows.fingerprint}
    return Dataset(name, made, Card(name=name, title=f"own file {rows.name}", **OWN, **facts))


def tables_of(connection, lines: str) -> dict[str, pd.DataFrame]:
    """``transactions`` of accepted lines, and ``order_lines`` when they say what was bought."""
    made = {}
    for name, relation in (("transactions", transactions), ("order_lines", order_lines)):
        frame = relation(connection, lines).to_arrow_table().to_pandas(types_mapper=_TEXT.get, date_as_object=False)
        if name == "transactions" or len(frame):
            texts = {text: "str" for text in ("customer_id", *TEXTS) if text in frame}
            made[name] = frame.astype(texts | {"date": "datetime64[us]"})
    return made


@cache
def _engine() -> duckdb.DuckDBPyConnection:
    """One engine for all files that are loaded: to start another takes longer than to read a small file."""
    return dataframes.connect()


def transactions(connection: duckdb.DuckDBPyConnection, lines: str) -> duckdb.DuckDBPyRelation:
    """The table ``transactions`` of some accepted lines; lines of one order, customer and day are one row, returns apart."""
    present = connection.sql(f"SELECT * FROM {lines}").columns
    if "order_id" not in present:
        kept = [name for name in ("customer_id", "date", "amount", "quantity") if name in present]
        return connection.sql(f"SELECT {', '.join(kept)} FROM {lines}")
    quantity = "sum(quantity) AS quantity, " if "quantity" in present else ""
    # A line without an order number is an order of its own: nothing says that two of them belong together. Sums of decimals
    # carry dust such as 1e-14, which would make a row of 0 look like a purchase.
    return connection.sql(
        f"SELECT customer_id, date, round(sum(amount), 6) AS amount, {quantity}any_value(order_id) AS order_id "
        f"FROM (SELECT *, row_number() OVER () AS place FROM {lines}) "
        "GROUP BY customer_id, order_id, CASE WHEN order_id IS NULL THEN place END, date, is_return ORDER BY min(place)"
    )


def order_lines(connection: duckdb.DuckDBPyConnection, lines: str) -> duckdb.DuckDBPyRelation:
    """The table ``order_lines`` of some accepted lines, without rows when they do not say what was bought in which order.

    Without a quantity a line is one unit, back or forth. Where an amount is not quantity times unit price, as with
    discounts, the price is amount divided by quantity.
    """
    present = connection.sql(f"SELECT * FROM {lines}").columns
    if not {"order_id", "product_id"} <= set(present):
        return connection.sql(f"SELECT customer_id, date FROM {lines} LIMIT 0")
    told = {name: name for name in ("order_id", "customer_id", "date", "product_id", "quantity", "amount")}
    told |= {name: name for name in ("description", "country") if name in present}
    if "quantity" not in present:
        told["quantity"] = "CASE WHEN is_return THEN -1e0 ELSE 1e0 END"
    elif "unit_price" in present:
        told["unit_price"] = f"CASE WHEN {_DISCOUNTED} AND quantity <> 0 THEN amount / quantity ELSE unit_price END"
    filled = " AND ".join(f"{name} IS NOT NULL" for name in ("order_id", "product_id", "quantity") if name in present)
    chosen = ", ".join(f"{sql} AS {name}" for name, sql in told.items())
    return connection.sql(f"SELECT {chosen} FROM {lines} WHERE {filled}")


def counts(connection, lines: str, planned: Plan, source: Source, broken=(), slices: int = 1) -> dict:
    """The figures of a card: counts and sums of what was read, accepted and rejected, `broken` being why rows were not split.

    Different rows are counted in `slices`, so that memory stays bounded.
    """
    others = "".join(f", sum({quoted(name)}) FILTER (reason IS NULL)" for name in planned.others)
    accepted, returns, zero, first, last, read, used, refused, *sums = connection.execute(
        f"""SELECT count(*) FILTER (reason IS NULL), count(*) FILTER (reason IS NULL AND is_return),
        count(*) FILTER (reason IS NULL AND amount = 0), min(date) FILTER (reason IS NULL),
        max(date) FILTER (reason IS NULL), coalesce(fsum(amount), 0), coalesce(fsum(amount) FILTER (reason IS NULL), 0),
        coalesce(fsum(amount) FILTER (reason IS NOT NULL), 0){others} FROM {lines}"""
    ).fetchall()[0]
    causes = connection.execute(
        f'SELECT reason, "column", count(*), min(line) FROM {lines} WHERE reason IS NOT NULL GROUP BY 1, 2 ORDER BY 3 DESC, 1'
    ).fetchall()
    causes += [(why, "(row)", count, 0) for why, count in pd.Series(broken, dtype="str").value_counts().items()]
    if not accepted:
        shown = "; ".join(
            f"{why} in column {column!r} ({count:,} rows{f', first on line {line}' if line else ''})"
            for why, column, count, line in causes[:5]
        )
        raise DataError(f"{source.name}: none of its {source.rows + len(broken):,} rows can be used: {shown}.")
    rejected = Counter()
    for why, _, count, _ in causes:
        rejected[why] += count
    hashes = f"SELECT count(DISTINCT row_hash) FROM {lines} WHERE row_hash % {slices} = "
    different = sum(connection.execute(f"{hashes}{part}").fetchall()[0][0] for part in range(slices))
    facts = copy.deepcopy(planned.facts)
    others = zip(planned.others.values(), sums, strict=True)
    if told := [f"{header!r} would give {total or 0:,.2f}" for header, total in others]:
        facts["columns"]["amount"] += f", which gives {used:,.2f}; {', '.join(told)}"
    facts["assumptions"] = [*_lost_alike(connection, lines, source.rows), *facts["assumptions"]]
    facts |= {"rows_read": source.rows + len(broken), "rows_accepted": accepted, "rejected": dict(rejected)}
    facts |= {"returns": returns, "zero_value": zero, "duplicates": source.rows - different}
    facts |= {"without_customer": rejected[NO_CUSTOMER], "first_date": str(first), "last_date": str(last)}
    amounts = {"amount_read": read, "amount_accepted": used, "amount_rejected": refused}
    return facts | {name: round(amount, 6) for name, amount in amounts.items()}


def is_named(connection, lines: str, planned: Plan) -> bool:
    """Whether customers are named by name, e-mail address or telephone number rather than by number."""
    if words.is_personal(planned.roles["customer_id"]):
        return True
    some = f"SELECT customer_id FROM (SELECT DISTINCT customer_id FROM {lines}) ORDER BY hash(customer_id) LIMIT 20000"
    return words.looks_personal(connection.sql(some).df()["customer_id"])


def names_people(source: Source, planned: Plan) -> bool:
    """The same of a source whose lines are still to be written, looked at in its first different values."""
    who = source.text(planned.roles["customer_id"])
    some = f"(SELECT DISTINCT {who} AS customer_id FROM source WHERE {who} IS NOT NULL LIMIT 20000)"
    return is_named(source.connection, some, planned)


def _lost_alike(connection, lines: str, rows: int) -> list[str]:
    """Rejected values of one shape, such as all of a month: said first, because what is lost so is no accident."""
    shapes = connection.execute(
        f"""SELECT "column", reason, count(*), min(value) FROM {lines}
        WHERE reason IN ('not a date', 'not a number') GROUP BY 1, 2, regexp_replace(value, '[0-9]', '9', 'g')
        HAVING count(*) >= greatest(2, {rows} / 200) ORDER BY 3 DESC, 4 LIMIT 3"""
    ).fetchall()
    return [
        f"{count:,} rows are lost that are written alike: {value!r} in {column!r} is {reason}"
        for column, reason, count, value in shapes
    ]


def _doubts(connection, lines: str, duplicates: int) -> list[str]:
    """What may be wrong about customers and orders although every row could be read."""
    present, doubts = connection.sql(f"SELECT * FROM {lines}").columns, []
    counted = "count(DISTINCT order_id)" if "order_id" in present else "0"
    customers, rows, spelled, orders = connection.execute(
        f"SELECT count(DISTINCT customer_id), count(*), count(DISTINCT lower(customer_id)), {counted} FROM {lines}"
    ).fetchall()[0]
    if spelled < customers:
        doubts.append(f"{customers - spelled:,} customers differ from another in capitals only; they were kept apart")
    if orders and duplicates:
        twice, amount = connection.execute(
            f"""SELECT count(*), sum(amount) FROM (SELECT min(rows) AS fewest, sum(amount * (rows - 1)) AS amount
            FROM (SELECT order_id, count(*) AS rows, any_value(amount) AS amount FROM {lines} WHERE order_id IS NOT NULL
            GROUP BY order_id, row_hash) GROUP BY order_id) WHERE fewest > 1"""
        ).fetchall()[0]
        if twice:
            told = f"{twice:,} orders are in the file twice, whole, as where two exports overlap"
            doubts.append(f"{told}; they were counted twice, which adds {amount:,.2f}")
    if orders >= 20 and customers >= 0.98 * orders and rows > customers:
        doubts.append("nearly every order has a customer of its own; is this column the number of a customer?")
    return doubts


def _remarks(connection, lines: str, rows: dict[str, int]) -> list[str]:
    """What became of the lines."""
    present, notes = connection.sql(f"SELECT * FROM {lines}").columns, []
    if "order_id" in present:
        counted = f"SELECT count(*), count(*) FILTER (is_return AND amount > 0) FROM {lines}"
        number, odd = connection.execute(counted).fetchall()[0]
        unit = "lines were summed to one row per customer, order and day, returns kept apart"
        notes.append(f"{number:,} {unit}: {rows['transactions']:,} rows")
        if odd:
            notes.append(f"{odd:,} lines of cancellations have a positive amount; their sign was left as it is")
    if "order_lines" in rows:
        if lacking := number - rows["order_lines"]:
            notes.append(f"{lacking:,} lines lack an order, product or quantity: not in order_lines")
        if "quantity" not in present:
            notes.append("no column says how many: in order_lines each line counts as one unit")
        priced = {"quantity", "unit_price"} <= set(present)
        query = f"SELECT count(*) FROM {lines} WHERE {_DISCOUNTED}"
        if priced and (differs := connection.execute(query).fetchall()[0][0]):
            discounted = f"{differs:,} lines whose amount is not quantity times unit price, as with discounts"
            notes.append(f"{discounted}; in order_lines the price is amount divided by quantity")
    return notes


def card_of_large(connection, lines: str, planned: Plan, source: Source, large: LargeParquet) -> Card:
    """The card of Parquet that was read in parts: the counts and sums that a small file's card has.

    Its fingerprint is of the rows, in whatever order they were read.
    """
    facts = counts(connection, lines, planned, source, slices=large.slices)
    digest = connection.execute(f"SELECT sum(CAST(row_hash AS HUGEINT)), bit_xor(row_hash) FROM {lines}").fetchall()[0]
    content = f"{large.schema.names}|{large.rows}|{'|'.join(map(str, digest))}".encode()
    named = is_named(connection, f"(SELECT * FROM {lines} WHERE reason IS NULL)", planned)
    facts |= {"names_customers": named, "quirks": [NAMED] if named else [], "size_bytes": large.size_bytes}
    facts["format"] = f"folder of {len(large.files)} Parquet files" if large.path.is_dir() else "Parquet"
    facts["fingerprint"] = hashlib.sha256(content).hexdigest()
    return Card(name=large.name, title=f"own file {large.path.name}", **OWN, **facts)
