"""The picture that keeps apart two quantities of one name: RFM's recency and that of the buy-till-you-die models."""

from __future__ import annotations

import datetime as dt

import matplotlib.dates as mdates
import pandas as pd
from matplotlib.lines import Line2D

from idic_lab import figures
from idic_lab.errors import DataError

_MOST = 12


def plot_two_recencies(
    transactions: pd.DataFrame, observation_end: str | dt.date | None = None, ax: figures.Axes | None = None
) -> figures.Axes:
    """A few customers' purchases on a line of time, with both recencies marked in days.

    From the first to the last purchase runs ``recency``, as the buy-till-you-die models mean it; from the last purchase to
    the end of observation runs ``recency_days``, as RFM means it; together they are the customer's age, ``T``.

    Parameters
    ----------
    transactions : pandas.DataFrame
        ``customer_id``, ``date``, ``amount`` of up to 12 customers; rows with a negative amount are returns and not drawn.
    observation_end : date or str, optional
        Last day looked at, itself included. The latest date in the data by default.
    ax : matplotlib.axes.Axes, optional

    Returns
    -------
    matplotlib.axes.Axes

    Raises
    ------
    DataError
        Nobody bought up to that day, or there are too many customers to draw.
    """
    end = pd.Timestamp(transactions["date"].max() if observation_end is None else observation_end)
    bought = transactions[transactions["amount"].ge(0) & transactions["date"].le(end)]
    spans = bought.groupby("customer_id", sort=False)["date"].agg(["min", "max"])
    if not 1 <= len(spans) <= _MOST:
        raise DataError(
            f"transactions: {len(spans):,} customers bought by {end:%Y-%m-%d}; choose from 1 to {_MOST}."
        )
    ax = figures.axes(ax, figsize=(9, 1.2 + 0.7 * len(spans)))
    for row, (customer, (first, last)) in enumerate(spans.iterrows()):
        _draw_span(ax, row, first, last, figures.BLUE, "-")
        _draw_span(ax, row, last, end, figures.ORANGE, "--")
        days = bought.loc[bought["customer_id"] == customer, "date"]
        ax.plot(days, [row] * len(days), "o", color="black", markersize=6)
    ax.axvline(end, color="black", linewidth=1)
    ax.set_yticks(range(len(spans)), [str(customer) for customer in spans.index])
    ax.set_ylim(len(spans) - 0.4, -0.6)
    ax.grid(axis="y", visible=False)
    ax.set(xlabel=f"date; the line is the end of observation, {end:%Y-%m-%d}", ylabel="customer")
    ax.xaxis.set_major_formatter(mdates.ConciseDateFormatter(ax.xaxis.get_major_locator()))
    _legend(ax)
    nearest, shortest = (end - spans["max"]).idxmin(), (spans["max"] - spans["min"]).idxmin()
    ax.set_title(f"Bought last: {nearest}. Shortest from first to last purchase: {shortest}.")
    return ax


def _draw_span(ax, row, begin, end, colour, style) -> None:
    """One stretch of time with its length above it; nothing when it has none."""
    days = (end - begin).days
    if days:
        ax.plot([begin, end], [row, row], color=colour, linestyle=style, linewidth=4, solid_capstyle="butt")
        ax.text(begin + (end - begin) / 2, row - 0.12, f"{days:,} days", ha="center", va="bottom")


def _legend(ax) -> None:
    marks = [
        Line2D([], [], color="black", marker="o", linestyle="", label="purchase"),
        Line2D([], [], color=figures.BLUE, linewidth=4, label="recency"),
        Line2D([], [], color=figures.ORANGE, linewidth=4, linestyle="--", label="recency_days"),
    ]
    ax.legend(handles=marks, loc="upper left", bbox_to_anchor=(1.01, 1))
