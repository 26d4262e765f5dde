"""Offers: whom an offer changes, which policy earns most, and what to spend on whom."""

from idic_lab.customize.offers.budget import (
    allocate,
    candidates_of,
    fairness,
    kinds_of_people,
    offers_table,
    plot_budget,
    plot_fairness,
    reachable,
    share_of_budget,
    try_budgets,
    value_on_fresh_customers,
)
from idic_lab.customize.offers.learners import (
    LEARNERS,
    PolicyTree,
    TLearner,
    TransformedOutcome,
    XLearner,
    effect_scores,
    expected_outcomes,
    uplift,
)
from idic_lab.customize.offers.qini import area, bands, coefficient, curve, effects_differ, judge_ranking, plot_curves
from idic_lab.customize.offers.trials import (
    CONTROL,
    arms,
    average_effect,
    balance,
    best_arm,
    compare_policies,
    features,
    plot_gain_by,
    plot_policies,
    policy_value,
    reference_policies,
    take_up_discount,
    with_profit,
)
