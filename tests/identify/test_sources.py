"""Sources are gathered without loss, and what is wrong with one is said clearly."""

import pandas as pd
import pytest

from idic_lab import identify, tables
from idic_lab.errors import DataError


def source(**columns) -> pd.DataFrame:
    return pd.DataFrame(columns).astype("str")


SHOP = source(
    record_id=["1", "2"], first_name=["Ada", "Bo"], last_name=["Example", "Sample"],
    email=["ada@a.example", "bo@a.example"], phone=["+999 1", "+999 2"],
)  # fmt: skip


def test_sources_become_one_table_of_records_that_keeps_its_contract():
    panel = SHOP.assign(record_id=["p1", "p2"])
    gathered = identify.gather({"shop": SHOP, "panel": panel})
    tables.check("source_records", gathered.records)
    assert gathered.records["touchpoint"].tolist() == ["shop", "shop", "panel", "panel"]
    assert gathered.notes == []


def test_a_number_that_two_sources_use_gets_the_name_of_its_source():
    gathered = identify.gather({"shop": SHOP, "panel": SHOP})
    assert gathered.records["record_id"].tolist() == ["shop:1", "shop:2", "panel:1", "panel:2"]
    assert "another source uses too" in gathered.notes[0]


def test_two_records_of_one_source_with_one_number_are_both_kept():
    gathered = identify.gather({"shop": SHOP.assign(record_id="1")})
    assert gathered.records["record_id"].tolist() == ["1", "1#2"]
    assert "both are kept" in gathered.notes[0]


def test_a_row_that_repeats_another_in_full_is_put_aside_with_its_line():
    gathered = identify.gather({"shop": pd.concat([SHOP, SHOP.tail(1)], ignore_index=True)})
    assert len(gathered.records) == 2
    assert gathered.rejects[["source", "line", "value"]].to_numpy().tolist() == [["shop", 4, "2"]]
    tables.check("rejects", gathered.rejects)


def test_a_row_without_number_is_put_aside_with_its_line():
    gathered = identify.gather({"shop": SHOP.assign(record_id=["1", None]).astype("str")})
    assert gathered.rejects[["line", "reason"]].to_numpy().tolist() == [[3, "no record_id"]]


def test_a_source_without_record_numbers_names_the_column_and_what_it_has():
    with pytest.raises(DataError, match=r"Source 'shop': missing column 'record_id'.*'first_name'"):
        identify.gather({"shop": SHOP.drop(columns="record_id")})


def test_a_source_that_describes_nobody_is_refused():
    with pytest.raises(DataError, match="none of the columns that describe a person"):
        identify.gather({"till": source(record_id=["1"], colour=["red"])})


def test_a_source_without_overlap_is_kept_and_said():
    stranger = source(
        record_id=["s1"], first_name=["Zed"], last_name=["Nobody"], email=["z@z.example"], phone=["+999 9"]
    )
    gathered = identify.gather({"shop": SHOP, "panel": SHOP.assign(record_id=["a", "b"]), "fair": stranger})
    assert "s1" in set(gathered.records["record_id"])
    assert [note.split(" ")[1] for note in gathered.notes] == ["'fair'"]


def test_no_source_at_all_is_refused():
    with pytest.raises(DataError, match="no source"):
        identify.gather({})


def test_the_inventory_counts_records_numbers_and_repeats(shop):
    records = shop.tables["source_records"]
    table = identify.inventory(records).set_index("touchpoint")
    assert table["records"].sum() == len(records)
    assert table.loc["social", "with_number"] == 0 < table.loc["app", "with_number"]
    twice = pd.concat([records, records.head(5).assign(record_id=list("abcde"))], ignore_index=True)
    assert identify.inventory(twice)["repeated"].sum() > table["repeated"].sum()


def test_coverage_is_the_share_of_records_that_have_a_value(shop):
    records = shop.tables["source_records"]
    social = records[records["touchpoint"] == "social"]
    assert identify.coverage(records).loc["social", "street"] == pytest.approx(social["street"].notna().mean())


def test_quality_finds_a_planted_fault_of_each_kind(shop):
    records = shop.tables["source_records"].copy()
    app = records.index[records["touchpoint"] == "app"]
    records.loc[app[0], "email"] = "no address"
    records.loc[app[1], "birth_date"] = pd.Timestamp("1850-01-01")
    records.loc[app[2], ["created", "updated"]] = pd.Timestamp("2030-01-01"), pd.Timestamp("2029-01-01")
    records.loc[app[3:5], "phone"] = "+999 123456"
    before = identify.quality(shop.tables["source_records"])
    after = identify.quality(records, as_of=pd.Timestamp("2025-12-28"))

    def count(table, column, check):
        mine = table[(table["touchpoint"] == "app") & (table["column"] == column) & (table["check"] == check)]
        return mine["records"].sum()

    for column, check, more in (
        ("email", "impossible", 1), ("birth_date", "impossible", 1), ("updated", "impossible", 1), ("phone", "duplicate", 2)
    ):  # fmt: skip
        assert count(after, column, check) >= count(before, column, check) + more, (column, check)
