"""When people buy and for how much (BG/NBD and Gamma-Gamma, drawn exactly), their share of wallet, and the club."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from idic_lab.meridian import weeks
from idic_lab.meridian.draws import ranks, standardise
from idic_lab.meridian.settings import SEED, Settings

SHORTEST_AGE = 28  # days between the last first purchase and the end


@dataclass
class Buyers:
    """What drives each person's purchases; arrays of shape (people,)."""

    rate: np.ndarray  # purchases per day while alive
    dropout: np.ndarray  # probability of leaving after each repeat purchase
    spend_rate: np.ndarray  # Gamma-Gamma nu
    mean_spend: np.ndarray  # expected amount of an order
    first_day: np.ndarray


@dataclass
class Orders:
    """Orders sorted by person and day; arrays of shape (orders,), but for the last three of shape (people,)."""

    person: np.ndarray
    day: np.ndarray
    rank: np.ndarray  # 0 = first order of the person
    amount: np.ndarray
    last_day: np.ndarray
    count: np.ndarray
    alive: np.ndarray  # still a customer at the end


def draw_buyers(rng: np.random.Generator, n: int, settings: Settings) -> Buyers:
    """Rates, dropout probabilities, spend levels and first purchase days of n people."""
    model = settings.purchase
    rate = rng.gamma(model.r, 1 / model.alpha, n)
    stay = rng.gamma(model.b, 1.0, n)
    leave = rng.gamma(model.a, 1.0, n)
    dropout = np.clip(leave / (leave + stay), 1e-12, 1 - 1e-12)
    spend_rate = rng.gamma(model.q, 1 / model.gamma, n)
    if settings.spend_with_frequency:
        # tilt spend by purchase rate, keeping its spread on the logarithmic scale
        rho = settings.spend_with_frequency
        level = -np.log(spend_rate)
        mixed = rho * standardise(np.log(rate)) + np.sqrt(1 - rho**2) * standardise(level)
        spend_rate = np.exp(-(level.mean() + level.std() * mixed))
    return Buyers(rate, dropout, spend_rate, model.p / spend_rate, _first_days(rng, n))


def _first_days(rng: np.random.Generator, n: int) -> np.ndarray:
    """First purchase days: newcomers thin out over the two years and follow season and weekday."""
    days = np.arange(weeks.DAYS - SHORTEST_AGE)
    weights = weeks.interest_weights()[: len(days)] * np.exp(-days / 450)
    cumulative = np.cumsum(weights)
    return np.searchsorted(cumulative, rng.random(n) * cumulative[-1], side="right")


def draw_orders(rng: np.random.Generator, buyers: Buyers, settings: Settings) -> Orders:
    """All orders of the people, the first included.

    Given its count, a Poisson process is a set of uniform times; of those, the repeat purchases up to and including
    the one after which the person leaves (a geometric count) are kept. This is BG/NBD without a loop over purchases.
    """
    clock = weeks.operational_time(settings.season)
    middle = (clock[:-1] + clock[1:]) / 2  # every day stands for its middle, so that rounding to days is even
    begin, end = middle[buyers.first_day], middle[-1]
    poisson = settings.purchase_shape == 1 and settings.rate_drift == 0
    events, elapsed = (_poisson if poisson else renewals)(rng, buyers.rate, end - begin, settings)
    lifetime = np.ceil(np.log(1 - rng.random(len(events))) / np.log1p(-buyers.dropout))
    lifetime -= settings.leave_after_first
    person, rank = ranks(events)
    when = begin[person] + (rng.random(len(person)) * (end - begin[person]) if poisson else elapsed)
    when = when[np.lexsort((when, person))]
    kept = rank < lifetime[person]
    count = np.minimum(events, lifetime).astype(np.int64)
    repeat_day = np.interp(when[kept], clock, np.arange(weeks.DAYS + 1)).astype(np.int64)
    person, rank = ranks(count + 1)
    day = np.empty(len(person), dtype=np.int64)
    day[rank == 0] = buyers.first_day
    day[rank > 0] = repeat_day
    day = one_order_a_day(person, rank, day, count)
    amount = np.round(rng.gamma(settings.purchase.p, 1.0, len(day)) / buyers.spend_rate[person], 2)
    last = np.cumsum(count + 1) - 1
    return Orders(person, day, rank, np.maximum(amount, 1.0), day[last], count + 1, events < lifetime)


def _poisson(rng, rate, span, settings):
    """Numbers of purchases of a Poisson process; their times are drawn where they are needed."""
    return rng.poisson(rate * span), None


def renewals(
    rng: np.random.Generator, rate: np.ndarray, span: np.ndarray, settings: Settings
) -> tuple[np.ndarray, np.ndarray]:
    """Numbers of purchases, and the times since the first, of people who are regular, clumpy or change their rate.

    Times between purchases are gamma distributed with the person's mean. A rate that drifts is a clock that runs slower
    (or faster) with the time since the first purchase: purchases are drawn on that clock and dated by the calendar.
    """
    drift, shape = settings.rate_drift / 365, settings.purchase_shape
    on_clock = np.expm1(drift * span) / drift if drift else span
    expected = rate * on_clock
    person, rank = ranks(np.ceil(expected + 8 * np.sqrt(expected / shape + 1) + 12).astype(np.int64))
    waited = rng.gamma(shape, 1 / shape, len(person)) / rate[person]
    total = np.cumsum(waited)
    first = rank == 0
    total -= (total[first] - waited[first])[person]
    within = total <= on_clock[person]
    elapsed = np.log1p(drift * total[within]) / drift if drift else total[within]
    return np.bincount(person[within], minlength=len(rate)), elapsed


def one_order_a_day(
    person: np.ndarray, rank: np.ndarray, day: np.ndarray, repeats: np.ndarray, days: int = weeks.DAYS
) -> np.ndarray:
    """Move an order that falls on the day of the one before to the next day, so that none is merged away.

    A running maximum within each person moves orders forward; at the end of the days they move back instead.
    """
    far = 10 * weeks.DAYS
    shifted = np.maximum.accumulate(day - rank + person * far) - person * far + rank
    return np.minimum(shifted, days - 1 - (repeats[person] - rank))


LAST_YEAR = 364  # days of the year that share of wallet is counted over
GROWABLE = 0.15  # share of customers planted as most growable


def draw_wallet(rng: np.random.Generator, buyers: Buyers, orders: Orders) -> pd.DataFrame:
    """Category spend in the last 52 weeks, here and altogether, and who has most room to grow.

    A person spends ``rate * mean_spend`` here while a customer, and that is a share of the person's wallet. The share
    has a Beta(2, 3) distribution.

    Returns:
        DataFrame: ``spend_here``, ``category_spend`` (currency per 52 weeks), ``share_of_wallet``, ``most_growable``;
            one row per person.
    """
    n = len(buyers.rate)
    share = rng.beta(2, 3, n)
    recent = orders.day >= weeks.DAYS - LAST_YEAR
    here = np.round(np.bincount(orders.person[recent], orders.amount[recent], minlength=n), 2)
    usual = (buyers.rate + 0.002) * LAST_YEAR * buyers.mean_spend
    total = np.round(np.maximum(usual / np.maximum(share, 0.05), here * 1.02), 2)
    room = np.where(orders.alive, total - here, 0.0)
    growable = np.zeros(n, dtype=bool)
    growable[np.argsort(-room, kind="stable")[: round(GROWABLE * n)]] = True
    return pd.DataFrame(
        {
            "spend_here": here,
            "category_spend": total,
            "share_of_wallet": np.round(here / total, 6),
            "most_growable": growable,
        }
    )


def club(n: int = 1000, seed: int = SEED, alpha: float = 0.7, beta: float = 3.8) -> pd.DataFrame:
    """Members of a club who pay by the month, each with a chance of their own to stop, which is planted.

    Parameters:
        n: Members who join in the two years of Meridian, evenly.
        alpha, beta: Of the beta distribution of the chances to stop: the truth of a shifted beta-geometric model.
    Returns:
        DataFrame: ``customer_id``, ``start`` and ``end`` (the first day no longer paid for; missing of who is a member
            on the last day).

    >>> members = club(500, seed=1)
    >>> len(members), bool(0.2 < members["end"].isna().mean() < 0.8)
    (500, True)
    """
    rng = np.random.default_rng(seed)
    start = pd.Series(weeks.days_to_dates(np.sort(rng.integers(0, weeks.DAYS, n))))
    paid = np.minimum(rng.geometric(np.clip(rng.beta(alpha, beta, n), 1e-6, 1.0)), 12 * 100)
    last = pd.Timestamp(weeks.days_to_dates(np.array([weeks.DAYS - 1]))[0])
    end = pd.Series([day + pd.DateOffset(months=int(months)) for day, months in zip(start, paid, strict=True)])
    width = len(str(n))
    names = pd.array([f"M{number:0{width}d}" for number in range(1, n + 1)], dtype="str")
    return pd.DataFrame({"customer_id": names, "start": start, "end": end.where(end <= last).astype(start.dtype)})
