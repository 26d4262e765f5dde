"""Recommendations: judged in time against popularity; what the recommenders promise."""

import pandas as pd
import pytest

from idic_lab import tables
from idic_lab.customize import products
from idic_lab.errors import DataError

CUT = "2025-07-01"


@pytest.fixture(scope="module")
def parts(shop):
    return products.split_in_time(shop.tables["order_lines"], CUT)


@pytest.fixture(scope="module")
def judged(parts):
    recommenders = {
        "item-to-item": products.ItemToItem(),
        "rules": products.RuleBased(),
        "factorisation": products.ImplicitFactorisation(),
    }
    return products.evaluate(recommenders, *parts).set_index("recommender")


def lines(*baskets):
    """Order lines from (customer, products) pairs, one order each."""
    rows = [(str(n), who, item, 1.0) for n, (who, items) in enumerate(baskets) for item in items]
    return pd.DataFrame(rows, columns=["order_id", "customer_id", "product_id", "quantity"])


@pytest.mark.parametrize("name", ["item-to-item", "rules", "factorisation"])
def test_every_recommender_beats_popularity_on_recall_in_time(judged, name):
    assert judged.loc[name, "recall_gain_low"] > 0.05


def test_a_need_beats_popularity_for_customers_without_purchases(parts, planted_needs):
    cold = products.evaluate({"need": products.NeedPopularity(planted_needs)}, *parts, newcomers=True)
    assert cold.set_index("recommender").loc["need", "recall_gain_low"] > 0


def test_a_purchase_on_the_day_of_the_cut_is_not_learned_from(parts):
    before, after = parts
    assert before["date"].max() < pd.Timestamp(CUT) <= after["date"].min()


def test_recall_of_a_list_worked_out_by_hand():
    before = lines(("a", "x"), ("b", "xy"), ("c", "xyz"))
    after = lines(("a", "yz"), ("b", "z"))
    found = products.evaluate({}, before, after, k=1).iloc[0]
    # The list of one is y for a (a hit; of two wanted only one fits) and z for b (a hit).
    assert (found["recall"], found["customers"]) == (1.0, 2)


def test_what_a_customer_has_bought_is_not_recommended(parts):
    model = products.ImplicitFactorisation().fit(parts[0])
    customers = model.matrix_.customers[:200]
    shown = model.recommend(customers)
    bought = parts[0].loc[parts[0]["quantity"] > 0, ["customer_id", "product_id"]].drop_duplicates()
    assert shown.merge(bought).empty and len(shown) == 2_000


def test_a_return_is_not_a_purchase():
    data = lines(("a", "xy"), ("b", "x"))
    data.loc[1, "quantity"] = -1.0
    assert products.purchase_matrix(data).products.tolist() == ["x"]


def test_shrinkage_weakens_likeness_seen_in_few_customers():
    data = lines(("a", "xy"), *[(f"c{n}", "xz") for n in range(30)], *[(f"d{n}", "z") for n in range(40)])
    plain, shrunk = (products.ItemToItem(shrinkage=s).fit(data).similarity_[0] for s in (0, 10))
    assert plain[1] / plain[2] > shrunk[1] / shrunk[2]


def test_the_same_seed_gives_the_same_lists(shop):
    first, again = (products.recommendations(shop.tables["order_lines"], random_state=3) for _ in range(2))
    pd.testing.assert_frame_equal(first, again)
    tables.check("recommendations", first)


def test_newcomers_with_a_need_are_in_the_final_lists(shop, planted_needs):
    some = planted_needs.head(300)
    bought = shop.tables["order_lines"]
    without = bought[~bought["customer_id"].isin(some["customer_id"].head(50))]
    table = products.recommendations(without, some)
    by_need = table[table["method"] == "popularity in the need"]
    assert set(by_need["customer_id"]) == set(some["customer_id"].head(50))


def test_a_cut_outside_the_period_is_refused(shop):
    with pytest.raises(DataError, match="leaves one part without order lines"):
        products.split_in_time(shop.tables["order_lines"], "2031-01-01")
