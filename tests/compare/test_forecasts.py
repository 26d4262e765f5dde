"""Forecasts over rolling origins: no look ahead, and intervals that know what is common to two models."""

import numpy as np
import pandas as pd
import pytest

from idic_lab import compare, datasets
from idic_lab.errors import DataError, UnknownName


@pytest.fixture(scope="module")
def transactions():
    return datasets.load("cdnow_sample", quiet=True).transactions


def test_every_forecast_has_its_whole_horizon_and_two_before_it(transactions):
    origins = list(compare.rolling_origins(transactions, 3, horizon_weeks=13))
    first, last = transactions["date"].min(), transactions["date"].max()
    assert origins[-1].day + pd.Timedelta(weeks=13) == last
    assert origins[0].day - pd.Timedelta(weeks=26) >= first
    assert {origin.now.duration for origin in origins} == {13.0}


def test_what_is_known_at_an_origin_does_not_change_with_what_comes_later(transactions):
    origin = next(compare.rolling_origins(transactions, 2, 13))
    known = transactions[transactions["date"] <= origin.day + pd.Timedelta(weeks=13)]
    again = next(compare.rolling_origins(known, 1, 13))
    assert again.day == origin.day
    pd.testing.assert_frame_equal(again.now.calibration, origin.now.calibration)
    pd.testing.assert_frame_equal(again.before.holdout, origin.before.holdout)


def test_a_history_shorter_than_three_horizons_is_refused(transactions):
    with pytest.raises(DataError, match="shorter than three horizons"):
        list(compare.rolling_origins(transactions, 2, horizon_weeks=40))


def test_the_two_part_model_learns_the_chance_and_the_number(rng):
    n = 3_000
    table = pd.DataFrame({"frequency": rng.integers(0, 2, n) * 8, "recency": 10.0, "T": 26.0})
    chance, number = np.where(table["frequency"] > 0, 0.7, 0.1), np.where(table["frequency"] > 0, 3, 1)
    bought = (rng.random(n) < chance) * number
    expected = compare.forecasts.TwoPart().fit(table, bought).predict(table)
    assert expected[table["frequency"] > 0].mean() == pytest.approx(2.1, rel=0.1)
    assert expected[table["frequency"] == 0].mean() == pytest.approx(0.1, rel=0.2)


def test_the_two_part_model_does_not_depend_on_the_order_of_its_rows(rng):
    table = pd.DataFrame({"frequency": rng.poisson(2, 300), "recency": rng.uniform(0, 20, 300), "T": 26.0})
    bought = rng.poisson(table["frequency"] / 3)
    mixed = rng.permutation(300)
    first = compare.forecasts.TwoPart().fit(table, bought).predict(table)
    second = compare.forecasts.TwoPart().fit(table.iloc[mixed], bought[mixed]).predict(table)
    np.testing.assert_array_equal(first, second)


def test_the_interval_of_a_difference_is_narrower_than_those_of_both_models_would_suggest(rng):
    actual = rng.gamma(0.5, 4, 1_500)
    rough = actual + rng.normal(0, 3, 1_500)
    slightly_worse = rough + rng.normal(0, 0.8, 1_500)
    difference, low, high = compare.difference_interval(actual, slightly_worse, rough, "rmse", 300)
    assert low < difference < high and low > 0
    _, single_low, single_high = compare.difference_interval(actual, rough, actual, "rmse", 300)
    assert high - low < (single_high - single_low)


def test_a_model_against_itself_differs_by_nothing(rng):
    actual = rng.poisson(1, 200)
    assert compare.difference_interval(actual, actual + 1, actual + 1, "gini", 50) == (0, 0, 0)


def test_an_unknown_measure_is_answered_with_the_nearest():
    with pytest.raises(UnknownName, match="Did you mean 'rmse'"):
        compare.difference_interval([1.0], [1.0], [1.0], "rmes")


def test_where_a_parameter_is_left_open_the_interval_says_which_it_takes_as_found():
    table = pd.DataFrame(
        {
            "customer_id": np.repeat(range(60), 9),
            "amount": 1.0,
            "date": list(pd.date_range("2024-01-01", periods=9, freq="28D")) * 60,
        }
    )
    told = compare.totals(list(compare.rolling_origins(table, 2, 4)))
    assert told[["low", "high"]].notna().all(axis=None) and told["open"].ne("").all()


def test_a_season_and_the_size_of_the_first_purchase_are_told_to_models_of_their_own(transactions):
    origins = list(compare.rolling_origins(transactions, 2, 13))
    assert [origin.in_season is None for origin in origins] == [True, False]
    known = origins[1].now.calibration.set_index("customer_id")["large_first"]
    first = transactions.groupby(["customer_id", "date"])["amount"].sum().groupby("customer_id").first()
    assert first[known].min() > first[~known].max()
    _, forecasts = compare.judge_forecasts(origins)
    early, late = (part for _, part in forecasts.groupby("origin"))
    assert early["BG/NBD with season"].equals(early["BG/NBD"])
    assert not np.allclose(late["BG/NBD with season"], late["BG/NBD"], rtol=0.01)
    once_a_day = transactions.drop_duplicates(["customer_id", "date"]).assign(amount=1.0)
    unpriced = next(compare.rolling_origins(once_a_day, 1, 13))
    _, forecasts = compare.judge_forecasts([unpriced])
    assert forecasts["BG/NBD with first purchase"].equals(forecasts["BG/NBD"])
