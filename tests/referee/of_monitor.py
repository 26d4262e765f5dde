"""Alarms, on the grounds on which they are tried: how often they cry wolf, and how soon they tell."""

from __future__ import annotations

import numpy as np
import pandas as pd
from proving import statement

from idic_lab.inference import alarms
from idic_lab.monitor import kpis

WEEKS = pd.date_range("2024-01-01", periods=104, freq="7D").as_unit("us")
FIGURES = ("basket_share", "csat", "delivery_days", "response_rate")


def chained(rng, tie, shape):
    noise = rng.normal(size=shape)
    for at in range(1, shape[-1]):
        noise[..., at] = tie * noise[..., at - 1] + np.sqrt(1 - tie**2) * noise[..., at]
    return noise


def page(rng, tie=0.0, between=0.0, season=0.0, skewed=0.0, moved=None):
    """Four weekly figures, three of them shares; `moved` is added to the first, in standard deviations of its weeks."""
    parts = []
    for place, name in enumerate(FIGURES):
        n = rng.poisson(np.linspace(20, 100, len(WEEKS))) + 5
        drift = between * chained(rng, tie, len(WEEKS)) if between else chained(rng, tie, len(WEEKS)) * bool(tie)
        drift = drift + season * np.sin(2 * np.pi * np.arange(len(WEEKS)) / 52 + rng.uniform(0, 2 * np.pi))
        if moved is not None and place == 0:
            drift = drift + moved
        level = 0.3 + drift * np.sqrt(0.3 * 0.7 / 60)
        value = rng.binomial(n, np.clip(level, 0.01, 0.99)) / n
        if name == "delivery_days":
            days = [rng.lognormal(0, skewed, size) for size in n] if skewed else [rng.normal(3, 1, size) for size in n]
            value = np.array([each.mean() for each in days]) + drift / np.sqrt(60)
        parts.append(
            pd.DataFrame({"week": WEEKS, "figure": name, "value": value, "observations": n, "share": place != 2})
        )
    return pd.concat(parts, ignore_index=True)


@statement(
    "idic_lab.monitor.kpis.find_changes",
    "5% for any alarm on a page of four figures over two years",
    "52",
    "alarm",
    0.05,
)
def _():
    def any_alarm(rng, **how):
        return len(kpis.find_changes(page(rng, **how))) > 0

    return {
        "nothing changes": any_alarm,
        "weeks differ as much as answers within them": lambda rng: any_alarm(rng, between=1.0),
        "the same, a correlation of 0.4 with the week before": lambda rng: any_alarm(rng, between=1.0, tie=0.4),
        "a season of one deviation": lambda rng: any_alarm(rng, season=1.0),
        "a skewed figure: lognormal(1)": lambda rng: any_alarm(rng, skewed=1.0),
    }


@statement(
    "idic_lab.monitor.kpis.find_changes", "a step of two deviations is told within eight weeks", "52", "power", 0.8
)
def _():
    def told(rng, change, within, **how):
        found = kpis.find_changes(page(rng, moved=change, **how), at_most=3)
        on = found.loc[found["figure"] == FIGURES[0], "found_on"]
        return bool(on.between(WEEKS[60], WEEKS[60 + within] + pd.Timedelta(days=6)).any())

    since = np.maximum(np.arange(len(WEEKS)) - 59, 0)
    return {
        "a step of two deviations of a week, after 60 weeks": lambda rng: told(rng, 2.0 * (since > 0), 8),
        "a step of one deviation": lambda rng: told(rng, 1.0 * (since > 0), 8),
        "a drift of two deviations over 13 weeks, told within 17": lambda rng: told(
            rng, 2.0 * np.minimum(since / 13, 1), 17
        ),
        "a step of two deviations in a season of one": lambda rng: told(rng, 2.0 * (since > 0), 8, season=1.0),
    }


@statement("idic_lab.inference.alarms.threshold", "5% for any of several series", "52", "alarm", 0.05)
def _():
    def over(rng, tie=0.0, series=4):
        deviations = chained(rng, tie, (series, 104))
        deviations[:, : alarms.WARM_UP] = 0
        return (np.abs(alarms.likelihood_ratios(deviations)[0]) > alarms.threshold(104, 0.05, series)).any()

    return {
        "four series of 104 standard normal points": over,
        "one series": lambda rng: over(rng, series=1),
        "a correlation of 0.2 left in them": lambda rng: over(rng, 0.2),
    }


def reviews(rng, n=22, tie=0.0, draw=None):
    """Measures of everybody at so many reviews, of which nothing changes."""
    days = pd.date_range("2024-01-31", periods=n + 1, freq="ME")
    names = [name for name, entry in kpis.KPIS.items() if entry.chart]
    noise = chained(rng, tie, (len(names), n)) if draw is None else draw(rng, (len(names), n))
    parts = []
    for name, series in zip(names, noise, strict=True):
        share = kpis.KPIS[name].chart == "p"
        value = np.clip(0.4 + 0.04 * series, 0.01, 0.99) if share else 30 + 3 * series
        parts.append(pd.DataFrame({"review_date": days[1:], "previous_date": days[:-1], "kpi": name, "value": value}))
    table = pd.concat(parts, ignore_index=True)
    named = {"scheme": "all", "segment": "all", "unit": "", "observations": 150, "low": np.nan, "high": np.nan}
    return table.assign(**named)


@statement("idic_lab.monitor.kpis.kpis", "5% for any measure outside its limits at one review", "52", "alarm", 0.05)
def _():
    def any_signal(rng, **how):
        table = kpis.kpis(reviews(rng, **how))
        days = table.loc[table["upper_limit"].notna(), "review_date"].unique()
        return table.loc[table["review_date"] == rng.choice(days), "signal"].any()

    return {
        "nothing changes over 22 reviews": any_signal,
        "neighbouring reviews share half of what moves them": lambda rng: any_signal(rng, tie=0.5),
        "skewed measures: gamma of shape 3": lambda rng: any_signal(
            rng, draw=lambda rng, shape: (rng.gamma(3, 1, shape) - 3) / np.sqrt(3)
        ),
    }


@statement("idic_lab.inference.alarms.control_limits", "so many points outside as stated", "52", "alarm", 0.05)
def _():
    def last(rng, tie=0.0, trend=0.0):
        value = pd.Series(chained(rng, tie, 22) + trend * np.arange(22))
        low, high = alarms.control_limits(value, rate=0.05).iloc[-1]
        return not low <= value.iloc[-1] <= high

    return {
        "22 independent points": last,
        "a correlation of 0.5": lambda rng: last(rng, 0.5),
        "a trend of a tenth of a deviation": lambda rng: last(rng, trend=0.1),
    }
