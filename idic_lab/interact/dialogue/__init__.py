"""Dialogue: one timeline across channels, rules that keep it going, and the question worth asking next."""

from idic_lab.interact.dialogue.conversations import backlog as backlog, broken_rules as broken_rules
from idic_lab.interact.dialogue.conversations import conversations as conversations, plot_backlog as plot_backlog
from idic_lab.interact.dialogue.conversations import plot_staying as plot_staying, plot_timeline as plot_timeline
from idic_lab.interact.dialogue.conversations import staying as staying, talkers as talkers, timeline as timeline
from idic_lab.interact.dialogue.conversations import worth_of_an_answer as worth_of_an_answer
from idic_lab.interact.dialogue.questions import ask as ask, battery_answers as battery_answers
from idic_lab.interact.dialogue.questions import best_fixed_order as best_fixed_order, compare_orders as compare_orders
from idic_lab.interact.dialogue.questions import expected_information as expected_information
from idic_lab.interact.dialogue.questions import item_probabilities as item_probabilities
from idic_lab.interact.dialogue.questions import items_from_answers as items_from_answers
from idic_lab.interact.dialogue.questions import next_question as next_question, next_questions as next_questions
from idic_lab.interact.dialogue.questions import plot_certainty as plot_certainty, plot_information as plot_information
from idic_lab.interact.dialogue.questions import plot_questionnaire as plot_questionnaire, replay as replay
from idic_lab.interact.dialogue.questions import segment_shares as segment_shares, starting_beliefs as starting_beliefs
from idic_lab.interact.dialogue.questions import uncertainty as uncertainty, updated_beliefs as updated_beliefs
