"""A run executes what a data set can feed, says what it skipped, resumes, and is never mistaken for whole when it is not."""

import json

import nbformat
import pandas as pd
import pytest

from idic_lab import datasets, tables
from idic_lab.course.runs import notebooks, run_folder
from idic_lab.course.runs.run import run
from idic_lab.errors import DataError, LabError, RepositoryError, UnknownName
from idic_lab.pipeline import stages as pipeline
from idic_lab.pipeline.stages import Stage
from idic_lab.repository import Repository
from idic_lab.tables import Part


@pytest.fixture(scope="module")
def sample_run(tmp_path_factory):
    """The value notebooks on the CDNOW sample, once for all tests that only look."""
    folder = tmp_path_factory.mktemp("run") / "sample"
    lines = []
    result = run("cdnow_sample", out=folder, only="00,21,23,24", tell=lines.append)
    assert not result.failed, result.failed
    return result, lines


def test_a_run_leaves_all_it_promises(sample_run):
    folder = sample_run[0].folder
    for name in ("idic.duckdb", "report.html", "results.json", "manifest.json", "card.json"):
        assert (folder / name).stat().st_size > 0, name
    made = {path.stem for path in (folder / "tables").glob("*.parquet")}
    assert {"rfm", "btyd_summary", "customer_value", "segments", "rejects", "transactions"} <= made
    assert not list(folder.rglob("*.partial*"))
    assert json.loads((folder / "manifest.json").read_text())["status"] == "complete"


def test_every_table_of_a_run_keeps_to_its_contract(sample_run):
    repository = Repository(sample_run[0].folder / "idic.duckdb")
    for name in repository.names():
        tables.check(name, repository.read(name))


@pytest.mark.parametrize("name", ["rfm", "btyd_summary", "customer_value"])
def test_a_notebook_makes_the_same_table_as_its_stage(sample_run, name):
    alone = Repository()
    alone.write("transactions", datasets.load("cdnow_sample", quiet=True).transactions)
    pipeline.build(alone, name)
    made = Repository(sample_run[0].folder / "idic.duckdb").read(name)
    pd.testing.assert_frame_equal(made, alone.read(name))


def test_headline_numbers_are_in_results_and_the_first_of_them_in_the_report(sample_run):
    folder = sample_run[0].folder
    results = json.loads((folder / "results.json").read_text())
    report = (folder / "report.html").read_text()
    told = [list(entries.values()) for name, entries in results.items() if entries and not name.startswith("00")]
    stated = [entry["sentence"] for entries in told for entry in entries[:2]]  # of each notebook the first two
    assert len(stated) >= 4
    import html

    readable = html.unescape(report)
    for sentence in stated:
        assert sentence in readable


def test_executed_notebooks_name_no_path_of_the_machine(sample_run):
    folder = sample_run[0].folder
    for path in [*folder.glob("notebooks/*.ipynb"), folder / "report.html", folder / "manifest.json"]:
        assert str(folder.parent) not in path.read_text(), path.name


def test_executed_notebooks_write_nothing_to_stderr(sample_run):
    for path in sample_run[0].folder.glob("notebooks/*.ipynb"):
        for cell in nbformat.read(path, as_version=4).cells:
            assert not [out for out in cell.get("outputs", []) if out.get("name") == "stderr"], path.name


def test_a_second_call_keeps_every_good_notebook(sample_run):
    first = sample_run[0]
    again = run("cdnow_sample", out=first.folder, only="00,21,23,24", tell=lambda line: None)
    assert again.done == [] and again.kept == first.done


@pytest.fixture
def breakable(tmp_path, monkeypatch):
    """A course of small notebooks, the second of which fails while a file is absent, and the fourth needs its table."""
    folder = tmp_path / "notebooks"
    folder.mkdir()
    permit = tmp_path / "permit"

    def write(name: str, *sources: str):
        cells = [nbformat.v4.new_code_cell("dataset = 'x'\nrun_dir = ''\nsize = 1", metadata={"tags": ["parameters"]})]
        cells += [nbformat.v4.new_code_cell(source) for source in sources]
        notebook = nbformat.v4.new_notebook(cells=cells)
        notebook.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3", "language": "python"}
        nbformat.write(notebook, folder / f"{name}.ipynb")

    write("21_first", "print('first', size)")
    write("22_second", "print('second')", f"open({str(permit)!r}).close()")
    for name in ("31_third", "32_fourth", "33_fifth"):
        write(name, f"print({name!r})")
    stages = [
        Stage("21_first", needs=(Part("transactions"),), makes=(Part("rfm"),)),
        Stage("22_second", needs=(Part("transactions"),), makes=(Part("portfolio"),)),
        Stage("31_third", needs=(Part("interactions"),)),
        Stage("32_fourth", needs=(Part("portfolio"),)),
        Stage("33_fifth", needs=(Part("rfm"),)),
    ]
    monkeypatch.setattr(notebooks, "folder", lambda: folder)
    monkeypatch.setattr(pipeline, "STAGES", stages)
    orders = pd.DataFrame(
        {"customer_id": ["a", "b"], "date": pd.to_datetime(["2024-01-31", "2024-02-01"]), "amount": [9.5, 2.0]}
    )
    data = tmp_path / "orders.csv"
    orders.to_csv(data, index=False)
    return data, tmp_path / "out", permit


def test_a_failed_notebook_ends_only_what_depends_on_it_and_the_next_call_resumes(breakable):
    data, out, permit = breakable
    failed = run(data, out=out, tell=lambda line: None)
    assert list(failed.failed) == ["22_second"] and failed.not_reached == {"32_fourth": "22_second"}
    assert failed.done == ["21_first", "33_fifth"]
    assert "FileNotFoundError" in failed.failed["22_second"] and "cell" in failed.failed["22_second"]
    partial = nbformat.read(out / "notebooks" / "22_second.partial.ipynb", as_version=4)
    assert any("second" in str(cell.get("outputs")) for cell in partial.cells)
    assert not (out / "notebooks" / "22_second.ipynb").exists()
    assert run_folder.read(out).status == "failed"
    assert "not reached, since 22_second failed" in (out / "report.html").read_text()

    permit.touch()
    resumed = run(data, out=out, tell=lambda line: None)
    assert (resumed.kept, resumed.done) == (["21_first", "33_fifth"], ["22_second", "32_fourth"])
    assert not resumed.failed and run_folder.read(out).status == "complete"


def test_a_notebook_without_its_tables_is_skipped_with_the_reason(breakable):
    data, out, permit = breakable
    permit.touch()
    result = run(data, out=out, tell=lambda line: None)
    assert "interactions" in result.skipped["31_third"]
    assert "interactions" in (out / "report.html").read_text()


def test_other_parameters_make_a_new_run(breakable):
    data, out, permit = breakable
    permit.touch()
    run(data, out=out, tell=lambda line: None)
    changed = run(data, out=out, parameters={"size": 7}, tell=lambda line: None)
    assert changed.kept == []
    assert "first 7" in (out / "notebooks" / "21_first.ipynb").read_text()


def test_other_data_in_the_same_folder_leave_nothing_of_the_old(breakable):
    data, out, permit = breakable
    permit.touch()
    run(data, out=out, tell=lambda line: None)
    data.write_text("customer_id,date,amount\nz,2024-03-01,5\n")
    run(data, out=out, tell=lambda line: None)
    assert Repository(out / "idic.duckdb").read("transactions")["customer_id"].tolist() == ["z"]


def test_two_runs_in_one_folder_get_a_clear_error(breakable):
    import filelock

    data, out, _ = breakable
    out.mkdir()
    with filelock.FileLock(out / ".lock"), pytest.raises(RepositoryError, match="Another run is working"):
        run(data, out=out, tell=lambda line: None)


def test_a_folder_that_holds_something_else_is_left_alone(breakable):
    data, out, _ = breakable
    out.mkdir()
    (out / "thesis.txt").write_text("chapter one")
    with pytest.raises(DataError, match="holds other things"):
        run(data, out=out, fresh=True, tell=lambda line: None)
    assert (out / "thesis.txt").exists()


def test_an_unknown_parameter_is_refused_with_the_nearest_name():
    with pytest.raises(UnknownName, match="Did you mean 'calibration_end'"):
        run("cdnow_sample", parameters={"calibration_ennd": "1997-09-30"})


def test_a_parameter_of_the_run_itself_is_refused():
    with pytest.raises(LabError, match="--out"):
        run("cdnow_sample", parameters={"run_dir": "elsewhere"})


def test_an_unknown_notebook_is_refused():
    with pytest.raises(UnknownName, match="99"):
        run("cdnow_sample", only="99")


@pytest.mark.parametrize("text", ["calibration_end", "=3", "two words=3"])
def test_a_parameter_is_written_name_equals_value(text):
    with pytest.raises(LabError, match="name=value"):
        notebooks.parse_parameter(text)
