"""What a plan is made of: the plays it chooses from, and what is known of each customer."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from importlib.resources import files

import numpy as np
import pandas as pd

QUARTER = pd.Timedelta(days=91)
UNKNOWN, NONE = "unknown", "none"  # consent that nobody asked for, and consent that was refused


@dataclass(frozen=True)
class Play:
    """One kind of action, before it meets the numbers.

    >>> thank = Play("thank", "rfm", ("champions",), "keep them", "a letter", "head of service", "active_share", 0.02,
    ...     "lifetime", 1.5)
    >>> thank.weeks
    13

    Attributes:
        name: Short and unique; becomes the number of the action.
        scheme, segments (str, tuple of str): Whom it is for.
        kpi: ``active_share``, ``second_purchase_share``, ``share_of_wallet`` or ``cost_to_serve``.
        lift: Assumed change of the measure among those reached: points of a share (0.05 is five), or share of a cost.
        worth: What one success is worth: ``lifetime`` (value of a customer who is alive), ``purchase`` (margin of one
            purchase), ``growth`` (margin of a year's spend elsewhere), ``saving`` (the cost saved).
        unit_cost: Currency per customer reached.
        weeks: Until the review.
        reply: Whether it answers what the customer began, which needs no consent and comes before everything else.
    """

    name: str
    scheme: str
    segments: tuple[str, ...]
    goal: str
    tactic: str
    owner: str
    kpi: str
    lift: float
    worth: str
    unit_cost: float
    offer: str = "none"
    weeks: int = 13
    reply: bool = False


PLAYS: tuple[Play, ...] = tuple(
    Play(name, **{key: tuple(value) if isinstance(value, list) else value for key, value in play.items()})
    for name, play in tomllib.loads(files(__package__).joinpath("plays.toml").read_text("utf-8")).items()
)


def plays_table(plays: tuple[Play, ...] = PLAYS) -> pd.DataFrame:
    """The plays as a table for a meeting: ``play``, ``for``, ``scheme``, ``tactic``, ``measure``, ``lift``, ``unit_cost``.

    >>> plays_table().loc[0, ["play", "for"]].tolist()
    ['keep', 'most valuable']
    """
    columns = ["play", "for", "scheme", "tactic", "measure", "lift", "unit_cost"]
    rows = [(p.name, ", ".join(p.segments), p.scheme, p.tactic, p.kpi, p.lift, p.unit_cost) for p in plays]
    return pd.DataFrame(rows, columns=columns)


def customer_facts(
    transactions: pd.DataFrame,
    customer_value: pd.DataFrame,
    portfolio: pd.DataFrame | None = None,
    channel_preferences: pd.DataFrame | None = None,
    margin: float = 0.30,
    conversations: pd.DataFrame | None = None,
) -> pd.DataFrame:
    """One row per customer with the figures behind baselines and returns.

    Parameters:
        portfolio, channel_preferences, conversations: Without preferences nobody's consent is known, which is not
            consent: nobody may be contacted. Without conversations nobody is known to have a complaint open.
        margin: Share of revenue that is profit.
    Returns:
        DataFrame: ``customer_id``; ``active`` (bought in the last 91 days); ``repeated`` (bought on two days or more);
            ``lifetime`` (residual value of the customer if known to be alive), ``purchase`` (margin of one purchase),
            ``growth`` (margin on a year's spend elsewhere), ``saving`` (cost to serve a year), ``spend`` and ``wallet``
            (a year, here and in all; both missing where unknown), in currency; ``channel`` (preferred among those
            allowed; "none" without consent, "unknown" where consent is not known); ``complaint`` (one is open),
            ``waits`` (no offer while it is) and ``reply_by`` (the channel of the last contact, or ``channel``).

    >>> buys = pd.DataFrame({"customer_id": ["a", "a"], "amount": [9.0, 5.0], "date": pd.to_datetime(["2024-01-10", "2024-02-02"])})
    >>> worth = pd.DataFrame({"customer_id": ["a"], "residual_value": 40.0, "probability_alive": 0.8, "expected_spend": 7.0})
    >>> customer_facts(buys, worth)[["active", "repeated", "lifetime", "channel"]].values.tolist()
    [[True, True, 50.0, 'unknown']]
    """
    end, first = transactions["date"].max(), transactions["date"].min()
    bought = transactions[transactions["amount"] > 0]
    days = bought.groupby("customer_id")["date"].agg(["max", "nunique"])
    table = customer_value[["customer_id"]].copy()
    table["active"] = table["customer_id"].map(days["max"]).gt(end - QUARTER)
    table["repeated"] = table["customer_id"].map(days["nunique"]).gt(1)
    table["lifetime"] = customer_value["residual_value"] / customer_value["probability_alive"].clip(lower=0.01)
    table["purchase"] = margin * customer_value["expected_spend"]
    table = table.assign(growth=np.nan, saving=np.nan, spend=np.nan, wallet=np.nan)
    if portfolio is not None:
        known = table[["customer_id"]].merge(portfolio, on="customer_id", how="left")
        table["growth"] = known["growth_potential"].to_numpy()
        table["wallet"] = known["category_spend"].to_numpy()
        table["spend"] = (known["share_of_wallet"] * known["category_spend"]).to_numpy()
        years = max((end - first).days, 1) / 365
        table["saving"] = (known["cost_to_serve"] / years).to_numpy()
    table["channel"] = UNKNOWN if channel_preferences is None else _channel(table, channel_preferences)
    table = table.assign(complaint=False, waits=False, reply_by=table["channel"])
    if conversations is not None:
        state = conversations.set_index("customer_id")
        table["complaint"] = table["customer_id"].isin(state.index[state["open_complaints"] > 0])
        table["waits"] = table["customer_id"].isin(state.index[~state["offer_allowed"]])
        table["reply_by"] = table["customer_id"].map(state["last_channel"]).fillna(table["channel"]).astype("str")
    return table


def _channel(table: pd.DataFrame, preferences: pd.DataFrame) -> pd.Series:
    allowed = preferences[preferences["allowed"]].sort_values(
        ["customer_id", "preference", "channel"], ascending=[True, False, True], kind="stable"
    )
    best = allowed.drop_duplicates("customer_id").set_index("customer_id")["channel"]
    asked = table["customer_id"].isin(preferences["customer_id"])
    without = pd.Series(np.where(asked, NONE, UNKNOWN), index=table.index)
    return table["customer_id"].map(best).fillna(without).astype("str")
