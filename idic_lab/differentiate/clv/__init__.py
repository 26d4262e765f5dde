"""Customer lifetime value: summarise, split, fit, predict, value, and check against what happened."""

from idic_lab.differentiate.clv.contracts import (
    as_contracts,
    cohort_summary,
    contract_summary,
    payment_summary,
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
from idic_lab.differentiate.clv.fitted_model import FittedModel, from_json, from_parameters, likelihood_ratio
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
from idic_lab.differentiate.clv.summary import Season, Split, season, split, summarise
from idic_lab.differentiate.clv.valuation import dert, equity, frequency_class, iso_value, value
from idic_lab.differentiate.purchase_days import middle
