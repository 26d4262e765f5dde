"""In each unfriendly world one assumption of the models does not hold, and nothing else changes."""

from functools import cache

import numpy as np
import pandas as pd
import pytest

from idic_lab.errors import UnknownName
from idic_lab.meridian import simulate
from idic_lab.meridian.settings import WORLDS
from idic_lab.tables import get

N = 3_000


@cache
def shop(world):
    return simulate(N, seed=11, world=world)


def gaps(world) -> pd.Series:
    """Days between purchases of people with at least six, as multiples of the person's mean gap."""
    orders = shop(world).tables["transactions"][["customer_id", "date"]].sort_values(["customer_id", "date"])
    days = orders.groupby("customer_id")["date"].diff().dt.days
    mean, count = (days.groupby(orders["customer_id"]).transform(how) for how in ("mean", "count"))
    return (days / mean)[count >= 5].dropna()


@pytest.mark.parametrize("world", WORLDS)
def test_every_table_of_every_world_keeps_to_its_contract(world):
    for name, data in shop(world).tables.items():
        get(name).check(data)


def test_people_are_more_regular_or_more_clumpy_than_chance():
    spread = {world: gaps(world).std() for world in ("regular", "friendly", "clumpy")}
    assert spread["regular"] < 0.8 * spread["friendly"] < spread["friendly"] < 0.85 * spread["clumpy"]


def test_whoever_bought_once_may_be_gone():
    def alive_after_one_order(world):
        count = shop(world).tables["transactions"]["customer_id"].value_counts()
        alive = shop(world).truth["people"].set_index("customer_id")["alive"]
        return alive[count.index[count == 1]].mean()

    assert alive_after_one_order("friendly") == 1
    assert alive_after_one_order("silent") < 0.7


def test_the_season_is_steep():
    def december_to_november(world):
        dates = shop(world).tables["transactions"]["date"]
        return (dates.dt.month == 12).sum() / (dates.dt.month == 11).sum()

    assert december_to_november("seasonal") > 1.5 * december_to_november("friendly")


def test_purchase_rates_fall_with_the_time_since_the_first():
    def early_share(world):
        orders = shop(world).tables["transactions"]
        first = orders.groupby("customer_id")["date"].transform("min")
        old = first < pd.Timestamp("2024-06-01")
        waited = (orders["date"] - first)[old & (orders["date"] > first)].dt.days
        return waited.between(1, 150).sum() / waited.between(401, 550).sum()

    assert early_share("drifting") > 1.4 * early_share("friendly")


def test_spend_rises_with_frequency():
    people = {world: shop(world).truth["people"] for world in ("friendly", "dependent")}
    tied = {
        world: np.corrcoef(np.log(table["purchase_rate"]), np.log(table["mean_spend"]))[0, 1]
        for world, table in people.items()
    }
    assert abs(tied["friendly"]) < 0.06 < 0.4 < tied["dependent"]


def test_one_trait_ties_the_answers_together_without_segments():
    answers = shop("one_trait").tables["survey_responses"]
    battery = answers[answers["question_id"].str.startswith("N")].pivot_table(
        index="record_id", columns="question_id", values="answer"
    )
    off_diagonal = battery.corr().to_numpy()[np.triu_indices(battery.shape[1], 1)]
    assert np.nanmin(off_diagonal) > 0
    assert set(shop("one_trait").truth["people"]["need_segment"]) == {"none"}


def test_whoever_responds_more_is_contacted_more():
    def tie(world):
        sent = shop(world).tables["interactions"].query("direction == 'outbound'")
        by_record = sent.groupby("record_id")["responded"].agg(["mean", "size"])
        return by_record.corr("spearman").iloc[0, 1]

    assert tie("chosen_contacts") > tie("friendly") + 0.05


# Spend decides in part who is in which segment, and the segment which channel one prefers.
@pytest.mark.parametrize("world", [world for world in WORLDS if world not in ("friendly", "one_trait", "dependent")])
def test_only_what_the_assumption_concerns_is_drawn_anew(world):
    friendly, other = shop("friendly").truth["people"], shop(world).truth["people"]
    for name in ("household", "twin", "consent_email", "heavy_caller", "time_of_day", "need_segment"):
        assert friendly[name].equals(other[name]), name


def test_an_unknown_world_is_refused_with_the_nearest():
    with pytest.raises(UnknownName, match="'seasonal'"):
        simulate(100, world="seasnal")
