"""Customer lifetime value: summarise, split, fit, predict, value, and check against what happened."""

from idic_lab.differentiate.clv.contracts import as_contracts as as_contracts, cohort_summary as cohort_summary
from idic_lab.differentiate.clv.contracts import contract_summary as contract_summary
from idic_lab.differentiate.clv.contracts import payment_summary as payment_summary
from idic_lab.differentiate.clv.contracts import residual_lifetime as residual_lifetime, survival as survival
from idic_lab.differentiate.clv.evaluation import baselines as baselines
from idic_lab.differentiate.clv.evaluation import conditional_expectations as conditional_expectations
from idic_lab.differentiate.clv.evaluation import count_histogram as count_histogram, evaluate as evaluate
from idic_lab.differentiate.clv.evaluation import tracking as tracking
from idic_lab.differentiate.clv.fitted_model import FittedModel as FittedModel, from_json as from_json
from idic_lab.differentiate.clv.fitted_model import from_parameters as from_parameters
from idic_lab.differentiate.clv.fitted_model import likelihood_ratio as likelihood_ratio
from idic_lab.differentiate.clv.fitting import fit as fit
from idic_lab.differentiate.clv.intervals import equity_interval as equity_interval, fit_each as fit_each
from idic_lab.differentiate.clv.intervals import model_choice as model_choice, new_customer as new_customer
from idic_lab.differentiate.clv.intervals import predict_interval as predict_interval, total_interval as total_interval
from idic_lab.differentiate.clv.intervals import worth_by_model as worth_by_model
from idic_lab.differentiate.clv.plots import plot_alive_path as plot_alive_path
from idic_lab.differentiate.clv.plots import plot_conditional_expectations as plot_conditional_expectations
from idic_lab.differentiate.clv.plots import plot_count_histogram as plot_count_histogram
from idic_lab.differentiate.clv.plots import plot_frequency_recency_matrix as plot_frequency_recency_matrix
from idic_lab.differentiate.clv.plots import plot_iso_value as plot_iso_value, plot_population as plot_population
from idic_lab.differentiate.clv.plots import plot_shrinkage as plot_shrinkage, plot_tracking as plot_tracking
from idic_lab.differentiate.clv.plots import plot_worth_by_model as plot_worth_by_model
from idic_lab.differentiate.clv.predictions import STANDINGS as STANDINGS, alike_in_silence as alike_in_silence
from idic_lab.differentiate.clv.predictions import alive as alive, alive_path as alive_path, at_stake as at_stake
from idic_lab.differentiate.clv.predictions import expected_purchases_new as expected_purchases_new
from idic_lab.differentiate.clv.predictions import expected_spend as expected_spend
from idic_lab.differentiate.clv.predictions import frequency_recency_matrix as frequency_recency_matrix
from idic_lab.differentiate.clv.predictions import predict as predict
from idic_lab.differentiate.clv.summary import Season as Season, Split as Split, season as season, split as split
from idic_lab.differentiate.clv.summary import summarise as summarise
from idic_lab.differentiate.clv.valuation import dert as dert, equity as equity, frequency_class as frequency_class
from idic_lab.differentiate.clv.valuation import iso_value as iso_value, value as value
from idic_lab.differentiate.purchase_days import middle as middle
