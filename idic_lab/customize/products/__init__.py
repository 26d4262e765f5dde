"""Products: what to recommend to whom, what belongs together, and what to make to measure."""

from idic_lab.customize.products.complements import association_rules as association_rules, bundles as bundles
from idic_lab.customize.products.complements import complements as complements, plot_complements as plot_complements
from idic_lab.customize.products.complements import need_sets as need_sets, with_names as with_names
from idic_lab.customize.products.configuration import answers_by_customer as answers_by_customer
from idic_lab.customize.products.configuration import best_configurations as best_configurations, choices as choices
from idic_lab.customize.products.configuration import combinations as combinations, coverage as coverage
from idic_lab.customize.products.configuration import ways_to_customize as ways_to_customize
from idic_lab.customize.products.configuration import option_fit as option_fit, plot_configuration as plot_configuration
from idic_lab.customize.products.configuration import plot_coverage as plot_coverage, plot_ways as plot_ways
from idic_lab.customize.products.configuration import price_limits as price_limits
from idic_lab.customize.products.configuration import refusals as refusals
from idic_lab.customize.products.recommenders import ImplicitFactorisation as ImplicitFactorisation
from idic_lab.customize.products.recommenders import ItemToItem as ItemToItem, NeedPopularity as NeedPopularity
from idic_lab.customize.products.recommenders import Popularity as Popularity, Recommender as Recommender
from idic_lab.customize.products.recommenders import RuleBased as RuleBased, community_knowledge as community_knowledge
from idic_lab.customize.products.recommenders import evaluate as evaluate
from idic_lab.customize.products.recommenders import (
    plot_community as plot_community,
    plot_evaluation as plot_evaluation,
)
from idic_lab.customize.products.recommenders import purchase_matrix as purchase_matrix
from idic_lab.customize.products.recommenders import recommendations as recommendations, split_in_time as split_in_time
