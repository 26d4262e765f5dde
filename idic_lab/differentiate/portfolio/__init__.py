"""The customer portfolio: who is worth most, who could be worth more, and who costs more than they bring."""

from idic_lab.differentiate.portfolio.accounts import account_values, value_by_role
from idic_lab.differentiate.portfolio.grid import Grid, needs_by_value
from idic_lab.differentiate.portfolio.plots import (
    plot_accounts,
    plot_actual_and_strategic,
    plot_cutoffs,
    plot_grid,
    plot_tiers,
    plot_wallets,
    plot_whale_curve,
)
from idic_lab.differentiate.portfolio.tiers import TIERS, cutoffs, named_tiers, tier_summary, tiers, values
from idic_lab.differentiate.portfolio.trade_words import trade_segments
from idic_lab.differentiate.portfolio.value_to_date import coverage, value_to_date
from idic_lab.differentiate.portfolio.wallets import Wallets, asked_wallets, wallets

__all__ = [
    "TIERS",
    "Grid",
    "Wallets",
    "account_values",
    "asked_wallets",
    "coverage",
    "cutoffs",
    "named_tiers",
    "needs_by_value",
    "plot_accounts",
    "plot_actual_and_strategic",
    "plot_cutoffs",
    "plot_grid",
    "plot_tiers",
    "plot_wallets",
    "plot_whale_curve",
    "tier_summary",
    "tiers",
    "trade_segments",
    "value_by_role",
    "value_to_date",
    "values",
    "wallets",
]
