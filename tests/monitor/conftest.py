from __future__ import annotations

import pytest

from idic_lab import meridian
from idic_lab.pipeline import reviews


@pytest.fixture(scope="session")
def sample():
    """The tables of the sample data."""
    return meridian.load_tables()


@pytest.fixture(scope="session")
def histories(sample):
    """Value and segments at the end of each quarter."""
    return reviews.histories(sample["transactions"], "quarter")
