"""The workbench's comparisons, on the grounds on which they are tried."""

from __future__ import annotations

from functools import lru_cache
from types import SimpleNamespace

import numpy as np
import pandas as pd
from proving import holds, statement
from sklearn.ensemble import RandomForestRegressor

from idic_lab import compare
from idic_lab.compare.criteria import of_use
from idic_lab.inference import resampling


def means(rng, n=300, methods=6, tie=0.6, gains=None, skewed=False):
    """What each method brings with each customer, and the means on resamples of the customers."""
    common = rng.normal(size=(n, 1))
    each = np.sqrt(tie) * common + np.sqrt(1 - tie) * rng.normal(size=(n, methods))
    each = np.exp(1.2 * each) - np.exp(0.72) if skewed else each
    each = each + (np.zeros(methods) if gains is None else gains)
    names = [f"m{place}" for place in range(methods)]
    drawn = resampling.draws_of(n, 200, int(rng.integers(1e9))) @ each / n
    return pd.Series(each.mean(axis=0), names), pd.DataFrame(drawn, columns=names)


@statement("idic_lab.inference.resampling.simultaneous", "95% for all of several intervals at once", "61, 62")
def _():
    def all_hold(rng, **how):
        table = resampling.simultaneous(*means(rng, **how))
        return bool((table["low"].le(0) & table["high"].ge(0)).all())

    return {
        "six means of 300 customers": all_hold,
        "60 customers": lambda rng: all_hold(rng, n=60),
        "skewed: lognormal(1.2)": lambda rng: all_hold(rng, skewed=True),
    }


def study(values: pd.Series, draws: pd.DataFrame) -> pd.DataFrame:
    rows = [
        {"dataset": "d", "method": name, "k": 5, "seed": 1, "criterion": "c", "value": values[name], "status": "ok"}
        | {"extra": {"draws": draws[name].to_numpy(), "none": 0.0, "none_draws": np.zeros(len(draws))}}
        for name in values.index
    ]
    return pd.DataFrame(rows)


@statement("idic_lab.compare.against_none", "95% for the gains of all methods at once", "62")
def _():
    gains = np.linspace(0, 0.5, 6)

    def all_hold(rng, **how):
        found = compare.against_none(study(*means(rng, gains=gains, **how)), "d", "c").set_index("method").sort_index()
        return bool((found["low"].le(gains) & found["high"].ge(gains)).all())

    return {
        "six methods on 300 customers": all_hold,
        "60 customers": lambda rng: all_hold(rng, n=60),
        "skewed: lognormal(1.2)": lambda rng: all_hold(rng, skewed=True),
    }


@statement("idic_lab.compare.against_none", "95% for the gain in future spend captured", "62", repeats=240)
def _():
    def captured(rng, n, apart, truth=None):
        labels = rng.integers(0, 5, n)
        spend = rng.lognormal(apart * labels, 1.0) * (rng.random(n) < 0.4)
        facts = SimpleNamespace(holdout_spend=spend, name="d")
        found = SimpleNamespace(customers=facts, labels=labels, split_seed=7, learns_from_campaign=False)
        score = of_use.holdout_value(found)
        if truth is None:
            return score.numbers["capture"] - 0.2
        row = {"dataset": "d", "method": "m", "k": 5, "seed": 1, "criterion": "c", "status": "ok"}
        row |= {"value": score.numbers["capture"], "extra": score.extra}
        return holds(compare.against_none(pd.DataFrame([row]), "d", "c").loc[0, ["low", "high"]], truth)

    def largest_fifth(apart):
        level = np.exp(apart * np.arange(5))
        return level[-1] / level.sum() - 0.2

    return {
        "1,500 customers in five segments that differ": lambda rng: captured(rng, 1_500, 0.4, largest_fifth(0.4)),
        "five segments that tell nothing": lambda rng: captured(rng, 1_500, 0.0, 0.0),
    }


@statement("idic_lab.compare.against_best", "5% for any method told apart where all are alike", "62", "test", 0.05)
def _():
    def told(rng, **how):
        return compare.against_best(study(*means(rng, **how)), "d", "c")["told_apart"].any()

    return {
        "six methods on 300 customers": told,
        "60 customers": lambda rng: told(rng, n=60),
        "skewed: lognormal(1.2)": lambda rng: told(rng, skewed=True),
    }


@statement(
    "idic_lab.compare.against_none_everywhere", "95% for the mean gains of all methods at once", "62", repeats=600
)
def _():
    def all_hold(rng, datasets=6, methods=5, skewed=False, seeds=1):
        gain = rng.normal(size=(datasets, 1)) + rng.normal(size=(datasets, methods))
        gain = np.exp(gain) - np.e if skewed else gain
        gain, datasets = (
            np.repeat(gain, seeds, axis=0) + (seeds > 1) * rng.normal(size=(datasets * seeds, methods)),
            datasets * seeds,
        )
        rows = [
            {
                "dataset": f"d{i // seeds}, seed {i % seeds}",
                "method": f"m{j}",
                "k": 5,
                "seed": 1,
                "criterion": "c",
                "value": gain[i, j],
            }
            | {"status": "ok", "extra": {"draws": [0.0], "none": 0.0, "none_draws": [0.0]}}
            for i in range(datasets)
            for j in range(methods)
        ]
        found = compare.against_none_everywhere(pd.DataFrame(rows), "c")
        return bool((found["low"].le(0) & found["high"].ge(0)).all())

    return {
        "five methods on six data sets": all_hold,
        "three data sets": lambda rng: all_hold(rng, 3),
        "gains are skewed over data sets: lognormal": lambda rng: all_hold(rng, skewed=True),
        "six worlds, three data sets drawn from each": lambda rng: all_hold(rng, seeds=3),
    }


@statement(
    "idic_lab.compare.difference_interval", "95% interval of how much better one forecast is", "24, 62", repeats=500
)
def _():
    def better(rng, measure="rmse", n=500, off=False):
        rate = rng.gamma(0.6, 2, n)
        actual, second = rng.poisson(rate).astype(float), rng.poisson(rate).astype(float)  # what was bought before
        first = (second + 0.6) / 1.5  # and what a model makes of it
        if off:
            first, second = (rate * np.exp(spread * rng.normal(size=n)) for spread in (0.3, 0.6))
        if n > 100_000:
            return compare.difference_interval(actual, first, second, measure, 2).value
        seed = int(rng.integers(1e9))
        found = compare.difference_interval(actual, first, second, measure, 200, random_state=seed)
        return holds(found, truth(measure, off))

    @lru_cache
    def truth(measure, off):
        return better(np.random.default_rng(1), measure, 500_000, off)

    return {
        "500 customers, RMSE, a model against the past rate": better,
        "500 customers, mean absolute error": lambda rng: better(rng, "mae"),
        "100 customers, share of the top tenth": lambda rng: better(rng, "top_decile_capture", 100),
        "500 customers, RMSE, forecasts that are off by a factor": lambda rng: better(rng, off=True),
    }


@statement("idic_lab.compare.criteria.campaign_profit", "95% interval of the profit by segment", "61, 62", repeats=240)
def _():
    def profit(rng, n=800, spread=0.8, effect=1.0):
        of_use.FOREST = RandomForestRegressor(2, min_samples_leaf=50, random_state=0)  # says nothing of segments
        labels, treated = rng.integers(0, 4, n), rng.random(n) < 0.5
        gain = effect * (labels - 1.5)
        campaign = pd.DataFrame({"row": np.arange(n), "treated": treated, "feature_x": rng.normal(size=n)})
        campaign["profit"] = rng.lognormal(-(spread**2) / 2, spread, n) + treated * gain
        facts = SimpleNamespace(campaign=campaign, name="d")
        found = SimpleNamespace(customers=facts, labels=labels, split_seed=3, learns_from_campaign=False)
        numbers = of_use.campaign_profit(found).numbers
        fold = np.random.default_rng(3).permutation(n) % of_use.FOLDS
        contact = of_use._learned([labels], treated, campaign["profit"].to_numpy(), fold)
        by_segment = pd.Series(contact).groupby(labels).mean()
        truth = 1 + (by_segment * effect * (by_segment.index - 1.5)).sum() / 4
        return holds([numbers["by_segment_low"], numbers["by_segment_high"]], truth)

    return {
        "800 customers in four segments": profit,
        "contact does nothing for any": lambda rng: profit(rng, effect=0.0),
        "heavier tail: lognormal(1.6)": lambda rng: profit(rng, spread=1.6),
    }


@statement("idic_lab.compare.verdicts", "5% for segments where there is one crowd", "61, 62", "test", 0.05, repeats=40)
def _():
    def found(rng, n=300, sets=20):
        from idic_lab.compare.customers import Customers
        from idic_lab.compare.registry import get_criterion, get_method
        from idic_lab.compare.segmentation import Effort, Segmentation

        trait = rng.normal(size=(n, 1))
        if sets < 0:  # one trait, more skewed than the crowd's copula
            trait = rng.exponential(size=(n, 1)) - 1
        answers = (0.8 * trait + rng.normal(size=(n, 10)) > 0.3).astype(float)
        measures = pd.DataFrame(answers, columns=[f"answer {place}" for place in range(10)])
        measures.insert(0, "customer_id", np.arange(n).astype(str))
        effort = Effort(pairs=2, null_sets=abs(sets), null_pairs=2)
        made = Segmentation(get_method("k_means"), 4, Customers("d", measures), int(rng.integers(1e6)), effort)
        rows = [
            {"dataset": "d", "method": "k_means", "k": 4, "seed": 1, "criterion": name, "measure": measure}
            | {"value": score.numbers[measure], "status": "ok", "extra": score.extra}
            for name, measure in (("global_stability", "adjusted_rand"), ("structure", "separation"))
            for score in [get_criterion(name)(made)]
        ]
        return compare.verdicts(pd.DataFrame(rows)).loc[0, "verdict"] != "constructive"

    return {
        "300 people on one trait, 20 null sets (five seeds of four)": found,
        "4 null sets (a single seed)": lambda rng: found(rng, sets=4),
        "a skewed trait, 20 null sets": lambda rng: found(rng, sets=-20),
    }
