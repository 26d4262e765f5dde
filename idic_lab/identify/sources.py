"""Where customer data is: sources gathered into one table of records, what they hold, and what is wrong with it."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from idic_lab import tables
from idic_lab.errors import DataError
from idic_lab.identify.profiles import last_change, last_updated
from idic_lab.identify.standardising import standardise

DESCRIBING = ("first_name", "last_name", "birth_date", "email", "phone", "street", "postcode", "city")


@dataclass(frozen=True)
class Gathered:
    """Records of all sources in one table, and what happened on the way.

    Attributes:
        records, rejects: As in the contracts ``source_records`` and ``rejects``.
        notes: What a reader has to know: numbers changed because two sources share them, sources that overlap with none.
    """

    records: pd.DataFrame
    rejects: pd.DataFrame
    notes: list[str] = field(default_factory=list)


def inventory(source_records: pd.DataFrame, as_of: pd.Timestamp | None = None) -> pd.DataFrame:
    """What each source holds and how fresh it is.

    Parameters:
        as_of: Day from which freshness counts; the last change of any record by default.
    Returns:
        DataFrame: One row per touchpoint, largest first: touchpoint, records, with_number (share with a customer
            number), filled (mean share of the describing columns that are filled in), repeated (share of records whose
            e-mail address another record of the same touchpoint has too), oldest and newest (day a record was opened),
            days_since_update (median; missing when no day is recorded).

    >>> records = pd.DataFrame({"record_id": ["1", "2"], "touchpoint": "app", "customer_id": ["7", None],
    ...     "email": ["a@b.example", None]})
    >>> inventory(records)[["touchpoint", "records", "with_number", "filled"]].values.tolist()
    [['app', 2, 0.5, 0.0625]]
    """
    prepared = standardise(source_records)
    records = source_records.reset_index(drop=True)
    changed = last_updated(records)
    as_of = changed.max() if as_of is None else as_of
    twice = prepared["email"].notna() & prepared.duplicated(["touchpoint", "email"], keep=False)
    held = [name for name in DESCRIBING if name in records]
    filled = records[held].notna().sum(axis=1) / len(DESCRIBING)
    made = records[["touchpoint"]].assign(with_number=prepared["number"].notna(), filled=filled, repeated=twice)
    made = made.assign(opened=records.get("created", pd.NaT), age=(as_of - changed).dt.days)
    by = made.groupby("touchpoint")
    table = by.size().rename("records").to_frame().join(by[["with_number", "filled", "repeated"]].mean())
    table = table.join(by["opened"].agg(oldest="min", newest="max")).join(
        by["age"].median().rename("days_since_update")
    )
    return table.sort_values("records", ascending=False).reset_index()


def coverage(source_records: pd.DataFrame) -> pd.DataFrame:
    """Share of records in which each describing column is filled in, one row per touchpoint.

    >>> coverage(pd.DataFrame({"touchpoint": ["app", "app"], "email": ["a@b.example", None]})).loc["app", "email"]
    np.float64(0.5)
    """
    held = source_records.reindex(columns=list(DESCRIBING)).notna()
    return held.groupby(source_records["touchpoint"]).mean()


def beside(source_records: pd.DataFrame, record_a: str, record_b: str) -> pd.DataFrame:
    """Two records side by side, a field a row, in words that reach nobody: no at sign, no country code.

    >>> records = pd.DataFrame({"record_id": ["r1", "r2"], "touchpoint": ["app", "till"], "email": ["a@x", None]})
    >>> beside(records, "r1", "r2").loc["email"].tolist()
    ['a at x', '']
    """
    two = source_records.set_index("record_id").loc[[record_a, record_b]].filter(["touchpoint", *DESCRIBING])
    two = two.fillna("").astype(str).replace({"@": " at ", r"^\+\d+ ": ""}, regex=True)
    return two.T.set_axis(["one record", "another"], axis=1).rename_axis("field")


def overlap(identity_links: pd.DataFrame) -> pd.DataFrame:
    """Of the customers known at one touchpoint, the share known at another.

    Returns:
        DataFrame: Square, touchpoint by touchpoint: row's customers that the column also knows; 1 on the diagonal.

    >>> links = pd.DataFrame({"customer_id": ["a", "a", "b"], "touchpoint": ["app", "shop", "shop"]})
    >>> float(overlap(links).loc["shop", "app"])
    0.5
    """
    known = pd.crosstab(identity_links["customer_id"], identity_links["touchpoint"]).clip(upper=1)
    both = known.T @ known
    return both.div(np.diag(both), axis=0).rename_axis(index="of those at", columns="also at")


def gather(sources: Mapping[str, pd.DataFrame]) -> Gathered:
    """Put the records of several sources into one table, losing none.

    Parameters:
        sources (mapping of str to DataFrame): Name of the touchpoint to its records: the columns of ``source_records``
            without touchpoint; record_id, and besides it whatever the source has. :func:`read_contacts` makes one from
            a CRM's export.
    Returns:
        Gathered: A record_id that two sources both use gets the name of its source in front, and one that a source uses
            twice for different content gets a number behind. Rows that repeat another in full go to `rejects`.
    Raises:
        DataError: When there is no source, or one lacks its record_id, or holds nothing that describes a person.
        ContractError: When a column has the wrong type.

    >>> fair = pd.DataFrame({"record_id": ["1", "1"], "last_name": ["Example", "Sample"]}).astype("str")
    >>> gather({"fair": fair}).records["record_id"].tolist()
    ['1', '1#2']
    """
    if not sources:
        raise DataError("There is no source to gather.")
    notes: list[str] = []
    parts, rejected = zip(*(_one_source(name, data, notes) for name, data in sources.items()), strict=True)
    records = pd.concat(parts, ignore_index=True)
    shared = records.groupby("record_id")["touchpoint"].transform("nunique") > 1
    if shared.any():
        records["record_id"] = records["record_id"].where(~shared, records["touchpoint"] + ":" + records["record_id"])
        notes.append(
            f"{int(shared.sum()):,} records have a record_id that another source uses too: its name was put in front."
        )
    copy = records.groupby("record_id").cumcount()
    if copy.any():
        numbered = records["record_id"] + "#" + (copy + 1).astype("str")
        records["record_id"] = records["record_id"].where(copy == 0, numbered)
        notes.append(
            f"Records whose record_id an earlier record of different content has: {int((copy > 0).sum()):,}; "
            "both are kept, the later with a number behind."
        )
    tables.check("source_records", records, "the sources gathered")
    notes += _without_overlap(records)
    return Gathered(records, pd.concat(rejected, ignore_index=True), notes)


def _one_source(name: str, data: pd.DataFrame, notes: list[str]) -> tuple[pd.DataFrame, pd.DataFrame]:
    known = tables.get("source_records").columns
    if "record_id" not in data:
        raise DataError(
            f"Source '{name}': missing column 'record_id', which tells its records apart; found "
            f"{', '.join(map(repr, data.columns)) or 'none'}."
        )
    if not any(column in data for column in DESCRIBING):
        raise DataError(
            f"Source '{name}': none of the columns that describe a person is there ({', '.join(DESCRIBING)}); found "
            f"{', '.join(map(repr, data.columns))}."
        )
    data = data.assign(touchpoint=pd.array([name] * len(data), dtype="str"))
    for column in ("first_name", "last_name", "email", "phone"):  # the contract wants them, if only empty
        if column not in data:
            data[column] = pd.array([None] * len(data), dtype="str")
            notes.append(f"Source '{name}' has no column '{column}'.")
    data["record_id"] = data["record_id"].astype("str")
    nameless = data["record_id"].isna()
    out = nameless | data.duplicated(keep="first")
    reason = np.where(nameless[out], "no record_id", "the same as an earlier row in every column")
    value, lines = data.loc[out, "record_id"].to_numpy(), np.flatnonzero(out) + 2  # the header is line 1
    rejects = {"source": name, "line": lines, "column": "record_id", "value": value, "reason": reason}
    rejects = pd.DataFrame(rejects).astype(dict.fromkeys(("source", "column", "value", "reason"), "str"))
    if out.any():
        notes.append(f"Source '{name}': {int(out.sum()):,} rows were put aside, each with its reason in the rejects.")
    kept = data[~out]
    return kept[[column for column in known if column in kept]].reset_index(drop=True), rejects


def _without_overlap(records: pd.DataFrame) -> list[str]:
    """A note for each source none of whose records shares anything with another source."""
    names = sorted(records["touchpoint"].unique())
    if len(names) < 2:
        return []
    prepared = standardise(records)
    prepared["who"] = prepared["first_name"] + "|" + prepared["last_name"] + "|" + prepared["birth_date"]
    overlapping: set[str] = set()
    for key in ("number", "email", "phone", "who"):
        held = prepared.dropna(subset=[key])
        shared = held.groupby(key)["touchpoint"].transform("nunique") > 1
        overlapping |= set(held.loc[shared, "touchpoint"])
    return [
        f"Source '{name}' shares no customer number, e-mail address, telephone number or full name with date of birth "
        "with any other: its records are kept, but cannot be linked to theirs."
        for name in names
        if name not in overlapping
    ]


STALE_DAYS = 365
OLDEST = 110  # years; nobody in a customer file is older
_OFTEN = 5  # a day of birth this many times as frequent as chance allows is a default value


def quality(
    source_records: pd.DataFrame, as_of: pd.Timestamp | None = None, stale_days: int = STALE_DAYS
) -> pd.DataFrame:
    """Findings per source, column and kind of fault.

    Parameters:
        as_of: Day on which records are judged; the last change of any record by default.
        stale_days: A record unchanged for longer is out of date.
    Returns:
        DataFrame: touchpoint, column, check ("missing", "duplicate", "stale", "impossible"), records (how many), share
            (of the touchpoint's records), meaning; only what was found, most frequent first. No values are shown.

    >>> records = pd.DataFrame({"record_id": ["1"], "touchpoint": "app", "email": ["nowhere"], "phone": [None]})
    >>> quality(records.astype("str"))[["column", "check"]].values.tolist()
    [['email', 'impossible'], ['phone', 'missing']]
    """
    records = source_records.reset_index(drop=True)
    prepared = standardise(records)
    changed = last_change(records)
    as_of = changed.max() if as_of is None else as_of
    faults = {(name, "missing", "nothing recorded"): records[name].isna() for name in DESCRIBING if name in records}
    for name in ("email", "phone"):
        twice = prepared[name].notna() & prepared.duplicated(["touchpoint", name], keep=False)
        faults[name, "duplicate", "another record of this source has the same"] = twice
    faults["updated", "stale", f"not changed for more than {stale_days} days"] = (as_of - changed).dt.days > stale_days
    faults |= _impossible(records, prepared, as_of)
    size = records["touchpoint"].value_counts()
    rows = [
        (touchpoint, column, check, int(count), count / size[touchpoint], meaning)
        for (column, check, meaning), found in faults.items()
        for touchpoint, count in found.groupby(records["touchpoint"]).sum().items()
        if count
    ]
    table = pd.DataFrame(rows, columns=["touchpoint", "column", "check", "records", "share", "meaning"])
    return table.sort_values(["share", "touchpoint", "column"], ascending=[False, True, True], ignore_index=True)


def _impossible(records: pd.DataFrame, prepared: pd.DataFrame, as_of: pd.Timestamp) -> dict[tuple, pd.Series]:
    form = records["email"].str.strip().str.fullmatch(r"[^@\s]+@[^@\s]+\.[^@\s]+").fillna(False).astype(bool)
    of_many = "people of many surnames have given it, or the telephone or customer number: a placeholder?"
    length = records["phone"].notna() & ~prepared["phone"].str.len().between(6, 15)
    faults = {
        ("email", "impossible", "not of the form name@host.ending"): records["email"].notna() & ~form,
        ("phone", "impossible", "fewer than 6 or more than 15 digits"): length,
        ("email", "impossible", of_many): prepared["placeholder"],
    }
    if "birth_date" in records:
        born = records["birth_date"]
        age = (as_of - born).dt.days / 365.25
        outside = born.notna() & ~age.between(0, OLDEST)
        faults["birth_date", "impossible", f"in the future, or more than {OLDEST} years ago"] = outside
        often = max(_OFTEN * born.notna().sum() / max(born.nunique(), 1), 0.005 * len(records))
        default = born.map(born.value_counts()) > often
        faults["birth_date", "impossible", "one day for suspiciously many people: a default value?"] = default
    if {"created", "updated"} <= set(records):
        faults["updated", "impossible", "changed before it was opened"] = records["updated"] < records["created"]
    return faults
