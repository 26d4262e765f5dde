"""Feedback: CSAT and NPS with their intervals, who answers, the tone and topics of reviews, and who leaves."""

from idic_lab.interact.feedback.reviews import (
    Topics,
    compare_tone_models,
    feedback_table,
    held_out_tone,
    mark_negation,
    plot_accuracy,
    plot_stars_by_topic,
    review_topics,
    sentiment_accuracy,
    sentiment_failures,
    sentiment_model,
    stars_by_topic,
)
from idic_lab.interact.feedback.scores import (
    balance,
    customer_satisfaction,
    leaving_by_answer,
    leaving_odds,
    net_promoter_score,
    nps_noise,
    plot_balance,
    plot_leaving,
    plot_nps,
    plot_nps_noise,
    response_features,
    response_weights,
    satisfaction_and_leaving,
    survey_answers,
    weighted_satisfaction,
)
