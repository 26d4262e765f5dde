"""The data sets that have a name of their own: CDNOW, Meridian, and two that a user downloads.

Each is one small class listed in ``ENTRIES``; what the catalogue and the card say of it stands in ``built_in.toml``.
"""

import hashlib
import importlib
import tomllib
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from idic_lab.datasets.card import Card, Dataset, counts_of
from idic_lab.datasets.own import cleaning, engine, files
from idic_lab.datasets.own.reading import Options
from idic_lab.errors import DataError

FACTS = ("name", "title", "kind", "source", "licence", "citation", "currency")
_TOLD = tomllib.loads(Path(__file__).with_suffix(".toml").read_text(encoding="utf-8"))


class _Entry:
    """A data set whose facts, all of them attributes, are in ``built_in.toml``."""

    name: str
    own_download = False
    columns: Sequence[str] = ()  # the headers of its file, where they tell it from all others

    def __init__(self) -> None:
        vars(self).update(_TOLD[self.name], name=self.name)

    def available(self, path: str | None = None) -> bool:
        """Whether the data can be loaded now."""
        return not self.own_download or (path is not None and Path(path).exists())

    def _facts(self) -> dict:
        return {fact: getattr(self, fact) for fact in FACTS} | {"quirks": list(self.quirks)}

    def _file(self, path: str | None) -> str:
        if path is None:
            raise DataError(f"Data set {self.name!r} is not on this computer yet: {self.how_to_get}.")
        return Path(path).name


class Cdnow(_Entry):
    """One of the two CDNOW files as an entry of the catalogue."""

    name = "cdnow"
    file, header_lines, columns = "CDNOW_master.txt", 1, ["customer_id", "date", "quantity", "amount"]
    customers, rows, amount = 23_570, 69_659, 2_500_315.63

    def load(self) -> Dataset:
        """Read the file, check it by rows, customers and sum, and return it with its card."""
        path = Path(__file__).parent / "cdnow_files" / self.file
        kinds = dict.fromkeys(("customer_id", "date"), "str") | dict.fromkeys(("quantity", "amount"), "float64")
        fixed = {"sep": r"\s+", "header": None, "skiprows": self.header_lines, "names": self.columns, "dtype": kinds}
        lines = pd.read_csv(path, **fixed)
        date = pd.to_datetime(lines["date"], format="%Y%m%d").astype("datetime64[us]")
        transactions = lines[["customer_id", "date", "quantity", "amount"]]
        transactions = transactions.assign(customer_id=lines["customer_id"].str.lstrip("0"), date=date)
        found = (len(transactions), transactions["customer_id"].nunique(), round(transactions["amount"].sum(), 2))
        expected = self.rows, self.customers, self.amount
        if found != expected:
            raise DataError(
                f"{self.file} is not the file expected: rows, customers and sum are {found}, "
                f"and should be {expected}. Install idic-lab again."
            )
        told = counts_of(transactions) | {"duplicates": int(lines.duplicated().sum())}
        told |= {"size_bytes": path.stat().st_size, "fingerprint": engine.fingerprint(path)}
        told["columns"] = {column: f"{column} of {self.file}" for column in transactions.columns}
        card = Card(**self._facts(), **told, format=f"{self.file}, text in fixed columns")
        return Dataset(self.name, {"transactions": transactions}, card)


class CdnowSample(Cdnow):
    """The 1/10 sample on which the published models were fitted."""

    name = "cdnow_sample"
    # The first column is the customer's number in the master file; the sample has its own, which the papers quote.
    file, header_lines = "CDNOW_sample.txt", 0
    columns = ["master_id", "customer_id", "date", "quantity", "amount"]  # noqa: RUF012
    customers, rows, amount = 2_357, 6_919, 244_091.94


class Meridian(_Entry):
    """The simulated retailer, whose tables feed every stage."""

    name = "meridian"

    def load(self) -> Dataset:
        """Read the tables that the simulator left; its import is put off until somebody asks for the data."""
        tables = importlib.import_module("idic_lab.meridian").load_tables()
        digest = hashlib.sha256()
        for name, data in sorted(tables.items()):
            digest.update(name.encode())
            digest.update(pd.util.hash_pandas_object(data, index=False).to_numpy().tobytes())
        facts = self._facts() | {"title": self.card_title, "fingerprint": digest.hexdigest()}
        return Dataset(self.name, tables, Card(**facts, **counts_of(tables["transactions"])))


class OnlineRetail(_Entry):
    """The entry of the catalogue; its file is registered with ``datasets.add("online_retail", path)``."""

    name = "online_retail"
    own_download = True
    rows, customers, amount = 541_909, 4_372, 9_747_747.934

    def load(self, path: str | None = None) -> Dataset:
        """Read the user's copy and check it by rows, customers and sum."""
        file = self._file(path)
        dataset = cleaning.clean(files.read(path or ""), Options(), self.name)
        card = dataset.card
        found = card.rows_read, card.customers, round(card.amount_read, 3)
        if found != (self.rows, self.customers, self.amount):
            raise DataError(
                f"{file} is not the whole Online Retail data set: it has {found[0]:,} rows, "
                f"{found[1]:,} customers and a sum of {found[2]:,.3f}, and should have {self.rows:,}, "
                f"{self.customers:,} and {self.amount:,.3f}. As a file of your own it can still be loaded by its path."
            )
        vars(card).update(self._facts(), quirks=[*self.quirks, *card.quirks])
        return dataset


ARMS = {"No E-Mail": "control", "Mens E-Mail": "mens e-mail", "Womens E-Mail": "womens e-mail"}
_RENAMED = {"history": "spend", "recency": "recency_months", "spend": "revenue", "channel": "main_channel"}
PUBLISHED = pd.Timestamp("2008-03-20")
MARGIN = 0.30
CONTACT_COST = 0.02


class Hillstrom(_Entry):
    """The entry of the catalogue; its file is registered with ``datasets.add("hillstrom", path)``."""

    name = "hillstrom"
    own_download = True
    rows, visits, conversions = 64_000, 9_394, 578
    arm_sizes = {"control": 21_306, "mens e-mail": 21_307, "womens e-mail": 21_387}  # noqa: RUF012

    def load(self, path: str | None = None) -> Dataset:
        """Read the user's copy, check it by rows, arms, visits and conversions, and make ``campaign_results``."""
        file, read = self._file(path), files.read(path or "")
        raw = self._typed(read.frame, file)
        found = {"rows": len(raw), "customers by arm": raw["segment"].map(ARMS).value_counts().to_dict()}
        found |= {"visits": int(raw["visit"].sum()), "conversions": int(raw["conversion"].sum())}
        expected = (self.rows, self.arm_sizes, self.visits, self.conversions)
        for (what, number), right in zip(found.items(), expected, strict=True):
            if number != right:
                told = f"{what} are {number}, and should be {right}."
                raise DataError(f"{file} is not the whole Hillstrom data set: {told}")
        spent = raw.assign(amount=raw["spend"], date=PUBLISHED)
        told = counts_of(spent.assign(customer_id=raw.index)) | {"duplicates": int(raw.duplicated().sum())}
        told |= {"format": read.format, "size_bytes": read.size_bytes, "fingerprint": read.fingerprint}
        told["columns"] = {"arm": "segment", "converted": "conversion"} | {new: old for old, new in _RENAMED.items()}
        told["assumptions"] = [
            f"margin is {MARGIN:.0%} of what was spent in the two weeks after the e-mail; the file gives no costs",
            f"an e-mail costs {CONTACT_COST:.2f} USD to send; the file gives no costs",
        ]
        return Dataset(self.name, {"campaign_results": campaign_results(raw)}, Card(**self._facts(), **told))

    def _typed(self, frame: pd.DataFrame, file: str) -> pd.DataFrame:
        """The twelve columns with their types; an error names the column and row at fault."""
        found = frame.rename(columns=lambda header: str(header).strip().lower())
        if missing := [name for name in self.columns if name not in found]:
            raise DataError(f"{file}: missing column {', '.join(missing)}; found {', '.join(map(str, frame.columns))}.")
        typed = found[self.columns].apply(lambda column: column.astype("str").str.strip())
        for name in self.numbers:
            text, typed[name] = typed[name], pd.to_numeric(typed[name], errors="coerce").astype("float64")
            if typed[name].isna().any():
                row = int(typed[name].isna().argmax())
                told = f"column {name!r} should be a number, found {text.iloc[row]!r} in line {row + 2}."
                raise DataError(f"{file}: {told}")
        if unknown := sorted(set(typed["segment"].dropna()) - set(ARMS)):
            raise DataError(f"{file}: column 'segment' holds {unknown[0]!r}; expected {', '.join(ARMS)}.")
        return typed


def campaign_results(raw: pd.DataFrame) -> pd.DataFrame:
    """The table ``campaign_results`` from the columns of the file, numbers as numbers.

    Beyond the contract: ``recency_months``, ``history_segment``, ``mens``, ``womens``, ``newbie`` (0 or 1), ``zip_code``, known
    before; ``visited`` and ``revenue`` (currency), which came after the e-mail.
    """
    arm = raw["segment"].map(ARMS).astype("str")
    numbers = pd.Series(np.arange(1, len(raw) + 1)).astype("str").str.zfill(5)
    table = raw.rename(columns=_RENAMED).reset_index(drop=True)
    told = {"campaign_id": pd.array(["EMAIL2008"] * len(raw), dtype="str"), "customer_id": "H" + numbers}
    told |= {"date": PUBLISHED.as_unit("us"), "arm": arm.to_numpy()}
    known = ["recency_months", "spend", "history_segment", "mens", "womens", "newbie", "zip_code", "main_channel"]
    came = {"visited": table["visit"] == 1, "revenue": table["revenue"], "converted": table["conversion"] == 1}
    money = {"margin": MARGIN * table["revenue"], "contact_cost": np.where(arm == "control", 0.0, CONTACT_COST)}
    made = pd.DataFrame(told).join(table[known]).assign(**came, **money)
    return made.astype(dict.fromkeys(["customer_id", "arm", "history_segment", "zip_code", "main_channel"], "str"))


ENTRIES = (Cdnow(), CdnowSample(), Meridian(), OnlineRetail(), Hillstrom())
