"""Segmentations by lifetime value: tiers, and the portfolio of what customers are and may become."""

from __future__ import annotations

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator, ClusterMixin

from idic_lab.compare.method_registry import method
from idic_lab.differentiate import clv

BTYD = ("repeat_frequency", "recency", "T", "monetary_value")
HORIZON = 52.0  # weeks ahead


def expected_spend_ahead(models, X: pd.DataFrame) -> np.ndarray:
    """Expected spend of each row within the horizon, by a purchase model and a spend model."""
    summary = _summary(X)
    purchases, spend = models
    return np.asarray(clv.predict(purchases, summary, HORIZON)) * np.asarray(
        clv.expected_spend(spend, summary)
    )


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
