"""Anybody's own file as a data set."""

from __future__ import annotations

from pathlib import Path

from idic_lab.datasets.card import Card
from idic_lab.datasets.dataset import Dataset
from idic_lab.datasets.own import cleaning, files


def load(
    path: str | Path,
    options: cleaning.Options | None = None,
    *,
    name: str | None = None,
    sheet: str | None = None,
    sql: str | None = None,
    encoding: str | None = None,
    separator: str | None = None,
) -> Dataset:
    """Read a file (see :func:`files.read`), clean its rows and write the card.

    The data set is called `name`, or as the file without its ending; neither card nor tables hold its folder.
    """
    rows = files.read(path, sheet=sheet, sql=sql, encoding=encoding, separator=separator)
    cleaned = cleaning.clean(rows, options or cleaning.Options())
    card = Card(
        name=name or Path(rows.name).stem,
        title=f"own file {rows.name}",
        kind="own file",
        source="brought by the user",
        licence="not stated; the user's own to know",
        format=rows.format,
        size_bytes=rows.size_bytes,
        fingerprint=rows.fingerprint,
        **cleaned.facts,
    )
    return Dataset(card.name, cleaned.tables, card)
