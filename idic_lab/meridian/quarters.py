"""The quarters after the two years: what customers do by themselves, and what changes because of what the firm does.

All that depends on chance is drawn for everybody and every possible order before any action is looked at. Two plans for the
same quarter therefore differ by what they do and by nothing else: whoever is left alone by both does the same in both.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from idic_lab.meridian import contacts, draws, opinions, orders, products, trials
from idic_lab.meridian.draws import choose, logistic, ranks, stream
from idic_lab.meridian.orders import Orders
from idic_lab.meridian.settings import Settings
from idic_lab.tables import CHANNELS

if TYPE_CHECKING:
    from idic_lab.meridian.simulation import Block, Tables

DAYS = 91
QUARTERS = 8
RATE = 0.10  # of discounting, a year
ACTIONS = ("message", "offer", "question", "product", "care", "complaint", "price", "tier")
MESSAGE, OFFER, QUESTION, PRODUCT, CARE, COMPLAINT, PRICE, TIER = range(len(ACTIONS))
_PURPOSE = {MESSAGE: 1, OFFER: 0, QUESTION: 3, PRODUCT: 0, CARE: 2}  # rows of the purposes of a contact
CONTACTS = tuple(_PURPOSE)  # they reach a person by a channel
NUMBERED = {"orders": "transactions", "contacts": "interactions", "reviews": "reviews", "tests": "price_tests"}
MOST_CONTACTS = 13  # one a week
SERVICE_TIERS = ("basic", "plus", "premium")

# Moods move the log odds of leaving after a purchase. A mood halves from quarter to quarter; what lasts, lasts.
TIER_MOOD, TIER_COST = np.array([0.0, 0.15, 0.3]), np.array([0.0, 3.0, 8.0])
SERVICE_MATTERS = np.array([0.3, 1.4, 1.0, 1.6, 0.7])  # by need segment: how much service and care move it
CARE_MOOD, GIFT = 0.35, 2.0
OPEN_COMPLAINT, ANSWERED, ANSWER_COST = -0.9, 0.5, 5.8  # while it is open; for good, once it is answered
OPEN_SHARE = 0.5  # of complaints, those that wait for the firm
MANY_QUESTIONS, TIRED_OF_QUESTIONS = 3, -0.08  # asked in a quarter without harm; mood of each one more
WRONG_MESSAGE, MOVED_BY_MESSAGE = -0.06, 0.10
ADDED_BY_PRODUCT, ADDED_SIZE = 1.2, 0.4  # chance per share of taste; part of a usual order
BACK_BY_OFFER, PUT_OFF = 0.10, -0.5
UNASKED_MOOD, FINE = -0.4, 12.0


@dataclass
class State:
    """Where the people of one block stand at the end of a quarter; arrays of shape (people, ...)."""

    block: Block
    number: int
    alive: np.ndarray
    consent: np.ndarray  # (people, channels): may be contacted
    last_day: np.ndarray
    orders: np.ndarray
    by_channel: np.ndarray  # (people, order channels): orders so far
    mood: np.ndarray
    lasting: np.ndarray
    learnt: np.ndarray  # (people, questions) of bool: answered to the firm in the game
    complains: np.ndarray  # of bool: a complaint is open
    recent: np.ndarray  # contacts in the last 28 days
    has_pass: np.ndarray  # quarters left

    @classmethod
    def after(cls, block: Block, number: int) -> State:
        """The state in which the two years leave the people of a block."""
        n = len(block.people)
        by_channel = np.zeros((n, len(orders.ORDER_CHANNELS)), dtype=np.int64)
        np.add.at(by_channel, (block.orders.person, block.order_channel), 1)
        said = block.contacts
        is_open = said["purpose"].eq(4) & said["resolved"].lt(0) & ~said["outbound"]
        late = said["outbound"] & said["day"].ge(draws.DAYS - contacts.FATIGUE_DAYS)
        return cls(
            block, number, block.orders.alive.copy(), contacts.may_be_contacted(block.consent),
            block.orders.last_day.copy(), block.orders.count.copy(), by_channel, np.zeros(n), np.zeros(n),
            np.zeros((n, len(opinions.QUESTIONS)), dtype=bool),
            np.isin(np.arange(n), said.loc[is_open, "person"]), np.bincount(said.loc[late, "person"], minlength=n),
            np.zeros(n, dtype=np.int64),
        )  # fmt: skip

    def __len__(self) -> int:
        return len(self.alive)

    def kinds(self, day: int) -> np.ndarray:
        """Chance of being each of the trial's four kinds of customer on a day, shape (people, 4)."""
        seen = {"recency_days": day - self.last_day, "orders": self.orders, "age": self.block.people.age}
        return trials.kind_probabilities(seen | {"main_channel": self.by_channel.argmax(axis=1)}, self.block.settings)

    def leaves(self, shift: np.ndarray | float = 0.0) -> np.ndarray:
        """Chance of leaving after a purchase when moods stand `shift` higher."""
        dropout = self.block.buyers.dropout
        total = self.mood + self.lasting + OPEN_COMPLAINT * self.complains + shift
        return logistic(np.log(dropout) - np.log1p(-dropout) - total)

    def margin(self) -> np.ndarray:
        """What a person's order leaves on average, after goods that come back, handling and delivery."""
        block = self.block
        online = (self.by_channel[:, : orders.STORE].sum(axis=1) + 1) / (self.by_channel.sum(axis=1) + 2)
        kept = 1 - block.lines.return_rate
        share = MARGIN_SHARE * kept - orders.RETURN_WRITE_DOWN * (1 - MARGIN_SHARE) * (1 - kept)
        handling = orders.ORDER_HANDLING + orders.DELIVERY * online + 1.4 * (1 - kept) * orders.RETURN_HANDLING
        return block.buyers.mean_spend * share - handling

    def equity(self, shift: np.ndarray | float = 0.0) -> np.ndarray:
        """What people are still worth: the discounted margin of all their orders to come, if nobody does anything more.

        A person who buys at rate l, leaves with chance p after each purchase and whose orders bring m is worth
        m l / (d + p l) at a rate of discounting d: each order discounted by l / (l + d) and survived with 1 - p. Moods pass,
        so that only what lasts counts.
        """
        return self.alive * self.equity_if_alive(shift)

    def equity_if_alive(self, shift: np.ndarray | float = 0.0) -> np.ndarray:
        """The same for everybody, as if nobody had left."""
        rate = self.block.buyers.rate
        chance = State.leaves(replace(self, mood=np.zeros(len(self))), shift)
        return self.margin() * rate / (np.log1p(RATE) / 365 + chance * rate)


MARGIN_SHARE = 0.475  # of what people pay, on average over what they buy


class _Rows(dict[str, np.ndarray]):
    """Columns of one length, of which rows can be taken as of a table; a game takes thousands of such parts."""

    def __getitem__(self, at):
        if isinstance(at, str):
            return super().__getitem__(at)
        return _Rows({name: data[at] for name, data in self.items()})


@dataclass
class Chances:
    """All that chance decides in one quarter for the people of one block, whatever the firm does or has done."""

    rng: Callable[[str], np.random.Generator]  # streams of the quarter
    begin: int  # its first day
    orders: Orders  # every order that may come about, by person and day
    own: np.ndarray  # (orders,): number among the person's own orders, -1 for one that an action brings
    brought_by: np.ndarray  # (orders,): the action that brings it, -1 for a person's own
    leave: np.ndarray  # (orders,): the person leaves when the chance of leaving is above this
    lines: orders.Lines
    channel: np.ndarray
    delivery_days: np.ndarray
    said: _Rows  # contacts that customers begin, with the order they follow
    complaint: np.ndarray  # (contacts,)
    person: np.ndarray  # (people, 8): what else a person's reactions hang on
    contact: np.ndarray  # (people, MOST_CONTACTS, 3): response, opt-out, effect
    answers: np.ndarray  # (people, questions)


def draw_chances(state: State, number: int, seed: int, luck: int = 0) -> Chances:
    """Draw what may happen in a quarter, numbered from 0; another luck gives the same people another fortune."""
    block, n, begin = state.block, len(state), draws.DAYS + DAYS * number
    named, part = f" of quarter {number}" + (f", luck {luck}" if luck else ""), state.number

    def rng(component: str) -> np.random.Generator:
        return stream(seed, part, component + named)

    own, day, count = _own_orders(rng("orders"), block, begin)
    added = rng("orders that actions bring").integers(0, DAYS, (n, 3))
    bringing = np.tile([OFFER, MESSAGE, PRODUCT], n)
    person = np.concatenate([np.repeat(np.arange(n), count), np.repeat(np.arange(n), 3)])
    day = np.concatenate([day, added.ravel()])
    brought_by = np.concatenate([np.full(len(own), -1), bringing])
    own = np.concatenate([own, np.full(3 * n, -1)])
    order = np.lexsort((brought_by, day, person))
    person, day, own, brought_by = person[order], day[order] + begin, own[order], brought_by[order]
    size = np.where(brought_by == PRODUCT, ADDED_SIZE, 1.0)
    drawn = rng("amounts").gamma(block.settings.purchase.p, 1.0, len(person))
    amount = np.maximum(np.round(drawn * size / block.buyers.spend_rate[person], 2), 1.0)
    may_be = Orders(person, day, own, amount, state.last_day, state.orders, state.alive)
    lines = orders.draw_lines(rng("lines"), may_be, block.segment, block.settings, block.lines, begin + 2 * DAYS)
    channel = orders.draw_order_channels(rng("order channels"), block.records, may_be)
    said, complaint = _inbound(rng("inbound"), block, may_be, begin)
    return Chances(
        rng, begin, may_be, own, brought_by, rng("leaving").random(len(person)), lines, channel,
        orders.draw_delivery_days(rng("delivery"), channel, may_be, block.settings), said, complaint,
        rng("people").random((n, 8)), rng("contacts").random((n, MOST_CONTACTS, 3)),
        opinions.draw_answers(block.rng("answers"), block.segment, block.settings),  # the same in every quarter
    )  # fmt: skip


def _own_orders(rng, block: Block, begin: int):
    """Number, day of the quarter and count per person of the orders that people would place if none of them left."""
    buyers, chosen = block.buyers, block.settings
    weights = draws.day_weights(chosen.season)[np.arange(begin, begin + DAYS) % 364]
    clock = draws.clock(weights)
    rate = buyers.rate * np.exp(chosen.rate_drift * (begin - buyers.first_day) / 365)
    span = np.full(len(rate), clock[-1])
    if chosen.purchase_shape == 1:
        events, elapsed = rng.poisson(rate * span), None
    else:
        events, elapsed = orders.renewals(rng, rate, span, replace(chosen, rate_drift=0.0))
    person, rank = ranks(events)
    when = rng.random(len(person)) * clock[-1] if elapsed is None else elapsed
    when = when[np.lexsort((when, person))]
    day = np.interp(when, clock, np.arange(DAYS + 1)).astype(np.int64)
    fits = rank < DAYS
    person, rank, day = person[fits], rank[fits], day[fits]
    events = np.minimum(events, DAYS)
    return rank, orders.one_order_a_day(person, rank, day, events - 1, DAYS), events


def _inbound(rng, block: Block, may_be: Orders, begin: int):
    """Contacts that customers may begin after an order: questions, complaints and returns."""
    heavy = block.reach.heavy_caller[may_be.person]
    count = rng.poisson(np.where(heavy, contacts.INBOUND_PER_ORDER_HEAVY, contacts.INBOUND_PER_ORDER))
    order, _ = ranks(count)
    person, size = may_be.person[order], len(order)
    own = rng.random(size) < contacts.OWN_CHOICE
    channel = np.where(own, block.reach.preferred[person], rng.integers(0, len(CHANNELS), size))
    day = np.minimum(may_be.day[order] + rng.integers(1, 15, size), begin + DAYS - 1)
    waits = rng.random(size) < OPEN_SHARE
    purpose = np.where(rng.random(size) < 0.8, 3, 5)
    hour, topic = rng.integers(8, 21, size), rng.integers(0, len(contacts.TOPICS), size)
    resolved = np.where(waits, -1, day + rng.geometric(0.35, size) - 1)
    said = contacts.contact_rows(person, day, hour, channel, purpose, topic=topic, resolved=resolved)
    return _Rows({name: said[name].to_numpy() for name in said} | {"order": order}), rng.random(size)


@dataclass
class Plan:
    """The actions of a quarter for the people of one block; arrays of shape (actions,)."""

    person: np.ndarray
    action: np.ndarray
    channel: np.ndarray  # row of CHANNELS, -1 for none
    detail: np.ndarray  # row of the need, question, category or tier; -1 for none
    amount: np.ndarray

    @classmethod
    def nothing(cls) -> Plan:
        """No action for anybody."""
        none = np.zeros(0, dtype=np.int64)
        return cls(none, none, none, none, np.zeros(0))

    def where(self, rows: np.ndarray) -> Plan:
        """Some of the actions."""
        return Plan(*(values[rows] for values in vars(self).values()))

    def of(self, action: int) -> Plan:
        """The rows of one kind of action."""
        return self.where(self.action == action)


@dataclass
class Quarter:
    """What came of a quarter for the people of one block: tables, and money per person."""

    tables: Tables
    state: State
    cash: np.ndarray  # (people,)


def _contacted(state: State, plan: Plan, chances: Chances, begin: int) -> _Rows:
    """Every contact of a plan with its day, whether it was allowed and answered, and whether it led to an opt-out."""
    rows = np.flatnonzero(np.isin(plan.action, CONTACTS))
    rows = rows[np.argsort(plan.person[rows], kind="stable")]
    person, channel = plan.person[rows], plan.channel[rows]
    many = np.bincount(person, minlength=len(state))
    _, place = ranks(many)
    day = ((place + 0.5) * DAYS / many[person]).astype(np.int64)
    before = np.minimum(place, contacts.FATIGUE_DAYS * many[person] // DAYS)
    before = before + state.recent[person] * np.clip(1 - day / contacts.FATIGUE_DAYS, 0, 1)
    allowed = state.consent[person, channel]
    chance = state.block.reach.response[person, channel] * np.exp(-state.block.settings.fatigue * before)
    drawn = chances.contact[person, place]
    fed_up = drawn[:, 1] < contacts.opts_out(before, state.block.settings)
    opts_out = ~allowed | (fed_up & (channel < len(CHANNELS) - 1))
    told = vars(plan.where(rows)) | {"day": begin + day, "allowed": allowed, "opts_out": opts_out}
    return _Rows(told | {"responded": allowed & (drawn[:, 0] < chance), "chance": drawn[:, 2]})


def play(state: State, plan: Plan, chances: Chances, first: Counter, only_books: bool = False) -> Quarter:
    """One quarter of the people of a block under a plan.

    Parameters:
        state: Left as it is; the quarter holds the next.
        first: How many orders, contacts and reviews have been numbered; brought up to date.
        only_books: Leave out all tables, where nobody is going to read them.
    """
    rng, begin = chances.rng, chances.begin
    contacted = _contacted(state, plan, chances, begin)
    drawn = chances.person[:, :1]
    kind = (drawn >= np.cumsum(state.kinds(begin), axis=1)[:, :-1]).sum(axis=1)
    after = _treated(state, plan, contacted, kind)
    kept, stays, discount = _kept(after, contacted, kind, chances)
    chosen, lines = _only(chances, kept)
    said = _said(after, chances, kept)
    passes = _passes(after, plan, chances)
    cash, booked = _money(state, plan, contacted, (chosen, lines, chances.channel[kept]), said, passes, discount)
    following = _next(after, contacted, chosen, chances.channel[kept], said, passes, stays, begin)
    if only_books:
        return Quarter({}, following, cash)
    asked = contacted[contacted["opts_out"]]
    _, once = np.unique(asked["person"] * len(CHANNELS) + asked["channel"], return_index=True)
    asked = asked[np.sort(once)]  # the first request on a channel
    opt_outs = {
        "customer_id": state.block.people.customer_id.take(asked["person"]),
        "channel": choose(CHANNELS, asked["channel"]),
        "date": draws.days_to_dates(asked["day"]),
    }
    tables = {"costs": _activities(booked), "opt_outs": pd.DataFrame(opt_outs)}
    placed = (chosen, lines, chances.channel[kept], chances.delivery_days[kept])
    purpose = pd.Series(contacted["action"]).map(_PURPOSE)
    about = (contacted["person"], contacted["day"], 10, contacted["channel"], purpose)
    sent = contacts.contact_rows(*about, outbound=True, responded=contacted["responded"])
    both = pd.concat([sent, pd.DataFrame(said)], ignore_index=True)
    tables |= orders.order_tables(rng("charges"), state.block, *placed, first["orders"]) | {
        "reviews": opinions.draw_reviews(rng("reviews"), state.block, chosen, lines, first["reviews"], begin + DAYS)[0],
        "interactions": contacts.interaction_table(both, state.block.records, first["contacts"]),
        "survey_responses": _answers(rng("service survey"), after, contacted, chances, chosen, kept, begin + DAYS),
        "price_tests": trials.price_tests(
            state.block, passes["person"].to_numpy(), begin, passes["price"], passes["bought"], first["tests"]
        ),
    }
    first.update({what: len(tables[name]) for what, name in NUMBERED.items()})
    return Quarter(tables, following, cash)


PERSUADABLE, SURE_THING, LOST_CAUSE, SLEEPING_DOG = range(len(trials.KINDS))


def learnt_share(learnt: np.ndarray, settings: Settings) -> np.ndarray:
    """How much of what matters is known of people by the questions that they answered, from 0 to 1.

    A question tells as much as the segments differ in it; the four that tell most, together, tell all.
    """
    told, _ = opinions.telling(settings)
    return np.minimum(learnt @ told / np.sort(told)[-4:].sum(), 1.0)


def service_matters(block: Block) -> np.ndarray:
    """How much a person cares for service, by need; 1 for everybody where there are no needs."""
    return SERVICE_MATTERS[block.segment] if block.settings.segments else np.ones(len(block.segment))


def _treated(state: State, plan: Plan, contacted: _Rows, kind: np.ndarray) -> State:
    """How people feel after what was done for them, and what the firm has learnt of them."""
    n, matters = len(state), service_matters(state.block)
    responded = contacted[contacted["responded"]]

    def times(rows) -> np.ndarray:
        return np.bincount(rows["person"], minlength=n)

    mood, lasting = state.mood.copy(), state.lasting.copy()
    tier = plan.of(TIER)
    mood[tier.person] += TIER_MOOD[tier.detail] * matters[tier.person]
    mood += CARE_MOOD * matters * (times(responded[responded["action"] == CARE]) > 0)
    mood += UNASKED_MOOD * times(contacted[~contacted["allowed"]])
    wrong = (responded["action"] == MESSAGE) & (responded["detail"] != state.block.segment[responded["person"]])
    mood += WRONG_MESSAGE * times(responded[wrong])
    asked = times(contacted[contacted["action"] == QUESTION])
    mood += TIRED_OF_QUESTIONS * np.maximum(asked - MANY_QUESTIONS, 0)
    offered = times(contacted[(contacted["action"] == OFFER) & contacted["allowed"]]) > 0
    mood += PUT_OFF * (offered & (kind == SLEEPING_DOG))
    answered = np.isin(np.arange(n), plan.of(COMPLAINT).person) & state.complains
    lasting += ANSWERED * answered
    learnt = state.learnt.copy()
    said = responded[responded["action"] == QUESTION]
    learnt[said["person"], said["detail"]] = True
    settings = state.block.settings
    lasting += settings.learning * (learnt_share(learnt, settings) - learnt_share(state.learnt, settings))
    return replace(state, mood=mood, lasting=lasting, learnt=learnt, complains=state.complains & ~answered)


def _kept(after: State, contacted: _Rows, kind: np.ndarray, chances: Chances):
    """Which of the possible orders come about, who is a customer afterwards, and what discounts cost."""
    n, person = len(after), chances.orders.person
    own = chances.own
    leaving = np.flatnonzero((own >= 0) & (chances.leave < after.leaves()[person]))
    last = np.full(n, np.iinfo(np.int64).max)
    np.minimum.at(last, person[leaving], own[leaving])
    kept = (own >= 0) & after.alive[person] & (own <= last[person])
    offers = contacted[(contacted["action"] == OFFER) & contacted["allowed"]]
    amount = np.full(n, -1.0)  # of the discount offered
    amount[offers["person"]] = offers["amount"]
    kept &= ~((own == 0) & ((amount >= 0) & (kind == SLEEPING_DOG))[person])
    buys = np.bincount(person[kept], minlength=n) > 0
    back = ~after.alive & (chances.person[:, 2] < BACK_BY_OFFER)
    moved = {OFFER: (kind == PERSUADABLE) & (amount >= 1 + 5 * chances.person[:, 1]) & (after.alive | back)}
    responded = contacted[contacted["responded"]]
    fits = responded["detail"] == after.block.segment[responded["person"]]
    fits &= bool(after.block.settings.segments)
    works = (responded["action"] == MESSAGE) & fits & (responded["chance"] < MOVED_BY_MESSAGE)
    moved[MESSAGE] = after.alive & np.isin(np.arange(n), responded["person"][works])
    shown = responded[responded["action"] == PRODUCT]
    likes = ADDED_BY_PRODUCT * after.block.lines.taste[shown["person"], shown["detail"]]
    moved[PRODUCT] = buys & np.isin(np.arange(n), shown["person"][shown["chance"] < likes])
    for action, who in moved.items():
        kept |= (chances.brought_by == action) & who[person]
    stays = (after.alive & (last == np.iinfo(np.int64).max)) | (moved[OFFER] & back)
    uses = moved[OFFER] | ((kind == SURE_THING) & buys & (amount >= 0))
    return kept, stays, np.where(uses, amount, 0.0)


def _only(chances: Chances, kept: np.ndarray) -> tuple[Orders, orders.Lines]:
    """The orders that come about, and their lines."""
    all_of, lines = chances.orders, chances.lines
    each = {name: getattr(all_of, name)[kept] for name in ("person", "day", "rank", "amount")}
    mine = kept[lines.order]
    number = np.cumsum(kept) - 1
    each_line = {name: getattr(lines, name)[mine] for name in ("product", "quantity", "unit_price", "return_day")}
    return replace(all_of, **each), replace(lines, order=number[lines.order[mine]], **each_line)


def _said(after: State, chances: Chances, kept: np.ndarray) -> dict[str, np.ndarray]:
    """What customers contact the firm about; of complaints, about half wait for an answer."""
    rows = kept[chances.said["order"]]
    said = chances.said[rows]
    del said["order"]
    felt = after.block.satisfaction + after.mood + after.lasting
    complains = chances.complaint[rows] < logistic(-0.9 - 0.8 * felt[said["person"]])
    waits = complains & (said["resolved"] < 0)
    resolved = np.where(said["resolved"] < 0, said["day"], said["resolved"])
    end = draws.DAYS + DAYS * (1 + (said["day"] - draws.DAYS) // DAYS) - 1
    purpose = np.where(complains, 4, said["purpose"])
    return said | {"purpose": purpose, "resolved": np.where(waits, -1, np.minimum(resolved, end))}


def _passes(after: State, plan: Plan, chances: Chances) -> pd.DataFrame:
    """Who saw the delivery pass at which price, and who bought it for a year."""
    shown = plan.of(PRICE)
    sees = after.alive[shown.person] & (after.has_pass[shown.person] == 0) & (chances.person[shown.person, 3] < 0.6)
    person, price = shown.person[sees], shown.amount[sees]
    intercept, slope, _ = trials.sensitivities(after.block.settings)
    segment = after.block.segment[person]
    bought = chances.person[person, 4] < logistic(intercept[segment] - slope[segment] * price)
    return pd.DataFrame({"person": person, "price": price, "bought": bought})


def _money(state: State, plan: Plan, contacted, sold, said, passes, discount) -> tuple[np.ndarray, dict]:
    """What the quarter brought and cost, per person and by activity."""
    n = len(state)
    chosen, lines, channel = sold
    brought = orders.profits(chosen, lines, channel != orders.STORE, np.zeros(n))["profit"].to_numpy()
    tier, complaint = plan.of(TIER), plan.of(COMPLAINT)
    answered = complaint.person[state.complains[complaint.person]]
    cared = contacted[contacted["action"] == CARE]
    unasked = contacted["person"][~contacted["allowed"]]
    booked = {
        "orders, after goods, handling, delivery and returns": (chosen.person, brought[np.unique(chosen.person)]),
        "delivery passes": (passes["person"], (passes["price"] - products.PASS_COST) * passes["bought"]),
        "discounts": (np.flatnonzero(discount), -discount[discount > 0]),
        "contacts": (contacted["person"], -contacts.COST_OUT[contacted["channel"]]),
        "gifts of thanks": (cared["person"], np.full(len(cared["person"]), -GIFT)),
        "service tiers": (tier.person, -TIER_COST[tier.detail]),
        "complaints answered": (answered, np.full(len(answered), -ANSWER_COST)),
        "contacts that customers began": (said["person"], -said["cost"]),
        "fines for contacts without consent": (unasked, np.full(len(unasked), -FINE)),
    }
    cash = brought.copy()
    for person, amount in list(booked.values())[1:]:
        cash += np.bincount(person, amount, minlength=n)
    return cash, booked


def _activities(booked: dict) -> pd.DataFrame:
    """How often each activity happened, and what it brought or cost."""
    rows = [(activity, len(person), float(np.sum(amount))) for activity, (person, amount) in booked.items()]
    return pd.DataFrame(rows, columns=["activity", "times", "amount"]).astype({"activity": "str"})


def _answers(
    rng, after: State, contacted, chances: Chances, chosen: Orders, kept: np.ndarray, end: int
) -> pd.DataFrame:
    """Answers to the questions asked, and what is said about service after an order."""
    block = after.block
    said = contacted[contacted["responded"] & (contacted["action"] == QUESTION)]
    person, question = said["person"], said["detail"]
    told = opinions.responses(
        block.records, block.records.account[person], opinions.SURVEY, said["day"],
        choose(opinions.QUESTIONS, question), chances.answers[person, question],
    )  # fmt: skip
    felt = block.satisfaction + after.mood
    service = opinions.service_responses(rng, block, chosen, chances.delivery_days[kept], felt, end)
    return pd.concat([told, service], ignore_index=True)


def _next(after: State, contacted, chosen: Orders, channel, said, passes, stays, begin: int) -> State:
    """Where people stand when the quarter is over."""
    n = len(after)
    consent, by_channel, last_day = after.consent.copy(), after.by_channel.copy(), after.last_day.copy()
    gone = contacted[contacted["opts_out"]]
    consent[gone["person"], gone["channel"]] = False
    np.add.at(by_channel, (chosen.person, channel), 1)
    np.maximum.at(last_day, chosen.person, chosen.day)
    late = contacted["day"] >= begin + DAYS - contacts.FATIGUE_DAYS
    waits = (said["purpose"] == 4) & (said["resolved"] < 0)
    has_pass = np.maximum(after.has_pass - 1, 0)
    has_pass[passes.loc[passes["bought"], "person"]] = 4
    placed = after.orders + np.bincount(chosen.person, minlength=n)
    complains = after.complains | np.isin(np.arange(n), said["person"][waits])
    moved = {"last_day": last_day, "orders": placed, "by_channel": by_channel, "mood": after.mood / 2}
    recent = np.bincount(contacted["person"][late], minlength=n)
    return replace(after, alive=stays, consent=consent, complains=complains, recent=recent, has_pass=has_pass, **moved)
