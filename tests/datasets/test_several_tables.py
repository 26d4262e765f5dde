"""A folder, a database or a YAML file of several tables is a data set; nothing of it is lost without a word."""

import duckdb
import pandas as pd
import pytest

from idic_lab import datasets, meridian
from idic_lab.errors import DataError, UnknownName

ORDERS = "Bestellnummer;Kundennummer;Bestelldatum;Artikelnummer;Menge;Betrag\n1;K1;31.01.2024;A1;2;20,00\n2;K2;05.02.2024;A2;1;7,50\n"
GOODS = "Artikelnummer;Bezeichnung;Warengruppe\nA1;Tasse;Küche\nA2;;Garten\n"


@pytest.fixture(scope="module")
def shop():
    return meridian.simulate(n=60, seed=3)


@pytest.fixture
def folder(tmp_path):
    """Write files into a folder and load it."""

    def load(**files):
        for name, content in files.items():
            path = tmp_path / "shop" / name.replace("__", ".")
            path.parent.mkdir(exist_ok=True)
            content.to_csv(path, index=False) if isinstance(content, pd.DataFrame) else path.write_text(content)
        return datasets.load(tmp_path / "shop", quiet=True, today="2026-12-31")

    return load


@pytest.mark.parametrize("form", ["parquet", "csv"])
def test_what_is_simulated_can_be_loaded_as_it_is(tmp_path, form, shop):
    meridian.simulate_to(tmp_path / "mine", n=60, seed=3, format=form, progress=False)
    made = datasets.load(tmp_path / "mine", quiet=True, today="2100-01-01")
    assert set(made.tables) == {*shop.tables, "rejects"}
    for name, table in shop.tables.items():
        pd.testing.assert_frame_equal(made.tables[name][list(table)], table, check_like=True)
    assert made.card.missing == {} and len(made.rejects) == 0


def test_a_database_of_contract_tables_is_taken_whole(tmp_path, shop):
    with duckdb.connect(str(tmp_path / "shop.duckdb")) as connection:
        for name in ("transactions", "order_lines", "products"):
            connection.register("held", shop.tables[name])
            connection.execute(f"CREATE TABLE {name} AS SELECT * FROM held")
    made = datasets.load(tmp_path / "shop.duckdb", quiet=True, today="2100-01-01")
    assert {name: len(made.tables[name]) for name in ("transactions", "order_lines", "products")} == {
        name: len(shop.tables[name]) for name in ("transactions", "order_lines", "products")
    }


def test_files_under_any_name_are_known_by_their_columns(folder):
    made = folder(export_a__csv=ORDERS, export_b__csv=GOODS)
    assert made.order_lines[["product_id", "quantity", "amount"]].to_numpy().tolist() == [["A1", 2, 20], ["A2", 1, 7.5]]
    assert made.products[["product_id", "name", "category"]].to_numpy().tolist() == [
        ["A1", "Tasse", "Küche"],
        ["A2", "A2", "Garten"],
    ]
    assert any("name is not given in 1 rows" in text for text in made.card.assumptions)


def test_rows_that_break_a_contract_are_rejected_and_the_card_reconciles(folder):
    events = pd.DataFrame(
        {
            "visit": ["v1", "v1", "v2"],
            "customer_number": ["K1", "K1", "K2"],
            "timestamp": ["2024-01-30", "2024-01-30", "2024-02-30"],
            "event_type": ["page_view", "add_to_cart", "purchase"],
        }
    )
    made = folder(orders__csv=ORDERS, clicks__csv=events)
    assert made.web_events["event"].tolist() == ["view", "basket"]
    assert made.identity_links["customer_id"].tolist() == ["K1"]
    assert made.rejects[["source", "column", "value"]].to_numpy().tolist() == [
        ["clicks.csv", "timestamp", "2024-02-30"]
    ]
    assert made.card.rows_read == made.card.rows_accepted + made.card.rows_rejected == 5


CAMPAIGN = {
    "customer_id": ["a", "b", "c", "d"],
    "date": "2024-01-01",
    "converted": ["yes", "no", "no", "yes"],
    "margin": 2.5,
}


def test_a_campaign_needs_a_control_and_is_taken_with_one(folder):
    trial = pd.DataFrame(CAMPAIGN | {"group": ["letter", "none", "letter", "none"]})
    made = folder(trial__csv=trial)
    assert made.campaign_results["arm"].tolist() == ["letter", "control", "letter", "control"]
    assert made.campaign_results["converted"].tolist() == [True, False, False, True]


@pytest.mark.parametrize(("arm", "control"), [("group", "none"), ("treatment", "No contact"), ("variant", "Holdout")])
def test_a_file_of_a_campaign_is_neither_a_survey_nor_orders(tmp_path, arm, control):
    yes_no = {f"bought {what} before": [1, 0, 0, 1] for what in ("books", "games", "toys", "food", "tea")}
    trial = pd.DataFrame(CAMPAIGN | yes_no | {"spend": [9.0, 0, 0, 12], arm: ["letter", control] * 2})
    trial.to_csv(tmp_path / "mailing.csv", index=False)
    made = datasets.load(tmp_path / "mailing.csv", quiet=True)
    assert sorted(made.tables) == ["campaign_results", "rejects"]
    assert made.campaign_results["arm"].tolist() == ["letter", "control"] * 2
    trial.drop(columns=["customer_id", "margin", "date"]).to_csv(tmp_path / "mailing.csv", index=False)
    with pytest.raises(DataError, match="no column for customer_id, date, margin"):
        datasets.load(tmp_path / "mailing.csv", quiet=True)


def test_packed_tables_of_a_folder_are_read_and_known_by_their_names(tmp_path):
    lines = {
        "order_id": [1, 2],
        "customer_id": ["A", "B"],
        "order_date": ["2024-01-31", "2024-02-01"],
        "total": [30, 20],
    }
    pd.DataFrame(lines).to_csv(tmp_path / "orders.csv.gz", index=False)
    goods = pd.DataFrame({"sku": ["P1", "P2"], "kind": ["tea", "cup"]})
    goods.to_csv(tmp_path / "products.zip", index=False, compression={"method": "zip", "archive_name": "goods.csv"})
    made = datasets.load(tmp_path, quiet=True)
    assert made.transactions["amount"].sum() == 50 and made.products["product_id"].tolist() == ["P1", "P2"]


def test_a_campaign_without_a_control_is_missing_and_the_card_says_why(folder):
    made = folder(campaigns__csv=pd.DataFrame(CAMPAIGN | {"group": "letter"}), orders__csv=ORDERS)
    assert "campaign_results" not in made.tables
    assert "no arm 'control'" in made.card.missing["campaign_results"] and "at random" in str(made.card)


def test_lines_that_name_their_order_alone_and_contacts_by_the_customers_number_are_joined(folder):
    made = folder(
        orders__csv="order_id,customer_id,order_date,total\n1,A,2024-01-31,30\n2,B,2024-02-01,20\n",
        order_items__csv="order_id,sku,qty,price\n1,P1,2,15\n2,P2,1,20\n",
        customers__csv="id,first_name,last_name,email\nA,Ada,Ex,ada@x.example\nB,Bo,Sa,bo@x.example\n",
    )
    assert made.order_lines[["customer_id", "product_id", "amount"]].to_numpy().tolist() == [
        ["A", "P1", 30],
        ["B", "P2", 20],
    ]
    assert made.source_records["customer_id"].tolist() == ["A", "B"]


def test_what_is_no_table_is_said(folder):
    made = folder(orders__csv=ORDERS, weather__csv="day,rain\n2024-01-01,3\n")
    assert any("weather.csv was not used" in note for note in made.card.quirks)


def test_customers_are_described_by_what_many_share_and_by_no_name(folder):
    people = pd.DataFrame(
        {
            "customer_id": [f"K{number}" for number in range(40)],
            "Age group": ["young", "old"] * 20,
            "Household size": range(40),
            "Line": range(5550100000, 5550100040),
            "Full name": [f"Ada Example{number}" for number in range(40)],
            "Remark": [f"likes tea of kind {number}" for number in range(40)],
        }
    )
    made = folder(orders__csv=ORDERS, demographics__csv=people)
    assert list(made.demographics) == ["customer_id", "Age group", "Household size"]


def test_a_yaml_file_says_which_table_is_in_which_file(tmp_path):
    (tmp_path / "o.csv").write_text(ORDERS)
    (tmp_path / "g.csv").write_text(GOODS.replace("Warengruppe", "Regal"))
    file = tmp_path / "mine.yaml"
    file.write_text(
        "currency: EUR\ntables:\n  transactions: o.csv\n  products: {file: g.csv, columns: {category: Regal}}\n"
    )
    made = datasets.load(file, quiet=True)
    assert made.currency == "EUR" and made.products["category"].tolist() == ["Küche", "Garten"]
    file.write_text("tables: {product: o.csv}")
    with pytest.raises(UnknownName, match="Did you mean 'products'"):
        datasets.load(file, quiet=True)


def test_two_files_of_one_table_are_refused(folder):
    with pytest.raises(DataError, match=r"a\.csv and b\.csv both look like the table transactions"):
        folder(a__csv=ORDERS, b__csv=ORDERS)
