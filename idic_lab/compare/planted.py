"""Who finds segments that were planted, and what the verdict is where none was: simulated surveys, whose truth is known."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from idic_lab.compare.registry import get_criterion, get_method
from idic_lab.compare.segmentation import Effort, Segmentation
from idic_lab.compare.study import load


def _crowd(respondents: int, **knobs: object):
    # About half of the people simulated answer the survey.
    simulation = {"n": 2 * respondents, "seed": 5} | knobs
    return load({"name": "planted", "basis": "needs", "simulate": simulation})


def recovered(
    methods: Sequence[str], separations: Sequence[float], respondents: int = 700, random_state: int = 0
) -> pd.DataFrame:
    """How much of five planted need segments each method finds, by how far apart they were planted.

    Returns
    -------
    DataFrame
        ``method``, ``separation``, ``value`` (adjusted Rand index with the truth).

    Examples
    --------
    >>> table = recovered(["random_segments"], [1.15], respondents=150)
    >>> bool(table["value"].abs().max() < 0.1)
    True
    """
    rows = []
    for separation in separations:
        crowd = _crowd(respondents, separation=separation)
        for name in methods:
            found = Segmentation(get_method(name), 5, crowd, random_state)
            rows.append((name, separation, get_criterion("recovery")(found).numbers["adjusted_rand"]))
    return pd.DataFrame(rows, columns=["method", "separation", "value"])


def planted_verdict(
    respondents: int = 700, effort: Effort | None = None, random_state: int = 0, **knobs: object
) -> str:
    """The verdict on k-means with five segments where it is known what was planted: natural, reproducible or constructive.

    Parameters
    ----------
    **knobs
        What is planted: ``segments=False`` for none, ``separation=1.15`` for segments far apart.

    Examples
    --------
    >>> planted_verdict(150, Effort(pairs=2, null_sets=1, null_pairs=1), segments=False)
    'constructive'
    """
    crowd = _crowd(respondents, **knobs)
    found = Segmentation(get_method("k_means"), 5, crowd, random_state, effort or Effort())
    return get_criterion("structure")(found).extra["verdict"]
