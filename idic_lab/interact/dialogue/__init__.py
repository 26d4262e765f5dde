"""Dialogue: one timeline across channels, rules that keep it going, and the question worth asking next."""

from idic_lab.interact.dialogue.conversations import (
    backlog,
    broken_rules,
    conversations,
    plot_backlog,
    plot_timeline,
    timeline,
)
from idic_lab.interact.dialogue.questions import (
    ask,
    battery_answers,
    best_fixed_order,
    compare_orders,
    expected_information,
    item_probabilities,
    items_from_answers,
    next_question,
    next_questions,
    plot_certainty,
    plot_information,
    plot_questionnaire,
    segment_shares,
    starting_beliefs,
    uncertainty,
    updated_beliefs,
)

__all__ = [
    "ask", "backlog", "battery_answers", "best_fixed_order", "broken_rules", "compare_orders",
    "conversations", "expected_information", "item_probabilities", "items_from_answers", "next_question",
    "next_questions", "plot_backlog", "plot_certainty", "plot_information", "plot_questionnaire",
    "plot_timeline", "segment_shares", "starting_beliefs", "timeline", "uncertainty", "updated_beliefs",
]  # fmt: skip
