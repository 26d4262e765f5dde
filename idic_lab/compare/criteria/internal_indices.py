"""Criterion 9: internal indices, which ask about shape and not about use."""

from __future__ import annotations

import numpy as np
from sklearn.metrics import calinski_harabasz_score, davies_bouldin_score, silhouette_score
from threadpoolctl import threadpool_limits

from idic_lab.compare.criterion_registry import Score, criterion
from idic_lab.compare.segmentation import NotApplicable

WARNING = (
    "These indices reward compact groups that lie apart, however useless. On CDNOW the method that the silhouette puts "
    "first finds the least future spend of all; do not choose a segmentation by it."
)
_SAMPLE = 3_000


@criterion(
    "internal_indices", main="silhouette", question="Are the groups compact and apart?", warning=WARNING
)
def internal_indices(segmentation) -> Score:
    """Silhouette, Davies-Bouldin (lower is better) and Calinski-Harabasz on the common features.

    Source: Rousseeuw (1987); Davies & Bouldin (1979); Caliński & Harabasz (1974).
    """
    rows = segmentation.shared
    if len(rows) > _SAMPLE:
        rows = np.sort(np.random.default_rng(segmentation.split_seed).choice(rows, _SAMPLE, replace=False))
    X, labels = segmentation.features[rows].astype("float32"), segmentation.labels[rows]
    if not 2 <= len(np.unique(labels)) < len(labels):
        raise NotApplicable("internal indices need at least two segments.")
    with threadpool_limits(1):
        return Score(
            {
                "silhouette": float(silhouette_score(X, labels)),
                "davies_bouldin": float(davies_bouldin_score(X, labels)),
                "calinski_harabasz": float(calinski_harabasz_score(X, labels)),
            },
            {"customers": len(rows)},
        )
