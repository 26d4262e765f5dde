"""Whole-number codes for customer ids, in the order of the ids: what fast counting on pandas starts from."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pyarrow as pa

WORD = 8  # bytes in the integer a short id is packed into
KEPT = np.array([2 ** (8 * WORD) - 2 ** (8 * (WORD - length)) for length in range(WORD + 1)], dtype="uint64")


def customer_codes(ids: pd.Series) -> tuple[np.ndarray, pd.Index]:
    """Code of each row (-1 where the id is missing), and the distinct ids in ascending order.

    Hashing millions of texts is most of the work of a summary. An id of at most eight bytes is therefore packed into
    one integer first, most significant byte first, so that integers sort as the texts do.

    Examples
    --------
    >>> codes, customers = customer_codes(pd.Series(["b", "a10", "b", "a9"], dtype="str"))
    >>> codes.tolist(), customers.tolist()
    ([2, 0, 2, 1], ['a10', 'a9', 'b'])
    """
    packed = _packed(ids)
    if packed is None:
        codes, customers = pd.factorize(ids, sort=True)
        return codes, pd.Index(customers)
    codes, values = pd.factorize(packed)
    first = np.empty(len(values), dtype="int64")
    first[codes[::-1]] = np.arange(len(codes))[::-1]
    order = np.argsort(values)
    rank = np.empty(len(values), dtype="int64")
    rank[order] = np.arange(len(values))
    return rank[codes], pd.Index(ids.iloc[first[order]])


def _packed(ids: pd.Series) -> np.ndarray | None:
    """Each text as one integer; None when they are not texts of at most eight bytes, none of them missing."""
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
    if length.max() > WORD or not letters[ends[0] : ends[-1]].all():
        return None
    # An eight-byte word from every start; the bytes that belong to the next id are masked away.
    padded = np.concatenate([letters, np.zeros(WORD, dtype="uint8")])
    words = np.ndarray((len(padded) - WORD + 1,), dtype=">u8", buffer=padded, strides=(1,))
    return words[start].astype("uint64") & KEPT[length]
