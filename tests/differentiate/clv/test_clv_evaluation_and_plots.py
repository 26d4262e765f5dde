"""Judging predictions, the tables behind the figures, and the figures."""

import warnings

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest

from benchmarks import reference
from idic_lab.differentiate import clv
from idic_lab.differentiate.clv.evaluation import top_capture
from idic_lab.errors import DataError, UnknownName


@pytest.fixture(autouse=True)
def close_figures():
    yield
    plt.close("all")


def test_perfect_foresight_gets_full_marks(parts):
    actual = parts.holdout["holdout_frequency"]
    row = clv.evaluate(parts, {"oracle": actual}).iloc[0]
    assert row[["bias", "mae", "rmse"]].tolist() == [0, 0, 0]
    assert row[["correlation", "spearman", "gini"]].tolist() == pytest.approx([1, 1, 1])


def test_the_reverse_order_gets_the_lowest_gini(parts):
    actual = parts.holdout["holdout_frequency"]
    assert clv.evaluate(parts, {"reversed": -actual})["gini"].iloc[0] == pytest.approx(-1)


def test_the_order_of_tied_customers_plays_no_part_in_capture():
    predicted, actual = np.array([1.0, 0, 0, 0]), np.array([1.0, 9, 0, 0])
    forwards = top_capture(predicted, actual, 0.5)
    assert forwards == top_capture(predicted[::-1], actual[::-1], 0.5) == pytest.approx((1 + 3) / 10)


def test_predictions_that_do_not_fit_the_customers_are_refused(parts, expected):
    with pytest.raises(DataError, match="expected one value for each of 2,357 customers"):
        clv.evaluate(parts, {"short": [1.0, 2.0]})
    with pytest.raises(DataError, match="lacks a finite value for 1 customers"):
        clv.evaluate(parts, {"hole": expected["bg_nbd"].where(expected["bg_nbd"].index != 5)})
    with pytest.raises(UnknownName, match="Did you mean 'holdout_spend'"):
        clv.evaluate(parts, {"x": expected["bg_nbd"]}, "holdout_spent")


def test_baselines_need_no_model(parts):
    naive = clv.baselines(parts)
    first = parts.calibration.iloc[0]
    assert naive["past rate"].iloc[0] == pytest.approx(first["frequency"] / first["T"] * 39)
    assert naive["same as before"].sum() == parts.calibration["frequency"].sum()
    assert np.ptp(naive["mean"]) == 0
    money = clv.baselines(parts, "holdout_spend")
    assert money["past rate"].iloc[0] == pytest.approx(naive["past rate"].iloc[0] * first["monetary_value"])


def test_tracking_adds_up_to_the_split(sample, parts, models):
    weeks = clv.tracking(models["bg_nbd"], sample, "1997-09-30")
    assert weeks.loc[~weeks["in_holdout"], "actual"].sum() == parts.calibration["frequency"].sum()
    assert weeks.loc[weeks["in_holdout"], "actual"].sum() == 1882
    assert weeks.loc[38, "end"] == pd.Timestamp("1997-09-30")


def test_equity_shares_add_up(parts, models):
    values = clv.value(models["pareto_nbd"], models["gamma_gamma"], parts.calibration)
    table = clv.equity(values, clv.frequency_class(parts.calibration))
    assert table[["customer_share", "equity_share"]].sum().tolist() == pytest.approx([1, 1])
    assert table["equity"].sum() == pytest.approx(values["residual_value"].sum())
    with pytest.raises(DataError, match="expected one for each of 2,357"):
        clv.equity(values, ["all"])


def test_the_iso_value_map_bends_back(models):
    """At a middling recency there is a frequency beyond which customers are worth less."""
    table = clv.iso_value(models["pareto_nbd"], age=39.0, discount_rate_per_unit=0.0027, max_frequency=15)
    middling = table[(table["recency"] - 20).abs() < 0.4].set_index("frequency")["dert"]
    assert 1 < middling.idxmax() < 15
    recent = table[table["recency"] == 39.0].set_index("frequency")["dert"]
    assert recent.is_monotonic_increasing


def test_the_tracking_figure_states_the_error_of_its_numbers(sample, models):
    weeks = clv.tracking(models["bg_nbd"], sample, "1997-09-30")
    ahead = weeks[weeks["in_holdout"]]
    ax = clv.plot_tracking(weeks)
    assert f"{1 - ahead['expected'].sum() / ahead['actual'].sum():.0%} below" in ax.get_title()
    np.testing.assert_array_equal(ax.lines[0].get_ydata(), weeks["actual_cumulative"])
    assert "weeks" in ax.get_xlabel()


def test_the_expectation_figure_names_the_model_that_came_closest(parts, models):
    table = clv.conditional_expectations(parts, {"Pareto": models["pareto_nbd"], "BG": models["bg_nbd"]})
    ax = clv.plot_conditional_expectations(table)
    errors = {name: np.dot((table[name] - table["actual"]).abs(), table["customers"]) for name in ("Pareto", "BG")}
    assert ax.get_title().startswith(min(errors, key=errors.get))


def test_every_other_figure_draws_its_table_with_a_title_and_labels(sample, models):
    matrix = clv.frequency_recency_matrix(models["bg_nbd"], age=39.0, horizon=39.0)
    iso = clv.iso_value(models["pareto_nbd"], 39.0, 0.0027, 15, spend_model=models["gamma_gamma"], monetary_value=35.0)
    path = clv.alive_path(models["bg_nbd"], sample[sample["customer_id"] == "1"], "1997-09-30")
    drawn = [
        clv.plot_frequency_recency_matrix(matrix),
        clv.plot_frequency_recency_matrix(matrix, "probability_alive"),
        clv.plot_iso_value(iso),
        clv.plot_alive_path(path),
    ]
    for ax in drawn:
        assert ax.get_title()
        assert ax.get_xlabel()
        assert ax.get_ylabel()
        ax.figure.canvas.draw()
    assert f"P(alive) is {path['probability_alive'].iloc[-1]:.2f}" in drawn[3].get_title()


def test_a_figure_uses_the_axes_it_is_given(sample, models):
    _, ax = plt.subplots()
    assert clv.plot_tracking(clv.tracking(models["bg_nbd"], sample, "1997-09-30"), ax=ax) is ax


def test_using_lifetimes_leaves_the_warning_filters_as_they_were(parts):
    before = list(warnings.filters)
    reference.fit(parts.calibration, "bg_nbd")
    assert warnings.filters == before
