"""What others teach of a newcomer, what else goes with a need, and which way to customize pays: held to what is planted."""

import numpy as np
import pandas as pd
import pytest
from scipy.special import expit

from idic_lab import meridian
from idic_lab.customize import products
from idic_lab.meridian.choices import part_worths
from idic_lab.meridian.settings import settings


@pytest.fixture(scope="module")
def small_shops(shop, planted_needs):
    """Forty shops of 200 people each, with the needs planted in them."""
    lines = shop.tables["order_lines"]
    return [(lines[lines["customer_id"].isin(part["customer_id"])], part) for part in in_forty(planted_needs)]


def in_forty(needs):
    return [needs.iloc[rows] for rows in np.array_split(np.arange(len(needs)), 40)]


def dealt_anew(lines):
    return lines.assign(product_id=lines["product_id"].sample(frac=1, random_state=1).array)


def test_others_foretell_the_next_product_of_newcomers_better_the_more_they_are(shop):
    parts = products.split_in_time(shop.tables["order_lines"], "")
    known = products.community_knowledge(*parts, shop.tables["products"], [100, 800], n_draws=3)
    assert known["gain"].is_monotonic_increasing and known["gain_low"].iloc[-1] > 0.05
    assert known["customers"].tolist()[:2] == [100, 800] and known["customers"].iloc[-1] > 5_000


def test_where_no_purchase_tells_of_another_others_teach_nothing(shop):
    parts = products.split_in_time(dealt_anew(shop.tables["order_lines"]), "")
    known = products.community_knowledge(*parts, shop.tables["products"]).iloc[0]
    assert known["gain_low"] < 0 < known["gain_high"] and abs(known["gain"]) < 0.015


def test_the_gain_of_40_small_shops_is_in_its_interval_as_often_as_stated(small_shops, shop):
    shelf, found = shop.tables["products"], []
    for lines, _ in small_shops:
        parts = products.split_in_time(lines, "2025-01-01")
        found.append(products.community_knowledge(*parts, shelf).iloc[0])
    gains = pd.DataFrame(found)
    truth = np.average(gains["gain"], weights=gains["judged"])
    assert gains["gain_low"].le(truth).mul(gains["gain_high"].ge(truth)).mean() >= 0.85


def planted_lifts(shop, needs):
    """How many times as large the planted share of a category is in a need as among the customers of all others."""
    table = shop.truth["category_shares"].merge(needs["segment"].value_counts(normalize=True).reset_index())
    table["all"] = (table["share"] * table["proportion"]).groupby(table["category"]).transform("sum")
    others = (table["all"] - table["share"] * table["proportion"]) / (1 - table["proportion"])
    return table[["segment", "category"]].assign(planted=table["share"] / others)


def test_the_planted_needs_stand_out_in_what_is_bought(shop, planted_needs):
    found = products.need_sets(shop.tables["order_lines"], shop.tables["products"], planted_needs)
    both = found.merge(planted_lifts(shop, planted_needs))
    assert len(both) == 40 and both.loc[both["planted"] > 1.3, "in_set"].all()
    assert not both.loc[both["planted"] < 0.95, "in_set"].any()
    assert np.corrcoef(np.log(both["lift"]), np.log(both["planted"]))[0, 1] > 0.98


@pytest.fixture
def quick(monkeypatch):
    """Without the collection of garbage with which statsmodels begins each correction."""
    monkeypatch.setattr("gc.collect", lambda *_: 0)


@pytest.mark.usefixtures("quick")
def test_lifts_of_40_small_shops_hold_what_is_planted_as_often_as_stated(small_shops, shop, planted_needs):
    planted, held = planted_lifts(shop, planted_needs), []
    for lines, needs in small_shops:
        both = products.need_sets(lines, shop.tables["products"], needs).merge(planted)
        held.append(both["low"].le(both["planted"]).mul(both["high"].ge(both["planted"])).mean())
    assert 0.90 <= np.mean(held) <= 0.98


@pytest.mark.usefixtures("quick")
def test_needs_dealt_by_lot_have_no_set(small_shops, shop):
    rng, found = np.random.default_rng(1), []
    for lines, needs in small_shops:
        by_lot = needs.assign(segment=rng.permutation(needs["segment"]))
        found.append(products.need_sets(lines, shop.tables["products"], by_lot)["in_set"].any())
    assert np.mean(found) <= 0.15


def test_customers_of_one_need_have_no_set_of_their_own(small_shops, shop):
    lines, needs = small_shops[0]
    assert not products.need_sets(lines, shop.tables["products"], needs.assign(segment="all"))["in_set"].any()


@pytest.fixture(scope="module")
def case(shop):
    goods, options = shop.tables["products"], shop.tables["product_options"]
    return options, goods.set_index("product_id", drop=False).loc[options["product_id"].iloc[0]]


def ways(needs, case, difference=1.0, **known):
    worths = part_worths(settings())
    likes = worths.loc[needs["segment"]].reset_index(drop=True)
    average = worths.loc[needs["segment"]].mean()
    found = products.ways_to_customize(average + difference * (likes - average), *case, known)
    return found.set_index("way")


def test_who_is_asked_gets_what_the_planted_need_earns_most_with(planted_needs, case):
    options, product = case
    needs, worths = planted_needs.head(2_000), part_worths(settings())
    found = ways(needs, case, asked=needs["segment"].to_numpy())
    every = products.combinations(options, product["product_id"])
    modules = options.loc[options["product_id"] == product["product_id"], "module"].unique()
    margin = product["list_price"] - product["unit_cost"] + every["extra_price"] - every["extra_cost"]
    best = {}
    for need, row in worths.iterrows():
        value = sum(every[module].map(row) for module in modules) + row["price"] * every["extra_price"]
        best[need] = (expit(value - row["none"]) * margin).max()
    assert found.loc["asked", "earned"] == pytest.approx(needs["segment"].map(best).mean())
    assert found["gain"]["asked"] > found["gain"]["adaptive"] > 0


def test_where_all_like_the_same_no_way_to_customize_gains_anything(planted_needs, case):
    needs = planted_needs.head(500)
    found = ways(needs, case, difference=0.0, asked=needs["segment"].to_numpy())
    assert found["gain"].to_list() == pytest.approx([0, 0, 0], abs=1e-9) or (found["gain"] <= 1e-9).all()


def test_a_guess_of_the_need_earns_less_than_an_answer_and_a_lot_nothing(planted_needs, case):
    needs, rng = planted_needs.head(2_000), np.random.default_rng(1)
    said = needs["segment"].to_numpy()
    guess = np.where(rng.random(len(said)) < 0.65, said, rng.permutation(said))
    found = ways(needs, case, asked=said, guessed=guess, lot=rng.permutation(said))
    assert found["gain"]["asked"] > found["gain"]["guessed"] > 0 and found["low"]["lot"] < 0.5


def test_gains_of_40_samples_hold_that_of_all_customers_as_often_as_stated(planted_needs, case):
    truth = ways(planted_needs, case, asked=planted_needs["segment"].to_numpy()).loc["asked", "gain"]
    parts = in_forty(planted_needs.sample(4_000, random_state=1))
    found = pd.DataFrame([ways(part, case, asked=part["segment"].to_numpy()).loc["asked"] for part in parts])
    assert found["low"].le(truth).mul(found["high"].ge(truth)).mean() >= 0.85


def test_without_planted_needs_the_interviews_find_one_taste_and_nothing_to_gain():
    from idic_lab.differentiate import needs

    alike = meridian.simulate(600, seed=2, segments=False)
    told = needs.read_choices(
        alike.tables["choices"], alike.tables["choice_sets"], alike.truth["record_owners"], "CASE"
    )
    likes = min((needs.fit_choices(told, number) for number in (1, 2, 3)), key=lambda fit: fit.bic).utilities
    options, goods = alike.tables["product_options"], alike.tables["products"].set_index("product_id", drop=False)
    by_lot = np.random.default_rng(1).integers(0, 5, len(likes))
    found = products.ways_to_customize(likes, options, goods.loc[options["product_id"].iloc[0]], {"asked": by_lot})
    assert (found["gain"] <= 1e-9).all()
