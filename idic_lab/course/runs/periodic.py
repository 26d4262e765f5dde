"""Periodic review: replay the history of a data set period by period into one repository.

For each review the data are cut to what was known that day, the models are fitted to that, a plan is made with the
policy learnt at the review before, and what the review saw is added to the history. The rows of ``segment_history`` are
written last and so mark a review as done: a replay that was killed goes on after the last review that has them. One
thing is taken from today: which records belong to whom. Linking is not repeated for each review.
"""

from __future__ import annotations

from collections.abc import Callable

import pandas as pd

from idic_lab.datasets import Dataset
from idic_lab.monitor import kpis, loop, migration
from idic_lab.pipeline import reviews, stages
from idic_lab.repository import Repository

SCHEME = "rfm"  # the segmentation that measures are broken down by, and that offers are learnt for
_MARK = "segment_history"
_MEASURED = ("survey_responses", "interactions", "web_events", "identity_links")
_PLANNED = ("transactions", "order_lines", "products", "cost_rates")
_SEED = 20260101
_MADE_BY = "periodic run"


def replay(
    dataset: Dataset, repository: Repository, every: str = "month", tell: Callable[[str], None] = print
) -> list[pd.Timestamp]:
    """Write what each review would have seen and planned into a repository.

    Parameters
    ----------
    dataset : Dataset
    repository : Repository
        Holds the tables of the data set. Receives ``value_history``, ``segment_history``, ``kpis``,
        ``segment_migration``, ``return_on_customer``, ``policy`` and the ``action_plan`` of the last review; reviews
        that it holds already are left as they are.
    every : {"week", "month", "quarter"}
    tell : callable
        Receives one line per review.

    Returns
    -------
    list of Timestamp
        The reviews made now.

    Raises
    ------
    idic_lab.errors.LabError
        For another period, or when the data are too short for two reviews.
    """
    days = reviews.review_dates(dataset.transactions, every)
    if "source_records" in dataset.tables:
        stages.build(repository, "identity_links")
    made = []
    for place, day in enumerate(days):
        if day in reviewed(repository):
            continue
        _review(dataset, repository, days[place - 1] if place else None, day)
        made.append(day)
        tell(f"review {place + 1} of {len(days)}, {day:%Y-%m-%d}: done")
    values, segments = repository.read("value_history"), repository.read("segment_history")
    _write(repository, "segment_migration", migration.segment_migration(segments))
    _write(repository, "return_on_customer", kpis.return_on_customer(values))
    return made


def reviewed(repository: Repository) -> set[pd.Timestamp]:
    """The reviews that a repository holds whole."""
    return set(repository.read(_MARK)["review_date"]) if repository.has(_MARK) else set()


def known(dataset: Dataset, day: pd.Timestamp) -> dict[str, pd.DataFrame]:
    """Every table of a data set cut to what was known at the end of a day; those then still empty are left out."""
    cut = {name: reviews.known_on(data, day) for name, data in dataset.tables.items()}
    return {name: data for name, data in cut.items() if len(data)}


def _review(
    dataset: Dataset, repository: Repository, previous: pd.Timestamp | None, day: pd.Timestamp
) -> None:
    at_hand = known(dataset, day)
    transactions = at_hand["transactions"]
    segments = reviews.segments_at(transactions, day)
    _write(repository, "value_history", reviews.value_at(transactions, day))
    if previous is not None:
        _plan(repository, at_hand, known(dataset, previous).get("campaign_results"))
        _measure(repository, at_hand, previous, day)
    if "campaign_results" in at_hand and repository.has(_MARK):
        _write(repository, "policy", _learnt(repository, at_hand["campaign_results"]))
    _write(repository, _MARK, segments)


def _plan(repository: Repository, at_hand: dict[str, pd.DataFrame], results: pd.DataFrame | None) -> None:
    """The plan of a review, from purchases and from the policy that results known at the review before had taught."""
    desk = Repository()
    for name in _PLANNED:
        if name in at_hand:
            desk.write(name, at_hand[name])
    if results is not None:
        desk.write("policy", _learnt(repository, results))
    stages.build(desk, "portfolio")
    stages.build(desk, "action_plan")
    _write(repository, "action_plan", desk.read("action_plan"))


def _learnt(repository: Repository, results: pd.DataFrame) -> pd.DataFrame:
    log = loop.campaign_log(results, repository.read("segment_history"), SCHEME)
    return loop.learn_policy(log, *loop.economics(results), SCHEME, random_state=_SEED)


def _measure(
    repository: Repository, at_hand: dict[str, pd.DataFrame], previous: pd.Timestamp, day: pd.Timestamp
) -> None:
    held = repository.read("segment_history")
    held = held[held["review_date"].eq(previous) & held["scheme"].eq(SCHEME)]
    sources = {name: at_hand[name] for name in _MEASURED if name in at_hand}
    if repository.has("identity_links"):
        sources["identity_links"] = repository.read("identity_links")
    values = repository.read("value_history")
    now = kpis.measure(day, previous, at_hand["transactions"], segments=held, value_history=values, **sources)
    before = [repository.read("kpis").query("review_date < @day")] if repository.has("kpis") else []
    table = kpis.kpis(pd.concat([*before, now], ignore_index=True))
    _write(repository, "kpis", table[table["review_date"] == day])


def _write(repository: Repository, name: str, data: pd.DataFrame) -> None:
    repository.write(name, data, made_by=_MADE_BY, made_from=("transactions",))
