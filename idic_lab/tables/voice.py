"""Contracts of what customers say: answers to surveys and product reviews."""

from __future__ import annotations

from idic_lab.tables.contract import Table, column

survey_questions = Table(
    "survey_questions",
    "The questions behind survey_responses: wording and scale.",
    {
        "question_id": column("text", "question"),
        "survey_id": column("text", "survey the question belongs to"),
        "text": column("text", "wording"),
        "minimum": column("number", "lowest possible answer"),
        "maximum": column("number", "highest possible answer; missing when open", nullable=True),
    },
    key=("question_id",),
)

survey_responses = Table(
    "survey_responses",
    "One row per question answered.",
    {
        "record_id": column("text", "record (source_records) of the person who answered"),
        "survey_id": column("text", "survey"),
        "date": column("date", "day of the answer"),
        "question_id": column("text", "question"),
        "answer": column("number", "answer on the question's scale; 1 = yes, 0 = no in the needs battery"),
    },
    key=("record_id", "survey_id", "date", "question_id"),
)

reviews = Table(
    "reviews",
    "One row per product review.",
    {
        "review_id": column("text", "review"),
        "record_id": column("text", "record (source_records) of the writer"),
        "product_id": column("text", "product reviewed"),
        "date": column("date", "day of the review"),
        "stars": column("count", "rating, 5 is best", unit="stars", minimum=1, maximum=5),
        "text": column("text", "what was written"),
    },
    key=("review_id",),
)

TABLES = (survey_questions, survey_responses, reviews)
