"""The file of a repository is made whole, and a removal that was interrupted is finished by the next call."""

from concurrent.futures import ThreadPoolExecutor

import duckdb
import pandas as pd
import pytest

from idic_lab.errors import DamagedRepository, DataError, RepositoryError
from idic_lab.repository import Repository, file

NAME = "Zzyzx-Unmistakable"


@pytest.fixture
def repository(tmp_path) -> Repository:
    table = {"record_id": ["r1", "r2"], "touchpoint": "web_shop", "customer_id": ["C1", "C2"]}
    table |= {"first_name": "Ada", "last_name": [NAME, "Somebody"]}
    table |= {"email": "a@mail.example", "phone": "+999 1"}
    made = Repository(tmp_path / "idic.duckdb")
    made.write("source_records", pd.DataFrame(table).astype("str"))
    return made


def test_several_may_read_at_once_in_a_process_that_also_writes(repository):
    def there_and_back(number: int) -> list[str]:
        if number == 2:
            repository.write("segments", pd.DataFrame({"customer_id": ["C1"], "scheme": ["rfm"], "segment": ["new"]}))
        return repository.read("source_records")["customer_id"].tolist()

    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(there_and_back, range(8))) == [["C1", "C2"]] * 8
    assert repository.names() == ["segments", "source_records"]


def test_half_a_new_file_left_by_a_killed_process_is_made_again(tmp_path):
    (tmp_path / "idic.duckdb.new.partial").write_bytes(b"half a header")
    repository = Repository(tmp_path / "idic.duckdb")
    repository.write(
        "rejects", pd.DataFrame({"source": ["f"], "line": [2], "column": ["date"], "value": ["x"], "reason": ["?"]})
    )
    assert repository.names() == ["rejects"]
    assert [path.name for path in tmp_path.iterdir()] == ["idic.duckdb"]


def test_a_log_of_a_file_that_is_no_more_is_not_read_into_a_new_one(repository, tmp_path):
    (tmp_path / "idic.duckdb.wal").write_bytes(b"a log of something else" * 100)
    repository.path.unlink()
    repository.write(
        "rejects", pd.DataFrame({"source": ["f"], "line": [2], "column": ["date"], "value": ["x"], "reason": ["?"]})
    )
    assert repository.names() == ["rejects"]


@pytest.mark.parametrize("next_call", ["another removal", "a write"])
def test_a_removal_killed_before_the_file_was_written_anew_is_finished_by_the_next_call(
    repository, next_call, monkeypatch
):
    monkeypatch.setattr(file, "rewrite", lambda connection, path: connection.close())
    repository.forget("C1")
    monkeypatch.undo()
    (repository.path.parent / "idic.duckdb.partial").write_bytes(b"half a copy")
    assert NAME.encode() in repository.path.read_bytes()
    if next_call == "a write":
        repository.write("source_records", repository.read("source_records"))
    else:
        with pytest.raises(DataError, match="No table of the repository knows"):
            repository.forget("C1")
    assert NAME.encode() not in repository.path.read_bytes()
    assert [path.name for path in repository.path.parent.iterdir()] == ["idic.duckdb"]
    assert repository.read("source_records")["customer_id"].tolist() == ["C2"]


def test_a_removal_whose_rewriting_fails_says_what_is_still_readable(repository, monkeypatch):
    def full(*_):
        raise OSError("No space left on device")

    monkeypatch.setattr(file.os, "replace", full)
    with pytest.raises(RepositoryError, match=r"stay readable in its unused parts \(No space left"):
        repository.forget("C1")
    monkeypatch.undo()
    assert repository.read("source_records")["customer_id"].tolist() == ["C2"]
    assert [path.name for path in repository.path.parent.iterdir()] == ["idic.duckdb"]


@pytest.mark.parametrize(
    ("said", "kind", "told"),
    [
        ("IO Error: Could not set lock on file: Conflicting lock is held", RepositoryError, "in use by another"),
        ("Corrupt database file: checksum of block 3 does not match", DamagedRepository, "not a customer repository"),
        ("IO Error: No space left on device", RepositoryError, "the disk is full"),
    ],
)
def test_what_the_database_says_is_told_as_what_it_means(tmp_path, monkeypatch, said, kind, told):
    def refuse(*_, **__):
        raise duckdb.IOException(said)

    monkeypatch.setattr(file.dataframes, "connect", refuse)
    with pytest.raises(kind, match=told), file.attached(tmp_path / "idic.duckdb", write=True):
        pass
