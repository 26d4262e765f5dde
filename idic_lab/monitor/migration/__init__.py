"""Movement of customers between segments from review to review."""

from idic_lab.monitor.migration.flows import (
    label_churn,
    migration,
    population_drift,
    segment_migration,
    tiers_by,
    transition_matrix,
)
from idic_lab.monitor.migration.plots import plot_flows

__all__ = [
    "label_churn",
    "migration",
    "plot_flows",
    "population_drift",
    "segment_migration",
    "tiers_by",
    "transition_matrix",
]
