"""The workbench: which segmentation is worth acting on.

A study (:func:`compare`) runs methods over data sets, numbers of segments and seeds, judges each by many criteria, and
writes one long table and a report. The analyses of stability serve any estimator, with or without a study.
"""

from idic_lab.compare import criteria as criteria, methods as methods, plots as plots
from idic_lab.compare.criteria.of_structure import planted_verdict as planted_verdict, recovered as recovered
from idic_lab.compare.customers import (
    Customers as Customers,
    FeatureSpace as FeatureSpace,
    customers_of as customers_of,
    respondents_of as respondents_of,
)
from idic_lab.compare.forecasts import (
    TwoPart as TwoPart,
    average_scores as average_scores,
    difference_interval as difference_interval,
    differences as differences,
    judge_forecasts as judge_forecasts,
    lost_out_of_time as lost_out_of_time,
    origins_table as origins_table,
    plot_capture as plot_capture,
    plot_differences as plot_differences,
    plot_over_origins as plot_over_origins,
    plot_totals as plot_totals,
    rolling_origins as rolling_origins,
    told_apart as told_apart,
    totals as totals,
)
from idic_lab.compare.registry import (
    CRITERIA as CRITERIA,
    METHODS as METHODS,
    Criterion as Criterion,
    Method as Method,
    Score as Score,
    criterion as criterion,
    get_criterion as get_criterion,
    get_method as get_method,
    method as method,
)
from idic_lab.compare.report import gain_curves as gain_curves, score_table as score_table
from idic_lab.compare.results import read_table as read_table
from idic_lab.compare.running import Outcome as Outcome, compare as compare
from idic_lab.compare.segmentation import Effort as Effort, NotApplicable as NotApplicable, Segmentation as Segmentation
from idic_lab.compare.stability import (
    across as across,
    bootstrap_labels as bootstrap_labels,
    flows as flows,
    global_stability as global_stability,
    jaccard as jaccard,
    preferred_number as preferred_number,
    shadow_values as shadow_values,
    similarities as similarities,
    verdict as verdict,
    verdicts as verdicts,
    within as within,
)
from idic_lab.compare.statistics import (
    against_best as against_best,
    against_none as against_none,
    against_none_everywhere as against_none_everywhere,
    attractiveness as attractiveness,
    critical_difference as critical_difference,
    friedman as friedman,
    left_out as left_out,
    mean_ranks as mean_ranks,
    rescaled as rescaled,
    scores_by_dataset as scores_by_dataset,
)
from idic_lab.compare.study import Study as Study, load as load, read as read
