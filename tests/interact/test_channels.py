"""Channels: counts, fatigue, preference and cost, against hand-made cases and Meridian's planted answers."""

import numpy as np
import pandas as pd
import pytest

from idic_lab import meridian, tables
from idic_lab.errors import DataError
from idic_lab.interact import channels
from idic_lab.interact.regression import regression


def made(rows):
    columns = ["customer_id", "date", "channel", "responded", "cost"]
    data = pd.DataFrame(rows, columns=columns).astype({"customer_id": "str", "channel": "str"})
    return data.assign(date=pd.to_datetime(data["date"]).astype("datetime64[us]"))


def logged(dates, direction="outbound"):
    n = len(dates)
    return pd.DataFrame(
        {
            "interaction_id": [f"i{i}" for i in range(n)],
            "record_id": "r1",
            "date": pd.to_datetime(dates),
            "hour": 9,
            "channel": "email",
            "direction": direction,
            "purpose": "offer",
            "responded": False,
            "cost": 0.1,
        }
    )


LINKS = pd.DataFrame({"record_id": ["r1"], "customer_id": ["ann"]})


def test_a_contact_counts_those_of_the_28_days_before_and_not_itself():
    days = ["2025-01-01", "2025-01-29", "2025-01-29", "2025-01-30", "2025-03-30"]
    found = channels.outbound_contacts(logged(days), LINKS)
    assert found["recent_contacts"].tolist() == [0, 1, 2, 2, 0]


def test_contacts_of_one_customer_do_not_tire_another():
    both = pd.concat(
        [logged(["2025-01-01"]), logged(["2025-01-02"]).assign(record_id="r2", interaction_id="j")]
    )
    links = pd.DataFrame({"record_id": ["r1", "r2"], "customer_id": ["ann", "bob"]})
    assert channels.outbound_contacts(both, links)["recent_contacts"].tolist() == [0, 0]


def test_two_records_of_one_customer_share_a_history():
    both = pd.concat(
        [logged(["2025-01-01"]), logged(["2025-01-02"]).assign(record_id="r2", interaction_id="j")]
    )
    links = pd.DataFrame({"record_id": ["r1", "r2"], "customer_id": ["ann", "ann"]})
    assert channels.outbound_contacts(both, links)["recent_contacts"].tolist() == [0, 1]


def test_inbound_contacts_alone_are_refused_with_the_reason():
    with pytest.raises(DataError, match="outbound"):
        channels.outbound_contacts(logged(["2025-01-01"], direction="inbound"), LINKS)


def test_planted_fatigue_lies_within_both_intervals(shop, contacts):
    planted = shop.truth["parameters"].set_index("parameter").loc["fatigue", "value"]
    for found in (channels.fatigue(contacts), channels.fatigue_within_customers(contacts)):
        assert found.loc[0, "low"] <= planted <= found.loc[0, "high"]
        assert found.loc[0, "high"] - found.loc[0, "low"] < 0.1


def test_fatigue_by_channel_covers_the_planted_one_on_most_channels(shop, contacts):
    planted = shop.truth["parameters"].set_index("parameter").loc["fatigue", "value"]
    found = channels.fatigue(contacts, by_channel=True)
    assert found["channel"].tolist() == ["email", "social", "phone", "web_chat", "in_person"]
    assert ((found["low"] <= planted) & (planted <= found["high"])).sum() >= 4


def test_without_planted_fatigue_none_is_found():
    rested = meridian.simulate(1_500, 11, fatigue=False)
    seen = channels.outbound_contacts(rested.tables["interactions"], rested.truth["record_owners"])
    found = channels.fatigue_within_customers(seen).iloc[0]
    assert found["low"] <= 0 <= found["high"]


def test_within_customers_a_habit_of_contacting_the_eager_does_not_hide_fatigue():
    rng = np.random.default_rng(3)
    eager = rng.random(600) < 0.5
    who = np.repeat(np.arange(600), 12)
    recent = rng.poisson(np.where(eager, 3.0, 0.5)[who])
    chance = np.where(eager, 0.8, 0.1)[who] * np.exp(-0.25 * recent)
    biased = pd.DataFrame(
        {
            "customer_id": pd.Series(who).astype("str"),
            "channel": "email",
            "responded": rng.random(len(who)) < chance,
            "recent_contacts": recent,
        }
    )
    assert channels.fatigue(biased)["fatigue"].iloc[0] < 0
    within = channels.fatigue_within_customers(biased).iloc[0]
    assert within["low"] <= 0.25 <= within["high"]


def test_contacts_that_never_follow_each_other_cannot_show_fatigue():
    lonely = made([("a", "2025-01-01", "email", True, 1.0), ("b", "2025-01-01", "email", False, 1.0)])
    with pytest.raises(DataError, match="28 days"):
        channels.fatigue(lonely.assign(recent_contacts=0))


def test_the_preferred_channel_is_right_for_seven_in_ten_with_ten_contacts(shop, preferences):
    evidence = preferences.groupby("customer_id")[["contacts", "chosen"]].sum().sum(axis=1)
    top = preferences[preferences["preferred"]].set_index("customer_id")
    much = evidence.index[evidence >= 10]
    right = top.loc[much, "channel"] == shop.people.loc[much, "preferred_channel"]
    assert len(much) > 400
    assert right.mean() >= 0.80
    assert abs(top.loc[much, "preference"].mean() - right.mean()) < 0.05


def test_preferences_keep_to_their_contract_and_to_consent(shop, preferences):
    tables.check("channel_preferences", preferences)
    assert preferences.groupby("customer_id")["preferred"].sum().eq(1).all()
    assert preferences.groupby("customer_id")["preference"].sum().to_numpy() == pytest.approx(1)
    merged = preferences.merge(shop.consents, on=["customer_id", "channel"], suffixes=("", "_said"))
    assert merged["allowed"].eq(merged["allowed_said"]).all()


def test_a_customer_nobody_knows_is_thought_of_as_the_mix_of_the_segment(shop, contacts):
    inbound = channels.inbound_contacts(shop.tables["interactions"], shop.links)
    customers = channels.customers_with_segment(shop.people.index.to_series(), shop.segments)
    types = channels.fit_channel_types(contacts, inbound, customers, 0.25)
    silent = customers[~customers["customer_id"].isin([*contacts["customer_id"], *inbound["customer_id"]])]
    row = silent.iloc[0]
    expected = types.mix_.loc[row["segment"]].to_numpy()
    assert types.probabilities_.loc[row["customer_id"]].to_numpy() == pytest.approx(expected, abs=1e-3)


def test_customers_without_consent_on_record_are_not_allowed(shop):
    nobody = shop.consents.iloc[:0]
    made_without = channels.channel_preferences(shop.tables["interactions"], shop.links, nobody)
    assert not made_without["allowed"].any()


def test_shrunk_rates_lie_between_own_and_segment_rate(shop, contacts):
    customers = channels.customers_with_segment(shop.people.index.to_series(), shop.segments)
    rates = channels.shrunk_rates(contacts, customers)
    seen = rates[rates["contacts"] > 0]
    low, high = seen[["own_rate", "segment_rate"]].min(axis=1), seen[["own_rate", "segment_rate"]].max(axis=1)
    assert (seen["rate"].between(low - 1e-9, high + 1e-9)).all()
    never = rates[rates["contacts"] == 0]
    assert never["rate"].to_numpy() == pytest.approx(never["segment_rate"].to_numpy())


def test_shrinkage_predicts_later_contacts_better_than_face_value(shop, contacts):
    cut = contacts["date"].quantile(0.75)
    past, future = contacts[contacts["date"] <= cut], contacts[contacts["date"] > cut]
    customers = channels.customers_with_segment(shop.people.index.to_series(), shop.segments)
    rates = channels.shrunk_rates(past, customers).set_index(["customer_id", "channel"])
    rates = rates.reindex(pd.MultiIndex.from_frame(future[["customer_id", "channel"]]))
    average = past["responded"].mean()
    own = channels.log_loss(rates["own_rate"].fillna(average), future["responded"])
    shrunk = channels.log_loss(rates["rate"], future["responded"])
    assert shrunk < channels.log_loss(np.full(len(future), average), future["responded"]) < own


def test_cost_per_response_divides_all_costs_by_responses():
    data = made(
        [
            ("a", "2025-01-01", "phone", True, 2.0),
            ("b", "2025-01-02", "phone", False, 2.0),
            ("c", "2025-01-02", "email", False, 0.1),
        ]
    )
    found = channels.cost_per_response(data).set_index("channel")
    assert found.loc["phone", "cost_per_response"] == 4.0
    assert np.isinf(found.loc["email", "cost_per_response"])
    assert found.loc["phone", "low"] <= 4.0 <= found.loc["phone", "high"]


def test_reach_counts_each_customer_once(shop, contacts):
    found = channels.reach(contacts, shop.consents, shop.people.index.to_series()).set_index("channel")
    assert found.loc["in_person", "allowed"] == 1.0
    assert (found["responded"] <= found["contacted"]).all()


def test_the_regression_gives_the_ratio_of_two_proportions_and_its_standard_error():
    x = np.repeat([0.0, 1.0], 200)
    y = np.concatenate([np.arange(200) < 100, np.arange(200) < 50])
    found = regression(pd.DataFrame({"constant": 1.0, "x": x}), y, np.arange(400), link="log").set_index(
        "term"
    )
    assert np.exp(found.loc["x", "estimate"]) == pytest.approx(0.5)
    assert found.loc["x", "standard_error"] == pytest.approx(np.sqrt(0.5 / 100 + 0.75 / 50), rel=1e-6)


def test_every_observation_twice_changes_no_interval_when_customers_are_the_unit():
    rng = np.random.default_rng(1)
    features = pd.DataFrame({"constant": 1.0, "x": rng.normal(size=300)})
    outcome, who = rng.random(300) < 0.4, np.arange(300)
    once = regression(features, outcome, who)
    twice = regression(pd.concat([features, features]), np.tile(outcome, 2), np.tile(who, 2))
    assert twice["standard_error"].to_numpy() == pytest.approx(once["standard_error"].to_numpy())
