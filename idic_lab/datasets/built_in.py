"""The data sets that have a name of their own: CDNOW, Meridian, and two that a user downloads.

Each is one small class with ``name``, ``title``, ``kind``, ``source``, ``licence``, ``citation``, ``size``, ``how_to_get``,
``available()`` and ``load()``, listed in ``ENTRIES``; one that the user has to download says ``own_download = True``, and its two
methods take the path that was registered.
"""

from __future__ import annotations

import dataclasses
import hashlib
import importlib
from pathlib import Path

import numpy as np
import pandas as pd

from idic_lab.datasets.card import Card, Dataset, counts_of
from idic_lab.datasets.own import Rows, cleaning, files
from idic_lab.errors import DataError

CDNOW_SOURCE = (
    "Bruce Hardie's data page, https://www.brucehardie.com/datasets/; the files are those of lifetimes 0.11.3"
)
CDNOW_LICENCE = (
    "made public by Fader and Hardie for research and teaching, without a formal licence; "
    "the lifetimes package that carries the files is MIT licensed"
)
CDNOW_CITATION = (
    "Fader, P. S. and Hardie, B. G. S. (2001). Forecasting repeat sales at CDNOW: a case study. "
    "Interfaces 31(3), S94-S107"
)
CDNOW_QUIRKS = [
    "All customers bought for the first time between 1997-01-01 and 1997-03-25: one cohort, not a whole customer base.",
    "Several lines may share a customer and a day; they are kept as they are.",
    "The source does not say what the lines of 0 dollars are; a value model takes them for purchases of no worth.",
]


FACTS = ("name", "title", "kind", "source", "licence", "citation")


class Cdnow:
    """One of the two CDNOW files as an entry of the catalogue."""

    kind = "real, built in"
    source, licence, citation = CDNOW_SOURCE, CDNOW_LICENCE, CDNOW_CITATION
    size = "1.9 MB"
    how_to_get = "comes with the installation"
    file, header_lines, columns = "CDNOW_master.txt", 1, ["customer_id", "date", "quantity", "amount"]
    customers, rows, amount = 23_570, 69_659, 2_500_315.63

    def __init__(self, name: str = "cdnow"):
        self.name = name
        self.title = "CDs bought by the 23,570 new customers of early 1997, followed for 18 months"

    def available(self) -> bool:
        """Whether the data can be loaded now."""
        return True

    def load(self) -> Dataset:
        """Read the file, check it by rows, customers and sum, and return it with its card."""
        path = Path(__file__).parent / "cdnow_files" / self.file
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
        found = (len(transactions), transactions["customer_id"].nunique(), round(transactions["amount"].sum(), 2))
        expected = self.rows, self.customers, self.amount
        if found != expected:
            raise DataError(
                f"{self.file} is not the file expected: rows, customers and sum are {found}, "
                f"and should be {expected}. Install idic-lab again."
            )

    def _card(self, transactions: pd.DataFrame, lines: pd.DataFrame, content: bytes) -> Card:
        counts = counts_of(transactions) | {"duplicates": int(lines.duplicated().sum())}
        return Card(
            **{fact: getattr(self, fact) for fact in FACTS},
            **counts,
            format=f"{self.file}, text in fixed columns",
            size_bytes=len(content),
            fingerprint=hashlib.sha256(content).hexdigest(),
            currency="USD",
            columns={column: f"{column} of {self.file}" for column in transactions.columns},
            quirks=list(CDNOW_QUIRKS),
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
        return True

    def load(self) -> Dataset:
        """Read the tables that the simulator left; its import is put off until somebody asks for the data."""
        meridian = importlib.import_module("idic_lab.meridian")
        tables = meridian.load_tables()
        facts = {fact: getattr(self, fact) for fact in ("title", "kind", "source", "licence")}
        facts["fingerprint"] = _fingerprint_of(tables)
        facts |= counts_of(tables["transactions"]) | meridian.card_facts()
        known = {field.name for field in dataclasses.fields(Card)}
        remarks = [f"{fact}: {value}" for fact, value in facts.items() if fact not in known]
        card = Card(**{"name": self.name} | {fact: value for fact, value in facts.items() if fact in known})
        card.quirks = [*card.quirks, *remarks]
        return Dataset(self.name, tables, card)


def _fingerprint_of(tables: dict[str, pd.DataFrame]) -> str:
    digest = hashlib.sha256()
    for name, data in sorted(tables.items()):
        digest.update(name.encode())
        digest.update(pd.util.hash_pandas_object(data, index=False).to_numpy().tobytes())
    return digest.hexdigest()


class OnlineRetail:
    """The entry of the catalogue; its file is registered with ``datasets.add("online_retail", path)``."""

    name = "online_retail"
    title = "Invoices of a British online gift shop, December 2010 to December 2011"
    kind = "real, the user's own download"
    source = "UCI Machine Learning Repository, doi 10.24432/C5BW33"
    licence = "CC BY 4.0"
    citation = (
        "Chen, D., Sain, S. L. and Guo, K. (2012). Data mining for the online retail industry: a case study of RFM "
        "model-based customer segmentation using data mining. Journal of Database Marketing & Customer Strategy "
        "Management 19(3), 197-208"
    )
    size = "541,909 lines"
    how_to_get = (
        "download it from https://archive.ics.uci.edu/dataset/352/online+retail (.xlsx; a .csv or .parquet copy will "
        "do), then idic-lab datasets add online_retail FILE"
    )
    own_download = True
    rows, customers, amount = 541_909, 4_372, 9_747_747.934
    quirks = (
        "A quarter of the lines name no customer; they hold a seventh of the money.",
        "Cancellations are invoices whose number begins with C; they often name no original invoice.",
        "Many customers are wholesalers, so single orders can be very large.",
        "Lines such as POST, DOT, M and BANK CHARGES are postage, manual entries and fees, not products.",
    )

    def available(self, path: str | None = None) -> bool:
        """Whether the data can be loaded now."""
        return path is not None and Path(path).exists()

    def load(self, path: str | None = None, options: cleaning.Options | None = None) -> Dataset:
        """Read the user's copy and check it by rows, customers and sum."""
        if path is None:
            raise DataError(f"Data set 'online_retail' is not on this computer yet: {self.how_to_get}.")
        dataset = cleaning.load(path, options, name=self.name)
        card = dataset.card
        found = card.rows_read, card.customers, round(card.amount_read, 3)
        if found != (self.rows, self.customers, self.amount):
            raise DataError(
                f"{Path(path).name} is not the whole Online Retail data set: it has {found[0]:,} rows, "
                f"{found[1]:,} customers and a sum of {found[2]:,.3f}, and should have {self.rows:,}, "
                f"{self.customers:,} and {self.amount:,.3f}. As a file of your own it can still be loaded by its path."
            )
        for fact in FACTS:
            setattr(card, fact, getattr(self, fact))
        card.currency = "GBP"
        card.quirks = [*self.quirks, *card.quirks]
        return dataset


HILLSTROM_COLUMNS = (
    *("recency", "history_segment", "history", "mens", "womens", "zip_code", "newbie", "channel"),
    *("segment", "visit", "conversion", "spend"),
)
HILLSTROM_NUMBERS = ("recency", "history", "mens", "womens", "newbie", "visit", "conversion", "spend")
ARMS = {"No E-Mail": "control", "Mens E-Mail": "mens e-mail", "Womens E-Mail": "womens e-mail"}
PUBLISHED = pd.Timestamp("2008-03-20")
MARGIN = 0.30
CONTACT_COST = 0.02


class Hillstrom:
    """The entry of the catalogue; its file is registered with ``datasets.add("hillstrom", path)``."""

    name = "hillstrom"
    title = "An e-mail campaign with three randomised arms"
    kind = "real, the user's own download"
    source = "Kevin Hillstrom, MineThatData E-Mail Analytics and Data Mining Challenge, 20 March 2008"
    licence = "made public for the challenge, without a formal licence"
    citation = (
        "Hillstrom, K. (2008). The MineThatData E-Mail Analytics and Data Mining Challenge. blog.minethatdata.com"
    )
    size = "64,000 customers"
    how_to_get = (
        "download the .csv that https://blog.minethatdata.com/2008/03/minethatdata-e-mail-analytics-and-data.html "
        "links to (12 columns from recency to spend), then idic-lab datasets add hillstrom FILE"
    )
    own_download = True
    rows, visits, conversions = 64_000, 9_394, 578
    arm_sizes = {"control": 21_306, "mens e-mail": 21_307, "womens e-mail": 21_387}  # noqa: RUF012
    quirks = (
        "Customers are not numbered; customer_id is the row of the file.",
        "The day of the campaign is not given; the date is the day on which the data were published.",
        "recency is in whole months and kept as recency_months; spend is the spend of the year before the campaign "
        "(history in the file), and what was spent in the two weeks after it is revenue.",
        "Suburban is spelled 'Surburban' in the file, and kept so.",
        "Fewer than one customer in a hundred converted, so effects on money are uncertain.",
    )

    def available(self, path: str | None = None) -> bool:
        """Whether the data can be loaded now."""
        return path is not None and Path(path).exists()

    def load(self, path: str | None = None) -> Dataset:
        """Read the user's copy, check it by rows, arms, visits and conversions, and make ``campaign_results``."""
        if path is None:
            raise DataError(f"Data set 'hillstrom' is not on this computer yet: {self.how_to_get}.")
        read = files.read(path)
        raw = _typed(read.frame, Path(path).name)
        self._check(raw, Path(path).name)
        return Dataset(self.name, {"campaign_results": campaign_results(raw)}, self._card(raw, read))

    def _check(self, raw: pd.DataFrame, file: str) -> None:
        sizes = raw["segment"].map(ARMS).value_counts().to_dict()
        found = (len(raw), sizes, int(raw["visit"].sum()), int(raw["conversion"].sum()))
        expected = (self.rows, dict(self.arm_sizes), self.visits, self.conversions)
        for what, one, other in zip(
            ("rows", "customers by arm", "visits", "conversions"), found, expected, strict=True
        ):
            if one != other:
                raise DataError(f"{file} is not the whole Hillstrom data set: {what} are {one}, and should be {other}.")

    def _card(self, raw: pd.DataFrame, read: Rows) -> Card:
        spent = raw.assign(amount=raw["spend"], date=PUBLISHED)
        counts = counts_of(spent.assign(customer_id=raw.index)) | {"duplicates": int(raw.duplicated().sum())}
        return Card(
            **{fact: getattr(self, fact) for fact in FACTS},
            **counts,
            format=read.format,
            size_bytes=read.size_bytes,
            fingerprint=read.fingerprint,
            currency="USD",
            columns={
                "arm": "segment",
                "converted": "conversion",
                "spend": "history",
                "recency_months": "recency",
                "revenue": "spend",
                "main_channel": "channel",
            },
            assumptions=[
                f"margin is {MARGIN:.0%} of what was spent in the two weeks after the e-mail; the file gives no costs",
                f"an e-mail costs {CONTACT_COST:.2f} USD to send; the file gives no costs",
            ],
            quirks=list(self.quirks),
        )


def _typed(frame: pd.DataFrame, file: str) -> pd.DataFrame:
    """The twelve columns with their types; an error names the column and row at fault."""
    found = frame.rename(columns=lambda header: str(header).strip().lower())
    missing = [name for name in HILLSTROM_COLUMNS if name not in found]
    if missing:
        raise DataError(f"{file}: missing column {', '.join(missing)}; found {', '.join(map(str, frame.columns))}.")
    typed = {}
    for name in HILLSTROM_COLUMNS:
        text = found[name].astype("str").str.strip()
        if name not in HILLSTROM_NUMBERS:
            typed[name] = text
            continue
        typed[name] = pd.to_numeric(text, errors="coerce").astype("float64")
        bad = typed[name].isna().to_numpy()
        if bad.any():
            row = int(np.argmax(bad))
            raise DataError(f"{file}: column {name!r} should be a number, found {text.iloc[row]!r} in line {row + 2}.")
    unknown = sorted(set(typed["segment"].dropna()) - set(ARMS))
    if unknown:
        raise DataError(f"{file}: column 'segment' holds {unknown[0]!r}; expected {', '.join(ARMS)}.")
    return pd.DataFrame(typed)


def campaign_results(raw: pd.DataFrame) -> pd.DataFrame:
    """The table ``campaign_results`` from the columns of the file.

    Parameters:
        raw: The twelve columns, numbers as numbers.
    Returns:
        DataFrame: Beyond the contract: ``recency_months``, ``history_segment``, ``mens``, ``womens``, ``newbie`` (0 or
            1), ``zip_code``, known before; ``visited`` and ``revenue`` (currency), which came after the e-mail.
    """
    arm = raw["segment"].map(ARMS).astype("str")
    numbers = pd.Series(np.arange(1, len(raw) + 1)).astype("str").str.zfill(5)
    return pd.DataFrame(
        {
            "campaign_id": pd.array(["EMAIL2008"] * len(raw), dtype="str"),
            "customer_id": ("H" + numbers).astype("str").to_numpy(),
            "date": PUBLISHED.as_unit("us"),
            "arm": arm.to_numpy(),
            "recency_months": raw["recency"].to_numpy(),
            "spend": raw["history"].to_numpy(),
            "history_segment": raw["history_segment"].to_numpy(),
            "mens": raw["mens"].to_numpy(),
            "womens": raw["womens"].to_numpy(),
            "newbie": raw["newbie"].to_numpy(),
            "zip_code": raw["zip_code"].to_numpy(),
            "main_channel": raw["channel"].to_numpy(),
            "visited": (raw["visit"] == 1).to_numpy(),
            "revenue": raw["spend"].to_numpy(),
            "converted": (raw["conversion"] == 1).to_numpy(),
            "margin": MARGIN * raw["spend"].to_numpy(),
            "contact_cost": np.where(arm == "control", 0.0, CONTACT_COST),
        }
    ).astype(dict.fromkeys(["customer_id", "arm", "history_segment", "zip_code", "main_channel"], "str"))


ENTRIES = (Cdnow(), CdnowSample(), Meridian(), OnlineRetail(), Hillstrom())
