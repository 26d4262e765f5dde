"""Alarms come as often as stated while nothing changes, also where weeks resemble each other or the season moves them."""

import numpy as np
import pandas as pd
import pytest

from idic_lab.inference import alarms

RUNS, WEEKS, FIGURES = 500, 104, 4


def chained(rng, correlation, shape):
    noise = rng.normal(size=shape)
    for week in range(1, shape[1]):
        noise[:, week] = correlation * noise[:, week - 1] + np.sqrt(1 - correlation**2) * noise[:, week]
    return noise


def season(rng, shape):
    return np.sin(2 * np.pi * np.arange(shape[1]) / 52 + rng.uniform(0, 2 * np.pi, (shape[0], 1)))


UNCHANGED = {
    "independent": lambda rng, n: rng.normal(size=n.shape) / np.sqrt(n),
    "more between weeks": lambda rng, n: rng.normal(size=n.shape) * np.sqrt(1 / n + 2 / 60),
    "like the week before": lambda rng, n: chained(rng, 0.2, n.shape) / np.sqrt(n),
    "with a season": lambda rng, n: (rng.normal(size=n.shape) + season(rng, n.shape)) / np.sqrt(60),
}


@pytest.mark.parametrize("kind", UNCHANGED)
def test_a_page_of_weekly_figures_cries_wolf_at_most_as_often_as_stated(rng, kind):
    limit, alarm = alarms.threshold(WEEKS, 0.05, FIGURES), np.zeros(RUNS, dtype=bool)
    for _ in range(FIGURES):
        n = rng.poisson(np.linspace(20, 100, WEEKS), (RUNS, WEEKS)) + 5.0
        fit = alarms.likelihood_ratios(alarms.surprises(UNCHANGED[kind](rng, n), n))[0]
        alarm |= np.abs(fit).max(axis=1) > limit
    assert alarm.mean() < 0.05 + 3 * np.sqrt(0.05 * 0.95 / RUNS)


def test_a_change_is_found_after_a_year_of_weeks(rng):
    x = rng.normal(size=(200, WEEKS))
    x[:, 70:] += 2.5
    fit, ago, _ = alarms.likelihood_ratios(alarms.surprises(x, np.full_like(x, 50)))
    over = fit > alarms.threshold(WEEKS, 0.05, FIGURES)
    first = over.argmax(axis=1)
    assert (over.any(axis=1) & (first >= 70)).mean() > 0.9
    begun = first - ago[np.arange(200), first] + 1
    assert abs(np.median(begun) - 70) <= 1


@pytest.mark.parametrize("kind", ["independent", "two thirds shared", "season", "trend"])
def test_limits_are_left_at_the_stated_rate(rng, kind):
    shape = (1500, 22)
    noise = rng.normal(size=(shape[0], shape[1] + 2))
    x = {
        "independent": noise[:, 2:],
        "two thirds shared": noise[:, 2:] + noise[:, 1:-1] + noise[:, :-2],
        "season": noise[:, 2:] + np.sin(np.arange(22) / 12 * 2 * np.pi),
        "trend": noise[:, 2:] - 0.2 * np.arange(22),
    }[kind]
    low, high = alarms.limits(x, np.ones_like(x), "XmR", 0.02)
    outside = ((x < low) | (x > high))[:, alarms.PAST + 1 :].mean()
    assert outside < 0.03


def test_limits_come_from_the_past_alone():
    values = pd.Series(np.random.default_rng(1).normal(10, 1, 20))
    whole = alarms.control_limits(values)
    changed = values.copy()
    changed.iloc[15:] = 99.0
    pd.testing.assert_frame_equal(whole.head(16), alarms.control_limits(changed).head(16))


def test_a_share_has_limits_no_narrower_than_its_answers_allow():
    values = pd.Series([0.5] * 12)
    narrow, wide = (alarms.control_limits(values, pd.Series([n] * 12), "p").iloc[-1] for n in (1000, 50))
    assert narrow["upper_limit"] - narrow["lower_limit"] > 0.05
    assert wide["upper_limit"] > narrow["upper_limit"]
