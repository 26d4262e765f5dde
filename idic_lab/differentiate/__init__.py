"""Differentiate: how much each customer is worth, and what each one needs."""
