"""Visits to the web shop and the app: browsing by taste, baskets, and a checkout for every online order."""

from __future__ import annotations

import numpy as np
import pandas as pd

from idic_lab.meridian import products, weeks
from idic_lab.meridian.baskets import Lines
from idic_lab.meridian.draws import choose, labels, pick, ranks
from idic_lab.meridian.identities import APP, WEB, Records
from idic_lab.meridian.purchases import Buyers, Orders
from idic_lab.meridian.settings import Settings

VIEW, BASKET, CHECKOUT = range(3)
VISITS_PER_DAY = 0.010
DEVICES = ("phone", "desktop")


def draw_visits(
    rng: np.random.Generator,
    records: Records,
    buyers: Buyers,
    orders: Orders,
    lines: Lines,
    online: np.ndarray,
    age: np.ndarray,
    first: int,
    settings: Settings,
) -> tuple[pd.DataFrame, int]:
    """The table web_events, and how many visits there were.

    Only people with a record in the web shop or the app can be seen browsing. They browse until some weeks after
    their last order if they have left, else to the end; the keener buyers browse more.

    Parameters
    ----------
    online : ndarray of int, shape (orders,)
        Record row of each online order, -1 for orders in a store.
    """
    web, app = records.by_touchpoint[:, WEB], records.by_touchpoint[:, APP]
    can = (web >= 0) | (app >= 0)
    until = np.where(orders.alive, weeks.DAYS - 1, np.minimum(orders.last_day + 40, weeks.DAYS - 1))
    keen = 0.4 + 0.6 * buyers.rate / buyers.rate.mean()
    count = rng.poisson(VISITS_PER_DAY * np.minimum(keen, 4.0) * can * (until - buyers.first_day + 1))
    who, _ = ranks(count)
    day = weeks.busy_day(rng.random(len(who)), buyers.first_day[who], until[who])
    use_app = (app[who] >= 0) & ((web[who] < 0) | (rng.random(len(who)) < 0.5))
    record = np.where(use_app, app[who], web[who])
    filled = rng.random(len(who)) < weeks.basket_share(day, settings.weekly_changes)
    views = 1 + (rng.random(len(who)) < 0.45) + (rng.random(len(who)) < 0.2)
    visit, rank = ranks(views + filled)
    event = np.where(filled[visit] & (rank == views[visit]), BASKET, VIEW)
    product = _looked_at(rng, who[visit], lines)
    carried = np.concatenate([[False], event[1:] == BASKET])
    product[carried] = product[np.flatnonzero(carried) - 1]  # what was seen last goes into the basket
    bought = np.flatnonzero(online >= 0)
    first_line = np.searchsorted(lines.order, bought)
    phone = rng.random(len(who) + len(bought)) < 1 / (
        1 + np.exp((age[np.concatenate([who, orders.person[bought]])] - 45) / 12)
    )
    session = np.concatenate([visit, len(who) + np.arange(len(bought))])
    events = {
        "session": session,
        "record": np.concatenate([record[visit], online[bought]]),
        "day": np.concatenate([day[visit], orders.day[bought]]),
        "event": np.concatenate([event, np.full(len(bought), CHECKOUT)]),
        "product": np.concatenate([product, lines.product[first_line]]),
        "device": np.where(phone[session], 0, 1),
    }
    order = np.lexsort((np.arange(len(session)), session, events["day"]))
    events = {name: values[order] for name, values in events.items()}
    _, start, number = np.unique(events["session"], return_index=True, return_inverse=True)
    in_time = np.empty(len(start), dtype=np.int64)
    in_time[np.argsort(start)] = np.arange(len(start))  # visits are numbered in order of time
    return (
        pd.DataFrame(
            {
                "session_id": labels("S", first + 1 + in_time[number], 8),
                "record_id": records.record_id.take(events["record"]),
                "date": weeks.days_to_dates(events["day"]),
                "event": choose(("view", "basket", "checkout"), events["event"]),
                "product_id": products.product_ids().take(events["product"]),
                "device": choose(DEVICES, events["device"]),
            }
        ),
        len(start),
    )


def _looked_at(rng, who, lines: Lines):
    """A product of a category the person likes, any tier, by popularity."""
    category = pick(rng, lines.taste[who])
    tier = rng.integers(0, len(products.TIERS), len(who))
    weights = products.popularity()[
        products.row_of(category, tier, 0)[:, None] + np.arange(products.PER_TIER)
    ]
    return products.row_of(category, tier, pick(rng, weights))
