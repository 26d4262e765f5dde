"""Feedback: scores with their intervals, weights, tone, topics and leaving, against Meridian's planted answers."""

import numpy as np
import pandas as pd
import pytest

from idic_lab import tables
from idic_lab.errors import DataError, UnknownName
from idic_lab.interact import feedback


@pytest.fixture(scope="module")
def answers(shop):
    return feedback.survey_answers(shop.tables["survey_responses"], shop.links, "CSAT", latest=False)


@pytest.fixture(scope="module")
def customers(shop):
    """What a single customer view says that the weighting uses; birth years as in the records."""
    orders = shop.tables["transactions"].groupby("customer_id")["date"].agg(orders="nunique", last_order="max")
    records = shop.tables["source_records"].merge(shop.links, on="record_id", suffixes=("_said", ""))
    born = records.dropna(subset=["birth_date"]).groupby("customer_id")["birth_date"].first().dt.year
    view = orders.assign(birth_year=born.astype(float)).reset_index()
    view["days_since_last_order"] = (view["last_order"].max() - view["last_order"]).dt.days.astype(float)
    return view


@pytest.fixture(scope="module")
def judged(shop):
    kinds = ("words", "words and pairs", "negation marked")
    return {kind: feedback.held_out_tone(shop.tables["reviews"], kind) for kind in kinds}


def test_the_latest_answer_of_a_customer_counts():
    said = pd.DataFrame(
        {
            "record_id": ["r1", "r2", "r1"],
            "survey_id": "SERVICE",
            "date": pd.to_datetime(["2025-01-01", "2025-03-01", "2025-02-01"]),
            "question_id": "NPS",
            "answer": [1.0, 9.0, 5.0],
        }
    )
    links = pd.DataFrame({"record_id": ["r1", "r2"], "customer_id": ["ann", "ann"]})
    assert feedback.survey_answers(said, links, "NPS")["answer"].tolist() == [9.0]
    assert len(feedback.survey_answers(said, links, "NPS", latest=False)) == 3
    with pytest.raises(DataError, match="CSAT"):
        feedback.survey_answers(said, links, "CSAT")


def test_nps_is_promoters_less_detractors_in_points():
    score = feedback.net_promoter_score(pd.Series([10.0] * 5 + [8.0] * 3 + [0.0] * 2)).iloc[0]
    assert score["nps"] == pytest.approx(30)
    assert score["low"] < 30 < score["high"]


def test_nps_refuses_answers_off_its_scale():
    with pytest.raises(DataError, match="0 to 10"):
        feedback.net_promoter_score(pd.Series([11.0]))


def test_the_interval_of_nps_covers_the_truth_as_often_as_it_says():
    rng = np.random.default_rng(5)
    scores = np.array([3.0, 8.0, 10.0])
    truth, covered = 100 * (0.45 - 0.2), 0
    for _ in range(400):
        sample = pd.Series(rng.choice(scores, 40, p=[0.2, 0.35, 0.45]))
        found = feedback.net_promoter_score(sample).iloc[0]
        covered += found["low"] <= truth <= found["high"]
    assert 0.92 <= covered / 400 <= 0.98


def test_the_noise_of_nps_halves_with_four_times_the_respondents(shop):
    nps = feedback.survey_answers(shop.tables["survey_responses"], shop.links, "NPS")["answer"]
    noise = feedback.nps_noise(nps, sizes=(50, 200))
    width = noise["high"] - noise["low"]
    assert width.iloc[0] / width.iloc[1] == pytest.approx(2, rel=0.15)


def test_weights_bring_respondents_to_everybody(customers, answers):
    features = feedback.response_features(customers)
    weights = feedback.response_weights(features, answers["customer_id"])
    balance = feedback.balance(features, weights)
    assert weights["weight"].mean() == pytest.approx(1) and weights["weight"].max() <= 12
    assert balance["bias"].abs().max() > 0.3
    assert balance["bias_left"].abs().max() < 0.06


def test_weights_repair_the_mean_satisfaction_but_not_the_strong_feelings(shop, customers, answers):
    felt = shop.people["satisfaction"]
    weights = feedback.response_weights(feedback.response_features(customers), answers["customer_id"])
    mine = felt.loc[weights["customer_id"]]
    as_reported = felt.loc[answers["customer_id"]].mean() - felt.mean()
    weighted = np.average(mine, weights=weights["weight"]) - felt.mean()
    assert as_reported > 0.25
    assert abs(weighted) < 0.08
    assert np.average(mine.abs() > 1, weights=weights["weight"]) > (felt.abs() > 1).mean() + 0.02


def test_when_everybody_answered_there_is_nothing_to_weight(customers):
    features = feedback.response_features(customers)
    with pytest.raises(DataError, match="nothing to weight"):
        feedback.response_weights(features, customers["customer_id"])


def test_sentiment_is_right_for_85_percent_of_reviews_not_learnt_from(judged):
    for tones in judged.values():
        found = feedback.sentiment_accuracy(tones).iloc[0]
        assert found["low"] >= 0.85 > found["base_rate"]


def test_marking_negation_helps_where_something_is_denied(judged):
    def on_denials(kind):
        return feedback.sentiment_accuracy(judged[kind].query("negated"))["accuracy"].iloc[0]

    assert on_denials("words") < on_denials("words and pairs") < on_denials("negation marked")


def test_sarcasm_is_read_as_praise_by_every_model(shop, judged):
    sarcastic = shop.truth["review_sentiment"].query("sarcastic")["review_id"]
    for tones in judged.values():
        mocking = tones[tones["review_id"].isin(sarcastic)]
        assert len(mocking) > 50 and mocking["correct"].mean() < 0.1


def test_the_surest_failures_are_sarcasm(shop, judged):
    worst = feedback.sentiment_failures(judged["negation marked"], rows=20)
    texts = shop.tables["reviews"].merge(shop.truth["review_sentiment"].query("sarcastic"), on="review_id")["text"]
    assert worst["text"].isin(texts).mean() >= 0.9


def test_learning_copies_by_heart_looks_better_than_it_is():
    rng = np.random.default_rng(2)
    texts = [f"phrase{number} thing{number}" for number in range(40)]
    row = rng.integers(0, 40, 400)
    reviews = pd.DataFrame(
        {
            "review_id": [f"v{i}" for i in range(400)],
            "stars": np.where(np.arange(40) % 2, 5, 1)[row],
            "text": np.array(texts, dtype=object)[row],
        }
    ).astype({"text": "str"})
    together = feedback.sentiment_accuracy(feedback.held_out_tone(reviews, "words"))
    apart = feedback.sentiment_accuracy(feedback.held_out_tone(reviews, "words", keep_copies_together=False))
    assert apart["accuracy"].iloc[0] > 0.95 > 0.8 > together["accuracy"].iloc[0]


def test_three_stars_have_a_tone_but_are_neither_right_nor_wrong(judged):
    tones = judged["words"]
    assert tones.loc[tones["stars"] == 3, "correct"].isna().all() and tones["tone"].notna().all()


def test_too_few_reviews_are_refused_and_unknown_models_too(shop):
    with pytest.raises(DataError, match="at least 5"):
        feedback.held_out_tone(shop.tables["reviews"].head(3))
    with pytest.raises(UnknownName, match="words"):
        feedback.sentiment_model("word")


def test_topics_are_the_planted_things_and_not_the_praise(shop):
    planted = {"material", "colour", "handle", "finish", "size", "packaging", "manual"}
    planted |= {"price", "delivery", "design", "surface", "fit", "weight", "smell"}
    topics = feedback.review_topics(shop.tables["reviews"])
    assert set(topics.words["topic"]) == planted
    assert {"beautiful", "flimsy", "refund"} <= set(topics.left_out)
    main = topics.main().merge(shop.tables["reviews"], on="review_id")
    mentioned = [topic in text.lower() for topic, text in zip(main["topic"], main["text"], strict=True)]
    assert np.mean(mentioned) > 0.99


def test_the_dissatisfied_leave_more_past_purchases_being_equal(shop, answers):
    purchases = shop.tables["transactions"]
    landmark = purchases["date"].max() - pd.Timedelta(days=179)
    history = feedback.satisfaction_and_leaving(answers, purchases, landmark, 180)
    odds = feedback.leaving_odds(history)
    beside = odds[(odds["model"] == "with past purchases") & (odds["term"] == "answer")].iloc[0]
    assert beside["high"] < 1


def test_a_purchase_on_the_landmark_counts_as_staying():
    said = pd.DataFrame({"customer_id": ["ann", "bob"], "date": pd.to_datetime(["2025-01-05"] * 2), "answer": 4.0})
    bought = pd.DataFrame(
        {
            "customer_id": ["ann", "bob", "ann", "zoe"],
            "date": pd.to_datetime(["2025-01-01", "2025-01-01", "2025-02-01", "2025-03-02"]),
        }
    )
    found = feedback.satisfaction_and_leaving(said, bought, pd.Timestamp("2025-02-01"), 30).set_index("customer_id")
    assert found["left"].to_dict() == {"ann": False, "bob": True}
    with pytest.raises(DataError, match="before the horizon"):
        feedback.satisfaction_and_leaving(said, bought, pd.Timestamp("2025-02-01"), 90)


def test_the_feedback_table_keeps_to_its_contract_and_counts_every_customer_once(shop, customers):
    table = feedback.feedback_table(
        shop.links, shop.tables["survey_responses"], shop.tables["reviews"], shop.tables["interactions"], customers
    )
    tables.check("feedback", table)
    assert (table["kind"] == "CSAT").sum() == (shop.tables["survey_responses"]["question_id"] == "CSAT").sum()
    assert (table["kind"] == "review").sum() == len(shop.tables["reviews"])
    assert (table["kind"] == "complaint").sum() == (shop.tables["interactions"]["purpose"] == "complaint").sum()
    answered = table[table["kind"] == "CSAT"]
    assert answered["weight"].mean() == pytest.approx(1)
    weighted = np.average(answered["score"], weights=answered["weight"])
    assert weighted < answered["score"].mean() - 0.15


def test_feedback_without_any_source_is_an_empty_table(shop):
    table = feedback.feedback_table(shop.links)
    assert table.empty and tables.check("feedback", table) is table


def test_weighted_satisfaction_is_covered_where_the_cross_answer_less():
    """Intervals that take weighted answers for so many equal ones would be too narrow."""
    rng, covered = np.random.default_rng(8), []
    for _ in range(150):
        said = pd.Series(np.where(rng.random(4_000) < 0.6, 5, 2))
        chance = np.where(rng.random(4_000) < 0.5, 0.02, 0.2)
        answered = rng.random(4_000) < chance
        row = feedback.customer_satisfaction(said[answered], 1 / chance[answered]).iloc[0]
        covered.append((row["low"] <= 0.6 <= row["high"], row["mean_low"] <= 3.8 <= row["mean_high"]))
    assert np.mean(covered, axis=0).min() >= 0.89  # 0.95 less three standard errors
