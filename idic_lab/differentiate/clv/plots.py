"""Figures of lifetime value: each draws one of the tables this package makes, and its title says what it shows."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.ticker import StrMethodFormatter

from idic_lab import figures
from idic_lab.errors import DataError, UnknownName

UNIT_NAMES = {1.0: "days", 7.0: "weeks", 30.4375: "months", 365.0: "years", 365.25: "years"}


def unit_name(table: pd.DataFrame) -> str:
    """What a table's unit of time is called on an axis."""
    days = table.attrs.get("unit_days")
    return "units of time" if days is None else UNIT_NAMES.get(float(days), f"units of {days:g} days")


def _state(ax: figures.Axes, finding: str) -> None:
    """Title a figure with its finding, at the left, in or out of the shared style."""
    ax.set_title(finding, loc="left", fontweight="bold")


def plot_tracking(
    table: pd.DataFrame, cumulative: bool = True, ax: figures.Axes | None = None
) -> figures.Axes:
    """Repeat purchases over time, actual and expected, with the end of the calibration marked.

    Parameters
    ----------
    table : DataFrame
        From `tracking`.
    cumulative : bool
        The total so far; False draws each period by itself.
    ax : Axes, optional

    Returns
    -------
    Axes
    """
    ax = figures.axes(ax)
    suffix = "_cumulative" if cumulative else ""
    unit = unit_name(table)
    ax.plot(table["period"], table[f"actual{suffix}"], color=figures.BLACK, label="actual")
    ax.plot(
        table["period"], table[f"expected{suffix}"], color=figures.ORANGE, ls="--", lw=2, label="expected"
    )
    ahead = table[table["in_holdout"]]
    if len(ahead):
        ax.axvline(ahead["period"].iloc[0] - 0.5, color=figures.GREY, lw=1)
        ax.text(
            ahead["period"].iloc[0] - 0.3,
            0.03,
            "holdout",
            transform=ax.get_xaxis_transform(),
            color="#555555",
        )
    part, where = (ahead, "the holdout") if len(ahead) else (table, "the whole period")
    off = part["expected"].sum() / max(part["actual"].sum(), 1) - 1
    side = "above" if off > 0 else "below"
    _state(ax, f"Expected repeat purchases are {abs(off):.0%} {side} actual in {where}")
    ax.set_xlabel(f"time since the first customer started ({unit})")
    ax.set_ylabel(
        "repeat purchase days" + (", cumulative" if cumulative else f" per {unit.removesuffix('s')}")
    )
    ax.yaxis.set_major_formatter(StrMethodFormatter("{x:,.0f}"))
    ax.set_ylim(bottom=0)
    ax.legend()
    return ax


def plot_conditional_expectations(table: pd.DataFrame, ax: figures.Axes | None = None) -> figures.Axes:
    """Holdout purchases by number of calibration purchases: bars for what happened, lines for what was expected.

    Parameters
    ----------
    table : DataFrame
        From `conditional_expectations`.
    ax : Axes, optional

    Returns
    -------
    Axes
    """
    ax = figures.axes(ax)
    ax.bar(table["frequency"], table["actual"], color="#D9D9D9", edgecolor=figures.GREY, label="actual")
    models = [name for name in table.columns if name not in ("frequency", "customers", "actual")]
    styles = zip(models, figures.CYCLE, ["o-", "s--", "^:", "D-."] * 2, strict=False)
    for name, colour, style in styles:
        ax.plot(table["frequency"], table[name], style, color=colour, label=name, markersize=5)
    off = {
        name: np.average((table[name] - table["actual"]).abs(), weights=table["customers"]) for name in models
    }
    best = min(off, key=off.get)
    _state(ax, f"{best} comes closest: off by {off[best]:.2f} purchases per customer")
    ax.set_xlabel("repeat purchase days in calibration")
    ax.set_ylabel("purchase days in holdout, mean per customer")
    ax.legend()
    return ax


def plot_calibration(table: pd.DataFrame, ax: figures.Axes | None = None) -> figures.Axes:
    """mean outcome against mean prediction by group, with 95% intervals and the line of perfect calibration.

    Parameters
    ----------
    table : DataFrame
        From `decile_calibration` or `alive_calibration`.
    ax : Axes, optional

    Returns
    -------
    Axes
    """
    ax = figures.axes(ax)
    named = table if "prediction" in table else table.assign(prediction="P(alive)")
    top = float(max(named["predicted"].max(), (named["actual"] + 2 * named["standard_error"]).max()))
    ax.plot([0, top], [0, top], color=figures.GREY, lw=1, ls="--", label="outcome = prediction")
    for (name, rows), colour, marker in zip(
        named.groupby("prediction", sort=False), figures.CYCLE, "os^Dv<>", strict=False
    ):
        ax.errorbar(
            rows["predicted"], rows["actual"], yerr=1.96 * rows["standard_error"], color=colour, marker=marker,
            capsize=2, lw=1, label=name,
        )  # fmt: skip
    if "prediction" in table:
        inside = ((named["actual"] - named["predicted"]).abs() <= 1.96 * named["standard_error"]).sum()
        _state(ax, f"{inside} of {len(named)} groups agree with their prediction (95%)")
        ax.set_xlabel("mean prediction in the group")
        ax.set_ylabel("mean outcome in the group")
    else:
        low, high = named["actual"].iloc[0], named["actual"].iloc[-1]
        _state(ax, f"From the lowest to the highest band, {low:.0%} to {high:.0%} bought")
        ax.set_xlabel("mean P(alive) in the band")
        ax.set_ylabel("share who bought in the holdout")
    ax.set_xlim(left=0)
    ax.set_ylim(bottom=0)
    ax.legend()
    return ax


def plot_alive_path(table: pd.DataFrame, ax: figures.Axes | None = None) -> figures.Axes:
    """P(alive) of one customer day by day, with the purchase days marked.

    Parameters
    ----------
    table : DataFrame
        From `alive_path`.
    ax : Axes, optional

    Returns
    -------
    Axes
    """
    if not len(table):
        raise DataError("The path has no days to draw.")
    ax = figures.axes(ax)
    ax.plot(table["date"], table["probability_alive"], color=figures.BLUE)
    bought = table[table["purchase"]]
    ax.plot(
        bought["date"],
        np.full(len(bought), 0.02),
        "|",
        color=figures.VERMILION,
        ms=14,
        mew=2,
    )
    last = bought["date"].iloc[-1]
    silent = (table["date"].iloc[-1] - last).days
    _state(
        ax,
        f"{silent} day{'s' * (silent != 1)} after the last purchase, P(alive) is {table['probability_alive'].iloc[-1]:.2f}",
    )
    ax.set_xlabel("date (ticks at the foot: purchase days)")
    ax.set_ylabel("P(alive)")
    ax.set_ylim(0, 1.03)
    ax.tick_params(axis="x", rotation=30)
    return ax


def plot_frequency_recency_matrix(
    table: pd.DataFrame, quantity: str = "expected_purchases", ax: figures.Axes | None = None
) -> figures.Axes:
    """Expected purchases or P(alive) over frequency and recency, as a map.

    Parameters
    ----------
    table : DataFrame
        From `frequency_recency_matrix`.
    quantity : {"expected_purchases", "probability_alive"}
    ax : Axes, optional

    Returns
    -------
    Axes
    """
    labels = {"expected_purchases": "Expected purchase days", "probability_alive": "P(alive)"}
    if quantity not in labels:
        raise UnknownName("quantity", quantity, labels)
    ax, unit = figures.axes(ax), unit_name(table)
    horizon = table.attrs.get("horizon")
    when = f" in the next {horizon:g} {unit}" if quantity == "expected_purchases" and horizon else ""
    grid, week = _map(table, quantity, labels[quantity] + when, ax)
    column, most = grid[week], int(grid.index[-1])
    seen = f"Last seen in {unit.removesuffix('s')} {week:.0f}"
    if quantity == "probability_alive":
        _state(
            ax,
            f"{seen}: P(alive) is {column.iloc[0]:.2f} after 1 purchase,\n{column.iloc[-1]:.2f} after {most}",
        )
    elif column.idxmax() < most:
        _state(ax, f"{seen}: {column.idxmax()} purchases\npromise more than {most}")
    else:
        _state(ax, f"{seen}: the more purchases, the more to come")
    return ax


def plot_iso_value(table: pd.DataFrame, ax: figures.Axes | None = None) -> figures.Axes:
    """Residual value over frequency and recency, with contours that join customers worth the same.

    Parameters
    ----------
    table : DataFrame
        From `iso_value`.
    ax : Axes, optional

    Returns
    -------
    Axes
    """
    ax, unit = figures.axes(ax), unit_name(table)
    quantity = "residual_value" if "residual_value" in table else "dert"
    worth = f"residual value ({figures.currency()})"
    label = worth if quantity == "residual_value" else "discounted purchases to come"
    grid, week = _map(table, quantity, label, ax, contours=True)
    column, most = grid[week], int(grid.index[-1])
    seen = f"Last seen in {unit.removesuffix('s')} {week:.0f}"
    if column.idxmax() < most:
        _state(ax, f"{seen}: {column.idxmax()} purchases\nare worth more than {most}")
    else:
        _state(ax, f"{seen}: the more purchases, the more worth")
    return ax


def _map(table, quantity, label, ax, contours=False):
    """Draw the map; give its grid, and a middling recency at which to read it."""
    grid = table[table["frequency"] > 0].pivot_table(index="frequency", columns="recency", values=quantity)
    drawn = ax.pcolormesh(grid.columns, grid.index, grid.to_numpy(), shading="nearest", rasterized=True)
    if contours:
        lines = ax.contour(
            grid.columns, grid.index, grid.to_numpy(), levels=8, colors="white", linewidths=0.9
        )
        ax.clabel(lines, fontsize=8, fmt="%g")
    ax.figure.colorbar(drawn, ax=ax, label=label)
    ax.grid(False)
    ax.set_xlabel(
        f"time from first to last purchase ({unit_name(table)}; known for {table.attrs.get('age', np.nan):.0f})"
    )
    ax.set_ylabel("repeat purchase days")
    return grid, grid.columns[int(len(grid.columns) * 0.6)]
