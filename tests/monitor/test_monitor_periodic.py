"""A replay review by review ends where one run on all the data ends, and goes on after it was killed."""

import re

import matplotlib.pyplot as plt
import pandas as pd
import pytest

from idic_lab import datasets
from idic_lab.errors import DataError, UnknownName
from idic_lab.meridian import simulate
from idic_lab.monitor import kpis
from idic_lab.notebook.lab import gather
from idic_lab.pipeline import reviews, stages
from idic_lab.pipeline import reviews as periodic
from idic_lab.repository import Repository

FINAL = ("value_history", "segment_history", "kpis", "return_on_customer", "segment_migration", "policy")


@pytest.fixture(scope="module")
def shop():
    made = simulate(300, seed=5).tables
    keep = (
        "transactions",
        "order_lines",
        "products",
        "cost_rates",
        "campaign_results",
        "survey_responses",
        "web_events",
    )
    tables = {name: made[name] for name in keep}
    return datasets.Dataset("shop", tables, datasets.Card("shop"))


@pytest.fixture(scope="module")
def replayed(shop):
    repository = Repository()
    gather(shop, repository)
    days = periodic.replay(shop, repository, "quarter", tell=lambda line: None)
    return repository, days


def in_order(table: pd.DataFrame) -> pd.DataFrame:
    return table.sort_values(list(table.columns), ignore_index=True)[sorted(table.columns)]


def test_the_replay_ends_with_the_tables_of_one_run_on_all_the_data(shop, replayed, monkeypatch):
    once = Repository()
    gather(shop, once)
    real = reviews.histories
    monkeypatch.setattr(reviews, "histories", lambda transactions, **_: real(transactions, "quarter"))
    stages.build(once, "kpis")
    for name in FINAL:
        pd.testing.assert_frame_equal(in_order(replayed[0].read(name)), in_order(once.read(name)), rtol=1e-9)


def test_a_killed_replay_goes_on_after_its_last_whole_review(shop, replayed):
    repository = Repository()
    gather(shop, repository)
    done = []

    class Killed(Exception):
        pass

    def kill(line):
        done.append(line)
        if len(done) == 3:
            raise Killed

    with pytest.raises(Killed):
        periodic.replay(shop, repository, "quarter", tell=kill)
    # and in the middle of the fourth review: its values are there, its mark is not
    fourth = replayed[1][3]
    repository.write("value_history", reviews.value_at(shop.transactions, fourth).head(10))
    made = periodic.replay(shop, repository, "quarter", tell=lambda line: None)
    assert made == replayed[1][3:]
    for name in (*FINAL, "action_plan"):
        pd.testing.assert_frame_equal(in_order(repository.read(name)), in_order(replayed[0].read(name)))


def test_a_second_replay_finds_nothing_to_do(shop, replayed):
    assert periodic.replay(shop, replayed[0], "quarter", tell=lambda line: None) == []


def test_a_review_knows_nothing_of_what_came_after(shop, replayed):
    day = replayed[1][1]
    past = shop.transactions[shop.transactions["date"] <= day]
    held = replayed[0].read("value_history")
    held = held[held["review_date"] == day].reset_index(drop=True)
    pd.testing.assert_frame_equal(held, reviews.value_at(past, day, previous=replayed[1][0]), check_names=False)


def test_an_unknown_period_is_refused_with_the_nearest(shop):
    with pytest.raises(UnknownName, match="month"):
        periodic.replay(shop, Repository(), "moth")


def test_every_choice_of_measure_segment_and_review_is_drawn_or_said_not_to_have_been_measured(replayed):
    table = replayed[0].read("kpis")
    _, ax = plt.subplots()
    said = set()
    for review in sorted(table["review_date"].unique()):
        for kpi in table["kpi"].unique():
            for segment in table["segment"].unique():
                ax.clear()
                try:
                    kpis.plot_kpi(table, kpi, segment, until=review, ax=ax)
                except DataError as error:
                    said.add(str(error))
                    continue
                title = " ".join(ax.get_title().split())
                by_segment = table.loc[table["kpi"].eq(kpi), "segment"].ne("all").any()
                assert (f"of '{segment}'" in title) == (by_segment and segment != "all")
                assert ("of everybody" in title) == (not by_segment and segment != "all")
    assert said and all(re.fullmatch(r"'.+' was not measured( for '.+')? up to this review\.", one) for one in said)
    plt.close("all")
