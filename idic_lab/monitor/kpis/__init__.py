"""Measures, their limits, and the changes in them."""

from idic_lab.inference.alarms import control_limits
from idic_lab.monitor.kpis.changes import describe_change, find_changes, threshold
from idic_lab.monitor.kpis.definitions import KPIS, definitions
from idic_lab.monitor.kpis.growth import drivers, growth_split
from idic_lab.monitor.kpis.measures import kpi_history, kpis, measure
from idic_lab.monitor.kpis.plots import plot_growth, plot_kpi, plot_return_on_customer, plot_weekly
from idic_lab.monitor.kpis.returns import reconcile, return_on_customer
from idic_lab.monitor.kpis.weekly import weekly_figures

__all__ = [
    "KPIS",
    "control_limits",
    "definitions",
    "describe_change",
    "drivers",
    "find_changes",
    "growth_split",
    "kpi_history",
    "kpis",
    "measure",
    "plot_growth",
    "plot_kpi",
    "plot_return_on_customer",
    "plot_weekly",
    "reconcile",
    "return_on_customer",
    "threshold",
    "weekly_figures",
]
