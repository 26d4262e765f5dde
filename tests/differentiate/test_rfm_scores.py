"""Scores: ties, order, nesting, and the sizes that follow."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from idic_lab.differentiate import rfm
from idic_lab.errors import DataError, LabError

SCORES = ["r_score", "f_score", "m_score"]

customers = st.lists(st.tuples(st.integers(0, 20), st.integers(1, 6), st.integers(0, 30)), min_size=1, max_size=40)


def summary(rows):
    frame = pd.DataFrame(rows, columns=["recency_days", "frequency", "monetary"])
    frame.insert(0, "customer_id", [f"c{number}" for number in range(len(frame))])
    return frame.astype({"monetary": "float64"})


def distinct(n):
    return summary([(day, n - day, n - day) for day in range(n)])


@pytest.mark.parametrize("groups", [2, 3, 5, 10])
def test_without_ties_the_groups_are_equal(groups):
    sizes = rfm.score_sizes(rfm.score(distinct(30 * groups), groups=groups))
    assert sizes["score"].tolist() == list(range(groups, 0, -1))
    assert (sizes[SCORES] == 30).all(axis=None)


def test_the_most_recent_frequent_and_valuable_score_highest():
    scores = rfm.score(distinct(5))
    assert scores[SCORES].to_numpy().tolist() == [[5, 5, 5], [4, 4, 4], [3, 3, 3], [2, 2, 2], [1, 1, 1]]


def test_when_half_bought_once_they_all_score_one_and_two_stays_empty():
    rows = [(day, max(1, day - 4), day) for day in range(10)]  # six customers of frequency 1, then 2, 3, 4, 5
    scores = rfm.score(summary(rows))
    assert scores["f_score"].tolist() == [1] * 6 + [4, 4, 5, 5]
    assert rfm.score_sizes(scores)["f_score"].tolist() == [2, 2, 0, 0, 6]


@given(customers, st.integers(2, 7))
def test_a_better_value_never_scores_lower_and_an_equal_value_scores_the_same(rows, groups):
    scores = rfm.score(summary(rows), groups=groups, few_values="allow")
    for name, measure, sign in (
        ("r_score", "recency_days", -1),
        ("f_score", "frequency", 1),
        ("m_score", "monetary", 1),
    ):
        per_value = scores.groupby(sign * scores[measure])[name].agg(["min", "max"])
        assert per_value["min"].equals(per_value["max"])
        assert per_value["min"].is_monotonic_increasing
        assert per_value["min"].iloc[0] == 1
        assert per_value["max"].iloc[-1] <= groups


@given(customers, st.randoms(use_true_random=False))
def test_the_order_of_the_rows_changes_no_score(rows, random):
    data = summary(rows)
    order = list(range(len(data)))
    random.shuffle(order)
    scores = rfm.score(data, few_values="allow").set_index("customer_id")
    shuffled = rfm.score(data.iloc[order], few_values="allow").set_index("customer_id")
    assert scores.equals(shuffled.loc[scores.index])


def test_more_groups_than_different_values_is_refused_with_the_number_that_would_do():
    data = summary([(day, 1 + day % 3, day) for day in range(9)])
    with pytest.raises(DataError, match=r"frequency has 3 among 9 customers; use groups=3 or fewer"):
        rfm.score(data)
    assert rfm.score(data, groups=3)["f_score"].tolist() == [1, 2, 3] * 3


def test_scores_may_stay_empty_when_that_is_allowed():
    scores = rfm.score(summary([(5, 1, 10), (5, 1, 10)]), few_values="allow")
    assert scores[SCORES].to_numpy().tolist() == [[1, 1, 1]] * 2


@pytest.mark.parametrize("groups", [1, 0, 2.5, True, "5"])
def test_a_number_of_groups_that_is_none_is_refused(groups):
    with pytest.raises(LabError, match="groups should be a whole number of 2 or more"):
        rfm.score(distinct(10), groups=groups)


def test_bad_summaries_and_settings_are_refused():
    with pytest.raises(DataError, match="missing column 'monetary'"):
        rfm.score(distinct(10).drop(columns="monetary"))
    with pytest.raises(DataError, match="no customers"):
        rfm.score(distinct(10).iloc[:0])
    with pytest.raises(DataError, match="'monetary' has 1 missing"):
        rfm.score(distinct(10).replace({"monetary": {10.0: np.nan}}))


def test_the_summary_that_was_passed_is_left_as_it_was():
    data = distinct(10)
    before = data.copy()
    rfm.score(data)
    assert data.equals(before)
