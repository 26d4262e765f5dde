"""Totals of a plan in which a customer can be in several actions."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd


@dataclass(frozen=True)
class Total:
    """What a plan comes to when each customer counts once; money in currency.

    Attributes
    ----------
    customers : int
    expected_return, cost, profit : float
    estimated : float
        The part of the return that is estimated from a trial; the rest is assumed.
    """

    customers: int
    expected_return: float
    cost: float
    estimated: float

    @property
    def profit(self) -> float:
        return self.expected_return - self.cost


def counted_once(each: pd.DataFrame) -> pd.DataFrame:
    """Count each customer in the one action that promises most for them.

    Returns of actions for the same customer must not be added: two plays that both keep a customer keep one customer.
    The largest of them is a cautious total, since some actions do add up.

    Parameters
    ----------
    each : DataFrame
        ``action_id``, ``customer_id``, ``expected_return``, ``cost`` (currency): a row per customer an action reaches.

    Returns
    -------
    DataFrame
        Per action ``action_id``, ``counted_customers``, ``counted_return``, ``counted_cost``; an action whose customers
        all count elsewhere is not in it. Of equal promises the first action by name counts.

    Examples
    --------
    >>> each = pd.DataFrame({"action_id": ["call", "mail", "mail"], "customer_id": ["a", "a", "b"],
    ...                      "expected_return": [9.0, 6.0, 6.0], "cost": [5.0, 1.0, 1.0]})
    >>> counted_once(each).values.tolist()
    [['mail', 2, 12.0, 2.0]]
    """
    net = each["expected_return"] - each["cost"]
    best = each.assign(net=net).sort_values(["net", "action_id"], ascending=[False, True], kind="stable")
    once = best.drop_duplicates("customer_id")
    return once.groupby("action_id", as_index=False).agg(
        counted_customers=("customer_id", "size"),
        counted_return=("expected_return", "sum"),
        counted_cost=("cost", "sum"),
    )


def total(plan: pd.DataFrame) -> Total:
    """What the actions expected to pay come to, each customer counted once.

    Parameters
    ----------
    plan : DataFrame
        Table ``action_plan``.

    Returns
    -------
    Total
    """
    return Total(
        customers=int(plan["counted_customers"].sum()),
        expected_return=float(plan["counted_return"].sum()),
        cost=float(plan["counted_cost"].sum()),
        estimated=float(plan.loc[plan["basis"] == "estimated", "counted_return"].sum()),
    )
