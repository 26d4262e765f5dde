"""What each stage of the course does, from tables to tables.

Here the stage packages, which do not know each other, are joined. Each function takes the tables its stage needs or can
use as keyword arguments, and returns the tables it makes; they are those its notebook makes with the parameters as
written there.
"""

from __future__ import annotations

import pandas as pd

from idic_lab import identify, tables
from idic_lab.customize import communication, service
from idic_lab.customize import offers as campaigns
from idic_lab.customize import products as assortment
from idic_lab.differentiate import behaviour, clv, cohorts, needs, portfolio, rfm
from idic_lab.interact import care, channels, dialogue, feedback
from idic_lab.monitor import kpis, loop, migration, plan
from idic_lab.pipeline import reviews as history

_SEED = 20260101  # of every random choice here; the notebooks have the same
# The notebook's assumptions, after Fader, Hardie and Lee (2005).
UNIT_DAYS = 7
MARGIN = 0.30
ANNUAL_DISCOUNT_RATE = 0.15


def make_sources_and_identities(source_records: pd.DataFrame) -> dict[str, pd.DataFrame]:
    """Which records belong to which customer."""
    found = identify.resolve(source_records)
    return {"identity_links": found.links, "identity_review": found.review}


def make_profiles(
    transactions: pd.DataFrame,
    source_records: pd.DataFrame | None = None,
    identity_links: pd.DataFrame | None = None,
    accounts: pd.DataFrame | None = None,
    account_roles: pd.DataFrame | None = None,
    **behaviour: pd.DataFrame,
) -> dict[str, pd.DataFrame]:
    """The single customer view, consent and contact data."""
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


def make_value_rfm(transactions: pd.DataFrame) -> dict[str, pd.DataFrame]:
    """RFM scores and segments."""
    scored = rfm.table(transactions)
    return {"rfm": scored, "segments": rfm.segments_table(scored)}


def make_lifetime_value(transactions: pd.DataFrame) -> dict[str, pd.DataFrame]:
    """The BTYD summary and what each customer is worth."""
    summary = clv.summarise(transactions, unit_days=UNIT_DAYS)
    purchases = clv.fit(summary, model="bg_nbd")
    spend = clv.fit(summary, model="gamma_gamma")
    return {
        "btyd_summary": summary,
        "customer_value": clv.value(
            purchases, spend, summary, annual_discount_rate=ANNUAL_DISCOUNT_RATE, margin=MARGIN
        ),
    }


def make_needs(
    transactions: pd.DataFrame,
    survey_responses: pd.DataFrame,
    survey_questions: pd.DataFrame,
    identity_links: pd.DataFrame,
    order_lines: pd.DataFrame | None = None,
    products: pd.DataFrame | None = None,
    customer_value: pd.DataFrame | None = None,
    **known: pd.DataFrame,
) -> dict[str, pd.DataFrame]:
    """Need segments, their profiles and price tiers."""
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


def make_portfolio(
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
    """Behaviour, actual and strategic value, tiers, accounts and cohorts."""
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


def make_channels(
    interactions: pd.DataFrame,
    identity_links: pd.DataFrame,
    consents: pd.DataFrame,
    segments: pd.DataFrame | None = None,
) -> dict[str, pd.DataFrame]:
    """Channel preferences and a contact plan."""
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


def make_feedback_and_dialogue(
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
    """What customers said, where conversations stand, what to ask next, whom to greet."""
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


def make_products_and_services(
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
    """Recommendations, configurations and service tiers."""
    configurations = tables.get("configurations").empty()
    if all(table is not None for table in (products, product_options, survey_responses, identity_links)):
        answers = assortment.answers_by_customer(survey_responses, identity_links)
        fit = assortment.option_fit(product_options, answers, need_segments)
        configurations = assortment.best_configurations(product_options, products, fit, need_segments)
    contacts = None
    if interactions is not None and identity_links is not None:
        contacts = service.issues(interactions, identity_links)
    talkers = () if need_profiles is None else service.wants_a_person(need_profiles)
    value = customer_value.rename(columns={"residual_value": "future_value"})
    return {
        "recommendations": assortment.recommendations(order_lines, need_segments, random_state=_SEED),
        "configurations": configurations,
        "service_tiers": service.service_tiers(value, contacts, need_segments, talkers),
    }


def make_offers_and_prices(
    campaign_results: pd.DataFrame,
    rfm: pd.DataFrame | None = None,
    consents: pd.DataFrame | None = None,
    need_segments: pd.DataFrame | None = None,
    need_profiles: pd.DataFrame | None = None,
    order_lines: pd.DataFrame | None = None,
    products: pd.DataFrame | None = None,
    policy: pd.DataFrame | None = None,
    segments: pd.DataFrame | None = None,
    **unused: pd.DataFrame,
) -> dict[str, pd.DataFrame]:
    """Offers and the messages that carry them; a policy of the round before draws who may be made which."""
    drawn = None
    if policy is not None and len(policy) and segments is not None:
        drawn = loop.assign(policy, segments[segments["scheme"] == "rfm"], random_state=_SEED)
    # A quarter of what treating everybody would cost is the notebook's budget.
    candidates = campaigns.candidates_of(campaign_results, random_state=_SEED)
    budget = campaigns.share_of_budget(candidates, 0.25)
    allocated = campaigns.allocate(candidates, budget, drawn=drawn)
    offers = campaigns.offers_table(allocated)
    facts = communication.offer_facts(rfm, need_segments, order_lines, products)
    messages = communication.offer_messages(offers, facts, consents, need_profiles, "email")
    return {"offers": offers, "messages": messages}


def make_action_plan(
    transactions: pd.DataFrame,
    customer_value: pd.DataFrame,
    segments: pd.DataFrame,
    portfolio: pd.DataFrame | None = None,
    channel_preferences: pd.DataFrame | None = None,
    offers: pd.DataFrame | None = None,
    policy: pd.DataFrame | None = None,
) -> dict[str, pd.DataFrame]:
    """Who does what by when, and what it should return."""
    facts = plan.customer_facts(transactions, customer_value, portfolio, channel_preferences)
    begins = transactions["date"].max() + pd.Timedelta(days=1)
    return {"action_plan": plan.action_plan(facts, segments, begins, offers=offers, policy=policy)}


def make_monitor(
    transactions: pd.DataFrame,
    campaign_results: pd.DataFrame | None = None,
    value_history: pd.DataFrame | None = None,
    segment_history: pd.DataFrame | None = None,
    **sources: pd.DataFrame,
) -> dict[str, pd.DataFrame]:
    """Measures over time, migration, changes and the policy learnt."""
    if value_history is None or segment_history is None:
        value_history, segment_history = history.histories(transactions)
    days = sorted(segment_history["review_date"].unique())
    weekly = kpis.weekly_figures(
        transactions, **{name: data for name, data in sources.items() if name != "identity_links"}
    )
    policy = tables.get("policy").empty()
    if campaign_results is not None:
        log = loop.campaign_log(campaign_results, segment_history, "rfm")
        economics = loop.economics(campaign_results)
        policy = loop.learn_policy(log, *economics, "rfm", random_state=_SEED)
    return {
        "value_history": value_history,
        "segment_history": segment_history,
        "kpis": kpis.kpi_history(days, transactions, segment_history, value_history, **sources),
        "return_on_customer": kpis.return_on_customer(value_history),
        "segment_migration": migration.segment_migration(segment_history),
        "signals": kpis.find_changes(weekly),
        "policy": policy,
    }
