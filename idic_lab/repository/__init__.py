"""The customer repository: one file that holds every table, the codes in place of names, and forgetting."""

from idic_lab.repository.store import Repository as Repository

REPOSITORY_FILE = "idic.duckdb"  # in the folder of a run
CARD_FILE = "card.json"  # the data set's card, beside it
