"""Experiments keep their promised error, the learner misses less than fixed rules, and what it writes can be read."""

import numpy as np
import pandas as pd
import pytest

from idic_lab import meridian, tables
from idic_lab.monitor import kpis, loop
from idic_lab.pipeline import reviews

ARMS = ["control", "offer"]
DAY = pd.Timestamp("2025-12-31")


def learnt_by_playing(learner, segments, outcomes, batch=100):
    """The arm the learner chose for each customer as they came, learning from each batch of a hundred."""
    position = {arm: place for place, arm in enumerate(learner.arms)}
    chosen = []
    for begin in range(0, len(segments), batch):
        now = slice(begin, begin + batch)
        arms = learner.choose(segments[now])
        chosen.append([position[arm] for arm in arms])
        learner.update(segments[now], arms, outcomes[now][np.arange(len(arms)), chosen[-1]])
    return np.concatenate(chosen)


def cumulative_regret(expected, chosen, best):
    rows = np.arange(len(expected))
    return np.cumsum(expected[rows, best] - expected[rows, chosen])


@pytest.fixture(scope="module")
def log(sample):
    segments = reviews.segments_at(sample["transactions"], pd.Timestamp("2025-08-31"))
    return loop.campaign_log(sample["campaign_results"], segments, "rfm")


@pytest.fixture(scope="module")
def money(sample):
    return loop.economics(sample["campaign_results"])


@pytest.fixture(scope="module")
def world(sample, log):
    """Customers as they come: segment, what would happen, what it would earn, and what it earns on average there."""
    truth = meridian.truth()["campaign"].set_index("customer_id").loc[sample["campaign_results"]["customer_id"]]
    without = truth["profit_without"].to_numpy()
    profits = np.column_stack([without, without + truth["gain"].to_numpy()])
    converts = np.column_stack([without > 0, np.isin(truth["kind"], ["persuadable", "sure_thing"])])
    segment = log["segment"].to_numpy()
    means = pd.DataFrame(profits).groupby(segment).transform("mean").to_numpy()
    come = np.random.default_rng(4).integers(0, len(truth), 20_000)
    return segment[come], converts[come], profits[come], means[come]


def test_the_learner_misses_less_than_every_fixed_policy_but_the_best(world, money, sample):
    segment, converts, _, means = world
    best = means.argmax(axis=1)
    learner = loop.SegmentThompson(ARMS, *money, random_state=1)
    chosen = learnt_by_playing(learner, segment, converts)
    missed = cumulative_regret(means, chosen, best)
    spend = np.isin(segment, ["champions", "loyal", "cannot lose"]).astype(int)
    quiet = np.isin(segment, ["at risk", "lost", "hibernating", "about to sleep"]).astype(int)
    fixed = {"nobody": 0 * best, "everybody": 0 * best + 1, "best customers": spend, "quiet customers": quiet}
    for name, arms in fixed.items():
        assert missed[-1] < cumulative_regret(means, arms, best)[-1], name
    assert missed[-1] > 0  # only who knew the best policy beforehand does better
    half = len(missed) // 2
    assert missed[-1] - missed[half] < 0.5 * missed[half]  # it learns


def test_without_an_effect_the_learner_loses_next_to_nothing_by_not_giving_it(money):
    rng = np.random.default_rng(6)
    converts = np.repeat(rng.random((6000, 1)) < 0.4, 2, axis=1)
    learner = loop.SegmentThompson(ARMS, *money, random_state=1)
    chosen = learnt_by_playing(learner, np.full(6000, "all"), converts)
    assert chosen[-2000:].mean() < 0.05


def test_off_policy_estimates_agree_with_the_truth(world, log, sample):
    truth = meridian.truth()["campaign"].set_index("customer_id").loc[sample["campaign_results"]["customer_id"]]
    without = truth["profit_without"].to_numpy()
    for arm, profit in {"control": without, "offer": without + truth["gain"].to_numpy()}.items():
        always = pd.DataFrame({name: float(name == arm) for name in ARMS}, index=log.index)
        for method in ("weighting", "self-normalised", "doubly robust"):
            estimate = loop.off_policy_value(log, always, method)
            assert estimate["low"] - 0.3 < profit.mean() < estimate["high"] + 0.3, (arm, method)


def test_the_policy_keeps_to_its_contract_and_changes_with_results(log, money):
    first = tables.check("policy", loop.learn_policy(log, *money, "rfm"))
    np.testing.assert_allclose(first.groupby("segment")["probability"].sum(), 1.0)
    assert (first.groupby("segment")["chosen"].sum() == 1).all()
    before = first.query("segment == 'champions' and chosen")["offer"].item()
    turned = pd.DataFrame(
        {
            "segment": "champions",
            "arm": np.repeat(ARMS, 400),
            "converted": np.repeat([before == "offer", before != "offer"], 400),
        }
    )
    after = loop.learn_policy(pd.concat([log, turned]), *money, "rfm")
    assert after.query("segment == 'champions' and chosen")["offer"].item() != before


def test_a_policy_assigns_arms_by_its_shares_and_records_the_chance():
    policy = pd.DataFrame({"segment": ["s", "s"], "offer": ARMS, "probability": [0.25, 0.75]})
    people = pd.DataFrame({"customer_id": [f"c{i}" for i in range(4000)], "segment": "s"})
    given = loop.assign(policy, people, random_state=1)
    assert given["offer"].eq("offer").mean() == pytest.approx(0.75, abs=0.03)
    assert set(zip(given["offer"], given["chance"], strict=True)) == {("control", 0.25), ("offer", 0.75)}


def told(figure, direction, before, since):
    """A change of a weekly figure that was found, and what the measure of the month says of its noise: a spread of 1 an order."""
    signals = {"figure": [figure], "direction": direction, "before": before, "since": since, "started": DAY}
    days = {"review_date": [DAY], "previous_date": DAY - pd.Timedelta(days=30), "segment": "all", "whole": True}
    now = days | {"kpi": figure, "observations": 400, "low": since - 1.96 / 20, "high": since + 1.96 / 20}
    return pd.DataFrame(signals), pd.DataFrame(now)


NO_PLAN = tables.get("action_plan").empty()


@pytest.mark.parametrize("figure", loop.RESPONSES)
def test_a_figure_that_went_the_wrong_way_is_tested_and_one_that_went_the_right_way_left(figure):
    wrong = {"up": "down", "down": "up"}[kpis.KPIS[figure].better]
    for direction, verdict in ((wrong, "test"), (kpis.KPIS[figure].better, "leave")):
        made = tables.check("proposals", loop.proposals(*told(figure, direction, 3.0, 4.0), NO_PLAN))
        assert made["verdict"].tolist() == [verdict] and made["owner"].iloc[0] == loop.RESPONSES[figure]["owner"]
        assert made["per_arm"].notna().iloc[0] == (verdict == "test")


def test_every_weekly_figure_has_somebody_to_answer_for_it(sample):
    contacts = {name: sample[name] for name in ("web_events", "survey_responses", "interactions")}
    assert set(kpis.weekly_figures(sample["transactions"], **contacts)["figure"]) == set(loop.RESPONSES)


def test_the_test_of_a_figure_finds_half_of_the_change_undone_in_four_cases_of_five_and_nothing_in_one_of_twenty():
    arm = loop.proposals(*told("delivery_days", "up", 3.0, 3.4), NO_PLAN)["per_arm"].iloc[0]
    rng = np.random.default_rng(7)
    found = {}
    for undone in (0.2, 0.0):
        arms = rng.normal(0.0, 1.0, (2, 2000, arm)) - np.array([0.0, undone])[:, None, None]
        apart = arms[0].mean(axis=1) - arms[1].mean(axis=1)
        found[undone] = np.mean(np.abs(apart) > 1.96 * np.sqrt(arms.var(axis=2).sum(axis=0) / arm))
    assert 0.77 < found[0.2] < 0.83 and 0.035 < found[0.0] < 0.065


def test_where_no_change_was_found_nothing_is_proposed_but_the_plan():
    assert loop.proposals(tables.get("signals").empty(), told("csat", "up", 3.0, 4.0)[1], NO_PLAN).empty
    assert loop.proposals(None, told("csat", "up", 3.0, 4.0)[1], NO_PLAN).empty


def test_an_action_too_small_to_test_is_done_only_if_it_pays_at_half_of_its_effect():
    rows = {"customers": 100, "reachable": [100, 100, 100_000, 100], "goal": "keep them", "owner": "service"}
    rows |= {
        "action_id": ["pays", "loses", "large", "owed"],
        "tactic": "call",
        "baseline": 0.5,
        "target": 0.53,
        "starts": DAY,
    }
    rows |= {"review_date": DAY + pd.Timedelta(weeks=13), "unit": "share who bought in 91 days", "kpi": "active_share"}
    rows |= {
        "expected_return": [30.0, 15.0, 15.0, 1.0],
        "cost": 10.0,
        "verdict": ["test", "test", "test", "do"],
        "basis": "assumed",
    }
    plan = pd.DataFrame(rows).assign(customers=lambda t: t["reachable"])
    made = loop.proposals(None, told("csat", "up", 3.0, 4.0)[1], plan).set_index("about")
    assert made["verdict"].to_dict() == {"pays": "do", "loses": "drop", "large": "test", "owed": "do"}
    assert made.loc["large", "per_arm"] == loop.sample_size(0.5, 0.03) and made.loc["loses", "cost"] == 0
