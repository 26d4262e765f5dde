"""A customer who asks to be forgotten is gone from every table and every file; the others, and the totals, stay."""

import json
import shutil
import string

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as some
from personal_traces import People, scan

from idic_lab import datasets, tables
from idic_lab.course.runs import forgetting
from idic_lab.course.runs.run import run
from idic_lab.datasets.own.words import looks_personal
from idic_lab.errors import DataError, RepositoryError
from idic_lab.repository import pseudonyms
from idic_lab.repository.forgetting import OF_CUSTOMER, OF_RECORD
from idic_lab.repository.store import Repository

NAMES = ["Žofie Körbelová", "Ada Muster", "Bo Persson", "Noor Visser", "Pim Bakker", "Ulla Zander"]
ADA = "Ada Muster"
OF_A_PERSON = {*OF_CUSTOMER, *OF_RECORD}


def _value(kind: str, values: tuple[str, ...], mark: str, place: int):
    if kind == "text":
        return values[place % len(values)] if values else f"{mark}-{place}"
    day = pd.Timestamp("2024-02-01") + pd.Timedelta(days=place)
    return {"date": day, "number": 1.0, "count": 1 + place, "flag": True}[kind]


def filled(name: str, people: dict[str, str]) -> pd.DataFrame:
    """A table of any contract with one row per person: customer number to record number."""
    contract, rows = tables.get(name), []
    of_a_person = bool(OF_A_PERSON & contract.columns.keys())
    for place, (customer, record) in enumerate(people.items()):
        row = {}
        for column, spec in contract.columns.items():
            allowed = spec.choices or ()
            row[column] = _value(spec.type, tuple(allowed), f"{column}-of-{customer if of_a_person else 'all'}", place)
            if column in OF_CUSTOMER:
                row[column] = customer
            if column in OF_RECORD:
                row[column] = record
        rows.append(row)
    kinds = {column: spec.dtype for column, spec in contract.columns.items()}
    return pd.DataFrame(rows).astype(kinds)


def test_every_column_that_may_name_a_person_is_known_to_the_removal():
    for name, contract in tables.CONTRACTS.items():
        for column in contract.columns:
            if column.startswith(("customer_", "record_")) or column in ("customer", "record"):
                assert column in OF_A_PERSON or contract.columns[column].type != "text", (name, column)
        if contract.personal:
            assert OF_A_PERSON & contract.columns.keys(), f"nobody could be removed from {name}"


ids = some.text(string.ascii_letters + string.digits + " '\"%_äß", max_size=14).map(
    "who-{}-end".format
)  # none is a part of another


@settings(max_examples=max(3, settings.default.max_examples // 25))  # each writes every table there is
@given(customers=some.lists(ids, min_size=3, max_size=4, unique_by=str.casefold))
def test_a_random_customer_is_gone_from_every_table_there_is_and_from_the_bytes(customers, tmp_path_factory):
    path = tmp_path_factory.mktemp("any") / "idic.duckdb"
    people = {customer: f"record-{place}-of-it" for place, customer in enumerate(customers)}
    leaving, staying = customers[0], {who: people[who] for who in customers[1:]}
    repository = Repository(path)
    before = {}
    for name in tables.CONTRACTS:
        before[name] = filled(name, people)
        repository.write(name, before[name])
    repository.forget(leaving)
    for name in tables.CONTRACTS:
        left = repository.read(name)
        if OF_A_PERSON & set(left):
            pd.testing.assert_frame_equal(left, filled(name, people).iloc[1:].reset_index(drop=True))
            assert len(left) == len(staying), name
        elif name != "rejects":
            pd.testing.assert_frame_equal(left, before[name])
    held = path.read_bytes()
    own = [leaving, people[leaving], *(f"{name}-of-{leaving}" for name in ("email", "last_name", "text", "street"))]
    assert not [text for text in own if text.encode() in held]
    assert [found.name for found in path.parent.iterdir()] == [path.name]


@pytest.fixture(scope="module")
def named(tmp_path_factory):
    """A run on a file whose customers are named by name, one with returns only and one row out of place."""
    folder = tmp_path_factory.mktemp("named")
    rows = [
        (name, f"2024-0{1 + (place + step) % 6}-1{place}", 10 + step)
        for place, name in enumerate(NAMES)
        for step in range(place % 3 + 1)
    ]
    rows += [("Ulf Retour", "2024-03-03", -5), (ADA, "2024-05-05", "Bo Persson"), ("=1+1", "2024-04-04", 3)]
    data = folder / "orders.csv"
    pd.DataFrame(rows, columns=["Contact Name", "Date", "Amount"]).to_csv(data, index=False)
    told = []
    result = run(data, out=folder / "run", only="21", tell=told.append)
    assert not result.failed, result.failed
    return data, result.folder, told


@pytest.fixture
def copy(named, tmp_path):
    return shutil.copytree(named[1], tmp_path / "run")


def people_of_the_file() -> People:
    first, last = zip(*(name.split() for name in [*NAMES, "Ulf Retour"]), strict=True)
    return People(pd.DataFrame({"first_name": first, "last_name": last}))


def test_names_in_the_customer_column_leave_the_repository_nowhere(named, tmp_path):
    _, folder, told = named
    assert not scan(folder, people_of_the_file())
    log = tmp_path / "log.txt"
    log.write_text("\n".join(told), encoding="utf-8")
    assert not scan(log, people_of_the_file())
    assert Repository(folder / "idic.duckdb").read("transactions")["customer_id"].str.startswith("C-").all()


def test_the_value_of_a_row_out_of_place_stays_in_the_repository(named):
    exported = pd.read_parquet(named[1] / "tables" / "rejects.parquet")
    assert exported["value"].isna().all() and exported["line"].notna().all()
    assert Repository(named[1] / "idic.duckdb").read("rejects")["value"].tolist() == ["Bo Persson"]


def test_a_resumed_run_keeps_the_codes(named):
    data, folder, _ = named
    before = Repository(folder / "idic.duckdb").read("customer_keys")
    again = run(data, out=folder, only="21", tell=lambda line: None)
    assert again.done == []
    pd.testing.assert_frame_equal(Repository(folder / "idic.duckdb").read("customer_keys"), before)


def test_a_person_is_looked_up_by_name_or_code(named):
    repository = Repository(named[1] / "idic.duckdb")
    code, original = pseudonyms.find(repository, ADA)
    assert original == ADA and pseudonyms.find(repository, code) == (code, ADA)
    with pytest.raises(DataError, match="knows no customer"):
        pseudonyms.find(repository, "ada muster")


def test_a_customer_forgotten_by_name_is_in_no_file_of_the_run(copy):
    code, _ = pseudonyms.find(Repository(copy / "idic.duckdb"), ADA)
    done = forgetting.forget(copy, ADA)
    assert done.rows["transactions"] == 2 and done.rows["customer_keys"] == 1
    for path in copy.rglob("*"):
        if path.is_file():
            held = path.read_bytes()
            assert code.encode() not in held and ADA.encode() not in held, path.name
    assert not list(copy.rglob("*.partial*")) and not (copy / "idic.duckdb.wal").exists()
    for path in (copy / "tables").glob("*.parquet"):
        assert code not in pd.read_parquet(path).astype("str").to_numpy().ravel().tolist(), path.name
    assert (
        len(Repository(copy / "idic.duckdb").read("rfm"))
        == len(Repository(copy / "idic.duckdb").read("customer_keys")) - 1
    )


def test_who_was_forgotten_stays_away_when_the_same_data_are_gathered_again(copy, named):
    forgetting.forget(copy, ADA)
    repository = Repository(copy / "idic.duckdb")
    repository.begin_again()
    kept = pseudonyms.protect(datasets.load(named[0], quiet=True), repository)
    assert ADA not in repository.read("customer_keys")["original_id"].tolist()
    assert kept.transactions["customer_id"].nunique() == len(NAMES) + 1


def test_a_notebook_that_showed_the_customer_goes_and_the_run_is_not_called_complete(copy):
    code, _ = pseudonyms.find(Repository(copy / "idic.duckdb"), ADA)
    page = copy / "notebooks" / "21_differentiate_value_rfm.html"
    notebook = page.with_suffix(".ipynb")
    notebook.write_text(notebook.read_text().replace("champions", code, 1))
    done = forgetting.forget(copy, code)
    assert done.notebooks == ["21_differentiate_value_rfm"] and not page.exists() and not notebook.exists()
    assert json.loads((copy / "manifest.json").read_text())["status"] == "incomplete: a customer was removed"
    assert (copy / "report.html").exists()


def test_forgetting_nobody_changes_no_file(copy):
    before = {path: path.read_bytes() for path in copy.rglob("*") if path.is_file()}
    with pytest.raises(DataError, match="knows a customer with this number"):
        forgetting.forget(copy, "Nobody Here")
    assert {path: path.read_bytes() for path in copy.rglob("*") if path.is_file()} == before


def test_a_removal_that_failed_half_way_can_be_given_again(copy, monkeypatch):
    def full(self, customer, **options):
        raise RepositoryError("the disk is full")

    with monkeypatch.context() as broken:
        broken.setattr(Repository, "forget", full)
        with pytest.raises(RepositoryError, match="disk is full"):
            forgetting.forget(copy, ADA)
    assert json.loads((copy / "manifest.json").read_text())["status"] == "removing a customer"
    assert forgetting.forget(copy, ADA).rows["transactions"] == 2
    assert (copy / "tables" / "transactions.parquet").exists()


def test_codes_differ_even_when_their_first_digits_are_the_same(monkeypatch):
    names = [f"name {number}" for number in range(400)]
    assert not set(pseudonyms.codes(names, "other").values()) & set(pseudonyms.codes(names, "salt").values())
    monkeypatch.setattr(pseudonyms, "_SHORTEST", 1)
    made = pseudonyms.codes(names, "salt")
    assert len(set(made.values())) == 400 and len({len(code) for code in made.values()}) > 1
    assert pseudonyms.codes(reversed(names), "salt") == made


def test_a_later_customer_does_not_take_a_code_that_is_given():
    first = pseudonyms.codes(["a"], "salt")
    assert pseudonyms.codes(["a"], "salt", taken=first.values())["a"] != first["a"]


@pytest.mark.parametrize(
    ("identifiers", "personal"),
    [
        (["10001", "10002", "Guest"] + [str(number) for number in range(200)], False),
        (["C0001", "K-99", "ab12"], False),
        (["ALFKI", "ANATR"], True),
        (["ada@mail.example"], True),
        (["+49 171 2345678", "+49 171 2345679"], True),
        (["Ada", "Bo", "Noor"], True),
        (["张伟", "王芳"], True),
        (["13812345678", "13912345678"], True),
        (["muster, ada", "persson, bo"], True),
    ],
)
def test_names_are_told_from_numbers(identifiers, personal):
    assert looks_personal(pd.Series(identifiers)) is personal
