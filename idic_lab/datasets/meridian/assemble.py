"""The components put together: one block of people, then as many blocks as asked for."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd

from idic_lab.datasets.meridian import (
    accounts,
    baskets,
    campaign,
    channels,
    costs,
    identities,
    needs,
    people,
    prices,
    products,
    purchases,
    reviews,
    satisfaction,
    visits,
    wallet,
    weeks,
)
from idic_lab.datasets.meridian.draws import choose, labels, stream
from idic_lab.datasets.meridian.planted import constant_truth, parameter_truth, policy_sums, policy_table
from idic_lab.datasets.meridian.settings import BLOCK, PEOPLE, SEED, Settings, settings
from idic_lab.errors import DataError
from idic_lab.tables.organisations import ROLES
from idic_lab.tables.touchpoints import CHANNELS, CONSENT_CHANNELS

_ONLINE_SHARE = (0.85, 0.20)  # of orders of people who buy under a web shop record, a loyalty record


@dataclass
class Meridian:
    """A simulated retailer.

    Attributes
    ----------
    tables : dict of str to DataFrame
        What the retailer sees, each table by its contract in :mod:`idic_lab.tables`.
    truth : dict of str to DataFrame
        What was planted; only checks look at it.
    settings : Settings
    seed : int
    """

    tables: dict[str, pd.DataFrame]
    truth: dict[str, pd.DataFrame]
    settings: Settings
    seed: int

    def __repr__(self) -> str:
        return f"Meridian({len(self.truth['people']):,} people, {len(self.tables)} tables, seed {self.seed})"


def simulate(
    n: int = PEOPLE, seed: int = SEED, difficulty: str | Settings = "default", **switches: bool
) -> Meridian:
    """Simulate the two years of a retailer with n customers.

    Parameters
    ----------
    n : int
        People, at least 50.
    seed : int
        The same seed gives the same tables.
    difficulty : {"easy", "default", "hard"} or Settings
        How far apart the need segments are and how faulty the records.
    **switches : bool
        ``segments=False``, ``campaign_effect=False``, ``fatigue=False``, ``errors=False``, ``weekly_changes=False``
        plant nothing there; ``independence=False`` makes spend rise with frequency.

    Returns
    -------
    Meridian
        ``tables`` (what is seen) and ``truth`` (what was planted).

    Raises
    ------
    UnknownName, DataError
        For unknown difficulties or switches and impossible numbers.

    Examples
    --------
    >>> shop = simulate(n=500, seed=7)
    >>> shop
    Meridian(500 people, 15 tables, seed 7)
    >>> len(shop.tables["transactions"]["customer_id"].unique())
    500
    """
    chosen = settings(difficulty, **switches)
    tables, truth = {}, {}
    for block_tables, block_truth in blocks(n, seed, chosen):
        for store, part in ((tables, block_tables), (truth, block_truth)):
            for name, data in part.items():
                store.setdefault(name, []).append(data)
    return Meridian(*(_joined(store) for store in (tables, truth)), chosen, seed)


def _joined(store: dict[str, list[pd.DataFrame]]) -> dict[str, pd.DataFrame]:
    return {
        name: parts[0] if len(parts) == 1 else pd.concat(parts, ignore_index=True)
        for name, parts in store.items()
    }


def blocks(n: int, seed: int, chosen: Settings) -> Iterator[tuple[dict, dict]]:
    """Tables and truth of one block of people after the other; the last pair holds what there is once.

    Block sizes are nearly equal and depend on n alone, so that writing block by block gives what simulating at once
    gives.
    """
    if not isinstance(n, int | np.integer) or n < 50:
        raise DataError(f"n must be a whole number of at least 50 people, found {n!r}.")
    parts = -(-n // BLOCK)
    first, sums = Counter(), Counter()
    for number in range(parts):
        size = n // parts + (number < n % parts)
        tables, truth = _block(size, seed, number, first, chosen)
        sums.update(policy_sums(truth["campaign"]))
        yield tables, truth
    once = {
        "products": products.product_table(),
        "product_options": products.option_table(),
        "cost_rates": costs.rate_table(),
        "survey_questions": satisfaction.question_table(),
    }
    yield (
        once,
        constant_truth(chosen)
        | {
            "campaign_policies": policy_table(sums),
            "parameters": parameter_truth(chosen, sums),
        },
    )


def _block(
    n: int, seed: int, number: int, first: Counter, chosen: Settings
) -> tuple[dict[str, pd.DataFrame], dict[str, pd.DataFrame]]:
    """All tables of one block; `first` counts what earlier blocks numbered and is brought up to date."""

    def rng(component: str) -> np.random.Generator:
        return stream(seed, number, component)

    buyers = purchases.draw_buyers(rng("buyers"), n, chosen)
    orders = purchases.draw_orders(rng("orders"), buyers, chosen)
    segment = needs.draw_segments(rng("segments"), buyers, chosen)
    crowd = people.draw_people(
        rng("people"), first["people"], segment, chosen, weeks.END.astype("datetime64[D]")
    )
    reach = channels.draw_reach(rng("reach"), segment, chosen)
    records = identities.draw_records(rng("records"), first["records"], reach.preferred, buyers.first_day)
    consent_said, consent = identities.draw_consent(rng("consent"), records, reach.preferred)
    lines = baskets.draw_lines(rng("lines"), orders, segment, chosen)
    satisfied = satisfaction.draw_satisfaction(rng("satisfaction"), buyers)
    where = _order_channels(rng("order channels"), records, orders)
    delivery = _delivery_days(rng("delivery"), where, orders, chosen)
    arm = accounts.draw_accounts(rng("accounts"), records, n, first["accounts"])
    charged = accounts.charged_to(rng("charges"), arm, orders)
    contacts = pd.concat(
        [
            channels.draw_outbound(rng("outbound"), reach, consent, buyers.first_day, chosen),
            channels.draw_inbound(
                rng("inbound"),
                reach,
                orders.count,
                buyers.first_day,
                orders.last_day,
                satisfied,
                chosen,
            ),
        ],
        ignore_index=True,
    )
    answers = needs.draw_answers(rng("answers"), segment, chosen)
    purse = wallet.draw_wallet(rng("wallet"), buyers, orders)
    late = np.where(np.isnan(delivery), 0.0, delivery - weeks.DELIVERY_DAYS)
    online = np.where(
        where < 2, records.at(orders.person, np.where(where == 1, identities.APP, identities.WEB)), -1
    )
    events, sessions = visits.draw_visits(
        rng("visits"), records, buyers, orders, lines, online, crowd.age, first["sessions"], chosen
    )
    review, sentiment = reviews.draw_reviews(
        rng("reviews"), records, orders, lines, satisfied, first["reviews"]
    )
    results, campaign_truth = campaign.draw_campaign(
        rng("campaign"), orders, crowd.age, where, crowd.customer_id, chosen
    )
    in_panel = records.by_touchpoint[:, identities.PANEL] >= 0
    tests = prices.draw_price_tests(
        rng("prices"), segment, in_panel, buyers.first_day, crowd.customer_id, first["tests"], chosen
    )
    order_id = labels("O", first["orders"] + 1 + np.arange(len(orders.day)), 8)
    tables = {
        "source_records": identities.record_table(rng("record table"), crowd, records, consent_said, chosen),
        "transactions": pd.DataFrame(
            {
                "customer_id": crowd.customer_id.take(orders.person),
                "date": weeks.days_to_dates(orders.day),
                "amount": orders.amount,
                "order_id": order_id,
                "channel": choose(campaign.ORDER_CHANNELS, where),
                "delivery_days": delivery,
                "account_id": choose(arm.accounts["account_id"], charged),
            }
        ),
        "order_lines": _order_lines(crowd, orders, lines, order_id),
        "web_events": events,
        "interactions": channels.interaction_table(contacts, records, first["contacts"]),
        "survey_responses": pd.concat(
            [
                satisfaction.needs_responses(rng("needs survey"), records, answers),
                satisfaction.service_responses(
                    rng("service survey"), records, orders, late, crowd.age, satisfied
                ),
                wallet.wallet_responses(rng("wallet survey"), records, purse["category_spend"].to_numpy()),
            ],
            ignore_index=True,
        ),
        "reviews": review,
        "campaign_results": results,
        "price_tests": tests,
        "accounts": arm.accounts,
        "account_roles": arm.roles,
    }
    spent = np.bincount(contacts["person"], contacts["cost"], minlength=n)
    profit = costs.profits(orders, lines, where < 2, spent)
    member = np.flatnonzero(arm.role_of >= 0)
    truth = {
        "people": _people_truth(
            crowd,
            buyers,
            orders,
            segment,
            satisfied,
            reach,
            consent,
            lines,
            purse,
            profit,
            first["households"],
            chosen,
        ),
        "record_owners": pd.DataFrame(
            {"record_id": records.record_id, "customer_id": crowd.customer_id.take(records.person)}
        ),
        "review_sentiment": sentiment,
        "campaign": campaign_truth,
        "account_members": pd.DataFrame(
            {
                "account_id": choose(arm.accounts["account_id"], arm.account_of[member]),
                "customer_id": crowd.customer_id.take(member),
                "role": choose(ROLES, arm.role_of[member]),
            }
        ),
    }
    first.update(
        people=n,
        households=int(crowd.household.max()) + 1,
        records=len(records.person),
        accounts=len(arm.accounts),
        orders=len(orders.day),
        contacts=len(contacts),
        sessions=sessions,
        reviews=len(review),
        tests=len(tests),
    )
    return tables, truth


def _order_channels(rng, records, orders) -> np.ndarray:
    """Where each order was placed: row of ORDER_CHANNELS."""
    who = orders.person
    by_web = records.touchpoint[records.account[who]] == identities.WEB
    online = rng.random(len(who)) < np.where(by_web, *_ONLINE_SHARE)
    has_app = records.by_touchpoint[who, identities.APP] >= 0
    use_app = has_app & (rng.random(len(who)) < 0.5)
    return np.where(online, use_app.astype(int), 2)


def _delivery_days(rng, where, orders, chosen) -> np.ndarray:
    """Days to delivery of online orders, missing for orders in a store."""
    mean = weeks.mean_delivery_days(orders.day, chosen.weekly_changes)
    days = np.maximum(np.round(rng.normal(mean, 0.8)), 1.0)
    return np.where(where < 2, days, np.nan)


def _order_lines(crowd, orders, lines, order_id) -> pd.DataFrame:
    """The table order_lines: purchases, and returns as later lines of the same order with negative quantity."""
    back = np.flatnonzero(lines.return_day >= 0)
    row = np.concatenate([np.arange(len(lines.order)), back])
    sign = np.where(np.arange(len(row)) < len(lines.order), 1, -1)
    day = np.where(sign > 0, orders.day[lines.order[row]], lines.return_day[row])
    order = np.lexsort((row, -sign, lines.order[row]))
    row, sign, day = row[order], sign[order], day[order]
    quantity = sign * lines.quantity[row]
    return pd.DataFrame(
        {
            "order_id": order_id.take(lines.order[row]),
            "customer_id": crowd.customer_id.take(orders.person[lines.order[row]]),
            "date": weeks.days_to_dates(day),
            "product_id": products.product_ids().take(lines.product[row]),
            "quantity": quantity.astype(np.float64),
            "unit_price": lines.unit_price[row],
            "amount": np.round(quantity * lines.unit_price[row], 2),
        }
    )


def _people_truth(
    crowd, buyers, orders, segment, satisfied, reach, consent, lines, purse, profit, first_household, chosen
) -> pd.DataFrame:
    household = labels("H", first_household + 1 + np.maximum(crowd.household, 0), 6)
    return pd.concat(
        [
            pd.DataFrame(
                {
                    "customer_id": crowd.customer_id,
                    "household": household.take(
                        np.where(crowd.household >= 0, np.arange(len(crowd)), -1), allow_fill=True
                    ),
                    "twin": crowd.twin,
                    "purchase_rate": np.round(buyers.rate, 8),
                    "dropout_probability": np.round(buyers.dropout, 6),
                    "mean_spend": np.round(buyers.mean_spend, 4),
                    "alive": orders.alive,
                    "need_segment": choose(needs.segment_names(segment, chosen), segment),
                    "satisfaction": np.round(satisfied, 4),
                    "preferred_channel": choose(CHANNELS, reach.preferred),
                }
            ),
            pd.DataFrame(reach.response, columns=[f"response_{channel}" for channel in CHANNELS]),
            pd.DataFrame({"time_of_day": choose(tuple(channels.TIMES_OF_DAY), reach.time_of_day)}),
            pd.DataFrame(consent, columns=[f"consent_{channel}" for channel in CONSENT_CHANNELS]),
            pd.DataFrame({"return_rate": lines.return_rate, "heavy_caller": reach.heavy_caller}),
            purse,
            profit,
            pd.DataFrame({"below_zero": profit["profit"] < 0}),
        ],
        axis=1,
    )
