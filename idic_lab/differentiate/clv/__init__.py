"""Customer lifetime value: summarise, split, fit, predict, value, and check against what happened."""

from idic_lab.differentiate.clv.baselines import baselines
from idic_lab.differentiate.clv.calibration import (
    alive_calibration,
    conditional_expectations,
    decile_calibration,
)
from idic_lab.differentiate.clv.customer_equity import equity, frequency_class, rfm_cells
from idic_lab.differentiate.clv.evaluation import evaluate
from idic_lab.differentiate.clv.fitted_model import FittedModel, from_json, from_parameters
from idic_lab.differentiate.clv.fitting import fit
from idic_lab.differentiate.clv.maps import frequency_recency_matrix, iso_value
from idic_lab.differentiate.clv.plots import (
    plot_alive_path,
    plot_calibration,
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
    predict,
)
from idic_lab.differentiate.clv.splitting import Split, split
from idic_lab.differentiate.clv.summaries import summarise
from idic_lab.differentiate.clv.tracking_over_time import tracking
from idic_lab.differentiate.clv.valuation import dert, value

__all__ = [
    "FittedModel",
    "Split",
    "alive",
    "alive_calibration",
    "alive_path",
    "baselines",
    "conditional_expectations",
    "decile_calibration",
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
    "plot_calibration",
    "plot_conditional_expectations",
    "plot_frequency_recency_matrix",
    "plot_iso_value",
    "plot_tracking",
    "predict",
    "rfm_cells",
    "split",
    "summarise",
    "tracking",
    "value",
]
