"""Products from modules: rules are kept, the best is the best, and the coverage curve is true."""

import itertools

import pandas as pd
import pytest

from idic_lab import tables
from idic_lab.customize import products
from idic_lab.errors import UnknownName


@pytest.fixture(scope="module")
def options(shop):
    return shop.tables["product_options"]


@pytest.fixture(scope="module")
def answers(shop):
    return products.answers_by_customer(shop.tables["survey_responses"], shop.truth["record_owners"])


@pytest.fixture(scope="module")
def fit(options, answers, planted_needs):
    return products.option_fit(options, answers, planted_needs)


def item_ids(options):
    return options["product_id"].unique()


def test_allowed_combinations_are_exactly_those_without_a_reason_to_refuse(options):
    for product in item_ids(options):
        modules = options[options["product_id"] == product].groupby("module", sort=False)["option_id"].apply(list)
        allowed = products.combinations(options, product)[modules.index.tolist()]
        accepted = {tuple(row) for row in allowed.to_numpy()}
        for choice in itertools.product(*modules):
            assert (choice in accepted) == (not products.refusals(options, choice))


def test_an_incompatible_choice_is_refused_with_the_reason(options):
    pair = options.dropna(subset="not_with").iloc[0]
    reasons = products.refusals(options, [pair["option_id"], pair["not_with"]])
    assert any("does not go with" in reason for reason in reasons)
    assert any("Nothing is chosen for" in reason for reason in reasons)


def test_two_options_of_a_module_are_refused(options):
    module = options[options["module"] == options["module"].iloc[0]]
    assert any("Only one of" in reason for reason in products.refusals(options, module["option_id"].head(2)))


def test_an_unknown_option_is_named():
    known = pd.DataFrame({"option_id": ["O01"], "product_id": "p", "module": "m", "option": "o", "not_with": None})
    with pytest.raises(UnknownName, match="O1"):
        products.refusals(known, ["O1"])


def test_no_allowed_combination_fits_a_need_better_than_the_best(options, shop, fit, planted_needs):
    table = products.best_configurations(options, shop.tables["products"], fit, planted_needs)
    tables.check("configurations", table)
    weight = fit.set_index(["segment", "option_id"])["fit"]
    for row in table.itertuples():
        allowed = products.combinations(options, row.product_id)
        modules = [name for name in allowed if name not in ("extra_price", "extra_cost")]
        totals = allowed[modules].apply(lambda picked, need=row.need: sum(weight[need, o] for o in picked), axis=1)
        assert row.fit == pytest.approx(totals.max())
        assert not products.refusals(options, row.option_ids.split(" + "))


def test_the_need_that_watches_prices_gets_the_plain_case(options, shop, fit, planted_needs):
    table = products.best_configurations(options, shop.tables["products"], fit, planted_needs)
    case = table[table["product_id"] == item_ids(options)[0]].set_index("need")
    assert case["price"].idxmin() == "economy" and case["price"].idxmax() == "quality"


def test_fit_is_the_difference_in_shares_of_yes(options, answers, planted_needs, fit):
    option = options.dropna(subset="serves").iloc[0]
    asked = answers[answers["question_id"] == option["serves"]].merge(planted_needs)
    difference = asked.groupby("segment")["answer"].mean() - asked["answer"].mean()
    mine = fit[fit["option_id"] == option["option_id"]].set_index("segment")["fit"]
    pd.testing.assert_series_equal(mine, difference, check_names=False)


def test_more_options_never_cover_fewer_customers_and_all_cover_everybody(options, answers):
    for product in item_ids(options):
        grown = products.coverage(options, answers, product)
        assert grown["covered"].is_monotonic_increasing and grown["covered"].iloc[-1] == 1.0
        assert grown["combinations"].iloc[-1] == len(products.combinations(options, product))
        assert grown["combinations"].iloc[0] == 1


def test_the_latest_of_several_answers_counts():
    said = pd.DataFrame(
        {
            "record_id": ["r1", "r2"],
            "date": pd.to_datetime(["2025-02-01", "2025-01-01"]),
            "question_id": "N01",
            "answer": [0.0, 1.0],
        }
    )
    links = pd.DataFrame({"record_id": ["r1", "r2"], "customer_id": "a"})
    assert products.answers_by_customer(said, links)["answer"].tolist() == [0.0]


def test_nobody_is_proposed_what_is_dearer_than_customers_of_the_need_go(options, shop, fit, planted_needs):
    goods = shop.tables["products"]
    limits = products.price_limits(shop.tables["order_lines"], goods, planted_needs)
    assert limits.idxmin() == "economy" and limits.idxmax() == "quality"
    table = products.best_configurations(options, goods, fit, planted_needs, limits)
    free = products.best_configurations(options, goods, fit, planted_needs)
    for product, part in table.groupby("product_id"):
        list_price = goods.set_index("product_id").loc[product, "list_price"]
        plain = list_price + products.combinations(options, product)["extra_price"].min()
        assert (part["price"] <= plain * part["need"].map(limits).clip(lower=1) + 1e-9).all()
    assert (table["price"] <= free["price"]).all() and (table["price"] < free["price"]).any()
    assert (table["fit"] <= free["fit"] + 1e-9).all()
