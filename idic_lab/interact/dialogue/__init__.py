"""Dialogue: one timeline across channels, rules that keep it going, and the question worth asking next."""

from idic_lab.interact.dialogue.conversations import (
    backlog as backlog,
    broken_rules as broken_rules,
    conversations as conversations,
    plot_backlog as plot_backlog,
    plot_staying as plot_staying,
    plot_timeline as plot_timeline,
    staying as staying,
    talkers as talkers,
    timeline as timeline,
    waiting_on_many_channels as waiting_on_many_channels,
    worth_of_an_answer as worth_of_an_answer,
)
from idic_lab.interact.dialogue.questions import (
    ask as ask,
    battery_answers as battery_answers,
    best_fixed_order as best_fixed_order,
    compare_orders as compare_orders,
    expected_information as expected_information,
    item_probabilities as item_probabilities,
    items_from_answers as items_from_answers,
    next_question as next_question,
    next_questions as next_questions,
    plot_certainty as plot_certainty,
    plot_information as plot_information,
    plot_questionnaire as plot_questionnaire,
    replay as replay,
    segment_shares as segment_shares,
    starting_beliefs as starting_beliefs,
    uncertainty as uncertainty,
    updated_beliefs as updated_beliefs,
)
