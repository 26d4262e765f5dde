"""Expected answers of the assignment on lifetime value."""

import pandas as pd

from idic_lab.differentiate import clv

CALIBRATION_END = pd.Timestamp("2025-06-29")
LAST_DAY = pd.Timestamp("2025-12-28")


def _summary(tables):
    return clv.summarise(tables["transactions"], LAST_DAY)


def _split(tables):
    return clv.split(tables["transactions"], CALIBRATION_END, LAST_DAY)


def _model(tables):
    return clv.fit(_split(tables).calibration, model="bg_nbd")


def _value(tables):
    summary = _summary(tables)
    purchases, spend = clv.fit(summary), clv.fit(summary, model="gamma_gamma")
    return clv.value(purchases, spend, summary, 365, annual_discount_rate=0.15, margin=0.30)


def lifetime_value_q01(tables):
    return _summary(tables)["frequency"].mean()


def lifetime_value_q02(tables):
    return _summary(tables)["recency"].mean()


def lifetime_value_q03(tables):
    return _summary(tables)["T"].mean()


def lifetime_value_q04(tables):
    orders = tables["transactions"].sort_values("date")
    later = orders[orders.duplicated("customer_id")]
    per_day = later.groupby(["customer_id", "date"])["amount"].sum()
    return per_day.groupby("customer_id").mean().mean()


def lifetime_value_q05(tables):
    return _model(tables).params_


def lifetime_value_q06(tables):
    return clv.predict(_model(tables), _split(tables).calibration, horizon=182, unit="days").sum()


def lifetime_value_q07(tables):
    return int(_split(tables).holdout["holdout_frequency"].sum())


def lifetime_value_q08(tables):
    return int((clv.alive(_model(tables), _split(tables).calibration) < 0.5).sum())


def lifetime_value_q09():
    return "where most buy nothing this error rewards zero: look at the total and the order"


def lifetime_value_q10(tables):
    return _value(tables)["clv"].mean()


def lifetime_value_q11(tables):
    return _value(tables).sort_values("clv", ascending=False).head(40)["customer_id"].tolist()


def lifetime_value_q12():
    return "the model lets a customer leave only after a repeat purchase: it assumes so"


def lifetime_value_q13(tables, lifetime_value_q11):
    worth = _value(tables).set_index("customer_id")["clv"]
    return worth[worth.index.isin(lifetime_value_q11)].sum() / worth.sum()


def lifetime_value_q14(lifetime_value_q06, lifetime_value_q07):
    off = lifetime_value_q06 / max(lifetime_value_q07, 1) - 1
    if abs(off) <= 0.1:
        return "the forecast lay within a tenth of what happened"
    return f"the forecast was more than a tenth too {'high' if off > 0 else 'low'}"


def lifetime_value_q15():
    return "the customers it ranks first bought no more afterwards than the others"
