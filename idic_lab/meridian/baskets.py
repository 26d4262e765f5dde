"""What is in each order: tastes, product lines whose amounts add up to the order, and returns."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from idic_lab.meridian import products, weeks
from idic_lab.meridian.draws import pick, ranks
from idic_lab.meridian.purchases import Orders
from idic_lab.meridian.settings import SEGMENTS, Settings

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
    """Order lines, sorted by order; arrays of shape (lines,), but for the last two of shape (people, ...)."""

    order: np.ndarray
    product: np.ndarray
    quantity: np.ndarray
    unit_price: np.ndarray
    return_day: np.ndarray  # -1 when kept
    taste: np.ndarray  # (people, 8): share of each category
    return_rate: np.ndarray  # (people,)


def category_weights(settings: Settings) -> np.ndarray:
    """Expected share of each category per segment, shape (5, 8); equal rows without segments."""
    weights = CATEGORY_LEANING if settings.segments else np.ones_like(CATEGORY_LEANING)
    return weights / weights.sum(axis=1, keepdims=True)


def tier_weights(settings: Settings) -> np.ndarray:
    """Expected leaning to each tier per segment, shape (5, 3), before what an order's amount allows."""
    weights = TIER_LEANING if settings.segments else np.full((len(SEGMENTS), 3), 2.0)
    return weights / weights.sum(axis=1, keepdims=True)


def draw_lines(rng: np.random.Generator, orders: Orders, segment: np.ndarray, settings: Settings) -> Lines:
    """Split every order's amount into one to four lines of products that the person likes and it can pay for."""
    people = len(segment)
    taste = rng.gamma(TASTE * category_weights(settings)[segment])
    taste = taste / taste.sum(axis=1, keepdims=True)
    favourite = rng.integers(
        0, products.PER_TIER, (people, len(products.CATEGORIES), len(products.TIERS)), dtype=np.int8
    )
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
    heavy = rng.random(people) < HEAVY_RETURNERS
    return_rate = np.where(heavy, RETURN_RATE_HEAVY, RETURN_RATE)
    back = orders.day[order] + rng.integers(4, 22, len(order))
    returned = (rng.random(len(order)) < return_rate[who]) & (back < weeks.DAYS)
    return Lines(order, product, quantity, unit_price, np.where(returned, back, -1), taste, return_rate)


def _choose_products(rng, who, category, share, segment, favourite, settings):
    """A product of the category for each line, of a tier within reach; the best priced of three candidates."""
    reach = np.column_stack([np.ones(len(share)), share >= 13, share >= 32])
    best, gap = None, None
    for _ in range(3):
        tier = pick(rng, tier_weights(settings)[segment[who]] * reach)
        popular = pick(
            rng,
            products.popularity()[products.row_of(category, tier, 0)[:, None] + np.arange(products.PER_TIER)],
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
