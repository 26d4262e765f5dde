"""Meridian as an entry of the catalogue; the simulator itself is :mod:`idic_lab.meridian`."""

from __future__ import annotations

import dataclasses
import hashlib
import importlib
import importlib.util
import math

import pandas as pd

from idic_lab.datasets.card import Card
from idic_lab.datasets.dataset import Dataset


class Meridian:
    """The simulated retailer, whose tables feed every stage."""

    name = "meridian"
    title = "Meridian, a simulated omnichannel retailer whose truth is known"
    kind = "simulated, built in"
    source = "idic_lab.meridian.simulate"
    licence = "CC BY 4.0"
    citation = ""
    size = "2,000 people"
    how_to_get = "comes with the project"

    def available(self) -> bool:
        """Whether the data can be loaded now."""
        return importlib.util.find_spec("idic_lab.meridian") is not None

    def load(self) -> Dataset:
        """Read the tables that the simulator left; its import is put off until somebody asks for the data."""
        meridian = importlib.import_module("idic_lab.meridian")
        tables = meridian.load_tables()
        facts = {fact: getattr(self, fact) for fact in ("title", "kind", "source", "licence")}
        facts["fingerprint"] = _fingerprint(tables)
        facts |= _counts(tables["transactions"]) | meridian.card_facts()
        known = {field.name for field in dataclasses.fields(Card)}
        remarks = [f"{fact}: {value}" for fact, value in facts.items() if fact not in known]
        card = Card(**{"name": self.name} | {fact: value for fact, value in facts.items() if fact in known})
        card.quirks = [*card.quirks, *remarks]
        return Dataset(self.name, tables, card)


def _fingerprint(tables: dict[str, pd.DataFrame]) -> str:
    digest = hashlib.sha256()
    for name, data in sorted(tables.items()):
        digest.update(name.encode())
        digest.update(pd.util.hash_pandas_object(data, index=False).to_numpy().tobytes())
    return digest.hexdigest()


def _counts(transactions: pd.DataFrame) -> dict:
    total = round(math.fsum(transactions["amount"]), 6)
    return {
        "rows_read": len(transactions),
        "rows_accepted": len(transactions),
        "returns": int((transactions["amount"] < 0).sum()),
        "zero_value": int((transactions["amount"] == 0).sum()),
        "duplicates": int(transactions.duplicated().sum()),
        "without_customer": 0,
        "customers": int(transactions["customer_id"].nunique()),
        "first_date": str(transactions["date"].min().date()),
        "last_date": str(transactions["date"].max().date()),
        "amount_read": total,
        "amount_accepted": total,
        "amount_rejected": 0.0,
    }


ENTRIES = (Meridian(),)
