"""Customers like ours, but one crowd: what an analysis finds where there are no segments to be found."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.stats import norm, rankdata

_ROUNDS = 10
_DRAWS = 20_000  # on which a correlation is matched, so that chance hardly enters it


@dataclass(frozen=True)
class Crowd:
    """People of one crowd, to be drawn as often as wanted: measures that hang together, and no group apart.

    Every measure keeps its own distribution, and every two their rank correlation, but what ties them together is a
    multivariate normal distribution (a Gaussian copula). It has a single centre: people lie along traits, and in no
    classes. Shuffling each measure by itself would remove the traits too, so that any correlation would look like segments.

    Attributes:
        ordered: Values seen, each measure (column) sorted.
        correlation: Of the normal distribution behind the measures.

    Source: Nelsen (2006), An Introduction to Copulas, chapter 2; for yes/no answers this is the factor model of Muthén
    (1978), Psychometrika 43(4).
    """

    ordered: np.ndarray
    correlation: np.ndarray

    def draw(self, size: int | None = None, random_state: int = 0) -> np.ndarray:
        """Measures of so many people who never were (as many as were seen, when left out)."""
        normal = np.random.default_rng(random_state).standard_normal((size or len(self.ordered), self.ordered.shape[1]))
        return _tied_together(normal, self.correlation, self.ordered)


def one_crowd(measures: pd.DataFrame | np.ndarray) -> Crowd:
    """The crowd that has the distributions and correlations of these measures, and no segments.

    Parameters:
        measures: Yes/no answers (1, 0), or numbers of any distribution; where some are missing, every pair of measures is
            described by the people who have both. Nobody who is drawn lacks anything.

    >>> rng = np.random.default_rng(0)
    >>> trait = rng.normal(size=(500, 1))
    >>> answers = (trait + rng.normal(size=(500, 4)) > 0).astype(float)
    >>> again = one_crowd(answers).draw(5_000, random_state=1)
    >>> bool(abs(np.corrcoef(again.T) - np.corrcoef(answers.T)).max() < 0.1)
    True
    """
    values = np.asarray(measures, dtype="float64")
    share = (np.arange(len(values)) + 0.5) / len(values)
    ordered = np.nanquantile(values, share, axis=0, method="inverted_cdf")
    gaps = np.isnan(values).any()
    wanted = pd.DataFrame(values).corr("spearman").fillna(0.0).to_numpy() if gaps else _rank_correlation(values)
    latent = _a_correlation(wanted)
    normal = np.random.default_rng(0).standard_normal((_DRAWS, values.shape[1]))
    for _ in range(_ROUNDS):  # ties, as among yes/no answers, weaken a correlation; make up for it
        found = _rank_correlation(_tied_together(normal, latent, ordered))
        small = np.abs(found) < 0.05
        factor = np.clip(np.divide(wanted, found, out=np.ones_like(found), where=~small), 0.5, 2.0)
        latent = _a_correlation(np.where(small, latent + wanted - found, latent * factor))
    return Crowd(ordered, latent)


def _a_correlation(matrix: np.ndarray) -> np.ndarray:
    """The nearest matrix of the kind by clipping what is negative of its spectrum."""
    matrix = np.clip(matrix, -0.99, 0.99)
    np.fill_diagonal(matrix, 1.0)
    weight, axes = np.linalg.eigh(matrix)
    made = (axes * np.maximum(weight, 1e-6)) @ axes.T
    size = np.sqrt(np.diag(made))
    return made / np.outer(size, size)


def _tied_together(normal: np.ndarray, correlation: np.ndarray, ordered: np.ndarray) -> np.ndarray:
    """Normal draws with a correlation, each measure then replaced by the value at the same quantile."""
    joint = normal @ np.linalg.cholesky(correlation).T
    place = np.minimum((norm.cdf(joint) * len(ordered)).astype(int), len(ordered) - 1)
    return np.take_along_axis(ordered, place, axis=0)


def _rank_correlation(values: np.ndarray) -> np.ndarray:
    ranks = rankdata(values, axis=0)
    varies = ranks.std(axis=0) > 0
    matrix = np.eye(values.shape[1])
    if varies.sum() > 1:
        matrix[np.ix_(varies, varies)] = np.corrcoef(ranks[:, varies], rowvar=False)
    return matrix
