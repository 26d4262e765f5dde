"""Uplift learners: what an offer changes for each customer, from a randomised campaign.

Each has ``fit(X, y, treated)`` and ``predict(X)`` and works with any scikit-learn regressor.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from idic_lab.customize.offers.trials import CONTROL, arms, features, shares
from idic_lab.errors import pick


class TLearner:
    """Two models: one of customers given the offer, one of the others; the uplift is their difference.

    ``fit(X, y, treated)`` learns from features, outcome and who was given the offer; ``predict(X)`` is the uplift of each
    customer, in units of the outcome.

    Parameters
    ----------
    regressor : estimator, optional
        Any scikit-learn regressor; boosted trees by default.

    Source: Künzel, Sekhon, Bickel & Yu (2019), Metalearners for estimating heterogeneous treatment effects, PNAS 116(10).
    """

    def __init__(self, regressor=None):
        self.regressor = regressor

    def fit(self, X, y, treated) -> TLearner:
        X, y, treated = _arrays(X, y, treated)
        self.given_ = _fresh(self.regressor).fit(X[treated], y[treated])
        self.without_ = _fresh(self.regressor).fit(X[~treated], y[~treated])
        return self

    def predict(self, X) -> np.ndarray:
        X = np.asarray(X, dtype=float)
        return self.given_.predict(X) - self.without_.predict(X)


class XLearner(TLearner):
    """Effects imputed for each arm from the other arm's model, then learned, then averaged.

    Source: Künzel, Sekhon, Bickel & Yu (2019), section "Introduction of the X-learner".
    """

    def fit(self, X, y, treated) -> XLearner:
        super().fit(X, y, treated)
        X, y, treated = _arrays(X, y, treated)
        self.share_ = treated.mean()
        gained = y[treated] - self.without_.predict(X[treated])
        missed = self.given_.predict(X[~treated]) - y[~treated]
        self.effect_given_ = _fresh(self.regressor).fit(X[treated], gained)
        self.effect_without_ = _fresh(self.regressor).fit(X[~treated], missed)
        return self

    def predict(self, X) -> np.ndarray:
        X = np.asarray(X, dtype=float)
        return self.share_ * self.effect_without_.predict(X) + (1 - self.share_) * self.effect_given_.predict(X)


class TransformedOutcome:
    """One model of an outcome made up so that its expectation is the uplift: y/p when given, -y/(1-p) when not.

    Source: Athey & Imbens (2016), Recursive partitioning for heterogeneous causal effects, PNAS 113(27).
    """

    def __init__(self, regressor=None):
        self.regressor = regressor

    def fit(self, X, y, treated) -> TransformedOutcome:
        X, y, treated = _arrays(X, y, treated)
        share = treated.mean()
        self.model_ = _fresh(self.regressor).fit(X, np.where(treated, y / share, -y / (1 - share)))
        return self

    def predict(self, X) -> np.ndarray:
        return self.model_.predict(np.asarray(X, dtype=float))


LEARNERS = {"T-learner": TLearner, "X-learner": XLearner, "transformed outcome": TransformedOutcome}


def learner(name: str, regressor=None):
    """A learner by name: "T-learner", "X-learner" or "transformed outcome".

    Examples
    --------
    >>> type(learner("X-learner")).__name__
    'XLearner'
    """
    return pick("uplift learner", name, LEARNERS)(regressor)


def _arrays(X, y, treated) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    return np.asarray(X, dtype=float), np.asarray(y, dtype=float), np.asarray(treated, dtype=bool)


def _fresh(regressor):
    """A copy of the regressor not yet fitted; by default boosted trees, shallow and slow, for effects are small."""
    from sklearn.base import clone
    from sklearn.ensemble import HistGradientBoostingRegressor

    if regressor is not None:
        return clone(regressor)
    trees = {"learning_rate": 0.08, "max_iter": 80, "max_leaf_nodes": 12, "min_samples_leaf": 60}
    return HistGradientBoostingRegressor(**trees, l2_regularization=5.0, early_stopping=False, random_state=0)


def uplift(
    results: pd.DataFrame,
    outcome: str = "profit",
    method: str = "X-learner",
    regressor=None,
    target: pd.DataFrame | None = None,
    n_folds: int = 4,
    random_state: int = 0,
) -> pd.DataFrame:
    """Uplift of every customer of a campaign, each predicted by models that did not see the customer.

    Parameters
    ----------
    results : DataFrame
        ``campaign_results`` with the column `outcome`.
    method : {"X-learner", "T-learner", "transformed outcome"}
    target : DataFrame, optional
        Other customers to predict, with the same columns; all of `results` is then learned from.
    n_folds : int
        Parts that the customers are divided into; each is predicted by what the others taught.

    Returns
    -------
    DataFrame
        One column per arm other than control, rows as `results` (or `target`): predicted change of the outcome.

    Examples
    --------
    >>> from sklearn.linear_model import LinearRegression
    >>> trial = pd.DataFrame({"customer_id": range(80), "orders": [1, 2, 3, 4] * 20, "arm": ["offer"] * 40 + ["control"] * 40})
    >>> trial["profit"] = trial["orders"] * (trial["arm"] == "offer")
    >>> uplift(trial, "profit", "T-learner", LinearRegression())["offer"].head(4).round().tolist()
    [1.0, 2.0, 3.0, 4.0]
    """
    y, arm_of = results[outcome].to_numpy(float), results["arm"].to_numpy()

    def fitted(X, rows, arm):
        rows = rows[np.isin(arm_of[rows], (arm, CONTROL))]
        return learner(method, regressor).fit(X[rows], y[rows], arm_of[rows] == arm)

    return _predicted(results, target, arms(results), fitted, n_folds, random_state)


def expected_outcomes(
    results: pd.DataFrame,
    outcome: str = "profit",
    regressor=None,
    target: pd.DataFrame | None = None,
    n_folds: int = 4,
    random_state: int = 0,
) -> pd.DataFrame:
    """Expected outcome of every customer under every arm, control included, by models that did not see the customer.

    Parameters
    ----------
    results, outcome, regressor, target, n_folds, random_state
        As for `uplift`.

    Returns
    -------
    DataFrame
        One column per arm, rows as `results` (or `target`).

    Examples
    --------
    >>> from sklearn.linear_model import LinearRegression
    >>> trial = pd.DataFrame({"customer_id": range(80), "orders": [1, 2, 3, 4] * 20, "arm": ["offer"] * 40 + ["control"] * 40})
    >>> trial["profit"] = trial["orders"] * (trial["arm"] == "offer")
    >>> expected_outcomes(trial, "profit", LinearRegression()).head(1).round().to_dict("records")
    [{'control': 0.0, 'offer': 1.0}]
    """
    y, arm_of = results[outcome].to_numpy(float), results["arm"].to_numpy()

    def fitted(X, rows, arm):
        rows = rows[arm_of[rows] == arm]
        return _fresh(regressor).fit(X[rows], y[rows])

    return _predicted(results, target, list(shares(results).index), fitted, n_folds, random_state)


def _predicted(results, target, columns, fitted, n_folds, random_state) -> pd.DataFrame:
    """One prediction per customer and column: of `target` by all, else of each part by the other parts."""
    known = features(results)
    X = known.to_numpy()
    if target is not None:
        new = features(target).reindex(columns=known.columns, fill_value=0.0).to_numpy()
        everyone = np.arange(len(X))
        found = {name: fitted(X, everyone, name).predict(new) for name in columns}
        return pd.DataFrame(found, index=target.index)
    from sklearn.model_selection import StratifiedKFold

    found = np.zeros((len(X), len(columns)))
    folds = StratifiedKFold(n_folds, shuffle=True, random_state=random_state)
    for train, test in folds.split(X, results["arm"]):
        for position, name in enumerate(columns):
            found[test, position] = fitted(X, train, name).predict(X[test])
    return pd.DataFrame(found, index=results.index, columns=columns)
