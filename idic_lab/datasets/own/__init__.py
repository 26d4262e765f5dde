"""Reading anybody's files: which column is what, which rows can be used, and what was made of the rest."""

import itertools
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from idic_lab import tables
from idic_lab.datasets.own.words import normalise


@dataclass
class Rows:
    """What a file holds before anything is made of it."""

    name: str
    frame: pd.DataFrame  # a row each; text files give text, others what they store; labels are unique
    headers: list[str]  # as written, one per column; they may repeat
    lines: np.ndarray  # of each row in the source; the header is line 1
    format: str
    size_bytes: int
    fingerprint: str
    sources: np.ndarray | None = None  # the file of each row when there are several
    broken: pd.DataFrame = field(default_factory=lambda: tables.get("rejects").empty())  # rows that could not be split
    notes: list[str] = field(default_factory=list)  # what was assumed in reading

    @property
    def by_header(self) -> dict[str, str]:
        """Headers, as they are compared, to the label of the first column that bears each."""
        pairs = list(zip(map(normalise, self.headers), self.frame.columns, strict=True))
        return dict(reversed(pairs))

    @classmethod
    def of_frame(cls, name: str, frame: pd.DataFrame, **facts: object) -> "Rows":
        """The rows of a table under its header line; its columns are given labels of their own."""
        headers = list(map(str, frame.columns))
        frame = frame.set_axis(unique_labels(headers), axis=1)
        return cls(name, frame, headers, np.arange(2, len(frame) + 2), **facts)


def rejects(source, line, column, value, reason) -> pd.DataFrame:
    """A ``rejects`` table of its five columns, each an array or one value for all rows."""
    told = {"source": source, "line": line, "column": column, "value": value, "reason": reason}
    return pd.DataFrame(told, index=range(len(line))).astype(dict.fromkeys(told, "str") | {"line": "int64"})


def unique_labels(headers: list[str]) -> list[str]:
    """A label per header: the header itself, numbered when it repeats and named by its place when it is blank.

    >>> unique_labels(["id", "amount", "", "amount"])
    ['id', 'amount', 'column 3', 'amount (2)']
    """
    labels: list[str] = []
    for place, header in enumerate(headers, start=1):
        base = header.strip() or f"column {place}"
        choices = itertools.chain([base], (f"{base} ({copy})" for copy in itertools.count(2)))
        labels.append(next(label for label in choices if label not in labels))
    return labels
