"""Measures, their limits, and the changes in them."""

from idic_lab.monitor.kpis.definitions import KPIS as KPIS, Kpi as Kpi, Measured as Measured, Period as Period
from idic_lab.monitor.kpis.definitions import definitions as definitions, kpi as kpi
from idic_lab.monitor.kpis.measures import kpi_history as kpi_history, kpis as kpis, latest as latest
from idic_lab.monitor.kpis.measures import measure as measure, plot_kpi as plot_kpi
from idic_lab.monitor.kpis.returns import GROUPS as GROUPS, drivers as drivers, growth_of_halves as growth_of_halves
from idic_lab.monitor.kpis.returns import growth_split as growth_split, mean_return as mean_return
from idic_lab.monitor.kpis.returns import plot_growth as plot_growth, plot_return_on_customer as plot_return_on_customer
from idic_lab.monitor.kpis.returns import return_on_customer as return_on_customer
from idic_lab.monitor.kpis.weekly import find_changes as find_changes, one_way as one_way
from idic_lab.monitor.kpis.weekly import plot_changes as plot_changes, plot_weekly as plot_weekly
from idic_lab.monitor.kpis.weekly import weekly_figures as weekly_figures
