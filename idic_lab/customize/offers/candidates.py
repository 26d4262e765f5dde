"""Every offer that could be made to every customer, with what it is expected to return and to cost."""

from __future__ import annotations

import pandas as pd

from idic_lab.customize.offers.learners import expected_outcomes, uplift
from idic_lab.customize.offers.trials import CONTROL, take_up_discount, with_profit


def candidates(
    customers: pd.Series,
    gains: pd.DataFrame,
    take_up: pd.DataFrame,
    contact_cost: pd.Series,
    discount: pd.Series,
) -> pd.DataFrame:
    """Expected return and cost of each offer to each customer.

    The cost of an offer is the contact, and the discount in case it is taken up; the customer who would have bought
    anyway takes it too. The return is what the offer gains before these costs.

    Parameters
    ----------
    customers : Series of str
    gains : DataFrame
        From `uplift` of the profit: one column per offer, rows as `customers` (currency, costs deducted).
    take_up : DataFrame
        From `expected_outcomes` of the conversions: chance of a conversion under each offer.
    contact_cost, discount : Series
        By offer, currency.

    Returns
    -------
    DataFrame
        ``customer_id``, ``offer``, ``expected_return``, ``expected_cost``.
    """
    parts = []
    for offer in gains.columns:
        chance = take_up[offer].clip(0, 1).to_numpy()
        cost = float(contact_cost[offer]) + chance * float(discount[offer])
        parts.append(
            pd.DataFrame(
                {
                    "customer_id": customers.to_numpy(),
                    "offer": offer,
                    "expected_return": gains[offer].to_numpy() + cost,
                    "expected_cost": cost,
                }
            )
        )
    return pd.concat(parts, ignore_index=True).astype({"customer_id": "str", "offer": "str"})


def offers_table(allocated: pd.DataFrame) -> pd.DataFrame:
    """The table ``offers``: of the offers considered for each customer the one made, or else the best one.

    Parameters
    ----------
    allocated : DataFrame
        From `allocate`.

    Returns
    -------
    DataFrame
        One row per customer: ``customer_id``, ``offer``, ``expected_return``, ``expected_cost``, ``expected_profit``
        (currency), ``made`` (flag).
    """
    ordered = allocated.sort_values(
        ["customer_id", "made", "expected_profit"], ascending=[True, False, False], kind="stable"
    )
    columns = ["customer_id", "offer", "expected_return", "expected_cost", "expected_profit", "made"]
    return ordered.drop_duplicates("customer_id")[columns].reset_index(drop=True)


def contact_costs(results: pd.DataFrame) -> pd.Series:
    """Mean cost of contact in each arm other than control, currency."""
    return results[results["arm"] != CONTROL].groupby("arm")["contact_cost"].mean()


def candidates_of(results: pd.DataFrame, method: str = "X-learner", random_state: int = 0) -> pd.DataFrame:
    """Candidates for the customers of a campaign, learned from it; nobody is predicted by a model that saw them.

    Parameters
    ----------
    results : DataFrame
        ``campaign_results``.
    method : str
        Uplift learner.
    random_state : int

    Returns
    -------
    DataFrame
        As `candidates`.
    """
    results = with_profit(results)
    gains = uplift(results, "profit", method, random_state=random_state)
    take_up = expected_outcomes(results, "converted", random_state=random_state)
    return candidates(
        results["customer_id"], gains, take_up, contact_costs(results), take_up_discount(results)
    )


def share_of_budget(candidates: pd.DataFrame, share: float) -> float:
    """A share of what it would cost to make every customer the dearest offer, currency."""
    return float(share * candidates.groupby("customer_id")["expected_cost"].max().sum())
