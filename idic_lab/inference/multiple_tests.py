"""p-values: corrected for the number of questions asked, and written so that none is nought."""

import numpy as np


def holm(p_values) -> np.ndarray:
    """p-values corrected for their number by Holm's step-down rule.

    Rejecting where the corrected value is below a level keeps the chance of even one false rejection below that
    level, whatever depends on what.

    Source: Holm (1979), A simple sequentially rejective multiple test procedure, Scandinavian Journal of Statistics 6(2).

    >>> holm([0.01, 0.04, 0.03]).round(2).tolist()
    [0.03, 0.06, 0.06]
    """
    from statsmodels.stats.multitest import multipletests

    p = np.asarray(p_values, dtype="float64")
    return multipletests(p, method="holm")[1] if len(p) else p


def written(p_value: float, digits: int = 3) -> str:
    """A p-value as one writes it: never nought, which no test can show.

    >>> written(0.0412), written(0.0000003)
    ('0.041', '<0.001')
    """
    if np.isnan(p_value):
        return ""
    return f"<{10**-digits:.{digits}f}" if p_value < 10**-digits else f"{p_value:.{digits}f}"
