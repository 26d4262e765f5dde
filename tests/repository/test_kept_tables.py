"""What was made once is not made again, unless anything it was made from has changed."""

import pandas as pd
import pytest

from idic_lab.repository import kept_tables


@pytest.fixture(autouse=True)
def own_folder(tmp_path, monkeypatch):
    monkeypatch.setenv("IDIC_LAB_HOME", str(tmp_path))


@pytest.fixture
def maker():
    """A stage function that counts its calls."""

    def function(inputs: dict[str, pd.DataFrame]) -> dict[str, pd.DataFrame]:
        function.calls += 1
        ids = inputs["transactions"]["customer_id"].unique()
        return {"segments": pd.DataFrame({"customer_id": ids, "scheme": "all", "segment": "everybody"})}

    function.calls = 0
    return function


TRANSACTIONS = pd.DataFrame(
    {"customer_id": ["a", "b"], "date": pd.to_datetime(["2024-01-31", "2024-02-01"]), "amount": [9.5, 2.0]}
)


def test_the_same_inputs_are_worked_on_once(maker):
    first = kept_tables.made_or_kept("stage", maker, {"transactions": TRANSACTIONS})
    second = kept_tables.made_or_kept("stage", maker, {"transactions": TRANSACTIONS.copy()})
    assert maker.calls == 1
    pd.testing.assert_frame_equal(first["segments"], second["segments"])


@pytest.mark.parametrize(
    "changed",
    [TRANSACTIONS.assign(amount=[9.5, 2.01]), TRANSACTIONS.iloc[::-1], TRANSACTIONS.rename(columns={"amount": "sum"})],
    ids=["another value", "another order", "another column"],
)
def test_changed_inputs_are_worked_on_again(maker, changed):
    kept_tables.made_or_kept("stage", maker, {"transactions": TRANSACTIONS})
    kept_tables.made_or_kept("stage", maker, {"transactions": changed})
    assert maker.calls == 2


def test_another_stage_has_its_own_tables(maker):
    kept_tables.made_or_kept("stage", maker, {"transactions": TRANSACTIONS})
    kept_tables.made_or_kept("another", maker, {"transactions": TRANSACTIONS})
    assert maker.calls == 2


def test_a_damaged_table_is_made_again(maker):
    kept_tables.made_or_kept("stage", maker, {"transactions": TRANSACTIONS})
    (file,) = kept_tables.folder().rglob("segments.parquet")
    file.write_bytes(b"PAR1 half a file")
    made = kept_tables.made_or_kept("stage", maker, {"transactions": TRANSACTIONS})
    assert maker.calls == 2 and len(made["segments"]) == 2


def test_personal_tables_are_never_kept():
    def function(inputs):
        return {"source_records": pd.DataFrame({"record_id": ["r"], "email": ["somebody@example.com"]})}

    kept_tables.made_or_kept("stage", function, {"transactions": TRANSACTIONS})
    assert not kept_tables.folder().exists()


def test_a_folder_that_cannot_be_written_costs_only_time(maker, tmp_path, monkeypatch):
    blocked = tmp_path / "file"
    blocked.write_text("not a folder")
    monkeypatch.setenv("IDIC_LAB_HOME", str(blocked))
    for _ in range(2):
        made = kept_tables.made_or_kept("stage", maker, {"transactions": TRANSACTIONS})
    assert maker.calls == 2 and len(made["segments"]) == 2
