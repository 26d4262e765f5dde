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


def test_rules_that_nothing_supports_are_refused_with_advice():
    lines = pd.DataFrame({"order_id": ["1", "2"], "product_id": ["x", "y"], "quantity": 1.0})
    with pytest.raises(DataError, match="lower min_support"):
        products.association_rules(lines)


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
    lines = pd.DataFrame(
        {"order_id": list("112"), "product_id": list("xyx"), "quantity": 1.0, "customer_id": "a"}
    )
    goods = pd.DataFrame(
        {"product_id": ["x", "y"], "name": ["X", "Y"], "list_price": [20.0, 10.0], "unit_cost": [8.0, 9.0]}
    )
    pair = pd.DataFrame({"product_id": ["x"], "complement_id": ["y"]})
    assert products.bundles(pair, lines, goods, discount=0.2)["break_even"].isna().all()
