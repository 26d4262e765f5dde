"""Item statistics."""

import matplotlib

matplotlib.use("Agg")

import matplotlib.pyplot as plt
import pandas as pd
import pytest

from idic_lab.exercises.classroom import plot_items, statistics

SHARES = pd.DataFrame(
    {"v_q01": [1, 1, 1, 1], "v_q02": [1, 1, 0, 0], "v_q03": [1, 0.5, 0, 0], "v_q04": [0, 0, 1, 1]},
    index=["a", "b", "c", "d"],
)


def test_difficulty_is_the_mean_share_of_the_points():
    assert statistics(SHARES)["difficulty"].tolist() == [1, 0.5, 0.375, 0.5]


def test_a_question_everybody_gets_right_tells_nobody_apart():
    assert statistics(SHARES)["discrimination"].iloc[0] == 0


def test_a_question_that_good_students_get_wrong_discriminates_negatively():
    assert statistics(SHARES).set_index("question").loc["v_q04", "discrimination"] < -0.5


def test_the_plot_names_every_question_and_counts_those_that_tell_too_little():
    table = statistics(SHARES.drop(columns="v_q04").assign(v_q04=[1, 1, 1, 1]))
    ax = plot_items(table)
    assert {label.get_text() for label in ax.get_yticklabels()} == set(table["question"])
    assert ax.get_title() == "2 of 4 questions hardly tell students apart"
    plt.close(ax.figure)


def test_one_student_is_no_statistic_and_no_failure():
    assert statistics(SHARES.head(1))["discrimination"].tolist() == pytest.approx([0, 0, 0, 0])
