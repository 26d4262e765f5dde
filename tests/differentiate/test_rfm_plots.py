"""Plots: the titles say what the numbers are, and the Axes given are the Axes drawn on."""

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest

from idic_lab import datasets
from idic_lab.differentiate import rfm
from idic_lab.errors import DataError, LabError, UnknownName


@pytest.fixture(scope="module")
def rfm_table():
    return rfm.table(datasets.load("cdnow_sample", quiet=True).transactions)


@pytest.fixture(autouse=True)
def closed_figures():
    yield
    plt.close("all")


PLOTS = {
    "lorenz": lambda table, ax: rfm.plot_lorenz(table["monetary"], ax=ax),
    "cutoff": lambda table, ax: rfm.plot_high_value_cutoff(table, 0.1, ax=ax),
    "heatmap": lambda table, ax: rfm.plot_heatmap(table, ax=ax),
    "heatmap of money": lambda table, ax: rfm.plot_heatmap(table, "monetary", ax=ax),
    "segments": lambda table, ax: rfm.plot_segments(table, ax=ax),
    "gains": lambda table, ax: rfm.plot_gains(
        table, table[["customer_id"]].assign(holdout_spend=table["monetary"]), ax=ax
    ),
}


def title(ax):
    return ax.get_title() or ax.get_title(loc="left")


@pytest.mark.parametrize("name", PLOTS)
def test_a_plot_draws_on_the_axes_given_and_on_its_own_otherwise(name, rfm_table):
    ax = plt.figure().subplots()
    assert PLOTS[name](rfm_table, ax) is ax
    own = PLOTS[name](rfm_table, None)
    assert own is not ax
    assert title(own) and own.get_xlabel()
    own.figure.canvas.draw()


def test_titles_state_what_was_computed(rfm_table):
    monetary = rfm_table["monetary"]
    assert f"{rfm.top_share(monetary):.0%}" in title(rfm.plot_lorenz(monetary))
    assert f"{rfm.gini(monetary):.2f}" in title(rfm.plot_lorenz(monetary))
    assert f"{rfm.top_share(monetary, 0.1):.0%} of the revenue" in title(rfm.plot_high_value_cutoff(rfm_table, 0.1))
    first = rfm.segment_summary(rfm_table).iloc[0]
    assert title(rfm.plot_segments(rfm_table)).lower().startswith(first["segment"])
    assert f"{first['share_of_revenue']:.0%} of revenue" in title(rfm.plot_segments(rfm_table))


def test_the_cut_is_the_value_of_the_last_customer_above_it():
    table = pd.DataFrame({"monetary": [100.0, 80.0, 60.0, 40.0, 20.0]})
    assert title(rfm.plot_high_value_cutoff(table, 0.4)) == "The top 40%, from 80.00 up, bring 60% of the revenue"


def test_the_heatmap_leaves_a_cell_without_customers_empty(rfm_table):
    image = rfm.plot_heatmap(rfm_table).images[0].get_array()
    counts = rfm_table.groupby(["r_score", "f_score"]).size()
    assert np.ma.count(np.ma.masked_invalid(image)) == len(counts)
    assert np.nansum(np.ma.filled(np.ma.masked_invalid(image), 0)) == len(rfm_table)


def test_the_distributions_count_every_customer_or_say_who_is_not_shown(rfm_table):
    recency, frequency, monetary = rfm.plot_distributions(rfm_table)
    assert sum(bar.get_height() for bar in recency.patches) == len(rfm_table)
    assert sum(bar.get_height() for bar in frequency.patches) == len(rfm_table)
    shown = sum(bar.get_height() for bar in monetary.patches)
    assert f"({len(rfm_table) - shown:,.0f} customers above" in monetary.get_xlabel()


def test_wrong_choices_are_refused(rfm_table):
    with pytest.raises(UnknownName, match="Did you mean 'monetary'"):
        rfm.plot_heatmap(rfm_table, "money")
    with pytest.raises(LabError, match="three Axes, found 2"):
        rfm.plot_distributions(rfm_table, plt.figure().subplots(1, 2))


def test_both_recencies_of_a_customer_are_drawn_in_days_and_returns_are_not():
    transactions = pd.DataFrame(
        {
            "customer_id": ["often", "often", "often", "once"],
            "date": pd.to_datetime(["2024-01-01", "2024-03-01", "2024-03-20", "2024-01-11"]),
            "amount": [10.0, 10.0, -10.0, 10.0],
        }
    )
    ax = rfm.plot_two_recencies(transactions, "2024-03-31")
    assert {text.get_text() for text in ax.texts} == {"60 days", "30 days", "80 days"}
    assert title(ax) == "Bought last: often. Shortest from first to last purchase: once."
    assert rfm.plot_two_recencies(transactions, "2024-03-31", ax=ax) is ax
    with pytest.raises(DataError, match="0 customers bought by 2023-12-31"):
        rfm.plot_two_recencies(transactions, "2023-12-31")


def test_gains_are_drawn_for_a_share_between_0_and_1(rfm_table):
    holdout = rfm_table[["customer_id"]].assign(holdout_spend=rfm_table["monetary"])
    captured = rfm.capture(rfm_table, holdout, 0.3).set_index("ranking")["captured"]["RFM score, summed"]
    assert title(rfm.plot_gains(rfm_table, holdout, 0.3)) == (
        f"The top 30% by RFM score bring {captured:.0%} of later spend"
    )
    with pytest.raises(LabError, match="fraction"):
        rfm.plot_gains(rfm_table, holdout, 30)
