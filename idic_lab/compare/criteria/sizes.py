"""How many segments came out, and how large."""

from __future__ import annotations

import numpy as np

from idic_lab.compare.criterion_registry import Score, criterion


@criterion(
    "sizes", main="smallest_share", question="How many segments came out, and how small is the smallest?"
)
def sizes(segmentation) -> Score:
    """Number of segments, and shares of customers in the smallest and the largest."""
    share = np.bincount(segmentation.labels) / len(segmentation.labels)
    return Score(
        {
            "smallest_share": float(share.min()),
            "largest_share": float(share.max()),
            "segments": float(len(share)),
        },
        {"transfer": segmentation.transfer, "shares": share.round(4).tolist()[:200]},
    )
