"""Cohorts by month of first purchase, and migration between spending deciles."""

from idic_lab.differentiate.cohorts.migration import decile_migration, middle
from idic_lab.differentiate.cohorts.plots import plot_cohorts, plot_migration, plot_retention
from idic_lab.differentiate.cohorts.retention import cohort_table, retention_by_age

__all__ = [
    "cohort_table",
    "decile_migration",
    "middle",
    "plot_cohorts",
    "plot_migration",
    "plot_retention",
    "retention_by_age",
]
