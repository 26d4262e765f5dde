"""Behaviour: how often, how regularly customers buy, and who only looks."""

from idic_lab.differentiate.behaviour.mix import browsing
from idic_lab.differentiate.behaviour.plots import plot_behaviour, plot_browsing, plot_regularity, plot_rhythm
from idic_lab.differentiate.behaviour.rhythm import (
    KINDS,
    Regularity,
    behaviour_segments,
    behaviour_summary,
    purchase_days,
    regularity,
    rhythm,
)
