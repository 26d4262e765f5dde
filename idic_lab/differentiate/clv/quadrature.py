"""Integrals over time from now to a horizon, on nodes that are dense now and sparse far ahead."""

from __future__ import annotations

import numpy as np

NODES, WEIGHTS = np.polynomial.legendre.leggauss(48)
NODES, WEIGHTS = (NODES + 1) / 2, WEIGHTS / 2


def integrate_from_zero(function, horizon, scale):
    """Integral of a function of time from 0 to `horizon`, by Gauss-Legendre quadrature in log(1 + t / scale).

    Purchase rates fall like a power of 1 + t / scale, so they are smooth in that logarithm whatever the horizon.

    Parameters
    ----------
    function : callable
        Takes times of shape (..., 48), gives values of that shape.
    horizon, scale : float or ndarray
        Broadcast together; both in the same unit of time.

    Examples
    --------
    >>> round(float(integrate_from_zero(lambda t: 1 / (2 + t) ** 2, 10.0, 2.0)), 12)  # 1/2 - 1/12
    0.416666666667
    """
    horizon, scale = np.broadcast_arrays(np.asarray(horizon, float), np.asarray(scale, float))
    span = np.log1p(horizon / scale)[..., None]
    times = scale[..., None] * np.expm1(span * NODES)
    return np.sum(function(times) * (scale[..., None] + times) * span * WEIGHTS, axis=-1)
