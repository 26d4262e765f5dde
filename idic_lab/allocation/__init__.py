"""Who gets what under a budget: at most one option each, for the most gain. Contact plans and offers are made with it."""

import contextlib
import ctypes
import os
from collections.abc import Iterator

import numpy as np

from idic_lab.errors import DataError, pick

NOBODY = -1
TOLERANCE = 1e-9  # of the budget: sums of money in binary fractions are off by less
_WORTHWHILE = 1e-12


def allocate(
    gain: np.ndarray, cost: np.ndarray, budget: float, method: str = "greedy", time_limit: float = 20.0
) -> np.ndarray:
    """For each customer the option to use, or -1 for none.

    Choosing at most one option per customer under a budget is the multiple-choice knapsack problem. ``"greedy"``
    spends the budget step by step where one more unit of money brings most, a step being a first option or a change
    to a dearer, better one; it is fast for millions and falls short of the optimum by less than the gain of one
    step. ``"exact"`` solves the integer programme.

    Parameters:
        gain (ndarray, shape (n_customers, n_options)): What an option brings; 0 or less where it is not allowed or does
            not pay.
        cost (ndarray, shape (n_options,) or (n_customers, n_options)): Currency, not below 0.
        time_limit: Seconds for the exact answer; when they are over, the better of the best so far and the greedy one
            is taken.

    Source: Sinha & Zoltners (1979), The multiple-choice knapsack problem, Operations Research 27(3).

    >>> gain, cost = np.array([[0.3, 0.5], [0.1, 0.6]]), np.array([0.1, 1.0])
    >>> allocate(gain, cost, budget=1.1).tolist()  # the second customer is worth the dear option
    [0, 1]
    """
    if not budget >= 0:
        raise DataError(f"A budget must be 0 or more, found {budget!r}.")
    pick("method", method, ("greedy", "exact"))
    gain = np.asarray(gain, dtype=float)
    cost = np.broadcast_to(np.asarray(cost, dtype=float), gain.shape)
    found = _greedy(gain, cost, budget)
    # Where the solver's tolerance cost an option, the greedy answer may bring more than the exact one.
    answers = [found] if method == "greedy" else [_exact(gain, cost, budget, found, time_limit), found]
    return max(answers, key=lambda chosen: _brought(chosen, gain))


def upper_bound(gain: np.ndarray, cost: np.ndarray, budget: float) -> float:
    """No choice can bring more than this: the greedy steps with the last one taken in part (the linear programme).

    >>> upper_bound(np.array([[4.0], [3.0]]), np.array([1.0]), budget=1.5)
    5.5
    """
    gain = np.asarray(gain, dtype=float)
    _, _, added_gain, added_cost = _steps(gain, np.broadcast_to(np.asarray(cost, dtype=float), gain.shape))
    spent = np.concatenate([[0.0], np.cumsum(added_cost)])
    brought = np.concatenate([[0.0], np.cumsum(added_gain)])
    return float(np.interp(budget, spent, brought))


def _steps(gain: np.ndarray, cost: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Who takes which option for how much more gain and cost, the step that brings most per unit of money first.

    The steps of one customer come in the order in which they build on each other.
    """
    n = len(gain)
    have_gain, have_cost, open_ = np.zeros(n), np.zeros(n), np.arange(n)
    parts = []
    for _ in range(gain.shape[1]):
        more = gain[open_] - have_gain[open_, None]
        dearer = cost[open_] - have_cost[open_, None]
        worth = (more > _WORTHWHILE) & ((dearer > 0) | (have_cost[open_, None] == 0))
        slope = np.where(worth, more / np.maximum(dearer, 1e-9), -np.inf)
        best = slope.argmax(axis=1)
        rows = np.flatnonzero(slope[np.arange(len(open_)), best] > -np.inf)
        if not len(rows):
            break
        who, option = open_[rows], best[rows]
        parts.append((who, option, more[rows, option], dearer[rows, option], slope[rows, option]))
        have_gain[who], have_cost[who], open_ = gain[who, option], cost[who, option], who
    if not parts:
        return np.empty(0, int), np.empty(0, int), np.empty(0), np.empty(0)
    who, option, added_gain, added_cost, slope = map(np.concatenate, zip(*parts, strict=True))
    order = np.argsort(-slope, kind="stable")
    return who[order], option[order], added_gain[order], added_cost[order]


def _greedy(gain: np.ndarray, cost: np.ndarray, budget: float) -> np.ndarray:
    who, option, _, added_cost = _steps(gain, cost)
    chosen = np.full(len(gain), NOBODY)
    affordable = np.cumsum(added_cost) <= budget * (1 + TOLERANCE)
    first_not = len(who) if affordable.all() else int(affordable.argmin())
    chosen[who[:first_not]] = option[:first_not]  # later steps of a customer overwrite earlier ones
    left = budget - added_cost[:first_not].sum()
    refused = np.zeros(len(gain), dtype=bool)
    cheapest = np.minimum.accumulate(added_cost[::-1])[::-1]
    for i in range(first_not, len(who)):
        if cheapest[i] > left:
            break
        # A change of option presupposes the step before it.
        if added_cost[i] <= left and not refused[who[i]]:
            chosen[who[i]], left = option[i], left - added_cost[i]
        else:
            refused[who[i]] = True
    return _within(chosen, gain, cost, budget)


def _exact(gain, cost, budget, greedy, time_limit) -> np.ndarray:
    """The integer programme, on the options that the greedy answer leaves open.

    At the price of money where the budget runs out, an option whose gain less its price falls short of the customer's
    best by more than the greedy answer falls short of the bound cannot be part of a better answer.
    """
    short = upper_bound(gain, cost, budget) - _brought(greedy, gain)
    options = np.column_stack([np.zeros(len(gain)), np.maximum(gain, 0.0)])
    prices = np.column_stack([np.zeros(len(gain)), cost])
    net = options - _price_of_money(gain, cost, budget) * prices
    open_ = net >= net.max(axis=1, keepdims=True) - short - 1e-9
    open_[:, 1:] &= gain > _WORTHWHILE
    settled = open_.sum(axis=1) == 1
    answer = open_.argmax(axis=1) - 1
    rows = np.flatnonzero(settled)
    left = budget - prices[rows, answer[rows] + 1].sum()
    who, option = np.nonzero(open_ & ~settled[:, None])
    if len(who):
        taken = _solve(who, options[who, option], prices[who, option], left, time_limit)
        if taken is None:
            return greedy
        answer[who[taken]] = option[taken] - 1
    return _within(answer, gain, cost, budget)


def _price_of_money(gain: np.ndarray, cost: np.ndarray, budget: float) -> float:
    """Gain per unit of money of the step at which the budget runs out; 0 when it does not."""
    _, _, added_gain, added_cost = _steps(gain, cost)
    short = np.flatnonzero(np.cumsum(added_cost) > budget)
    return float(added_gain[short[0]] / added_cost[short[0]]) if len(short) else 0.0


def _solve(who, gain, cost, budget: float, time_limit: float) -> np.ndarray | None:
    """Which of the rows to take: exactly one per customer, for the most gain; None when there was no time."""
    from scipy.optimize import Bounds, LinearConstraint, milp
    from scipy.sparse import csr_array, vstack

    customer = np.unique(who, return_inverse=True)[1]
    n = customer.max() + 1
    one_each = csr_array((np.ones(len(who)), (customer, np.arange(len(who)))), shape=(n, len(who)))
    rows, least, most = (
        vstack([one_each, csr_array(cost[None, :])]),
        np.append(np.ones(n), -np.inf),
        np.append(np.ones(n), budget),
    )
    with _silenced():
        solved = milp(
            -gain,
            constraints=LinearConstraint(rows, lb=least, ub=most),
            integrality=np.ones(len(who)),
            bounds=Bounds(0, 1),
            options={"mip_rel_gap": 0.0, "time_limit": time_limit},
        )
    return None if solved.x is None else solved.x > 0.5


@contextlib.contextmanager
def _silenced() -> Iterator[None]:
    """HiGHS prints some steps from C, past Python's standard output, and a notebook would keep them."""
    kept, nowhere = os.dup(1), os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)
    try:
        yield
    finally:
        with contextlib.suppress(OSError, TypeError, AttributeError):  # elsewhere than on POSIX what C keeps is let go
            ctypes.CDLL(None).fflush(None)
        os.dup2(kept, 1)
        os.close(kept)
        os.close(nowhere)


def _brought(chosen: np.ndarray, gain: np.ndarray) -> float:
    used = np.flatnonzero(chosen != NOBODY)
    return float(gain[used, chosen[used]].sum())


def _within(chosen: np.ndarray, gain: np.ndarray, cost: np.ndarray, budget: float) -> np.ndarray:
    """The choice, less the options that bring least of whatever a solver's tolerance let pass over the budget."""
    used = np.flatnonzero(chosen != NOBODY)
    spent = cost[used, chosen[used]]
    most_first = np.argsort(-gain[used, chosen[used]], kind="stable")
    over = np.cumsum(spent[most_first]) > budget + TOLERANCE * max(budget, 1.0)
    chosen[used[most_first[over]]] = NOBODY
    return chosen
