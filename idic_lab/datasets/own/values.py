"""What single values say: the words of ``words.toml``, whether a text is a name, and what an order's status means."""

from __future__ import annotations

import re
import tomllib
import unicodedata
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from importlib import resources

import numpy as np
import pandas as pd

WORDS = tomllib.loads(resources.files(__package__).joinpath("words.toml").read_text(encoding="utf-8"))
BLANK = " \t\r\n\u00a0\u3000\ufeff\u200b"
MISSING = frozenset(["", *WORDS["missing"].split()])  # what people and programs write where there is no value
_BEYOND_ASCII = str.maketrans("ıøłđð", "iolđd")
# In the order in which they are looked for: "Shipped, returned to seller" is a return.
_KINDS = ("failed", "returned", "other", "open", "sale")


def normalise(header: str) -> str:
    """A header without case, blanks, punctuation, accents and full-width forms, for comparison.

    >>> normalise("\\ufeff Customer_ID "), normalise("Référence"), normalise("ゲスト")
    ('customerid', 'reference', 'ゲスト')
    """
    text = unicodedata.normalize("NFKC", str(header)).casefold().translate(_BEYOND_ASCII)
    plain = re.sub("(?<=[a-z])[\u0300-\u036f]+", "", unicodedata.normalize("NFKD", text))
    return re.sub(r"[\W_]+", "", unicodedata.normalize("NFC", plain))


TOTALS, GUESTS = (frozenset(map(normalise, WORDS[kind].split())) for kind in ("totals", "guests"))
_STATUS = {kind: frozenset(map(normalise, words.split())) for kind, words in WORDS["status"].items()}


@dataclass
class Parsed:
    """What becomes of one column when it is read: one value per row.

    Attributes:
        result (array, shape (n_rows,))
        reasons (array of object, shape (n_rows,)): Why there is no value; None where there is one.
        assumptions (list of str): For the card.
        symbols (frozenset of str): Currency signs and codes that were seen.
    """

    result: np.ndarray
    reasons: np.ndarray
    assumptions: list[str] = field(default_factory=list)
    symbols: frozenset[str] = frozenset()


def by_distinct_value(column: pd.Series, parse: Callable[[pd.Series], Parsed], missing: str) -> Parsed:
    """Parse the distinct texts of a column once and spread the answers; a missing value gets `missing` as reason."""
    codes, distinct = pd.factorize(column, use_na_sentinel=True)
    text = pd.Series(np.asarray(distinct, dtype=object), dtype="str").str.strip(BLANK)
    parsed = parse(text)
    absent = text.str.lower().isin(MISSING).to_numpy()
    reasons = np.append(np.where(absent, missing, parsed.reasons), missing).astype(object)
    values = np.append(parsed.result, np.array([np.nan]).astype(parsed.result.dtype))
    values[:-1][absent] = values[-1]
    return Parsed(values[codes], reasons[codes], parsed.assumptions, parsed.symbols)


def sample(values: pd.Series, number: int = 3) -> str:
    """The first few values, quoted, for a message."""
    return ", ".join(repr(value) for value in values.iloc[:number])


def status(text: str) -> str:
    """What a status or a type says: "sale", "open", "failed", "returned", "partly" (returned), "other", or "" when unknown.

    >>> [status(word) for word in ["Paid", "Storniert", "partially refunded", "not paid", "交易关闭", "blue"]]
    ['sale', 'failed', 'partly', 'open', 'failed', '']
    """
    words = {normalise(word) for word in re.split(r"[\W_]+", text)} - {""}
    whole = words | {normalise(text)}

    def said(kind: str) -> bool:
        listed = _STATUS[kind]
        return bool(whole & listed) or any(not word.isascii() and word in text for word in listed)

    found = next((kind for kind in _KINDS if said(kind)), "")
    if found == "returned" and said("partly"):
        return "partly"
    return "open" if found == "sale" and said("negation") else found


def says_won(text: str) -> bool:
    """Whether a stage calls a deal won."""
    return status(text) == "sale" and any(word in normalise(text) for word in _STATUS["won"])


def is_total(text: str, others: Collection[str] = ()) -> bool:
    """Whether a text stands for a line of totals: the word, with a number or month, or with the name of another row.

    >>> is_total("Summe 2023"), is_total("Total Wine"), is_total("A Total", others=["A"])
    (True, False, True)
    """
    if normalise(text) in TOTALS:
        return True
    words = [word for word in re.split(r"[\s:.,_/-]+", text) if word]
    for total, rest in ((words[0], words[1:]), (words[-1], words[:-1])) if words else ():
        dated = all(word.isdigit() or word.casefold() in MONTHS for word in rest)
        if normalise(total) in TOTALS and (dated or " ".join(rest) in others):
            return True
    return False


def _months() -> dict[str, int]:
    """Month names of all languages, their short forms, and what of three letters or more can mean one month alone."""
    whole, begun = {}, {}
    for names in WORDS["months"].values():
        for number, forms in enumerate(names.split(), start=1):
            for form in forms.split("/"):
                for word in {
                    form,
                    unicodedata.normalize("NFC", re.sub("[\u0300-\u036f]", "", unicodedata.normalize("NFD", form))),
                }:
                    whole[word.strip(".")] = number
                    for length in range(3, len(word)):
                        begun.setdefault(word[:length], set()).add(number)
    return {word: min(numbers) for word, numbers in begun.items() if len(numbers) == 1} | whole


MONTHS = _months()

# One name among the numbers ("Shop Ltd") is no list of names; more than this share of them is.
_SHARE = 0.02
_LETTER = r"[^\W\d_]"
# Letters, vowel signs of scripts that write them beside their letters, and what stands between the parts of a name.
_WORDS = f"{_LETTER}(?:{_LETTER}|[\u0300-\u036f\u0591-\u06ff\u0900-\u0e7f .,&/'’·-])+"
_PERSONAL = (
    r"\S+@\S+\.\S+",  # an e-mail address
    r"(?:\+|00)\d[\d ()./-]{6,}",  # a telephone number with its country
    r"\(?0\d{1,4}\)?[ /-]\d[\d ./-]{4,}",  # one with its area
    r"(?:\+?1[ .-]?)?\(?[2-9]\d\d\)?[ .-]\d{3}[ .-]\d{4}(?: ?(?:x|ext\.?) ?\d+)?",  # an American one
    r"1[3-9]\d{9}|0[1-9]0\d{7,8}",  # a mobile number of China, of Korea or Japan
    rf"{_WORDS}(?: \d\d?)?",  # words without digits, in any script
)
# Letters alone that are codes: one or two of them, all small or all capitals.
_LETTER_CODES = r"(?-i:[A-Z]{1,2}|[a-z]{1,2})"
_PLAIN_TELEPHONE = r"1?[2-9]\d\d[2-9]\d{6}"


def looks_personal(identifiers: pd.Series) -> bool:
    """Whether a column of customer numbers in truth holds names, e-mail addresses or telephone numbers, in any script.

    Returns:
        bool: True when more than 2% of the distinct values have the shape of one, when most are ten digits as an
            American telephone number has, or when they are nicknames: letters of many kinds with a few digits behind.

    >>> looks_personal(pd.Series(["C0017", "C0018", "12345"]))
    False
    >>> [looks_personal(pd.Series([name])) for name in ["ada@mail.example", "ŽOFIE K.", "김철수", "(555) 234-5678"]]
    [True, True, True, True]
    """
    distinct = identifiers.dropna().drop_duplicates().astype("str").str.strip(BLANK)
    if len(distinct) > 20_000:
        distinct = distinct.sample(20_000, random_state=0)
    if distinct.empty:
        return False
    named = distinct.str.fullmatch("|".join(_PERSONAL)) & ~distinct.str.fullmatch(_LETTER_CODES)
    telephones = distinct.str.fullmatch(_PLAIN_TELEPHONE)
    # A code repeats its letters from one customer to the next, a nickname does not.
    stems = distinct[distinct.str.fullmatch(rf"{_LETTER}{{3,}}[._-]?(?:{_LETTER}+)?\d{{1,4}}")].str.replace(
        r"\d+$", "", regex=True
    )
    nicknames = len(stems) if stems.nunique() > max(2, len(stems) / 3) else 0
    return bool((named.sum() + nicknames) / len(distinct) > _SHARE or telephones.mean() > 0.5)
