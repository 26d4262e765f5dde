"""Contracts of what the touchpoints record: who they know, who looked at what, who was in contact."""

from __future__ import annotations

from idic_lab.tables.contract import Table, column

TOUCHPOINTS = ("web_shop", "store_loyalty", "app", "call_centre", "social", "survey_panel")
CHANNELS = ("email", "social", "phone", "web_chat", "in_person")
CONSENT_CHANNELS = ("email", "social", "phone", "web_chat")  # a talk in the shop needs no consent


def _consent(channel: str):
    return column(
        "text",
        f"contact by {channel.replace('_', ' ')} allowed, as this record says; missing where it was never asked",
        nullable=True,
        required=False,
        values=("yes", "no"),
    )


source_records = Table(
    "source_records",
    "One row per record per touchpoint: what each part of the organisation knows of somebody.",
    {
        "record_id": column("text", "record, unique over all touchpoints"),
        "touchpoint": column("text", "where the record is kept"),
        "customer_id": column(
            "text",
            "customer number as in transactions; most records do not carry it",
            nullable=True,
            required=False,
        ),
        "first_name": column("text", "given name as recorded", nullable=True),
        "last_name": column("text", "family name as recorded", nullable=True),
        "birth_date": column("date", "date of birth as recorded", nullable=True, required=False),
        "email": column("text", "e-mail address as recorded", nullable=True),
        "phone": column("text", "telephone number as recorded", nullable=True),
        "street": column("text", "street and house number as recorded", nullable=True, required=False),
        "postcode": column("text", "postcode as recorded", nullable=True, required=False),
        "city": column("text", "city as recorded", nullable=True, required=False),
        "created": column("date", "day the record was opened", nullable=True, required=False),
        "updated": column("date", "day of its last change", nullable=True, required=False),
    }
    | {f"consent_{channel}": _consent(channel) for channel in CONSENT_CHANNELS},
    key=("record_id",),
    personal=True,
)

web_events = Table(
    "web_events",
    "One row per event of a visit to the web shop or the app.",
    {
        "session_id": column("text", "visit"),
        "record_id": column("text", "record (source_records) under which the visitor was logged in"),
        "date": column("date", "day of the visit"),
        "event": column("text", "what happened", values=("view", "basket", "checkout")),
        "product_id": column("text", "product concerned", nullable=True),
        "device": column(
            "text", "device of the visitor", values=("phone", "desktop"), nullable=True, required=False
        ),
    },
)

interactions = Table(
    "interactions",
    "One row per contact with a customer, in either direction.",
    {
        "interaction_id": column("text", "contact"),
        "record_id": column("text", "record (source_records) under which the contact was logged"),
        "date": column("date", "day of the contact"),
        "hour": column("count", "hour of the day", unit="hours", minimum=0, maximum=23),
        "channel": column("text", "channel of the contact", values=CHANNELS),
        "direction": column("text", "who began it", values=("outbound", "inbound")),
        "purpose": column(
            "text",
            "why: offer, news or care when outbound; question, complaint or return when inbound",
            values=("offer", "news", "care", "question", "complaint", "return"),
        ),
        "topic": column(
            "text",
            "what an inbound contact was about",
            nullable=True,
            values=("delivery", "quality", "price", "service", "product"),
        ),
        "responded": column("flag", "the customer reacted; always true when inbound"),
        "resolved_on": column(
            "date", "day an inbound issue was closed; missing while it is open", nullable=True
        ),
        "cost": column("number", "what the contact cost the organisation", unit="currency", minimum=0),
    },
    key=("interaction_id",),
)

TABLES = (source_records, web_events, interactions)
