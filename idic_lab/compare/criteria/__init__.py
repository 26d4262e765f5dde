"""The built-in criteria; importing this package registers them."""

from idic_lab.compare.criteria.of_structure import (
    descriptors as descriptors,
    global_stability as global_stability,
    internal_indices as internal_indices,
    profile as profile,
    recovery as recovery,
    segment_stability as segment_stability,
    sizes as sizes,
    structure as structure,
)
from idic_lab.compare.criteria.of_use import (
    campaign_profit as campaign_profit,
    holdout_value as holdout_value,
    profit_when_acted_upon as profit_when_acted_upon,
    reachability as reachability,
    temporal_validity as temporal_validity,
)
