"""The built-in methods; importing this package registers them."""

from idic_lab.compare.methods import baselines, clusterers, rules, value_tiers
from idic_lab.compare.methods.bagged import BaggedClustering
from idic_lab.compare.methods.baselines import OneSegment, RandomSegments
from idic_lab.compare.methods.latent_classes import LatentClassSegments
from idic_lab.compare.methods.on_sample import OnSample
from idic_lab.compare.methods.rules import NeedsByValue, RFMQuintiles, SpendTree
from idic_lab.compare.methods.value_tiers import LifetimeValueTiers, PortfolioTiers

__all__ = [
    "BaggedClustering",
    "LatentClassSegments",
    "LifetimeValueTiers",
    "NeedsByValue",
    "OnSample",
    "OneSegment",
    "PortfolioTiers",
    "RFMQuintiles",
    "RandomSegments",
    "SpendTree",
    "baselines",
    "clusterers",
    "rules",
    "value_tiers",
]
