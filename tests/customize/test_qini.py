"""The Qini curve: scikit-uplift's definitions, to the last digit."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from idic_lab.customize import offers
from idic_lab.errors import DataError


def trial(seed=20260101, n=400):
    rng = np.random.default_rng(seed)
    uplift, treated = np.round(rng.normal(size=n), 1), rng.random(n) < 0.4
    outcome = (rng.random(n) < np.clip(0.3 + 0.15 * uplift * treated, 0, 1)).astype(int)
    return outcome, uplift, treated


# scikit-uplift calls what scikit-learn is about to remove.
@pytest.mark.filterwarnings("ignore::FutureWarning")
@pytest.mark.parametrize("seed", range(8))
def test_curve_and_coefficient_equal_those_of_scikit_uplift(seed):
    metrics = pytest.importorskip("sklift.metrics", reason="scikit-uplift is not installed")
    outcome, uplift, treated = trial(seed)
    given_offer = treated.astype(int)
    theirs = metrics.qini_curve(outcome, uplift, given_offer)
    np.testing.assert_allclose(offers.curve(outcome, uplift, treated), theirs)
    score = metrics.qini_auc_score(outcome, uplift, given_offer)
    assert offers.coefficient(outcome, uplift, treated) == pytest.approx(score)


def test_the_values_that_scikit_uplift_0_5_1_gives_on_one_trial():
    data = trial()
    assert offers.coefficient(*data) == pytest.approx(0.19081555351911167, rel=1e-12)
    assert offers.curve(*data)[1].sum() == pytest.approx(187.94337894695954, rel=1e-12)


def test_the_curve_ends_at_the_average_effect_whatever_the_ranking():
    outcome, uplift, treated = trial()
    effect = outcome[treated].mean() - outcome[~treated].mean()
    for ranking in (uplift, -uplift):
        assert offers.curve(outcome, ranking, treated)[1][-1] == pytest.approx(effect * treated.sum())


def test_equal_predictions_count_as_one_step():
    outcome, _, treated = trial()
    x, _ = offers.curve(outcome, np.zeros(len(outcome)), treated)
    assert x.tolist() == [0, len(outcome)]
    assert offers.coefficient(outcome, np.zeros(len(outcome)), treated) == pytest.approx(0)


@given(st.integers(0, 10_000))
def test_no_ranking_beats_the_perfect_one(seed):
    outcome, uplift, treated = trial(seed, 60)
    assert offers.coefficient(outcome, uplift, treated) <= 1 + 1e-9


def test_the_band_holds_the_curve_and_narrows_with_more_customers():
    few, many = (offers.bands(*trial(1, n), random_state=1) for n in (300, 6_000))
    for table, (low, high) in (few, many):
        inner = table.iloc[5:-5]
        assert ((inner["low"] <= inner["gain"]) & (inner["gain"] <= inner["high"])).mean() > 0.95
        assert low < high
    assert np.ptp(many[1]) < 0.5 * np.ptp(few[1])


def test_the_area_of_the_band_agrees_with_area():
    data = trial(4, 2_000)
    low, high = offers.bands(*data, n_bootstrap=300, random_state=2)[1]
    assert low < offers.area(*data) < high


def test_money_has_an_area_and_no_coefficient():
    outcome, uplift, treated = trial()
    money = 17.5 * outcome
    assert offers.area(money, uplift, treated) == pytest.approx(17.5 * offers.area(outcome, uplift, treated))
    with pytest.raises(DataError, match="outcomes of 0 and 1"):
        offers.coefficient(money, uplift, treated)


def test_a_curve_without_control_customers_is_refused():
    with pytest.raises(DataError, match="without it"):
        offers.curve([1, 0], [0.1, 0.2], [True, True])
