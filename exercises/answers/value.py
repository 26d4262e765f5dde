"""Expected answers of the assignment on value, each by another way than the model solution where there is one."""

import numpy as np
import pandas as pd

from idic_lab.differentiate import rfm
from idic_lab.exercises.questions import AnyOf

LAST_DAY = pd.Timestamp("2025-12-28")


def _spend(tables):
    return tables["transactions"].groupby("customer_id")["amount"].sum()


def value_q01(tables):
    return len(set(tables["transactions"].query("date >= '2025-01-01'")["customer_id"]))


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


def _scored(summary, method):
    """Scores by ranks, with ties broken one way or another."""
    scores = summary[["customer_id"]].copy()
    for score, column in (("r_score", "recency_days"), ("f_score", "frequency"), ("m_score", "monetary")):
        ranks = (summary[column] * (-1 if score == "r_score" else 1)).rank(method=method)
        scores[score] = np.ceil(5 * ranks / len(ranks)).clip(1, 5).astype("int64")
    return scores


def value_q06(tables):
    summary = rfm.summarise(tables["transactions"], LAST_DAY)
    return AnyOf([rfm.score(summary), *(_scored(summary, method) for method in ("first", "average", "min", "max"))])


def value_q07(tables):
    return AnyOf(rfm.segment(scores)["segment"].value_counts() for scores in value_q06(tables))


def value_q08(tables):
    spend = _spend(tables).sort_values(ascending=False)
    fifths = (spend.head(len(spend) // 5), spend.head(len(spend) // 5 + 1), spend[spend >= spend.quantile(0.8)])
    return AnyOf(fifth.sum() / spend.sum() for fifth in fifths)


def value_q09(tables):
    spend = _spend(tables).sort_values().reset_index(drop=True)
    n = len(spend)
    gini = 2 * ((spend.index + 1) * spend).sum() / (n * spend.sum()) - (n + 1) / n
    return AnyOf([gini, gini * n / (n - 1)])


def value_q10(tables):
    orders = tables["transactions"]
    early = orders["date"] < "2025-07-01"
    before = orders[early].groupby("customer_id")["amount"].sum().sort_values(ascending=False)
    after = orders[~early & orders["customer_id"].isin(before.index)]
    best = after["customer_id"].isin(before.index[: int(0.2 * len(before))])
    return after.loc[best, "amount"].sum() / after["amount"].sum()


def value_q11():
    return "the mean lies clearly above the median, because of a few large customers"


def value_q12(tables):
    orders = tables["transactions"]
    last = orders.groupby("customer_id")["date"].max()
    silent = last[(LAST_DAY - last).dt.days > 180].index
    return _spend(tables)[silent].sort_values(ascending=False).head(20).index.tolist()


def value_q13(tables):
    spend, best = _spend(tables), []
    for scores in value_q06(tables):
        named = rfm.segment(scores).set_index("customer_id")["segment"]
        best.append(spend.groupby(named).mean().sort_values().index[-1])
    return AnyOf(best)


def value_q14(tables, value_q10):
    n = tables["transactions"].loc[lambda orders: orders["date"] < "2025-07-01", "customer_id"].nunique()
    return value_q10 * n / int(0.2 * n)


def value_q15():
    return "a fifth drawn at random spends as much afterwards as the best fifth so far"
