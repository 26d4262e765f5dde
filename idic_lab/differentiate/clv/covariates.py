"""Covariates that do not change with time: what is known of a customer and moves the rates of buying, leaving or spending.

A covariate multiplies. One unit more of it makes a customer buy at a rate that is so many times as high (alpha divided by the
ratio), leave so many times as readily (beta of the Pareto/NBD divided by it; the odds a / b of the BG/NBD multiplied), or spend
so many times as much (gamma multiplied). The logarithm of the ratio is the coefficient of the literature.

Source: Fader & Hardie (2007), "Incorporating time-invariant covariates into the Pareto/NBD and BG/NBD models", note 019. Its
BG/NBD moves a and b by coefficients of their own, CLVTools both by the same, which leaves the mean a / (a + b) where it was.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from idic_lab.differentiate.clv.fitted_model import TITLES, FittedModel
from idic_lab.errors import DataError, FitError, UnknownName, pick


class WithCovariates:
    """The likelihood of a model whose parameters move with covariates, which stand in `data` under their names."""

    def __init__(self, likelihood, pairs: Sequence[tuple[str, str]], start: np.ndarray):
        self.base, self.pairs, self.start = likelihood, pairs, start
        self.parameters = (*likelihood.parameters, *(f"{process}: {column}" for process, column in pairs))

    def starts(self, data):
        """Where the model without them has its top, with covariates that change nothing; and the model's own starts."""
        return [np.append(start, np.ones(len(self.pairs))) for start in (self.start, *self.base.starts(data))]

    def log_likelihood(self, theta, data):
        """Weighted sum of the log-likelihood, and its gradient by the model's parameters and the ratios."""
        own = len(self.base.parameters)
        here = list(theta[:own])
        moved = []
        for (process, column), ratio in zip(self.pairs, theta[own:], strict=True):
            name, sign = self.base.effects[process]
            place = self.base.parameters.index(name)
            moved.append((place, sign * data[column]))
            here[place] = here[place] * np.exp(np.log(ratio) * moved[-1][1])
        logs, gradient = self.base.each(here, data)
        by_log = gradient * data["weights"] * np.array([np.broadcast_to(part, logs.shape) for part in here])
        total = [*by_log.sum(axis=1), *(np.dot(by_log[place], by) for place, by in moved)]
        return np.dot(data["weights"], logs), np.array(total) / theta

    def flags(self, theta):
        """Those of the model itself."""
        return self.base.flags(theta[: len(self.base.parameters)])


def named(model: str, likelihood, covariates: Sequence[str] | Mapping[str, Sequence[str]]) -> list[tuple[str, str]]:
    """Pairs of a process and a column, each column acting on all that the model describes unless it is said on what."""
    effects = getattr(likelihood, "effects", None)
    if effects is None:
        raise FitError(f"{TITLES[model]} takes no covariates; fit it to each group of customers by itself.")
    if isinstance(covariates, str):
        raise DataError(f"covariates should be a list of columns, as in [{covariates!r}].")
    if not isinstance(covariates, Mapping):
        covariates = dict.fromkeys(effects, covariates)
    for process in covariates:
        pick("process that a covariate acts on", process, effects)
    return [(process, column) for process, columns in covariates.items() for column in columns]


def numbers(table: pd.DataFrame, columns: Sequence[str]) -> dict[str, np.ndarray]:
    """Covariates as arrays; an error where one is text, missing somewhere, or the same for everyone."""
    found = {}
    for name in columns:
        if name not in table.columns:
            raise DataError(
                f"No covariate stands in the summary by this name. {UnknownName('column', name, table.columns)}"
            )
        if not pd.api.types.is_numeric_dtype(table[name]):
            raise DataError(
                f"The covariate {name!r} should hold numbers, or True and False, found {table[name].dtype}; make a column of "
                f"each of its values but one, as in pandas.get_dummies(summary, columns=[{name!r}], drop_first=True)."
            )
        found[name] = table[name].to_numpy(dtype=float, na_value=np.nan)
        wrong = ~np.isfinite(found[name])
        if wrong.any():
            raise DataError(
                f"The covariate {name!r} has {int(wrong.sum()):,} missing or infinite values, the first at row {wrong.argmax()}."
            )
    return found


def standardised(columns: dict[str, np.ndarray], weight: np.ndarray, likelihood: WithCovariates):
    """Covariates with mean 0 and variance 1, and the matrix that takes log-parameters back to the covariates' own units."""
    base, back = likelihood.base, np.eye(len(likelihood.parameters))
    told = dict(columns)
    for place, (process, column) in enumerate(likelihood.pairs, start=len(base.parameters)):
        mean = np.average(columns[column], weights=weight)
        spread = np.sqrt(np.average((columns[column] - mean) ** 2, weights=weight))
        if not spread > 1e-9 * max(abs(mean), 1e-300):
            raise DataError(
                f"The covariate {column!r} is the same for all customers, so nothing can be said of its effect."
            )
        told[column] = (columns[column] - mean) / spread
        name, sign = base.effects[process]
        back[base.parameters.index(name), place] = -sign * mean / spread
        back[place, place] = 1 / spread
    return told, back


def likelihood_ratio(larger: FittedModel, smaller: FittedModel) -> pd.Series:
    """Whether covariates say anything: a likelihood-ratio test of a model against the same with fewer of them.

    Returns:
        Series: ``statistic`` (twice the difference of the log-likelihoods), ``degrees_of_freedom``, ``p_value``.

    Source: Wilks (1938), Annals of Mathematical Statistics 9(1).

    >>> from idic_lab import datasets
    >>> from idic_lab.differentiate import clv
    >>> summary = clv.summarise(datasets.load("cdnow_sample", quiet=True).transactions, "1997-09-30")
    >>> summary["even"] = summary["customer_id"].astype(int) % 2 == 0
    >>> test = clv.likelihood_ratio(clv.fit(summary, covariates=["even"]), clv.fit(summary))
    >>> int(test["degrees_of_freedom"]), bool(test["p_value"] > 0.05)
    (2, True)
    """
    from scipy.stats import chi2

    more = set(larger.params_.index) - set(smaller.params_.index)
    if larger.model != smaller.model or not more or set(smaller.params_.index) - set(larger.params_.index):
        raise FitError("A likelihood-ratio test compares a model with the same model that has fewer covariates.")
    if larger.n_customers_ != smaller.n_customers_:
        raise FitError(
            f"Both models should be fitted to the same customers, found {larger.n_customers_:,.0f} and "
            f"{smaller.n_customers_:,.0f}."
        )
    statistic = max(2 * (larger.log_likelihood_ - smaller.log_likelihood_), 0.0)
    return pd.Series(
        {"statistic": statistic, "degrees_of_freedom": len(more), "p_value": float(chi2.sf(statistic, len(more)))}
    )
