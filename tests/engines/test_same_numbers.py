"""Every engine gives the numbers that pandas gives, and keeps its data to itself."""

import pandas as pd
import pytest

from idic_lab.compare.customers import customers_of
from idic_lab.differentiate import behaviour, clv, cohorts, rfm
from idic_lab.errors import DataError

CUT, END = "1997-09-30", "1998-06-30"
MODEL = clv.from_parameters("bg_nbd", r=0.243, alpha=4.414, a=0.793, b=2.426, unit_days=7)
EXACT = {"check_exact": False, "rtol": 1e-9, "atol": 1e-9}


@pytest.fixture(scope="module")
def moved(engine, purchases):
    return engine(purchases)


@pytest.fixture(scope="module")
def expected(purchases):
    """What pandas says: the summary, both models and what they make of each customer."""
    summary = clv.summarise(purchases, CUT)
    models = clv.fit(summary, "bg_nbd"), clv.fit(summary, "gamma_gamma")
    return summary, *models


@pytest.fixture(scope="module")
def summary(moved):
    return clv.summarise(moved, CUT)


def test_the_summary_is_the_same_in_the_kind_that_came_in(moved, summary, expected, collected):
    assert type(summary) is type(moved)
    pd.testing.assert_frame_equal(collected(summary), expected[0], **EXACT)


def test_calibration_holdout_and_newcomers_are_the_same(engine, moved, purchases, collected):
    here, there = clv.split(moved, CUT, END), clv.split(purchases, CUT, END)
    for part in ("calibration", "holdout", "newcomers"):
        frame = getattr(here, part)
        assert type(frame) is (type(moved) if engine.lazy else pd.DataFrame)
        same = getattr(there, part).sort_values("customer_id", ignore_index=True)
        pd.testing.assert_frame_equal(collected(frame), same, **EXACT)
    assert here.duration == there.duration == 39


def test_the_models_have_the_same_parameters(summary, expected):
    for there in expected[1:]:
        here = clv.fit(summary, there.model)
        assert here.unit_days_ == there.unit_days_
        pd.testing.assert_series_equal(here.params_, there.params_, **EXACT)
        assert here.log_likelihood_ == pytest.approx(there.log_likelihood_, rel=1e-12)
        assert here.n_customers_ == there.n_customers_


def test_each_customer_is_worth_the_same(engine, moved, summary, expected, collected):
    table, purchases, spend = expected
    here = clv.value(purchases, spend, summary)
    assert type(here) is (type(moved) if engine.lazy else pd.DataFrame)
    pd.testing.assert_frame_equal(collected(here), clv.value(purchases, spend, table), **EXACT)


@pytest.mark.parametrize(
    "ask",
    [
        lambda models, table: clv.predict(models[0], table, 39),
        lambda models, table: clv.alive(models[0], table),
        lambda models, table: clv.dert(models[0], table, 0.003),
        lambda models, table: clv.expected_spend(models[1], table),
    ],
    ids=["predict", "alive", "dert", "expected_spend"],
)
def test_every_answer_of_a_model_is_the_same(ask, engine, summary, expected, collected):
    here, there = ask(expected[1:], summary), ask(expected[1:], expected[0])
    if engine.lazy:
        assert type(here) is type(summary)
        here = collected(here)[there.name]
    pd.testing.assert_series_equal(here, there, **EXACT)


def test_recency_frequency_and_monetary_value_are_the_same(moved, purchases, collected):
    here = rfm.summarise(moved, CUT)
    assert type(here) is type(moved)
    pd.testing.assert_frame_equal(collected(here), rfm.summarise(purchases, CUT), **EXACT)


def test_customers_with_returns_alone_are_the_same(moved, purchases, collected):
    pd.testing.assert_frame_equal(collected(rfm.without_purchase(moved)), rfm.without_purchase(purchases), **EXACT)


def test_scores_and_segments_are_the_same(engine, moved, purchases, collected):
    here = rfm.table(moved, CUT)
    assert type(here) is (type(moved) if engine.lazy else pd.DataFrame)
    pd.testing.assert_frame_equal(collected(here), rfm.table(purchases, CUT), **EXACT)


def test_features_that_collect_take_every_engine(moved, purchases):
    by_customer = {"check_like": True, **EXACT}
    pd.testing.assert_frame_equal(behaviour.rhythm(moved), behaviour.rhythm(purchases), **by_customer)
    pd.testing.assert_frame_equal(cohorts.cohort_table(moved), cohorts.cohort_table(purchases), **by_customer)
    here, there = customers_of(moved, calibration_end=CUT), customers_of(purchases, calibration_end=CUT)
    assert here.holdout_spend.sum() == pytest.approx(there.holdout_spend.sum())


UNUSABLE = {"customer_id": [None], "date": [pd.NaT], "amount": [None, float("inf"), float("-inf"), float("nan")]}


@pytest.mark.parametrize(("column", "value"), [(name, value) for name, values in UNUSABLE.items() for value in values])
@pytest.mark.parametrize(
    "count",
    [
        lambda rows: clv.summarise(rows, CUT),
        lambda rows: clv.split(rows, CUT, END),
        lambda rows: rfm.summarise(rows, CUT),
        lambda rows: rfm.without_purchase(rows),
        lambda rows: clv.tracking(MODEL, rows, CUT),
    ],
    ids=["clv.summarise", "split", "rfm.summarise", "without_purchase", "tracking"],
)
def test_a_row_that_cannot_be_counted_is_refused_alike(engine, purchases, column, value, count):
    rows = purchases.head(300).astype({"amount": "float64"})
    rows.loc[[7, 8], column] = value
    with pytest.raises(DataError, match=f"transactions: 2 rows have no usable '{column}'"):
        count(engine(rows))


@pytest.mark.parametrize("column", ["date", "amount"])
def test_a_column_that_was_not_parsed_is_refused_alike(engine, purchases, column):
    rows = purchases.head(30).astype({column: "str"})
    for count in (clv.summarise, rfm.summarise):
        with pytest.raises(DataError, match=f"transactions: column '{column}' should be"):
            count(engine(rows))
