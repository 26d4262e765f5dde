"""A pledge finds what breaks it, in plans and in the past; a field is worth what it tells of whom an offer changes."""

import pandas as pd
import pytest
from sklearn.linear_model import LinearRegression

from idic_lab import meridian, tables
from idic_lab.customize import offers
from idic_lab.pipeline import trust

NAMES = [*("consents", "conversations", "greetings", "offers", "messages"), "next_questions"]
NAMES += ["survey_responses", "interactions", "identity_links"]


def broken(**given) -> pd.Series:
    """Rows that break a promise, by promise, where the tables given are all that there is."""
    held = {name: given.get(name, tables.get(name).empty()) for name in NAMES}
    return trust.pledge(held).set_index("promise")["broken"].loc[lambda found: found > 0]


def consent(said: str, allowed: bool) -> pd.DataFrame:
    told = {"customer_id": ["ann"], "channel": ["email"], "allowed": [allowed], "record_id": ["r1"]}
    return pd.DataFrame(told).assign(date=pd.Timestamp(said))


LINKS = pd.DataFrame({"record_id": ["r1"], "customer_id": ["ann"]})
GREETING = pd.DataFrame({"customer_id": ["ann"], "channel": ["email"]})


def test_unknown_consent_is_no_consent():
    assert broken(greetings=GREETING).to_dict() == {"no greeting without a yes": 1}
    assert broken(greetings=GREETING, consents=consent("2025-01-01", True)).empty


def outbound(purpose: str) -> pd.DataFrame:
    row = {"interaction_id": "i1", "record_id": "r1", "date": pd.Timestamp("2025-05-01"), "channel": "email"}
    return pd.DataFrame([row | {"direction": "outbound", "purpose": purpose, "resolved_on": pd.NaT}])


@pytest.mark.parametrize(("said", "after_a_no"), [("2025-04-01", 1), ("2025-06-01", 0)])
def test_a_contact_breaks_the_promise_only_after_the_no_was_said(said, after_a_no):
    found = broken(interactions=outbound("news"), identity_links=LINKS, consents=consent(said, False))
    assert found.sum() == after_a_no


def test_an_offer_sent_while_a_complaint_was_open_is_found():
    complaint = outbound("complaint").assign(interaction_id="i0", date=pd.Timestamp("2025-04-01"), direction="inbound")
    talks = pd.concat([complaint, outbound("offer")], ignore_index=True)
    assert broken(interactions=talks, identity_links=LINKS).to_dict() == {"no offer while a complaint is open": 1}


def test_a_question_answered_before_is_not_asked_again():
    asked = pd.DataFrame({"customer_id": ["ann", "ann"], "question_id": ["N01", "N02"]})
    said = pd.DataFrame({"record_id": ["r1"], "question_id": ["N01"]})
    told = {"next_questions": asked, "survey_responses": said, "identity_links": LINKS}
    assert broken(**told, consents=consent("2025-01-01", True)).to_dict() == {"nobody is asked the same twice": 1}
    assert broken(**told)["no question without a yes"] == 2


def test_the_third_contact_in_four_weeks_breaks_a_promise_of_two():
    often = pd.concat([outbound("news").assign(date=f"2025-05-0{day}") for day in (1, 2, 3)])
    found = broken(interactions=often.astype({"date": "datetime64[us]"}), identity_links=LINKS)
    assert found.to_dict() == {"2 contacts in 28 days at most": 1}


@pytest.mark.parametrize(
    "changes", [True, False], ids=["an offer that changes the young", "an offer that changes nobody"]
)
def test_age_is_worth_something_where_the_offer_changes_young_and_old_differently_and_nothing_where_nobody(changes):
    shop = meridian.simulate(n=800, seed=101, campaign_effect=changes)
    trial = offers.with_profit(shop.tables["campaign_results"])
    policies = trust.learnt_without(trial, ["age", "spend"], LinearRegression())
    worth = trust.worth_of_fields(trial, policies, LinearRegression()).set_index("field")
    assert (worth["low"] > 0).to_dict() == {"age": changes, "spend": False}
