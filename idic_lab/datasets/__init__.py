"""What data there is, and how to get it: built-in data sets, and anybody's own files."""

from idic_lab.datasets.card import Card as Card, Dataset as Dataset
from idic_lab.datasets.catalogue import add as add, catalogue as catalogue, describe as describe, load as load
from idic_lab.datasets.catalogue import names as names
