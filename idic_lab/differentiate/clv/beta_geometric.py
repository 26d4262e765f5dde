"""BG/NBD, MBG/NBD and BG/BB: customers who may leave at each purchase (or occasion), with beta-distributed chances.

BG/NBD and MBG/NBD differ in one thing. In the BG/NBD a customer can leave after every repeat purchase, so one who never came
back is certainly still a customer; in the MBG/NBD the first purchase, too, may have been the last. With o = 0 for the first
and o = 1 for the second model, a customer alive at T has a dropout probability from a beta(a, b + x + o) distribution
and a purchase rate from a gamma(r + x, alpha + T) distribution: all that follows is computed from these two.
"""

from typing import ClassVar

import numpy as np
from scipy.special import betainc, betaln, digamma, expit, gammaln, hyp2f1, log_expit, xlogy

from idic_lab.differentiate.clv.grouping import by_value

MODERATE = 50.0  # up to here the hypergeometric series was found exact to nine digits
NEAR_ONE = 1e-4  # so close to a = 1 that the closed form subtracts nearly equal numbers
MIXING = np.linspace(0.0, 1.0, 400)  # nodes of the trapezoidal rule
TAIL = 37.0  # e^-37 is the precision of a double


class BetaGeometric:
    """The likelihood and the expectations of one of the two models.

    Parameters:
        modified: True for the MBG/NBD.

    Source: Fader, Hardie & Lee (2005), Marketing Science 24(2), eq. 6, 9, 10; for the MBG/NBD Batislam, Denizel &
    Filiztekin (2007), International Journal of Research in Marketing 24(3), eq. 1 to 4.
    """

    parameters = ("r", "alpha", "a", "b")
    time_parameters = ("alpha",)
    columns = ("frequency", "recency", "T")
    effects: ClassVar = {"buying": ("alpha", -1.0), "leaving": ("a", 1.0)}

    def __init__(self, modified: bool):
        self.offset = 1 if modified else 0

    def starts(self, data):
        rate = np.average(data["frequency"], weights=data["weights"])
        return [
            np.array([0.5, 0.5 / max(rate, 0.05), 0.7, 2.0]),
            np.array([1.0, 1.0 / max(rate, 0.05), 0.2, 2.0]),
            np.array([0.2, 0.2 / max(rate, 0.05), 1.5, 1.5]),
        ]

    def log_likelihood(self, theta, data):
        r, alpha, a, b = theta
        weights = data["weights"]
        values, codes, totals = by_value(data, "frequency")
        # Everything that depends on frequency alone is computed once per distinct frequency.
        shape, beta = r + values, b + values + self.offset
        value = np.dot(totals, gammaln(shape) - gammaln(r) + r * np.log(alpha) + betaln(a, beta) - betaln(a, b))
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

    def each(self, theta, data):
        r, alpha, a, b = theta
        x, recency, age = (data[name] for name in self.columns)
        shape, beta = r + x, b + x + self.offset
        log_age, inverse_age = np.log(alpha + age), 1.0 / (alpha + age)
        gap = log_age - np.log(alpha + recency)
        log_sum, left = _log_sum_and_share(self._log_ratio(a, beta, x) + shape * gap)
        logs = gammaln(shape) - gammaln(r) + r * np.log(alpha) + betaln(a, beta) - betaln(a, b)
        by_both = digamma(a + b) - digamma(a + beta)
        gradient = [
            digamma(shape) - digamma(r) + np.log(alpha) + left * gap - log_age,
            r / alpha + shape * (left * (inverse_age - 1.0 / (alpha + recency)) - inverse_age),
            by_both + left / a,
            by_both + digamma(beta) - digamma(b) - left * self._inverse(beta, x),
        ]
        return logs + log_sum - shape * log_age, np.array(gradient)

    def _log_ratio(self, a, beta, frequency):
        """log a / (b + x - 1 + o), or minus infinity for the BG/NBD customer who cannot have left."""
        possible = (frequency > 0) | (self.offset == 1)
        return np.where(possible, np.log(a) - np.log(np.where(possible, beta - 1.0, 1.0)), -np.inf)

    def _inverse(self, beta, frequency):
        possible = (frequency > 0) | (self.offset == 1)
        return np.where(possible, 1.0 / np.where(possible, beta - 1.0, 1.0), 0.0)

    def alive(self, theta, frequency, recency, age):
        r, alpha, a, b = theta
        odds = self._log_ratio(a, b + frequency + self.offset, frequency)
        return expit(-(odds + (r + frequency) * np.log((alpha + age) / (alpha + recency))))

    def rate_if_alive(self, theta, frequency, age, ahead):
        r, alpha, a, b = theta
        since, beta = alpha + age, b + frequency + self.offset
        if max(r, np.max(a), b) > MODERATE:
            shape, gone = np.broadcast_arrays(r + frequency + 1, ahead / since)
            mean = beta_mean(lambda p: np.exp(-shape[..., None] * np.log1p(p * gone[..., None])), a, beta, shape * gone)
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
        near = np.abs(a - 1) < NEAR_ONE
        if np.any(near) and not np.all(near):
            columns = np.broadcast_arrays(alpha, a, frequency, age, horizon)
            expected = np.empty(columns[0].shape)
            for rows in (near, ~near):
                here_alpha, here_a, *living = (column[rows] for column in columns)
                expected[rows] = self.expected_if_alive((r, here_alpha, here_a, b), *living)
            return expected
        since, beta = alpha + age, b + frequency + self.offset
        if max(r, np.max(a), b) > MODERATE or np.all(near):
            shape, gone = np.broadcast_arrays(r + frequency, horizon / since)
            return beta_mean(lambda p: _purchases(shape[..., None], gone[..., None], p), a, beta, shape * gone)
        series = hyp2f1(a + beta - 1 - r - frequency, a - 1, a + beta - 1, horizon / (since + horizon))
        return (a + beta - 1) / (a - 1) * (1 - (since / (since + horizon)) ** (a - 1) * series)

    def expected_new(self, theta, horizon):
        _, _, a, b = theta
        zero = np.zeros_like(horizon)
        stays = b / (a + b) if self.offset else 1.0
        return stays * self.expected_if_alive(theta, zero, zero, horizon)

    def count_new(self, theta, count, horizon):
        return _probability_of_count(theta, count, horizon, self.offset)

    def count_if_alive(self, theta, frequency, age, count, horizon):
        r, alpha, a, b = theta
        since = (r + frequency, alpha + age, a, b + frequency + self.offset)
        return _probability_of_count(since, count, horizon, 0)

    def flags(self, theta):
        _, _, a, b = theta
        if a < 1e-3 * b:
            yield (
                f"mean dropout probability a / (a + b) = {a / (a + b):.2g}: hardly anyone seems to leave, and a and b "
                f"are not told apart"
            )


def _probability_of_count(theta, count, horizon, offset):
    """P(X(t) = x), Fader, Hardie & Lee (2005), eq. 8: alive with x purchases, or gone after the x-th."""
    r, alpha, a, b = theta
    count, share = np.broadcast_arrays(np.asarray(count, float), horizon / (alpha + horizon))
    chance = betaln(a, b + count + offset) - betaln(a, b) + gammaln(r + count) - gammaln(r) - gammaln(count + 1)
    stayed = np.exp(chance + r * np.log1p(-share) + xlogy(count, share))
    may_leave = (count > 0) | (offset == 1)
    before = np.where(may_leave, b + count + offset - 1, b)
    reached = np.where(count > 0, betainc(np.maximum(count, 1), r, share), 1.0)
    return stayed + np.where(may_leave, np.exp(betaln(a + 1, before) - betaln(a, b)) * reached, 0.0)


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


def beta_mean(function, a, b, steepness):
    """Mean of function(p) with p from a beta(a, b) distribution, by the trapezoidal rule.

    In the logit of p everything is smooth and falls off exponentially to both sides, where the trapezoidal rule converges
    faster than any power of its step. Unlike a hypergeometric series this holds for parameters of any size, so it serves
    where the beta distribution is nearly a point, or has nearly all its mass at 0.

    The function takes and gives arrays whose last axis runs over values of p; `steepness` is the inverse of the size of p over
    which it changes most, and is broadcast with a and b.

    >>> mean = beta_mean(lambda p: 1 / (1 + p), 1.0, np.array([1.0]), np.array([1.0]))
    >>> bool(np.isclose(mean[0], np.log(2), rtol=1e-13))
    True
    """
    a, b, steepness = np.broadcast_arrays(*(np.asarray(part, float)[..., None] for part in (a, b, steepness)))
    centre = np.log((a + 1) / (b + 1))
    spread = np.sqrt(1 / (a + 1) + 1 / (b + 1))
    reach = np.minimum(np.log1p(steepness), TAIL / a)
    low = np.minimum(centre, -reach) - TAIL / (a + 1) - 9 * spread
    high = centre + TAIL / (b + 1) + 9 * spread
    logits = low + (high - low) * MIXING
    density = np.exp(a * log_expit(logits) + b * log_expit(-logits) - betaln(a, b))
    p = expit(logits)
    at_zero, at_one = function(np.zeros_like(low)), function(np.ones_like(low))
    # What the straight line between the ends leaves vanishes at both, however much mass the distribution has there.
    rest = function(p) - at_zero - p * (at_one - at_zero)
    integral = (density * rest).sum(axis=-1) * ((high - low) * MIXING[1])[..., 0]
    return at_zero[..., 0] + (a / (a + b))[..., 0] * (at_one - at_zero)[..., 0] + integral


class BetaGeometricBetaBinomial:
    """The likelihood and the expectations of BG/BB: a coin toss whether to buy at each occasion, and one whether to stay.

    Time is counted in opportunities: recency is the number of the opportunity last used (0 when none was), and
    ``n_periods`` how many there were.

    Source: Fader, Hardie & Shang (2010), Marketing Science 29(6), eq. 5, 7, 9, 13.
    """

    parameters = ("alpha", "beta", "gamma", "delta")
    time_parameters = ()
    columns = ("frequency", "recency", "n_periods")

    def starts(self, data):
        return [np.array([1.0, 1.0, 0.5, 2.0]), np.array([0.5, 2.0, 1.0, 5.0]), np.array([2.0, 1.0, 0.3, 1.0])]

    def log_likelihood(self, theta, data):
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
        prior = digamma(theta) - np.repeat(digamma([alpha + beta, gamma + delta]), 2)
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
        longest = int(np.max(horizon, initial=0))
        per_period = self.per_period_if_alive(theta, np.zeros(1), np.zeros(1), longest)[0]
        return np.concatenate([[0.0], np.cumsum(per_period)])[np.asarray(horizon, dtype=int)]

    def count_new(self, theta, count, horizon):
        alpha, beta, gamma, delta = theta
        count, total = np.asarray(count, float), np.asarray(horizon, float)
        result = np.zeros(np.broadcast_shapes(count.shape, total.shape, *map(np.shape, theta)))
        for last in range(int(total.max(initial=0)) + 1):  # the last opportunity lived through
            ways = -np.log1p(last) - betaln(last - count + 1, count + 1)
            buys = ways + betaln(alpha + count, beta + last - count) - betaln(alpha, beta)
            stays = betaln(gamma + (last < total), delta + last) - betaln(gamma, delta)
            result += np.where((count <= last) & (last <= total), np.exp(buys + stays), 0.0)
        return result

    def count_if_alive(self, theta, frequency, n_periods, count, horizon):
        alpha, beta, gamma, delta = theta
        since = (alpha + frequency, beta + n_periods - frequency, gamma, delta + n_periods)
        return self.count_new(since, count, horizon)

    def flags(self, theta):
        _, _, gamma, delta = theta
        if gamma < 1e-3 * delta:
            yield f"mean dropout probability gamma / (gamma + delta) = {gamma / (gamma + delta):.2g}: hardly anyone leaves"
