"""A CRM's export of contacts is a source like any other."""

from pathlib import Path

import pandas as pd
import pytest

from idic_lab import identify, tables
from idic_lab.errors import DataError

EXPORTS = Path(__file__).with_name("exports")
TODAY = pd.Timestamp("2026-01-01")
ALL = ["zoho", "hubspot", "salesforce", "chinese"]


def contacts(crm: str):
    return identify.read_contacts(EXPORTS / f"{crm}_contacts.csv", today=TODAY)


@pytest.mark.parametrize("crm", ALL)
def test_an_export_becomes_records_that_keep_the_contract(crm):
    gathered = identify.gather({crm: contacts(crm).records})
    tables.check("source_records", gathered.records)
    assert gathered.rejects.empty


@pytest.mark.parametrize("crm", ["zoho", "hubspot", "salesforce"])
def test_the_same_person_reads_the_same_from_every_crm(crm):
    first = contacts(crm).records.iloc[0]
    assert (first["first_name"], first["last_name"], first["email"]) == ("Ada", "Example", "ada@crm.example")
    assert (first["phone"], first["postcode"], first["city"]) == ("+999 300001", "10021", "Dunmere")
    assert first["birth_date"] == pd.Timestamp("1980-05-17")
    assert first["created"] < first["updated"]


def test_an_empty_mobile_number_gives_way_to_the_other_telephone():
    assert contacts("zoho").records["phone"].tolist() == ["+999 300001", "+999 200002", "+999 200003"]


def test_opting_out_is_a_refusal_and_not_opting_out_is_no_consent():
    assert contacts("zoho").records["consent_email"].fillna("-").tolist() == ["-", "no", "-"]
    salesforce = contacts("salesforce").records
    assert salesforce["consent_email"].fillna("-").tolist() == ["-", "no"]
    assert salesforce["consent_phone"].fillna("-").tolist() == ["no", "-"]


def test_chinese_headers_names_dates_and_encoding_are_understood():
    records = contacts("chinese").records
    assert records[["first_name", "last_name"]].to_numpy().tolist() == [["芳", "王"], ["伟", "李"]]
    assert records["customer_id"].tolist() == ["C0001", "C0002"]
    assert records["birth_date"].tolist() == [pd.Timestamp("1988-03-05"), pd.Timestamp("1979-12-31")]


def test_a_date_that_cannot_be_read_is_missing_and_counted(tmp_path):
    file = tmp_path / "contacts.csv"
    file.write_text("id,Last Name,Date of Birth\n1,Example,1980-05-17\n2,Sample,some day\n", encoding="utf-8")
    read = identify.read_contacts(file, today=TODAY)
    assert read.records["birth_date"].isna().tolist() == [False, True]
    assert any("1 values of 'Date of Birth'" in note for note in read.notes)


def test_contacts_without_numbers_are_named_by_file_and_line(tmp_path):
    file = tmp_path / "fair.csv"
    file.write_text("Full Name,Email\nAda Maria Example,ada@a.example\nBo Sample,bo@a.example\n", encoding="utf-8")
    records = identify.read_contacts(file, today=TODAY).records
    assert records["record_id"].tolist() == ["fair-2", "fair-3"]
    assert records[["first_name", "last_name"]].to_numpy().tolist() == [["Ada Maria", "Example"], ["Bo", "Sample"]]


def test_a_file_of_something_else_lists_its_headers(tmp_path):
    file = tmp_path / "stock.csv"
    file.write_text("colour,size\nred,4\nblue,5\n", encoding="utf-8")
    with pytest.raises(DataError, match=r"stock.csv: no column with a name.*'colour', 'size'"):
        identify.read_contacts(file)


def test_an_unknown_encoding_is_named():
    with pytest.raises(DataError, match="no encoding called 'klingon'"):
        identify.read_contacts(EXPORTS / "zoho_contacts.csv", encoding="klingon")


def test_exports_of_two_crms_overlap_in_the_person_both_know():
    gathered = identify.gather({crm: contacts(crm).records for crm in ("zoho", "salesforce", "chinese")})
    assert len(gathered.records) == 7
    assert sum("shares no customer number" in note for note in gathered.notes) == 1
