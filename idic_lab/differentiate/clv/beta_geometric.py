"""BG/NBD and MBG/NBD: gamma-distributed purchase rates, and a beta-distributed chance to leave at each purchase.

The two differ in one thing. In the BG/NBD a customer can leave after every repeat purchase, so one who never came back
is certainly still a customer; in the MBG/NBD the first purchase, too, may have been the last. With o = 0 for the first
and o = 1 for the second model, a customer alive at T has a dropout probability from a beta(a, b + x + o) distribution
and a purchase rate from a gamma(r + x, alpha + T) distribution: all that follows is computed from these two.
"""

from __future__ import annotations

import numpy as np
from scipy.special import betaln, digamma, expit, gammaln, hyp2f1

from idic_lab.differentiate.clv.beta_mixing import beta_mean
from idic_lab.differentiate.clv.grouping import by_value

MODERATE = 50.0  # up to here the hypergeometric series was found exact to nine digits
NEAR_ONE = 1e-4  # so close to a = 1 that the closed form subtracts nearly equal numbers


class BetaGeometric:
    """The likelihood and the expectations of one of the two models.

    Parameters
    ----------
    modified : bool
        True for the MBG/NBD.

    Source: Fader, Hardie & Lee (2005), Marketing Science 24(2), eq. 6, 9, 10; for the MBG/NBD Batislam, Denizel &
    Filiztekin (2007), International Journal of Research in Marketing 24(3), eq. 1 to 4.
    """

    parameters = ("r", "alpha", "a", "b")
    time_parameters = ("alpha",)
    columns = ("frequency", "recency", "T")

    def __init__(self, modified: bool):
        self.offset = 1 if modified else 0

    def starts(self, data):
        """Deterministic starting points (time in units of the mean age)."""
        rate = np.average(data["frequency"], weights=data["weights"])
        return [
            np.array([0.5, 0.5 / max(rate, 0.05), 0.7, 2.0]),
            np.array([1.0, 1.0 / max(rate, 0.05), 0.2, 2.0]),
            np.array([0.2, 0.2 / max(rate, 0.05), 1.5, 1.5]),
        ]

    def log_likelihood(self, theta, data):
        """Weighted sum of the log-likelihood, and its gradient by r, alpha, a, b."""
        r, alpha, a, b = theta
        weights = data["weights"]
        values, codes, totals = by_value(data, "frequency")
        # Everything that depends on frequency alone is computed once per distinct frequency.
        shape, beta = r + values, b + values + self.offset
        value = np.dot(
            totals,
            gammaln(shape) - gammaln(r) + r * np.log(alpha) + betaln(a, beta) - betaln(a, b),
        )
        d_r = np.dot(totals, digamma(shape) - digamma(r) + np.log(alpha))
        d_alpha = totals.sum() * r / alpha
        d_a = np.dot(totals, digamma(a) - digamma(a + beta) - digamma(a) + digamma(a + b))
        d_b = np.dot(totals, digamma(beta) - digamma(a + beta) - digamma(b) + digamma(a + b))

        # So are logarithms and inverses: ages and recencies are whole days, so there are few of either.
        ages, age_codes, _ = by_value(data, "T")
        recencies, recency_codes, _ = by_value(data, "recency")
        log_age = np.log(alpha + ages)[age_codes]
        gap = log_age - np.log(alpha + recencies)[recency_codes]
        inverse_age = (1.0 / (alpha + ages))[age_codes]
        shape = shape[codes]
        odds = self._log_ratio(a, beta, values)[codes] + shape * gap  # of having left, against being alive
        log_sum, left = _log_sum_and_share(odds)
        value += np.dot(weights, log_sum - shape * log_age)
        d_r += np.dot(weights, left * gap - log_age)
        gained = left * (inverse_age - (1.0 / (alpha + recencies))[recency_codes]) - inverse_age
        d_alpha += np.dot(weights * shape, gained)
        weighted = weights * left
        d_a += weighted.sum() / a
        d_b -= np.dot(weighted, self._inverse(beta, values)[codes])
        return value, np.array([d_r, d_alpha, d_a, d_b])

    def _log_ratio(self, a, beta, frequency):
        """log a / (b + x - 1 + o), or minus infinity for the BG/NBD customer who cannot have left."""
        possible = (frequency > 0) | (self.offset == 1)
        return np.where(possible, np.log(a) - np.log(np.where(possible, beta - 1.0, 1.0)), -np.inf)

    def _inverse(self, beta, frequency):
        possible = (frequency > 0) | (self.offset == 1)
        return np.where(possible, 1.0 / np.where(possible, beta - 1.0, 1.0), 0.0)

    def alive(self, theta, frequency, recency, age):
        """Probability of still being a customer at T."""
        r, alpha, a, b = theta
        odds = self._log_ratio(a, b + frequency + self.offset, frequency)
        return expit(-(odds + (r + frequency) * np.log((alpha + age) / (alpha + recency))))

    def rate_if_alive(self, theta, frequency, age, ahead):
        """Expected purchases per unit of time, `ahead` units after T, of a customer alive at T."""
        r, alpha, a, b = theta
        since, beta = alpha + age, b + frequency + self.offset
        if max(r, a, b) > MODERATE:
            shape, gone = np.broadcast_arrays(r + frequency + 1, ahead / since)
            mean = beta_mean(
                lambda p: np.exp(-shape[..., None] * np.log1p(p * gone[..., None])), a, beta, shape * gone
            )
            return (r + frequency) / since * mean
        share = ahead / (since + ahead)
        series = hyp2f1(a + beta - 1 - r - frequency, a, a + beta, share)
        return (r + frequency) / since * (since / (since + ahead)) ** a * series

    def expected_if_alive(self, theta, frequency, age, horizon):
        """Expected purchases in the `horizon` after T of a customer alive at T.

        The published form has Gaussian hypergeometric parameters that grow with frequency and then overflows or turns
        negative; Euler's transformation leaves parameters that do not grow. Where the model's own parameters are
        large, as they are when hardly anyone leaves, or all with the same probability, the mean over the dropout
        probability is taken numerically.
        """
        r, alpha, a, b = theta
        since, beta = alpha + age, b + frequency + self.offset
        if max(r, a, b) > MODERATE or abs(a - 1) < NEAR_ONE:
            shape, gone = np.broadcast_arrays(r + frequency, horizon / since)
            return beta_mean(
                lambda p: _purchases(shape[..., None], gone[..., None], p), a, beta, shape * gone
            )
        series = hyp2f1(a + beta - 1 - r - frequency, a - 1, a + beta - 1, horizon / (since + horizon))
        return (a + beta - 1) / (a - 1) * (1 - (since / (since + horizon)) ** (a - 1) * series)

    def expected_new(self, theta, horizon):
        """Expected repeat purchases of a new customer in the first `horizon` units of time."""
        _, _, a, b = theta
        zero = np.zeros_like(horizon)
        stays = b / (a + b) if self.offset else 1.0
        return stays * self.expected_if_alive(theta, zero, zero, horizon)

    def flags(self, theta):
        """What a reader should know about these parameters."""
        _, _, a, b = theta
        if a < 1e-3 * b:
            yield (
                f"mean dropout probability a / (a + b) = {a / (a + b):.2g}: hardly anyone seems to leave, and a and b "
                f"are not told apart"
            )


def _log_sum_and_share(odds):
    """log(1 + e^odds) and e^odds / (1 + e^odds), with one exponential for both."""
    if odds.max(initial=0.0) > 500:  # e^odds would overflow
        return np.logaddexp(0.0, odds), expit(odds)
    part = np.exp(odds)
    total = 1.0 + part
    return np.log(total), part / total


def _purchases(shape, gone, p):
    """Expected purchases of a customer with dropout probability p, (1 - (1 + p t / alpha)^-r) / p; r t / alpha at 0."""
    safe = np.where(p > 0, p, 1.0)
    return np.where(p > 0, -np.expm1(-shape * np.log1p(safe * gone)) / safe, shape * gone)
