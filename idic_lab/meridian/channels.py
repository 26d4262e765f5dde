"""Contacts in five channels: whom they reach when, how they tire, and what customers themselves ask."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from idic_lab.meridian import weeks
from idic_lab.meridian.draws import choose, labels, logistic, pick, ranks
from idic_lab.meridian.identities import HOME_OF_CHANNEL, Records
from idic_lab.meridian.settings import Settings
from idic_lab.tables import CHANNELS, CONSENT_CHANNELS

# Chance that each channel is the preferred one, per need segment (columns as CHANNELS).
PREFERRED = np.array(
    [
        [0.40, 0.20, 0.10, 0.15, 0.15],
        [0.30, 0.10, 0.15, 0.15, 0.30],
        [0.25, 0.10, 0.05, 0.50, 0.10],
        [0.10, 0.05, 0.40, 0.05, 0.40],
        [0.15, 0.50, 0.05, 0.20, 0.10],
    ]
)
RESPONSE_PREFERRED = 0.72
RESPONSE_OTHERS = np.array([0.26, 0.18, 0.12, 0.08])  # in random order over the other channels
WRONG_TIME = 0.70  # factor on the response outside the person's time of day
TIMES_OF_DAY = {"morning": (8, 12), "afternoon": (12, 17), "evening": (17, 21)}
OUTBOUND_PER_DAY = 0.0135
OWN_CHOICE = 0.72  # share of inbound contacts through the preferred channel
COST_OUT = np.array([0.05, 0.08, 1.60, 0.50, 1.00])
COST_IN = np.array([1.40, 1.20, 5.80, 2.80, 4.50])
HEAVY_CALLERS = 0.08
INBOUND_PER_ORDER, INBOUND_PER_ORDER_HEAVY = 0.22, 2.2
FATIGUE_DAYS = 28
TOPICS = ("delivery", "quality", "price", "service", "product")


@dataclass
class Reach:
    """What drives each person's reactions; arrays of shape (people, ...)."""

    preferred: np.ndarray
    response: np.ndarray  # (people, channels): chance of a response at the right time, rested
    time_of_day: np.ndarray  # row of TIMES_OF_DAY
    heavy_caller: np.ndarray


def draw_reach(rng: np.random.Generator, segment: np.ndarray, settings: Settings) -> Reach:
    """Preferred channel, response chances and time of day of each person."""
    n = len(segment)
    weights = PREFERRED if settings.segments else np.tile(PREFERRED.mean(axis=0), (len(PREFERRED), 1))
    preferred = pick(rng, weights[segment])
    others = rng.permuted(np.tile(RESPONSE_OTHERS, (n, 1)), axis=1)
    response = np.empty((n, len(CHANNELS)))
    is_preferred = preferred[:, None] == np.arange(len(CHANNELS))
    response[is_preferred] = RESPONSE_PREFERRED
    response[~is_preferred] = others.ravel()
    time = rng.integers(0, len(TIMES_OF_DAY), n)
    return Reach(preferred, response, time, rng.random(n) < HEAVY_CALLERS)


def draw_outbound(
    rng: np.random.Generator, reach: Reach, consent: np.ndarray, first_day: np.ndarray, settings: Settings
) -> pd.DataFrame:
    """Contacts begun by the retailer, on channels with consent only, in bursts.

    The chance of a response is the person's chance on that channel, times WRONG_TIME outside the person's time of
    day, times exp(-fatigue) for each outbound contact of the 28 days before. Factors multiply, so that averages over
    people decline with recent contacts at the very same rate: a log-linear fit finds it without knowing the person.
    """
    n = len(first_day)
    eager = rng.gamma(1.2, 1 / 1.2, n)
    count = rng.poisson(OUTBOUND_PER_DAY * eager * (weeks.DAYS - first_day))
    person, rank = ranks(count)
    burst, _ = ranks(np.ceil(count / 3).astype(int))
    starts = first_day[burst] + rng.random(len(burst)) * (weeks.DAYS - first_day[burst])
    offset = np.cumsum(np.ceil(count / 3).astype(int)) - np.ceil(count / 3).astype(int)
    day = starts[offset[person] + rank // 3] + rng.exponential(14, len(person))
    day = np.minimum(day, weeks.DAYS - 1).astype(np.int64)
    order = np.lexsort((day, person))
    day = day[order]
    key = person * (10 * weeks.DAYS) + day
    recent = np.searchsorted(key, key) - np.searchsorted(key, key - FATIGUE_DAYS)  # on earlier days
    allowed = np.ones((n, len(CHANNELS)))
    allowed[:, [CHANNELS.index(channel) for channel in CONSENT_CHANNELS]] = consent
    channel = pick(rng, allowed[person])
    hour = rng.integers(8, 21, len(person))
    window = np.array(list(TIMES_OF_DAY.values()))[reach.time_of_day[person]]
    timely = (hour >= window[:, 0]) & (hour < window[:, 1])
    chance = reach.response[person, channel] * np.where(timely, 1.0, WRONG_TIME)
    responded = rng.random(len(person)) < chance * np.exp(-settings.fatigue * recent)
    return pd.DataFrame(
        {
            "person": person,
            "day": day,
            "hour": hour,
            "channel": channel,
            "outbound": True,
            "purpose": pick(rng, np.tile([0.55, 0.30, 0.15], (len(person), 1))),
            "topic": -1,
            "responded": responded,
            "resolved": -1,
            "cost": COST_OUT[channel],
        }
    )


def draw_inbound(
    rng: np.random.Generator,
    reach: Reach,
    orders_count: np.ndarray,
    first_day: np.ndarray,
    last_day: np.ndarray,
    satisfaction: np.ndarray,
    settings: Settings,
) -> pd.DataFrame:
    """Contacts begun by customers: questions, complaints (more of them from the dissatisfied) and returns."""
    per_order = np.where(reach.heavy_caller, INBOUND_PER_ORDER_HEAVY, INBOUND_PER_ORDER)
    count = rng.poisson(per_order * (0.6 + orders_count))
    person, _ = ranks(count)
    until = np.minimum(last_day + 45, weeks.DAYS - 1)
    day = first_day[person] + (rng.random(len(person)) * (until - first_day + 1)[person]).astype(np.int64)
    own = rng.random(len(person)) < OWN_CHOICE
    channel = np.where(own, reach.preferred[person], rng.integers(0, len(CHANNELS), len(person)))
    window = np.array(list(TIMES_OF_DAY.values()))[reach.time_of_day[person]]
    hour = np.where(
        rng.random(len(person)) < 0.6,
        window[:, 0] + (rng.random(len(person)) * (window[:, 1] - window[:, 0])).astype(int),
        rng.integers(8, 21, len(person)),
    )
    complains = rng.random(len(person)) < logistic(-0.9 - 0.8 * satisfaction[person])
    purpose = np.where(complains, 4, np.where(rng.random(len(person)) < 0.8, 3, 5))
    late = weeks.mean_delivery_days(day, settings.weekly_changes) - weeks.DELIVERY_DAYS
    weights = np.tile([0.25, 0.25, 0.15, 0.20, 0.15], (len(person), 1))
    weights[:, 0] += 0.25 * late * complains
    taken = rng.geometric(0.35, len(person)) - 1
    resolved = np.where(rng.random(len(person)) < 0.06, -1, day + taken)
    return pd.DataFrame(
        {
            "person": person,
            "day": day,
            "hour": hour,
            "channel": channel,
            "outbound": False,
            "purpose": purpose,
            "topic": pick(rng, weights),
            "responded": True,
            "resolved": np.where(resolved >= weeks.DAYS, -1, resolved),
            "cost": COST_IN[channel],
        }
    )


_PURPOSES = ("offer", "news", "care", "question", "complaint", "return")


def interaction_table(contacts: pd.DataFrame, records: Records, first: int) -> pd.DataFrame:
    """The table interactions from outbound and inbound contacts, numbered on from `first`."""
    contacts = contacts.sort_values(["day", "hour", "person"], kind="stable").reset_index(drop=True)
    home = np.array([HOME_OF_CHANNEL[channel] for channel in CHANNELS])
    row = records.at(contacts["person"].to_numpy(), home[contacts["channel"].to_numpy()])
    resolved = contacts["resolved"].to_numpy()
    resolved_on = weeks.days_to_dates(resolved)
    resolved_on[resolved < 0] = np.datetime64("NaT")
    return pd.DataFrame(
        {
            "interaction_id": labels("I", first + 1 + np.arange(len(contacts)), 8),
            "record_id": records.record_id.take(row),
            "date": weeks.days_to_dates(contacts["day"].to_numpy()),
            "hour": contacts["hour"].to_numpy().astype(np.int64),
            "channel": choose(CHANNELS, contacts["channel"].to_numpy()),
            "direction": choose(("inbound", "outbound"), contacts["outbound"].to_numpy().astype(int)),
            "purpose": choose(_PURPOSES, contacts["purpose"].to_numpy()),
            "topic": choose(TOPICS, contacts["topic"].to_numpy()),
            "responded": contacts["responded"].to_numpy(),
            "resolved_on": resolved_on,
            "cost": contacts["cost"].to_numpy(),
        }
    )
