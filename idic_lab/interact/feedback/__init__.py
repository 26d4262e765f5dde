"""Feedback: CSAT and NPS with their intervals, who answers, the tone and topics of reviews, and who leaves."""

from idic_lab.interact.feedback.reviews import (
    Topics as Topics,
    compare_tone_models as compare_tone_models,
    feedback_table as feedback_table,
    held_out_tone as held_out_tone,
    mark_negation as mark_negation,
    plot_accuracy as plot_accuracy,
    plot_stars_by_topic as plot_stars_by_topic,
    review_topics as review_topics,
    sentiment_accuracy as sentiment_accuracy,
    sentiment_failures as sentiment_failures,
    sentiment_model as sentiment_model,
    stars_by_topic as stars_by_topic,
)
from idic_lab.interact.feedback.scores import (
    balance as balance,
    customer_satisfaction as customer_satisfaction,
    leaving_by_answer as leaving_by_answer,
    leaving_odds as leaving_odds,
    net_promoter_score as net_promoter_score,
    nps_noise as nps_noise,
    plot_balance as plot_balance,
    plot_leaving as plot_leaving,
    plot_nps as plot_nps,
    plot_nps_noise as plot_nps_noise,
    response_features as response_features,
    response_weights as response_weights,
    satisfaction_and_leaving as satisfaction_and_leaving,
    survey_answers as survey_answers,
    weighted_satisfaction as weighted_satisfaction,
)
