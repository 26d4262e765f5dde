"""Contracts of randomised trials on customers: campaigns and prices."""

from __future__ import annotations

from idic_lab.tables.contract import Table, column

campaign_results = Table(
    "campaign_results",
    "One row per customer in a randomised campaign, with what was known of the customer on the day it began.",
    {
        "campaign_id": column("text", "campaign"),
        "customer_id": column("text", "customer"),
        "date": column("date", "first day of the campaign"),
        "arm": column("text", 'what the customer was given at random; "control" is nothing'),
        "recency_days": column(
            "count", "days since the last order, on the day", unit="days", minimum=0, required=False
        ),
        "tenure_days": column(
            "count", "days since the first order, on the day", unit="days", minimum=0, required=False
        ),
        "orders": column("count", "orders before the day", unit="orders", minimum=0, required=False),
        "spend": column("number", "total amount of those orders", unit="currency", minimum=0, required=False),
        "age": column(
            "count", "age in completed years", unit="years", minimum=0, maximum=120, required=False
        ),
        "main_channel": column("text", "channel of most of those orders", required=False),
        "converted": column("flag", "the customer did what the campaign was for"),
        "margin": column(
            "number",
            "margin gained by it, 0 without conversion, cost of contact not deducted",
            unit="currency",
        ),
        "contact_cost": column("number", "cost of giving the arm", unit="currency", minimum=0),
    },
    key=("campaign_id", "customer_id"),
)

price_tests = Table(
    "price_tests",
    "One row per randomised price shown to a customer.",
    {
        "test_id": column("text", "one showing of one price"),
        "customer_id": column("text", "customer"),
        "date": column("date", "day of the showing"),
        "product_id": column("text", "product offered"),
        "price": column("number", "price shown", unit="currency", minimum=0),
        "bought": column("flag", "the customer bought at that price"),
    },
    key=("test_id",),
)

TABLES = (campaign_results, price_tests)
