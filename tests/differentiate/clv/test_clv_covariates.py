"""What is known of a customer moves the rates: planted ratios are found, and everything else follows them."""

import numpy as np
import pandas as pd
import pytest
from simulated_shoppers import shoppers

from idic_lab.differentiate import clv
from idic_lab.differentiate.clv.fitted_model import MODELS
from idic_lab.differentiate.clv.grouping import distinct
from idic_lab.errors import DataError, FitError

RATIOS = (1.6, 1.5, 1.3)
PROCESSES = {"bg_nbd": ("buying", "leaving"), "pareto_nbd": ("buying", "leaving"), "gamma_gamma": ("spending",)}


@pytest.fixture(scope="module")
def people():
    return {
        model: shoppers(model, 3000, 26.0, np.random.default_rng(5), web=RATIOS) for model in ("bg_nbd", "pareto_nbd")
    }


def summary_for(model, people):
    return people["pareto_nbd" if model == "pareto_nbd" else "bg_nbd"]


@pytest.fixture(scope="module")
def fitted(people):
    return {model: clv.fit(summary_for(model, people), model, covariates=["web"]) for model in PROCESSES}


@pytest.mark.parametrize("model", ["bg_nbd", "mbg_nbd", "pareto_nbd", "gamma_gamma"])
def test_row_by_row_the_likelihood_and_its_gradient_are_those_of_the_model(people, model):
    likelihood = MODELS[model]
    table = summary_for(model, people).query("frequency > 0").head(400)
    rows, _ = distinct({name: table[name].to_numpy(float) for name in likelihood.columns})
    theta = likelihood.starts(rows)[0]
    value, gradient = likelihood.log_likelihood(theta, rows)
    logs, by_row = likelihood.each(theta, rows)
    assert logs @ rows["weights"] == pytest.approx(value, rel=1e-10)
    assert by_row @ rows["weights"] == pytest.approx(gradient, rel=1e-8, abs=1e-8)


@pytest.mark.parametrize("model", PROCESSES)
def test_planted_ratios_are_found(fitted, model):
    table = fitted[model].coefficients()
    planted = np.log(
        [dict(zip(("buying", "leaving", "spending"), RATIOS, strict=True))[one] for one in PROCESSES[model]]
    )
    assert table["parameter"].tolist() == [f"{process}: web" for process in PROCESSES[model]]
    assert (np.abs(table["coefficient"] - planted) < 3 * table["standard_error"]).all()


@pytest.mark.parametrize("model", ["bg_nbd", "pareto_nbd"])
def test_a_customer_is_told_the_same_as_by_the_model_of_customers_of_that_kind(people, fitted, model):
    model, summary = fitted[model], people[model]
    for web in (0, 1):
        some = summary[summary["web"] == web].head(50)
        alone, answers = model.given(web=web), (clv.alive, lambda *those: clv.predict(*those, 26))
        for ask in (*answers, lambda *those: clv.dert(*those, 0.003)):
            assert ask(model, some).to_numpy() == pytest.approx(ask(alone, some).to_numpy(), rel=1e-9)
        counts = [clv.predict_interval(one, some.head(5), 26)[["low", "high"]].to_numpy() for one in (model, alone)]
        assert (np.abs(counts[0] - counts[1]) <= 1).all()


def test_each_group_is_expected_to_buy_what_it_bought(people, fitted):
    summary = people["bg_nbd"]
    groups = summary["web"].astype(str).to_numpy()
    told = clv.total_interval(fitted["bg_nbd"], summary, 26.0, groups=groups)
    assert summary.groupby(groups)["later"].sum().between(*told.set_index("group")[["low", "high"]].to_numpy().T).all()


def test_the_unit_of_a_covariate_changes_nothing_but_its_ratio(people, fitted):
    there = people["bg_nbd"].assign(web=lambda table: table["web"] * 100.0 + 7)
    model, before = clv.fit(there, covariates=["web"]), fitted["bg_nbd"]
    assert model.log_likelihood_ == pytest.approx(before.log_likelihood_, abs=1e-6)
    before, after = before.coefficients(), model.coefficients()
    assert after["coefficient"].to_numpy() * 100 == pytest.approx(before["coefficient"].to_numpy(), rel=1e-5)
    assert after["z"].to_numpy() == pytest.approx(before["z"].to_numpy(), rel=1e-5)


def test_worth_follows_spending(people, fitted):
    summary = people["bg_nbd"]
    values = clv.value(fitted["bg_nbd"], fitted["gamma_gamma"], summary)
    spend = values["expected_spend"].groupby(summary["web"]).mean()
    assert spend[1] / spend[0] == pytest.approx(RATIOS[2], rel=0.1)
    worth = clv.equity_interval(fitted["bg_nbd"], fitted["gamma_gamma"], summary).iloc[0]
    assert worth["clv"] == pytest.approx(values["clv"].sum())
    assert worth["low"] < worth["clv"] < worth["high"]


def test_an_engine_is_told_the_same(people, fitted):
    duckdb = pytest.importorskip("duckdb")
    summary = people["bg_nbd"].head(800).assign(web=lambda table: table["web"] - 0.5)  # a covariate may be negative
    model = clv.fit(summary, covariates=["web"])
    lazy = duckdb.from_arrow(__import__("pyarrow").Table.from_pandas(summary))
    assert clv.fit(lazy, covariates=["web"]).params_.to_numpy() == pytest.approx(model.params_.to_numpy(), rel=1e-6)
    told = clv.value(model, fitted["gamma_gamma"].given(web=0), lazy).df().set_index("customer_id")["clv"]
    here = clv.value(model, fitted["gamma_gamma"].given(web=0), summary).set_index("customer_id")["clv"]
    assert told.reindex(here.index).to_numpy() == pytest.approx(here.to_numpy(), rel=1e-8)


def test_a_model_with_covariates_is_saved_and_read_by_name(fitted):
    model = fitted["pareto_nbd"]
    again = clv.from_json(model.to_json())
    assert again.params_.equals(model.params_) and again.covariates == model.covariates


def test_a_test_of_the_likelihoods_finds_what_was_planted_and_refuses_what_cannot_be_compared(people, fitted):
    without = clv.fit(people["bg_nbd"])
    assert clv.likelihood_ratio(fitted["bg_nbd"], without)["p_value"] < 1e-6
    with pytest.raises(FitError, match="fewer covariates"):
        clv.likelihood_ratio(without, fitted["bg_nbd"])


def test_a_covariate_that_cannot_serve_is_refused_with_a_way_out(people, fitted):
    summary = people["bg_nbd"]
    for column, values, words in (
        ("shop", "Bern", "get_dummies"),
        ("shop", 1.0, "same for all"),
        ("shop", np.where(np.arange(len(summary)) == 3, np.nan, 1.0), "the first at row 3"),
    ):
        with pytest.raises(DataError, match=words):
            clv.fit(summary.assign(**{column: values}), covariates=[column])
    with pytest.raises(DataError, match="web"):
        clv.fit(summary, covariates=["wob"])
    with pytest.raises(FitError, match="no covariates"):
        clv.fit(pd.DataFrame({"tenure": [1], "churned": [True]}), "sbg", covariates=["web"])
    with pytest.raises(FitError, match=r"model\.given\(web=1\)"):
        clv.expected_purchases_new(fitted["bg_nbd"], 52)
