"""The tables of planted answers: per person, and once for the whole data set."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from idic_lab.meridian import (
    baskets,
    campaign,
    channels,
    costs,
    needs,
    ordering,
    prices,
    products,
    reviews,
    weeks,
)
from idic_lab.meridian.draws import choose, labels
from idic_lab.meridian.satisfaction import CORRELATION, LATE_DAY
from idic_lab.meridian.settings import SEGMENTS, Settings
from idic_lab.tables import CHANNELS, CONSENT_CHANNELS, ROLES

if TYPE_CHECKING:
    from idic_lab.meridian.blocks import Block


def people_truth(block: Block, first_household: int) -> pd.DataFrame:
    """The truth table people."""
    crowd, reach = block.people, block.reach
    household = labels("H", first_household + 1 + np.maximum(crowd.household, 0), 6)
    together = np.where(crowd.household >= 0, np.arange(len(crowd)), -1)
    drivers = {
        "customer_id": crowd.customer_id,
        "household": household.take(together, allow_fill=True),
        "twin": crowd.twin,
        "purchase_rate": np.round(block.buyers.rate, 8),
        "dropout_probability": np.round(block.buyers.dropout, 6),
        "mean_spend": np.round(block.buyers.mean_spend, 4),
        "alive": block.orders.alive,
        "need_segment": choose(needs.segment_names(block.settings), block.segment),
        "satisfaction": np.round(block.satisfaction, 4),
        "preferred_channel": choose(CHANNELS, reach.preferred),
    }
    drivers |= {f"response_{channel}": reach.response[:, row] for row, channel in enumerate(CHANNELS)}
    drivers["time_of_day"] = choose(tuple(channels.TIMES_OF_DAY), reach.time_of_day)
    drivers |= {f"consent_{channel}": block.consent[:, row] for row, channel in enumerate(CONSENT_CHANNELS)}
    drivers |= {"return_rate": block.lines.return_rate, "heavy_caller": reach.heavy_caller}
    contact_cost = np.bincount(block.contacts["person"], block.contacts["cost"], minlength=len(crowd))
    delivered = block.order_channel != ordering.STORE
    profit = costs.profits(block.orders, block.lines, delivered, contact_cost)
    below = pd.DataFrame({"below_zero": profit["profit"] < 0})
    return pd.concat([pd.DataFrame(drivers), block.wallet, profit, below], axis=1)


def owner_truth(block: Block) -> pd.DataFrame:
    """The truth table record_owners."""
    owner = block.people.customer_id.take(block.records.person)
    return pd.DataFrame({"record_id": block.records.record_id, "customer_id": owner})


def member_truth(block: Block) -> pd.DataFrame:
    """The truth table account_members."""
    member = np.flatnonzero(block.arm.role_of >= 0)
    return pd.DataFrame(
        {
            "account_id": choose(block.arm.accounts["account_id"], block.arm.account_of[member]),
            "customer_id": block.people.customer_id.take(member),
            "role": choose(ROLES, block.arm.role_of[member]),
        }
    )


def constant_truth(chosen: Settings) -> dict[str, pd.DataFrame]:
    """Answers that do not depend on who happened to be drawn."""
    return {
        "need_items": needs.truth_of_items(chosen),
        "category_shares": _category_shares(chosen),
        "complements": products.complement_truth(),
        "product_quality": reviews.quality_truth(),
        "prices": prices.price_truth(chosen),
        "weekly_changes": _weekly_changes(chosen),
    }


def _category_shares(chosen: Settings) -> pd.DataFrame:
    weights = baskets.category_weights(chosen)
    names = SEGMENTS if chosen.segments else ("none",)
    rows = [
        (name, category, round(float(weights[number, column]), 6))
        for number, name in enumerate(names)
        for column, category in enumerate(products.CATEGORIES)
    ]
    return pd.DataFrame(rows, columns=["segment", "category", "share"])


def _weekly_changes(chosen: Settings) -> pd.DataFrame:
    ends = weeks.DRIFT_DATE + np.timedelta64(7 * weeks.DRIFT_WEEKS, "D")
    rows = [
        (
            "basket_share",
            "step",
            weeks.STEP_DATE,
            weeks.STEP_DATE,
            weeks.STEP_BEFORE,
            weeks.STEP_AFTER,
            "share of visits without a checkout in which something is put into the basket, per week",
        ),
        (
            "delivery_days",
            "drift",
            weeks.DRIFT_DATE,
            ends,
            weeks.DELIVERY_DAYS,
            weeks.DELIVERY_DAYS + weeks.DRIFT_PER_WEEK * weeks.DRIFT_WEEKS,
            "mean days to delivery of the orders of a week",
        ),
    ]
    table = pd.DataFrame(
        rows, columns=["figure", "kind", "starts", "ends", "before", "after", "meaning"]
    ).astype({"starts": "datetime64[us]", "ends": "datetime64[us]"})
    return table if chosen.weekly_changes else table.iloc[:0]


def policy_sums(truth: pd.DataFrame) -> Counter:
    """What the true values of the reference policies add up from, for one block."""
    sums = Counter(customers=len(truth), profit_without=truth["profit_without"].sum())
    sums["effect"] = int(truth["effect"].sum())
    everybody = pd.Series(True, index=truth.index)
    policies = {
        "nobody": ~everybody,
        "everybody": everybody,
        "kind_known": truth["treat_if_kind_known"],
        "best_on_features": truth["treat_by_features"],
    }
    for name, treated in policies.items():
        sums[f"treated {name}"] = int(treated.sum())
        sums[f"gain {name}"] = float(truth.loc[treated, "gain"].sum())
    return sums


def policy_table(sums: Counter) -> pd.DataFrame:
    """The truth table campaign_policies."""
    n = sums["customers"]
    rows = [
        (
            name,
            round(sums[f"treated {name}"] / n, 6),
            round((sums["profit_without"] + sums[f"gain {name}"]) / n, 6),
            round(sums[f"gain {name}"] / n, 6),
        )
        for name in ("nobody", "everybody", "best_on_features", "kind_known")
    ]
    return pd.DataFrame(rows, columns=["policy", "treated_share", "profit_per_customer", "gain_per_customer"])


def parameter_truth(chosen: Settings, sums: Counter) -> pd.DataFrame:
    """The truth table parameters."""
    model = chosen.purchase
    rows = [
        ("r", model.r, None, "BG/NBD: shape of the purchase rates"),
        ("alpha", model.alpha, "days", "BG/NBD: scale of the purchase rates"),
        ("a", model.a, None, "BG/NBD: first parameter of the dropout probabilities"),
        ("b", model.b, None, "BG/NBD: second parameter of the dropout probabilities"),
        ("p", model.p, None, "Gamma-Gamma: shape of a person's order amounts"),
        ("q", model.q, None, "Gamma-Gamma: shape of the people's scale"),
        ("gamma", model.gamma, "currency", "Gamma-Gamma: rate of the people's scale"),
        (
            "spend_with_frequency",
            chosen.spend_with_frequency,
            None,
            "correlation of log mean spend with log purchase rate",
        ),
        ("separation", chosen.separation, None, "how far apart the need segments answer"),
        ("error_rate", chosen.error_rate, None, "multiplier of the records' faults"),
        (
            "fatigue",
            chosen.fatigue,
            "per contact",
            "fall of the log response rate for each outbound contact in the 28 days before",
        ),
        (
            "wrong_time",
            channels.WRONG_TIME,
            None,
            "factor on the response outside a person's time of day",
        ),
        (
            "satisfaction_with_dropout",
            CORRELATION,
            None,
            "correlation of satisfaction with the logit of the dropout probability",
        ),
        (
            "late_day",
            LATE_DAY,
            "standard deviations",
            "effect on satisfaction with an order of each day of delivery beyond 3",
        ),
        (
            "campaign_effect",
            round(sums["effect"] / sums["customers"], 6),
            "conversions per customer",
            "average effect of the offer over the customers in campaign_results",
        ),
        (
            "campaign_margin",
            campaign.MARGIN,
            "currency",
            "margin of a conversion without the offer",
        ),
        (
            "campaign_margin_with_offer",
            campaign.MARGIN_WITH_OFFER,
            "currency",
            "margin of a conversion with it",
        ),
        ("campaign_contact_cost", campaign.CONTACT_COST, "currency", "cost of making the offer"),
        ("sarcasm", reviews.SARCASM, None, "share of reviews that are sarcastic"),
    ]
    return pd.DataFrame(rows, columns=["parameter", "value", "unit", "meaning"]).astype(
        {"value": "float64", "unit": "str"}
    )
