"""Measures reconcile with the tables they come from, and changes are found where they were planted and nowhere else."""

import numpy as np
import pandas as pd
import pytest

from idic_lab import meridian, tables
from idic_lab.errors import DataError
from idic_lab.meridian import simulate
from idic_lab.monitor import kpis
from idic_lab.monitor.kpis import changes
from idic_lab.pipeline import reviews

WEEKLY = ("web_events", "survey_responses", "interactions")


@pytest.fixture(scope="module")
def weekly(sample):
    return kpis.weekly_figures(sample["transactions"], **{name: sample[name] for name in WEEKLY})


@pytest.fixture(scope="module")
def signals(weekly):
    return tables.check("signals", kpis.find_changes(weekly))


@pytest.mark.parametrize("figure", ["basket_share", "delivery_days"])
def test_a_planted_change_is_found_within_four_weeks_of_happening(signals, figure):
    planted = meridian.truth()["weekly_changes"].set_index("figure").loc[figure]
    mine = signals[signals["figure"] == figure]
    first = mine.iloc[0]
    assert planted["starts"] <= first["found_on"] <= planted["starts"] + pd.Timedelta(weeks=4)
    assert abs(first["started"] - planted["starts"]) <= pd.Timedelta(weeks=2)
    assert first["direction"] == "up"


@pytest.mark.parametrize("figure", ["basket_share", "delivery_days"])
def test_looking_back_tells_a_step_from_a_drift(weekly, figure):
    planted = meridian.truth()["weekly_changes"].set_index("figure").loc[figure]
    found = kpis.describe_change(weekly, figure)
    assert found["kind"] == planted["kind"]
    assert abs(found["starts"] - planted["starts"]) <= pd.Timedelta(weeks=2)
    assert found["before"] == pytest.approx(planted["before"], rel=0.1)
    assert found["after"] == pytest.approx(planted["after"], rel=0.1)


def test_where_no_change_was_planted_no_more_is_found_than_the_stated_rate_allows():
    found = 0
    for seed in range(6):
        made = simulate(500, seed=seed, weekly_changes=False).tables
        found += kpis.find_changes(kpis.weekly_figures(made["transactions"], made["web_events"]))[
            "figure"
        ].nunique()
    assert found <= 3  # of 12 series; at a rate of 5% more than that happens two times in a thousand


def test_false_alarms_come_as_often_as_stated():
    rng = np.random.default_rng(8)
    limit = kpis.threshold(104, 0.05)
    weights = rng.integers(30, 90, (600, 104))
    means = rng.normal(10, 1 / np.sqrt(weights))  # figures of different precision each week
    alarms = [
        np.abs(changes.likelihood_ratios(changes.standardised(m, w))[0]).max() > limit
        for m, w in zip(means, weights, strict=True)
    ]
    assert 0.02 < np.mean(alarms) < 0.09


def test_deviations_are_standard_normal_while_nothing_changes():
    rng = np.random.default_rng(3)
    z = np.concatenate([changes.standardised(rng.normal(50, 7, 60), np.full(60, 20))[5:] for _ in range(100)])
    assert z.mean() == pytest.approx(0, abs=0.05) and z.std() == pytest.approx(1, abs=0.05)


def test_return_on_customer_reconciles_with_the_equity_tables_to_the_cent(histories):
    returns = tables.check("return_on_customer", kpis.return_on_customer(histories[0]))
    off = kpis.reconcile(returns, histories[0]).drop(columns="review_date")
    assert off.abs().max().max() < 0.005
    again = (returns["cash_flow"] + returns["equity_change"]) / returns.groupby("review_date")[
        "equity_start"
    ].transform("max")
    np.testing.assert_allclose(returns["return_on_customer"], again)


def test_a_mistake_of_a_cent_in_the_returns_is_noticed(histories):
    returns = kpis.return_on_customer(histories[0])
    returns.loc[2, "equity_end"] += 0.01
    assert kpis.reconcile(returns, histories[0]).drop(columns="review_date").abs().max().max() > 0.005


def test_the_cash_flow_of_all_periods_is_the_margin_of_what_was_bought(sample, histories):
    returns = kpis.return_on_customer(histories[0])
    days = sorted(histories[0]["review_date"].unique())
    between = sample["transactions"]["date"].between(days[0] + pd.Timedelta(days=1), days[-1])
    expected = 0.30 * sample["transactions"].loc[between, "amount"].sum()
    assert returns.loc[returns["group"] == "all", "cash_flow"].sum() == pytest.approx(expected, abs=0.01)


def test_the_split_of_growth_leaves_no_remainder(sample):
    buys = sample["transactions"]
    one = kpis.drivers(buys, pd.Timestamp("2024-07-01"), pd.Timestamp("2024-12-31"))
    two = kpis.drivers(buys, pd.Timestamp("2025-07-01"), pd.Timestamp("2025-12-28"))
    assert kpis.growth_split(one, two).sum() == pytest.approx(two["revenue"] - one["revenue"], abs=1e-6)
    with pytest.raises(DataError):
        kpis.growth_split(one, two | {"revenue": 0.0})


def test_measures_keep_to_their_contract_and_to_the_data(sample, histories):
    values, segments = histories
    days = sorted(segments["review_date"].unique())
    sources = {name: sample[name] for name in WEEKLY}
    table = tables.check("kpis", kpis.kpi_history(days, sample["transactions"], segments, values, **sources))
    everybody = table[table["segment"] == "all"].set_index(["kpi", "review_date"])["value"]
    last, before = days[-1], days[-2]
    part = sample["transactions"].query("@before < date <= @last")
    assert everybody["revenue", last] == pytest.approx(part["amount"].sum())
    assert everybody["active_customers", last] == part["customer_id"].nunique()
    assert everybody["churn", last] == pytest.approx(1 - everybody["retention", last])
    answers = sample["survey_responses"].query("@before < date <= @last")
    csat = answers.loc[answers["question_id"] == "CSAT", "answer"]
    assert everybody["csat", last] == pytest.approx(csat.ge(4).mean())
    by_segment = table[table["scheme"].eq("rfm") & table["review_date"].eq(last) & table["kpi"].eq("revenue")]
    newcomers = set(part["customer_id"]) - set(segments.loc[segments["review_date"] == before, "customer_id"])
    theirs = part.loc[part["customer_id"].isin(newcomers), "amount"].sum()
    assert by_segment["value"].sum() + theirs == pytest.approx(everybody["revenue", last])


def test_limits_come_from_the_past_alone():
    values = pd.Series(np.random.default_rng(1).normal(10, 1, 20))
    whole = kpis.control_limits(values, values, "XmR")
    changed = values.copy()
    changed.iloc[15:] = 99.0
    pd.testing.assert_frame_equal(whole.head(16), kpis.control_limits(changed, changed, "XmR").head(16))


def test_the_last_review_stands_on_the_last_day():
    days = pd.DataFrame({"date": pd.to_datetime(["2024-01-05", "2024-06-10"])})
    assert reviews.review_dates(days)[-1] == pd.Timestamp("2024-06-10")
    with pytest.raises(DataError, match="too short"):
        reviews.review_dates(days.head(1))
