"""Counting purchase days, from any dataframe, and cutting the history in two."""

import datetime as dt

import duckdb
import narwhals as nw
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from idic_lab import tables
from idic_lab.differentiate import clv
from idic_lab.differentiate.purchase_days import customer_codes
from idic_lab.errors import DataError


def transactions(*rows):
    table = pd.DataFrame(rows, columns=["customer_id", "date", "amount"])
    return table.assign(date=pd.to_datetime(table["date"], format="mixed"))


def to_arrow(table):
    return pa.Table.from_pandas(table, preserve_index=False)


def to_duckdb(table):
    return duckdb.from_arrow(to_arrow(table))


def to_polars(table):
    return pytest.importorskip("polars").from_arrow(to_arrow(table))


def to_pandas(table):
    if isinstance(table, pd.DataFrame):
        return table
    return table.df() if isinstance(table, duckdb.DuckDBPyRelation) else table.to_pandas()


@pytest.mark.parametrize("convert", [to_arrow, to_duckdb, to_polars])
def test_every_engine_gives_the_same_summary_in_its_own_kind_of_table(sample, convert):
    given = convert(sample)
    summary = clv.summarise(given, "1997-09-30")
    assert type(summary) is type(given)
    expected = clv.summarise(sample, "1997-09-30")
    pd.testing.assert_frame_equal(to_pandas(summary).astype(expected.dtypes.to_dict()), expected, rtol=1e-12)


@pytest.mark.parametrize("convert", [to_arrow, to_duckdb])
def test_every_engine_gives_the_same_split_and_tracking(sample, parts, models, convert):
    other = clv.split(convert(sample), "1997-09-30", "1998-06-30")
    holdout = to_pandas(other.holdout).sort_values("customer_id", ignore_index=True)
    expected = parts.holdout.sort_values("customer_id", ignore_index=True)
    pd.testing.assert_frame_equal(holdout, expected, check_dtype=False, rtol=1e-12)
    weeks = clv.tracking(models["bg_nbd"], convert(sample), "1997-09-30")
    pd.testing.assert_frame_equal(weeks, clv.tracking(models["bg_nbd"], sample, "1997-09-30"))


def test_day_numbers_in_an_engine_are_those_of_the_calendar():
    days = [dt.date(1899, 12, 31), dt.date(1900, 3, 1), dt.date(2000, 2, 29), dt.date(2024, 12, 31)]
    rows = transactions(*[(str(i), str(day), 1.0) for i, day in enumerate(days)])
    summary = to_pandas(clv.summarise(to_duckdb(rows), "2025-01-10", unit_days=1)).sort_values("customer_id")
    assert summary["T"].tolist() == [(dt.date(2025, 1, 10) - day).days for day in days]


def test_a_summary_keeps_its_contract(parts):
    tables.check("btyd_summary", parts.calibration)


def test_purchases_of_one_day_count_once_and_are_added_up():
    rows = transactions(
        ("a", "2024-01-01 08:00", 5.0), ("a", "2024-01-08 08:00", 10.0), ("a", "2024-01-08 23:59", 20.0)
    )
    row = clv.summarise(rows, "2024-01-15").iloc[0]
    assert row[["frequency", "recency", "T", "monetary_value"]].tolist() == [1, 1.0, 2.0, 30.0]


def test_a_return_is_no_purchase_and_a_gift_of_zero_is_one():
    rows = transactions(
        ("a", "2024-01-01", 5.0), ("a", "2024-01-08", -5.0), ("a", "2024-01-15", 0.0), ("b", "2024-01-01", -1.0)
    )
    summary = clv.summarise(rows, "2024-01-15")
    assert summary["customer_id"].tolist() == ["a"]
    assert summary[["frequency", "recency", "monetary_value"]].iloc[0].tolist() == [1, 2.0, 0.0]


def test_without_amounts_there_is_no_monetary_value():
    rows = transactions(("a", "2024-01-01", 5.0), ("a", "2024-01-08", 6.0)).drop(columns="amount")
    summary = clv.summarise(rows, "2024-01-15", amount=None)
    assert list(summary.columns) == ["customer_id", "frequency", "recency", "T", "unit_days"]
    assert "holdout_spend" not in clv.split(rows, "2024-01-05", amount=None).holdout


@pytest.mark.parametrize("kind", ["pandas", "polars", "arrow"])
def test_columns_can_have_other_names(kind):
    rows = transactions(("a", "2024-01-01", 5.0), ("a", "2024-01-08", 6.0))
    names = {"customer_id": "who", "date": "when", "amount": "paid"}
    renamed = rows.rename(columns=names)
    given = {"pandas": renamed, "polars": pl.from_pandas(renamed), "arrow": pa.Table.from_pandas(renamed)}[kind]
    summary = clv.summarise(given, **names)
    assert nw.from_native(summary).to_pandas().to_dict("list") == clv.summarise(rows).to_dict("list")
    with pytest.raises(DataError, match="no column 'whom', given as customer_id"):
        clv.summarise(given, customer_id="whom", date="when", amount="paid")


def test_a_missing_column_is_named_with_the_nearest():
    rows = transactions(("a", "2024-01-01", 5.0)).rename(columns={"amount": "amounts"})
    with pytest.raises(DataError, match=r"'amount'.*Did you mean 'amounts'"):
        clv.summarise(rows)


def test_dates_as_text_are_refused():
    rows = transactions(("a", "2024-01-01", 5.0)).astype({"date": "str"})
    with pytest.raises(DataError, match="should be of a date type"):
        clv.summarise(rows)


def test_rows_without_customer_or_amount_are_refused_and_counted():
    with pytest.raises(DataError, match="1 rows have no usable 'customer_id'"):
        clv.summarise(transactions(("a", "2024-01-01", 5.0), (None, "2024-01-01", 5.0)))
    with pytest.raises(DataError, match="1 rows have no usable 'amount'"):
        clv.summarise(transactions(("a", "2024-01-01", 5.0), ("a", "2024-01-01", np.nan)))


def test_a_period_in_which_nobody_bought_is_refused():
    with pytest.raises(DataError, match="Nobody bought"):
        clv.summarise(transactions(("a", "2024-01-01", 5.0)), observation_end="2023-01-01")


def test_a_purchase_on_the_split_day_stays_in_calibration():
    rows = transactions(
        ("a", "2024-01-01 10:00", 5.0), ("a", "2024-01-31 23:59:59", 7.0), ("a", "2024-02-01 00:00", 9.0)
    )
    parts = clv.split(rows, "2024-01-31", "2024-02-28", unit_days=1)
    assert parts.calibration["frequency"].tolist() == [1]
    assert parts.calibration["T"].tolist() == [30.0]
    assert parts.holdout.iloc[0, 1:].tolist() == [1, 9.0, 28.0]


def test_holdout_spend_is_a_sum():
    rows = transactions(("a", "2024-01-01", 5.0), *[("a", f"2024-02-{day:02}", 10.0) for day in (1, 1, 3)])
    holdout = clv.split(rows, "2024-01-31").holdout
    assert holdout[["holdout_frequency", "holdout_spend"]].iloc[0].tolist() == [2, 30.0]


def test_newcomers_of_the_holdout_are_listed_and_left_out():
    rows = transactions(("a", "2024-01-01", 5.0), ("b", "2024-02-01", 5.0), ("b", "2024-02-09", 5.0))
    parts = clv.split(rows, "2024-01-31")
    assert parts.holdout["customer_id"].tolist() == ["a"]
    assert parts.newcomers["customer_id"].tolist() == ["b"]
    assert parts.newcomers["first_purchase"].tolist() == [pd.Timestamp("2024-02-01")]


def test_an_empty_holdout_is_refused():
    with pytest.raises(DataError, match="holdout is empty"):
        clv.split(transactions(("a", "2024-01-01", 5.0)), "2024-01-31", "2024-01-31")


def test_weekly_and_daily_summaries_differ_by_a_factor_alone(sample):
    weekly, daily = (clv.summarise(sample, "1997-09-30", unit_days=days) for days in (7, 1))
    np.testing.assert_allclose(weekly["T"] * 7, daily["T"])
    assert weekly["frequency"].equals(daily["frequency"])
    assert (weekly["unit_days"].unique().tolist(), daily["unit_days"].unique().tolist()) == ([7.0], [1.0])


@pytest.mark.parametrize("ids", [["b", "a10", "b", "a9"], ["a customer", "b", "é", "zzzzzzzzz"], [7, 10, 7, 9]])
def test_customers_come_in_the_order_of_their_ids_whatever_these_are(ids):
    rows = pd.DataFrame({"customer_id": ids, "date": pd.Timestamp("2024-01-01"), "amount": 1.0})
    summary = clv.summarise(rows)
    assert summary["customer_id"].tolist() == sorted(set(ids))
    assert summary["customer_id"].dtype == rows["customer_id"].dtype


ALIKE = st.tuples(st.sampled_from(["", "customer-"]), st.text("ab0", max_size=20)).map("".join)
OF_ONE_LENGTH = st.text("abcdé", min_size=17, max_size=17)


@given(
    st.one_of(
        *(st.lists(one, min_size=1, max_size=30) for one in (st.text(max_size=9), ALIKE, OF_ONE_LENGTH)),
        st.lists(st.uuids().map(str), min_size=1, max_size=30),
    )
)
def test_codes_lead_back_to_the_ids(ids):
    column = pd.Series(ids, dtype="str")
    codes, customers = customer_codes(column)
    assert customers[codes].tolist() == ids
    assert customers.tolist() == sorted(set(ids))


@given(st.lists(st.integers(-(2**63), 2**63 - 1) | st.integers(-9, 9), min_size=1, max_size=30))
def test_codes_lead_back_to_whole_numbers_near_and_far_apart(ids):
    codes, customers = customer_codes(pd.Series(ids, dtype="int64"))
    assert customers[codes].tolist() == ids
    assert customers.tolist() == sorted(set(ids))


def test_the_smallest_and_the_largest_of_small_integers_are_told_apart():
    ids = pd.Series(range(-128, 128), dtype="int8")
    assert customer_codes(ids)[0].tolist() == list(range(256))


@given(st.lists(st.integers(0, 999), min_size=1, max_size=400), st.sampled_from(["customer-", "", "é"]))
def test_ids_that_end_in_as_many_digits_are_counted_like_numbers(numbers, begin):
    ids = [f"{begin}{number:07d}" for number in numbers]
    codes, customers = customer_codes(pd.Series(ids, dtype="str"))
    assert customers[codes].tolist() == ids
    assert customers.tolist() == sorted(set(ids))


def test_texts_that_begin_with_the_same_eight_letters_are_put_in_order():
    ids = ["12345678-zz", "12345678-a", "02345678-k", "12345678-zz"]
    assert customer_codes(pd.Series(ids, dtype="str"))[1].tolist() == sorted(set(ids))
