"""Dialogue: one timeline across channels, rules that keep it going, and the question worth asking next."""

from idic_lab.interact.dialogue.beliefs import (
    expected_information,
    item_probabilities,
    items_from_answers,
    segment_shares,
    starting_beliefs,
    uncertainty,
    updated_beliefs,
)
from idic_lab.interact.dialogue.conversations import broken_rules, conversations
from idic_lab.interact.dialogue.next_questions import battery_answers, next_questions
from idic_lab.interact.dialogue.plots import plot_certainty, plot_information, plot_questionnaire
from idic_lab.interact.dialogue.questionnaires import ask, best_fixed_order, compare_orders, next_question
from idic_lab.interact.dialogue.timeline import plot_timeline, timeline

__all__ = [
    "ask",
    "battery_answers",
    "best_fixed_order",
    "broken_rules",
    "compare_orders",
    "conversations",
    "expected_information",
    "item_probabilities",
    "items_from_answers",
    "next_question",
    "next_questions",
    "plot_certainty",
    "plot_information",
    "plot_questionnaire",
    "plot_timeline",
    "segment_shares",
    "starting_beliefs",
    "timeline",
    "uncertainty",
    "updated_beliefs",
]
