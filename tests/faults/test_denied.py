"""A full disk, a read-only folder, a lock that somebody else holds: one line, status 2, and what was there still is."""

import json
import resource
import shutil
import subprocess
import sys

import filelock
import pandas as pd
import pytest
from thorough import thorough

from idic_lab.errors import RepositoryError
from idic_lab.repository import Repository

STUDY = {"name": "small", "datasets": ["cdnow_sample"], "methods": ["one_segment"], "seeds": 1, "criteria": ["sizes"]}


def one_line(done) -> str:
    """The one line that a command said of what is wrong."""
    assert done.returncode == 2, (done.stdout, done.stderr)
    assert "Traceback" not in done.stderr
    assert done.stderr.startswith("Error: ") and done.stderr.strip().count("\n") == 0
    return done.stderr


def test_a_second_run_in_the_same_folder_is_refused_even_with_fresh(desk):
    desk.out.mkdir()
    with filelock.FileLock(desk.out / ".lock"):
        (desk.out / "manifest.json").write_text("{}")
        said = one_line(desk.call("run", "--data", "orders.csv", "--out", "out", "--fresh"))
    assert "Another run is working in 'out'" in said
    assert (desk.out / "manifest.json").exists()


@thorough
def test_a_second_study_in_the_same_folder_is_refused(desk):
    (desk.folder / "study.yaml").write_text(json.dumps(STUDY))
    (desk.folder / "study").mkdir()
    with filelock.FileLock(desk.folder / "study" / ".lock"):
        said = one_line(desk.call("compare", "study.yaml", "--out", "study"))
    assert "Another study is working in 'study'" in said


@thorough
def test_a_second_grading_of_the_same_course_is_refused(desk):
    (desk.folder / "class" / "submitted" / "ada" / "value").mkdir(parents=True)
    (desk.folder / "class" / "source" / "value").mkdir(parents=True)
    (desk.folder / "class" / "source" / "value" / "value.ipynb").touch()
    (desk.folder / "class" / "nbgrader_config.py").touch()
    with filelock.FileLock(desk.folder / "class" / ".grading.lock"):
        said = one_line(desk.call("exercises", "grade", "value", "--course", "class", "--unsafe"))
    assert "Another grading is at work" in said


@thorough
def test_a_repository_that_another_process_holds_stops_a_run_with_one_line(desk):
    desk.out.mkdir()
    holder = f"import duckdb, sys; c = duckdb.connect({str(desk.out / 'idic.duckdb')!r}); print(1, flush=True); sys.stdin.read()"
    (desk.out / "manifest.json").write_text("{}")
    with subprocess.Popen(
        [sys.executable, "-c", holder], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as other:
        other.stdout.readline()
        (desk.out / "card.json").write_text(json.dumps({"name": "orders"}))
        said = one_line(desk.call())
        other.stdin.close()
    assert "'idic.duckdb' is in use by another process" in said


def test_a_read_only_folder_stops_a_run_with_one_line(desk, obey_rights):
    desk.out.mkdir()
    desk.out.chmod(0o555)
    said = one_line(desk.call(preexec_fn=obey_rights))
    assert "'out' cannot be made or written: Permission denied" in said
    assert list(desk.out.iterdir()) == []


@thorough
def test_a_read_only_folder_stops_a_simulation_with_one_line(desk, obey_rights):
    (desk.folder / "sim").mkdir(mode=0o555)
    done = desk.call("datasets", "simulate", "--n", "100", "--out", "sim", preexec_fn=obey_rights)
    assert "no permission" in one_line(done)


@thorough
def test_without_a_home_folder_to_write_a_run_goes_without_kept_tables(desk, obey_rights):
    home = desk.folder / "home"
    home.mkdir(mode=0o555)
    denied = {"HOME": str(home), "IDIC_LAB_HOME": None, "TMPDIR": str(desk.folder)}
    desk.notebook("21_first", "import sys\nimport matplotlib.pyplot", "print(sys.stderr.write(''))")
    done = desk.call(environment=denied, preexec_fn=obey_rights)
    assert done.returncode == 0, done.stderr
    assert list(home.iterdir()) == []
    cells = json.loads((desk.out / "notebooks" / "21_first.ipynb").read_text())["cells"]
    assert not [out for cell in cells for out in cell["outputs"] if out.get("name") == "stderr"]
    assert not list(desk.folder.glob("idic-lab-kernels-*"))


@thorough
def test_without_any_home_folder_the_data_sets_are_still_listed(desk):
    nowhere = {"HOME": None, "IDIC_LAB_HOME": None}
    assert desk.call("datasets", "list", environment=nowhere).returncode == 0


@pytest.mark.parametrize(
    ("arguments", "most"),
    [
        (("run", "--data", "orders.csv", "--out", "out"), 100_000),
        pytest.param(("datasets", "simulate", "--n", "300", "--out", "sim"), 10_000, marks=thorough),
    ],
    ids=["run", "simulate"],
)
def test_a_disk_without_room_for_a_file_stops_a_command_with_one_line(desk, arguments, most):
    def limited() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (most, most))  # as a disk with no room for more

    said = one_line(desk.call(*arguments, preexec_fn=limited))
    assert "full" in said or "may not grow that large" in said


@thorough
def test_on_a_full_disk_a_run_says_so_and_resumes_when_there_is_room(desk, small_disk):
    disk = small_disk("1500k")
    arguments = ("run", "--data", "orders.csv", "--out", str(disk / "out"))
    (disk / "filler").write_bytes(b"0" * 1_300_000)
    full = desk.call(*arguments)
    assert full.returncode in (1, 2) and "Traceback" not in full.stderr
    assert "full" in full.stderr or "No space left" in full.stderr, full.stderr
    (disk / "filler").unlink()
    subprocess.run(["mount", "-o", "remount,size=50m", str(disk)], check=True)
    again = desk.call(*arguments)
    assert again.returncode == 0, again.stderr
    assert json.loads((disk / "out" / "manifest.json").read_text())["status"] == "complete"


def orders(rows: int) -> pd.DataFrame:
    table = {"customer_id": [f"c{n}" for n in range(rows)], "date": pd.Timestamp("2024-01-31")}
    table |= {"amount": [n * 1.37 for n in range(rows)]}
    return pd.DataFrame(table).astype({"customer_id": "str", "date": "datetime64[us]"})


def test_on_a_full_disk_a_write_is_refused_the_old_table_stands_and_with_room_it_is_done(small_disk):
    repository = Repository(small_disk("3m") / "idic.duckdb")
    repository.write("transactions", orders(100))
    with pytest.raises(RepositoryError, match=r"what was there before still is|disk is full"):
        repository.write("transactions", orders(400_000))
    assert len(repository.read("transactions")) == 100
    subprocess.run(["mount", "-o", "remount,size=50m", str(repository.path.parent)], check=True)
    repository.write("transactions", orders(200))
    assert len(repository.read("transactions")) == 200


@thorough
def test_a_full_folder_for_temporary_files_is_gone_around(desk, small_disk):
    disk = small_disk("64k")
    (disk / "filler").write_bytes(b"0" * (shutil.disk_usage(disk).free))
    done = desk.call("run", "--data", "orders.csv", "--out", "out", "--only", "21", environment={"TMPDIR": str(disk)})
    assert done.returncode == 0, done.stderr
