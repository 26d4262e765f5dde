"""Data that cannot carry a model: a clear refusal, or an answer with a flag; never a NaN."""

import numpy as np
import pandas as pd
import pytest

from idic_lab.differentiate import clv
from idic_lab.errors import DataError, FitError, UnknownName

MODELS = ["bg_nbd", "mbg_nbd", "pareto_nbd"]


def simulate(n, rate, dropout, seed):
    """Customers with the given purchase rates per week, who leave after a purchase with the given probability."""
    rng = np.random.default_rng(seed)
    rows = []
    for _ in range(n):
        age, day, days = int(rng.integers(30, 280)), 0.0, []
        leaves, weekly = dropout(rng), rate(rng)
        while True:
            day += rng.exponential(7 / weekly)
            if day > age:
                break
            days.append(int(np.ceil(day)))
            if rng.random() < leaves:
                break
        distinct = sorted(set(days))
        rows.append((len(distinct), (distinct[-1] if distinct else 0) / 7, age / 7))
    return pd.DataFrame(rows, columns=["frequency", "recency", "T"])


def assert_sound(model, summary):
    """Everything one can ask of a model is a finite number in its range."""
    assert clv.alive(model, summary).between(0, 1).all()
    for quantity in (clv.predict(model, summary, 52), clv.dert(model, summary, 0.003)):
        assert np.isfinite(quantity).all()
        assert (quantity >= 0).all()
    assert not model.params_.isna().any()
    assert not model.standard_errors_.isna().any()


@pytest.mark.parametrize("model", MODELS)
def test_when_nobody_buys_again_the_fit_is_refused(model):
    once = pd.DataFrame({"frequency": 0, "recency": 0.0, "T": np.linspace(1, 40, 500)})
    with pytest.raises(FitError, match="at least 5 customers who bought again, found 0 of 500"):
        clv.fit(once, model)


@pytest.mark.parametrize("model", MODELS)
def test_too_few_customers_are_refused(model, parts):
    with pytest.raises(FitError, match="at least 10 customers, found 9"):
        clv.fit(parts.calibration.head(9), model)


@pytest.mark.parametrize("model", MODELS)
def test_thirty_customers_are_fitted_with_a_flag(model):
    few = simulate(30, lambda rng: rng.gamma(1, 0.5), lambda rng: rng.beta(1, 3), seed=3)
    fitted = clv.fit(few, model)
    assert any("only 30 customers" in flag for flag in fitted.flags_)
    assert_sound(fitted, few)


@pytest.mark.parametrize("model", MODELS)
def test_when_nobody_leaves_the_dropout_parameters_are_flagged_and_the_rest_stands(model):
    loyal = simulate(600, lambda rng: rng.gamma(0.5, 0.3), lambda rng: 0.0, seed=1)
    fitted = clv.fit(loyal, model)
    assert any("limit" in flag or "nearly flat" in flag for flag in fitted.flags_)
    assert fitted.params_["r"] == pytest.approx(0.5, abs=4 * fitted.standard_errors_["r"])
    assert np.isinf(fitted.standard_errors_).any()
    assert_sound(fitted, loyal)
    assert (clv.alive(fitted, loyal) > 0.99).all()


@pytest.mark.parametrize("model", MODELS)
def test_when_everyone_leaves_with_the_same_probability_that_is_what_is_found(model):
    alike = simulate(600, lambda rng: rng.gamma(1, 0.5), lambda rng: 0.3, seed=5)
    fitted = clv.fit(alike, model)
    assert_sound(fitted, alike)
    if model == "bg_nbd":
        a, b = fitted.params_[["a", "b"]]
        assert a / (a + b) == pytest.approx(0.3, abs=0.05)
        assert a > 3  # the distribution of dropout probabilities is narrow


@pytest.mark.parametrize("model", MODELS)
def test_when_everyone_buys_at_the_same_rate_the_fit_runs_to_infinity_and_says_so(model):
    alike = simulate(400, lambda rng: 0.2, lambda rng: 0.0, seed=2)
    fitted = clv.fit(alike, model)
    assert any("limit" in flag or "nearly flat" in flag for flag in fitted.flags_)
    assert_sound(fitted, alike)
    assert fitted.params_["r"] / fitted.params_["alpha"] == pytest.approx(0.2, rel=0.1)


def test_with_the_whole_of_cdnow_there_is_nothing_to_flag(models):
    assert models["bg_nbd"].flags_ == []
    assert models["gamma_gamma"].flags_ == []


def test_an_infinite_mean_dropout_time_is_flagged(models):
    assert any("infinite" in flag for flag in models["pareto_nbd"].flags_)


def spenders(amounts):
    return pd.DataFrame({"frequency": 2, "monetary_value": amounts})


def test_amounts_that_are_all_equal_are_refused():
    with pytest.raises(FitError, match=r"every repeat buyer's mean is 9\.99"):
        clv.fit(spenders(np.full(50, 9.99)), "gamma_gamma")


def test_amounts_that_are_all_zero_are_refused():
    with pytest.raises(FitError, match="amounts above zero"):
        clv.fit(spenders(np.zeros(50)), "gamma_gamma")


def test_repeat_buyers_without_money_are_left_out_and_counted():
    amounts = np.random.default_rng(0).gamma(5, 10, 200)
    fitted = clv.fit(spenders(np.concatenate([amounts, np.zeros(3)])), "gamma_gamma")
    assert fitted.n_customers_ == 200
    assert any(flag.startswith("3 repeat buyers") for flag in fitted.flags_)


def test_without_a_mean_in_the_population_no_spend_is_expected(parts):
    heavy = clv.from_parameters("gamma_gamma", p=6.0, q=0.9, gamma=15.0)
    with pytest.raises(FitError, match=r"q = 0\.9"):
        clv.expected_spend(heavy, parts.calibration)


def test_an_unknown_model_is_named_with_the_nearest(parts):
    with pytest.raises(UnknownName, match="Did you mean 'bg_nbd'"):
        clv.fit(parts.calibration, "bgnbd")


def test_missing_columns_and_impossible_values_are_named(parts):
    summary = parts.calibration
    with pytest.raises(DataError, match="BG/NBD needs the column 'T'"):
        clv.fit(summary.drop(columns="T"))
    with pytest.raises(DataError, match="'recency' has 1 missing, negative or infinite values, the first at row 3"):
        clv.fit(summary.assign(recency=summary["recency"].where(summary.index != 3)))
    with pytest.raises(DataError, match="recency is greater than T in 1 rows"):
        clv.fit(summary.assign(recency=summary["recency"].where(summary.index != 0, 99.0)))
    with pytest.raises(DataError, match="recency should be 0"):
        clv.fit(summary.assign(recency=0.0))


def test_a_summary_in_other_units_than_the_model_is_refused(sample, models):
    daily = clv.summarise(sample, "1997-09-30", unit_days=1)
    with pytest.raises(FitError, match="units of 1 days, the model in units of 7"):
        clv.predict(models["bg_nbd"], daily, 52)
    with pytest.raises(FitError, match="unit_days=1"):
        clv.fit(daily, unit_days=7)


def test_days_are_refused_where_the_unit_is_unknown(parts):
    plain = parts.calibration.drop(columns="unit_days")
    with pytest.raises(FitError, match="does not know how many days"):
        clv.predict(clv.fit(plain), plain, 365, unit="days")
    assert clv.fit(plain, unit_days=7).unit_days_ == 7


def test_the_unit_of_time_survives_what_drops_the_notes_of_a_table(tmp_path, parts, models):
    """Merged, stacked or read back from a file: the same purchases, or a refusal where the unit is gone."""
    summary = parts.calibration
    expected = clv.predict(models["bg_nbd"], summary, 273, unit="days").sum()
    summary.to_csv(tmp_path / "summary.csv", index=False)
    kept = (
        summary.merge(parts.holdout, on="customer_id"),
        pd.concat([summary.head(1000), summary.tail(-1000)]),
        pd.read_csv(tmp_path / "summary.csv"),
    )
    for table in kept:
        assert clv.predict(models["bg_nbd"], table, 273, unit="days").sum() == pytest.approx(expected)
        assert clv.fit(table).unit_days_ == 7
    with pytest.raises(FitError, match="does not say in which"):
        clv.predict(models["bg_nbd"], summary.drop(columns="unit_days"), 39)
    with pytest.raises(FitError, match="the model does not know its own"):
        clv.alive(clv.from_parameters("bg_nbd", r=0.2, alpha=4, a=0.8, b=2.4), summary)


def test_customers_counted_in_two_units_are_refused(sample):
    mixed = pd.concat([clv.summarise(sample, "1997-09-30", unit_days=days) for days in (7, 1)])
    with pytest.raises(FitError, match="mixes units of time: unit_days is 7, 1"):
        clv.fit(mixed)


@pytest.mark.parametrize("seed", [5, 8, 38])
def test_customers_who_do_not_differ_are_fitted_at_the_limit_and_not_refused(seed):
    random = np.random.default_rng(seed)
    days, customers = int(random.integers(30, 400)), int(random.integers(15, 150))
    rows = int(customers * random.uniform(1.2, 8))
    bought = pd.DataFrame({"customer_id": random.integers(0, customers, rows), "amount": 1.0})
    bought["date"] = pd.Timestamp("2025-01-06") + pd.to_timedelta(random.integers(0, days, rows), unit="D")
    for share in (0.5, 0.67, 1):
        end = pd.Timestamp("2025-01-06") + pd.Timedelta(days=int(days * share))
        for model in ("bg_nbd", "mbg_nbd", "pareto_nbd"):
            fitted = clv.fit(clv.summarise(bought, observation_end=end), model)
            expected = clv.expected_purchases_new(fitted, 10)
            assert 0 < float(expected) < 100
