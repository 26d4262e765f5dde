"""Customers like ours, but without segments: what stability looks like when there is nothing to find."""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy.stats import norm, rankdata

from idic_lab.compare.customers import ANSWER, RFM

_ROUNDS = 4


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
    values = np.sort(measures[list(RFM)].to_numpy(dtype=float), axis=0)
    wanted = _rank_correlation(measures[list(RFM)].to_numpy(dtype=float))
    latent = wanted.copy()
    normal = rng.standard_normal((size, len(RFM)))
    for _ in range(_ROUNDS):  # ties, such as the many who bought once, weaken a correlation; make up for it
        drawn = _tied_together(normal, latent, values)
        latent = np.clip(latent + wanted - _rank_correlation(drawn), -0.99, 0.99)
        np.fill_diagonal(latent, 1.0)
    return pd.DataFrame(_tied_together(normal, latent, values), columns=list(RFM))


def _tied_together(normal: np.ndarray, correlation: np.ndarray, ordered: np.ndarray) -> np.ndarray:
    """Normal draws with a correlation, each measure then replaced by the value at the same quantile."""
    weight, axes = np.linalg.eigh(correlation)
    joint = normal @ (axes * np.sqrt(np.maximum(weight, 0.0))).T
    joint /= joint.std(axis=0)
    place = np.minimum((norm.cdf(joint) * len(ordered)).astype(int), len(ordered) - 1)
    return np.take_along_axis(ordered, place, axis=0)


def _rank_correlation(values: np.ndarray) -> np.ndarray:
    ranks = np.apply_along_axis(rankdata, 0, values)
    varies = ranks.std(axis=0) > 0
    matrix = np.eye(values.shape[1])
    if varies.sum() > 1:
        matrix[np.ix_(varies, varies)] = np.corrcoef(ranks[:, varies], rowvar=False)
    return matrix
