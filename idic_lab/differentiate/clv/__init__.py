"""Customer lifetime value: summarise, split, fit, predict, value, and check against what happened."""

from idic_lab.differentiate.clv.contracts import (
    as_contracts,
    cohort_summary,
    contract_summary,
    payment_summary,
    plot_survival,
    residual_lifetime,
    survival,
)
from idic_lab.differentiate.clv.covariates import likelihood_ratio
from idic_lab.differentiate.clv.evaluation import (
    baselines,
    conditional_expectations,
    count_histogram,
    evaluate,
    tracking,
)
from idic_lab.differentiate.clv.fitted_model import FittedModel, from_json, from_parameters
from idic_lab.differentiate.clv.fitting import fit
from idic_lab.differentiate.clv.intervals import (
    equity_interval,
    fit_each,
    model_choice,
    new_customer,
    predict_interval,
    total_interval,
    worth_by_model,
)
from idic_lab.differentiate.clv.plots import (
    plot_alive_path,
    plot_conditional_expectations,
    plot_count_histogram,
    plot_frequency_recency_matrix,
    plot_iso_value,
    plot_population,
    plot_shrinkage,
    plot_tracking,
    plot_worth_by_model,
)
from idic_lab.differentiate.clv.predictions import (
    alike_in_silence,
    alive,
    alive_path,
    at_stake,
    expected_purchases_new,
    expected_spend,
    frequency_recency_matrix,
    predict,
)
from idic_lab.differentiate.clv.season import Season, season
from idic_lab.differentiate.clv.summary import Split, split, summarise
from idic_lab.differentiate.clv.valuation import dert, equity, frequency_class, iso_value, value
from idic_lab.differentiate.purchase_days import middle

__all__ = [
    "FittedModel",
    "Season",
    "Split",
    "alike_in_silence",
    "alive",
    "alive_path",
    "as_contracts",
    "at_stake",
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
    "fit_each",
    "frequency_class",
    "frequency_recency_matrix",
    "from_json",
    "from_parameters",
    "iso_value",
    "likelihood_ratio",
    "middle",
    "model_choice",
    "new_customer",
    "payment_summary",
    "plot_alive_path",
    "plot_conditional_expectations",
    "plot_count_histogram",
    "plot_frequency_recency_matrix",
    "plot_iso_value",
    "plot_population",
    "plot_shrinkage",
    "plot_survival",
    "plot_tracking",
    "plot_worth_by_model",
    "predict",
    "predict_interval",
    "residual_lifetime",
    "season",
    "split",
    "summarise",
    "survival",
    "total_interval",
    "tracking",
    "value",
    "worth_by_model",
]
