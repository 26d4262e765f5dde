"""Customer lifetime value: summarise, split, fit, predict, value, and check against what happened."""

from idic_lab.differentiate.clv.evaluation import baselines, conditional_expectations, evaluate, tracking
from idic_lab.differentiate.clv.fitted_model import FittedModel, from_json, from_parameters
from idic_lab.differentiate.clv.fitting import fit
from idic_lab.differentiate.clv.plots import (
    plot_alive_path,
    plot_conditional_expectations,
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
    "conditional_expectations",
    "dert",
    "equity",
    "evaluate",
    "expected_purchases_new",
    "expected_spend",
    "fit",
    "frequency_class",
    "frequency_recency_matrix",
    "from_json",
    "from_parameters",
    "iso_value",
    "plot_alive_path",
    "plot_conditional_expectations",
    "plot_frequency_recency_matrix",
    "plot_iso_value",
    "plot_tracking",
    "predict",
    "split",
    "summarise",
    "tracking",
    "value",
]
