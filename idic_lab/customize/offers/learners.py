"""Uplift learners: what an offer changes for each customer, from a randomised campaign, and a rule short enough to read.

Each learner has ``fit(X, y, treated)`` (who was given the offer) and ``predict(X)``, the uplift in units of the outcome,
and works with any scikit-learn regressor; boosted trees by default.
"""

import numpy as np
import pandas as pd
from scipy.stats import norm
from sklearn.base import BaseEstimator
from sklearn.utils.validation import check_is_fitted, validate_data

from idic_lab.customize.offers.trials import CONTROL, arms, features
from idic_lab.errors import DataError, pick


class TLearner(BaseEstimator):
    """Two models: one of customers given the offer, one of the others; the uplift is their difference.

    Source: Künzel, Sekhon, Bickel & Yu (2019), Metalearners for estimating heterogeneous treatment effects, PNAS 116(10).
    """

    def __init__(self, regressor=None):
        self.regressor = regressor

    def fit(self, X, y, treated) -> "TLearner":
        X, y, treated = arrays(X, y, treated)
        self.given_ = fresh(self.regressor).fit(X[treated], y[treated])
        self.without_ = fresh(self.regressor).fit(X[~treated], y[~treated])
        return self

    def predict(self, X) -> np.ndarray:
        X = np.asarray(X, dtype=float)
        return self.given_.predict(X) - self.without_.predict(X)


class XLearner(TLearner):
    """Effects imputed for each arm from the other arm's model, then learned, then averaged.

    Source: Künzel, Sekhon, Bickel & Yu (2019), section "Introduction of the X-learner".
    """

    def fit(self, X, y, treated) -> "XLearner":
        super().fit(X, y, treated)
        X, y, treated = arrays(X, y, treated)
        self.share_ = treated.mean()
        gained = y[treated] - self.without_.predict(X[treated])
        missed = self.given_.predict(X[~treated]) - y[~treated]
        self.effect_given_ = fresh(self.regressor).fit(X[treated], gained)
        self.effect_without_ = fresh(self.regressor).fit(X[~treated], missed)
        return self

    def predict(self, X) -> np.ndarray:
        X = np.asarray(X, dtype=float)
        return self.share_ * self.effect_without_.predict(X) + (1 - self.share_) * self.effect_given_.predict(X)


class TransformedOutcome(BaseEstimator):
    """One model of an outcome made up so that its expectation is the uplift: y/p when given, -y/(1-p) when not.

    Source: Athey & Imbens (2016), Recursive partitioning for heterogeneous causal effects, PNAS 113(27).
    """

    def __init__(self, regressor=None):
        self.regressor = regressor

    def fit(self, X, y, treated) -> "TransformedOutcome":
        X, y, treated = arrays(X, y, treated)
        share = treated.mean()
        self.model_ = fresh(self.regressor).fit(X, np.where(treated, y / share, -y / (1 - share)))
        return self

    def predict(self, X) -> np.ndarray:
        return self.model_.predict(np.asarray(X, dtype=float))


LEARNERS = {"T-learner": TLearner, "X-learner": XLearner, "transformed outcome": TransformedOutcome}


def effect_scores(X, y, treated, regressor=None, n_folds: int = 4, random_state: int = 0) -> np.ndarray:
    """The doubly robust score of what an offer changes for each customer: right on average, and noisy for one alone.

    Source: Robins, Rotnitzky & Zhao (1994), JASA 89; for trees on scores, Athey & Wager (2021), Policy learning with
    observational data, Econometrica 89(1).

    >>> from sklearn.linear_model import LinearRegression
    >>> X, treated = np.arange(80.0)[:, None], np.arange(80) % 2 == 0
    >>> effect_scores(X, 3 * treated + X[:, 0], treated, LinearRegression()).round().tolist()[:3]
    [3.0, 3.0, 3.0]
    """
    X, y, treated = arrays(X, y, treated)
    part = parts(treated, n_folds, random_state)
    scores = np.empty(len(y))
    for number in range(n_folds):
        rest, here = part != number, part == number
        level = fresh(regressor).fit(X[rest], y[rest])
        scores[here] = scored(level, X[here], y[here], treated[here], treated.mean())
    return scores


def parts(treated: np.ndarray, n_folds: int, random_state: int) -> np.ndarray:
    """The part, from 0, that each customer falls into by lot; each part holds its share of both arms."""
    rng, part = np.random.default_rng(random_state), np.empty(len(treated), dtype=int)
    for arm in (treated, ~treated):
        if arm.sum() < 2 * n_folds:
            raise DataError(f"An arm of {arm.sum()} customers is too small to be divided into {n_folds} parts.")
        part[arm] = rng.permutation(int(arm.sum())) % n_folds
    return part


def scored(level, X, y, treated, share: float) -> np.ndarray:
    """Scores of customers, given a model of the outcome's level that did not see them.

    One level for both arms: that of a small arm alone would be noise that the expected effects share. As the chance of
    treatment is known, the scores are right on average whatever the model says.
    """
    return (y - level.predict(X)) * np.where(treated, 1 / share, -1 / (1 - share))


class PolicyTree(BaseEstimator):
    """The best rule of at most two questions on the way to each action, found by trying all of them.

    ``fit(X, scores)`` takes what acting would gain for each customer (:func:`effect_scores`), or a column per action;
    ``predict(X)`` is the action (0: none), ``apply(X)`` the leaf.

    Questions ask at the borders of ``n_bins`` quantiles; ``smallest`` is the share of customers that a leaf must hold.

    Source: Zhou, Athey & Wager (2023), Offline multi-action policy learning, Operations Research 71(1).

    >>> X = np.random.default_rng(0).uniform(size=(800, 2))
    >>> tree = PolicyTree().fit(X, np.where((X[:, 0] > 0.5) & (X[:, 1] > 0.25), 1.0, -1.0))
    >>> tree.predict([[0.9, 0.9], [0.9, 0.1], [0.1, 0.9]]).tolist(), len(set(tree.apply(X)))
    ([1, 0, 0], 3)
    """

    def __init__(self, n_bins: int = 16, smallest: float = 0.02):
        self.n_bins, self.smallest = n_bins, smallest

    def fit(self, X, y):
        X, y = validate_data(self, X, y, dtype=float, multi_output=True, y_numeric=True)
        scores = np.column_stack([np.zeros(len(y)), y]) if y.ndim == 1 else y
        borders = [np.unique(np.quantile(x, np.arange(1, self.n_bins) / self.n_bins, method="lower")) for x in X.T]
        bins = [np.searchsorted(border, x, side="left") for border, x in zip(borders, X.T, strict=True)]
        summed = np.column_stack([scores, np.ones(len(y))])  # the last column counts the customers of a leaf
        least, best, questions = max(1.0, self.smallest * len(y)), _worth(summed.sum(axis=0), 0), [None]
        for first in range(X.shape[1]):
            cells = np.stack([_cells(bins[first], second, summed, self.n_bins) for second in bins])
            (no, below_no), (yes, below_yes) = (
                _best_below(side, least) for side in (cells[:, :-1], cells[:, -1:] - cells[:, :-1])
            )
            cut = int((no + yes).argmax())
            if (no + yes)[cut] > best + 1e-12 and cut < len(borders[first]):
                best, questions = (no + yes)[cut], [(first, cut), below_no[cut], below_yes[cut]]
        self.value_, self.leaves_ = best / len(y), []
        asked = [None if each is None else (each[0], float(borders[each[0]][each[1]])) for each in questions]
        self.tree_ = self._grown(X, scores, np.ones(len(y), dtype=bool), *asked)
        return self

    def _grown(self, X, scores, rows, question, *below) -> dict:
        if question is None:
            self.leaves_.append(int(scores[rows].sum(axis=0).argmax()))
            return {"leaf": len(self.leaves_) - 1, "share": float(rows.mean())}
        feature, border = question
        yes, (if_no, if_yes) = X[:, feature] > border, below or (None, None)
        node = {"feature": feature, "border": border, "no": self._grown(X, scores, rows & ~yes, if_no)}
        return node | {"yes": self._grown(X, scores, rows & yes, if_yes)}

    def apply(self, X) -> np.ndarray:
        """The leaf of each row, from 0."""
        check_is_fitted(self)
        X = validate_data(self, X, dtype=float, reset=False)

        def leaf(node: dict) -> np.ndarray | int:
            if "leaf" in node:
                return node["leaf"]
            return np.where(X[:, node["feature"]] > node["border"], leaf(node["yes"]), leaf(node["no"]))

        return np.broadcast_to(leaf(self.tree_), len(X)).copy()

    def predict(self, X) -> np.ndarray:
        """The action for each row."""
        leaves = self.apply(X)
        return np.array(self.leaves_)[leaves]

    def rule(self, names, actions=("leave alone", "contact"), node: dict | None = None) -> dict:
        """The tree in words: ``question``, ``no`` and ``yes``; at the ends ``text`` and ``group`` (the action)."""
        node = self.tree_ if node is None else node
        if "leaf" in node:
            action = self.leaves_[node["leaf"]]
            return {"text": f"{actions[action]}\n{node['share']:.0%} of customers", "group": action}
        below = {answer: self.rule(names, actions, node[answer]) for answer in ("no", "yes")}
        return {"question": f"{names[node['feature']]} > {node['border']:.4g}"} | below


def _cells(first, second, summed, n: int) -> np.ndarray:
    """Sums over customers up to each pair of bins, shape (n, n, columns)."""
    code = first * n + second
    cells = np.stack([np.bincount(code, column, n * n).reshape(n, n) for column in summed.T], axis=-1)
    return cells.cumsum(axis=0).cumsum(axis=1)


def _worth(sums: np.ndarray, least: float) -> np.ndarray:
    """What the best action for a group is worth; nothing is worse than too small a group."""
    return np.where(sums[..., -1] >= least, sums[..., :-1].max(axis=-1), -np.inf)


def _best_below(cells: np.ndarray, least: float) -> tuple[np.ndarray, list]:
    """For each place of the first question what one side is worth, and the second question that makes it so, or None.

    ``cells`` (features, places, bins, columns) are sums over the side's customers up to each border of the second one.
    """
    whole = cells[0, :, -1]
    undivided = _worth(whole, least)
    worth = (_worth(cells, least) + _worth(whole[:, None] - cells, least))[:, :, :-1]
    divided = worth.swapaxes(0, 1).reshape(len(whole), -1)
    best, cut = divided.max(axis=1), divided.round(9).argmax(axis=1)  # of equals the first
    splits = zip(*np.divmod(cut, worth.shape[2]), best > undivided + 1e-12, strict=True)
    return np.maximum(best, undivided), [(int(feature), int(at)) if gains else None for feature, at, gains in splits]


def arrays(X, y, treated) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    return np.asarray(X, dtype=float), np.asarray(y, dtype=float), np.asarray(treated, dtype=bool)


def fresh(regressor):
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

    Parameters:
        method ({"X-learner", "T-learner", "transformed outcome"})
        target: Other customers to predict, with the same columns; all of `results` is then learned from.
        n_folds: Parts that the customers are divided into; each is predicted by what the others taught.
    Returns:
        DataFrame: One column per arm other than control, rows as `results` (or `target`): change of the outcome.

    >>> from sklearn.linear_model import LinearRegression
    >>> trial = pd.DataFrame({"customer_id": range(80), "orders": [1, 2, 3, 4] * 20, "arm": ["offer"] * 40 + ["control"] * 40})
    >>> trial["profit"] = trial["orders"] * (trial["arm"] == "offer")
    >>> uplift(trial, "profit", "T-learner", LinearRegression())["offer"].head(4).round().tolist()
    [1.0, 2.0, 3.0, 4.0]
    """
    y, arm_of = results[outcome].to_numpy(float), results["arm"].to_numpy()

    def fitted(X, rows, arm):
        rows = rows[np.isin(arm_of[rows], (arm, CONTROL))]
        return pick("uplift learner", method, LEARNERS)(regressor).fit(X[rows], y[rows], arm_of[rows] == arm)

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

    Parameters and rows as for `uplift`; one column per arm.

    >>> from sklearn.linear_model import LinearRegression
    >>> trial = pd.DataFrame({"customer_id": range(80), "orders": [1, 2, 3, 4] * 20, "arm": ["offer"] * 40 + ["control"] * 40})
    >>> trial["profit"] = trial["orders"] * (trial["arm"] == "offer")
    >>> expected_outcomes(trial, "profit", LinearRegression()).head(1).round().to_dict("records")
    [{'control': 0.0, 'offer': 1.0}]
    """
    y, arm_of = results[outcome].to_numpy(float), results["arm"].to_numpy()

    def fitted(X, rows, arm):
        rows = rows[arm_of[rows] == arm]
        return fresh(regressor).fit(X[rows], y[rows])

    return _predicted(results, target, sorted(set(arm_of)), fitted, n_folds, random_state)


def _predicted(results, target, columns, fitted, n_folds, random_state) -> pd.DataFrame:
    """One prediction per customer and column: of `target` by all, else of each part by the other parts."""
    from sklearn.model_selection import StratifiedKFold

    whom, known = results if target is None else target, features(results)
    X, new = known.to_numpy(), features(whom).reindex(columns=known.columns, fill_value=0.0).to_numpy()
    folds = [(np.arange(len(X)), np.arange(len(new)))]
    if target is None:
        folds = StratifiedKFold(n_folds, shuffle=True, random_state=random_state).split(X, results["arm"])
    found = np.zeros((len(new), len(columns)))
    for train, test in folds:
        for position, name in enumerate(columns):
            found[test, position] = fitted(X, train, name).predict(new[test])
    return pd.DataFrame(found, index=whom.index, columns=columns)


def effects_differ(X, y, treated, regressor=None, n_folds: int = 5, random_state: int = 0) -> pd.DataFrame:
    """Does an offer change more for some customers than for others? Two tests, one-sided.

    Effects are learned on the first part of the customers and tried on the second, learned on these two and tried on the
    third, and so on: as no part is tried crosswise, the statistics add up to a normal one when effects do not differ.

    Returns:
        DataFrame: ``test``: *calibration* (do customers with a larger expected effect show a larger one?) and *AUTOC*
            (do those ranked first gain more than all?); ``statistic`` (standard normal without differences),
            ``p_value``.

    Source: Wager (2024), Sequential validation of treatment heterogeneity, arXiv 2405.05534; Chernozhukov, Demirer, Duflo &
    Fernández-Val (2018), NBER 24678; Yadlowsky, Fleming, Shah, Brunskill & Wager (2025), JASA, for AUTOC.

    >>> from sklearn.linear_model import LinearRegression
    >>> rng = np.random.default_rng(0)
    >>> X, treated = rng.normal(size=(600, 2)), rng.random(600) < 0.5
    >>> effects_differ(X, treated * X[:, 0] + rng.normal(size=600), treated, LinearRegression())["p_value"].lt(0.01).all()
    np.True_
    """
    X, y, treated = arrays(X, y, treated)
    part = parts(treated, n_folds, random_state)
    found = []
    for number in range(1, n_folds):
        before, here = part < number, part == number
        level = fresh(regressor).fit(X[before], y[before])
        expected = TLearner(regressor).fit(X[before], y[before], treated[before]).predict(X[here])
        found.append(_told(scored(level, X[here], y[here], treated[here], treated.mean()), expected))
    statistic = np.sum(found, axis=0) / np.sqrt(len(found))
    return pd.DataFrame({"test": ["calibration", "AUTOC"], "statistic": statistic, "p_value": norm.sf(statistic)})


def _told(score, expected) -> tuple[float, float]:
    """The t statistics of a slope of scores on expected effects, and of the area under the targeting operator curve."""
    n = len(score)
    x, s = expected - expected.mean(), score - score.mean()
    if x.std() < 1e-9 * max(score.std(), 1e-300):
        return 0.0, 0.0
    slope = x @ s / (x @ x)
    error = np.sqrt((x**2) @ (s - slope * x) ** 2) / (x @ x)
    weight = np.empty(n)
    weight[np.argsort(-expected, kind="stable")] = np.cumsum(1 / np.arange(n, 0, -1.0))[::-1] - 1
    weight = pd.Series(weight).groupby(expected).transform("mean").to_numpy()
    part = weight * s
    return float(slope / error), float(part.mean() / (part.std(ddof=1) / np.sqrt(n)))
