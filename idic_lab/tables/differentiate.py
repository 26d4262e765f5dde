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

need_segments = Table(
    "need_segments",
    "The need segment of every customer, and whether it is known from answers or inferred.",
    {
        "customer_id": column("text", "customer, or prospect who answered"),
        "segment": column("text", "need segment, named by its strongest marker"),
        "probability": column("number", "probability of belonging to it", minimum=0, maximum=1),
        "basis": column("text", "how it is known", values=("answers", "typing tool")),
    },
    key=("customer_id",),
)

need_profiles = Table(
    "need_profiles",
    "How each need segment answers each question, beside everybody.",
    {
        "segment": column("text", "need segment"),
        "question_id": column("text", "question of the needs battery"),
        "share": column("number", "share of yes in the segment", minimum=0, maximum=1),
        "overall": column("number", "share of yes of everybody", minimum=0, maximum=1),
        "difference": column("number", "share less overall", minimum=-1, maximum=1),
        "marker": column("flag", "the question marks the segment: 25 points or half off everybody's share"),
        "share_of_customers": column(
            "number", "size of the segment among those who answered", minimum=0, maximum=1
        ),
    },
    key=("segment", "question_id"),
)

portfolio = Table(
    "portfolio",
    "Actual and strategic value of every customer, what serving them costs, and their tier in the portfolio.",
    {
        "customer_id": column("text", "customer"),
        "revenue": column("number", "amount of purchases less returns so far", unit="currency"),
        "cost_to_serve": column(
            "number", "handling, delivery, returns and contacts so far", unit="currency", minimum=0
        ),
        "past_value": column("number", "gross margin less cost to serve so far", unit="currency"),
        "actual_value": column(
            "number",
            "discounted contribution expected within the horizon if nothing changes",
            unit="currency",
        ),
        "category_spend": column(
            "number",
            "what the customer spends on such goods a year, here and elsewhere; missing where nobody asked",
            unit="currency per year",
            minimum=0,
            nullable=True,
        ),
        "share_of_wallet": column(
            "number", "share of category spend that comes here", minimum=0, maximum=1, nullable=True
        ),
        "wallet_basis": column(
            "text", "how category spend is known", values=("answered", "estimated", "unknown")
        ),
        "growth_potential": column(
            "number",
            "margin a year on what is expected to be spent elsewhere; missing where the wallet is unknown",
            unit="currency per year",
            minimum=0,
            nullable=True,
        ),
        "strategic_value": column(
            "number",
            "actual value plus growth potential; missing where that is",
            unit="currency",
            nullable=True,
        ),
        "most_growable": column("flag", "among those with the largest growth potential, whatever the tier"),
        "tier": column(
            "text",
            "tier of Peppers and Rogers",
            values=("most valuable", "most growable", "migrator", "below zero"),
        ),
    },
    key=("customer_id",),
)

account_values = Table(
    "account_values",
    "The value of each account and of each person in it.",
    {
        "account_id": column("text", "account"),
        "customer_id": column("text", "customer, or prospect, who acts in the account"),
        "role": column("text", "the person's part in buying"),
        "account_value": column("number", "amount charged to the account so far", unit="currency"),
        "ordered": column("number", "of that, ordered by the person", unit="currency"),
        "private_value": column("number", "amount the person bought privately", unit="currency"),
    },
    key=("account_id", "customer_id"),
)

cohorts = Table(
    "cohorts",
    "Customers by month of first purchase, followed month by month.",
    {
        "cohort": column("date", "first day of the month of the first purchase"),
        "age_months": column("count", "months since then; 0 is the month itself", unit="months", minimum=0),
        "customers": column("count", "customers in the cohort", unit="customers", minimum=1),
        "active": column("count", "of them, those who bought in the month", unit="customers", minimum=0),
        "retention": column("number", "active / customers", minimum=0, maximum=1),
        "revenue": column("number", "amount of the month", unit="currency"),
        "revenue_per_customer": column(
            "number", "amount up to and including the month, per customer of the cohort", unit="currency"
        ),
    },
    key=("cohort", "age_months"),
)

TABLES = (
    rfm,
    btyd_summary,
    customer_value,
    segments,
    need_segments,
    need_profiles,
    portfolio,
    account_values,
    cohorts,
)
