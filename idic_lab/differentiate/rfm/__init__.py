"""RFM: recency, frequency and monetary value; scores, segments, concentration, and whether any of it predicts.

Recency here is ``recency_days``, days since the last purchase. The lifetime value models of
``idic_lab.differentiate.clv`` use the same word for something else, the time from first to last purchase.
"""

from idic_lab.differentiate.rfm.concentration import gini, interval, lorenz, top_share
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
from idic_lab.differentiate.rfm.prediction import capture, capture_difference, gains, hide_later, silent_share
from idic_lab.differentiate.rfm.scores import score, score_sizes, summarise, without_purchase
from idic_lab.differentiate.rfm.segments import segment, segment_rules, segment_summary, segments_table, table
