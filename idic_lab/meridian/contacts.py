"""Contacts in five channels, how they tire, and visits to the web shop and the app."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from idic_lab.meridian import draws, products
from idic_lab.meridian.draws import choose, labels, logistic, pick, ranks, standardise
from idic_lab.meridian.orders import Orders, online_records
from idic_lab.meridian.people import APP, HOME_OF_CHANNEL, WEB, WORDS, Records
from idic_lab.meridian.settings import Settings
from idic_lab.tables import CHANNELS, CONSENT_CHANNELS

PREFERRED = np.array(WORDS["preferred_channel"])  # segments by channels
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
OPT_OUT = 0.004  # chance that a contact makes a rested person withdraw consent
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


def may_be_contacted(consent: np.ndarray) -> np.ndarray:
    """Consent per channel, shape (people, channels); one that needs none is open."""
    allowed = np.ones((len(consent), len(CHANNELS)), dtype=bool)
    allowed[:, [CHANNELS.index(channel) for channel in CONSENT_CHANNELS]] = consent
    return allowed


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
    responsive = np.exp(0.6 * standardise(np.log(eager)) - 0.18) if settings.contact_by_response else np.ones(n)
    count = rng.poisson(OUTBOUND_PER_DAY * eager * (draws.DAYS - first_day))
    person, rank = ranks(count)
    bursts = np.ceil(count / 3).astype(int)
    burst, _ = ranks(bursts)
    starts = first_day[burst] + rng.random(len(burst)) * (draws.DAYS - first_day[burst])
    day = starts[(np.cumsum(bursts) - bursts)[person] + rank // 3] + rng.exponential(14, len(person))
    day = np.minimum(day, draws.DAYS - 1).astype(np.int64)
    day = day[np.lexsort((day, person))]
    key = person * (10 * draws.DAYS) + day
    recent = np.searchsorted(key, key) - np.searchsorted(key, key - FATIGUE_DAYS)  # on earlier days
    channel = pick(rng, may_be_contacted(consent)[person].astype(float))
    hour = rng.integers(8, 21, len(person))
    window = np.array(list(TIMES_OF_DAY.values()))[reach.time_of_day[person]]
    timely = (hour >= window[:, 0]) & (hour < window[:, 1])
    chance = reach.response[person, channel] * np.where(timely, 1.0, WRONG_TIME) * responsive[person]
    responded = rng.random(len(person)) < chance * np.exp(-settings.fatigue * recent)
    purpose = pick(rng, np.tile([0.55, 0.30, 0.15], (len(person), 1)))
    return contact_rows(person, day, hour, channel, purpose, outbound=True, responded=responded)


def contact_rows(
    person, day, hour, channel, purpose, outbound: bool = False, topic=-1, responded=True, resolved=-1
) -> pd.DataFrame:
    """Contacts, one a row: people, channels, purposes and topics by their rows, days counted from the start, -1 for none."""
    told = {"person": person, "day": day, "hour": hour, "channel": channel, "outbound": outbound, "purpose": purpose}
    cost = (COST_OUT if outbound else COST_IN)[channel]
    return pd.DataFrame(told | {"topic": topic, "responded": responded, "resolved": resolved, "cost": cost})


def opts_out(recent, settings: Settings):
    """Chance that a contact makes a person withdraw consent, after so many others in the 28 days before."""
    return settings.opt_outs * OPT_OUT * (1 + 3 * recent)


def draw_inbound(
    rng: np.random.Generator,
    reach: Reach,
    orders: Orders,
    first_day: np.ndarray,
    satisfaction: np.ndarray,
    settings: Settings,
) -> pd.DataFrame:
    """Contacts begun by customers: questions, complaints (the more, the less they are satisfied) and returns."""
    per_order = np.where(reach.heavy_caller, INBOUND_PER_ORDER_HEAVY, INBOUND_PER_ORDER)
    count = rng.poisson(per_order * (0.6 + orders.count))
    person, _ = ranks(count)
    until = np.minimum(orders.last_day + 45, draws.DAYS - 1)
    day = first_day[person] + (rng.random(len(person)) * (until - first_day + 1)[person]).astype(np.int64)
    own = rng.random(len(person)) < OWN_CHOICE
    channel = np.where(own, reach.preferred[person], rng.integers(0, len(CHANNELS), len(person)))
    window = np.array(list(TIMES_OF_DAY.values()))[reach.time_of_day[person]]
    usual = rng.random(len(person)) < 0.6
    within = window[:, 0] + (rng.random(len(person)) * (window[:, 1] - window[:, 0])).astype(int)
    hour = np.where(usual, within, rng.integers(8, 21, len(person)))
    complains = rng.random(len(person)) < logistic(-0.9 - 0.8 * satisfaction[person])
    purpose = np.where(complains, 4, np.where(rng.random(len(person)) < 0.8, 3, 5))
    late = draws.mean_delivery_days(day, settings.weekly_changes) - draws.DELIVERY_DAYS
    weights = np.tile([0.25, 0.25, 0.15, 0.20, 0.15], (len(person), 1))
    weights[:, 0] += 0.25 * late * complains
    taken = rng.geometric(0.35, len(person)) - 1
    resolved = np.where(rng.random(len(person)) < 0.06, -1, day + taken)
    resolved = np.where(resolved >= draws.DAYS, -1, resolved)
    return contact_rows(person, day, hour, channel, purpose, topic=pick(rng, weights), resolved=resolved)


_PURPOSES = ("offer", "news", "care", "question", "complaint", "return")


def interaction_table(contacts: pd.DataFrame, records: Records, first: int) -> pd.DataFrame:
    """The table interactions from outbound and inbound contacts, numbered on from `first`."""
    contacts = contacts.sort_values(["day", "hour", "person"], kind="stable").reset_index(drop=True)
    home = np.array([HOME_OF_CHANNEL[channel] for channel in CHANNELS])
    row = records.at(contacts["person"].to_numpy(), home[contacts["channel"].to_numpy()])
    resolved = contacts["resolved"].to_numpy()
    resolved_on = draws.days_to_dates(resolved)
    resolved_on[resolved < 0] = np.datetime64("NaT")
    return pd.DataFrame(
        {
            "interaction_id": labels("I", first + 1 + np.arange(len(contacts)), 8),
            "record_id": records.record_id.take(row),
            "date": draws.days_to_dates(contacts["day"].to_numpy()),
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


VIEW, BASKET, CHECKOUT = range(3)
VISITS_PER_DAY = 0.010
DEVICES = ("phone", "desktop")


def draw_visits(block, first: int) -> tuple[pd.DataFrame, int]:
    """The table web_events, numbered on from `first`, and how many visits there were.

    Only people with a record in the web shop or the app can be seen browsing. They browse until some weeks after
    their last order if they have left, else to the end; the keener buyers browse more.
    """
    rng, records, buyers, orders, lines = block.rng("visits"), block.records, block.buyers, block.orders, block.lines
    settings, age = block.settings, block.people.age
    online = online_records(records, orders, block.order_channel)
    web, app = records.by_touchpoint[:, WEB], records.by_touchpoint[:, APP]
    can = (web >= 0) | (app >= 0)
    until = np.where(orders.alive, draws.DAYS - 1, np.minimum(orders.last_day + 40, draws.DAYS - 1))
    keen = 0.4 + 0.6 * buyers.rate / buyers.rate.mean()
    count = rng.poisson(VISITS_PER_DAY * np.minimum(keen, 4.0) * can * (until - buyers.first_day + 1))
    who, _ = ranks(count)
    day = draws.busy_day(rng.random(len(who)), buyers.first_day[who], until[who])
    use_app = (app[who] >= 0) & ((web[who] < 0) | (rng.random(len(who)) < 0.5))
    record = np.where(use_app, app[who], web[who])
    filled = rng.random(len(who)) < draws.basket_share(day, settings.weekly_changes, settings.step_date)
    views = 1 + (rng.random(len(who)) < 0.45) + (rng.random(len(who)) < 0.2)
    visit, rank = ranks(views + filled)
    event = np.where(filled[visit] & (rank == views[visit]), BASKET, VIEW)
    category = pick(rng, lines.taste[who[visit]])
    tier = rng.integers(0, len(products.TIERS), len(visit))
    product = products.row_of(category, tier, products.by_popularity(rng, category, tier))
    carried = np.concatenate([[False], event[1:] == BASKET])
    product[carried] = product[np.flatnonzero(carried) - 1]  # what was seen last goes into the basket
    bought = np.flatnonzero(online >= 0)
    first_line = np.searchsorted(lines.order, bought)
    visitor = np.concatenate([who, orders.person[bought]])
    phone = rng.random(len(visitor)) < 1 / (1 + np.exp((age[visitor] - 45) / 12))
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
    number, visits = pd.factorize(events["session"])  # visits are numbered in order of time
    table = {
        "session_id": labels("S", first + 1 + number, 8),
        "record_id": records.record_id.take(events["record"]),
        "date": draws.days_to_dates(events["day"]),
        "event": choose(("view", "basket", "checkout"), events["event"]),
        "product_id": products.product_ids().take(events["product"]),
        "device": choose(DEVICES, events["device"]),
    }
    return pd.DataFrame(table), len(visits)
