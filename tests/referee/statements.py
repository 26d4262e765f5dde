"""Every statement of uncertainty of the package, with the grounds on which it is tried."""

from __future__ import annotations

from importlib import import_module

import numpy as np
import pandas as pd
from proving import holds, statement
from sklearn.linear_model import LinearRegression

from idic_lab.customize import offers
from idic_lab.differentiate import audit, clv
from idic_lab.inference import intervals, multiple_tests
from idic_lab.interact import dialogue
from idic_lab.meridian import opinions
from idic_lab.meridian.settings import settings
from idic_lab.pipeline import readiness, trust

# Stated, but not tried here, each with the reason.
NOT_TRIED: dict[str, str] = {
    **dict.fromkeys(
        (
            "idic_lab.cli.audit",
            "idic_lab.compare.differences",
            "idic_lab.compare.stability.null_bound",
            "idic_lab.compare.statistics.over_worlds",
            "idic_lab.compare.totals",
            "idic_lab.customize.pricing.personal_prices",
            "idic_lab.differentiate.audit.page",
            "idic_lab.differentiate.clv.equity",
            "idic_lab.differentiate.clv.from_parameters",
            "idic_lab.differentiate.clv.model_choice",
            "idic_lab.differentiate.clv.worth_by_model",
            "idic_lab.differentiate.needs.number_of_segments",
            "idic_lab.inference.alarms.limits",
            "idic_lab.inference.multiple_tests.written",
            "idic_lab.inference.regression.coefficients",
            "idic_lab.inference.resampling.draws_of",
            "idic_lab.inference.resampling.percentiles",
            "idic_lab.monitor.kpis.kpi",
            "idic_lab.monitor.kpis.measure",
            "idic_lab.monitor.loop.judge_on_other_half",
            "idic_lab.monitor.loop.proposals",
            "idic_lab.monitor.organisation.fence",
            "idic_lab.monitor.organisation.steps",
        ),
        "a part of others, or made of them: it states nothing by itself",
    ),
    "idic_lab.compare.attractiveness": "shows the range over weights, and states no rate",
    "idic_lab.differentiate.needs.choose_number": "seconds a try: of 93 sets of one crowd it found segments in one",
    "idic_lab.interact.feedback.nps_noise": "shows what chance does, by simulation",
    "idic_lab.compare.criteria.profit_when_acted_upon": "one try simulates a shop for quarters; its interval is a mean's over all customers",
    "idic_lab.compare.criteria.segment_stability": "shows the range over resamples, and states no rate",
    "idic_lab.customize.products.association_rules": "its confidence is a share of orders, and no interval",
    "idic_lab.monitor.organisation.after_complaints": "by observation; complaints given by lot: 95% held nothing in 71 of 80 cases",
    **dict.fromkeys(
        [f"idic_lab.customize.products.{name}" for name in ("community_knowledge", "need_sets", "ways_to_customize")],
        "tried 40 times each in tests/customize, where shops with planted needs are at hand",
    ),
}


def clustered(rng, people=200, each=3, share=0.3, tie=0.3):
    """Answers of people of whom each has a share of his own: hits and answers per person."""
    a, b = share * (1 / tie - 1), (1 - share) * (1 / tie - 1)
    n = 1 + rng.poisson(each - 1, people)
    return rng.binomial(n, rng.beta(a, b, people)), n


@statement(
    "idic_lab.inference.intervals.share", "95% interval of a share of independent answers", "51, 52, 53", repeats=600
)
def _():
    def independent(rng, n=120, p=0.18):
        return holds(intervals.share(rng.binomial(n, p), n), p)

    def same_people(rng):
        hits, n = clustered(rng)
        return holds(intervals.share(hits.sum(), n.sum()), 0.3)

    return {"120 independent answers, 18%": independent, "three answers of each of 200 people": same_people}


@statement("idic_lab.inference.intervals.difference_of_shares", "95% interval of a difference of shares", "33")
def _():
    def by_lot(rng, n=600, p=0.32, more=0.07):
        return holds(intervals.difference_of_shares(rng.binomial(n, p + more), n, rng.binomial(n, p), n), more)

    def same_people(rng):
        (hits, n), (others, m) = clustered(rng), clustered(rng)
        return holds(intervals.difference_of_shares(hits.sum(), n.sum(), others.sum(), m.sum()), 0.0)

    return {
        "600 customers each, 39% against 32%": by_lot,
        "30 customers each, 10% against 10%": lambda rng: by_lot(rng, 30, 0.1, 0.0),
        "three answers of each of 200 people": same_people,
    }


@statement("idic_lab.inference.intervals.ratio_of_shares", "95% interval of a ratio of shares", "34")
def _():
    def by_lot(rng, n=3_000, p=0.2, more=1.5):
        found = intervals.ratio_of_shares(rng.binomial(n, more * p), n, rng.binomial(n, p), n)
        return holds(found, more)

    return {
        "3,000 customers each, 30% against 20%": by_lot,
        "the same shares": lambda rng: by_lot(rng, more=1.0),
        "40 customers each": lambda rng: by_lot(rng, 40),
    }


@statement("idic_lab.inference.intervals.lasting", "95% interval of the share that lasts", "22, 34")
def _():
    def after_a_year(rng, n=500, lost=0.2):
        ends, watched = rng.exponential(-365 / np.log(1 - lost), n), rng.uniform(1, 900, n)
        curve = intervals.lasting(np.minimum(ends, watched), ends <= watched)
        return holds(curve[curve["days"] <= 365].iloc[-1][["low", "high"]], 1 - lost)

    return {
        "500 consents, watched for up to 900 days": after_a_year,
        "40 consents": lambda rng: after_a_year(rng, 40),
        "500, of which 2% end in a year": lambda rng: after_a_year(rng, lost=0.02),
    }


def _lot(rng, n=600, more=0.08, answers=2.5):
    asked = rng.random(2 * n) < 0.5
    return pd.DataFrame(
        {
            "asked": asked,
            "answers": asked * rng.poisson(answers, 2 * n),
            "stayed": rng.random(2 * n) < 0.31 + more * asked,
        }
    )


@statement("idic_lab.interact.dialogue.staying", "95% interval of how many more stayed", "33")
def _():
    def found(rng, n, more):
        row = dialogue.staying(_lot(rng, n, more), "asked").iloc[0]
        return row["low"] <= more <= row["high"]

    return {
        "a lot among 1,200, 8 more of a hundred": lambda rng: found(rng, 600, 0.08),
        "a lot among 60, nobody more": lambda rng: found(rng, 30, 0.0),
    }


@statement("idic_lab.interact.dialogue.worth_of_an_answer", "95% interval of what an answer is worth", "33")
def _():
    def found(rng, n, answers=2.5):
        row = dialogue.worth_of_an_answer(_lot(rng, n, answers=answers), 150.0).iloc[0]
        return row["low"] <= 0.08 * 150 / answers <= row["high"]

    return {
        "a lot among 1,200, 2.5 answers each": lambda rng: found(rng, 600),
        "a lot among 60, an answer of every fifth": lambda rng: found(rng, 30, 0.2),
    }


@statement("idic_lab.pipeline.readiness.gaps", "95% intervals of four gaps, all at once", "01", repeats=400)
def _():
    def found(rng, by="respondent_id", **switches):
        chosen = settings(**switches)
        planted = opinions.readiness_truth(chosen).pivot_table("answer", "step", "role")
        answers = opinions.readiness_answers(rng, chosen)
        answers = answers if by else answers.assign(respondent_id=range(len(answers)))
        table = readiness.gaps(answers).set_index("step").sort_index()
        return bool((planted["manager"] - planted["customer"]).between(table["low"], table["high"]).all())

    return {
        "12 managers, 150 customers, four questions a step": found,
        "managers who see what customers see": lambda rng: found(rng, readiness_gap=False),
        "every answer taken for a person": lambda rng: found(rng, by=""),
    }


@statement("idic_lab.pipeline.trust.worth_of_fields", "95% interval of what a field adds", "44", repeats=100)
def _():
    def found(rng, n=800, effect=4.0, spread=10.0):
        trial = pd.DataFrame({"customer_id": range(n), "age": rng.uniform(20, 80, n), "spend": rng.gamma(2, 50, n)})
        gain = effect * np.where(trial["age"] < 45, 1.0, -0.5)
        trial["arm"] = np.where(rng.random(n) < 0.5, "offer", "control")
        trial["profit"] = rng.normal(10, spread, n) + gain * (trial["arm"] == "offer")

        def gives(known):
            gains = offers.uplift(known, "profit", regressor=LinearRegression())
            return (offers.best_arm(gains) == "offer").to_numpy().astype(int)

        truth = (gain * (gives(trial) - gives(trial.drop(columns="age")))).mean()
        policies = trust.learnt_without(trial, ["age"], LinearRegression())
        row = trust.worth_of_fields(trial, policies, LinearRegression()).iloc[0]
        return row["low"] <= truth <= row["high"]

    return {
        "800 customers, the offer changes the young": found,
        "800 customers, the offer changes nobody": lambda rng: found(rng, effect=0.0),
        "60 customers": lambda rng: found(rng, n=60),
    }


@statement("idic_lab.inference.intervals.wilson", "95% bounds of a share", "31, 32, 52")
def _():
    return {
        "20 answers, 10%": lambda rng: holds(intervals.wilson(rng.binomial(20, 0.1), 20), 0.1),
        "300 answers, 50%": lambda rng: holds(intervals.wilson(rng.binomial(300, 0.5), 300), 0.5),
    }


@statement(
    "idic_lab.inference.intervals.clustered_share", "95% interval of a share when people answer several times", "31, 52"
)
def _():
    def people(rng, **how):
        return holds(intervals.clustered_share(*clustered(rng, **how)), how.get("share", 0.3))

    return {
        "200 people, three answers each": people,
        "30 people, ten answers each": lambda rng: people(rng, people=30, each=10),
        "200 people, 4%": lambda rng: people(rng, share=0.04),
    }


@statement("idic_lab.inference.intervals.net_promoter", "95% interval of the Net Promoter Score", "32, 52")
def _():
    def respondents(rng, n=100, shares=(0.45, 0.35, 0.2)):
        up, _, down = rng.multinomial(n, shares)
        return holds(intervals.net_promoter(up, down, n), shares[0] - shares[2])

    return {
        "100 respondents": respondents,
        "20 respondents, nearly all promoters": lambda rng: respondents(rng, 20, (0.9, 0.07, 0.03)),
    }


@statement("idic_lab.inference.intervals.mean", "95% interval of a mean of skewed money", "27, 52")
def _():
    def lognormal(rng, n=100, s=1.0):
        return holds(intervals.mean(rng.lognormal(0, s, n)), np.exp(s**2 / 2))

    return {
        "100 amounts, lognormal(1)": lognormal,
        "100 amounts, gamma(0.5)": lambda rng: holds(intervals.mean(rng.gamma(0.5, 2, 100)), 1.0),
        "100 amounts, lognormal(1.8)": lambda rng: lognormal(rng, s=1.8),
    }


@statement("idic_lab.inference.intervals.ratio", "95% interval of a ratio of sums", "31, 52", repeats=600)
def _():
    def orders(rng, n=100, tie=0.0):
        count = 1 + rng.poisson(2, n)
        level = rng.lognormal(0, 0.7, n) * np.exp(tie * (count - 3))
        truth = np.exp(0.245) if not tie else None
        if truth is None:
            big = 1 + np.random.default_rng(1).poisson(2, 400_000)
            truth = np.exp(0.245) * (big * np.exp(tie * (big - 3))).sum() / big.sum()
        return holds(intervals.ratio(count * level, count), truth)

    return {
        "100 customers, amount per order": orders,
        "amounts rise with the number of orders": lambda rng: orders(rng, tie=0.15),
    }


@statement("idic_lab.inference.intervals.correlation", "95% interval of a rank correlation", "24, 32")
def _():
    def normal(rng, n=100, r=0.4):
        x = rng.standard_normal(n)
        y = r * x + np.sqrt(1 - r**2) * rng.standard_normal(n)
        return holds(intervals.correlation(x, y), 6 / np.pi * np.arcsin(r / 2))

    def many_ties(rng, n=100):
        level = rng.gamma(1, 1, n)
        return holds(intervals.correlation(rng.poisson(level), rng.poisson(level)), 0.4485)

    return {"100 pairs, normal": normal, "100 pairs of small counts, many equal": many_ties}


@statement(
    "idic_lab.inference.multiple_tests.holm",
    "5% for any false finding among several",
    "25, 62",
    "test",
    0.05,
    repeats=600,
)
def _():
    from scipy import stats

    def ten(rng, tie=0.0):
        z = np.sqrt(tie) * rng.standard_normal() + np.sqrt(1 - tie) * rng.standard_normal(10)
        return (multiple_tests.holm(2 * stats.norm.sf(np.abs(z))) < 0.05).any()

    return {"ten independent tests": ten, "ten tests that depend on each other": lambda rng: ten(rng, 0.6)}


@statement(
    "idic_lab.differentiate.rfm.interval",
    "95% interval of the Gini coefficient and of the top share",
    "21",
    repeats=1_000,
)
def _():
    from scipy.stats import norm

    from idic_lab.differentiate import rfm

    def spenders(rng, n=300, s=1.0, statistic="top_share"):
        truth = norm.cdf(s - norm.ppf(0.8)) if statistic == "top_share" else 2 * norm.cdf(s / np.sqrt(2)) - 1
        seed = int(rng.integers(1e9))
        return holds(rfm.interval(statistic, rng.lognormal(0, s, n), n_bootstrap=400, random_state=seed), truth)

    return {
        "top fifth of 300 customers, lognormal(1)": spenders,
        "Gini coefficient of the same": lambda rng: spenders(rng, statistic="gini"),
        "top fifth of 60 customers": lambda rng: spenders(rng, 60),
        "Gini coefficient of 2,000, lognormal(1.6)": lambda rng: spenders(rng, 2_000, 1.6, "gini"),
    }


def buyers(rng, model="bg_nbd", people=1500, buying=1.6, leaving=1.5, spread=0.0):
    """A summary of customers, half of them of the web, who buy and leave so many times as fast; `spread` is left out."""
    web = rng.integers(0, 2, people)
    rate = rng.gamma(0.6, 1 / 4.4, people) * buying**web * np.exp(spread * rng.standard_normal(people))
    leaves, end = rng.beta(0.8 * leaving**web, 2.4), np.full(people, np.inf)
    if model == "pareto_nbd":
        leaves, end = np.zeros(people), rng.exponential(11.7 / rng.gamma(0.6, 1, people) / leaving**web)
    age = rng.integers(189, 280, people) / 7
    x, recency, now, going = np.zeros(people), np.zeros(people), np.zeros(people), np.arange(people)
    while len(going):
        now[going] += rng.exponential(1 / np.maximum(rate[going], 1e-12))
        going = going[now[going] < np.minimum(end, age)[going]]
        x[going] += 1
        recency[going] = now[going]
        going = going[rng.random(len(going)) >= leaves[going]]
    return pd.DataFrame({"frequency": x, "recency": recency, "T": age, "web": web})


@statement("idic_lab.differentiate.clv.fit", "95% interval of a covariate's ratio", "24", repeats=400)
def _():
    def ratio(rng, model="bg_nbd", **how):
        fitted = clv.fit(buyers(rng, model, **how), model, covariates=["web"])
        return holds(fitted.summary().set_index("parameter").loc["buying: web", ["low", "high"]], 1.6)

    return {
        "BG/NBD, 1,500 customers": ratio,
        "Pareto/NBD, 1,500 customers": lambda rng: ratio(rng, "pareto_nbd"),
        "rates that vary more than gamma-distributed ones": lambda rng: ratio(rng, spread=0.7),
    }


@statement(
    "idic_lab.differentiate.clv.fit", "95% interval of the ratio of one of many cohorts", "researchers", repeats=300
)
def _():
    def ratio(rng, spread=0.3, cohorts=12, people=100):
        logarithms = spread * rng.standard_normal(cohorts)
        each = [buyers(rng, people=people, buying=np.exp(one)).query("web == 1") for one in logarithms]
        table = pd.get_dummies(
            pd.concat(each, keys=range(cohorts), names=["cohort"]).reset_index(0), columns=["cohort"]
        )
        names, one = [f"cohort_{place}" for place in range(cohorts)], int(rng.integers(cohorts))
        fitted = clv.fit(table, pooled={"buying": names}).summary().set_index("parameter")
        return holds(fitted.loc[f"buying: {names[one]}", ["low", "high"]], np.exp(logarithms[one]))

    return {
        "12 cohorts of 50 who differ by 0.3": ratio,
        "cohorts that do not differ": lambda rng: ratio(rng, 0.0),
        "four cohorts": lambda rng: ratio(rng, cohorts=4),
    }


@statement(
    "idic_lab.differentiate.clv.likelihood_ratio", "5% for a covariate that does nothing", "24", "test", 0.05, 300
)
def _():
    def found(rng, model="bg_nbd", **how):
        summary = buyers(rng, model, 1000, 1.0, 1.0, **how)
        larger, smaller = clv.fit(summary, model, covariates=["web"]), clv.fit(summary, model)
        return clv.likelihood_ratio(larger, smaller)["p_value"] < 0.05

    return {
        "BG/NBD, 1,000 customers": found,
        "Pareto/NBD, 1,000 customers": lambda rng: found(rng, "pareto_nbd"),
        "rates that vary more than gamma-distributed ones": lambda rng: found(rng, spread=0.7),
    }


@statement(
    "idic_lab.customize.offers.effects_differ",
    "5% for effects that differ between customers, where they do not (calibration test)",
    "61",
    "test",
    0.05,
)
def _():
    from sklearn.linear_model import LinearRegression

    from idic_lab.customize import offers

    def campaign(rng, n=1_000, share=0.5, test=0, spread=0.8):
        X, treated = rng.normal(size=(n, 4)), rng.random(n) < share
        profit = np.exp(spread * rng.normal(size=n) + 0.4 * X[:, 0]) + treated
        found = offers.effects_differ(X, profit, treated, LinearRegression(), random_state=int(rng.integers(1e9)))
        return found["p_value"][test] < 0.05

    return {
        "1,000 customers, skewed profit, one effect for all": campaign,
        "the same, by AUTOC": lambda rng: campaign(rng, test=1),
        "a tenth without contact": lambda rng: campaign(rng, share=0.9),
        "heavier tail: lognormal(1.6)": lambda rng: campaign(rng, spread=1.6),
    }


@statement("idic_lab.differentiate.clv.new_customer", "95% interval of the mean worth of a newcomer", "24", repeats=100)
def _():
    def worth(rng, model, **truth):
        spends = {"p": 6.0, "q": 4.0, "gamma": 15.0}
        summary = buyers(rng, model, 2000, 1.0, 1.0).assign(unit_days=7.0)
        scale, x = rng.gamma(spends["q"], 1 / spends["gamma"], 2000), summary["frequency"].to_numpy()
        summary["monetary_value"] = rng.gamma(np.maximum(spends["p"] * x, 1e-9)) / scale / np.maximum(x, 1)
        told = clv.new_customer(clv.fit(summary, model), clv.fit(summary, "gamma_gamma"), 728, margin=0.3)
        given = clv.from_parameters(model, **truth, unit_days=7)
        return holds(
            told[["low", "high"]],
            clv.new_customer(given, clv.from_parameters("gamma_gamma", **spends), 728, margin=0.3)["worth"],
        )

    return {
        "BG/NBD, 2,000 customers": lambda rng: worth(rng, "bg_nbd", r=0.6, alpha=4.4, a=0.8, b=2.4),
        "Pareto/NBD, 2,000 customers": lambda rng: worth(rng, "pareto_nbd", r=0.6, alpha=4.4, s=0.6, beta=11.7),
    }


@statement("idic_lab.differentiate.audit.findings", "95% interval of the best tenth's share", "22", repeats=300)
def _():
    from scipy.stats import norm

    def best_tenth(spend, truth):
        days = pd.to_datetime(["2024-01-01"] + ["2024-02-29"] * len(spend))
        names = np.arange(len(days)).astype(str)
        rows = pd.DataFrame({"customer_id": names, "date": days, "amount": [1.0, *spend]})
        return holds(audit.findings(rows).loc[0, ["low", "high"]], truth)

    def lognormal(rng, s):
        return best_tenth(rng.lognormal(3, s, 500), norm.cdf(s - norm.ppf(0.9)))

    return {
        "500 customers, lognormal(0.7)": lambda rng: lognormal(rng, 0.7),
        "heavier tail: lognormal(1)": lambda rng: lognormal(rng, 1.0),
    }


# The statements of the rooms, each in a file of its own.
for _room in ("of_compare", "of_customize", "of_differentiate", "of_interact", "of_monitor"):
    import_module(_room)
