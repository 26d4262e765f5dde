"""How a repository knows whom it was made to forget, without keeping a name: by salted codes."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

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
        listed = ", ".join(f"'{one}'" for one in sorted(self.codes))
        salt = self.salt.replace("'", "''")
        return f"coalesce(left(sha256('{salt}' || {column}::VARCHAR), {_DIGITS}) IN ({listed}), false)"
