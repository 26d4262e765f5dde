"""Whole-number codes for customer ids, in the order of the ids: what fast counting on pandas starts from.

Hashing millions of texts is most of the work of a summary, so as little as possible is hashed as text. What all ids begin
with is left aside. The rest is read as integers of eight bytes, most significant byte first, so that integers sort as the
texts do. One integer is enough for most ids; for longer ones, such as UUIDs, the integers are mixed into one, and it is
checked afterwards that no two ids were mixed into the same.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
import pyarrow as pa

WORD = 8  # bytes in the integer that a piece of an id is read into
LONGEST = 8 * WORD  # bytes of an id beyond what all ids begin with; longer ones are left to pandas
KEPT = np.array([2 ** (8 * WORD) - 2 ** (8 * (WORD - length)) for length in range(WORD + 1)], dtype="uint64")
SPARSE = 4  # integers spread over more than so many times their number are hashed


def customer_codes(ids: pd.Series) -> tuple[np.ndarray, pd.Index]:
    """Code of each row (-1 where the id is missing), and the distinct ids in ascending order.

    Examples
    --------
    >>> codes, customers = customer_codes(pd.Series(["b", "a10", "b", "a9"], dtype="str"))
    >>> codes.tolist(), customers.tolist()
    ([2, 0, 2, 1], ['a10', 'a9', 'b'])
    """
    found = _codes_of_integers(ids) or _codes_of_texts(ids)
    if found is None:
        codes, customers = pd.factorize(ids, sort=True)
        return codes, pd.Index(customers)
    codes, first = found
    return codes, pd.Index(ids.iloc[first])


def _codes_of_integers(ids: pd.Series):
    """Codes, and the first row of each, by counting; None when the ids are not integers, or lie far apart."""
    if ids.dtype.kind not in "iu" or not isinstance(ids.dtype, np.dtype) or not len(ids):
        return None
    numbers = ids.to_numpy()
    lowest, highest = int(numbers.min()), int(numbers.max())
    if highest - lowest >= SPARSE * len(numbers):
        return None
    wide = numbers.astype("int64" if ids.dtype.kind == "i" else "uint64")  # so that the difference fits
    offset = (wide - wide.dtype.type(lowest)).astype("int64")
    first = np.full(highest - lowest + 1, -1, dtype="int64")
    first[offset[::-1]] = np.arange(len(offset))[::-1]
    rank = np.cumsum(first >= 0) - 1
    return rank[offset], first[first >= 0]


def _codes_of_texts(ids: pd.Series):
    """Codes, and the first row of each; None when they are not texts of moderate length, none of them missing."""
    words = _words(ids)
    if words is None:
        return None
    # Also when there is but one: pandas hashes the scrambled integers twice as fast, because they do not cluster.
    codes, distinct = pd.factorize(_mixed(words))
    first = np.empty(len(distinct), dtype="int64")
    first[codes[::-1]] = np.arange(len(codes))[::-1]
    if len(words) > 1 and not all((word[first][codes] == word).all() for word in words):
        return None  # two ids were mixed into one integer
    order = _ascending([word[first] for word in words])
    rank = np.empty(len(order), dtype="int64")
    rank[order] = np.arange(len(order))
    return rank[codes], first[order]


def _ascending(words: list[np.ndarray]) -> np.ndarray:
    """The order of distinct texts: by the first integer, and by all of them where several texts share it."""
    order = np.argsort(words[0])
    leading = words[0][order]
    same = leading[1:] == leading[:-1]
    if same.any():
        tied = np.flatnonzero(np.append(same, False) | np.append(False, same))
        rows = order[tied]
        order[tied] = rows[np.lexsort([word[rows] for word in reversed(words)])]
    return order


def _words(ids: pd.Series) -> list[np.ndarray] | None:
    """Each text, from where texts begin to differ, as one or several columns of integers."""
    if not isinstance(ids.dtype, pd.StringDtype) or ids.dtype.storage != "pyarrow" or ids.isna().any():
        return None
    text = pa.array(ids)
    text = text.combine_chunks() if isinstance(text, pa.ChunkedArray) else text
    text = text.cast(pa.large_string())
    _, offsets, content = text.buffers()
    if not len(text) or content is None:
        return None
    ends = np.frombuffer(offsets, dtype="int64")[text.offset : text.offset + len(text) + 1]
    letters = np.frombuffer(content, dtype="uint8")
    start, length = ends[:-1], np.diff(ends)
    # A zero byte inside an id could not be told from the padding.
    if not letters[ends[0] : ends[-1]].all():
        return None
    # An eight-byte word from every start; the bytes that belong to the next id are masked away.
    padded = np.concatenate([letters, np.zeros(WORD, dtype="uint8")])
    at = np.ndarray((len(padded) - WORD + 1,), dtype=">u8", buffer=padded, strides=(1,))
    common = _common_length(letters, start, int(length.min()))
    start, length = start + common, length - common
    longest = int(length.max())
    if longest > LONGEST:
        return None
    begins = range(0, max(longest, 1), WORD)
    if (
        longest and longest == length.min()
    ):  # texts of one length lie at equal distances, and are read without looking up
        width = longest + common
        stop = start[0] + width * len(start)
        columns = [at[start[0] + begin : stop + begin : width] for begin in begins]
        return [
            column[: len(start)].astype("uint64") & KEPT[min(longest - begin, WORD)]
            for begin, column in zip(begins, columns, strict=True)
        ]
    return [
        at[np.minimum(start + begin, len(at) - 1)].astype("uint64") & KEPT[np.clip(length - begin, 0, WORD)]
        for begin in begins
    ]


def _common_length(letters: np.ndarray, start: np.ndarray, shortest: int) -> int:
    """Number of bytes with which all texts begin alike."""
    for place in range(shortest):
        here = letters[start + place]
        if (here != here[0]).any():
            return place
    return shortest


def _mixed(words: list[np.ndarray]) -> np.ndarray:
    """Columns of integers scrambled into one; one column alone one to one.

    Source: multiply and shift, as in Steele, Lea & Flood (2014), Fast splittable pseudorandom number generators.
    """
    mixed = np.zeros(len(words[0]), dtype="uint64")
    for word in words:
        mixed = (mixed ^ word) * np.uint64(0xBF58476D1CE4E5B9)
        mixed ^= mixed >> np.uint64(31)
    return mixed
