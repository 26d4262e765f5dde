"""Every table keeps to its contract, the keys lead from one to the next, and the amounts add up."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from idic_lab import meridian, tables
from idic_lab.errors import DataError, UnknownName
from idic_lab.meridian import simulate, simulate_to
from idic_lab.meridian.simulation import CONTRACTS


def test_every_input_table_is_filled_and_valid(shop):
    for name in set(tables.names("inputs")) - {"rejects", "demographics"}:  # Meridian has records of people
        assert len(tables.check(name, shop.tables[name])), name


def test_every_planted_answer_is_filled_and_valid(shop):
    assert set(shop.truth) == set(CONTRACTS)
    for name, contract in CONTRACTS.items():
        assert len(contract.check(shop.truth[name])), name


def test_the_sample_on_disk_is_what_simulate_returns(shop):
    on_disk = meridian.load_tables()
    assert on_disk.keys() == shop.tables.keys()
    for name, data in shop.tables.items():
        pd.testing.assert_frame_equal(on_disk[name], data)
    for name, data in meridian.truth().items():
        pd.testing.assert_frame_equal(data, shop.truth[name])


def test_keys_lead_from_every_table_to_the_one_it_names(shop):
    seen = shop.tables
    customers, records = set(seen["transactions"]["customer_id"]), set(seen["source_records"]["record_id"])
    for name in ("order_lines", "campaign_results", "price_tests"):
        assert set(seen[name]["customer_id"]) <= customers, name
    for name in ("web_events", "interactions", "survey_responses", "reviews", "account_roles"):
        assert set(seen[name]["record_id"]) <= records, name
    products = set(seen["products"]["product_id"])
    for name in ("order_lines", "reviews", "price_tests", "product_options"):
        assert set(seen[name]["product_id"]) <= products, name
    assert set(seen["survey_responses"]["question_id"]) == set(seen["survey_questions"]["question_id"])
    assert set(seen["product_options"]["serves"].dropna()) <= set(seen["survey_questions"]["question_id"])
    assert set(seen["product_options"]["not_with"].dropna()) <= set(seen["product_options"]["option_id"])
    assert set(seen["transactions"]["account_id"].dropna()) <= set(seen["accounts"]["account_id"])


def test_each_person_has_one_customer_number_and_a_record_that_carries_it(shop):
    carried = shop.tables["source_records"].dropna(subset=["customer_id"])
    assert set(carried["customer_id"]) == set(shop.tables["transactions"]["customer_id"])
    owners = carried.merge(shop.truth["record_owners"], on="record_id", suffixes=("", "_true"))
    assert (owners["customer_id"] == owners["customer_id_true"]).all()


def test_order_lines_add_up_to_the_orders(shop):
    bought = shop.tables["order_lines"].query("quantity > 0")
    totals = bought.groupby("order_id")["amount"].sum()
    orders = shop.tables["transactions"].set_index("order_id")["amount"]
    assert np.allclose(totals.reindex(orders.index), orders, atol=0.005)


def test_returns_name_the_order_and_come_after_it(shop):
    lines = shop.tables["order_lines"]
    returned = lines.query("quantity < 0").merge(
        lines.query("quantity > 0"), on=["order_id", "product_id"], suffixes=("", "_bought")
    )
    assert returned["order_id"].nunique() == lines.query("quantity < 0")["order_id"].nunique() > 100
    assert (returned["date"] > returned["date_bought"]).all()


def test_no_two_orders_of_a_customer_fall_on_one_day(shop):
    assert not shop.tables["transactions"].duplicated(["customer_id", "date"]).any()


def test_personal_data_are_invented_and_nobody_can_be_reached(shop):
    records = shop.tables["source_records"]
    assert records["email"].dropna().str.endswith(".example").all()
    assert records["phone"].dropna().str.startswith("+999 ").all()


def test_names_come_in_several_scripts(shop):
    names = shop.tables["source_records"]["last_name"].dropna()
    for script in ("[\u4e00-\u9fff]", "[\u0400-\u04ff]", "[\u0370-\u03ff]", "[À-ž]"):
        assert names.str.contains(script).sum() > 20, script


def test_writing_block_by_block_gives_what_simulating_at_once_gives(tmp_path, monkeypatch):
    monkeypatch.setattr("idic_lab.meridian.simulation.BLOCK", 300)
    monkeypatch.setattr("idic_lab.meridian.files.BLOCK", 300)
    at_once = simulate(n=700, seed=3)
    simulate_to(tmp_path / "parquet", n=700, seed=3, progress=False)
    simulate_to(tmp_path / "csv", n=700, seed=3, format="csv", progress=False)
    for format in ("parquet", "csv"):
        written = meridian.load_tables(tmp_path / format)
        planted = meridian.truth(tmp_path / format)
        for stored, made in ((written, at_once.tables), (planted, at_once.truth)):
            assert stored.keys() == made.keys()
            for name, data in made.items():
                pd.testing.assert_frame_equal(stored[name], data)


def test_identifiers_stay_unique_over_blocks(monkeypatch):
    monkeypatch.setattr("idic_lab.meridian.simulation.BLOCK", 300)
    shop = simulate(n=700, seed=3)
    for name, data in shop.tables.items():
        tables.check(name, data)
    for name, contract in CONTRACTS.items():
        contract.check(shop.truth[name])
    assert shop.tables["transactions"]["order_id"].is_unique
    assert shop.truth["people"]["household"].value_counts().max() == 2


def test_the_same_seed_gives_the_same_shop_and_another_seed_another():
    one, same, other = (simulate(n=100, seed=seed).tables["transactions"] for seed in (1, 1, 2))
    pd.testing.assert_frame_equal(one, same)
    assert len(one) != len(other) or not one["amount"].equals(other["amount"])


@pytest.mark.parametrize("switch", ["campaign_effect", "fatigue", "errors", "weekly_changes"])
def test_a_switch_leaves_the_purchases_as_they_were(switch):
    usual, off = simulate(n=200, seed=4), simulate(n=200, seed=4, **{switch: False})
    bought = ["customer_id", "date", "amount"]
    pd.testing.assert_frame_equal(usual.tables["transactions"][bought], off.tables["transactions"][bought])


def test_unknown_difficulties_and_switches_are_refused_with_the_nearest_name():
    with pytest.raises(UnknownName, match="Did you mean 'default'"):
        simulate(n=100, difficulty="defualt")
    with pytest.raises(UnknownName, match="Did you mean 'fatigue'"):
        simulate(n=100, fatigues=False)
    with pytest.raises(DataError, match="at least 50"):
        simulate(n=10)
    with pytest.raises(DataError, match="separation"):
        simulate(n=100, difficulty=meridian.Settings(separation=-1))


def test_a_folder_without_the_data_is_named_in_the_error(tmp_path):
    with pytest.raises(DataError, match=r"transactions\.csv"):
        meridian.load_tables(tmp_path)
