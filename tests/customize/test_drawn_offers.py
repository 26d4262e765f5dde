"""The loop closes: what a policy of the round before draws decides who may be made which offer."""

import pandas as pd
import pytest

from idic_lab import meridian, tables
from idic_lab.customize import offers
from idic_lab.errors import DataError
from idic_lab.pipeline import stages
from idic_lab.repository import Repository

BROUGHT = ("transactions", "campaign_results", "consents")


@pytest.fixture(scope="module")
def brought():
    made = meridian.simulate(600, seed=7).tables
    said = pd.DataFrame({"customer_id": made["campaign_results"]["customer_id"], "channel": "email", "allowed": True})
    said = said.assign(record_id="r", date=pd.Timestamp("2024-01-01")).astype({"channel": "str", "record_id": "str"})
    return {name: said if name == "consents" else made[name] for name in BROUGHT}


@pytest.fixture(scope="module")
def first_round(brought):
    return round_of(brought)


def round_of(brought, policy=None) -> Repository:
    """Offers and messages built in a repository that holds what the data set brings, and a policy or none."""
    repository = Repository()
    for name in ("transactions", "campaign_results"):
        repository.write(name, brought[name])
    stages.build(repository, "customers")  # and consents with it: none, where no record states any
    repository.write("consents", brought["consents"])
    if policy is not None:
        repository.write("policy", policy)
    stages.build(repository, "messages")  # and the offers before them
    return repository


def policy_of(offer_of: dict[str, str]) -> pd.DataFrame:
    """A policy that gives each segment one arm with certainty."""
    rows = [
        ("rfm", segment, arm, float(arm == given), 1.0, 0.0, 2.0, 10, arm == given)
        for segment, given in offer_of.items()
        for arm in ("control", "offer")
    ]
    empty = tables.get("policy").empty()
    return tables.check("policy", pd.DataFrame(rows, columns=list(empty)).astype(empty.dtypes))


def test_nobody_of_a_segment_that_the_policy_gives_control_is_made_an_offer(brought, first_round):
    members = first_round.read("segments").query("scheme == 'rfm'").set_index("customer_id")["segment"]
    before = first_round.read("offers")
    made_before = before.loc[before["made"], "customer_id"].map(members).value_counts()
    spared = made_before.index[0]  # the segment that was made most offers
    arms = {segment: "control" if segment == spared else "offer" for segment in members.unique()}
    after = round_of(brought, policy_of(arms)).read("offers")
    segment = after["customer_id"].map(members)
    assert made_before[spared] > 0 and not after.loc[segment == spared, "made"].any()
    assert after.loc[segment != spared, "made"].any()
    assert set(after["customer_id"]) == set(before["customer_id"])


def test_who_drew_control_gets_no_message(brought, first_round):
    members = first_round.read("segments").query("scheme == 'rfm'")
    nobody = policy_of(dict.fromkeys(members["segment"].unique(), "control"))
    after = round_of(brought, nobody)
    assert not after.read("offers")["made"].any()
    assert after.read("messages").empty


def test_an_empty_policy_and_none_leave_the_offers_as_they_are(brought, first_round):
    empty = round_of(brought, tables.get("policy").empty())
    pd.testing.assert_frame_equal(empty.read("offers"), first_round.read("offers"))
    assert first_round.read("offers")["made"].any()


def test_a_policy_is_remembered_and_never_built_for_the_offers(first_round):
    assert not first_round.has("policy")


@pytest.fixture
def two_arms():
    return pd.DataFrame(
        {
            "customer_id": ["a", "a", "b", "b", "c", "c"],
            "offer": ["email", "phone"] * 3,
            "expected_return": [5.0, 9.0] * 3,
            "expected_cost": [1.0, 2.0] * 3,
        }
    )


@pytest.mark.parametrize("method", ["exact", "greedy"])
def test_a_customer_is_made_the_offer_drawn_even_if_another_earns_more(two_arms, method):
    drawn = pd.DataFrame({"customer_id": ["a", "b"], "offer": ["email", "control"]})
    made = offers.allocate(two_arms, 100, method, drawn=drawn).query("made")
    assert made[["customer_id", "offer"]].to_numpy().tolist() == [["a", "email"]]  # c drew nothing at all


def test_a_draw_in_which_everybody_gets_their_best_offer_changes_nothing(two_arms):
    drawn = pd.DataFrame({"customer_id": ["a", "b", "c"], "offer": "phone"})
    pd.testing.assert_frame_equal(offers.allocate(two_arms, 100, drawn=drawn), offers.allocate(two_arms, 100))


def test_a_customer_who_drew_twice_is_refused(two_arms):
    drawn = pd.DataFrame({"customer_id": ["a", "a"], "offer": ["email", "phone"]})
    with pytest.raises(DataError, match="more than one arm"):
        offers.allocate(two_arms, 100, drawn=drawn)
