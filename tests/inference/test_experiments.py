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
