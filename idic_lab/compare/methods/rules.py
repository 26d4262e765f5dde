"""Segmentations by rule: RFM quintiles, tiers of value, a tree grown on spend, needs crossed with value; and none at all."""

import inspect
from collections.abc import Sequence

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator, ClusterMixin
from sklearn.tree import DecisionTreeRegressor
from sklearn.utils.validation import check_is_fitted, validate_data

from idic_lab.compare.customers import ANSWER, GAIN, RFM, FeatureSpace
from idic_lab.compare.methods.clusterers import LatentClassSegments
from idic_lab.compare.registry import Method, get_method, method, normalised
from idic_lab.customize.offers import PolicyTree
from idic_lab.differentiate import clv
from idic_lab.errors import LabError


class RFMQuintiles(ClusterMixin, BaseEstimator):
    """Cells of recency, frequency and monetary scores; the borders of the fifths are learned, then fixed.

    Equal customers are never divided, so with many of them there are fewer than 125 cells.

    Source: Hughes (1994), Strategic Database Marketing.

    >>> table = pd.DataFrame({"recency_days": range(10), "frequency": 1, "monetary": range(10)})
    >>> len(set(RFMQuintiles().fit(table).labels_))
    5
    """

    def __init__(self, parts: int = 5):
        self.parts = parts

    def fit(self, X: pd.DataFrame, y=None):
        """Learn the borders from ``recency_days``, ``frequency``, ``monetary``."""
        at = np.arange(1, self.parts) / self.parts
        self.borders_ = {name: np.unique(np.quantile(X[name], at)) for name in RFM}
        self.labels_ = self.predict(X)
        return self

    def predict(self, X: pd.DataFrame) -> np.ndarray:
        """The cell of each row, as a number in base `parts`."""
        cell = np.zeros(len(X), dtype=int)
        for name, borders in self.borders_.items():
            cell = cell * self.parts + np.searchsorted(borders, X[name].to_numpy(), side="left")
        return cell


class SpendTree(ClusterMixin, BaseEstimator):
    """Leaves of a regression tree that predicts spend, grown on an earlier period whose outcome is known.

    The tree learns from RFM in the middle of the calibration period what customers spent in the second half of it, and
    is then applied to RFM at its end. Nothing after the calibration period is touched.

    Source: Breiman, Friedman, Olshen & Stone (1984), Classification and Regression Trees.
    """

    def __init__(self, n_segments: int = 5, random_state: int = 0):
        self.n_segments, self.random_state = n_segments, random_state

    def fit(self, X: pd.DataFrame, y=None):
        """Grow the tree from ``earlier_...`` and ``spend_since``."""
        known = X.dropna(subset=["spend_since"])
        self.tree_ = DecisionTreeRegressor(
            max_leaf_nodes=max(self.n_segments, 2), min_samples_leaf=20, random_state=self.random_state
        ).fit(known[[f"earlier_{name}" for name in RFM]].to_numpy(), np.log1p(known["spend_since"]))
        self.labels_ = self.predict(X)
        return self

    def predict(self, X: pd.DataFrame) -> np.ndarray:
        """The leaf of each row."""
        return self.tree_.apply(X[list(RFM)].to_numpy())


class EffectTree(ClusterMixin, BaseEstimator):
    """Leaves of the best rule of two questions on whom to contact, learned from what a randomised campaign changed.

    Source: Zhou, Athey & Wager (2023), Offline multi-action policy learning, Operations Research 71(1).
    """

    def fit(self, X: pd.DataFrame, y=None):
        """Find the rule from ``campaign_gain``, where it is known."""
        known = X.dropna(subset=[GAIN])
        self.tree_ = PolicyTree().fit(known[[*RFM, "T"]].to_numpy(), known[GAIN].to_numpy())
        self.labels_ = self.predict(X)
        return self

    def predict(self, X: pd.DataFrame) -> np.ndarray:
        """The leaf of each row."""
        return self.tree_.apply(X[[*RFM, "T"]].to_numpy())


class Tuned(ClusterMixin, BaseEstimator):
    """Another method, with the number of segments that did best in the past.

    Each number is tried on RFM in the middle of the calibration period and judged by what customers spent in the rest of it:
    by the share of the variance of log spend that segments explain for customers they were not made of. Whoever judges the
    result later judges on spend, and on customers, that had no part in the choice.

    Parameters:
        over (tuple of int): Numbers of segments.
    """

    def __init__(self, method: Method | None = None, over: tuple[int, ...] = (3, 5, 8), random_state: int = 0):
        self.method, self.over, self.random_state = method, over, random_state

    def fit(self, X: pd.DataFrame, y=None):
        """Choose the number by ``earlier_...`` and ``spend_since``, then find the segments of today."""
        known = X.dropna(subset=["spend_since"]).reset_index(drop=True)
        earlier = known[[f"earlier_{name}" for name in RFM]].set_axis(list(RFM), axis=1)
        spend = np.log1p(known["spend_since"].to_numpy())
        fold = np.random.default_rng(self.random_state).permutation(len(known)) % 3
        self.scores_ = {k: self._explained(earlier, spend, fold, k) for k in self.over}
        self.n_segments_ = max(self.scores_, key=self.scores_.get)
        self.fitted_, self.space_ = self._fitted(X, self.n_segments_)
        self.labels_ = self.predict(X)
        return self

    def predict(self, X: pd.DataFrame) -> np.ndarray:
        """The segment of each row."""
        return self.fitted_.predict(self._seen(X, self.space_))

    def _fitted(self, X, k):
        space = FeatureSpace.of(X)
        return self.method.factory(k, self.random_state).fit(self._seen(X, space)), space

    def _seen(self, X, space):
        return space.transform(X) if self.method.sees == "features" else X

    def _explained(self, earlier, spend, fold, k) -> float:
        left = np.empty_like(spend)
        for number in range(3):
            rest, here = fold != number, fold == number
            fitted, space = self._fitted(earlier[rest], k)
            there, labels = (fitted.predict(self._seen(earlier[part], space)) for part in (rest, here))
            mean = pd.Series(spend[rest]).groupby(there).mean()
            left[here] = spend[here] - mean.reindex(labels).fillna(spend[rest].mean()).to_numpy()
        return 1 - (left**2).mean() / spend.var()


def tuned(name: str, over: Sequence[int]) -> Method:
    """A method of a study whose number of segments is chosen anew wherever it is fitted.

    >>> tuned("k_means", (3, 5)).name
    'k_means, tuned'
    """
    entry = get_method(name)
    if not entry.takes_k or set(entry.needs) - set(RFM) or not hasattr(entry.checked(), "predict"):
        raise LabError(
            f"The number of segments of {name!r} cannot be tuned: it should take one, see RFM alone and predict."
        )
    over, made_of = tuple(over), f"{entry.fingerprint} {over} {normalised(inspect.getsource(Tuned))}"
    needs = (*RFM, "spend_since")
    return Method(f"{name}, tuned", lambda k, seed: Tuned(entry, over, seed), "measures", needs, False, module=made_of)


class NeedsByValue(ClusterMixin, BaseEstimator):
    """Need segments, each divided into those who spend above and below the median.

    Needs say what to offer, value says how much effort it may cost; the product of both is Peppers and Rogers' map of
    customers. With `n_segments` in all there are half as many needs. A respondent whose purchases are not known counts
    as below.

    Source: Peppers & Rogers (2017), Managing Customer Experience and Relationships, chapters 5 and 6.
    """

    def __init__(self, n_segments: int = 6, random_state: int = 0):
        self.n_segments, self.random_state = n_segments, random_state

    def fit(self, X: pd.DataFrame, y=None):
        """Find needs from the answers and the border of value from ``monetary``."""
        answers = [name for name in X if name.startswith(ANSWER)]
        self.needs_ = LatentClassSegments(max(self.n_segments // 2, 1), random_state=self.random_state)
        self.needs_.fit(X[answers])
        self.border_ = float(X["monetary"].median())
        self.labels_ = self.predict(X)
        return self

    def predict(self, X: pd.DataFrame) -> np.ndarray:
        """Need and value of each row as one number."""
        return 2 * self.needs_.predict(X) + (X["monetary"] > self.border_).to_numpy(dtype=int)


@method("rfm_quintiles", sees="measures", needs=RFM, takes_k=False)
def rfm_quintiles(k, seed):
    """RFM cells."""
    return RFMQuintiles()


@method("supervised_tree", sees="measures", needs=(*RFM, "spend_since"))
def supervised_tree(k, seed):
    """Leaves of a tree that predicts spend."""
    return SpendTree(k, random_state=seed)


@method("policy_tree", sees="measures", needs=(*RFM, "T", GAIN), takes_k=False)
def policy_tree(k, seed):
    """Leaves of a rule of two questions on whom to contact, learned from a campaign."""
    return EffectTree()


@method("needs_by_value", sees="measures", needs=("answers", "monetary"))
def needs_by_value(k, seed):
    """Need segments times two levels of value."""
    return NeedsByValue(k, random_state=seed)


class OneSegment(ClusterMixin, BaseEstimator):
    """Everybody is treated alike.

    >>> OneSegment().fit([[1], [2]]).labels_.tolist()
    [0, 0]
    """

    def fit(self, X, y=None):
        """Nothing to learn."""
        X = validate_data(self, X)
        self.labels_ = np.zeros(len(X), dtype=int)
        return self

    def predict(self, X) -> np.ndarray:
        """0 for each row."""
        check_is_fitted(self)
        return np.zeros(len(validate_data(self, X, reset=False)), dtype=int)


class RandomSegments(ClusterMixin, BaseEstimator):
    """Each customer's segment is drawn by lot, whatever the customer is like.

    >>> sorted(set(RandomSegments(3).fit([[0.0]] * 100).labels_.tolist()))
    [0, 1, 2]
    """

    def __init__(self, n_segments: int = 5, random_state: int = 0):
        self.n_segments, self.random_state = n_segments, random_state

    def fit(self, X, y=None):
        """Nothing to learn."""
        self.labels_ = self._drawn(validate_data(self, X))
        return self

    def predict(self, X) -> np.ndarray:
        """A number below `n_segments` for each row."""
        check_is_fitted(self)
        return self._drawn(validate_data(self, X, reset=False))

    def _drawn(self, X) -> np.ndarray:
        return np.random.default_rng(self.random_state).integers(0, self.n_segments, len(X))


@method("one_segment", takes_k=False, baseline=True)
def one_segment(k, seed):
    """Everybody in one segment."""
    return OneSegment()


@method("random_segments", baseline=True)
def random_segments(k, seed):
    """Segments by lot."""
    return RandomSegments(k, random_state=seed)


BTYD = ("repeat_frequency", "recency", "T", "monetary_value")
HORIZON = 52.0  # weeks ahead


def expected_spend_ahead(models, X: pd.DataFrame) -> np.ndarray:
    """Expected spend of each row within the horizon, by a purchase model and a spend model."""
    summary = _summary(X)
    purchases, spend = models
    return np.asarray(clv.predict(purchases, summary, HORIZON)) * np.asarray(clv.expected_spend(spend, summary))


def fit_models(X: pd.DataFrame):
    """BG/NBD and Gamma-Gamma, fitted to the buy-till-you-die columns of a table of measures."""
    summary = _summary(X)
    return clv.fit(summary, "bg_nbd"), clv.fit(summary, "gamma_gamma")


def _summary(X: pd.DataFrame) -> pd.DataFrame:
    summary = X[list(BTYD)].rename(columns={"repeat_frequency": "frequency"}).reset_index(drop=True)
    summary.insert(0, "customer_id", pd.array([str(row) for row in range(len(summary))], dtype="str"))
    return summary.assign(unit_days=7.0)


class LifetimeValueTiers(ClusterMixin, BaseEstimator):
    """Equal parts of the customers by expected spend in the next year (BG/NBD times Gamma-Gamma).

    Source: Fader, Hardie & Lee (2005), RFM and CLV: using iso-value curves for customer base analysis, Journal of
    Marketing Research 42(4).
    """

    def __init__(self, n_segments: int = 5):
        self.n_segments = n_segments

    def fit(self, X: pd.DataFrame, y=None):
        """Fit the models and learn the borders of the tiers."""
        self.models_ = fit_models(X)
        worth = expected_spend_ahead(self.models_, X)
        self.borders_ = np.unique(np.quantile(worth, np.arange(1, self.n_segments) / self.n_segments))
        self.labels_ = np.searchsorted(self.borders_, worth, side="left")
        return self

    def predict(self, X: pd.DataFrame) -> np.ndarray:
        """The tier of each row, 0 the lowest."""
        return np.searchsorted(self.borders_, expected_spend_ahead(self.models_, X), side="left")


class PortfolioTiers(ClusterMixin, BaseEstimator):
    """Four groups by what a customer has spent a year so far and what is expected in the next one.

    *Most valuable*: among the top fifth in both; *most growable*: expected to be in the top fifth, not there yet;
    *fading*: in the top fifth so far, not expected to stay; the rest.

    Source: the idea of most valuable and most growable customers is Peppers & Rogers (1997), Enterprise One to One.
    """

    def __init__(self, top: float = 0.2):
        self.top = top

    def fit(self, X: pd.DataFrame, y=None):
        """Fit the models and learn the two borders."""
        self.models_ = fit_models(X)
        self.border_ahead_ = np.quantile(expected_spend_ahead(self.models_, X), 1 - self.top)
        self.border_so_far_ = np.quantile(self._so_far(X), 1 - self.top)
        self.labels_ = self.predict(X)
        return self

    def predict(self, X: pd.DataFrame) -> np.ndarray:
        """0 the rest, 1 fading, 2 most growable, 3 most valuable."""
        ahead = expected_spend_ahead(self.models_, X) > self.border_ahead_
        return 2 * ahead.astype(int) + (self._so_far(X) > self.border_so_far_).astype(int)

    @staticmethod
    def _so_far(X: pd.DataFrame) -> np.ndarray:
        # A customer of a day has not been one for long enough to speak of a yearly rate; a quarter is the least.
        return X["monetary"].to_numpy() / np.maximum(X["T"].to_numpy(), 13.0)


@method("clv_tiers", sees="measures", needs=BTYD)
def clv_tiers(k, seed):
    """Tiers of lifetime value."""
    return LifetimeValueTiers(k)


@method("portfolio_tiers", sees="measures", needs=(*BTYD, "monetary"), takes_k=False)
def portfolio_tiers(k, seed):
    """Most valuable, most growable, fading, the rest."""
    return PortfolioTiers()
