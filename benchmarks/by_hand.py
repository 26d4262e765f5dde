"""What a person who knows the tools would write for one task and no other: the bounds to measure against.

No check of the input, no choice of engine, no standard errors: what a general package adds should cost little above this.
"""

from __future__ import annotations

import duckdb
import numpy as np
import pandas as pd
from scipy.optimize import minimize
from scipy.special import digamma, expit, gammaln, hyp2f1

from benchmarks.simulated import LAST_DAY


def summary_in_pandas(transactions: pd.DataFrame) -> pd.DataFrame:
    """Two group-bys: days first, then customers."""
    days = transactions.groupby(["customer_id", transactions["date"].dt.normalize()], sort=False)["amount"].sum()
    days = days.reset_index()
    customers = days.groupby("customer_id", sort=False)["date"].agg(["min", "max", "count"])
    days = days.join(customers["min"], on="customer_id")
    repeat = days.loc[days["date"] > days["min"]].groupby("customer_id", sort=False)["amount"].mean()
    day = pd.Timedelta(days=1)
    return pd.DataFrame(
        {
            "frequency": customers["count"] - 1,
            "recency": (customers["max"] - customers["min"]) / day,
            "T": (pd.Timestamp(LAST_DAY) - customers["min"]) / day,
            "monetary_value": repeat.reindex(customers.index).fillna(0.0),
        }
    ).reset_index()


def summary_in_duckdb(transactions: pd.DataFrame) -> pd.DataFrame:
    """The same in SQL, on the same table in memory."""
    with duckdb.connect() as connection:
        connection.register("transactions", transactions)
        return connection.sql(f"""
            with days as (
                select customer_id, date::date as day, sum(amount) as money
                from transactions group by all
            ), first_days as (
                select customer_id, min(day) as first_day, max(day) as last_day, count(*) as days,
                       sum(money) as total, arg_min(money, day) as first_money
                from days group by customer_id
            )
            select customer_id, days - 1 as frequency, (last_day - first_day)::double as recency,
                   (date '{LAST_DAY}' - first_day)::double as "T",
                   case when days > 1 then (total - first_money) / (days - 1) else 0.0 end as monetary_value
            from first_days order by customer_id
        """).df()


def fit_by_hand(summary: pd.DataFrame) -> dict:
    """Both likelihoods over all customers, ungrouped but for what depends on frequency alone, with gradients."""
    return {"bg_nbd": _fit_bg_nbd(summary), "gamma_gamma": _fit_gamma_gamma(summary)}


def _fit_bg_nbd(summary: pd.DataFrame):
    x, recency, age = (summary[name].to_numpy(float) for name in ("frequency", "recency", "T"))
    scale = age.mean()
    recency, age, n = recency / scale, age / scale, len(x)
    values, codes, counts = np.unique(x, return_inverse=True, return_counts=True)
    back = values > 0

    def objective(log_theta):
        r, alpha, a, b = theta = np.exp(log_theta)
        shape = r + values
        per_value = gammaln(shape) - gammaln(r) + r * np.log(alpha)
        per_value += gammaln(a + b) + gammaln(b + values) - gammaln(b) - gammaln(a + b + values)
        log_age, log_recency = np.log(alpha + age), np.log(alpha + recency)
        ratio = np.full(len(values), -np.inf)
        ratio[back] = np.log(a) - np.log(b + values[back] - 1)
        odds = ratio[codes] + shape[codes] * (log_age - log_recency)
        value = counts @ per_value + np.sum(np.logaddexp(0, odds) - shape[codes] * log_age)
        left = expit(odds)
        d_r = counts @ (digamma(shape) - digamma(r) + np.log(alpha)) + np.sum(left * (log_age - log_recency) - log_age)
        d_alpha = n * r / alpha + np.sum(
            shape[codes] * (left / (alpha + age) - left / (alpha + recency) - 1 / (alpha + age))
        )
        d_a = counts @ (digamma(a + b) - digamma(a + b + values)) + left.sum() / a
        inverse = np.where(back, 1 / np.where(back, b + values - 1, 1), 0)
        d_b = counts @ (digamma(a + b) + digamma(b + values) - digamma(b) - digamma(a + b + values))
        d_b -= np.sum(left * inverse[codes])
        return -value / n, -np.array([d_r, d_alpha, d_a, d_b]) * theta / n

    best = minimize(objective, np.zeros(4), jac=True, method="L-BFGS-B", options={"ftol": 1e-15, "gtol": 1e-8})
    theta = np.exp(best.x) * [1, scale, 1, 1]
    return pd.Series(theta, ["r", "alpha", "a", "b"]), -n * best.fun - x.sum() * np.log(scale)


def _fit_gamma_gamma(summary: pd.DataFrame):
    kept = summary[(summary["frequency"] > 0) & (summary["monetary_value"] > 0)]
    x, money = kept["frequency"].to_numpy(float), kept["monetary_value"].to_numpy(float)
    scale, n = money.mean(), len(x)
    money = money / scale
    values, counts = np.unique(x, return_counts=True)
    spend, log_money = x * money, np.log(money)
    weighted, plain = x @ log_money, log_money.sum()

    def objective(log_theta):
        p, q, gamma = theta = np.exp(log_theta)
        known = p * values
        log_spread, inverse = np.log(spend + gamma), 1 / (spend + gamma)
        value = counts @ (gammaln(known + q) - gammaln(known) + known * np.log(values))
        value += n * (q * np.log(gamma) - gammaln(q)) + p * weighted - plain
        x_log, all_log = x @ log_spread, log_spread.sum()
        value -= p * x_log + q * all_log
        d_p = counts @ (values * (digamma(known + q) - digamma(known) + np.log(values))) + weighted - x_log
        d_q = counts @ digamma(known + q) + n * (np.log(gamma) - digamma(q)) - all_log
        d_gamma = n * q / gamma - p * (x @ inverse) - q * inverse.sum()
        return -value / n, -np.array([d_p, d_q, d_gamma]) * theta / n

    best = minimize(
        objective, np.log([5.0, 4.0, 0.6]), jac=True, method="L-BFGS-B", options={"ftol": 1e-15, "gtol": 1e-8}
    )
    theta = np.exp(best.x) * [1, 1, scale]
    return pd.Series(theta, ["p", "q", "gamma"]), -n * best.fun - n * np.log(scale)


def value_by_hand(summary, model, spend_model, payment_days, monthly_rate) -> pd.DataFrame:
    """The published formulas on all customers, one hypergeometric function per customer and month."""
    r, alpha, a, b = model.params_.to_numpy()
    p, q, gamma = spend_model.params_.to_numpy()
    x, recency, age, money = (summary[name].to_numpy(float) for name in ("frequency", "recency", "T", "monetary_value"))
    odds = np.where(x > 0, a / np.maximum(b + x - 1, 1e-9), 0) * ((alpha + age) / (alpha + recency)) ** (r + x)
    spend = p * (gamma + x * money) / (p * x + q - 1)
    before, total = 0.0, np.zeros(len(x))
    for month, day in enumerate(payment_days, start=1):
        since = alpha + age
        series = hyp2f1(a + b - 1 - r, a - 1, a + b + x - 1, day / (since + day))
        ahead = (a + b + x - 1) / (a - 1) * (1 - (since / (since + day)) ** (a - 1) * series)
        total += (ahead - before) / (1 + monthly_rate) ** month
        before = ahead
    return pd.DataFrame({"customer_id": summary["customer_id"], "clv": total / (1 + odds) * spend})
