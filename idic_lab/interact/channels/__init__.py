"""Channels: whom each reaches, who reacts, how frequency tires, what a response costs, and a contact plan."""

from idic_lab.interact.channels.contacts import (
    channel_costs,
    cost_per_response,
    fatigue,
    inbound_contacts,
    outbound_contacts,
    plot_cost_per_response,
    plot_fatigue,
    plot_reach,
    reach,
    recent_contacts,
    response_by,
    response_by_recent_contacts,
    response_values,
    spoken,
    time_of_day,
)
from idic_lab.interact.channels.plan import (
    budget_curve,
    check_plan,
    compare_first_week,
    contact_plan,
    plot_budget_curve,
    plot_contact_plan,
)
from idic_lab.interact.channels.preferences import (
    PreferenceTypes,
    channel_preferences,
    compare_forecasts,
    customers_with_segment,
    fit_channel_types,
    fit_time_types,
    log_loss,
    plot_shrinkage,
    plot_types,
    preferences_table,
    shrunk_rates,
)
