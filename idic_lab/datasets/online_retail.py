"""UCI Online Retail: a year of invoices of a British gift shop, the user's own download."""

from __future__ import annotations

from pathlib import Path

from idic_lab.datasets.dataset import Dataset
from idic_lab.datasets.own import cleaning, entries
from idic_lab.errors import DataError


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
        dataset = entries.load(path, options, name=self.name)
        card = dataset.card
        found = card.rows_read, card.customers, round(card.amount_read, 3)
        if found != (self.rows, self.customers, self.amount):
            raise DataError(
                f"{Path(path).name} is not the whole Online Retail data set: it has {found[0]:,} rows, "
                f"{found[1]:,} customers and a sum of {found[2]:,.3f}, and should have {self.rows:,}, "
                f"{self.customers:,} and {self.amount:,.3f}. As a file of your own it can still be loaded by its path."
            )
        for fact in ("title", "kind", "source", "licence", "citation"):
            setattr(card, fact, getattr(self, fact))
        card.currency = "GBP"
        card.quirks = [*self.quirks, *card.quirks]
        return dataset


ENTRIES = (OnlineRetail(),)
