"""Feedback: CSAT and NPS with their intervals, who answers, the tone and topics of reviews, and who leaves."""

from idic_lab.interact.feedback.reviews import Topics as Topics, compare_tone_models as compare_tone_models
from idic_lab.interact.feedback.reviews import feedback_table as feedback_table, held_out_tone as held_out_tone
from idic_lab.interact.feedback.reviews import mark_negation as mark_negation, plot_accuracy as plot_accuracy
from idic_lab.interact.feedback.reviews import plot_stars_by_topic as plot_stars_by_topic
from idic_lab.interact.feedback.reviews import review_topics as review_topics, sentiment_accuracy as sentiment_accuracy
from idic_lab.interact.feedback.reviews import sentiment_failures as sentiment_failures
from idic_lab.interact.feedback.reviews import sentiment_model as sentiment_model, stars_by_topic as stars_by_topic
from idic_lab.interact.feedback.scores import balance as balance, customer_satisfaction as customer_satisfaction
from idic_lab.interact.feedback.scores import leaving_by_answer as leaving_by_answer, leaving_odds as leaving_odds
from idic_lab.interact.feedback.scores import net_promoter_score as net_promoter_score, nps_noise as nps_noise
from idic_lab.interact.feedback.scores import plot_leaving as plot_leaving
from idic_lab.interact.feedback.scores import plot_nps as plot_nps, plot_nps_noise as plot_nps_noise
from idic_lab.interact.feedback.scores import response_features as response_features
from idic_lab.interact.feedback.scores import response_weights as response_weights
from idic_lab.interact.feedback.scores import satisfaction_and_leaving as satisfaction_and_leaving
from idic_lab.interact.feedback.scores import survey_answers as survey_answers
from idic_lab.interact.feedback.scores import weighted_satisfaction as weighted_satisfaction
