"""CDNOW, the catalogue, the card and the data set."""

import json
import pickle
import sys

import pandas as pd
import pytest

from idic_lab import datasets
from idic_lab.errors import DataError, UnknownName


@pytest.fixture(scope="module")
def sample():
    return datasets.load("cdnow_sample", quiet=True)


def test_cdnow_has_every_customer_and_line(assert_sound):
    cdnow = datasets.load("cdnow", quiet=True)
    assert_sound(cdnow)
    assert (cdnow.card.customers, len(cdnow.transactions)) == (23_570, 69_659)
    assert cdnow.card.amount_read == 2_500_315.63
    assert (cdnow.card.first_date, cdnow.card.last_date) == ("1997-01-01", "1998-06-30")
    assert (cdnow.card.duplicates, cdnow.card.zero_value) == (255, 80)


def test_the_sample_names_customers_by_the_numbers_the_papers_quote(sample, assert_sound):
    assert_sound(sample)
    assert (sample.card.customers, len(sample.transactions)) == (2_357, 6_919)
    bought = sample.transactions.query("customer_id == '1516' and date <= '1997-09-30'")
    assert bought["date"].nunique() - 1 == 26


def test_meridian_brings_its_tables_and_the_same_fingerprint_each_time():
    first, again = (datasets.load("meridian", quiet=True) for _ in range(2))
    assert {"transactions", "order_lines", "source_records", "interactions"} <= set(first.tables)
    assert first.card.customers == first.transactions["customer_id"].nunique() == 2_000
    assert first.card.fingerprint == again.card.fingerprint != ""


def test_a_card_survives_being_written_and_read(sample):
    assert datasets.Card.from_dict(json.loads(json.dumps(sample.card.to_dict()))) == sample.card


def test_cdnow_is_read_without_importing_lifetimes(monkeypatch):
    monkeypatch.delitem(sys.modules, "lifetimes", raising=False)
    datasets.load("cdnow_sample", quiet=True)
    assert "lifetimes" not in sys.modules


def test_loading_prints_the_card_unless_quiet(capsys):
    datasets.load("cdnow_sample", quiet=True)
    assert capsys.readouterr().out == ""
    datasets.load("cdnow_sample")
    assert "6,919 read = 6,919 accepted + 0 rejected" in capsys.readouterr().out


def test_a_table_that_is_not_there_is_an_error_that_lists_those_that_are(sample):
    with pytest.raises(AttributeError, match="no table 'order_lines'; it has transactions, rejects"):
        sample.order_lines  # noqa: B018


def test_a_data_set_pickles_and_lists_its_tables(sample):
    again = pickle.loads(pickle.dumps(sample))
    pd.testing.assert_frame_equal(again.transactions, sample.transactions)
    assert "transactions" in dir(sample)


def test_the_card_is_json_and_html(sample):
    facts = json.loads(json.dumps(sample.card.to_dict()))
    assert facts["rows_read"] == 6_919 and len(facts["fingerprint"]) == 64
    assert "<table>" in sample.card._repr_html_()


def test_html_of_a_card_escapes_what_a_file_brings(load_text):
    card = load_text('customer_id,date,"amount"\n<b>A</b>,2024-01-31,-9\n').card
    assert "<b>A</b>" not in card._repr_html_() and "&lt;b&gt;A" in card._repr_html_()


def test_an_unknown_data_set_is_refused_with_the_nearest_name():
    with pytest.raises(UnknownName, match="Did you mean 'cdnow'"):
        datasets.load("cdnoww")


def test_options_for_own_files_are_refused_for_built_in_data():
    with pytest.raises(DataError, match=r"columns, dayfirst is for files of your own"):
        datasets.load("cdnow", columns={"date": "x"}, dayfirst=True)


def test_the_catalogue_says_what_there_is_and_how_to_get_it(own_home):
    listed = datasets.catalogue().set_index("name")
    assert listed.loc["cdnow", "available"] and not listed.loc["online_retail", "available"]
    assert "archive.ics.uci.edu" in listed.loc["online_retail", "how to get it"]
    assert datasets.names() == list(listed.index)


def test_a_data_set_that_was_not_downloaded_says_how_to_get_it(own_home):
    with pytest.raises(DataError, match="idic-lab datasets add online_retail FILE"):
        datasets.load("online_retail")
    assert "CC BY 4.0" in str(datasets.describe("online_retail"))


def test_part_of_online_retail_is_not_taken_for_the_whole(own_home, tmp_path, retail):
    retail.to_csv(tmp_path / "part.csv", index=False)
    with pytest.raises(DataError, match=r"it has 9 rows, 3 customers .* should have 541,909, 4,372"):
        datasets.add("online_retail", tmp_path / "part.csv")
    assert not own_home.exists()


def test_an_added_file_is_loaded_by_its_name_with_its_columns(own_home, tmp_path):
    file = tmp_path / "shop.csv"
    file.write_text("who,wann,how much\nA,2024-01-31,9\n")
    datasets.add("my_shop", file, columns='customer_id=who,date=wann,amount="how much"')
    assert "my_shop" in datasets.names()
    assert datasets.load("my_shop", quiet=True).transactions["amount"].tolist() == [9.0]
    assert datasets.describe("my_shop").customers == 1
    file.unlink()
    assert not datasets.catalogue().set_index("name").loc["my_shop", "available"]


def test_a_file_that_cannot_be_loaded_is_not_added(own_home, tmp_path):
    with pytest.raises(DataError, match="There is no file"):
        datasets.add("gone", tmp_path / "gone.csv")
    assert "gone" not in datasets.names()


@pytest.mark.parametrize("name", ["cdnow", "My Shop", "../x"])
def test_names_that_are_taken_or_malformed_are_refused(own_home, tmp_path, name):
    (tmp_path / "shop.csv").write_text("customer_id,date,amount\nA,2024-01-31,9\n")
    with pytest.raises(DataError):
        datasets.add(name, tmp_path / "shop.csv")


def test_a_damaged_list_of_own_data_sets_is_an_error_that_says_so(own_home):
    own_home.mkdir()
    (own_home / "catalogue.json").write_text('{"a": ')
    with pytest.raises(DataError, match=r"catalogue\.json.* is damaged"):
        datasets.names()


def test_the_card_and_the_data_set_hold_no_folder_of_the_machine(tmp_path):
    (tmp_path / "shop.csv").write_text("customer_id,date,amount\nA,2024-01-31,9\n")
    dataset = datasets.load(tmp_path / "shop.csv", quiet=True)
    told = f"{dataset!r} {dataset.card} {dataset.card.to_dict()} {dataset.card._repr_html_()}"
    assert "shop.csv" in told and str(tmp_path) not in told
