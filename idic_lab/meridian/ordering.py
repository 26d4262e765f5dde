"""Where orders are placed and how long they take, and the two tables of orders."""

from __future__ import annotations

import numpy as np
import pandas as pd

from idic_lab.meridian import identities, products, weeks
from idic_lab.meridian.baskets import Lines
from idic_lab.meridian.campaign import ORDER_CHANNELS
from idic_lab.meridian.draws import choose
from idic_lab.meridian.identities import Records
from idic_lab.meridian.purchases import Orders
from idic_lab.meridian.settings import Settings

ONLINE_SHARE = (0.85, 0.20)  # of orders of people who buy under a web shop record, a loyalty record
STORE = ORDER_CHANNELS.index("store")


def draw_order_channels(rng: np.random.Generator, records: Records, orders: Orders) -> np.ndarray:
    """Where each order was placed: row of ORDER_CHANNELS."""
    who = orders.person
    by_web = records.touchpoint[records.account[who]] == identities.WEB
    online = rng.random(len(who)) < np.where(by_web, *ONLINE_SHARE)
    has_app = records.by_touchpoint[who, identities.APP] >= 0
    use_app = has_app & (rng.random(len(who)) < 0.5)
    return np.where(online, use_app.astype(int), STORE)


def draw_delivery_days(
    rng: np.random.Generator, channel: np.ndarray, orders: Orders, settings: Settings
) -> np.ndarray:
    """Days to delivery of online orders, missing for orders in a store."""
    mean = weeks.mean_delivery_days(orders.day, settings.weekly_changes)
    days = np.maximum(np.round(rng.normal(mean, 0.8)), 1.0)
    return np.where(channel != STORE, days, np.nan)


def online_records(records: Records, orders: Orders, channel: np.ndarray) -> np.ndarray:
    """Row of the record under which each online order was placed, -1 for orders in a store."""
    touchpoint = np.where(channel == ORDER_CHANNELS.index("app"), identities.APP, identities.WEB)
    return np.where(channel != STORE, records.at(orders.person, touchpoint), -1)


def transaction_table(
    orders: Orders, customer_id, order_id, channel, delivery_days, account_ids, charged
) -> pd.DataFrame:
    """The table transactions: every order as placed."""
    return pd.DataFrame(
        {
            "customer_id": customer_id.take(orders.person),
            "date": weeks.days_to_dates(orders.day),
            "amount": orders.amount,
            "order_id": order_id,
            "channel": choose(ORDER_CHANNELS, channel),
            "delivery_days": delivery_days,
            "account_id": choose(account_ids, charged),
        }
    )


def order_line_table(orders: Orders, lines: Lines, customer_id, order_id) -> pd.DataFrame:
    """The table order_lines: purchases, and returns as later lines of the same order with negative quantity."""
    back = np.flatnonzero(lines.return_day >= 0)
    row = np.concatenate([np.arange(len(lines.order)), back])
    sign = np.where(np.arange(len(row)) < len(lines.order), 1, -1)
    day = np.where(sign > 0, orders.day[lines.order[row]], lines.return_day[row])
    order = np.lexsort((row, -sign, lines.order[row]))
    row, sign, day = row[order], sign[order], day[order]
    quantity = sign * lines.quantity[row]
    return pd.DataFrame(
        {
            "order_id": order_id.take(lines.order[row]),
            "customer_id": customer_id.take(orders.person[lines.order[row]]),
            "date": weeks.days_to_dates(day),
            "product_id": products.product_ids().take(lines.product[row]),
            "quantity": quantity.astype(np.float64),
            "unit_price": lines.unit_price[row],
            "amount": np.round(quantity * lines.unit_price[row], 2),
        }
    )
