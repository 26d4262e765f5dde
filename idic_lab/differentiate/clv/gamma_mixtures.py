"""Pareto/NBD and Gamma-Gamma: what varies between customers (how fast they buy, leave and spend) is gamma-distributed.

The published likelihood of the Pareto/NBD has two hypergeometric functions whose derivatives have no closed form. The same
quantity is one integral over the moment at which the customer may have left, between the last purchase and now; taken by
Gauss-Legendre quadrature it is as exact, never overflows, and its derivatives are integrals of the same kind.
"""

from functools import cache
from typing import ClassVar

import numpy as np
from scipy.linalg import solve_banded
from scipy.special import digamma, exprel, gammaln, xlogy

from idic_lab.differentiate.clv.grouping import by_value

NEGLIGIBLE = 45.0  # the integrand is cut where it has fallen by e^-45
ROWS = 4096  # rows taken at once, so that the nodes of all of them stay in cache
STEEP = 4.0  # powers of e by which an integrand may fall within a panel of eight nodes, for thirteen digits


class ParetoNBD:
    """The likelihood and the expectations of the Pareto/NBD model.

    Source: Schmittlein, Morrison & Colombo (1987), Management Science 33(1); in the form of Fader & Hardie (2005), "A
    note on deriving the Pareto/NBD model", eq. 19 to 31; DERT from Fader, Hardie & Lee (2005), Journal of Marketing
    Research 42(4), eq. 3.
    """

    parameters = ("r", "alpha", "s", "beta")
    time_parameters = ("alpha", "beta")
    columns = ("frequency", "recency", "T")
    effects: ClassVar = {"buying": ("alpha", -1.0), "leaving": ("beta", -1.0)}
    all_starts = True

    def starts(self, data):
        rate = max(np.average(data["frequency"], weights=data["weights"]), 0.05)
        return [
            np.array([0.5, 0.5 / rate, 0.5, 0.5]),
            np.array([1.0, 0.7 / rate, 0.2, 0.2]),
            np.array([0.5, 0.4 / rate, 2.0, 5.0]),
        ]

    def log_likelihood(self, theta, data):
        value, gradient = 0.0, np.zeros(4)
        for rows, integrals in self._integrals(theta, data):
            logs, by_theta = self._with_gradient(theta, data, rows, *integrals)
            value += np.dot(data["weights"][rows], logs)
            gradient += by_theta @ data["weights"][rows]
        return value, gradient

    def each(self, theta, data):
        parts = []
        for rows, here in _in_parts(theta, len(data["T"])):
            terms = self._by_quadrature(here, *(data[name][rows] for name in self.columns))
            parts.append(self._with_gradient(here, data, rows, *terms))
        logs, gradients = zip(*parts, strict=True)
        return np.concatenate(logs), np.concatenate(gradients, axis=1)

    def _integrals(self, theta, data):
        """Parts of the rows, each with the terms that the likelihood is made of.

        Ages and recencies are whole days, so there are few of either. Where enough rows share a frequency, the integral is
        taken once from each day to the last of all days, and that between two days is a difference of two of these. The
        integrand falls with time, so the difference loses no more digits than there are panels in what it is taken from.
        """
        by_days = _by_days(data)
        direct = by_days["direct"]
        if by_days["shared"]:
            steep, table = _from_each_day(theta, by_days)
            for place, rows in enumerate(by_days["shared"]):
                if steep[place]:
                    direct = np.concatenate([direct, rows])
                else:
                    yield rows, _between_days(theta, data, rows, [part[place] for part in table], by_days)
        for start in range(0, len(direct), ROWS):
            rows = direct[start : start + ROWS]
            yield rows, self._by_quadrature(theta, *(data[name][rows] for name in self.columns))

    def _by_quadrature(self, theta, x, recency, age):
        """Relative to the integrand at the last purchase: alive until now, and left at some moment since, with moments."""
        r, alpha, s, beta = theta
        shape = r + x
        log_alpha, log_beta = np.log(alpha + recency), np.log(beta + recency)
        drop_alpha, drop_beta = np.log(alpha + age) - log_alpha, np.log(beta + age) - log_beta
        alive = np.exp(-shape * drop_alpha - s * drop_beta)
        least = np.minimum(alpha, beta)
        cut = np.minimum(age, (alpha + recency) * np.exp(np.minimum(NEGLIGIBLE / shape, 300.0)) - alpha)
        start = np.log(least + recency)
        span = np.log(least + cut) - start
        nodes, weights = unit_interval(32)
        alpha, s, beta, least = (np.asarray(part)[..., None] for part in (alpha, s, beta, least))
        moments = np.exp(start[:, None] + span[:, None] * nodes) - least
        since_alpha = np.log(alpha + moments) - log_alpha[:, None]
        since_beta = np.log(beta + moments) - log_beta[:, None]
        weight = np.exp(-shape[:, None] * since_alpha - s * since_beta)
        weight *= s * span[:, None] * weights * (least + moments) / (beta + moments)
        parts = (since_alpha, since_beta, 1 / (alpha + moments), 1 / (beta + moments))
        left = [weight.sum(axis=1), *(np.einsum("nk,nk->n", weight, part) for part in parts)]
        return alive, drop_alpha, drop_beta, left

    def _with_gradient(self, theta, data, rows, alive, drop_alpha, drop_beta, moments):
        """Log-likelihood of each row, with its gradient, of shape (4, n)."""
        r, alpha, s, beta = theta
        x, recency, age = (data[name][rows] for name in self.columns)
        left, left_alpha, left_beta, left_inverse_alpha, left_inverse_beta = moments
        shape, total = r + x, alive + left
        log_alpha, log_beta = np.log(alpha + recency), np.log(beta + recency)
        constant = gammaln(shape) - gammaln(r) + r * np.log(alpha) + s * np.log(beta)
        logs = constant - shape * log_alpha - s * log_beta + np.log(total)
        mean_alpha = (alive * drop_alpha + left_alpha) / total + log_alpha
        mean_beta = (alive * drop_beta + left_beta) / total + log_beta
        inverse_alpha = (alive / (alpha + age) + left_inverse_alpha) / total
        inverse_beta = (s * alive / (beta + age) + (s + 1) * left_inverse_beta) / total
        gradient = [
            digamma(shape) - digamma(r) + np.log(alpha) - mean_alpha,
            r / alpha - shape * inverse_alpha,
            np.log(beta) - mean_beta + left / total / s,
            s / beta - inverse_beta,
        ]
        return logs, np.array(gradient)

    def alive(self, theta, frequency, recency, age):
        parts = [np.zeros(0)]
        for rows, here in _in_parts(theta, len(frequency)):
            alive, _, _, (left, *_) = self._by_quadrature(here, frequency[rows], recency[rows], age[rows])
            parts.append(alive / (alive + left))
        return np.concatenate(parts)

    def rate_if_alive(self, theta, frequency, age, ahead):
        r, alpha, s, beta = theta
        return (r + frequency) / (alpha + age) * ((beta + age) / (beta + age + ahead)) ** s

    def expected_if_alive(self, theta, frequency, age, horizon):
        """Expected purchases in the `horizon` after T of a customer alive at T; s = 1 is no exception."""
        r, alpha, s, beta = theta
        span = np.log1p(horizon / (beta + age))
        return (r + frequency) / (alpha + age) * (beta + age) * span * exprel(-(s - 1) * span)

    def expected_new(self, theta, horizon):
        zero = np.zeros_like(horizon)
        return self.expected_if_alive(theta, zero, zero, horizon)

    def count_new(self, theta, count, horizon):
        r, alpha, s, beta = (np.asarray(part, float)[..., None] for part in theta)
        count, horizon = np.asarray(count, float)[..., None], np.asarray(horizon, float)[..., None]
        nodes, weights = unit_interval(32)
        least = np.minimum(alpha, beta)
        span = np.log1p(horizon / least)
        moments = least * np.expm1(span * nodes)
        leaves = s * span * weights * (least + moments) / (beta + moments) * np.exp(-s * np.log1p(moments / beta))
        left = (leaves * _negative_binomial(r, alpha, count, moments)).sum(axis=-1)
        stayed = np.exp(-s * np.log1p(horizon / beta)) * _negative_binomial(r, alpha, count, horizon)
        return left + stayed[..., 0]

    def count_if_alive(self, theta, frequency, age, count, horizon):
        r, alpha, s, beta = theta
        return self.count_new((r + frequency, alpha + age, s, beta + age), count, horizon)

    def flags(self, theta):
        _, _, s, _ = theta
        if s <= 1:
            yield f"s = {s:.3g} is at most 1: the mean dropout time of a customer, beta / (s - 1), is infinite"


def _in_parts(theta, n: int):
    """Rows taken at once, with the parameters of each where these differ."""
    for start in range(0, n, ROWS):
        rows = slice(start, start + ROWS)
        yield rows, [part[rows] if np.ndim(part) else part for part in theta]


def _negative_binomial(r, alpha, count, time):
    """Probability of so many purchases in a time, of a customer who stays all of it."""
    share = time / (alpha + time)
    log_ways = gammaln(r + count) - gammaln(r) - gammaln(count + 1)
    return np.exp(log_ways + r * np.log1p(-share) + xlogy(count, share))


def _by_days(data) -> dict:
    """The days that occur, where each row is among them, and the rows whose frequency enough others share; once per data."""
    if ("by days",) not in data:
        days, at = np.unique(np.concatenate([data["recency"], data["T"]]), return_inverse=True)
        values, codes, _ = by_value(data, "frequency")
        order = np.argsort(codes, kind="stable")
        rows = np.split(order, np.cumsum(np.bincount(codes, minlength=len(values)))[:-1])
        enough = np.array([2 * len(part) > len(days) > 1 for part in rows])
        shared = [part for part, many in zip(rows, enough, strict=True) if many]
        others = [part for part, many in zip(rows, enough, strict=True) if not many]
        seen, now = at[: len(codes)], at[len(codes) :]
        data[("by days",)] = {
            "days": days, "seen": seen, "now": now, "frequencies": values[enough], "shared": shared,
            "first": np.array([seen[part].min() for part in shared], dtype=int),
            "direct": np.concatenate([np.zeros(0, dtype=int), *others]),
        }  # fmt: skip
    return data[("by days",)]


def _from_each_day(theta, by_days):
    """For each frequency, whether a panel is too steep; and the five integrals from each day to the last, of shape (n, days)."""
    r, alpha, s, beta = theta
    days, shape = by_days["days"], r + by_days["frequencies"][:, None]
    least = min(alpha, beta)
    nodes, weights = unit_interval(8)
    start = np.log(least + days[:-1])[:, None]
    span = np.log(least + days[1:])[:, None] - start
    moments = np.exp(start + span * nodes) - least
    since_alpha = np.log(alpha + moments) - np.log(alpha + days[:-1])[:, None]
    since_beta = np.log(beta + moments) - np.log(beta + days[:-1])[:, None]
    step_alpha, step_beta = np.diff(np.log(alpha + days)), np.diff(np.log(beta + days))
    falls = shape * step_alpha + (s + 1) * step_beta
    steepest = np.maximum.accumulate(falls[:, ::-1], axis=1)[:, ::-1]
    from_first = np.take_along_axis(steepest, np.minimum(by_days["first"], len(days) - 2)[:, None], axis=1)[:, 0]
    weight = np.exp(-shape[:, :, None] * since_alpha - s * since_beta)
    weight *= s * span * weights * (least + moments) / (beta + moments)
    parts = (np.ones_like(moments), since_alpha, since_beta, 1 / (alpha + moments), 1 / (beta + moments))
    panels = np.array([np.einsum("xkn,kn->xk", weight, part) for part in parts])
    kept = np.exp(-falls + step_beta)  # what is left of a living customer's density a panel later
    kept[:, -1] = 0.0  # after which nothing comes

    def carried(
        panels,
    ):  # each panel, and of the integral from the day after it what is kept: solved from the last day back
        band = np.stack([np.roll(-kept, 1), np.ones(kept.shape)]).reshape(2, -1)
        found = solve_banded((0, 1), band, panels.reshape(len(panels), -1).T, check_finite=False)
        return np.pad(found.T.reshape(panels.shape), ((0, 0), (0, 0), (0, 1)))

    whole, by_alpha, by_beta = carried(panels[[0, 3, 4]])
    steps = np.array([step_alpha, step_beta])[:, None]
    since = carried(panels[1:3] + kept * steps * whole[:, 1:])
    return from_first > STEEP, np.array([whole, *since, by_alpha, by_beta])


def _between_days(theta, data, rows, table, by_days):
    """The terms of rows of one frequency, from the integrals that begin on the day last seen and on the present day."""
    r, alpha, s, beta = theta
    seen, now = by_days["seen"][rows], by_days["now"][rows]
    log_alpha, log_beta = np.log(alpha + by_days["days"]), np.log(beta + by_days["days"])
    drop_alpha, drop_beta = log_alpha[now] - log_alpha[seen], log_beta[now] - log_beta[seen]
    alive = np.exp(-(r + data["frequency"][rows[0]]) * drop_alpha - s * drop_beta)
    left = [part[seen] - alive * part[now] for part in table]
    after = alive * table[0][now]
    left[1] -= drop_alpha * after
    left[2] -= drop_beta * after
    return alive, drop_alpha, drop_beta, left


class GammaGamma:
    """The likelihood and the conditional mean of spend: a customer's mean per purchase day varies, and repeat buyers reveal it.

    Source: Fader & Hardie (2013), note 025, "The Gamma-Gamma model of monetary value", eq. 1a and 5.
    """

    parameters = ("p", "q", "gamma")
    time_parameters = ()
    money_parameters = ("gamma",)
    columns = ("frequency", "monetary_value")
    effects: ClassVar = {"spending": ("gamma", 1.0)}

    def starts(self, data):
        return [np.array([5.0, 4.0, 0.6]), np.array([1.0, 2.0, 1.0]), np.array([20.0, 10.0, 0.5])]

    def log_likelihood(self, theta, data):
        p, q, gamma = theta
        weights = data["weights"]
        values, _, totals = by_value(data, "frequency")
        if "spend" not in data:
            data["spend"] = data["frequency"] * data["monetary_value"]
            data["weighted frequency"] = weights * data["frequency"]
            data["log mean"] = np.log(data["monetary_value"])
            data["sums"] = (np.dot(data["weighted frequency"], data["log mean"]), np.dot(weights, data["log mean"]))
        frequency_log, plain_log = data["sums"]
        known = p * values
        constant = gammaln(known + q) - gammaln(known) - gammaln(q) + q * np.log(gamma) + known * np.log(values)
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

    def each(self, theta, data):
        p, q, gamma = theta
        x, mean = data["frequency"], data["monetary_value"]
        known, spread = p * x, x * mean + gamma
        logs = gammaln(known + q) - gammaln(known) - gammaln(q) + q * np.log(gamma) - (known + q) * np.log(spread)
        both = digamma(known + q) - np.log(spread)
        gradient = [
            x * (both - digamma(known) + np.log(x * mean)),
            both - digamma(q) + np.log(gamma),
            q / gamma - (known + q) / spread,
        ]
        return logs + known * np.log(x * mean) - np.log(mean), np.array(gradient)

    def expected_spend(self, theta, frequency, monetary_value):
        """Expected mean amount per purchase day: the customer's own mean, drawn towards that of all."""
        p, q, gamma = theta
        return p * (gamma + frequency * monetary_value) / (p * frequency + q - 1)

    def flags(self, theta):
        _, q, _ = theta
        if q <= 1:
            yield f"q = {q:.3g} is at most 1: the mean spend of the population is infinite, so none is reported"


@cache
def unit_interval(nodes: int) -> tuple[np.ndarray, np.ndarray]:
    """Gauss-Legendre nodes and weights on [0, 1]."""
    points, weights = np.polynomial.legendre.leggauss(nodes)
    return (points + 1) / 2, weights / 2


def integrate_from_zero(function, horizon, scale, nodes: int = 32):
    """Integral of a function of time from 0 to `horizon`, by Gauss-Legendre quadrature in log(1 + t / scale).

    Purchase rates fall like a power of 1 + t / scale, so they are smooth in that logarithm whatever the horizon.

    Horizon and scale are broadcast together. With 32 nodes the models here are integrated to about twelve digits out to where
    discounting leaves nothing; 16 do the same over a horizon of up to a hundred times `scale`.

    >>> round(float(integrate_from_zero(lambda t: 1 / (2 + t) ** 2, 10.0, 2.0)), 12)  # 1/2 - 1/12
    0.416666666667
    """
    horizon, scale = np.broadcast_arrays(np.asarray(horizon, float), np.asarray(scale, float))
    span = np.log1p(horizon / scale)[..., None]
    points, weights = unit_interval(nodes)
    times = scale[..., None] * np.expm1(span * points)
    return np.sum(function(times) * (scale[..., None] + times) * span * weights, axis=-1)
