"""Channels: counts, fatigue, preference and cost, against hand-made cases and Meridian's planted answers."""

import numpy as np
import pandas as pd
import pytest

from idic_lab import meridian, tables
from idic_lab.errors import DataError
from idic_lab.interact import channels


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
    both = pd.concat([logged(["2025-01-01"]), logged(["2025-01-02"]).assign(record_id="r2", interaction_id="j")])
    links = pd.DataFrame({"record_id": ["r1", "r2"], "customer_id": ["ann", "bob"]})
    assert channels.outbound_contacts(both, links)["recent_contacts"].tolist() == [0, 0]


def test_two_records_of_one_customer_share_a_history():
    both = pd.concat([logged(["2025-01-01"]), logged(["2025-01-02"]).assign(record_id="r2", interaction_id="j")])
    links = pd.DataFrame({"record_id": ["r1", "r2"], "customer_id": ["ann", "ann"]})
    assert channels.outbound_contacts(both, links)["recent_contacts"].tolist() == [0, 1]


def test_inbound_contacts_alone_are_refused_with_the_reason():
    with pytest.raises(DataError, match="outbound"):
        channels.outbound_contacts(logged(["2025-01-01"], direction="inbound"), LINKS)


def test_planted_fatigue_lies_within_both_intervals(shop, contacts):
    planted = shop.truth["parameters"].set_index("parameter").loc["fatigue", "value"]
    found = channels.fatigue(contacts)
    assert found["method"].tolist() == ["within customers", "all contacts"]
    assert found["low"].le(planted).all() and found["high"].ge(planted).all()
    assert (found["high"] - found["low"]).lt(0.1).all()


def test_without_planted_fatigue_none_is_found():
    rested = meridian.simulate(1_500, 11, fatigue=False)
    seen = channels.outbound_contacts(rested.tables["interactions"], rested.truth["record_owners"])
    found = channels.fatigue(seen).iloc[0]
    assert found["low"] <= 0 <= found["high"]


def eager_contacted_most(seed, fatigue=0.25, customers=300):
    """Contacts of a firm that writes to those who react: the pooled slope says that contacts rouse them."""
    rng = np.random.default_rng(seed)
    eager = rng.random(customers) < 0.5
    who = np.repeat(np.arange(customers), 12)
    recent = rng.poisson(np.where(eager, 3.0, 0.5)[who])
    chance = np.where(eager, 0.8, 0.1)[who] * np.exp(-fatigue * recent)
    return pd.DataFrame(
        {
            "customer_id": pd.Series(who).astype("str"),
            "channel": "email",
            "responded": rng.random(len(who)) < chance,
            "recent_contacts": recent,
        }
    )


def test_fatigue_is_covered_where_a_firm_contacts_the_eager_most():
    found = [channels.fatigue(eager_contacted_most(seed)) for seed in range(40)]
    first = pd.concat([table.iloc[[0]] for table in found])
    assert all(table["fatigue"].iloc[1] < 0 for table in found), "all contacts taken together say the opposite"
    assert (first["low"].le(0.25) & first["high"].ge(0.25)).mean() >= 0.85  # 0.95 less three standard errors


def test_response_rates_are_covered_where_customers_differ():
    """Wilson's interval over contacts covers 0.8 here: contacts of one customer are alike."""
    rng, covered = np.random.default_rng(5), []
    for _ in range(120):
        rate = rng.beta(0.6, 1.8, size=120)
        who = np.repeat(np.arange(120), rng.poisson(6, 120) + 1)
        seen = pd.DataFrame({"customer_id": who, "channel": "email", "responded": rng.random(len(who)) < rate[who]})
        row = channels.response_by(seen).iloc[0]
        covered.append(row["low"] <= 0.25 <= row["high"])
    assert np.mean(covered) >= 0.89  # 0.95 less three standard errors


def test_where_nobody_was_seen_both_rested_and_tired_all_contacts_tell():
    once = eager_contacted_most(1).groupby("customer_id").head(1)
    assert channels.fatigue(once)["method"].tolist() == ["all contacts"]


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
