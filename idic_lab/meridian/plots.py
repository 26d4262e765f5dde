"""Figures of the shop: what quarters brought and cost, what a plan would cost, and how plans stand beside the reference policies."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from idic_lab import figures
from idic_lab.meridian import policies


def plot_quarters(games: dict[str, pd.DataFrame], ax: figures.Axes | None = None) -> figures.Axes:
    """Cash of each quarter, one line for each game as :meth:`Shop.play` returns it; the first is the yardstick."""
    ax = figures.axes(ax)
    for colour, (name, played) in zip(figures.CYCLE, games.items(), strict=False):
        ax.plot(played["quarter"], played["cash"], marker="o", color=colour)
        ax.annotate(name, (played["quarter"].iloc[-1], played["cash"].iloc[-1]), (6, 0), textcoords="offset points",
                    color=colour, va="center")  # fmt: skip
    (first, alone), *others = games.items()
    title = f"{first}: from {alone['cash'].iloc[0]:,.0f} a quarter to {alone['cash'].iloc[-1]:,.0f}"
    if others:
        name, last = others[-1]
        title = f"{name}: {last['cash'].sum():,.0f} in all, {first.lower()}: {alone['cash'].sum():,.0f}"
    low = min(0, *(played["cash"].min() for played in games.values()))
    ax.set_xticks(alone["quarter"])
    ax.margins(x=0.22)
    return figures.finish(ax, title, x="quarter", y="cash in the quarter (EUR)", y_format="count", ylim=(low, None))


def plot_costs(costs: pd.DataFrame, ax: figures.Axes | None = None) -> figures.Axes:
    """What a quarter brought and cost, by activity."""
    told = costs[costs["amount"] != 0].sort_values("amount")
    ax = figures.axes(ax)
    ax.barh(told["activity"], told["amount"], color=np.where(told["amount"] > 0, figures.BLUE, figures.ORANGE))
    for place, amount in enumerate(told["amount"]):
        ax.annotate(f"{amount:,.0f}", (max(amount, 0), place), (4, 0), textcoords="offset points", va="center")
    ax.margins(x=0.15)
    ax.locator_params(axis="x", nbins=6)  # more amounts would run into each other
    return figures.finish(ax, f"The quarter left {costs['amount'].sum():,.0f}", x="EUR", x_format="count")


def plot_plan(view: policies.View, parts: Sequence[str], ax: figures.Axes | None = None) -> figures.Axes:
    """What a plan out of reference policies would cost, by action, beside the budget of the quarter."""
    made = policies.within(view, policies.actions(), *(policies.POLICIES[part](view) for part in parts))
    told = policies.summary(made)
    ax = figures.axes(ax)
    ax.barh(told["action"], told["cost"], color=figures.BLUE)
    for place, (customers, cost) in enumerate(zip(told["customers"], told["cost"], strict=True)):
        ax.annotate(f"{customers:,} customers", (cost, place), (4, 0), textcoords="offset points", va="center")
    ax.margins(x=0.25)
    title = f"The plan costs {told['cost'].sum():,.0f} of the {view.budget:,.0f} that the quarter has"
    return figures.finish(ax, title, x="cost (EUR)", x_format="count", xlim=(0, None))


def plot_standing(standing: pd.DataFrame, ax: figures.Axes | None = None) -> figures.Axes:
    """Scores of plans and of the reference policies; the oracle, who knows what is planted, as a number in the title."""
    best = standing.loc[standing["policy"] == "oracle", "score"].iloc[0]
    told = standing[standing["policy"] != "oracle"].sort_values("score")
    yours, alone = (told.loc[told["policy"] == name, "score"].iloc[0] for name in ("your plans", "nobody"))
    ax = figures.axes(ax)
    colours = np.where(told["policy"] == "your plans", figures.ORANGE, figures.GREY)
    ax.barh(told["policy"].str.replace("_", " "), told["score"] - alone, color=colours)
    ax.axvline(0, color=figures.BLACK, linewidth=0.8)
    title = f"Your plans: {yours - alone:+z,.0f} against leaving everybody alone; all knowing: {best - alone:+z,.0f}"
    return figures.finish(ax, title, x="score above leaving everybody alone (EUR)", x_format="count")
