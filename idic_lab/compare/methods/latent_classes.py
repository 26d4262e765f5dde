"""Latent classes for both kinds of customers: those who answered, and those who only bought."""

from __future__ import annotations

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator, ClusterMixin

from idic_lab.compare.customers import ANSWER, RFM
from idic_lab.differentiate.needs import LatentClasses
from idic_lab.errors import needs_extra

_FIFTHS = [0.2, 0.4, 0.6, 0.8]


class LatentClassSegments(ClusterMixin, BaseEstimator):
    """Classes that answer with their own probabilities; without answers, the RFM scores are the answers.

    Scores from 1 to 5 are three questions with five possible answers each. At most 125 combinations occur, and equal
    customers are fitted as one with their weight, which is exact, so that the cost hardly grows with the customers.

    Parameters
    ----------
    n_segments : int
    n_init : int
        Random starts.
    random_state : int

    Source: Lazarsfeld & Henry (1968), Latent Structure Analysis; estimation by StepMix.
    """

    def __init__(self, n_segments: int = 5, n_init: int = 3, random_state: int = 0):
        self.n_segments, self.n_init, self.random_state = n_segments, n_init, random_state

    def fit(self, X: pd.DataFrame, y=None):
        """Estimate the classes from a table of measures."""
        self.answers_ = [name for name in X if name.startswith(ANSWER)]
        if self.answers_:
            self.model_ = LatentClasses(self.n_segments, self.n_init, self.random_state)
            self.model_.fit(X[self.answers_].to_numpy(dtype=float))
        else:
            self.cuts_ = {name: np.unique(X[name].quantile(_FIFTHS)) for name in RFM}
            cells, weight = np.unique(self._scores(X), axis=0, return_counts=True)
            self.model_ = (
                needs_extra("stepmix.stepmix", "needs")
                .StepMix(
                    self.n_segments,
                    measurement="categorical",
                    n_init=self.n_init,
                    abs_tol=1e-5,
                    max_iter=2_000,
                    random_state=self.random_state,
                    progress_bar=0,
                )
                .fit(cells, sample_weight=weight.astype(float))
            )
        self.labels_ = self.predict(X)
        return self

    def predict(self, X: pd.DataFrame) -> np.ndarray:
        """Most probable class of each row."""
        if self.answers_:
            return self.model_.predict(X[self.answers_].to_numpy(dtype=float))
        cells, inverse = np.unique(self._scores(X), axis=0, return_inverse=True)
        return self.model_.predict(cells)[inverse]

    def _scores(self, X: pd.DataFrame) -> np.ndarray:
        return np.column_stack(
            [np.searchsorted(cuts, X[name], side="left") for name, cuts in self.cuts_.items()]
        )
