"""Behaviour: rules by the customer's own rhythm, regularity, browsing, mixes."""

import numpy as np
import pandas as pd
import pytest

from idic_lab import datasets, meridian
from idic_lab.differentiate import behaviour


@pytest.fixture(scope="module")
def shop():
    return meridian.simulate(1_000, seed=3)


def every(days, customer, times, start="2024-01-01"):
    dates = pd.Timestamp(start) + pd.to_timedelta(np.arange(times) * days, unit="D")
    return pd.DataFrame({"customer_id": customer, "date": dates.astype("datetime64[us]"), "amount": 10.0})


def test_the_same_silence_is_a_lapse_for_a_weekly_buyer_and_nothing_for_a_yearly_one():
    weekly, yearly = every(7, "weekly", 40), every(170, "yearly", 3)
    rhythms = behaviour.rhythm(pd.concat([weekly, yearly]), observation_end="2025-04-20")
    kinds = behaviour.behaviour_segments(rhythms).set_index("customer_id")
    assert kinds.loc["weekly", "segment"] == "lapsed"
    assert kinds.loc["yearly", "days_since_last"] > 100
    assert kinds.loc["yearly", "segment"] != "lapsed"


def test_a_one_time_buyer_is_one_time_and_too_early_to_judge_only_when_new():
    crowd = pd.concat([every(30, f"c{i}", 8) for i in range(20)])
    new, old = every(1, "new", 1, "2024-08-12"), every(1, "old", 1, "2024-01-02")
    rhythms = behaviour.rhythm(pd.concat([crowd, new, old]), observation_end="2024-08-15")
    kinds = behaviour.behaviour_segments(rhythms).set_index("customer_id")
    assert kinds.loc[["new", "old"], "segment"].tolist() == ["one-time", "one-time"]
    assert kinds.loc["new", "too_early"]
    assert not kinds.loc["old", "too_early"]
    assert not kinds.loc["c0", "too_early"]


def test_gaps_of_a_gamma_mixture_give_back_its_mean_rate():
    rng = np.random.default_rng(5)
    rates = rng.gamma(3.0, 1 / 90.0, 400)  # purchases per day, 1/30 on average
    parts = []
    for number, rate in enumerate(rates):
        days = np.unique(np.floor(np.cumsum(rng.exponential(1 / rate, 12)))).astype(int)
        dates = pd.Timestamp("2020-01-01") + pd.to_timedelta(days, unit="D")
        parts.append(pd.DataFrame({"customer_id": f"c{number}", "date": dates, "amount": 1.0}))
    rhythms = behaviour.rhythm(pd.concat(parts).astype({"date": "datetime64[us]"})).set_index("customer_id")
    estimate = 1 / rhythms["own_gap_days"].reindex([f"c{i}" for i in range(400)])
    assert np.corrcoef(estimate, rates)[0, 1] > 0.8
    assert estimate.mean() == pytest.approx(rates.mean(), rel=0.1)


def test_lapsed_customers_are_mostly_those_who_have_left(shop):
    kinds = behaviour.behaviour_segments(behaviour.rhythm(shop.tables["transactions"]))
    people = kinds.merge(shop.truth["people"][["customer_id", "alive"]], on="customer_id")
    gone = 1 - people.groupby("segment")["alive"].mean()
    assert gone["lapsed"] > 0.85
    assert gone["frequent"] < 0.45
    assert people["segment"].isin(["frequent", "occasional", "one-time", "lapsed"]).all()


def test_the_rules_hold_on_real_data_and_leave_nobody_out():
    transactions = datasets.load("cdnow_sample", quiet=True).tables["transactions"]
    kinds = behaviour.behaviour_segments(behaviour.rhythm(transactions))
    bought = transactions.loc[transactions["amount"].ge(0), "customer_id"].nunique()
    assert len(kinds) == bought
    summary = behaviour.behaviour_summary(kinds, transactions)
    assert summary["customers"].sum() == bought
    assert summary["share_of_revenue"].sum() == pytest.approx(1)


@pytest.mark.parametrize("k", [0.5, 1.0, 3.0])
def test_regularity_finds_the_shape_of_the_gaps_whatever_the_rates(k):
    rng = np.random.default_rng(2)
    parts = []
    for number in range(1_500):
        gaps = np.ceil(rng.gamma(k, 200 / k, 2) * rng.uniform(0.5, 5))
        dates = pd.Timestamp("2000-01-01") + pd.to_timedelta(np.concatenate([[0], np.cumsum(gaps)]), unit="D")
        parts.append(pd.DataFrame({"customer_id": f"c{number}", "date": dates, "amount": 1.0}))
    found = behaviour.regularity(pd.concat(parts).astype({"date": "datetime64[us]"}))
    assert found.low < k < found.high
    assert found.customers == 1_500


def test_meridian_buys_at_random(shop):
    found = behaviour.regularity(shop.tables["transactions"])
    assert 0.8 < found.k < 1.25


def test_regularity_is_not_told_of_fewer_customers_with_three_purchases_than_it_takes():
    found = behaviour.regularity(every(5, "one", 9))
    assert np.isnan(found.k) and found.customers == 1
    assert "Too few to tell: 1 customer" in behaviour.plot_regularity(found).get_title()


def test_few_visits_put_nobody_into_a_class():
    def visits(customer, number, orders):
        sessions = [f"{customer}{i}" for i in range(number)]
        events = ["checkout"] * orders + ["view"] * (number - orders)
        return pd.DataFrame({"session_id": sessions, "record_id": customer, "event": events})

    events = pd.concat([visits("looker", 30, 1), visits("buyer", 30, 29), visits("once", 1, 1)])
    links = pd.DataFrame({"record_id": ["looker", "buyer", "once"], "customer_id": ["looker", "buyer", "once"]})
    found = behaviour.browsing(events, links).set_index("customer_id")["segment"]
    assert found.to_dict() == {"looker": "looks more than buys", "buyer": "buys when visiting", "once": "in between"}
