"""What was planted: the contracts of the tables of answers, and what makes those that are the same for everybody."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import numpy as np
import pandas as pd

from idic_lab.meridian import contacts, opinions, orders, products, trials, weeks
from idic_lab.meridian.settings import SEGMENTS, Settings
from idic_lab.tables import read_contracts

CONTRACTS = read_contracts(
    Path(__file__).with_suffix(".toml"),
    SEGMENTS=(*SEGMENTS, "none"),
    CATEGORIES=products.CATEGORIES,
    KINDS=trials.KINDS,
)


def constant_truth(chosen: Settings) -> dict[str, pd.DataFrame]:
    """Answers that do not depend on who happened to be drawn."""
    return {
        "need_items": opinions.truth_of_items(chosen),
        "category_shares": _category_shares(chosen),
        "complements": products.complement_truth(),
        "product_quality": opinions.quality_truth(),
        "prices": trials.price_truth(chosen),
        "weekly_changes": _weekly_changes(chosen),
    }


def _category_shares(chosen: Settings) -> pd.DataFrame:
    names = SEGMENTS if chosen.segments else ("none",)
    rows = [
        (name, category, round(float(weight), 6))
        for name, weights in zip(names, orders.category_weights(chosen), strict=False)
        for category, weight in zip(products.CATEGORIES, weights, strict=True)
    ]
    return pd.DataFrame(rows, columns=["segment", "category", "share"])


def _weekly_changes(chosen: Settings) -> pd.DataFrame:
    ends = weeks.DRIFT_DATE + np.timedelta64(7 * weeks.DRIFT_WEEKS, "D")
    step = np.datetime64(chosen.step_date)
    late = weeks.DELIVERY_DAYS + weeks.DRIFT_PER_WEEK * weeks.DRIFT_WEEKS
    table = pd.DataFrame(
        {
            "figure": ["basket_share", "delivery_days"],
            "kind": ["step", "drift"],
            "starts": np.array([step, weeks.DRIFT_DATE], dtype="datetime64[us]"),
            "ends": np.array([step, ends], dtype="datetime64[us]"),
            "before": [weeks.STEP_BEFORE, weeks.DELIVERY_DAYS],
            "after": [weeks.STEP_AFTER, late],
            "meaning": [
                "share of visits without a checkout in which something is put into the basket, per week",
                "mean days to delivery of the orders of a week",
            ],
        }
    )
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


_PARAMETERS = """
r | | BG/NBD: shape of the purchase rates
alpha | days | BG/NBD: scale of the purchase rates
a | | BG/NBD: first parameter of the dropout probabilities
b | | BG/NBD: second parameter of the dropout probabilities
p | | Gamma-Gamma: shape of a person's order amounts
q | | Gamma-Gamma: shape of the people's scale
gamma | currency | Gamma-Gamma: rate of the people's scale
spend_with_frequency | | correlation of log mean spend with log purchase rate
separation | | how far apart the need segments answer
error_rate | | multiplier of the records' faults
fatigue | per contact | fall of the log response rate for each outbound contact in the 28 days before
wrong_time | | factor on the response outside a person's time of day
satisfaction_with_dropout | | correlation of satisfaction with the logit of the dropout probability
late_day | standard deviations | effect on satisfaction with an order of each day of delivery beyond 3
campaign_effect | conversions per customer | average effect of the offer over the customers in campaign_results
campaign_margin | currency | margin of a conversion without the offer
campaign_margin_with_offer | currency | margin of a conversion with it
campaign_contact_cost | currency | cost of making the offer
sarcasm | | share of reviews that are sarcastic
"""


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
    told = [[part.strip() for part in line.split("|")] for line in _PARAMETERS.strip().splitlines()]
    rows = [(name, values[name], unit or None, meaning) for name, unit, meaning in told]
    return pd.DataFrame(rows, columns=["parameter", "value", "unit", "meaning"]).astype(
        {"value": "float64", "unit": "str"}
    )
