"""Misconceptions of the assignment audit and contracts: the wrong way, and the hint that a student reads who took it."""

from __future__ import annotations

import numpy as np

from idic_lab.exercises.answer_key import Misconception


def _yearly(tables):
    orders = tables["transactions"]
    return orders.pivot_table(
        index="customer_id", columns=orders["date"].dt.year, values="amount", aggfunc="sum", fill_value=0
    )


def _of_orders(tables):
    amounts = tables["transactions"].query("date >= '2025-01-01'")["amount"]
    return amounts.nlargest(len(amounts) // 10).sum() / amounts.sum()


def _lost_heads(tables):
    years = _yearly(tables)
    return (years.loc[years[2024] > 0, 2025] == 0).mean()


def _change_of_all(tables):
    totals = _yearly(tables).sum()
    return totals[2025] - totals[2024]


def _left_after(tables):
    random = np.random.default_rng(round(tables["transactions"]["amount"].sum()))
    leaves = random.geometric(random.beta(0.9, 2.5, 1000))
    return [int((leaves > n).sum()) for n in range(6)]


HINTS = {
    "audit_and_contracts_q01": (
        Misconception(
            "orders_for_customers",
            "This is the share of the largest orders. Add up what each customer spent first.",
            lambda tables: _of_orders(tables),
            0.25,
        ),
    ),
    "audit_and_contracts_q02": (
        Misconception(
            "heads_for_revenue",
            "This is their share of the customers. What share of the revenue was theirs?",
            lambda tables: _lost_heads(tables),
            0.25,
        ),
    ),
    "audit_and_contracts_q03": (
        Misconception(
            "change_of_all",
            "This is the change of all revenue. Keep to the customers of both years.",
            lambda tables: _change_of_all(tables),
            0.0,
        ),
    ),
    "audit_and_contracts_q05": (
        Misconception(
            "no_time_yet",
            "For how many days have they been watched, and the others?",
            lambda answer: not answer.startswith("they have not"),
            0.0,
        ),
    ),
    "audit_and_contracts_q06": (
        Misconception(
            "complement", "This is the share who did not renew.", lambda tables: 1 - _left_after(tables)[1] / 1000, 0.5
        ),
    ),
    "audit_and_contracts_q07": (
        Misconception(
            "straight_line",
            "A rate applies to those who are left, not to those who began.",
            lambda tables: (lambda left: left[5] - (1000 - 5 * (1000 - left[1])))(_left_after(tables)),
            0.25,
        ),
    ),
    "audit_and_contracts_q08": (
        Misconception(
            "sorting_read_as_loyalty",
            "Suppose each member had a chance that never changes, some a high one and some a low one. What rate would you see?",
            lambda answer: not answer.startswith("that those who"),
            0.0,
        ),
    ),
    "audit_and_contracts_q09": (
        Misconception(
            "same_rate_for_ever",
            "This takes the first rate for all renewals. Those who stay are not those who began.",
            lambda tables: 1000 * (_left_after(tables)[1] / 1000) ** 10,
            0.25,
        ),
    ),
}
