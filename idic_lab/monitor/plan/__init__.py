"""The action plan: from findings to actions that somebody owns."""

from idic_lab.monitor.plan.actions import UNITS, Total, action_plan, counted_once, plan_at, total
from idic_lab.monitor.plan.exports import export, plot_plan, to_calendar, to_csv, to_markdown
from idic_lab.monitor.plan.plays import PLAYS, Play, customer_facts

__all__ = [
    "PLAYS",
    "UNITS",
    "Play",
    "Total",
    "action_plan",
    "counted_once",
    "customer_facts",
    "export",
    "plan_at",
    "plot_plan",
    "to_calendar",
    "to_csv",
    "to_markdown",
    "total",
]
