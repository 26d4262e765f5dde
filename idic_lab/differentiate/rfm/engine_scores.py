"""Scores and segments of customers who stay in their engine.

A score depends on a measure through a few cut values alone. To find these, each different value leaves the engine once, with the
number of customers who have it; the customers do not.
"""

from __future__ import annotations

import narwhals as nw
import pandas as pd

from idic_lab.errors import DataError


def score(summary, measures: dict[str, tuple[str, bool]], groups: int, few_values: str):
    """Add a score per measure: 1 + the whole part of `groups` times the share of customers strictly behind.

    Parameters
    ----------
    summary : lazy frame
    measures : dict of str to tuple of str and bool
        Score, the measure it is made from, and whether a small value is the good one.
    groups : int
    few_values : {"raise", "allow"}

    Raises
    ------
    DataError
        A measure has missing values, there are no customers, or too few different values.
    """
    frame = nw.from_native(summary)
    scores, few = {}, {}
    for name, (measure, small_is_good) in measures.items():
        counts = frame.group_by(measure).agg(nw.len().alias("customers")).collect("pyarrow").to_pandas()
        if counts.empty:
            raise DataError("summary: no customers to score; every row of the transactions may be a return.")
        missing = int(counts.loc[counts[measure].isna(), "customers"].sum())
        if missing:
            raise DataError(f"summary: column {measure!r} has {missing:,} missing values.")
        if len(counts) < groups:
            few[measure] = len(counts)
        scores[name] = _steps(measure, small_is_good, _cuts(counts, measure, small_is_good, groups))
    if few and few_values == "raise":
        found = ", ".join(f"{measure} has {count}" for measure, count in few.items())
        raise DataError(
            f"summary: {groups} groups need at least {groups} different values, but {found}; use few_values='allow' to "
            "leave some scores empty."
        )
    return nw.to_native(frame.with_columns(**scores))


def _cuts(counts: pd.DataFrame, measure: str, small_is_good: bool, groups: int) -> list:
    """For each score from 2 on, the least good value that reaches it; shorter where no value does."""
    ranked = counts.sort_values(measure, ascending=not small_is_good)
    behind = ranked["customers"].cumsum() - ranked["customers"]
    reached = 1 + groups * behind // ranked["customers"].sum()
    return [
        ranked.loc[reached >= score, measure].iloc[0]
        for score in range(2, groups + 1)
        if (reached >= score).any()
    ]


def _steps(measure: str, small_is_good: bool, cuts: list) -> nw.Expr:
    value, score = nw.col(measure), nw.lit(1)
    for cut in cuts:
        reached = value <= cut.item() if small_is_good else value >= cut.item()
        score = score + nw.when(reached).then(nw.lit(1)).otherwise(nw.lit(0))
    return score.cast(nw.Int64)


def segment(scores, cells: pd.Series):
    """Add the named segment of every customer.

    Parameters
    ----------
    scores : lazy frame
        ``r_score``, ``f_score``, ``m_score``.
    cells : Series
        Segment by recency score and frequency-monetary score.
    """
    r, fm = nw.col("r_score"), (nw.col("f_score") + nw.col("m_score") + 1) // 2
    named = nw.lit(cells.iloc[0])
    for (r_score, fm_score), name in cells.iloc[1:].items():
        here = (r == r_score) & (fm == fm_score)
        named = nw.when(here).then(nw.lit(name)).otherwise(named)
    return nw.to_native(nw.from_native(scores).with_columns(segment=named))
