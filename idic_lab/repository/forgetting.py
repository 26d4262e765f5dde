"""Which rows belong to a customer, how they are removed from every table, and the codes that tell who was."""

import hashlib
from dataclasses import dataclass

from idic_lab.datasets.own.engine import literal, quoted

# The columns by which a row belongs to a customer, or to a record of one.
OF_CUSTOMER = ("customer_id", "customer_a", "customer_b")
OF_RECORD = ("record_id", "record_a", "record_b")
_DIGITS = 12


def code(salt: str, identifier: str) -> str:
    """A code that tells forgotten customers apart and cannot be compared with those of another repository.

    >>> code("salt", "Ada Lovelace")
    'f2af45f03eeb'
    """
    return hashlib.sha256(f"{salt}{identifier}".encode()).hexdigest()[:_DIGITS]


@dataclass(frozen=True)
class ForgottenCodes:
    """Whom a repository was made to forget.

    >>> known = ForgottenCodes("salt", frozenset([code("salt", "Ada Lovelace")]))
    >>> "Ada Lovelace" in known, "Charles Babbage" in known
    (True, False)
    """

    salt: str
    codes: frozenset[str]

    def __contains__(self, identifier: object) -> bool:
        return code(self.salt, str(identifier)) in self.codes

    def sql(self, column: str) -> str:
        """The same question about a column, for DuckDB; false where the column is missing."""
        listed = ", ".join(map(literal, sorted(self.codes)))
        return f"coalesce(left(sha256({literal(self.salt)} || {column}::VARCHAR), {_DIGITS}) IN ({listed}), false)"


def remove(connection, customer_id: str, original: str) -> tuple[dict[str, int], list[str]]:
    """Delete a customer's rows in every table, those of linked records included: rows per table, and the records."""
    columns: dict[str, set[str]] = {}
    for table, column in connection.execute("SELECT table_name, column_name FROM duckdb_columns()").fetchall():
        if not table.startswith("_"):
            columns.setdefault(table, set()).add(column)
    connection.execute("CREATE OR REPLACE TEMP TABLE _leaving (id VARCHAR)")
    for table, held in sorted(columns.items()):
        if {"record_id", "customer_id"} <= held:
            linked = f"SELECT record_id FROM {quoted(table)} WHERE customer_id = ?"
            connection.execute(f"INSERT INTO _leaving {linked}", [customer_id])
    counts = {}
    for table, held in sorted(columns.items()):
        whose = [f"{column} = $customer" for column in OF_CUSTOMER if column in held]
        names = {"customer": customer_id} if whose else {}
        whose += [f"{column} IN (SELECT id FROM _leaving)" for column in OF_RECORD if column in held]
        statement = f"DELETE FROM {quoted(table)} WHERE {' OR '.join(whose)}"
        if not whose and table == "rejects":  # its rows count what a file held; the value alone may name somebody
            names = {"customer": customer_id, "original": original}
            statement = (
                "UPDATE rejects SET value = NULL WHERE value IN ($customer, $original) OR contains(value, $original) "
                "OR value IN (SELECT id FROM _leaving)"
            )
        elif not whose:
            continue
        if removed := connection.execute(statement, names).fetchall()[0][0]:
            counts[table] = removed
    records = [record for (record,) in connection.execute("SELECT DISTINCT id FROM _leaving").fetchall()]
    connection.execute("DROP TABLE _leaving")
    return counts, [record for record in records if record is not None]
