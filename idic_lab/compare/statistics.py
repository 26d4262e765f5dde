"""Comparing methods over data sets: the data set is the unit of replication, seeds are averaged first."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.stats import f as f_distribution
from scipy.stats import friedmanchisquare, norm, rankdata, studentized_range, t

from idic_lab.errors import DataError, UnknownName
from idic_lab.inference.multiple_tests import holm

ENOUGH_DATA_SETS = 10  # from about here on, rank tests over data sets have power worth the name


def scores_by_dataset(results: pd.DataFrame, criterion: str, measure: str) -> pd.DataFrame:
    """One row per data set, one column per method: the mean over seeds (and over numbers of segments).

    Parameters
    ----------
    results : DataFrame
        The long table of a study.
    criterion, measure : str

    Returns
    -------
    DataFrame
        Only methods that have a value on every data set that has any.

    Raises
    ------
    UnknownName
        When the study has no such criterion.
    """
    if criterion not in set(results["criterion"]):
        raise UnknownName("criterion of this study", criterion, sorted(results["criterion"].unique()))
    found = results[
        results["criterion"].eq(criterion) & results["measure"].eq(measure) & results["status"].eq("ok")
    ]
    by_k = found.groupby(["dataset", "method", "k"], dropna=False)["value"].mean()
    table = by_k.groupby(["dataset", "method"]).mean().reset_index()
    return table.pivot_table(index="dataset", columns="method", values="value").dropna(axis=1)


def mean_ranks(table: pd.DataFrame, higher_is_better: bool = True) -> pd.Series:
    """Mean rank of each method over data sets, 1 the best; ties share their ranks.

    Examples
    --------
    >>> mean_ranks(pd.DataFrame({"a": [3.0, 2.0], "b": [1.0, 2.0]})).to_dict()
    {'a': 1.25, 'b': 1.75}
    """
    values = -table.to_numpy(dtype=float) if higher_is_better else table.to_numpy(dtype=float)
    return pd.Series(rankdata(values, axis=1).mean(axis=0), index=table.columns, name="mean_rank")


@dataclass(frozen=True)
class Friedman:
    """Friedman's test, and the less conservative F of Iman and Davenport."""

    chi_squared: float
    p_value: float
    f: float
    f_p_value: float
    datasets: int
    methods: int


def friedman(table: pd.DataFrame) -> Friedman:
    """Do the methods differ at all? Friedman's test over data sets.

    Parameters
    ----------
    table : DataFrame
        Data sets in rows, methods (at least three) in columns.

    Returns
    -------
    Friedman

    Source: Demšar (2006), Statistical comparisons of classifiers over multiple data sets, JMLR 7, section 3.2.2; Iman &
    Davenport (1980), Communications in Statistics 9(6).
    """
    n, k = table.shape
    if k < 3 or n < 2:
        raise DataError(f"Friedman's test needs three methods and two data sets or more; found {k} and {n}.")
    values = table.to_numpy(dtype=float)
    if (values == values[:, :1]).all():
        return Friedman(0.0, 1.0, 0.0, 1.0, n, k)
    chi, p = friedmanchisquare(*values.T)
    most = n * (k - 1)
    f = np.inf if np.isclose(chi, most) else (n - 1) * chi / (most - chi)
    return Friedman(
        float(chi), float(p), float(f), float(f_distribution.sf(f, k - 1, (k - 1) * (n - 1))), n, k
    )


def critical_difference(methods: int, datasets: int, level: float = 0.05) -> float:
    """By how much two mean ranks must differ to differ beyond chance (Nemenyi).

    Source: Demšar (2006), section 3.2.2.

    Examples
    --------
    >>> round(critical_difference(methods=4, datasets=14), 2)
    1.25
    """
    q = studentized_range.ppf(1 - level, methods, np.inf) / np.sqrt(2)
    return float(q * np.sqrt(methods * (methods + 1) / (6 * datasets)))


def nemenyi(table: pd.DataFrame) -> pd.DataFrame:
    """p-values of all pairs of methods, corrected for their number.

    Parameters
    ----------
    table : DataFrame
        Data sets in rows, methods in columns.

    Returns
    -------
    DataFrame
        Methods by methods.

    Source: Nemenyi (1963), Distribution-free Multiple Comparisons, Princeton; Demšar (2006).
    """
    n, k = table.shape
    ranks = mean_ranks(table).to_numpy()
    z = np.abs(ranks[:, None] - ranks) / np.sqrt(k * (k + 1) / (6 * n))
    p = studentized_range.sf(z * np.sqrt(2), k, np.inf)
    np.fill_diagonal(p, 1.0)
    return pd.DataFrame(p, index=table.columns, columns=table.columns)


def against_control(table: pd.DataFrame, control: str, higher_is_better: bool = True) -> pd.DataFrame:
    """Every method against one, by mean ranks, with Holm's correction: more powerful than all pairs.

    Parameters
    ----------
    table : DataFrame
        Data sets in rows, methods in columns.
    control : str
        A method.

    Returns
    -------
    DataFrame
        ``method``, ``rank_difference`` (negative: better than the control), ``p_value``, ``p_corrected``.

    Source: Demšar (2006), section 3.2.2.
    """
    if control not in table:
        raise UnknownName("method of the table", control, table.columns)
    n, k = table.shape
    difference = (mean_ranks(table, higher_is_better) - mean_ranks(table, higher_is_better)[control]).drop(
        control
    )
    p = 2 * norm.sf(np.abs(difference.to_numpy()) / np.sqrt(k * (k + 1) / (6 * n)))
    return pd.DataFrame(
        {
            "method": difference.index,
            "rank_difference": difference.to_numpy(),
            "p_value": p,
            "p_corrected": holm(p),
        }
    )


@dataclass(frozen=True)
class Posterior:
    """Probabilities that the first method is worse, that the two are practically alike, that the first is better."""

    worse: float
    alike: float
    better: float


def correlated_t_test(differences, rope: float, correlation: float) -> Posterior:
    """Bayesian correlated t-test on one data set: is a difference larger than what matters?

    Repetitions on one data set share their customers, so they are not so many independent pieces of evidence; the
    correlation says how much they share.

    Parameters
    ----------
    differences : array-like of shape (n_repetitions,)
        First method less second, one per seed.
    rope : float
        Half width of the region of practical equivalence, in the unit of the differences.
    correlation : float
        Between repetitions; for k-fold cross-validation 1/k, for other resampling the share of customers tested on.

    Returns
    -------
    Posterior

    Source: Corani & Benavoli (2015), A Bayesian approach for comparing cross-validated algorithms on multiple data
    sets, Machine Learning 100; Benavoli, Corani, Demšar & Zaffalon (2017), JMLR 18.

    Examples
    --------
    >>> result = correlated_t_test([0.031, 0.029, 0.033, 0.030], rope=0.01, correlation=0.2)
    >>> bool(result.better > 0.99)
    True
    """
    d = np.asarray(differences, dtype=float)
    if d.ndim != 1 or len(d) < 2:
        raise DataError(f"The correlated t-test needs two repetitions or more, found {d.size}.")
    if not 0 <= correlation < 1 or rope < 0:
        raise DataError(
            f"correlation should lie in [0, 1) and rope be 0 or more; found {correlation}, {rope}."
        )
    mean, variance = d.mean(), d.var(ddof=1)
    if np.isclose(variance, 0, atol=1e-18):
        return Posterior(float(mean < -rope), float(-rope <= mean <= rope), float(mean > rope))
    scale = np.sqrt(variance * (1 / len(d) + correlation / (1 - correlation)))
    below, up_to = t.cdf([-rope, rope], len(d) - 1, loc=mean, scale=scale)
    return Posterior(float(below), float(up_to - below), float(1 - up_to))
