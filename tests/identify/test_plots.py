"""Figures say in their title what the numbers say."""

import matplotlib.pyplot as plt
import pandas as pd
import pytest

from idic_lab import figures, identify
from idic_lab.errors import DataError, UnknownName


@pytest.fixture(autouse=True)
def style_of_the_notebooks():
    with plt.rc_context():
        figures.use_style()
        yield
    plt.close("all")


def test_the_figure_of_costs_states_the_cost_chosen_and_the_lowest(shop):
    curve = identify.threshold_curve(shop.resolution.merges, shop.owners)
    title, best = identify.plot_cost(curve, 0.8).get_title(loc="left"), curve.loc[curve["cost"].idxmin()]
    assert all(told in title for told in (f"{best['cost']:,.0f}", f"{best['threshold']:.2f}"))


def test_evidence_of_a_pair_that_was_not_compared_is_refused(shop):
    with pytest.raises(DataError, match="were not compared"):
        identify.plot_evidence(shop.resolution.pairs, "nobody", "nobody else")


def test_the_card_shows_every_order_and_no_name(shop):
    transactions, records = shop.tables["transactions"], shop.tables["source_records"]
    view = identify.customers(transactions, shop.resolution.links, records)
    busiest = transactions["customer_id"].value_counts().idxmax()
    ax = identify.plot_card(view, transactions, busiest)
    assert len(ax.lines[0].get_xdata()) == (transactions["customer_id"] == busiest).sum()
    known = records[records["customer_id"] == busiest]
    title = ax.get_title(loc="left")
    assert busiest in title
    assert not any(value in title for value in [*known["last_name"].dropna(), *known["email"].dropna()])


def test_a_card_of_nobody_is_refused(shop):
    view = identify.customers(shop.tables["transactions"])
    with pytest.raises(UnknownName, match="Unknown customer 'nobody'"):
        identify.plot_card(view, shop.tables["transactions"], "nobody")


def test_coverage_overlap_and_weights_are_drawn_with_labelled_axes(shop):
    links, records = shop.resolution.links, shop.tables["source_records"]
    for ax in (
        identify.plot_coverage(identify.coverage(records)),
        identify.plot_overlap(identify.overlap(links)),
        identify.plot_weights(identify.weights(shop.resolution.model)),
    ):
        assert ax.get_xlabel() and ax.get_title(loc="left")


def test_customers_known_at_one_source_alone_are_said_to_be_so():
    links = pd.DataFrame({"customer_id": ["a", "b"], "touchpoint": "web_shop"})
    assert identify.plot_overlap(identify.overlap(links)).get_title(loc="left").endswith("one source only: web shop")


def test_disagreement_weighs_against_and_an_email_address_most(shop):
    table = identify.weights(shop.resolution.model)
    different = table[table["level"].str.startswith("All other")]
    assert (different["weight"] < 0).all()
    assert table.loc[table["weight"].idxmax(), "comparison"] in ("email", "home")
