"""Products: what to recommend to whom, what belongs together, and what to make to measure."""

from idic_lab.customize.products.complements import (
    association_rules as association_rules,
    bundles as bundles,
    complements as complements,
    plot_complements as plot_complements,
    with_names as with_names,
)
from idic_lab.customize.products.configuration import (
    answers_by_customer as answers_by_customer,
    best_configurations as best_configurations,
    choices as choices,
    combinations as combinations,
    coverage as coverage,
    option_fit as option_fit,
    plot_configuration as plot_configuration,
    plot_coverage as plot_coverage,
    price_limits as price_limits,
    refusals as refusals,
)
from idic_lab.customize.products.recommenders import (
    ImplicitFactorisation as ImplicitFactorisation,
    ItemToItem as ItemToItem,
    NeedPopularity as NeedPopularity,
    Popularity as Popularity,
    Recommender as Recommender,
    RuleBased as RuleBased,
    evaluate as evaluate,
    plot_evaluation as plot_evaluation,
    purchase_matrix as purchase_matrix,
    recommendations as recommendations,
    split_in_time as split_in_time,
)
