"""Intervals that have a formula: of shares, means, ratios, the Net Promoter Score and correlations.

What is asked of the same customers several times is not that many independent answers: such data go to
:func:`clustered_share`, or as sums per customer to :func:`ratio`.
"""

from typing import NamedTuple

import numpy as np
import pandas as pd
from scipy import stats

from idic_lab.errors import pick


class Interval(NamedTuple):
    """An estimate and the bounds of its interval."""

    value: float
    low: float
    high: float


def _z(confidence: float) -> float:
    return float(stats.norm.ppf(0.5 + confidence / 2))


def wilson(hits, n, confidence: float = 0.95):
    """Lower and upper bound of a share of independent answers, or of many shares at once.

    Parameters:
        hits, n: Successes, and answers; not necessarily whole numbers, as where answers are weighted.

    Source: Wilson (1927), Journal of the American Statistical Association 22(158), 209-212.

    >>> [round(float(bound), 3) for bound in wilson(8, 10)]
    [0.49, 0.943]
    """
    from statsmodels.stats.proportion import proportion_confint

    low, high = proportion_confint(np.asarray(hits), np.asarray(n), 1 - confidence, method="wilson")
    return (float(low), float(high)) if np.ndim(low) == 0 else (np.asarray(low), np.asarray(high))


def share(hits: float, n: float, confidence: float = 0.95) -> Interval:
    """A share of independent answers with its interval (:func:`wilson`).

    >>> [round(number, 3) for number in share(8, 10)]
    [0.8, 0.49, 0.943]
    """
    return Interval(float(hits / n), *wilson(hits, n, confidence))


def difference_of_shares(hits, n, against_hits, against_n, confidence: float = 0.95) -> Interval:
    """How much larger one share is than another, of independent answers, with its interval.

    Source: Newcombe (1998), Statistics in Medicine 17(8), 873-890, method 10.

    >>> [round(number, 2) for number in difference_of_shares(56, 70, 48, 80)]
    [0.2, 0.05, 0.33]
    """
    from statsmodels.stats.proportion import confint_proportions_2indep

    settings = {"method": "newcomb", "compare": "diff", "alpha": 1 - confidence}
    low, high = confint_proportions_2indep(hits, n, against_hits, against_n, **settings)
    return Interval(float(hits / n - against_hits / against_n), float(low), float(high))


def ratio_of_shares(hits, n, against_hits, against_n, confidence: float = 0.95) -> Interval:
    """How many times as large one share is as another, of independent answers, with its interval.

    Source: Miettinen & Nurminen (1985), Comparative analysis of two rates, Statistics in Medicine 4(2), 213-226.

    >>> [round(number, 2) for number in ratio_of_shares(30, 100, 20, 100)]
    [1.5, 0.92, 2.46]
    """
    from statsmodels.stats.proportion import confint_proportions_2indep

    settings = {"method": "score", "compare": "ratio", "alpha": 1 - confidence}
    low, high = confint_proportions_2indep(hits, n, against_hits, against_n, **settings)
    return Interval(float(hits / n / (against_hits / against_n)), float(low), float(high))


def clustered_share(hits, n, confidence: float = 0.95) -> Interval:
    """A share of answers of which each customer gave several.

    The variance is that between customers; Wilson's interval is then computed with as many independent answers as would
    have that variance.

    Parameters:
        hits, n: Successes and answers of each customer.

    Source: Korn & Graubard (1998), Survey Methodology 24(2), with Wilson's interval as advised by Dean & Pagano (2015),
    Journal of Survey Statistics and Methodology 3(4).

    >>> [round(number, 2) for number in clustered_share([3, 0, 3, 0], [3, 3, 3, 3])]
    [0.5, 0.06, 0.94]
    """
    hits, n = np.asarray(hits, dtype=float), np.asarray(n, dtype=float)
    hits, n = hits[n > 0], n[n > 0]
    answers, customers = n.sum(), len(n)
    p = hits.sum() / answers if customers else np.nan
    if customers < 2:
        return Interval(float(p), np.nan, np.nan)
    between = customers / (customers - 1) * np.square(hits - p * n).sum() / answers**2
    independent = p * (1 - p) / between if between > 0 else customers
    # Few customers tell little about the variance between them, hence the quantiles of t.
    independent *= (_z(confidence) / stats.t.ppf(0.5 + confidence / 2, customers - 1)) ** 2
    independent = min(independent, answers)
    return Interval(float(p), *wilson(p * independent, independent, confidence))


def net_promoter(promoters: float, detractors: float, n: float, confidence: float = 0.95) -> Interval:
    """The Net Promoter Score as a share between -1 and 1, by the adjusted Wald interval.

    Three imaginary answers, a quarter of them promoters and a quarter detractors, keep the interval from vanishing when
    few respondents agree.

    Source: Rocks (2016), Interval estimation for the Net Promoter Score, The American Statistician 70(4).

    >>> [round(number, 3) for number in net_promoter(3, 1, 6)]
    [0.333, -0.267, 0.712]
    """
    up, down = (promoters + 0.75) / (n + 3), (detractors + 0.75) / (n + 3)
    half = _z(confidence) * np.sqrt((up + down - (up - down) ** 2) / (n + 3))
    value = (promoters - detractors) / n
    return Interval(float(value), float(max(up - down - half, -1.0)), float(min(up - down + half, 1.0)))


def mean(values, confidence: float = 0.95) -> Interval:
    """A mean with an interval that allows for skewed values, as money is; from one value the interval is missing.

    Source: Hall (1992), On the removal of skewness by transformation, Journal of the Royal Statistical Society B 54(1).

    >>> [round(number, 1) for number in mean([10.0, 12.0, 11.0, 9.0, 60.0])]  # reaches further up than down
    [20.4, 2.3, 108.5]
    """
    x = np.asarray(values, dtype=float)
    value, n = float(x.mean()), len(x)
    if n < 2:
        return Interval(value, np.nan, np.nan)
    scale = np.sqrt(np.square(x - value).mean())
    if scale <= 1e-12 * max(abs(value), 1e-300):
        return Interval(value, value, value)
    skewness, error = ((x - value) ** 3).mean() / scale**3, scale / np.sqrt(n - 1)
    t = stats.t.ppf(0.5 + confidence / 2, n - 1)
    if abs(skewness) < 1e-9:
        return Interval(value, float(value - t * error), float(value + t * error))
    # The inverse of Hall's cubic transformation, which takes the skewness out of the studentised estimate.
    inside = [1 + skewness * (z / np.sqrt(n) - skewness / (6 * n)) for z in (t, -t)]
    low, high = (float(value - error * (np.sqrt(n) * (np.cbrt(x) - 1) * 3 / skewness)) for x in inside)
    return Interval(value, low, high)


def ratio(above, below, confidence: float = 0.95) -> Interval:
    """A ratio of two sums over the same customers, by the jackknife; quantiles of t for as many as would weigh alike.

    Source: Efron & Stein (1981), The jackknife estimate of variance, Annals of Statistics 9(3); Kish (1965), Survey
    Sampling, for the number of customers that would weigh alike.

    >>> [round(number, 2) for number in ratio([1.0, 2.0, 4.0], [2.0, 4.0, 6.0])]
    [0.58, 0.15, 1.01]
    """
    a, b = np.asarray(above, dtype=float), np.asarray(below, dtype=float)
    value, n = float(a.sum() / b.sum()), len(a)
    alike = b.sum() ** 2 / np.square(b).sum()
    if n < 2 or alike <= 1:
        return Interval(value, np.nan, np.nan)
    error = np.sqrt((n - 1) ** 2 / n * ((a.sum() - a) / (b.sum() - b)).var(ddof=1))
    half = float(stats.t.ppf(0.5 + confidence / 2, alike - 1) * error)
    return Interval(value, value - half, value + half)


def correlation(x, y, kind: str = "spearman", confidence: float = 0.95) -> Interval:
    """A correlation with its interval by Fisher's transformation.

    Source: Bonett & Wright (2000), Psychometrika 65(1), for the variance under ranks.

    >>> [round(number, 2) for number in correlation([1, 2, 3, 4, 5, 6], [2, 1, 4, 3, 6, 5])]
    [0.83, -0.13, 0.99]
    """
    r = float(pick("correlation", kind, {"spearman": stats.spearmanr, "pearson": stats.pearsonr})(x, y).statistic)
    if abs(r) >= 1:
        return Interval(r, r, r)
    if len(x) < 4:
        return Interval(r, np.nan, np.nan)
    half = _z(confidence) * np.sqrt((1 + r**2 / 2 if kind == "spearman" else 1.0) / (len(x) - 3))
    return Interval(r, float(np.tanh(np.arctanh(r) - half)), float(np.tanh(np.arctanh(r) + half)))


def lasting(days, ended, confidence: float = 0.95) -> pd.DataFrame:
    """Share of what still lasts by day, where some has been watched for a short time only.

    The bounds are pointwise; where 40 are watched, those of 95% hold the truth in some 90 of a hundred.

    Parameters:
        days, ended: How long each was watched (above 0), and whether it ended then or was still there.
    Returns:
        DataFrame: ``days`` (0, and each day on which something ended), ``share``, ``low``, ``high``.

    Source: Kaplan & Meier (1958), Journal of the American Statistical Association 53(282), with Greenwood's variance.

    >>> lasting([2, 4, 4, 9], [True, True, False, False])[["days", "share"]].round(2).to_numpy().tolist()
    [[0.0, 1.0], [2.0, 0.75], [4.0, 0.5]]
    """
    from statsmodels.duration.survfunc import SurvfuncRight

    found = SurvfuncRight(days, ended)
    days, share, error = np.r_[0, found.surv_times], np.r_[1, found.surv_prob], np.r_[0, found.surv_prob_se]
    low, high = ((share + side * _z(confidence) * error).clip(0, 1) for side in (-1, 1))
    return pd.DataFrame({"days": days, "share": share, "low": low, "high": high})
