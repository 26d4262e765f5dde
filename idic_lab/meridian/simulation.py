"""One block of people after the other, from what drives them to the tables that follow, and what was planted in them."""

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd

from idic_lab.errors import DataError
from idic_lab.meridian import choices, contacts, draws, opinions, orders, people, products, quarters, trials
from idic_lab.meridian.draws import choose, labels, stream
from idic_lab.meridian.settings import BLOCK, PEOPLE, SEED, SEGMENTS, Settings, settings
from idic_lab.tables import CHANNELS, CONSENT_CHANNELS, read_contracts

_CHOICES = {"SEGMENTS": (*SEGMENTS, "none"), "CATEGORIES": products.CATEGORIES, "KINDS": trials.KINDS}
CONTRACTS = read_contracts(Path(__file__).with_name("planted.toml"), **_CHOICES)


def constant_truth(chosen: Settings) -> dict[str, pd.DataFrame]:
    """Answers that do not depend on who happened to be drawn."""
    return {
        "need_items": opinions.truth_of_items(chosen),
        "category_shares": orders.category_truth(chosen),
        "complements": products.complement_truth(),
        "product_quality": opinions.quality_truth(),
        "prices": trials.price_truth(chosen),
        "weekly_changes": _weekly_changes(chosen),
        "readiness": opinions.readiness_truth(chosen),
        "pilot_effects": trials.pilot_truth(chosen),
        "part_worths": choices.part_worth_truth(chosen),
    } | trials.consent_truth(chosen)


def _weekly_changes(chosen: Settings) -> pd.DataFrame:
    ends = draws.DRIFT_DATE + np.timedelta64(7 * draws.DRIFT_WEEKS, "D")
    step = np.datetime64(chosen.step_date)
    late = draws.DELIVERY_DAYS + draws.DRIFT_PER_WEEK * draws.DRIFT_WEEKS
    basket = "share of visits without a checkout in which something is put into the basket, per week"
    delivery = "mean days to delivery of the orders of a week"
    rows = [
        ("basket_share", "step", step, step, draws.STEP_BEFORE, draws.STEP_AFTER, basket),
        ("delivery_days", "drift", draws.DRIFT_DATE, ends, draws.DELIVERY_DAYS, late, delivery),
    ]
    table = pd.DataFrame(rows, columns=["figure", "kind", "starts", "ends", "before", "after", "meaning"])
    table = table.astype(dict.fromkeys(("starts", "ends"), "datetime64[us]"))
    return table if chosen.weekly_changes else table.iloc[:0]


_POLICIES = ("nobody", "everybody", "best_on_features", "kind_known")


def policy_sums(truth: pd.DataFrame) -> Counter:
    """What the true values of the reference policies add up from, for one block."""
    sums = Counter(customers=len(truth), profit_without=truth["profit_without"].sum(), effect=truth["effect"].sum())
    nobody = pd.Series(False, index=truth.index)
    treated = (nobody, ~nobody, truth["treat_by_features"], truth["treat_if_kind_known"])
    for name, rows in zip(_POLICIES, treated, strict=True):
        sums[f"treated {name}"], sums[f"gain {name}"] = rows.sum(), truth.loc[rows, "gain"].sum()
    return sums


def policy_table(sums: Counter) -> pd.DataFrame:
    """The truth table campaign_policies."""
    treated, gain = (np.array([sums[f"{what} {name}"] for name in _POLICIES]) for what in ("treated", "gain"))
    shares = {"treated_share": treated, "profit_per_customer": sums["profit_without"] + gain, "gain_per_customer": gain}
    return (pd.DataFrame(shares) / sums["customers"]).round(6).assign(policy=_POLICIES)[["policy", *shares]]


def parameter_truth(chosen: Settings, sums: Counter) -> pd.DataFrame:
    """The truth table parameters."""
    values = {
        **vars(chosen.purchase),
        **{name: value for name, value in vars(chosen).items() if name != "purchase"},
        "wrong_time": contacts.WRONG_TIME,
        "satisfaction_with_dropout": opinions.CORRELATION,
        "late_day": opinions.LATE_DAY,
        "campaign_effect": round(sums["effect"] / sums["customers"], 6),
        "campaign_margin": trials.MARGIN,
        "campaign_margin_with_offer": trials.MARGIN_WITH_OFFER,
        "campaign_contact_cost": trials.CONTACT_COST,
        "sarcasm": opinions.SARCASM,
    }
    rows = [(name, values[name], unit or None, meaning) for name, unit, meaning in people.WORDS["parameters"]]
    table = pd.DataFrame(rows, columns=["parameter", "value", "unit", "meaning"])
    return table.astype({"value": "float64", "unit": "str"})


Tables = dict[str, pd.DataFrame]


@dataclass
class Meridian:
    """A simulated retailer.

    Attributes:
        tables (dict of str to DataFrame): What the retailer sees, each table by its contract in :mod:`idic_lab.tables`.
        truth (dict of str to DataFrame): What was planted; only checks look at it.
    """

    tables: Tables
    truth: Tables
    settings: Settings
    seed: int

    def __repr__(self) -> str:
        return f"Meridian({len(self.truth['people']):,} people, {len(self.tables)} tables, seed {self.seed})"


def simulate(
    n: int = PEOPLE,
    seed: int = SEED,
    difficulty: str | Settings = "default",
    world: str = "friendly",
    n_quarters: int = 0,
    **switches: bool,
) -> Meridian:
    """Simulate the two years of a retailer with n customers, and the quarters after them if they are wanted.

    Parameters:
        n: People, at least 50.
        seed: The same seed gives the same tables.
        difficulty ({"easy", "default", "hard"} or Settings): How far apart the need segments are and how faulty the
            records.
        world, switches: As for :func:`idic_lab.meridian.settings.settings`.
        n_quarters: Quarters of 13 weeks after the two years, in which the retailer leaves its customers alone; for one
            that acts, see :func:`idic_lab.meridian.open_shop`. The truth stays that of the two years.
    Raises:
        UnknownName, DataError: For unknown difficulties or switches and impossible numbers.

    >>> shop = simulate(n=500, seed=7)
    >>> shop
    Meridian(500 people, 21 tables, seed 7)
    >>> len(shop.tables["transactions"]["customer_id"].unique())
    500
    """
    chosen = settings(difficulty, world, **switches)
    drawn, first = [] if n_quarters else None, Counter()
    seen, planted = (list(parts) for parts in zip(*blocks(n, seed, chosen, first, drawn), strict=True))
    states = [quarters.State.after(block, number) for number, block in enumerate(drawn or ())]
    for quarter in range(n_quarters):
        nothing = quarters.Plan.nothing()
        played = [quarters.play(state, nothing, quarters.draw_chances(state, quarter, seed), first) for state in states]
        states = [one.state for one in played]
        seen += [{name: data for name, data in one.tables.items() if name in seen[0]} for one in played]
    return Meridian(joined(seen), joined(planted), chosen, seed)


def joined(parts: list[Tables]) -> Tables:
    """The tables of all parts, one below the other.

    >>> joined([{"a": pd.DataFrame({"x": [1]})}, {"a": pd.DataFrame({"x": [2]})}])["a"]["x"].tolist()
    [1, 2]
    """
    found: dict[str, list[pd.DataFrame]] = {}
    for part in parts:
        for name, data in part.items():
            found.setdefault(name, []).append(data)
    return {name: data[0] if len(data) == 1 else pd.concat(data, ignore_index=True) for name, data in found.items()}


def blocks(
    n: int, seed: int, chosen: Settings, first: Counter | None = None, keep: "list[Block] | None" = None
) -> Iterator[tuple[Tables, Tables]]:
    """Tables and truth of one block of people after the other; the last pair holds what there is once.

    `first` counts what has been numbered, and `keep` takes what was drawn, for whoever goes on from there. Block sizes
    depend on n alone, so that writing block by block gives what simulating at once gives.

    >>> [len(seen["transactions"]) > 0 for seen, truth in blocks(60, 1, settings()) if "people" in truth]
    [True]
    """
    sums = Counter()
    for block, tables, truth in drawn_blocks(n, seed, chosen, Counter() if first is None else first):
        if keep is not None:
            keep.append(block)
        sums.update(policy_sums(truth["campaign"]))
        yield tables, truth
    found = {"campaign_policies": policy_table(sums), "parameters": parameter_truth(chosen, sums)}
    yield constant_tables(seed, chosen), constant_truth(chosen) | found


def constant_tables(seed: int, chosen: Settings) -> Tables:
    """The tables that there are once, whoever happens to be drawn."""
    return {
        "products": products.product_table(),
        "product_options": products.option_table(),
        "cost_rates": orders.rate_table(),
        "survey_questions": opinions.question_table(),
        "readiness_answers": opinions.readiness_answers(stream(seed, 0, "readiness"), chosen),
        "pilots": trials.draw_pilots(stream(seed, 0, "pilots"), chosen),
        "consent_trial": trials.draw_consent_trial(stream(seed, 0, "bargain"), chosen),
        "choice_sets": choices.interview(),
    }


def drawn_blocks(n: int, seed: int, chosen: Settings, first: Counter) -> "Iterator[tuple[Block, Tables, Tables]]":
    """What was drawn of each block of people, with its tables and truth; `first` counts what has been numbered."""
    if not isinstance(n, int | np.integer) or n < 50:
        raise DataError(f"n must be a whole number of at least 50 people, found {n!r}.")
    parts = -(-n // BLOCK)
    for number in range(parts):
        block = _draw_block(n // parts + (number < n % parts), seed, number, first, chosen)
        yield block, *_block_tables(block, first)


@dataclass
class Block:
    """Everything drawn of one block that more than one table needs."""

    rng: Callable[[str], np.random.Generator]
    settings: Settings
    buyers: orders.Buyers
    orders: orders.Orders
    lines: orders.Lines
    segment: np.ndarray
    people: people.People
    reach: contacts.Reach
    records: people.Records
    consent_said: pd.DataFrame
    consent: np.ndarray
    satisfaction: np.ndarray
    order_channel: np.ndarray
    delivery_days: np.ndarray
    contacts: pd.DataFrame
    wallet: pd.DataFrame
    accounts: orders.Accounts


def _draw_block(n: int, seed: int, number: int, first: Counter, settings: Settings) -> Block:
    """The people of a block, their orders, records, contacts and accounts, numbered on from `first`."""
    rng = partial(stream, seed, number)
    buyers = orders.draw_buyers(rng("buyers"), n, settings)
    placed = orders.draw_orders(rng("orders"), buyers, settings)
    segment = opinions.draw_segments(rng("segments"), buyers, settings)
    reach = contacts.draw_reach(rng("reach"), segment, settings)
    kept = people.draw_records(rng("records"), first["records"], reach.preferred, buyers.first_day)
    consent_said, consent = people.draw_consent(rng("consent"), kept, reach.preferred)
    satisfied = opinions.draw_satisfaction(rng("satisfaction"), buyers)
    lines = orders.draw_lines(rng("lines"), placed, segment, settings)  # settles the amounts of the orders
    channel = orders.draw_order_channels(rng("order channels"), kept, placed)
    outbound = contacts.draw_outbound(rng("outbound"), reach, consent, buyers.first_day, settings)
    inbound = contacts.draw_inbound(rng("inbound"), reach, placed, buyers.first_day, satisfied, settings)
    return Block(
        rng=rng,
        settings=settings,
        buyers=buyers,
        orders=placed,
        lines=lines,
        segment=segment,
        people=people.draw_people(rng("people"), first["people"], segment, settings),
        reach=reach,
        records=kept,
        consent_said=consent_said,
        consent=consent,
        satisfaction=satisfied,
        order_channel=channel,
        delivery_days=orders.draw_delivery_days(rng("delivery"), channel, placed, settings),
        contacts=pd.concat([outbound, inbound], ignore_index=True),
        wallet=orders.draw_wallet(rng("wallet"), buyers, placed),
        accounts=orders.draw_accounts(rng("accounts"), kept, n, first["accounts"]),
    )


def _block_tables(block: Block, first: Counter) -> tuple[Tables, Tables]:
    """Observed tables and planted answers of one block; `first`, what earlier ones numbered, is brought up to date."""
    people_of, rng = block.people, block.rng
    reviews, sentiment = opinions.draw_reviews(rng("reviews"), block, block.orders, block.lines, first["reviews"])
    seen = (block.orders, people_of.age, block.order_channel, people_of.customer_id)
    results, reactions = trials.draw_campaign(rng("campaign"), *seen, block.settings)
    events, sessions = contacts.draw_visits(block, first["sessions"])
    needs = opinions.draw_answers(rng("answers"), block.segment, block.settings)
    served = (block, block.orders, block.delivery_days, block.satisfaction)
    answers = [
        opinions.needs_responses(rng("needs survey"), block.records, needs),
        opinions.service_responses(rng("service survey"), *served),
        opinions.wallet_responses(rng("wallet survey"), block.records, block.wallet["category_spend"].to_numpy()),
    ]
    bought = (block.orders, block.lines, block.order_channel, block.delivery_days)
    tables = orders.order_tables(rng("charges"), block, *bought, first["orders"]) | {
        "source_records": people.record_table(rng("record table"), block),
        "web_events": events,
        "interactions": contacts.interaction_table(block.contacts, block.records, first["contacts"]),
        "survey_responses": pd.concat(answers, ignore_index=True),
        "reviews": reviews,
        "choices": choices.draw_choices(rng("choices"), block.records, block.segment, block.settings),
        "campaign_results": results,
        "price_tests": trials.draw_price_tests(block, first["tests"]),
        "accounts": block.accounts.accounts,
        "account_roles": block.accounts.roles,
    }
    tables["points"], redeemed = orders.draw_points(rng("points"), tables["transactions"], block)
    owner = block.people.customer_id.take(block.records.person)
    truth = {
        "people": _people_truth(block, first["households"]),
        "record_owners": pd.DataFrame({"record_id": block.records.record_id, "customer_id": owner}),
        "review_sentiment": sentiment,
        "campaign": reactions,
        "account_members": orders.member_truth(block.accounts, people_of.customer_id),
        "redemptions": redeemed,
    }
    first.update(people=len(people_of), households=int(people_of.household.max()) + 1, sessions=sessions)
    numbered = quarters.NUMBERED | {"records": "source_records", "accounts": "accounts"}
    first.update({what: len(tables[name]) for what, name in numbered.items()})
    return tables, truth


def _people_truth(block: Block, first_household: int) -> pd.DataFrame:
    everybody, reach = block.people, block.reach
    household = labels("H", first_household + 1 + np.maximum(everybody.household, 0), 6)
    together = np.where(everybody.household >= 0, np.arange(len(everybody)), -1)
    drivers = {
        "customer_id": everybody.customer_id,
        "household": household.take(together, allow_fill=True),
        "twin": everybody.twin,
        "purchase_rate": np.round(block.buyers.rate, 8),
        "dropout_probability": np.round(block.buyers.dropout, 6),
        "mean_spend": np.round(block.buyers.mean_spend, 4),
        "alive": block.orders.alive,
        "need_segment": choose(opinions.segment_names(block.settings), block.segment),
        "satisfaction": np.round(block.satisfaction, 4),
        "preferred_channel": choose(CHANNELS, reach.preferred),
        **{f"response_{channel}": reach.response[:, row] for row, channel in enumerate(CHANNELS)},
        "time_of_day": choose(tuple(contacts.TIMES_OF_DAY), reach.time_of_day),
        **{f"consent_{channel}": block.consent[:, row] for row, channel in enumerate(CONSENT_CHANNELS)},
        "return_rate": block.lines.return_rate,
        "heavy_caller": reach.heavy_caller,
    }
    contact_cost = np.bincount(block.contacts["person"], block.contacts["cost"], minlength=len(everybody))
    profit = orders.profits(block.orders, block.lines, block.order_channel != orders.STORE, contact_cost)
    return pd.concat([pd.DataFrame(drivers), block.wallet, profit.assign(below_zero=profit["profit"] < 0)], axis=1)
