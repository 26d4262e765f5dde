"""Shared inputs: a small retailer with clean records, one with ordinary ones, and who is who in each."""

from dataclasses import dataclass

import pandas as pd
import pytest

from idic_lab import identify, meridian


@dataclass
class Retailer:
    """Tables of a simulated retailer, what was resolved, and the truth."""

    tables: dict[str, pd.DataFrame]
    truth: dict[str, pd.DataFrame]
    resolution: identify.Resolution

    @property
    def owners(self) -> pd.DataFrame:
        return self.truth["record_owners"]


def retailer(difficulty: str) -> Retailer:
    simulated = meridian.simulate(700, seed=11, difficulty=difficulty)
    return Retailer(simulated.tables, simulated.truth, identify.resolve(simulated.tables["source_records"]))


@pytest.fixture(scope="session")
def easy() -> Retailer:
    return retailer("easy")


@pytest.fixture(scope="session")
def shop() -> Retailer:
    return retailer("default")
