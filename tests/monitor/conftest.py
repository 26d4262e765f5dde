from __future__ import annotations

import pytest

from idic_lab import history
from idic_lab.datasets import meridian


@pytest.fixture(scope="session")
def sample():
    """The tables of the sample data."""
    return meridian.load_tables()


@pytest.fixture(scope="session")
def histories(sample):
    """Value and segments at the end of each quarter."""
    return history.histories(sample["transactions"], "quarter")
