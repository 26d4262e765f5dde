"""A/B tests: how many customers they need, and what looking early costs."""

import numpy as np
import pytest

from idic_lab.errors import DataError, UnknownName
from idic_lab.inference import experiments


def test_boundaries_are_those_of_the_literature():
    # O'Brien-Fleming spending with 5 looks and alpha 0.05, Jennison & Turnbull (2000), and Pocock's
    assert experiments.spending_boundaries(5)["boundary"].to_numpy() == pytest.approx(
        [4.877, 3.357, 2.680, 2.290, 2.031], abs=0.002
    )
    pocock = experiments.spending_boundaries(5, kind="pocock")["boundary"].to_numpy()
    assert pocock == pytest.approx([2.438, 2.427, 2.410, 2.397, 2.386], abs=0.002)
    with pytest.raises(UnknownName, match="pocock"):
        experiments.spending_boundaries(5, kind="pocok")


def test_peeking_inflates_the_error_and_spending_keeps_it():
    table = experiments.peeking_error([1, 10], random_state=1).set_index("looks")
    assert table.loc[1, "peeking"] == pytest.approx(0.05, abs=0.012)
    assert table.loc[10, "peeking"] > 0.15  # Armitage, McPherson & Rowe (1969): 0.193
    assert table.loc[10, "spending"] == pytest.approx(0.05, abs=0.012)


def test_the_sample_size_gives_the_power_it_promises():
    n = experiments.sample_size(0.20, 0.05, power=0.8)
    rng = np.random.default_rng(2)
    a, b = rng.binomial(n, 0.20, 4000) / n, rng.binomial(n, 0.25, 4000) / n
    z = (b - a) / np.sqrt((a + b) / 2 * (1 - (a + b) / 2) * 2 / n)
    assert (np.abs(z) > 1.96).mean() == pytest.approx(0.8, abs=0.03)
    with pytest.raises(DataError):
        experiments.sample_size(0.9, 0.2)


def test_a_trial_of_the_size_said_brings_what_is_said_and_more_than_others():
    people, noise, spread, tries = 2_000, 1.0, 0.1, 40_000
    found, rng = experiments.trial_size(people, noise, spread), np.random.default_rng(3)
    truth = rng.normal(0, spread, (2, tries))

    def earned(arm: int) -> float:
        """Per customer: half of the trial under each treatment, then the one that did better in it for everybody else."""
        seen = truth + rng.normal(0, noise / np.sqrt(arm), truth.shape)
        chosen = truth[seen.argmax(axis=0), np.arange(tries)]
        return float((arm * truth.sum(axis=0) + (people - 2 * arm) * chosen).mean() / people)

    arm = int(found["in_each_arm"])
    best = earned(arm)
    assert best == pytest.approx(found["gain"], abs=0.0015)
    assert best > earned(arm // 5) + 0.002 and best > earned(4 * arm) + 0.002
    assert found["gain"] < found["gain_if_known"] == pytest.approx(truth.max(axis=0).mean(), abs=0.001)


def test_a_trial_is_smaller_than_one_that_has_to_be_significant_and_the_website_of_its_authors_comes_out():
    # Feit & Berman (2019), section 5.1: 100,000 visitors, a share of 0.68, its spread among past tests 0.03
    found = experiments.trial_size(100_000, np.sqrt(0.68 * 0.32), 0.03)
    assert found["in_each_arm"] == 2284 < experiments.sample_size(0.68, 0.68 * 0.02) / 5
    with pytest.raises(DataError, match="above 0"):
        experiments.trial_size(100, 1.0, 0.0)
