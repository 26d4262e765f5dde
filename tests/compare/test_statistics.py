"""Comparing methods over data sets, against packages that do the same and against numbers worked out by hand."""

import numpy as np
import pandas as pd
import pytest
from scipy.stats import friedmanchisquare

from idic_lab import compare
from idic_lab.compare import statistics
from idic_lab.errors import DataError, LabError


@pytest.fixture
def table(rng):
    strength = np.array([0.0, 0.1, 0.15, 0.4, 0.5])
    return pd.DataFrame(rng.normal(strength, 0.2, size=(14, 5)), columns=list("abcde"))


def test_friedman_equals_scipy_and_its_f_is_that_of_iman_and_davenport(table):
    ours = compare.statistics.friedman(table)
    chi, p = friedmanchisquare(*table.to_numpy().T)
    assert (ours.chi_squared, ours.p_value) == pytest.approx((chi, p))
    assert ours.f == pytest.approx(13 * chi / (14 * 4 - chi))


@pytest.mark.parametrize(("methods", "q"), [(2, 1.960), (4, 2.569), (5, 2.728), (10, 3.164)])
def test_critical_differences_are_those_of_the_published_table(methods, q):
    # Demšar (2006), table 5(a), at 5%.
    expected = q * np.sqrt(methods * (methods + 1) / (6 * 20))
    assert compare.statistics.critical_difference(methods, 20) == pytest.approx(expected, rel=5e-4)


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
    table = compare.statistics.scores_by_dataset(results, "c", "m")
    assert table.to_numpy().tolist() == [[3.0, 3.0], [4.0, 4.0]]


def test_too_few_methods_for_a_rank_test_are_refused(table):
    with pytest.raises(DataError, match="three methods"):
        statistics.friedman(table[["a", "b"]])


def test_an_attractive_method_must_pass_the_knock_outs():
    scores = pd.DataFrame(
        {"stability": [0.9, 0.8, 0.2], "value": [0.4, 0.5, 0.9]}, index=["steady", "balanced", "shaky"]
    )
    matrix = compare.attractiveness(scores, knock_out={"stability": 0.5}).set_index("method")
    assert matrix.loc["shaky", "out"] == "stability 0.2 misses 0.5"
    assert matrix.loc["shaky", "first_share"] == 0


def test_the_weights_decide_between_methods_that_are_each_best_at_something():
    scores = pd.DataFrame({"stability": [1.0, 0.0], "value": [0.0, 1.0]}, index=["steady", "rich"])
    leader = {
        weight: compare.attractiveness(scores, {"stability": weight, "value": 1.0})["method"].iloc[0]
        for weight in (0.5, 2.0)
    }
    assert leader == {0.5: "rich", 2.0: "steady"}
    assert compare.attractiveness(scores)["first_share"].tolist() == pytest.approx([0.5, 0.5], abs=0.05)


def drawn(gains, spread, rng, share=0.0):
    """Rows of a study of one data set, whose draws err together by `share` of their variance."""
    common = rng.normal(size=200)
    return pd.DataFrame(
        [
            {
                "dataset": "d",
                "method": name,
                "k": 3,
                "seed": 1,
                "criterion": "c",
                "measure": "m",
                "status": "ok",
                "value": 0.2 + gain,
                "extra": {
                    "draws": 0.2
                    + gain
                    + spread * (np.sqrt(share) * common + np.sqrt(1 - share) * rng.normal(size=200)),
                    "none": 0.2,
                    "none_draws": [0.2] * 200,
                },
            }
            for name, gain in gains.items()
        ]
    )


def test_the_best_of_several_that_gain_nothing_is_seldom_said_to_beat_none(rng):
    wrong = 0
    for _ in range(300):
        gains = dict(zip("abcdefgh", rng.normal(0, 0.05, 8), strict=True))  # what chance makes of no gain at all
        wrong += compare.against_none(drawn(gains, 0.05, rng), "d", "c")["low"].max() > 0
    assert wrong / 300 < 0.06  # two-sided at 5%: 2.5% expected


def test_what_all_methods_share_does_not_blur_their_differences(rng):
    gains = {"a": 0.30, "b": 0.27, "c": 0.10}
    apart = [
        compare.against_best(drawn(gains, 0.05, rng, share), "d", "c")["told_apart"].tolist() for share in (0.0, 0.99)
    ]
    assert apart == [[False, True], [True, True]]


def test_a_ranking_names_whom_it_leaves_out_and_no_baseline():
    rows = [
        (
            dataset,
            method,
            5,
            1,
            "c",
            "m" if ok else "",
            1.0,
            "ok" if ok else "failed",
            {} if ok else {"reason": "no memory"},
        )
        for dataset in "xyz"
        for method in ("a", "b", "one_segment")
        for ok in [not (method == "b" and dataset == "z")]
    ]
    columns = ["dataset", "method", "k", "seed", "criterion", "measure", "value", "status", "extra"]
    results = pd.DataFrame(rows, columns=columns)
    assert list(compare.statistics.scores_by_dataset(results, "c", "m")) == ["a"]
    assert compare.statistics.left_out(results, "c") == {"b": "failed on 1 of 3 data sets: no memory"}


def test_a_criterion_nobody_was_measured_by_neither_weighs_nor_knocks_out():
    table = pd.DataFrame({"value": [0.9, 0.4], "reach": [np.nan, np.nan]}, index=["a", "b"])
    with_it = compare.attractiveness(table, {"value": 2, "reach": 1}, knock_out={"reach": 0.1})
    pd.testing.assert_frame_equal(with_it, compare.attractiveness(table[["value"]]))
    assert compare.plots.plot_rank_reversal(table).lines
    with pytest.raises(LabError, match="reash"):
        compare.attractiveness(table, {"reash": 1})
