"""What is equal within the form, unit and precision a question states is right, however it is written."""

from decimal import Decimal
from fractions import Fraction
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from idic_lab.exercises.course_folder import CourseFolder
from idic_lab.exercises.questions import QUESTIONS, AnyOf
from idic_lab.exercises.student import decode, encode

COURSE = CourseFolder(Path(__file__).parents[2] / "exercises")
STUDENT = "ada"


def expected(name):
    """The expected answer, by the course's own function."""
    found = COURSE.key._call(COURSE.key._answers[name], STUDENT, None)
    return found[0] if isinstance(found, AnyOf) else found


def verdict(name, answer):
    return COURSE.key.judge(name, decode(encode(answer)), STUDENT)


def of_kind(kind, **wanted):
    return [
        name
        for name, asked in QUESTIONS.items()
        if type(asked.form).__name__ == kind
        and not name.startswith("capstone")
        and all(getattr(asked.form, key) == value for key, value in wanted.items())
        and not COURSE.key.judges(name)
    ]


WHOLE = {
    "float": float,
    "numpy": np.int64,
    "text": str,
    "with commas": lambda value: f"{value:,}",
    "a list of one": lambda value: [value],
    "a Series of one": lambda value: pd.Series([value]),
    "decimal": lambda value: Decimal(int(value)),
    "an array without dimension": np.array,
}
SHARE = {
    "as it is": float,
    "two decimals": lambda value: round(value, 2),
    "percent": lambda value: 100 * value,
    "percent, whole": lambda value: round(100 * value),
    "percent as text": lambda value: f"{100 * value:.1f}%",
    "percent with a blank": lambda value: f"{100 * value:.2f} %",
    "text": lambda value: f"{value:.4f}",
    "float32": np.float32,
    "fraction": lambda value: Fraction(value).limit_denominator(10**6),
}
MEASURE = {
    "numpy": np.float64,
    "text": lambda value: f"{value:.6f}",
    "exponent": lambda value: f"{value:.8e}",
    "a list of one": lambda value: [value],
    "decimal": lambda value: Decimal(repr(float(value))),
}
VALUES = {
    "dict": dict,
    "in another order": lambda values: values.sample(frac=1, random_state=3),
    "table with the names as index": lambda values: values.rename("value").rename_axis("name").to_frame(),
    "table with the names as column": lambda values: values.rename("value").rename_axis("name").reset_index(),
    "floats": lambda values: values.astype(float),
    "names in capitals": lambda values: values.rename(lambda name: str(name).upper()),
    "names with blanks": lambda values: values.rename(lambda name: str(name).replace("_", " ")),
    "categories as names": lambda values: values.set_axis(pd.CategoricalIndex(values.index)),
}
IDS = {
    "another order": lambda ids: ids[::-1],
    "set": set,
    "array": np.array,
    "Series": pd.Series,
    "index": lambda ids: pd.Index(ids),
    "tuple": tuple,
    "table": lambda ids: pd.DataFrame({"customer_id": ids, "clv": range(len(ids))}),
    "keys of a dict": lambda ids: dict.fromkeys(ids, 1).keys(),
    "Series by id": lambda ids: pd.Series(1.0, index=ids),
}
CASES = (
    [(name, how, form) for name in of_kind("Number", whole=True) for how, form in WHOLE.items()]
    + [(name, how, form) for name in of_kind("Number", share=True, decimals=2) for how, form in SHARE.items()]
    + [(name, how, form) for name in of_kind("Number", share=False, whole=False) for how, form in MEASURE.items()]
    + [(name, how, form) for name in of_kind("Values", labels=False) for how, form in VALUES.items()]
    + [("lifetime_value_q11", how, form) for how, form in IDS.items()]
)


@pytest.mark.parametrize("name", sorted({case[0] for case in CASES}))
def test_right_answers_are_right_in_every_form_people_give_them(name):
    right = expected(name)
    wrong = {}
    for _, how, form in (case for case in CASES if case[0] == name):
        found = verdict(name, form(right))
        if (found.credit, found.shows) != (1.0, "right"):
            wrong[how] = (form(right), found)
    assert not wrong


def _spend():
    return COURSE.key._call(lambda tables: tables, STUDENT, None)["transactions"].groupby("customer_id")["amount"].sum()


def test_there_are_more_than_two_hundred_such_answers():
    assert len(CASES) > 200


@pytest.mark.parametrize("name", of_kind("Number", whole=False))
def test_the_precision_that_is_stated_is_enough_and_ten_times_less_is_not(name):
    right, decimals = expected(name), QUESTIONS[name].form.decimals
    assert verdict(name, round(right, decimals)).shows == "right"
    off = right + 20 * 10.0**-decimals + 0.05 * abs(right)
    assert verdict(name, off).shows != "right"


def test_a_net_promoter_score_may_be_a_whole_number_as_it_is_usually_told():
    assert verdict("interact_q05", round(expected("interact_q05"))).credit == 1


def test_gini_coefficients_of_both_definitions_are_right():
    spend = _spend()
    n = len(spend)
    differences = np.abs(np.subtract.outer(spend.to_numpy(), spend.to_numpy())).mean() / (2 * spend.mean())
    assert verdict("value_q09", differences).credit == 1
    assert verdict("value_q09", differences * n / (n - 1)).credit == 1


def test_the_best_fifth_may_be_rounded_up_or_cut_by_a_quantile():
    spend = _spend().sort_values(ascending=False)
    for fifth in (spend.head(len(spend) // 5 + 1), spend[spend >= spend.quantile(0.8)]):
        assert verdict("value_q08", fifth.sum() / spend.sum()).credit == 1


@pytest.mark.parametrize("method", ["first", "average", "min", "max"])
def test_scores_are_right_whichever_way_ties_are_broken(method):
    from idic_lab.differentiate import rfm
    from idic_lab.exercises import student_tables

    summary = rfm.summarise(student_tables(STUDENT)["transactions"], pd.Timestamp("2025-12-28"))
    scores = summary[["customer_id"]].copy()
    for score, column, sign in (
        ("r_score", "recency_days", -1),
        ("f_score", "frequency", 1),
        ("m_score", "monetary", 1),
    ):
        rank = (sign * summary[column]).rank(method=method)
        scores[score] = np.ceil(5 * rank / len(rank)).clip(1, 5).astype(int)
    assert verdict("value_q06", scores).credit == 1


def test_clusters_of_columns_brought_to_one_range_count_as_equally_weighted():
    from sklearn.cluster import KMeans
    from sklearn.preprocessing import MinMaxScaler

    from idic_lab.differentiate import rfm
    from idic_lab.exercises import student_tables

    summary = rfm.summarise(student_tables(STUDENT)["transactions"], pd.Timestamp("2025-12-28"))
    scaled = MinMaxScaler().fit_transform(summary[["recency_days", "frequency", "monetary"]])
    labels = KMeans(n_clusters=4, n_init=10, random_state=0).fit_predict(scaled)
    assert verdict("needs_and_portfolio_q04", pd.Series(labels, index=summary["customer_id"])).credit == 1


def test_a_day_may_be_text_a_date_or_carry_a_time():
    step = COURSE.key._call(lambda truth: truth["weekly_changes"], STUDENT, None).query("kind == 'step'")
    day = step["starts"].iloc[0]
    for answer in (day, day.date(), str(day.date()), day.to_datetime64(), day + pd.Timedelta(hours=9)):
        assert verdict("monitor_q05", answer).credit == 1


def test_a_quarter_may_be_written_with_a_hyphen_or_be_a_period():
    right = expected("monitor_q01")
    assert verdict("monitor_q01", right.rename(lambda name: name.replace("Q", "-Q"))).credit == 1
    assert verdict("monitor_q01", right.set_axis(pd.PeriodIndex(right.index, freq="Q"))).credit == 1


@pytest.mark.parametrize("student", [f"s{number}" for number in range(2)])
def test_no_hint_ever_stands_beside_a_right_answer(student):
    for name in COURSE.key.names - {name for name in QUESTIONS if name.startswith("capstone")}:
        if COURSE.key.judges(name):
            continue
        right = COURSE.key._call(COURSE.key._answers[name], student, None)
        right = right[0] if isinstance(right, AnyOf) else right
        assert COURSE.key.judge(name, decode(encode(right)), student).message == "Right.", name
