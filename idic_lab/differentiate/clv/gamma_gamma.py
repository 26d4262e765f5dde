"""Gamma-Gamma: each customer's mean spend per purchase day is what varies, and repeat buyers reveal theirs."""

from __future__ import annotations

import numpy as np
from scipy.special import digamma, gammaln

from idic_lab.differentiate.clv.grouping import by_value


class GammaGamma:
    """The likelihood and the conditional mean of the Gamma-Gamma model of spend.

    Source: Fader & Hardie (2013), note 025, "The Gamma-Gamma model of monetary value", eq. 1a and 5.
    """

    parameters = ("p", "q", "gamma")
    time_parameters = ()
    money_parameters = ("gamma",)
    columns = ("frequency", "monetary_value")

    def starts(self, data):
        """Deterministic starting points (money in units of the mean)."""
        return [np.array([5.0, 4.0, 0.6]), np.array([1.0, 2.0, 1.0]), np.array([20.0, 10.0, 0.5])]

    def log_likelihood(self, theta, data):
        """Weighted sum of the log-likelihood, and its gradient by p, q, gamma."""
        p, q, gamma = theta
        weights = data["weights"]
        values, _, totals = by_value(data, "frequency")
        if "spend" not in data:
            data["spend"] = data["frequency"] * data["monetary_value"]
            data["weighted frequency"] = weights * data["frequency"]
            data["log mean"] = np.log(data["monetary_value"])
            data["sums"] = (
                np.dot(data["weighted frequency"], data["log mean"]),
                np.dot(weights, data["log mean"]),
            )
        frequency_log, plain_log = data["sums"]
        known = p * values
        constant = (
            gammaln(known + q) - gammaln(known) - gammaln(q) + q * np.log(gamma) + known * np.log(values)
        )
        spread = data["spend"] + gamma
        log_spread = np.log(spread)
        mean_log = np.dot(weights, log_spread)
        frequency_mean_log = np.dot(data["weighted frequency"], log_spread)
        value = np.dot(totals, constant) + p * frequency_log - plain_log
        value -= p * frequency_mean_log + q * mean_log
        by_known = np.dot(totals * values, digamma(known + q) - digamma(known) + np.log(values))
        d_p = by_known + frequency_log - frequency_mean_log
        d_q = np.dot(totals, digamma(known + q)) + totals.sum() * (np.log(gamma) - digamma(q)) - mean_log
        inverse = 1.0 / spread
        d_gamma = totals.sum() * q / gamma
        d_gamma -= p * np.dot(data["weighted frequency"], inverse) + q * np.dot(weights, inverse)
        return value, np.array([d_p, d_q, d_gamma])

    def expected_spend(self, theta, frequency, monetary_value):
        """Expected mean amount per purchase day: the customer's own mean, drawn towards that of all."""
        p, q, gamma = theta
        return p * (gamma + frequency * monetary_value) / (p * frequency + q - 1)

    def flags(self, theta):
        """What a reader should know about these parameters."""
        _, q, _ = theta
        if q <= 1:
            yield f"q = {q:.3g} is at most 1: the mean spend of the population is infinite, so none is reported"
