"""Dialogue: one timeline across channels, rules that keep it going, and the question worth asking next."""

from idic_lab.interact.dialogue.conversations import (
    backlog,
    broken_rules,
    conversations,
    plot_backlog,
    plot_staying,
    plot_timeline,
    staying,
    talkers,
    timeline,
    waiting_on_many_channels,
    worth_of_an_answer,
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
    replay,
    segment_shares,
    starting_beliefs,
    uncertainty,
    updated_beliefs,
)
