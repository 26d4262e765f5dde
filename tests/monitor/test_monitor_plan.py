"""A plan keeps to the data and to consent, and its exports are harmless and complete."""

import csv
import io

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from idic_lab import tables
from idic_lab.errors import DataError, UnknownName
from idic_lab.monitor import kpis, migration, plan

DAY = pd.Timestamp("2025-12-29")


@pytest.fixture
def facts():
    return pd.DataFrame(
        {
            "customer_id": ["a", "b", "c", "d"],
            "active": [True, False, False, False],
            "repeated": [True, True, False, False],
            "lifetime": [100.0, 50.0, 30.0, 20.0],
            "purchase": [9.0, 9.0, 9.0, 9.0],
            "growth": [float("nan")] * 4,
            "saving": [float("nan")] * 4,
            "spend": [float("nan")] * 4,
            "wallet": [float("nan")] * 4,
            "channel": ["email", "email", "none", "phone"],
        }
    )


@pytest.fixture
def segments():
    return pd.DataFrame(
        {"customer_id": ["a", "b", "c", "d"], "scheme": "rfm", "segment": ["loyal", "loyal", "loyal", "at risk"]}
    )


@pytest.fixture
def actions(facts, segments):
    return tables.check("action_plan", plan.action_plan(facts, segments, DAY))


def test_who_may_not_be_contacted_brings_neither_cost_nor_return(actions):
    loyal = actions.set_index("segment").loc["loyal"]
    assert (loyal["customers"], loyal["reachable"]) == (3, 2)
    assert loyal["expected_return"] == pytest.approx(0.02 * (100 + 50))
    assert loyal["cost"] == pytest.approx(2 * 1.0)
    assert loyal["target"] == pytest.approx(1 / 3 + 0.02 * 2 / 3)


def test_a_play_for_nobody_is_left_out_and_a_plan_of_none_refused(facts, segments):
    assert set(plan.action_plan(facts, segments, DAY)["segment"]) == {"loyal", "at risk"}
    with pytest.raises(DataError, match="No play applies"):
        plan.action_plan(facts, segments.assign(segment="elsewhere"), DAY)


def test_a_measure_that_is_unknown_is_refused_with_the_nearest(facts, segments):
    odd = plan.Play("x", "rfm", ("loyal",), "g", "t", "o", "active_shar", 0.1, "lifetime", 1.0)
    with pytest.raises(UnknownName, match="active_share"):
        plan.action_plan(facts, segments, DAY, plays=[odd])


def test_what_a_trial_has_shown_comes_before_what_is_assumed_to_bring_more(facts, segments):
    made = {"customer_id": ["d"], "offer": ["offer"], "made": [True]}
    money = {"expected_return": [9.0], "expected_cost": [2.0], "expected_profit": [7.0]}
    dear = plan.Play("dear", "rfm", ("at risk",), "g", "t", "o", "active_share", 0.9, "lifetime", 1.0)
    values = plan.action_values(facts, segments, [dear], pd.DataFrame(made | money)).query("customer_id == 'd'")
    assert values["action"].tolist() == ["offer-offer", "dear-at-risk", "none"] and values["place"].tolist() == [
        1,
        2,
        3,
    ]
    assert values["value"].iloc[1] > values["value"].iloc[0] == 7.0
    assert values["why"].tolist()[1:] == ["what a trial has shown comes first"] * 2
    assert values["channel"].iloc[0] == "email"  # as it was tried, though d would rather be called


def test_who_buys_at_the_list_price_has_nothing_to_gain_from_one_of_their_own(facts, segments):
    known = facts.assign(discount=[0.0, 0.4, 0.4, np.nan], channels=facts["channel"])
    price = [play for play in plan.PLAYS if play.name == "price"]
    values = plan.action_values(known, segments, price).query("action != 'none'").set_index("customer_id")
    assert values["why"].to_dict() == {"a": "nothing to gain", "b": "promises most", "c": "contact refused"}
    assert values["value"].round(2).to_dict() == {"a": -0.1, "b": 0.3, "c": 0.3}
    row = plan.action_plan(known, segments, DAY, price).iloc[0]
    assert (row["reachable"], row["target"], row["basis"], row["verdict"]) == (1, 0.4, "estimated", "do")


@pytest.fixture
def overlapping():
    """Two plays that both reach b; the call promises 0.1 x 50 - 4 = 1 for b, the mail 0.05 x 50 - 1 = 1.5, and 0 for d."""
    call = plan.Play("call", "tier", ("best",), "g", "t", "o", "active_share", 0.1, "lifetime", 4.0)
    mail = plan.Play("mail", "rfm", ("loyal",), "g", "t", "o", "active_share", 0.05, "lifetime", 1.0)
    members = pd.DataFrame(
        {
            "customer_id": ["a", "b", "b", "d"],
            "scheme": ["tier", "tier", "rfm", "rfm"],
            "segment": ["best", "best", "loyal", "loyal"],
        }
    )
    return [call, mail], members


def test_a_customer_in_two_actions_is_counted_in_the_one_that_promises_most(facts, overlapping):
    plays, members = overlapping
    table = tables.check("action_plan", plan.action_plan(facts, members, DAY, plays=plays))
    rows = table.set_index("action_id")
    assert rows.loc["call-best", "expected_return"] == pytest.approx(10 + 5)
    assert rows.loc["mail-loyal", "expected_return"] == pytest.approx(2.5 + 1)
    assert rows["counted_customers"].to_dict() == {"call-best": 1, "mail-loyal": 1}
    whole = plan.total(table)
    assert whole.customers == 2  # not the four rows that the actions reach
    assert whole.expected_return == pytest.approx(10 + 2.5)
    assert whole.cost == pytest.approx(4 + 1)
    assert whole.estimated == 0 and whole.profit == pytest.approx(7.5)
    assert whole.expected_return < table["expected_return"].sum()


def test_an_action_that_does_not_pay_takes_no_customer_from_one_that_does(facts, overlapping):
    plays, members = overlapping
    dear = plan.Play("dear", "tier", ("best",), "g", "t", "o", "active_share", 0.3, "lifetime", 40.0)
    table = plan.action_plan(facts, members, DAY, plays=[dear, plays[1]]).set_index("action_id")
    assert table.loc["dear-best", "expected_profit"] < 0
    assert table.loc["dear-best", "counted_customers"] == 0
    assert table.loc["mail-loyal", "counted_customers"] == 1


def test_where_everybody_is_in_one_action_that_pays_the_total_is_the_sum(facts, segments):
    actions = plan.action_plan(facts.assign(lifetime=100.0), segments, DAY)
    whole = plan.total(actions)
    assert whole.expected_return == pytest.approx(actions["expected_return"].sum())
    assert whole.cost == pytest.approx(actions["cost"].sum())


def test_an_offer_to_who_may_not_be_contacted_brings_nothing(facts, segments):
    offers = pd.DataFrame(
        {
            "customer_id": ["a", "c"],
            "offer": "offer",
            "expected_return": [9.0, 90.0],
            "expected_cost": [2.0, 2.0],
            "expected_profit": [7.0, 88.0],
            "made": True,
        }
    )
    row = plan.action_plan(facts, segments, DAY, offers=offers).query("basis == 'estimated'").iloc[0]
    assert (row["customers"], row["reachable"]) == (2, 1)
    assert (row["expected_return"], row["cost"], row["expected_profit"]) == (9.0, 2.0, 7.0)


def test_half_the_effect_halves_what_is_assumed_and_leaves_the_cost(actions):
    half = plan.plan_at(actions, 0.5)
    assert half["expected_return"].sum() == pytest.approx(actions["expected_return"].sum() / 2)
    assert half["cost"].equals(actions["cost"])
    assert plan.total(half).expected_return == pytest.approx(plan.total(actions).expected_return / 2)


@pytest.mark.parametrize("text", ["=HYPERLINK(1)", "+1", "-2", "@SUM(A1)", "\t=1", " =1"])
def test_no_cell_of_the_spreadsheet_is_a_formula(actions, text):
    rows = list(csv.reader(io.StringIO(plan.to_csv(actions.assign(tactic=text)))))
    place = rows[0].index("tactic")
    assert {row[place] for row in rows[1:]} == {f"'{text}"}


def test_the_page_cannot_be_turned_into_markup(actions):
    page = plan.to_markdown(actions.assign(tactic="<script>|# x"))
    assert "<script>" not in page.replace("\\<", "")


def test_an_export_writes_two_files_or_says_why_not(actions, tmp_path):
    assert [path.name for path in plan.export(actions, tmp_path / "p")] == ["action_plan.csv", "action_plan.md"]
    (tmp_path / "file").write_text("")
    with pytest.raises(DataError, match="cannot be written"):
        plan.export(actions, tmp_path / "file")


def test_migration_follows_every_customer_once(histories):
    segments = histories[1]
    moves = tables.check("segment_migration", migration.segment_migration(segments))
    for (day, scheme), part in moves.groupby(["review_date", "scheme"]):
        listed = segments[segments["review_date"].eq(day) & segments["scheme"].eq(scheme)]
        assert part.loc[part["after"] != "gone", "customers"].sum() == len(listed)
    np_shares = moves.groupby(["review_date", "scheme", "before"])["share"].sum()
    assert np_shares.to_numpy() == pytest.approx(1.0)


def title(ax) -> str:
    return ax.get_title(loc="left") or ax.get_title()


def test_figures_state_their_findings(histories, actions):
    returns = kpis.return_on_customer(histories[0])
    assert "Existing customers return" in title(kpis.plot_return_on_customer(returns))
    moves = migration.segment_migration(histories[1])
    last = moves[moves["review_date"].eq(moves["review_date"].max()) & moves["scheme"].eq("behaviour")]
    assert "moved to another segment" in title(migration.plot_flows(last))
    assert "after its cost" in title(plan.plot_plan(actions))


def test_unknown_consent_is_no_consent(sample):
    buys = sample["transactions"]
    value = (
        buys[["customer_id"]].drop_duplicates().assign(residual_value=50.0, probability_alive=0.8, expected_spend=9.0)
    )
    held = value[["customer_id"]].assign(scheme="rfm", segment="loyal")
    table = tables.check("action_plan", plan.action_plan(plan.customer_facts(buys, value), held, DAY))
    assert table["reachable"].sum() == 0 and table["cost"].sum() == 0
    assert table["consent_unknown"].tolist() == [len(held)]
    assert table["verdict"].tolist() == ["ask"]


def test_the_plan_says_what_to_do_to_test_and_to_drop(facts, overlapping):
    dear = plan.Play("dear", "tier", ("best",), "g", "t", "o", "active_share", 0.3, "lifetime", 40.0)
    table = plan.action_plan(facts, overlapping[1], DAY, plays=[dear, *overlapping[0]]).set_index("action_id")
    assert table["verdict"].to_dict() == {"call-best": "test", "mail-loyal": "test", "dear-best": "drop"}
    assert "(drop)" in plan.plot_plan(table.reset_index()).get_yticklabels()[0].get_text()


customers = st.lists(
    st.tuples(
        st.sampled_from(["email", "phone", plan.NONE, plan.UNKNOWN]),
        st.sampled_from(["none", "fresh", "overdue"]),
        st.sampled_from(["loyal", "at risk", "champions"]),
        st.floats(0, 500),
        st.booleans(),
    ),
    min_size=1,
    max_size=30,
)


@settings(max_examples=25, deadline=None)
@given(customers)
def test_each_customer_has_one_next_action_within_consent_and_never_over_a_complaint(rows):
    facts = pd.DataFrame(rows, columns=["channel", "complaint", "segment", "lifetime", "active"])
    facts["customer_id"] = [f"c{number}" for number in range(len(facts))]
    facts = facts.assign(
        waits=facts["complaint"].eq("fresh"), complaint=facts["complaint"].ne("none"), reply_by="phone"
    )
    facts = facts.assign(
        repeated=True, purchase=facts["lifetime"] / 10, growth=np.nan, saving=np.nan, spend=np.nan, wallet=np.nan
    )
    held = facts[["customer_id", "segment"]].assign(scheme="rfm")
    asked = pd.DataFrame({"customer_id": facts["customer_id"], "rank": 1})
    begins = pd.Timestamp("2026-01-01")
    try:
        values = tables.check("action_values", plan.action_values(facts, held, next_questions=asked))
        made = plan.next_actions(values)
        actions = plan.action_plan(facts, held, begins).set_index("action_id")
    except DataError:
        assert not facts["complaint"].any() and not held["segment"].isin(["loyal", "at risk"]).any()
        return
    tables.check("next_actions", made)
    assert made["customer_id"].tolist() == facts["customer_id"].tolist()
    answers = made["why"].eq("a complaint is open")
    assert (answers == facts["complaint"].to_numpy()).all()
    assert made.loc[answers, "action"].str.startswith("recover").all()
    acted = made["action"].ne("none") & ~answers
    assert made.loc[acted, "channel"].isin(["email", "phone"]).all()
    assert not facts.loc[acted.to_numpy(), "waits"].any()
    assert made.loc[acted & made["action"].ne("question"), "expected_profit"].gt(0).all()
    best = values[values["place"] > 0].groupby("customer_id")["value"].max()
    assert (made["expected_profit"].fillna(0) >= made["customer_id"].map(best) - 1e-9)[~answers].all()
    done = made.loc[made["action"].ne("none") & made["action"].ne("question"), "action"].value_counts()
    assert set(done.index) <= set(actions.index)  # the plan has every action that anybody gets
    assert (done <= actions.loc[done.index, "reachable"]).all()


def test_an_answer_to_a_complaint_is_owed_whatever_it_returns(facts):
    waiting = facts.assign(
        complaint=[True, False, False, False], waits=False, reply_by="phone", lifetime=1.0, channel=plan.UNKNOWN
    )
    held = pd.DataFrame({"customer_id": facts["customer_id"], "scheme": "rfm", "segment": "loyal"})
    verdicts = plan.action_plan(waiting, held, DAY).set_index("action_id")["verdict"]
    assert verdicts["recover-complaint-open"] == "do"
    assert verdicts["cherish-loyal"] == "ask"


def test_a_play_goes_by_a_channel_that_can_carry_it_and_not_to_those_who_allow_none(facts, segments):
    call = plan.Play(
        "call", "rfm", ("loyal",), "g", "t", "o", "active_share", 0.5, "lifetime", 1.0, channels=("phone",)
    )
    known = facts.assign(channels=["email phone", "email", "none", "phone"])
    row = plan.action_plan(known, segments, DAY, [call]).iloc[0]
    assert (row["customers"], row["reachable"], row["channel"]) == (3, 1, "phone")
    values = plan.action_values(known, segments, [call]).set_index(["customer_id", "action"])
    assert plan.next_actions(values.reset_index())["channel"].tolist() == ["phone", "none", "none", "none"]
    assert values.loc[("b", "call-loyal"), ["place", "why"]].tolist() == [0, "no channel that can carry it"]
