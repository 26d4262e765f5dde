"""Regressions with the intervals that repeated observations of one customer need."""

import warnings

import numpy as np
import pandas as pd
from scipy.stats import t as student_t

from idic_lab.errors import FitError, pick


def regression(
    features: pd.DataFrame, outcome, customers, link: str = "logit", confidence: float = 0.95
) -> pd.DataFrame:
    """Coefficients with standard errors that allow a customer's observations to resemble each other.

    Parameters:
        features: One row per observation; include a column of ones where a constant is wanted.
        outcome: 0 or 1.
        customers: Whose observation it is.
        link: ``"logit"`` gives log odds ratios; ``"log"`` log ratios of probabilities, by the Poisson likelihood, whose
            estimates stay right for outcomes of 0 and 1 when the standard errors are robust, as here.
    Returns:
        DataFrame: ``term``, ``estimate``, ``standard_error``, ``low``, ``high``.
    Raises:
        FitError: When there is no single answer, as when one feature separates the outcomes perfectly.

    Source: Zou (2004), American Journal of Epidemiology 159(7), for the modified Poisson regression; Liang & Zeger
    (1986), Biometrika 73(1), for standard errors by cluster.

    >>> features = pd.DataFrame({"constant": 1.0, "late": [0, 0, 0, 0, 1, 1, 1, 1]})
    >>> found = regression(features, [1, 1, 1, 0, 1, 0, 0, 0], list("abcdefgh"), link="log")
    >>> found["estimate"].round(3).tolist()  # log 3/4, and the log of a third
    [-0.288, -1.099]
    """
    import statsmodels.api as sm

    family = pick("link", link, {"logit": sm.families.Binomial, "log": sm.families.Poisson})()
    X, names = features.to_numpy(dtype=float), ", ".join(features.columns)
    model = sm.GLM(np.asarray(outcome, dtype=float), X, family=family)
    clusters = {"groups": pd.factorize(np.asarray(customers, dtype=object))[0], "use_correction": True}
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        try:
            fitted = model.fit(maxiter=100, tol=1e-12, tol_criterion="params", cov_type="cluster", cov_kwds=clusters)
            weight = fitted.mu if link == "log" else fitted.mu * (1 - fitted.mu)
            flat = np.linalg.cond((X * weight[:, None]).T @ X) > 1e12
        except (np.linalg.LinAlgError, ValueError) as error:
            raise FitError(f"The regression on {names} did not settle ({error}).") from error
    if flat or not np.isfinite(fitted.params).all():
        raise FitError(
            f"The regression on {names} has no single answer: a feature repeats others or separates the outcomes "
            "perfectly."
        )
    return coefficients(list(features.columns), fitted.params, fitted.bse, clusters["groups"].max() + 1, confidence)


def coefficients(terms, estimate, standard_error, customers=np.inf, confidence: float = 0.95) -> pd.DataFrame:
    """A table of estimates with their intervals; few customers tell little of the error, hence the quantiles of t.

    >>> coefficients(["slope"], [1.0], [0.5]).round(2).to_dict("records")
    [{'term': 'slope', 'estimate': 1.0, 'standard_error': 0.5, 'low': 0.02, 'high': 1.98}]
    """
    estimate, error = np.asarray(estimate, dtype=float), np.asarray(standard_error, dtype=float)
    half = student_t.ppf(0.5 + confidence / 2, customers - 1) * error
    table = pd.DataFrame({"term": pd.array(terms, dtype="str"), "estimate": estimate, "standard_error": error})
    return table.assign(low=estimate - half, high=estimate + half)
