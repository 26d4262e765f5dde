"""Criterion 3: are there gaps between the segments, and what kind of segmentation is it?"""

from __future__ import annotations

import numpy as np
from sklearn.decomposition import PCA

from idic_lab.compare import separation, stability
from idic_lab.compare.criterion_registry import Score, criterion
from idic_lab.compare.kinds_of_segments import verdict
from idic_lab.compare.segmentation import NotApplicable

_BINS = np.linspace(0, 1, 21)
_POINTS = 400  # customers in a separation plot


@criterion(
    "structure",
    main="separation",
    question="Are the segments natural, reproducible or constructed?",
)
def structure(segmentation) -> Score:
    """One minus the mean shadow value, gorge histograms in both variants, and the verdict."""
    if segmentation.n_segments < 2:
        raise NotApplicable("one segment lies apart from nothing.")
    X = segmentation.features
    to_centres = separation.distances(X, separation.centroids(X, segmentation.labels))
    shadow = separation.shadow_values(to_centres)
    values = {"separation": float(1 - shadow.mean())}
    rows = segmentation.shared
    extra = {"shadow": np.bincount(np.digitize(shadow, _BINS[1:-1]), minlength=20).tolist()}
    if segmentation.n_segments <= 20:
        for variant in separation.VARIANTS:
            similar = separation.similarities(to_centres[rows], variant=variant)
            extra[f"gorge_{variant}"] = [
                np.bincount(np.digitize(column, _BINS[1:-1]), minlength=20).tolist() for column in similar.T
            ]
    extra |= _projection(segmentation)
    try:
        crowds = segmentation.crowds
        found = stability.global_stability(segmentation.solutions)
        null = [float(stability.global_stability(crowd.solutions).mean()) for crowd in crowds]
        apart = [1 - crowd.shadow for crowd in crowds]
        values["null_separation"] = max(apart)
        extra |= {"null": np.round(apart, 4).tolist()}
        extra["verdict"] = verdict(float(found.mean()), null, values["separation"], apart)
    except NotApplicable as reason:
        extra["no null reference"] = str(reason)
    return Score(values, extra)


def _projection(segmentation) -> dict:
    """A few customers on the two main axes of the features, for a separation plot; no ids."""
    X = segmentation.features
    rng = np.random.default_rng(segmentation.split_seed)
    rows = np.sort(rng.choice(len(X), min(_POINTS, len(X)), replace=False))
    plane = PCA(2, random_state=0).fit(X)
    centres = (
        plane.transform(separation.centroids(X, segmentation.labels)) if segmentation.n_segments <= 20 else []
    )
    return {
        "points": plane.transform(X[rows]).round(3).tolist(),
        "point_segments": segmentation.labels[rows].tolist(),
        "centres": np.round(centres, 3).tolist(),
        "explained": plane.explained_variance_ratio_.round(4).tolist(),
    }
