"""Identical customers are computed once: distinct rows, how often each occurs, and the way back."""

from __future__ import annotations

import numpy as np
import pandas as pd


def distinct(columns: dict[str, np.ndarray], weights: np.ndarray | None = None):
    """Distinct rows of some columns.

    Parameters
    ----------
    columns : dict of str to ndarray of shape (n,)
    weights : ndarray of shape (n,), optional
        How many customers each row stands for; one when left out.

    Returns
    -------
    rows : dict of str to ndarray of shape (m,)
        The same columns, without repetition, and ``weights``, the sum over identical rows.
    inverse : ndarray of shape (n,)
        Position of each original row among the distinct ones.

    Examples
    --------
    >>> rows, inverse = distinct({"frequency": np.array([2.0, 0.0, 2.0])})
    >>> rows["frequency"].tolist(), rows["weights"].tolist(), inverse.tolist()
    ([2.0, 0.0], [2.0, 1.0], [0, 1, 0])
    """
    code = np.zeros(len(next(iter(columns.values()))), dtype="int64")
    for values in columns.values():
        codes, levels = pd.factorize(values)
        code = code * max(len(levels), 1) + codes
    inverse, levels = pd.factorize(code)
    first = np.empty(len(levels), dtype="int64")
    first[inverse[::-1]] = np.arange(len(code))[::-1]
    rows = {name: np.asarray(values)[first] for name, values in columns.items()}
    rows["weights"] = np.bincount(inverse, weights, minlength=len(levels)).astype(float)
    return rows, inverse


def by_value(data: dict, name: str):
    """Distinct values of one column, the code of each row and the weight of each value; computed once per data."""
    key = ("by value", name)
    if key not in data:
        codes, values = pd.factorize(data[name])
        data[key] = values, codes, np.bincount(codes, data["weights"], minlength=len(values))
    return data[key]
