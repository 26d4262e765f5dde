"""Contracts of the tables the interact stage makes."""

from __future__ import annotations

from idic_lab.tables.contract import Table, column
from idic_lab.tables.touchpoints import CHANNELS

FEEDBACK_KINDS = ("CSAT", "NPS", "review", "complaint")
OCCASIONS = ("birthday", "anniversary", "holiday")
TIMES_OF_DAY = ("morning", "afternoon", "evening")

channel_preferences = Table(
    "channel_preferences",
    "How each customer takes to each channel, and whether it may be used.",
    {
        "customer_id": column("text", "customer"),
        "channel": column("text", "channel", values=CHANNELS),
        "contacts": column("count", "contacts the organisation began on it", minimum=0),
        "responses": column("count", "of these, contacts the customer reacted to", minimum=0),
        "chosen": column("count", "contacts the customer began on it", minimum=0),
        "response_rate": column(
            "number",
            "expected chance of a response to a contact after four quiet weeks",
            minimum=0,
            maximum=1,
        ),
        "preference": column(
            "number", "probability that this is the customer's preferred channel", minimum=0, maximum=1
        ),
        "preferred": column("flag", "the most probable one; one channel per customer"),
        "best_time": column(
            "text", "time of day at which the customer most probably reacts", values=TIMES_OF_DAY
        ),
        "allowed": column("flag", "the customer consents to contact on it"),
    },
    key=("customer_id", "channel"),
)

contact_plan = Table(
    "contact_plan",
    "Whom to contact when and how: within budget, consent and contact-frequency cap.",
    {
        "customer_id": column("text", "customer"),
        "date": column("date", "first day of the week of the contact"),
        "channel": column("text", "channel", values=CHANNELS),
        "time_of_day": column("text", "best time of day", values=TIMES_OF_DAY),
        "recent_contacts": column(
            "count", "contacts in the 28 days before, the planned ones included", minimum=0
        ),
        "expected_responses": column("number", "chance of a response", minimum=0, maximum=1),
        "cost": column("number", "cost of the contact", unit="currency", minimum=0),
    },
    key=("customer_id", "date"),
)

feedback = Table(
    "feedback",
    "One row per piece of feedback: an answer to CSAT or NPS, a review, a complaint.",
    {
        "customer_id": column("text", "customer"),
        "date": column("date", "day it was given"),
        "kind": column("text", "what it is", values=FEEDBACK_KINDS),
        "score": column(
            "number",
            "answer or stars on its own scale; missing for a complaint",
            nullable=True,
            minimum=0,
            maximum=10,
        ),
        "satisfaction": column(
            "number",
            "0 (worst) to 1 (best): the score within its scale, the tone of a review's words, 0 for a complaint",
            minimum=0,
            maximum=1,
        ),
        "topic": column("text", "what it is about, where it says so", nullable=True),
        "weight": column(
            "number",
            "customers that an answer to a survey stands for, when answers are to speak for all; averages 1, and 1 for others",
            minimum=0,
        ),
    },
)

conversations = Table(
    "conversations",
    "Where the conversation with each customer stands, over all channels, and what may come next.",
    {
        "customer_id": column("text", "customer"),
        "last_date": column("date", "last contact in either direction"),
        "last_channel": column("text", "its channel", values=CHANNELS),
        "open_complaints": column("count", "complaints not closed", minimum=0),
        "open_issues": column("count", "questions, complaints and returns not closed", minimum=0),
        "offer_allowed": column("flag", "no complaint is open, so an offer may be made"),
        "next_step": column("text", "what to do at the next contact"),
    },
    key=("customer_id",),
)

next_questions = Table(
    "next_questions",
    "The questions worth asking next: how much each would tell about a customer's need segment.",
    {
        "customer_id": column("text", "customer"),
        "rank": column("count", "1 = the most informative", minimum=1),
        "question_id": column("text", "question, never asked of this customer before"),
        "information": column(
            "number", "expected information about the need segment", unit="bits", minimum=0
        ),
        "segment": column("text", "most probable need segment before asking"),
        "certainty": column("number", "its probability", minimum=0, maximum=1),
    },
    key=("customer_id", "rank"),
)

greetings = Table(
    "greetings",
    "A year of greetings: whom, on which day, by which channel; only where the customer allows it.",
    {
        "customer_id": column("text", "customer"),
        "day": column("text", "month and day, as MM-DD; no year"),
        "occasion": column("text", "occasion", values=OCCASIONS),
        "channel": column("text", "allowed channel the customer most probably prefers", values=CHANNELS),
        "gesture": column("text", "greeting, or greeting with an exclusive offer"),
    },
    key=("customer_id", "day", "occasion"),
)

TABLES = (channel_preferences, contact_plan, feedback, conversations, next_questions, greetings)
