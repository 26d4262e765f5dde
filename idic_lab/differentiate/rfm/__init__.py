"""RFM: recency, frequency and monetary value; scores, segments, concentration, and whether any of it predicts.

Recency here is ``recency_days``, days since the last purchase. The lifetime value models of
``idic_lab.differentiate.clv`` use the same word for something else, the time from first to last purchase.
"""

from idic_lab.differentiate.rfm.curves import (
    capture as capture,
    capture_difference as capture_difference,
    gains as gains,
    gini as gini,
    hide_later as hide_later,
    interval as interval,
    lorenz as lorenz,
    silent_share as silent_share,
    top_share as top_share,
)
from idic_lab.differentiate.rfm.plots import (
    plot_capture as plot_capture,
    plot_distributions as plot_distributions,
    plot_gains as plot_gains,
    plot_heatmap as plot_heatmap,
    plot_high_value_cutoff as plot_high_value_cutoff,
    plot_lorenz as plot_lorenz,
    plot_segments as plot_segments,
    plot_spend as plot_spend,
    plot_two_recencies as plot_two_recencies,
)
from idic_lab.differentiate.rfm.scores import (
    score as score,
    score_sizes as score_sizes,
    segment as segment,
    segment_rules as segment_rules,
    segment_summary as segment_summary,
    segments_table as segments_table,
    summarise as summarise,
    table as table,
    without_purchase as without_purchase,
)
