"""The benchmarks run, and what they compare is equal; how fast it is, no test says."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from benchmarks import lifetime_value, pages, running, scale, simulated, value_models
from benchmarks.case import Case, NotInstalled
from benchmarks.catalogue import CASES

COMPARED = [lifetime_value.summary_case("UUID"), lifetime_value.FIT, lifetime_value.VALUE, scale.BOOTSTRAP]


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    monkeypatch.setattr("benchmarks.data.HOME", tmp_path)
    monkeypatch.setattr("benchmarks.running.HOME", tmp_path)
    monkeypatch.delenv("IDIC_LAB_PYMC_PYTHON", raising=False)


@pytest.mark.filterwarnings("ignore")  # of lifetimes
@pytest.mark.parametrize("case", COMPARED, ids=lambda case: case.name)
def test_alternatives_give_the_same_answer(case):
    given = case.data(case.quick)
    ours, *others = case.alternatives.values()
    answer, compared = ours(given), 0
    for other in others:
        try:
            differences = case.differences(answer, other(given))
        except NotInstalled:
            continue
        assert all(differences[what] <= allowed for what, allowed in case.allowed.items()), differences
        compared += 1
    assert compared


@pytest.mark.parametrize("case", value_models.CASES, ids=lambda case: case.name)
def test_what_costs_are_measured_of_runs(case):
    given = case.data(case.quick)
    assert all(len(alternative(given)) for alternative in case.alternatives.values())


@pytest.mark.parametrize("ids", simulated.IDS)
def test_simulated_customers_have_ids_of_their_own_and_buy_five_times(tmp_path, ids):
    rows = pd.read_parquet(simulated.write(tmp_path / "rows", 2000, ids=ids, block=700))
    assert rows["customer_id"].nunique() == 2000
    assert 4 < len(rows) / 2000 < 7


def test_a_stopped_benchmark_goes_on_and_measures_nothing_twice(tmp_path):
    results, told = tmp_path / "results.json", []
    running.run([scale.BOOTSTRAP], results, quick=True, tell=told.append)
    assert len(told) == 2
    found = json.loads(results.read_text())
    del found["cases"]["bootstrap 500"]["measured"]["scikit-learn by hand"]
    results.write_text(json.dumps(found))
    running.run([scale.BOOTSTRAP], results, quick=True, tell=told.append)
    assert len(told) == 3 and "scikit-learn" in told[-1]


def measured(case: Case, seconds: dict[str, float]) -> dict:
    run = {"status": "ok", "cpu_seconds": 1.0, "peak_memory": 2**30, "memory_before": 2**29, "facts": {}}
    runs = {name: [run | {"seconds": value}] * 3 for name, value in seconds.items()}
    runs["pymc-marketing, MAP"] = [{"status": "failed", "reason": "no memory"}]
    return {"case": case.name, "size": case.sizes[-1], "measured": runs, "differences": {}}


def test_the_page_says_by_how_much_a_promise_is_missed_and_which_alternative_failed():
    entry = measured(lifetime_value.FIT, {"IDIC Lab": 1.0, "lifetimes": 6.0})
    found = {"machine": running.machine(), "cases": {"fit": entry}}
    parts = pages.parts(found)
    assert "**6.0 times** (6.0 to 6.0), short by 50%" in parts["promises"]
    assert "failed: no memory" in parts["compared"]
    assert "not measured yet" in parts["promises"]


def test_every_part_has_its_place_on_the_page():
    text = pages.PAGE.read_text(encoding="utf-8")
    for name in pages.parts({"machine": running.machine(), "cases": {}}):
        assert f"<!-- {name}: begin -->" in text and f"<!-- {name}: end -->" in text


def test_what_is_kept_of_the_machine_names_neither_path_nor_host():
    told = json.dumps(running.machine())
    assert str(Path.home()) not in told and "/" not in told.replace("GNU/Linux", "")


def test_the_exponent_of_a_straight_line_is_its_slope():
    sizes = [10, 100, 1000, 10_000]
    assert np.isclose(pages.exponent(sizes, [size**1.5 for size in sizes]), 1.5)


def test_cases_that_must_hold_run_first():
    assert list(CASES)[:4] == ["summary", "fit", "value", "whole run"]
