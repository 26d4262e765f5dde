"""Policies: who is given which offer; what each policy would have earned, judged on a randomised campaign."""

from __future__ import annotations

import numpy as np
import pandas as pd

from idic_lab import figures
from idic_lab.customize.offers.trials import CONTROL, arms, shares
from idic_lab.errors import DataError, UnknownName


def best_arm(gains: pd.DataFrame) -> pd.Series:
    """The arm with the highest expected gain for each customer, and control where no gain is above 0.

    Parameters
    ----------
    gains : DataFrame
        One column per arm other than control: expected gain over giving nothing.

    Returns
    -------
    Series of str

    Examples
    --------
    >>> best_arm(pd.DataFrame({"phone": [2.0, -1.0], "email": [3.0, -2.0]})).tolist()
    ['email', 'control']
    """
    best = gains.idxmax(axis=1).astype("str")
    return best.where(gains.max(axis=1) > 0, CONTROL)


def reference_policies(
    results: pd.DataFrame,
    gains: pd.DataFrame,
    value: pd.Series,
    inactivity: pd.Series,
    share: float | None = None,
) -> dict[str, pd.Series]:
    """The learned policy beside the rules that firms use.

    "Best customers" and "likely churners" treat as many customers as the learned policy does, so that they differ in
    whom they treat, not in how many. They give the arm that is best on average.

    Parameters
    ----------
    results : DataFrame
        ``campaign_results``.
    gains : DataFrame
        From `uplift`, in money.
    value : Series
        Past or expected value of each customer, rows as `results`.
    inactivity : Series
        How likely each customer is to have left, or days since the last order, rows as `results`.
    share : float, optional
        Share of customers that the two rules treat; that of the learned policy by default.

    Returns
    -------
    dict of str to Series
        Policy to the arm of each customer.
    """
    learned = best_arm(gains)
    share = float((learned != CONTROL).mean()) if share is None else share
    usual = gains.mean().idxmax()
    count = round(share * len(results))

    def top(score: pd.Series) -> pd.Series:
        chosen = np.argsort(-score.to_numpy(float), kind="stable")[:count]
        given = np.full(len(results), CONTROL, dtype=object)
        given[chosen] = usual
        return pd.Series(given, index=results.index, dtype="str")

    policies = {"learned": learned, "nobody": pd.Series(CONTROL, index=results.index, dtype="str")}
    for arm in arms(results):
        name = "everybody" if len(gains.columns) == 1 else f"everybody: {arm}"
        policies[name] = pd.Series(arm, index=results.index, dtype="str")
    return policies | {"best customers": top(value), "likely churners": top(inactivity)}


def policy_value(
    results: pd.DataFrame,
    policy: pd.Series,
    expected: pd.DataFrame | None = None,
    outcome: str = "profit",
    method: str = "doubly robust",
    against: pd.Series | None = None,
) -> dict[str, float]:
    """What a policy earns per customer, from customers who happened to be given at random what it would give them.

    Parameters
    ----------
    results : DataFrame
        ``campaign_results`` with the column `outcome`.
    policy : Series
        Arm of each customer under the policy, rows as `results`.
    expected : DataFrame, optional
        From `expected_outcomes`; needed by the doubly robust method.
    outcome : str
    method : {"doubly robust", "weighting"}
        Inverse propensity weighting (Horvitz & Thompson, 1952) is unbiased and noisy; the doubly robust estimate
        (Dudík, Langford & Li, 2011) starts from a model's answer and corrects it by the weighted error, so that it
        stays unbiased and is less noisy when the model is any good.
    against : Series, optional
        Another policy: the value is then the difference, with its paired interval.

    Returns
    -------
    dict
        ``value``, ``low``, ``high`` (95%), ``treated`` (share of customers given an offer).
    """
    scores = _scores(results, policy, expected, outcome, method)
    if against is not None:
        scores = scores - _scores(results, against, expected, outcome, method)
    error = 1.96 * scores.std(ddof=1) / np.sqrt(len(scores))
    value = float(scores.mean())
    treated = float((policy != CONTROL).mean())
    return {"value": value, "low": value - error, "high": value + error, "treated": treated}


def _scores(results, policy, expected, outcome, method) -> np.ndarray:
    if len(policy) != len(results):
        raise DataError(f"The policy has {len(policy):,} customers, the campaign {len(results):,}.")
    given, wanted = results["arm"].to_numpy(), policy.to_numpy()
    chance = shares(results)
    unknown = set(wanted) - set(chance.index)
    if unknown:
        raise UnknownName("arm", sorted(unknown)[0], chance.index)
    weight = np.where(given == wanted, 1 / chance.reindex(wanted).to_numpy(), 0.0)
    earned = results[outcome].to_numpy(float)
    if method == "weighting":
        return weight * earned
    if method != "doubly robust":
        raise UnknownName("method", method, ["doubly robust", "weighting"])
    if expected is None:
        raise DataError("The doubly robust method needs the expected outcomes (expected_outcomes).")
    column = expected.columns.get_indexer(wanted)
    modelled = expected.to_numpy()[np.arange(len(expected)), column]
    return modelled + weight * (earned - modelled)


def compare_policies(
    results: pd.DataFrame,
    policies: dict[str, pd.Series],
    expected: pd.DataFrame,
    outcome: str = "profit",
) -> pd.DataFrame:
    """The value of several policies, and of each the gain over giving nothing.

    Parameters
    ----------
    results : DataFrame
    policies : dict of str to Series
        With one named "nobody".
    expected : DataFrame
        From `expected_outcomes`.
    outcome : str

    Returns
    -------
    DataFrame
        ``policy``, ``treated`` (share), ``value``, ``gain``, ``gain_low``, ``gain_high`` (per customer), best first.
    """
    rows = []
    for name, policy in policies.items():
        worth = policy_value(results, policy, expected, outcome)
        gain = policy_value(results, policy, expected, outcome, against=policies["nobody"])
        rows.append((name, worth["treated"], worth["value"], gain["value"], gain["low"], gain["high"]))
    names = ["policy", "treated", "value", "gain", "gain_low", "gain_high"]
    return pd.DataFrame(rows, columns=names).sort_values("gain", ascending=False, ignore_index=True)


def plot_policies(table: pd.DataFrame, ax: figures.Axes | None = None) -> figures.Axes:
    """Gain of each policy over giving nothing, with its interval.

    Parameters
    ----------
    table : DataFrame
        From `compare_policies`.
    ax : Axes, optional

    Returns
    -------
    Axes
    """
    ax = figures.axes(ax, figsize=(8, 0.5 * len(table) + 1.4))
    ordered = table.sort_values("gain", ignore_index=True)
    place = np.arange(len(ordered))
    colour = [figures.BLUE if name == "learned" else figures.GREY for name in ordered["policy"]]
    spread = ordered[["gain_low", "gain_high"]].sub(ordered["gain"], axis=0).abs().to_numpy().T
    ax.barh(place, ordered["gain"], color=colour, height=0.6)
    ax.errorbar(ordered["gain"], place, xerr=spread, fmt="none", ecolor="black", capsize=3, lw=1)
    ax.axvline(0, color=figures.BLACK, lw=1)
    labels = [f"{row.policy} ({row.treated:.0%})" for row in ordered.itertuples()]
    ax.set_yticks(place, labels)
    ax.grid(axis="y", visible=False)
    best = ordered.iloc[-1]
    ax.set_title(f"Best: {best['policy']}, {best['gain']:+.2f} per customer over giving nothing")
    ax.set_xlabel(
        f"profit gained per customer ({figures.currency()}; lines: 95% intervals); share treated in brackets"
    )
    return ax
