"""Criterion 11: from many criteria to a choice: knock-outs, weights, and what changes when the weights do."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from idic_lab.errors import LabError, UnknownName


def check_weights(settings: Mapping, criteria) -> None:
    """Refuse unknown keys and criteria, and weights that are not numbers of 0 or more."""
    for key in settings:
        if key not in ("weights", "knock_out"):
            raise UnknownName("key of attractiveness", key, ("weights", "knock_out"))
        for name, value in settings[key].items():
            if name not in criteria:
                raise UnknownName("criterion of this study", name, criteria)
            if isinstance(value, bool) or not isinstance(value, int | float) or (key == "weights" and value < 0):
                raise LabError(f"attractiveness: {key} of {name} should be a number, found {value!r}.")


def rescaled(table: pd.DataFrame, lower_is_better=()) -> pd.DataFrame:
    """Each criterion from 0 (the worst method) to 1 (the best); all 1 where methods do not differ.

    Parameters
    ----------
    table : DataFrame
        Methods in rows, criteria in columns; missing where a criterion does not apply.

    Examples
    --------
    >>> rescaled(pd.DataFrame({"a": [1.0, 3.0, 2.0], "b": 7.0})).to_numpy().tolist()
    [[0.0, 1.0], [1.0, 1.0], [0.5, 1.0]]
    """
    signed = table.copy()
    for name in lower_is_better:
        signed[name] = -signed[name]
    span = signed.max() - signed.min()
    scaled = (signed - signed.min()) / span.where(span > 0, 1.0)
    return scaled.mask(scaled.notna() & (span <= 0).to_numpy(), 1.0)


def attractiveness(
    table: pd.DataFrame,
    weights: Mapping[str, float] | None = None,
    knock_out: Mapping[str, float] | None = None,
    lower_is_better=(),
    draws: int = 2_000,
    random_state: int = 0,
) -> pd.DataFrame:
    """Rank methods by several criteria at once, and say how much the ranking owes to the weights.

    A method that misses a knock-out is out, however good it is elsewhere. Each criterion is rescaled to 0 to 1 over the
    methods that remain and weighted; a criterion that does not apply to a method counts 0 for it. Then the weights are
    drawn at random, all equally likely (a flat Dirichlet distribution), and the ranking is made again.

    Parameters
    ----------
    table : DataFrame
        Methods in rows (index), criteria in columns.
    weights : dict of str to float, optional
        By criterion; equal when left out. Those not named weigh nothing.
    knock_out : dict of str to float, optional
        The least (or, where lower is better, the most) acceptable value by criterion.
    draws : int
        Random weights.

    Returns
    -------
    DataFrame
        ``method``, ``out`` (the knock-out missed, or empty), ``score`` (0 to 1), ``rank``, ``first_share`` (share of
        random weights under which it is first), ``rank_low`` and ``rank_high`` (5% and 95% of its ranks).

    Source: the knock-out and attractiveness criteria of Dolnicar, Grün & Leisch (2018), Market Segmentation Analysis,
    steps 2 and 8; McDonald & Dunbar (2012), Market Segmentation.

    Examples
    --------
    >>> table = pd.DataFrame({"stability": [0.9, 0.4], "value": [0.5, 0.7]}, index=["a", "b"])
    >>> attractiveness(table, knock_out={"stability": 0.5})[["method", "out", "rank"]].values.tolist()
    [['a', '', 1], ['b', 'stability 0.40 misses 0.5', 0]]
    """
    weights = dict(weights or dict.fromkeys(table.columns, 1.0))
    for name in [*weights, *(knock_out or {}), *lower_is_better]:
        if name not in table:
            raise UnknownName("criterion of the table", name, table.columns)
    out = pd.Series("", index=table.index, dtype="str")
    for name, bound in (knock_out or {}).items():
        value = table[name]
        misses = value.isna() | ((value > bound) if name in lower_is_better else (value < bound))
        for method in table.index[misses & out.eq("")]:
            known = (
                f"{round(value[method], 2) + 0.0:.2f} misses {bound:g}" if pd.notna(value[method]) else "does not apply"
            )
            out[method] = f"{name} {known}"
    in_play = table[out.eq("")]
    result = pd.DataFrame({"method": table.index, "out": out.to_numpy(), "score": 0.0, "rank": 0})
    result = result.assign(first_share=0.0, rank_low=0.0, rank_high=0.0)
    if len(in_play):
        used = [name for name, weight in weights.items() if weight > 0]
        if not used:
            raise LabError("attractiveness: at least one weight should be above 0.")
        low = [name for name in lower_is_better if name in used]
        scaled = rescaled(in_play[used], low).fillna(0.0).to_numpy()
        given = np.array([weights[name] for name in used], dtype=float)
        random = np.random.default_rng(random_state).dirichlet(np.ones(len(used)), draws)
        ranks = _ranks(scaled @ random.T)
        here = result["out"].eq("").to_numpy()
        result.loc[here, "score"] = scaled @ (given / given.sum())
        result.loc[here, "rank"] = _ranks((scaled @ given)[:, None])[:, 0]
        result.loc[here, "first_share"] = (ranks == 1).mean(axis=1)
        result.loc[here, ["rank_low", "rank_high"]] = np.quantile(ranks, [0.05, 0.95], axis=1).T
    order = ["in_play", "score", "method"]
    result["in_play"] = result["out"].eq("")
    return result.sort_values(order, ascending=[False, False, True], ignore_index=True).drop(columns="in_play")


def _ranks(scores: np.ndarray) -> np.ndarray:
    """Rank of each row within each column, 1 the highest, ties sharing the better rank."""
    return 1 + (np.round(scores[None, :, :], 12) > np.round(scores[:, None, :], 12)).sum(axis=1)
