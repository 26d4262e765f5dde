"""The questions of the notebooks are whole, and each is asked where it says."""

import re

import pytest

from idic_lab.course.runs import notebooks
from idic_lab.notebook import questions
from idic_lab.pipeline.stages import STAGES

ASKED = re.compile(r"\b(?:ask|decide)\(\s*\"(\d\d-[\w-]+)\"")


@pytest.mark.parametrize("stage", STAGES, ids=lambda stage: stage.notebook)
def test_a_notebook_asks_the_questions_written_for_it(stage):
    number = stage.notebook[:2]
    told = questions.content(number)
    written = set(questions.questions(number)) | {each["id"] for each in told.get("decide", [])}
    asked = {name for source in notebooks.sources_of(stage, "code") for name in ASKED.findall(source)}
    assert asked <= written, "asked, but not written"
