"""Meridian with its planted truth, simulated once for the stage: a shop of 8,000 people and a campaign of 20,000."""

import pytest

from idic_lab import meridian
from idic_lab.customize import offers


@pytest.fixture(scope="session")
def shop():
    return meridian.simulate(n=8_000, seed=41)


@pytest.fixture(scope="session")
def planted_needs(shop):
    people = shop.truth["people"][["customer_id", "need_segment"]]
    return people.rename(columns={"need_segment": "segment"})


@pytest.fixture(scope="session")
def campaign():
    """Campaign of 20,000 people with profit, and what the offer would have done to each."""
    world = meridian.simulate(n=20_000, seed=42)
    return offers.with_profit(world.tables["campaign_results"]), world.truth["campaign"]


@pytest.fixture(scope="session")
def gains(campaign):
    return offers.uplift(campaign[0], "profit", "X-learner", random_state=1)
