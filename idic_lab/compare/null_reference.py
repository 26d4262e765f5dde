"""Customers like ours, but without segments: what stability looks like when there is nothing to find."""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy.stats import norm, rankdata

from idic_lab.compare.customers import ANSWER, RFM


def without_segments(measures: pd.DataFrame, size: int | None = None, random_state: int = 0) -> pd.DataFrame:
    """Measures of invented customers who form one crowd.

    Answers are shuffled within each question, so that every average stays and nothing hangs together. Recency,
    frequency and monetary value keep their distributions and their rank correlations, but are tied together by a
    normal distribution (a Gaussian copula), which has a single centre: in a shop without segments, too, frequent
    buyers spend more.

    Parameters
    ----------
    measures : DataFrame
        Columns ``answer ...``, or ``recency_days``, ``frequency``, ``monetary``.
    size : int, optional
        How many customers to invent; as many as there are when left out.
    random_state : int

    Returns
    -------
    DataFrame
        Only the columns named above; a method that needs others has no null reference.

    Examples
    --------
    >>> answers = pd.DataFrame({"answer a": [1.0, 0, 1, 0], "answer b": [1.0, 0, 1, 0]})
    >>> without_segments(answers).mean().tolist()
    [0.5, 0.5]
    """
    rng = np.random.default_rng(random_state)
    size = size or len(measures)
    answers = [name for name in measures if name.startswith(ANSWER)]
    if answers:
        values = measures[answers].to_numpy(dtype=float)
        if size != len(values):
            values = values[rng.integers(0, len(values), size)]
        return pd.DataFrame(rng.permuted(values, axis=0), columns=answers)
    values = measures[list(RFM)].to_numpy(dtype=float)
    # Ties get their mean rank, which keeps the correlation of a measure that most customers share a value of.
    scores = norm.ppf(np.apply_along_axis(rankdata, 0, values) / (len(values) + 1))
    drawn = norm.cdf(rng.multivariate_normal(np.zeros(len(RFM)), _correlation(scores), size, method="eigh"))
    place = np.minimum((drawn * len(values)).astype(int), len(values) - 1)
    return pd.DataFrame(np.take_along_axis(np.sort(values, axis=0), place, axis=0), columns=list(RFM))


def _correlation(scores: np.ndarray) -> np.ndarray:
    varies = scores.std(axis=0) > 0
    matrix = np.eye(scores.shape[1])
    if varies.sum() > 1:
        matrix[np.ix_(varies, varies)] = np.corrcoef(scores[:, varies], rowvar=False)
    return matrix
