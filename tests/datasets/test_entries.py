"""A data set is entered as CONTRIBUTING says: with all that the catalogue shows, and a card."""

from pathlib import Path

import pytest

from idic_lab import datasets
from idic_lab.datasets.catalogue import BUILT_IN

CARDS = Path(__file__).parents[2] / "datasets"
FACTS = ("name", "title", "kind", "source", "licence", "citation", "size", "how_to_get", "currency")
each_entry = pytest.mark.parametrize("entry", BUILT_IN.values(), ids=lambda entry: entry.name)


@each_entry
def test_an_entry_says_all_that_the_catalogue_shows(entry):
    assert not [fact for fact in FACTS if not isinstance(getattr(entry, fact, None), str)]
    assert isinstance(getattr(entry, "quirks", None), list), "quirks, a list, is missing in built_in.toml"
    assert entry.name in datasets.catalogue()["name"].tolist()


@each_entry
def test_an_entry_has_a_card_with_its_licence_and_how_it_is_checked(entry):
    card = (CARDS / entry.name.removesuffix("_sample") / "README.md").read_text(encoding="utf-8").lower()
    assert [word for word in ("licence", "customers", "rows") if word not in card] == []


@each_entry
def test_what_is_at_hand_loads_and_knows_its_customers(entry):
    if getattr(entry, "own_download", False):
        pytest.skip("the user's own download")
    data = entry.load()
    assert data.card.customers == data.transactions["customer_id"].nunique()
    assert data.card.fingerprint, "runs are told apart by it; a file read by idic_lab.datasets.own has one"
