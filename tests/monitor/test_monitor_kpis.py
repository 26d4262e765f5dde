"""Measures reconcile with the tables they come from, and changes are found where they were planted and nowhere else."""

from functools import lru_cache

import numpy as np
import pandas as pd
import pytest

from idic_lab import meridian, tables
from idic_lab.errors import DataError
from idic_lab.meridian import simulate
from idic_lab.monitor import kpis
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


def test_where_no_change_was_planted_no_more_is_found_than_the_stated_rate_allows():
    found = 0
    for seed in range(6):
        made = simulate(500, seed=seed, weekly_changes=False).tables
        found += kpis.find_changes(kpis.weekly_figures(made["transactions"], made["web_events"]))["figure"].nunique()
    assert found <= 3  # of 12 series; at a rate of 5% more than that happens two times in a thousand


def differences(returns, value_history):
    """What the returns differ by from the equity tables, and from themselves, in currency."""
    equity = value_history.groupby("review_date")["equity"].sum()
    money = ["equity_start", "cash_flow", "equity_end", "equity_change", "customer_change", "re_estimation"]
    all_ = returns[returns["group"] == "all"].set_index("review_date")
    parts = returns[returns["group"] != "all"].groupby("review_date")[money].sum()
    off = {
        "start": all_["equity_start"] - equity.reindex(all_["previous_date"]).to_numpy(),
        "end": all_["equity_end"] - equity.reindex(all_.index),
        "groups": (parts - all_[money]).abs().max(axis=1),
        "parts": all_["customer_change"] + all_["re_estimation"] - all_["equity_change"],
        "chain": (all_["equity_start"] - all_["equity_end"].shift()).fillna(0.0),
    }
    return pd.DataFrame(off).abs().max().max()


def test_return_on_customer_reconciles_with_the_equity_tables_to_the_cent(histories):
    returns = tables.check("return_on_customer", kpis.return_on_customer(histories[0]))
    assert differences(returns, histories[0]) < 0.005
    restated = returns["equity_end"] - returns["customer_change"]
    again = (returns["cash_flow"] + returns["customer_change"]) / restated.groupby(returns["review_date"]).transform(
        "max"
    )
    np.testing.assert_allclose(returns["return_on_customer"], again)


def test_a_mistake_of_a_cent_in_the_returns_is_noticed(histories):
    returns = kpis.return_on_customer(histories[0])
    returns.loc[2, "equity_end"] += 0.01
    assert differences(returns, histories[0]) > 0.005


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
    last = days[-1]
    before = days[-2]  # noqa: F841, read by the queries
    part = sample["transactions"].query("@before < date <= @last")
    assert everybody["revenue", last] == pytest.approx(part["amount"].sum())
    assert everybody["active_customers", last] == part["customer_id"].nunique()
    assert everybody["churn", last] == pytest.approx(1 - everybody["retention", last])
    answers = sample["survey_responses"].query("@before < date <= @last")
    csat = answers.loc[answers["question_id"] == "CSAT", "answer"]
    assert everybody["csat", last] == pytest.approx(csat.ge(4).mean())


@pytest.fixture(scope="module")
def measured(sample, histories):
    values, segments = histories
    days = sorted(segments["review_date"].unique())
    sources = {name: sample[name] for name in (*WEEKLY, "identity_links") if name in sample}

    def taken(transactions=sample["transactions"], values=values, segments=segments, day=days[-1]):
        before = days[days.index(day) - 1]
        held = segments[segments["scheme"] == "rfm"]
        return kpis.measure(day, before, transactions, held, value_history=values, **sources)

    return taken, days


BY_SEGMENT = [name for name, entry in kpis.KPIS.items() if entry.held]


@pytest.mark.parametrize("name", BY_SEGMENT)
def test_segments_add_up_to_the_whole(measured, name):
    table = measured[0]().query("kpi == @name")
    if table.empty or set(table["scheme"]) == {"all"}:
        pytest.skip("these tables do not allow it")
    whole, parts = (table[table["scheme"] == scheme] for scheme in ("all", "rfm"))
    added = kpis.KPIS[name].unit in ("customers", "currency") and name != "order_value"
    if name == "share_of_wallet":
        pytest.skip(
            "a ratio of sums that the table does not hold, and segments with fewer than ten answers are left out"
        )
    total = parts["value"].sum() if added else np.average(parts["value"], weights=parts["observations"])
    assert total == pytest.approx(whole["value"].item()), "segments do not give the whole: held=None, as for medians?"
    assert parts["observations"].sum() == whole["observations"].item()


def test_a_measure_that_looks_far_back_is_not_nought_by_segment(measured):
    @kpis.kpi("customers who bought more than 300 days ago", "customers")
    def long_known(period):
        old = period.transactions["date"] < period.day - pd.Timedelta(days=300)
        return kpis.Measured(period.transactions.loc[old, "customer_id"].nunique(), 1)

    try:
        table = measured[0]().query("kpi == 'long_known'").set_index("segment")["value"]
    finally:
        del kpis.KPIS["long_known"]
    assert table.drop("all").sum() == table["all"] > 0


@pytest.fixture(scope="module")
def dealt_anew(sample, measured):
    """The purchases after a day dealt anew among the customers, and the segments that follow from them."""

    @lru_cache
    def after(day):
        shuffled, window = sample["transactions"].copy(), sample["transactions"]["date"] > day
        shuffled.loc[window, "customer_id"] = np.random.default_rng(2).permutation(shuffled.loc[window, "customer_id"])
        return shuffled, pd.concat([reviews.segments_at(shuffled, when) for when in measured[1]])

    return after


@pytest.mark.parametrize("name", BY_SEGMENT)
def test_nothing_moves_by_segment_when_the_future_decides_who_is_in_it(measured, sample, dealt_anew, name):
    """What happens once the outcome has begun is dealt anew: segments from before it and from after it say the same."""
    taken, days = measured
    begun = kpis.KPIS[name].held(kpis.Period(days[-2], days[-1], sample["transactions"]))
    shuffled, segments = dealt_anew(begun)
    before, after = (
        found[found["kpi"].eq(name) & found["scheme"].eq("rfm")].reset_index(drop=True)
        for found in (taken(shuffled), taken(shuffled, segments=segments))
    )
    pd.testing.assert_frame_equal(before, after)


def test_segments_of_the_last_day_would_move_with_the_future(measured, dealt_anew):
    taken, days = measured
    shuffled, segments = dealt_anew(days[-2])
    late = reviews.segments_at(shuffled, days[-1]).assign(review_date=days[-2])
    found = [taken(shuffled, segments=held).query("kpi == 'revenue'")["value"].tolist() for held in (segments, late)]
    assert found[0] != found[1]


def test_champions_are_not_kept_by_definition(measured):
    kept = measured[0]().query("kpi == 'retention' and segment == 'champions'")["value"].item()
    assert 0.5 < kept < 0.95


def test_a_period_that_is_not_whole_is_marked_and_not_judged(measured):
    history = pd.concat([measured[0](day=day) for day in measured[1][1:]])
    cut = history["review_date"].eq(measured[1][-1])
    whole, history = history, history.copy()
    history.loc[cut, "review_date"] = measured[1][-2] + pd.Timedelta(days=1)
    table = tables.check("kpis", kpis.kpis(history))
    last = table[table["review_date"] == table["review_date"].max()]
    assert not last["whole"].any() and not last["signal"].any() and last["upper_limit"].isna().all()
    assert "on the year before" in kpis.plot_kpi(kpis.kpis(whole), "revenue").get_title().replace("\n", " ")
    title = kpis.plot_kpi(table, "revenue").get_title()
    assert f"{measured[1][-2]:%Y-%m-%d}" in title


def test_the_change_of_equity_is_what_customers_did_and_what_models_think_otherwise(histories):
    returns = kpis.return_on_customer(histories[0])
    np.testing.assert_allclose(
        returns["customer_change"] + returns["re_estimation"], returns["equity_change"], atol=1e-6
    )
    new = returns["group"] == "newly acquired"
    assert (returns.loc[new, "re_estimation"].abs() < 1e-9).all()
    assert returns.loc[new & returns["customers"].gt(0), "acquisition_cost"].isna().all()
    paid = kpis.return_on_customer(histories[0], acquisition_cost=10.0)
    assert paid.loc[new, "acquisition_cost"].equals(10.0 * returns.loc[new, "customers"])
    assert (paid["return_on_customer"] <= returns["return_on_customer"]).all()


def test_the_last_review_stands_on_the_last_day():
    days = pd.DataFrame({"date": pd.to_datetime(["2024-01-05", "2024-06-10"])})
    assert reviews.review_dates(days)[-1] == pd.Timestamp("2024-06-10")
    with pytest.raises(DataError, match="too short"):
        reviews.review_dates(days.head(1))


def test_a_review_stands_beside_the_same_days_of_the_year_before_and_not_beside_a_longer_month(sample):
    bought, (previous, day) = sample["transactions"], pd.to_datetime(["2025-11-30", "2025-12-28"])
    measured = kpis.measure(day, previous, bought).set_index("kpi")
    year = pd.DateOffset(years=1)
    same_days = bought[bought["date"].gt(previous - year) & bought["date"].le(day - year)]
    assert measured.loc["revenue", "year_before"] == pytest.approx(same_days["amount"].sum())
    buyers = same_days.loc[same_days["amount"] > 0, "customer_id"].nunique()
    assert measured.loc["active_customers", "year_before"] == buyers
    early = kpis.measure(*pd.to_datetime(["2024-02-29", "2024-01-31"]), bought)
    assert early["year_before"].isna().all()  # nothing is known of so early a time
