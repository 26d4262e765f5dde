"""Criterion 8: do segments last?"""

from __future__ import annotations

import numpy as np
from sklearn.metrics import adjusted_rand_score

from idic_lab.compare import stability
from idic_lab.compare.criterion_registry import Score, criterion
from idic_lab.compare.segmentation import NotApplicable


@criterion(
    "temporal_validity",
    main="frozen_against_refitted",
    question="Do the segments of today still fit the customers of tomorrow?",
)
def temporal_validity(segmentation) -> Score:
    """The same customers at the end of the data: by the old segments, and by segments found anew.

    ``frozen_against_refitted`` is the adjusted Rand index of the two; ``stayed`` the share of customers still in their
    segment by the old borders; ``stayed_beyond_chance`` corrects it for what shares of segments alone would give.
    """
    later = segmentation.customers.later
    if later is None:
        raise NotApplicable(f"{segmentation.customers.name} has no later date to compare with.")
    before, frozen = segmentation.labels, segmentation.place(later)
    if segmentation.method.lacks(later.dropna(axis=1, how="all")):
        raise NotApplicable(f"{segmentation.method.name} cannot be refitted: it learns from an outcome.")
    refitted = segmentation.again_on(later)
    n = int(max(before.max(), frozen.max())) + 1
    shares = [np.bincount(labels, minlength=n) / len(labels) for labels in (before, frozen)]
    stayed, by_chance = float((before == frozen).mean()), float(shares[0] @ shares[1])
    values = {
        "frozen_against_refitted": float(adjusted_rand_score(frozen, refitted)),
        "stayed": stayed,
        "stayed_beyond_chance": (stayed - by_chance) / (1 - by_chance) if by_chance < 1 else 0.0,
    }
    extra = {"migration": stability.crosstab(before, frozen).tolist()} if n <= 20 else {}
    return Score(values, extra)
