"""Measures, their limits, and the changes in them."""

from idic_lab.monitor.kpis.definitions import KPIS, Kpi, Measured, Period, definitions, kpi
from idic_lab.monitor.kpis.measures import kpi_history, kpis, latest, measure, plot_kpi
from idic_lab.monitor.kpis.returns import (
    GROUPS,
    drivers,
    growth_of_halves,
    growth_split,
    mean_return,
    plot_growth,
    plot_return_on_customer,
    return_on_customer,
)
from idic_lab.monitor.kpis.weekly import find_changes, plot_changes, plot_weekly, weekly_figures
