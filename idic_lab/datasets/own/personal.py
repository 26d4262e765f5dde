"""Telling numbers of customers from their names, e-mail addresses and telephone numbers."""

from __future__ import annotations

import pandas as pd

# One name among the numbers ("Guest", "Cash Sale") is no list of names; more than this share of them is.
_SHARE = 0.02
_MOST_LOOKED_AT = 20_000
_WORD = r"[^\W\d_]"
_SHAPES = (
    r"\S+@\S+\.\S+",  # an e-mail address
    r"(?:\+|00)\d[\d ()./-]{6,}",  # a telephone number with its country
    r"\(?0\d{1,4}\)?[ /-]\d[\d ./-]{4,}",  # one with its area
    r"1[3-9]\d{9}",  # a Chinese mobile number
    rf"{_WORD}[\w.'’-]*(?:,? {_WORD}[\w.'’-]*){{1,4}}",  # two to five words
    r"(?-i:[^\W\d_a-z][a-zß-öø-ÿ'’-]+)",  # one word with a capital
    r"[\u3400-\u9fff]{2,4}",  # a Chinese name
)


def looks_personal(identifiers: pd.Series) -> bool:
    """Whether a column of customer numbers in truth holds names, e-mail addresses or telephone numbers.

    Parameters
    ----------
    identifiers : Series of str

    Returns
    -------
    bool
        True when more than 2% of the distinct values have the shape of one.

    Examples
    --------
    >>> looks_personal(pd.Series(["C0017", "C0018", "12345"]))
    False
    >>> looks_personal(pd.Series(["ada@mail.example", "12345"]))
    True
    >>> looks_personal(pd.Series(["Ada Lovelace", "Žofie K."]))
    True
    """
    distinct = identifiers.dropna().drop_duplicates().astype("str")
    if len(distinct) > _MOST_LOOKED_AT:
        distinct = distinct.sample(_MOST_LOOKED_AT, random_state=0)
    if distinct.empty:
        return False
    return bool(distinct.str.fullmatch(f"(?:{'|'.join(_SHAPES)})").mean() > _SHARE)
