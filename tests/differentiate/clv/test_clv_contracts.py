"""Customers under contract: published survival, the arithmetic of what is to come, and files of contracts."""

import numpy as np
import pandas as pd
import pytest

from idic_lab import meridian
from idic_lab.differentiate import clv
from idic_lab.errors import DataError, FitError

# Fader & Hardie (2007): per cent left after 0 to 12 years; models see the first seven renewals of 1,000 customers.
REGULAR = [100, 63.1, 46.8, 38.2, 32.6, 28.9, 26.2, 24.1, 22.3, 20.7, 19.4, 18.3, 17.3]
HIGH_END = [100, 86.9, 74.3, 65.3, 59.3, 55.1, 51.7, 49.1, 46.8, 44.5, 42.7, 40.9, 39.4]


def fitted(survivors, model):
    cohort = clv.cohort_summary([10 * share for share in survivors[:8]])
    return clv.fit(cohort, model, weights="customers")


@pytest.mark.parametrize(
    ("survivors", "model", "published", "error"),
    [
        (REGULAR, "sbg", (0.704, 1.182), -0.017),
        (HIGH_END, "sbg", (0.668, 3.806), -0.041),
        (REGULAR, "bdw", (0.456, 0.779, 1.283), 0.025),
        (HIGH_END, "bdw", (0.214, 1.427, 1.724), 0.025),
    ],
)
def test_parameters_and_survival_at_year_12_are_the_published_ones(survivors, model, published, error):
    found = fitted(survivors, model)
    assert found.params_.tolist() == pytest.approx(published, abs=6e-4)
    year_12 = clv.survival(found, 12)["survival"].iloc[-1]
    assert year_12 / (survivors[12] / 100) - 1 == pytest.approx(error, abs=6e-4)
    assert found.n_customers_ == pytest.approx(1000)


@pytest.mark.parametrize(("survivors", "error"), [(REGULAR, -0.73), (HIGH_END, -0.31)])
def test_one_retention_rate_for_all_errs_far_more(survivors, error):
    rate = sum(survivors[1:8]) / sum(survivors[:7])
    assert rate**12 / (survivors[12] / 100) - 1 == pytest.approx(error, abs=0.005)


def test_retention_rises_with_tenure_though_nobody_changes():
    retention = clv.survival(fitted(REGULAR, "sbg"), 12)["retention"].iloc[1:]
    assert retention.is_monotonic_increasing
    assert retention.iloc[0] == pytest.approx(1.182 / (0.704 + 1.182), abs=1e-3)


def test_discounted_lifetime_is_the_published_one_of_the_customer_in_the_eighth_year():
    high_end = clv.from_parameters("sbg", alpha=0.668, beta=3.806)
    table = pd.DataFrame({"tenure": [6, 7, 7], "churned": [False, False, True]})
    assert clv.residual_lifetime(high_end, table, 0.1).tolist() == pytest.approx([7.345, 7.530, 0], abs=6e-4)


def test_the_expected_lifetime_has_its_closed_form_or_is_infinite():
    active = pd.DataFrame({"tenure": [0, 7], "churned": False})
    bounded = clv.from_parameters("sbg", alpha=2.2, beta=3.8)
    closed = [(3.8 + tenure) / (2.2 - 1) for tenure in (0, 7)]
    assert clv.residual_lifetime(bounded, active).tolist() == pytest.approx(closed, rel=1e-6)
    heavy = clv.from_parameters("sbg", alpha=0.7, beta=3.8)
    assert np.isinf(clv.residual_lifetime(heavy, active)).all()
    assert clv.residual_lifetime(heavy, active, horizon=3).lt(3).all()
    survival = clv.survival(bounded, 10)["survival"]
    assert clv.residual_lifetime(bounded, active.head(1), horizon=10).iloc[0] == pytest.approx(survival[1:].sum())


def test_planted_churn_is_found_from_dates():
    """Contracts begun over three years, each with a chance of its own to end at each renewal."""
    rng = np.random.default_rng(4)
    start = pd.Timestamp("2021-01-01") + pd.to_timedelta(rng.integers(0, 1000, 4000), unit="D")
    renewals = rng.geometric(rng.beta(1.5, 9.0, 4000))
    months = pd.Series(start).dt.to_period("M").dt.to_timestamp()  # each begins on the first
    end = [first + pd.DateOffset(months=int(count)) for first, count in zip(months, renewals, strict=True)]
    contracts = pd.DataFrame({"customer_id": [str(n) for n in range(4000)], "start": months, "end": end})
    summary = clv.contract_summary(contracts, "2024-01-31")
    assert 0.05 < 1 - summary["churned"].mean() < 0.6
    model = clv.fit(summary, "sbg")
    apart = (model.params_ - [1.5, 9.0]) / model.standard_errors_
    assert (apart.abs() < 3).all()
    ageing = clv.fit(summary, "bdw")
    assert abs(np.log(ageing.params_["c"])) < 3 * ageing.standard_errors_["c"] / ageing.params_["c"]
    assert model.bic < ageing.bic


def test_contracts_are_counted_by_the_calendar():
    rows = [("2024-01-31", "2024-02-29"), ("2024-01-31", None), ("2024-01-15", "2024-07-01"), ("2024-06-01", None)]
    contracts = pd.DataFrame(rows, columns=["start", "end"]).apply(pd.to_datetime)
    contracts.insert(0, "customer_id", list("abcd"))
    monthly = clv.contract_summary(contracts, "2024-05-31")
    assert monthly["customer_id"].tolist() == ["a", "b", "c"]
    assert monthly["tenure"].tolist() == [1, 4, 4]
    assert monthly["churned"].tolist() == [True, False, False]
    assert clv.contract_summary(contracts, "2024-05-31", "quarter")["tenure"].tolist() == [1, 1, 1]
    with pytest.raises(DataError, match="1 rows lack a start, or end no later"):
        clv.contract_summary(contracts.assign(end=contracts["start"].where(contracts.index == 0)), "2024-05-31")


def test_what_cannot_be_contracts_is_refused(parts, models):
    with pytest.raises(FitError, match="5 of whom have left; found 100 and 0"):
        clv.fit(pd.DataFrame({"tenure": 3, "churned": [False] * 100}), "sbg")
    with pytest.raises(DataError, match="1 or more of customers who have left"):
        clv.fit(pd.DataFrame({"tenure": 0, "churned": [True] * 100}), "sbg")
    with pytest.raises(DataError, match="never rise"):
        clv.cohort_summary([100, 90, 95])
    with pytest.raises(DataError, match="model of contracts is needed"):
        clv.survival(models["bg_nbd"])
    with pytest.raises(FitError, match="Shifted beta-geometric cannot do this"):
        clv.predict(fitted(REGULAR, "sbg"), parts.calibration, 39)


def test_subscribers_in_a_file_of_purchases_are_noticed(sample):
    """One payment a month on the same day is a contract; the shoppers of CDNOW are none."""
    starts = pd.date_range("2023-01-01", periods=60)
    rows = [
        (str(number), start + pd.DateOffset(months=month), 9.9)
        for number, start in enumerate(starts)
        for month in range(1 + number % 12)
    ]
    payments = pd.DataFrame(rows, columns=["customer_id", "date", "amount"])
    noted = clv.fit(clv.summarise(payments, "2024-03-31")).flags_
    assert any("look like subscribers" in note for note in noted)
    assert clv.fit(clv.summarise(sample)).flags_ == []


def test_the_churn_planted_in_the_club_is_found_from_contracts_and_from_payments():
    members, last = meridian.club(3000, seed=4), "2025-12-28"
    planted = clv.survival(clv.from_parameters("sbg", alpha=0.7, beta=3.8), 12)["survival"]
    payments = [
        (row.customer_id, row.start + pd.DateOffset(months=month))
        for row in members.itertuples()
        for month in range(25)
        if row.start + pd.DateOffset(months=month) < (row.end if row.end is not pd.NaT else pd.Timestamp("2025-12-29"))
    ]
    paid = clv.payment_summary(pd.DataFrame(payments, columns=["customer_id", "date"]), last)
    for summary in (clv.contract_summary(members, last), paid):
        model = clv.fit(summary, "sbg")
        found = model.summary()
        assert (found["low"] < [0.7, 3.8]).all() and (found["high"] > [0.7, 3.8]).all()
        assert clv.survival(model, 12)["survival"].to_numpy() == pytest.approx(planted.to_numpy(), abs=0.03)


def test_contracts_are_known_by_what_exports_call_their_columns():
    export = pd.DataFrame({"Member": ["a"], "Join Date": ["2024-01-31"], "cancelled_at": [None], "Plan": ["gold"]})
    assert clv.as_contracts(export).columns.tolist() == ["customer_id", "start", "end"]
    assert clv.contract_summary(clv.as_contracts(export), "2024-03-31")["tenure"].tolist() == [2]
    with pytest.raises(DataError, match="'start'; it may be called one of start"):
        clv.as_contracts(export.drop(columns="Join Date"))
    with pytest.raises(DataError, match="'Join Date' should hold dates"):
        clv.as_contracts(export.assign(**{"Join Date": "soon"}))
