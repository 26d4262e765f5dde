"""The action plan: from findings to actions that somebody owns."""

from idic_lab.monitor.plan.actions import UNITS, action_plan, plan_at
from idic_lab.monitor.plan.exports import export, to_calendar, to_csv, to_markdown
from idic_lab.monitor.plan.facts import customer_facts
from idic_lab.monitor.plan.overlap import Total, counted_once, total
from idic_lab.monitor.plan.plays import PLAYS, Play
from idic_lab.monitor.plan.plots import plot_plan

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
