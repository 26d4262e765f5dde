"""Look for planted people in everything a run left behind: ``python tests/trust/personal_traces.py FOLDER ...``.

A hit counts when it cannot be chance. A given name or a family name alone is a word like others ("Rose", "Farmer") and
does not count. These do: given and family name beside each other, in either order or written together; an e-mail address
or the part of it before the @, which carries digits; a telephone number; a street with its house number. Each is found
whatever its capitals and accents, with anything but letters and digits between its parts, and also in text that was
escaped for HTML, JSON or an address, that was encoded in base64, or that stands in the fields of a picture.

The repository itself (``idic.duckdb``) is the one place where personal data belong: of it only what may leave it is read:
tables not marked personal, without the columns that are withheld.
"""

from __future__ import annotations

import base64
import binascii
import contextlib
import html
import io
import json
import re
import struct
import sys
import unicodedata
import urllib.parse
import zipfile
import zlib
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import duckdb
import pandas as pd
import pyarrow.parquet as pq

from idic_lab import tables

_APART = "\u00a6"  # between the rows of a table: words on both sides of it are not beside each other
_WORD = re.compile(rf"[^\W_]+|{_APART}")
_HUMP = re.compile(r"(?<=[^\W\d_A-Z])(?=[A-Z])")
_BASE64 = re.compile(r"[A-Za-z0-9+/_-]{16,}={0,2}")
_ESCAPED = re.compile(r"\\+u([0-9a-fA-F]{4})|\\+x([0-9a-fA-F]{2})")
_PNG = b"\x89PNG\r\n\x1a\n"
_LETTERS = str.maketrans({"ø": "o", "ł": "l", "đ": "d", "ı": "i", "æ": "ae", "œ": "oe", "ð": "d", "þ": "th"})
_GERMAN = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue"})
_FEWEST_LETTERS = 8  # of a name written as one word: shorter ones may be the beginning of anything
_DEEPEST = 4  # text in text in text


@dataclass(frozen=True)
class Trace:
    """One planted value that was found: where, and of which kind. The value itself is not repeated."""

    file: str
    kind: str

    def __str__(self) -> str:
        return f"{self.kind} in {self.file}"


class People:
    """What would give somebody away.

    Parameters
    ----------
    records : DataFrame
        Columns first_name, last_name and, as far as there are any, email, phone and street.
    """

    def __init__(self, records: pd.DataFrame):
        self._starting: dict[str, list[tuple[tuple[str, ...], str]]] = {}
        self._known: set[tuple[str, ...]] = set()
        named = records.dropna(subset=["first_name", "last_name"])
        for first, last in set(zip(named["first_name"], named["last_name"], strict=True)):
            for one, other in ((first, last), (last, first)):
                self._add(f"{one} {other}", "name")
                self._add_together(one + other, "name")
        for address in self._distinct(records, "email"):
            self._add(address, "e-mail")
            local = address.partition("@")[0]
            if any(character.isdigit() for character in local):
                self._add(local, "e-mail")
        for number in self._distinct(records, "phone"):
            self._add(number, "phone")
            self._add_together(number, "phone")
            country, _, rest = number.partition(" ")
            if country.startswith("+") and len(rest) >= _FEWEST_LETTERS:
                self._add(rest, "phone")
        for street in self._distinct(records, "street"):
            if any(character.isdigit() for character in street):
                self._add(street, "street")
                self._add_together(street, "street")

    def __len__(self) -> int:
        return len(self._known)

    @staticmethod
    def _distinct(records: pd.DataFrame, column: str) -> set[str]:
        return set(records[column].dropna().astype("str")) if column in records else set()

    def _add(self, value: str, kind: str) -> None:
        for spelling in {value, value.casefold().translate(_GERMAN)}:
            pattern = tuple(_words(spelling))
            if pattern and pattern not in self._known:
                self._known.add(pattern)
                self._starting.setdefault(pattern[0], []).append((pattern[1:], kind))

    def _add_together(self, value: str, kind: str) -> None:
        together = re.sub(r"[\W_]+", "", value)
        if len(together) >= _FEWEST_LETTERS:
            self._add(together, kind)

    def found_in(self, text: str) -> Iterator[str]:
        """The kind of each planted value that stands in a text, as it is written there."""
        plain = _without_accents(text)
        apart = _HUMP.sub(" ", plain)
        for words in [tuple(_split(plain))] + ([tuple(_split(apart))] if apart != plain else []):
            for place, word in enumerate(words):
                for rest, kind in self._starting.get(word, ()):
                    if words[place + 1 : place + 1 + len(rest)] == rest:
                        yield kind


def _without_accents(text: str) -> str:
    """Letters without their accents; a number stands with the decimals before it, so that no fraction is one."""
    text = unicodedata.normalize("NFKD", re.sub(r"\d*\.\d{5,}", " ", text))
    return text if text.isascii() else "".join(letter for letter in text if not unicodedata.combining(letter))


def _words(text: str) -> list[str]:
    return _split(_without_accents(text))


def _split(text: str) -> list[str]:
    return _WORD.findall(text.casefold().translate(_LETTERS))


def scan(folder: Path, people: People) -> list[Trace]:
    """Every trace of planted people in the files of a folder, or in one file."""
    files = [folder] if folder.is_file() else sorted(path for path in folder.rglob("*") if path.is_file())
    found = []
    for path in files:
        where = path.name if folder.is_file() else path.relative_to(folder).as_posix()
        kinds = {f"{kind}, in its name" for kind in people.found_in(where)}
        for text in _texts_of_file(path):
            kinds.update(people.found_in(text))
        found += [Trace(where, kind) for kind in sorted(kinds)]
    return found


def scan_text(text: str, people: People) -> set[str]:
    """Kinds of traces in one text, however they are escaped or encoded."""
    return {kind for view in _views(text) for kind in people.found_in(view)}


def _texts_of_file(path: Path) -> Iterator[str]:
    if path.suffix in (".duckdb", ".db"):
        yield from _texts_of_database(path)
        return
    data = path.read_bytes()
    if data[:4] == b"PAR1":
        yield from _texts_of_parquet(path)
    yield from _texts_of_bytes(data)


def _texts_of_bytes(data: bytes, depth: int = 0) -> Iterator[str]:
    if data.startswith(_PNG):
        yield from _fields_of_picture(data)
        return
    if data[:2] == b"PK":
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            for name in archive.namelist():
                yield from _texts_of_bytes(archive.read(name), depth + 1)
        return
    for encoding in ("utf-16-le", "utf-16-be"):
        if data[1::2].count(0) > len(data) // 4 or data[::2].count(0) > len(data) // 4:
            yield from _views(data.decode(encoding, errors="replace"), depth)
    text = data.decode("utf-8", errors="replace")
    yield from _views(text, depth)
    if text[:1] in "{[":
        with contextlib.suppress(ValueError):
            yield from _views("\n".join(_strings(json.loads(text))), depth)


def _strings(content: object) -> Iterator[str]:
    """Every text in what a JSON file holds; the lines of one cell or picture are one text."""
    if isinstance(content, str):
        yield content
    elif isinstance(content, list):
        if content and all(isinstance(entry, str) for entry in content):
            yield "".join(content)
        for entry in content:
            if not isinstance(entry, str) or len(content) < 2:
                yield from _strings(entry)
            else:
                yield entry
    elif isinstance(content, dict):
        for key, value in content.items():
            yield key
            if isinstance(value, str) and key.startswith("image/"):
                value = value.replace("\n", "")
            yield from _strings(value)


def _views(text: str, depth: int = 0) -> Iterator[str]:
    """A text as it stands, with its escapes undone, and what is encoded in it."""
    blobs = _BASE64.findall(text)
    plain = re.sub(r"[A-Za-z0-9+/=]{200,}", " ", text) if blobs else text
    yield plain
    views = set()
    if "&" in plain:
        views.add(html.unescape(plain))
    if "\\" in plain:
        views.add(_ESCAPED.sub(lambda found: chr(int(found[1] or found[2], 16)), plain))
    if "%" in plain:
        views.add(urllib.parse.unquote(plain))
    for view in views - {plain}:
        yield from _views(view, depth + 1) if depth < _DEEPEST else (view,)
    if depth < _DEEPEST:
        for blob in set(blobs):
            yield from _decoded(blob, depth)


def _decoded(blob: str, depth: int) -> Iterator[str]:
    """What a run of base64 says, wherever in it the encoded text begins."""
    bare = blob.rstrip("=").replace("-", "+").replace("_", "/")
    for start in range(4 if len(bare) < 2_000 else 1):
        part = bare[start:]
        try:
            data = base64.b64decode(part[: len(part) - (len(part) % 4 == 1)] + "=" * (-len(part) % 4))
        except binascii.Error:
            continue
        if data.startswith(_PNG):
            yield from _fields_of_picture(data)
        else:
            text = data.decode("utf-8", errors="ignore")
            if len(text) >= 6 and sum(map(str.isprintable, text)) > 0.8 * len(data) - 4:
                yield text
                if len(data) >= 12:
                    yield from _views(text, depth + 1)


def _fields_of_picture(data: bytes) -> Iterator[str]:
    """The text that a PNG file carries beside its pixels."""
    place = len(_PNG)
    while place + 8 <= len(data):
        length, kind = struct.unpack(">I4s", data[place : place + 8])
        content = data[place + 8 : place + 8 + length]
        if kind in (b"tEXt", b"eXIf", b"iTXt"):
            yield content.decode("utf-8", errors="replace")
        if kind in (b"zTXt", b"iTXt"):
            for start in range(len(content)):
                if content[start : start + 1] == b"\x78":  # how deflated data begin
                    try:
                        yield zlib.decompress(content[start:]).decode("utf-8", errors="replace")
                    except zlib.error:
                        continue
        place += 12 + length
    yield data[place:].decode("utf-8", errors="ignore")


def _texts_of_parquet(path: Path) -> Iterator[str]:
    file = pq.ParquetFile(path)
    yield str(file.schema_arrow) + str(file.schema_arrow.metadata) + str(file.metadata.metadata)
    for group in range(file.num_row_groups):
        for column in range(file.metadata.num_columns):
            statistics = file.metadata.row_group(group).column(column).statistics
            if statistics is not None and statistics.has_min_max:
                yield f"{statistics.min} {_APART} {statistics.max}"
    yield from _texts_of_table(file.read().to_pandas())


def _texts_of_table(table: pd.DataFrame) -> Iterator[str]:
    """Each row as one text, since a name may stand in two columns, and each distinct text by itself."""
    yield " ".join(map(str, table.columns))
    worded = [name for name in table if not pd.api.types.is_numeric_dtype(table[name])]
    worded = [name for name in worded if not pd.api.types.is_datetime64_any_dtype(table[name])]
    worded += [  # whole numbers long enough to be a telephone number
        name for name in table if pd.api.types.is_integer_dtype(table[name]) and table[name].max() >= 10**7
    ]
    if not worded or not len(table):
        return
    cells = [table[name].astype("str").fillna("") for name in worded]
    rows = cells[0].str.cat(cells[1:], sep=" ") if len(cells) > 1 else cells[0]
    yield from _views(f" {_APART} ".join(rows.unique()))


def _texts_of_database(path: Path) -> Iterator[str]:
    personal = {name for name, contract in tables.CONTRACTS.items() if contract.personal}
    with duckdb.connect(str(path), read_only=True) as connection:
        for (name,) in connection.execute("SELECT table_name FROM duckdb_tables()").fetchall():
            if name not in personal:
                quoted = '"' + name.replace('"', '""') + '"'
                held = connection.execute(f"SELECT * FROM {quoted}").df()
                withheld = tables.CONTRACTS[name].withheld if name in tables.CONTRACTS else ()
                yield from _texts_of_table(held.drop(columns=list(withheld)))


def meridian() -> People:
    """The planted people of the sample."""
    from idic_lab import datasets

    return People(datasets.load("meridian", quiet=True).tables["source_records"])


def main(folders: list[str]) -> int:
    """Say what was searched and what was found; 1 when anything was."""
    people, worst = meridian(), 0
    print(f"{len(people):,} spellings of names, addresses and numbers")
    for folder in map(Path, folders):
        files = [path for path in folder.rglob("*") if path.is_file()]
        size = sum(path.stat().st_size for path in files)
        found = scan(folder, people)
        print(f"{folder}: {len(files):,} files, {size / 1e6:.1f} MB, {len(found)} traces")
        for trace, count in Counter(map(str, found)).items():
            print(f"  {trace}" + (f" ({count})" if count > 1 else ""))
        worst |= bool(found)
    return worst


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
