"""Offers: whom an offer changes, which policy earns most, and what to spend on whom."""

from idic_lab.customize.offers.budget import allocate as allocate, candidates_of as candidates_of, fairness as fairness
from idic_lab.customize.offers.budget import kinds_of_people as kinds_of_people, offers_table as offers_table
from idic_lab.customize.offers.budget import plot_budget as plot_budget, plot_fairness as plot_fairness
from idic_lab.customize.offers.budget import reachable as reachable, share_of_budget as share_of_budget
from idic_lab.customize.offers.budget import try_budgets as try_budgets
from idic_lab.customize.offers.budget import value_on_fresh_customers as value_on_fresh_customers
from idic_lab.customize.offers.learners import LEARNERS as LEARNERS, PolicyTree as PolicyTree, TLearner as TLearner
from idic_lab.customize.offers.learners import TransformedOutcome as TransformedOutcome, XLearner as XLearner
from idic_lab.customize.offers.learners import effect_scores as effect_scores, effects_differ as effects_differ
from idic_lab.customize.offers.learners import expected_outcomes as expected_outcomes, uplift as uplift
from idic_lab.customize.offers.trials import CONTROL as CONTROL, area as area, arms as arms
from idic_lab.customize.offers.trials import average_effect as average_effect, balance as balance, bands as bands
from idic_lab.customize.offers.trials import best_arm as best_arm, coefficient as coefficient
from idic_lab.customize.offers.trials import compare_policies as compare_policies, curve as curve, features as features
from idic_lab.customize.offers.trials import judge_ranking as judge_ranking, plot_curves as plot_curves
from idic_lab.customize.offers.trials import plot_gain_by as plot_gain_by, plot_policies as plot_policies
from idic_lab.customize.offers.trials import policy_value as policy_value, reference_policies as reference_policies
from idic_lab.customize.offers.trials import take_up_discount as take_up_discount, with_profit as with_profit
