"""Generalised linear models with the intervals that repeated observations of one customer need."""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy.special import expit
from scipy.stats import norm

from idic_lab.errors import FitError

LINKS = ("log", "logit")
_ROUNDS = 50


def regression(features: pd.DataFrame, outcome, customers, link: str = "logit") -> pd.DataFrame:
    """Coefficients with standard errors that allow a customer's observations to resemble each other.

    Parameters
    ----------
    features : DataFrame of numbers
        One row per observation; include a column of ones where a constant is wanted.
    outcome : array-like of 0 and 1, shape (n_observations,)
    customers : array-like, shape (n_observations,)
        Whose observation it is.
    link : {"logit", "log"}
        ``"logit"`` gives log odds ratios. ``"log"`` gives log ratios of probabilities, by the Poisson likelihood,
        whose estimates stay right for outcomes of 0 and 1 when the standard errors are robust, as here.

    Returns
    -------
    DataFrame
        ``term``, ``estimate``, ``standard_error``, ``low``, ``high`` (95%).

    Raises
    ------
    FitError
        When the estimates do not settle, as when one feature separates the outcomes perfectly.

    Source: Zou (2004), American Journal of Epidemiology 159(7), for the modified Poisson regression; Liang & Zeger
    (1986), Biometrika 73(1), for standard errors by cluster.

    Examples
    --------
    >>> features = pd.DataFrame({"constant": 1.0, "late": [0, 0, 0, 0, 1, 1, 1, 1]})
    >>> found = regression(features, [1, 1, 1, 0, 1, 0, 0, 0], list("abcdefgh"), link="log")
    >>> found["estimate"].round(3).tolist()  # log 3/4, and the log of a third
    [-0.288, -1.099]
    """
    X, y = features.to_numpy(dtype=float), np.asarray(outcome, dtype=float)
    mean = np.exp if link == "log" else expit
    start = np.log(max(y.mean(), 1e-6)) if link == "log" else 0.0
    estimate = np.linalg.lstsq(X, np.full(len(y), start), rcond=None)[0]
    for _ in range(_ROUNDS):
        mu = mean(X @ estimate)
        bread = (X * (mu if link == "log" else mu * (1 - mu))[:, None]).T @ X
        if np.linalg.cond(bread) > 1e12:
            raise FitError(
                f"The regression on {', '.join(features.columns)} has no single answer: a feature repeats others or "
                "separates the outcomes perfectly."
            )
        step = np.linalg.solve(bread, X.T @ (y - mu))
        estimate = estimate + step
        if np.abs(step).max() < 1e-9:
            break
    else:
        raise FitError(f"The regression on {', '.join(features.columns)} did not settle in {_ROUNDS} rounds.")
    covariance = _by_customer(X * (y - mean(X @ estimate))[:, None], bread, customers)
    return coefficients(list(features.columns), estimate, np.sqrt(np.diag(covariance)))


def coefficients(terms: list[str], estimate: np.ndarray, standard_error: np.ndarray) -> pd.DataFrame:
    """A table of estimates with their 95% intervals."""
    half = norm.ppf(0.975) * standard_error
    return pd.DataFrame(
        {
            "term": pd.array(terms, dtype="str"),
            "estimate": estimate,
            "standard_error": standard_error,
            "low": estimate - half,
            "high": estimate + half,
        }
    )


def _by_customer(scores: np.ndarray, bread: np.ndarray, customers) -> np.ndarray:
    """The sandwich: scores are summed within customers before they are squared."""
    code = pd.factorize(np.asarray(customers, dtype=object))[0]
    summed = np.zeros((code.max() + 1, scores.shape[1]))
    np.add.at(summed, code, scores)
    inverse = np.linalg.inv(bread)
    return inverse @ (summed.T @ summed) @ inverse
