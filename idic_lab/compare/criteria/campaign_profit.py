"""Criterion 7: would a campaign aimed by segment have earned more?"""

from __future__ import annotations

import numpy as np
from sklearn.ensemble import RandomForestRegressor
from threadpoolctl import threadpool_limits

from idic_lab.compare.criterion_registry import Score, criterion
from idic_lab.compare.segmentation import NotApplicable

FOLDS = 5
FEWEST = 200  # customers in the campaign
_Z = 1.96


@criterion(
    "campaign_profit",
    main="by_segment",
    question="What would a campaign have earned per customer, had segments decided who is contacted?",
)
def campaign_profit(segmentation) -> Score:
    """Profit per customer of contacting by segment, by person, everybody and nobody, from a randomised campaign.

    Each customer's policy is learned from the other folds: contact those whose segment (or whose forecast) showed a
    profit from contact. It is worth the profit of the customers who happened to be treated as it says, weighted by how
    likely that was (inverse propensity, normalised). ``..._low`` and ``..._high`` bound 95% intervals.

    Source: Hitsch & Misra (2018), Heterogeneous treatment effects and optimal targeting policy evaluation.
    """
    campaign = segmentation.customers.campaign
    if campaign is None or len(campaign) < FEWEST:
        raise NotApplicable(
            f"{segmentation.customers.name} has no randomised campaign among these customers."
        )
    treated = campaign["treated"].to_numpy()
    profit = campaign["profit"].to_numpy()
    labels = segmentation.labels[campaign["row"].to_numpy()]
    features = campaign.filter(like="feature_").to_numpy(dtype=float)
    fold = np.random.default_rng(segmentation.split_seed).permutation(len(campaign)) % FOLDS
    by_segment, by_person = np.empty(len(campaign), dtype=bool), np.empty(len(campaign), dtype=bool)
    for number in range(FOLDS):
        rest, here = fold != number, fold == number
        gain = _gain_by_segment(labels[rest], treated[rest], profit[rest], int(labels.max()) + 1)
        by_segment[here] = gain[labels[here]] > 0
        by_person[here] = _gain_by_person(features, treated, profit, rest, here, segmentation.split_seed) > 0
    policies = {
        "by_segment": by_segment,
        "by_person": by_person,
        "everybody": np.ones_like(treated),
        "nobody": np.zeros_like(treated),
    }
    values, draws = {}, {}
    for name, contact in policies.items():
        values[name], draws[name] = policy_value(contact, treated, profit)
        half = _Z * draws[name].std(ddof=1) / np.sqrt(len(profit))
        values |= {f"{name}_low": values[name] - half, f"{name}_high": values[name] + half}
    better = draws["by_segment"] - draws["nobody"]
    half = _Z * better.std(ddof=1) / np.sqrt(len(profit))
    values["gain_over_nobody_low"] = values["by_segment"] - values["nobody"] - half
    values["gain_over_nobody_high"] = values["by_segment"] - values["nobody"] + half
    extra = {name: round(float(contact.mean()), 4) for name, contact in policies.items()}
    return Score(values, {"contacted": extra, "customers": len(campaign)})


def policy_value(contact: np.ndarray, treated: np.ndarray, profit: np.ndarray) -> tuple[float, np.ndarray]:
    """Mean profit per customer under a policy, and each customer's part in its error (mean zero, to first order).

    Examples
    --------
    >>> treated = np.array([True, True, False, False])
    >>> policy_value(np.ones(4, bool), treated, np.array([3.0, 1.0, 9.0, 9.0]))[0]
    2.0
    """
    share = treated.mean()
    follows = contact == treated
    weight = follows / np.where(treated, share, 1 - share)
    if not weight.sum() > 0:
        raise NotApplicable("no customer of the campaign was treated as the policy says.")
    value = float((weight * profit).sum() / weight.sum())
    return value, weight * (profit - value) / weight.mean()


def _gain_by_segment(labels, treated, profit, n) -> np.ndarray:
    """Mean profit with contact less that without, per segment; that of everybody where an arm is missing."""
    sums = [np.bincount(labels[arm], profit[arm], minlength=n) for arm in (treated, ~treated)]
    sizes = [np.bincount(labels[arm], minlength=n) for arm in (treated, ~treated)]
    overall = profit[treated].mean() - profit[~treated].mean()
    gain = sums[0] / np.maximum(sizes[0], 1) - sums[1] / np.maximum(sizes[1], 1)
    return np.where((sizes[0] > 0) & (sizes[1] > 0), gain, overall)


def _gain_by_person(features, treated, profit, rest, here, seed) -> np.ndarray:
    """Forecast profit with contact less that without, by two forests."""
    forecast = []
    for arm in (treated, ~treated):
        forest = RandomForestRegressor(40, min_samples_leaf=25, random_state=seed % 2**31)
        with threadpool_limits(1):
            forecast.append(forest.fit(features[rest & arm], profit[rest & arm]).predict(features[here]))
    return forecast[0] - forecast[1]
