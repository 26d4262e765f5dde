"""One block of people: what drives them, drawn once; then the tables that follow from it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd

from idic_lab.meridian import (
    accounts,
    baskets,
    campaign,
    channels,
    identities,
    needs,
    ordering,
    people,
    prices,
    purchases,
    reviews,
    satisfaction,
    visits,
    wallet,
    weeks,
)
from idic_lab.meridian.draws import labels, stream
from idic_lab.meridian.planted import member_truth, owner_truth, people_truth
from idic_lab.meridian.settings import Settings

Tables = dict[str, pd.DataFrame]


@dataclass
class Block:
    """Everything drawn of one block that more than one table needs."""

    rng: Callable[[str], np.random.Generator]
    settings: Settings
    buyers: purchases.Buyers
    orders: purchases.Orders
    lines: baskets.Lines
    segment: np.ndarray
    people: people.People
    reach: channels.Reach
    records: identities.Records
    consent_said: pd.DataFrame
    consent: np.ndarray
    satisfaction: np.ndarray
    order_channel: np.ndarray
    delivery_days: np.ndarray
    contacts: pd.DataFrame
    wallet: pd.DataFrame
    arm: accounts.Arm


def draw_block(n: int, seed: int, number: int, first: Counter, settings: Settings) -> Block:
    """The people of a block, their orders, records, contacts and accounts."""

    def rng(component: str) -> np.random.Generator:
        return stream(seed, number, component)

    buyers = purchases.draw_buyers(rng("buyers"), n, settings)
    orders = purchases.draw_orders(rng("orders"), buyers, settings)
    segment = needs.draw_segments(rng("segments"), buyers, settings)
    end = weeks.END.astype("datetime64[D]")
    crowd = people.draw_people(rng("people"), first["people"], segment, settings, end)
    reach = channels.draw_reach(rng("reach"), segment, settings)
    records = identities.draw_records(rng("records"), first["records"], reach.preferred, buyers.first_day)
    consent_said, consent = identities.draw_consent(rng("consent"), records, reach.preferred)
    lines = baskets.draw_lines(rng("lines"), orders, segment, settings)
    satisfied = satisfaction.draw_satisfaction(rng("satisfaction"), buyers)
    channel = ordering.draw_order_channels(rng("order channels"), records, orders)
    delivery = ordering.draw_delivery_days(rng("delivery"), channel, orders, settings)
    outbound = channels.draw_outbound(rng("outbound"), reach, consent, buyers.first_day, settings)
    inbound = channels.draw_inbound(
        rng("inbound"), reach, orders.count, buyers.first_day, orders.last_day, satisfied, settings
    )
    return Block(
        rng=rng,
        settings=settings,
        buyers=buyers,
        orders=orders,
        lines=lines,
        segment=segment,
        people=crowd,
        reach=reach,
        records=records,
        consent_said=consent_said,
        consent=consent,
        satisfaction=satisfied,
        order_channel=channel,
        delivery_days=delivery,
        contacts=pd.concat([outbound, inbound], ignore_index=True),
        wallet=wallet.draw_wallet(rng("wallet"), buyers, orders),
        arm=accounts.draw_accounts(rng("accounts"), records, n, first["accounts"]),
    )


def block_tables(n: int, seed: int, number: int, first: Counter, settings: Settings) -> tuple[Tables, Tables]:
    """Observed tables and planted answers of one block.

    Parameters
    ----------
    n, seed, number : int
        People in the block, seed of the whole, number of the block.
    first : Counter
        What earlier blocks numbered; brought up to date.
    settings : Settings
    """
    block = draw_block(n, seed, number, first, settings)
    review, sentiment = reviews.draw_reviews(
        block.rng("reviews"), block.records, block.orders, block.lines, block.satisfaction, first["reviews"]
    )
    results, reactions = campaign.draw_campaign(
        block.rng("campaign"),
        block.orders,
        block.people.age,
        block.order_channel,
        block.people.customer_id,
        settings,
    )
    events, sessions = _visits(block, first["sessions"])
    tables = _order_tables(block, first["orders"]) | {
        "source_records": identities.record_table(
            block.rng("record table"), block.people, block.records, block.consent_said, settings
        ),
        "web_events": events,
        "interactions": channels.interaction_table(block.contacts, block.records, first["contacts"]),
        "survey_responses": _responses(block),
        "reviews": review,
        "campaign_results": results,
        "price_tests": _price_tests(block, first["tests"]),
        "accounts": block.arm.accounts,
        "account_roles": block.arm.roles,
    }
    truth = {
        "people": people_truth(block, first["households"]),
        "record_owners": owner_truth(block),
        "review_sentiment": sentiment,
        "campaign": reactions,
        "account_members": member_truth(block),
    }
    first.update(
        people=n,
        households=int(block.people.household.max()) + 1,
        records=len(block.records.person),
        accounts=len(block.arm.accounts),
        orders=len(block.orders.day),
        contacts=len(block.contacts),
        sessions=sessions,
        reviews=len(review),
        tests=len(tables["price_tests"]),
    )
    return tables, truth


def _order_tables(block: Block, first: int) -> Tables:
    orders, customer_id = block.orders, block.people.customer_id
    order_id = labels("O", first + 1 + np.arange(len(orders.day)), 8)
    charged = accounts.charged_to(block.rng("charges"), block.arm, orders)
    return {
        "transactions": ordering.transaction_table(
            orders,
            customer_id,
            order_id,
            block.order_channel,
            block.delivery_days,
            block.arm.accounts["account_id"],
            charged,
        ),
        "order_lines": ordering.order_line_table(orders, block.lines, customer_id, order_id),
    }


def _visits(block: Block, first: int) -> tuple[pd.DataFrame, int]:
    online = ordering.online_records(block.records, block.orders, block.order_channel)
    return visits.draw_visits(
        block.rng("visits"),
        block.records,
        block.buyers,
        block.orders,
        block.lines,
        online,
        block.people.age,
        first,
        block.settings,
    )


def _responses(block: Block) -> pd.DataFrame:
    answers = needs.draw_answers(block.rng("answers"), block.segment, block.settings)
    late = np.nan_to_num(block.delivery_days - weeks.DELIVERY_DAYS)
    spend = block.wallet["category_spend"].to_numpy()
    parts = [
        satisfaction.needs_responses(block.rng("needs survey"), block.records, answers),
        satisfaction.service_responses(
            block.rng("service survey"),
            block.records,
            block.orders,
            late,
            block.people.age,
            block.satisfaction,
        ),
        wallet.wallet_responses(block.rng("wallet survey"), block.records, spend),
    ]
    return pd.concat(parts, ignore_index=True)


def _price_tests(block: Block, first: int) -> pd.DataFrame:
    in_panel = block.records.by_touchpoint[:, identities.PANEL] >= 0
    return prices.draw_price_tests(
        block.rng("prices"),
        block.segment,
        in_panel,
        block.buyers.first_day,
        block.people.customer_id,
        first,
        block.settings,
    )
