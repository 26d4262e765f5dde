"""Customer lifetime value: summarise, split, fit, predict, value, and check against what happened."""

from idic_lab.differentiate.clv.fitted_model import FittedModel, from_json
from idic_lab.differentiate.clv.fitting import fit
from idic_lab.differentiate.clv.summaries import summarise

__all__ = ["FittedModel", "fit", "from_json", "summarise"]
