"""Whom to give what under a budget: an exact solver and the greedy rule beside it."""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy import optimize, sparse

from idic_lab import figures
from idic_lab.errors import DataError, UnknownName

COLUMNS = ("customer_id", "offer", "expected_return", "expected_cost")


def allocate(
    candidates: pd.DataFrame,
    budget: float,
    method: str = "exact",
    time_limit: float = 20.0,
    drawn: pd.DataFrame | None = None,
) -> pd.DataFrame:
    """Choose at most one offer per customer so that profit is greatest and the cost stays within the budget.

    The greedy rule takes offers by profit per unit of cost while they fit. It can miss: it may fill the budget with
    small offers and leave no room for a large one. The exact answer solves the integer programme (a knapsack with
    choices) with HiGHS. The better of both answers is returned, so it is never worse than the greedy one.

    Parameters
    ----------
    candidates : DataFrame
        ``customer_id``, ``offer``, ``expected_return`` and ``expected_cost`` (currency, cost not below 0); one row per
        customer and offer.
    budget : float
        Currency.
    method : {"exact", "greedy"}
    time_limit : float
        Seconds for the solver; the best answer so far is taken when they are over.
    drawn : DataFrame, optional
        ``customer_id``, ``offer``: the arm that chance drew for each customer. Only that offer can then be made to the
        customer; who drew "control", and who is not among them, is made none.

    Returns
    -------
    DataFrame
        `candidates` with ``expected_profit`` (return less cost) and ``made`` (flag: the offer is made).

    Raises
    ------
    DataError
        When the budget or a cost is negative or missing, a customer and offer come twice, or a customer drew twice.

    Notes
    -----
    Source: Kellerer, Pferschy & Pisinger (2004), Knapsack Problems, chapter 11.

    Examples
    --------
    >>> offers = pd.DataFrame({"customer_id": ["a", "b"], "offer": "call", "expected_return": [9.0, 22.0],
    ...                        "expected_cost": [2.0, 10.0]})
    >>> [allocate(offers, 10, how)["made"].tolist() for how in ("greedy", "exact")]
    [[True, False], [False, True]]
    >>> drawn = pd.DataFrame({"customer_id": ["a", "b"], "offer": ["call", "control"]})
    >>> allocate(offers, 20, drawn=drawn)["made"].tolist()
    [True, False]
    """
    _check(candidates, budget)
    if method not in ("exact", "greedy"):
        raise UnknownName("method", method, ["exact", "greedy"])
    table = candidates.assign(expected_profit=candidates["expected_return"] - candidates["expected_cost"])
    made = np.zeros(len(table), dtype=bool)
    open_to = _drawn(table, drawn)
    if open_to.any():
        made[open_to] = _choose(table[open_to], budget, method, time_limit)
    return table.assign(made=made)


def _drawn(table: pd.DataFrame, drawn: pd.DataFrame | None) -> np.ndarray:
    """Which candidates are of the arm drawn for their customer; all of them when nothing was drawn."""
    if drawn is None:
        return np.ones(len(table), dtype=bool)
    if drawn["customer_id"].duplicated().any():
        raise DataError("A customer drew more than one arm.")
    arm = table["customer_id"].map(drawn.set_index("customer_id")["offer"])
    return arm.eq(table["offer"]).fillna(False).to_numpy(bool)


def _choose(table: pd.DataFrame, budget: float, method: str, time_limit: float) -> np.ndarray:
    cost, profit = table["expected_cost"].to_numpy(float), table["expected_profit"].to_numpy(float)
    customer = pd.factorize(table["customer_id"])[0]
    chosen = _greedy(cost, profit, customer, budget)
    if method == "exact" and np.ptp(cost) > 1e-9:  # where all offers cost the same, the greedy rule is exact
        solved = _exact(cost, profit, customer, budget, time_limit)
        chosen = solved if profit[solved].sum() > profit[chosen].sum() else chosen
    return chosen


def _check(candidates: pd.DataFrame, budget: float) -> None:
    missing = [name for name in COLUMNS if name not in candidates]
    if missing:
        raise DataError(f"candidates lacks {', '.join(missing)}.")
    money = candidates[["expected_return", "expected_cost"]].to_numpy(float)
    if not np.isfinite(money).all() or (money[:, 1] < 0).any():
        raise DataError("Expected return and cost must be numbers, and no cost below 0.")
    if not budget >= 0:
        raise DataError(f"The budget must be 0 or more, found {budget!r}.")
    if candidates.duplicated(["customer_id", "offer"]).any():
        raise DataError("A customer and offer come twice in candidates.")


def _greedy(cost, profit, customer, budget) -> np.ndarray:
    efficiency = profit / np.maximum(cost, 1e-12)
    chosen = np.zeros(len(cost), dtype=bool)
    served, spent = np.zeros(customer.max(initial=-1) + 1, dtype=bool), 0.0
    for row in np.lexsort((-profit, -efficiency)):
        if profit[row] > 0 and not served[customer[row]] and spent + cost[row] <= budget:
            chosen[row], served[customer[row]] = True, True
            spent += cost[row]
    return _within(chosen, cost, profit, budget)


def _exact(cost, profit, customer, budget, time_limit) -> np.ndarray:
    """Solve over the offers that earn something; at most one per customer, cost within the budget."""
    rows = np.flatnonzero((profit > 0) & (cost <= budget))
    chosen = np.zeros(len(cost), dtype=bool)
    if len(rows) == 0:
        return chosen
    each = pd.factorize(customer[rows])[0]
    constraints = [optimize.LinearConstraint(cost[rows][None, :], ub=budget)]
    if each.max() + 1 < len(rows):
        once = sparse.coo_array((np.ones(len(rows)), (each, np.arange(len(rows)))))
        constraints.append(optimize.LinearConstraint(once.tocsr(), ub=1))
    solution = optimize.milp(
        -profit[rows],
        constraints=constraints,
        bounds=optimize.Bounds(0, 1),
        integrality=np.ones(len(rows)),
        options={"time_limit": time_limit, "mip_rel_gap": 1e-7},
    )
    if solution.x is None:  # the time was over before there was any answer; the greedy one stands
        return chosen
    chosen[rows] = np.round(solution.x) == 1
    return _within(chosen, cost, profit, budget)


def _within(chosen, cost, profit, budget) -> np.ndarray:
    """Give up the least profitable offers until the cost is within the budget to the last digit.

    Solvers keep constraints to about 1e-6, and sums of many floats differ in the last digits by their order.
    """
    chosen = chosen.copy()
    for row in np.flatnonzero(chosen)[np.argsort(profit[chosen], kind="stable")]:
        if cost[chosen].sum() <= budget:
            break
        chosen[row] = False
    return chosen


def budget_curve(allocations: dict[float, pd.DataFrame]) -> pd.DataFrame:
    """What each budget buys.

    Parameters
    ----------
    allocations : dict of float to DataFrame
        Budget (currency) to what `allocate` made of it.

    Returns
    -------
    DataFrame
        ``budget``, ``customers`` given an offer, ``cost``, ``profit`` (currency), ``next`` (profit per unit of the
        budget added since the row before).
    """
    rows = []
    for budget in sorted(allocations):
        made = allocations[budget].query("made")
        rows.append((budget, len(made), made["expected_cost"].sum(), made["expected_profit"].sum()))
    table = pd.DataFrame(rows, columns=["budget", "customers", "cost", "profit"])
    step = table["budget"].diff().fillna(table["budget"])
    return table.assign(next=table["profit"].diff().fillna(table["profit"]) / step.where(step > 0, 1.0))


def plot_budget(
    table: pd.DataFrame, budget: float, treated: pd.Series, groups: pd.Series, axes=None
) -> tuple[figures.Axes, figures.Axes]:
    """Expected profit over the budget with one budget marked, and beside it who is treated with that budget.

    Parameters
    ----------
    table : DataFrame
        From `budget_curve`.
    budget : float
        One of its budgets.
    treated : Series of bool
        Whether each customer is given an offer with this budget.
    groups : Series
        Group of each customer, rows as `treated`.
    axes : pair of Axes, optional

    Returns
    -------
    pair of Axes
    """
    if axes is None:
        first = figures.axes(figsize=(10, 3.8))
        first.set_subplotspec(first.figure.add_gridspec(1, 2)[0])
        axes = first, first.figure.add_subplot(first.get_subplotspec().get_gridspec()[1])
    left, right = axes
    here = table.loc[(table["budget"] - budget).abs().idxmin()]
    left.plot(table["budget"], table["profit"], "o-", color=figures.BLUE, ms=4)
    left.vlines(here["budget"], 0, here["profit"], color=figures.GREY, lw=1)
    left.plot(here["budget"], here["profit"], "o", color=figures.VERMILION, ms=10)
    left.set_title(f"A budget of {here['budget']:,.0f} earns {here['profit']:,.0f}")
    left.set_xlabel(f"budget ({figures.currency()})")
    left.set_ylabel(f"expected profit, cost deducted ({figures.currency()})")
    left.set_ylim(bottom=0)
    left.xaxis.set_major_formatter("{x:,.0f}")
    left.yaxis.set_major_formatter("{x:,.0f}")
    share = treated.groupby(groups, observed=True).mean()
    place = np.arange(len(share))
    right.barh(place, share, color=figures.VERMILION, height=0.6)
    right.set_yticks(place, share.index.astype(str))
    right.set_xlim(0, 1)
    right.xaxis.set_major_formatter("{x:.0%}")
    right.grid(axis="y", visible=False)
    right.set_title(f"{treated.sum():,} treated, most often {share.idxmax()} ({share.max():.0%})")
    right.set_xlabel("share of each group given an offer")
    right.set_ylabel(str(groups.name or "group").replace("_", " "))
    return left, right
