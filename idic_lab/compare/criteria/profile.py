"""Criterion 4: in what do the segments differ?"""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy.stats import chi2_contingency, kruskal

from idic_lab.compare.criterion_registry import Score, criterion
from idic_lab.compare.customers import ANSWER
from idic_lab.compare.segmentation import NotApplicable
from idic_lab.inference.multiple_tests import holm

ABSOLUTE, RELATIVE = 0.25, 0.50


@criterion(
    "profile", main="marker_share", question="In what do the segments differ, and is it more than chance?"
)
def profile(segmentation) -> Score:
    """Marker variables of every segment, with a test per variable corrected for their number.

    A variable marks a segment when the segment's mean differs from everybody's by 0.25 (of a yes/no answer) or by half.
    """
    if segmentation.n_segments < 2:
        raise NotApplicable("one segment differs from nobody.")
    if segmentation.n_segments > 20:
        raise NotApplicable(f"a profile of {segmentation.n_segments} segments is not read by anybody.")
    columns = list(segmentation.space.columns)
    table = segmentation.customers.measures[columns].reset_index(drop=True)
    binary = segmentation.space.binary
    overall, means = table.mean(), table.groupby(segmentation.labels).mean()
    difference = means - overall
    marker = difference.abs() >= RELATIVE * overall.abs()
    if binary:
        marker |= difference.abs() >= ABSOLUTE
    p = holm([_p_value(table[name], segmentation.labels, binary) for name in columns])
    return Score(
        {
            "marker_share": float(marker.to_numpy().mean()),
            "segments_with_marker": float(marker.any(axis=1).mean()),
            "variables_that_differ": float((p < 0.05).mean()),
        },
        {
            "variables": [name.removeprefix(ANSWER) for name in columns],
            "overall": overall.round(4).tolist(),
            "means": means.round(4).to_numpy().tolist(),
            "marker": marker.to_numpy().tolist(),
            "p_corrected": p.tolist(),
            "binary": binary,
        },
    )


def _p_value(values: pd.Series, labels: np.ndarray, binary: bool) -> float:
    """Chi-squared test of a yes/no answer, Kruskal-Wallis test of a number; 1 where nothing varies."""
    known = values.notna().to_numpy()
    values, labels = values[known], labels[known]
    if values.nunique() < 2 or len(np.unique(labels)) < 2:
        return 1.0
    if binary:
        return float(chi2_contingency(pd.crosstab(values, labels)).pvalue)
    return float(kruskal(*(group for _, group in values.groupby(labels))).pvalue)
