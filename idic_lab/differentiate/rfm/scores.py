"""From recency, frequency and monetary value to scores, with ties treated alike.

The textbook rule, "sort the customers and cut the list into five equal parts", has no answer when customers share a
value: more than half of CDNOW's customers bought on a single day, so no cut at 20% exists. Ranking them by their place
in the file (``rank(method="first")``) gives equal parts and different scores to identical customers; sort the file
otherwise and the scores change. Here identical customers always get the same score, and the parts are uneven instead.
"""

from __future__ import annotations

from numbers import Integral

import narwhals as nw
import pandas as pd

from idic_lab.differentiate.rfm import engine_scores
from idic_lab.differentiate.rfm.summary import collected
from idic_lab.errors import DataError, LabError, UnknownName

METHODS = ("quantile", "nested")
# Score, the measure it is made from, and whether a small value is the good one.
MEASURES = {
    "r_score": ("recency_days", True),
    "f_score": ("frequency", False),
    "m_score": ("monetary", False),
}


def score(summary, groups: int = 5, method: str = "quantile", few_values: str = "raise") -> pd.DataFrame:
    """Score recency, frequency and monetary value from 1 to `groups`, the highest being best.

    A customer's score counts the customers who are strictly behind: with five groups, 1 while they are under 20%,
    2 from 20%, and 5 from 80%. Without ties this is the quintile. With ties, the tied customers share one score, that
    of the first among them: the worst value always scores 1, some scores may stay empty, and the groups are uneven
    (see :func:`score_sizes`).

    Parameters
    ----------
    summary : DataFrame of any engine
        ``customer_id``, ``recency_days``, ``frequency``, ``monetary``, as :func:`summarise` gives.
    groups : int
        Number of groups per measure, 2 or more.
    method : {"quantile", "nested"}
        ``"quantile"`` scores each measure among all customers, so that a score means the same everywhere.
        ``"nested"`` scores recency among all, frequency among those of equal recency score, and monetary value among
        those equal in both: cells come out nearer to equal size, and a frequency score can be compared only within
        one recency score.
    few_values : {"raise", "allow"}
        What to do when a measure has fewer different values than `groups`, so that some scores must stay empty:
        refuse, or score all the same.

    Returns
    -------
    DataFrame
        The summary with ``r_score``, ``f_score`` and ``m_score`` (int, 1 to `groups`) added. Of a summary that is in an
        engine (Polars lazy, DuckDB, PySpark, Dask) a frame of that engine, unless scores are nested; else pandas.

    Raises
    ------
    DataError
        A column is missing or has missing values, there are no customers, or too few different values.
    LabError
        `groups` is not a whole number of 2 or more.
    UnknownName
        `method` or `few_values` is not one of the choices.

    Source: quintiles and nested cells, Hughes (1994), Strategic Database Marketing; independent against nested
    scoring, Miglautsch (2000), Thoughts on RFM scoring, Journal of Database Marketing 8(1), 67-72.

    Examples
    --------
    >>> summary = pd.DataFrame(
    ...     {
    ...         "customer_id": list("abcdef"),
    ...         "recency_days": [3, 200, 90, 40, 10, 300],
    ...         "frequency": [4, 1, 1, 2, 3, 1],
    ...         "monetary": [80.0, 10.0, 25.0, 30.0, 70.0, 20.0],
    ...     }
    ... )
    >>> score(summary, groups=3)[["customer_id", "r_score", "f_score", "m_score"]]
      customer_id  r_score  f_score  m_score
    0           a        3        3        3
    1           b        1        1        1
    2           c        2        1        2
    3           d        2        2        2
    4           e        3        3        3
    5           f        1        1        1
    """
    if method not in METHODS:
        raise UnknownName("scoring method", method, METHODS)
    if few_values not in ("raise", "allow"):
        raise UnknownName("treatment of few values", few_values, ("raise", "allow"))
    if isinstance(groups, bool) or not isinstance(groups, Integral) or groups < 2:
        raise LabError(f"groups should be a whole number of 2 or more, found {groups!r}.")
    lazy = not isinstance(summary, pd.DataFrame) and isinstance(nw.from_native(summary), nw.LazyFrame)
    if lazy and method == "quantile":
        return engine_scores.score(summary, MEASURES, groups, few_values)
    scores = _checked(collected(summary))
    if few_values == "raise":
        _check_values(scores, groups)
    within = []
    for name, (measure, small_is_good) in MEASURES.items():
        scores[name] = _scores(scores, measure, small_is_good, groups, within)
        if method == "nested":
            within.append(name)
    return scores


def score_sizes(scores: pd.DataFrame) -> pd.DataFrame:
    """Customers per score of each measure: how uneven ties have made the groups.

    Parameters
    ----------
    scores : pandas.DataFrame
        As :func:`score` gives.

    Returns
    -------
    pandas.DataFrame
        ``score`` and the number of customers with that ``r_score``, ``f_score`` and ``m_score``; best score first.

    Examples
    --------
    >>> score_sizes(pd.DataFrame({"r_score": [1, 2, 2], "f_score": [1, 1, 1], "m_score": [1, 1, 2]}))
       score  r_score  f_score  m_score
    0      2        2        0        1
    1      1        1        3        2
    """
    highest = int(scores[list(MEASURES)].to_numpy().max())
    levels = range(highest, 0, -1)
    counts = {name: scores[name].value_counts().reindex(levels, fill_value=0).to_numpy() for name in MEASURES}
    return pd.DataFrame({"score": list(levels), **counts})


def _scores(scores, measure, small_is_good, groups, within) -> pd.Series:
    """1 + the whole part of groups times the share of customers strictly behind; in whole numbers, so exact."""
    values = scores[measure]
    if within:
        among = values.groupby([scores[name] for name in within])
        rank, size = among.rank(method="min", ascending=not small_is_good), among.transform("size")
    else:
        rank, size = values.rank(method="min", ascending=not small_is_good), len(values)
    behind = rank.astype("int64") - 1
    return 1 + groups * behind // size


def _checked(summary: pd.DataFrame) -> pd.DataFrame:
    columns = ["customer_id", *(measure for measure, _ in MEASURES.values())]
    missing = [name for name in columns if name not in summary]
    if missing:
        raise DataError(
            f"summary: missing column{'s' if len(missing) > 1 else ''} {', '.join(map(repr, missing))}; "
            "rfm.summarise makes them from transactions."
        )
    if summary.empty:
        raise DataError("summary: no customers to score; every row of the transactions may be a return.")
    for name in columns:
        if summary[name].isna().any():
            raise DataError(f"summary: column {name!r} has {summary[name].isna().sum():,} missing values.")
    return summary


def _check_values(summary: pd.DataFrame, groups: int) -> None:
    values = {measure: summary[measure].nunique() for measure, _ in MEASURES.values()}
    few = {measure: count for measure, count in values.items() if count < groups}
    if few:
        found = ", ".join(f"{measure} has {count}" for measure, count in few.items())
        fewest = min(few.values())
        fewer = f"groups={fewest} or fewer, or " if fewest >= 2 else ""
        raise DataError(
            f"summary: {groups} groups need at least {groups} different values, but {found} among "
            f"{len(summary):,} customers; use {fewer}few_values='allow' to leave some scores empty."
        )
