"""A loaded data set: its tables, and the card that says what was read and what could not be used."""

import html
import math
import textwrap
from dataclasses import asdict, dataclass, field, fields
from typing import Any

import pandas as pd

from idic_lab import tables as contracts

WIDTH = 96


@dataclass
class Card:
    """What a data set is, and what became of every row that was read.

    The counts reconcile: ``rows_read == rows_accepted + rows_rejected``, and so do the three sums of money. Counts
    are None when the data were described without being read.

    Attributes:
        format: How the file was read: encoding, separator, sheet.
        fingerprint: SHA-256 of the content.
        rejected (dict of str to int): Rows that could not be used, by reason.
        returns, zero_value: Accepted rows that give money back, and those of no value. Both are kept.
        duplicates: Rows read that repeat an earlier row in every column; a shop may well sell the same thing twice.
        without_customer: Rows read that name no customer; they are among the rejected.
        customers_only_returns (list of str): Customers who have returns and no purchase.
        first_date, last_date: ISO dates of the accepted rows.
        amount_read, amount_accepted, amount_rejected: Sums in `currency` (ISO code, or empty when unknown) over the rows
            whose amount could be read.
        columns: Role (``customer_id``, ``date`` ...) to the header it was read from and how that was decided.
        assumptions: What had to be assumed to read the file; worth a glance.
        quirks: What is known to be odd about the data.
        tables: Tables made, with their number of rows.
        names_customers: Whether customers are named by name, e-mail address or telephone number rather than by number.
        missing: Tables that a file was meant for and could not become, with why.
    """

    name: str
    title: str = ""
    kind: str = "file"
    source: str = ""
    licence: str = ""
    citation: str = ""
    how_to_get: str = ""
    format: str = ""
    size_bytes: int | None = None
    fingerprint: str = ""
    rows_read: int | None = None
    rows_accepted: int | None = None
    rejected: dict[str, int] = field(default_factory=dict)
    returns: int | None = None
    zero_value: int | None = None
    duplicates: int | None = None
    without_customer: int | None = None
    customers: int | None = None
    customers_only_returns: list[str] = field(default_factory=list)
    first_date: str = ""
    last_date: str = ""
    amount_read: float | None = None
    amount_accepted: float | None = None
    amount_rejected: float | None = None
    currency: str = ""
    columns: dict[str, str] = field(default_factory=dict)
    assumptions: list[str] = field(default_factory=list)
    quirks: list[str] = field(default_factory=list)
    tables: dict[str, int] = field(default_factory=dict)
    names_customers: bool = False
    missing: dict[str, str] = field(default_factory=dict)

    @property
    def rows_rejected(self) -> int:
        """Rows that could not be used, whatever the reason."""
        return sum(self.rejected.values())

    def to_dict(self) -> dict[str, Any]:
        """Everything on the card in types that JSON knows."""
        return asdict(self) | {"rows_rejected": self.rows_rejected}

    @classmethod
    def from_dict(cls, content: dict[str, Any]) -> "Card":
        """The card that :meth:`to_dict` described.

        >>> Card.from_dict(Card("shop", rows_read=3, rows_accepted=3).to_dict()).rows_read
        3
        """
        known = {entry.name for entry in fields(cls)}
        return cls(**{name: value for name, value in content.items() if name in known})

    def facts(self) -> dict[str, str]:
        """The few figures that introduce a data set: label to text."""
        unit = f" {self.currency}" if self.currency else ""
        found = {
            "customers": (self.customers, "{:,}"),
            "rows used": (self.rows_accepted, "{:,}"),
            "rows rejected": (None if self.rows_read is None else self.rows_rejected, "{:,}"),
            "total amount": (self.amount_accepted, f"{{:,.0f}}{unit}"),
            "period": (self._span() or None, "{}"),
        }
        return {label: text.format(value) for label, (value, text) in found.items() if value is not None}

    @property
    def line(self) -> str:
        """The card in one line.

        >>> Card("shop", customers=2, rows_read=3, rows_accepted=3).line
        'shop: customers 2, rows used 3, rows rejected 0'
        """
        return f"{self.name}: " + ", ".join(f"{label} {text}" for label, text in self.facts().items())

    def folded(self) -> dict[str, str]:
        """One line that unfolds into the whole card, for a notebook to display."""
        whole = f"<details><summary>{html.escape(self.line)}</summary>{self._repr_html_()}</details>"
        return {"text/html": whole, "text/plain": self.line}

    def _head(self) -> str:
        return f"{self.name}: {self.title}" if self.title else self.name

    def _span(self) -> str:
        return f"{self.first_date} to {self.last_date}" if self.first_date else ""

    def __str__(self) -> str:
        rows, head = self._rows(), self._head()
        lines = [*textwrap.wrap(head, WIDTH), "-" * min(len(head), WIDTH)]
        width = max(len(label) for label, _ in rows) + 2
        for label, text in rows:
            indents = {"initial_indent": label.ljust(width), "subsequent_indent": " " * width}
            lines += textwrap.wrap(text, WIDTH, break_long_words=False, **indents)
        return "\n".join(lines)

    def _repr_html_(self) -> str:
        cells = "".join(
            f"<tr><th style='text-align:left;vertical-align:top'>{html.escape(label)}</th>"
            f"<td style='text-align:left'>{html.escape(text)}</td></tr>"
            for label, text in self._rows()
        )
        return f"<table><caption><b>{html.escape(self._head())}</b></caption><tbody>{cells}</tbody></table>"

    def _rows(self) -> list[tuple[str, str]]:
        """Label and text of each line of the card, in reading order; lines with nothing to say are left out."""
        size = "" if self.size_bytes is None else f"{self.size_bytes:,} bytes"
        counts = amounts = customers = ""
        if self.rows_read is not None:
            counts = f"{self.rows_read:,} read = {self.rows_accepted:,} accepted + {self.rows_rejected:,} rejected"
        if self.customers is not None:
            back = self.customers_only_returns
            some = f"{', '.join(back[:5])}{', …' if len(back) > 5 else ''}"
            customers = f"{self.customers:,}" + (f", of whom {len(back):,} have only returns ({some})" if back else "")
        if self.amount_read is not None:
            read = f"{self.amount_read:,.2f}{f' {self.currency}' if self.currency else ''}"
            amounts = f"{read} read = {self.amount_accepted:,.2f} accepted + {self.amount_rejected:,.2f} rejected"
        rows = [
            ("kind", self.kind),
            ("source", self.source),
            ("licence", self.licence),
            ("citation", self.citation),
            ("how to get it", self.how_to_get),
            ("read as", ", ".join(part for part in (self.format, size) if part)),
            ("rows", counts),
            ("rejected", ", ".join(f"{count:,} {reason}" for reason, count in self.rejected.items())),
            ("no customer", _count(self.without_customer, "row", "of those read")),
            ("returns", _count(self.returns, "row", "with money going back, kept as negative amounts")),
            ("zero value", _count(self.zero_value, "row", "with an amount of 0, kept")),
            ("duplicates", _count(self.duplicates, "row", "that repeat an earlier one exactly, kept")),
            ("customers", customers),
            ("dates", self._span()),
            ("amount", amounts),
            ("tables", ", ".join(f"{name} ({rows:,} rows)" for name, rows in self.tables.items())),
            *(("missing", f"{table}: {why}") for table, why in self.missing.items()),
            ("columns", "; ".join(f"{role} = {how}" for role, how in self.columns.items())),
            *(("assumed", text) for text in self.assumptions),
            *(("note", text) for text in self.quirks),
            ("fingerprint", f"sha-256 {self.fingerprint[:16]}…" if self.fingerprint else ""),
        ]
        return [(label, text) for label, text in rows if text]


def counts_of(transactions: pd.DataFrame) -> dict:
    """The counts and sums of a card for transactions all of which were accepted.

    >>> day = pd.Timestamp("2024-01-31")
    >>> counts_of(pd.DataFrame({"customer_id": ["a", "a"], "date": day, "amount": [9.0, -2.0]}))["amount_read"]
    7.0
    """
    amount = transactions["amount"]
    total = round(math.fsum(amount), 6)
    return {
        "rows_read": len(transactions),
        "rows_accepted": len(transactions),
        "returns": int((amount < 0).sum()),
        "zero_value": int((amount == 0).sum()),
        "duplicates": int(transactions.duplicated().sum()),
        "without_customer": 0,
        "customers": int(transactions["customer_id"].nunique()),
        "first_date": str(transactions["date"].min().date()),
        "last_date": str(transactions["date"].max().date()),
        "amount_read": total,
        "amount_accepted": total,
        "amount_rejected": 0.0,
    }


def _count(number: int | None, noun: str, what: str) -> str:
    if number is None:
        return ""
    return f"{number:,} {noun if number == 1 else noun + 's'} {what}" if number else "none"


class Dataset:
    """Tables that keep to their contracts, with the card that says where they came from.

    Parameters:
        tables (dict of str to DataFrame): Each table whose name is in :mod:`idic_lab.tables` is checked against its
            contract. ``rejects`` is added, empty, when there is none.
    Attributes:
        transactions, rejects, ... (DataFrame): Every table is an attribute.

    >>> from idic_lab import datasets
    >>> datasets.load("cdnow_sample", quiet=True)
    Dataset('cdnow_sample': transactions 6,919 rows, rejects 0 rows)
    """

    def __init__(self, name: str, tables: dict[str, pd.DataFrame], card: Card):
        tables = dict(tables)
        if "rejects" not in tables:
            tables["rejects"] = contracts.get("rejects").empty()
        for table, data in tables.items():
            if table in contracts.CONTRACTS:
                contracts.check(table, data, source=name)
        card.tables = {table: len(data) for table, data in tables.items()}
        self.name, self.card, self.tables = name, card, tables

    @property
    def currency(self) -> str:
        """ISO code of the currency of all amounts; empty when the data do not say."""
        return self.card.currency

    def __getattr__(self, attribute: str) -> pd.DataFrame:
        tables = self.__dict__.get("tables", {})
        if attribute in tables:
            return tables[attribute]
        told = f"Data set {self.__dict__.get('name', '')!r} has no table {attribute!r}"
        raise AttributeError(f"{told}; it has {', '.join(tables) or 'none'}.")

    def __dir__(self):
        return [*super().__dir__(), *self.tables]

    def __repr__(self) -> str:
        listed = ", ".join(f"{table} {len(data):,} rows" for table, data in self.tables.items())
        return f"Dataset({self.name!r}: {listed})"
