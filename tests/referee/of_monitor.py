"""Alarms, on the grounds on which they are tried: how often they cry wolf, and how soon they tell."""

from __future__ import annotations

import numpy as np
import pandas as pd
from proving import holds, statement

from idic_lab.inference import alarms
from idic_lab.meridian import orders, trials
from idic_lab.meridian.settings import settings
from idic_lab.monitor import kpis, organisation

WEEKS, FIGURES, LEARNT = 104, 4, 60
AT_ONCE = 100  # pages simulated together: one by one each takes a second


def chained(rng, tie, shape):
    noise = rng.normal(size=shape)
    for at in range(1, noise.shape[-1]):
        noise[..., at] = tie * noise[..., at - 1] + np.sqrt(1 - tie**2) * noise[..., at]
    return noise


def reports(rng, tie=0.0, between=0.0, season=0.0, skewed=0.0, moved=0.0):
    """Weeks at which each figure of each page is over the limit, as find_changes sees it up to its first report.

    Four figures: three shares, and a mean of few values. `moved` is what happens to the first, in standard deviations of
    a week's value.
    """
    shape = (FIGURES, AT_ONCE, WEEKS)
    n = rng.poisson(np.linspace(20, 100, WEEKS), shape) + 5
    drift = between * chained(rng, tie, shape)
    drift += season * np.sin(2 * np.pi * np.arange(WEEKS) / 52 + rng.uniform(0, 2 * np.pi, (*shape[:2], 1)))
    drift[0] += moved
    value = alarms.steady(rng.binomial(n, np.clip(0.3 + drift * np.sqrt(0.3 * 0.7 / 60), 0.01, 0.99)) / n, n)
    # the mean of n values, each of a gamma distribution as skewed as asked: their sum has one too
    mean = rng.gamma(n / skewed, skewed) / n if skewed else 1 + rng.normal(size=shape) / np.sqrt(n)
    value[-1] = mean[-1] + drift[-1] / np.sqrt(60) * np.sqrt(skewed or 1.0)
    fit = np.stack([alarms.likelihood_ratios(alarms.surprises(*one))[0] for one in zip(value, n, strict=True)])
    return np.abs(fit) > alarms.threshold(WEEKS, 0.05, FIGURES)


def one_by_one(many):
    """A ground that simulates many pages at once, and gives them out one after the other."""
    left: list[bool] = []

    def give(rng):
        if not left:
            left.extend(many(rng))
        return left.pop()

    return give


@statement(
    "idic_lab.monitor.kpis.find_changes",
    "5% for any alarm on a page of four figures over two years",
    "52",
    "alarm",
    0.05,
)
def _():
    def any_alarm(**how):
        return one_by_one(lambda rng: reports(rng, **how).any(axis=(0, 2)))

    return {
        "nothing changes": any_alarm(),
        "weeks differ as much as answers within them": any_alarm(between=1.0),
        "the same, a correlation of 0.4 with the week before": any_alarm(between=1.0, tie=0.4),
        "a season of one deviation": any_alarm(season=1.0),
        "a skewed figure: gamma of shape 0.25": any_alarm(skewed=4.0),
    }


@statement(
    "idic_lab.monitor.kpis.find_changes", "a step of three deviations is told within 13 weeks", "52", "power", 0.9
)
def _():
    since = np.maximum(np.arange(WEEKS) - LEARNT + 1, 0)

    def told(change, within=13, **how):
        def many(rng):
            over = reports(rng, moved=change, **how)[0]
            return over[:, LEARNT : LEARNT + within].any(axis=1)

        return one_by_one(many)

    return {
        "a step of three deviations of a week after 60 weeks": told(3.0 * (since > 0)),
        "the same within four weeks": told(3.0 * (since > 0), 4),
        "a step of two deviations": told(2.0 * (since > 0)),
        "a drift of three deviations over 13 weeks, within 17": told(3.0 * np.minimum(since / 13, 1), 17),
        "a step of three deviations in a season of one": told(3.0 * (since > 0), season=1.0),
    }


@statement("idic_lab.inference.alarms.threshold", "5% for any of several series", "52", "alarm", 0.05, repeats=600)
def _():
    def over(rng, tie=0.0, series=4):
        deviations = chained(rng, tie, (series, WEEKS))
        deviations[..., : alarms.WARM_UP] = 0
        return (np.abs(alarms.likelihood_ratios(deviations)[0]) > alarms.threshold(WEEKS, 0.05, series)).any()

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


@statement(
    "idic_lab.monitor.kpis.kpis",
    "5% for any measure outside its limits at one review",
    "52",
    "alarm",
    0.05,
    repeats=600,
)
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


@statement("idic_lab.monitor.organisation.lift", "95% interval of what a treatment by lot adds", "55", repeats=200)
def _():
    def found(rng, pilot="checkup", rows=None, **switches):
        chosen = settings(**switches)
        made, planted = trials.draw_pilots(rng, chosen), trials.pilot_truth(chosen)
        truth = planted.loc[planted["pilot"] == pilot, "lift"].iloc[0]
        return holds(organisation.lift(made[made["pilot"] == pilot].head(rows)).loc[0, ["low", "high"]], truth)

    def at_once(rng, **switches):
        chosen = settings(**switches)
        planted = trials.pilot_truth(chosen).drop_duplicates("pilot").set_index("pilot")["lift"]
        made = trials.draw_pilots(rng, chosen)
        table = organisation.lift(made[made["pilot"] != "points"], "pilot").set_index("group")
        return bool(planted[table.index].between(table["low"], table["high"]).all())

    return {
        "3,000 who never complained, half of them asked": found,
        "the same, where nobody was wronged": lambda rng: found(rng, discovery=False),
        "4,000, a quarter held back": lambda rng: found(rng, "manager roll-out"),
        "three trials, all intervals at once": at_once,
        "40 customers": lambda rng: found(rng, rows=40),
    }


@statement("idic_lab.monitor.organisation.points_owed", "95% interval of what open points will cost", "55", repeats=200)
def _():
    def found(rng, members=400, each=6.0, collect=orders.COLLECT, sooner=1.0):
        own = rng.gamma(1.0, each, members)
        who = np.repeat(np.arange(members), rng.poisson(own))
        day, points = rng.integers(0, 728, len(who)), rng.integers(5, 150, len(who))
        mean = np.where(day < 363, orders.REDEEMED_AFTER, orders.REDEEMED_AFTER / sooner)
        after = 1 + rng.exponential(mean).astype(int)
        will = (rng.random(members) < collect)[who] & (after <= orders.POINTS_EXPIRE)
        start = pd.Timestamp("2024-01-01")
        redeemed = np.where(will & (day + after <= 727), day + after, np.nan)
        lots = pd.DataFrame({"customer_id": who, "points": points, "date": start + pd.to_timedelta(day, unit="D")})
        lots["redeemed_on"] = start + pd.to_timedelta(redeemed, unit="D")
        end = lots[["date", "redeemed_on"]].max().max()
        age, still = (end - lots["date"]).dt.days, lots["redeemed_on"].isna()
        open_ = still & (age < orders.POINTS_EXPIRE)
        pace = orders.REDEEMED_AFTER / sooner
        past, whole = np.exp(-age[open_] / pace), np.exp(-orders.POINTS_EXPIRE / pace)
        truth = 0.01 * (lots.loc[open_, "points"] * collect * (past - whole) / (1 - collect * (1 - past))).sum()
        table = organisation.points_owed(lots, n_bootstrap=400, random_state=int(rng.integers(1e9)))
        return holds(table.loc[1, ["low", "high"]], truth)

    return {
        "400 members, six orders in two years": found,
        "60 members": lambda rng: found(rng, 60),
        "members redeem half as fast again in the second year": lambda rng: found(rng, sooner=1.5),
    }
