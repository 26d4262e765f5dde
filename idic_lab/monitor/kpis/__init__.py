"""Measures, their limits, and the changes in them."""

from idic_lab.monitor.kpis.definitions import KPIS, Kpi, Measured, Period, definitions, kpi
from idic_lab.monitor.kpis.measures import kpi_history, kpis, measure, plot_kpi
from idic_lab.monitor.kpis.returns import (
    drivers,
    growth_split,
    plot_growth,
    plot_return_on_customer,
    reconcile,
    return_on_customer,
)
from idic_lab.monitor.kpis.weekly import describe_change, find_changes, plot_weekly, weekly_figures

__all__ = [
    "KPIS",
    "Kpi",
    "Measured",
    "Period",
    "definitions",
    "describe_change",
    "drivers",
    "find_changes",
    "growth_split",
    "kpi",
    "kpi_history",
    "kpis",
    "measure",
    "plot_growth",
    "plot_kpi",
    "plot_return_on_customer",
    "plot_weekly",
    "reconcile",
    "return_on_customer",
    "weekly_figures",
]
