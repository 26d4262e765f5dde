"""Differentiate: how much each customer is worth, and what each one needs."""

from idic_lab.differentiate import behaviour, clv, cohorts, needs, portfolio, rfm

__all__ = ["behaviour", "clv", "cohorts", "needs", "portfolio", "rfm"]
