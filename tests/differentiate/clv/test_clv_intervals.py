"""Intervals: held to simulated customers whose future is known, and to their own arithmetic."""

import numpy as np
import pandas as pd
import pytest
from simulated_shoppers import TRUTH, shoppers

from idic_lab.differentiate import clv
from idic_lab.errors import DataError

YEAR = 365 / 7


@pytest.mark.parametrize("name", ["bg_nbd", "pareto_nbd"])
def test_intervals_of_95_percent_cover_about_that_often(name):
    """Of twelve right intervals four or more miss once in five hundred times."""
    truth = clv.from_parameters(name, **TRUTH[name], unit_days=7)
    covered = []
    for seed in range(12):
        table = shoppers(name, 2000, YEAR, np.random.default_rng(seed), np.log(1.15) / YEAR)
        model, spend = clv.fit(table, name), clv.fit(table, "gamma_gamma")
        total = clv.total_interval(model, table, YEAR).iloc[0]
        worth = clv.equity_interval(model, spend, table).iloc[0]
        each = clv.predict_interval(model, table, YEAR)
        known = clv.predict(truth, table, YEAR)
        row = {
            "purchases": total["low"] <= table["later"].sum() <= total["high"],
            "equity": worth["low"] <= table["worth"].sum() <= worth["high"],
            "own": table["later"].between(each["low"], each["high"]).mean(),
            "expected": known.between(each["expected_low"], each["expected_high"]).mean(),
        }
        covered.append(row)
    covered = pd.DataFrame(covered)
    assert covered[["purchases", "equity"]].sum().min() >= 9
    assert covered["own"].mean() >= 0.95
    assert covered["expected"].mean() > 0.75


def test_each_doubt_adds_to_the_one_before(parts, models):
    summary = parts.calibration
    each = clv.predict_interval(models["bg_nbd"], summary, 39)
    pd.testing.assert_series_equal(each["expected_purchases"], clv.predict(models["bg_nbd"], summary, 39))
    assert each["expected_purchases"].between(each["expected_low"], each["expected_high"]).all()
    assert (each["low"] <= each["high"]).all() and (each["low"] >= 0).all()
    narrow, wide = (clv.total_interval(models["bg_nbd"], summary, 39, confidence=c).iloc[0] for c in (0.5, 0.95))
    for low, high in (("expected_low", "expected_high"), ("low", "high")):
        assert wide[low] < narrow[low] < narrow["expected_purchases"] < narrow[high] < wide[high]
    assert wide["low"] < wide["expected_low"] and wide["high"] > wide["expected_high"]


def test_a_share_of_a_customers_own_interval_is_missed_by_chance_alone(parts, models):
    each = clv.predict_interval(models["bg_nbd"], parts.calibration, 39)
    happened = parts.holdout["holdout_frequency"]
    assert 0.95 <= happened.between(each["low"], each["high"]).mean() < 1


def test_groups_add_up_to_the_whole_and_are_less_sure(parts, models):
    classes = clv.frequency_class(parts.calibration)
    ask = models["pareto_nbd"], models["gamma_gamma"], parts.calibration
    whole, by_class = clv.equity_interval(*ask), clv.equity_interval(*ask, groups=classes)
    assert by_class["group"].tolist() == ["0", "1", "2", "3", "4", "5", "6", "7+"]
    assert by_class["clv"].sum() == pytest.approx(whole["clv"][0])
    assert by_class["clv"].sum() == pytest.approx(clv.value(*ask)["clv"].sum())
    relative = (by_class["high"] - by_class["low"]) / by_class["clv"]
    assert (relative > (whole["high"] - whole["low"])[0] / whole["clv"][0]).all()
    endless = clv.equity_interval(*ask, horizon_days=None)
    assert endless["clv"][0] == pytest.approx(clv.value(*ask)["residual_value"].sum())
    assert endless["expected_low"][0] < endless["clv"][0] < endless["expected_high"][0]
    assert endless["low"].isna().all()


def test_given_parameters_leave_the_customers_chance_alone():
    model = clv.from_parameters("pareto_nbd", **TRUTH["pareto_nbd"], unit_days=7)
    customers = pd.DataFrame({"frequency": [0, 12], "recency": [0.0, 30.0], "T": [39.0, 31.0], "unit_days": 7})
    each = clv.predict_interval(model, customers, 26)
    assert each["expected_low"].tolist() == pytest.approx(each["expected_high"].tolist())
    assert each["low"].tolist() == [0, 0]
    assert each["high"].iloc[0] < each["expected_purchases"].iloc[1] < each["high"].iloc[1]


def test_bg_bb_intervals_end_at_the_number_of_opportunities(bg_bb, donations):
    each = clv.predict_interval(bg_bb, donations, 5)
    assert each["high"].max() == 5
    assert each["low"].min() == 0


def test_a_parameter_that_the_data_leave_open_is_held_and_the_others_make_the_interval():
    """Nobody leaves; of twelve right intervals four or more miss once in five hundred times."""
    held, left_open = [], []
    for seed in range(12):
        rng = np.random.default_rng(seed)
        rate = rng.gamma(2.0, 0.1, 600)
        recency = 40 * rng.random((600, 60)) * (np.arange(60) < rng.poisson(40 * rate)[:, None])
        table = pd.DataFrame({"frequency": (recency > 0).sum(axis=1), "recency": recency.max(axis=1), "T": 40.0})
        model, later = clv.fit(table), rng.poisson(20 * rate).sum()
        total = clv.total_interval(model, table, 20).iloc[0]
        held.append(total["low"] <= later <= total["high"])
        left_open.append(bool(model.open_))
        assert np.isinf(model.standard_errors_[model.open_]).all()
        assert total["low"] < total["expected_low"] < total["expected_purchases"] < total["expected_high"]
    assert sum(held) >= 9 and sum(left_open) >= 6


def test_models_stand_side_by_side_with_their_evidence(parts):
    table = clv.model_choice(parts.calibration, 39)
    assert table["model"].tolist() == ["MBG/NBD", "BG/NBD", "Pareto/NBD"]
    assert table["weight"].sum() == pytest.approx(1)
    assert table["aic"].iloc[1] == pytest.approx(2 * 4 + 2 * 9582.429, abs=0.02)
    assert table["bic"].iloc[1] == pytest.approx(4 * np.log(2357) + 2 * 9582.429, abs=0.02)
    assert ((table["low"] < table["expected_purchases"]) & (table["expected_purchases"] < table["high"])).all()


def test_choices_that_make_no_sense_are_refused(parts, models):
    with pytest.raises(DataError, match="confidence should be between 0 and 1"):
        clv.total_interval(models["bg_nbd"], parts.calibration, 39, confidence=95)
    with pytest.raises(DataError, match="one entry for each of 2,357"):
        clv.total_interval(models["bg_nbd"], parts.calibration, 39, groups=["all"])


def test_a_newcomer_is_worth_the_first_purchase_and_those_that_follow(models):
    buys, spends = models["pareto_nbd"], models["gamma_gamma"]
    told = clv.new_customer(buys, spends, 364, margin=0.3, cost=20.0)
    later = clv.expected_purchases_new(buys, 52) * told["first"]  # without discounting a little more
    assert told["low"] < told["worth"] < told["high"] and 0.9 * later < told["later"] < later
    assert told["payback_low"] <= told["payback_days"] <= told["payback_high"]
    back = clv.new_customer(buys, spends, told["payback_days"], margin=0.3)
    assert back["worth"] == pytest.approx(20.0, abs=0.01)
    for cost, days in ((told["first"] / 2, 0.0), (told["worth"] * 2, np.inf)):
        assert clv.new_customer(buys, spends, 364, margin=0.3, cost=cost)["payback_days"] == days
