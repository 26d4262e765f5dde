"""The single customer view: everybody is in it, by stated rules, and nobody by name."""

import pandas as pd
import pytest

from idic_lab import datasets, identify, tables
from idic_lab.pipeline import stages
from idic_lab.repository import Repository

DAY = pd.Timestamp


@pytest.fixture(scope="module")
def held(shop) -> Repository:
    repository = Repository()
    for name, data in shop.tables.items():
        repository.write(name, data)
    stages.build(repository, "customers")
    return repository


def source_records(*rows: dict) -> pd.DataFrame:
    text = ("record_id", "first_name", "last_name", "email", "phone", "street", "postcode", "city", "consent_email")
    table = pd.DataFrame([{name: row.get(name) for name in text} for row in rows]).astype("str")
    table["touchpoint"] = pd.array([row.get("touchpoint", "app") for row in rows], dtype="str")
    for name in ("birth_date", "updated"):
        table[name] = pd.to_datetime(pd.Series([row.get(name) for row in rows])).astype("datetime64[us]")
    return table


def links(*record_ids: str, customer: str = "C1") -> pd.DataFrame:
    table = pd.DataFrame({"record_id": list(record_ids), "customer_id": customer, "touchpoint": "app"})
    return table.assign(probability=1.0, method="model").astype({"customer_id": "str", "record_id": "str"})


def test_the_tables_of_the_stage_keep_their_contracts(held):
    made = set(tables.names("identify")) - {"customer_keys"}  # which only data with named customers have
    for name in made:
        tables.check(name, held.read(name))


def test_customers_who_only_appear_in_transactions_are_there(held):
    view = held.read("customers")
    assert set(held.read("transactions")["customer_id"]) <= set(view["customer_id"])
    alone = identify.customers(held.read("transactions"))
    assert alone["customer_id"].is_unique and (alone["kind"] == "customer").all()


def test_everybody_with_a_record_is_there_and_prospects_have_no_orders(held):
    view = held.read("customers")
    assert set(held.read("identity_links")["customer_id"]) <= set(view["customer_id"])
    prospects = view[view["kind"] == "prospect"]
    assert len(prospects) and (prospects["orders"] == 0).all() and prospects["last_order"].isna().all()


def test_orders_and_spend_add_up_to_the_transactions(held):
    view, transactions = held.read("customers"), held.read("transactions")
    assert view["orders"].sum() == (transactions["amount"] >= 0).sum()
    assert view["spend"].sum() == pytest.approx(transactions["amount"].sum(), abs=0.01 * len(view))


def test_behaviour_recorded_under_any_record_reaches_its_customer(held):
    visits = held.read("web_events").merge(held.read("identity_links"), on="record_id")
    counted = visits.groupby("customer_id")["session_id"].nunique()
    view = held.read("customers").set_index("customer_id")
    assert (view.loc[counted.index, "visits"] == counted).all()
    assert view["visits"].sum() == counted.sum()


def test_the_view_holds_no_name_address_or_number_of_anybody(held):
    view, records = held.read("customers"), held.read("source_records")
    shown = set(view.astype("str").to_numpy().ravel())
    for column in ("first_name", "last_name", "email", "phone", "street", "postcode"):
        assert not shown & set(records[column].dropna()), column
    assert {"contacts", "source_records"} == {name for name in held.names() if tables.get(name).personal}


def test_the_view_is_made_from_transactions_alone():
    repository = Repository()
    repository.write("transactions", datasets.load("cdnow_sample", quiet=True).transactions)
    stages.build(repository, "customers")
    view = repository.read("customers")
    assert len(view) == 2357 and "city" not in view
    assert not repository.read("consents").query("channel != 'in_person'")["allowed"].any()


def test_a_return_lowers_spend_and_is_no_order():
    bought = pd.DataFrame(
        {"customer_id": ["a", "a"], "date": [DAY("2024-01-01"), DAY("2024-01-05")], "amount": [20.0, -5.0]}
    )
    row = identify.customers(bought.astype({"customer_id": "str", "date": "datetime64[us]"})).iloc[0]
    assert (row["orders"], row["returns"], row["spend"], row["average_order"]) == (1, 1, 15.0, 20.0)
    assert row["last_order"] == DAY("2024-01-01") and row["last_seen"] == DAY("2024-01-05")


def test_the_age_counts_birthdays_not_years():
    bought = pd.DataFrame({"customer_id": ["C1"], "date": [DAY("2024-06-01")], "amount": [1.0]})
    bought = bought.astype({"customer_id": "str", "date": "datetime64[us]"})
    bands = []
    for born in ("1999-06-01", "1999-06-02"):
        records = source_records({"record_id": "r", "birth_date": born})
        bands.append(identify.customers(bought, links("r"), records)["age_band"].iloc[0])
    assert bands == ["25-34", "under 25"]


def test_the_name_most_records_agree_on_stands_and_the_latest_of_equally_many():
    records = source_records(
        {"record_id": "1", "first_name": "Kathy", "last_name": "Old", "updated": "2024-03-01"},
        {"record_id": "2", "first_name": "Katherine", "last_name": "New", "updated": "2024-02-01"},
        {"record_id": "3", "first_name": "Katherine", "updated": "2024-01-01"},
    )
    row = identify.contacts(records, links("1", "2", "3")).iloc[0]
    assert (row["first_name"], row["last_name"]) == ("Katherine", "Old")


def test_the_latest_telephone_stands_and_the_address_comes_from_one_record():
    records = source_records(
        {"record_id": "1", "phone": "1", "street": "Elm 4", "city": "Dunmere", "updated": "2024-01-01"},
        {"record_id": "2", "phone": "2", "city": "Foxley", "updated": "2024-02-01"},
    )
    row = identify.contacts(records, links("1", "2")).iloc[0]
    assert (row["phone"], row["street"], row["city"]) == ("2", "Elm 4", "Dunmere")


def consent(*statements: tuple[str, str]) -> bool:
    rows = [{"record_id": str(i), "consent_email": said, "updated": day} for i, (said, day) in enumerate(statements)]
    records = source_records(*rows)
    table = identify.consents(pd.Series(["C1"]), records, links(*records["record_id"]))
    return bool(table.set_index("channel").loc["email", "allowed"])


def test_the_latest_statement_on_a_channel_holds():
    assert consent(("no", "2024-01-01"), ("yes", "2024-02-01"))
    assert not consent(("yes", "2024-01-01"), ("no", "2024-02-01"))


def test_of_two_statements_on_one_day_the_refusal_holds():
    assert not consent(("no", "2024-01-01"), ("yes", "2024-01-01"))
    assert not consent(("yes", "2024-01-01"), ("no", "2024-01-01"))


def test_a_statement_without_a_day_gives_way_to_a_dated_one():
    assert consent(("no", None), ("yes", "2024-01-01"))


def test_there_is_no_consent_where_nobody_asked():
    assert not consent((None, "2024-01-01"))


def test_consent_in_force_is_found_for_customers_whose_records_were_all_linked(shop, held):
    found = held.read("consents").set_index(["customer_id", "channel"])["allowed"]
    people = shop.truth["people"].set_index("customer_id")
    given = held.read("identity_links").merge(shop.owners, on="record_id", suffixes=("", "_true"))
    whole = given.groupby("customer_id_true")["customer_id"].agg(set)
    exact = [who for who, groups in whole.items() if groups == {who}]
    exact = [who for who in exact if (given.loc[given["customer_id"] == who, "customer_id_true"] == who).all()]
    assert len(exact) > 300
    for channel in ("email", "social", "phone", "web_chat"):
        truly = people.loc[exact, f"consent_{channel}"]
        assert (found.loc[[(who, channel) for who in exact]].to_numpy() == truly.to_numpy()).mean() > 0.995


def test_an_account_counts_its_people_by_role_and_only_what_was_charged_to_it(held):
    table = held.read("account_profiles").set_index("account_id")
    roles, transactions = held.read("account_roles"), held.read("transactions")
    one = table.index[0]
    counted = roles[roles["account_id"] == one]["role"].value_counts()
    assert table.loc[one, "decision_makers"] == counted.get("decision_maker", 0)
    charged = transactions[transactions["account_id"] == one]
    assert table.loc[one, "spend"] == pytest.approx(charged["amount"].sum())
    assert table["orders"].sum() == transactions["account_id"].notna().sum()


def test_a_person_forgotten_after_linking_is_gone_from_every_table(shop):
    repository = Repository()
    for name, data in shop.tables.items():
        repository.write(name, data)
    stages.build(repository, "customers")
    leaver = repository.read("reviews").merge(repository.read("identity_links"), on="record_id")["customer_id"].iloc[0]
    records = repository.read("identity_links").query("customer_id == @leaver")["record_id"]
    counts = repository.forget(leaver)
    assert {"customers", "contacts", "consents", "identity_links", "source_records", "reviews"} <= set(counts)
    for name in repository.names():
        left = repository.read(name)
        for column in left.columns.intersection(["customer_id", "customer_a", "customer_b"]):
            assert leaver not in set(left[column]), name
        for column in left.columns.intersection(["record_id", "record_a", "record_b"]):
            assert not set(records) & set(left[column]), name
