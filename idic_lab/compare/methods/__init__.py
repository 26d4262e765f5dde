"""The built-in methods; importing this package registers them."""

from idic_lab.compare.methods import clusterers, rules
from idic_lab.compare.methods.clusterers import BaggedClustering, LatentClassSegments, OnSample
from idic_lab.compare.methods.rules import (
    LifetimeValueTiers,
    NeedsByValue,
    OneSegment,
    PortfolioTiers,
    RandomSegments,
    RFMQuintiles,
    SpendTree,
)

__all__ = [
    "BaggedClustering", "LatentClassSegments", "LifetimeValueTiers", "NeedsByValue", "OnSample", "OneSegment",
    "PortfolioTiers", "RFMQuintiles", "RandomSegments", "SpendTree", "clusterers", "rules",
]  # fmt: skip
