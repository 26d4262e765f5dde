"""What the notebooks show carries pseudonyms only."""

import json
import re

import nbformat
import pytest

from idic_lab import datasets
from idic_lab.course.runs import notebooks

NAMES = sorted(path.name for path in notebooks.folder().glob("[0-9]*.ipynb"))


@pytest.fixture(scope="module")
def personal() -> set[str]:
    """Every e-mail address, telephone number and full name of the sample, as written."""
    records = datasets.load("meridian", quiet=True).tables["source_records"]
    full = records["first_name"] + " " + records["last_name"]
    return {*records["email"].dropna(), *records["phone"].dropna(), *full.dropna()}


@pytest.mark.parametrize("name", NAMES)
def test_no_stored_output_shows_a_name_an_address_or_a_telephone_number(name, personal):
    notebook = nbformat.read(notebooks.folder() / name, as_version=4)
    outputs = [cell.outputs for cell in notebook.cells if cell.cell_type == "code"]
    shown = json.dumps(outputs, ensure_ascii=False)
    assert len(shown) > 1_000
    found = [value for value in personal if value in shown]
    assert not found, f"{len(found)} personal values"
    assert not re.search(r"[\w.]+@\w+\.example|\+999 \d", shown)
