"""Every file of the corpus loads as it should or is refused in words that help, and the counts always reconcile."""

from pathlib import Path

import bad_files
import pytest

from idic_lab import datasets
from idic_lab.errors import DataError

LOADED = [case for case in bad_files.CASES if case.rows is not None]
REFUSED = [case for case in bad_files.CASES if case.rows is None]


def load(case, folder):
    return datasets.load(case.write(folder), quiet=True, **({"today": bad_files.TODAY} | case.options))


@pytest.mark.parametrize("case", LOADED, ids=lambda case: case.name)
def test_it_loads_as_it_should_and_every_row_is_accounted_for(case, tmp_path):
    data = load(case, tmp_path)
    rows = data.transactions[["customer_id", "date", "amount"]]
    found = [(customer, str(day.date()), amount) for customer, day, amount in rows.itertuples(index=False)]
    assert sorted(found) == sorted(case.rows)
    assert data.rejects["reason"].value_counts().to_dict() == case.rejected
    assert data.rejects["source"].ne("").all() and data.rejects["line"].ge(2).all()
    card = data.card
    assert card.rows_read == card.rows_accepted + len(data.rejects)
    assert card.amount_read == pytest.approx(card.amount_accepted + card.amount_rejected)


@pytest.mark.parametrize("case", REFUSED, ids=lambda case: case.name)
def test_it_is_refused_in_words_that_name_the_file_and_what_is_wrong(case, tmp_path):
    with pytest.raises(DataError) as refusal:
        load(case, tmp_path)
    message = str(refusal.value)
    assert case.refused in message
    assert any(part.name in message for part in [*tmp_path.rglob("*"), tmp_path / case.file])
    assert len(message) < 600 and "Traceback" not in message


def test_the_docs_say_how_large_the_corpus_is():
    page = (Path(__file__).parents[2] / "docs" / "trust.md").read_text(encoding="utf-8")
    assert f"corpus of {len(bad_files.CASES)} bad files" in page
    assert f"{len(LOADED)} of them load" in page and f"{len(REFUSED)} are refused" in page
    assert len({case.name for case in bad_files.CASES}) == len(bad_files.CASES)
