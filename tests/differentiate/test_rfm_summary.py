"""Recency, frequency and monetary value: hand-computed cases, returns, engines, and what is refused."""

from datetime import date

import duckdb
import narwhals as nw
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from idic_lab import datasets
from idic_lab.differentiate import rfm
from idic_lab.errors import DataError

ENGINES = {
    "pandas": lambda frame: frame,
    "arrow": lambda frame: pa.Table.from_pandas(frame, preserve_index=False),
    "duckdb": lambda frame: duckdb.from_arrow(pa.Table.from_pandas(frame, preserve_index=False)),
}


def transactions(*rows):
    frame = pd.DataFrame(rows, columns=["customer_id", "date", "amount"])
    return frame.astype({"customer_id": "str", "amount": "float64"}).assign(
        date=pd.to_datetime(frame["date"]).astype("datetime64[us]")
    )


def as_pandas(native):
    frame = nw.from_native(native)
    frame = frame.collect("pandas") if isinstance(frame, nw.LazyFrame) else frame
    return frame.to_pandas().sort_values("customer_id", ignore_index=True)


@pytest.fixture(scope="module")
def cdnow():
    return datasets.load("cdnow", quiet=True).transactions


def test_two_purchases_on_one_day_are_one_purchase_day_and_both_amounts():
    summary = rfm.summarise(
        transactions(("a", "2024-01-05", 20), ("a", "2024-01-05", 5), ("a", "2024-03-01", 10)), "2024-03-31"
    )
    assert summary.to_dict("records") == [{"customer_id": "a", "recency_days": 30, "frequency": 2, "monetary": 35.0}]


def test_purchases_at_two_hours_of_one_day_are_one_purchase_day():
    summary = rfm.summarise(transactions(("a", "2024-01-05 09:00", 1), ("a", "2024-01-05 23:59", 1)))
    assert summary[["recency_days", "frequency"]].to_numpy().tolist() == [[0, 1]]


def test_the_observation_end_is_the_latest_date_unless_given():
    data = transactions(("a", "2024-01-05", 1), ("b", "2024-01-15", 1))
    assert rfm.summarise(data)["recency_days"].tolist() == [10, 0]


def test_a_purchase_on_the_last_day_counts_and_one_on_the_day_after_does_not():
    data = transactions(("a", "2024-01-31", 1), ("a", "2024-02-01", 2), ("b", "2024-02-01", 4))
    assert rfm.summarise(data, "2024-01-31")["monetary"].tolist() == [1.0]


@pytest.mark.parametrize("end", ["2024-03-01", "2000-12-31", "2100-03-01", "1999-02-28"])
def test_days_are_counted_as_the_calendar_counts_them(end):
    start = pd.Timestamp("1995-02-27")
    summary = rfm.summarise(transactions(("a", start, 1)), observation_end=end)
    assert summary["recency_days"].tolist() == [(pd.Timestamp(end) - start).days]


def test_a_zero_amount_is_a_purchase():
    summary = rfm.summarise(transactions(("a", "2024-01-05", 0)))
    assert summary[["frequency", "monetary"]].to_numpy().tolist() == [[1, 0.0]]


def test_a_return_changes_neither_recency_nor_frequency_nor_monetary():
    bought = transactions(("a", "2024-01-05", 20))
    returned = transactions(("a", "2024-01-05", 20), ("a", "2024-01-20", -20))
    assert rfm.summarise(returned, "2024-02-01").equals(rfm.summarise(bought, "2024-02-01"))


def test_customers_with_returns_alone_are_listed_apart():
    data = transactions(("a", "2024-01-05", 20), ("c", "2024-01-06", -7), ("c", "2024-01-06", -1))
    assert rfm.summarise(data)["customer_id"].tolist() == ["a"]
    assert rfm.without_purchase(data).to_dict("records") == [{"customer_id": "c", "returns": 2, "returned": 8.0}]


@given(
    st.lists(
        st.tuples(st.sampled_from("abcd"), st.dates(date(1896, 1, 1), date(2104, 12, 31)), st.integers(-50, 50)),
        min_size=1,
        max_size=25,
    )
)
def test_every_customer_is_in_exactly_one_of_the_two_tables(rows):
    data = transactions(*rows)
    bought, not_bought = rfm.summarise(data), rfm.without_purchase(data)
    assert sorted([*bought["customer_id"], *not_bought["customer_id"]]) == sorted(set(data["customer_id"]))
    last = data[data["amount"] >= 0].groupby("customer_id")["date"].max()
    days = (data["date"].max() - last).dt.days
    assert bought.set_index("customer_id")["recency_days"].to_dict() == days.to_dict()


@pytest.mark.parametrize("engine", ["arrow", "duckdb"])
def test_every_engine_gives_the_same_numbers_in_its_own_type(engine, cdnow):
    native = ENGINES[engine](cdnow)
    answer = rfm.summarise(native, "1997-09-30")
    assert type(answer) is type(native)
    expected = rfm.summarise(cdnow, "1997-09-30")
    pd.testing.assert_frame_equal(as_pandas(answer), expected, check_exact=False, rtol=1e-12)
    assert as_pandas(answer)["monetary"].equals(expected["monetary"])


@pytest.mark.parametrize("engine", ENGINES)
def test_customers_without_purchase_come_in_the_type_that_went_in(engine):
    native = ENGINES[engine](transactions(("a", "2024-01-05", 20), ("c", "2024-01-06", -7)))
    answer = rfm.without_purchase(native)
    assert type(answer) is type(native)
    assert as_pandas(answer)["customer_id"].tolist() == ["c"]


def test_cdnow_has_as_many_one_time_buyers_in_39_weeks_as_published(cdnow):
    sample = datasets.load("cdnow_sample", quiet=True).transactions
    frequency = rfm.summarise(sample, "1997-09-30")["frequency"]
    assert frequency.value_counts().loc[[1, 2, 3, 4, 5, 6, 7]].tolist() == [1411, 439, 214, 100, 62, 38, 29]
    whole = rfm.summarise(cdnow)
    assert len(whole) == 23_570
    assert whole["monetary"].sum() == pytest.approx(cdnow["amount"].sum())


def test_a_missing_column_is_named():
    data = transactions(("a", "2024-01-05", 20)).rename(columns={"amount": "total"})
    with pytest.raises(DataError, match="missing column 'amount'; found 'customer_id', 'date', 'total'"):
        rfm.summarise(data)


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize(
    ("column", "dtype", "message"),
    [("date", "str", "column 'date' should be of a date type"), ("amount", "str", "'amount' should be numeric")],
)
def test_a_column_of_the_wrong_type_is_refused(engine, column, dtype, message):
    data = transactions(("a", "2024-01-05", 20)).astype({column: dtype})
    with pytest.raises(DataError, match=message):
        rfm.summarise(ENGINES[engine](data))


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize(
    ("column", "value"), [("customer_id", None), ("date", None), ("amount", None), ("amount", float("inf"))]
)
def test_a_row_that_cannot_be_used_is_refused_not_dropped(engine, column, value):
    data = transactions(("a", "2024-01-05", 20), ("b", "2024-01-06", 20))
    data.loc[1, column] = value
    with pytest.raises(DataError, match=f"1 rows have no usable '{column}'"):
        rfm.summarise(ENGINES[engine](data))


def test_no_rows_and_an_end_before_the_first_row_are_refused():
    data = transactions(("a", "2024-01-05", 20))
    with pytest.raises(DataError, match="no rows"):
        rfm.summarise(data.iloc[:0])
    with pytest.raises(DataError, match="4 days after the observation_end"):
        rfm.summarise(data, "2024-01-01")
    with pytest.raises(DataError, match=r"observation_end=.soon. is not a date"):
        rfm.summarise(data, "soon")
