"""IDIC as an executable contract: the one list of stages.

Each stage says which tables it needs, which it makes, the function that makes them and the notebook that teaches it.
From this list come the order of a run, the check whether a data set can feed a notebook, the building of a missing
earlier table when a notebook is opened alone, and the table of stages in the docs. Stage packages do not import each
other; they are joined in :mod:`idic_lab.pipeline.stage_functions`.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import pandas as pd

from idic_lab.errors import DataError, UnknownName
from idic_lab.repository import Repository, kept_tables


@dataclass(frozen=True)
class Stage:
    """One step of the course.

    Attributes
    ----------
    name : str
    step : str
        The step of IDIC it belongs to.
    needs : tuple of str
        Tables without which it cannot run. ``table:partition`` names one part of a table, as in ``segments:rfm``.
    makes : tuple of str
        Tables it makes.
    function : str or None
        Name of the function in :mod:`idic_lab.pipeline.stage_functions` that makes them. A name and not the function itself,
        so that reading the list does not load every package that any stage works with.
    notebook : str
        Name of the notebook, without its ending.
    uses : tuple of str
        Tables it can do without.
    remembers : tuple of str
        Tables that a later stage left in the round before: read when they are there, never built for it.
    """

    name: str
    step: str
    needs: tuple[str, ...]
    makes: tuple[str, ...]
    function: str | None
    notebook: str
    uses: tuple[str, ...] = ()
    remembers: tuple[str, ...] = ()

    def make(self, **inputs: pd.DataFrame) -> dict[str, pd.DataFrame]:
        """Make the stage's tables from those of `needs`, `uses` and `remembers` that exist."""
        from idic_lab.pipeline import stage_functions

        return getattr(stage_functions, self.function)(**inputs)


@dataclass(frozen=True)
class Planned:
    """A stage of a plan, with the tables it lacks (none: it can run)."""

    stage: Stage
    lacks: tuple[str, ...]


STAGES: tuple[Stage, ...] = (
    Stage("start", "IDIC", (), (), None, "00_start_here"),
    Stage(
        "sources_and_identities",
        "Identify",
        needs=("source_records",),
        makes=("identity_links", "identity_review"),
        function="make_sources_and_identities",
        notebook="11_identify_sources_and_identities",
    ),
    Stage(
        "profiles",
        "Identify",
        needs=("transactions",),
        uses=(
            "identity_links",
            "source_records",
            "order_lines",
            "products",
            "web_events",
            "interactions",
            "survey_responses",
            "reviews",
            "accounts",
            "account_roles",
        ),
        makes=("customers", "consents"),
        function="make_profiles",
        notebook="12_identify_customer_profiles",
    ),
    Stage(
        "value_rfm",
        "Differentiate",
        needs=("transactions",),
        makes=("rfm", "segments:rfm"),
        function="make_value_rfm",
        notebook="21_differentiate_value_rfm",
    ),
    Stage(
        "lifetime_value",
        "Differentiate",
        needs=("transactions",),
        makes=("btyd_summary", "customer_value"),
        function="make_lifetime_value",
        notebook="22_differentiate_lifetime_value",
    ),
    Stage(
        "needs",
        "Differentiate",
        needs=("transactions", "survey_responses", "survey_questions", "identity_links"),
        makes=("need_segments", "need_profiles", "segments:needs", "segments:price_tier"),
        function="make_needs",
        notebook="23_differentiate_needs",
        uses=("order_lines", "products", "web_events", "interactions", "customers", "customer_value"),
    ),
    Stage(
        "behaviour_and_portfolio",
        "Differentiate",
        needs=("transactions", "customer_value"),
        makes=(
            "portfolio",
            "account_values",
            "cohorts",
            "segments:behaviour",
            "segments:portfolio",
            "segments:trade",
        ),
        function="make_portfolio",
        notebook="24_differentiate_behaviour_and_portfolio",
        uses=(
            "order_lines",
            "products",
            "cost_rates",
            "interactions",
            "identity_links",
            "survey_responses",
            "web_events",
            "account_roles",
            "need_segments",
        ),
    ),
    Stage(
        "channels",
        "Interact",
        needs=("interactions", "identity_links", "consents"),
        makes=("channel_preferences", "contact_plan"),
        function="make_channels",
        notebook="31_interact_channels",
        uses=("segments:needs",),
    ),
    Stage(
        "feedback_and_dialogue",
        "Interact",
        needs=(
            "interactions",
            "identity_links",
            "transactions",
            "survey_responses",
            "survey_questions",
            "reviews",
            "customers",
            "customer_value",
            "need_profiles",
            "need_segments",
            "channel_preferences",
        ),
        makes=("feedback", "conversations", "next_questions", "greetings"),
        function="make_feedback_and_dialogue",
        notebook="32_interact_feedback_and_dialogue",
        uses=("contacts",),
    ),
    Stage(
        "products_and_services",
        "Customize",
        needs=("order_lines", "customer_value"),
        uses=(
            "products",
            "product_options",
            "survey_responses",
            "identity_links",
            "interactions",
            "need_segments",
            "need_profiles",
        ),
        makes=("recommendations", "configurations", "service_tiers"),
        function="make_products_and_services",
        notebook="41_customize_products_and_services",
    ),
    Stage(
        "offers_and_prices",
        "Customize",
        needs=("campaign_results",),
        uses=(
            "rfm",
            "consents",
            "need_segments",
            "need_profiles",
            "order_lines",
            "products",
            "price_tests",
            "customers",
            "segments:rfm",
        ),
        remembers=("policy",),
        makes=("offers", "messages"),
        function="make_offers_and_prices",
        notebook="42_customize_offers_and_prices",
    ),
    Stage(
        "action_plan",
        "Implement and monitor",
        needs=("transactions", "customer_value", "segments:rfm"),
        uses=("segments:behaviour", "segments:portfolio", "portfolio", "channel_preferences", "offers"),
        remembers=("policy",),
        makes=("action_plan",),
        function="make_action_plan",
        notebook="51_implement_action_plan",
    ),
    Stage(
        "monitor",
        "Implement and monitor",
        needs=("transactions",),
        uses=("survey_responses", "interactions", "web_events", "identity_links", "campaign_results"),
        remembers=("value_history", "segment_history"),
        makes=(
            "value_history",
            "segment_history",
            "kpis",
            "return_on_customer",
            "segment_migration",
            "signals",
            "policy",
        ),
        function="make_monitor",
        notebook="52_monitor_kpis_and_feedback_loop",
    ),
    Stage(
        "review",
        "Implement and monitor",
        needs=("kpis", "return_on_customer", "segment_migration", "action_plan"),
        uses=("signals", "policy"),
        makes=(),
        function=None,
        notebook="53_review_dashboard",
    ),
    Stage(
        "segmentations",
        "Compare",
        needs=("transactions",),
        makes=(),
        function=None,
        notebook="61_compare_segmentations",
    ),
    Stage(
        "lifetime_value_models",
        "Compare",
        needs=("transactions",),
        makes=(),
        function=None,
        notebook="62_compare_lifetime_value_models",
    ),
)


def plan(available: Iterable[str], stages: Iterable[Stage] = STAGES) -> list[Planned]:
    """Which stages a data set can feed, in order.

    Parameters
    ----------
    available : iterable of str
        Tables the data set brings.
    stages : iterable of Stage

    Returns
    -------
    list of Planned
        Each stage with the tables it lacks; a stage that can run adds what it makes for those after it.

    Examples
    --------
    >>> [planned.stage.notebook for planned in plan(["transactions"]) if not planned.lacks][:2]
    ['00_start_here', '12_identify_customer_profiles']
    >>> plan([])[1].lacks
    ('source_records',)
    """
    at_hand = set(available)
    planned = []
    for stage in stages:
        lacks = tuple(name for name in stage.needs if name not in at_hand)
        planned.append(Planned(stage, lacks))
        if not lacks:
            at_hand.update(stage.makes)
            at_hand.update(name.partition(":")[0] for name in stage.makes)
    return planned


def maker(name: str) -> Stage:
    """The first stage that makes a table, or a part of one (``segments:rfm``); UnknownName when none does.

    Examples
    --------
    >>> maker("customer_value").notebook
    '22_differentiate_lifetime_value'
    """
    for stage in STAGES:
        if name in stage.makes or name in (made.partition(":")[0] for made in stage.makes):
            return stage
    raise UnknownName(
        "table that a stage makes", name, sorted({made for stage in STAGES for made in stage.makes})
    )


def build(repository: Repository, name: str, keep: bool = False) -> None:
    """Make a table that the repository lacks, and before it every earlier table it needs.

    Parameters
    ----------
    repository : Repository
        Holds at least the tables of the data set; receives what is made.
    name : str
        The table, or a part of one (``segments:rfm``).
    keep : bool
        Keep what is made for the next time (:mod:`idic_lab.repository.kept_tables`). For sample data only: a copy outside the
        repository is a copy that forgetting a customer does not reach.

    Raises
    ------
    DataError
        When the data set lacks a table on the way.
    """
    if repository.has(name):
        return
    stage = _maker_or_explain(repository, name)
    for needed in stage.needs:
        build(repository, needed, keep)
    for useful in stage.uses:
        if _can_build(repository, useful):
            build(repository, useful, keep)
    found = [table for table in stage.needs + stage.uses + stage.remembers if repository.has(table)]
    inputs = {table.partition(":")[0]: repository.read(table.partition(":")[0]) for table in found}
    made = kept_tables.made_or_kept(stage.name, stage.make, inputs) if keep else stage.make(**inputs)
    for table, data in made.items():
        repository.write(table, data, made_by=stage.name, made_from=found)


def _maker_or_explain(repository: Repository, name: str) -> Stage:
    try:
        return maker(name)
    except UnknownName:
        raise DataError(
            f"This data set has no table '{name}', and no stage makes it. It has: {', '.join(repository.names())}."
        ) from None


def _can_build(repository: Repository, name: str) -> bool:
    made_here = {
        made for planned in plan(repository.names()) if not planned.lacks for made in planned.stage.makes
    }
    return repository.has(name) or name in made_here


def describe() -> pd.DataFrame:
    """The stages as a table for readers: step, notebook, needs, uses, makes."""
    return pd.DataFrame(
        {
            "step": [stage.step for stage in STAGES],
            "notebook": [stage.notebook for stage in STAGES],
            "needs": [", ".join(stage.needs) for stage in STAGES],
            "can use": [", ".join(stage.uses) for stage in STAGES],
            "makes": [", ".join(stage.makes) for stage in STAGES],
        }
    )
