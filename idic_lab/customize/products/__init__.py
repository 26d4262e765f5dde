"""Products: what to recommend to whom, what belongs together, and what to make to measure."""

from idic_lab.customize.products.complements import (
    association_rules,
    bundles,
    complements,
    plot_complements,
    with_names,
)
from idic_lab.customize.products.configuration import (
    answers_by_customer,
    best_configurations,
    choices,
    combinations,
    coverage,
    option_fit,
    plot_configuration,
    plot_coverage,
    price_limits,
    refusals,
)
from idic_lab.customize.products.recommenders import (
    ImplicitFactorisation,
    ItemToItem,
    NeedPopularity,
    Popularity,
    Recommender,
    RuleBased,
    evaluate,
    plot_evaluation,
    purchase_matrix,
    recommendations,
    split_in_time,
)
