"""One price against personal prices: what each earns, and who would pay more."""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy import special

from idic_lab.customize.pricing.demand import profit_at


def compare_prices(
    model: pd.DataFrame, sizes: pd.Series, unit_cost: float, list_price: float, step: float = 0.1
) -> pd.DataFrame:
    """What one price for all earns, beside a price per segment and discounts that never exceed the list price.

    Parameters
    ----------
    model : DataFrame
        From `demand`.
    sizes : Series
        Customers by segment.
    unit_cost, list_price : float
        Currency.
    step : float
        Between the prices tried for all.

    Returns
    -------
    DataFrame
        ``policy``, ``lowest`` and ``highest`` price, ``buyers`` (share), ``profit`` (currency per 1,000 customers),
        ``gain`` over one best price.
    """
    shares = (sizes / sizes.sum()).reindex(model["segment"]).fillna(0.0)
    highest = max(list_price, model["best_price"].max())
    grid = profit_at(model, np.round(np.arange(unit_cost, highest + step, step), 6), unit_cost)
    total = (
        grid.assign(weighted=grid["profit"] * grid["segment"].map(shares)).groupby("price")["weighted"].sum()
    )
    one = float(total.idxmax())
    best = model["best_price"].to_numpy()
    policies = {
        "list price": np.full(len(model), list_price),
        "one best price": np.full(len(model), one),
        "list price with personal discounts": np.minimum(best, list_price),
        "a price per segment": best,
    }
    rows = []
    for name, price in policies.items():
        chance = special.expit(model["intercept"] - model["slope"] * price).to_numpy()
        buyers, profit = shares.to_numpy() @ chance, 1000 * shares.to_numpy() @ (chance * (price - unit_cost))
        rows.append((name, price.min(), price.max(), buyers, profit))
    table = pd.DataFrame(rows, columns=["policy", "lowest", "highest", "buyers", "profit"])
    base = table.loc[table["policy"] == "one best price", "profit"].iloc[0]
    return table.assign(gain=table["profit"] / base - 1)


def fairness(
    model: pd.DataFrame, groups: pd.DataFrame, people: pd.DataFrame, by: str, one_price: float
) -> pd.DataFrame:
    """What people of each kind would pay under prices per segment, although prices never looked at the kind.

    Parameters
    ----------
    model : DataFrame
        From `demand`.
    groups : DataFrame
        ``customer_id``, ``segment``.
    people : DataFrame
        ``customer_id`` and the column `by`.
    by : str
        Column to compare, as an age band or a channel.
    one_price : float
        The one price they would otherwise all be shown, currency.

    Returns
    -------
    DataFrame
        `by`, ``customers``, ``mean_price`` (currency), ``pay_more`` (share shown more than the one price), ``low``
        and ``high`` (95% interval of the mean price).
    """
    price = groups["segment"].map(model.set_index("segment")["best_price"])
    joined = (
        groups.assign(price=price).dropna(subset="price").merge(people[["customer_id", by]], on="customer_id")
    )
    grouped = joined.groupby(by, observed=True)["price"]
    found = grouped.agg(["size", "mean", "std"])
    error = 1.96 * found["std"].fillna(0.0) / np.sqrt(found["size"])
    more = joined.assign(more=joined["price"] > one_price).groupby(by, observed=True)["more"].mean()
    table = pd.DataFrame(
        {
            "customers": found["size"],
            "mean_price": found["mean"],
            "low": found["mean"] - error,
            "high": found["mean"] + error,
            "pay_more": more,
        }
    ).reset_index()
    in_order = table[by].astype("str").str.replace("under ", " under ")  # "under 25" comes before "25-34"
    return table.loc[in_order.sort_values().index].reset_index(drop=True)
