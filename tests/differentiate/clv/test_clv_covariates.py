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


COHORTS = 12


def cohorts(rng, spread, people=60):
    """Customers of as many cohorts, larger and smaller, whose rates of buying differ; and by how much, in logarithms."""
    logarithms = spread * rng.standard_normal(COHORTS)
    sizes = rng.integers(10, 2 * people, COHORTS)
    parts = [
        shoppers("bg_nbd", size, 39.0, rng, web=(np.exp(one), 1.0, 1.0)).query("web == 1").assign(cohort=place)
        for place, (one, size) in enumerate(zip(logarithms, 2 * sizes, strict=True))
    ]
    table = pd.get_dummies(pd.concat(parts, ignore_index=True), columns=["cohort"], prefix_sep=" ")
    return table, [f"cohort {place}" for place in range(COHORTS)], logarithms


def told(model):
    return np.log(model.params_[model.params_.index.str.startswith("buying: ")].to_numpy())


@pytest.fixture(scope="module")
def planted():
    rng, found = np.random.default_rng(8), []
    for _ in range(6):
        table, names, truth = cohorts(rng, 0.3)
        each = clv.fit(table, covariates={"buying": names[1:]})
        found.append((clv.fit(table, pooled={"buying": names}), np.append(0, told(each)), truth, table, names))
    return found


def test_cohorts_that_are_drawn_together_are_nearer_the_truth_than_each_by_itself_or_one_for_all(planted):
    def off(estimates, truth):
        return np.mean((estimates - estimates.mean() - truth + truth.mean()) ** 2)

    errors = np.array([[off(told(m), t), off(each, t), off(0 * t, t)] for m, each, t, *_ in planted]).mean(axis=0)
    assert errors[0] < 0.9 * errors[1] and errors[0] < 0.6 * errors[2]


def test_their_intervals_hold_the_truth_and_small_cohorts_are_drawn_more(planted):
    held, drawn = [], []
    for model, _, truth, table, names in planted:
        bounds = np.log(model.summary().set_index("parameter").loc[[f"buying: {n}" for n in names], ["low", "high"]])
        held.extend((bounds["low"] < truth) & (truth < bounds["high"]))
        drawn.append(np.corrcoef(table[names].sum(), (bounds["high"] - bounds["low"]))[0, 1])
    assert 0.88 < np.mean(held) <= 1
    assert max(drawn) < -0.5


def test_cohorts_that_do_not_differ_are_told_as_one():
    table, names, _ = cohorts(np.random.default_rng(3), 0.0)
    pooled, one = clv.fit(table, pooled=names), clv.fit(table)
    assert np.abs(told(pooled)).max() < 0.1
    assert clv.predict(pooled, table, 26).sum() == pytest.approx(clv.predict(one, table, 26).sum(), rel=0.02)
    assert any("spread" in flag for flag in pooled.flags_)


def test_large_cohorts_speak_for_themselves_and_a_new_one_is_as_all_are():
    table, names, _ = cohorts(np.random.default_rng(4), 0.5, people=1500)
    pooled, each = clv.fit(table, pooled={"buying": names}), clv.fit(table, covariates={"buying": names[1:]})
    assert told(pooled)[1:] - told(pooled)[0] == pytest.approx(told(each), abs=0.05)
    assert pooled.log_likelihood_ == pytest.approx(each.log_likelihood_, abs=5)
    assert pooled.given().params_["alpha"] == pytest.approx(pooled.params_["alpha"], rel=1e-12)
    again = clv.from_json(pooled.to_json())
    assert clv.predict(again, table, 26).equals(clv.predict(pooled, table, 26))
