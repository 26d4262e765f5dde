"""Separated text: encoding and separator found out, every row with its line number, nothing lost on the way."""

import codecs
import contextlib
import csv
import hashlib
import io
import math
import re

import numpy as np
import pandas as pd

from idic_lab.datasets.own import Rows, rejects, unique_labels
from idic_lab.datasets.own.words import WORDS, normalise
from idic_lab.errors import DataError, option

SEPARATORS = {",": "comma", ";": "semicolon", "\t": "tab", "|": "bar", "^": "caret", "~": "tilde"}
_BYTE_ORDER_MARKS = [  # the longer first: UTF-32's begins with UTF-16's
    *((mark, "utf-32", "UTF-32") for mark in (codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE)),
    (codecs.BOM_UTF8, "utf-8-sig", "UTF-8 with byte order mark"),
    *((mark, "utf-16", "UTF-16") for mark in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)),
]
_ENCODINGS: dict[str, tuple[str, str, list]] = WORDS["encodings"]
_HEADERS = {word for tiers in WORDS["headers"].values() for word in " ".join(tiers).split() if not word.isascii()}
_LABELS = {"gb18030": "GB18030", "cp932": "Shift-JIS", "euc_jp": "EUC-JP", "cp949": "EUC-KR", "big5hkscs": "Big5"}
_RARE = ("koi8_r", "cp866", "iso8859_2", "cp850", "mac_roman")
_SIGNS = "€£¥§°«»„“”–—…·½²³®©№™¿¡ªº±×\ufeff"
_HARDLY = math.log(1 / 200_000)
_OVERFLOW = "\x00beyond the header"


def read(name: str, content: bytes, encoding: str | None = None, separator: str | None = None) -> Rows:
    """Read separated text whose first line that is not blank holds the headers; `name` is for messages."""
    text, encoding_label, notes = decode(name, content, encoding)
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    if not text.strip():
        raise DataError(f"{name}: the file holds nothing but blanks.")
    start = re.sub(r"\s+", "", text[:200])
    if start.startswith(('{"', "[{", "[[")):
        raise DataError(f"{name}: this is JSON, not a table; convert it to CSV.")
    if start.startswith("<"):
        raise DataError(f"{name}: this is a web page or XML, whatever its name says; export the table as CSV or .xlsx.")
    skipped, text, told = _skip_to_header(name, text)
    separator = separator or told
    titles = _title_lines(text, [separator] if separator else list(SEPARATORS))
    if titles:
        text, skipped = "\n".join(text.split("\n")[titles:]), skipped + titles
        notes.append(f"{titles:,} line{'s' if titles > 1 else ''} above the header passed over")
    separator = find_separator(name, text) if separator is None else separator
    separated = f"separated by {SEPARATORS.get(separator, repr(separator))}"
    if separator == " ":
        text = "\n".join("\t".join(line.split()) for line in text.split("\n"))
        separator, separated = "\t", "separated by blanks"
    headers, frame, lines, broken, blank = _parse(name, text, separator, skipped)
    if blank:
        notes.append(f"{blank:,} blank lines between or below the rows were passed over")
    if frame.empty and broken.empty:
        raise DataError(f"{name}: there is a header line but no row below it.")
    if frame.empty:
        raise DataError(
            f"{name}: every row has more fields than the header ({broken['reason'].iloc[0]} on line "
            f"{broken['line'].iloc[0]}). Are there decimal commas in a file separated by commas? Quote them."
        )
    label, digest = f"text in {encoding_label}, {separated}", hashlib.sha256(content).hexdigest()
    return Rows(name, frame, headers, lines, label, len(content), digest, broken=broken, notes=notes)


def decode(name: str, content: bytes, encoding: str | None = None) -> tuple[str, str, list[str]]:
    """Text of the bytes, a label for its encoding, and what was assumed.

    A byte order mark decides; else text that is valid UTF-8 is UTF-8. Of what remains, the script that comes out decides
    (:func:`guesses`).

    >>> decode("a.csv", "客户编号,金额".encode("gb18030"))[:2]
    ('客户编号,金额', 'GB18030')
    """
    if encoding is not None:
        try:
            text = content.decode(encoding)
        except LookupError:
            raise DataError(f"{name}: there is no encoding called {encoding!r}; try 'utf-8' or 'cp1252'.") from None
        except UnicodeError as error:
            raise DataError(f"{name}: this is not {encoding} text ({_short(error)}).") from None
        return _without_nulls(name, text.removeprefix("\ufeff")), encoding, []
    for mark, codec, label in _BYTE_ORDER_MARKS:
        if content.startswith(mark):
            try:
                return _without_nulls(name, content.decode(codec)), label, []
            except UnicodeError as error:
                raise DataError(f"{name}: it begins as {label} but is not ({_short(error)}).") from None
    if guess := _utf_16_without_mark(content):
        with contextlib.suppress(UnicodeError):
            return content.decode(guess), "UTF-16 without byte order mark", ["the encoding was taken for UTF-16"]
    try:
        return _without_nulls(name, content.decode("utf-8")), "UTF-8", []
    except UnicodeDecodeError:
        _without_nulls(name, content[:100_000].decode("latin-1"))
        _refuse_mixture(name, content)
    # Many older encodings make sense of any bytes: it is the one whose script comes out as it is written.
    for guess in guesses(content):
        with contextlib.suppress(UnicodeDecodeError):
            label = _LABELS.get(guess, guess.replace("cp", "Windows-"))
            else_say = f"else say {option('encoding', '…')}"
            said = f"not UTF-8; the encoding was taken for {label} ({_ENCODINGS[guess][0]}; {else_say})"
            return _without_nulls(name, content.decode(guess)), label, [said]
    return content.decode("latin-1"), "Latin-1", ["not UTF-8; the encoding was taken for Latin-1 (Western European)"]


def _refuse_mixture(name: str, content: bytes) -> None:
    """Refuse text that is UTF-8 for the most part, but not all: whatever it were taken for, some names come out wrong."""
    lenient = content.decode("utf-8", errors="surrogateescape")
    invalid = re.findall("[\udc80-\udcff]", lenient)
    letters = sum(not character.isascii() for character in lenient) - len(invalid)
    if letters >= len(invalid):
        line = lenient.count("\n", 0, lenient.index(invalid[0])) + 1
        raise DataError(
            f"{name}: most of it is UTF-8, but line {line} is not (byte 0x{ord(invalid[0]) - 0xDC00:02x}), as where files "
            "of two programs were joined. Save all of it in one encoding, or say which: encoding='cp1252'."
        )


def guesses(content: bytes) -> list[str]:
    """Encodings that can read the bytes, the likeliest first.

    The likelihood of a text is that of its letters, each drawn from the common ones of its script; a letter of another script
    within a word, a sign between letters or a capital behind a small letter is hardly ever met; a known header speaks for it.

    >>> [guesses(word.encode(encoding))[0] for word, encoding in [("김철수", "euc_kr"), ("Ayşe Işık", "cp1254")]]
    ['cp949', 'cp1254']
    """
    lines = re.findall(rb"[^\r\n]*[\x80-\xff][^\r\n]*", content[:2_000_000])
    some = b"\n".join(lines[: 1 + int(np.searchsorted(np.cumsum([len(line) for line in lines]), 20_000))])
    read, scores = {}, {}
    for encoding in _ENCODINGS:
        with contextlib.suppress(UnicodeDecodeError):
            read[encoding] = some.decode(encoding)
            known = {normalise(word) for word in re.split(r"[,;\t|]", read[encoding].partition("\n")[0])} & _HEADERS
            scores[encoding] = _likelihood(read[encoding], encoding) - _HARDLY * (len(known) - (encoding in _RARE))
    ranked = sorted(scores, key=scores.__getitem__, reverse=True)
    # Of those that read the same text, the one listed first is named.
    return list(dict.fromkeys(next(one for one in read if read[one] == read[encoding]) for encoding in ranked))


def _likelihood(text: str, encoding: str) -> float:
    """Logarithm of the likelihood of the letters above ASCII."""
    _, letters, zones = _ENCODINGS[encoding]
    total, before = 0.0, " "
    latin = letters.isascii() or "é" in letters or "ö" in letters
    for place, one in enumerate(text):
        after = text[place + 1] if place + 1 < len(text) else " "
        if not one.isascii():
            if zones:
                lead = one.encode(encoding)
                met = (math.log(p) for low, high, p in zones if low <= lead[0] <= high and len(lead) <= 2)
                total += next(met, _HARDLY)
            elif one.lower() in letters:
                foreign = not latin and any(near.isascii() and near.isalpha() for near in (before, after))
                capital = one.isupper() and before.isalpha()
                odd = foreign or (capital and before.islower())
                usual = 0.05 if capital else 0.3 if one.isupper() else 0.9
                total += _HARDLY if odd else math.log(usual / len(letters))
            else:
                alone = one in _SIGNS and not (after.isalpha() and (before.isalpha() or one in "£³¹²"))
                total += math.log(0.02) if alone or one in "’‘\u00a0" else _HARDLY
        before = one
    return total


def _utf_16_without_mark(content: bytes) -> str | None:
    head = np.frombuffer(content[:4000], dtype=np.uint8)
    if len(head) < 4:
        return None
    even, odd = (head[::2] == 0).mean(), (head[1::2] == 0).mean()
    return "utf-16-le" if odd > 0.6 and even < 0.1 else "utf-16-be" if even > 0.6 and odd < 0.1 else None


def _without_nulls(name: str, text: str) -> str:
    place = text.find("\0")
    if place >= 0:
        line = text.count("\n", 0, place) + 1
        raise DataError(f"{name}: line {line} holds a null character, so this is not a text file or it is damaged.")
    return text


def _short(error: UnicodeError) -> str:
    return f"{getattr(error, 'reason', 'invalid bytes')} at byte {getattr(error, 'start', 0)}"


def _skip_to_header(name: str, text: str) -> tuple[int, str, str | None]:
    """Lines before the header, the text from the header on, and the separator if a line ``sep=;`` tells it."""
    told = re.match(r' *"?sep=([^ \n])"? *(?:\n|$)', text, flags=re.IGNORECASE)
    separator, text, above = (told[1], text[told.end() :], 1) if told else (None, text, 0)
    if blank := re.match(r"\s*\n", text):
        text, above = text[blank.end() :], above + blank[0].count("\n")
    if text.strip():
        return above, text, separator
    raise DataError(f"{name}: there is nothing below the line sep={separator}, which says how columns are separated.")


def _title_lines(text: str, separators: list[str]) -> int:
    """How many lines stand above the header: reports begin with a title, a date, a blank line.

    A title has one filled cell at most. The header is the first line with two or more, if the line below it has as
    many cells; a table separated by blanks has no titles that could be told from it.
    """
    lines = text.split("\n", 40)[:40]
    for place, line in enumerate(lines):
        if line.count('"') % 2:
            return 0  # a cell that goes on in the next line
        cells = {separator: next(csv.reader([line], delimiter=separator), []) for separator in separators}
        separator = max(cells, key=lambda each: sum(bool(cell.strip()) for cell in cells[each]))
        if sum(bool(cell.strip()) for cell in cells[separator]) < 2:
            continue
        below = next((other for other in lines[place + 1 :] if other.strip()), "")
        same_width = len(next(csv.reader([below], delimiter=separator), [])) == len(cells[separator])
        blanks = len(lines[0].split()) == len(line.split())
        return place if same_width and not blanks else 0
    return 0


def find_separator(name: str, text: str) -> str:
    """The character that splits most of the first lines into the same number of columns as the header.

    >>> find_separator("a.csv", "id;date;amount\\nA;2024-01-31;9,50\\nB;2024-02-01;12,00")
    ';'
    """
    sample = [line for line in text[:100_000].split("\n") if line.strip()][:50]
    scores = {}
    for separator in SEPARATORS:
        widths = [len(row) for row in csv.reader(sample, delimiter=separator)]
        # Rows that are too short or long are reported later, one by one; here most must agree.
        if widths[0] > 1:
            scores[separator] = (round(sum(width == widths[0] for width in widths) / len(widths), 1), widths[0])
    if scores:
        return max(scores, key=scores.__getitem__)
    widths = [len(line.split()) for line in sample]
    if widths[0] > 1 and all(width == widths[0] for width in widths):
        return " "
    raise DataError(
        f"{name}: only one column was found, {sample[0][:60]!r}. A table has columns separated by "
        f"{', '.join(SEPARATORS.values())} or blanks; say separator='…' for another."
    )


def _parse(name: str, text: str, separator: str, skipped: int):
    """Headers, frame of text, line numbers, rows with more fields than headers, and the count of blank lines."""
    first = next(csv.reader(io.StringIO(text, newline=""), delimiter=separator))
    headers = [header.strip().strip("\ufeff") for header in first]
    labels = unique_labels(headers)
    try:
        as_text = {"dtype": "str", "keep_default_na": False, "na_values": [""], "low_memory": False}
        table = {"header": None, "names": [*labels, _OVERFLOW], "index_col": False, "skip_blank_lines": False}
        frame = pd.read_csv(io.StringIO(text), sep=separator, **table, **as_text)
    except pd.errors.ParserError as error:
        if "EOF inside string" in str(error):
            row = int(re.search(r"row (\d+)", str(error))[1])
            raise DataError(_unclosed(name, row + 1 + skipped)) from None
        frame, starts, widths = _parse_slowly(name, text, separator, labels, skipped)
    else:
        starts, widths = _line_numbers(frame, text, skipped), None
    frame, starts = frame.iloc[1:], starts[1:]
    blank = frame.isna().all(axis=1).to_numpy()
    over = frame[_OVERFLOW].notna().to_numpy() & ~blank
    width = np.full(over.sum(), len(labels) + 1) if widths is None else widths[1:][over]
    reasons = [f"row has {fields} fields, the header has {len(labels)}" for fields in width]
    broken = rejects(name, starts[over], "(row)", frame[_OVERFLOW].to_numpy(dtype=object)[over], reasons)
    keep = ~blank & ~over
    while len(headers) > 1 and not headers[-1] and frame[labels[-1]].isna().all():
        headers, labels = headers[:-1], labels[:-1]  # a separator at the end of each line makes no column
    return headers, frame.loc[keep, labels].reset_index(drop=True), starts[keep], broken, int(blank.sum())


def _line_numbers(frame: pd.DataFrame, text: str, skipped: int) -> np.ndarray:
    """The line on which each row begins: rows with line breaks inside quotation marks push the later ones down."""
    extra = np.zeros(len(frame), dtype="int64")
    if text.rstrip("\n").count("\n") + 1 > len(frame.index):
        extra = sum(frame[column].str.count("\n").fillna(0).to_numpy(dtype="int64") for column in frame)
    return np.arange(1, len(frame) + 1) + skipped + np.concatenate([[0], np.cumsum(extra)[:-1]])


def _parse_slowly(name: str, text: str, separator: str, labels: list[str], skipped: int):
    """The same row by row, for files in which some rows have too many fields."""
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
    rows, starts, widths, line = [], [], [], 1
    try:
        for fields in reader:
            beyond = next((field for field in fields[len(labels) :] if field), "")
            rows.append([*fields[: len(labels)], *[""] * (len(labels) - len(fields)), beyond])
            starts.append(line + skipped)
            widths.append(len(fields))
            line = reader.line_num + 1
    except csv.Error as error:
        if "end of data" in str(error):
            raise DataError(_unclosed(name, line + skipped)) from None
        raise DataError(f"{name}: line {line + skipped} cannot be split into columns ({error}).") from None
    frame = pd.DataFrame(rows, columns=[*labels, _OVERFLOW], dtype="str").replace("", np.nan)
    return frame, np.array(starts), np.array(widths)


def _unclosed(name: str, line: int) -> str:
    return f"{name}: a quotation mark opened on line {line} is never closed; close it or double it."
