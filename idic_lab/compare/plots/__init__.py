"""Figures of the workbench: of the segments of one solution, and of methods against each other."""

from idic_lab.compare.plots.methods import (
    plot_attractiveness,
    plot_cost,
    plot_critical_difference,
    plot_gain,
    plot_rank_reversal,
    plot_recovery,
    plot_stability,
)
from idic_lab.compare.plots.segments import (
    plot_boxes,
    plot_evaluation,
    plot_gorge,
    plot_mosaic,
    plot_profile,
    plot_rule,
    plot_separation,
    plot_tree,
    plot_within,
)

__all__ = [
    "plot_attractiveness", "plot_boxes", "plot_cost", "plot_critical_difference", "plot_evaluation", "plot_gain", "plot_gorge",
    "plot_mosaic", "plot_profile", "plot_rank_reversal", "plot_recovery", "plot_rule", "plot_separation",
    "plot_stability", "plot_tree", "plot_within",
]  # fmt: skip
