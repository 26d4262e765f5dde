"""Intervals hold what they promise: 95 of 100 contain the truth, on data of the kinds the course meets."""

import numpy as np
import pandas as pd
import pytest

from idic_lab.errors import FitError
from idic_lab.inference import intervals
from idic_lab.inference.multiple_tests import holm, written
from idic_lab.inference.regression import regression


def covered(draw, truth, runs=600):
    found = [draw() for _ in range(runs)]
    return np.mean([one.low <= truth <= one.high for one in found])


def test_a_mean_of_skewed_money_is_covered_where_the_plain_interval_is_not(rng):
    assert covered(lambda: intervals.mean(rng.gamma(0.5, size=30)), 0.5, 2000) > 0.93

    def plain():
        x = rng.gamma(0.5, size=30)
        half = 1.96 * x.std(ddof=1) / np.sqrt(30)
        return intervals.Interval(x.mean(), x.mean() - half, x.mean() + half)

    assert covered(plain, 0.5) < 0.91


def test_a_ratio_of_sums_is_covered(rng):
    def draw():
        told = rng.gamma(0.7, size=60)
        return intervals.ratio(told * rng.uniform(0.2, 0.6, 60), told)

    assert 0.92 < covered(draw, 0.4, 2000) < 0.975


def test_answers_of_the_same_customers_are_not_independent(rng):
    def answers():
        n = 1 + rng.poisson(7, 80)
        return rng.binomial(n, rng.beta(0.6, 1.4, 80)), n

    assert 0.93 < covered(lambda: intervals.clustered_share(*answers()), 0.3) < 0.98
    assert covered(lambda: intervals.share(*(part.sum() for part in answers())), 0.3) < 0.85


def test_one_value_has_no_interval_and_equal_values_have_no_width():
    assert np.isnan(intervals.mean([3.0]).low) and np.isnan(intervals.clustered_share([1], [2]).high)
    assert intervals.mean([3.0, 3.0, 3.0]) == (3.0, 3.0, 3.0)


def test_p_values_are_corrected_in_order_and_never_written_as_nought():
    assert holm([0.5, 0.01, 0.9]).tolist() == pytest.approx([1.0, 0.03, 1.0])
    assert len(holm([])) == 0
    assert [written(p) for p in (0.0004, 0.2, float("nan"))] == ["<0.001", "0.200", ""]


def test_a_feature_that_separates_the_outcomes_is_refused():
    features = pd.DataFrame({"constant": 1.0, "late": [0.0, 0.0, 1.0, 1.0]})
    with pytest.raises(FitError, match="separates"):
        regression(features, [0, 0, 1, 1], list("abcd"))
