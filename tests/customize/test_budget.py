"""Spending a budget: never over it, never worse than the greedy rule, and right where it can be checked."""

import itertools

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from idic_lab import tables
from idic_lab.customize import offers
from idic_lab.errors import DataError

money = st.floats(0, 100, allow_nan=False).map(lambda value: round(value, 2))


@st.composite
def choices(draw):
    customers = draw(st.integers(1, 6))
    rows = []
    for customer in range(customers):
        for offer in range(draw(st.integers(1, 3))):
            rows.append((f"c{customer}", f"o{offer}", draw(money) - 20, draw(money)))
    return pd.DataFrame(rows, columns=["customer_id", "offer", "expected_return", "expected_cost"])


def profit(table):
    return table.loc[table["made"], "expected_profit"].sum()


@given(choices(), money)
def test_the_budget_is_kept_and_the_exact_answer_is_no_worse_than_the_greedy_one(candidates, budget):
    exact, greedy = (offers.allocate(candidates, budget, method) for method in ("exact", "greedy"))
    for table in (exact, greedy):
        made = table[table["made"]]
        assert made["expected_cost"].sum() <= budget
        assert not made["customer_id"].duplicated().any()
        assert (made["expected_profit"] > 0).all()
    assert profit(exact) >= profit(greedy)


@given(choices(), money)
def test_no_choice_whatever_earns_more_than_the_exact_answer(candidates, budget):
    table = offers.allocate(candidates, budget)
    rows = [group.index.tolist() for _, group in candidates.groupby("customer_id")]
    cost = candidates["expected_cost"].to_numpy()
    gain = (candidates["expected_return"] - candidates["expected_cost"]).to_numpy()
    best = max(
        sum(gain[row] for row in picked if row is not None)
        for picked in itertools.product(*[[None, *group] for group in rows])
        if sum(cost[row] for row in picked if row is not None) <= budget
    )
    assert profit(table) == pytest.approx(best, abs=1e-4)


def test_with_nothing_to_spend_only_free_offers_are_made():
    table = pd.DataFrame(
        {"customer_id": ["a", "b"], "offer": "o", "expected_return": [5.0, 5.0], "expected_cost": [0.0, 1.0]}
    )
    assert offers.allocate(table, 0)["made"].tolist() == [True, False]


def test_more_budget_never_earns_less(campaign, gains):
    results = campaign[0].head(1_500)
    take_up = pd.DataFrame({"offer": np.linspace(0, 1, len(results))})
    table = offers.candidates(
        results["customer_id"],
        gains.head(1_500),
        take_up,
        offers.contact_costs(results),
        offers.take_up_discount(results),
    )
    curve = offers.budget_curve({budget: offers.allocate(table, budget) for budget in (200, 400, 800, 1_600)})
    assert curve["profit"].is_monotonic_increasing and (curve["cost"] <= curve["budget"]).all()


def test_the_discount_is_read_from_the_margins(campaign):
    assert offers.take_up_discount(campaign[0]).to_dict() == {"offer": 6.0}


def test_where_margins_vary_no_discount_is_assumed(campaign):
    rng = np.random.default_rng(1)
    varied = campaign[0].assign(margin=lambda table: table["converted"] * rng.gamma(2, 10, len(table)))
    assert offers.take_up_discount(varied).to_dict() == {"offer": 0.0}


def test_expected_profit_is_the_gain_and_cost_is_contact_plus_discount():
    table = offers.candidates(
        pd.Series(["a"]),
        pd.DataFrame({"o": [4.0]}),
        pd.DataFrame({"o": [0.5]}),
        pd.Series({"o": 1.5}),
        pd.Series({"o": 6.0}),
    )
    assert table[["expected_return", "expected_cost"]].iloc[0].tolist() == [8.5, 4.5]


def test_the_offers_table_has_one_row_per_customer_and_keeps_what_is_made(campaign):
    results = campaign[0].head(3_000)
    table = offers.candidates_of(results, "T-learner")
    allocated = offers.allocate(table, offers.share_of_budget(table, 0.2))
    rows = offers.offers_table(allocated)
    tables.check("offers", rows)
    assert len(rows) == len(results) and rows["made"].sum() == allocated["made"].sum() > 0


@pytest.mark.parametrize(
    ("change", "budget", "message"),
    [
        ({"expected_cost": [-1.0]}, 5, "no cost below 0"),
        ({"expected_return": [np.nan]}, 5, "must be numbers"),
        ({}, -1, "0 or more"),
        ({}, np.nan, "0 or more"),
    ],
)
def test_impossible_money_is_refused(change, budget, message):
    table = pd.DataFrame(
        {"customer_id": ["a"], "offer": ["o"], "expected_return": [5.0], "expected_cost": [1.0]}
    )
    with pytest.raises(DataError, match=message):
        offers.allocate(table.assign(**change), budget)


def test_the_same_offer_twice_is_refused():
    row = pd.DataFrame(
        {"customer_id": ["a"], "offer": ["o"], "expected_return": [5.0], "expected_cost": [1.0]}
    )
    with pytest.raises(DataError, match="come twice"):
        offers.allocate(pd.concat([row, row]), 5)
