"""Prices: the planted best prices are recovered, with segments known or estimated; comparisons add up."""

import numpy as np
import pandas as pd
import pytest
from scipy.special import expit

from idic_lab import meridian
from idic_lab.customize import pricing
from idic_lab.errors import FitError

COST, LIST_PRICE = 4.0, 11.0


def inside(model, planted):
    best = planted.set_index("segment")["best_price"].reindex(model["segment"]).to_numpy()
    return (model["best_price_low"] <= best) & (best <= model["best_price_high"])


@pytest.fixture(scope="module")
def sample():
    people = meridian.truth()["people"][["customer_id", "need_segment"]]
    return meridian.load_tables()["price_tests"], people.rename(columns={"need_segment": "segment"})


def test_the_five_planted_prices_are_recovered_on_the_sample(sample):
    model = pricing.demand(sample[0], COST, sample[1])
    assert len(model) == 5 and inside(model, meridian.truth()["prices"]).all()


def test_intervals_of_the_best_price_cover_at_their_nominal_rate():
    """Of 100 intervals 95 are expected to cover; fewer than 89 would be very unlikely."""
    covered = []
    for seed in range(20):
        world = meridian.simulate(n=1_500, seed=seed)
        groups = world.truth["people"].rename(columns={"need_segment": "segment"})[["customer_id", "segment"]]
        covered += inside(pricing.demand(world.tables["price_tests"], COST, groups), world.truth["prices"]).tolist()
    assert 89 <= sum(covered) <= len(covered) == 100


def test_allowing_for_wrong_segments_undoes_the_blur(shop, planted_needs):
    """A third of the customers are put into a segment at random, and all are said to be right with what then holds."""
    rng = np.random.default_rng(5)
    names = sorted(planted_needs["segment"].unique())
    wrong = rng.random(len(planted_needs)) < 0.33
    drawn = pd.Series(rng.choice(planted_needs["segment"], len(planted_needs)))
    blurred = planted_needs.assign(segment=planted_needs["segment"].mask(wrong, drawn))
    right = blurred["segment"].eq(planted_needs["segment"])
    rate = right.groupby(blurred["segment"]).mean()
    tests, planted = shop.tables["price_tests"], shop.truth["prices"]
    naive = pricing.demand(tests, COST, blurred)
    allowed = pricing.demand(tests, COST, blurred.assign(probability=blurred["segment"].map(rate)))
    best = planted.set_index("segment")["best_price"].reindex(names).to_numpy()
    assert np.abs(naive["best_price"] - best).mean() > 2 * np.abs(allowed["best_price"] - best).mean()
    assert inside(allowed, planted).sum() >= 4 > inside(naive, planted).sum()


def test_the_best_price_earns_more_than_its_neighbours(sample):
    model = pricing.demand(*[sample[0], COST, sample[1]])
    for row in model.itertuples():
        around = np.array([row.best_price - 0.2, row.best_price, row.best_price + 0.2])
        profit = expit(row.intercept - row.slope * around) * (around - COST)
        assert profit.argmax() == 1
        assert profit[1] == pytest.approx(row.profit)


def test_without_planted_segments_the_prices_do_not_differ():
    world = meridian.simulate(n=6_000, seed=2, segments=False)
    rng = np.random.default_rng(1)
    groups = pd.DataFrame({"customer_id": world.truth["people"]["customer_id"]})
    model = pricing.demand(
        world.tables["price_tests"], COST, groups.assign(segment=rng.choice(list("ab"), len(groups)))
    )
    assert model["best_price_low"].max() < model["best_price_high"].min()


def test_a_price_per_segment_earns_most_and_the_best_single_price_at_least_the_list_price(sample):
    model = pricing.demand(sample[0], COST, sample[1])
    table = pricing.compare_prices(model, sample[1]["segment"].value_counts(), COST, LIST_PRICE).set_index("policy")
    assert table["profit"].idxmax() == "a price per segment"
    assert table.loc["one best price", "profit"] >= table.loc["list price", "profit"]
    assert table.loc["list price with personal discounts", "highest"] <= LIST_PRICE
    assert table.loc["list price with personal discounts", "profit"] >= table.loc["list price", "profit"]


def test_fairness_counts_who_would_pay_more():
    model = pd.DataFrame({"segment": ["s", "t"], "best_price": [8.0, 14.0]})
    groups = pd.DataFrame({"customer_id": list("abcd"), "segment": list("sstt")})
    people = pd.DataFrame({"customer_id": list("abcd"), "age_band": ["under 25", "25-34", "25-34", "25-34"]})
    table = pricing.fairness(model, groups, people, "age_band", one_price=10.0)
    assert table["age_band"].tolist() == ["under 25", "25-34"]
    assert table["mean_price"].tolist() == [8.0, 12.0] and table["pay_more"].tolist() == [0.0, pytest.approx(2 / 3)]


def test_demand_that_rises_with_the_price_is_refused():
    tests = pd.DataFrame({"customer_id": "a", "price": [1.0, 2.0, 3.0] * 20, "bought": [False, False, True] * 20})
    tests.loc[:3, "bought"] = True
    with pytest.raises(FitError, match="no price is best"):
        pricing.demand(tests, 0.5)


def test_too_few_prices_are_refused():
    tests = pd.DataFrame({"customer_id": "a", "price": [1.0, 2.0] * 5, "bought": [True, False] * 5})
    with pytest.raises(FitError, match="at 2 prices"):
        pricing.demand(tests, 0.5)


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize("sure", [1.0, 0.7])
def test_buyers_and_others_who_part_at_one_price_tell_no_best_price(seed, sure):
    rng = np.random.default_rng(seed)
    shown = pd.DataFrame({"customer_id": range(60), "product_id": "x", "price": rng.choice([5.0, 8.0, 11.0], 60)})
    groups = shown[["customer_id"]].assign(segment=["firm", "other"] * 30, probability=sure)
    shown["bought"] = np.where(groups["segment"] == "firm", shown["price"] <= 8 - 3 * (seed % 2), rng.random(60) < 0.5)
    with pytest.raises(FitError, match="'firm' cannot be fitted: 30 showings"):
        pricing.demand(shown, 4.0, groups)
    shelf = pd.DataFrame({"product_id": ["x"], "unit_cost": 4.0, "list_price": 10.0})
    assert (pricing.personal_prices(shown, shelf, groups)["price"] == 10.0).all()


def test_a_price_of_their_own_goes_to_those_who_want_one_and_seldom_to_those_whom_the_list_price_suits():
    shelf = pd.DataFrame({"product_id": ["x"], "unit_cost": 4.0, "list_price": 10.25})
    lower = []
    for seed in range(40):
        rng = np.random.default_rng(seed)
        shown = pd.DataFrame(
            {"customer_id": range(1200), "product_id": "x", "price": rng.choice([5.0, 8.0, 11.0, 14.0], 1200)}
        )
        groups = shown[["customer_id"]].assign(segment=np.where(shown["customer_id"] < 800, "suited", "thrifty"))
        groups.loc[groups["customer_id"] < 400, "segment"] = "suited too"
        slope = np.where(
            groups["segment"] == "thrifty", 0.45, 0.25
        )  # earns most at 4 + 1 / (slope x (1 - share who buy))
        best = np.where(groups["segment"] == "thrifty", 4 + 1 / (0.45 * 0.64), 10.25)
        shown["bought"] = rng.random(1200) < 1 / (1 + np.exp(-(np.log(0.36 / 0.64) + slope * (best - shown["price"]))))
        priced = pricing.personal_prices(shown, shelf, groups).assign(segment=groups["segment"])
        lower.append(priced.groupby("segment")["gain"].first().gt(0))
    found = pd.concat(lower, axis=1).mean(axis=1)
    assert found["thrifty"] >= 0.95 and found[["suited", "suited too"]].mean() <= 0.08
