"""Pictures of the customer portfolio; every title is computed from the data it heads."""

from __future__ import annotations

import textwrap

import numpy as np
import pandas as pd
from matplotlib.ticker import FuncFormatter, PercentFormatter

from idic_lab import figures
from idic_lab.differentiate.portfolio.tiers import TIERS, Grid
from idic_lab.differentiate.portfolio.wallets import Wallets
from idic_lab.errors import DataError

_PERCENT = PercentFormatter(1, decimals=0)
_THOUSANDS = FuncFormatter(lambda value, _: f"{value:,.0f}")
_COLOURS = dict(zip(TIERS, (figures.BLUE, figures.ORANGE, figures.GREY, figures.BLACK), strict=True))
_MARKS = dict(zip(TIERS, "o^.x", strict=True))


def plot_whale_curve(values: pd.DataFrame, ax: figures.Axes | None = None) -> figures.Axes:
    """Cumulative past value over customers, most valuable first: it rises above the total, then falls back to it.

    Parameters
    ----------
    values : DataFrame
        ``past_value``.
    """
    ordered = np.sort(values["past_value"].to_numpy())[::-1]
    total = ordered.sum()
    if not total > 0:
        raise DataError("plot_whale_curve: the customers' past value does not add up to anything above 0.")
    share, curve = np.arange(len(ordered) + 1) / len(ordered), np.append(0, np.cumsum(ordered)) / total
    below = float((ordered < 0).mean())
    ax = figures.axes(ax)
    ax.plot(share, curve, color=figures.BLUE, linewidth=2)
    ax.axhline(1, color="#555555", linestyle="--", linewidth=1)
    if below > 0:
        ax.axvspan(1 - below, 1, color=figures.ORANGE, alpha=0.25, linewidth=0)
        ax.annotate(
            f"below zero\n{below:.0%}",
            (1 - below, 0.05),
            xytext=(-4, 0),
            textcoords="offset points",
            ha="right",
            va="bottom",
        )
    ax.set(
        xlim=(0, 1),
        ylim=(0, None),
        xlabel="share of customers, highest past value first",
        ylabel="share of all past value",
    )
    ax.xaxis.set_major_formatter(_PERCENT)
    ax.yaxis.set_major_formatter(_PERCENT)
    if below > 0:
        ax.set_title(f"{below:.0%} of customers take back {curve.max() - 1:.1%} of what all of them earn")
    else:
        ax.set_title("No customer is below zero, as far as the costs are known")
    return ax


def plot_tiers(summary: pd.DataFrame, ax: figures.Axes | None = None) -> figures.Axes:
    """Each tier's share of customers, of actual value, of growth potential and of the cost to serve.

    Parameters
    ----------
    summary : DataFrame
        As :func:`tier_summary` gives.
    """
    ax = figures.axes(ax, figsize=(8.5, 4.4))
    measures = [
        name
        for name in ("customers", "actual_value", "growth_potential", "cost_to_serve")
        if summary[name].abs().sum() > 0
    ]
    shades = dict(
        zip(
            ("customers", "actual_value", "growth_potential", "cost_to_serve"),
            (figures.GREY, figures.BLUE, figures.ORANGE, figures.BLACK),
            strict=True,
        )
    )
    width, x = 0.8 / len(measures), np.arange(len(summary))
    for number, name in enumerate(measures):
        share = summary[name] / summary[name].sum()
        bars = ax.bar(
            x + (number - (len(measures) - 1) / 2) * width,
            share,
            width * 0.92,
            color=shades[name],
            label=name.replace("_", " "),
        )
        ax.bar_label(bars, [f"{round(value, 2) + 0.0:.0%}" for value in share], fontsize=8, padding=2)
    ax.axhline(0, color="black", linewidth=0.8)
    ax.set_xticks(x, [f"{row.tier}\n{row.customers:,} customers" for row in summary.itertuples()])
    ax.set(xlabel="tier", ylabel="share of all customers' total")
    ax.yaxis.set_major_formatter(_PERCENT)
    ax.margins(y=0.12)
    ax.legend(loc="upper right")
    best = summary.set_index("tier")
    if "most valuable" in best.index:
        row = best.loc["most valuable"]
        ax.set_title(
            f"Most valuable: {row['share_of_customers']:.0%} of customers, {row['actual_value'] / summary['actual_value'].sum():.0%} of actual value"
        )
    else:
        ax.set_title("Nobody is among the most valuable at this cut-off")
    return ax


def plot_actual_and_strategic(portfolio: pd.DataFrame, ax: figures.Axes | None = None) -> figures.Axes:
    """Actual value against growth potential, one point per customer, coloured by tier.

    Parameters
    ----------
    portfolio : DataFrame
        As :func:`tiers` gives, with growth potential known.
    """
    known = portfolio[portfolio["growth_potential"].notna()]
    if known.empty:
        raise DataError(
            "plot_actual_and_strategic: nobody's growth potential is known; it takes answers on category spend."
        )
    shown = known if len(known) <= 4_000 else known.sample(4_000, random_state=0)
    ax = figures.axes(ax, figsize=(7.5, 5.2))
    for tier in reversed(TIERS):
        rows = shown[shown["tier"].eq(tier)]
        ax.plot(
            rows["actual_value"],
            rows["growth_potential"] + 1,
            _MARKS[tier],
            color=_COLOURS[tier],
            alpha=0.55,
            markersize=4,
            label=f"{tier} ({known['tier'].eq(tier).sum():,})",
        )
    limit = max(abs(shown["actual_value"]).quantile(0.99), 1.0)
    # Linear up to a power of ten, so that no ticks crowd around zero.
    ax.set_xscale("symlog", linthresh=10 ** np.floor(np.log10(limit / 50)))
    ax.set_yscale("log")
    ax.set(
        xlabel=f"actual value ({figures.currency()} within the horizon)",
        ylabel=f"growth potential ({figures.currency()} a year, plus 1)",
    )
    ax.xaxis.set_major_formatter(_THOUSANDS)
    ax.yaxis.set_major_formatter(_THOUSANDS)
    ax.tick_params(axis="x", labelsize=8)
    ax.legend(loc="lower left", markerscale=1.6, frameon=True, framealpha=0.9, edgecolor="none")
    both = known["tier"].eq("most valuable") & known["most_growable"]
    ax.set_title(
        f"{both.sum():,} of the {known['tier'].eq('most valuable').sum():,} most valuable are also among the most growable"
    )
    return ax


def plot_wallets(found: Wallets, ax: figures.Axes | None = None) -> figures.Axes:
    """Estimated against answered category spend, each estimate by a model that did not see the answer."""
    ax = figures.axes(ax, figsize=(6.4, 5.2))
    held = found.held_out
    ax.plot(held["answered"], held["estimated"], "o", color=figures.BLUE, alpha=0.4, markersize=4)
    span = np.array(
        [held[["answered", "estimated"]].min().min(), held[["answered", "estimated"]].max().max()]
    )
    ax.plot(span, span, color="#555555", linestyle="--", label="estimate = answer")
    ax.set(
        xscale="log",
        yscale="log",
        xlabel=f"answered ({figures.currency()} a year)",
        ylabel=f"estimated, out of sample ({figures.currency()} a year)",
    )
    ax.xaxis.set_major_formatter(_THOUSANDS)
    ax.yaxis.set_major_formatter(_THOUSANDS)
    ax.legend(loc="upper left")
    ax.set_title(f"Half of the estimates are within a factor of {found.median_factor:.2f}")
    return ax


def plot_grid(grid: Grid, ax: figures.Axes | None = None) -> figures.Axes:
    """Needs against value: customers in each cell, coloured by their actual value."""
    ax = figures.axes(ax, figsize=(8.5, 4.6))
    amounts = grid.actual_value.to_numpy()
    image = ax.imshow(amounts, cmap=figures.SEQUENTIAL, aspect="auto")
    for (row, column), amount in np.ndenumerate(amounts):
        dark = image.norm(amount) < 0.55
        text = f"{grid.customers.iloc[row, column]:,}\n{amount:,.0f}"
        ax.text(column, row, text, ha="center", va="center", color="white" if dark else "black", fontsize=9)
    ax.set_xticks(range(len(grid.customers.columns)), grid.customers.columns)
    ax.set_yticks(range(len(grid.customers)), [textwrap.fill(name, 26) for name in grid.customers.index])
    ax.grid(False)
    ax.set(xlabel="value tier (in each cell: customers; actual value)", ylabel="need segment")
    ax.get_figure().colorbar(image, ax=ax, label=f"actual value ({figures.currency()})", format=_THOUSANDS)
    related = "Needs and value go together" if grid.p_value < 0.05 else "No relation of needs and value shows"
    ax.set_title(f"{related} (Cramér's V {grid.cramers_v:.2f})")
    return ax


def plot_cutoffs(
    cutoffs: pd.DataFrame,
    most_valuable_share: float,
    most_growable_share: float,
    ax: figures.Axes | None = None,
) -> figures.Axes:
    """What one pair of cut-offs makes of the portfolio.

    Parameters
    ----------
    cutoffs : DataFrame
        As :func:`cutoffs` gives.
    most_valuable_share, most_growable_share : float
        A pair that is in it.
    """
    chosen = cutoffs[
        np.isclose(cutoffs["most_valuable_share"], most_valuable_share)
        & np.isclose(cutoffs["most_growable_share"], most_growable_share)
    ]
    if chosen.empty:
        raise DataError(
            f"plot_cutoffs: the pair {most_valuable_share:g}, {most_growable_share:g} was not computed."
        )
    return plot_tiers(chosen.reset_index(drop=True), ax)


def plot_accounts(accounts: pd.DataFrame, top: int = 12, ax: figures.Axes | None = None) -> figures.Axes:
    """The largest accounts, split by the role of who ordered.

    Parameters
    ----------
    accounts : DataFrame
        As :func:`account_values` gives.
    top : int
        Accounts shown.
    """
    ax = figures.axes(ax)
    roles = list(
        dict.fromkeys(
            name
            for name in ("decision_maker", "user", "influencer", *accounts["role"])
            if name in set(accounts["role"])
        )
    )
    by_role = accounts.pivot_table(
        index="account_id", columns="role", values="ordered", aggfunc="sum", fill_value=0.0
    )
    largest = accounts.drop_duplicates("account_id").head(top)["account_id"]
    shown, left = by_role.loc[largest][::-1], np.zeros(len(largest))
    for role, colour in zip(roles, figures.CYCLE, strict=False):
        ax.barh(shown.index, shown[role], left=left, color=colour, label=role.replace("_", " "))
        left += shown[role].to_numpy()
    ax.set(xlabel=f"ordered on account so far ({figures.currency()})", ylabel="account")
    ax.xaxis.set_major_formatter(_THOUSANDS)
    ax.legend(loc="lower right", title="ordered by")
    decided = by_role.get("decision_maker", pd.Series(0.0)).sum() / max(by_role.to_numpy().sum(), 1e-9)
    ax.set_title(f"Decision-makers place {decided:.0%} of account orders, by amount")
    return ax
