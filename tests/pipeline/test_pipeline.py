"""The list of stages is consistent, and builds what is missing."""

import subprocess
import sys

import pytest

from idic_lab import datasets, tables
from idic_lab.course.runs import notebooks
from idic_lab.errors import DataError
from idic_lab.pipeline import stages
from idic_lab.repository import Repository


@pytest.mark.parametrize("stage", stages.STAGES, ids=lambda stage: stage.name)
def test_a_stage_speaks_only_of_tables_with_a_contract(stage):
    for part in (*stage.reads, *stage.makes):
        assert not part.part or tables.get(part.table).partition, part


@pytest.mark.parametrize("stage", stages.STAGES, ids=lambda stage: stage.name)
def test_a_stage_has_its_notebook_with_the_common_parameters(stage):
    assert {"dataset", "run_dir", "seed"} <= set(notebooks.parameters_of(stage))


def test_stages_stand_in_the_order_of_their_notebooks():
    names = [stage.notebook for stage in stages.STAGES]
    assert names == sorted(names) and len(set(names)) == len(names)


def test_a_stage_needs_only_what_data_sets_bring_or_earlier_stages_make():
    at_hand = set(tables.names("inputs"))
    for stage in stages.STAGES:
        assert {part.table for part in stage.needs} <= at_hand, stage.name
        at_hand |= {part.table for part in stage.makes}


def test_a_missing_table_is_built_with_all_before_it():
    repository = Repository()
    repository.write("transactions", datasets.load("cdnow_sample", quiet=True).transactions)
    stages.build(repository, "customer_value")
    assert {"customer_value", "btyd_summary"} <= set(repository.names())
    assert repository.history()["made_by"].tolist()[-1] == "lifetime_value"


def test_a_table_nobody_can_make_is_explained():
    with pytest.raises(DataError, match="no table 'interactions'"):
        stages.build(Repository(), "interactions")


def test_a_stage_waits_for_who_makes_what_it_reads_and_for_who_remembers_what_it_makes():
    waits = stages.waits_for(stages.STAGES)
    assert "24_differentiate_lifetime_value" in waits["51_implement_action_plan"]
    assert "42_customize_offers" in waits["52_monitor_kpis_and_feedback_loop"], "it reads the last policy"
    assert not waits["61_compare_segmentations"]
    assert all(before < name for name, others in waits.items() for before in others)


def test_the_list_of_stages_is_read_without_loading_pandas():
    code = "import sys, idic_lab.course.runs.notebooks as n; n.select(None); print('pandas' in sys.modules)"
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert said.stdout.strip() == "False"
