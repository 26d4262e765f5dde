"""Complements: planted pairs are found, pairs of mere taste are not, and bundles add up."""

import pandas as pd
import pytest

from idic_lab.customize import products
from idic_lab.errors import DataError


@pytest.fixture(scope="module")
def planted(shop):
    return {frozenset(pair) for pair in shop.truth["complements"].iloc[:, :2].to_numpy()}


def pairs(table):
    return {frozenset(pair) for pair in table[["product_id", "complement_id"]].to_numpy()}


@pytest.fixture(scope="module")
def within_customers(shop):
    return products.complements(shop.tables["order_lines"])


def test_the_planted_complements_are_found_and_no_others(within_customers, planted):
    found = pairs(within_customers)
    assert len(found & planted) >= len(planted) - 1
    assert not found - planted


def test_comparing_with_all_orders_takes_taste_for_complements(shop, planted):
    found = pairs(products.complements(shop.tables["order_lines"], compare="all orders"))
    assert found >= planted and len(found - planted) > 10


def test_products_shuffled_between_orders_of_a_customer_are_no_complements(shop):
    lines = shop.tables["order_lines"].query("quantity > 0").head(20_000)
    shuffled = lines.assign(
        product_id=lines.groupby("customer_id")["product_id"].transform(
            lambda bought: bought.sample(frac=1, random_state=1).to_numpy()
        )
    )
    assert len(products.complements(shuffled)) <= 1


def test_lift_and_confidence_of_a_rule_worked_out_by_hand():
    lines = pd.DataFrame({"order_id": list("112234"), "product_id": list("xyxyxz"), "quantity": 1.0})
    rule = products.association_rules(lines, min_support=0.3).query("product_id == 'x'").iloc[0]
    assert rule[["also", "support", "confidence", "lift"]].tolist() == ["y", 0.5, 2 / 3, pytest.approx(4 / 3)]


def test_where_no_pair_is_common_the_commonest_is_taken():
    lines = pd.DataFrame({"order_id": list("1123"), "product_id": list("xyxz"), "quantity": 1.0})
    assert sorted(products.association_rules(lines)["product_id"]) == ["x", "y"]


def test_orders_of_one_product_each_have_no_rules():
    lines = pd.DataFrame({"order_id": ["1", "2"], "product_id": ["x", "y"], "quantity": 1.0})
    with pytest.raises(DataError, match="No order holds two products"):
        products.association_rules(lines)


def test_rules_are_those_that_counting_every_pair_gives(shop):
    """The answer of mlxtend's association_rules on the same lines is the same, row for row."""
    lines = shop.tables["order_lines"]
    baskets = lines[lines["quantity"] > 0].groupby("order_id")["product_id"].agg(set)
    rules = products.association_rules(lines, min_support=0.002)
    for rule in rules.iloc[:: len(rules) // 5].itertuples():
        first, second = (baskets.map(lambda held, item=item: item in held) for item in (rule.product_id, rule.also))
        assert rule.support == pytest.approx((first & second).mean())
        assert rule.confidence == pytest.approx((first & second).sum() / first.sum())
        assert rule.lift == pytest.approx((first & second).mean() / first.mean() / second.mean())


def test_an_amount_without_a_quantity_is_enough(shop):
    lines = shop.tables["order_lines"]
    bare = lines.drop(columns=["quantity", "unit_price"])
    pd.testing.assert_frame_equal(products.association_rules(bare), products.association_rules(lines))
    pd.testing.assert_frame_equal(products.complements(bare), products.complements(lines))
    few = bare[bare["customer_id"].isin(bare["customer_id"].unique()[:200])]
    assert products.recommendations(few)["customer_id"].nunique() > 150


def test_of_a_large_assortment_the_products_that_most_bought_are_kept():
    lines = pd.DataFrame({"order_id": list("112233"), "customer_id": list("aabbcc"), "product_id": list("xyxyxz")})
    assert products.purchase_matrix(lines, most_products=2).products.tolist() == ["x", "y"]
    assert products.purchase_matrix(lines, most_products=2).counts.sum() == 5


def test_a_bundle_pays_from_its_break_even_on():
    lines = pd.DataFrame(
        {"order_id": list("1122345"), "product_id": list("xyxyxxx"), "quantity": 1.0, "customer_id": "a"}
    )
    goods = pd.DataFrame(
        {"product_id": ["x", "y"], "name": ["X", "Y"], "list_price": [20.0, 10.0], "unit_cost": [8.0, 4.0]}
    )
    pair = pd.DataFrame({"product_id": ["x"], "complement_id": ["y"]})
    row = products.bundles(pair, lines, goods, discount=0.2).iloc[0]
    assert row[["price", "margin", "anyway", "alone"]].tolist() == [28.0, 16.0, 2, 3]
    # Two orders lose the discount of 2; each order tempted adds 10 - 2 - 4 = 4.
    assert row["break_even"] * row["alone"] * row["gain_each"] == pytest.approx(row["cost"]) == 4.0


def test_a_bundle_that_cannot_pay_has_no_break_even():
    lines = pd.DataFrame({"order_id": list("112"), "product_id": list("xyx"), "quantity": 1.0, "customer_id": "a"})
    goods = pd.DataFrame(
        {"product_id": ["x", "y"], "name": ["X", "Y"], "list_price": [20.0, 10.0], "unit_cost": [8.0, 9.0]}
    )
    pair = pd.DataFrame({"product_id": ["x"], "complement_id": ["y"]})
    assert products.bundles(pair, lines, goods, discount=0.2)["break_even"].isna().all()


def test_of_thousands_of_pairs_a_figure_shows_twenty():
    pairs = [f"p{number:03}" for number in range(200)]
    table = pd.DataFrame({"product_id": pairs, "complement_id": "x", "together": 9.0, "expected": 1.0})
    ax = products.plot_complements(table)
    assert len(ax.get_yticks()) == 20
    assert ax.get_title().startswith("Share orders more often than chance explains: 200 pairs; the 20")
