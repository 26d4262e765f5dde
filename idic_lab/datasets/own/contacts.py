"""Contacts as a CRM exports them (Zoho CRM, HubSpot, Salesforce, Chinese headers), read as one more source."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pandas as pd

from idic_lab.datasets.own import Rows, dates, files
from idic_lab.datasets.own.values import WORDS, normalise
from idic_lab.errors import DataError

# Per role, headers in order of preference, as normalise() leaves them; the first that the file has plays the role.
HEADERS: dict[str, str] = WORDS["contacts"]
# Under these stand names, addresses and the like, whatever the table.
PERSONAL = frozenset(
    " ".join(HEADERS[role] for role in ("first_name", "last_name", "full_name", "email", "phone", "street")).split()
)


def describes(column: pd.Series) -> bool:
    """Whether a column describes groups of people rather than one: numbers, or texts that many share.

    >>> describes(pd.Series(["old", "young"] * 9, name="Age group")), describes(pd.Series(["Ada", "Bo"], name="Who"))
    (True, False)
    """
    held = column.dropna()
    if held.empty or normalise(column.name) in PERSONAL:
        return False
    different = held.nunique()
    if pd.api.types.is_numeric_dtype(held):
        return (
            different < len(held) or held.abs().max() < 1e6
        )  # or it is a number of each person's own, as of a telephone
    return different <= max(20, len(held) / 20) and different * 2 <= len(held)


_TRUE = {"true", "yes", "y", "1", "x", "是"}


@dataclass(frozen=True)
class Contacts:
    """The contacts of one export.

    Attributes:
        records: The columns of ``source_records`` that the export has, without touchpoint; for :func:`gather`.
        columns (dict of str to str): Role to the header that plays it.
        unused (list of str): Headers that play none.
        notes (list of str): What was assumed, and values that could not be read.
    """

    records: pd.DataFrame
    columns: dict[str, str]
    unused: list[str]
    notes: list[str] = field(default_factory=list)


def read_contacts(path: str | Path, today: pd.Timestamp | None = None, **reading: str) -> Contacts:
    """Read a CRM's export of contacts.

    Parameters:
        path: CSV (any usual encoding, found out from the bytes), Excel or Parquet.
        today: Later dates are refused; today by default.
        **reading (str): encoding, separator or sheet, where they are not found out.
    Raises:
        DataError: When the file cannot be read, its encoding included, or no column holds a name, an e-mail address or
            a telephone number.

    "Opted out" is a refusal. "Not opted out" is no consent: nobody said yes, so it stays missing.

    >>> import tempfile
    >>> people = pd.DataFrame({"Contact ID": [7, 8], "Full Name": ["Ada Example", "Bo Sample"], "City": "Dunmere"})
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     people.to_csv(f"{folder}/fair.csv", index=False)
    ...     read_contacts(f"{folder}/fair.csv").records["last_name"].tolist()
    ['Example', 'Sample']
    """
    return of_rows(files.read(path, **reading), today)


def of_rows(rows: Rows, today: pd.Timestamp | None = None) -> Contacts:
    """The contacts of a file that was read."""
    roles = _roles(rows.name, rows.frame, rows.headers)
    frame, notes = rows.frame.reset_index(drop=True), list(rows.notes)
    made = {
        role: _text(frame[roles[role]])
        for role in ("record_id", "customer_id", "first_name", "last_name", "email", "street", "postcode", "city")
        if role in roles
    }
    if "record_id" not in made:
        made["record_id"] = pd.Series([f"{Path(rows.name).stem}-{line}" for line in rows.lines], dtype="str")
        notes.append("no column numbers the records; they are named by file and line")
    if "full_name" in roles and not {"first_name", "last_name"} & set(roles):
        made["first_name"], made["last_name"] = _parted(_text(frame[roles["full_name"]]))
    if "phone" in roles:
        telephones = _telephones(frame, rows.headers)
        made["phone"] = _text(frame[telephones[0]])
        for label in telephones[1:]:
            made["phone"] = made["phone"].fillna(_text(frame[label]))
    today = pd.Timestamp.today().normalize() if today is None else today
    for role in ("birth_date", "created", "updated"):
        if role in roles:
            parsed = dates.parse(frame[roles[role]], roles[role], today=today)
            made[role] = pd.Series(parsed.result)
            notes += parsed.assumptions
            unread = int(sum(reason not in (None, "no date") for reason in parsed.reasons))
            if unread:
                notes.append(
                    f"{unread:,} values of {roles[role]!r} could not be read as a date and are taken as missing"
                )
    made |= _consent(frame, roles)
    if len(rows.broken):
        notes.append(
            f"{len(rows.broken):,} rows could not be split into columns, the first on line {rows.broken['line'].iloc[0]}"
        )
    used = {*roles.values(), *(_telephones(frame, rows.headers) if "phone" in roles else ())}
    unused = [header for header in frame.columns if header not in used]
    return Contacts(pd.DataFrame(made), roles, unused, notes)


def _roles(name: str, frame: pd.DataFrame, headers: list[str]) -> dict[str, str]:
    by_header: dict[str, str] = {}
    for label, header in zip(frame.columns, headers, strict=True):
        by_header.setdefault(normalise(header), label)
    roles = {}
    for role, usual in HEADERS.items():
        found = next((by_header[word] for word in usual.split() if word in by_header), None)
        if found is not None:
            roles[role] = found
    if not {"first_name", "last_name", "full_name", "email", "phone"} & set(roles):
        raise DataError(
            f"{name}: no column with a name, an e-mail address or a telephone number was recognised; the headers are "
            f"{', '.join(map(repr, headers))}. Rename them to first_name, last_name, email or phone."
        )
    return roles


def _text(column: pd.Series) -> pd.Series:
    text = column.astype("str").str.strip()
    return text.where(text.ne("") & text.notna())


def _telephones(frame: pd.DataFrame, headers: list[str]) -> list[str]:
    """Columns with telephone numbers, the mobile first: an empty one gives way to the next."""
    by_header = dict(zip(map(normalise, headers), frame.columns, strict=True))
    return [by_header[word] for word in HEADERS["phone"].split() if word in by_header]


def _parted(name: pd.Series) -> tuple[pd.Series, pd.Series]:
    """Given and family name; Chinese names are written family name first and without a blank."""
    chinese = name.str.fullmatch("[\u4e00-\u9fff]{2,4}").fillna(False).astype(bool)
    words = name.str.rpartition(" ").reindex(columns=range(3))  # a column without any name parts into nothing
    first = words[0].where(~chinese, name.str[1:]).astype("str")
    last = words[2].where(~chinese, name.str[:1]).astype("str")
    return first.where(first.ne("")), last.where(last.ne(""))


def _consent(frame: pd.DataFrame, roles: dict[str, str]) -> dict[str, pd.Series]:
    made: dict[str, pd.Series] = {}

    def ticked(role: str) -> np.ndarray:
        return _text(frame[roles[role]]).str.casefold().isin(_TRUE).to_numpy(dtype=bool)

    for channel in ("email", "phone"):
        stated = np.full(len(frame), None, dtype=object)
        if f"yes_{channel}" in roles:
            stated[ticked(f"yes_{channel}")] = "yes"
        if f"no_{channel}" in roles:
            stated[ticked(f"no_{channel}")] = "no"
        if {f"yes_{channel}", f"no_{channel}"} & set(roles):
            made[f"consent_{channel}"] = pd.Series(stated, dtype="str")
    return made
