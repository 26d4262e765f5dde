"""Regressions by customer, contacts, answers and reviews, on the grounds on which they are tried."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import pandas as pd
from proving import holds, statement

from idic_lab.inference import regression
from idic_lab.interact import channels, consent, dialogue, feedback
from idic_lab.meridian import trials
from idic_lab.meridian.settings import settings


def answers(rng, customers=200, each=4, slope=-0.5, own=0.8, link="logit", by_customer=True):
    """Yes and no of customers who have a level of their own, and a feature that is theirs or their observation's."""
    owner = np.repeat(np.arange(customers), 1 + rng.poisson(each - 1, customers))
    x = rng.normal(size=customers)[owner] if by_customer else rng.normal(size=len(owner))
    if link == "log":  # a level that multiplies the chance leaves the slope as it is
        level = rng.gamma(1 / own**2, own**2, customers)[owner] if own else 1.0
        chance = np.minimum(0.12 * level * np.exp(slope * x), 1)
    else:
        chance = 1 / (1 + np.exp(0.5 - slope * x))
        if own:  # the customer's own chance has the logit's as its mean, so that the slope stays what it is
            chance = rng.beta(*(_of_customers(part / own, owner) for part in (chance, 1 - chance)))[owner]
    features = pd.DataFrame({"constant": 1.0, "x": x})
    return features, rng.random(len(owner)) < chance, owner


def _of_customers(values, owner):
    return values[np.r_[0, np.flatnonzero(np.diff(owner)) + 1]]


@statement(
    "idic_lab.inference.regression.regression", "95% interval of a log odds ratio or log ratio of chances", "31, 32"
)
def _():
    def found(rng, slope=-0.5, **how):
        features, outcome, owner = answers(rng, slope=slope, **how)
        try:
            table = regression.regression(features, outcome, owner, link=how.get("link", "logit"))
        except regression.FitError:
            return None
        return holds(table.loc[1, ["estimate", "low", "high"]], slope)

    return {
        "200 customers of four answers each, a feature of the customer": found,
        "25 customers": lambda rng: found(rng, customers=25),
        "12 customers": lambda rng: found(rng, customers=12),
        "log link, 200 customers": lambda rng: found(rng, link="log", own=0.6, slope=-0.3),
        "log link, 25 customers of ten contacts": lambda rng: found(
            rng, link="log", customers=25, each=10, own=0.6, slope=-0.3
        ),
    }


def contacted(rng, customers=300, each=8, fall=0.25, level=0.8, chased=0.0):
    """Contacts of customers over a year; with `chased`, those who react more are contacted more."""
    own = rng.gamma(1 / level**2, level**2, customers)
    n = np.maximum(rng.poisson(each * own**chased), 1)
    who = np.repeat(np.arange(customers), n)
    day = np.sort(rng.integers(0, 365, len(who)) + 1_000_000 * who) - 1_000_000 * who
    table = pd.DataFrame({"customer_id": who, "day": day, "channel": rng.choice(["email", "phone"], len(who))})
    key = who * 10_000 + day
    table["recent_contacts"] = np.arange(len(key)) - np.searchsorted(key, key - 28, side="left")
    rate = np.where(table["channel"] == "email", 0.12, 0.2) * own[who] * np.exp(-fall * table["recent_contacts"])
    return table.assign(responded=rng.random(len(who)) < rate, cost=np.where(table["channel"] == "email", 0.1, 4.0))


@statement("idic_lab.interact.channels.fatigue", "95% interval of the fall per recent contact (within customers)", "31")
def _():
    def fall(rng, method=0, **how):
        table = channels.fatigue(contacted(rng, **how))
        if table["method"].iloc[0] != "within customers":
            return None
        return holds(table.loc[method, ["fatigue", "low", "high"]], 0.25)

    return {
        "300 customers of eight contacts": fall,
        "60 customers": lambda rng: fall(rng, customers=60),
        "who reacts more is contacted more": lambda rng: fall(rng, chased=1.0),
        "the same, by all contacts": lambda rng: fall(rng, method=1, chased=1.0),
    }


@statement("idic_lab.interact.channels.response_by", "95% interval of a channel's response rate", "31")
def _():
    def rate(rng, customers=300, tie=0.3):
        a = 0.15 * (1 / tie - 1)
        own, n = rng.beta(a, a * 0.85 / 0.15, customers), 1 + rng.poisson(3, customers)
        who = np.repeat(np.arange(customers), n)
        made = pd.DataFrame({"customer_id": who, "channel": "email", "responded": rng.random(len(who)) < own[who]})
        return holds(channels.response_by(made).loc[0, ["low", "high"]], 0.15)

    return {
        "300 customers of four contacts": rate,
        "30 customers": lambda rng: rate(rng, customers=30),
        "a few react always, the rest never": lambda rng: rate(rng, tie=0.9),
    }


@statement(
    "idic_lab.interact.channels.response_by_recent_contacts",
    "95% interval of the response rate after so many contacts",
    "31",
    repeats=600,
)
def _():
    def first(rng, customers=300):
        made = contacted(rng, customers, fall=0.0)
        table = channels.response_by_recent_contacts(made.assign(channel="email", responded=_drawn(rng, made)))
        return holds(table.loc[0, ["low", "high"]], 0.15)

    def _drawn(rng, made):
        own = rng.beta(0.6, 3.4, made["customer_id"].max() + 1)
        return rng.random(len(made)) < own[made["customer_id"]]

    return {"rested, 300 customers": first, "rested, 40 customers": lambda rng: first(rng, 40)}


@statement("idic_lab.interact.channels.cost_per_response", "95% interval of the cost of a response", "31", repeats=600)
def _():
    def cost(rng, customers=300, tie=0.3):
        a = 0.15 * (1 / tie - 1)
        own, n = rng.beta(a, a * 0.85 / 0.15, customers), 1 + rng.poisson(3, customers)
        who = np.repeat(np.arange(customers), n)
        made = pd.DataFrame({"customer_id": who, "channel": "phone", "responded": rng.random(len(who)) < own[who]})
        made["cost"] = rng.gamma(4, 1.0, len(who))
        table = channels.cost_per_response(made, random_state=int(rng.integers(1e9)))
        low, high = table.loc[0, ["low", "high"]]
        return bool(low <= 4 / 0.15 <= high)

    return {
        "300 customers of four contacts": cost,
        "40 customers": lambda rng: cost(rng, customers=40),
        "a few react always, the rest never": lambda rng: cost(rng, tie=0.9),
    }


@statement(
    "idic_lab.interact.channels.shrunk_rates",
    "90% credible interval of a customer's own rate",
    "31",
    nominal=0.9,
    repeats=600,
)
def _():
    def mine(rng, customers=300, draw=lambda rng, n: rng.beta(0.9, 5.1, n)):
        own, n = draw(rng, customers), rng.poisson(4, customers)
        who = np.repeat(np.arange(customers), n)
        made = pd.DataFrame({"customer_id": who, "channel": "email", "responded": rng.random(len(who)) < own[who]})
        people = pd.DataFrame({"customer_id": np.arange(customers), "segment": "everyone"})
        table = channels.shrunk_rates(made, people).set_index("customer_id")
        one = rng.integers(customers)
        return holds(table.loc[one, ["low", "high"]], own[one])

    return {
        "300 customers of four contacts, rates of a beta distribution": mine,
        "60 customers": lambda rng: mine(rng, 60),
        "two kinds: one in five reacts to half, the others to a twentieth": lambda rng: mine(
            rng, draw=lambda rng, n: np.where(rng.random(n) < 0.2, 0.5, 0.05)
        ),
    }


def asked(rng, customers=800, least=0.15, most=0.6, tie=0.0):
    """Satisfaction of 1 to 5 of customers, the loyal more content and likelier to answer; true mean beside."""
    orders = 1 + rng.poisson(2, customers)
    chance = np.clip(least + (most - least) * orders / 8 + tie * rng.normal(size=customers), 0.02, 1)
    answer = np.clip(np.round(2.4 + 0.35 * orders + rng.normal(size=customers)), 1, 5)
    said = rng.random(customers) < chance
    return pd.DataFrame({"customer_id": np.arange(customers).astype(str), "orders": orders, "answer": answer}), said


@lru_cache
def _mean_answer():
    people, _ = asked(np.random.default_rng(1), 2_000_000)
    return people["answer"].mean()


@statement(
    "idic_lab.interact.feedback.weighted_satisfaction",
    "95% interval of the mean answer of all customers",
    "32",
    repeats=600,
)
def _():
    def weighted(rng, customers=800, **how):
        people, said = asked(rng, customers, **how)
        features = people[["customer_id"]].assign(log_orders=np.log(people["orders"]))
        weights = feedback.response_weights(features, people.loc[said, "customer_id"])
        return holds(list(feedback.weighted_satisfaction(people[said], weights).values())[:3], _mean_answer())

    return {
        "800 customers, the loyal answer more": weighted,
        "150 customers": lambda rng: weighted(rng, 150),
        "some hardly ever answer": lambda rng: weighted(rng, least=0.0, most=0.5),
    }


@statement("idic_lab.interact.feedback.customer_satisfaction", "95% interval of the share satisfied", "32")
def _():
    shares = np.array([0.05, 0.1, 0.2, 0.4, 0.25])

    def satisfied(rng, n=150, column="low", weigh=None):
        said = pd.Series(rng.choice(5, n, p=shares) + 1)
        weights = None if weigh is None else np.where(rng.random(n) < 0.2, weigh, 1.0)
        row = feedback.customer_satisfaction(said, weights).iloc[0]
        truth = 0.65 if column == "low" else shares @ np.arange(1, 6)
        return holds(row[[column, column.replace("low", "high")]], truth)

    return {
        "150 respondents": satisfied,
        "the mean answer of 150": lambda rng: satisfied(rng, column="mean_low"),
        "the mean answer of 12": lambda rng: satisfied(rng, 12, "mean_low"),
        "150 of whom every fifth stands for six": lambda rng: satisfied(rng, weigh=6.0),
    }


@statement("idic_lab.interact.feedback.net_promoter_score", "95% interval of the Net Promoter Score", "32")
def _():
    def points(rng, n=150, shares=(0.2, 0.35, 0.45)):
        said = pd.Series(np.array([4, 7, 10])[rng.choice(3, n, p=shares)])
        return holds(feedback.net_promoter_score(said).loc[0, ["low", "high"]], 100 * (shares[2] - shares[0]))

    return {
        "150 respondents": points,
        "15 respondents, nearly all promoters": lambda rng: points(rng, 15, (0.03, 0.07, 0.9)),
    }


@statement("idic_lab.interact.feedback.sentiment_accuracy", "95% interval of the share of reviews judged right", "32")
def _():
    def accuracy(rng, texts=300, copies=0.5, right=0.85):
        n = rng.geometric(1 / (1 + copies), texts)
        judged = pd.DataFrame({"text": np.repeat(np.arange(texts).astype(str), n), "stars": 5})
        return holds(
            feedback.sentiment_accuracy(
                judged.assign(correct=pd.array(np.repeat(rng.random(texts) < right, n), dtype="boolean"))
            ).loc[0, ["low", "high"]],
            right,
        )

    return {
        "300 texts, some copied": accuracy,
        "25 texts": lambda rng: accuracy(rng, 25),
        "300 texts, copied ten times on average": lambda rng: accuracy(rng, copies=10),
        "300 texts, 99% right": lambda rng: accuracy(rng, right=0.99),
    }


@statement("idic_lab.interact.feedback.stars_by_topic", "95% interval of a topic's mean stars", "32", repeats=600)
def _():
    def stars(rng, writers=100, each=1.5, copious=0.0):
        own = rng.normal(3.4, 0.8, writers)
        n = 1 + rng.poisson(np.maximum(each - 1, 1e-9) * np.exp(copious * (rng.normal(size=writers) - copious / 2)))
        who = np.repeat(np.arange(writers), n)
        given = np.clip(np.round(own[who] + rng.normal(size=len(who))), 1, 5)
        ids = np.arange(len(who)).astype(str)
        reviews = pd.DataFrame({"review_id": ids, "record_id": who, "stars": given})
        topics = feedback.Topics(None, pd.DataFrame({"review_id": ids, "topic": "handle", "weight": 1.0}), [])
        return holds(feedback.stars_by_topic(reviews, topics).loc[0, ["low", "high"]], _mean_stars())

    return {
        "100 writers": stars,
        "10 writers": lambda rng: stars(rng, 10),
        "40 writers, a few of whom write most": lambda rng: stars(rng, 40, 4, 1.5),
    }


@lru_cache
def _mean_stars():
    return np.clip(np.round(np.random.default_rng(1).normal(3.4, np.sqrt(1.64), 4_000_000)), 1, 5).mean()


def left(rng, customers=400, slope=-0.4):
    answer, purchases = rng.integers(1, 6, customers), 1 + rng.poisson(2, customers)
    table = pd.DataFrame({"customer_id": np.arange(customers), "answer": answer, "purchases": purchases})
    table["days_since_purchase"] = rng.integers(1, 100, customers)
    chance = 1 / (1 + np.exp(-(1.0 + slope * answer - 0.5 * np.log(purchases))))
    return table.assign(left=rng.random(customers) < chance)


@statement(
    "idic_lab.interact.feedback.leaving_odds",
    "95% interval of the odds of leaving per point of the scale",
    "32",
    repeats=600,
)
def _():
    def odds(rng, customers=400, slope=-0.4):
        try:
            table = feedback.leaving_odds(left(rng, customers, slope)).set_index(["model", "term"])
        except regression.FitError:
            return None
        return holds(table.loc[("with past purchases", "answer"), ["low", "high"]], np.exp(slope))

    return {
        "400 customers": odds,
        "60 customers": lambda rng: odds(rng, 60),
        "200 customers of whom few leave": lambda rng: odds(rng, 200, -1.0),
    }


@statement("idic_lab.interact.feedback.leaving_by_answer", "95% interval of the share that left, by answer", "32")
def _():
    def share(rng, customers=400, chance=0.3):
        table = pd.DataFrame({"answer": rng.integers(1, 6, customers), "left": rng.random(customers) < chance})
        return holds(feedback.leaving_by_answer(table).loc[0, ["low", "high"]], chance)

    return {"400 customers": share, "60 customers, 5% leave": lambda rng: share(rng, 60, 0.05)}


@statement(
    "idic_lab.interact.dialogue.compare_orders",
    "95% interval of the share of questions that adapting saves",
    "32",
    repeats=240,
)
def _():
    def imagined(seed, people, own=0.0):
        rng = np.random.default_rng(seed)
        items = pd.DataFrame([[0.9, 0.2, 0.3, 0.5], [0.2, 0.9, 0.4, 0.5], [0.3, 0.3, 0.9, 0.5]], columns=list("abcd"))
        segment = rng.integers(0, 3, people)
        trait = own * rng.normal(size=people)[:, None]
        chance = 1 / (1 + np.exp(-(np.log(items / (1 - items)).to_numpy()[segment] + trait)))
        said = pd.DataFrame((rng.random(chance.shape) < chance).astype(float), columns=items.columns)
        beliefs = dialogue.starting_beliefs(said.index, pd.Series(np.full(3, 1 / 3), index=items.index))
        table, _ = dialogue.compare_orders(said, items, beliefs, {"printed": list("dcba")}, random_state=seed % 1000)
        return table.set_index("order").loc["printed", ["saving", "low", "high"]]

    @lru_cache
    def truth(own):
        return imagined(7, 8_000, own)["saving"]

    def saved(rng, people=150, own=0.0):
        return holds(imagined(int(rng.integers(1e9)), people, own), truth(own))

    return {
        "150 customers": saved,
        "30 customers": lambda rng: saved(rng, 30),
        "150 customers with a way of answering of their own": lambda rng: saved(rng, own=1.0),
    }


@statement(
    "idic_lab.interact.consent.price_of_consent", "95% interval of what one more consent costs", "34", repeats=400
)
def _():
    def found(rng, step=1, rows=None, **switches):
        chosen = settings(**switches)
        trial = trials.draw_consent_trial(rng, chosen)
        trial = trial if rows is None else trial.groupby("reward").head(rows)
        row = consent.price_of_consent(trial).iloc[step]
        reward, (less, more) = trials.REWARDS[step - 1 : step + 1], trials.say_yes(chosen)[step - 1 : step + 1]
        price = reward[1] + np.diff(reward)[0] * less / (more - less) if more > less else np.inf
        return bool(row["low"] <= price <= row["high"])

    return {
        "3,000 for each voucher, 30% for 2 against 20%": found,
        "42% for 10 against 38% for 5": lambda rng: found(rng, 3),
        "a voucher that moves nobody": lambda rng: found(rng, rewards=False),
        "60 for each voucher": lambda rng: found(rng, rows=60),
    }
