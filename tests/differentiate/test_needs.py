"""Need segments: found where they are planted, and not found where there are none."""

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.metrics import adjusted_rand_score

from idic_lab import meridian, tables
from idic_lab.differentiate import needs
from idic_lab.differentiate.needs.answers import profiles
from idic_lab.differentiate.needs.number import global_stability
from idic_lab.errors import DataError, UnknownName
from idic_lab.inference.nulls import one_crowd


@pytest.fixture(scope="module")
def shops():
    """Meridian at easy, default, and with one crowd instead of segments."""
    made = {
        "easy": meridian.simulate(1_200, seed=11, difficulty="easy"),
        "default": meridian.simulate(2_000, seed=11),
        "none": meridian.simulate(1_200, seed=11, segments=False),
    }
    return made


def battery_of(shop):
    return needs.battery(shop.tables["survey_responses"], shop.truth["record_owners"], shop.tables["survey_questions"])


@pytest.fixture(scope="module")
def default(shops):
    """Answers, members and profile on default difficulty, with what is known of everybody."""
    shop = shops["default"]
    answers = battery_of(shop)
    texts = shop.tables["survey_questions"].set_index("question_id")["text"].to_dict()
    members, profile = needs.segment_battery(answers, 5, texts)
    names = ("transactions", "order_lines", "products", "web_events", "interactions")
    known = needs.descriptors(**{name: shop.tables[name] for name in names}, identity_links=shop.truth["record_owners"])
    return answers, members, profile, known, shop


def agreement_with_truth(answers, labels, shop):
    planted = shop.truth["people"].set_index("customer_id")["need_segment"].reindex(answers["customer_id"])
    return adjusted_rand_score(planted, labels)


@pytest.mark.parametrize(("difficulty", "least"), [("easy", 0.8), ("default", 0.5)])
def test_planted_segments_are_recovered_from_the_battery(shops, difficulty, least):
    answers = battery_of(shops[difficulty])
    evidence = needs.number_of_segments(answers.drop(columns="customer_id"), (1, 2, 4, 5, 6), n_pairs=6)
    assert evidence["p_value"].iloc[0] == pytest.approx(0.05)  # none of 19 crowds stood out as much
    chosen = needs.choose_number(evidence).n_segments
    assert chosen == 5
    members, _ = needs.segment_battery(answers, chosen)
    assert agreement_with_truth(answers, members["segment"], shops[difficulty]) >= least


def test_without_planted_segments_the_answer_is_that_there_are_none(shops):
    answers = battery_of(shops["none"])
    evidence = needs.number_of_segments(answers.drop(columns="customer_id"), range(1, 4), n_pairs=6)
    choice = needs.choose_number(evidence)
    assert choice.n_segments == 1
    assert "no segments" in choice.reason


def on_one_trait(customers: int, random_state: int) -> np.ndarray:
    """Answers to twenty questions that all ask for one trait, of which everybody has more or less: no classes."""
    rng = np.random.default_rng(random_state)
    leaning = rng.normal(size=(customers, 1)) * rng.lognormal(0.2, 0.4, 20) - rng.normal(size=20)
    return (rng.random((customers, 20)) < 1 / (1 + np.exp(-leaning))).astype(float)


@pytest.mark.parametrize("random_state", [1, 2, 3])
def test_a_continuous_trait_is_not_taken_for_segments(random_state):
    answers = on_one_trait(300, random_state)
    evidence = needs.number_of_segments(answers, range(1, 4), n_pairs=4)
    assert evidence["bic"].idxmin() > 0  # more classes always fit a trait better
    assert evidence["stability"].iloc[1] > 0.7  # and the cut through its middle is stable
    assert needs.choose_number(evidence).n_segments == 1


def two_classes(rng, customers=400, share_more=0.0) -> pd.DataFrame:
    """Answers of two classes to eight questions; a share of people answer the second as they did the first."""
    yes = np.kron([[0.8, 0.2], [0.2, 0.8]], np.ones(4))[rng.integers(0, 2, customers)]
    answers = (rng.random((customers, 8)) < yes).astype(float)
    same = rng.random(customers) < share_more
    answers[same, 1] = answers[same, 0]
    return pd.DataFrame(answers).rename(columns="Q{}".format)


def test_a_pair_that_shares_more_than_its_class_is_named_and_others_are_not():
    rng = np.random.default_rng(5)
    alone, doubled = two_classes(rng), two_classes(rng, share_more=0.35)
    doubled.iloc[::9, 7] = np.nan
    found = [needs.bivariate_residuals(needs.LatentClasses(2, 4).fit(one), one) for one in (alone, doubled)]
    assert found[0]["p_value"].min() > 0.05
    assert found[1].loc[0, ["first", "second", "p_value"]].tolist() == ["Q0", "Q1", pytest.approx(0.05)]
    assert (found[1]["p_value"][1:] > 0.05).all()


def test_one_crowd_still_gives_every_customer_a_row(shops):
    shop = shops["none"]
    members, profile = needs.segment_battery(battery_of(shop), 1)
    known = needs.descriptors(shop.tables["transactions"])
    placed = needs.place_everybody(members, known, needs.fit_typing_tool(members, known))
    assert set(known["customer_id"]) <= set(placed["customer_id"])
    assert placed["segment"].unique().tolist() == [needs.NO_SEGMENTS]
    assert not profile["marker"].any()


@pytest.mark.parametrize("method", sorted(needs.METHODS))
def test_every_method_keeps_the_conventions_of_scikit_learn(method, default):
    items = default[0].drop(columns="customer_id").to_numpy()
    found = needs.segmenter(method, 3, random_state=4)
    assert clone(found).get_params() == found.get_params()
    labels = found.fit(items).labels_
    assert sorted(set(labels)) == [0, 1, 2]
    if method != "ward":  # Ward's tree may place its own members elsewhere than the nearest average would
        assert adjusted_rand_score(labels, found.predict(items)) > 0.99
    again = needs.segmenter(method, 3, random_state=4).fit(items)
    assert (again.labels_ == labels).all()


def test_methods_that_need_complete_numbers_say_so_and_latent_classes_take_gaps(default):
    items = default[0].drop(columns="customer_id").to_numpy(copy=True)
    items[::7, 2] = np.nan
    with pytest.raises(DataError, match="missing values; latent classes can"):
        needs.segmenter("k_means", 3).fit(items)
    found = needs.segmenter("latent_classes", 5, n_init=4).fit(items)
    assert adjusted_rand_score(found.labels_, default[1]["segment"]) > 0.8
    complete = np.nan_to_num(items)
    assert found.predict(complete).shape == (len(items),)


def test_answers_that_are_neither_yes_nor_no_are_refused():
    with pytest.raises(DataError, match="found 3"):
        needs.LatentClasses(2).fit([[0.0], [3.0]])


def test_an_unknown_method_is_answered_with_the_nearest():
    with pytest.raises(UnknownName, match="k_means"):
        needs.segmenter("kmeans")


def test_stability_of_made_up_people_stays_below_that_of_real_segments(default):
    items = default[0].drop(columns="customer_id").to_numpy()
    made_up = one_crowd(items).draw()
    real = global_stability(items, 5, n_pairs=4)
    null = global_stability(made_up, 5, n_pairs=4)
    assert real.min() > null.max()
    assert np.corrcoef(np.corrcoef(items.T).ravel(), np.corrcoef(made_up.T).ravel())[0, 1] > 0.95


def test_marker_variables_follow_the_rule_of_25_points_or_half():
    answers = pd.DataFrame(
        {"customer_id": [str(i) for i in range(40)], "A": [1.0] * 15 + [0.0] * 25, "B": [1.0] * 4 + [0.0] * 36}
    )
    profile = profiles(answers, ["x"] * 20 + ["y"] * 20).set_index(["segment", "question_id"])
    assert profile.loc[("x", "A"), "marker"]  # 75% against 37.5%
    assert profile.loc[("x", "B"), "marker"]  # 20% against 10%: only 10 points, but double
    same = profiles(answers, ["x"] * 40)
    assert not same["marker"].any()


def test_names_are_what_the_strongest_marker_says(default):
    _, members, profile, _, _shop = default
    names = set(members["segment"])
    assert {"wait for the sales", "manuals leave me with questions"} <= names
    assert len(names) == 5
    assert set(profile["segment"]) == names


def test_the_typing_tool_beats_the_base_rate_out_of_sample_and_on_people_never_asked(default):
    _, members, _, known, shop = default
    tool = needs.fit_typing_tool(members, known)
    assert tool.accuracy_low > tool.base_rate + 0.15
    placed = needs.place_everybody(members, known, tool)
    planted = shop.truth["people"][["customer_id", "need_segment"]]
    never_asked = placed[placed["basis"].eq("typing tool")].merge(planted, on="customer_id")
    assert adjusted_rand_score(never_asked["need_segment"], never_asked["segment"]) > 0.2


def test_a_typing_tool_on_noise_does_not_beat_the_base_rate(default):
    members, known = default[1], default[3]
    rng = np.random.default_rng(0)
    noise = pd.DataFrame({"customer_id": known["customer_id"], "a": rng.normal(size=len(known))})
    assert needs.fit_typing_tool(members, noise).accuracy < needs.fit_typing_tool(members, noise).base_rate + 0.05


def test_tables_keep_to_their_contracts(default):
    _, members, profile, known, _ = default
    placed = needs.place_everybody(members, known, needs.fit_typing_tool(members, known))
    tables.check("need_segments", placed)
    tables.check("need_profiles", profile.drop(columns=["text", "relative_difference"]))
    tables.check("segments", needs.scheme_rows(placed, "needs"))


def test_the_latest_answer_of_merged_records_counts():
    responses = pd.DataFrame(
        {
            "record_id": ["r1", "r2", "r3"],
            "survey_id": "N",
            "date": pd.to_datetime(["2025-01-01", "2025-06-01", "2025-06-01"]),
            "question_id": "Q1",
            "answer": [0.0, 1.0, 1.0],
        }
    )
    links = pd.DataFrame({"record_id": ["r1", "r2"], "customer_id": "ann"})
    questions = pd.DataFrame({"survey_id": ["N"], "question_id": ["Q1"], "minimum": [0.0], "maximum": [1.0]})
    assert needs.battery(responses, links, questions, "N")["Q1"].tolist() == [1.0]


def test_needs_that_differ_between_tiers_survive_the_correction_and_the_others_do_not():
    rng = np.random.default_rng(1)
    tiers = pd.DataFrame(
        {"customer_id": [str(i) for i in range(600)], "tier": np.repeat(["low", "middle", "high"], 200)}
    )
    answers = pd.DataFrame({"customer_id": tiers["customer_id"]})
    answers["differs"] = (rng.random(600) < np.repeat([0.2, 0.5, 0.8], 200)).astype(float)
    for number in range(15):
        answers[f"same {number}"] = (rng.random(600) < 0.5).astype(float)
    tests = needs.need_differences(answers, tiers).set_index("question_id")
    assert tests.loc["differs", "p_corrected"] < 0.001
    assert tests["p_corrected"].lt(0.05).sum() == 1
    assert tests.columns[:3].tolist() == ["low", "middle", "high"]


def test_price_tiers_agree_with_the_planted_leaning(shops):
    shop = shops["default"]
    tiers = needs.price_tier(shop.tables["order_lines"], shop.tables["products"])
    planted = tiers.merge(shop.truth["people"], on="customer_id")
    share = pd.crosstab(planted["need_segment"], planted["segment"], normalize="index")
    assert share["budget"].idxmax() == "economy"
    assert share["premium"].idxmax() == "quality"


def test_without_a_catalogue_price_tiers_come_from_the_prices_paid():
    lines = pd.DataFrame(
        {
            "customer_id": ["ann"] * 12 + ["bob"] * 12 + ["cat"],
            "product_id": ["dear"] * 12 + ["cheap"] * 12 + ["fair"],
            "quantity": 1.0,
            "unit_price": [9.0] * 12 + [1.0] * 12 + [3.0],
        }
    )
    assert needs.price_tier(lines)["segment"].tolist() == ["premium", "budget", "mixed"]


def title(ax):
    return ax.get_title(loc="left") + ax.get_title()


def test_plots_state_their_finding(default):
    answers, members, profile, known, _shop = default
    items = answers.drop(columns="customer_id")
    evidence = needs.number_of_segments(items, (1, 2, 5), n_pairs=3, n_null=2)
    assert "5 segments" in title(needs.plot_stability(evidence, 5))
    assert "of the largest segment" in title(needs.plot_profiles(profile))
    tool = needs.fit_typing_tool(members, known)
    assert f"{tool.accuracy:.0%}" in title(needs.plot_typing(tool))
