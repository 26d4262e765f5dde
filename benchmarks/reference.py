"""The fitters of lifetimes 0.11.3, which benchmarks and tests hold ours to.

Importing and fitting with lifetimes changes the warning filters of the whole session; here both happen inside a guard
that puts the filters back. Its log-likelihoods are in rescaled time, and for some models a mean; here they are put
back into the units of the data.
"""

import contextlib
import importlib
import warnings

import numpy as np
import pandas as pd

from idic_lab.differentiate.clv.fitted_model import MODELS
from idic_lab.differentiate.clv.fitting import checked_columns
from idic_lab.errors import pick

FITTERS = {
    "bg_nbd": "BetaGeoFitter",
    "mbg_nbd": "ModifiedBetaGeoFitter",
    "pareto_nbd": "ParetoNBDFitter",
    "bg_bb": "BetaGeoBetaBinomFitter",
    "gamma_gamma": "GammaGammaFitter",
}


@contextlib.contextmanager
def quietly():
    """Let lifetimes warn and change filters as it likes, and leave the session as it was."""
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        yield


def lifetimes():
    """The lifetimes package, imported quietly."""
    with quietly():
        return importlib.import_module("lifetimes")


def fit(summary: pd.DataFrame, model: str, weights: str | None = None, **options) -> tuple[pd.Series, float]:
    """Parameters by our names, and the log-likelihood in the units of the data; for Gamma-Gamma of the repeat buyers alone."""
    pick("model", model, MODELS)
    columns = checked_columns(summary, model, *([weights] if weights else []))
    weight = columns.pop(weights) if weights else np.ones(len(summary))
    with quietly():
        fitter = getattr(lifetimes(), FITTERS[model])(penalizer_coef=0.0)
        fitter.fit(*columns.values(), weights=weight, **options)
    parameters = pd.Series(fitter.params_.to_numpy(), index=pd.Index(MODELS[model].parameters, dtype="str"))
    customers = 1.0 if model == "pareto_nbd" else weight.sum()
    log_likelihood = -customers * fitter._negative_log_likelihood_
    if MODELS[model].time_parameters:
        log_likelihood += np.dot(weight, columns["frequency"]) * np.log(fitter._scale)
    return parameters, float(log_likelihood)
