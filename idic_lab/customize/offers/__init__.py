"""Offers: whom an offer changes, which policy earns most, and what to spend on whom."""

from idic_lab.customize.offers.budget import allocate, budget_curve, plot_budget
from idic_lab.customize.offers.candidates import (
    candidates,
    candidates_of,
    contact_costs,
    offers_table,
    share_of_budget,
)
from idic_lab.customize.offers.learners import (
    LEARNERS,
    TLearner,
    TransformedOutcome,
    XLearner,
    default_regressor,
    expected_outcomes,
    learner,
    uplift,
)
from idic_lab.customize.offers.policies import (
    best_arm,
    compare_policies,
    plot_policies,
    policy_value,
    reference_policies,
)
from idic_lab.customize.offers.qini import area, bands, coefficient, curve, perfect_curve, plot_curves
from idic_lab.customize.offers.trials import (
    CONTROL,
    arms,
    average_effect,
    balance,
    features,
    shares,
    take_up_discount,
    with_profit,
)

__all__ = [
    "CONTROL",
    "LEARNERS",
    "TLearner",
    "TransformedOutcome",
    "XLearner",
    "allocate",
    "area",
    "arms",
    "average_effect",
    "balance",
    "bands",
    "best_arm",
    "budget_curve",
    "candidates",
    "candidates_of",
    "coefficient",
    "compare_policies",
    "contact_costs",
    "curve",
    "default_regressor",
    "expected_outcomes",
    "features",
    "learner",
    "offers_table",
    "perfect_curve",
    "plot_budget",
    "plot_curves",
    "plot_policies",
    "policy_value",
    "reference_policies",
    "share_of_budget",
    "shares",
    "take_up_discount",
    "uplift",
    "with_profit",
]
