"""What each measure is, in words a meeting can agree on."""

from __future__ import annotations

from typing import NamedTuple

import pandas as pd


class Kpi(NamedTuple):
    """One measure: its definition, unit, control chart ("p", "XmR" or none) and which way is better."""

    definition: str
    unit: str
    chart: str
    better: str


KPIS: dict[str, Kpi] = {
    "csat": Kpi("answers of 4 or 5 to the CSAT question, of all answers in the period", "share", "p", "up"),
    "nps": Kpi(
        "share of answers 9 or 10 less share of answers 0 to 6 to the NPS question", "points", "XmR", "up"
    ),
    "response_rate": Kpi("outbound contacts answered, of all in the period", "share", "p", "up"),
    "basket_share": Kpi(
        "visits without a checkout in which something is put into the basket", "share", "p", "up"
    ),
    "delivery_days": Kpi("mean days from order to delivery", "days", "XmR", "down"),
    "retention": Kpi(
        "customers who bought in the 91 days before the last 91 days and again in the last 91 days, of those who "
        "bought before",
        "share",
        "p",
        "up",
    ),
    "churn": Kpi("1 - retention", "share", "p", "down"),
    "active_customers": Kpi("customers who bought in the period", "customers", "", "up"),
    "new_customers": Kpi("customers who bought for the first time in the period", "customers", "", "up"),
    "orders_per_customer": Kpi("orders in the period per customer who bought in it", "orders", "XmR", "up"),
    "order_value": Kpi("mean amount of an order", "currency", "XmR", "up"),
    "revenue": Kpi("amount of all orders of the period, less the returns among them", "currency", "", "up"),
    "share_of_wallet": Kpi(
        "spend here in the last 365 days of those who told their category spend, of that spend; "
        "customers of a year or more",
        "share",
        "",
        "up",
    ),
    "customer_equity": Kpi("residual lifetime value of all customers", "currency", "", "up"),
    "return_on_customer": Kpi(
        "cash flow of the period plus change in customer equity, over equity at its start", "share", "", "up"
    ),
}


def definitions() -> pd.DataFrame:
    """The measures as a table: kpi, definition, unit, chart, better.

    Examples
    --------
    >>> definitions().set_index("kpi").loc["churn", "definition"]
    '1 - retention'
    """
    return pd.DataFrame([(name, *kpi) for name, kpi in KPIS.items()], columns=["kpi", *Kpi._fields])
