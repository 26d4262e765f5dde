"""The built-in criteria; importing this package registers them."""

from idic_lab.compare.criteria.of_structure import descriptors as descriptors, global_stability as global_stability
from idic_lab.compare.criteria.of_structure import internal_indices as internal_indices, profile as profile
from idic_lab.compare.criteria.of_structure import recovery as recovery, segment_stability as segment_stability
from idic_lab.compare.criteria.of_structure import sizes as sizes, structure as structure
from idic_lab.compare.criteria.of_use import campaign_profit as campaign_profit, holdout_value as holdout_value
from idic_lab.compare.criteria.of_use import profit_when_acted_upon as profit_when_acted_upon
from idic_lab.compare.criteria.of_use import reachability as reachability, temporal_validity as temporal_validity
