"""Figures of prices: profit over the price, and what different people would pay."""

from __future__ import annotations

import numpy as np
import pandas as pd

from idic_lab import figures
from idic_lab.customize.pricing.demand import profit_at


def plot_profit_by_price(
    model: pd.DataFrame, unit_cost: float, price: float | None = None, ax: figures.Axes | None = None
) -> figures.Axes:
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
    ax = figures.axes(ax, figsize=(10, 4.2))
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
    title = f"The price that earns most runs from {low:.2f} to {high:.2f}"
    if price is not None:
        ax.axvline(price, color=figures.BLACK, lw=1)
        profit = profit_at(model, [price], unit_cost).set_index("segment")["profit"]
        best = model.set_index("segment")["profit"]
        title = f"At {price:.2f} the segment “{(profit / best).idxmin()}” earns {(profit / best).min():.0%} of its best"
    ax.set_title(title)
    ax.set_xlabel(f"price ({figures.currency()}); bars: 95% interval of the best price")
    ax.set_ylabel(f"profit per showing ({figures.currency()})")
    ax.set_ylim(bottom=0)
    ax.legend(title="segment", loc="upper left", bbox_to_anchor=(1.0, 1.0))
    return ax


def plot_fairness(
    table: pd.DataFrame, by: str, one_price: float, ax: figures.Axes | None = None
) -> figures.Axes:
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
    ax.axhline(one_price, color=figures.BLACK, lw=1, ls="--", label="one price for all")
    ax.legend(loc="best")
    ax.set_xticks(place, table[by].astype(str))
    ax.set_xlim(-0.5, len(table) - 0.5)
    gap = table["mean_price"].max() / table["mean_price"].min() - 1
    ax.set_title(f"Prices per segment differ by {gap:.0%} between {by.replace('_', ' ')}s")
    ax.set_xlabel(by.replace("_", " "))
    ax.set_ylabel(f"mean price shown\n({figures.currency()}; bars: 95% interval)")
    ax.yaxis.set_major_formatter("{x:.2f}")
    return ax
