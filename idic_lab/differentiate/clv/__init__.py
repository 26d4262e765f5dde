"""Customer lifetime value: summarise, split, fit, predict, value, and check against what happened."""

from idic_lab.differentiate.clv.contracts import (
    as_contracts as as_contracts,
    cohort_summary as cohort_summary,
    contract_summary as contract_summary,
    payment_summary as payment_summary,
    residual_lifetime as residual_lifetime,
    survival as survival,
)
from idic_lab.differentiate.clv.evaluation import (
    baselines as baselines,
    conditional_expectations as conditional_expectations,
    count_histogram as count_histogram,
    evaluate as evaluate,
    tracking as tracking,
)
from idic_lab.differentiate.clv.fitted_model import (
    FittedModel as FittedModel,
    from_json as from_json,
    from_parameters as from_parameters,
    likelihood_ratio as likelihood_ratio,
)
from idic_lab.differentiate.clv.fitting import fit as fit
from idic_lab.differentiate.clv.intervals import (
    equity_interval as equity_interval,
    fit_each as fit_each,
    model_choice as model_choice,
    new_customer as new_customer,
    predict_interval as predict_interval,
    total_interval as total_interval,
    worth_by_model as worth_by_model,
)
from idic_lab.differentiate.clv.plots import (
    plot_alive_path as plot_alive_path,
    plot_conditional_expectations as plot_conditional_expectations,
    plot_count_histogram as plot_count_histogram,
    plot_frequency_recency_matrix as plot_frequency_recency_matrix,
    plot_iso_value as plot_iso_value,
    plot_population as plot_population,
    plot_shrinkage as plot_shrinkage,
    plot_tracking as plot_tracking,
    plot_worth_by_model as plot_worth_by_model,
)
from idic_lab.differentiate.clv.predictions import (
    STANDINGS as STANDINGS,
    alike_in_silence as alike_in_silence,
    alive as alive,
    alive_path as alive_path,
    at_stake as at_stake,
    expected_purchases_new as expected_purchases_new,
    expected_spend as expected_spend,
    frequency_recency_matrix as frequency_recency_matrix,
    predict as predict,
)
from idic_lab.differentiate.clv.summary import (
    Season as Season,
    Split as Split,
    season as season,
    split as split,
    summarise as summarise,
)
from idic_lab.differentiate.clv.valuation import (
    dert as dert,
    equity as equity,
    frequency_class as frequency_class,
    iso_value as iso_value,
    value as value,
)
from idic_lab.differentiate.purchase_days import middle as middle
