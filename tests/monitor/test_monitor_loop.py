"""Experiments keep their promised error, the learner misses less than fixed rules, and what it writes can be read."""

import numpy as np
import pandas as pd
import pytest

from idic_lab import meridian, tables
from idic_lab.monitor import loop
from idic_lab.pipeline import reviews

ARMS = ["control", "offer"]


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
