"""Correcting p-values for the number of questions asked. Imports nothing of ours; every stage may import it."""

from __future__ import annotations

import numpy as np


def holm(p_values) -> np.ndarray:
    """p-values corrected for their number by Holm's step-down rule.

    Rejecting where the corrected value is below a level keeps the chance of even one false rejection below that
    level, whatever depends on what.

    Parameters
    ----------
    p_values : array-like of shape (n_tests,)

    Returns
    -------
    ndarray of shape (n_tests,)

    Source: Holm (1979), A simple sequentially rejective multiple test procedure, Scandinavian Journal of Statistics 6(2).

    Examples
    --------
    >>> holm([0.01, 0.04, 0.03]).round(2).tolist()
    [0.03, 0.06, 0.06]
    """
    p = np.asarray(p_values, dtype="float64")
    order = np.argsort(p, kind="stable")
    stepped = np.maximum.accumulate(p[order] * np.arange(len(p), 0, -1))
    corrected = np.empty(len(p))
    corrected[order] = np.minimum(stepped, 1.0)
    return corrected
