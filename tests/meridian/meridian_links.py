"""What several checks on Meridian share."""

from __future__ import annotations

import pandas as pd

from idic_lab.meridian import Meridian


def owned(shop: Meridian, name: str) -> pd.DataFrame:
    """An observed table with the customer behind each record, as planted."""
    return shop.tables[name].merge(shop.truth["record_owners"], on="record_id", validate="many_to_one")
