"""CDNOW: the purchases of everybody who first bought from an online music shop in the first quarter of 1997.

The two files travel inside the lifetimes wheel. They are read by their path: importing ``lifetimes`` would warn and
change the user's warning filters, and ``lifetimes.datasets`` needs a module that current Python no longer brings.
"""

from __future__ import annotations

import hashlib
import importlib.util
from pathlib import Path

import pandas as pd

from idic_lab.datasets.card import Card
from idic_lab.datasets.dataset import Dataset
from idic_lab.errors import DataError

SOURCE = "Bruce Hardie's data page, https://www.brucehardie.com/datasets/; the files are read from lifetimes 0.11.3"
LICENCE = (
    "made public by Fader and Hardie for research and teaching, without a formal licence; "
    "the lifetimes package that carries the files is MIT licensed"
)
CITATION = (
    "Fader, P. S. and Hardie, B. G. S. (2001). Forecasting repeat sales at CDNOW: a case study. "
    "Interfaces 31(3), S94-S107"
)
QUIRKS = [
    "All customers bought for the first time between 1997-01-01 and 1997-03-25: one cohort, not a whole customer base.",
    "Several lines may share a customer and a day; they are kept as they are.",
    "The source does not say what the lines of 0 dollars are; a value model takes them for purchases of no worth.",
]


class Cdnow:
    """One of the two CDNOW files as an entry of the catalogue."""

    kind = "real, built in"
    source, licence, citation = SOURCE, LICENCE, CITATION
    size = "1.9 MB"
    how_to_get = "comes with the installation"
    file, header_lines, columns = "CDNOW_master.txt", 1, ["customer_id", "date", "quantity", "amount"]
    customers, rows, amount = 23_570, 69_659, 2_500_315.63

    def __init__(self, name: str = "cdnow"):
        self.name = name
        self.title = "CDs bought by the 23,570 new customers of early 1997, followed for 18 months"

    def available(self) -> bool:
        """Whether the data can be loaded now."""
        return _path(self.file) is not None

    def load(self) -> Dataset:
        """Read the file, check it by rows, customers and sum, and return it with its card."""
        path = _path(self.file)
        if path is None:
            raise DataError(
                f"{self.file} was not found: it comes inside the lifetimes package, which is not installed here. "
                "Install the project's requirements again."
            )
        content = path.read_bytes()
        lines = pd.read_csv(
            path,
            sep=r"\s+",
            header=None,
            skiprows=self.header_lines,
            names=self.columns,
            dtype={"customer_id": "str", "date": "str", "quantity": "float64", "amount": "float64"},
        )
        transactions = pd.DataFrame(
            {
                "customer_id": lines["customer_id"].str.lstrip("0"),
                "date": pd.to_datetime(lines["date"], format="%Y%m%d").astype("datetime64[us]"),
                "quantity": lines["quantity"],
                "amount": lines["amount"],
            }
        )
        self._check(transactions)
        return Dataset(self.name, {"transactions": transactions}, self._card(transactions, lines, content))

    def _check(self, transactions: pd.DataFrame) -> None:
        found = (
            len(transactions),
            transactions["customer_id"].nunique(),
            round(transactions["amount"].sum(), 2),
        )
        expected = self.rows, self.customers, self.amount
        if found != expected:
            raise DataError(
                f"{self.file} is not the file expected: rows, customers and sum are {found}, "
                f"and should be {expected}. Install lifetimes 0.11.3 again."
            )

    def _card(self, transactions: pd.DataFrame, lines: pd.DataFrame, content: bytes) -> Card:
        total = float(round(transactions["amount"].sum(), 2))
        return Card(
            name=self.name,
            title=self.title,
            kind=self.kind,
            source=self.source,
            licence=self.licence,
            citation=self.citation,
            format=f"{self.file}, text in fixed columns",
            size_bytes=len(content),
            fingerprint=hashlib.sha256(content).hexdigest(),
            rows_read=len(transactions),
            rows_accepted=len(transactions),
            returns=int((transactions["amount"] < 0).sum()),
            zero_value=int((transactions["amount"] == 0).sum()),
            duplicates=int(lines.duplicated().sum()),
            without_customer=0,
            customers=self.customers,
            first_date=str(transactions["date"].min().date()),
            last_date=str(transactions["date"].max().date()),
            amount_read=total,
            amount_accepted=total,
            amount_rejected=0.0,
            currency="USD",
            columns={column: f"{column} of {self.file}" for column in transactions.columns},
            quirks=list(QUIRKS),
        )


class CdnowSample(Cdnow):
    """The 1/10 sample on which the published models were fitted."""

    size = "0.2 MB"
    # The first column is the customer's number in the master file; the sample has its own, which the papers quote.
    file, header_lines = "CDNOW_sample.txt", 0
    columns = ["master_id", "customer_id", "date", "quantity", "amount"]  # noqa: RUF012
    customers, rows, amount = 2_357, 6_919, 244_091.94

    def __init__(self):
        super().__init__("cdnow_sample")
        self.title = "CDNOW, the published systematic sample of one customer in ten"


def _path(file: str) -> Path | None:
    """Path of a file inside the installed lifetimes package, found without importing it."""
    spec = importlib.util.find_spec("lifetimes")
    if spec is None or not spec.submodule_search_locations:
        return None
    path = Path(spec.submodule_search_locations[0]) / "datasets" / file
    return path if path.is_file() else None


ENTRIES = (Cdnow(), CdnowSample())
