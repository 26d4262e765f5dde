"""A randomised campaign as the analyses of this package want it: outcome, arms, what was known before."""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy import stats

from idic_lab.errors import DataError

CONTROL = "control"
# Columns of campaign_results that say who, when, which arm, or what came of it: never to be predicted from.
NOT_FEATURES = (
    *("campaign_id", "customer_id", "date", "arm", "contact_cost"),
    *("converted", "margin", "profit", "visited", "revenue"),
)


def with_profit(results: pd.DataFrame) -> pd.DataFrame:
    """The campaign with ``profit`` (currency) of each customer: margin less the cost of contact."""
    return results.assign(profit=results["margin"] - results["contact_cost"])


def arms(results: pd.DataFrame) -> list[str]:
    """The arms other than control, sorted; DataError when there is no control, or nothing else."""
    found = sorted(results["arm"].unique())
    if CONTROL not in found or len(found) < 2:
        raise DataError(
            f"A campaign can be judged only against customers who got nothing at random: the arms are "
            f"{', '.join(found) or 'none'}, and one must be '{CONTROL}'."
        )
    return [arm for arm in found if arm != CONTROL]


def shares(results: pd.DataFrame) -> pd.Series:
    """Share of customers in each arm, by arm: the chance with which the arms were drawn."""
    return results["arm"].value_counts(normalize=True).sort_index()


def features(results: pd.DataFrame, leave_out: tuple[str, ...] = ()) -> pd.DataFrame:
    """What was known of each customer on the day, as numbers: text columns become one column per value.

    Parameters
    ----------
    results : DataFrame
        ``campaign_results``; every column that is not an identifier, an arm or an outcome is taken.
    leave_out : tuple of str
        Further columns not to use.

    Returns
    -------
    DataFrame of float, shape (customers, features)

    Examples
    --------
    >>> trial = pd.DataFrame({"customer_id": ["a", "b"], "arm": ["control", "offer"], "orders": [1, 4],
    ...                       "main_channel": ["app", "store"], "converted": [True, False]})
    >>> features(trial).columns.tolist()
    ['orders', 'main_channel=app', 'main_channel=store']
    """
    known = [name for name in results.columns if name not in (*NOT_FEATURES, *leave_out)]
    if not known:
        raise DataError("The campaign says nothing of the customers before it, so nobody can be told apart.")
    text = [name for name in known if not pd.api.types.is_numeric_dtype(results[name])]
    parts = [results[[name for name in known if name not in text]].astype(float)]
    parts += [pd.get_dummies(results[name], prefix=name, prefix_sep="=", dtype=float) for name in text]
    return pd.concat(parts, axis=1)


def balance(results: pd.DataFrame) -> pd.DataFrame:
    """Whether chance made the arms alike: mean of each feature by arm, and the largest standardised difference.

    Returns
    -------
    DataFrame
        ``feature``, one column per arm (means), ``difference`` (largest between an arm and control, in standard
        deviations). Below 0.1 is commonly taken for balance (Austin, 2009).
    """
    known = features(results)
    means = known.groupby(results["arm"].to_numpy()).mean().T
    spread = known.std().replace(0, 1.0)
    away = means[arms(results)].sub(means[CONTROL], axis=0).abs().max(axis=1) / spread
    return means.assign(difference=away).rename_axis("feature").rename_axis(None, axis=1).reset_index()


def average_effect(
    results: pd.DataFrame, outcomes: tuple[str, ...] = ("converted", "profit")
) -> pd.DataFrame:
    """What each arm did on average, against control, with its 95% interval.

    Parameters
    ----------
    results : DataFrame
        ``campaign_results``, with the columns `outcomes`.
    outcomes : tuple of str

    Returns
    -------
    DataFrame
        ``outcome``, ``arm``, ``customers``, ``mean``, ``control_mean``, ``effect``, ``low``, ``high``, ``p_value``
        (Welch's test).
    """
    rows = []
    for outcome in outcomes:
        without = results.loc[results["arm"] == CONTROL, outcome].to_numpy(float)
        for arm in arms(results):
            given = results.loc[results["arm"] == arm, outcome].to_numpy(float)
            effect = given.mean() - without.mean()
            error = np.sqrt(given.var(ddof=1) / len(given) + without.var(ddof=1) / len(without))
            p_value = 2 * stats.norm.sf(abs(effect) / error) if error > 0 else 1.0
            row = (outcome, arm, len(given), given.mean(), without.mean(), effect)
            rows.append((*row, effect - 1.96 * error, effect + 1.96 * error, p_value))
    names = ["outcome", "arm", "customers", "mean", "control_mean", "effect", "low", "high", "p_value"]
    return pd.DataFrame(rows, columns=names)


def take_up_discount(results: pd.DataFrame) -> pd.Series:
    """What an offer takes off the margin of a conversion (currency), by arm.

    It can be read from the data only where every conversion in an arm earns the same; elsewhere it is 0, and the cost
    of an offer is the cost of contact alone.
    """
    earned = results[results["converted"]].groupby("arm")["margin"].agg(["min", "max"])
    found = dict.fromkeys(arms(results), 0.0)
    if CONTROL in earned.index and np.isclose(*earned.loc[CONTROL]):
        for arm in found:
            if arm in earned.index and np.isclose(*earned.loc[arm]):
                found[arm] = max(float(earned.loc[CONTROL, "min"] - earned.loc[arm, "min"]), 0.0)
    return pd.Series(found, name="discount")
