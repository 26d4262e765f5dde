"""What is in each order, where it is placed, who pays for it, and what serving it costs."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from idic_lab.meridian import products, weeks
from idic_lab.meridian.draws import choose, labels, pick, ranks
from idic_lab.meridian.people import WORDS, cities
from idic_lab.meridian.purchases import Orders
from idic_lab.meridian.records import APP, WEB, Records
from idic_lab.meridian.settings import SEGMENTS, Settings
from idic_lab.tables import ROLES

# How segments lean to categories (columns as products.CATEGORIES) and to tiers (budget, standard, premium).
CATEGORY_LEANING = np.array(
    [
        [2.0, 1.0, 1.5, 1.0, 0.5, 0.5, 1.5, 1.0],
        [2.0, 1.5, 0.5, 0.5, 1.5, 1.5, 1.0, 1.0],
        [0.5, 0.5, 2.5, 1.5, 2.0, 0.5, 1.0, 0.5],
        [1.0, 2.5, 0.5, 0.5, 0.5, 2.0, 1.0, 2.0],
        [0.5, 0.5, 0.5, 2.0, 1.5, 2.5, 0.5, 1.5],
    ]
)
TIER_LEANING = np.array([[6, 2, 0.4], [0.7, 2, 6], [2, 4, 2], [1.5, 4, 2.5], [1.5, 3, 3]], dtype=float)
TASTE = 3.0  # the smaller, the more a person keeps to few categories
FAVOURITE = 0.35  # share of lines that are the person's favourite product of the category and tier
HEAVY_RETURNERS, RETURN_RATE, RETURN_RATE_HEAVY = 0.08, 0.04, 0.48


@dataclass
class Lines:
    """Order lines, sorted by order; arrays of shape (lines,), but for the last three of shape (people, ...)."""

    order: np.ndarray
    product: np.ndarray
    quantity: np.ndarray
    unit_price: np.ndarray
    return_day: np.ndarray  # -1 when kept
    taste: np.ndarray  # (people, 8): share of each category
    return_rate: np.ndarray  # (people,)
    favourite: np.ndarray  # (people, 8, 3): the product of each category and tier that the person likes most


def category_weights(settings: Settings) -> np.ndarray:
    """Expected share of each category per segment, shape (5, 8); equal rows without segments."""
    weights = CATEGORY_LEANING if settings.segments else np.ones_like(CATEGORY_LEANING)
    return weights / weights.sum(axis=1, keepdims=True)


def tier_weights(settings: Settings) -> np.ndarray:
    """Expected leaning to each tier per segment, shape (5, 3), before what an order's amount allows."""
    weights = TIER_LEANING if settings.segments else np.full((len(SEGMENTS), 3), 2.0)
    return weights / weights.sum(axis=1, keepdims=True)


def draw_lines(
    rng: np.random.Generator,
    orders: Orders,
    segment: np.ndarray,
    settings: Settings,
    known: Lines | None = None,
    until: int = weeks.DAYS,
) -> Lines:
    """Split every order's amount into one to four lines of products that the person likes and it can pay for.

    Parameters:
        known: Earlier lines of the same people, whose taste and returns go on.
        until: The day before which goods come back.
    """
    people = len(segment)
    if known is None:
        taste = rng.gamma(TASTE * category_weights(settings)[segment])
        taste = taste / taste.sum(axis=1, keepdims=True)
        shape = (people, len(products.CATEGORIES), len(products.TIERS))
        favourite = rng.integers(0, products.PER_TIER, shape, dtype=np.int8)
    else:
        taste, favourite = known.taste, known.favourite
    most = np.clip((orders.amount / 14).astype(int) + 1, 1, 4)
    size = 1 + (rng.random(len(most)) * most).astype(int)
    order, rank = ranks(size)
    part = 0.35 + rng.random(len(order))
    part /= np.bincount(order, part)[order]
    share = orders.amount[order] * part
    who = orders.person[order]
    category = pick(rng, taste[who])
    product = _choose_products(rng, who, category, share, segment, favourite, settings)
    product = _add_complements(rng, order, rank, product, share)
    price = products.list_prices()[product]
    quantity = np.maximum(np.ceil(share / price - 0.12), 1).astype(np.int64)
    unit_price = np.maximum(np.round(share / quantity, 2), 0.01)
    orders.amount = np.round(np.bincount(order, quantity * unit_price, minlength=len(orders.amount)), 2)
    if known is None:
        return_rate = np.where(rng.random(people) < HEAVY_RETURNERS, RETURN_RATE_HEAVY, RETURN_RATE)
    else:
        return_rate = known.return_rate
    back = orders.day[order] + rng.integers(4, 22, len(order))
    returned = (rng.random(len(order)) < return_rate[who]) & (back < until)
    return Lines(order, product, quantity, unit_price, np.where(returned, back, -1), taste, return_rate, favourite)


def _choose_products(rng, who, category, share, segment, favourite, settings):
    """A product of the category for each line, of a tier within reach; the best priced of three candidates."""
    reach = np.column_stack([np.ones(len(share)), share >= 13, share >= 32])
    best, gap = None, None
    for _ in range(3):
        tier = pick(rng, tier_weights(settings)[segment[who]] * reach)
        popular = pick(
            rng, products.popularity()[products.row_of(category, tier, 0)[:, None] + np.arange(products.PER_TIER)]
        )
        own = rng.random(len(who)) < FAVOURITE
        item = np.where(own, favourite[who, category, tier], popular)
        candidate = products.row_of(category, tier, item)
        price = products.list_prices()[candidate]
        discount = np.abs(share / (price * np.maximum(np.ceil(share / price - 0.12), 1)) - 0.95)
        discount = np.where(own, np.minimum(discount, 0.05), discount)  # a favourite is worth its price
        if best is None:
            best, gap = candidate, discount
        else:
            best = np.where(discount < gap, candidate, best)
    return best


def _add_complements(rng, order, rank, product, share):
    """Where the line before holds a product with a complement, make this line the complement at its chance.

    A line becomes a complement only if it can pay for at least 60% of its list price.
    """
    before = np.concatenate([[-1], products.complement_of()[product[:-1]]])
    fits = (rank > 0) & (before >= 0)
    fits[fits] = share[fits] > 0.6 * products.list_prices()[before[fits]]
    added = fits & (rng.random(len(order)) < products.COMPLEMENT_CHANCE)
    return np.where(added, before, product)


ONLINE_SHARE = (0.85, 0.20)  # of orders of people who buy under a web shop record, a loyalty record
ORDER_CHANNELS = ("web_shop", "app", "store")
STORE = ORDER_CHANNELS.index("store")


def draw_order_channels(rng: np.random.Generator, records: Records, orders: Orders) -> np.ndarray:
    """Where each order was placed: row of ORDER_CHANNELS."""
    who = orders.person
    by_web = records.touchpoint[records.account[who]] == WEB
    online = rng.random(len(who)) < np.where(by_web, *ONLINE_SHARE)
    has_app = records.by_touchpoint[who, APP] >= 0
    use_app = has_app & (rng.random(len(who)) < 0.5)
    return np.where(online, use_app.astype(int), STORE)


def draw_delivery_days(rng: np.random.Generator, channel: np.ndarray, orders: Orders, settings: Settings) -> np.ndarray:
    """Days to delivery of online orders, missing for orders in a store."""
    mean = weeks.mean_delivery_days(orders.day, settings.weekly_changes)
    days = np.maximum(np.round(rng.normal(mean, 0.8)), 1.0)
    return np.where(channel != STORE, days, np.nan)


def online_records(records: Records, orders: Orders, channel: np.ndarray) -> np.ndarray:
    """Row of the record under which each online order was placed, -1 for orders in a store."""
    touchpoint = np.where(channel == ORDER_CHANNELS.index("app"), APP, WEB)
    return np.where(channel != STORE, records.at(orders.person, touchpoint), -1)


def transaction_table(orders: Orders, customer_id, order_id, channel, delivery_days, account_id) -> pd.DataFrame:
    """The table transactions: every order as placed."""
    return pd.DataFrame(
        {
            "customer_id": customer_id.take(orders.person),
            "date": weeks.days_to_dates(orders.day),
            "amount": orders.amount,
            "order_id": order_id,
            "channel": choose(ORDER_CHANNELS, channel),
            "delivery_days": delivery_days,
            "account_id": account_id,
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


ORDER_HANDLING, DELIVERY, RETURN_HANDLING, RETURN_WRITE_DOWN = 0.9, 2.4, 6.5, 0.35


def rate_table() -> pd.DataFrame:
    """The table cost_rates."""
    rows = [
        ("order_handling", ORDER_HANDLING, "currency per order"),
        ("delivery", DELIVERY, "currency per order of the web shop or the app"),
        ("return_handling", RETURN_HANDLING, "currency per returned order line"),
        ("return_write_down", RETURN_WRITE_DOWN, "share of the unit cost of returned goods"),
    ]
    return pd.DataFrame(rows, columns=["activity", "rate", "unit"]).astype({"activity": "str", "unit": "str"})


def profits(orders: Orders, lines: Lines, delivered: np.ndarray, contact_cost: np.ndarray) -> pd.DataFrame:
    """What each customer brought in over the two years.

    profit = revenue kept - cost of goods kept - write-down of goods returned - handling - delivery - contacts

    Parameters:
        delivered (ndarray of bool, shape (orders,))
        contact_cost (ndarray, shape (people,))
    Returns:
        DataFrame: ``gross_margin``, ``cost_to_serve``, ``profit`` in currency, one row per person.
    """
    n = len(contact_cost)
    who = orders.person[lines.order]
    kept = lines.return_day < 0
    cost = products.unit_costs()[lines.product] * lines.quantity
    revenue = lines.quantity * lines.unit_price
    margin = np.where(kept, revenue - cost, -RETURN_WRITE_DOWN * cost)
    gross = np.bincount(who, margin, minlength=n)
    serve = (
        np.bincount(orders.person, ORDER_HANDLING + DELIVERY * delivered, minlength=n)
        + np.bincount(who, RETURN_HANDLING * ~kept, minlength=n)
        + contact_cost
    )
    return pd.DataFrame(
        {"gross_margin": np.round(gross, 2), "cost_to_serve": np.round(serve, 2), "profit": np.round(gross - serve, 2)}
    )


PEOPLE_PER_ACCOUNT = 50  # people in the data for each account
ON_ACCOUNT = np.array([0.75, 0.55, 0.0])  # share of orders charged to the account, by role
INDUSTRIES = ("services", "health", "building", "trade", "hospitality", "education", "technology")


@dataclass
class Accounts:
    """The accounts of one block."""

    accounts: pd.DataFrame
    roles: pd.DataFrame
    role_of: np.ndarray  # (people,): row of ROLES, -1 without
    account_of: np.ndarray  # (people,): row of the account, -1 without


def draw_accounts(rng: np.random.Generator, records: Records, n: int, first: int) -> Accounts:
    """Accounts of four on average: one decision-maker, one or two influencers, one to three users."""
    size = max(n // PEOPLE_PER_ACCOUNT, 1)
    influencers, users = rng.integers(0, 2, size) + 1, rng.integers(1, 4, size)
    members, rank = ranks(1 + influencers + users)
    people = rng.permutation(n)[: len(members)]
    members, rank = members[: len(people)], rank[: len(people)]
    role = np.where(rank == 0, 1, np.where(rank <= influencers[members], 2, 0))
    role_of, account_of = np.full(n, -1), np.full(n, -1)
    role_of[people], account_of[people] = role, members
    names = [f"{head} {tail}" for head in WORDS["firm_heads"].split() for tail in WORDS["firm_tails"]]
    ids = labels("A", first + 1 + np.arange(size), 6)
    accounts = pd.DataFrame(
        {
            "account_id": ids,
            "name": choose(names, rng.integers(0, len(names), size)),
            "industry": choose(INDUSTRIES, rng.integers(0, len(INDUSTRIES), size)),
            "employees": (5 * np.exp(rng.gamma(2.0, 0.9, size))).astype(np.int64),
            "city": choose(cities()[0], rng.integers(0, len(cities()[0]), size)),
        }
    )
    roles = pd.DataFrame(
        {
            "account_id": ids.take(members),
            "record_id": records.record_id.take(records.account[people]),
            "role": choose(ROLES, role),
        }
    )
    return Accounts(accounts, roles, role_of, account_of)


def charged_to(rng: np.random.Generator, accounts: Accounts, orders: Orders) -> np.ndarray:
    """Row of the account each order is charged to, -1 when private."""
    role = accounts.role_of[orders.person]
    share = np.where(role >= 0, ON_ACCOUNT[role], 0.0)
    return np.where(rng.random(len(role)) < share, accounts.account_of[orders.person], -1)
