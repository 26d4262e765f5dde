"""Files of an earlier call that were cut off, overwritten, moved or dated oddly: the next call says so, and makes them anew."""

import json
from datetime import UTC, datetime, timedelta

import pandas as pd
import pytest
from kills import small_course
from thorough import thorough

from idic_lab.compare.results import Store
from idic_lab.course.runs import notebooks, run_folder
from idic_lab.course.runs.run import run
from idic_lab.pipeline import stages as pipeline
from idic_lab.repository import Repository
from idic_lab.repository import store as repository


@pytest.fixture
def course(tmp_path, monkeypatch):
    """A run of two small notebooks that ended well."""
    (tmp_path / "course").mkdir()
    for name in ("21_first", "22_second"):
        small_course.write(tmp_path / "course" / f"{name}.ipynb", f"print({name!r})")
    monkeypatch.setattr(notebooks, "folder", lambda: tmp_path / "course")
    monkeypatch.setattr(pipeline, "STAGES", small_course.stages(tmp_path / "course"))
    data = tmp_path / "orders.csv"
    data.write_text("customer_id,date,amount\na,2024-01-31,9.5\nb,2024-02-01,2\n")

    def call(out="out"):
        lines = []
        return run(data, out=tmp_path / out, tell=lines.append), "\n".join(lines)

    assert call()[0].done == ["21_first", "22_second"]
    return tmp_path, call


def cut(path):
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def garble(path):
    path.write_bytes(b"\x00\xff garbage" * 400)


def test_what_was_damaged_by_hand_is_named_and_made_anew(course):
    folder, call = course
    damages = [("manifest.json", cut), ("card.json", garble), ("idic.duckdb", garble)]
    for name, damage in damages:
        damage(folder / "out" / name)
        again, said = call()
        assert f"{name} is damaged" in said
        assert again.kept == [] and run_folder.read(folder / "out").status == "complete"
    for damage in (cut, lambda path: path.unlink()):
        damage(folder / "out" / "notebooks" / "21_first.ipynb")
        again, said = call()
        assert "notebooks/21_first.ipynb is missing or damaged" in said
        assert (again.done, again.kept) == (["21_first"], ["22_second"])


@pytest.mark.parametrize("text", ["", "[]", "null", '{"notebooks": []}', '{"notebooks": {"a": 1}}', '{"status": "x"}'])
def test_a_manifest_that_is_none_is_taken_for_damaged(tmp_path, text):
    (tmp_path / "manifest.json").write_text(text)
    assert run_folder.read(tmp_path) == run_folder.Manifest("damaged")


@pytest.mark.parametrize("text", ["", "{", "null", "[1]", '{"criteria": {"a": {}}}', '{"criteria": 3}'])
def test_a_cell_of_a_study_that_is_damaged_is_computed_anew_and_named(tmp_path, text):
    store = Store(tmp_path)
    store.write("key", {"criteria": {}})
    assert store.read("key") == {"criteria": {}} and store.read("none") is None
    (tmp_path / "cells" / "key.json").write_text(text)
    assert store.read("key") is None and store.damaged == ["key"]


@thorough
def test_a_run_folder_that_was_moved_is_resumed_where_it_lies(course):
    folder, call = course
    (folder / "out").rename(folder / "elsewhere")
    again, _ = call("elsewhere")
    assert again.done == [] and again.kept == ["21_first", "22_second"]
    assert json.loads((folder / "elsewhere" / "manifest.json").read_text())["status"] == "complete"


def test_the_history_keeps_its_order_when_the_clock_is_put_back(tmp_path, monkeypatch):
    held = Repository(tmp_path / "idic.duckdb")
    table = pd.DataFrame({"customer_id": ["a"], "scheme": ["rfm"], "segment": ["x"]})
    held.write("segments", table, made_by="first")

    class Yesterday(datetime):
        @classmethod
        def now(cls, tz=UTC):
            return datetime.now(tz) - timedelta(days=1)

    monkeypatch.setattr(repository, "datetime", Yesterday)
    held.write("segments", table, made_by="second")
    assert held.history()["made_by"].tolist() == ["first", "second"]
    assert held.history()["written_at"].is_monotonic_decreasing
