"""What is asked of a fitted model: purchases, P(alive), spend, value; and how the model is kept."""

import itertools
import json
import pickle

import numpy as np
import pandas as pd
import pytest

from benchmarks.reference import lifetimes, quietly
from idic_lab import tables
from idic_lab.differentiate import clv
from idic_lab.errors import DataError, FitError, UnknownName

MODELS = ["bg_nbd", "mbg_nbd", "pareto_nbd"]


@pytest.mark.parametrize("name", MODELS)
def test_expected_purchases_grow_with_the_horizon_from_zero(parts, models, name):
    steps = [clv.predict(models[name], parts.calibration, weeks) for weeks in (0, 1, 52, 5000)]
    assert np.abs(steps[0]).max() < 1e-12
    assert all((later > earlier).all() for earlier, later in itertools.pairwise(steps))


def test_a_horizon_in_days_is_the_same_time_in_weeks(parts, models):
    weeks = clv.predict(models["bg_nbd"], parts.calibration, 39)
    pd.testing.assert_series_equal(clv.predict(models["bg_nbd"], parts.calibration, 273, unit="days"), weeks)


def test_each_customer_gets_the_same_answer_alone_as_among_others(parts, models):
    for name in MODELS:
        together = clv.predict(models[name], parts.calibration, 39)
        some = parts.calibration.sample(20, random_state=0)
        alone = [clv.predict(models[name], some.loc[[i]], 39).iloc[0] for i in some.index]
        np.testing.assert_allclose(alone, together[some.index], rtol=1e-12)


@pytest.mark.parametrize("name", ["bg_nbd", "mbg_nbd"])
def test_all_to_come_is_the_same_by_few_frequencies_as_customer_by_customer(parts, models, name):
    plain = models[name]
    moved = clv.from_parameters(name, **plain.params_, **{"buying: same": 1.0}, unit_days=7)  # is taken row by row
    some = parts.calibration.iloc[::40].assign(same=1.0)
    np.testing.assert_allclose(clv.dert(plain, some, 0.0027), clv.dert(moved, some, 0.0027), rtol=1e-10)


def test_a_model_of_spend_cannot_predict_purchases(parts, models):
    with pytest.raises(FitError, match="Gamma-Gamma cannot do this; it takes one of BG/NBD"):
        clv.predict(models["gamma_gamma"], parts.calibration, 39)


def test_horizons_and_units_that_make_no_sense_are_refused(parts, models, bg_bb, donations):
    with pytest.raises(DataError, match="found -1"):
        clv.predict(models["bg_nbd"], parts.calibration, -1)
    with pytest.raises(UnknownName, match="Did you mean 'days'"):
        clv.predict(models["bg_nbd"], parts.calibration, 30, unit="day")
    with pytest.raises(DataError, match="whole opportunities"):
        clv.predict(bg_bb, donations, 2.5)


def test_the_alive_path_ends_where_the_summary_stands(sample, parts, models):
    rows = sample[sample["customer_id"] == "1516"]
    customer = parts.calibration[parts.calibration["customer_id"] == "1516"]
    for name in MODELS:
        path = clv.alive_path(models[name], rows, "1997-09-30")
        assert path["probability_alive"].iloc[-1] == pytest.approx(clv.alive(models[name], customer).iloc[0], rel=1e-12)
        assert path["purchase"].sum() == 27
        assert len(path) == 31 * 7 + 1


def test_p_alive_falls_in_silence_and_rises_at_a_purchase(sample, models):
    path = clv.alive_path(models["pareto_nbd"], sample[sample["customer_id"] == "1"], "1998-06-30")
    change = path["probability_alive"].diff().iloc[1:]
    bought = path["purchase"].iloc[1:]
    assert (change[bought] > 0).all()
    assert (change[~bought] < 0).all()


def test_the_alive_path_of_several_customers_is_refused(sample, models):
    with pytest.raises(DataError, match="found 2,357 customers"):
        clv.alive_path(models["bg_nbd"], sample)
    with pytest.raises(DataError, match="before the first purchase"):
        clv.alive_path(models["bg_nbd"], sample[sample["customer_id"] == "1"], "1996-01-01")


def test_expected_spend_lies_between_the_customers_mean_and_the_populations(parts, models):
    p, q, gamma = models["gamma_gamma"].theta
    population = p * gamma / (q - 1)
    own = parts.calibration["monetary_value"].where(parts.calibration["frequency"] > 0, population)
    spend = clv.expected_spend(models["gamma_gamma"], parts.calibration)
    assert spend.between(np.minimum(own, population) - 1e-9, np.maximum(own, population) + 1e-9).all()


@pytest.mark.parametrize("name", MODELS)
def test_value_keeps_its_contract_and_approaches_the_residual_value(parts, models, name):
    near, far = (
        clv.value(models[name], models["gamma_gamma"], parts.calibration, horizon_days=days, margin=0.3)
        for days in (365, 365 * 200)
    )
    tables.check("customer_value", near)
    assert (near["clv"] < near["residual_value"]).all()
    np.testing.assert_allclose(far["clv"], far["residual_value"], rtol=1e-6)
    endless = clv.value(models[name], models["gamma_gamma"], parts.calibration, horizon_days=None, margin=0.3)
    np.testing.assert_allclose(endless["clv"], near["residual_value"], rtol=1e-12)


@pytest.mark.parametrize("name", MODELS)
def test_residual_value_is_dert_times_spend_times_margin(parts, models, name):
    values = clv.value(models[name], models["gamma_gamma"], parts.calibration, margin=0.3)
    residual = clv.dert(models[name], parts.calibration, np.log(1.15) * 7 / 365)
    np.testing.assert_allclose(values["residual_value"], residual * values["expected_spend"] * 0.3, rtol=1e-12)


@pytest.mark.parametrize("name", MODELS)
def test_discounting_by_day_comes_close_to_continuous_discounting(parts, models, name):
    customers = parts.calibration.head(50)
    exact = clv.value(models[name], models["gamma_gamma"], customers, horizon_days=360)["clv"]
    daily = clv.value(models[name], models["gamma_gamma"], customers, payment_days=range(1, 361))["clv"]
    monthly = clv.value(models[name], models["gamma_gamma"], customers, payment_days=range(30, 361, 30))["clv"]
    np.testing.assert_allclose(daily, exact, rtol=3e-4)
    assert (monthly < daily).all()


def test_discounting_by_thirty_days_is_what_lifetimes_computes(parts, models):
    customers = parts.calibration[parts.calibration["frequency"] > 0].head(50)
    with quietly():
        package = lifetimes()
        theirs, spend = package.BetaGeoFitter(), package.GammaGammaFitter()
        theirs.params_, spend.params_ = (models["bg_nbd"].params_, models["gamma_gamma"].params_.rename({"gamma": "v"}))
        theirs.predict = theirs.conditional_expected_number_of_purchases_up_to_time
        columns = [customers[name] for name in ("frequency", "recency", "T", "monetary_value")]
        # In weeks its months have 4.345 of them, and its rate is per such month.
        lifetimes_value = spend.customer_lifetime_value(theirs, *columns, time=12, discount_rate=0.01, freq="W")
    days = 4.345 * 7 * np.arange(1, 13)
    annual = np.exp(12 * np.log(1.01) * 365 / days[-1]) - 1
    ours = clv.value(
        models["bg_nbd"], models["gamma_gamma"], customers, annual_discount_rate=annual, payment_days=days
    )["clv"]
    np.testing.assert_allclose(ours, lifetimes_value, rtol=1e-6)


def test_bg_bb_residual_is_the_sum_of_its_discounted_years(bg_bb, donations):
    alive = clv.alive(bg_bb, donations).to_numpy()
    yearly = bg_bb.likelihood.per_period_if_alive(
        bg_bb.theta, donations["frequency"].to_numpy(float), donations["n_periods"].to_numpy(float), 2000
    )
    summed = alive * (yearly / 1.1 ** np.arange(1, 2001)).sum(axis=1)
    np.testing.assert_allclose(clv.dert(bg_bb, donations, 0.1), summed, rtol=1e-9)


def test_rates_and_margins_that_make_no_sense_are_refused(parts, models):
    ask = models["bg_nbd"], models["gamma_gamma"], parts.calibration
    with pytest.raises(DataError, match="annual_discount_rate should be above 0"):
        clv.value(*ask, annual_discount_rate=0.0)
    with pytest.raises(DataError, match="margin should be a share"):
        clv.value(*ask, margin=30)
    with pytest.raises(DataError, match="ascending"):
        clv.value(*ask, payment_days=[30, 30])
    with pytest.raises(DataError, match="above 0 per unit of time"):
        clv.dert(models["bg_nbd"], parts.calibration, 0.0)


def test_a_model_survives_pickle_and_json(tmp_path, models, bg_bb):
    for model in (*models.values(), bg_bb):
        path = tmp_path / f"{model.model}.json"
        model.to_json(path)
        for copy in (pickle.loads(pickle.dumps(model)), clv.from_json(path), clv.from_json(model.to_json())):
            assert repr(copy) == repr(model)
            pd.testing.assert_frame_equal(copy.covariance_, model.covariance_)


def test_json_is_read_by_name(parts, models):
    """Another program may write the keys in another order."""
    for model in models.values():
        shuffled = clv.from_json(json.dumps(json.loads(model.to_json()), sort_keys=True))
        pd.testing.assert_series_equal(shuffled.params_, model.params_)
        pd.testing.assert_frame_equal(shuffled.covariance_, model.covariance_)
    renamed = models["bg_nbd"].to_json().replace('"alpha"', '"alfa"')
    with pytest.raises(DataError, match="does not hold a model"):
        clv.from_json(renamed)


def test_json_keeps_what_the_data_did_not_determine():
    loyal = pd.DataFrame(
        {"frequency": [1, 2, 3, 4, 5] * 4, "recency": np.linspace(5, 9, 20), "T": np.linspace(5, 9, 20)}
    )
    model = clv.fit(loyal)
    assert np.isinf(model.standard_errors_).any()
    assert clv.from_json(model.to_json()).standard_errors_.equals(model.standard_errors_)


def test_a_file_that_holds_no_model_is_refused(tmp_path):
    with pytest.raises(DataError, match="Cannot read the model file"):
        clv.from_json(tmp_path / "none.json")
    (tmp_path / "other.json").write_text('{"model": "bg_nbd"}')
    with pytest.raises(DataError, match="does not hold a model"):
        clv.from_json(tmp_path / "other.json")


def test_the_table_of_a_model_brackets_each_estimate(models):
    table = models["pareto_nbd"].summary()
    assert ((table["low"] > 0) & (table["low"] < table["estimate"]) & (table["estimate"] < table["high"])).all()
    assert "Pareto/NBD fitted to 2,357 customers" in models["pareto_nbd"]._repr_html_()


def test_given_parameters_are_checked_by_name():
    with pytest.raises(UnknownName, match="Did you mean 'alpha'"):
        clv.from_parameters("bg_nbd", r=1, alfa=1, a=1, b=1)
    with pytest.raises(FitError, match="value above 0 for b"):
        clv.from_parameters("bg_nbd", r=1, alpha=1, a=1)
