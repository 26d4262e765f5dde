"""What becomes of one column when it is read: values, the reason where there is none, and what was assumed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

# What people and programs write where there is no value.
MISSING = frozenset(["", "nan", "null", "none", "n/a", "#n/a", "na", "nat", "<na>", "(blank)", "\\n", "-"])


@dataclass
class Parsed:
    """One value per row.

    Attributes
    ----------
    result : array, shape (n_rows,)
    reasons : array of object, shape (n_rows,)
        Why there is no value; None where there is one.
    assumptions : list of str
        For the card.
    symbols : frozenset of str
        Currency signs and codes that were seen.
    """

    result: np.ndarray
    reasons: np.ndarray
    assumptions: list[str] = field(default_factory=list)
    symbols: frozenset[str] = frozenset()


def by_distinct_value(column: pd.Series, parse: Callable[[pd.Series], Parsed], missing: str) -> Parsed:
    """Parse the distinct texts of a column once and spread the answers; a missing value gets `missing` as reason."""
    codes, distinct = pd.factorize(column, use_na_sentinel=True)
    text = pd.Series(np.asarray(distinct, dtype=object), dtype="str").str.strip(
        " \t\r\n\u00a0\u3000\ufeff\u200b"
    )
    parsed = parse(text)
    absent = text.str.lower().isin(MISSING).to_numpy()
    reasons = np.append(np.where(absent, missing, parsed.reasons), missing).astype(object)
    values = np.append(parsed.result, np.array([np.nan]).astype(parsed.result.dtype))
    values[:-1][absent] = values[-1]
    return Parsed(values[codes], reasons[codes], parsed.assumptions, parsed.symbols)


def kinds(column: pd.Series, numeric_types: tuple[type, ...]) -> np.ndarray:
    """For a column of mixed content: "number", "text" or "other" per row, "missing" where there is none."""
    absent = column.isna().to_numpy()
    found = [
        "number"
        if isinstance(value, numeric_types) and not isinstance(value, bool)
        else ("text" if isinstance(value, str) else "other")
        for value in column
    ]
    return np.where(absent, "missing", np.array(found, dtype=object))


def sample(values: pd.Series, number: int = 3) -> str:
    """The first few values, quoted, for a message."""
    return ", ".join(repr(value) for value in values.iloc[:number])
