"""The audit adds up, on any transactions, and knows who has not been watched for long enough."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from idic_lab import datasets
from idic_lab.differentiate import audit
from idic_lab.errors import DataError

orders = st.lists(
    st.tuples(st.sampled_from("abcdefgh"), st.integers(0, 900), st.integers(-50, 500)), min_size=2, max_size=60
)


@given(orders)
def test_the_steps_between_two_periods_add_up_to_the_change_of_revenue(rows):
    table = pd.DataFrame(rows, columns=["customer_id", "day", "amount"]).astype({"amount": float})
    table["date"] = pd.Timestamp("2022-01-01") + pd.to_timedelta(table["day"], unit="D")
    if (table["date"].max() - table["date"].min()).days < 30:
        with pytest.raises(DataError, match="two periods"):
            audit.two_periods(table.assign(date=table["date"].min()))
        return
    when = audit.periods(table)
    whole = [table.loc[(table["date"] >= a) & (table["date"] < b), "amount"].sum() for a, b in (when[:2], when[1:3])]
    change = audit.two_periods(table)
    assert change[["before", "after"]].sum().tolist() == pytest.approx(whole)
    assert change["change"].sum() == pytest.approx(whole[1] - whole[0])
    assert audit.cohort_stack(table).to_numpy().sum() == pytest.approx(table["amount"].sum())
    assert (when.last - when.middle) == (when.middle - when.first)


def test_on_cdnow_the_curve_of_second_purchases_is_the_share_where_all_were_watched():
    transactions = datasets.load("cdnow_sample", quiet=True).transactions
    curve = audit.second_purchase(transactions)
    days = transactions.drop_duplicates(["customer_id", "date"]).sort_values("date").groupby("customer_id")["date"]
    waited = (days.nth(1).to_numpy() - days.first().reindex(days.nth(1).index.map(transactions["customer_id"]))).dt.days
    share = (waited <= audit.HALF_YEAR).sum() / transactions["customer_id"].nunique()
    assert curve.loc[curve["days"] <= audit.HALF_YEAR, "back"].iloc[-1] == pytest.approx(share)


def test_the_first_cohort_may_hold_old_customers_and_the_finding_says_so():
    """In a shop of one rate whose data begin in its middle, the first cohort seems better than it is."""
    random = np.random.default_rng(2)
    rows = [
        (c, day)
        for c, start in enumerate(random.integers(-900, 700, 900))
        for day in start + random.exponential(120, 12).cumsum()
    ]
    bought = pd.DataFrame(rows, columns=["customer_id", "day"]).query("0 <= day < 730").assign(amount=1.0)
    bought["date"] = pd.Timestamp("2023-01-01") + pd.to_timedelta(bought["day"].astype(int), unit="D")
    said = audit.findings(audit.base(bought.astype({"customer_id": str}))).set_index("lens").loc[4, "sentence"]
    assert "Whoever was a customer before the data begin counts as new in 2023Q1." in said


def test_a_cohort_that_was_not_watched_for_half_a_year_is_not_judged():
    made = audit.cohorts(datasets.load("meridian", quiet=True).transactions)
    assert made["back"].notna().tolist() == [True] * 5 + [False] * 3
    assert (made["low"].dropna() < made["back"].dropna()).all()


def test_a_newcomer_who_never_comes_back_keeps_the_curve_below_one():
    bought = pd.DataFrame({"customer_id": ["a", "a", "b"], "amount": 1.0})
    bought["date"] = pd.to_datetime(["2024-01-01", "2024-01-05", "2024-01-01"])
    later = pd.concat([bought, pd.DataFrame({"customer_id": ["c"], "amount": 1.0, "date": pd.Timestamp("2024-06-01")})])
    assert audit.second_purchase(later)["back"].max() == 0.5


@pytest.mark.parametrize("days", [29, 45, 61, 95, 150, 181, 260, 400])
def test_data_of_any_length_are_audited_and_the_titles_name_the_time_they_speak_of(days):
    random = np.random.default_rng(days)
    bought = pd.DataFrame({"customer_id": random.integers(0, 60, 200).astype(str), "amount": random.gamma(2, 20, 200)})
    bought["date"] = pd.Timestamp("2025-03-03") + pd.to_timedelta(random.integers(0, days, 200), unit="D")
    bought.loc[:1, "date"] = [pd.Timestamp("2025-03-03"), pd.Timestamp("2025-03-03") + pd.Timedelta(days=days - 1)]
    allowed = audit.watched(bought)
    within = audit.in_words(allowed)
    made = audit.cohorts(bought)
    assert made["back"].notna().any()
    assert within in audit.plot_second_purchase(audit.second_purchase(bought), allowed).get_title()
    assert within in audit.plot_cohorts(made).get_ylabel()
    assert "nan" not in audit.plot_cohort_stack(audit.cohort_stack(bought)).get_title()
    assert audit.plot_cohorts(made.assign(back=np.nan)).get_title().startswith("No cohort")


@pytest.fixture(scope="module")
def sixty_days():
    """Two hundred orders of ninety customers in sixty days, the barest list there is."""
    rng = np.random.default_rng(0)
    days = pd.to_timedelta(rng.integers(0, 60, 200), unit="D")
    return pd.DataFrame(
        {
            "customer_id": rng.integers(0, 90, 200).astype(str),
            "date": pd.Timestamp("2024-03-01") + days,
            "amount": rng.gamma(2, 20, 200).round(2),
        }
    )


def test_an_engine_makes_the_same_base_and_the_same_findings(sixty_days):
    duckdb = pytest.importorskip("duckdb")
    back = sixty_days.head(20).assign(amount=-5.0)  # returns are rows, but no purchases
    rows = pd.concat([sixty_days, back], ignore_index=True)
    lazy = duckdb.from_df(rows)
    here, there = audit.findings(rows), audit.findings(lazy)
    pd.testing.assert_frame_equal(here, there)


def test_each_finding_is_inside_its_interval_and_says_so(sixty_days):
    for rows in (sixty_days, datasets.load("cdnow_sample", quiet=True).transactions):
        told = audit.findings(rows)
        assert ((told["low"] <= told["estimate"]) & (told["estimate"] <= told["high"])).all()
        assert told["estimate"].iloc[1] == pytest.approx(audit.two_periods(rows)["change"].sum())
        assert all(str(audit.periods(rows).days) in sentence for sentence in told["sentence"].iloc[[0, 1, 4]])


def test_the_interval_of_the_best_tenth_holds_the_share_of_all():
    rng = np.random.default_rng(1)
    spends = rng.gamma(0.8, 50.0, (200, 400)) + 1
    share = np.sort(rng.gamma(0.8, 50.0, 400_000) + 1)[::-1]
    share = share[:40_000].sum() / share.sum()
    dates = pd.to_datetime(["2024-01-01"] + ["2024-02-29"] * 400)
    held = 0
    for spend in spends:
        rows = pd.DataFrame({"customer_id": np.arange(401).astype(str), "date": dates, "amount": [1.0, *spend]})
        low, high = audit.findings(rows).loc[0, ["low", "high"]]
        held += low <= share <= high
    assert held >= 180


def test_what_cannot_be_told_is_said_and_not_guessed():
    few = pd.DataFrame(
        {"customer_id": list("abc"), "date": pd.to_datetime(["2024-01-01", "2024-02-15", "2024-03-01"]), "amount": 9.0}
    )
    told = audit.findings(few)
    assert "too few" in told["sentence"].iloc[0] and np.isnan(told["estimate"].iloc[0])
    assert audit.page(few).count("<section>") == 5


def test_the_page_marks_periods_cut_short_and_escapes_what_it_is_called(sixty_days):
    made = audit.page(sixty_days, "A & B <i>")
    assert audit.partial_periods(sixty_days) == ["2024-02-26", "2024-04-29"]
    assert "Cut short by the data" in made and "2024-04-29" in made
    assert "A &amp; B &lt;i&gt;" in made and "<i>" not in made
