"""Channels: whom each reaches, who reacts, how frequency tires, what a response costs, and a contact plan."""

from idic_lab.interact.channels.contacts import channel_costs as channel_costs, cost_per_response as cost_per_response
from idic_lab.interact.channels.contacts import fatigue as fatigue, inbound_contacts as inbound_contacts
from idic_lab.interact.channels.contacts import outbound_contacts as outbound_contacts
from idic_lab.interact.channels.contacts import plot_cost_per_response as plot_cost_per_response
from idic_lab.interact.channels.contacts import plot_fatigue as plot_fatigue, plot_reach as plot_reach, reach as reach
from idic_lab.interact.channels.contacts import recent_contacts as recent_contacts, response_by as response_by
from idic_lab.interact.channels.contacts import response_by_recent_contacts as response_by_recent_contacts
from idic_lab.interact.channels.contacts import response_values as response_values, spoken as spoken
from idic_lab.interact.channels.contacts import time_of_day as time_of_day
from idic_lab.interact.channels.plan import budget_curve as budget_curve, check_plan as check_plan
from idic_lab.interact.channels.plan import compare_first_week as compare_first_week, contact_plan as contact_plan
from idic_lab.interact.channels.plan import plan_for as plan_for, plot_budget_curve as plot_budget_curve
from idic_lab.interact.channels.plan import plot_contact_plan as plot_contact_plan
from idic_lab.interact.channels.preferences import PreferenceTypes as PreferenceTypes
from idic_lab.interact.channels.preferences import channel_preferences as channel_preferences
from idic_lab.interact.channels.preferences import compare_forecasts as compare_forecasts
from idic_lab.interact.channels.preferences import customers_with_segment as customers_with_segment
from idic_lab.interact.channels.preferences import fit_channel_types as fit_channel_types
from idic_lab.interact.channels.preferences import fit_time_types as fit_time_types, log_loss as log_loss
from idic_lab.interact.channels.preferences import plot_shrinkage as plot_shrinkage, plot_types as plot_types
from idic_lab.interact.channels.preferences import preferences_table as preferences_table, shrunk_rates as shrunk_rates
