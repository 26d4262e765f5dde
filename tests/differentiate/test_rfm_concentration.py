"""Concentration: known values, the formula against its definition, and intervals that repeat."""

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from idic_lab.differentiate import rfm
from idic_lab.errors import DataError, LabError, UnknownName

amounts = st.lists(st.integers(0, 1000), min_size=1, max_size=40).filter(any)


def test_the_lorenz_curve_of_four_customers():
    curve = rfm.lorenz([1, 2, 3, 4])
    assert curve["share_of_customers"].tolist() == [0, 0.25, 0.5, 0.75, 1]
    assert curve["share_of_value"].tolist() == pytest.approx([0, 0.1, 0.3, 0.6, 1])


@pytest.mark.parametrize(
    ("values", "expected"), [([7, 7, 7], 0), ([0, 0, 0, 5], 3 / 4), ([1, 2, 3], 2 / 9), ([1, 2, 3, 4], 1 / 4), ([5], 0)]
)
def test_gini_of_known_cases(values, expected):
    assert rfm.gini(values) == pytest.approx(expected, abs=1e-12)


def test_gini_of_a_pareto_distribution_is_one_over_two_alpha_minus_one():
    alpha = 3
    quantiles = (1 - (np.arange(200_000) + 0.5) / 200_000) ** (-1 / alpha)
    assert rfm.gini(quantiles) == pytest.approx(1 / (2 * alpha - 1), abs=1e-3)


@given(amounts)
def test_gini_is_half_the_relative_mean_difference(values):
    values = np.array(values, dtype="float64")
    difference = np.abs(values[:, None] - values[None, :]).mean()
    assert rfm.gini(values) == pytest.approx(difference / (2 * values.mean()), abs=1e-9)


@given(amounts, st.integers(2, 5), st.floats(0.01, 0.99))
def test_concentration_changes_with_neither_the_unit_of_money_nor_copies_of_all_customers(values, times, fraction):
    assert rfm.gini(np.array(values) * times) == pytest.approx(rfm.gini(values), abs=1e-9)
    assert rfm.gini(values * times) == pytest.approx(rfm.gini(values), abs=1e-9)
    assert rfm.top_share(values * times, fraction) == pytest.approx(rfm.top_share(values, fraction), abs=1e-9)


@given(amounts, st.floats(0.01, 0.99))
def test_the_top_share_is_never_less_than_the_fraction(values, fraction):
    assert fraction - 1e-9 <= rfm.top_share(values, fraction) <= 1 + 1e-9


@given(amounts, st.data())
def test_on_a_whole_number_of_customers_the_top_share_is_their_sum(values, data):
    assume(len(values) > 1)
    top = data.draw(st.integers(1, len(values) - 1))
    expected = sum(sorted(values, reverse=True)[:top]) / sum(values)
    assert rfm.top_share(values, top / len(values)) == pytest.approx(expected, abs=1e-9)


def test_intervals_repeat_with_their_seed_and_hold_the_estimate():
    values = np.random.default_rng(3).lognormal(3, 1, 400)
    low, high = rfm.interval("gini", values, random_state=1, n_bootstrap=300)
    assert (low, high) == rfm.interval("gini", values, random_state=1, n_bootstrap=300)
    assert (low, high) != rfm.interval("gini", values, random_state=2, n_bootstrap=300)
    assert low < rfm.gini(values) < high


def test_an_interval_of_95_percent_covers_the_truth_about_that_often():
    # The Gini coefficient of an exponential distribution is 1/2.
    generator = np.random.default_rng(5)
    covered = 0
    for _ in range(100):
        low, high = rfm.interval("gini", generator.exponential(size=300), n_bootstrap=200)
        covered += low <= 0.5 <= high
    assert 88 <= covered <= 100


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ([], "there are none"),
        ([1, np.nan], "1 of 2 are missing or infinite"),
        ([1, -2, -3], "2 of 3 are negative"),
        ([0, 0], "total is zero"),
        (["a"], "one number per customer"),
    ],
)
def test_values_without_a_lorenz_curve_are_refused(values, message):
    for function in (rfm.lorenz, rfm.gini, rfm.top_share):
        with pytest.raises(DataError, match=message):
            function(values)


def test_bad_options_are_refused():
    with pytest.raises(LabError, match="fraction should be between 0 and 1, found 20"):
        rfm.top_share([1, 2], 20)
    with pytest.raises(LabError, match="confidence should be between 0 and 1"):
        rfm.interval("gini", [1, 2], confidence=95)
    with pytest.raises(UnknownName, match="Did you mean 'gini'"):
        rfm.interval("ginni", [1, 2])
    with pytest.raises(LabError, match="n_bootstrap"):
        rfm.interval("gini", [1, 2], n_bootstrap=0)
