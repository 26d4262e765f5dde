"""Dialogue and care: rules, beliefs, the next question, greetings."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from idic_lab import meridian, tables
from idic_lab.errors import DataError, UnknownName
from idic_lab.interact import care, dialogue

DAY = pd.Timestamp("2025-06-01")


def log(*rows):
    """Contacts of one customer: (date, purpose, resolved_on)."""
    data = pd.DataFrame(rows, columns=["date", "purpose", "resolved_on"])
    inbound = data["purpose"].isin(["question", "complaint", "return"])
    return data.assign(
        interaction_id=[f"i{i}" for i in range(len(data))],
        record_id="r1",
        date=pd.to_datetime(data["date"]),
        resolved_on=pd.to_datetime(data["resolved_on"]),
        hour=9,
        channel="phone",
        direction=np.where(inbound, "inbound", "outbound"),
        topic=pd.Series("price", index=data.index, dtype="str"),
        responded=True,
    )


def title_of(ax):
    return ax.get_title() or ax.get_title(loc="left")


LINKS = pd.DataFrame({"record_id": ["r1"], "customer_id": ["ann"]})


def step(*rows):
    return dialogue.conversations(log(*rows), LINKS, as_of=DAY).iloc[0]


def test_an_open_complaint_comes_first_and_forbids_offers():
    found = step(("2025-05-01", "complaint", None), ("2025-05-20", "question", None))
    assert not found["offer_allowed"] and found["open_complaints"] == 1 and found["open_issues"] == 2
    assert found["next_step"].startswith("settle the open complaint")


def test_a_complaint_closed_later_than_the_day_in_question_is_still_open():
    assert not step(("2025-05-01", "complaint", "2025-06-02"))["offer_allowed"]
    assert step(("2025-05-01", "complaint", "2025-06-01"))["offer_allowed"]


def test_an_open_question_is_settled_before_an_offer_is_made():
    assert step(("2025-05-01", "question", None))["next_step"] == "settle what is open"


def test_after_a_settled_complaint_one_asks_whether_it_was_settled_well():
    assert "settled well" in step(("2025-05-01", "complaint", "2025-05-20"))["next_step"]
    assert "offer" in step(("2025-01-01", "complaint", "2025-01-20"))["next_step"]


def test_what_happened_after_the_day_is_not_known_on_it():
    found = step(("2025-05-01", "offer", None), ("2025-06-02", "complaint", None))
    assert found["offer_allowed"] and found["last_date"] == pd.Timestamp("2025-05-01")


def test_a_complaint_left_open_too_long_still_comes_first_and_no_longer_silences():
    found = step(("2025-01-05", "complaint", None))
    assert found["offer_allowed"] and found["longest_open_days"] == 147
    assert found["next_step"].startswith("apologise")
    both = step(("2025-01-05", "complaint", None), ("2025-05-20", "complaint", None))
    assert not both["offer_allowed"] and both["longest_open_days"] == 147


def test_the_backlog_holds_every_open_complaint_once(shop):
    table = dialogue.backlog(shop.tables["interactions"], shop.links)
    state = dialogue.conversations(shop.tables["interactions"], shop.links)
    assert table["open"].sum() == state["open_complaints"].sum() > 0
    complaints = shop.tables["interactions"].query("purpose == 'complaint'")
    assert table[["open", "closed"]].to_numpy().sum() == complaints["record_id"].isin(shop.links["record_id"]).sum()


def test_offers_over_an_open_complaint_are_found_and_no_others():
    broken = dialogue.broken_rules(
        log(
            ("2025-01-01", "offer", None),
            ("2025-01-10", "complaint", "2025-01-20"),
            ("2025-01-12", "offer", None),
            ("2025-01-13", "news", None),
            ("2025-01-25", "offer", None),
        ),
        LINKS,
    )
    assert broken["offer_date"].tolist() == [pd.Timestamp("2025-01-12")]
    assert broken["days_open"].tolist() == [2]


def test_conversations_on_meridian_keep_to_the_contract(shop):
    state = dialogue.conversations(shop.tables["interactions"], shop.links)
    tables.check("conversations", state)
    assert set(state.loc[~state["offer_allowed"], "next_step"]) == {"settle the open complaint; no offer before that"}


def test_the_timeline_has_every_event_once_in_order_and_no_review_text(shop):
    t = shop.tables
    events = dialogue.timeline(t["interactions"], shop.links, t["transactions"], t["survey_responses"], t["reviews"])
    surveys = t["survey_responses"].merge(shop.links, on="record_id")
    surveys = surveys[["customer_id", "date", "survey_id"]].drop_duplicates()
    assert len(events) == len(t["interactions"]) + len(t["transactions"]) + len(surveys) + len(t["reviews"])
    assert events.groupby("customer_id")["date"].apply(lambda dates: dates.is_monotonic_increasing).all()
    assert not events["detail"].isin(t["reviews"]["text"]).any()
    with pytest.raises(UnknownName):
        dialogue.plot_timeline(events, "nobody")


@pytest.fixture(scope="module")
def battery(shop):
    """Planted probabilities, shares, and the answers on file."""
    items = dialogue.item_probabilities(shop.truth["need_items"].rename(columns={"probability": "share"}))
    shares = shop.people["need_segment"].value_counts(normalize=True).reindex(items.index)
    answers = dialogue.battery_answers(shop.tables["survey_responses"], shop.links, list(items.columns))
    return items, shares, answers


probabilities = st.floats(0.02, 0.98)


@given(st.lists(st.floats(0.01, 1), min_size=3, max_size=3), st.lists(probabilities, min_size=3, max_size=3))
def test_expected_information_is_what_the_two_answers_take_from_uncertainty(belief, yes):
    beliefs = pd.DataFrame([np.array(belief) / sum(belief)], index=["ann"], columns=list("xyz"))
    items = pd.DataFrame({"Q": yes}, index=list("xyz"))
    chance = float(beliefs.iloc[0] @ items["Q"])
    after = [
        dialogue.uncertainty(
            dialogue.updated_beliefs(beliefs, items, pd.DataFrame({"Q": [a]}, index=["ann"])).to_numpy()
        )[0]
        for a in (1.0, 0.0)
    ]
    gained = dialogue.uncertainty(beliefs.to_numpy())[0] - chance * after[0] - (1 - chance) * after[1]
    told = dialogue.expected_information(beliefs, items).iloc[0, 0]
    assert told == pytest.approx(gained, abs=1e-9) and told >= 0


def test_beliefs_do_not_depend_on_the_order_of_answers(battery):
    items, shares, answers = battery
    some = answers.dropna().head(20)
    start = dialogue.starting_beliefs(some.index, shares)
    at_once = dialogue.updated_beliefs(start, items, some)
    half = dialogue.updated_beliefs(start, items, some.iloc[:, 10:])
    in_turn = dialogue.updated_beliefs(half, items, some.iloc[:, :10])
    assert in_turn.to_numpy() == pytest.approx(at_once.to_numpy())


def test_a_question_unknown_to_the_segments_is_named(battery):
    items, shares, _ = battery
    with pytest.raises(UnknownName, match="N21"):
        dialogue.updated_beliefs(
            dialogue.starting_beliefs(["a"], shares), items, pd.DataFrame({"N21": [1.0]}, index=["a"])
        )


def test_starting_beliefs_keep_the_probability_of_the_typing_tool():
    shares = pd.Series({"x": 0.5, "y": 0.3, "z": 0.2})
    typed = pd.DataFrame({"customer_id": ["ann"], "segment": ["y"], "probability": [0.6]})
    found = dialogue.starting_beliefs(["ann", "bob"], shares, typed)
    assert found.loc["ann"].to_dict() == pytest.approx({"x": 0.4 * 5 / 7, "y": 0.6, "z": 0.4 * 2 / 7})
    assert found.loc["bob"].to_dict() == pytest.approx(shares.to_dict())


def test_the_adaptive_questionnaire_saves_at_least_30_percent_of_the_questions(shop, battery):
    _, shares, answers = battery
    answers = answers.dropna()
    teach = np.arange(len(answers)) % 2 == 0
    items = dialogue.items_from_answers(answers[teach], shop.people["need_segment"])
    tested = answers[~teach]
    start = dialogue.starting_beliefs(tested.index, shares)
    orders = {"as printed": list(items.columns), "best": dialogue.best_fixed_order(items, shares)}
    table, paths = dialogue.compare_orders(tested, items, start, orders)
    found = table.set_index("order")
    assert found.loc["as printed", "low"] >= 0.30
    assert found.loc["best", "low"] > 0
    outcome, _ = dialogue.ask(tested, items, start)
    right = outcome["segment"].to_numpy() == shop.people.loc[tested.index, "need_segment"].to_numpy()
    assert right[outcome["sure"]].mean() == pytest.approx(0.92, abs=0.05)
    assert paths["order"].nunique() == 3


def test_where_no_segments_are_planted_no_question_tells_anything():
    crowd = meridian.simulate(300, 3, segments=False)
    answers = dialogue.battery_answers(
        crowd.tables["survey_responses"], crowd.truth["record_owners"], [f"N{i:02d}" for i in range(1, 21)]
    ).dropna()
    luck = pd.Series(np.arange(len(answers)) % 3, index=answers.index).astype("str")
    items = dialogue.items_from_answers(answers, luck)
    start = dialogue.starting_beliefs(["a"], pd.Series(1 / 3, index=items.index))
    assert dialogue.expected_information(start, items).to_numpy().max() < 0.05


def test_asking_stops_at_once_when_one_is_sure_already(battery):
    items, _, answers = battery
    some = answers.dropna().head(5)
    sure = dialogue.starting_beliefs(some.index, pd.Series([0.96, 0.01, 0.01, 0.01, 0.01], index=items.index))
    outcome, _ = dialogue.ask(some, items, sure)
    assert outcome["questions"].eq(0).all() and outcome["sure"].all()


def test_customers_with_gaps_cannot_be_replayed(battery):
    items, shares, answers = battery
    gappy = answers.dropna().head(3).copy()
    gappy.iloc[0, 0] = np.nan
    with pytest.raises(DataError, match="every question"):
        dialogue.ask(gappy, items, dialogue.starting_beliefs(gappy.index, shares))


def test_no_question_is_proposed_twice_and_the_sure_are_left_in_peace(shop, battery):
    items, shares, _ = battery
    profiles = shop.truth["need_items"].rename(columns={"probability": "share"})
    profiles["share_of_customers"] = profiles["segment"].map(shares)
    responses = shop.tables["survey_responses"]
    partly = responses[~responses["question_id"].isin(["N01", "N04"])]
    members = pd.DataFrame(
        {"customer_id": shop.people.index, "segment": "quality", "probability": 0.4, "basis": "typing tool"}
    )
    table = dialogue.next_questions(partly, shop.links, profiles, members)
    tables.check("next_questions", table)
    assert (table["certainty"] < 0.9).all()
    said = dialogue.battery_answers(partly, shop.links, list(items.columns))
    again = table[table["customer_id"].isin(said.index)]
    assert len(again) and set(again["question_id"]) <= {"N01", "N04"}
    assert (table.sort_values("rank").groupby("customer_id")["information"].diff().dropna() <= 1e-12).all()


def test_a_survey_without_a_question_left_proposes_none(shop, battery):
    _, shares, _ = battery
    profiles = shop.truth["need_items"].rename(columns={"probability": "share"})
    profiles["share_of_customers"] = profiles["segment"].map(shares)
    who = dialogue.battery_answers(shop.tables["survey_responses"], shop.links, ["N01"]).index
    members = pd.DataFrame({"customer_id": who, "segment": "quality", "probability": 0.4, "basis": "answers"})
    assert dialogue.next_questions(shop.tables["survey_responses"], shop.links, profiles, members).empty


def test_the_live_questionnaire_shows_what_to_ask_next(battery):
    items, shares, _ = battery
    wording = {name: f"wording of {name}" for name in items.columns}
    first = dialogue.next_question(dialogue.starting_beliefs(["you"], shares), items)
    assert f"wording of {first}" in title_of(dialogue.plot_questionnaire([], items, shares, wording))
    after = dialogue.plot_questionnaire(["yes", "–", "no"], items, shares, wording)
    assert f"wording of {first}" not in title_of(after)
    assert [text.get_text() for text in after.texts][-1] == f"1. wording of {first}  yes"


PREFERENCES = pd.DataFrame(
    [
        ("ann", "email", 0.2, True),
        ("ann", "in_person", 0.8, True),
        ("bob", "phone", 0.9, False),
        ("cy", "phone", 0.9, True),
    ],
    columns=["customer_id", "channel", "preference", "allowed"],
)


def test_greetings_go_only_to_those_who_allow_them_and_never_in_person():
    calendar = care.greetings(PREFERENCES, holidays={"New Year": "01-01"})
    assert dict(zip(calendar["customer_id"], calendar["channel"], strict=True)) == {"ann": "email", "cy": "phone"}


def test_a_birthday_is_kept_without_its_year():
    born = pd.DataFrame({"customer_id": ["ann", "cy"], "birth_date": pd.to_datetime(["1980-03-05", None])})
    calendar = care.greetings(PREFERENCES, born, holidays={}, favoured=["ann"])
    tables.check("greetings", calendar)
    assert calendar["day"].tolist() == ["03-05"] and not calendar.astype(str).apply(
        lambda c: c.str.contains("1980")
    ).any(axis=None)
    assert calendar["gesture"].tolist() == ["greeting with an exclusive offer"]


def test_a_holiday_that_is_no_day_is_refused():
    with pytest.raises(DataError, match="MM-DD"):
        care.greetings(PREFERENCES, holidays={"Never": "02-30"})


def test_the_lot_finds_what_answers_do_where_they_are_used_and_nothing_where_they_are_filed_away():
    from idic_lab.meridian import open_shop, policies

    found = {}
    for learning in (5.0, 0.0):
        with open_shop(seed=3, n=1_500, difficulty={"learning": learning}) as shop:
            trial = policies.ask_by_lot(shop, random_state=1)
        found[learning] = dialogue.staying(trial, "asked").iloc[0]
        assert trial.loc[~trial["asked"], "answers"].eq(0).all() and trial["answers"].max() <= len(policies.TELLING)
        assert abs(trial["asked"].sum() - (~trial["asked"]).sum()) <= 1
    assert found[5.0]["low"] > 0
    assert found[0.0]["low"] < 0 < found[0.0]["high"]
    assert found[5.0]["others_stayed"] == found[0.0]["others_stayed"]  # who is left alone does the same in both


def test_who_answered_is_taken_from_before_the_day_and_who_stayed_from_after_it():
    days = pd.to_datetime(["2024-01-01", "2024-12-31", "2024-02-01", "2024-12-30"])
    bought = pd.DataFrame({"customer_id": ["a", "a", "b", "new"], "date": days, "amount": 1.0})
    said = pd.DataFrame({"record_id": ["r", "s"], "date": pd.to_datetime(["2024-12-01", "2024-02-02"])})
    links = pd.DataFrame({"record_id": ["r", "s"], "customer_id": ["a", "b"]})
    table = dialogue.talkers(said, links, bought).set_index("customer_id")
    assert table[["answered", "stayed"]].T.to_dict("list") == {"a": [False, True], "b": [True, False]}
