"""The contact plan keeps to consent, cap and budget, whatever it is given; and it is as good as it says."""

import ctypes
import itertools

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from idic_lab import tables
from idic_lab.allocation import allocate, upper_bound
from idic_lab.errors import ContractError, DataError, LabError
from idic_lab.interact import channels
from idic_lab.tables import CHANNELS

START = pd.Timestamp("2025-12-29")
rates = st.floats(0, 1).map(lambda x: round(x, 3))


@st.composite
def situations(draw):
    """A few customers with any response rates, consents, costs, past contacts, budget and cap."""
    n = draw(st.integers(1, 8))
    ids = [f"c{i}" for i in range(n)]
    cells = list(itertools.product(ids, CHANNELS))
    preferences = pd.DataFrame(cells, columns=["customer_id", "channel"]).assign(
        response_rate=draw(st.lists(rates, min_size=len(cells), max_size=len(cells))),
        allowed=draw(st.lists(st.sampled_from([True, False, None]), min_size=len(cells), max_size=len(cells))),
        best_time="morning",
    )
    costs = pd.DataFrame(
        {
            "channel": CHANNELS,
            "cost": draw(st.lists(st.sampled_from([0.0, 0.05, 0.1, 0.7, 1.6]), min_size=5, max_size=5)),
        }
    )
    past = draw(st.lists(st.tuples(st.sampled_from(ids), st.integers(1, 60)), max_size=12))
    history = pd.DataFrame(
        {
            "customer_id": pd.Series([who for who, _ in past], dtype="str"),
            "date": pd.Series([START - pd.Timedelta(days=ago) for _, ago in past], dtype="datetime64[us]"),
        }
    )
    return {
        "preferences": preferences.astype({"customer_id": "str", "channel": "str", "best_time": "str"}),
        "costs": costs.astype({"channel": "str"}),
        "history": history,
        "start": START,
        "weekly_budget": draw(st.floats(0, 6).map(lambda x: round(x, 2))),
        "weeks": draw(st.integers(0, 6)),
        "cap": draw(st.integers(0, 3)),
        "fatigue": draw(st.sampled_from([0.0, 0.25, 1.0])),
        "excluded": draw(st.lists(st.sampled_from(ids), max_size=2)),
    }


def assert_rules_hold(plan, situation):
    allowed = situation["preferences"][[said is True for said in situation["preferences"]["allowed"]]]
    pairs = set(zip(allowed["customer_id"], allowed["channel"], strict=True))
    assert all(pair in pairs for pair in zip(plan["customer_id"], plan["channel"], strict=True))
    assert not set(plan["customer_id"]) & set(situation["excluded"])
    assert not plan.duplicated(["customer_id", "date"]).any()
    assert (plan.groupby("date")["cost"].sum() <= situation["weekly_budget"] + 1e-6).all()
    every = pd.concat([situation["history"], plan[["customer_id", "date"]]])
    for row in plan.itertuples():
        days = (row.date - every.loc[every["customer_id"] == row.customer_id, "date"]).dt.days
        assert days.between(0, 28).sum() <= situation["cap"]


@given(situations())
def test_a_plan_keeps_to_consent_cap_and_budget(situation):
    plan = channels.contact_plan(**situation)
    tables.check("contact_plan", plan)
    assert_rules_hold(plan, situation)
    consents = situation["preferences"][["customer_id", "channel", "allowed"]]
    channels.check_plan(plan, consents, situation["history"], situation["weekly_budget"], situation["cap"])


@given(situations())
def test_an_exact_plan_keeps_to_the_same_rules(situation):
    assert_rules_hold(channels.contact_plan(**situation, method="exact"), situation)


def best_by_trying_all(gain, cost, budget):
    options = [[None, *range(gain.shape[1])]] * len(gain)
    best = 0.0
    for choice in itertools.product(*options):
        used = [(i, j) for i, j in enumerate(choice) if j is not None]
        if sum(cost[j] for _, j in used) <= budget + 1e-9:
            best = max(best, sum(max(gain[i, j], 0.0) for i, j in used))
    return best


@given(
    st.lists(st.lists(rates, min_size=3, max_size=3), min_size=1, max_size=4),
    st.lists(st.sampled_from([0.05, 0.1, 0.5, 1.0, 1.6]), min_size=3, max_size=3),
    st.floats(0, 4).map(lambda x: round(x, 2)),
)
def test_the_exact_choice_is_the_best_of_all_choices(gain, cost, budget):
    gain, cost = np.array(gain), np.array(cost)
    best = best_by_trying_all(gain, cost, budget)

    def brought(chosen):
        used = np.flatnonzero(chosen >= 0)
        return gain[used, chosen[used]].sum()

    exact, greedy = allocate(gain, cost, budget, "exact"), allocate(gain, cost, budget)
    assert brought(exact) == pytest.approx(best, abs=1e-6)
    assert brought(greedy) <= best + 1e-9 <= upper_bound(gain, cost, budget) + 1e-6
    # The greedy choice falls short by less than one step.
    assert best - brought(greedy) <= gain.max() + 1e-9


@pytest.fixture(scope="module")
def real(shop, preferences, contacts):
    return {
        "preferences": preferences,
        "costs": channels.channel_costs(contacts),
        "history": contacts,
        "start": START,
        "fatigue": 0.25,
    }


def test_nothing_that_the_solver_prints_reaches_a_notebook(monkeypatch, capfd):
    from scipy import optimize

    solve = optimize.milp

    def loud(*given, **more):
        ctypes.CDLL(None).puts(b"a step of the solver")
        return solve(*given, **more)

    monkeypatch.setattr(optimize, "milp", loud)
    rng = np.random.default_rng(1)
    gain, cost = rng.random((30, 3)), rng.random((30, 3))
    allocate(gain, cost, 3.0, "exact")
    print("afterwards")
    assert capfd.readouterr().out == "afterwards\n"


def test_on_meridian_nobody_is_contacted_without_planted_consent(shop, real):
    plan = channels.contact_plan(**real, weekly_budget=150, cap=2)
    assert len(plan) > 1_000
    channels.check_plan(plan, shop.consents, real["history"], 150, 2)


def test_a_plan_expects_about_what_the_planted_rates_bring(shop, real):
    plan = channels.contact_plan(**real, weekly_budget=150, cap=2)
    planted = shop.people.loc[plan["customer_id"], [f"response_{name}" for name in CHANNELS]].to_numpy()
    rate = planted[np.arange(len(plan)), pd.Index(CHANNELS).get_indexer(plan["channel"])]
    timely = plan["time_of_day"].to_numpy() == shop.people.loc[plan["customer_id"], "time_of_day"].to_numpy()
    brought = (rate * np.where(timely, 1, 0.7) * np.exp(-0.25 * plan["recent_contacts"])).sum()
    assert plan["expected_responses"].sum() == pytest.approx(brought, rel=0.2)


def test_a_larger_budget_brings_more_and_a_larger_cap_too(real):
    def brought(budget, cap):
        return channels.contact_plan(**real, weekly_budget=budget, cap=cap)["expected_responses"].sum()

    assert brought(50, 2) < brought(150, 2) < brought(400, 2)
    assert brought(150, 1) < brought(150, 2)
    assert brought(0, 2) == 0


def test_with_value_a_contact_that_costs_more_than_it_brings_is_not_made(real):
    worth = pd.DataFrame({"customer_id": real["preferences"]["customer_id"].unique(), "value": 0.3})
    plan = channels.contact_plan(**real, weekly_budget=10_000, value=worth)
    assert len(plan) and (0.3 * plan["expected_responses"] > plan["cost"]).all()


def test_a_click_is_not_paid_like_a_conversation(shop, real):
    worth = channels.response_values(shop.tables["transactions"])
    plain = channels.contact_plan(**real, weekly_budget=100, weeks=1)
    valued = channels.contact_plan(**real, weekly_budget=100, weeks=1, value=worth)
    assert plain["expected_value"].isna().all()
    price = valued["channel"].map(worth.set_index("channel")["value"])
    assert valued["expected_value"].to_numpy() == pytest.approx((valued["expected_responses"] * price).to_numpy())
    assert (valued["expected_value"] > valued["cost"]).all()
    clicks = {
        name: plan["channel"].isin(["email", "social"]).mean() for name, plan in (("plain", plain), ("valued", valued))
    }
    assert clicks["valued"] < clicks["plain"]


def test_the_first_week_beats_taking_customers_as_they_come_and_no_bound_is_exceeded(shop, real):
    setting = real | {"value": channels.response_values(shop.tables["transactions"])}
    week = channels.compare_first_week(weekly_budget=100, cap=2, **setting).set_index("week")["expected"]
    assert week["the plan"] <= week["the best there is"] + 0.01 <= week["no plan can exceed"] + 0.02
    assert week["the plan"] >= 0.999 * week["no plan can exceed"]
    assert week["the plan"] > max(week.filter(like="as they come")) > 0
    curve = channels.budget_curve(budgets=[0, 100], caps=(2,), **setting)
    assert curve["expected_value"].iloc[0] == 0 < curve["expected_value"].iloc[1]


def test_a_response_may_be_worth_more_from_some_customers_than_from_others(real):
    ids = real["preferences"]["customer_id"].unique()
    both = pd.DataFrame({"customer_id": ids[:50], "channel": "email", "value": 100.0})
    plan = channels.contact_plan(**real, weekly_budget=100, value=both)
    assert set(plan["customer_id"]) <= set(ids[:50]) and set(plan["channel"]) == {"email"}


def test_a_channel_without_a_known_cost_is_not_used(real):
    cheap = real | {"costs": real["costs"].query("channel != 'social'")}
    assert "social" not in set(channels.contact_plan(**cheap, weekly_budget=150)["channel"])


@pytest.mark.parametrize(
    ("change", "words"),
    [({"weekly_budget": -1}, "weekly_budget"), ({"cap": -1}, "cap"), ({"method": "exakt"}, "exact")],
)
def test_an_impossible_wish_is_refused(real, change, words):
    with pytest.raises(LabError, match=words):
        channels.contact_plan(**({"weekly_budget": 10, **real} | change))


def test_a_history_that_runs_into_the_plan_is_refused(real):
    with pytest.raises(DataError, match="history"):
        channels.contact_plan(**(real | {"start": pd.Timestamp("2025-01-01")}), weekly_budget=10)


def test_the_check_finds_each_kind_of_breach(shop, real):
    plan = channels.contact_plan(**real, weekly_budget=150, cap=2)
    nobody = shop.consents.assign(allowed=False)
    with pytest.raises(ContractError, match="without consent"):
        channels.check_plan(plan, nobody, real["history"], 150, 2)
    with pytest.raises(ContractError, match="budget"):
        channels.check_plan(plan, shop.consents, real["history"], 20, 2)
    with pytest.raises(ContractError, match="more than 1"):
        channels.check_plan(plan, shop.consents, real["history"], 150, 1)


def test_the_figure_of_the_plan_adds_up_to_the_plan(contacts, preferences):
    setting = {
        "costs": channels.channel_costs(contacts),
        "history": contacts,
        "start": contacts["date"].max() + pd.Timedelta(days=1),
        "fatigue": 0.25,
        "weekly_budget": 80,
        "cap": 2,
    }
    plan = channels.contact_plan(preferences, **setting)
    ax = channels.plot_contact_plan(preferences, **setting)
    assert sum(bar.get_height() for bar in ax.patches) == pytest.approx(plan["expected_responses"].sum())
    nothing = channels.plot_contact_plan(preferences, **(setting | {"weekly_budget": 0, "cap": 0}))
    assert (nothing.get_title() or nothing.get_title(loc="left")).startswith("0 contacts")
