"""Customers shared by the tests of the workbench: small, and where it matters with planted segments."""

import numpy as np
import pytest

from idic_lab import compare, datasets


@pytest.fixture(scope="session")
def cdnow():
    return compare.customers_of(datasets.load("cdnow_sample", quiet=True).transactions, "cdnow_sample", "1997-09-30")


@pytest.fixture(scope="session")
def planted():
    """Respondents by how far apart their segments are planted; 0 plants none."""

    def simulated(separation):
        knobs = {"n": 1_200, "seed": 3, "separation": separation, "segments": separation > 0}
        return compare.load({"name": f"separation {separation}", "basis": "needs", "simulate": knobs})

    return {separation: simulated(separation) for separation in (0, 1.15)}


@pytest.fixture
def rng():
    return np.random.default_rng(5)
