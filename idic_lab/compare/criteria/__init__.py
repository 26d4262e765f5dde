"""The built-in criteria; importing this package registers them."""

from idic_lab.compare.criteria.campaign_profit import campaign_profit
from idic_lab.compare.criteria.holdout_value import holdout_value
from idic_lab.compare.criteria.internal_indices import internal_indices
from idic_lab.compare.criteria.profile import profile
from idic_lab.compare.criteria.reachability import reachability
from idic_lab.compare.criteria.recovery import recovery
from idic_lab.compare.criteria.sizes import sizes
from idic_lab.compare.criteria.stability import global_stability, segment_stability
from idic_lab.compare.criteria.structure import structure
from idic_lab.compare.criteria.temporal_validity import temporal_validity

__all__ = [
    "campaign_profit",
    "global_stability",
    "holdout_value",
    "internal_indices",
    "profile",
    "reachability",
    "recovery",
    "segment_stability",
    "sizes",
    "structure",
    "temporal_validity",
]
