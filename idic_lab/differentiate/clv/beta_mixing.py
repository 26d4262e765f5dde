"""Expectations over a beta distribution, for functions of the dropout probability, by the trapezoidal rule.

In the logit of p everything is smooth and falls off exponentially to both sides, where the trapezoidal rule converges
faster than any power of its step. Unlike a hypergeometric series this holds for parameters of any size, so it serves
where the beta distribution is nearly a point, or has nearly all its mass at 0.
"""

from __future__ import annotations

import numpy as np
from scipy.special import betaln, expit, log_expit

NODES = np.linspace(0.0, 1.0, 400)
TAIL = 37.0  # e^-37 is the precision of a double


def beta_mean(function, a, b, steepness):
    """Mean of function(p) with p from a beta(a, b) distribution.

    Parameters
    ----------
    function : callable
        Smooth in p; takes and gives arrays whose last axis runs over values of p in [0, 1].
    a : float
    b, steepness : ndarray
        Second parameter, and the size of p over which the function changes most, as its inverse; broadcast together.

    Examples
    --------
    >>> mean = beta_mean(lambda p: 1 / (1 + p), 1.0, np.array([1.0]), np.array([1.0]))
    >>> bool(np.isclose(mean[0], np.log(2), rtol=1e-13))
    True
    """
    b, steepness = np.broadcast_arrays(
        np.asarray(b, float)[..., None], np.asarray(steepness, float)[..., None]
    )
    centre = np.log((a + 1) / (b + 1))
    spread = np.sqrt(1 / (a + 1) + 1 / (b + 1))
    reach = np.minimum(np.log1p(steepness), TAIL / a)
    low = np.minimum(centre, -reach) - TAIL / (a + 1) - 9 * spread
    high = centre + TAIL / (b + 1) + 9 * spread
    logits = low + (high - low) * NODES
    density = np.exp(a * log_expit(logits) + b * log_expit(-logits) - betaln(a, b))
    p = expit(logits)
    at_zero, at_one = function(np.zeros_like(low)), function(np.ones_like(low))
    # What the straight line between the ends leaves vanishes at both, however much mass the distribution has there.
    rest = function(p) - at_zero - p * (at_one - at_zero)
    integral = (density * rest).sum(axis=-1) * ((high - low) * NODES[1])[..., 0]
    return at_zero[..., 0] + a / (a + b[..., 0]) * (at_one - at_zero)[..., 0] + integral
