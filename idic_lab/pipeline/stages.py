"""IDIC as an executable contract: what a stage is, which can run, which must wait for which, and how a table is made.

The stages are declared in :mod:`idic_lab.pipeline.all_stages`, each above the function that makes its tables. Reading the list
loads no stage package.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from idic_lab.errors import DataError, UnknownName
from idic_lab.tables import Part

if TYPE_CHECKING:
    import pandas as pd

    from idic_lab.repository import Repository


class Tables(dict):
    """The tables a stage works on: by attribute what it needs, by ``get`` what it can do without.

    >>> tables = Tables(rfm="scores")
    >>> tables.rfm, tables.get("offers"), tables.those("rfm", "offers")
    ('scores', None, {'rfm': 'scores'})
    """

    def __getattr__(self, name: str) -> pd.DataFrame:
        try:
            return self[name]
        except KeyError:
            raise AttributeError(f"The stage was given no table {name!r}.") from None

    def those(self, *names: str) -> dict[str, pd.DataFrame]:
        """Those of the named tables that are there, by name."""
        return {name: self[name] for name in names if name in self}


@dataclass(frozen=True)
class Stage:
    """One step of the course; its function, if any, makes the tables from :class:`Tables`."""

    notebook: str  # its name without ending; the first digit says to which step of IDIC it belongs
    needs: tuple[Part, ...] = ()  # tables, or parts of tables, without which it cannot run
    uses: tuple[Part, ...] = ()  # those it can do without
    remembers: tuple[Part, ...] = ()  # left by a later stage in the round before: read when there, never built for it
    makes: tuple[Part, ...] = ()
    function: Callable[[Tables], dict[str, pd.DataFrame]] | None = None

    @property
    def name(self) -> str:
        return self.function.__name__ if self.function else self.notebook[3:]

    @property
    def step(self) -> str:
        """The step of IDIC it belongs to."""
        return _STEPS[int(self.notebook[0])]

    @property
    def reads(self) -> tuple[Part, ...]:
        """All that it may read."""
        return self.needs + self.uses + self.remembers

    def gives(self, part: Part) -> bool:
        """Whether it makes a table, or a part of one; for a whole table, whether it makes any part of it."""
        return any(made == part or (made.table == part.table and not part.part) for made in self.makes)

    def make(self, tables: Mapping[str, pd.DataFrame]) -> dict[str, pd.DataFrame]:
        """Make the stage's tables from those of its `reads` that exist."""
        return self.function(Tables(tables))


_STEPS = ("IDIC", "Identify", "Differentiate", "Interact", "Customize", "Implement and monitor", "Compare")
STAGES: list[Stage] = []


def stage(notebook: str, *, needs: str = "", uses: str = "", remembers: str = "", makes: str = "") -> Callable:
    """Declare a stage above the function that makes its tables; names are parted by blanks, parts written ``table:part``."""
    parts = [tuple(map(Part.of, names.split())) for names in (needs, uses, remembers, makes)]

    def declare(function: Callable | None) -> Callable | None:
        STAGES.append(Stage(notebook, *parts, function))
        return function

    return declare


@dataclass(frozen=True)
class Planned:
    """A stage of a plan, with the tables it lacks (none: it can run)."""

    stage: Stage
    lacks: tuple[str, ...]


def plan(available: Iterable[str], stages: Iterable[Stage] | None = None) -> list[Planned]:
    """Which stages the tables of a data set can feed, in order; one that can run adds what it makes for those after it.

    >>> [planned.stage.notebook for planned in plan(["transactions"]) if not planned.lacks][:2]
    ['00_start_here', '12_identify_customer_profiles']
    >>> plan([])[2].lacks
    ('source_records',)
    """
    at_hand = set(map(Part.of, available))
    planned = []
    for one in STAGES if stages is None else stages:
        lacks = tuple(str(part) for part in one.needs if part not in at_hand)
        planned.append(Planned(one, lacks))
        if not lacks:
            at_hand.update(one.makes, (Part(made.table) for made in one.makes))
    return planned


def can_be_made(available: Iterable[str]) -> set[Part]:
    """Every table, and part of one, that the stages can make of what there is.

    >>> Part("segments", "rfm") in can_be_made(["transactions"])
    True
    """
    made = [made for planned in plan(available) if not planned.lacks for made in planned.stage.makes]
    return {*made, *(Part(part.table) for part in made)}


def waits_for(stages: Iterable[Stage]) -> dict[str, set[str]]:
    """For each stage the others that must have ended before it begins; those that share no path may run side by side.

    A stage waits for whoever makes what it reads. Where it makes what an earlier one remembers from the round before, it
    waits for that one too, or this round would be taken for the last.

    Returns:
        dict of str to set of str: Notebook to notebooks.

    >>> waits_for(STAGES)["24_differentiate_lifetime_value"]
    {'23_differentiate_buying_and_leaving'}
    """
    stages = list(stages)
    return {
        one.notebook: {
            other.notebook
            for other in stages[:place]
            if any(map(other.gives, one.needs + one.uses)) or any(map(one.gives, other.remembers))
        }
        for place, one in enumerate(stages)
    }


def maker(name: str | Part) -> Stage:
    """The first stage that makes a table, or a part of one; UnknownName when none does.

    >>> maker("customer_value").notebook
    '24_differentiate_lifetime_value'
    """
    for one in STAGES:
        if one.gives(Part.of(name)):
            return one
    raise UnknownName("table that a stage makes", str(name), sorted(str(made) for one in STAGES for made in one.makes))


def build(repository: Repository, name: str | Part, keep: bool = False) -> None:
    """Make a table that the repository lacks, and before it every earlier table it needs.

    Parameters:
        repository: Holds at least the tables of the data set; receives what is made.
        keep: Keep what is made for the next time (:mod:`idic_lab.repository.kept_tables`). For sample data only: a copy
            outside the repository is a copy that forgetting a customer does not reach.
    Raises:
        DataError: When the data set lacks a table on the way.
    """
    if repository.has(name):
        return
    try:
        one = maker(name)
    except UnknownName:
        raise DataError(
            f"This data set has no table '{name}', and no stage makes it. It has: {', '.join(repository.names())}."
        ) from None
    for part in one.needs + one.uses:
        if part in one.needs or part in can_be_made(repository.names()):
            build(repository, part, keep)
    found = [part for part in one.reads if repository.has(part)]
    inputs = {table: repository.read(table) for table in dict.fromkeys(part.table for part in found)}
    if keep:
        from idic_lab.repository import kept_tables

        made = kept_tables.made_or_kept(one.name, one.make, inputs)
    else:
        made = one.make(inputs)
    for table, data in made.items():
        repository.write(table, data, made_by=one.name, made_from=map(str, found))
