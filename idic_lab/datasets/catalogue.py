"""Which data sets there are, and how each is loaded."""

from __future__ import annotations

from idic_lab.datasets import cdnow
from idic_lab.datasets.dataset import Dataset
from idic_lab.errors import UnknownName

BUILT_IN = {entry.name: entry for entry in cdnow.ENTRIES}


def load(name: str, *, quiet: bool = False) -> Dataset:
    """Load a data set by name and print its card unless `quiet`."""
    if name not in BUILT_IN:
        raise UnknownName("data set", name, BUILT_IN)
    dataset = BUILT_IN[name].load()
    if not quiet:
        print(dataset.card)
    return dataset
