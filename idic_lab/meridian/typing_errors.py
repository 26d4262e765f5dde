"""What goes wrong when details are typed in: typing errors, swapped fields, missing and outdated values."""

from __future__ import annotations

import numpy as np


def mistype(rng: np.random.Generator, values: np.ndarray, wrong: np.ndarray) -> np.ndarray:
    """Copy of `values` with one typing error in each text where `wrong`.

    One of three errors at a random place: two letters change places, a letter is left out, a letter is doubled.

    Parameters
    ----------
    rng : Generator
    values : ndarray of str (fixed width)
    wrong : ndarray of bool

    Examples
    --------
    >>> mistype(np.random.default_rng(1), np.array(["Brightwater"]), np.array([True])).tolist() != ["Brightwater"]
    True
    """
    width = values.dtype.itemsize // 4 + 1  # room for a doubled letter
    values = values.astype(f"<U{width}")
    rows = np.flatnonzero(wrong)
    if not len(rows):
        return values
    letters = np.ascontiguousarray(values[rows]).view(np.uint32).reshape(len(rows), width)
    length = (letters != 0).sum(axis=1)
    place = (rng.random(len(rows)) * np.maximum(length - 1, 1)).astype(int)
    kind = np.where(length > 2, rng.integers(0, 3, len(rows)), 2)
    column = np.arange(width)
    source = np.tile(column, (len(rows), 1))
    at = place[:, None]
    swap, drop, double = (kind == k for k in range(3))
    source[swap] = np.where(
        column == at[swap], column + 1, np.where(column == at[swap] + 1, column - 1, column)
    )
    source[drop] = np.where(column >= at[drop], column + 1, column)
    source[double] = np.where(column > at[double], column - 1, column)
    padded = np.pad(letters, ((0, 0), (0, 1)))
    values[rows] = np.take_along_axis(padded, source, axis=1).astype(np.uint32).view(f"<U{width}").ravel()
    return values


def swap_day_and_month(dates: np.ndarray, wrong: np.ndarray) -> np.ndarray:
    """Copy of `dates` (datetime64[D]) with day and month exchanged where `wrong` and the day can be a month."""
    months = dates.astype("datetime64[M]")
    month = months.astype(int) % 12
    day = (dates - months).astype(int)
    turned = (months - month + day).astype("datetime64[D]") + month
    return np.where(wrong & (day < 12), turned, dates)


def missing(values, absent: np.ndarray):
    """The array with missing values where `absent`."""
    values = values.copy()
    values[absent] = None
    return values
