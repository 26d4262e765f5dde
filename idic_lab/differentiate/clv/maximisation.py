"""Maximum likelihood: find the top, prove it is one, and measure how sharp it is.

Everything happens in the logarithms of the parameters, which are all positive. A quasi-Newton search (L-BFGS-B) climbs,
Newton steps with a Hessian from differences of the analytic gradient finish, and the same Hessian gives the standard
errors. No penalty is ever added to make a fit converge; when the first start does not reach a top, others are tried.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.optimize import minimize

LIMIT = (
    10.0  # |log parameter|, in rescaled units: beyond e^10 the likelihood no longer tells it from infinity
)
SAMPLE = 20_000  # distinct rows from which a first approximation is taken when there are many more
CHORDS = 10  # steps with the sample's curvature; three or four do
NEAR_TOP = 1e-6  # gradient per customer from which one Newton step reaches the top
STEP = 1e-4
STEPS = 40  # Newton steps; two or three do, but for a ridge


@dataclass
class Maximum:
    """Where the likelihood is highest, and its shape there.

    Attributes
    ----------
    log_theta : ndarray of shape (k,)
    value : float
        Log-likelihood (less the penalty, when one was asked for).
    covariance : ndarray of shape (k, k)
        Of the log-parameters; infinite for a parameter that is at a limit or not determined.
    at_limit, flat : list of int
        Positions of parameters at a limit, and of those that data do not determine.
    converged : bool
    """

    log_theta: np.ndarray
    value: float
    covariance: np.ndarray
    at_limit: list
    flat: list
    converged: bool


def maximise(log_likelihood, data: dict, starts, penalizer: float = 0.0, all_starts: bool = False) -> Maximum:
    """The maximum of a log-likelihood.

    Parameters
    ----------
    log_likelihood : callable
        ``log_likelihood(theta, data)`` gives the weighted sum and its gradient by the parameters.
    data : dict
        Columns of distinct rows, with ``weights``.
    starts : list of ndarray
        Starting parameters, tried in turn until one converges.
    penalizer : float
        Coefficient of the sum of squared parameters, per customer, taken off; as lifetimes does.
    all_starts : bool
        Try every start and keep the best: for likelihoods with ridges.
    """
    starts = [np.log(start) for start in starts]
    objective = _objective(log_likelihood, data, penalizer)
    sample = _sample(data)
    near_top = False
    if sample is not None:
        on_sample = _objective(log_likelihood, sample, penalizer)
        rough = _best(on_sample, starts, all_starts).x
        rough, near_top = _approach(objective, rough, _hessian(on_sample, rough))
        starts, all_starts = [rough, *starts], False
    best = None
    for start in starts:
        candidate = _polish(objective, start if near_top else minimize(objective, start, **_SEARCH).x)
        near_top = False
        if best is None or candidate.value > best.value:
            best = candidate
        if best.converged and not all_starts:
            break
    best.value *= data["weights"].sum()
    return best


_SEARCH = {"jac": True, "method": "L-BFGS-B", "options": {"maxiter": 500, "ftol": 1e-13, "gtol": 1e-7}}


def _sample(data):
    m = len(data["weights"])
    if m <= 2 * SAMPLE:
        return None
    chosen = slice(None, None, m // SAMPLE)
    return {name: values[chosen] for name, values in data.items() if isinstance(name, str)}


def _best(objective, starts, all_starts):
    found = []
    for start in starts:
        found.append(minimize(objective, start, **_SEARCH))
        if found[-1].success and not all_starts:
            break
    return min(found, key=lambda result: result.fun)


def _approach(objective, log_theta, hessian):
    """From the top of a sample towards that of all, with the sample's curvature: it is nearly the same.

    A step costs one evaluation, where a search takes twenty. The second answer says whether the top is near; along a
    ridge, or at a limit, it is not, and a search has to go on from there.
    """
    value, gradient = objective(log_theta)
    for _ in range(CHORDS):
        if np.abs(gradient).max() < NEAR_TOP:
            return log_theta, True
        further = log_theta - _ascent(hessian, gradient)
        new_value, gradient = objective(further)
        if not new_value <= value:
            break
        log_theta, value = further, new_value
    return log_theta, False


def _objective(log_likelihood, data, penalizer):
    """Minus the mean log-likelihood per customer, by log-parameters, with soft walls far out."""
    total = data["weights"].sum()

    def objective(log_theta):
        inside = np.clip(log_theta, -LIMIT, LIMIT)
        theta = np.exp(inside)
        value, gradient = log_likelihood(theta, data)
        value = -value / total + penalizer * np.sum(theta**2)
        gradient = (-gradient / total + 2 * penalizer * theta) * theta
        over = log_theta - inside
        return value + np.sum(over**2), np.where(over == 0, gradient, 2 * over)

    objective.total = total
    return objective


def _hessian(objective, log_theta):
    k = len(log_theta)
    hessian = np.empty((k, k))
    for i in range(k):
        step = np.zeros(k)
        step[i] = STEP
        hessian[i] = (objective(log_theta + step)[1] - objective(log_theta - step)[1]) / (2 * STEP)
    return (hessian + hessian.T) / 2


def _polish(objective, log_theta) -> Maximum:
    log_theta = np.asarray(log_theta, float)
    k = len(log_theta)
    log_theta, value, gradient, hessian = _climb(objective, log_theta, list(range(k)))
    free = [i for i in range(k) if abs(log_theta[i]) < LIMIT - 0.01]
    if 0 < len(free) < k and not _is_top(gradient[free]):
        # Two parameters run to infinity along a ridge; one is stopped by its limit, and the other has its top there.
        log_theta, value, gradient, hessian = _climb(objective, log_theta, free)
        free = [i for i in free if abs(log_theta[i]) < LIMIT - 0.01]
    covariance, flat = _covariance(hessian * objective.total, free)
    converged = bool(np.isfinite(value) and _is_top(gradient[free]))
    at_limit = [i for i in range(k) if i not in free]
    return Maximum(log_theta, -value, covariance, at_limit, flat, converged)


def _is_top(gradient) -> bool:
    return bool(np.abs(gradient).max(initial=0.0) < 1e-5)


def _climb(objective, log_theta, moving: list):
    """Newton steps in the parameters that may move; where they end, with value, gradient and Hessian of all."""
    value, gradient = objective(log_theta)
    hessian = _hessian(objective, log_theta)
    for _ in range(STEPS):
        step = np.zeros(len(log_theta))
        step[moving] = _ascent(hessian[np.ix_(moving, moving)], gradient[moving])
        if gradient @ step * objective.total < 1e-14:
            break
        while np.abs(step).max() > 1e-12:
            new_value, new_gradient = objective(log_theta - step)
            if new_value <= value + 1e-14 * abs(value):
                break
            step = step / 2
        else:
            break
        near = np.abs(step).max() < 1e-3  # the Hessian hardly changes over so small a step
        log_theta, value, gradient = log_theta - step, new_value, new_gradient
        if not near:
            hessian = _hessian(objective, log_theta)
    return log_theta, value, gradient, hessian


def _ascent(hessian, gradient):
    """A Newton step, at most a factor of e in any parameter; along a ridge, where curvature fails, a gradient step."""
    curvature, directions = np.linalg.eigh(hessian)
    curvature = np.maximum(np.abs(curvature), 1e-7)
    step = directions @ ((directions.T @ gradient) / curvature)
    return step / max(1.0, np.abs(step).max())


def _covariance(information, free):
    """Inverse of the information; what the data do not determine gets an infinite variance, not a wrong one.

    A direction whose standard error is above 3, a factor of twenty either way, counts as not determined, and so does
    every parameter that lies along it.
    """
    k = len(information)
    covariance = np.full((k, k), np.inf)
    if not free:
        return covariance, []
    curvature, directions = np.linalg.eigh(information[np.ix_(free, free)])
    loose = curvature < 1 / 9
    share = np.square(directions[:, loose]).sum(axis=1)
    known = directions[:, ~loose]
    block = known @ (known / curvature[~loose]).T
    firm = share < 0.01
    places = np.array(free)
    covariance[np.ix_(places[firm], places[firm])] = block[np.ix_(firm, firm)]
    return covariance, places[~firm].tolist()
