"""Feedback: CSAT and NPS with their intervals, who answers, the tone and topics of reviews, and who leaves."""

from idic_lab.interact.feedback.feedback_table import feedback_table
from idic_lab.interact.feedback.leaving import leaving_by_answer, leaving_odds, satisfaction_and_leaving
from idic_lab.interact.feedback.plots import (
    plot_accuracy,
    plot_balance,
    plot_leaving,
    plot_nps,
    plot_nps_noise,
    plot_stars_by_topic,
)
from idic_lab.interact.feedback.scores import (
    customer_satisfaction,
    net_promoter_score,
    nps_group,
    nps_noise,
    survey_answers,
)
from idic_lab.interact.feedback.sentiment import (
    held_out_tone,
    mark_negation,
    negates,
    sentiment_accuracy,
    sentiment_failures,
    sentiment_model,
    telling_words,
)
from idic_lab.interact.feedback.topics import Topics, review_topics, stars_by_topic
from idic_lab.interact.feedback.weighting import balance, response_features, response_weights

__all__ = [
    "Topics",
    "balance",
    "customer_satisfaction",
    "feedback_table",
    "held_out_tone",
    "leaving_by_answer",
    "leaving_odds",
    "mark_negation",
    "negates",
    "net_promoter_score",
    "nps_group",
    "nps_noise",
    "plot_accuracy",
    "plot_balance",
    "plot_leaving",
    "plot_nps",
    "plot_nps_noise",
    "plot_stars_by_topic",
    "response_features",
    "response_weights",
    "review_topics",
    "satisfaction_and_leaving",
    "sentiment_accuracy",
    "sentiment_failures",
    "sentiment_model",
    "stars_by_topic",
    "survey_answers",
    "telling_words",
]
