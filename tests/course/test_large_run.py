"""Large Parquet is read in parts with the rules, the counts and the numbers of a small file, and never taken for whole when it is not."""

import json
import shutil

import duckdb
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from idic_lab import datasets, tables
from idic_lab.course.runs import forgetting, large_run, run_folder
from idic_lab.course.runs.execution import Console
from idic_lab.course.runs.run import run
from idic_lab.datasets.own import cleaning, engine, files, reading
from idic_lab.differentiate import clv, rfm
from idic_lab.errors import ContractError, DataError
from idic_lab.repository import Repository

SILENT = {"tell": lambda line: None}
QUIET = Console(lambda line: None)
ALL = large_run.Options(sample=1_000_000)


def folder_of(path, **parts):
    path.mkdir()
    for name, columns in parts.items():
        pq.write_table(pa.table(columns), path / f"{name}.parquet")
    return path


@pytest.fixture
def plain(tmp_path):
    """Typed columns, with every fault that a typed column can have."""
    days = pd.to_datetime(
        ["2024-01-05", "2024-01-05 12:00", "2024-03-01", "1850-01-01", "2999-01-01", None], format="ISO8601"
    )
    return folder_of(
        tmp_path / "plain",
        b={"customer_id": [7, 7, None, 8, 8, 9], "date": days, "amount": [1.5, -1.5, 2.0, 3.0, 4.0, 5.0]},
        a={
            "customer_id": [7, 7, 10, 11, 12, 12],
            "date": pd.to_datetime(["2024-02-05"] * 5 + ["2024-02-06"]),
            "amount": [1.5, 1.5, float("nan"), float("inf"), 1e14, 0.0],
        },
    )


@pytest.fixture
def written(tmp_path):
    """Texts as a shop's export has them: order lines, cancellations, day-first dates, a currency sign, blanks."""
    return folder_of(
        tmp_path / "written",
        lines={
            "InvoiceNo": ["536365", "536365", "C536379", "536366", None, None, "536367", "536367"],
            "StockCode": ["a", "b", "a", "a", "b", "b", "c", "c"],
            "Quantity": [1, 2, -1, 1, 3, 3, 1, None],
            "InvoiceDate": [
                "13/01/2011 08:26",
                "13/01/2011 08:26",
                "14/01/2011 9:00",
                "31/02/2011",
                "15/01/2011",
                "15/01/2011",
                "16/01/2011",
                "16/01/2011",
            ],
            "UnitPrice": ["£2.50", "£1.00", "£2.50", "£1.00", "£1,000.00", "£1.00", "many", "£1.00"],
            "CustomerID": [" 17850.0", "17850", "17850", "17851", "17852", "17852", "n/a", "17853"],
        },
    )


@pytest.mark.parametrize("name", ["plain", "written"])
def test_both_readers_agree_on_rows_counts_and_sums(name, request, tmp_path):
    path = request.getfixturevalue(name)
    small = cleaning.clean(files.read(path), reading.Options(), path.stem)
    large = large_run.make(engine.find_large(path, True), tmp_path, options=ALL, console=QUIET)
    for table in set(small.tables):
        here, there = (data.tables[table] for data in (large, small))
        by = list(there.columns)
        pd.testing.assert_frame_equal(
            here.sort_values(by, ignore_index=True)[by], there.sort_values(by, ignore_index=True), rtol=1e-12
        )
    differ = ("assumptions", "fingerprint", "quirks", "tables")
    here, there = ({k: v for k, v in data.card.to_dict().items() if k not in differ} for data in (large, small))
    assert here == there
    assert set(small.card.assumptions) <= set(large.card.assumptions)


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """CDNOW's sample as a folder of Parquet, its customers cut into three slices."""
    folder = tmp_path_factory.mktemp("large")
    transactions = datasets.load("cdnow_sample", quiet=True).transactions
    (folder / "cdnow").mkdir()
    for part in range(2):
        transactions.iloc[part::2].to_parquet(folder / "cdnow" / f"part-{part}.parquet")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(engine, "_ROWS_PER_SLICE", 2500)
        source = engine.find_large(folder / "cdnow", True)
        options = large_run.Options(sample=500)
        sample = large_run.make(source, folder, options=options, console=QUIET)
        yield folder, source, transactions, sample


def read(folder, table):
    path = folder / "all_customers" / table / "*.parquet"
    return duckdb.sql(f"SELECT * FROM '{path}'").df().sort_values("customer_id", ignore_index=True)


def test_tables_of_all_customers_are_those_that_pandas_makes(made):
    folder, source, transactions, _ = made
    assert source.slices == 3
    summary = clv.summarise(transactions)
    models = [clv.fit(summary, name) for name in ("bg_nbd", "gamma_gamma")]
    expected = {
        "btyd_summary": summary,
        "rfm": rfm.table(transactions),
        "customer_value": clv.value(*models, summary, margin=0.3),
    }
    for name, table in expected.items():
        pd.testing.assert_frame_equal(read(folder, name), table, check_dtype=False, rtol=1e-8, atol=1e-8)


def test_the_sample_is_of_whole_customers_and_the_same_again(made):
    _, _, transactions, sample = made
    drawn = sample.transactions["customer_id"].unique()
    assert len(drawn) == 500
    whole = transactions[transactions["customer_id"].isin(drawn)]
    assert len(whole) == len(sample.transactions)
    assert "random sample of 500 customers" in str(sample.card).replace("\n             ", " ")


def test_totals_by_segment_are_those_of_all_customers(made):
    folder, _, transactions, _ = made
    totals = pd.DataFrame(large_run.record(folder)["totals"]).set_index("segment")
    expected = rfm.segment_summary(rfm.table(transactions)).set_index("segment")
    assert totals["customers"].to_dict() == expected["customers"].to_dict()
    assert totals["revenue"].to_dict() == pytest.approx(expected["revenue"].to_dict())


def test_a_second_call_does_nothing_twice_and_other_data_begin_again(made, tmp_path):
    folder, source, *_ = made
    lines = []
    options = large_run.Options(sample=500)
    large_run.make(source, folder, options=options, console=Console(lines.append))
    assert len(lines) == 7 and all(line.endswith("kept from the last call") for line in lines)
    progress = json.loads((folder / "all_customers" / "progress.json").read_text())
    (folder / "all_customers" / next(iter(progress["files"]))).write_bytes(b"cut off")
    large_run.make(source, folder, options=options, console=Console(lines.append))
    assert lines[-1].split(": ")[-1].startswith("done in")


def test_a_killed_call_is_taken_up_where_it_was(made, tmp_path, monkeypatch):
    _, source, *_ = made
    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(large_run._Work, "fit", lambda work: (_ for _ in ()).throw(KeyboardInterrupt))
        large_run.make(source, tmp_path, console=QUIET)
    lines = []
    large_run.make(source, tmp_path, console=Console(lines.append))
    assert [line.endswith("kept from the last call") for line in lines][:3] == [True] * 3
    assert not list(tmp_path.rglob("*.partial")) and not (tmp_path / "all_customers" / "lines").exists()


def test_a_run_says_that_its_figures_are_of_a_sample(made, tmp_path):
    _, source, *_ = made
    result = run(
        source.path, out=tmp_path / "run", only="00", large=True, options=large_run.Options(sample=300), **SILENT
    )
    assert not result.failed, result.failed
    assert run_folder.read(result.folder).all_customers["sampled"] == 300
    assert "random sample of 300 customers" in (result.folder / "report.html").read_text()


@pytest.fixture(scope="module")
def ended_run(made, tmp_path_factory):
    """A run on shoppers whose ids cannot stand in a file by chance; only some are in the sample the notebooks see."""
    data = tmp_path_factory.mktemp("shop") / "shop.parquet"
    transactions = made[2].assign(customer_id=lambda rows: "shopper-" + rows["customer_id"] + "-end")
    transactions.to_parquet(data)
    out = tmp_path_factory.mktemp("runs") / "run"
    arguments = {"out": out, "only": "00", "large": True, "options": large_run.Options(sample=300), **SILENT}
    result = run(data, **arguments)
    assert not result.failed, result.failed
    return out, data, arguments


def everybody(folder) -> set[str]:
    return set(read(folder, "transactions")["customer_id"])


@pytest.mark.parametrize("sampled", [True, False])
def test_a_customer_forgotten_by_a_large_run_is_in_no_byte_of_it_and_stays_away(ended_run, tmp_path, sampled):
    out, data, arguments = ended_run
    folder = shutil.copytree(out, tmp_path / "run")
    before, totals = everybody(folder), run_folder.read(folder).all_customers["totals"]
    in_sample = set(Repository(folder / "idic.duckdb").read("transactions")["customer_id"])
    leaving = min(who for who in before if (who in in_sample) is sampled)
    done = forgetting.forget(folder, leaving)
    assert done.rows["all_customers/transactions"] >= 1 and done.rows["all_customers/rfm"] == 1
    assert ("transactions" in done.rows) is sampled
    assert everybody(folder) == before - {leaving}
    assert not [path for path in folder.rglob("*") if path.is_file() and leaving.encode() in path.read_bytes()]
    assert set(read(folder, "customer_value")["customer_id"]) == before - {leaving}
    with pytest.raises(DataError, match="knows a customer with this number"):
        forgetting.forget(folder, "shopper-nobody-end")

    lines = []
    again = arguments | {"out": folder, "tell": lines.append}
    assert run(data, **again).failed == {}
    assert sum("kept from the last call" in line for line in lines if line.startswith("All customers")) == 7
    assert everybody(folder) == before - {leaving}
    assert run_folder.read(folder).all_customers["totals"] == totals
    if sampled:
        return
    assert run(data, fresh=True, **again).failed == {}
    assert everybody(folder) == before - {leaving}
    assert sum(segment["customers"] for segment in run_folder.read(folder).all_customers["totals"]) == len(before) - 1


def test_a_removal_from_a_large_run_that_was_cut_short_can_be_given_again(ended_run, tmp_path, monkeypatch):
    folder = shutil.copytree(ended_run[0], tmp_path / "run")
    in_sample = set(Repository(folder / "idic.duckdb").read("transactions")["customer_id"])
    leaving = min(everybody(folder) - in_sample)
    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(forgetting, "_correct_progress", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
        forgetting.forget(folder, leaving)
    assert run_folder.read(folder).status == "removing a customer"
    forgetting.forget(folder, leaving)
    assert run_folder.read(folder).status != "removing a customer"
    for path in folder.rglob("*"):
        assert not path.is_file() or leaving.encode() not in path.read_bytes(), path


def test_small_parquet_is_loaded_and_only_parquet_can_be_large(plain, tmp_path):
    assert engine.find_large(plain) is None
    assert engine.find_large(plain, True).rows == 12
    (tmp_path / "orders.csv").write_text("customer_id,date,amount\na,2024-01-01,1\n")
    with pytest.raises(DataError, match="only Parquet"):
        engine.find_large(tmp_path / "orders.csv", True)


def test_files_with_different_columns_or_types_are_refused(tmp_path):
    other = folder_of(tmp_path / "columns", a={"x": [1]}, b={"y": [1]})
    with pytest.raises(DataError, match=r"differ in 'x', 'y'"):
        engine.find_large(other, True)
    mixed = folder_of(tmp_path / "types", a={"x": [1]}, b={"x": ["1"]})
    with pytest.raises(DataError, match=r"'x' is int64 in a.parquet and string in b.parquet"):
        engine.find_large(mixed, True)


def test_when_no_row_can_be_used_the_reasons_are_told(tmp_path):
    bad = folder_of(tmp_path / "bad", a={"customer_id": ["a"], "date": ["soon"], "amount": [1.0]})
    with pytest.raises(DataError, match=r"none of its 1 rows can be used: not a date in column 'date' \(1 rows"):
        large_run.make(engine.find_large(bad, True), tmp_path, console=QUIET)


def test_when_nobody_buys_twice_the_tables_stand_without_values(tmp_path):
    days = pd.date_range("2024-01-01", periods=30)
    once = folder_of(
        tmp_path / "once", a={"customer_id": [f"c{i}" for i in range(30)], "date": days, "amount": [1.0] * 30}
    )
    large_run.make(engine.find_large(once, True), tmp_path, console=QUIET)
    assert "customers who bought again" in large_run.record(tmp_path)["not_made"]["customer_value"]
    assert len(read(tmp_path, "rfm")) == 30


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ("SELECT 'a' AS customer_id, DATE '2024-01-01' AS date", "missing column 'amount'"),
        ("SELECT 1 AS customer_id, DATE '2024-01-01' AS date, 1.0::DOUBLE AS amount", "should be text"),
        ("SELECT 'a' AS customer_id, NULL::DATE AS date, 1.0::DOUBLE AS amount", "'date' should be a value"),
        ("SELECT 'a' AS customer_id, DATE '2024-01-01' AS date, 'nan'::DOUBLE AS amount", "should be a number"),
    ],
)
def test_a_breach_of_contract_is_found_in_the_engine(query, message):
    with pytest.raises(ContractError, match=message):
        tables.check("transactions", duckdb.sql(query))


def test_ranges_values_and_keys_are_held_to_in_the_engine():
    columns = "0.5::DOUBLE AS expected_purchases, 1.0::DOUBLE AS expected_spend, 1.0::DOUBLE AS clv, 1.0::DOUBLE AS residual_value"
    rows = duckdb.sql(f"SELECT 'a' AS customer_id, 1.5::DOUBLE AS probability_alive, {columns} FROM range(2)")
    with pytest.raises(ContractError, match=r"at most 1 \(2 rows\); rows are not unique by customer_id \(2 rows\)"):
        tables.check("customer_value", rows)
