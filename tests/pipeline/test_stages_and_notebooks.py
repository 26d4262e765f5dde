"""Each stage's function makes the tables that its notebook saves, on one shop."""

import json
import re

import pandas as pd
import pytest

from idic_lab import datasets, meridian, tables
from idic_lab.course.runs import notebooks
from idic_lab.course.runs.run import run
from idic_lab.pipeline import stages
from idic_lab.repository import REPOSITORY_FILE, Repository
from idic_lab.tables import Part

MAKING = [stage for stage in stages.STAGES if stage.function]


@pytest.fixture(scope="module")
def shop(tmp_path_factory, kept_run) -> Repository:
    """What the notebooks of all stages that make tables left of Meridian, or of five hundred people."""
    if kept_run:
        return Repository(kept_run / REPOSITORY_FILE)
    held = {name: table for name, table in meridian.simulate(500, seed=5).tables.items() if len(table)}
    last = held["transactions"]["date"].max()
    made = datasets.Dataset("shop", held, datasets.Card("shop", last_date=f"{last:%Y-%m-%d}", currency="EUR"))
    folder = tmp_path_factory.mktemp("shop") / "run"
    only = ",".join(stage.notebook[:2] for stage in MAKING)
    result = run(made, out=folder, only=only, tell=lambda line: None)
    assert not result.failed and not result.skipped, (result.failed, result.skipped)
    return Repository(folder / REPOSITORY_FILE)


@pytest.mark.parametrize("stage", MAKING, ids=lambda stage: stage.name)
def test_a_stage_makes_the_tables_that_its_notebook_saves(stage, shop):
    inputs = [part.table for part in stage.needs + stage.uses if shop.has(part)]
    made = stage.make({name: shop.read(name) for name in inputs})
    assert {part.table for part in stage.makes} <= made.keys()
    for name, table in made.items():
        saved, contract = shop.read(name), tables.get(name)
        if contract.partition:
            saved = saved[saved[contract.partition].isin(table[contract.partition])]
        order = list(contract.key or table.columns)
        pd.testing.assert_frame_equal(
            saved.sort_values(order, ignore_index=True), table.sort_values(order, ignore_index=True), rtol=1e-12
        )


@pytest.mark.parametrize("stage", stages.STAGES, ids=lambda stage: stage.name)
def test_a_notebook_asks_for_no_table_that_its_stage_does_not_declare(stage):
    code = "\n".join(notebooks.sources_of(stage, "code"))
    asked = re.findall(r'lab\.(?:table|get|has|repository\.has|repository\.read)\("([^"]+)"', code)
    declared = {part.table for part in stage.reads + stage.makes}
    assert {Part.of(name).table for name in asked} - declared <= {"transactions", "rejects"}


@pytest.mark.parametrize("stage", stages.STAGES, ids=lambda stage: stage.notebook)
def test_with_the_least_that_opens_a_notebook_no_section_asks_for_more(stage):
    brought, parts = set(), list(stage.needs)
    while parts:
        part = parts.pop()
        if part.table in tables.names("inputs"):
            brought.add(part.table)
        else:
            parts.extend(stages.maker(part).needs)
    at_hand = stages.can_be_made(brought) | set(map(Part.of, brought)) | {Part("rejects")}
    notebook = json.loads(notebooks.path_of(stage).read_text(encoding="utf-8"))
    away = notebooks.left_out(notebook, lambda name: Part.of(name) in at_hand)
    kept = ["".join(cell["source"]) for cell in notebook["cells"] if cell["id"] not in away]
    asked = {name for source in kept for name in re.findall(r'lab\.table\("([\w:]+)"\)', source)}
    assert not {name for name in asked if Part.of(name) not in at_hand}
