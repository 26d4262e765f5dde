"""IDIC as an executable contract: the one list of stages.

Each stage says which tables it needs, which it makes, the function that makes them and the notebook that teaches it.
From this list come the order of a run, the check whether a data set can feed a notebook, the building of a missing
earlier table when a notebook is opened alone, and the table of stages in the docs. Stage packages do not import each
other; they are joined here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

import pandas as pd

from idic_lab import customize, history, identify, kept_tables, monitor, tables
from idic_lab.differentiate import behaviour, clv, cohorts, needs, portfolio, rfm
from idic_lab.errors import DataError, UnknownName
from idic_lab.interact import care, channels, dialogue, feedback
from idic_lab.repository import Repository


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
    function : callable or None
        Takes the needed tables, and those of `uses` and `remembers` that exist, as keyword arguments; returns a dict of tables.
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
    function: Callable[..., dict[str, pd.DataFrame]] | None
    notebook: str
    uses: tuple[str, ...] = ()
    remembers: tuple[str, ...] = ()


@dataclass(frozen=True)
class Planned:
    """A stage of a plan, with the tables it lacks (none: it can run)."""

    stage: Stage
    lacks: tuple[str, ...]


def _sources_and_identities(source_records: pd.DataFrame) -> dict[str, pd.DataFrame]:
    found = identify.resolve(source_records)
    return {"identity_links": found.links, "identity_review": found.review}


def _profiles(
    transactions: pd.DataFrame,
    source_records: pd.DataFrame | None = None,
    identity_links: pd.DataFrame | None = None,
    accounts: pd.DataFrame | None = None,
    account_roles: pd.DataFrame | None = None,
    **behaviour: pd.DataFrame,
) -> dict[str, pd.DataFrame]:
    links = identity_links
    known = [transactions["customer_id"]] + ([] if links is None else [links["customer_id"]])
    consents = identify.consents(pd.concat(known), source_records, links)
    made = {
        "customers": identify.customers(
            transactions, links, source_records, consents, account_roles=account_roles, **behaviour
        ),
        "consents": consents,
    }
    if links is not None:
        made["contacts"] = identify.contacts(source_records, links)
    if links is not None and accounts is not None and account_roles is not None:
        made["account_profiles"] = identify.account_profiles(
            accounts, account_roles, links, transactions, consents
        )
    return made


_SEED = 20260101  # of every random choice here; the notebooks have the same


def _value_rfm(transactions: pd.DataFrame) -> dict[str, pd.DataFrame]:
    scored = rfm.table(transactions)
    return {"rfm": scored, "segments": rfm.segments_table(scored)}


def _lifetime_value(transactions: pd.DataFrame) -> dict[str, pd.DataFrame]:
    # A margin of 30% and a rate of 15% a year are the notebook's assumptions, after Fader, Hardie and Lee (2005).
    summary = clv.summarise(transactions, unit_days=7)
    purchases = clv.fit(summary, model="bg_nbd")
    spend = clv.fit(summary, model="gamma_gamma")
    return {
        "btyd_summary": summary,
        "customer_value": clv.value(purchases, spend, summary, annual_discount_rate=0.15, margin=0.30),
    }


def _needs(
    transactions: pd.DataFrame,
    survey_responses: pd.DataFrame,
    survey_questions: pd.DataFrame,
    identity_links: pd.DataFrame,
    order_lines: pd.DataFrame | None = None,
    products: pd.DataFrame | None = None,
    customer_value: pd.DataFrame | None = None,
    **known: pd.DataFrame,
) -> dict[str, pd.DataFrame]:
    answers = needs.battery(survey_responses, identity_links, survey_questions)
    evidence = needs.number_of_segments(answers.drop(columns="customer_id"), random_state=_SEED)
    number = needs.choose_number(evidence).n_segments
    texts = needs.question_texts(survey_questions)
    members, profile = needs.segment_battery(answers, number, texts, random_state=_SEED)
    described = needs.descriptors(transactions, order_lines, products, identity_links=identity_links, **known)
    tool = needs.fit_typing_tool(members, described, random_state=_SEED) if number > 1 else None
    placed = needs.place_everybody(members, described, tool)
    schemes = [needs.scheme_rows(placed, "needs")]
    if order_lines is not None:
        schemes.append(needs.scheme_rows(needs.price_tier(order_lines, products), "price_tier"))
    return {
        "need_segments": placed,
        "need_profiles": needs.need_profiles_table(profile),
        "segments": pd.concat(schemes, ignore_index=True),
    }


def _portfolio(
    transactions: pd.DataFrame,
    customer_value: pd.DataFrame,
    order_lines: pd.DataFrame | None = None,
    products: pd.DataFrame | None = None,
    cost_rates: pd.DataFrame | None = None,
    interactions: pd.DataFrame | None = None,
    identity_links: pd.DataFrame | None = None,
    survey_responses: pd.DataFrame | None = None,
    web_events: pd.DataFrame | None = None,
    account_roles: pd.DataFrame | None = None,
    **unused: pd.DataFrame,
) -> dict[str, pd.DataFrame]:
    buyers = behaviour.behaviour_segments(behaviour.rhythm(transactions))
    so_far = portfolio.value_to_date(
        transactions, order_lines, products, cost_rates, interactions, identity_links, margin=0.30
    )
    asked = portfolio.asked_wallets(survey_responses, identity_links)
    purses = (
        portfolio.wallets(
            transactions, customer_value, survey_responses, identity_links, random_state=_SEED
        ).table
        if asked
        else None
    )
    tiers = portfolio.tiers(portfolio.values(so_far, customer_value, purses))
    schemes = {"behaviour": buyers, "portfolio": portfolio.named_tiers(tiers)}
    schemes["trade"] = portfolio.trade_segments(tiers, buyers)
    if order_lines is not None and products is not None:
        schemes["category"] = behaviour.category_mix(order_lines, products)
    if behaviour.has_channels(transactions):
        schemes["channel"] = behaviour.channel_mix(transactions)
    if web_events is not None and identity_links is not None:
        schemes["browsing"] = behaviour.browsing(web_events, identity_links)
    return {
        "portfolio": tiers,
        "account_values": portfolio.account_values(transactions, account_roles, identity_links),
        "cohorts": cohorts.cohort_table(transactions),
        "segments": pd.concat(
            [needs.scheme_rows(table, scheme) for scheme, table in schemes.items()], ignore_index=True
        ),
    }


def _channels(
    interactions: pd.DataFrame,
    identity_links: pd.DataFrame,
    consents: pd.DataFrame,
    segments: pd.DataFrame | None = None,
) -> dict[str, pd.DataFrame]:
    # A budget of 150 a week and two contacts in 28 days are the notebook's assumptions.
    contacts = channels.outbound_contacts(interactions, identity_links)
    preferences = channels.channel_preferences(interactions, identity_links, consents, segments)
    standing = dialogue.conversations(interactions, identity_links)
    contact_plan = channels.contact_plan(
        preferences,
        channels.channel_costs(contacts),
        contacts,
        start=interactions["date"].max() + pd.Timedelta(days=1),
        weekly_budget=150,
        weeks=4,
        cap=2,
        fatigue=max(channels.fatigue(contacts)["fatigue"].iloc[0], 0.0),
        excluded=standing.loc[~standing["offer_allowed"], "customer_id"],
    )
    return {"channel_preferences": preferences, "contact_plan": contact_plan}


def _feedback_and_dialogue(
    interactions: pd.DataFrame,
    identity_links: pd.DataFrame,
    survey_responses: pd.DataFrame,
    reviews: pd.DataFrame,
    customers: pd.DataFrame,
    customer_value: pd.DataFrame,
    need_profiles: pd.DataFrame,
    need_segments: pd.DataFrame,
    channel_preferences: pd.DataFrame,
    contacts: pd.DataFrame | None = None,
    **rest: pd.DataFrame,
) -> dict[str, pd.DataFrame]:
    said = feedback.feedback_table(
        identity_links, survey_responses, reviews, interactions, customers, random_state=_SEED
    )
    best = customer_value.nlargest(len(customer_value) // 5, "residual_value")["customer_id"]
    return {
        "feedback": said,
        "conversations": dialogue.conversations(interactions, identity_links),
        "next_questions": dialogue.next_questions(
            survey_responses, identity_links, need_profiles, need_segments, certainty=0.90
        ),
        "greetings": care.greetings(channel_preferences, contacts, customers, favoured=best),
    }


def _products_and_services(
    order_lines: pd.DataFrame,
    customer_value: pd.DataFrame,
    products: pd.DataFrame | None = None,
    product_options: pd.DataFrame | None = None,
    survey_responses: pd.DataFrame | None = None,
    identity_links: pd.DataFrame | None = None,
    interactions: pd.DataFrame | None = None,
    need_segments: pd.DataFrame | None = None,
    need_profiles: pd.DataFrame | None = None,
) -> dict[str, pd.DataFrame]:
    configurations = tables.get("configurations").empty()
    if all(table is not None for table in (products, product_options, survey_responses, identity_links)):
        answers = customize.products.answers_by_customer(survey_responses, identity_links)
        fit = customize.products.option_fit(product_options, answers, need_segments)
        configurations = customize.products.best_configurations(product_options, products, fit, need_segments)
    contacts = None
    if interactions is not None and identity_links is not None:
        contacts = customize.service.issues(interactions, identity_links)
    talkers = () if need_profiles is None else customize.service.wants_a_person(need_profiles)
    value = customer_value.rename(columns={"residual_value": "future_value"})
    return {
        "recommendations": customize.products.recommendations(order_lines, need_segments, random_state=_SEED),
        "configurations": configurations,
        "service_tiers": customize.service.service_tiers(value, contacts, need_segments, talkers),
    }


def _offers_and_prices(
    campaign_results: pd.DataFrame,
    rfm: pd.DataFrame | None = None,
    consents: pd.DataFrame | None = None,
    need_segments: pd.DataFrame | None = None,
    need_profiles: pd.DataFrame | None = None,
    order_lines: pd.DataFrame | None = None,
    products: pd.DataFrame | None = None,
    **unused: pd.DataFrame,
) -> dict[str, pd.DataFrame]:
    # A quarter of what treating everybody would cost is the notebook's budget.
    candidates = customize.offers.candidates_of(campaign_results, random_state=_SEED)
    allocated = customize.offers.allocate(candidates, customize.offers.share_of_budget(candidates, 0.25))
    offers = customize.offers.offers_table(allocated)
    facts = customize.communication.offer_facts(rfm, need_segments, order_lines, products)
    messages = customize.communication.offer_messages(offers, facts, consents, need_profiles, "email")
    return {"offers": offers, "messages": messages}


def _action_plan(
    transactions: pd.DataFrame,
    customer_value: pd.DataFrame,
    segments: pd.DataFrame,
    portfolio: pd.DataFrame | None = None,
    channel_preferences: pd.DataFrame | None = None,
    offers: pd.DataFrame | None = None,
    policy: pd.DataFrame | None = None,
) -> dict[str, pd.DataFrame]:
    facts = monitor.plan.customer_facts(transactions, customer_value, portfolio, channel_preferences)
    begins = transactions["date"].max() + pd.Timedelta(days=1)
    return {"action_plan": monitor.plan.action_plan(facts, segments, begins, offers=offers, policy=policy)}


def _monitor(
    transactions: pd.DataFrame,
    campaign_results: pd.DataFrame | None = None,
    value_history: pd.DataFrame | None = None,
    segment_history: pd.DataFrame | None = None,
    **sources: pd.DataFrame,
) -> dict[str, pd.DataFrame]:
    if value_history is None or segment_history is None:
        value_history, segment_history = history.histories(transactions)
    days = sorted(segment_history["review_date"].unique())
    weekly = monitor.kpis.weekly_figures(
        transactions, **{name: data for name, data in sources.items() if name != "identity_links"}
    )
    policy = tables.get("policy").empty()
    if campaign_results is not None:
        log = monitor.loop.campaign_log(campaign_results, segment_history, "rfm")
        economics = monitor.loop.economics(campaign_results)
        policy = monitor.loop.learn_policy(log, *economics, "rfm", random_state=_SEED)
    return {
        "value_history": value_history,
        "segment_history": segment_history,
        "kpis": monitor.kpis.kpi_history(days, transactions, segment_history, value_history, **sources),
        "return_on_customer": monitor.kpis.return_on_customer(value_history),
        "segment_migration": monitor.migration.segment_migration(segment_history),
        "signals": monitor.kpis.find_changes(weekly),
        "policy": policy,
    }


STAGES: tuple[Stage, ...] = (
    Stage("start", "IDIC", (), (), None, "00_start_here"),
    Stage(
        "sources_and_identities",
        "Identify",
        needs=("source_records",),
        makes=("identity_links", "identity_review"),
        function=_sources_and_identities,
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
        function=_profiles,
        notebook="12_identify_customer_profiles",
    ),
    Stage(
        "value_rfm",
        "Differentiate",
        needs=("transactions",),
        makes=("rfm", "segments:rfm"),
        function=_value_rfm,
        notebook="21_differentiate_value_rfm",
    ),
    Stage(
        "lifetime_value",
        "Differentiate",
        needs=("transactions",),
        makes=("btyd_summary", "customer_value"),
        function=_lifetime_value,
        notebook="22_differentiate_lifetime_value",
    ),
    Stage(
        "needs",
        "Differentiate",
        needs=("transactions", "survey_responses", "survey_questions", "identity_links"),
        makes=("need_segments", "need_profiles", "segments:needs", "segments:price_tier"),
        function=_needs,
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
        function=_portfolio,
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
        function=_channels,
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
        function=_feedback_and_dialogue,
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
        function=_products_and_services,
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
        ),
        makes=("offers", "messages"),
        function=_offers_and_prices,
        notebook="42_customize_offers_and_prices",
    ),
    Stage(
        "action_plan",
        "Implement and monitor",
        needs=("transactions", "customer_value", "segments:rfm"),
        uses=("segments:behaviour", "segments:portfolio", "portfolio", "channel_preferences", "offers"),
        remembers=("policy",),
        makes=("action_plan",),
        function=_action_plan,
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
        function=_monitor,
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
        Keep what is made for the next time (:mod:`idic_lab.kept_tables`). For sample data only: a copy outside the
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
    made = kept_tables.made_or_kept(stage.name, stage.function, inputs) if keep else stage.function(**inputs)
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
