"""When people buy, what and for how much (BG/NBD and Gamma-Gamma, drawn exactly), where, and what serving it costs."""

import itertools
from dataclasses import dataclass

import numpy as np
import pandas as pd

from idic_lab.meridian import draws, products
from idic_lab.meridian.draws import choose, labels, pick, ranks, standardise
from idic_lab.meridian.people import APP, LOYALTY, WEB, WORDS, Records, cities
from idic_lab.meridian.settings import SEED, SEGMENTS, Settings
from idic_lab.tables import ROLES

SHORTEST_AGE = 28  # days between the last first purchase and the end


@dataclass
class Buyers:
    """What drives purchases; arrays of shape (people,)."""

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
    days = np.arange(draws.DAYS - SHORTEST_AGE)
    weights = draws.interest_weights()[: len(days)] * np.exp(-days / 450)
    cumulative = np.cumsum(weights)  # newcomers thin out over the two years and follow season and weekday
    first_day = np.searchsorted(cumulative, rng.random(n) * cumulative[-1], side="right")
    return Buyers(rate, dropout, spend_rate, model.p / spend_rate, first_day)


def draw_orders(rng: np.random.Generator, buyers: Buyers, settings: Settings) -> Orders:
    """All orders of the people, the first included.

    Given its count, a Poisson process is a set of uniform times; of those, the repeat purchases up to and including
    the one after which the person leaves (a geometric count) are kept. This is BG/NBD without a loop over purchases.
    """
    clock = draws.clock(draws.day_weights(settings.season))
    middle = (clock[:-1] + clock[1:]) / 2  # every day stands for its middle, so that rounding to days is even
    begin, end = middle[buyers.first_day], middle[-1]
    poisson = settings.purchase_shape == 1 and settings.rate_drift == 0
    span = end - begin
    events, elapsed = (rng.poisson(buyers.rate * span), None) if poisson else renewals(rng, buyers.rate, span, settings)
    lifetime = np.ceil(np.log(1 - rng.random(len(events))) / np.log1p(-buyers.dropout))
    lifetime -= settings.leave_after_first
    person, rank = ranks(events)
    when = begin[person] + (rng.random(len(person)) * span[person] if poisson else elapsed)
    when = when[np.lexsort((when, person))]
    kept = rank < lifetime[person]
    count = np.minimum(events, lifetime).astype(np.int64)
    repeat_day = np.interp(when[kept], clock, np.arange(draws.DAYS + 1)).astype(np.int64)
    person, rank = ranks(count + 1)
    day = np.empty(len(person), dtype=np.int64)
    day[rank == 0] = buyers.first_day
    day[rank > 0] = repeat_day
    day = one_order_a_day(person, rank, day, count)
    amount = np.round(rng.gamma(settings.purchase.p, 1.0, len(day)) / buyers.spend_rate[person], 2)
    last = np.cumsum(count + 1) - 1
    return Orders(person, day, rank, np.maximum(amount, 1.0), day[last], count + 1, events < lifetime)


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
    person: np.ndarray, rank: np.ndarray, day: np.ndarray, repeats: np.ndarray, days: int = draws.DAYS
) -> np.ndarray:
    """Move an order that falls on the day of the one before to the next day, so that none is merged away.

    A running maximum within each person moves orders forward; at the end of the days they move back instead.
    """
    far = 10 * draws.DAYS
    shifted = np.maximum.accumulate(day - rank + person * far) - person * far + rank
    return np.minimum(shifted, days - 1 - (repeats[person] - rank))


LAST_YEAR = 364  # days of the year that share of wallet is counted over
GROWABLE = 0.15  # share of customers planted as most growable


def draw_wallet(rng: np.random.Generator, buyers: Buyers, orders: Orders) -> pd.DataFrame:
    """Category spend in the last 52 weeks, here and altogether, and who has most room to grow; shares are Beta(2, 3).

    Returns:
        DataFrame: ``spend_here``, ``category_spend`` (currency per 52 weeks), ``share_of_wallet``, ``most_growable``;
            one row per person.
    """
    n = len(buyers.rate)
    share = rng.beta(2, 3, n)
    recent = orders.day >= draws.DAYS - LAST_YEAR
    here = np.round(np.bincount(orders.person[recent], orders.amount[recent], minlength=n), 2)
    usual = (buyers.rate + 0.002) * LAST_YEAR * buyers.mean_spend
    total = np.round(np.maximum(usual / np.maximum(share, 0.05), here * 1.02), 2)
    room = np.where(orders.alive, total - here, 0.0)
    growable = np.zeros(n, dtype=bool)
    growable[np.argsort(-room, kind="stable")[: round(GROWABLE * n)]] = True
    shown = {"spend_here": here, "category_spend": total, "share_of_wallet": np.round(here / total, 6)}
    return pd.DataFrame(shown | {"most_growable": growable})


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
    start = pd.Series(draws.days_to_dates(np.sort(rng.integers(0, draws.DAYS, n))))
    paid = np.minimum(rng.geometric(np.clip(rng.beta(alpha, beta, n), 1e-6, 1.0)), 12 * 100)
    last = pd.Timestamp(draws.days_to_dates(np.array([draws.DAYS - 1]))[0])
    end = pd.Series([day + pd.DateOffset(months=int(months)) for day, months in zip(start, paid, strict=True)])
    width = len(str(n))
    names = pd.array([f"M{number:0{width}d}" for number in range(1, n + 1)], dtype="str")
    return pd.DataFrame({"customer_id": names, "start": start, "end": end.where(end <= last).astype(start.dtype)})


# How segments lean to categories and to tiers (budget, standard, premium).
CATEGORY_LEANING = np.array(WORDS["category_leaning"])
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


def _shares(leaning: np.ndarray, settings: Settings) -> np.ndarray:
    """Expected share of each column per segment; all the same without segments."""
    weights = leaning if settings.segments else np.ones_like(leaning)
    return weights / weights.sum(axis=1, keepdims=True)


def category_truth(settings: Settings) -> pd.DataFrame:
    """Expected shares of the lines: segment, category, share."""
    names = SEGMENTS if settings.segments else ("none",)
    share = _shares(CATEGORY_LEANING, settings)[: len(names)].round(6).ravel()
    table = pd.DataFrame(itertools.product(names, products.CATEGORIES), columns=["segment", "category"])
    return table.assign(share=share)


def draw_lines(
    rng: np.random.Generator,
    orders: Orders,
    segment: np.ndarray,
    settings: Settings,
    known: Lines | None = None,
    until: int = draws.DAYS,
) -> Lines:
    """Split every order's amount into one to four lines of products that the person likes and it can pay for.

    Parameters:
        known: Earlier lines of the same people, whose taste and returns go on.
        until: The day before which goods come back.
    """
    people = len(segment)
    if known is None:
        taste = rng.gamma(TASTE * _shares(CATEGORY_LEANING, settings)[segment])
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
    first, best = None, None
    for _ in range(3):
        tier = pick(rng, _shares(TIER_LEANING, settings)[segment[who]] * reach)
        popular = products.by_popularity(rng, category, tier)
        own = rng.random(len(who)) < FAVOURITE
        item = np.where(own, favourite[who, category, tier], popular)
        candidate = products.row_of(category, tier, item)
        price = products.list_prices()[candidate]
        discount = np.abs(share / (price * np.maximum(np.ceil(share / price - 0.12), 1)) - 0.95)
        discount = np.where(own, np.minimum(discount, 0.05), discount)  # a favourite is worth its price
        first, best = (discount, candidate) if best is None else (first, np.where(discount < first, candidate, best))
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
    mean = draws.mean_delivery_days(orders.day, settings.weekly_changes)
    days = np.maximum(np.round(rng.normal(mean, 0.8)), 1.0)
    return np.where(channel != STORE, days, np.nan)


def online_records(records: Records, orders: Orders, channel: np.ndarray) -> np.ndarray:
    """Row of the record under which each online order was placed, -1 for orders in a store."""
    touchpoint = np.where(channel == ORDER_CHANNELS.index("app"), APP, WEB)
    return np.where(channel != STORE, records.at(orders.person, touchpoint), -1)


def order_tables(
    rng: np.random.Generator, block, orders: Orders, lines: Lines, channel, delivery_days, first: int
) -> dict[str, pd.DataFrame]:
    """The tables transactions (every order as placed, numbered on from `first`) and order_lines."""
    customer_id, accounts = block.people.customer_id, block.accounts
    order_id = labels("O", first + 1 + np.arange(len(orders.day)), 8)
    role = accounts.role_of[orders.person]
    on_account = rng.random(len(role)) < np.where(role >= 0, ON_ACCOUNT[role], 0.0)
    account = np.where(on_account, accounts.account_of[orders.person], -1)
    transactions = {
        "customer_id": customer_id.take(orders.person),
        "date": draws.days_to_dates(orders.day),
        "amount": orders.amount,
        "order_id": order_id,
        "channel": choose(ORDER_CHANNELS, channel),
        "delivery_days": delivery_days,
        "account_id": choose(accounts.accounts["account_id"], account),
    }
    back = np.flatnonzero(lines.return_day >= 0)  # returns are later lines of the same order with negative quantity
    row = np.concatenate([np.arange(len(lines.order)), back])
    sign = np.where(np.arange(len(row)) < len(lines.order), 1, -1)
    day = np.where(sign > 0, orders.day[lines.order[row]], lines.return_day[row])
    order = np.lexsort((row, -sign, lines.order[row]))
    row, quantity = row[order], (sign * lines.quantity[row])[order]
    order_lines = {
        "order_id": order_id.take(lines.order[row]),
        "customer_id": customer_id.take(orders.person[lines.order[row]]),
        "date": draws.days_to_dates(day[order]),
        "product_id": products.product_ids().take(lines.product[row]),
        "quantity": quantity.astype(np.float64),
        "unit_price": lines.unit_price[row],
        "amount": np.round(quantity * lines.unit_price[row], 2),
    }
    return {"transactions": pd.DataFrame(transactions), "order_lines": pd.DataFrame(order_lines)}


POINTS_EXPIRE = 365  # days; a point for each unit of money
COLLECT, REDEEMED_AFTER = 0.55, 120.0  # share of members who ever redeem; mean days until they do


def draw_points(rng: np.random.Generator, transactions: pd.DataFrame, block) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The table points, a lot of points for each order of a member of the loyalty programme, and when each will be redeemed.

    Some members collect and redeem what they have got, sooner or later; the others never do. A lot goes as a whole.
    """
    member = block.records.by_touchpoint[:, LOYALTY] >= 0
    collects = rng.random(len(member)) < COLLECT
    mine = member[block.orders.person]
    person, earned = block.orders.person[mine], block.orders.day[mine]
    after = 1 + rng.exponential(REDEEMED_AFTER, len(person)).astype(np.int64)
    lots = transactions.loc[mine, ["order_id", "customer_id", "date"]].reset_index(drop=True)
    lots["points"] = np.floor(transactions.loc[mine, "amount"].to_numpy()).astype(np.int64)
    will = pd.Series(draws.days_to_dates(earned + after)).where(collects[person] & (after <= POINTS_EXPIRE))
    end = draws.days_to_dates(np.array([draws.DAYS - 1]))[0]
    return lots.assign(redeemed_on=will.where(will <= end)), lots[["order_id"]].assign(redeemed_on=will)


ORDER_HANDLING, DELIVERY, RETURN_HANDLING, RETURN_WRITE_DOWN = (rate for _, rate, _ in WORDS["cost_rates"])


def rate_table() -> pd.DataFrame:
    """The table cost_rates."""
    return pd.DataFrame(WORDS["cost_rates"], columns=["activity", "rate", "unit"])


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
    serve = np.bincount(orders.person, ORDER_HANDLING + DELIVERY * delivered, minlength=n)
    serve = serve + np.bincount(who, RETURN_HANDLING * ~kept, minlength=n) + contact_cost
    return pd.DataFrame({"gross_margin": gross, "cost_to_serve": serve, "profit": gross - serve}).round(2)


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
    accounts = {
        "account_id": ids,
        "name": choose(names, rng.integers(0, len(names), size)),
        "industry": choose(INDUSTRIES, rng.integers(0, len(INDUSTRIES), size)),
        "employees": (5 * np.exp(rng.gamma(2.0, 0.9, size))).astype(np.int64),
        "city": choose(cities()[0], rng.integers(0, len(cities()[0]), size)),
    }
    acting = {"account_id": ids.take(members), "record_id": records.record_id.take(records.account[people])}
    roles = pd.DataFrame(acting | {"role": choose(ROLES, role)})
    return Accounts(pd.DataFrame(accounts), roles, role_of, account_of)


def member_truth(members: Accounts, customer_id) -> pd.DataFrame:
    """The people in each account: account_id, customer_id, role."""
    member = np.flatnonzero(members.role_of >= 0)
    account = choose(members.accounts["account_id"], members.account_of[member])
    told = {"account_id": account, "customer_id": customer_id.take(member)}
    return pd.DataFrame(told | {"role": choose(ROLES, members.role_of[member])})
