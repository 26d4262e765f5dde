"""How ready a firm is: the gap that was planted is found, by people and not by answers, and money is counted right."""

import numpy as np
import pandas as pd
import pytest

from idic_lab import meridian
from idic_lab.errors import DataError
from idic_lab.meridian import opinions
from idic_lab.meridian.settings import settings
from idic_lab.pipeline import readiness

MONEY = [name for name in readiness.costs.__annotations__ if name != "return"]


@pytest.fixture(scope="module")
def sample():
    return meridian.load_tables()


def held(by: str = "respondent_id", panels: int = 40, **switches) -> float:
    """In what share of panels all four intervals held the planted gap."""
    chosen = settings(**switches)
    planted = opinions.readiness_truth(chosen).pivot_table("answer", "step", "role")
    planted = planted["manager"] - planted["customer"]
    kept = []
    for seed in range(panels):
        answers = opinions.readiness_answers(np.random.default_rng(seed), chosen)
        table = readiness.gaps(answers if by else answers.assign(respondent_id=range(len(answers)))).set_index("step")
        table = table.sort_index()
        kept.append(planted.between(table["low"], table["high"]).all())
    return float(np.mean(kept))


@pytest.mark.parametrize("switches", [{}, {"readiness_gap": False}], ids=["a gap", "no gap"])
def test_the_intervals_of_all_four_gaps_hold_the_planted_ones_at_once(switches):
    assert held(**switches) >= 0.88


def test_the_sample_shows_the_gaps_that_were_planted_and_none_where_none_was(sample):
    found = readiness.gaps(sample["readiness_answers"]).set_index("step")
    assert found.index[found["low"] > 0].tolist() == ["identify", "differentiate", "interact"]
    assert (found[["customer", "staff", "manager"]].drop("customize").diff(axis=1).iloc[:, 1:] > 0).all(axis=None)


def test_a_gap_needs_two_people_on_either_side():
    answers = pd.DataFrame({"respondent_id": list("abc"), "role": ["manager", "customer", "customer"], "answer": 3})
    with pytest.raises(DataError, match="'interact' needs two managers and two customers"):
        readiness.gaps(answers.assign(step="interact"))


def test_every_question_asked_of_the_panel_has_its_two_wordings(sample):
    asked = sample["readiness_answers"][["step", "question_id"]].drop_duplicates()
    worded = readiness.questions()
    assert set(map(tuple, asked.to_numpy())) == set(map(tuple, worded[["step", "question_id"]].to_numpy()))
    assert worded["firm"].is_unique and worded["customer"].is_unique


def test_what_was_spent_on_strangers_is_all_contacts_once_nobody_carries_a_number(sample):
    tables = {name: sample[name] for name in MONEY}
    contacts = tables["interactions"]
    lately = contacts.loc[contacts["date"] > contacts["date"].max() - readiness.YEAR, "cost"].sum()
    nobody = tables["source_records"].assign(
        customer_id=pd.Series(pd.NA, index=tables["source_records"].index, dtype="str")
    )
    first = readiness.costs(**tables | {"source_records": nobody}).iloc[0]
    assert first["share"] == 1 and first["amount"] == pytest.approx(lately, rel=0.02)


def test_a_firm_that_takes_nothing_back_spends_nothing_on_returns(sample):
    tables = {name: sample[name] for name in MONEY}
    kept = tables["order_lines"].query("quantity > 0")
    assert readiness.costs(**tables | {"order_lines": kept}).set_index("step").loc["customize", "amount"] == 0
