"""Expected answers of the assignment on monitoring."""

import math

import pandas as pd

from idic_lab.differentiate import clv


def _orders(tables, year):
    return tables["transactions"].loc[lambda orders: orders["date"].dt.year == year]


def monitor_q01(tables):
    dates = tables["transactions"]["date"]
    labels = dates.dt.year.astype("str") + "Q" + dates.dt.quarter.astype("str")
    return tables["transactions"].groupby(labels)["amount"].sum()


def monitor_q02(tables):
    early = _orders(tables, 2024)["customer_id"].drop_duplicates()
    return early.isin(_orders(tables, 2025)["customer_id"]).mean()


def monitor_q03(tables):
    best = []
    for year in (2024, 2025):
        spend = _orders(tables, year).groupby("customer_id")["amount"].sum().sort_values(ascending=False)
        best.append(spend.head(int(0.2 * len(spend))))
    return int(best[0].index.isin(best[1].index).sum())


def monitor_q04(tables):
    orders = tables["transactions"][["date", "delivery_days"]].dropna()
    late, early = orders["date"] >= "2025-09-22", orders["date"] < "2025-06-02"
    return orders.loc[late, "delivery_days"].mean() - orders.loc[early, "delivery_days"].mean()


def monitor_q05(answer, truth):
    step = truth["weekly_changes"].query("kind == 'step'")["starts"].iloc[0]
    away = abs((pd.Timestamp(answer) - step).days)
    if away <= 21:
        return 1.0, "Within three weeks of the truth."
    if away <= 42:
        return 0.5, "Within six weeks of the truth."
    return 0.0, "More than six weeks from the truth."


def monitor_q06(tables):
    rates = tables["campaign_results"].astype({"converted": "float"}).groupby("arm")["converted"]
    mean, error = rates.mean(), (rates.var(ddof=0) / rates.size()).sum() ** 0.5
    return mean["offer"] - mean["control"] - 1.96 * error


def monitor_q07():
    return "far more than 5% of tests without effect look like successes"


def _equity(tables, day):
    summary = clv.summarise(tables["transactions"], day)
    value = clv.value(
        clv.fit(summary), clv.fit(summary, model="gamma_gamma"), summary, 365, annual_discount_rate=0.15, margin=0.3
    )
    return value["residual_value"].sum()


def monitor_q08(tables):
    return _equity(tables, "2024-12-31")


def monitor_q09(tables):
    before, after = monitor_q08(tables), _equity(tables, "2025-12-28")
    return (0.3 * _orders(tables, 2025)["amount"].sum() + after - before) / before


def monitor_q10(tables):
    spend = _orders(tables, 2024).groupby("customer_id")["amount"].sum().sort_values(ascending=False)
    best = spend.head(int(0.2 * len(spend))).index
    return best[~best.isin(_orders(tables, 2025)["customer_id"])].tolist()


def monitor_q11(tables):
    old, new = _orders(tables, 2024), _orders(tables, 2025)
    heads = new["customer_id"].nunique() / old["customer_id"].nunique()
    changed = {
        "the number of buying customers": heads,
        "the orders per buying customer": len(new) / len(old) / heads,
        "the amount per order": new["amount"].mean() / old["amount"].mean(),
    }
    return max(changed, key=lambda name: abs(math.log(changed[name])))


def monitor_q12():
    return "expect that: among twelve it happens about every second week; look again next week"
