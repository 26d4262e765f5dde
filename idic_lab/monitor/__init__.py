"""Implement and monitor: the plan, the measures, migration between reviews, and the loop that learns."""

from idic_lab.monitor import kpis, loop, migration, plan

__all__ = ["kpis", "loop", "migration", "plan"]
