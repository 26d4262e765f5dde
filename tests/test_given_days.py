"""A day that may be two is refused wherever it is given: to the library and among a run's parameters."""

import datetime

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from idic_lab.course.runs.notebooks import parse_parameter
from idic_lab.dataframes import given_day
from idic_lab.differentiate import cohorts, rfm
from idic_lab.errors import DataError

ORDERS = pd.DataFrame({"customer_id": ["a", "b"], "date": pd.to_datetime(["2023-01-01", "2023-12-01"]), "amount": 1.0})


@given(st.dates(min_value=datetime.date(1900, 1, 1), max_value=datetime.date(2100, 1, 1)), st.sampled_from("/-."))
def test_a_day_is_read_right_or_refused(date, mark):
    for form in (f"%d{mark}%m{mark}%Y", f"%m{mark}%d{mark}%Y"):
        if mark == "." and form.startswith("%m"):
            continue  # with points the day is first
        try:
            assert given_day(date.strftime(form), "today").date() == date
        except DataError as refusal:
            assert date.day <= 12 and date.isoformat()[:4] in str(refusal)
    assert given_day(date.isoformat(), "today").date() == given_day(date, "today").date() == date


@pytest.mark.parametrize("text", ["05/11/2023", "5-11-2023", "05/11/23", "31/12/23", "31/02/2023", "soon", ""])
def test_what_is_no_one_day_is_refused(text):
    with pytest.raises(DataError, match=r"end='.*(may be in|is not a date).*; write it"):
        given_day(text, "end")


def test_the_library_and_the_parameters_ask_too():
    for call in (
        lambda: rfm.table(ORDERS, observation_end="05/11/2023"),
        lambda: cohorts.cohort_table(ORDERS, observation_end="05/11/2023"),
        lambda: parse_parameter("calibration_end=05/11/2023"),
    ):
        with pytest.raises(DataError, match="in May or in November"):
            call()
    assert parse_parameter("calibration_end=31/12/2023") == ("calibration_end", "2023-12-31")
    assert parse_parameter("ratio=1/2") == ("ratio", "1/2")
