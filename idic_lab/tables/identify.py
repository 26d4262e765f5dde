"""Contracts of the tables the identify stage makes."""

from __future__ import annotations

from idic_lab.tables.contract import Table, column
from idic_lab.tables.touchpoints import CHANNELS

METHODS = ("number", "model", "single")
KINDS = ("customer", "prospect")


def _optional(kind: str, meaning: str, **options):
    return column(kind, meaning, nullable=kind != "flag", required=False, **options)


identity_links = Table(
    "identity_links",
    "Which customer each record belongs to, and how surely.",
    {
        "record_id": column("text", "record (source_records)"),
        "customer_id": column(
            "text", 'customer: the number used in transactions, or "P-" and a code for people without one'
        ),
        "touchpoint": column("text", "where the record is kept"),
        "probability": column(
            "number",
            "weakest link that joins the record to its customer; 1 for a known number or a record on its own",
            minimum=0,
            maximum=1,
        ),
        "method": column(
            "text",
            "number: the record carries the customer number; model: linked by likeness; single: linked to nothing",
            values=METHODS,
        ),
    },
    key=("record_id",),
)

_BITS = "evidence of {} for one person, in bits; below 0 speaks against, 0 says nothing"
identity_review = Table(
    "identity_review",
    "Pairs of records for a person to decide on; record numbers only, no names.",
    {
        "record_a": column("text", "one record (source_records)"),
        "record_b": column("text", "the other"),
        "customer_a": column("text", "customer the first was given to"),
        "customer_b": column("text", "customer the second was given to"),
        "probability": column("number", "probability that both belong to one person", minimum=0, maximum=1),
        "reason": column("text", "why a person should look"),
    }
    | {
        name: column("number", _BITS.format(name.replace("_", " ")), unit="bits")
        for name in ("first_name", "last_name", "birth_date", "email", "home")
    },
    key=("record_a", "record_b"),
)

contacts = Table(
    "contacts",
    "Names and contact details of each customer, one value chosen from all records; never leaves the repository.",
    {
        "customer_id": column("text", "customer"),
        "first_name": column("text", "given name", nullable=True),
        "last_name": column("text", "family name", nullable=True),
        "birth_date": column("date", "date of birth", nullable=True),
        "email": column("text", "e-mail address", nullable=True),
        "phone": column("text", "telephone number", nullable=True),
        "street": column("text", "street and house number", nullable=True),
        "postcode": column("text", "postcode", nullable=True),
        "city": column("text", "city", nullable=True),
    },
    key=("customer_id",),
    personal=True,
)

customer_keys = Table(
    "customer_keys",
    "Whom each code stands for, where customers are shown by code; never leaves the repository.",
    {
        "customer_id": column("text", "customer, as all other tables say"),
        "original_id": column("text", "name, e-mail address or number by which the data named the customer"),
    },
    key=("customer_id",),
    personal=True,
)

customers = Table(
    "customers",
    "The single customer view: one row per person with all that is known, without names or addresses.",
    {
        "customer_id": column("text", "customer"),
        "kind": column(
            "text", "customer: is in transactions; prospect: known, but has not ordered", values=KINDS
        ),
        "first_seen": column("date", "first day anything is known of", nullable=True),
        "last_seen": column("date", "last day anything is known of", nullable=True),
        "orders": column("count", "orders, returns not counted", unit="orders", minimum=0),
        "spend": column("number", "total amount, returns deducted", unit="currency"),
        "returns": column("count", "returns and cancellations", minimum=0),
        "average_order": column(
            "number", "mean amount of an order; missing without one", unit="currency", nullable=True
        ),
        "first_order": column("date", "first order", nullable=True),
        "last_order": column("date", "last order", nullable=True),
        "days_since_last_order": column(
            "number",
            "days from the last order to the last day in the data",
            unit="days",
            minimum=0,
            nullable=True,
        ),
        "main_channel": _optional("text", "where most of the orders were placed"),
        "favourite_category": _optional("text", "product category with the highest amount"),
        "birth_year": _optional("number", "year of birth", unit="year"),
        "age_band": _optional("text", "age on the last day in the data, in bands"),
        "city": _optional("text", "city"),
        "postcode_area": _optional("text", "first two characters of the postcode"),
        "records": _optional("number", "records linked to this customer", minimum=0),
        "touchpoints": _optional(
            "text", "where the customer is known, in alphabetical order, separated by blanks"
        ),
        "has_email": _optional("flag", "an e-mail address is known"),
        "has_phone": _optional("flag", "a telephone number is known"),
        "has_address": _optional("flag", "street and postcode are known"),
        "channels_allowed": _optional("text", "channels with consent, separated by blanks"),
        "visits": _optional("number", "visits to web shop and app while logged in", minimum=0),
        "products_viewed": _optional("number", "different products looked at", minimum=0),
        "last_visit": _optional("date", "last visit"),
        "main_device": _optional("text", "device of most visits"),
        "contacts_received": _optional("number", "contacts the organisation began", minimum=0),
        "contacts_made": _optional("number", "contacts the customer began", minimum=0),
        "complaints": _optional("number", "complaints", minimum=0),
        "usual_channel": _optional("text", "channel of most contacts the customer began or reacted to"),
        "surveys_answered": _optional("number", "surveys answered", minimum=0),
        "reviews_written": _optional("number", "product reviews", minimum=0),
        "mean_stars": _optional("number", "mean rating of these reviews", unit="stars", minimum=1, maximum=5),
        "account_id": _optional("text", "organisation the customer acts for"),
        "account_role": _optional("text", "part in its buying; the most influential when there are several"),
        "completeness": column(
            "number",
            "share filled in of the columns that describe a customer (those this data set can have)",
            minimum=0,
            maximum=1,
        ),
    },
    key=("customer_id",),
)

consents = Table(
    "consents",
    "Whether a customer may be contacted on a channel; without a yes here nobody is.",
    {
        "customer_id": column("text", "customer"),
        "channel": column("text", "channel", values=CHANNELS),
        "allowed": column("flag", "contact on this channel is allowed"),
        "record_id": column("text", "record that states it; missing where nobody asked", nullable=True),
        "date": column("date", "day of that statement", nullable=True),
    },
    key=("customer_id", "channel"),
)

account_profiles = Table(
    "account_profiles",
    "One row per organisation: who acts for it, and what they bought on its account.",
    {
        "account_id": column("text", "account"),
        "users": column("count", "people who use", unit="people", minimum=0),
        "decision_makers": column("count", "people who decide", unit="people", minimum=0),
        "influencers": column("count", "people who influence", unit="people", minimum=0),
        "orders": column("count", "orders charged to the account", unit="orders", minimum=0),
        "spend": column("number", "amount charged to the account, returns deducted", unit="currency"),
        "last_order": column("date", "last order charged to the account", nullable=True),
        "decision_maker_reachable": column("flag", "a decision-maker allows e-mail or telephone"),
    },
    key=("account_id",),
)

TABLES = (identity_links, identity_review, contacts, customer_keys, customers, consents, account_profiles)
