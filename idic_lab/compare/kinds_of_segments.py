"""Whether there are segments at all: how far they lie apart, what one crowd would show, and the verdict by a rule stated beforehand."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from idic_lab.errors import DataError, pick

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

    Parameters:
        to_centres (array of shape (n_customers, n_segments)): Distances.
        gamma: Sharpness: the larger, the more of the similarity goes to the nearest segment.
        variant ({"book", "flexclust"}): The R package flexclust takes the square root of what the book defines.
    Returns:
        ndarray of shape (n_customers, n_segments): 0 to 1. In a gorge plot of clear segments the values pile up at both
            ends.

    Source: Dolnicar, Grün & Leisch (2018), Market Segmentation Analysis, section 7.5.1.

    >>> similarities([[0.0, 0.0]]).tolist(), similarities([[0.0, 0.0]], variant="flexclust").round(3).tolist()
    ([[0.5, 0.5]], [[0.707, 0.707]])
    """
    pick("variant of the gorge plot", variant, VARIANTS)
    power = np.asarray(to_centres, dtype=float) ** gamma
    near = np.exp(power.min(axis=1, keepdims=True) - power)  # the nearest is 1, so nothing underflows to 0 / 0
    share = near / near.sum(axis=1, keepdims=True)
    return np.sqrt(share) if variant == "flexclust" else share


def shadow_values(to_centres) -> np.ndarray:
    """Twice the distance to the nearest centre over the sum of the distances to the two nearest.

    0: the customer is the centre of a segment; 1: the customer lies halfway between two.

    Parameters:
        to_centres (array of shape (n_customers, n_segments)): Distances, to at least two segments.
    Returns:
        ndarray of shape (n_customers,)

    Source: Leisch (2010), Neighborhood graphs, stripes and shadow plots for cluster visualization, Statistics and
    Computing 20(4).

    >>> shadow_values([[0.0, 5.0], [3.0, 3.0], [9.0, 3.0]]).tolist()
    [0.0, 1.0, 0.5]
    """
    ordered = np.sort(np.asarray(to_centres, dtype=float), axis=1)
    if ordered.shape[1] < 2:
        raise DataError("Shadow values need at least two segments.")
    total = ordered[:, 0] + ordered[:, 1]
    return 2 * ordered[:, 0] / np.where(total > 0, total, 1.0)


NATURAL_FROM = 0.75  # adjusted Rand index from which two solutions are as good as the same
LEVEL = 0.95


def null_bound(null: Sequence[float], level: float = LEVEL) -> float:
    """What stability without segments stays below at the given level; with few null data sets, their highest.

    >>> null_bound([0.1, 0.3, 0.2])
    0.3
    """
    if not len(null):
        raise DataError("A null reference needs at least one data set without segments.")
    return float(np.quantile(null, level, method="higher"))


def verdict(
    stability: float, null_stability: Sequence[float], separation: float, null_separation: Sequence[float]
) -> str:
    """What kind of segmentation it is.

    *Constructive*: no more stable than where there are no segments; any division is as good as another, and one may
    still be useful, but nobody discovered it. *Natural*: more stable than that, nearly the same on every resample
    (adjusted Rand index of at least 0.75) and further apart than without segments. *Reproducible*: between the two.

    Parameters:
        stability: Mean adjusted Rand index of pairs of bootstrap solutions.
        null_stability (sequence of float): The same on data sets without segments.
        separation: One minus the mean shadow value.
    Returns:
        str: ``natural``, ``reproducible`` or ``constructive``.

    Source: the three kinds are those of Dolnicar & Leisch (2010), Marketing Letters 21(1); the rule is ours.

    >>> verdict(0.95, [0.3, 0.4], 0.5, [0.1, 0.2]), verdict(0.35, [0.3, 0.4], 0.5, [0.1, 0.2])
    ('natural', 'constructive')
    """
    if stability <= null_bound(null_stability):
        return "constructive"
    apart = separation > null_bound(null_separation)
    return "natural" if apart and stability >= NATURAL_FROM else "reproducible"


def verdicts(results: pd.DataFrame) -> pd.DataFrame:
    """The verdict on every data set, method and number of segments of a study, seeds taken together.

    The null reference of all seeds is pooled, which is what makes it an interval: every seed brings data sets without
    segments of its own.

    Parameters:
        results: The long table of a study with the criteria ``global_stability`` and ``structure``.
    Returns:
        DataFrame: ``dataset``, ``method``, ``k``, ``stability``, ``null_bound``, ``excess`` (stability less its null
            bound), ``separation``, ``null_separation_bound``, ``verdict``. Without a null reference the verdict is "by
            rule".
    """
    rows = []
    wanted = results[results["criterion"].isin(["global_stability", "structure"]) & results["status"].eq("ok")]
    for (dataset, method, k), group in wanted.groupby(["dataset", "method", "k"], dropna=False):
        means = group.groupby("measure")["value"].mean()
        if not {"adjusted_rand", "separation"} <= set(means.index):
            continue
        row = {
            "dataset": dataset,
            "method": method,
            "k": k,
            "stability": means["adjusted_rand"],
            "separation": means["separation"],
            "verdict": "by rule",
        }
        null = {
            name: [value for extra in group.loc[group["criterion"] == name, "extra"] for value in extra.get("null", ())]
            for name in ("global_stability", "structure")
        }
        if null["global_stability"] and null["structure"]:
            row |= {
                "null_bound": null_bound(null["global_stability"]),
                "null_separation_bound": null_bound(null["structure"]),
                "verdict": verdict(row["stability"], null["global_stability"], row["separation"], null["structure"]),
            }
        rows.append(row)
    columns = ["dataset", "method", "k", "stability", "null_bound", "excess", "separation"]
    table = pd.DataFrame(rows, columns=[*columns, "null_separation_bound", "verdict"])
    return table.assign(excess=table["stability"] - table["null_bound"])


def preferred_number(table: pd.DataFrame) -> pd.DataFrame:
    """The number of segments to prefer for every data set and method: the stablest of those beyond the null.

    Stability falls with the number of segments even where there are none, so numbers are compared by how far they lie above
    their own null reference, as a share of what there is above it: two that come back every time are equal, whatever their nulls.

    Parameters:
        table: As :func:`verdicts` gives.
    Returns:
        DataFrame: ``dataset``, ``method``, ``k``: 1 when no number lies above its null reference.
    """
    rows = []
    table = table.assign(beyond=table["excess"] / (1 - table["null_bound"]))
    for (dataset, method), group in table.dropna(subset=["excess", "k"]).groupby(["dataset", "method"]):
        found = group[group["verdict"] != "constructive"]
        rows.append((dataset, method, int(found.loc[found["beyond"].idxmax(), "k"]) if len(found) else 1))
    return pd.DataFrame(rows, columns=["dataset", "method", "k"])
