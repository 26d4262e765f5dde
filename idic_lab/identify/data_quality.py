"""Data quality: what is missing, repeated, out of date or impossible, counted per source."""

from __future__ import annotations

import pandas as pd

from idic_lab.identify.sources import DESCRIBING
from idic_lab.identify.standardising import standardise

STALE_DAYS = 365
OLDEST = 110  # years; nobody in a customer file is older
_OFTEN = 5  # a day of birth this many times as frequent as chance allows is a default value
CHECKS = ("missing", "duplicate", "stale", "impossible")


def quality(
    source_records: pd.DataFrame, as_of: pd.Timestamp | None = None, stale_days: int = STALE_DAYS
) -> pd.DataFrame:
    """Findings per source, column and kind of fault.

    Parameters
    ----------
    source_records : DataFrame
        As in its contract.
    as_of : Timestamp, optional
        Day on which records are judged; the last change of any record by default.
    stale_days : int
        A record unchanged for longer is out of date.

    Returns
    -------
    DataFrame
        touchpoint, column, check ("missing", "duplicate", "stale", "impossible"), records (how many), share (of the
        touchpoint's records), meaning; only what was found, most frequent first. No values are shown.
    """
    records = source_records.reset_index(drop=True)
    prepared = standardise(records)
    changed = _changed(records)
    as_of = changed.max() if as_of is None else as_of
    faults = {
        (name, "missing", "nothing recorded"): records[name].isna() for name in DESCRIBING if name in records
    }
    for name in ("email", "phone"):
        twice = prepared[name].notna() & prepared.duplicated(["touchpoint", name], keep=False)
        faults[name, "duplicate", "another record of this source has the same"] = twice
    faults["updated", "stale", f"not changed for more than {stale_days} days"] = (
        as_of - changed
    ).dt.days > stale_days
    faults |= _impossible(records, prepared, as_of)
    size = records["touchpoint"].value_counts()
    rows = [
        (touchpoint, column, check, int(count), count / size[touchpoint], meaning)
        for (column, check, meaning), found in faults.items()
        for touchpoint, count in found.groupby(records["touchpoint"]).sum().items()
        if count
    ]
    table = pd.DataFrame(rows, columns=["touchpoint", "column", "check", "records", "share", "meaning"])
    return table.sort_values(
        ["share", "touchpoint", "column"], ascending=[False, True, True], ignore_index=True
    )


def _changed(records: pd.DataFrame) -> pd.Series:
    known = [records[name] for name in ("created", "updated") if name in records]
    if not known:
        return pd.Series(pd.NaT, index=records.index, dtype="datetime64[us]")
    return pd.concat(known, axis=1).max(axis=1)


def _impossible(records: pd.DataFrame, prepared: pd.DataFrame, as_of: pd.Timestamp) -> dict[tuple, pd.Series]:
    faults: dict[tuple, pd.Series] = {}
    email = records["email"]
    faults["email", "impossible", "not of the form name@host.ending"] = (
        email.notna()
        & ~email.str.strip().str.fullmatch(r"[^@\s]+@[^@\s]+\.[^@\s]+").fillna(False).astype(bool)
    )
    phone = prepared["phone"]
    faults["phone", "impossible", "fewer than 6 or more than 15 digits"] = records[
        "phone"
    ].notna() & ~phone.str.len().between(6, 15)
    if "birth_date" in records:
        born = records["birth_date"]
        age = (as_of - born).dt.days / 365.25
        faults["birth_date", "impossible", f"in the future, or more than {OLDEST} years ago"] = (
            born.notna() & ~age.between(0, OLDEST)
        )
        count = born.map(born.value_counts())
        expected = born.notna().sum() / max(born.nunique(), 1)
        faults["birth_date", "impossible", "one day for suspiciously many people: a default value?"] = (
            count > max(_OFTEN * expected, 0.005 * len(records))
        )
    if {"created", "updated"} <= set(records):
        faults["updated", "impossible", "changed before it was opened"] = (
            records["updated"] < records["created"]
        )
    return faults
