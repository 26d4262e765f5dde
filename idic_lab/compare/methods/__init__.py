"""The built-in methods; importing this package registers them."""

from idic_lab.compare.methods import clusterers as clusterers, rules as rules
from idic_lab.compare.methods.clusterers import BaggedClustering as BaggedClustering, OnSample as OnSample
from idic_lab.compare.methods.rules import RandomSegments as RandomSegments
