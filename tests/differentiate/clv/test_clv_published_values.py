"""Every published number the models are held to, within its tolerance."""

import numpy as np
import pandas as pd
import pytest
from scipy.special import hyperu

from benchmarks import reference
from idic_lab.differentiate import clv

WEEKLY_RATE = np.log(1.15) / 52  # 15% a year, as Fader, Hardie & Lee (2005, JMR) compound it by the week

PUBLISHED = {
    "bg_nbd": ({"r": 0.242595, "alpha": 4.41360, "a": 0.79292, "b": 2.42591}, 1e-4, -9582.429, 0.01),
    "pareto_nbd": ({"r": 0.5533, "alpha": 10.578, "s": 0.6062, "beta": 11.669}, 1e-3, -9594.976, 0.01),
    "mbg_nbd": ({"r": 0.525, "alpha": 6.183, "a": 0.891, "b": 1.614}, 1e-3, -9582.136, 0.01),
    "gamma_gamma": ({"p": 6.25, "q": 3.74, "gamma": 15.44}, 0.01, -4055.92, 0.01),
}


@pytest.mark.parametrize("name", PUBLISHED)
def test_parameters_and_log_likelihood_are_the_published_ones(models, name):
    parameters, tolerance, log_likelihood, log_likelihood_tolerance = PUBLISHED[name]
    assert models[name].params_.to_dict() == pytest.approx(parameters, rel=tolerance)
    assert models[name].log_likelihood_ == pytest.approx(log_likelihood, abs=log_likelihood_tolerance)
    assert models[name].converged_


def test_pareto_nbd_standard_errors_are_those_of_btyd(models):
    published = {"r": 0.04763, "alpha": 0.84272, "s": 0.18726, "beta": 6.21055}
    assert models["pareto_nbd"].standard_errors_.to_dict() == pytest.approx(published, rel=0.01)


def test_clvtools_on_37_weeks_of_cdnow(sample):
    """What CLVTools 0.12.1 finds: the fit with its standard errors, and the mean probability of 0, 1, 2, ... repeats."""
    summary = clv.summarise(sample, "1997-09-17")
    model = clv.fit(summary, "pareto_nbd")
    theirs = {"r": 0.545518923, "alpha": 10.281885117, "s": 0.737285043, "beta": 14.544692365}
    errors = {"r": 0.0474457, "alpha": 0.8306335, "s": 0.2723662, "beta": 8.5956690}
    assert model.params_.to_dict() == pytest.approx(theirs, rel=1e-3)
    assert model.standard_errors_.to_dict() == pytest.approx(errors, rel=1e-3)
    assert (model.log_likelihood_, model.aic, model.bic) == pytest.approx(
        (-9147.5451, 18303.0902, 18326.1507), abs=1e-4
    )
    chances = [0.616551146, 0.168305258, 0.080964629, 0.046184915, 0.028561703, 0.018501814, 0.012347948, 0.008413089]
    table = clv.count_histogram(clv.from_parameters("pareto_nbd", **theirs), summary, most=8)[:8]
    assert table["actual"].tolist() == [1432, 436, 208, 100, 60, 36, 27, 21]
    assert (table["expected"] / len(summary)).tolist() == pytest.approx(chances, abs=1e-8)


CLVTOOLS_KINDS = {(0, 0): 1.805746369, (1, 0): 2.205875107, (0, 1): 2.243483327, (1, 1): 2.940437974}


@pytest.mark.parametrize("kind", CLVTOOLS_KINDS)
def test_a_new_customer_of_each_kind_buys_what_clvtools_expects(kind):
    """By the coefficients of CLVTools 0.12.1 for its apparel retailer; it counts the first purchase too."""
    ratios = {"leaving: woman": -0.663440154, "leaving: offline": 0.554368109}
    ratios |= {"buying: woman": 0.300429266, "buying: offline": 0.558332271}
    theta = {"r": 1.69425032, "alpha": 85.66698382, "s": 0.698496615, "beta": 56.48541013}
    model = clv.from_parameters("pareto_nbd", **theta, **{name: np.exp(one) for name, one in ratios.items()})
    of_kind = model.given(**dict(zip(("woman", "offline"), kind, strict=True)))
    assert clv.expected_purchases_new(of_kind, 52) == pytest.approx(CLVTOOLS_KINDS[kind] - 1, abs=1e-7)


def test_bg_bb_on_the_donations(bg_bb):
    published = {"alpha": 1.2035, "beta": 0.7497, "gamma": 0.6568, "delta": 2.7838}
    assert bg_bb.params_.to_dict() == pytest.approx(published, rel=5e-4)
    assert bg_bb.log_likelihood_ == pytest.approx(-33225.58, abs=0.01)
    assert bg_bb.n_customers_ == 11_104


def test_bg_bb_expected_donations(bg_bb, donations):
    five_years = np.dot(clv.predict(bg_bb, donations, 5), donations["weights"])
    assert five_years == pytest.approx(12_884.2, abs=0.1)
    donors = pd.DataFrame({"frequency": [0, 4], "recency": [0, 5], "n_periods": [6, 6]})
    assert clv.predict(bg_bb, donors, 10).tolist() == pytest.approx([0.1302, 3.6279], abs=1e-4)


@pytest.mark.parametrize(("name", "published"), [("pareto_nbd", 1.47343), ("bg_nbd", 1.44400)])
def test_expected_purchases_of_a_new_customer_in_a_year(models, name, published):
    assert clv.expected_purchases_new(models[name], 52) == pytest.approx(published, abs=1e-4)


@pytest.mark.parametrize(
    ("name", "purchases", "probability"), [("pareto_nbd", 25.456, 0.99787), ("bg_nbd", 25.757, 0.96885)]
)
def test_customer_1516(parts, models, name, purchases, probability):
    customer = parts.calibration[parts.calibration["customer_id"] == "1516"]
    assert customer[["frequency", "recency", "T"]].iloc[0].tolist() == pytest.approx([26, 30.857, 31], abs=1e-3)
    assert clv.predict(models[name], customer, 52).iloc[0] == pytest.approx(purchases, abs=2e-3)
    assert clv.alive(models[name], customer).iloc[0] == pytest.approx(probability, abs=2e-3)


def test_of_two_customers_equally_long_silent_the_more_frequent_promises_less(models):
    silent = pd.DataFrame({"frequency": [10, 15, 20, 25], "recency": 20.0, "T": 39.0, "unit_days": 7})
    published = [0.7062, 0.1442, 0.0225, 0.0031]
    assert clv.predict(models["pareto_nbd"], silent, 52).tolist() == pytest.approx(published, abs=1e-3)


def test_tracking_gives_the_published_cumulative_repeat_transactions(sample, models):
    weeks = clv.tracking(models["bg_nbd"], sample, "1997-09-30", "1998-06-30").set_index("period")
    assert len(weeks) == 78
    assert weeks.loc[[20, 25], "actual_cumulative"].tolist() == [1359, 1672]
    assert weeks.loc[[20, 25], "expected_cumulative"].tolist() == pytest.approx([1312.46, 1669.60], abs=0.05)


def test_conditional_expectations_by_calibration_frequency(parts, models):
    named = {"Pareto/NBD": models["pareto_nbd"], "BG/NBD": models["bg_nbd"]}
    table = clv.conditional_expectations(parts, named)
    published = {
        "customers": [1411, 439, 214, 100, 62, 38, 29, 64],
        "actual": [0.237, 0.697, 1.393, 1.560, 2.532, 2.947, 3.862, 6.359],
        "Pareto/NBD": [0.138, 0.600, 1.196, 1.714, 2.399, 2.907, 3.819, 6.403],
        "BG/NBD": [0.225, 0.523, 1.044, 1.520, 2.164, 2.654, 3.504, 6.157],
    }
    assert table["frequency"].tolist() == ["0", "1", "2", "3", "4", "5", "6", "7+"]
    for name, values in published.items():
        assert table[name].tolist() == pytest.approx(values, abs=2e-3), name


@pytest.fixture(scope="module")
def cohort(sample, master):
    """78 weeks of the whole cohort, valued with models of the 1/10 sample; repeat spend above 4,000 left out."""
    summary = clv.summarise(master, "1998-06-30")
    assert len(summary) == 23_570
    summary = summary[summary["frequency"] * summary["monetary_value"] <= 4000]
    tenth = clv.summarise(sample, "1998-06-30")
    purchases, spend = clv.fit(tenth, "pareto_nbd"), clv.fit(tenth, "gamma_gamma")
    residual = clv.dert(purchases, summary, WEEKLY_RATE)
    worth = residual * clv.expected_spend(spend, summary) * 0.3
    return summary, pd.DataFrame({"customer_id": summary["customer_id"], "residual_value": worth})


def test_value_of_the_whole_cohort(cohort):
    summary, values = cohort
    assert len(summary) == 23_560
    assert values["residual_value"].sum() == pytest.approx(1_100_621, abs=10)
    assert values["residual_value"].mean() == pytest.approx(46.72, abs=0.01)


def test_customers_without_a_repeat_are_worth_four_dollars_each_and_five_percent_in_all(cohort):
    summary, values = cohort
    zero = clv.equity(values, clv.frequency_class(summary)).iloc[0]
    assert zero["customers"] == 12_054
    assert zero["mean_value"] == pytest.approx(4.40, abs=0.01)
    assert zero["equity"] == pytest.approx(53_000, rel=0.01)
    assert zero["equity_share"] == pytest.approx(0.05, abs=0.005)


@pytest.fixture(scope="module")
def btyd_78_weeks():
    parameters = {"r": 0.56300, "alpha": 12.5590, "s": 0.40811, "beta": 10.5148}
    return clv.from_parameters("pareto_nbd", **parameters, unit_days=7)


def test_dert_of_the_published_customer(btyd_78_weeks):
    customer = pd.DataFrame({"frequency": [7], "recency": [35.0], "T": [77.86], "unit_days": 7})
    assert clv.dert(btyd_78_weeks, customer, 0.0027).iloc[0] == pytest.approx(1.86418, abs=1e-4)


def test_dert_by_quadrature_is_the_closed_form(btyd_78_weeks, parts):
    """Fader, Hardie & Lee (2005), JMR 42(4), eq. 3, through the confluent hypergeometric function."""
    rows, (r, alpha, s, beta) = parts.calibration, btyd_78_weeks.theta
    scaled = 0.0027 * (beta + rows["T"])
    rate = (r + rows["frequency"]) / (alpha + rows["T"])
    closed = clv.alive(btyd_78_weeks, rows) * rate * (beta + rows["T"]) * scaled ** (s - 1) * hyperu(s, s, scaled)
    np.testing.assert_allclose(clv.dert(btyd_78_weeks, rows, 0.0027), closed, rtol=1e-10)


HOLDOUT = pd.DataFrame(
    {
        "prediction": ["pareto_nbd", "bg_nbd", "mbg_nbd", "past rate", "all zeros"],
        "total": [1666, 1653, 1577, 2930, 0],
        "mae": [0.755, 0.786, 0.765, 1.024, 0.799],
        "rmse": [1.603, 1.608, 1.607, 2.212, 2.206],
        "correlation": [0.630, 0.626, 0.627, 0.584, np.nan],
        "top_decile_capture": [0.474, 0.470, 0.477, 0.458, 0.100],
        "gini": [0.673, 0.662, 0.664, 0.651, np.nan],
    }
).set_index("prediction")


def test_holdout_table(parts, expected):
    table = clv.evaluate(parts, expected).set_index("prediction").loc[HOLDOUT.index]
    assert (table["actual_total"] == 1882).all()
    assert table["total"].tolist() == pytest.approx(HOLDOUT["total"].tolist(), abs=0.6)
    for measure in ("mae", "rmse", "correlation"):
        found, published = table[measure].tolist(), HOLDOUT[measure].tolist()
        assert found == pytest.approx(published, abs=1.1e-3, nan_ok=True), measure
    untied = ["pareto_nbd", "bg_nbd", "mbg_nbd"]
    for measure in ("gini", "top_decile_capture"):
        found, published = table.loc[untied, measure].tolist(), HOLDOUT.loc[untied, measure].tolist()
        assert found == pytest.approx(published, abs=6e-4), measure
    assert table.loc["all zeros", "top_decile_capture"] == pytest.approx(0.100, abs=6e-4)


def test_two_noted_figures_of_the_past_rate_come_from_the_order_of_ties(parts):
    """1,411 customers tie at a rate of 0. By number they give .651 and .458; sharing alike, .666 and .459."""
    rate = clv.baselines(parts)["past rate"].to_numpy()
    number = parts.calibration["customer_id"].astype(int).to_numpy()
    broken = rate - 1e-12 * number
    table = clv.evaluate(parts, {"ties": rate, "by number": broken}).head(2)
    assert table["gini"].tolist() == pytest.approx([0.666, 0.651], abs=6e-4)
    assert table["top_decile_capture"].tolist() == pytest.approx([0.459, 0.458], abs=6e-4)


def test_in_dollars_predicting_zero_for_all_has_the_lower_mean_absolute_error(parts, models, expected):
    spend = clv.expected_spend(models["gamma_gamma"], parts.calibration)
    table = clv.evaluate(parts, {"model": expected["bg_nbd"] * spend}, "holdout_spend").set_index("prediction")
    assert table.loc["all zeros", "mae"] == pytest.approx(30.11, abs=0.01)
    assert table.loc["model", "mae"] == pytest.approx(30.41, abs=0.01)
    assert table.loc["model", "top_decile_capture"] > 4 * table.loc["all zeros", "top_decile_capture"]


@pytest.mark.parametrize("name", ["bg_nbd", "mbg_nbd", "pareto_nbd", "gamma_gamma"])
def test_lifetimes_own_fit_agrees(parts, models, name):
    rows = parts.calibration[parts.calibration["frequency"] > 0] if name == "gamma_gamma" else parts.calibration
    options = {"initial_params": np.ones(4)} if name == "pareto_nbd" else {}
    parameters, log_likelihood = reference.fit(rows, name, **options)
    tolerance = 1e-3 if name == "pareto_nbd" else 1e-5  # Nelder-Mead stops at 1e-4
    assert models[name].params_.to_dict() == pytest.approx(parameters.to_dict(), rel=tolerance)
    assert models[name].log_likelihood_ == pytest.approx(log_likelihood, abs=1e-5)


def test_lifetimes_own_bg_bb_agrees(bg_bb, donations):
    parameters, log_likelihood = reference.fit(donations, "bg_bb", weights="weights")
    assert bg_bb.params_.to_dict() == pytest.approx(parameters.to_dict(), rel=1e-5)
    assert bg_bb.log_likelihood_ == pytest.approx(log_likelihood, abs=1e-5)
