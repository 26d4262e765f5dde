"""The workbench: which segmentation is worth acting on.

A study (:func:`compare`) runs methods over data sets, numbers of segments and seeds, judges each by many criteria, and
writes one long table and a report. The analyses of stability serve any estimator, with or without a study.
"""

from idic_lab.compare import criteria, methods, plots
from idic_lab.compare.criteria.of_structure import planted_verdict, recovered
from idic_lab.compare.customers import Customers, FeatureSpace, customers_of, respondents_of
from idic_lab.compare.forecasts import (
    TwoPart,
    average_scores,
    difference_interval,
    differences,
    judge_forecasts,
    lost_out_of_time,
    origins_table,
    plot_capture,
    plot_differences,
    plot_over_origins,
    plot_totals,
    rolling_origins,
    told_apart,
    totals,
)
from idic_lab.compare.registry import (
    CRITERIA,
    METHODS,
    Criterion,
    Method,
    Score,
    criterion,
    get_criterion,
    get_method,
    method,
)
from idic_lab.compare.report import gain_curves, score_table
from idic_lab.compare.results import read_table
from idic_lab.compare.running import Outcome, compare
from idic_lab.compare.segmentation import Effort, NotApplicable, Segmentation
from idic_lab.compare.stability import (
    across,
    bootstrap_labels,
    flows,
    global_stability,
    jaccard,
    preferred_number,
    shadow_values,
    similarities,
    verdict,
    verdicts,
    within,
)
from idic_lab.compare.statistics import (
    against_best,
    against_none,
    against_none_everywhere,
    attractiveness,
    critical_difference,
    friedman,
    left_out,
    mean_ranks,
    rescaled,
    scores_by_dataset,
)
from idic_lab.compare.study import Study, load, read

__all__ = [
    "CRITERIA", "METHODS", "Criterion", "Customers", "Effort", "FeatureSpace", "Method", "NotApplicable", "Outcome",
    "Score", "Segmentation", "Study", "TwoPart", "across", "against_best", "against_none", "against_none_everywhere",
    "attractiveness", "average_scores", "bootstrap_labels", "compare", "criteria", "criterion", "critical_difference",
    "customers_of", "difference_interval", "differences", "flows", "friedman", "gain_curves", "get_criterion",
    "get_method", "global_stability", "jaccard", "judge_forecasts", "left_out", "load", "lost_out_of_time",
    "mean_ranks", "method", "methods", "origins_table", "planted_verdict", "plot_capture", "plot_differences",
    "plot_over_origins", "plot_totals", "plots", "preferred_number", "read", "read_table", "recovered", "rescaled",
    "respondents_of", "rolling_origins", "score_table", "scores_by_dataset", "shadow_values", "similarities",
    "told_apart", "totals", "verdict", "verdicts", "within",
]  # fmt: skip
