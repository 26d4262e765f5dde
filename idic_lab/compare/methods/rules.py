"""Segmentations by rule: RFM quintiles, tiers of value, a tree grown on spend, needs crossed with value; and none at all."""

import inspect
from collections.abc import Sequence

import numpy as np
import pandas as pd
from sklearn.tree import DecisionTreeRegressor
from sklearn.utils.validation import check_is_fitted, validate_data

from idic_lab.compare.customers import ANSWER, GAIN, RFM, FeatureSpace
from idic_lab.compare.methods.clusterers import LatentClassSegments, Placing
from idic_lab.compare.registry import Method, get_method, method, normalised
from idic_lab.customize.offers import PolicyTree
from idic_lab.differentiate import clv
from idic_lab.errors import LabError

BTYD = ("repeat_frequency", "recency", "T", "monetary_value")
HORIZON = 52.0  # weeks ahead


@method("rfm_quintiles", sees="measures", needs=RFM, takes_k=False)
class RFMQuintiles(Placing):
    """Cells of recency, frequency and monetary scores; the borders of the fifths are learned, then fixed.

    Equal customers are never divided, so with many of them there are fewer than 125 cells.

    Source: Hughes (1994), Strategic Database Marketing.

    >>> table = pd.DataFrame({"recency_days": range(10), "frequency": 1, "monetary": range(10)})
    >>> len(set(RFMQuintiles().fit(table).labels_))
    5
    """

    def __init__(self, parts: int = 5):
        self.parts = parts

    def _learn(self, X: pd.DataFrame):
        at = np.arange(1, self.parts) / self.parts
        self.borders_ = {name: np.unique(np.quantile(X[name], at)) for name in RFM}

    def predict(self, X: pd.DataFrame) -> np.ndarray:
        """The cell of each row, as a number in base `parts`."""
        cell = np.zeros(len(X), dtype=int)
        for name, borders in self.borders_.items():
            cell = cell * self.parts + np.searchsorted(borders, X[name].to_numpy(), side="left")
        return cell


@method("supervised_tree", sees="measures", needs=(*RFM, "spend_since"))
class SpendTree(Placing):
    """Leaves of a regression tree that predicts spend, grown on an earlier period whose outcome is known.

    It learns from RFM in the middle of the calibration period what was spent in its second half, and is applied at its end.

    Source: Breiman, Friedman, Olshen & Stone (1984), Classification and Regression Trees.
    """

    def __init__(self, n_segments: int = 5, random_state: int = 0):
        self.n_segments, self.random_state = n_segments, random_state

    def _learn(self, X: pd.DataFrame):
        known, leaves = X.dropna(subset=["spend_since"]), max(self.n_segments, 2)
        tree = DecisionTreeRegressor(max_leaf_nodes=leaves, min_samples_leaf=20, random_state=self.random_state)
        earlier = known[[f"earlier_{name}" for name in RFM]].to_numpy()
        self.tree_ = tree.fit(earlier, np.log1p(known["spend_since"]))

    def predict(self, X: pd.DataFrame) -> np.ndarray:
        return self.tree_.apply(X[list(RFM)].to_numpy())


@method("policy_tree", sees="measures", needs=(*RFM, "T", GAIN), takes_k=False)
class EffectTree(Placing):
    """Leaves of the best rule of two questions on whom to contact, learned from what a randomised campaign changed.

    Source: Zhou, Athey & Wager (2023), Offline multi-action policy learning, Operations Research 71(1).
    """

    def _learn(self, X: pd.DataFrame):
        known = X.dropna(subset=[GAIN])
        self.tree_ = PolicyTree().fit(known[[*RFM, "T"]].to_numpy(), known[GAIN].to_numpy())

    def predict(self, X: pd.DataFrame) -> np.ndarray:
        return self.tree_.apply(X[[*RFM, "T"]].to_numpy())


class Tuned(Placing):
    """Another method, with the number of segments that did best in the past.

    Each number is tried on RFM in the middle of the calibration period and judged by what customers spent in the rest of it:
    by the share of the variance of log spend that segments explain for customers they were not made of. Whoever judges the
    result later judges on spend, and on customers, that had no part in the choice.
    """

    def __init__(self, method: Method | None = None, over: tuple[int, ...] = (3, 5, 8), random_state: int = 0):
        self.method, self.over, self.random_state = method, over, random_state

    def _learn(self, X: pd.DataFrame):
        known = X.dropna(subset=["spend_since"]).reset_index(drop=True)
        earlier = known[[f"earlier_{name}" for name in RFM]].set_axis(list(RFM), axis=1)
        spend = np.log1p(known["spend_since"].to_numpy())
        fold = np.random.default_rng(self.random_state).permutation(len(known)) % 3
        self.scores_ = {k: self._explained(earlier, spend, fold, k) for k in self.over}
        self.n_segments_ = max(self.scores_, key=self.scores_.get)
        self.fitted_, self.space_ = self._fitted(X, self.n_segments_)

    def predict(self, X: pd.DataFrame) -> np.ndarray:
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

    def factory(k, seed):
        return Tuned(entry, over, seed)

    factory.__doc__ = (
        f"With {' or '.join(map(str, over))} segments, chosen by later spend within the calibration period."
    )
    return Method(f"{name}, tuned", factory, "measures", (*RFM, "spend_since"), False, module=made_of)


@method("needs_by_value", sees="measures", needs=("answers", "monetary"))
class NeedsByValue(Placing):
    """Need segments, each divided into those who spend above and below the median.

    Needs say what to offer, value says how much effort it may cost; the product of both is Peppers and Rogers' map of
    customers. With `n_segments` in all there are half as many needs. A respondent whose purchases are not known counts
    as below.

    Source: Peppers & Rogers (2017), Managing Customer Experience and Relationships, chapters 5 and 6.
    """

    def __init__(self, n_segments: int = 6, random_state: int = 0):
        self.n_segments, self.random_state = n_segments, random_state

    def _learn(self, X: pd.DataFrame):
        answers = X[[name for name in X if name.startswith(ANSWER)]]
        self.needs_ = LatentClassSegments(max(self.n_segments // 2, 1), random_state=self.random_state).fit(answers)
        self.border_ = float(X["monetary"].median())

    def predict(self, X: pd.DataFrame) -> np.ndarray:
        return 2 * self.needs_.predict(X) + (X["monetary"] > self.border_).to_numpy(dtype=int)


class RandomSegments(Placing):
    """Segments by lot, whatever the customer is like.

    >>> sorted(set(RandomSegments(3).fit([[0.0]] * 100).labels_.tolist()))
    [0, 1, 2]
    """

    def __init__(self, n_segments: int = 5, random_state: int = 0):
        self.n_segments, self.random_state = n_segments, random_state

    def _learn(self, X):
        validate_data(self, X)

    def predict(self, X) -> np.ndarray:
        check_is_fitted(self)
        n = len(validate_data(self, X, reset=False))
        return np.random.default_rng(self.random_state).integers(0, self.n_segments, n)


@method("one_segment", takes_k=False, baseline=True)
def one_segment(k, seed):
    """Everybody in one segment: treated alike."""
    return RandomSegments(1)


method("random_segments", baseline=True)(RandomSegments)


class _Forecasting(Placing):
    """By BG/NBD and Gamma-Gamma, fitted to the buy-till-you-die columns of a table of measures."""

    def _learn(self, X: pd.DataFrame):
        self.models_ = [clv.fit(self._summary(X), model) for model in ("bg_nbd", "gamma_gamma")]

    def _ahead(self, X: pd.DataFrame) -> np.ndarray:
        """Expected spend of each row within the horizon."""
        summary, (purchases, spend) = self._summary(X), self.models_
        return np.asarray(clv.predict(purchases, summary, HORIZON)) * np.asarray(clv.expected_spend(spend, summary))

    @staticmethod
    def _summary(X: pd.DataFrame) -> pd.DataFrame:
        summary = X[list(BTYD)].rename(columns={"repeat_frequency": "frequency"}).reset_index(drop=True)
        summary.insert(0, "customer_id", pd.array([str(row) for row in range(len(summary))], dtype="str"))
        return summary.assign(unit_days=7.0)


@method("clv_tiers", sees="measures", needs=BTYD)
class LifetimeValueTiers(_Forecasting):
    """Equal parts of the customers by expected spend in the next year (BG/NBD times Gamma-Gamma).

    Source: Fader, Hardie & Lee (2005), RFM and CLV: using iso-value curves for customer base analysis, Journal of
    Marketing Research 42(4).
    """

    def __init__(self, n_segments: int = 5):
        self.n_segments = n_segments

    def _learn(self, X: pd.DataFrame):
        super()._learn(X)
        self.borders_ = np.unique(np.quantile(self._ahead(X), np.arange(1, self.n_segments) / self.n_segments))

    def predict(self, X: pd.DataFrame) -> np.ndarray:
        """The tier of each row, 0 the lowest."""
        return np.searchsorted(self.borders_, self._ahead(X), side="left")


@method("portfolio_tiers", sees="measures", needs=(*BTYD, "monetary"), takes_k=False)
class PortfolioTiers(_Forecasting):
    """Four groups by what a customer has spent a year so far and what is expected in the next one.

    *Most valuable*: among the top fifth in both; *most growable*: expected to be in the top fifth, not there yet;
    *fading*: in the top fifth so far, not expected to stay; the rest.

    Source: the idea of most valuable and most growable customers is Peppers & Rogers (1997), Enterprise One to One.
    """

    def __init__(self, top: float = 0.2):
        self.top = top

    def _learn(self, X: pd.DataFrame):
        super()._learn(X)
        self.borders_ = np.quantile(self._ahead(X), 1 - self.top), np.quantile(self._so_far(X), 1 - self.top)

    def predict(self, X: pd.DataFrame) -> np.ndarray:
        """0 the rest, 1 fading, 2 most growable, 3 most valuable."""
        ahead, so_far = self._ahead(X) > self.borders_[0], self._so_far(X) > self.borders_[1]
        return 2 * ahead.astype(int) + so_far.astype(int)

    @staticmethod
    def _so_far(X: pd.DataFrame) -> np.ndarray:
        # A customer of a day has not been one for long enough to speak of a yearly rate; a quarter is the least.
        return X["monetary"].to_numpy() / np.maximum(X["T"].to_numpy(), 13.0)
