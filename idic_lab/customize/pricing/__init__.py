"""Pricing: how sensitive each segment is, the price that earns most, and what personal prices would mean."""

from idic_lab.customize.pricing.comparison import compare_prices, fairness
from idic_lab.customize.pricing.demand import best_margin, demand, profit_at
from idic_lab.customize.pricing.plots import plot_fairness, plot_profit_by_price

__all__ = [
    "best_margin",
    "compare_prices",
    "demand",
    "fairness",
    "plot_fairness",
    "plot_profit_by_price",
    "profit_at",
]
