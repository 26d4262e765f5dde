"""What is sold: products with complements, and the modules of the two that are made to measure."""

import io
from functools import cache

import numpy as np
import pandas as pd

from idic_lab.meridian.draws import labels, pick
from idic_lab.meridian.people import WORDS

CATEGORIES = ("kitchen", "garden", "office", "sport", "travel", "audio", "beauty", "gifts")
TIERS = ("budget", "standard", "premium")
PER_TIER = 5
PRICE_RANGE = ((5.0, 14.0), (15.0, 34.0), (36.0, 90.0))
COST_SHARE = (0.48, 0.42, 0.37)  # of the list price, by tier: premium earns most
PASS_ID = "PASS"  # the delivery pass on which prices are tested; never in an order
PASS_COST = 4.0

_GRADES = ("Basic", "Classic", "Atelier")
COMPLEMENT_CHANCE = 0.45  # that who buys the first of two that belong together adds the second


def row_of(category: int | np.ndarray, tier: int | np.ndarray, item: int | np.ndarray):
    """Row of a product in the catalogue."""
    return (category * len(TIERS) + tier) * PER_TIER + item


@cache
def list_prices() -> np.ndarray:
    """List prices of all products, shape (120,)."""
    rng = np.random.default_rng(120)
    low, high = np.array(PRICE_RANGE).T
    steps = (np.arange(PER_TIER) + rng.random((len(CATEGORIES), len(TIERS), PER_TIER))) / PER_TIER
    prices = low[:, None] + (high - low)[:, None] * rng.permuted(steps, axis=2)
    return np.floor(prices).ravel() + 0.9


@cache
def unit_costs() -> np.ndarray:
    """Unit costs of all products, shape (120,)."""
    share = np.tile(np.repeat(COST_SHARE, PER_TIER), len(CATEGORIES))
    spread = np.random.default_rng(121).uniform(0.92, 1.08, len(share))
    return np.round(list_prices() * share * spread, 2)


@cache
def quality() -> np.ndarray:
    """How good each product is, shape (120,), in stars around the average: premium is better, each has its own."""
    tier = np.tile(np.repeat([-0.25, 0.0, 0.30], PER_TIER), len(CATEGORIES))
    return np.round(tier + np.random.default_rng(122).normal(0, 0.3, len(tier)), 3)


@cache
def popularity() -> np.ndarray:
    """Weight of each product within its category and tier, shape (120,)."""
    weights = 1 / (1 + np.arange(PER_TIER))
    rng = np.random.default_rng(123)
    return np.concatenate([rng.permutation(weights) for _ in range(len(CATEGORIES) * len(TIERS))])


@cache
def complement_of() -> np.ndarray:
    """For every product the row of its planted complement, -1 for none, shape (120,)."""
    pairs = np.full(len(list_prices()), -1)
    for category, *first, tier, rank in WORDS["complements"]:
        row = CATEGORIES.index(category)
        pairs[_by_popularity(row, *first)] = _by_popularity(row, tier, rank)
    return pairs


def _by_popularity(category: int, tier: int, rank: int) -> int:
    """Row of the product of a category and tier that is `rank`-th in popularity, 0 the most popular."""
    start = row_of(category, tier, 0)
    return start + int(np.argsort(-popularity()[start : start + PER_TIER])[rank])


def by_popularity(rng: np.random.Generator, category: np.ndarray, tier: np.ndarray) -> np.ndarray:
    """An item of each category and tier, the popular more often."""
    return pick(rng, popularity()[row_of(category, tier, 0)[:, None] + np.arange(PER_TIER)])


def product_ids():
    """Identifiers of the 120 products."""
    return labels("P", 1 + np.arange(len(list_prices())), 3)


def product_table() -> pd.DataFrame:
    """The table products: the 120 products and the delivery pass."""
    names = [f"{grade} {noun}" for group in CATEGORIES for grade in _GRADES for noun in WORDS["nouns"][group].split()]
    tiers = [tier for _ in CATEGORIES for tier in TIERS for _ in range(PER_TIER)]
    return pd.DataFrame(
        {
            "product_id": [*product_ids(), PASS_ID],
            "name": [*names, "Delivery Pass, one month"],
            "category": [*(group for group in CATEGORIES for _ in range(len(TIERS) * PER_TIER)), "services"],
            "tier": pd.array([*tiers, None], dtype="str"),
            "list_price": [*list_prices(), 11.0],
            "unit_cost": [*unit_costs(), PASS_COST],
        }
    )


def option_table() -> pd.DataFrame:
    """The table product_options."""
    table = pd.read_csv(io.StringIO(WORDS["options"]), dtype={"extra_price": "float64", "extra_cost": "float64"})
    rows = row_of(table.pop("category").map(CATEGORIES.index), TIERS.index("premium"), table.pop("item"))
    table.insert(0, "option_id", labels("O", np.arange(1, len(table) + 1), 2))
    table.insert(1, "product_id", product_ids().take(rows))
    number = dict(zip(table["product_id"] + table["option"], table["option_id"], strict=True))
    return table.assign(not_with=(table["product_id"] + table["not_with"]).map(number).astype("str"))


def complement_truth() -> pd.DataFrame:
    """Planted complements: product_id, complement_id, probability."""
    first = np.flatnonzero(complement_of() >= 0)
    ids = product_ids()
    belongs = {"product_id": ids[first], "complement_id": ids[complement_of()[first]]}
    return pd.DataFrame(belongs | {"probability": np.full(len(first), COMPLEMENT_CHANCE)})
