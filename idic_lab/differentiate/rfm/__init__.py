"""RFM: recency, frequency and monetary value; scores, segments, concentration, and whether any of it predicts.

Recency here is ``recency_days``, days since the last purchase. The lifetime value models of
``idic_lab.differentiate.clv`` use the same word for something else, the time from first to last purchase.
"""

from idic_lab.differentiate.rfm.curves import capture as capture, capture_difference as capture_difference
from idic_lab.differentiate.rfm.curves import gains as gains, gini as gini, hide_later as hide_later
from idic_lab.differentiate.rfm.curves import interval as interval, lorenz as lorenz, silent_share as silent_share
from idic_lab.differentiate.rfm.curves import top_share as top_share
from idic_lab.differentiate.rfm.plots import plot_capture as plot_capture, plot_distributions as plot_distributions
from idic_lab.differentiate.rfm.plots import plot_gains as plot_gains, plot_heatmap as plot_heatmap
from idic_lab.differentiate.rfm.plots import plot_high_value_cutoff as plot_high_value_cutoff
from idic_lab.differentiate.rfm.plots import plot_lorenz as plot_lorenz, plot_segments as plot_segments
from idic_lab.differentiate.rfm.plots import plot_spend as plot_spend, plot_two_recencies as plot_two_recencies
from idic_lab.differentiate.rfm.scores import score as score, score_sizes as score_sizes, segment as segment
from idic_lab.differentiate.rfm.scores import segment_rules as segment_rules, segment_summary as segment_summary
from idic_lab.differentiate.rfm.scores import segments_table as segments_table, summarise as summarise, table as table
from idic_lab.differentiate.rfm.scores import without_purchase as without_purchase
