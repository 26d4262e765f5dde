"""The customer repository keeps whole tables, or leaves what was there."""

import subprocess
import sys

import duckdb
import pandas as pd
import pytest

from idic_lab import tables
from idic_lab.errors import ContractError, RepositoryError, UnknownName
from idic_lab.repository import Repository


def segments(scheme: str, **who: str) -> pd.DataFrame:
    return pd.DataFrame({"customer_id": list(who), "scheme": scheme, "segment": list(who.values())})


@pytest.fixture(params=["file", "memory"])
def repository(request, tmp_path) -> Repository:
    return Repository(tmp_path / "idic.duckdb" if request.param == "file" else None)


def test_a_table_comes_back_as_it_was_written(repository):
    written = pd.DataFrame(
        {
            "customer_id": ["a", "b"],
            "date": pd.to_datetime(["2024-01-31", "2024-02-01"]),
            "amount": [9.5, -2.0],
        }
    )
    repository.write("transactions", written)
    pd.testing.assert_frame_equal(repository.read("transactions"), written)


def test_a_table_without_rows_or_values_keeps_its_types(repository):
    for name in ("rejects", "transactions"):
        repository.write(name, tables.get(name).empty())
        tables.check(name, repository.read(name))
    unknown = pd.DataFrame(
        {"source": ["f"], "line": [2], "column": ["date"], "value": pd.Series([None], dtype="str")}
    )
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
        code = f"from idic_lab.repository import Repository; Repository({str(path)!r}).read('segments')"
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
