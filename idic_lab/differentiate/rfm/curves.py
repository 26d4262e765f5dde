"""How unevenly revenue is spread over customers (Lorenz), and whether scores foretell who brings it (gains).

Customers who tie lie on one straight piece of either curve, and a share that cuts through them is taken in proportion: no arbitrary
order among equals ever matters. Who did not buy again counts as having spent nothing.
"""

from collections.abc import Callable
from functools import partial
from numbers import Integral

import numpy as np
import pandas as pd
from scipy.special import expit, logit

from idic_lab.dataframes import given_day
from idic_lab.differentiate.rfm.scores import MEASURES
from idic_lab.errors import DataError, LabError, pick


def lorenz(values) -> pd.DataFrame:
    """The Lorenz curve: what share of the value the lowest share of the customers brings.

    Parameters:
        values (array-like of shape (n_customers,)): One value per customer, none negative.
    Returns:
        DataFrame: ``share_of_customers`` and ``share_of_value``, from (0, 0) to (1, 1), lowest customers first; one row
            per different value.

    Source: Lorenz (1905), Publications of the American Statistical Association 9(70), 209-219.

    >>> lorenz([10, 0, 10, 60])["share_of_value"].tolist()
    [0.0, 0.0, 0.25, 1.0]
    """
    customers, value = _curve(*_distinct(values))
    return pd.DataFrame({"share_of_customers": customers, "share_of_value": value})


def gini(values) -> float:
    """The Gini coefficient: 0 when all customers bring the same, near 1 when one brings everything.

    It is twice the area between the Lorenz curve and the diagonal, with the customers taken as the whole population: the
    largest value that n customers can reach is (n - 1) / n.

    Source: Gini (1912), Variabilità e mutabilità; the computing formula in Sen (1973), On Economic Inequality, chapter 2.

    >>> gini([1, 2, 3])  # doctest: +ELLIPSIS
    0.222...
    """
    distinct, counts = _distinct(values)
    return float(_gini(distinct, counts[None])[0][0])


def top_share(values, fraction: float = 0.2) -> float:
    """Share of the value that the highest `fraction` of the customers brings.

    >>> top_share([1, 1, 1, 1, 16], fraction=0.2)
    0.8
    """
    distinct, counts = _distinct(values)
    return float(_top_share(distinct, counts[None], checked_share(fraction))[0][0])


def interval(
    statistic: str,
    values,
    confidence: float = 0.95,
    n_bootstrap: int = 1000,
    random_state: int = 0,
    fraction: float = 0.2,
) -> tuple[float, float]:
    """Studentised bootstrap interval of a concentration statistic: how much it would vary had other customers come.

    Parameters:
        statistic ({"gini", "top_share"})
        fraction: For "top_share".

    Money is so skewed that the interval is a little short for few customers; ``docs/inference.md`` says by how much.

    Source: Davidson (2009), Reliable inference for the Gini index, Journal of Econometrics 150(1), here of the log-odds;
    for the error of a top share Beach & Davidson (1983), Review of Economic Studies 50(4).

    >>> low, high = interval("gini", [1, 2, 3, 4, 5, 30])
    >>> 0 < low < gini([1, 2, 3, 4, 5, 30]) < high < 1
    True
    """
    checked_share(confidence, "confidence")
    _checked_count(n_bootstrap)
    known = {"gini": _gini, "top_share": partial(_top_share, fraction=checked_share(fraction))}
    compute = pick("concentration statistic", statistic, known)
    distinct, counts = _distinct(values)
    share, error = (float(found[0]) for found in compute(distinct, counts[None]))
    if error < 1e-12:  # all bring the same
        return share, share
    centre, error = logit(share), error / (share * (1 - share))
    generator, customers, distances = np.random.default_rng(random_state), int(counts.sum()), []
    for block in np.diff(np.r_[0 : n_bootstrap : max(1, 2_000_000 // len(distinct)), n_bootstrap]):  # what memory holds
        with np.errstate(divide="ignore", invalid="ignore"):  # tiny samples can draw zeros alone, or one customer alone
            drawn, errors = compute(distinct, generator.multinomial(customers, counts / customers, size=block))
            distances.append((logit(drawn) - centre) * drawn * (1 - drawn) / errors)
    distances = np.concatenate(distances)
    tails = [(1 - confidence) / 2, (1 + confidence) / 2]
    least, most = np.quantile(distances[np.isfinite(distances)], tails)
    return float(expit(centre - most * error)), float(expit(centre - least * error))


def _curve(distinct, counts):
    """Cumulative shares of customers and of value at each different value, from (0, 0)."""
    customers = np.concatenate([[0], np.cumsum(counts)])
    value = np.concatenate([[0.0], np.cumsum(counts * distinct)])
    return customers / customers[-1], value / value[-1]


def _gini(distinct, drawn) -> tuple[np.ndarray, np.ndarray]:
    """Gini coefficients where each row says how often each value is there, and their standard errors."""
    n, total = drawn.sum(axis=1, keepdims=True), (drawn @ distinct)[:, None]
    rank = (np.cumsum(drawn, axis=1) - drawn / 2) / n
    found = 2 * (rank * drawn @ distinct)[:, None] / total - 1
    below = np.cumsum(drawn * distinct, axis=1) - drawn * distinct / 2
    return found[:, 0], _error(((2 * rank - found - 1) * distinct * n - 2 * below) / total, drawn)


def _top_share(distinct, drawn, fraction) -> tuple[np.ndarray, np.ndarray]:
    """Shares of the highest `fraction`, as `_gini`; a tie that the cut goes through is taken in proportion."""
    n, total, rest = drawn.sum(axis=1, keepdims=True), (drawn @ distinct)[:, None], 1 - fraction
    customers, value = np.cumsum(drawn, axis=1) / n, np.cumsum(drawn * distinct, axis=1) / total
    at = (customers < rest - 1e-12).sum(axis=1, keepdims=True)
    cut, reached = distinct[at], np.take_along_axis(customers, at, axis=1)
    below = np.take_along_axis(value, at, axis=1) - (reached - rest) * cut * n / total
    influence = (np.minimum(distinct - cut, 0) + rest * cut - below * distinct) * n / total
    return 1 - below[:, 0], _error(influence, drawn)


def _error(influence, drawn) -> np.ndarray:
    n = drawn.sum(axis=1)
    mean = (influence * drawn).sum(axis=1) / n
    return np.sqrt((drawn * (influence - mean[:, None]) ** 2).sum(axis=1)) / n


def _distinct(values):
    """The different values in ascending order and how many customers have each, once they are known to be usable."""
    try:
        values = np.asarray(values, dtype="float64").ravel()
    except (TypeError, ValueError) as error:
        raise DataError(f"values: one number per customer is needed ({error}).") from error
    if not values.size:
        raise DataError("values: there are none; one number per customer is needed.")
    unusable, negative = ~np.isfinite(values), values < 0
    if unusable.any():
        raise DataError(f"values: {unusable.sum():,} of {values.size:,} are missing or infinite.")
    if negative.any():
        found = f"{negative.sum():,} of {values.size:,} are negative"
        raise DataError(f"values: {found}; a Lorenz curve needs values of zero or more.")
    if not values.any():
        raise DataError("values: their total is zero, so there is no share of it to speak of.")
    return np.unique(values, return_counts=True)


def checked_share(share: float, name: str = "fraction") -> float:
    if not 0 < share < 1:
        raise LabError(f"{name} should be between 0 and 1, found {share!r}.")
    return float(share)


def _checked_count(n_bootstrap: int) -> None:
    if isinstance(n_bootstrap, bool) or not isinstance(n_bootstrap, Integral) or n_bootstrap < 1:
        raise LabError(f"n_bootstrap should be a whole number of 1 or more, found {n_bootstrap!r}.")


FOLDS = 5


def capture(
    rfm_table: pd.DataFrame, holdout: pd.DataFrame, fraction: float = 0.2, random_state: int = 0
) -> pd.DataFrame:
    """Share of the holdout spend that the top `fraction` of customers brings, under several rankings.

    Parameters:
        rfm_table, holdout: ``customer_id`` (unique) and ``holdout_spend`` (currency). Customers without a row spent
            nothing; customers not in `rfm_table` are newcomers, whom no score could rank, and are left out.
        random_state: Seed of the five folds of the tested cells.
    Returns:
        DataFrame: ``ranking``, ``captured`` (share of holdout spend), ``lift`` (captured over `fraction`); best first:

            - perfect foresight: by the holdout spend itself, the most that can be had;
            - RFM cells, tested: each cell by what the other four fifths of its customers spent, as a firm learns from a
              test mailing, so it draws on the holdout, though never on the customer's own spend;
            - RFM score, summed: R + F + M;
            - RFM cells, 555 to 111: R first, then F, then M;
            - monetary, frequency, recency: each measure alone;
            - random: what a random order is expected to.

    Source: cells ranked by a test mailing, Hughes (1994), Strategic Database Marketing.

    >>> rfm_table = pd.DataFrame({"customer_id": ["a", "b"], "recency_days": [9, 1], "frequency": [1, 2],
    ...     "monetary": [1.0, 9.0], "r_score": [1, 2], "f_score": [1, 2], "m_score": [1, 2]})
    >>> holdout = pd.DataFrame({"customer_id": ["b"], "holdout_spend": [5.0]})
    >>> capture(rfm_table, holdout, 0.5).set_index("ranking")["captured"][["RFM score, summed", "random"]].tolist()
    [1.0, 0.5]
    """
    checked_share(fraction)
    spend = _matched(rfm_table, holdout).to_numpy()
    rankings = _rankings(rfm_table, spend, random_state)
    held = [_captured(_steps(priority()), np.ones(len(spend)), spend, fraction) for priority in rankings.values()]
    captured = pd.DataFrame({"ranking": list(rankings), "captured": held}).assign(lift=np.divide(held, fraction))
    return captured.sort_values("captured", ascending=False, ignore_index=True, kind="stable")


def gains(
    rfm_table: pd.DataFrame, holdout: pd.DataFrame, ranking: str = "RFM score, summed", random_state: int = 0
) -> pd.DataFrame:
    """``share_of_customers`` and ``share_of_holdout_spend`` of them under one ranking of :func:`capture`, from 0 to 1.

    >>> rfm_table = pd.DataFrame({"customer_id": ["a", "b"], "recency_days": [9, 1], "frequency": [1, 2],
    ...     "monetary": [1.0, 9.0], "r_score": [1, 2], "f_score": [1, 2], "m_score": [1, 2]})
    >>> holdout = pd.DataFrame({"customer_id": ["a", "b"], "holdout_spend": [1.0, 3.0]})
    >>> gains(rfm_table, holdout)["share_of_holdout_spend"].tolist()
    [0.0, 0.75, 1.0]
    """
    spend = _matched(rfm_table, holdout).to_numpy()
    priority = pick("ranking", ranking, _rankings(rfm_table, spend, random_state))()
    customers, captured = _gains(_steps(priority), np.ones(len(spend)), spend)
    return pd.DataFrame({"share_of_customers": customers, "share_of_holdout_spend": captured})


def hide_later(transactions: pd.DataFrame, calibration_end: str = "") -> tuple[pd.DataFrame, pd.DataFrame]:
    """Score customers on the first part of the data only, and say what they spent in the part that is hidden.

    Parameters:
        transactions: ``customer_id``, ``date``, ``amount``.
        calibration_end: Last day that the scores may see; the middle of the time observed unless given.
    Returns:
        (DataFrame, DataFrame): The table ``rfm`` by that day, and ``customer_id``, ``holdout_frequency``,
            ``holdout_spend`` of the same customers afterwards. Who came only afterwards has no past to be ranked by,
            and is in neither.

    >>> from idic_lab import datasets
    >>> past, later = hide_later(datasets.load("cdnow_sample", quiet=True).transactions, "1997-09-30")
    >>> len(past), len(later)
    (2357, 2357)
    """
    from idic_lab.differentiate import clv
    from idic_lab.differentiate.rfm.scores import table

    end = given_day(calibration_end, "calibration_end") if calibration_end else clv.middle(transactions)
    return table(transactions, observation_end=end), clv.split(transactions, calibration_end=end).holdout


def silent_share(rfm_table: pd.DataFrame, holdout: pd.DataFrame, fraction: float = 0.2) -> float:
    """Share of the best by RFM score, equal scores together, who bought nothing afterwards.

    >>> rfm_table = pd.DataFrame({"customer_id": ["a", "b"], "r_score": [2, 1], "f_score": [2, 1], "m_score": [2, 1]})
    >>> silent_share(rfm_table, pd.DataFrame({"customer_id": ["a", "b"], "holdout_frequency": [0, 3]}), 0.5)
    1.0
    """
    total = rfm_table[["r_score", "f_score", "m_score"]].sum(axis=1)
    best = rfm_table.loc[total >= total.quantile(1 - checked_share(fraction)), "customer_id"]
    return float(holdout.set_index("customer_id").loc[best, "holdout_frequency"].eq(0).mean())


def capture_difference(
    rfm_table: pd.DataFrame,
    holdout: pd.DataFrame,
    ranking: str = "RFM score, summed",
    against: str = "monetary alone",
    fraction: float = 0.2,
    confidence: float = 0.95,
    n_bootstrap: int = 1000,
    random_state: int = 0,
) -> tuple[float, float, float]:
    """How much more holdout spend one ranking of :func:`capture` brings than another, with a paired bootstrap interval.

    Customers are drawn with replacement and both rankings, held as they are, are cut at the same `fraction` of the
    same draw. The two shares move together from draw to draw, so their difference is known better than either.

    Source: the percentile interval of Efron (1979), Bootstrap methods: another look at the jackknife, Annals of
    Statistics 7(1), 1-26.

    >>> rfm_table = pd.DataFrame({"customer_id": list("abcde"), "recency_days": [9, 7, 5, 3, 1], "frequency": 1,
    ...     "monetary": [1.0, 2.0, 3.0, 4.0, 5.0], "r_score": [1, 2, 3, 4, 5], "f_score": 1, "m_score": 1})
    >>> holdout = pd.DataFrame({"customer_id": ["e", "a"], "holdout_spend": [80.0, 20.0]})
    >>> difference, low, high = capture_difference(rfm_table, holdout, "recency alone", "random")
    >>> round(difference, 2), low <= difference <= high
    (0.6, True)
    """
    checked_share(fraction)
    checked_share(confidence, "confidence")
    _checked_count(n_bootstrap)
    spend = _matched(rfm_table, holdout).to_numpy()
    priorities = _rankings(rfm_table, spend, random_state)
    pair = [_steps(pick("ranking", name, priorities)()) for name in (ranking, against)]

    def difference(times):
        first, second = (_captured(steps, times, spend, fraction) for steps in pair)
        return first - second

    generator, n = np.random.default_rng(random_state), len(spend)
    draws = []
    while len(draws) < n_bootstrap:
        times = np.bincount(generator.integers(n, size=n), minlength=n)
        if (times * spend).any():  # a draw of customers who all spent nothing has no shares
            draws.append(difference(times))
    low, high = np.quantile(draws, [(1 - confidence) / 2, (1 + confidence) / 2])
    return difference(np.ones(n)), float(low), float(high)


def _matched(rfm_table, holdout) -> pd.Series:
    """Holdout spend in the order of the RFM table; customers who are not in it are left out."""
    if missing := [name for name in ("customer_id", "holdout_spend") if name not in holdout]:
        raise DataError(f"holdout: missing column {', '.join(map(repr, missing))}.")
    if holdout.empty:
        raise DataError("holdout: no rows, so nobody bought after the calibration period; end that period earlier.")
    spend = holdout.set_index("customer_id")["holdout_spend"]
    if not spend.index.is_unique:
        raise DataError("holdout: a customer has several rows; sum the spend per customer first.")
    if not np.isfinite(spend.to_numpy(dtype="float64")).all():
        raise DataError("holdout: column 'holdout_spend' has missing or infinite values.")
    if not spend.index.isin(rfm_table["customer_id"]).any():
        raise DataError("holdout: no customer_id occurs in the RFM table; are both written the same way?")
    spend = spend.reindex(rfm_table["customer_id"], fill_value=0.0).astype("float64").reset_index(drop=True)
    if not spend.sum() > 0:
        why = "holdout: the customers of the RFM table spent nothing in it, so there are no shares to speak of"
        raise DataError(f"{why}; end the calibration period earlier, or wait for purchases.")
    return spend


def _rankings(rfm_table, spend, random_state) -> dict[str, Callable[[], np.ndarray]]:
    """For every ranking, what computes a number per customer; the highest comes first."""
    scores = rfm_table[list(MEASURES)].to_numpy()
    base = int(scores.max()) + 1
    cells = scores @ np.array([base**2, base, 1])
    return {
        "perfect foresight": lambda: spend,
        "RFM cells, tested": lambda: _tested(cells, pd.Series(spend), random_state),
        "RFM score, summed": lambda: scores.sum(axis=1),
        "RFM cells, 555 to 111": lambda: cells,
        "recency alone": lambda: -rfm_table["recency_days"].to_numpy(),
        "frequency alone": lambda: rfm_table["frequency"].to_numpy(),
        "monetary alone": lambda: rfm_table["monetary"].to_numpy(),
        "random": lambda: np.zeros(len(spend)),
    }


def _tested(cells, spend, random_state) -> np.ndarray:
    """Each customer's cell mean among the customers of the other folds; the overall mean where a cell has none."""
    fold = np.random.default_rng(random_state).permutation(len(spend)) % FOLDS
    expected = np.empty(len(spend))
    for number in range(min(FOLDS, len(spend))):
        rest = fold != number
        if not rest.any():  # a single customer has nobody to learn from
            return np.zeros(len(spend))
        means = spend[rest].groupby(cells[rest]).mean()
        expected[~rest] = means.reindex(cells[~rest]).fillna(spend[rest].mean())
    return expected


def _gains(steps, times, spend):
    """Cumulative shares of customers and of spend, tied customers in one step, when each customer counts so many times."""
    order, begins = steps
    customers = np.concatenate([[0.0], np.add.reduceat(times[order], begins).cumsum()])
    captured = np.concatenate([[0.0], np.add.reduceat((times * spend)[order], begins).cumsum()])
    return customers / customers[-1], captured / captured[-1]


def _steps(priority):
    """Customers by falling priority, and where in that order each group of tied customers begins."""
    order = np.argsort(-np.asarray(priority, dtype="float64"), kind="stable")
    ranked = np.asarray(priority)[order]
    return order, np.concatenate([[0], np.flatnonzero(ranked[1:] != ranked[:-1]) + 1])


def _captured(steps, times, spend, fraction) -> float:
    return float(np.interp(fraction, *_gains(steps, times, spend)))
