"""The customer portfolio: who is worth most, who could be worth more, and who costs more than they bring."""

from idic_lab.differentiate.portfolio.value_and_wallet import Wallets as Wallets, account_values as account_values
from idic_lab.differentiate.portfolio.value_and_wallet import alike_in_revenue as alike_in_revenue
from idic_lab.differentiate.portfolio.value_and_wallet import known_wallets as known_wallets
from idic_lab.differentiate.portfolio.value_and_wallet import value_by_role as value_by_role
from idic_lab.differentiate.portfolio.value_and_wallet import value_to_date as value_to_date
from idic_lab.differentiate.portfolio.plots import plot_accounts as plot_accounts
from idic_lab.differentiate.portfolio.plots import plot_actual_and_strategic as plot_actual_and_strategic
from idic_lab.differentiate.portfolio.plots import plot_cutoffs as plot_cutoffs
from idic_lab.differentiate.portfolio.plots import plot_past_and_future as plot_past_and_future
from idic_lab.differentiate.portfolio.plots import plot_tiers as plot_tiers, plot_value_per_head as plot_value_per_head
from idic_lab.differentiate.portfolio.plots import plot_wallets as plot_wallets, plot_whale_curve as plot_whale_curve
from idic_lab.differentiate.portfolio.tiers import TIERS as TIERS, Grid as Grid, cutoffs as cutoffs
from idic_lab.differentiate.portfolio.tiers import named_tiers as named_tiers, needs_by_value as needs_by_value
from idic_lab.differentiate.portfolio.tiers import past_and_future as past_and_future, tier_summary as tier_summary
from idic_lab.differentiate.portfolio.tiers import tiers as tiers, trade_segments as trade_segments, values as values
