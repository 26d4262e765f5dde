"""Spending a budget: never over it, never worse than the greedy rule, and right where it can be checked."""

import itertools

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.linear_model import LinearRegression

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
        assert made["expected_cost"].sum() <= budget * (1 + 1e-9) + 1e-9  # sums of fractions
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


def test_more_budget_never_earns_less(campaign):
    curve = offers.try_budgets(offers.candidates_of(campaign[0].head(1_500), "T-learner", regressor=LinearRegression()))
    assert curve["profit"].is_monotonic_increasing and (curve["cost"] <= curve["budget"]).all()


def test_the_discount_is_read_from_the_margins(campaign):
    assert offers.take_up_discount(campaign[0]).to_dict() == {"offer": 6.0}


def test_where_margins_vary_no_discount_is_assumed(campaign):
    rng = np.random.default_rng(1)
    varied = campaign[0].assign(margin=lambda table: table["converted"] * rng.gamma(2, 10, len(table)))
    assert offers.take_up_discount(varied).to_dict() == {"offer": 0.0}


def test_expected_profit_is_the_gain_and_cost_is_contact_plus_discount(campaign):
    results = campaign[0].head(2_000)
    table = offers.candidates_of(results, "T-learner", regressor=LinearRegression())
    gains = offers.uplift(results, method="T-learner", regressor=LinearRegression())["offer"]
    take_up = offers.expected_outcomes(results, "converted", regressor=LinearRegression())["offer"].clip(0, 1)
    assert (table["expected_return"] - table["expected_cost"]).tolist() == pytest.approx(gains.tolist())
    contact = results.loc[results["arm"] == "offer", "contact_cost"].mean()
    assert table["expected_cost"].tolist() == pytest.approx((contact + 6.0 * take_up).tolist())


def test_the_offers_table_has_one_row_per_customer_and_keeps_what_is_made(campaign):
    results = campaign[0].head(3_000)
    table = offers.candidates_of(results, "T-learner")
    allocated = offers.allocate(table, offers.share_of_budget(table, 0.2))
    everybody = pd.DataFrame({"customer_id": results["customer_id"], "channel": "email", "allowed": True})
    rows = offers.offers_table(allocated, everybody)
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
    table = pd.DataFrame({"customer_id": ["a"], "offer": ["o"], "expected_return": [5.0], "expected_cost": [1.0]})
    with pytest.raises(DataError, match=message):
        offers.allocate(table.assign(**change), budget)


def test_the_same_offer_twice_is_refused():
    row = pd.DataFrame({"customer_id": ["a"], "offer": ["o"], "expected_return": [5.0], "expected_cost": [1.0]})
    with pytest.raises(DataError, match="come twice"):
        offers.allocate(pd.concat([row, row]), 5)


def test_nobody_is_made_an_offer_whose_consent_is_not_known():
    table = pd.DataFrame({"customer_id": list("abc"), "offer": "o", "expected_return": 5.0, "expected_cost": 1.0})
    consents = pd.DataFrame({"customer_id": list("abc"), "channel": "email", "allowed": [True, False, None]})
    allocated = offers.allocate(offers.reachable(table, consents), 10)
    assert allocated["customer_id"].tolist() == ["a"]
    everybody = offers.allocate(table, 10)
    assert offers.offers_table(everybody, consents).set_index("customer_id")["made"].to_dict() == {
        "a": True,
        "b": False,
        "c": False,
    }
    assert not offers.offers_table(everybody, None)["made"].any()


def test_what_choosing_earns_is_judged_on_customers_it_was_not_learned_from():
    """Without any effect the predictions promise a profit, and fresh customers show that there is none."""
    rng, rows = np.random.default_rng(4), []
    for seed in range(12):
        trial = pd.DataFrame({"customer_id": np.arange(600), "x": rng.normal(size=600), "z": rng.normal(size=600)})
        trial = trial.assign(arm=np.where(rng.random(600) < 0.5, "offer", "control"), converted=True, contact_cost=0.1)
        trial["margin"] = rng.gamma(1.0, 20.0, 600)
        rows.append(
            offers.value_on_fresh_customers(trial, "T-learner", random_state=seed, regressor=LinearRegression())
        )
    found = pd.concat(rows)
    assert (found["expected"] > 100).all(), "the winner's curse"
    assert found["gain"].mean() < 0.3 * found["expected"].mean()
    assert (found["low"].le(0) & found["high"].ge(-0.1 * 600 * found["treated"])).sum() >= 10


def test_who_is_made_an_offer_is_counted_by_age():
    made = pd.DataFrame({"customer_id": list("abcd"), "made": [True, True, False, False]})
    table = offers.fairness(made, made["customer_id"], offers.kinds_of_people(pd.DataFrame({"age": [21, 25, 55, 61]})))
    assert table.set_index("group")["made"].to_dict() == {"under 30": 1.0, "50-59": 0.0, "60 and over": 0.0}


def test_where_nobody_was_asked_for_consent_an_open_complaint_still_bars_the_offer():
    candidates = pd.DataFrame({"customer_id": ["ann", "bob"], "offer": "offer"})
    nobody_asked = pd.DataFrame({"customer_id": ["ann", "bob"], "channel": "email", "allowed": [None, None]})
    standing = pd.DataFrame({"customer_id": ["bob"], "open_complaints": [1]})
    assert offers.reachable(candidates, nobody_asked, conversations=standing)["customer_id"].tolist() == ["ann"]
    assert len(offers.reachable(candidates, None)) == 2
