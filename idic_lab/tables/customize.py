"""Contracts of the tables the customize stage makes."""

from __future__ import annotations

from idic_lab.tables.contract import Table, column
from idic_lab.tables.touchpoints import CHANNELS

recommendations = Table(
    "recommendations",
    "The products to show each customer, best first.",
    {
        "customer_id": column("text", "customer"),
        "product_id": column("text", "product that the customer has not bought"),
        "rank": column("count", "place in the list, 1 is best", minimum=1),
        "score": column("number", "what the list is ordered by; comparable within a customer only"),
        "method": column("text", "recommender that made the list"),
    },
    key=("customer_id", "product_id"),
)

configurations = Table(
    "configurations",
    "For each configurable product and need, the combination of options that fits best under the rules.",
    {
        "product_id": column("text", "product made from modules"),
        "need": column("text", 'need segment; "all" when none are known'),
        "option_ids": column("text", 'options chosen, one per module, joined by " + "'),
        "options": column("text", "their names"),
        "fit": column("number", "how much more the segment wants these options than customers in general"),
        "price": column("number", "list price with the options", unit="currency", minimum=0),
        "cost": column("number", "unit cost with the options", unit="currency", minimum=0),
        "margin": column("number", "price less cost", unit="currency"),
        "standard_margin": column("number", "margin of the cheapest combination", unit="currency"),
        "customers": column("count", "customers with this need", minimum=0),
    },
    key=("product_id", "need"),
)

service_tiers = Table(
    "service_tiers",
    "The service each customer gets, why, what it costs and what it is expected to return.",
    {
        "customer_id": column("text", "customer"),
        "tier": column("text", "service tier", values=("priority", "standard", "self-service")),
        "route": column("text", "who deals with the customer"),
        "reason": column("text", "the rule that decided the route"),
        "future_value": column("number", "value the customer is still expected to bring", unit="currency"),
        "need": column("text", "need segment; missing when not known", nullable=True),
        "open_issues": column("count", "contacts begun by the customer and not closed", minimum=0),
        "expected_cost": column("number", "cost of the tier", unit="currency per year", minimum=0),
        "extra_cost": column("number", "of it beyond the cheapest tier", unit="currency per year", minimum=0),
        "expected_return": column(
            "number", "value the tier is assumed to save", unit="currency per year", minimum=0
        ),
        "break_even": column(
            "number",
            "share of the future value that must be saved for the tier to earn its extra cost; missing without value",
            minimum=0,
            nullable=True,
        ),
    },
    key=("customer_id",),
)

offers = Table(
    "offers",
    "For each customer the offer made, or the best one considered, with its expected return and cost.",
    {
        "customer_id": column("text", "customer"),
        "offer": column("text", "arm of the campaign that the offer was tested in"),
        "expected_return": column("number", "expected gain before the offer's cost", unit="currency"),
        "expected_cost": column("number", "contact, and discount if taken up", unit="currency", minimum=0),
        "expected_profit": column("number", "expected return less expected cost", unit="currency"),
        "made": column("flag", "the offer is made: it earns something and the budget allows it"),
    },
    key=("customer_id",),
)

messages = Table(
    "messages",
    "Messages line by line, each line with the fact about the customer that it uses; names are filled in at sending.",
    {
        "customer_id": column("text", "customer who allows the channel"),
        "channel": column("text", "channel of the message", values=CHANNELS),
        "line": column("count", "line of the message", minimum=1),
        "place": column("text", "part of the message"),
        "text": column("text", "the line"),
        "fact": column("text", "fact it uses; missing if none", nullable=True),
        "source": column("text", "where the fact comes from", nullable=True),
    },
    key=("customer_id", "channel", "line"),
)

TABLES = (recommendations, configurations, service_tiers, offers, messages)
