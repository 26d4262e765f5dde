"""Criteria 1 and 2: does the segmentation come back on other customers, as a whole and segment by segment?"""

from __future__ import annotations

import numpy as np

from idic_lab.compare import stability
from idic_lab.compare.criterion_registry import Score, criterion
from idic_lab.compare.segmentation import NotApplicable


@criterion(
    "global_stability",
    main="adjusted_rand",
    question="Would another sample of customers have given the same segments?",
)
def global_stability(segmentation) -> Score:
    """Mean adjusted Rand index of pairs of bootstrap solutions, beside its null reference where there is one."""
    pairs = stability.global_stability(segmentation.solutions)
    values = {"adjusted_rand": float(pairs.mean())}
    extra = {
        "pairs": pairs.round(4).tolist(),
        "transfer": segmentation.transfer,
        "customers compared": len(segmentation.shared),
    }
    try:
        null = [float(stability.global_stability(crowd.solutions).mean()) for crowd in segmentation.crowds]
    except NotApplicable as reason:
        return Score(values, extra | {"no null reference": str(reason)})
    return Score(values | {"null_highest": max(null)}, extra | {"null": np.round(null, 4).tolist()})


@criterion(
    "segment_stability",
    main="weakest_segment",
    question="Which single segments come back, and which were put together anew?",
)
def segment_stability(segmentation) -> Score:
    """SLSW of every segment with an interval and the null reference, and SLSA against one segment fewer."""
    labels = segmentation.labels[segmentation.shared]
    table = stability.within(labels, segmentation.solutions)
    by_segment = table.groupby("segment")["jaccard"]
    means = by_segment.mean()
    values = {
        "weakest_segment": float(means.min()),
        "strongest_segment": float(means.max()),
        "mean_segment": float(means.mean()),
    }
    extra = {"transfer": segmentation.transfer}
    if len(means) <= 20:
        extra["jaccard"] = {str(name): group.round(4).tolist() for name, group in by_segment}
    try:
        null = [
            stability.within(crowd.labels, crowd.solutions).groupby("segment")["jaccard"].mean()
            for crowd in segmentation.crowds
        ]
        values["null_strongest"] = max(float(one.max()) for one in null)
        extra["null_strongest"] = [round(float(one.max()), 4) for one in null]
        extra["null_segments"] = [round(float(value), 4) for one in null for value in one]
    except NotApplicable as reason:
        extra["no null reference"] = str(reason)
    try:
        tree = stability.flows({1: np.zeros(len(segmentation.labels), int)} | segmentation.by_number)
        last = tree[tree["number"] == segmentation.k]
        values["least_stable_across"] = float(last["stability"].min())
        extra["tree"] = tree[tree["number"] > 2].round(4).to_numpy().tolist()
    except NotApplicable:
        pass
    return Score(values, extra)
