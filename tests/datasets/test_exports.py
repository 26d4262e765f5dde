"""Exports load as they come, without a word on their columns: the right customers, the right sum."""

import tomllib
from pathlib import Path

import pytest

EXPORTS = tomllib.loads((Path(__file__).parent / "exports.toml").read_text(encoding="utf-8"))


@pytest.mark.parametrize("name", EXPORTS)
def test_an_export_loads_with_the_right_customers_and_sum(load_text, name):
    export = EXPORTS[name]
    made = load_text(export["text"].lstrip(), encoding=export.get("encoding", "utf-8"), today="2025-06-30")
    assert sorted(made.transactions["customer_id"].unique()) == sorted(export["customers"])
    assert made.card.amount_accepted == pytest.approx(export["amount"])
