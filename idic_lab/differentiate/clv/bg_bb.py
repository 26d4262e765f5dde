"""BG/BB: a coin toss at each of n opportunities to buy, and a coin toss whether to stay."""

from __future__ import annotations

import numpy as np
from scipy.special import betaln, digamma


class BetaGeometricBetaBinomial:
    """The likelihood and the expectations of the BG/BB model.

    Time is counted in opportunities: recency is the number of the opportunity last used (0 when none was), and
    ``n_periods`` how many there were.

    Source: Fader, Hardie & Shang (2010), Marketing Science 29(6), eq. 5, 7, 9, 13.
    """

    parameters = ("alpha", "beta", "gamma", "delta")
    time_parameters = ()
    columns = ("frequency", "recency", "n_periods")

    def starts(self, data):
        """Deterministic starting points."""
        return [
            np.array([1.0, 1.0, 0.5, 2.0]),
            np.array([0.5, 2.0, 1.0, 5.0]),
            np.array([2.0, 1.0, 0.3, 1.0]),
        ]

    def log_likelihood(self, theta, data):
        """Weighted sum of the log-likelihood, and its gradient by alpha, beta, gamma, delta."""
        alpha, beta, gamma, delta = theta
        x, recency, n = (data[name] for name in self.columns)
        weights = data["weights"]
        logs, before, stayed = self._histories(theta, x, recency, n)
        top = logs.max(axis=1, keepdims=True)
        share = np.exp(logs - top)
        total = share.sum(axis=1)
        share /= total[:, None]
        value = np.dot(weights, top[:, 0] + np.log(total))
        value -= weights.sum() * (betaln(alpha, beta) + betaln(gamma, delta))
        # Column 0 is the customer who stayed to the end; in the others dropout adds one to gamma.
        gammas = np.where(stayed, gamma, gamma + 1)
        d_alpha = digamma(alpha + x)[:, None] - digamma(alpha + beta + before)
        d_beta = digamma(beta + before - x[:, None]) - digamma(alpha + beta + before)
        d_gamma = digamma(gammas) - digamma(gammas + delta + before)
        d_delta = digamma(delta + before) - digamma(gammas + delta + before)
        gradient = np.array([weights @ (share * d).sum(axis=1) for d in (d_alpha, d_beta, d_gamma, d_delta)])
        prior = np.array(
            [
                digamma(alpha) - digamma(alpha + beta),
                digamma(beta) - digamma(alpha + beta),
                digamma(gamma) - digamma(gamma + delta),
                digamma(delta) - digamma(gamma + delta),
            ]
        )
        return value, gradient - weights.sum() * prior

    def _histories(self, theta, x, recency, n):
        """Log weight of every way to have left: column 0 not at all, column 1 + i after opportunity recency + i."""
        alpha, beta, gamma, delta = theta
        longest = int((n - recency).max(initial=0))
        after = np.arange(longest)
        before = np.concatenate([n[:, None], recency[:, None] + after], axis=1)
        stayed = np.zeros(before.shape, dtype=bool)
        stayed[:, 0] = True
        possible = stayed | (before < n[:, None])
        before = np.where(possible, before, n[:, None])
        logs = betaln(alpha + x[:, None], beta + before - x[:, None])
        logs = logs + betaln(np.where(stayed, gamma, gamma + 1), delta + before)
        return np.where(possible, logs, -np.inf), before, stayed

    def alive(self, theta, frequency, recency, n_periods):
        """Probability of not having left by the last opportunity observed."""
        logs = self._histories(theta, frequency, recency, n_periods)[0]
        return np.exp(logs[:, 0] - np.logaddexp.reduce(logs, axis=1))

    def expected_if_alive(self, theta, frequency, n_periods, horizon):
        """Expected purchases at the next `horizon` opportunities of a customer alive at the last one.

        The published closed form breaks down at gamma = 1; the sum over opportunities does not.
        """
        return self.per_period_if_alive(theta, frequency, n_periods, int(np.max(horizon))).sum(axis=-1)

    def per_period_if_alive(self, theta, frequency, n_periods, periods):
        """Expected purchases at each of the next opportunities, shape (n, periods)."""
        alpha, beta, gamma, delta = theta
        buys = (alpha + frequency) / (alpha + beta + n_periods)
        ahead = np.arange(1, periods + 1)
        stays = betaln(gamma, delta + n_periods[:, None] + ahead) - betaln(gamma, delta + n_periods)[:, None]
        return buys[:, None] * np.exp(stays)

    def expected_new(self, theta, horizon):
        """Expected purchases of a new customer at the first `horizon` opportunities."""
        longest = int(np.max(horizon, initial=0))
        per_period = self.per_period_if_alive(theta, np.zeros(1), np.zeros(1), longest)[0]
        return np.concatenate([[0.0], np.cumsum(per_period)])[np.asarray(horizon, dtype=int)]

    def flags(self, theta):
        """What a reader should know about these parameters."""
        _, _, gamma, delta = theta
        if gamma < 1e-3 * delta:
            yield f"mean dropout probability gamma / (gamma + delta) = {gamma / (gamma + delta):.2g}: hardly anyone leaves"
