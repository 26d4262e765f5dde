"""Differentiate: how much each customer is worth, and what each one needs."""

from idic_lab.differentiate import clv, rfm

__all__ = ["clv", "rfm"]
