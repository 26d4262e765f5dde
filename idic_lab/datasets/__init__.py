"""What data there is, and how to get it: built-in data sets, and anybody's own files."""

from __future__ import annotations

from idic_lab.datasets.card import Card, Dataset
from idic_lab.datasets.catalogue import add, catalogue, describe, load, names

__all__ = ["Card", "Dataset", "add", "catalogue", "describe", "load", "names"]
