"""The built-in criteria; importing this package registers them."""

from idic_lab.compare.criteria.of_structure import (
    descriptors,
    global_stability,
    internal_indices,
    profile,
    recovery,
    segment_stability,
    sizes,
    structure,
)
from idic_lab.compare.criteria.of_use import (
    campaign_profit,
    holdout_value,
    profit_when_acted_upon,
    reachability,
    temporal_validity,
)
