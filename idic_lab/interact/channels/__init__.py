"""Channels: whom each reaches, who reacts, how frequency tires, what a response costs, and a contact plan."""

from idic_lab.interact.channels.allocation import allocate, upper_bound
from idic_lab.interact.channels.contacts import (
    inbound_contacts,
    outbound_contacts,
    reach,
    recent_contacts,
    response_by,
    time_of_day,
)
from idic_lab.interact.channels.cost import channel_costs, cost_per_response
from idic_lab.interact.channels.fatigue import fatigue, fatigue_within_customers, response_by_recent_contacts
from idic_lab.interact.channels.plan import check_plan, contact_plan, week_bound
from idic_lab.interact.channels.plots import (
    plot_budget_curve,
    plot_contact_plan,
    plot_cost_per_response,
    plot_fatigue,
    plot_reach,
    plot_shrinkage,
    plot_types,
    spoken,
)
from idic_lab.interact.channels.preference import PreferenceTypes
from idic_lab.interact.channels.preferences_table import (
    channel_preferences,
    customers_with_segment,
    fit_channel_types,
    fit_time_types,
    preferences_table,
)
from idic_lab.interact.channels.rates import log_loss, shrunk_rates

__all__ = [
    "PreferenceTypes",
    "allocate",
    "channel_costs",
    "channel_preferences",
    "check_plan",
    "contact_plan",
    "cost_per_response",
    "customers_with_segment",
    "fatigue",
    "fatigue_within_customers",
    "fit_channel_types",
    "fit_time_types",
    "inbound_contacts",
    "log_loss",
    "outbound_contacts",
    "plot_budget_curve",
    "plot_contact_plan",
    "plot_cost_per_response",
    "plot_fatigue",
    "plot_reach",
    "plot_shrinkage",
    "plot_types",
    "preferences_table",
    "reach",
    "recent_contacts",
    "response_by",
    "response_by_recent_contacts",
    "shrunk_rates",
    "spoken",
    "time_of_day",
    "upper_bound",
    "week_bound",
]
