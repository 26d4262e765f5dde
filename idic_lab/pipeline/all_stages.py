"""The stages of the course: what each needs, and the function that makes its tables, as its notebook does.

What a function works with is loaded when it is called, so that the list of stages can be read at once.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from idic_lab.pipeline.stages import Tables, stage

if TYPE_CHECKING:
    import pandas as pd

    Made = dict[str, pd.DataFrame]

SEED = 20260101  # of every random choice here; the notebooks have the same
# The notebook's assumptions, after Fader, Hardie and Lee (2005).
UNIT_DAYS = 7
MARGIN = 0.30
ANNUAL_DISCOUNT_RATE = 0.15


def _segments(**schemes: pd.DataFrame) -> pd.DataFrame:
    """Segments of customers, by scheme, as rows of the table ``segments``."""
    import pandas as pd

    from idic_lab.differentiate import needs

    return pd.concat([needs.scheme_rows(table, scheme) for scheme, table in schemes.items()], ignore_index=True)


stage("00_start_here")(None)
stage(
    "01_ready_for_one_to_one",
    needs="readiness_answers interactions source_records transactions order_lines products cost_rates",
)(None)


@stage("11_identify_sources_and_identities", needs="source_records", makes="identity_links identity_review")
def sources_and_identities(tables: Tables) -> Made:
    """Which records belong to which customer."""
    from idic_lab import identify

    found = identify.resolve(tables.source_records)
    return {"identity_links": found.links, "identity_review": found.review}


@stage(
    "12_identify_customer_profiles",
    needs="transactions",
    uses="identity_links source_records order_lines products web_events interactions survey_responses reviews accounts account_roles "
    "demographics",
    makes="customers consents",
)
def profiles(tables: Tables) -> Made:
    """The single customer view, consent and contact data."""
    import pandas as pd

    from idic_lab import identify

    transactions, links, records = tables.transactions, tables.get("identity_links"), tables.get("source_records")
    known = [transactions["customer_id"]] + ([] if links is None else [links["customer_id"]])
    consents = identify.consents(pd.concat(known), records, links)
    more = "order_lines products web_events interactions survey_responses reviews account_roles demographics"
    whole = identify.customers(transactions, links, records, consents, **tables.those(*more.split()))
    made = {"customers": whole, "consents": consents}
    if links is not None:
        made["contacts"] = identify.contacts(records, links)
        if "accounts" in tables and "account_roles" in tables:
            accounts, roles = tables.accounts, tables.account_roles
            made["account_profiles"] = identify.account_profiles(accounts, roles, links, transactions, consents)
    return made


@stage("21_differentiate_value_rfm", needs="transactions", makes="rfm segments:rfm")
def value_rfm(tables: Tables) -> Made:
    """RFM scores and segments."""
    from idic_lab.differentiate import rfm

    scored = rfm.table(tables.transactions)
    return {"rfm": scored, "segments": rfm.segments_table(scored)}


stage("22_differentiate_customer_base_audit", needs="transactions")(None)


@stage("23_differentiate_buying_and_leaving", needs="transactions", makes="btyd_summary")
def buying_and_leaving(tables: Tables) -> Made:
    """What the models of buying and leaving need of each customer."""
    from idic_lab.differentiate import clv

    return {"btyd_summary": clv.summarise(tables.transactions, unit_days=UNIT_DAYS)}


@stage("24_differentiate_lifetime_value", needs="transactions btyd_summary", makes="customer_value")
def lifetime_value(tables: Tables) -> Made:
    """What each customer is worth."""
    from idic_lab.differentiate import clv

    models = [clv.fit(tables.btyd_summary, model=model) for model in ("bg_nbd", "gamma_gamma")]
    worth = clv.value(*models, tables.btyd_summary, annual_discount_rate=ANNUAL_DISCOUNT_RATE, margin=MARGIN)
    return {"customer_value": worth}


@stage(
    "25_differentiate_needs",
    needs="survey_responses survey_questions identity_links",
    uses="transactions order_lines products web_events interactions customers customer_value demographics choices choice_sets",
    makes="need_segments need_profiles segments:needs segments:price_tier",
)
def needs(tables: Tables) -> Made:
    """Need segments, their profiles and price tiers."""
    from idic_lab.differentiate import needs

    answers = needs.battery(tables.survey_responses, tables.identity_links, tables.survey_questions)
    evidence = needs.number_of_segments(answers.drop(columns="customer_id"), random_state=SEED)
    number = needs.choose_number(evidence).n_segments
    texts = tables.survey_questions.set_index("question_id")["text"].to_dict()
    members, profile = needs.segment_battery(answers, number, texts, random_state=SEED)
    sources = "transactions order_lines products web_events interactions customers identity_links demographics"
    known = tables.those(*sources.split())
    described = tool = None
    if {"transactions", "demographics"} & set(known):
        described = needs.descriptors(**known)
        tool = needs.fit_typing_tool(members, described, random_state=SEED)
    placed = members if described is None else needs.place_everybody(members, described, tool)
    schemes = {"needs": placed}
    if "order_lines" in tables:
        schemes["price_tier"] = needs.price_tier(tables.order_lines, tables.get("products"))
    profiles = profile.drop(columns=["text", "relative_difference"])
    return {"need_segments": placed, "need_profiles": profiles, "segments": _segments(**schemes)}


@stage(
    "26_differentiate_behaviour",
    needs="transactions customer_value",
    uses="web_events identity_links",
    makes="cohorts segments:behaviour",
)
def behaviour(tables: Tables) -> Made:
    """Kinds of buyers by their own rhythm, who only looks, and cohorts."""
    from idic_lab.differentiate import behaviour, cohorts

    schemes = {"behaviour": behaviour.behaviour_segments(behaviour.rhythm(tables.transactions))}
    if "web_events" in tables and "identity_links" in tables:
        schemes["browsing"] = behaviour.browsing(tables.web_events, tables.identity_links)
    return {"cohorts": cohorts.cohort_table(tables.transactions), "segments": _segments(**schemes)}


@stage(
    "27_differentiate_portfolio",
    needs="transactions customer_value",
    uses="order_lines products cost_rates interactions identity_links survey_responses account_roles need_segments",
    makes="portfolio account_values segments:portfolio segments:trade",
)
def portfolio(tables: Tables) -> Made:
    """Actual and strategic value, tiers and accounts."""
    from idic_lab.differentiate import behaviour, portfolio

    transactions, worth = tables.transactions, tables.customer_value
    links, asked = tables.get("identity_links"), tables.get("survey_responses")
    costs = tables.those("order_lines", "products", "cost_rates", "interactions", "identity_links")
    so_far = portfolio.value_to_date(transactions, **costs, margin=MARGIN)
    purses = portfolio.known_wallets(transactions, worth, asked, links, SEED)
    tiers = portfolio.tiers(portfolio.values(so_far, worth, purses.table))
    buyers = behaviour.behaviour_segments(behaviour.rhythm(transactions))
    return {
        "portfolio": tiers,
        "account_values": portfolio.account_values(transactions, tables.get("account_roles"), links),
        "segments": _segments(portfolio=portfolio.named_tiers(tiers), trade=portfolio.trade_segments(tiers, buyers)),
    }


@stage(
    "31_interact_channels",
    needs="interactions identity_links consents",
    uses="transactions segments:needs",
    makes="channel_preferences",
)
def channels(tables: Tables) -> Made:
    """Which channel each customer prefers; the notebook's plan of contacts is no table, for it knows not yet what they are for."""
    from idic_lab.interact import channels

    told = tables.interactions, tables.identity_links, tables.consents, tables.get("segments")
    return {"channel_preferences": channels.channel_preferences(*told)}


@stage(
    "32_interact_feedback_and_dialogue",
    needs="interactions identity_links transactions survey_responses reviews customers customer_value channel_preferences",
    uses="contacts",
    makes="feedback conversations greetings",
)
def feedback_and_dialogue(tables: Tables) -> Made:
    """What customers said, where conversations stand, whom to greet."""
    from idic_lab.dataframes import addressable
    from idic_lab.interact import care, dialogue, feedback

    links, answers, worth = tables.identity_links, tables.survey_responses, tables.customer_value
    best = worth.nlargest(len(worth) // 5, "residual_value")["customer_id"]
    said, talks, customers = tables.reviews, tables.interactions, tables.customers
    standing, liked = dialogue.conversations(talks, links), tables.channel_preferences
    liked = addressable(liked, liked, standing)
    return {
        "feedback": feedback.feedback_table(links, answers, said, talks, customers, random_state=SEED),
        "conversations": standing,
        "greetings": care.greetings(liked, tables.get("contacts"), customers, favoured=best),
    }


@stage(
    "33_interact_learning_relationship",
    needs="identity_links survey_responses survey_questions need_profiles need_segments customer_value transactions",
    uses="consents conversations",
    makes="next_questions",
)
def learning_relationship(tables: Tables) -> Made:
    """What to ask whom next."""
    from idic_lab.dataframes import addressable
    from idic_lab.interact import dialogue

    links, answers = tables.identity_links, tables.survey_responses
    profiles, members = tables.need_profiles, tables.need_segments
    open_ = dialogue.next_questions(answers, links, profiles, members, certainty=0.90)
    return {"next_questions": addressable(open_, tables.get("consents"), tables.get("conversations"))}


stage("34_interact_the_bargain", needs="consent_trial", uses="source_records identity_links consents customer_value")(
    None
)


@stage(
    "41_customize_products_and_services",
    needs="order_lines customer_value",
    uses="products product_options survey_responses identity_links interactions need_segments need_profiles",
    makes="recommendations configurations service_tiers",
)
def products_and_services(tables: Tables) -> Made:
    """Recommendations, configurations and service tiers."""
    from idic_lab.customize import products, service
    from idic_lab.tables import get

    segments, links = tables.get("need_segments"), tables.get("identity_links")
    configurations = get("configurations").empty()
    if {"products", "product_options", "survey_responses", "identity_links"} <= tables.keys():
        options, answers = (tables.product_options, products.answers_by_customer(tables.survey_responses, links))
        fit = products.option_fit(options, answers, segments)
        limits = products.price_limits(tables.order_lines, tables.products, segments)
        configurations = products.best_configurations(options, tables.products, fit, segments, limits)
    contacts = service.issues(tables.get("interactions"), links)
    talkers = service.wants_a_person(tables.get("need_profiles"))
    value = tables.customer_value.rename(columns={"residual_value": "future_value"})
    return {
        "recommendations": products.recommendations(tables.order_lines, segments, random_state=SEED),
        "configurations": configurations,
        "service_tiers": service.service_tiers(value, contacts, segments, talkers),
    }


@stage(
    "42_customize_offers",
    needs="campaign_results",
    uses="consents conversations segments:rfm",
    remembers="policy",
    makes="offers",
)
def offers(tables: Tables) -> Made:
    """Whom to make an offer; a policy of the round before draws who may be made which."""
    from idic_lab.customize import offers
    from idic_lab.monitor import loop

    drawn = loop.assign(tables.get("policy"), tables.get("segments"), random_state=SEED)
    consents = tables.get("consents")
    candidates = offers.candidates_of(tables.campaign_results, random_state=SEED)
    candidates = offers.reachable(candidates, consents, conversations=tables.get("conversations"))
    # A quarter of what treating everybody would cost is the notebook's budget.
    allocated = offers.allocate(candidates, offers.share_of_budget(candidates, 0.25), drawn=drawn)
    return {"offers": offers.offers_table(allocated, consents)}


@stage(
    "43_customize_prices_and_messages",
    needs="offers",
    uses="rfm consents need_segments need_profiles order_lines products price_tests customers choices choice_sets identity_links "
    "product_options",
    makes="messages",
)
def prices_and_messages(tables: Tables) -> Made:
    """The messages that carry the offers; what the notebook finds on prices makes no table."""
    from idic_lab.customize import communication

    known = (tables.get(name) for name in ("rfm", "need_segments", "order_lines", "products"))
    facts = communication.offer_facts(*known)
    said = tables.get("consents"), tables.get("need_profiles")
    return {"messages": communication.offer_messages(tables.offers, facts, *said)}


stage(
    "44_customize_trust",
    needs="messages offers consents conversations greetings next_questions survey_responses interactions identity_links campaign_results",
)(None)

stage(
    "45_customize_beyond_the_product",
    needs="order_lines products",
    uses="need_segments choices choice_sets identity_links product_options transactions web_events interactions customers demographics",
)(None)


@stage(
    "51_implement_action_plan",
    needs="transactions customer_value segments:rfm",
    uses="segments:behaviour segments:portfolio portfolio channel_preferences offers conversations next_questions "
    "interactions identity_links greetings recommendations price_tests products need_segments",
    makes="action_plan action_values next_actions contact_plan",
)
def action_plan(tables: Tables) -> Made:
    """Who does what by when, what it should return, and what is next for each customer."""
    import pandas as pd

    from idic_lab.customize import pricing
    from idic_lab.interact import channels
    from idic_lab.monitor import plan
    from idic_lab.tables import get

    known = tables.those("portfolio", "channel_preferences", "conversations", "recommendations")
    prices = pricing.personal_prices(*map(tables.get, ("price_tests", "products", "need_segments")))
    facts = plan.customer_facts(tables.transactions, tables.customer_value, prices=prices, **known)
    begins, offers = tables.transactions["date"].max() + pd.Timedelta(days=1), tables.get("offers")
    values = plan.action_values(facts, tables.segments, plan.PLAYS, offers, tables.get("next_questions"))
    following = plan.next_actions(values)
    talks, contacts = tables.those("channel_preferences", "interactions", "identity_links"), get("contact_plan").empty()
    if len(talks) == 3:
        greeted = {"greetings": tables.get("greetings")}
        contacts = channels.plan_for(plan.to_say(following), *talks.values(), tables.transactions, **greeted)
    made = {"action_plan": plan.action_plan(facts, tables.segments, begins, plan.PLAYS, offers)}
    return made | {"action_values": values, "next_actions": following, "contact_plan": contacts}


@stage(
    "52_monitor_kpis_and_feedback_loop",
    needs="transactions",
    uses="survey_responses interactions web_events identity_links campaign_results",
    remembers="value_history segment_history",
    makes="value_history segment_history kpis return_on_customer segment_migration signals policy",
)
def monitor(tables: Tables) -> Made:
    """Measures over time, migration, changes and the policy learnt."""
    from idic_lab.monitor import kpis, loop, migration
    from idic_lab.pipeline import reviews
    from idic_lab.tables import get

    transactions, campaign = tables.transactions, tables.get("campaign_results")
    remembered = tables.get("value_history"), tables.get("segment_history")
    values, segments = reviews.histories(transactions, remembered=remembered)
    days = sorted(segments["review_date"].unique())
    contacts = tables.those("survey_responses", "interactions", "web_events")
    policy = get("policy").empty()
    if campaign is not None:
        log = loop.campaign_log(campaign, segments, "rfm")
        policy = loop.learn_policy(log, *loop.economics(campaign), "rfm", random_state=SEED)
    sources = contacts | tables.those("identity_links")
    return {
        "value_history": values,
        "segment_history": segments,
        "kpis": kpis.kpi_history(days, transactions, segments, values, **sources),
        "return_on_customer": kpis.return_on_customer(values),
        "segment_migration": migration.segment_migration(segments),
        "signals": kpis.find_changes(kpis.weekly_figures(transactions, **contacts)),
        "policy": policy,
    }


@stage(
    "53_review_dashboard",
    needs="kpis return_on_customer segment_migration action_plan",
    uses="signals policy",
    makes="proposals",
)
def review(tables: Tables) -> Made:
    """What was found and planned, as items to decide on."""
    from idic_lab.monitor import loop

    return {"proposals": loop.proposals(tables.get("signals"), tables.kpis, tables.action_plan)}


stage("54_the_shop")(None)


@stage(
    "55_implement_organisation",
    needs="transactions customer_value pilots",
    uses="points web_events action_plan next_actions portfolio channel_preferences conversations interactions identity_links",
    makes="care_plan escalations",
)
def organisation(tables: Tables) -> Made:
    """Who has a manager, who is asked whether everything was all right, and who answers which complaint."""
    from idic_lab.dataframes import of_customers
    from idic_lab.monitor import organisation, plan
    from idic_lab.tables import get

    pilots, tried = tables.pilots, ("manager roll-out", "checkup", "recovery")
    found = tables.those("next_actions", "interactions", "identity_links", "channel_preferences", "conversations")
    if len(found) < 5 or not set(tried) <= set(pilots["pilot"]):
        return {name: get(name).empty() for name in ("care_plan", "escalations")}
    known = tables.those("portfolio", "channel_preferences", "conversations")
    facts = plan.customer_facts(tables.transactions, tables.customer_value, **known)
    *lifts, soon = [organisation.lift(pilots[pilots["pilot"] == name]).iloc[0] for name in tried]
    complaints = tables.interactions[tables.interactions["purpose"] == "complaint"]
    complained = of_customers(complaints, tables.identity_links)["customer_id"]
    care = organisation.care_plan(facts, tables.customer_value, tables.next_actions, *lifts, complained)
    return {
        "care_plan": care,
        "escalations": organisation.escalations(tables.conversations, tables.customer_value, soon),
    }


stage("61_compare_segmentations", needs="transactions")(None)
stage("62_compare_lifetime_value_models", needs="transactions")(None)
