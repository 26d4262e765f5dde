"""The interact stages in the pipeline: what they make, and when they are skipped."""

import pytest

from idic_lab import pipeline, tables

NOTEBOOKS = ("31_interact_channels", "32_interact_feedback_and_dialogue", "33_interact_learning_relationship")


def stages():
    return [stage for stage in pipeline.STAGES if stage.notebook in NOTEBOOKS]


def test_data_without_interactions_skip_both_notebooks_and_say_why():
    planned = {p.stage.notebook: p.lacks for p in pipeline.plan(["transactions", "source_records", "reviews"])}
    for notebook in NOTEBOOKS[:2]:
        assert "interactions" in planned[notebook]


def test_channels_can_run_without_need_segments():
    found = {p.stage.notebook: p.lacks for p in pipeline.plan(["transactions", "source_records", "interactions"])}
    assert found["31_interact_channels"] == ()
    assert "need_profiles" in found[NOTEBOOKS[2]]


def test_the_stages_make_every_table_of_the_interact_contracts():
    assert {part.table for stage in stages() for part in stage.makes} == set(tables.names("interact"))


def test_the_channel_stage_makes_its_tables_with_and_without_segments(shop):
    run = next(stage for stage in stages() if stage.notebook == NOTEBOOKS[0]).make
    given = {"interactions": shop.tables["interactions"], "identity_links": shop.links, "consents": shop.consents}
    for made in (run(given), run(given | {"segments": shop.segments})):
        for name, data in made.items():
            tables.check(name, data)


@pytest.mark.parametrize("name", ["channel_preferences", "greetings", "conversations", "feedback"])
def test_tables_of_the_stage_hold_no_personal_columns(name):
    assert not {"email", "phone", "first_name", "last_name", "birth_date", "text"} & set(tables.get(name).columns)
