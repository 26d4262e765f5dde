"""Campaigns, prices and products, on the grounds on which they are tried."""

from __future__ import annotations

import warnings
from functools import lru_cache

import numpy as np
import pandas as pd
from proving import holds, statement
from scipy.optimize import minimize_scalar
from scipy.special import expit
from sklearn.linear_model import LinearRegression

from idic_lab.customize import offers, pricing, products
from idic_lab.errors import FitError
from idic_lab.monitor import loop


def trial(rng, n=1_000, share=0.5, spread=0.8, effect=0.5):
    """A campaign whose offer is worth more to those with a high `orders`; profit is skewed."""
    orders = rng.normal(size=n)
    given = rng.permutation(n) < round(share * n)
    profit = np.exp(spread * rng.normal(size=n) - spread**2 / 2) + given * effect * orders
    arm = np.where(given, "offer", "control")
    return pd.DataFrame({"customer_id": np.arange(n), "orders": orders, "arm": arm, "profit": profit})


HALF_NORMAL = float(1 / np.sqrt(2 * np.pi))


@statement("idic_lab.customize.offers.average_effect", "95% interval of a campaign's mean effect", "42, 51")
def _():
    def effect(rng, **how):
        table = offers.average_effect(trial(rng, **how), ("profit",))
        return holds(table.loc[0, ["low", "high"]], 0.0)

    def rare(rng, n=1_000, chance=0.01):
        bought = rng.random(n) < chance
        given = rng.permutation(n) < n // 2
        made = pd.DataFrame({"arm": np.where(given, "offer", "control"), "profit": 100 * bought - 0.5 * given})
        return holds(offers.average_effect(made, ("profit",)).loc[0, ["low", "high"]], -0.5)

    return {
        "1,000 customers, half of them treated": effect,
        "a tenth without contact": lambda rng: effect(rng, share=0.9),
        "heavier tail: lognormal(1.6), a tenth without contact": lambda rng: effect(rng, spread=1.6, share=0.9),
        "one in a hundred buys": rare,
    }


def rule(results):
    return pd.Series(np.where(results["orders"] > 0, "offer", "control"), index=results.index)


@statement("idic_lab.customize.offers.policy_value", "95% interval of what a rule earns more than nothing", "42")
def _():
    def gain(rng, method="doubly robust", learnt=False, **how):
        results = trial(rng, **how)
        expected = pd.DataFrame({"control": 1.0, "offer": 1.0 + 0.5 * results["orders"]})
        if learnt:
            expected = offers.expected_outcomes(results, regressor=LinearRegression(), random_state=1)
        nobody = pd.Series("control", index=results.index)
        found = offers.policy_value(results, rule(results), expected, method=method, against=nobody)
        return holds([found["low"], found["high"]], 0.5 * HALF_NORMAL)

    return {
        "1,000 customers, a rule fixed beforehand": gain,
        "expected outcomes learned from the same campaign": lambda rng: gain(rng, learnt=True),
        "by weighting": lambda rng: gain(rng, "weighting"),
        "300 customers, a tenth without contact, lognormal(1.6)": lambda rng: gain(rng, n=300, share=0.9, spread=1.6),
    }


@statement(
    "idic_lab.customize.offers.policy_value",
    "95% interval of what a learned policy earns, judged on the customers it was learned from by parts",
    "42",
    repeats=1_000,
)
def _():
    def gain(rng, effect=0.5, **how):
        results = trial(rng, effect=effect, **how)
        gains = offers.uplift(results, "profit", "T-learner", random_state=1, regressor=LinearRegression())
        expected = offers.expected_outcomes(results, regressor=LinearRegression(), random_state=1)
        policy, nobody = offers.best_arm(gains), pd.Series("control", index=results.index)
        found = offers.policy_value(results, policy, expected, against=nobody)
        treated = results["orders"][policy == "offer"]
        edge = treated.min() if len(treated) else np.inf  # who wants more is treated: so will they be in the population
        worth = effect * np.exp(-(edge**2) / 2) / np.sqrt(2 * np.pi)
        return holds([found["low"], found["high"]], worth)

    return {
        "1,000 customers, an effect that differs": gain,
        "no effect at all": lambda rng: gain(rng, effect=0.0),
        "300 customers, lognormal(1.6)": lambda rng: gain(rng, n=300, spread=1.6),
    }


@statement(
    "idic_lab.customize.offers.value_on_fresh_customers",
    "95% interval of what a choice under a budget earns",
    "42",
    repeats=300,
)
def _():
    def gain(rng, effect=0.5, **how):
        results = trial(rng, effect=effect, **how).assign(converted=True, contact_cost=0.5)
        results["margin"] = results["profit"] + 0.5
        found = offers.value_on_fresh_customers(results, "T-learner", 0.25, 1, LinearRegression()).iloc[0]
        return holds(found[["low", "high"]], effect * len(results) * 0.3178)  # of the best quarter of a normal trait

    return {
        "800 customers, an effect of two deviations": lambda rng: gain(rng, n=800, effect=2.0),
        "no effect at all": lambda rng: gain(rng, n=800, effect=0.0),
    }


@statement("idic_lab.customize.offers.bands", "95% interval of the area under a Qini curve", "42", repeats=600)
def _():
    def area(rng, n=1_800, base=0.1, more=0.06):
        score, given = rng.random(n), rng.random(n) < 0.5
        bought = rng.random(n) < base + given * more * score
        _, interval = offers.bands(bought, score, given, n_bootstrap=200, random_state=int(rng.integers(1e9)))
        # of the Qini curve: the gain of the first x is half of more * (x - x^2 / 2), and chance is half of more * x / 2
        return holds(interval, more / 2 * (1 / 2 - 1 / 6 - 1 / 4))

    return {
        "1,800 customers, one in ten buys": area,
        "no effect at all": lambda rng: area(rng, more=0.0),
        "300 customers, one in fifty buys": lambda rng: area(rng, 300, 0.02, 0.02),
    }


@statement("idic_lab.customize.offers.judge_ranking", "95% interval of a Qini coefficient", "42", repeats=600)
def _():
    def coefficient(rng, n=1_800, base=0.1, more=0.06, truth=None):
        score, given = rng.random(n), rng.random(n) < 0.5
        results = pd.DataFrame({"arm": np.where(given, "offer", "control")})
        results["converted"] = rng.random(n) < base + given * more * score
        found = offers.judge_ranking(results, pd.DataFrame({"offer": score}), int(rng.integers(1e9)))[1]
        return found["qini"] if truth is None else holds([found["low"], found["high"]], truth)

    @lru_cache
    def large():
        return coefficient(np.random.default_rng(1), 300_000)

    return {
        "1,800 customers, one in ten buys": lambda rng: coefficient(rng, truth=large()),
        "no effect at all": lambda rng: coefficient(rng, more=0.0, truth=0.0),
    }


@statement("idic_lab.customize.offers.fairness", "95% interval of the share of a kind who are made an offer", "42, 43")
def _():
    def share(rng, n=400, chance=0.25):
        people, kind = pd.Series(np.arange(n)), pd.Series(rng.integers(0, 5, n))
        made = pd.DataFrame({"customer_id": people, "made": rng.random(n) < chance})
        return holds(offers.fairness(made, people, kind).loc[0, ["low", "high"]], chance)

    return {"400 customers": share, "60 customers, one in twenty": lambda rng: share(rng, 60, 0.05)}


@statement(
    "idic_lab.monitor.loop.off_policy_value", "95% interval of what a policy would have earned", "53", repeats=600
)
def _():
    def value(rng, method="doubly robust", n=1_000, share=0.5, spread=0.8):
        segment = rng.integers(0, 4, n)
        given = rng.random(n) < share
        profit = np.exp(spread * rng.normal(size=n) - spread**2 / 2) + given * (segment - 1.5)
        log = pd.DataFrame({"segment": segment.astype(str), "arm": np.where(given, "offer", "control")})
        log = log.assign(chance=np.where(given, share, 1 - share), profit=profit)
        wanted = pd.DataFrame({"control": np.where(segment > 1, 0.1, 0.9), "offer": np.where(segment > 1, 0.9, 0.1)})
        found = loop.off_policy_value(log, wanted, method)
        return holds([found["low"], found["high"]], 1 + (0.9 * 2 - 0.1 * 2) / 4)

    return {
        "1,000 customers in four segments": value,
        "by weighting": lambda rng: value(rng, "weighting"),
        "self-normalised": lambda rng: value(rng, "self-normalised"),
        "200 customers, a tenth with an offer, lognormal(1.6)": lambda rng: value(rng, n=200, share=0.1, spread=1.6),
    }


PRICES = [5.0, 8.0, 11.0, 14.0, 18.0, 22.0]


def shown(rng, customers=2_000, each=(1, 1, 1, 4), taste=0.0, slope=0.25, intercept=2.0):
    """Showings at prices drawn by lot; taste is what a customer's log odds stray by, whatever the price."""
    times = rng.choice(each, customers)
    who = np.repeat(np.arange(customers), times)
    price = rng.choice(PRICES, len(who))
    odds = intercept + taste * rng.normal(size=customers)[who] - slope * price
    return pd.DataFrame({"customer_id": who, "price": price, "bought": rng.random(len(who)) < 1 / (1 + np.exp(-odds))})


@lru_cache
def best_price(taste, slope=0.25, intercept=2.0):
    """The price that earns most by the demand curve nearest to that of customers with tastes."""
    import statsmodels.api as sm

    nodes, weights = np.polynomial.hermite_e.hermegauss(60)
    odds = intercept + taste * nodes - slope * np.array(PRICES)[:, None]
    chance = 1 / (1 + np.exp(-odds)) @ (weights / weights.sum())
    design = np.column_stack([np.ones(len(PRICES)), -np.array(PRICES)])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the curve goes through the points, and statsmodels takes that for separation
        level, fall = sm.GLM(chance, design, sm.families.Binomial()).fit().params
    return minimize_scalar(lambda price: -(price - 3.0) * expit(level - fall * price), (3.0, 15.0)).x


@statement("idic_lab.customize.pricing.demand", "95% interval of the price that earns most", "43", repeats=500)
def _():
    def price(rng, customers=2_000, taste=0.0, **how):
        try:
            table = pricing.demand(shown(rng, customers, taste=taste, **how), 3.0)
        except FitError:
            return None
        return holds(table.loc[0, ["best_price_low", "best_price_high"]], best_price(taste))

    return {
        "2,000 customers, up to four showings": price,
        "120 customers": lambda rng: price(rng, 120),
        "tastes of their own": lambda rng: price(rng, taste=2.0),
        "tastes of their own, 400 customers of four showings": lambda rng: price(rng, 400, 2.0, each=(4,)),
    }


@statement("idic_lab.customize.pricing.demand", "95% interval of an estimated segment's best price", "43", repeats=500)
def _():
    def price(rng, customers=2_000, taste=0.0):
        keen = rng.random(customers) < 0.5
        sure = rng.beta(4, 1, customers) / 2 + 0.5  # how probable the segment is that a customer is placed in
        placed = np.where(rng.random(customers) < sure, keen, ~keen)
        tests = shown(rng, customers, taste=taste, slope=np.nan)
        who, cost = tests["customer_id"].to_numpy(), tests["price"].to_numpy()
        odds = 2.0 + taste * rng.normal(size=customers)[who] - np.where(keen[who], 0.12, 0.35) * cost
        tests["bought"] = rng.random(len(who)) < 1 / (1 + np.exp(-odds))
        groups = pd.DataFrame({"customer_id": np.arange(customers), "probability": sure})
        groups["segment"] = np.where(placed, "keen", "thrifty")
        try:
            row = pricing.demand(tests, 3.0, groups).set_index("segment").loc["keen"]
        except FitError:
            return None
        return holds(row[["best_price_low", "best_price_high"]], best_price(taste, 0.12))

    return {
        "2,000 customers, segments as sure as stated": price,
        "400 customers": lambda rng: price(rng, 400),
        "tastes of their own": lambda rng: price(rng, taste=1.5),
    }


@statement("idic_lab.customize.pricing.fairness", "95% interval of the mean price that a kind of people is shown", "43")
def _():
    model = pd.DataFrame({"segment": ["keen", "thrifty"], "best_price": [15.0, 8.0]})

    def price(rng, customers=400, keen=0.4):
        ids = np.arange(customers)
        groups = pd.DataFrame(
            {"customer_id": ids, "segment": np.where(rng.random(customers) < keen, *model["segment"])}
        )
        people = pd.DataFrame(
            {"customer_id": ids, "age_band": rng.choice(["under 25", "25-34", "35-44", "45+"], customers)}
        )
        table = pricing.fairness(model, groups, people, "age_band", 10.0)
        return holds(table.loc[0, ["low", "high"]], 15 * keen + 8 * (1 - keen))

    return {
        "100 customers of each age": price,
        "15 of each age": lambda rng: price(rng, 60),
        "100 of each age, 3% in the dearer segment": lambda rng: price(rng, keen=0.03),
    }


def baskets(rng, orders=4_000, customers=800, size=2.2, taste=0.0):
    """Orders of products drawn each by itself; with `taste`, some customers like the odd ones and some the even ones."""
    popular = 1 / np.arange(1, 41) ** 0.7
    liking = popular * np.exp(taste * rng.normal(size=(customers, 1)) * np.where(np.arange(40) % 2, 1, -1))
    owner = rng.integers(0, customers, orders)
    chance = np.minimum(size * liking / liking.sum(axis=1, keepdims=True), 0.95)[owner]
    order, product = np.nonzero(rng.random((orders, 40)) < chance)
    bought = pd.DataFrame({"order_id": order, "customer_id": owner[order], "product_id": product, "amount": 1.0})
    return bought.astype({"customer_id": "str", "product_id": "str"})


@statement(
    "idic_lab.customize.products.complements", "5% for any pair that does not belong together", "41", "test", 0.05, 400
)
def _():
    def any_pair(rng, compare="own orders", **how):
        return len(products.complements(baskets(rng, **how), compare)) > 0

    return {
        "4,000 orders of 800 customers": any_pair,
        "customers differ in taste": lambda rng: any_pair(rng, taste=1.0),
        "customers differ in taste, compared with all orders": lambda rng: any_pair(rng, "all orders", taste=1.0),
    }


@statement("idic_lab.customize.products.evaluate", "95% interval of a recommender's recall", "41", repeats=300)
def _():
    before = lru_cache(
        lambda: baskets(np.random.default_rng(5), 9_000, 9_000)
    )  # the same list each time: held as it is

    def popular_recall(rng, customers, truth=None):
        after = baskets(rng, 3 * customers, customers)
        after["customer_id"] = rng.permutation(9_000).astype(str)[after["customer_id"].astype(int)]
        row = products.evaluate({}, before(), after, k=5, n_bootstrap=200).iloc[0]
        return row["recall"] if truth is None else holds(row[["recall_low", "recall_high"]], truth)

    @lru_cache
    def large():
        return popular_recall(np.random.default_rng(2), 9_000)

    return {
        "300 customers": lambda rng: popular_recall(rng, 300, large()),
        "40 customers": lambda rng: popular_recall(rng, 40, large()),
    }
