"""The customer repository keeps whole tables, or leaves what was there."""

import subprocess
import sys

import duckdb
import pandas as pd
import pytest

from idic_lab import tables
from idic_lab.errors import ContractError, DataError, RepositoryError, UnknownName
from idic_lab.repository import Repository


def segments(scheme: str, **who: str) -> pd.DataFrame:
    return pd.DataFrame({"customer_id": list(who), "scheme": scheme, "segment": list(who.values())})


@pytest.fixture(params=["file", "memory"])
def repository(request, tmp_path) -> Repository:
    return Repository(tmp_path / "idic.duckdb" if request.param == "file" else None)


def test_a_table_comes_back_as_it_was_written(repository):
    written = pd.DataFrame(
        {"customer_id": ["a", "b"], "date": pd.to_datetime(["2024-01-31", "2024-02-01"]), "amount": [9.5, -2.0]}
    )
    repository.write("transactions", written)
    pd.testing.assert_frame_equal(repository.read("transactions"), written)


def test_a_table_without_rows_or_values_keeps_its_types(repository):
    for name in ("rejects", "transactions"):
        repository.write(name, tables.get(name).empty())
        tables.check(name, repository.read(name))
    unknown = pd.DataFrame({"source": ["f"], "line": [2], "column": ["date"], "value": pd.Series([None], dtype="str")})
    repository.write("rejects", unknown.assign(reason="no date"))
    tables.check("rejects", repository.read("rejects"))


def test_schemes_of_segments_are_written_beside_each_other(repository):
    repository.write("segments", segments("rfm", a="champions", b="lost"))
    repository.write("segments", segments("needs", a="savers"))
    repository.write("segments", segments("rfm", a="loyal"))
    held = repository.read("segments").sort_values("scheme")
    assert held.to_numpy().tolist() == [["a", "needs", "savers"], ["a", "rfm", "loyal"]]
    assert repository.has("segments:rfm") and not repository.has("segments:value")


def test_a_table_that_breaks_its_contract_leaves_the_old_one_standing(repository):
    repository.write("segments", segments("rfm", a="champions"))
    with pytest.raises(ContractError, match="missing column 'segment'"):
        repository.write("segments", pd.DataFrame({"customer_id": ["a"], "scheme": ["rfm"]}))
    assert len(repository.read("segments")) == 1


def test_a_write_that_fails_inside_the_database_is_rolled_back(repository):
    repository.write("segments", segments("rfm", a="champions"))
    wider = segments("rfm", a="lost").assign(extra=1)
    with pytest.raises(RepositoryError, match="was not written"):
        repository.write("segments", wider)
    assert repository.read("segments")["segment"].tolist() == ["champions"]
    assert len(repository.history()) == 1


def test_reading_what_is_not_there_names_the_nearest(repository):
    repository.write("segments", segments("rfm", a="champions"))
    with pytest.raises(UnknownName, match="Did you mean 'segments'"):
        repository.read("segment")


def test_the_history_says_who_made_which_table_from_what(repository):
    repository.write("segments", segments("rfm", a="loyal"), made_by="value_rfm", made_from=["rfm"])
    row = repository.history().iloc[0]
    assert (row["table_name"], row["row_count"], row["made_by"], row["made_from"]) == (
        "segments",
        1,
        "value_rfm",
        "rfm",
    )


def test_a_repository_in_use_by_another_process_says_so(tmp_path):
    path = tmp_path / "idic.duckdb"
    Repository(path).write("segments", segments("rfm", a="loyal"))
    with duckdb.connect(str(path)):
        code = f"from idic_lab.repository.store import Repository; Repository({str(path)!r}).read('segments')"
        other = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert other.returncode != 0
    assert "in use by another process" in other.stderr
    assert len(Repository(path).read("segments")) == 1


def test_a_file_that_is_no_repository_is_refused_and_kept(tmp_path):
    path = tmp_path / "idic.duckdb"
    path.write_text("notes of a meeting " * 500)
    with pytest.raises(RepositoryError, match="not a customer repository"):
        Repository(path).names()
    assert path.read_text().startswith("notes of a meeting")


def orders(*customers: str) -> pd.DataFrame:
    table = {"customer_id": list(customers), "date": pd.Timestamp("2024-01-31"), "amount": 9.5}
    return pd.DataFrame(table).astype({"customer_id": "str", "date": "datetime64[us]"})


def records(**owners: str | None) -> pd.DataFrame:
    table = {
        "record_id": list(owners),
        "touchpoint": "web_shop",
        "customer_id": list(owners.values()),
        "first_name": "Ada",
        "last_name": "Unmistakable-Family-Name",
        "email": [f"{name}@mail.example" for name in owners],
        "phone": "+999 1",
    }
    return pd.DataFrame(table).astype("str")


def links(**owners: str) -> pd.DataFrame:
    table = {"record_id": list(owners), "customer_id": list(owners.values())}
    return pd.DataFrame(table | {"touchpoint": "app", "probability": 1.0, "method": "model"})


def reviews(*writers: str) -> pd.DataFrame:
    table = {"review_id": [f"v{who}" for who in writers], "record_id": list(writers), "product_id": "p1"}
    table |= {"date": pd.Timestamp("2024-02-01"), "stars": 5, "text": "My name is Ada."}
    return pd.DataFrame(table).astype({"date": "datetime64[us]"})


@pytest.fixture
def peopled(repository) -> Repository:
    repository.write("transactions", orders("C1", "C1", "C2"))
    repository.write("source_records", records(r1="C1", r2=None, r3="C2"))
    repository.write("identity_links", links(r1="C1", r2="C1", r3="C2"))
    repository.write("reviews", reviews("r2", "r3"))
    repository.write("segments", segments("rfm", C1="champions", C2="lost"))
    reject = {"source": "a.csv", "line": [2], "column": "amount", "value": "C1", "reason": "not a number"}
    repository.write("rejects", pd.DataFrame(reject))
    return repository


def test_a_forgotten_customer_is_gone_from_every_table_also_where_only_a_record_was_kept(peopled):
    counts = peopled.forget("C1")
    assert counts == {
        "identity_links": 2, "rejects": 1, "reviews": 1, "segments": 1, "source_records": 2, "transactions": 2
    }  # fmt: skip
    for name in peopled.names():
        left = peopled.read(name).astype("str").to_numpy().tolist()
        assert not any({"C1", "r1", "r2"} & set(row) for row in left), name
    assert peopled.read("reviews")["record_id"].tolist() == ["r3"]


def test_the_row_of_a_reject_is_still_counted_after_its_value_is_blanked(peopled):
    peopled.forget("C1")
    assert len(peopled.read("rejects")) == 1 and peopled.read("rejects")["value"].isna().all()


def test_the_history_keeps_the_removal_without_the_number(peopled):
    peopled.forget("C1")
    history = peopled.history()
    removals = history[history["action"] == "forget"]
    assert set(removals["table_name"]) == {
        "identity_links", "rejects", "reviews", "segments", "source_records", "transactions"
    }  # fmt: skip
    assert not history.astype("str").apply(lambda column: column.str.contains("C1")).any(axis=None)


def test_forgetting_somebody_unknown_changes_nothing_and_says_so(peopled):
    with pytest.raises(DataError, match="No table of the repository knows"):
        peopled.forget("C9")
    assert len(peopled.read("transactions")) == 3
    assert "forget" not in peopled.history()["action"].tolist()


def test_a_forgotten_name_is_not_left_in_unused_parts_of_the_file(tmp_path):
    path = tmp_path / "idic.duckdb"
    repository = Repository(path)
    repository.write("source_records", records(r1="C1").assign(last_name="Zzyzx-Unmistakable"))
    assert b"Zzyzx-Unmistakable" in path.read_bytes()
    repository.forget("C1")
    assert b"Zzyzx-Unmistakable" not in path.read_bytes()
    assert [found.name for found in tmp_path.iterdir()] == ["idic.duckdb"]


def test_totals_stay_as_they_were_when_somebody_is_forgotten(peopled):
    total = {"account_id": ["A1"], "users": [2], "decision_makers": [0], "influencers": [0], "orders": [3]}
    total |= {"spend": [28.5], "last_order": pd.Timestamp("2024-01-31"), "decision_maker_reachable": [False]}
    before = pd.DataFrame(total).astype({"last_order": "datetime64[us]"})
    peopled.write("account_profiles", before)
    peopled.forget("C1")
    pd.testing.assert_frame_equal(peopled.read("account_profiles"), before)


def test_two_processes_that_write_at_once_wait_for_each_other(tmp_path):
    write = (
        "import sys, pandas as pd\nfrom idic_lab.repository import Repository\n"
        "table = pd.DataFrame({'customer_id': ['a'], 'scheme': [sys.argv[1]], 'segment': ['x']}).astype('str')\n"
        "for _ in range(12): Repository(sys.argv[2]).write('segments', table)"
    )
    path = str(tmp_path / "idic.duckdb")
    both = [subprocess.Popen([sys.executable, "-c", write, scheme, path]) for scheme in ("rfm", "needs")]
    assert [process.wait(timeout=300) for process in both] == [0, 0]
    assert set(Repository(path).read("segments")["scheme"]) == {"rfm", "needs"}
    assert len(Repository(path).history()) == 24
