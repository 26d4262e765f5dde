"""Randomised trials: an offer that moves some and puts off others, prices of the delivery pass, and what a sister shop tried."""

import numpy as np
import pandas as pd
from scipy.special import ndtri

from idic_lab.meridian import contacts, draws, products
from idic_lab.meridian.draws import choose, labels, logistic, pick, ranks, text
from idic_lab.meridian.orders import ORDER_CHANNELS, Orders
from idic_lab.meridian.people import PANEL
from idic_lab.meridian.settings import SEGMENTS, Settings

CAMPAIGN_ID = "PLAN2025"
DATE = np.datetime64("2025-09-01", "D")
_DAY = int((DATE - draws.START).astype(int))
KINDS = ("persuadable", "sure_thing", "lost_cause", "sleeping_dog")
MARGIN, MARGIN_WITH_OFFER = 30.0, 24.0  # the offer is a discount of 6
CONTACT_COST = 1.5


def features(orders: Orders, age: np.ndarray, order_channel: np.ndarray) -> dict[str, np.ndarray]:
    """What the retailer sees of each eligible customer on the day; arrays of shape (eligible,).

    Eligible is who has bought before the day; ``person`` names them.
    """
    n, day = len(age), _DAY
    before = orders.day < day
    who = orders.person[before]
    count = np.bincount(who, minlength=n)
    spend = np.bincount(who, orders.amount[before], minlength=n)
    first, last = np.full(n, day), np.zeros(n, dtype=np.int64)
    np.minimum.at(first, who, orders.day[before])
    np.maximum.at(last, who, orders.day[before])
    by_channel = np.zeros((n, len(ORDER_CHANNELS)), dtype=np.int64)
    np.add.at(by_channel, (who, order_channel[before]), 1)
    person = np.flatnonzero(count > 0)
    return {
        "person": person,
        "recency_days": (day - last)[person],
        "tenure_days": (day - first)[person],
        "orders": count[person],
        "spend": np.round(spend[person], 2),
        "age": age[person],
        "main_channel": by_channel[person].argmax(axis=1),
    }


def kind_probabilities(seen: dict[str, np.ndarray], settings: Settings) -> np.ndarray:
    """Probability of each of the four kinds given what is seen, shape (eligible, 4).

    Recent and frequent customers are sure things, the young who order online after a pause are persuadable, older
    customers of the stores who have gone quiet are sleeping dogs, and one-time buyers of long ago are lost causes.
    Without an effect, only sure things and lost causes remain, at the same chance of a conversion without the offer.
    """
    recency, count, age = seen["recency_days"], seen["orders"], seen["age"]
    pause = np.exp(-(((np.log1p(recency) - np.log1p(110)) / 0.75) ** 2))
    online = seen["main_channel"] != ORDER_CHANNELS.index("store")
    young = np.clip((48 - age) / 10, -2, 2)
    score = np.column_stack(
        [
            -1.8 + 3.2 * pause + 1.0 * online + 1.3 * young,
            -0.3 + 3.4 * (recency < 45) + 0.9 * np.log(count) - 1.2 * (recency > 200),
            0.9 + 1.4 * (recency > 260) - 0.9 * np.log(count),
            -2.4 + 2.6 * (recency > 120) * ~online - 1.1 * young + 0.5 * np.log(count),
        ]
    )
    chance = np.exp(1.5 * score)
    chance /= chance.sum(axis=1, keepdims=True)
    if settings.campaign_effect:
        return chance
    without = chance[:, 1] + chance[:, 3]
    nothing = np.zeros(len(chance))
    return np.column_stack([nothing, without, 1 - without, nothing])


def draw_campaign(
    rng: np.random.Generator,
    orders: Orders,
    age: np.ndarray,
    order_channel: np.ndarray,
    customer_id,
    settings: Settings,
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The table campaign_results, and the truth: kind, effects and best policies per customer."""
    seen = features(orders, age, order_channel)
    chance = kind_probabilities(seen, settings)
    kind = pick(rng, chance)
    offered = rng.random(len(kind)) < 0.5
    without, given = np.isin(kind, (1, 3)), np.isin(kind, (0, 1))
    converted = np.where(offered, given, without)
    ids = customer_id.take(seen.pop("person"))
    seen["main_channel"] = choose(ORDER_CHANNELS, seen["main_channel"])
    zeros = np.zeros(len(kind), dtype=int)
    table = {
        "campaign_id": choose([CAMPAIGN_ID], zeros),
        "customer_id": ids,
        "date": draws.days_to_dates(zeros + _DAY),
        "arm": choose(("control", "offer"), offered.astype(int)),
        **seen,
        "converted": converted,
        "margin": np.where(converted, np.where(offered, MARGIN_WITH_OFFER, MARGIN), 0.0),
        "contact_cost": np.where(offered, CONTACT_COST, 0.0),
    }
    gain_by_kind = np.array([MARGIN_WITH_OFFER, MARGIN_WITH_OFFER - MARGIN, 0.0, -MARGIN]) - CONTACT_COST
    expected = chance @ gain_by_kind
    truth = {
        "customer_id": ids,
        "kind": choose(KINDS, kind),
        "effect": given.astype(np.int64) - without.astype(np.int64),
        "gain": gain_by_kind[kind],
        "profit_without": np.where(without, MARGIN, 0.0),
        "expected_effect": np.round(chance[:, 0] - chance[:, 3], 6),
        "expected_gain": np.round(expected, 6),
        "treat_if_kind_known": gain_by_kind[kind] > 0,
        "treat_by_features": np.round(expected, 6) > 0,
    }
    return pd.DataFrame(table), pd.DataFrame(truth)


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


def draw_price_tests(block, first: int) -> pd.DataFrame:
    """The table price_tests: one showing per customer, four for the survey panel, at random prices."""
    rng, segment, first_day = block.rng("prices"), block.segment, block.buyers.first_day
    who, _ = ranks(np.where(block.records.by_touchpoint[:, PANEL] >= 0, SHOWINGS_PANEL, SHOWINGS))
    intercept, slope, _ = sensitivities(block.settings)
    price = PRICES[rng.integers(0, len(PRICES), len(who))]
    bought = rng.random(len(who)) < logistic(intercept[segment[who]] - slope[segment[who]] * price)
    day = first_day[who] + (rng.random(len(who)) * (draws.DAYS - first_day[who])).astype(np.int64)
    return price_tests(block, who, day, price, bought, first)


def price_tests(block, person: np.ndarray, day, price, bought, first: int) -> pd.DataFrame:
    """The table price_tests of who saw the pass, when, and at which price, numbered on from `first`."""
    told = {
        "test_id": labels("T", first + 1 + np.arange(len(person)), 7),
        "customer_id": block.people.customer_id.take(person),
        "date": draws.days_to_dates(np.broadcast_to(day, len(person))),
        "product_id": choose([products.PASS_ID], np.zeros(len(person), dtype=int)),
    }
    return pd.DataFrame(told | {"price": np.asarray(price), "bought": np.asarray(bought)})


def price_truth(settings: Settings) -> pd.DataFrame:
    """Planted sensitivity per segment: segment, intercept, slope, best_price."""
    intercept, slope, best = sensitivities(settings)
    names = SEGMENTS if settings.segments else ("none",)
    values = {"intercept": np.round(intercept, 6), "slope": np.round(slope, 6), "best_price": np.round(best, 4)}
    return pd.DataFrame({"segment": text(names)} | {name: held[: len(names)] for name, held in values.items()})


# What the sister shop tried on customers of its own, each time by lot: customers, share of them treated, share of a year's
# earnings that it adds to everybody (checkup: by HURT, TOLD ...), currency a year per customer treated.
PILOTS = {
    "checkup": (3_000, 0.5, 0.0, 1.6),
    "manager": (2_000, 0.5, 0.15, 6.0),
    "manager roll-out": (4_000, 0.75, 0.08, 6.0),
    "points": (3_000, 0.5, 0.2, 0.0),
    "recovery": (4_000, 0.5, 0.15, 3.0),
}
HURT, TOLD = 0.25, 0.7  # were wronged and keep silent; tell when asked
LOST, MENDED = 0.8, 0.85  # what they stop buying; what returns
MENDING_COST, POINTS_COST = 4.0, 0.05  # per customer who told; share of what is earned
YEAR_OF_VALUE = 0.3  # earned in a year for each unit of residual value
LITTLE = 80.0  # residual value below which points change what is bought


def draw_pilots(rng: np.random.Generator, settings: Settings) -> pd.DataFrame:
    """The table pilots: who was treated by lot in each trial of the sister shop, and what each customer earned in the year after."""
    parts = []
    for pilot, (n, share, lift, cost) in PILOTS.items():
        value = np.round(20 + rng.gamma(1.2, 80.0, n), 2)
        treated, luck = rng.random(n) < share, rng.gamma(2.0, 0.5, n)
        hurt, tells, mends = (rng.random(n) < chance for chance in (HURT, TOLD, MENDED))
        told = treated & hurt & tells & (pilot == "checkup") & (settings.discovery > 0)
        factor = 1 + _strength(pilot, settings) * lift * treated * (value < LITTLE if pilot == "points" else 1.0)
        if pilot == "checkup":
            factor = 1 - settings.discovery * LOST * (hurt & ~(told & mends))
        earned = np.round(YEAR_OF_VALUE * value * luck * factor, 2)
        costs = treated * (cost + MENDING_COST * told + (POINTS_COST * earned if pilot == "points" else 0.0))
        table = {"participant_id": labels("P", 1 + np.arange(n), 5), "residual_value": value, "treated": treated}
        table |= {"told": told, "earned": earned, "cost": np.round(costs, 2)}
        parts.append(pd.DataFrame({"pilot": text([pilot] * n)} | table))
    return pd.concat(parts, ignore_index=True)


def _strength(pilot: str, settings: Settings) -> float:
    return {"checkup": settings.discovery, "points": settings.points, "recovery": settings.recovery}.get(
        pilot, settings.managing
    )


def pilot_truth(settings: Settings) -> pd.DataFrame:
    """What being treated adds to a year's earnings for each unit of residual value, by trial and value of the customers."""
    found = HURT * TOLD * MENDED * LOST
    rows = [
        (pilot, group, YEAR_OF_VALUE * _strength(pilot, settings) * lift * (group == "little" or pilot != "points"))
        for pilot, (*_, planted, _) in PILOTS.items()
        for group, lift in dict.fromkeys(("little", "much"), found if pilot == "checkup" else planted).items()
    ]
    return pd.DataFrame(rows, columns=["pilot", "worth", "lift"]).astype({"pilot": "str", "worth": "str"}).round(6)


# The trial of consent: the share that says yes by voucher, and what becomes of consent by messages a month.
REWARDS, SAY_YES = np.array([0.0, 2.0, 5.0, 10.0]), np.array([0.20, 0.30, 0.38, 0.42])
ASKED, MONTHS = 3_000, 12  # customers for each voucher
MESSAGES = np.array([0, 1, 2, 4])
MESSAGE = 0.12  # share of a year's earnings that one message a month adds while consent lasts
ANYWAY, FEWER = 0.004, 0.5  # withdraw in a month, written to or not; would take one message a month instead
LIKING = 0.6  # correlation of saying yes with liking the shop, which nobody sees


def say_yes(settings: Settings) -> np.ndarray:
    """Share that says yes for each of REWARDS."""
    return SAY_YES[0] + settings.rewards * (SAY_YES - SAY_YES[0])


def _month(messages, settings: Settings):
    """What a month of so many messages adds, in units of MESSAGE, and the chance that consent is withdrawn in it."""
    recent = np.maximum(messages - 1, 0)
    leaves = ANYWAY + messages * contacts.opts_out(recent, settings)
    return settings.messages * messages * np.exp(-settings.fatigue * recent), leaves


def draw_consent_trial(rng: np.random.Generator, settings: Settings) -> pd.DataFrame:
    """The table consent_trial: asked for consent with a voucher by lot; those who agreed got messages, and a preference centre, by lot."""
    n = ASKED * len(REWARDS)
    value, liking = np.round(20 + rng.gamma(1.2, 80.0, n), 2), rng.normal(size=n)
    score = LIKING * liking + np.sqrt(1 - LIKING**2) * rng.normal(size=n)
    agreed = score > ndtri(1 - np.repeat(say_yes(settings), ASKED))
    messages, centre = agreed * rng.choice(MESSAGES, n), agreed & (rng.random(n) < 0.5)
    fewer, ended, added, sent = np.zeros(n, dtype=bool), np.full(n, np.nan), np.zeros(n), np.zeros(n)
    for month in range(MONTHS):
        now, holds = np.where(fewer, 1, messages), agreed & np.isnan(ended)
        worth, leaves = _month(now, settings)
        added, sent = added + holds * worth / MONTHS, sent + holds * now
        leaving = holds & (rng.random(n) < leaves)
        takes = leaving & centre & (now > 1) & (rng.random(n) < FEWER)
        fewer |= takes
        ended = np.where(leaving & ~takes, 30 * month + rng.integers(1, 31, n), ended)
    luck = rng.gamma(4.0, 0.25, n) * np.exp(0.3 * liking - 0.045)
    reward, earned = np.repeat(REWARDS, ASKED), np.round(YEAR_OF_VALUE * value * (luck + MESSAGE * added), 2)
    table = {"participant_id": labels("P", 1 + np.arange(n), 5), "residual_value": value, "reward": reward}
    table |= {"agreed": agreed, "messages": messages, "centre": centre, "fewer": fewer, "withdrawn_after": ended}
    return pd.DataFrame(table | {"earned": earned, "cost": np.round(contacts.COST_OUT[0] * sent, 2)})


def consent_truth(settings: Settings) -> dict[str, pd.DataFrame]:
    """Planted in the trial of consent: who says yes for what, and how long a yes lasts and what it adds, by what follows."""
    yes, rows = say_yes(settings), []
    for messages, centre in [(m, c) for m in MESSAGES for c in (False, True)]:
        (worth, leaves), (worth_fewer, leaves_fewer) = _month(messages, settings), _month(1, settings)
        full, fewer, added = 1.0, 0.0, 0.0
        for _ in range(MONTHS):
            added += (full * worth + fewer * worth_fewer) / MONTHS
            took = full * leaves * FEWER * (centre and messages > 1)
            full, fewer = full * (1 - leaves), fewer * (1 - leaves_fewer) + took
        rows.append((messages, centre, full + fewer, YEAR_OF_VALUE * MESSAGE * added))
    lives = pd.DataFrame(rows, columns=["messages", "centre", "in_force", "lift"]).round(6)
    return {"consent_rewards": pd.DataFrame({"reward": REWARDS, "agree": yes}), "consent_lives": lives}
