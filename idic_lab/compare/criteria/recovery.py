"""Criterion 10: are the segments those that were planted? A check, possible on simulated customers only."""

from __future__ import annotations

from sklearn.metrics import adjusted_mutual_info_score, adjusted_rand_score

from idic_lab.compare.criterion_registry import Score, criterion
from idic_lab.compare.segmentation import NotApplicable


@criterion("recovery", main="adjusted_rand", question="Are the segments those that were planted?")
def recovery(segmentation) -> Score:
    """Agreement of the segments with the planted ones."""
    planted = segmentation.customers.planted
    if planted is None:
        raise NotApplicable(f"nothing is known to be planted in {segmentation.customers.name}.")
    return Score(
        {
            "adjusted_rand": float(adjusted_rand_score(planted, segmentation.labels)),
            "adjusted_mutual_information": float(adjusted_mutual_info_score(planted, segmentation.labels)),
        }
    )
