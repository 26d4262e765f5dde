"""Records are joined the surest first, and contradictions keep people apart."""

import pandas as pd
import pytest

from idic_lab import identify

COMPARISONS = ("first_name", "last_name", "birth_date", "email", "home")


def prepared(**numbers: str | None) -> pd.DataFrame:
    table = {"record_id": list(numbers), "touchpoint": "app", "number": list(numbers.values())}
    unknown = dict.fromkeys(("first_name", "last_name", "birth_date", "birth_swapped"))
    return pd.DataFrame(table | unknown).assign(first_forms=[[]] * len(numbers))


def pairs(*rows: tuple) -> pd.DataFrame:
    """record_a, record_b, probability, and the weights that differ from plain agreement."""
    made = []
    for a, b, probability, *weights in rows:
        level = dict.fromkeys(COMPARISONS, 5.0) | (weights[0] if weights else {})
        made.append({"record_a": a, "record_b": b, "probability": probability} | level)
    table = pd.DataFrame(made).astype({"record_a": "str", "record_b": "str"})
    return table.sort_values("probability", ascending=False, ignore_index=True)


def groups(source: pd.DataFrame, scored: pd.DataFrame, threshold: float = 0.5) -> list[list[str]]:
    made, _ = identify.merges(source, scored)
    links = identify.links(source, made, threshold)
    return sorted(sorted(group) for group in links.groupby("customer_id")["record_id"].agg(list))


DIFFERENT_NAME = {"first_name": -6.0, "email": 0.0}
NO_NAME = {"first_name": 0.0, "email": 0.0}


def test_records_in_a_chain_are_one_person():
    source = prepared(a=None, b=None, c=None)
    assert groups(source, pairs(("a", "b", 0.9), ("b", "c", 0.8))) == [["a", "b", "c"]]


def test_twins_stay_apart_however_probable_their_records_are():
    source = prepared(a=None, b=None)
    assert groups(source, pairs(("a", "b", 0.999, DIFFERENT_NAME))) == [["a"], ["b"]]


def test_a_record_without_first_name_does_not_bridge_twins():
    source = prepared(a=None, b=None, nameless=None)
    scored = pairs(("a", "nameless", 0.99, NO_NAME), ("b", "nameless", 0.98, NO_NAME), ("a", "b", 0.97, DIFFERENT_NAME))
    assert groups(source, scored) == [["a", "nameless"], ["b"]]


def test_a_shared_email_address_overrules_a_different_first_name():
    source = prepared(a=None, b=None)
    assert groups(source, pairs(("a", "b", 0.9, {"first_name": -6.0}))) == [["a", "b"]]


def test_two_people_who_share_everything_but_first_name_and_birth_date_stay_apart():
    couple = prepared(a=None, b=None).assign(
        first_name=["ada", "adam"], birth_date=["1980-05-17", "1981-05-17"], birth_swapped=["1980-17-05", "1981-17-05"]
    )
    joined = pairs(("a", "b", 0.999))  # the model says that both are only mistyped
    assert groups(couple, joined) == [["a"], ["b"]]
    assert set(identify.merges(couple, joined)[1]["reason"]) == {"records that contradict each other"}
    one = couple.assign(birth_date=["1980-05-03", "1980-03-05"], birth_swapped=["1980-03-05", "1980-05-03"])
    assert groups(one, joined) == [["a", "b"]]  # day and month exchanged


def test_father_and_son_of_one_name_stay_apart():
    source = prepared(father=None, son=None)
    assert groups(source, pairs(("father", "son", 0.95, {"birth_date": -9.0, "email": 0.0}))) == [["father"], ["son"]]


def test_a_pair_that_agrees_in_name_and_birth_date_overrules_a_contradiction_elsewhere():
    source = prepared(a=None, nick=None, b=None)
    scored = pairs(("a", "nick", 0.99), ("nick", "b", 0.9, DIFFERENT_NAME), ("a", "b", 0.8))
    assert groups(source, scored) == [["a", "b", "nick"]]


def test_two_customer_numbers_are_never_joined_and_the_pair_is_refused():
    source = prepared(a="1", b="2", c=None)
    scored = pairs(("a", "b", 0.999), ("a", "c", 0.99), ("b", "c", 0.98))
    made, refused = identify.merges(source, scored)
    assert groups(source, scored) == [["a", "c"], ["b"]]
    assert set(refused["reason"]) == {"two customer numbers"}
    assert made["method"].tolist() == ["model"]


def test_records_with_one_customer_number_are_joined_without_any_likeness():
    source = prepared(a="1", b="1", c="2")
    made, _ = identify.merges(source, pairs(("a", "c", 0.1)))
    assert groups(source, pairs(("a", "c", 0.1))) == [["a", "b"], ["c"]]
    assert made[["probability", "method"]].to_numpy().tolist() == [[1.0, "number"]]


def test_the_probability_of_a_record_is_the_weakest_link_on_its_way_to_the_number():
    source = prepared(a="1", b=None, c=None, alone=None)
    made, _ = identify.merges(source, pairs(("a", "b", 0.7), ("b", "c", 0.9)))
    links = identify.links(source, made, threshold=0.5).set_index("record_id")
    assert links["probability"].to_dict() == {"a": 1.0, "b": 0.7, "c": 0.7, "alone": 1.0}
    assert links["method"].to_dict() == {"a": "number", "b": "model", "c": "model", "alone": "single"}
    assert links.loc["c", "customer_id"] == "1"


@pytest.mark.parametrize("threshold", [0.3, 0.6, 0.8, 0.95])
def test_the_threshold_curve_agrees_with_counting_pairs_anew(shop, threshold):
    made = shop.resolution.merges
    curve = identify.threshold_curve(made, shop.owners)
    at = curve[curve["threshold"] >= threshold].iloc[0]
    source = identify.standardise(shop.tables["source_records"])
    counted = identify.pairwise(identify.links(source, made, threshold), shop.owners)
    for measure in ("precision", "recall", "f1", "wrong_pairs", "missed_pairs"):
        assert at[measure] == pytest.approx(counted[measure])


def test_the_cheapest_threshold_rises_with_the_price_of_a_wrong_merge(shop):
    curves = [
        identify.threshold_curve(shop.resolution.merges, shop.owners, wrong_merge=price) for price in (0.1, 10_000)
    ]
    cheap, dear = (curve.loc[curve["cost"].idxmin(), "threshold"] for curve in curves)
    assert cheap <= dear


def test_whole_people_count_only_when_every_record_was_found():
    found = pd.DataFrame({"record_id": list("abcd"), "customer_id": ["1", "1", "2", "3"]})
    truth = pd.DataFrame({"record_id": list("abcd"), "customer_id": ["x", "x", "y", "y"]})
    scores = identify.whole_people(found, truth)
    assert scores[["precision", "recall"]].tolist() == [pytest.approx(1 / 3), pytest.approx(1 / 2)]


def test_a_touchpoint_is_judged_by_the_pairs_its_records_are_in():
    found = pd.DataFrame(
        {"record_id": list("abc"), "customer_id": ["1", "1", "2"], "touchpoint": ["app", "shop", "shop"]}
    )
    truth = pd.DataFrame({"record_id": list("abc"), "customer_id": ["x", "x", "x"]})
    table = identify.by_touchpoint(found, truth).set_index("touchpoint")
    assert table.loc["app", ["precision", "recall"]].tolist() == [1.0, 0.5]
    assert table.loc["shop", ["precision", "recall"]].tolist() == [1.0, pytest.approx(1 / 3)]
