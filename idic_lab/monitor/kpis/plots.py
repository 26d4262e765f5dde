"""Figures of the measures."""

from __future__ import annotations

import textwrap

import numpy as np
import pandas as pd

from idic_lab import figures
from idic_lab.errors import DataError
from idic_lab.monitor.kpis.definitions import KPIS
from idic_lab.monitor.kpis.growth import FACTORS


def plot_kpi(
    kpis: pd.DataFrame,
    kpi: str,
    segment: str = "all",
    until: pd.Timestamp | None = None,
    ax: figures.Axes | None = None,
) -> figures.Axes:
    """One measure over the reviews, with its interval, its control limits and the reviews outside them.

    Parameters
    ----------
    kpis : DataFrame
        Table ``kpis``.
    kpi : str
    segment : str
    until : Timestamp, optional
        Show the reviews up to this day.
    ax : Axes, optional

    Returns
    -------
    Axes
    """
    series = kpis[kpis["kpi"].eq(kpi) & kpis["segment"].eq(segment)].sort_values("review_date")
    if until is not None:
        series = series[series["review_date"] <= until]
    if series.empty:
        raise DataError(f"There is no '{kpi}' for segment '{segment}' up to then.")
    ax = figures.axes(ax)
    day, value = series["review_date"], series["value"]
    if series["upper_limit"].notna().any():
        ax.fill_between(
            day,
            series["lower_limit"],
            series["upper_limit"],
            color=figures.GREY,
            alpha=0.18,
            label="control limits",
        )
    known = series["low"].notna()
    ax.vlines(day[known], series["low"][known], series["high"][known], color=figures.BLUE, alpha=0.5, lw=2)
    ax.plot(
        day,
        value,
        "o-",
        color=figures.BLUE,
        ms=4,
        label="value, with its 95% interval" if known.any() else "value",
    )
    out = series["signal"]
    if out.any():
        ax.plot(day[out], value[out], "D", color=figures.VERMILION, ms=8, label="outside its limits")
    share = KPIS[kpi].unit == "share"
    last = f"{value.iloc[-1]:.1%}" if share else _readable(value.iloc[-1])
    words = kpi.replace("_", " ").replace("csat", "CSAT").replace("nps", "NPS")
    whom = "" if segment == "all" else f" of '{segment}'"
    title = f"{words[:1].upper()}{words[1:]}{whom}: {last} on {day.iloc[-1]:%Y-%m-%d}, {_verdict(series)}"
    ax.set_title(textwrap.fill(title, 60))  # what is wider than the figure would be cut off
    ax.set_ylabel(f"{words} ({figures.currency() if KPIS[kpi].unit == 'currency' else KPIS[kpi].unit})")
    ax.set_xlabel("review")
    ax.yaxis.set_major_formatter(
        "{x:.1%}"
        if share and value.max() < 0.1
        else "{x:.0%}"
        if share
        else "{x:,.0f}"
        if value.abs().max() >= 20
        else "{x:.4g}"
    )
    ax.tick_params(axis="x", labelrotation=30)
    ax.legend(loc="best", fontsize="small")
    return ax


def _readable(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"


def _verdict(series: pd.DataFrame) -> str:
    if series["upper_limit"].notna().any():
        return "outside its limits" if series["signal"].iloc[-1] else "within its limits"
    if len(series) < 2:
        return "the first review"
    change = series["value"].iloc[-1] - series["value"].iloc[-2]
    return "unchanged" if np.isclose(change, 0) else f"{'up' if change > 0 else 'down'} on the review before"


def plot_weekly(
    weekly: pd.DataFrame, signals: pd.DataFrame, figure: str, ax: figures.Axes | None = None
) -> figures.Axes:
    """One weekly figure with the changes found in it.

    Parameters
    ----------
    weekly : DataFrame
        From `weekly_figures`.
    signals : DataFrame
        Table ``signals``.
    figure : str
    ax : Axes, optional

    Returns
    -------
    Axes
    """
    ax = figures.axes(ax)
    series = weekly[weekly["figure"] == figure].sort_values("week")
    found = signals[signals["figure"] == figure].sort_values("found_on")
    ax.plot(series["week"], series["value"], "o-", ms=3, lw=1, color=figures.BLUE)
    for place, row in enumerate(found.itertuples()):
        label = ("most probable beginning", "found") if place == 0 else (None, None)
        ax.axvline(row.started, color=figures.GREY, ls="--", lw=1.2, label=label[0])
        ax.axvline(row.found_on, color=figures.VERMILION, lw=1.2, label=label[1])
    words = figure.replace("_", " ").replace("csat", "CSAT")
    title = f"{words[:1].upper()}{words[1:]}: no change found"
    if len(found):
        first = found.iloc[0]
        weeks = round(((first["found_on"] - first["started"]).days + 1) / 7)
        again = "" if len(found) == 1 else f" ({len(found)} reports)"
        title = (
            f"{words[:1].upper()}{words[1:]} went {first['direction']} from {first['started']:%Y-%m-%d}, found after "
            f"{weeks} {'week' if weeks == 1 else 'weeks'}{again}"
        )
        ax.legend(loc="best", fontsize="small")
    ax.set_title(title, wrap=True)
    ax.set_ylabel(f"{words} of the week" + (" (share)" if series["share"].any() else " (mean)"))
    ax.set_xlabel("week")
    if series["share"].any():
        ax.yaxis.set_major_formatter("{x:.0%}")
    ax.tick_params(axis="x", labelrotation=30)
    return ax


def plot_return_on_customer(
    returns: pd.DataFrame, currency: str = "", ax: figures.Axes | None = None
) -> figures.Axes:
    """Return on Customer of each period, divided into existing and newly acquired customers.

    Parameters
    ----------
    returns : DataFrame
        Table ``return_on_customer``.
    currency : str
    ax : Axes, optional

    Returns
    -------
    Axes
    """
    ax = figures.axes(ax, figsize=(9, 4.2))
    wide = returns.pivot_table(index="review_date", columns="group", values="return_on_customer")
    place = np.arange(len(wide))
    ax.use_sticky_edges = False  # else a bar that ends on the highest value is drawn up to the frame
    existing, new = wide["existing"].to_numpy(), wide["newly acquired"].to_numpy()
    ax.bar(place, existing, color=figures.BLUE, label="existing customers")
    ax.bar(place, new, bottom=np.maximum(existing, 0), color=figures.SKY, label="newly acquired")
    ax.plot(place, wide["all"], "D", color=figures.BLACK, ms=4, label="all")
    ax.axhline(0, color=figures.BLACK, lw=0.8)
    step = -(-len(wide) // 12)  # a dozen dates at most, so that they stay apart
    ax.set_xticks(place[::step], [f"{day:%Y-%m}" for day in wide.index[::step]], rotation=30)
    half = len(wide) // 2
    ax.set_title(
        f"A period returns {wide['all'].iloc[half:].mean():.1%} of customer equity in the later half, "
        f"{wide['all'].iloc[:half].mean():.1%} in the earlier"
        if half
        else f"The period returned {wide['all'].iloc[-1]:.1%} of customer equity"
    )
    ax.set_ylabel("share of equity at the start")
    ax.set_xlabel("period ending in")
    ax.yaxis.set_major_formatter("{x:.0%}")
    ax.legend(loc="upper right", fontsize="small")
    return ax


def plot_growth(
    split: pd.Series, before: float, currency: str = "", ax: figures.Axes | None = None
) -> figures.Axes:
    """From the revenue of one period to that of another, factor by factor.

    Parameters
    ----------
    split : Series
        From `growth_split`.
    before : float
        Revenue of the first period.
    currency : str
    ax : Axes, optional

    Returns
    -------
    Axes
    """
    ax = figures.axes(ax)
    steps = split[list(FACTORS)]
    names = ["before", *(name.replace("_", " ") for name in FACTORS), "after"]
    bottoms = before + steps.cumsum().shift(fill_value=0.0)
    ax.bar([0, 4], [before, before + steps.sum()], color=figures.GREY)
    colours = [figures.BLUE if step >= 0 else figures.VERMILION for step in steps]
    ax.bar([1, 2, 3], steps, bottom=bottoms, color=colours)
    highest = max(before, before + steps.sum(), (bottoms + steps).max())
    for place, (step, bottom) in enumerate(zip(steps, bottoms, strict=True), start=1):
        ax.text(place, max(bottom, bottom + step) + 0.01 * highest, f"{step:+,.0f}", ha="center", va="bottom")
    ax.set_xticks(range(5), [name.replace(" per ", "\nper ") for name in names])
    change, largest = steps.sum(), steps.abs().idxmax()
    ax.set_title(
        f"Revenue {'rose' if change >= 0 else 'fell'} by {abs(change):,.0f} {currency}".rstrip()
        + f"; {largest.replace('_', ' ')} moved it most ({steps[largest]:+,.0f})"
    )
    ax.set_ylabel(f"revenue of the period{f' ({currency})' if currency else ''}")
    ax.yaxis.set_major_formatter("{x:,.0f}")
    ax.set_ylim(0, highest * 1.1)
    return ax
