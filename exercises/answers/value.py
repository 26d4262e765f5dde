"""Expected answers of the assignment on value, each by another way than the model solution where there is one."""

import pandas as pd

from idic_lab.differentiate import rfm

LAST_DAY = pd.Timestamp("2025-12-28")


def _spend(tables):
    return tables["transactions"].groupby("customer_id")["amount"].sum()


def value_q01(tables):
    return len(set(tables["transactions"]["customer_id"]))


def value_q02(tables):
    return _spend(tables).mean()


def value_q03(tables):
    dates = tables["transactions"].groupby("customer_id")["date"]
    return int((dates.max() > dates.min()).sum())


def value_q04(tables):
    lines = tables["order_lines"]
    return (lines["quantity"] * lines["unit_price"]).sum()


def value_q05(tables):
    return rfm.summarise(tables["transactions"], LAST_DAY)["recency_days"].mean()


def value_q06(tables):
    return rfm.score(rfm.summarise(tables["transactions"], LAST_DAY))


def value_q07(tables):
    return rfm.segment(value_q06(tables))["segment"].value_counts()


def value_q08(tables):
    spend = _spend(tables).sort_values(ascending=False)
    return spend.head(len(spend) // 5).sum() / spend.sum()


def value_q09(tables):
    spend = _spend(tables).sort_values().reset_index(drop=True)
    n = len(spend)
    return 2 * ((spend.index + 1) * spend).sum() / (n * spend.sum()) - (n + 1) / n


def value_q10(tables):
    orders = tables["transactions"]
    early = orders["date"] < "2025-07-01"
    before = orders[early].groupby("customer_id")["amount"].sum().sort_values(ascending=False)
    after = orders[~early & orders["customer_id"].isin(before.index)]
    best = after["customer_id"].isin(before.index[: int(0.2 * len(before))])
    return after.loc[best, "amount"].sum() / after["amount"].sum()


def value_q11():
    return "the mean lies clearly above the median, because of a few large customers"
