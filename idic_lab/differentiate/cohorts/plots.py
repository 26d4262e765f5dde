"""Pictures of cohorts and of migration; every title is computed from the data it heads."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.ticker import FuncFormatter, MaxNLocator, PercentFormatter

from idic_lab import figures
from idic_lab.differentiate.cohorts.migration import NOTHING
from idic_lab.differentiate.cohorts.retention import retention_by_age
from idic_lab.errors import UnknownName

_PERCENT = PercentFormatter(1, decimals=0)
_MEASURES = {
    "retention": ("share of the cohort that bought in the month", _PERCENT),
    "revenue_per_customer": (
        "cumulated revenue per customer",
        FuncFormatter(lambda value, _: f"{value:,.0f}"),
    ),
}


def plot_cohorts(
    cohorts: pd.DataFrame, measure: str = "retention", ax: figures.Axes | None = None
) -> figures.Axes:
    """Cohorts as rows, their age as columns, one measure as colour.

    Parameters
    ----------
    cohorts : DataFrame
        As :func:`cohort_table` gives.
    measure : {"retention", "revenue_per_customer"}
        The month itself is left out of retention, where it is 100% by definition.
    ax : matplotlib.axes.Axes, optional

    Returns
    -------
    matplotlib.axes.Axes
    """
    if measure not in _MEASURES:
        raise UnknownName("measure", measure, _MEASURES)
    label, form = _MEASURES[measure]
    if measure == "revenue_per_customer":
        label += f" ({figures.currency()})"
    ax = figures.axes(ax, figsize=(8.5, 5.2))
    shown = cohorts[cohorts["age_months"].gt(0)] if measure == "retention" else cohorts
    grid = shown.pivot_table(index="cohort", columns="age_months", values=measure)
    edges = np.arange(len(grid.columns) + 1) + grid.columns.min() - 0.5
    mesh = ax.pcolormesh(
        edges,
        np.arange(len(grid) + 1) - 0.5,
        np.ma.masked_invalid(grid.to_numpy()),
        cmap=figures.SEQUENTIAL,
        vmin=0,
    )
    ax.invert_yaxis()
    every = max(len(grid) // 12, 1)
    sizes = cohorts.groupby("cohort")["customers"].max()
    months = [f"{date:%Y-%m} ({sizes[date]:,})" for date in grid.index[::every]]
    ax.set_yticks(range(0, len(grid), every), months)
    ax.xaxis.set_major_locator(MaxNLocator(integer=True))
    ax.grid(False)
    ax.set(xlabel="months since the first purchase", ylabel="month of first purchase (customers)")
    ax.get_figure().colorbar(mesh, ax=ax, label=label, format=form)
    by_age = retention_by_age(cohorts).set_index("age_months")
    last = int(by_age.index.max())
    half = max(last // 2, 1) if last else 0
    if measure == "retention":
        ax.set_title(
            f"{by_age['retention'].get(1, np.nan) if last else 1:.0%} buy in the month after their first, {by_age['retention'][half]:.0%} in month {half}"
        )
    else:
        worth = by_age["revenue_per_customer"].cumsum()
        ax.set_title(
            f"A customer brings {worth.iloc[0]:,.0f} in the first month, {worth[half]:,.0f} in the first {half + 1} months"
        )
    return ax


def plot_retention(cohorts: pd.DataFrame, ax: figures.Axes | None = None) -> figures.Axes:
    """Retention by age, over all cohorts and, thinly, for each.

    Parameters
    ----------
    cohorts : DataFrame
        As :func:`cohort_table` gives.
    ax : matplotlib.axes.Axes, optional

    Returns
    -------
    matplotlib.axes.Axes
    """
    ax = figures.axes(ax)
    later = cohorts[cohorts["age_months"].gt(0)]
    for _, rows in later.groupby("cohort"):
        ax.plot(rows["age_months"], rows["retention"], color=figures.SKY, linewidth=0.7, alpha=0.6)
    by_age = retention_by_age(later)
    ax.plot(
        by_age["age_months"],
        by_age["retention"],
        color=figures.BLUE,
        linewidth=2.4,
        label="all cohorts of that age",
    )
    ax.plot([], [], color=figures.SKY, linewidth=0.9, label="each cohort")
    ax.set(xlabel="months since the first purchase", ylabel="share that bought in the month", ylim=(0, None))
    ax.xaxis.set_major_locator(MaxNLocator(integer=True))
    ax.yaxis.set_major_formatter(_PERCENT)
    ax.legend(loc="upper right")
    if len(by_age):
        ax.set_title(
            f"Buyers in a month: {by_age['retention'].iloc[0]:.0%} of the cohort at first, {by_age['retention'].iloc[-1]:.0%} after {by_age['age_months'].iloc[-1]} months"
        )
    return ax


def plot_migration(migration: pd.DataFrame, ax: figures.Axes | None = None) -> figures.Axes:
    """Decile before against decile after, as shares of each row.

    Parameters
    ----------
    migration : DataFrame
        As :func:`decile_migration` gives.
    ax : matplotlib.axes.Axes, optional

    Returns
    -------
    matplotlib.axes.Axes
    """
    ax = figures.axes(ax, figsize=(7.5, 5.2))
    before, after = list(dict.fromkeys(migration["before"])), list(dict.fromkeys(migration["after"]))
    grid = (
        migration.pivot_table(index="before", columns="after", values="share").loc[before, after].to_numpy()
    )
    image = ax.imshow(grid, cmap=figures.SEQUENTIAL, vmin=0, aspect="auto")
    for (row, column), share in np.ndenumerate(grid):
        if share >= 0.005:
            ax.text(
                column,
                row,
                f"{100 * share:.0f}",
                ha="center",
                va="center",
                fontsize=8,
                color="white" if image.norm(share) < 0.55 else "black",
            )
    ax.set_xticks(range(len(after)), after)
    ax.set_yticks(range(len(before)), before)
    ax.grid(False)
    ax.set(xlabel="decile of spending after (1 = most)", ylabel="decile of spending before (1 = most)")
    ax.get_figure().colorbar(image, ax=ax, label="share of the row's customers", format=_PERCENT)
    top = migration[migration["before"].eq(before[0])].set_index("after")["share"]
    ax.set_title(
        f"Of the best tenth, {top[before[0]]:.0%} stay there and {top[NOTHING]:.0%} buy nothing more"
    )
    return ax
