"""The customer portfolio: who is worth most, who could be worth more, and who costs more than they bring."""

from idic_lab.differentiate.portfolio.money import (
    Wallets,
    account_values,
    alike_in_revenue,
    known_wallets,
    value_by_role,
    value_to_date,
)
from idic_lab.differentiate.portfolio.plots import (
    plot_accounts,
    plot_actual_and_strategic,
    plot_cutoffs,
    plot_past_and_future,
    plot_tiers,
    plot_value_per_head,
    plot_wallets,
    plot_whale_curve,
)
from idic_lab.differentiate.portfolio.tiers import (
    TIERS,
    Grid,
    cutoffs,
    named_tiers,
    needs_by_value,
    past_and_future,
    tier_summary,
    tiers,
    trade_segments,
    values,
)
