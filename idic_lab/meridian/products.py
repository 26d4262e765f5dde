"""What is sold: products with complements, and the modules of the two that are made to measure."""

from __future__ import annotations

from functools import cache

import numpy as np
import pandas as pd

from idic_lab.meridian.draws import labels

CATEGORIES = ("kitchen", "garden", "office", "sport", "travel", "audio", "beauty", "gifts")
TIERS = ("budget", "standard", "premium")
PER_TIER = 5
PRICE_RANGE = ((5.0, 14.0), (15.0, 34.0), (36.0, 90.0))
COST_SHARE = (0.48, 0.42, 0.37)  # of the list price, by tier: premium earns most
PASS_ID = "PASS"  # the delivery pass on which prices are tested; never in an order
PASS_COST = 4.0

_NOUNS = {
    "kitchen": "Kettle Pan Knife Grinder Scale",
    "garden": "Shears Planter Hose Trowel Lantern",
    "office": "Pen Lamp Binder Chair Stand",
    "sport": "Bottle Mat Racket Rope Band",
    "travel": "Case Backpack Pillow Adapter Flask",
    "audio": "Speaker Headset Turntable Microphone Cable",
    "beauty": "Soap Brush Mirror Serum Towel",
    "gifts": "Candle Frame Vase Puzzle Card-Set",
}
_GRADES = ("Basic", "Classic", "Atelier")

# Products that belong together: who buys the first adds the second with this probability.
COMPLEMENT_CHANCE = 0.45
_COMPLEMENTS = (  # category, then tier and rank of popularity of the first and of the second
    ("kitchen", (1, 0), (0, 3)),
    ("kitchen", (2, 0), (0, 4)),
    ("garden", (1, 0), (0, 2)),
    ("garden", (2, 1), (1, 3)),
    ("office", (1, 0), (0, 4)),
    ("office", (2, 0), (0, 3)),
    ("sport", (1, 0), (0, 3)),
    ("travel", (1, 0), (0, 2)),
    ("travel", (2, 0), (0, 4)),
    ("audio", (1, 0), (0, 3)),
    ("beauty", (1, 0), (0, 4)),
    ("gifts", (1, 0), (0, 2)),
)


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
    for category, first, second in _COMPLEMENTS:
        one, other = (_by_popularity(CATEGORIES.index(category), *item) for item in (first, second))
        pairs[one] = other
    return pairs


def _by_popularity(category: int, tier: int, rank: int) -> int:
    """Row of the product of a category and tier that is `rank`-th in popularity, 0 the most popular."""
    start = row_of(category, tier, 0)
    return start + int(np.argsort(-popularity()[start : start + PER_TIER])[rank])


def product_ids():
    """Identifiers of the 120 products."""
    return labels("P", 1 + np.arange(len(list_prices())), 3)


def product_table() -> pd.DataFrame:
    """The table products: the 120 products and the delivery pass."""
    name, category, tier = [], [], []
    for group in CATEGORIES:
        for number, grade in enumerate(_GRADES):
            for noun in _NOUNS[group].split():
                name.append(f"{grade} {noun}")
                category.append(group)
                tier.append(TIERS[number])
    table = pd.DataFrame(
        {
            "product_id": product_ids(),
            "name": name,
            "category": category,
            "tier": tier,
            "list_price": list_prices(),
            "unit_cost": unit_costs(),
        }
    )
    delivery_pass = pd.DataFrame(
        {
            "product_id": [PASS_ID],
            "name": ["Delivery Pass, one month"],
            "category": ["services"],
            "tier": pd.array([None], dtype="str"),
            "list_price": [11.0],
            "unit_cost": [PASS_COST],
        }
    )
    return pd.concat([table, delivery_pass], ignore_index=True)


# Modules of the configurable products: option, extra price, extra cost, question it answers to, excluded option.
_CASE = row_of(CATEGORIES.index("travel"), 2, 0)
_CHAIR = row_of(CATEGORIES.index("office"), 2, 3)
_MODULES = {
    _CASE: {
        "shell": (
            ("polycarbonate", 0, 0, "N19", None),
            ("aluminium", 60, 28, "N09", None),
            ("recycled fabric", 12, 7, "N14", None),
        ),
        "size": (("cabin", 0, 0, None, None), ("medium", 15, 8, None, None), ("large", 28, 15, None, None)),
        "wheels": (("two", 0, 0, "N01", None), ("four silent", 18, 9, "N15", None)),
        "finish": (
            ("plain", 0, 0, "N07", None),
            ("limited print", 22, 6, "N18", "aluminium"),
            ("monogram", 15, 5, "N20", "recycled fabric"),
        ),
        "service": (
            ("post", 0, 0, "N13", None),
            ("next day", 8, 6, "N04", "monogram"),
            ("fitting in the shop", 10, 7, "N05", None),
        ),
    },
    _CHAIR: {
        "seat": (("foam", 0, 0, "N19", None), ("mesh", 25, 12, "N12", None), ("leather", 90, 45, "N02", "flat pack")),
        "arms": (("none", 0, 0, "N01", None), ("adjustable", 30, 14, "N09", None)),
        "assembly": (
            ("flat pack", 0, 0, "N07", None),
            ("assembled", 20, 12, "N10", None),
            ("set up at home", 45, 30, "N11", None),
        ),
        "advice": (
            ("manual", 0, 0, "N16", None),
            ("video call", 12, 6, "N17", None),
            ("visit", 35, 26, "N05", "flat pack"),
        ),
    },
}


def option_table() -> pd.DataFrame:
    """The table product_options."""
    rows, ids, products = [], {}, product_ids()
    for product, modules in _MODULES.items():
        for module, options in modules.items():
            for option, price, cost, serves, _ in options:
                ids[product, option] = f"O{len(ids) + 1:02d}"
                rows.append((ids[product, option], products[product], module, option, price, cost, serves, None))
    table = pd.DataFrame(rows, columns=_OPTION_COLUMNS)
    excluded = {
        ids[product, option]: ids[product, other]
        for product, modules in _MODULES.items()
        for options in modules.values()
        for option, *_, other in options
        if other is not None
    }
    table["not_with"] = pd.array([excluded.get(option) for option in table["option_id"]], dtype="str")
    table["serves"] = table["serves"].astype("str")
    return table.astype({"extra_price": "float64", "extra_cost": "float64"})


_OPTION_COLUMNS = ["option_id", "product_id", "module", "option", "extra_price", "extra_cost", "serves", "not_with"]


def complement_truth() -> pd.DataFrame:
    """Planted complements: product_id, complement_id, probability."""
    first = np.flatnonzero(complement_of() >= 0)
    ids = product_ids()
    return pd.DataFrame(
        {
            "product_id": ids[first],
            "complement_id": ids[complement_of()[first]],
            "probability": np.full(len(first), COMPLEMENT_CHANCE),
        }
    )
