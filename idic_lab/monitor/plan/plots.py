"""Figures of the action plan."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.ticker import MaxNLocator

from idic_lab import figures
from idic_lab.monitor.plan.overlap import total


def plot_plan(plan: pd.DataFrame, currency: str = "", ax: figures.Axes | None = None) -> figures.Axes:
    """What each action costs beside what it should return; the total counts each customer once.

    Parameters
    ----------
    plan : DataFrame
        Table ``action_plan``.
    currency : str
    ax : Axes, optional

    Returns
    -------
    Axes
    """
    ax = figures.axes(ax, figsize=(8, 0.42 * len(plan) + 1.4))
    shown = plan.iloc[::-1].reset_index(drop=True)
    place = np.arange(len(shown))
    estimated = shown["basis"].eq("estimated").to_numpy()
    colours = np.where(estimated, figures.BLUE, figures.SKY)
    ax.barh(place + 0.2, shown["expected_return"], height=0.38, color=colours)
    ax.barh(place - 0.2, shown["cost"], height=0.38, color=figures.VERMILION, hatch="//", edgecolor="white")
    ax.set_yticks(place, _spoken(shown))
    profit = total(plan).profit
    amount = f"{abs(profit):,.0f} {currency}".rstrip()
    ax.set_title(
        f"The plan should {'earn' if profit >= 0 else 'lose'} {amount} after its cost,\neach customer counted once"
    )
    ax.set_xlabel(f"{currency or 'currency'}: a year's, or over the lifetime of those kept")
    ax.xaxis.set_major_locator(MaxNLocator(5))  # more amounts would run into each other
    ax.xaxis.set_major_formatter("{x:,.0f}")
    handles = [
        ax.barh([0], [0], color=colour, label=label, hatch=hatch, edgecolor="white")
        for colour, label, hatch in (
            (figures.BLUE, "return, estimated from a trial", ""),
            (figures.SKY, "return, assumed", ""),
            (figures.VERMILION, "cost", "//"),
        )
    ]
    ax.legend(handles=handles, loc="center left", bbox_to_anchor=(1.01, 0.5))
    ax.grid(axis="y", visible=False)
    return ax


def _spoken(plan: pd.DataFrame) -> list[str]:
    """Each action as a reader says it: the play, and for whom."""
    plays = plan["action_id"].str.partition("-")[0]
    return [f"{play}: {segment}" for play, segment in zip(plays, plan["segment"], strict=True)]
