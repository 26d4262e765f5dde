"""Nothing is stated that was not tried, and what is stated holds where it was made for (in short; `make referee` at length)."""

from pathlib import Path

import pytest
import statements
from proving import AT_LEAST, STATEMENTS, found, stating, tried

PAGE = Path(__file__).parents[2] / "docs" / "inference.md"


@pytest.mark.parametrize("one", STATEMENTS, ids=lambda one: f"{one.function.rpartition('.')[2]}: {one.states}")
def test_what_is_stated_holds_on_the_ground_it_was_made_for(one):
    first = next(iter(one.grounds))
    (finding,) = tried(one, repeats=max(one.repeats // 50, 2), grounds=[first])
    far = 3.5 * finding.error + 0.02
    if one.kind == "interval":
        assert abs(finding.rate - one.nominal) <= far
    elif one.kind in AT_LEAST:
        assert finding.rate >= one.nominal - far
    else:
        assert finding.rate <= one.nominal + far


def test_each_statement_is_tried_on_a_ground_that_it_was_not_made_for():
    assert not [one.function for one in STATEMENTS if len(one.grounds) < 2]


def test_every_function_that_states_how_sure_it_is_has_been_tried():
    entered = {one.function for one in STATEMENTS} | set(statements.NOT_TRIED)
    assert not sorted(set(stating()) - entered)
    assert not sorted(name for name in entered if not found(name)), "there is no function of that name"


def test_the_page_shows_every_statement():
    text = PAGE.read_text(encoding="utf-8")
    assert not [one.function for one in STATEMENTS if one.function.removeprefix("idic_lab.") not in text]
