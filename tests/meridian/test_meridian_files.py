"""The committed files are what the program makes, and nothing but checks opens the planted answers."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

import idic_lab
from idic_lab.meridian.__main__ import differences, main, write_sample
from idic_lab.meridian.files import default_folder

PROJECT = Path(idic_lab.__file__).parents[1]
# Reading the answers: the reader, the attribute of a simulated shop, or the folder.
READS_TRUTH = re.compile(
    r"meridian\.truth\b|meridian(\.\w+)* import [^\n]*\btruth\b|\.truth\b\s*[\[\(.]|meridian[/\\]truth|[\"']truth[\"'/]"
)

# The workbench's criterion of recovery compares found segments with planted ones: it is itself a check.
# The criterion that asks how much of the planted segments is recovered, and the grader of the exercises.
CHECKS = {Path("idic_lab/compare/study.py"), Path("idic_lab/exercises/answer_key.py")}


def test_the_committed_files_are_byte_for_byte_what_the_program_makes():
    assert differences(default_folder()) == []


def test_the_check_names_a_file_that_was_changed(tmp_path, capsys):
    write_sample(tmp_path)
    assert main(["--check", "--folder", str(tmp_path)]) == 0
    (tmp_path / "products.csv").write_text("product_id\n", encoding="utf-8")
    assert main(["--check", "--folder", str(tmp_path)]) == 1
    assert "products.csv" in capsys.readouterr().out


def test_the_files_stay_small():
    sizes = [path.stat().st_size for path in default_folder().rglob("*") if path.is_file()]
    assert sum(sizes) < 9_000_000


def code_cells_that_read_truth(notebook: dict) -> list[str]:
    """Sources of the code cells not tagged "check" that read the planted answers."""
    return [
        source
        for cell in notebook["cells"]
        if cell["cell_type"] == "code" and "check" not in cell["metadata"].get("tags", [])
        if READS_TRUTH.search(source := "".join(cell["source"]))
    ]


def test_no_module_but_a_check_reads_the_planted_answers():
    package = PROJECT / "idic_lab"
    own = package / "meridian"
    readers = {
        path.relative_to(PROJECT)
        for path in package.rglob("*.py")
        if own not in path.parents and READS_TRUTH.search(path.read_text(encoding="utf-8"))
    }
    assert readers - CHECKS == set()


def test_no_notebook_reads_the_planted_answers_outside_its_check_cells():
    readers = {
        path.name: cells
        for path in (PROJECT / "notebooks").glob("*.ipynb")
        if (cells := code_cells_that_read_truth(json.loads(path.read_text(encoding="utf-8"))))
    }
    assert readers == {}


@pytest.mark.parametrize(
    "source",
    [
        "answers = meridian.truth()",
        "from idic_lab.meridian import simulate, truth",
        "people = shop.truth['people']",
        "pd.read_csv('datasets/meridian/truth/people.csv')",
        "folder / 'truth' / 'people.csv'",
    ],
)
def test_the_scan_sees_every_way_to_the_planted_answers(source):
    cell = {"cell_type": "code", "metadata": {}, "source": [source]}
    assert code_cells_that_read_truth({"cells": [cell]}) == [source]
    cell["metadata"]["tags"] = ["check"]
    assert code_cells_that_read_truth({"cells": [cell]}) == []


def test_the_scan_lets_an_argument_called_truth_pass():
    assert not READS_TRUTH.search("def pairwise_scores(links, truth):\n    return truth.merge(links)")


def test_the_page_names_every_table(shop):
    page = (default_folder().parents[1] / "docs" / "meridian.md").read_text(encoding="utf-8")
    assert not [name for name in (*shop.tables, *shop.truth) if f"`{name}`" not in page]
