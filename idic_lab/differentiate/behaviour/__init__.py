"""Behaviour: how often, how regularly, what and where customers buy, and who only looks."""

from idic_lab.differentiate.behaviour.mix import browsing, category_mix, channel_mix, has_channels
from idic_lab.differentiate.behaviour.plots import plot_behaviour, plot_browsing, plot_mix, plot_regularity, plot_rhythm
from idic_lab.differentiate.behaviour.rhythm import (
    Regularity,
    behaviour_segments,
    behaviour_summary,
    purchase_days,
    regularity,
    rhythm,
)

__all__ = [
    "Regularity", "behaviour_segments", "behaviour_summary", "browsing", "category_mix", "channel_mix",
    "has_channels", "plot_behaviour", "plot_browsing", "plot_mix", "plot_regularity", "plot_rhythm",
    "purchase_days", "regularity", "rhythm",
]  # fmt: skip
