"""Orders in which customers could be taken, and the holdout spend they are judged by; for `prediction` alone."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import numpy as np
import pandas as pd

from idic_lab.differentiate.rfm.scores import MEASURES
from idic_lab.errors import DataError, UnknownName

_FOLDS = 5


def matched(rfm_table, holdout):
    """Holdout spend in the order of the RFM table, and how many holdout customers are not in it."""
    missing = [name for name in ("customer_id", "holdout_spend") if name not in holdout]
    if missing:
        raise DataError(f"holdout: missing column {', '.join(map(repr, missing))}.")
    if holdout.empty:
        raise DataError(
            "holdout: no rows, so nobody bought after the calibration period; end that period earlier."
        )
    spend = holdout.set_index("customer_id")["holdout_spend"]
    if not spend.index.is_unique:
        raise DataError("holdout: a customer has several rows; sum the spend per customer first.")
    if not np.isfinite(spend.to_numpy(dtype="float64")).all():
        raise DataError("holdout: column 'holdout_spend' has missing or infinite values.")
    known = spend.index.isin(rfm_table["customer_id"])
    if not known.any():
        raise DataError("holdout: no customer_id occurs in the RFM table; are both written the same way?")
    spend = spend.reindex(rfm_table["customer_id"], fill_value=0.0).astype("float64").reset_index(drop=True)
    if not spend.sum() > 0:
        raise DataError(
            "holdout: the customers of the RFM table spent nothing in it, so there are no shares to speak of; end the "
            "calibration period earlier, or wait for purchases."
        )
    return spend, int((~known).sum())


def rankings(rfm_table, spend, random_state) -> dict[str, Callable[[], np.ndarray]]:
    """For every ranking, what computes a number per customer; the highest comes first."""
    scores = rfm_table[list(MEASURES)].to_numpy()
    measures = {
        f"{measure.removesuffix('_days')} alone": partial(_signed, rfm_table[measure], small_is_good)
        for measure, small_is_good in MEASURES.values()
    }
    base = int(scores.max()) + 1
    return {
        "perfect foresight": spend.to_numpy,
        "RFM cells, tested": lambda: _tested(cell(rfm_table), spend, random_state),
        "RFM score, summed": lambda: scores.sum(axis=1),
        "RFM cells, 555 to 111": lambda: scores @ np.array([base**2, base, 1]),
        **measures,
        "random": lambda: np.zeros(len(spend)),
    }


def chosen(priorities, name) -> np.ndarray:
    """The numbers of one of the rankings, by its name."""
    if name not in priorities:
        raise UnknownName("ranking", name, priorities)
    return priorities[name]()


def _signed(values, small_is_good) -> np.ndarray:
    return values.to_numpy() * (-1 if small_is_good else 1)


def _tested(cells, spend, random_state) -> np.ndarray:
    """Each customer's cell mean among the customers of the other folds; the overall mean where a cell has none."""
    fold = np.random.default_rng(random_state).permutation(len(spend)) % _FOLDS
    expected = np.empty(len(spend))
    for number in range(min(_FOLDS, len(spend))):
        rest = fold != number
        if not rest.any():  # a single customer has nobody to learn from
            return np.zeros(len(spend))
        means = spend[rest].groupby(cells[rest]).mean()
        expected[~rest] = means.reindex(cells[~rest]).fillna(spend[rest].mean())
    return expected


def cell(rfm_table) -> pd.Series:
    """The three scores of every customer side by side, as in "543"."""
    r, f, m = (rfm_table[name].astype("str") for name in MEASURES)
    return (r + f + m).reset_index(drop=True)
