"""The workbench: which segmentation is worth acting on.

A study (:func:`compare`) runs methods over data sets, numbers of segments and seeds, judges each by many criteria, and
writes one long table and a report. The analyses of stability serve any estimator, with or without a study.
"""

from idic_lab.compare import criteria, methods, plots
from idic_lab.compare.attractiveness_matrix import attractiveness, rescaled
from idic_lab.compare.criterion_registry import CRITERIA, Criterion, Score, criterion
from idic_lab.compare.criterion_registry import get as get_criterion
from idic_lab.compare.customers import Customers, FeatureSpace
from idic_lab.compare.forecasts import TwoPart, difference_interval, rolling_origins
from idic_lab.compare.kinds_of_segments import preferred_number, verdict, verdicts
from idic_lab.compare.method_registry import METHODS, Method, method
from idic_lab.compare.method_registry import get as get_method
from idic_lab.compare.null_reference import without_segments
from idic_lab.compare.report import score_table
from idic_lab.compare.respondents import respondents_of
from idic_lab.compare.results import read_table
from idic_lab.compare.running import Outcome, compare
from idic_lab.compare.segmentation import Effort, NotApplicable, Segmentation
from idic_lab.compare.separation import shadow_values, similarities
from idic_lab.compare.sources import load
from idic_lab.compare.stability import (
    across,
    bootstrap_labels,
    flows,
    global_stability,
    jaccard,
    within,
)
from idic_lab.compare.statistics import (
    against_control,
    correlated_t_test,
    critical_difference,
    friedman,
    mean_ranks,
    nemenyi,
    scores_by_dataset,
)
from idic_lab.compare.study import Study, read
from idic_lab.compare.transactions import customers_of

__all__ = [
    "CRITERIA",
    "METHODS",
    "Criterion",
    "Customers",
    "Effort",
    "FeatureSpace",
    "Method",
    "NotApplicable",
    "Outcome",
    "Score",
    "Segmentation",
    "Study",
    "TwoPart",
    "across",
    "against_control",
    "attractiveness",
    "bootstrap_labels",
    "compare",
    "correlated_t_test",
    "criteria",
    "criterion",
    "critical_difference",
    "customers_of",
    "difference_interval",
    "flows",
    "friedman",
    "get_criterion",
    "get_method",
    "global_stability",
    "jaccard",
    "load",
    "mean_ranks",
    "method",
    "methods",
    "nemenyi",
    "plots",
    "preferred_number",
    "read",
    "read_table",
    "rescaled",
    "respondents_of",
    "rolling_origins",
    "score_table",
    "scores_by_dataset",
    "shadow_values",
    "similarities",
    "verdict",
    "verdicts",
    "within",
    "without_segments",
]
