"""Comparing methods over data sets, against packages that do the same and against numbers worked out by hand."""

import warnings

import numpy as np
import pandas as pd
import pytest
from baycomp import CorrelatedTTest
from scipy.stats import friedmanchisquare

from idic_lab import compare
from idic_lab.compare import statistics
from idic_lab.errors import DataError, UnknownName

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # of the package's own imports
    import scikit_posthocs


@pytest.fixture
def table(rng):
    strength = np.array([0.0, 0.1, 0.15, 0.4, 0.5])
    return pd.DataFrame(rng.normal(strength, 0.2, size=(14, 5)), columns=list("abcde"))


def test_nemenyi_equals_scikit_posthocs(table):
    theirs = scikit_posthocs.posthoc_nemenyi_friedman(table.to_numpy())
    assert compare.nemenyi(table).to_numpy() == pytest.approx(theirs.to_numpy(), abs=1e-8)


def test_friedman_equals_scipy_and_its_f_is_that_of_iman_and_davenport(table):
    ours = compare.friedman(table)
    chi, p = friedmanchisquare(*table.to_numpy().T)
    assert (ours.chi_squared, ours.p_value) == pytest.approx((chi, p))
    assert ours.f == pytest.approx(13 * chi / (14 * 4 - chi))


@pytest.mark.parametrize(("methods", "q"), [(2, 1.960), (4, 2.569), (5, 2.728), (10, 3.164)])
def test_critical_differences_are_those_of_the_published_table(methods, q):
    # Demšar (2006), table 5(a), at 5%.
    expected = q * np.sqrt(methods * (methods + 1) / (6 * 20))
    assert compare.critical_difference(methods, 20) == pytest.approx(expected, rel=5e-4)


def test_two_methods_a_critical_difference_apart_have_a_p_value_of_the_level(table):
    p = compare.nemenyi(table).to_numpy()
    ranks = compare.mean_ranks(table).to_numpy()
    beyond = np.abs(ranks[:, None] - ranks) > compare.critical_difference(5, 14)
    assert ((p < 0.05) == beyond).all() and beyond.any()


@pytest.mark.parametrize("runs", [1, 3])
def test_the_correlated_t_test_equals_baycomp(rng, runs):
    folds = 10
    first, second = rng.normal(0.50, 0.02, folds * runs), rng.normal(0.49, 0.02, folds * runs)
    better, alike, worse = CorrelatedTTest.probs(first, second, 0.01, runs=runs)
    ours = compare.correlated_t_test(first - second, rope=0.01, correlation=1 / folds)
    assert (ours.better, ours.alike, ours.worse) == pytest.approx((better, alike, worse))


def test_repetitions_without_any_variation_are_decided_by_their_value():
    assert compare.correlated_t_test([0.02, 0.02], rope=0.01, correlation=0.1).better == 1
    assert compare.correlated_t_test([0.0, 0.0], rope=0.01, correlation=0.1).alike == 1


def test_the_control_itself_is_not_compared(table):
    found = compare.against_control(table, "a")
    assert found["method"].tolist() == list("bcde")
    assert (found["p_corrected"] >= found["p_value"]).all()
    with pytest.raises(UnknownName, match="Did you mean 'a'"):
        compare.against_control(table, "aa")


def test_seeds_are_averaged_before_data_sets_are_compared():
    rows = [
        (dataset, method, 5, seed, "c", "m", value + seed, "ok", {})
        for dataset, value in (("x", 1.0), ("y", 2.0))
        for method in ("a", "b")
        for seed in (1, 2, 3)
    ]
    results = pd.DataFrame(
        rows, columns=["dataset", "method", "k", "seed", "criterion", "measure", "value", "status", "extra"]
    )
    table = compare.scores_by_dataset(results, "c", "m")
    assert table.to_numpy().tolist() == [[3.0, 3.0], [4.0, 4.0]]


def test_too_few_methods_for_a_rank_test_are_refused(table):
    with pytest.raises(DataError, match="three methods"):
        statistics.friedman(table[["a", "b"]])


def test_an_attractive_method_must_pass_the_knock_outs():
    scores = pd.DataFrame(
        {"stability": [0.9, 0.8, 0.2], "value": [0.4, 0.5, 0.9]}, index=["steady", "balanced", "shaky"]
    )
    matrix = compare.attractiveness(scores, knock_out={"stability": 0.5}).set_index("method")
    assert matrix.loc["shaky", "out"] == "stability 0.20 misses 0.5"
    assert matrix.loc["shaky", "first_share"] == 0


def test_the_weights_decide_between_methods_that_are_each_best_at_something():
    scores = pd.DataFrame({"stability": [1.0, 0.0], "value": [0.0, 1.0]}, index=["steady", "rich"])
    leader = {
        weight: compare.attractiveness(scores, {"stability": weight, "value": 1.0})["method"].iloc[0]
        for weight in (0.5, 2.0)
    }
    assert leader == {0.5: "rich", 2.0: "steady"}
    assert compare.attractiveness(scores)["first_share"].tolist() == pytest.approx([0.5, 0.5], abs=0.05)
