"""Contracts of the tables a data set brings: purchases here, the others in modules of their own."""

from __future__ import annotations

from idic_lab.tables import catalogue, experiments, organisations, touchpoints, voice
from idic_lab.tables.contract import Table, column

transactions = Table(
    "transactions",
    "One row per customer and order: all that the value analyses need.",
    {
        "customer_id": column("text", "customer, as the data set names it"),
        "date": column("date", "day of the order"),
        "amount": column(
            "number", "amount of the order; negative for a return or cancellation", unit="currency"
        ),
        "quantity": column("number", "units in the order", unit="units", nullable=True, required=False),
        "order_id": column("text", "order number", nullable=True, required=False),
        "channel": column("text", "where it was ordered", nullable=True, required=False),
        "delivery_days": column(
            "number",
            "days from order to delivery; missing when nothing was delivered",
            unit="days",
            minimum=0,
            nullable=True,
            required=False,
        ),
        "account_id": column(
            "text", "account the order was charged to; missing when private", nullable=True, required=False
        ),
    },
)

order_lines = Table(
    "order_lines",
    "One row per product in an order.",
    {
        "order_id": column("text", "order number"),
        "customer_id": column("text", "customer, as the data set names it"),
        "date": column("date", "day of the order"),
        "product_id": column("text", "product"),
        "quantity": column("number", "units; negative for a return", unit="units"),
        "unit_price": column("number", "price actually paid for one unit", unit="currency"),
        "amount": column("number", "quantity times unit price", unit="currency"),
    },
)

rejects = Table(
    "rejects",
    "Rows of a source that could not be used, each with its place and the reason.",
    {
        "source": column("text", "file name or other source"),
        "line": column("count", "line in the source; the header is line 1", minimum=1),
        "column": column("text", "column at fault"),
        "value": column("text", "what was found there; stays in the repository", nullable=True),
        "reason": column("text", "why the row cannot be used"),
    },
    withheld=("value",),  # of a row out of place it may be somebody's name
)

TABLES = (
    transactions,
    order_lines,
    rejects,
    *touchpoints.TABLES,
    *catalogue.TABLES,
    *voice.TABLES,
    *experiments.TABLES,
    *organisations.TABLES,
)
