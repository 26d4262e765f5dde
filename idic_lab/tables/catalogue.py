"""Contracts of what is sold and what serving costs."""

from __future__ import annotations

from idic_lab.tables.contract import Table, column

products = Table(
    "products",
    "One row per product.",
    {
        "product_id": column("text", "product"),
        "name": column("text", "name of the product"),
        "category": column("text", "product category"),
        "tier": column(
            "text",
            "price tier within the category",
            values=("budget", "standard", "premium"),
            nullable=True,
            required=False,
        ),
        "list_price": column("number", "price before any discount", unit="currency", minimum=0),
        "unit_cost": column(
            "number", "cost of one unit to the seller", unit="currency", minimum=0, nullable=True
        ),
    },
    key=("product_id",),
)

product_options = Table(
    "product_options",
    "The modules from which a product is made to a customer's measure; one option of each module is chosen.",
    {
        "option_id": column("text", "option"),
        "product_id": column("text", "product that can be configured with it"),
        "module": column("text", "module the option belongs to"),
        "option": column("text", "name of the option"),
        "extra_price": column("number", "added to the list price", unit="currency"),
        "extra_cost": column("number", "added to the unit cost", unit="currency", minimum=0),
        "serves": column(
            "text", "question of the needs battery that the option answers to; missing if none", nullable=True
        ),
        "not_with": column(
            "text", "option that it cannot be combined with; missing if none", nullable=True, required=False
        ),
    },
    key=("option_id",),
)

cost_rates = Table(
    "cost_rates",
    "What serving a customer costs per activity; the cost of a contact stands with the contact.",
    {
        "activity": column("text", "activity"),
        "rate": column(
            "number", "cost of the activity, or a share where the unit says so", unit="see unit", minimum=0
        ),
        "unit": column("text", "what the rate is counted in"),
    },
    key=("activity",),
)

TABLES = (products, product_options, cost_rates)
