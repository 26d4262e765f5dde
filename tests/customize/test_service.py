"""Service tiers: value, need and open issues each matter, and cost and return add up."""

import pandas as pd
import pytest

from idic_lab import tables
from idic_lab.customize import service


def value(**worth):
    return pd.DataFrame({"customer_id": list(worth), "future_value": [float(v) for v in worth.values()]})


def contacts(customer, cost=0.0, open_issues=1, open_complaints=0):
    names = ["customer_id", "contact_cost", "open_issues", "open_complaints"]
    return pd.DataFrame([(customer, cost, open_issues, open_complaints)], columns=names)


def test_each_customer_gets_the_tier_with_the_highest_return_less_cost():
    table = service.service_tiers(value(low=10, middle=80, high=500)).set_index("customer_id")
    assert table["tier"].to_dict() == {"low": "self-service", "middle": "standard", "high": "priority"}
    assert (table["expected_return"] >= table["extra_cost"]).all()
    tables.check("service_tiers", table.reset_index())


def test_a_customer_who_calls_much_must_be_worth_more_for_the_same_tier():
    calls = contacts("busy", cost=40.0)
    table = service.service_tiers(value(busy=200, quiet=200), calls).set_index("customer_id")
    assert table.loc["quiet", "tier"] == "priority" != table.loc["busy", "tier"]


def test_an_open_complaint_of_a_valuable_customer_goes_first():
    calls = contacts("a", open_complaints=1)
    table = service.service_tiers(value(a=500, b=500), calls).set_index("customer_id")
    assert table.loc["a", "route"] == "complaint desk, today" != table.loc["b", "route"]


def test_a_need_to_talk_changes_the_route_and_not_the_tier():
    needs = pd.DataFrame({"customer_id": ["a", "b"], "segment": ["advice", "economy"]})
    table = service.service_tiers(value(a=80, b=80), None, needs, ("advice",)).set_index("customer_id")
    assert table["tier"].unique().tolist() == ["standard"]
    assert table["route"].to_dict() == {"a": "named adviser", "b": "service team"}


def test_saving_the_break_even_share_earns_exactly_the_extra_cost():
    table = service.service_tiers(value(a=80, b=500))
    assert table["break_even"].mul(table["future_value"]).tolist() == pytest.approx(table["extra_cost"].tolist())


def test_customers_without_value_get_no_tier_that_costs_more():
    table = service.service_tiers(value(none=0, lost=-20))
    assert (table["tier"] == "self-service").all() and table["break_even"].isna().all()


def test_the_summary_adds_up():
    table = service.service_tiers(value(**{f"c{n}": 5.0 * n for n in range(100)}))
    summary = service.tier_summary(table)
    assert summary["customers"].sum() == 100 and summary["value_share"].sum() == pytest.approx(1)
    assert summary["net"].sum() == pytest.approx((table["expected_return"] - table["extra_cost"]).sum())


def test_issues_count_what_customers_began_and_is_still_open(shop):
    interactions, owners = shop.tables["interactions"], shop.truth["record_owners"]
    found = service.issues(interactions, owners)
    inbound = interactions[interactions["direction"] == "inbound"]
    assert found["open_issues"].sum() == inbound["resolved_on"].isna().sum()
    years = (interactions["date"].max() - interactions["date"].min()).days / 365.25
    assert found["contact_cost"].sum() * years == pytest.approx(inbound["cost"].sum())


def test_of_records_without_links_nothing_is_known_by_customer(shop):
    assert service.issues(shop.tables["interactions"]) is None


def test_needs_that_want_a_person_are_told_by_their_answers(shop):
    items = shop.truth["need_items"]
    profiles = items.assign(
        difference=items["probability"] - items.groupby("question_id")["probability"].transform("mean")
    )
    assert service.wants_a_person(profiles) == ("advice",)
