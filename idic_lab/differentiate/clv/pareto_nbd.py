"""Pareto/NBD: gamma-distributed purchase rates and gamma-distributed dropout rates, in continuous time.

The published likelihood has two hypergeometric functions whose derivatives have no closed form. The same quantity is
one integral over the moment at which the customer may have left, between the last purchase and now; taken by
Gauss-Legendre quadrature it is as exact, never overflows, and its derivatives are integrals of the same kind.
"""

from __future__ import annotations

import numpy as np
from scipy.special import digamma, exprel, gammaln, hyperu

from idic_lab.differentiate.clv.quadrature import unit_interval

NODES, WEIGHTS = unit_interval(32)
NEGLIGIBLE = 45.0  # the integrand is cut where it has fallen by e^-45
ROWS = 4096  # rows taken at once, so that the nodes of all of them stay in cache


class ParetoNBD:
    """The likelihood and the expectations of the Pareto/NBD model.

    Source: Schmittlein, Morrison & Colombo (1987), Management Science 33(1); in the form of Fader & Hardie (2005), "A
    note on deriving the Pareto/NBD model", eq. 19 to 31; DERT from Fader, Hardie & Lee (2005), Journal of Marketing
    Research 42(4), eq. 3.
    """

    parameters = ("r", "alpha", "s", "beta")
    time_parameters = ("alpha", "beta")
    columns = ("frequency", "recency", "T")
    all_starts = True

    def starts(self, data):
        """Deterministic starting points (time in units of the mean age)."""
        rate = max(np.average(data["frequency"], weights=data["weights"]), 0.05)
        return [
            np.array([0.5, 0.5 / rate, 0.5, 0.5]),
            np.array([1.0, 0.7 / rate, 0.2, 0.2]),
            np.array([0.5, 0.4 / rate, 2.0, 5.0]),
        ]

    def log_likelihood(self, theta, data):
        """Weighted sum of the log-likelihood, and its gradient by r, alpha, s, beta."""
        value, gradient = 0.0, np.zeros(4)
        for start in range(0, len(data["weights"]), ROWS):
            part = slice(start, start + ROWS)
            x, recency, age = (data[name][part] for name in self.columns)
            logs, by_theta = self._terms(theta, x, recency, age, with_gradient=True)
            value += np.dot(data["weights"][part], logs)
            gradient += by_theta @ data["weights"][part]
        return value, gradient

    def _terms(self, theta, x, recency, age, with_gradient=False):
        """Log-likelihood of each row, with its gradient (4, n) or with the log of the share that is alive."""
        r, alpha, s, beta = theta
        shape = r + x
        log_alpha, log_beta = np.log(alpha + recency), np.log(beta + recency)
        # Relative to the integrand at the last purchase: alive until now, and left at some moment since.
        drop_alpha, drop_beta = np.log(alpha + age) - log_alpha, np.log(beta + age) - log_beta
        alive = np.exp(-shape * drop_alpha - s * drop_beta)
        least = min(alpha, beta)
        cut = np.minimum(age, (alpha + recency) * np.exp(np.minimum(NEGLIGIBLE / shape, 300.0)) - alpha)
        start = np.log(least + recency)
        span = np.log(least + cut) - start
        moments = np.exp(start[:, None] + span[:, None] * NODES) - least
        since_alpha = np.log(alpha + moments) - log_alpha[:, None]
        since_beta = np.log(beta + moments) - log_beta[:, None]
        weight = np.exp(-shape[:, None] * since_alpha - s * since_beta)
        weight *= s * span[:, None] * WEIGHTS * (least + moments) / (beta + moments)
        left = weight.sum(axis=1)
        total = alive + left
        constant = gammaln(shape) - gammaln(r) + r * np.log(alpha) + s * np.log(beta)
        logs = constant - shape * log_alpha - s * log_beta + np.log(total)
        if not with_gradient:
            return logs, np.log(alive / total)
        mean_alpha = (alive * drop_alpha + (weight * since_alpha).sum(axis=1)) / total + log_alpha
        mean_beta = (alive * drop_beta + (weight * since_beta).sum(axis=1)) / total + log_beta
        inverse_alpha = (alive / (alpha + age) + (weight / (alpha + moments)).sum(axis=1)) / total
        inverse_beta = (s * alive / (beta + age) + (s + 1) * (weight / (beta + moments)).sum(axis=1)) / total
        gradient = np.array(
            [
                digamma(shape) - digamma(r) + np.log(alpha) - mean_alpha,
                r / alpha - shape * inverse_alpha,
                np.log(beta) - mean_beta + left / total / s,
                s / beta - inverse_beta,
            ]
        )
        return logs, gradient

    def alive(self, theta, frequency, recency, age):
        """Probability of still being a customer at T."""
        parts = [
            self._terms(theta, frequency[i : i + ROWS], recency[i : i + ROWS], age[i : i + ROWS])[1]
            for i in range(0, len(frequency), ROWS)
        ]
        return np.exp(np.concatenate(parts)) if parts else np.zeros(0)

    def rate_if_alive(self, theta, frequency, age, ahead):
        """Expected purchases per unit of time, `ahead` units after T, of a customer alive at T."""
        r, alpha, s, beta = theta
        return (r + frequency) / (alpha + age) * ((beta + age) / (beta + age + ahead)) ** s

    def expected_if_alive(self, theta, frequency, age, horizon):
        """Expected purchases in the `horizon` after T of a customer alive at T; s = 1 is no exception."""
        r, alpha, s, beta = theta
        span = np.log1p(horizon / (beta + age))
        return (r + frequency) / (alpha + age) * (beta + age) * span * exprel(-(s - 1) * span)

    def expected_new(self, theta, horizon):
        """Expected repeat purchases of a new customer in the first `horizon` units of time."""
        zero = np.zeros_like(horizon)
        return self.expected_if_alive(theta, zero, zero, horizon)

    def dert_if_alive(self, theta, frequency, age, rate):
        """Discounted expected residual transactions of a customer alive at T, in closed form."""
        r, alpha, s, beta = theta
        scaled = rate * (beta + age)
        return (r + frequency) / (alpha + age) * (beta + age) * scaled ** (s - 1) * hyperu(s, s, scaled)

    def flags(self, theta):
        """What a reader should know about these parameters."""
        _, _, s, _ = theta
        if s <= 1:
            yield f"s = {s:.3g} is at most 1: the mean dropout time of a customer, beta / (s - 1), is infinite"
