"""Customer lifetime value: summarise, split, fit, predict, value, and check against what happened."""

from idic_lab.differentiate.clv.contracts import (
    cohort_summary,
    contract_summary,
    plot_survival,
    residual_lifetime,
    survival,
)
from idic_lab.differentiate.clv.evaluation import (
    baselines,
    conditional_expectations,
    count_histogram,
    evaluate,
    tracking,
)
from idic_lab.differentiate.clv.fitted_model import FittedModel, from_json, from_parameters
from idic_lab.differentiate.clv.fitting import fit
from idic_lab.differentiate.clv.intervals import equity_interval, model_choice, predict_interval, total_interval
from idic_lab.differentiate.clv.plots import (
    plot_alive_path,
    plot_conditional_expectations,
    plot_count_histogram,
    plot_frequency_recency_matrix,
    plot_iso_value,
    plot_tracking,
)
from idic_lab.differentiate.clv.predictions import (
    alive,
    alive_path,
    expected_purchases_new,
    expected_spend,
    frequency_recency_matrix,
    predict,
)
from idic_lab.differentiate.clv.summary import Split, split, summarise
from idic_lab.differentiate.clv.valuation import dert, equity, frequency_class, iso_value, value

__all__ = [
    "FittedModel",
    "Split",
    "alive",
    "alive_path",
    "baselines",
    "cohort_summary",
    "conditional_expectations",
    "contract_summary",
    "count_histogram",
    "dert",
    "equity",
    "equity_interval",
    "evaluate",
    "expected_purchases_new",
    "expected_spend",
    "fit",
    "frequency_class",
    "frequency_recency_matrix",
    "from_json",
    "from_parameters",
    "iso_value",
    "model_choice",
    "plot_alive_path",
    "plot_conditional_expectations",
    "plot_count_histogram",
    "plot_frequency_recency_matrix",
    "plot_iso_value",
    "plot_survival",
    "plot_tracking",
    "predict",
    "predict_interval",
    "residual_lifetime",
    "split",
    "summarise",
    "survival",
    "total_interval",
    "tracking",
    "value",
]
