"""Needs, rhythm, rankings and forecasts of value, on the grounds on which they are tried."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import pandas as pd
from interviews import AGAINST, TASTES, interview
from proving import holds, statement

from idic_lab.differentiate import audit, behaviour, clv, needs, rfm
from idic_lab.errors import DataError


@statement(
    "idic_lab.differentiate.needs.need_differences", "5% for any need said to differ by tier", "25", "test", 0.05, 100
)
def _():
    def any_found(rng, n=800, own=0.0, sizes=(0.5, 0.3, 0.2)):
        chance = 1 / (1 + np.exp(-(rng.normal(0, 0.7, 20) + own * rng.normal(size=(n, 1)))))
        answers = pd.DataFrame((rng.random((n, 20)) < chance).astype(float)).rename(columns=str)
        ids = np.arange(n).astype(str)
        tiers = pd.DataFrame({"customer_id": ids, "tier": rng.choice(["low", "middle", "high"], n, p=sizes)})
        try:
            found = needs.need_differences(answers.assign(customer_id=ids), tiers)
        except DataError:  # too few answers for the test, and it says so
            return None
        return found["p_corrected"].lt(0.05).any()

    return {
        "800 people, twenty questions, three tiers": any_found,
        "150 people": lambda rng: any_found(rng, 150),
        "answers that hang together": lambda rng: any_found(rng, own=2.0),
    }


@statement(
    "idic_lab.differentiate.needs.bivariate_residuals", "5% for any pair said to share more", "25", "test", 0.05, 240
)
def _():
    def any_pair(rng, people=400, shares=(0.5, 0.5)):
        yes = np.kron([[0.8, 0.2], [0.2, 0.8]], np.ones(4))[rng.choice(2, people, p=shares)]
        answers = pd.DataFrame((rng.random((people, 8)) < yes).astype(float))
        return needs.bivariate_residuals(needs.LatentClasses(2, 4).fit(answers), answers)["p_value"].min() <= 0.05

    return {
        "two classes of 200, eight questions": any_pair,
        "120 people, one class of a tenth": lambda rng: any_pair(rng, 120, (0.9, 0.1)),
    }


@statement("idic_lab.differentiate.needs.likelihood_ratio", "5% for a class too many", "25, compare", "test", 0.05, 200)
def _():
    def another(rng, classes=2, people=300, trait=0.0):
        yes = np.kron([[0.8, 0.2], [0.2, 0.8]], np.ones(4))[rng.integers(0, classes, people)]
        odds = np.log(yes / (1 - yes)) + trait * rng.normal(size=(people, 1))
        answers = rng.random((people, 8)) < 1 / (1 + np.exp(-odds))
        return needs.likelihood_ratio(answers, classes + 1, random_state=int(rng.integers(1e9)))["p_value"] <= 0.05

    return {
        "300 people of two classes, eight questions: three": another,
        "300 people of one class: two": lambda rng: another(rng, 1),
        "80 people of two classes: three": lambda rng: another(rng, people=80),
        "300 people along one trait, no classes: two": lambda rng: another(rng, 1, trait=1.0),
    }


@statement(
    "idic_lab.differentiate.needs.willingness_to_pay", "95% interval of what an option is worth", "43", repeats=240
)
def _():
    def held(rng, classes=1, **how):
        told, _ = interview(rng, tastes=TASTES[:classes], **how)
        model = needs.fit_choices(told, classes, n_init=4)
        table = needs.willingness_to_pay(told, model, AGAINST, 100, random_state=int(rng.integers(1e9)))
        worth = np.mean([steel / slope for steel, _, slope in TASTES[:classes]])
        return holds(table.set_index(["segment", "item"]).loc[("all", "steel"), ["low", "high"]], worth)

    return {
        "300 people, eight choices, one taste": held,
        "300 people of two tastes, two classes": lambda rng: held(rng, 2),
        "60 people, three choices": lambda rng: held(rng, people=60, tasks=3),
        "a fifth choose by lot, one class": lambda rng: held(rng, careless=0.2),
        "prices that hardly differ": lambda rng: held(rng, prices=(10.0, 12.0)),
    }


@statement(
    "idic_lab.differentiate.behaviour.regularity",
    "95% interval of the regularity of a customer base",
    "26",
    repeats=240,
)
def _():
    def shape(rng, customers=400, k=2.0, drift=0.0):
        gaps = rng.gamma(k, 1, (customers, 4)) * 40 * rng.gamma(2, 0.5, (customers, 1)) / k + 4
        gaps = gaps * np.exp(drift * np.arange(4))
        day = np.round(np.c_[np.zeros(customers), gaps.cumsum(axis=1)]).astype(int)
        buys = pd.DataFrame({"customer_id": np.repeat(np.arange(customers), 5), "amount": 1.0})
        buys["date"] = pd.Timestamp("2020-01-01") + pd.to_timedelta(day.ravel(), unit="D")
        found = behaviour.regularity(buys, int(rng.integers(1e9)))
        return found.k if customers > 10_000 else holds([found.low, found.high], truth(k))

    @lru_cache
    def truth(k):
        return shape(np.random.default_rng(1), 200_000, k)

    return {
        "400 customers, gaps more regular than chance": shape,
        "60 customers": lambda rng: shape(rng, 60),
        "bursts": lambda rng: shape(rng, k=0.7),
        "gaps that grow by a fifth each time": lambda rng: shape(rng, drift=0.2),
    }


def judged(rng, n):
    """Customers with what is known of them and what they spend later."""
    level, recency = rng.normal(size=n), rng.exponential(100, n)
    spend = np.exp(3 + level + 0.8 * rng.normal(size=n))
    later = np.exp(3 + level + rng.normal(size=n)) * (rng.random(n) < np.exp(-recency / 200) * 0.6)
    scores = {f"{one}_score": rng.integers(1, 6, n) for one in "rfm"}
    table = pd.DataFrame({"customer_id": np.arange(n), "recency_days": recency, "frequency": 1, "monetary": spend})
    return table.assign(**scores), pd.DataFrame({"customer_id": np.arange(n), "holdout_spend": later})


@statement(
    "idic_lab.differentiate.rfm.capture_difference",
    "95% interval of how much more spend a ranking captures",
    "21",
    repeats=250,
)
def _():
    def difference(rng, n=600, draws=200):
        found = rfm.capture_difference(
            *judged(rng, n), "monetary alone", "recency alone", n_bootstrap=draws, random_state=int(rng.integers(1e9))
        )
        return found[0] if draws == 1 else holds(found, truth())

    @lru_cache
    def truth():
        return difference(np.random.default_rng(1), 300_000, 1)

    return {"600 customers": difference, "100 customers": lambda rng: difference(rng, 100)}


AHEAD = 39.0
SPENDS = {"p": 6.0, "q": 4.0, "gamma": 15.0}


def shoppers(rng, people=1_200, spread=0.0, season=False, leaving=1.0):
    """Customers of BG/NBD and gamma-gamma: their summary, and what they buy and are worth in the 39 weeks after."""
    rate = rng.gamma(0.6, 1 / 4.4, people) * np.exp(spread * rng.normal(size=people))
    leaves, age = leaving * rng.beta(0.8, 2.4, people), rng.integers(189, 280, people) / 7
    mean = SPENDS["gamma"] / rng.gamma(SPENDS["q"], 1, people)
    x, recency, money, later, worth = np.zeros((5, people))
    now, going = np.zeros(people), np.arange(people)
    while len(going):
        now[going] += rng.exponential(1 / np.maximum(rate[going], 1e-12))
        going = going[now[going] < age[going] + AHEAD]
        past = now[going] < age[going]
        amount = rng.gamma(SPENDS["p"], 1, len(going)) * mean[going]
        future = ~past & (rng.random(len(going)) < (0.5 if season else 1.0))
        before, after = going[past], going[future]
        x[before] += 1
        recency[before] = now[before]
        money[before] += amount[past]
        later[after] += 1
        worth[after] += 0.3 * amount[future] * 1.15 ** (-(now[after] - age[after]) * 7 / 365)
        going = going[rng.random(len(going)) >= leaves[going]]
    table = pd.DataFrame({"customer_id": np.arange(people).astype(str), "frequency": x, "recency": recency, "T": age})
    return table.assign(monetary_value=money / np.maximum(x, 1), unit_days=7.0), later, worth


@statement("idic_lab.differentiate.clv.total_interval", "95% interval of what all will buy", "24", repeats=240)
def _():
    def total(rng, *models, **how):  # of several models, by the one with the lowest AIC
        summary, later, _ = shoppers(rng, **how)
        model = min((clv.fit(summary, name) for name in models or ["bg_nbd"]), key=lambda fitted: fitted.aic)
        return holds(clv.total_interval(model, summary, AHEAD).loc[0, ["low", "high"]], later.sum())

    return {
        "1,200 customers of BG/NBD": total,
        "300 customers": lambda rng: total(rng, people=300),
        "the same judged by Pareto/NBD": lambda rng: total(rng, "pareto_nbd"),
        "the same judged by the one of the two with the lower AIC": lambda rng: total(rng, "bg_nbd", "pareto_nbd"),
        "rates that vary more than gamma-distributed ones": lambda rng: total(rng, spread=0.7),
        "half as much is bought after the cut, as after Christmas": lambda rng: total(rng, season=True),
        "nobody leaves, and what tells of leaving is at its limit": lambda rng: total(rng, leaving=0.0),
        "one purchase in 200 is the last": lambda rng: total(rng, leaving=0.02),
    }


@statement(
    "idic_lab.differentiate.clv.predict_interval",
    "so many purchases one customer will make: 95% or more",
    "24",
    "bound",
    repeats=150,
)
def _():
    def one(rng, **how):
        summary, later, _ = shoppers(rng, **how)
        model, who = clv.fit(summary), int(rng.choice(np.flatnonzero(summary["frequency"] > 2)))
        return holds(clv.predict_interval(model, summary.iloc[[who]], AHEAD).iloc[0][["low", "high"]], later[who])

    return {
        "1,200 customers of BG/NBD, one who bought often": one,
        "rates that vary more than gamma-distributed ones": lambda rng: one(rng, spread=0.7),
    }


@statement("idic_lab.differentiate.clv.equity_interval", "95% interval of what all are worth", "24, 27", repeats=240)
def _():
    def equity(rng, **how):
        summary, _, worth = shoppers(rng, **how)
        buys, spends = clv.fit(summary), clv.fit(summary, "gamma_gamma")
        found = clv.equity_interval(buys, spends, summary, 7 * AHEAD, margin=0.3)
        return holds(found.loc[0, ["low", "high"]], worth.sum())

    return {
        "1,200 customers of BG/NBD and gamma-gamma": equity,
        "rates that vary more than gamma-distributed ones": lambda rng: equity(rng, spread=0.7),
        "half as much is bought after the cut, as after Christmas": lambda rng: equity(rng, season=True),
    }


def newcomers(rng, n=300, wait=120.0, ever=0.6, clumped=0.0):
    """First purchases over a year, and the second purchase of those who come back."""
    first = rng.integers(0, 365, n) if not clumped else rng.choice([10, 340], n, p=[1 - clumped, clumped])
    second = first + np.ceil(rng.exponential(wait, n)).astype(int)
    back = (rng.random(n) < ever) & (second < 365)
    who, day = np.r_[np.arange(n), np.flatnonzero(back), n], np.r_[first, second[back], 364]
    days = pd.Timestamp("2024-01-01") + pd.to_timedelta(day, unit="D")
    return pd.DataFrame({"customer_id": who.astype(str), "date": days, "amount": 1.0})


@statement(
    "idic_lab.differentiate.audit.second_purchase", "95% interval of the share back within 60 days", "22", repeats=800
)
def _():
    def back(rng, wait=120.0, ever=0.6, **how):
        curve = audit.second_purchase(newcomers(rng, wait=wait, ever=ever, **how))
        return holds(audit.back_within(curve, 60)[["low", "high"]], ever * (1 - np.exp(-60 / wait)))

    return {
        "300 newcomers over a year": back,
        "40 newcomers": lambda rng: back(rng, n=40),
        "300 newcomers, few of whom come back": lambda rng: back(rng, ever=0.05),
    }


@statement(
    "idic_lab.differentiate.audit.cohorts", "95% interval of the share of a cohort that comes back", "22", repeats=800
)
def _():
    def first(rng, wait=20.0, ever=0.4, **how):
        table = audit.cohorts(newcomers(rng, wait=wait, ever=ever, **how)).dropna(subset="back")
        row = table.iloc[0]
        return holds(row[["low", "high"]], ever * (1 - np.exp(-row["days"] / wait)))

    return {
        "300 newcomers over a year": first,
        "60 newcomers, few of whom come back": lambda rng: first(rng, n=60, ever=0.05),
    }
