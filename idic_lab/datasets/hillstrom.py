"""The MineThatData e-mail challenge: two e-mails and nothing, at random, to 64,000 customers; the user's own download."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from idic_lab.datasets.card import Card
from idic_lab.datasets.dataset import Dataset
from idic_lab.datasets.own import files
from idic_lab.errors import DataError

COLUMNS = (
    *("recency", "history_segment", "history", "mens", "womens", "zip_code", "newbie", "channel"),
    *("segment", "visit", "conversion", "spend"),
)
NUMBERS = ("recency", "history", "mens", "womens", "newbie", "visit", "conversion", "spend")
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
    citation = "Hillstrom, K. (2008). The MineThatData E-Mail Analytics and Data Mining Challenge. blog.minethatdata.com"
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
                raise DataError(
                    f"{file} is not the whole Hillstrom data set: {what} are {one}, and should be {other}."
                )

    def _card(self, raw: pd.DataFrame, read: files.Rows) -> Card:
        total = float(round(raw["spend"].sum(), 2))
        facts = ("name", "title", "kind", "source", "licence", "citation")
        return Card(
            **{fact: getattr(self, fact) for fact in facts},
            format=read.format,
            size_bytes=read.size_bytes,
            fingerprint=read.fingerprint,
            rows_read=len(raw),
            rows_accepted=len(raw),
            returns=int((raw["spend"] < 0).sum()),
            zero_value=int((raw["spend"] == 0).sum()),
            duplicates=int(raw.duplicated().sum()),
            without_customer=0,
            customers=len(raw),
            first_date=str(PUBLISHED.date()),
            last_date=str(PUBLISHED.date()),
            amount_read=total,
            amount_accepted=total,
            amount_rejected=0.0,
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
    missing = [name for name in COLUMNS if name not in found]
    if missing:
        raise DataError(
            f"{file}: missing column {', '.join(missing)}; found {', '.join(map(str, frame.columns))}."
        )
    typed = {}
    for name in COLUMNS:
        text = found[name].astype("str").str.strip()
        if name not in NUMBERS:
            typed[name] = text
            continue
        typed[name] = pd.to_numeric(text, errors="coerce").astype("float64")
        bad = typed[name].isna().to_numpy()
        if bad.any():
            row = int(np.argmax(bad))
            raise DataError(
                f"{file}: column {name!r} should be a number, found {text.iloc[row]!r} in line {row + 2}."
            )
    unknown = sorted(set(typed["segment"].dropna()) - set(ARMS))
    if unknown:
        raise DataError(f"{file}: column 'segment' holds {unknown[0]!r}; expected {', '.join(ARMS)}.")
    return pd.DataFrame(typed)


def campaign_results(raw: pd.DataFrame) -> pd.DataFrame:
    """The table ``campaign_results`` from the columns of the file.

    Parameters
    ----------
    raw : DataFrame
        The twelve columns, numbers as numbers.

    Returns
    -------
    DataFrame
        Beyond the contract: ``recency_months``, ``history_segment``, ``mens``, ``womens``, ``newbie`` (0 or 1),
        ``zip_code``, known before; ``visited`` and ``revenue`` (currency), which came after the e-mail.
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


ENTRIES = (Hillstrom(),)
