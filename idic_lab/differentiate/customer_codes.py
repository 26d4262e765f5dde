"""Whole-number codes for customer ids, in the order of the ids: what fast counting on pandas starts from.

Hashing millions of texts is most of the work of a summary, so as little as possible is hashed as text. What all ids begin
with is left aside. Where the rest is as many digits in all ids, as in customer-000123, it is counted like a number. Else it is
read as integers of eight bytes, most significant byte first, so that integers sort as the
texts do. One integer is enough for most ids; for longer ones, such as UUIDs, the integers are mixed into one, and it is
checked afterwards that no two ids were mixed into the same.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

WORD = 8  # bytes in the integer that a piece of an id is read into
LONGEST = 8 * WORD  # bytes of an id beyond what all ids begin with; longer ones are left to pandas
KEPT = np.array([2 ** (8 * WORD) - 2 ** (8 * (WORD - length)) for length in range(WORD + 1)], dtype="uint64")
SPARSE = 4  # integers spread over more than so many times their number are hashed


def customer_codes(ids: pd.Series) -> tuple[np.ndarray, pd.Index]:
    """Code of each row (-1 where the id is missing), and the distinct ids in ascending order.

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
    """Codes, and a row of each, by counting; None when the ids are not integers, or lie far apart."""
    if ids.dtype.kind not in "iu" or not isinstance(ids.dtype, np.dtype) or not len(ids):
        return None
    numbers = ids.to_numpy()
    lowest, highest = int(numbers.min()), int(numbers.max())
    if highest - lowest >= SPARSE * len(numbers):
        return None
    wide = numbers.astype("int64" if ids.dtype.kind == "i" else "uint64")  # so that the difference fits
    return _counted((wide - wide.dtype.type(lowest)).astype("int64"), highest - lowest + 1)


def _counted(numbers: np.ndarray, size: int):
    """Codes, and a row of each, of integers from 0 to below `size`."""
    row = np.full(size, -1, dtype="int64")
    row[numbers] = np.arange(len(numbers))
    rank = np.cumsum(row >= 0) - 1
    return rank[numbers], row[row >= 0]


def _codes_of_texts(ids: pd.Series):
    """Codes, and a row of each; None when they are not texts of moderate length, none of them missing."""
    texts = _texts(ids)
    if texts is None:
        return None
    found = _numbers(*texts)
    if found is not None:
        return _counted(*found)
    words = _words(*texts)
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


def _texts(ids: pd.Series) -> tuple[np.ndarray, np.ndarray, np.ndarray] | None:
    """The bytes of all texts, and of each text the place where it begins to differ from others, and its length from there."""
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
    # A zero byte inside an id could not be told from the padding.
    if not letters[ends[0] : ends[-1]].all():
        return None
    common = _common_length(text)
    length = np.diff(ends) - common
    return (letters, ends[:-1] + common, length) if int(length.max()) <= LONGEST else None


def _common_length(text: pa.Array) -> int:
    """Number of bytes with which all texts begin alike: those with which the first and the last of them do."""
    lowest, highest = (bound.as_py().encode() for bound in pc.min_max(text).values())
    pairs = zip(lowest, highest, strict=False)
    return next((place for place, (a, b) in enumerate(pairs) if a != b), min(len(lowest), len(highest)))


def _numbers(letters: np.ndarray, start: np.ndarray, length: np.ndarray) -> tuple[np.ndarray, int] | None:
    """Texts of one length as whole numbers in their order, and how many numbers there might be; None when that is too many.

    The byte at each place counts from the lowest that is there to the highest, like a digit.
    """
    longest, together = int(length[0]), len(start)
    if longest > WORD or (length != longest).any() or not longest:
        return None
    gap = int(start[1] - start[0]) if together > 1 else longest
    numbers, size = np.zeros(together, dtype="int64"), 1
    for place in range(longest):
        here = letters[start[0] + place :: gap][:together]
        lowest, highest = int(here.min()), int(here.max())
        size *= highest - lowest + 1
        if size > SPARSE * together:
            return None
        numbers *= highest - lowest + 1
        numbers += here - np.uint8(lowest)
    return numbers, size


def _words(letters: np.ndarray, start: np.ndarray, length: np.ndarray) -> list[np.ndarray]:
    """Each text, from where texts begin to differ, as one or several columns of integers."""
    # An eight-byte word from every start; the bytes that belong to the next id are masked away.
    padded = np.concatenate([letters, np.zeros(WORD, dtype="uint8")])
    at = np.ndarray((len(padded) - WORD + 1,), dtype=">u8", buffer=padded, strides=(1,))
    longest = int(length.max())
    begins = range(0, max(longest, 1), WORD)
    if longest and longest == length.min():
        # Texts of one length lie at equal distances, and are read without looking up.
        width = int(start[1] - start[0]) if len(start) > 1 else longest
        columns = [at[start[0] + begin :: width] for begin in begins]
        return [
            column[: len(start)].astype("uint64") & KEPT[min(longest - begin, WORD)]
            for begin, column in zip(begins, columns, strict=True)
        ]
    return [
        at[np.minimum(start + begin, len(at) - 1)].astype("uint64") & KEPT[np.clip(length - begin, 0, WORD)]
        for begin in begins
    ]


def _mixed(words: list[np.ndarray]) -> np.ndarray:
    """Columns of integers scrambled into one; one column alone one to one.

    Source: multiply and shift, as in Steele, Lea & Flood (2014), Fast splittable pseudorandom number generators.
    """
    mixed = np.zeros(len(words[0]), dtype="uint64")
    for word in words:
        mixed = (mixed ^ word) * np.uint64(0xBF58476D1CE4E5B9)
        mixed ^= mixed >> np.uint64(31)
    return mixed
