"""One week's choice: at most one channel per customer, within a budget, for the most gain."""

from __future__ import annotations

import numpy as np
from scipy.optimize import Bounds, LinearConstraint, milp
from scipy.sparse import csr_array, vstack

from idic_lab.errors import DataError, FitError

NOBODY = -1
TOLERANCE = 1e-9  # of the budget: sums of money in binary fractions are off by less


def allocate(gain: np.ndarray, cost: np.ndarray, budget: float, method: str = "greedy") -> np.ndarray:
    """For each customer the channel to use, or -1 for none.

    Choosing at most one option per customer under a budget is the multiple-choice knapsack problem. ``"greedy"``
    spends the budget step by step where one more unit of money brings most, a step being a first contact or a change
    to a dearer, better channel; it is fast for millions and falls short of the optimum by less than the gain of one
    step. ``"exact"`` solves the integer programme.

    Parameters
    ----------
    gain : ndarray, shape (n_customers, n_channels)
        What a contact brings; 0 or less where it is not allowed or does not pay.
    cost : ndarray, shape (n_channels,)
        Cost of a contact, currency.
    budget : float
    method : {"greedy", "exact"}

    Returns
    -------
    ndarray of int, shape (n_customers,)

    Source: Sinha & Zoltners (1979), The multiple-choice knapsack problem, Operations Research 27(3).

    Examples
    --------
    >>> gain, cost = np.array([[0.3, 0.5], [0.1, 0.6]]), np.array([0.1, 1.0])
    >>> allocate(gain, cost, budget=1.1).tolist()  # the second customer is worth the dear channel
    [0, 1]
    """
    if not budget >= 0:
        raise DataError(f"A budget must be 0 or more, found {budget!r}.")
    if method == "exact":
        return _exact(gain, cost, budget)
    who, channel, _, added_cost = steps(gain, cost)
    chosen, left = np.full(len(gain), NOBODY), budget
    affordable = np.cumsum(added_cost) <= budget * (1 + TOLERANCE)
    first_not = len(who) if affordable.all() else int(affordable.argmin())
    chosen[who[:first_not]] = channel[:first_not]  # later steps of a customer overwrite earlier ones
    left -= added_cost[:first_not].sum()
    refused = np.zeros(len(gain), dtype=bool)
    cheapest = np.minimum.accumulate(added_cost[::-1])[::-1]
    for i in range(first_not, len(who)):
        if cheapest[i] > left:
            break
        # A change of channel presupposes the step before it.
        if added_cost[i] <= left and not refused[who[i]]:
            chosen[who[i]], left = channel[i], left - added_cost[i]
        else:
            refused[who[i]] = True
    return _within(chosen, cost, budget)


def steps(gain: np.ndarray, cost: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Every worthwhile step, the one that brings most per unit of money first.

    Returns
    -------
    who, channel, added_gain, added_cost : ndarray
        The steps of one customer come in the order in which they build on each other.
    """
    cost = np.asarray(cost, dtype=float)
    n = len(gain)
    have_gain, have_cost, open_ = np.zeros(n), np.zeros(n), np.arange(n)
    parts = []
    for _ in range(gain.shape[1]):
        more = gain[open_] - have_gain[open_, None]
        dearer = cost[None, :] - have_cost[open_, None]
        worth = (more > 1e-12) & ((dearer > 0) | (have_cost[open_, None] == 0))
        slope = np.where(worth, more / np.maximum(dearer, 1e-9), -np.inf)
        best = slope.argmax(axis=1)
        rows = np.flatnonzero(slope[np.arange(len(open_)), best] > -np.inf)
        if not len(rows):
            break
        who, channel = open_[rows], best[rows]
        parts.append((who, channel, more[rows, channel], dearer[rows, channel], slope[rows, channel]))
        have_gain[who], have_cost[who], open_ = gain[who, channel], cost[channel], who
    if not parts:
        return np.empty(0, int), np.empty(0, int), np.empty(0), np.empty(0)
    who, channel, added_gain, added_cost, slope = map(np.concatenate, zip(*parts, strict=True))
    order = np.argsort(-slope, kind="stable")
    return who[order], channel[order], added_gain[order], added_cost[order]


def upper_bound(gain: np.ndarray, cost: np.ndarray, budget: float) -> float:
    """No choice can bring more than this: the greedy steps with the last one taken in part (the linear programme)."""
    _, _, added_gain, added_cost = steps(gain, cost)
    spent = np.concatenate([[0.0], np.cumsum(added_cost)])
    brought = np.concatenate([[0.0], np.cumsum(added_gain)])
    return float(np.interp(budget, spent, brought))


def _exact(gain: np.ndarray, cost: np.ndarray, budget: float) -> np.ndarray:
    """The integer programme, on the options that the greedy answer leaves open.

    At the price of money where the budget runs out, an option whose gain less its price falls short of the customer's
    best by more than the greedy answer falls short of the bound cannot be part of a better answer.
    """
    greedy = allocate(gain, cost, budget)
    used = np.flatnonzero(greedy >= 0)
    short = upper_bound(gain, cost, budget) - gain[used, greedy[used]].sum()
    options = np.column_stack([np.zeros(len(gain)), np.maximum(gain, 0.0)])
    prices = np.append(0.0, cost)
    net = options - _price_of_money(gain, cost, budget) * prices
    open_ = net >= net.max(axis=1, keepdims=True) - short - 1e-9
    open_[:, 1:] &= gain > 1e-12
    settled = open_.sum(axis=1) == 1
    answer = open_.argmax(axis=1) - 1
    left = budget - prices[answer[settled] + 1].sum()
    who, option = np.nonzero(open_ & ~settled[:, None])
    if not len(who):
        return _better(_within(answer, cost, budget), greedy, gain)
    taken = _solve(who, options[who, option], prices[option], left)
    answer[who[taken]] = option[taken] - 1
    return _better(_within(answer, cost, budget), greedy, gain)


def _price_of_money(gain: np.ndarray, cost: np.ndarray, budget: float) -> float:
    """Gain per unit of money of the step at which the budget runs out; 0 when it does not."""
    _, _, added_gain, added_cost = steps(gain, cost)
    short = np.flatnonzero(np.cumsum(added_cost) > budget)
    return float(added_gain[short[0]] / added_cost[short[0]]) if len(short) else 0.0


def _solve(who: np.ndarray, gain: np.ndarray, cost: np.ndarray, budget: float) -> np.ndarray:
    """Which of the rows to take: exactly one per customer, for the most gain."""
    customer = np.unique(who, return_inverse=True)[1]
    n = customer.max() + 1
    one_each = csr_array((np.ones(len(who)), (customer, np.arange(len(who)))), shape=(n, len(who)))
    constraint = LinearConstraint(
        vstack([one_each, csr_array(cost[None, :])]),
        lb=np.append(np.ones(n), -np.inf),
        ub=np.append(np.ones(n), budget),
    )
    solved = milp(
        -gain,
        constraints=constraint,
        integrality=np.ones(len(who)),
        bounds=Bounds(0, 1),
        options={"mip_rel_gap": 0.0, "time_limit": 60},
    )
    if solved.x is None or solved.status != 0:
        raise FitError(f"The exact plan was not found: {solved.message} Use method='greedy'.")
    return solved.x > 0.5


def _better(one: np.ndarray, other: np.ndarray, gain: np.ndarray) -> np.ndarray:
    """Whichever answer brings more: where the solver's tolerance cost a contact, that may be the greedy one."""
    rows = np.arange(len(gain))
    totals = [np.where(answer >= 0, gain[rows, answer], 0.0).sum() for answer in (one, other)]
    return one if totals[0] >= totals[1] else other


def _within(chosen: np.ndarray, cost: np.ndarray, budget: float) -> np.ndarray:
    """The choice, less the last contacts of whatever a solver's tolerance let pass over the budget."""
    used = np.flatnonzero(chosen >= 0)
    spent = np.cumsum(np.asarray(cost, dtype=float)[chosen[used]])
    chosen[used[spent > budget + TOLERANCE * max(budget, 1.0)]] = NOBODY
    return chosen
