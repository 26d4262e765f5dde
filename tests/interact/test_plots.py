"""Every figure states a finding computed from its data, labels its axes and names their units."""

import pandas as pd
import pytest

from idic_lab.interact import care, channels, dialogue, feedback


def title_of(ax):
    return ax.get_title() or ax.get_title(loc="left")


def assert_labelled(ax):
    assert title_of(ax) and ax.get_xlabel()


def test_figures_of_channels_state_their_numbers(shop, contacts, preferences):
    customers = channels.customers_with_segment(shop.people.index.to_series())
    reach = channels.reach(contacts, shop.consents, shop.people.index.to_series())
    costs = channels.cost_per_response(contacts)
    times = costs["cost_per_response"].max() / costs["cost_per_response"].min()
    drawn = channels.plot_cost_per_response(costs)
    assert f"{times:,.0f} times" in title_of(drawn)
    for ax in (
        drawn,
        channels.plot_reach(reach),
        channels.plot_fatigue(channels.response_by_recent_contacts(contacts)),
        channels.plot_shrinkage(channels.shrunk_rates(contacts, customers), "phone"),
    ):
        assert_labelled(ax)


def test_the_figure_of_the_plan_adds_up_to_the_plan(contacts, preferences):
    setting = {
        "costs": channels.channel_costs(contacts),
        "history": contacts,
        "start": contacts["date"].max() + pd.Timedelta(days=1),
        "fatigue": 0.25,
        "weekly_budget": 80,
        "cap": 2,
    }
    plan = channels.contact_plan(preferences, **setting)
    ax = channels.plot_contact_plan(preferences, **setting)
    assert sum(bar.get_height() for bar in ax.patches) == pytest.approx(plan["expected_responses"].sum())
    nothing = channels.plot_contact_plan(preferences, **(setting | {"weekly_budget": 0, "cap": 0}))
    assert title_of(nothing).startswith("0 contacts")


def test_figures_of_feedback_state_their_numbers(shop):
    nps = feedback.survey_answers(shop.tables["survey_responses"], shop.links, "NPS")["answer"]
    score = feedback.net_promoter_score(nps)["nps"].iloc[0]
    assert f"NPS {score:+.0f}" in title_of(feedback.plot_nps(nps))
    assert_labelled(feedback.plot_nps_noise(feedback.nps_noise(nps), score))
    topics = feedback.review_topics(shop.tables["reviews"], n_topics=5)
    assert_labelled(feedback.plot_stars_by_topic(feedback.stars_by_topic(shop.tables["reviews"], topics)))


def test_figures_of_dialogue_and_care_are_labelled(shop, preferences):
    events = dialogue.timeline(shop.tables["interactions"], shop.links)
    assert_labelled(dialogue.plot_timeline(events, events["customer_id"].iloc[0]))
    assert_labelled(care.plot_greetings(care.greetings(preferences)))
