"""Implement and monitor: the plan, the measures, migration between reviews, and the loop that learns."""
