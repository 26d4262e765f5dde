"""How far apart segments lie: similarities for the gorge plot, and shadow values."""

from __future__ import annotations

import numpy as np

from idic_lab.errors import DataError, UnknownName

VARIANTS = ("book", "flexclust")


def centroids(X, labels) -> np.ndarray:
    """Mean of the features of each segment, shape (n_segments, n_features), in the order of the sorted labels."""
    names, inverse, size = np.unique(np.asarray(labels), return_inverse=True, return_counts=True)
    X = np.asarray(X, dtype=float)
    sums = np.zeros((len(names), X.shape[1]))
    np.add.at(sums, inverse, X)
    return sums / size[:, None]


def distances(X, centres) -> np.ndarray:
    """Euclidean distance of each customer to each centre, shape (n_customers, n_segments)."""
    X, centres = np.asarray(X, dtype="float32"), np.asarray(centres, dtype="float32")
    return np.stack([np.linalg.norm(X - centre, axis=1) for centre in centres], axis=1)


def similarities(to_centres, gamma: float = 1.0, variant: str = "book") -> np.ndarray:
    """Similarity of each customer to each segment: exp(-distance^gamma), divided by the sum over segments.

    Parameters
    ----------
    to_centres : array of shape (n_customers, n_segments)
        Distances.
    gamma : float
        Sharpness: the larger, the more of the similarity goes to the nearest segment.
    variant : {"book", "flexclust"}
        The R package flexclust takes the square root of what the book defines.

    Returns
    -------
    ndarray of shape (n_customers, n_segments)
        0 to 1. In a gorge plot of clear segments the values pile up at both ends.

    Source: Dolnicar, Grün & Leisch (2018), Market Segmentation Analysis, section 7.5.1.

    Examples
    --------
    >>> similarities([[0.0, 0.0]]).tolist(), similarities([[0.0, 0.0]], variant="flexclust").round(3).tolist()
    ([[0.5, 0.5]], [[0.707, 0.707]])
    """
    if variant not in VARIANTS:
        raise UnknownName("variant of the gorge plot", variant, VARIANTS)
    power = np.asarray(to_centres, dtype=float) ** gamma
    near = np.exp(
        power.min(axis=1, keepdims=True) - power
    )  # the nearest is 1, so nothing underflows to 0 / 0
    share = near / near.sum(axis=1, keepdims=True)
    return np.sqrt(share) if variant == "flexclust" else share


def shadow_values(to_centres) -> np.ndarray:
    """Twice the distance to the nearest centre over the sum of the distances to the two nearest.

    0: the customer is the centre of a segment; 1: the customer lies halfway between two.

    Parameters
    ----------
    to_centres : array of shape (n_customers, n_segments)
        Distances, to at least two segments.

    Returns
    -------
    ndarray of shape (n_customers,)

    Source: Leisch (2010), Neighborhood graphs, stripes and shadow plots for cluster visualization, Statistics and
    Computing 20(4).

    Examples
    --------
    >>> shadow_values([[0.0, 5.0], [3.0, 3.0], [9.0, 3.0]]).tolist()
    [0.0, 1.0, 0.5]
    """
    ordered = np.sort(np.asarray(to_centres, dtype=float), axis=1)
    if ordered.shape[1] < 2:
        raise DataError("Shadow values need at least two segments.")
    total = ordered[:, 0] + ordered[:, 1]
    return 2 * ordered[:, 0] / np.where(total > 0, total, 1.0)
