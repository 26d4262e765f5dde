from __future__ import annotations

import pytest

from idic_lab.meridian import Meridian, simulate


@pytest.fixture(scope="session")
def shop() -> Meridian:
    """The sample, as the program makes it."""
    return simulate()


@pytest.fixture(scope="session")
def big_shop() -> Meridian:
    """Enough people for trials on prices, offers and contacts."""
    return simulate(n=12_000, seed=11)
