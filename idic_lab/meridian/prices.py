"""Randomised prices of the delivery pass: each need segment has its own sensitivity and so its own best price."""

from __future__ import annotations

import numpy as np
import pandas as pd

from idic_lab.meridian import products, weeks
from idic_lab.meridian.draws import choose, labels, logistic, ranks
from idic_lab.meridian.settings import SEGMENTS, Settings

PRICES = np.array([5.0, 8.0, 11.0, 14.0, 18.0, 22.0])
SLOPES = np.array([0.45, 0.14, 0.19, 0.24, 0.32])  # fall of the log odds of buying per unit of price
BUYS_AT_BEST = np.array([0.30, 0.38, 0.45, 0.33, 0.38])
SHOWINGS, SHOWINGS_PANEL = 1, 4


def sensitivities(settings: Settings) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Intercept, slope and profit-best price per segment.

    With log odds ``intercept - slope * price`` of buying, profit per showing is greatest where
    ``1 = slope * (price - cost) * (1 - chance)``. The planted values fix slope and chance at the best price, and the
    price and the intercept follow.
    """
    slope, chance = SLOPES, BUYS_AT_BEST
    if not settings.segments:
        slope, chance = np.full(len(SEGMENTS), 0.25), np.full(len(SEGMENTS), 0.36)
    best = products.PASS_COST + 1 / (slope * (1 - chance))
    return np.log(chance / (1 - chance)) + slope * best, slope, best


def draw_price_tests(
    rng: np.random.Generator,
    segment: np.ndarray,
    in_panel: np.ndarray,
    first_day: np.ndarray,
    customer_id,
    first: int,
    settings: Settings,
) -> pd.DataFrame:
    """The table price_tests: one showing per customer, four for the survey panel, at random prices."""
    who, _ = ranks(np.where(in_panel, SHOWINGS_PANEL, SHOWINGS))
    intercept, slope, _ = sensitivities(settings)
    price = PRICES[rng.integers(0, len(PRICES), len(who))]
    bought = rng.random(len(who)) < logistic(intercept[segment[who]] - slope[segment[who]] * price)
    day = first_day[who] + (rng.random(len(who)) * (weeks.DAYS - first_day[who])).astype(np.int64)
    return pd.DataFrame(
        {
            "test_id": labels("T", first + 1 + np.arange(len(who)), 7),
            "customer_id": customer_id.take(who),
            "date": weeks.days_to_dates(day),
            "product_id": choose([products.PASS_ID], np.zeros(len(who), dtype=int)),
            "price": price,
            "bought": bought,
        }
    )


def price_truth(settings: Settings) -> pd.DataFrame:
    """Planted sensitivity per segment: segment, intercept, slope, best_price."""
    intercept, slope, best = sensitivities(settings)
    names = SEGMENTS if settings.segments else ("none",)
    return pd.DataFrame(
        {
            "segment": pd.array(list(names), dtype="str"),
            "intercept": np.round(intercept[: len(names)], 6),
            "slope": np.round(slope[: len(names)], 6),
            "best_price": np.round(best[: len(names)], 4),
        }
    )
