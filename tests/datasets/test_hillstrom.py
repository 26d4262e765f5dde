"""The e-mail challenge: its twelve columns become a campaign, and nothing but the whole file goes under its name."""

import numpy as np
import pandas as pd
import pytest

from idic_lab import datasets, tables
from idic_lab.customize import offers
from idic_lab.datasets.built_in import Hillstrom
from idic_lab.errors import DataError

ARMS = {"No E-Mail": 21_306, "Mens E-Mail": 21_307, "Womens E-Mail": 21_387}
VISITS = {"No E-Mail": 2_262, "Mens E-Mail": 3_894, "Womens E-Mail": 3_238}
CONVERSIONS = {"No E-Mail": 122, "Mens E-Mail": 267, "Womens E-Mail": 189}


def challenge(rng) -> pd.DataFrame:
    """A file like the real one: its columns and spelling, its arms, visits and conversions; all else drawn."""
    parts = []
    for arm, size in ARMS.items():
        converted, visited = np.arange(size) < CONVERSIONS[arm], np.arange(size) < VISITS[arm]
        history = np.round(rng.gamma(1.2, 200, size) + 29.99, 2)
        parts.append(
            pd.DataFrame(
                {
                    "recency": rng.integers(1, 13, size),
                    "history_segment": np.where(history < 100, "1) $0 - $100", "2) $100 - $200"),
                    "history": history,
                    "mens": rng.integers(0, 2, size),
                    "womens": rng.integers(0, 2, size),
                    "zip_code": rng.choice(["Surburban", "Urban", "Rural"], size),
                    "newbie": rng.integers(0, 2, size),
                    "channel": rng.choice(["Phone", "Web", "Multichannel"], size),
                    "segment": arm,
                    "visit": visited.astype(int),
                    "conversion": converted.astype(int),
                    "spend": np.where(converted, np.round(rng.gamma(2, 58, size) + 29.99, 2), 0.0),
                }
            )
        )
    return pd.concat(parts).sample(frac=1, random_state=1)


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    path = tmp_path_factory.mktemp("hillstrom") / "challenge.csv"
    challenge(np.random.default_rng(1)).to_csv(path, index=False)
    return path


@pytest.fixture(scope="module")
def loaded(whole):
    return Hillstrom().load(str(whole))


def test_every_customer_is_in_one_of_three_arms(loaded):
    results = tables.check("campaign_results", loaded.campaign_results)
    assert results["arm"].value_counts().to_dict() == Hillstrom.arm_sizes
    assert offers.arms(results) == ["mens e-mail", "womens e-mail"]
    assert results["customer_id"].is_unique and loaded.card.customers == 64_000


def test_what_came_after_the_email_is_not_among_what_was_known_before(loaded):
    known = offers.features(loaded.campaign_results)
    assert not {"visited", "revenue", "converted", "margin"} & set(known)
    assert {"recency_months", "spend", "mens", "womens", "newbie", "main_channel=Web"} <= set(known)


def test_the_year_before_and_the_weeks_after_are_not_confused(loaded, whole):
    raw, results = pd.read_csv(whole), loaded.campaign_results
    assert np.allclose(results["spend"], raw["history"]) and np.allclose(results["revenue"], raw["spend"])
    assert np.allclose(results["margin"], 0.30 * raw["spend"])
    assert results.loc[results["arm"] == "control", "contact_cost"].eq(0).all()


def test_assumed_costs_stand_on_the_card(loaded):
    assert any("30%" in text for text in loaded.card.assumptions)
    assert any("0.02" in text for text in loaded.card.assumptions)


def test_the_emails_raise_visits_by_the_published_rates(loaded):
    effect = offers.average_effect(loaded.campaign_results, ("visited",)).set_index("arm")["effect"]
    assert effect["mens e-mail"] == pytest.approx(0.1828 - 0.1062, abs=5e-4)
    assert effect["womens e-mail"] == pytest.approx(0.1514 - 0.1062, abs=5e-4)


def test_it_is_found_by_name_once_added(own_home, whole):
    datasets.add("hillstrom", whole)
    assert len(datasets.load("hillstrom", quiet=True).campaign_results) == 64_000


def test_before_it_is_added_the_error_says_how_to_get_it(own_home):
    with pytest.raises(DataError, match="idic-lab datasets add hillstrom FILE"):
        datasets.load("hillstrom")


def test_a_part_of_it_is_refused(whole, tmp_path):
    pd.read_csv(whole).head(1000).to_csv(tmp_path / "part.csv", index=False)
    with pytest.raises(DataError, match=r"part.csv is not the whole .* rows are 1000"):
        Hillstrom().load(str(tmp_path / "part.csv"))


def test_a_changed_value_is_named_by_column_and_line(whole, tmp_path):
    frame = pd.read_csv(whole, dtype=str)
    frame.loc[3, "history"] = "many"
    frame.to_csv(tmp_path / "changed.csv", index=False)
    with pytest.raises(DataError, match="'history' should be a number, found 'many' in line 5"):
        Hillstrom().load(str(tmp_path / "changed.csv"))


def test_a_missing_column_is_named(whole, tmp_path):
    pd.read_csv(whole).drop(columns="newbie").to_csv(tmp_path / "short.csv", index=False)
    with pytest.raises(DataError, match="missing column newbie"):
        Hillstrom().load(str(tmp_path / "short.csv"))


def test_the_file_under_any_name_is_recognised_by_its_headers(whole):
    assert list(datasets.load(whole, quiet=True).tables) == list(datasets.load(str(whole), quiet=True).tables)
    assert len(datasets.load(whole, quiet=True).campaign_results) == 64_000


def test_columns_that_are_said_count_more_than_the_headers_of_a_known_file(whole):
    with pytest.raises(DataError, match="date"):
        datasets.load(whole, {"customer_id": "zip_code", "amount": "spend"}, quiet=True)
