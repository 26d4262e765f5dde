"""The planted purchase process can be recovered from the transactions, by likelihoods written here afresh."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.optimize import minimize
from scipy.special import betaln, gammaln

from idic_lab.meridian import draws, simulate
from idic_lab.meridian import settings as knobs
from idic_lab.meridian.draws import stream
from idic_lab.meridian.orders import draw_buyers, draw_orders

MODEL = knobs.PurchaseModel()
BG_NBD = np.log([MODEL.r, MODEL.alpha, MODEL.a, MODEL.b])
GAMMA_GAMMA = np.log([MODEL.p, MODEL.q, MODEL.gamma])


def bg_nbd_loss(log_parameters, x, recency, age):
    """Negative log-likelihood; Fader, Hardie & Lee (2005), equation 6."""
    r, alpha, a, b = np.exp(log_parameters)
    first = betaln(a, b + x) - (r + x) * np.log(alpha + age)
    second = np.where(x > 0, betaln(a + 1, b + np.maximum(x, 1) - 1) - (r + x) * np.log(alpha + recency), -np.inf)
    both = np.logaddexp(first, second) - betaln(a, b)
    return -(gammaln(r + x) - gammaln(r) + r * np.log(alpha) + both).sum()


def gamma_gamma_loss(log_parameters, x, mean):
    """Negative log-likelihood; Fader & Hardie (2013), equation 1a."""
    p, q, gamma = np.exp(log_parameters)
    return -(
        gammaln(p * x + q) - gammaln(p * x) - gammaln(q) + q * np.log(gamma)
        + (p * x - 1) * np.log(mean) + p * x * np.log(x) - (p * x + q) * np.log(gamma + mean * x)
    ).sum()  # fmt: skip


def standard_errors(loss, at, step=1e-3):
    """Standard errors from a numerical Hessian."""
    unit = np.eye(len(at)) * step
    hessian = np.array(
        [[loss(at + i + j) - loss(at + i - j) - loss(at - i + j) + loss(at - i - j) for j in unit] for i in unit]
    ) / (4 * step**2)
    return np.sqrt(np.diag(np.linalg.inv(hessian)))


def estimates(loss, start):
    """Estimates of the log parameters with their standard errors."""
    found = minimize(loss, start, method="L-BFGS-B").x
    return found, standard_errors(loss, found)


def summary(n, seed):
    """Repeat orders, recency, age and mean repeat amount of n people."""
    chosen = knobs.settings()
    buyers = draw_buyers(stream(seed, 0, "buyers"), n, chosen)
    orders = draw_orders(stream(seed, 0, "orders"), buyers, chosen)
    x = orders.count - 1.0
    repeats = orders.rank > 0
    total = np.bincount(orders.person[repeats], orders.amount[repeats], minlength=n)
    recency, age = orders.last_day - buyers.first_day, draws.DAYS - 1 - buyers.first_day
    return x, recency.astype(float), age.astype(float), total / np.maximum(x, 1)


@pytest.fixture(scope="module")
def deviations():
    """Deviations of the estimates from the planted values, in standard errors: seeds by parameters."""
    rows = []
    for seed in range(5):
        x, recency, age, mean = summary(20_000, seed)
        bought = x > 0
        rows.append(
            np.concatenate(
                [
                    (found - planted) / errors
                    for planted, (found, errors) in (
                        (BG_NBD, estimates(lambda v: bg_nbd_loss(v, x, recency, age), BG_NBD)),  # noqa: B023
                        (
                            GAMMA_GAMMA,
                            estimates(lambda v: gamma_gamma_loss(v, x[bought], mean[bought]), GAMMA_GAMMA),  # noqa: B023
                        ),
                    )
                ]
            )
        )
    return np.array(rows)


def test_purchase_and_spend_parameters_are_recovered_within_two_standard_errors(deviations):
    assert (np.abs(deviations) < 2).mean() >= 0.9  # 95% are expected
    assert np.abs(deviations).max() < 3.5


def test_calendar_effects_do_not_bias_the_parameters(deviations):
    # the mean of five unbiased deviations has standard deviation 0.45
    assert np.abs(deviations.mean(axis=0)).max() < 1.2


def test_the_transactions_table_carries_the_process(shop):
    days = shop.tables["transactions"].groupby("customer_id")["date"].agg(["min", "max", "nunique"])
    x = days["nunique"].to_numpy() - 1.0
    recency = (days["max"] - days["min"]).dt.days.to_numpy(dtype=float)
    age = (np.datetime64("2025-12-28") - days["min"]).dt.days.to_numpy(dtype=float)
    found, errors = estimates(lambda v: bg_nbd_loss(v, x, recency, age), BG_NBD)
    assert np.abs((found - BG_NBD) / errors).max() < 2.5


def test_no_order_is_merged_away_even_for_the_most_frequent():
    chosen = knobs.settings(knobs.Settings(purchase=knobs.PurchaseModel(r=3.0, alpha=10.0)))
    buyers = draw_buyers(stream(1, 0, "buyers"), 2_000, chosen)
    orders = draw_orders(stream(1, 0, "orders"), buyers, chosen)
    same_person = orders.person[1:] == orders.person[:-1]
    assert (orders.day[1:] - orders.day[:-1])[same_person].min() == 1
    assert orders.day.min() >= 0
    assert orders.day.max() < draws.DAYS


def test_christmas_and_saturdays_are_busier():
    days = simulate(n=20_000, seed=2).tables["transactions"]["date"]
    by_weekday = days.dt.day_of_week.value_counts()
    assert by_weekday.idxmax() == 5
    advent = days.between("2024-12-02", "2024-12-22").mean() / 21
    autumn = days.between("2024-10-28", "2024-11-17").mean() / 21
    assert advent > 1.1 * autumn


def test_spend_does_not_depend_on_frequency_unless_switched():
    def correlation(**switches):
        people = simulate(n=4_000, seed=5, **switches).truth["people"]
        return np.corrcoef(np.log(people["purchase_rate"]), np.log(people["mean_spend"]))[0, 1]

    assert abs(correlation()) < 2.6 / np.sqrt(4_000)
    assert correlation(independence=False) == pytest.approx(0.5, abs=0.05)


def test_the_dissatisfied_leave_and_say_so(big_shop):
    people = big_shop.truth["people"].set_index("customer_id")
    leaving = np.log(people["dropout_probability"] / (1 - people["dropout_probability"]))
    assert np.corrcoef(leaving, people["satisfaction"])[0, 1] == pytest.approx(-0.6, abs=0.03)
    answers = big_shop.tables["survey_responses"].query("question_id == 'CSAT'")
    answers = answers.merge(big_shop.truth["record_owners"], on="record_id")
    left = ~people["alive"].reindex(answers["customer_id"]).to_numpy()
    score = answers["answer"].to_numpy()
    error = np.sqrt(score[left].var() / left.sum() + score[~left].var() / (~left).sum())
    assert score[~left].mean() - score[left].mean() > 5 * error
