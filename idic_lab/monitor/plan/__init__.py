"""The action plan: from findings to actions that somebody owns."""

from idic_lab.monitor.plan.actions import (
    UNITS,
    Total,
    action_plan,
    board_plan,
    counted_once,
    next_actions,
    plan_at,
    plot_next_actions,
    total,
)
from idic_lab.monitor.plan.exports import export, plot_plan, to_calendar, to_csv, to_markdown
from idic_lab.monitor.plan.plays import NONE, PLAYS, UNKNOWN, Play, customer_facts, plays_table

__all__ = [
    "NONE", "PLAYS", "UNITS", "UNKNOWN", "Play", "Total", "action_plan", "board_plan", "counted_once",
    "customer_facts", "export", "next_actions", "plan_at", "plays_table", "plot_next_actions", "plot_plan", "to_calendar", "to_csv", "to_markdown",
    "total",
]  # fmt: skip
