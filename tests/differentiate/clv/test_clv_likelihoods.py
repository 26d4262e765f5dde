"""The likelihoods by themselves: gradients, grouping, units, and answers that are known another way."""

from math import comb

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.integrate import quad
from scipy.optimize import approx_fprime
from scipy.stats import beta as beta_distribution

from benchmarks.reference import lifetimes, quietly
from idic_lab.differentiate import clv
from idic_lab.differentiate.clv import fitting, gamma_mixtures
from idic_lab.differentiate.clv.fitted_model import MODELS

positive = st.floats(0.05, 20.0)


def histories(model):
    """A few customers of every kind: silent, steady, gone, new."""
    rows = {
        "bg_bb": {"frequency": [0, 1, 3, 6, 2], "recency": [0, 4, 6, 6, 3], "n_periods": [6] * 5},
        "gamma_gamma": {"frequency": [1, 2, 5, 40], "monetary_value": [0.3, 1.1, 2.0, 0.9]},
        "sbg": {"tenure": [1, 2, 9, 9, 0], "churned": [1, 1, 1, 0, 0]},
        "bdw": {"tenure": [1, 2, 9, 9, 0], "churned": [1, 1, 1, 0, 0]},
    }.get(model, {"frequency": [0, 1, 3, 60, 2], "recency": [0, 0.1, 1.9, 1.5, 1.0], "T": [1.5, 2.0, 1.9, 2.0, 1.0]})
    data = {name: np.array(values, dtype=float) for name, values in rows.items()}
    size = len(next(iter(data.values())))
    return data | {"weights": np.arange(1.0, size + 1)}


@pytest.mark.parametrize("model", MODELS)
@given(theta=st.tuples(positive, positive, positive, positive))
def test_the_gradient_is_the_slope_of_the_log_likelihood(model, theta):
    theta = np.array(theta[: len(MODELS[model].parameters)])
    value, gradient = MODELS[model].log_likelihood(theta, histories(model))
    numeric = approx_fprime(theta, lambda t: MODELS[model].log_likelihood(t, histories(model))[0], 1e-6 * theta)
    assert np.isfinite(value)
    np.testing.assert_allclose(gradient, numeric, rtol=1e-3, atol=1e-3 * max(1.0, np.abs(gradient).max()))


@pytest.mark.parametrize("model", ["bg_nbd", "mbg_nbd", "pareto_nbd", "gamma_gamma"])
def test_weighted_distinct_rows_give_the_same_fit(parts, models, model):
    columns = list(MODELS[model].columns)
    grouped = parts.calibration.groupby(columns, as_index=False).size().rename(columns={"size": "customers"})
    fitted = clv.fit(grouped, model, weights="customers")
    assert fitted.params_.to_dict() == pytest.approx(models[model].params_.to_dict(), rel=1e-7)
    assert fitted.log_likelihood_ == pytest.approx(models[model].log_likelihood_, abs=1e-7)


@pytest.mark.parametrize("model", ["bg_nbd", "mbg_nbd", "pareto_nbd"])
def test_another_unit_of_time_changes_units_alone(sample, models, model):
    daily = clv.fit(clv.summarise(sample, "1997-09-30", unit_days=1), model)
    for name, weekly in models[model].params_.items():
        factor = 7 if name in MODELS[model].time_parameters else 1
        assert daily.params_[name] == pytest.approx(weekly * factor, rel=1e-5)
        assert daily.standard_errors_[name] == pytest.approx(models[model].standard_errors_[name] * factor, rel=1e-3)
    purchases = clv.summarise(sample, "1997-09-30")["frequency"].sum()
    difference = daily.log_likelihood_ - models[model].log_likelihood_
    assert difference == pytest.approx(-purchases * np.log(7), abs=1e-5)


@pytest.mark.parametrize("size", [40, 400])  # too small to lead near the top, and large enough
def test_the_million_customer_route_through_a_sample_finds_the_same_maximum(parts, models, monkeypatch, size):
    arrived = []

    def watched(*arguments, approach=fitting._approach):
        arrived.append(approach(*arguments)[1])
        return approach(*arguments)

    monkeypatch.setattr(fitting, "_approach", watched)
    monkeypatch.setattr(fitting, "SAMPLE", size)
    for model in ("bg_nbd", "pareto_nbd", "gamma_gamma"):
        fitted = clv.fit(parts.calibration, model)
        assert fitted.params_.to_dict() == pytest.approx(models[model].params_.to_dict(), rel=1e-5)
    assert any(arrived) == (size == 400)


@pytest.mark.parametrize(
    "theta", [(0.55, 1.5, 0.6, 1.7), (5.0, 20.0, 0.01, 0.02), (0.05, 0.01, 3.0, 40.0), (30.0, 9.0, 8.0, 0.3)]
)
def test_integrals_between_days_are_those_by_quadrature_row_by_row(monkeypatch, theta):
    """Many customers of few frequencies, some of whom bought on the last day; also where panels are too steep for the table."""
    rng = np.random.default_rng(0)
    age = rng.integers(40, 300, 3000) / 150
    frequency = rng.choice([0, 0, 1, 2, 3, 9, 30], 3000).astype(float)
    recency = np.where(frequency > 0, np.ceil(150 * age * rng.random(3000) ** 0.3) / 150, 0.0)
    data = {"frequency": frequency, "recency": recency, "T": age, "weights": rng.integers(1, 5, 3000).astype(float)}
    likelihood, theta = MODELS["pareto_nbd"], np.array(theta)
    by_days = likelihood.log_likelihood(theta, dict(data))
    steep = gamma_mixtures._from_each_day(theta, gamma_mixtures._by_days(data))[0]
    assert not steep.all()
    monkeypatch.setattr(gamma_mixtures, "STEEP", -1.0)
    by_rows = likelihood.log_likelihood(theta, dict(data))
    assert by_days[0] == pytest.approx(by_rows[0], rel=1e-11)
    np.testing.assert_allclose(by_days[1], by_rows[1], rtol=1e-8, atol=1e-9 * np.abs(by_rows[1]).max())


def test_standard_errors_cover_the_planted_truth():
    """Errors divided by standard errors, over twenty simulated populations, should look standard normal."""
    rng = np.random.default_rng(0)
    truth = {"p": 6.0, "q": 4.0, "gamma": 15.0}
    scores = []
    for _ in range(20):
        frequency = rng.integers(1, 8, 800)
        rate = rng.gamma(truth["q"], 1 / truth["gamma"], 800)
        mean = rng.gamma(truth["p"] * frequency) / rate / frequency
        fitted = clv.fit(pd.DataFrame({"frequency": frequency, "monetary_value": mean}), "gamma_gamma")
        scores.append((fitted.params_["q"] - truth["q"]) / fitted.standard_errors_["q"])
    assert abs(np.mean(scores)) < 3 / np.sqrt(20)
    assert 0.6 < np.std(scores) < 1.5


@pytest.mark.parametrize("model", ["bg_nbd", "mbg_nbd"])
@pytest.mark.parametrize("a", [0.3, 1.0, 1.00001, 2.5, 300.0])
def test_expected_purchases_are_the_mean_over_the_dropout_probability(model, a):
    theta, frequency, age, horizon = (0.5, 4.0, a, 2.0), 3.0, 20.0, 30.0
    second = 2.0 + frequency + MODELS[model].offset

    def integrand(p):
        purchases = -np.expm1(-(0.5 + frequency) * np.log1p(p * horizon / (4.0 + age))) / p
        return purchases * beta_distribution.pdf(p, a, second)

    exact = quad(integrand, 0, 1, epsabs=1e-13, epsrel=1e-11, limit=500)[0]
    found = MODELS[model].expected_if_alive(theta, np.array([frequency]), np.array([age]), horizon)
    assert found[0] == pytest.approx(exact, rel=1e-8)


@pytest.mark.parametrize("s", [0.4, 1.0, 2.5])
def test_pareto_nbd_expectation_has_no_hole_at_s_equal_to_one(s):
    model = clv.from_parameters("pareto_nbd", r=0.5, alpha=10.0, s=s, beta=12.0)
    exact = quad(lambda t: 0.5 / 10 * (12 / (12 + t)) ** s, 0, 52)[0]
    assert clv.expected_purchases_new(model, 52) == pytest.approx(exact, rel=1e-9)


def test_pareto_nbd_likelihood_is_the_published_hypergeometric_one(parts, models):
    rows = parts.calibration
    model = models["pareto_nbd"]
    with quietly():
        fitter = lifetimes().ParetoNBDFitter
        theirs = fitter._conditional_log_likelihood(model.theta, rows["frequency"], rows["recency"], rows["T"])
    columns = {name: rows[name].to_numpy(float) for name in model.likelihood.columns}
    one_by_one = [
        model.likelihood.log_likelihood(
            model.theta, {name: values[[row]] for name, values in columns.items()} | {"weights": np.ones(1)}
        )[0]
        for row in range(0, len(rows), 10)
    ]
    np.testing.assert_allclose(one_by_one, theirs[::10], rtol=1e-9)
    together, _ = model.likelihood.log_likelihood(model.theta, columns | {"weights": np.ones(len(rows))})
    assert together == pytest.approx(theirs.sum(), rel=1e-12)


def test_bg_bb_likelihood_of_all_histories_is_one(bg_bb):
    """Six tosses make 64 histories; those with the same frequency and recency are alike, and all add up to 1."""
    total = 0.0
    for recency in range(7):
        for frequency in range(1 if recency else 0, recency + 1):
            ways = comb(recency - 1, frequency - 1) if recency else 1
            row = {"frequency": [frequency], "recency": [recency], "n_periods": [6], "weights": [1.0]}
            value, _ = bg_bb.likelihood.log_likelihood(bg_bb.theta, {k: np.array(v, float) for k, v in row.items()})
            total += ways * np.exp(value)
    assert total == pytest.approx(1.0, abs=1e-12)


COUNTS = np.arange(600.0)


@pytest.mark.parametrize("model", ["bg_nbd", "mbg_nbd", "pareto_nbd"])
def test_probabilities_of_counts_add_up_to_one_and_to_the_expectation(models, model):
    fitted = models[model]
    fresh = fitted.likelihood.count_new(fitted.theta, COUNTS, 39.0)
    assert fresh.sum() == pytest.approx(1, abs=1e-12)
    assert np.dot(fresh, COUNTS) == pytest.approx(clv.expected_purchases_new(fitted, 39), rel=1e-10)
    later = fitted.likelihood.count_if_alive(fitted.theta, np.array(3.0), np.array(30.0), COUNTS, 39.0)
    expected = fitted.likelihood.expected_if_alive(fitted.theta, np.array([3.0]), np.array([30.0]), 39.0)
    assert later.sum() == pytest.approx(1, abs=1e-12)
    assert np.dot(later, COUNTS) == pytest.approx(expected[0], rel=1e-10)


def test_bg_nbd_probabilities_of_counts_are_those_of_lifetimes(models):
    with quietly():
        fitter = lifetimes().BetaGeoFitter()
        fitter.params_ = models["bg_nbd"].params_
        theirs = [fitter.probability_of_n_purchases_up_to_time(39.0, count) for count in range(8)]
    ours = models["bg_nbd"].likelihood.count_new(models["bg_nbd"].theta, COUNTS[:8], 39.0)
    np.testing.assert_allclose(ours, theirs, rtol=1e-12)


def test_the_histogram_holds_all_customers(parts, models, bg_bb, donations):
    table = clv.count_histogram(models["bg_nbd"], parts.calibration)
    assert table["actual"].tolist() == [1411, 439, 214, 100, 62, 38, 29, 64]
    assert table["expected"].sum() == pytest.approx(2357)
    donors = clv.count_histogram(bg_bb, donations, 6, weights="weights")
    assert donors[["actual", "expected"]].sum().tolist() == pytest.approx([11_104, 11_104])
    assert (donors["expected"] / donors["actual"] - 1).abs().max() < 0.06
