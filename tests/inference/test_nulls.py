"""A null keeps what makes measures hang together, and no groups."""

import numpy as np
import pytest
from scipy.stats import spearmanr

from idic_lab.inference.nulls import one_crowd


@pytest.fixture(scope="module")
def measures():
    """Yes/no answers, rare and frequent ones, counts with many ties and skewed money, on one trait."""
    rng = np.random.default_rng(4)
    trait = rng.normal(size=(4_000, 1))
    latent = np.sqrt(0.5) * trait + np.sqrt(0.5) * rng.normal(size=(4_000, 5))
    answers = latent[:, :3] * [1, 1, -1] > [0.0, 1.3, -0.5]
    counts = np.maximum(np.floor(2 * latent[:, 3]), 0)
    return np.column_stack([answers, counts, np.exp(latent[:, 4])])


def test_every_distribution_and_every_correlation_is_kept(measures):
    drawn = one_crowd(measures).draw(40_000, random_state=2)
    assert np.abs(drawn.mean(axis=0) / measures.mean(axis=0) - 1).max() < 0.05
    assert set(np.unique(drawn[:, 3])) <= set(np.unique(measures[:, 3]))
    assert np.abs(spearmanr(drawn).statistic - spearmanr(measures).statistic).max() < 0.05


def test_classes_leave_their_correlations_and_lose_their_gaps():
    rng = np.random.default_rng(1)
    group = rng.integers(0, 2, 2_000)
    seen = group[:, None] * 8.0 + rng.normal(size=(2_000, 2))
    drawn = one_crowd(seen).draw(random_state=3)
    assert spearmanr(drawn).statistic == pytest.approx(spearmanr(seen).statistic, abs=0.05)

    def apart(table):  # people of whom one measure is of either group
        return ((table[:, 0] > 4) != (table[:, 1] > 4)).mean()

    assert apart(seen) < 0.001 < 0.03 < apart(drawn)


def test_a_measure_that_is_the_same_for_everybody_stays_so():
    seen = np.column_stack([np.ones(50), np.arange(50)])
    drawn = one_crowd(seen).draw(random_state=0)
    assert (drawn[:, 0] == 1).all()


def test_the_same_random_state_gives_the_same_people(measures):
    crowd = one_crowd(measures)
    assert (crowd.draw(100, random_state=5) == crowd.draw(100, random_state=5)).all()
    assert (crowd.draw(100, random_state=5) != crowd.draw(100, random_state=6)).any()
