"""Natural, reproducible or constructive: what kind of segmentation it is, by a rule stated beforehand."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from idic_lab.errors import DataError

NATURAL_FROM = 0.75  # adjusted Rand index from which two solutions are as good as the same
LEVEL = 0.95


def null_bound(null: Sequence[float], level: float = LEVEL) -> float:
    """What stability without segments stays below at the given level; with few null data sets, their highest.

    Examples
    --------
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

    Parameters
    ----------
    stability : float
        Mean adjusted Rand index of pairs of bootstrap solutions.
    null_stability : sequence of float
        The same on data sets without segments.
    separation : float
        One minus the mean shadow value.
    null_separation : sequence of float

    Returns
    -------
    str
        ``natural``, ``reproducible`` or ``constructive``.

    Source: the three kinds are those of Dolnicar & Leisch (2010), Marketing Letters 21(1); the rule is ours.

    Examples
    --------
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

    Parameters
    ----------
    results : DataFrame
        The long table of a study with the criteria ``global_stability`` and ``structure``.

    Returns
    -------
    DataFrame
        ``dataset``, ``method``, ``k``, ``stability``, ``null_bound``, ``excess`` (stability less its null bound),
        ``separation``, ``null_separation_bound``, ``verdict``. Without a null reference the verdict is "by rule".
    """
    rows = []
    wanted = results[
        results["criterion"].isin(["global_stability", "structure"]) & results["status"].eq("ok")
    ]
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
            name: [
                value
                for extra in group.loc[group["criterion"] == name, "extra"]
                for value in extra.get("null", ())
            ]
            for name in ("global_stability", "structure")
        }
        if null["global_stability"] and null["structure"]:
            row |= {
                "null_bound": null_bound(null["global_stability"]),
                "null_separation_bound": null_bound(null["structure"]),
                "verdict": verdict(
                    row["stability"], null["global_stability"], row["separation"], null["structure"]
                ),
            }
        rows.append(row)
    columns = ["dataset", "method", "k", "stability", "null_bound", "excess", "separation"]
    table = pd.DataFrame(rows, columns=[*columns, "null_separation_bound", "verdict"])
    return table.assign(excess=table["stability"] - table["null_bound"])


def preferred_number(table: pd.DataFrame) -> pd.DataFrame:
    """The number of segments to prefer for every data set and method: the stablest of those beyond the null.

    Stability falls with the number of segments even where there are none, so numbers are compared by how far they lie
    above their own null reference.

    Parameters
    ----------
    table : DataFrame
        As :func:`verdicts` gives.

    Returns
    -------
    DataFrame
        ``dataset``, ``method``, ``k``: 1 when no number lies above its null reference.
    """
    rows = []
    for (dataset, method), group in table.dropna(subset=["excess", "k"]).groupby(["dataset", "method"]):
        found = group[group["verdict"] != "constructive"]
        rows.append((dataset, method, int(found.loc[found["excess"].idxmax(), "k"]) if len(found) else 1))
    return pd.DataFrame(rows, columns=["dataset", "method", "k"])
