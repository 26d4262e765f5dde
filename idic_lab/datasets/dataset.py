"""A loaded data set: its tables and its card."""

from __future__ import annotations

import pandas as pd

from idic_lab import tables as contracts
from idic_lab.datasets.card import Card


class Dataset:
    """Tables that keep to their contracts, with the card that says where they came from.

    Parameters
    ----------
    name : str
    tables : dict of str to DataFrame
        Each table whose name is in :mod:`idic_lab.tables` is checked against its contract. ``rejects`` is added,
        empty, when there is none.
    card : Card

    Attributes
    ----------
    transactions, rejects, ... : DataFrame
        Every table is an attribute.

    Examples
    --------
    >>> from idic_lab import datasets
    >>> cdnow = datasets.load("cdnow_sample", quiet=True)
    >>> cdnow
    Dataset('cdnow_sample': transactions 6,919 rows, rejects 0 rows)
    >>> cdnow.transactions.head(2)
      customer_id       date  quantity  amount
    0           1 1997-01-01       2.0   29.33
    1           1 1997-01-18       2.0   29.73
    """

    def __init__(self, name: str, tables: dict[str, pd.DataFrame], card: Card):
        tables = dict(tables)
        if "rejects" not in tables:
            tables["rejects"] = contracts.get("rejects").empty()
        for table, data in tables.items():
            if table in contracts.CONTRACTS:
                contracts.check(table, data, source=name)
        card.tables = {table: len(data) for table, data in tables.items()}
        self.name = name
        self.card = card
        self.tables = tables

    @property
    def currency(self) -> str:
        """ISO code of the currency of all amounts; empty when the data do not say."""
        return self.card.currency

    def __getattr__(self, attribute: str) -> pd.DataFrame:
        tables = self.__dict__.get("tables", {})
        if attribute in tables:
            return tables[attribute]
        raise AttributeError(
            f"Data set {self.__dict__.get('name', '')!r} has no table {attribute!r}; "
            f"it has {', '.join(tables) or 'none'}."
        )

    def __dir__(self):
        return [*super().__dir__(), *self.tables]

    def __repr__(self) -> str:
        listed = ", ".join(f"{table} {len(data):,} rows" for table, data in self.tables.items())
        return f"Dataset({self.name!r}: {listed})"
