"""The workbench: which segmentation is worth acting on.

A study (:func:`compare`) runs methods over data sets, numbers of segments and seeds, judges each by many criteria, and
writes one long table and a report. The analyses of :mod:`stability` serve any estimator, with or without a study.
"""

from idic_lab.compare import criteria as criteria, methods as methods, plots as plots, stability as stability
from idic_lab.compare import statistics as statistics
from idic_lab.compare.criteria.of_structure import planted_verdict as planted_verdict, recovered as recovered
from idic_lab.compare.customers import Customers as Customers, customers_of as customers_of
from idic_lab.compare.customers import respondents_of as respondents_of
from idic_lab.compare.forecasts import TOLD_MORE as TOLD_MORE, average_scores as average_scores
from idic_lab.compare.forecasts import difference_interval as difference_interval, differences as differences
from idic_lab.compare.forecasts import judge_forecasts as judge_forecasts, lost_out_of_time as lost_out_of_time
from idic_lab.compare.forecasts import origins_table as origins_table, plot_capture as plot_capture
from idic_lab.compare.forecasts import plot_differences as plot_differences, plot_over_origins as plot_over_origins
from idic_lab.compare.forecasts import plot_totals as plot_totals, rolling_origins as rolling_origins
from idic_lab.compare.forecasts import told_apart as told_apart, totals as totals
from idic_lab.compare.registry import METHODS as METHODS, Method as Method, criterion as criterion
from idic_lab.compare.registry import get_criterion as get_criterion, get_method as get_method, method as method
from idic_lab.compare.report import gain_curves as gain_curves, score_table as score_table
from idic_lab.compare.results import read_table as read_table
from idic_lab.compare.running import compare as compare
from idic_lab.compare.segmentation import Effort as Effort, NotApplicable as NotApplicable, Segmentation as Segmentation
from idic_lab.compare.stability import preferred_number as preferred_number, verdicts as verdicts
from idic_lab.compare.statistics import against_best as against_best, against_none as against_none
from idic_lab.compare.statistics import against_none_everywhere as against_none_everywhere
from idic_lab.compare.statistics import attractiveness as attractiveness
from idic_lab.compare.study import load as load, read as read
