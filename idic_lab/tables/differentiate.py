"""Contracts of the tables the differentiate stage makes."""

from __future__ import annotations

from idic_lab.tables.contract import Table, column

rfm = Table(
    "rfm",
    "Recency, frequency and monetary value per customer, with quintile scores (5 is best).",
    {
        "customer_id": column("text", "customer"),
        "recency_days": column(
            "count", "days from the last purchase to the end of observation", unit="days", minimum=0
        ),
        "frequency": column(
            "count", "days on which the customer bought, the first included", unit="days", minimum=1
        ),
        "monetary": column("number", "total amount of the customer's purchases", unit="currency", minimum=0),
        "r_score": column("count", "quintile of recency, 5 = most recent", minimum=1, maximum=5),
        "f_score": column("count", "quintile of frequency, 5 = most frequent", minimum=1, maximum=5),
        "m_score": column("count", "quintile of monetary value, 5 = highest", minimum=1, maximum=5),
        "segment": column("text", "named RFM segment"),
    },
    key=("customer_id",),
)

btyd_summary = Table(
    "btyd_summary",
    "The summary that buy-till-you-die models are fitted to, in Fader and Hardie's notation.",
    {
        "customer_id": column("text", "customer"),
        "frequency": column(
            "count", "repeat purchase days: purchase days after the first", unit="days", minimum=0
        ),
        "recency": column("number", "time from first to last purchase", unit="time units", minimum=0),
        "T": column(
            "number", "age: time from first purchase to the end of observation", unit="time units", minimum=0
        ),
        "monetary_value": column(
            "number", "mean amount per repeat purchase day; 0 without one", unit="currency", minimum=0
        ),
    },
    key=("customer_id",),
)

customer_value = Table(
    "customer_value",
    "What each customer is expected to do and to be worth.",
    {
        "customer_id": column("text", "customer"),
        "probability_alive": column("number", "probability of still being a customer", minimum=0, maximum=1),
        "expected_purchases": column(
            "number", "expected purchase days within the horizon", unit="days", minimum=0
        ),
        "expected_spend": column("number", "expected amount per purchase day", unit="currency", minimum=0),
        "clv": column("number", "discounted margin expected within the horizon", unit="currency", minimum=0),
        "residual_value": column(
            "number", "discounted margin expected over the whole remaining life", unit="currency", minimum=0
        ),
    },
    key=("customer_id",),
)

segments = Table(
    "segments",
    "Every segmentation scheme side by side, so that later stages choose among them.",
    {
        "customer_id": column("text", "customer"),
        "scheme": column("text", "name of the segmentation"),
        "segment": column("text", "the customer's segment in it"),
    },
    key=("customer_id", "scheme"),
    partition="scheme",
)

TABLES = (rfm, btyd_summary, customer_value, segments)
