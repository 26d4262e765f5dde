"""RFM: recency, frequency and monetary value; scores, segments, concentration, and whether any of it predicts.

Recency here is ``recency_days``, days since the last purchase. The lifetime value models of
``idic_lab.differentiate.clv`` use the same word for something else, the time from first to last purchase.
"""

from idic_lab.differentiate.rfm.curves import (
    capture,
    capture_difference,
    gains,
    gini,
    hide_later,
    interval,
    lorenz,
    silent_share,
    top_share,
)
from idic_lab.differentiate.rfm.plots import (
    plot_capture,
    plot_distributions,
    plot_gains,
    plot_heatmap,
    plot_high_value_cutoff,
    plot_lorenz,
    plot_segments,
    plot_spend,
    plot_two_recencies,
)
from idic_lab.differentiate.rfm.scores import (
    score,
    score_sizes,
    segment,
    segment_rules,
    segment_summary,
    segments_table,
    summarise,
    table,
    without_purchase,
)
