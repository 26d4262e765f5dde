"""Channels: whom each reaches, who reacts, how frequency tires, what a response costs, and a contact plan."""

from idic_lab.interact.channels.contacts import (
    channel_costs,
    cost_per_response,
    inbound_contacts,
    outbound_contacts,
    plot_cost_per_response,
    plot_reach,
    reach,
    recent_contacts,
    response_by,
    response_values,
    spoken,
    time_of_day,
)
from idic_lab.interact.channels.fatigue import fatigue, plot_fatigue, response_by_recent_contacts
from idic_lab.interact.channels.plan import check_plan, contact_plan, plot_budget_curve, plot_contact_plan, week_bound
from idic_lab.interact.channels.preferences import (
    PreferenceTypes,
    channel_preferences,
    customers_with_segment,
    fit_channel_types,
    fit_time_types,
    log_loss,
    plot_shrinkage,
    plot_types,
    preferences_table,
    shrunk_rates,
)

__all__ = [
    "PreferenceTypes", "channel_costs", "channel_preferences", "check_plan", "contact_plan",
    "cost_per_response", "customers_with_segment", "fatigue", "fit_channel_types", "fit_time_types",
    "inbound_contacts", "log_loss", "outbound_contacts", "plot_budget_curve", "plot_contact_plan",
    "plot_cost_per_response", "plot_fatigue", "plot_reach", "plot_shrinkage", "plot_types",
    "preferences_table", "reach", "recent_contacts", "response_by", "response_by_recent_contacts",
    "response_values", "shrunk_rates", "spoken", "time_of_day", "week_bound",
]  # fmt: skip
