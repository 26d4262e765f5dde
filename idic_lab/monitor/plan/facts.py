"""What is known of each customer that a plan can be built on."""

from __future__ import annotations

import numpy as np
import pandas as pd

QUARTER = pd.Timedelta(days=91)


def customer_facts(
    transactions: pd.DataFrame,
    customer_value: pd.DataFrame,
    portfolio: pd.DataFrame | None = None,
    channel_preferences: pd.DataFrame | None = None,
    margin: float = 0.30,
) -> pd.DataFrame:
    """One row per customer with the figures behind baselines and returns.

    Parameters
    ----------
    transactions, customer_value : DataFrame
    portfolio, channel_preferences : DataFrame, optional
        Without preferences everybody counts as reachable, by "any" channel.
    margin : float
        Share of revenue that is profit.

    Returns
    -------
    DataFrame
        ``customer_id``; ``active`` (bought in the last 91 days); ``repeated`` (bought on two days or more); ``lifetime``
        (residual value of the customer if known to be alive), ``purchase`` (margin of one purchase), ``growth`` (margin
        on a year's spend elsewhere), ``saving`` (cost to serve a year), ``spend`` and ``wallet`` (a year, here and in
        all; both missing where unknown), in currency; ``channel`` (preferred among those allowed, "none" without
        consent).
    """
    end, first = transactions["date"].max(), transactions["date"].min()
    bought = transactions[transactions["amount"] > 0]
    days = bought.groupby("customer_id")["date"].agg(["max", "nunique"])
    table = customer_value[["customer_id"]].copy()
    table["active"] = table["customer_id"].map(days["max"]).gt(end - QUARTER)
    table["repeated"] = table["customer_id"].map(days["nunique"]).gt(1)
    table["lifetime"] = customer_value["residual_value"] / customer_value["probability_alive"].clip(
        lower=0.01
    )
    table["purchase"] = margin * customer_value["expected_spend"]
    table = table.assign(growth=np.nan, saving=np.nan, spend=np.nan, wallet=np.nan)
    if portfolio is not None:
        known = table[["customer_id"]].merge(portfolio, on="customer_id", how="left")
        table["growth"] = known["growth_potential"].to_numpy()
        table["wallet"] = known["category_spend"].to_numpy()
        table["spend"] = (known["share_of_wallet"] * known["category_spend"]).to_numpy()
        years = max((end - first).days, 1) / 365
        table["saving"] = (known["cost_to_serve"] / years).to_numpy()
    table["channel"] = "any" if channel_preferences is None else _channel(table, channel_preferences)
    return table


def _channel(table: pd.DataFrame, preferences: pd.DataFrame) -> pd.Series:
    allowed = preferences[preferences["allowed"]].sort_values(
        ["customer_id", "preference", "channel"], ascending=[True, False, True], kind="stable"
    )
    best = allowed.drop_duplicates("customer_id").set_index("customer_id")["channel"]
    return table["customer_id"].map(best).fillna("none").astype("str")
