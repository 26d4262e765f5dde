"""Pricing: how sensitive each segment is, the price that earns most, and what personal prices would mean."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from scipy import optimize, special, stats

from idic_lab import figures
from idic_lab.errors import DataError, FitError

SEVERAL_PRICES = 3


def demand(
    price_tests: pd.DataFrame, unit_cost: float, groups: pd.DataFrame | None = None, level: float = 0.95
) -> pd.DataFrame:
    """Price sensitivity and profit-best price per segment, from prices shown at random.

    The log odds of buying are ``intercept - slope * price``. Profit per showing is greatest at the price where
    ``1 = slope * (price - unit_cost) * (1 - chance)``, which is ``unit_cost + (1 + W(exp(intercept - slope *
    unit_cost - 1))) / slope`` with Lambert's W. Its interval follows from the covariance of intercept and slope
    (delta method, on the logarithm of the price's margin).

    Parameters
    ----------
    price_tests : DataFrame
        ``customer_id``, ``price`` (currency), ``bought`` (flag).
    unit_cost : float
        Cost of what is sold, currency.
    groups : DataFrame, optional
        ``customer_id``, ``segment``; without it all customers are one segment "all".
    level : float
        Of the intervals.

    Returns
    -------
    DataFrame
        ``segment``, ``showings``, ``bought`` (share); ``intercept``, ``slope``, ``best_price`` (currency), each with
        ``_low`` and ``_high``; ``chance`` of buying at the best price, ``profit`` per showing there (currency).

    Raises
    ------
    FitError
        When a segment saw too few prices, or its demand does not fall with the price.

    Notes
    -----
    Source: Phillips (2005), Pricing and Revenue Optimization, chapter 3, for logit demand.
    """
    joined = _joined(price_tests, groups)
    z = stats.norm.ppf(0.5 + level / 2)
    rows = [
        _fitted(name, part["price"].to_numpy(), part["bought"].to_numpy(float), unit_cost, z)
        for name, part in joined.groupby("segment")
    ]
    return pd.DataFrame(rows).astype({"segment": "str"})


def _joined(price_tests: pd.DataFrame, groups: pd.DataFrame | None) -> pd.DataFrame:
    if groups is None:
        return price_tests.assign(segment="all")
    joined = price_tests.merge(groups[["customer_id", "segment"]], on="customer_id")
    if joined.empty:
        raise DataError("None of the customers who were shown a price is in a segment.")
    return joined


def _fitted(name: str, price: np.ndarray, bought: np.ndarray, unit_cost: float, z: float) -> dict:
    if len(np.unique(price)) < SEVERAL_PRICES or not 0 < bought.mean() < 1:
        raise FitError(
            f"Segment {name!r} cannot be fitted: {len(price):,} showings at {len(np.unique(price))} prices, "
            f"{bought.mean():.0%} bought. At least {SEVERAL_PRICES} prices, and both answers, are needed."
        )
    design = np.column_stack([np.ones(len(price)), -price])
    found = optimize.minimize(
        lambda b: np.logaddexp(0, design @ b).sum() - bought @ design @ b,
        np.zeros(2),
        jac=lambda b: design.T @ (special.expit(design @ b) - bought),
        hess=lambda b: (design * _variance(design @ b)[:, None]).T @ design,
        method="trust-exact",
        options={"gtol": 1e-8 * len(price)},
    )
    intercept, slope = found.x
    covariance = np.linalg.inv((design * _variance(design @ found.x)[:, None]).T @ design)
    if slope <= 0:
        raise FitError(
            f"Segment {name!r} bought no less at higher prices ({len(price):,} showings), so no price is best. "
            "Join it with another segment, or test more prices."
        )
    margin, gradient = best_margin(intercept, slope, unit_cost)
    error = np.sqrt(gradient @ covariance @ gradient)
    row = {"segment": name, "showings": len(price), "bought": bought.mean()}
    for label, value, spread in zip(
        ("intercept", "slope"), found.x, np.sqrt(np.diag(covariance)), strict=True
    ):
        row |= {label: value, f"{label}_low": value - z * spread, f"{label}_high": value + z * spread}
    factor = np.exp(z * error / margin)
    chance = special.expit(intercept - slope * (unit_cost + margin))
    return row | {
        "best_price": unit_cost + margin,
        "best_price_low": unit_cost + margin / factor,
        "best_price_high": unit_cost + margin * factor,
        "chance": chance,
        "profit": chance * margin,
    }


def _variance(log_odds: np.ndarray) -> np.ndarray:
    chance = special.expit(log_odds)
    return chance * (1 - chance)


def best_margin(intercept: float, slope: float, unit_cost: float) -> tuple[float, np.ndarray]:
    """Best price less unit cost (currency), and its derivatives by intercept and slope.

    Examples
    --------
    >>> margin, _ = best_margin(intercept=2.0, slope=0.25, unit_cost=4.0)
    >>> around = [special.expit(2 - 0.25 * (4 + m)) * m for m in (margin - 0.1, margin, margin + 0.1)]
    >>> int(np.argmax(around))
    1
    """
    lambert = special.lambertw(np.exp(intercept - slope * unit_cost - 1)).real
    grown = lambert / (1 + lambert)
    by_slope = -unit_cost * grown / slope - (1 + lambert) / slope**2
    return (1 + lambert) / slope, np.array([grown / slope, by_slope])


def profit_at(model: pd.DataFrame, prices, unit_cost: float) -> pd.DataFrame:
    """Profit per showing at any price, per segment.

    Parameters
    ----------
    model : DataFrame
        From `demand`.
    prices : sequence of float
    unit_cost : float

    Returns
    -------
    DataFrame
        ``segment``, ``price``, ``chance``, ``profit`` (currency per showing).
    """
    grid = model[["segment", "intercept", "slope"]].merge(pd.DataFrame({"price": prices}), how="cross")
    chance = special.expit(grid["intercept"] - grid["slope"] * grid["price"])
    return grid[["segment", "price"]].assign(chance=chance, profit=chance * (grid["price"] - unit_cost))


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
    return pd.DataFrame(
        {
            "customers": found["size"],
            "mean_price": found["mean"],
            "low": found["mean"] - error,
            "high": found["mean"] + error,
            "pay_more": more,
        }
    ).reset_index()


def plot_profit_by_price(
    model: pd.DataFrame, unit_cost: float, price: float | None = None, ax: Axes | None = None
) -> Axes:
    """Profit per showing over the price, one line per segment, the best prices marked with their intervals.

    Parameters
    ----------
    model : DataFrame
        From `demand`.
    unit_cost : float
    price : float, optional
        One price for all, drawn as a vertical line.
    ax : Axes, optional

    Returns
    -------
    Axes
    """
    ax = figures.axes(ax)
    top = 1.15 * model["best_price_high"].clip(upper=2 * model["best_price"].max()).max()
    styles = ["-", "--", "-.", ":", (0, (5, 1, 1, 1)), (0, (1, 3))]
    for number, row in enumerate(model.itertuples()):
        curve = profit_at(model.iloc[[number]], np.linspace(unit_cost, top, 200), unit_cost)
        colour = figures.CYCLE[number % len(figures.CYCLE)]
        ax.plot(curve["price"], curve["profit"], color=colour, ls=styles[number % 6], label=row.segment)
        ax.plot(
            [row.best_price_low, min(row.best_price_high, top)],
            [row.profit] * 2,
            color=colour,
            lw=4,
            alpha=0.35,
        )
        ax.plot(row.best_price, row.profit, "o", color=colour)
    low, high = model["best_price"].min(), model["best_price"].max()
    title = f"The price that earns most runs from {low:.1f} to {high:.1f}"
    if price is not None:
        ax.axvline(price, color=figures.BLACK, lw=1)
        profit = profit_at(model, [price], unit_cost).set_index("segment")["profit"]
        best = model.set_index("segment")["profit"]
        title = f"At {price:.1f} the segment {(profit / best).idxmin()} earns {(profit / best).min():.0%} of its best"
    ax.set_title(title)
    ax.set_xlabel("Price (currency); bars: 95% interval of the best price")
    ax.set_ylabel("Profit per showing (currency)")
    ax.set_ylim(bottom=0)
    ax.legend(title="segment")
    return ax


def plot_fairness(table: pd.DataFrame, by: str, one_price: float, ax: Axes | None = None) -> Axes:
    """Mean price shown to each kind of people, beside the one price.

    Parameters
    ----------
    table : DataFrame
        From `fairness`.
    by : str
    one_price : float
    ax : Axes, optional

    Returns
    -------
    Axes
    """
    ax = figures.axes(ax)
    place = np.arange(len(table))
    spread = table[["low", "high"]].sub(table["mean_price"], axis=0).abs().to_numpy().T
    ax.errorbar(place, table["mean_price"], yerr=spread, fmt="o", color=figures.VERMILION, capsize=4)
    ax.axhline(one_price, color=figures.BLACK, lw=1, ls="--")
    ax.text(len(table) - 0.55, one_price, "one price", va="bottom", ha="right")
    ax.set_xticks(place, table[by].astype(str))
    ax.set_xlim(-0.5, len(table) - 0.5)
    gap = table["mean_price"].max() / table["mean_price"].min() - 1
    ax.set_title(f"Prices per segment differ by {gap:.0%} between kinds of {by.replace('_', ' ')}")
    ax.set_xlabel(by.replace("_", " ").capitalize())
    ax.set_ylabel("Mean price shown (currency; bars: 95% interval)")
    return ax
