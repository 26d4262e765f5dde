"""Pictures of the customer portfolio; every title is computed from the data it heads."""

from __future__ import annotations

import textwrap

import numpy as np
import pandas as pd

from idic_lab import figures
from idic_lab.differentiate.portfolio.tiers import TIERS, Grid
from idic_lab.differentiate.portfolio.value_and_wallet import Wallets
from idic_lab.errors import DataError

UNASKED = "Too few were asked what they spend elsewhere"
_COLOURS = (figures.BLUE, figures.ORANGE, figures.GREY, figures.BLACK)
_LOOKS = dict(zip(TIERS, zip(_COLOURS, "o^.x", strict=True), strict=True))


def plot_whale_curve(values: pd.DataFrame, ax: figures.Axes | None = None) -> figures.Axes:
    """Cumulative ``past_value`` over customers, most valuable first: it rises above the total, then falls back to it.

    >>> plot_whale_curve(pd.DataFrame({"past_value": [8.0, 4.0, -2.0, 0.0]})).get_title()
    '25% of customers take back 20.0% of what all of them earn'
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
    title = "No customer is below zero, as far as the costs are known"
    if below > 0:
        ax.axvspan(1 - below, 1, color=figures.ORANGE, alpha=0.25, linewidth=0)
        here = {"xytext": (-4, 0), "textcoords": "offset points", "ha": "right", "va": "bottom"}
        ax.annotate(f"below zero\n{below:.0%}", (1 - below, 0.05), **here)
        title = f"{below:.0%} of customers take back {curve.max() - 1:.1%} of what all of them earn"
    x, y = "share of customers, highest past value first", "share of all past value"
    return figures.finish(ax, title, x, y, "percent", "percent", xlim=(0, 1), ylim=(0, None))


def plot_tiers(summary: pd.DataFrame, ax: figures.Axes | None = None) -> figures.Axes:
    """Each tier's share of customers, actual value, growth potential and cost to serve (:func:`tier_summary`).

    >>> summary = pd.DataFrame({"tier": ["most valuable", "migrator"], "customers": [1, 3],
    ...     "share_of_customers": [0.25, 0.75], "actual_value": [8.0, 2.0], "growth_potential": 0.0, "cost_to_serve": 1.0})
    >>> plot_tiers(summary).get_title()
    'Most valuable: 25% of customers, 80% of actual value'
    """
    ax = figures.axes(ax, figsize=(8.5, 4.4))
    names = ("customers", "actual_value", "growth_potential", "cost_to_serve")
    shades = dict(zip(names, (figures.GREY, figures.BLUE, figures.ORANGE, figures.BLACK), strict=True))
    measures = [name for name in shades if summary[name].abs().sum() > 0]
    width, x = 0.8 / len(measures), np.arange(len(summary))
    for number, name in enumerate(measures):
        share, at = summary[name] / summary[name].sum(), x + (number - (len(measures) - 1) / 2) * width
        bars = ax.bar(at, share, width * 0.92, color=shades[name], label=name.replace("_", " "))
        ax.bar_label(bars, [f"{round(value, 2) + 0.0:.0%}" for value in share], fontsize=8, padding=2)
    ax.axhline(0, color="black", linewidth=0.8)
    ax.set_xticks(x, [f"{row.tier}\n{row.customers:,} customers" for row in summary.itertuples()])
    ax.margins(y=0.12)
    title, best = "Nobody is among the most valuable at this cut-off", summary.set_index("tier")
    if "most valuable" in best.index:
        row = best.loc["most valuable"]
        held = row["actual_value"] / summary["actual_value"].sum()
        title = f"Most valuable: {row['share_of_customers']:.0%} of customers, {held:.0%} of actual value"
    legend = {"loc": "upper right"}
    return figures.finish(ax, title, "tier", "share of all customers' total", y_format="percent", legend=legend)


def plot_actual_and_strategic(portfolio: pd.DataFrame, ax: figures.Axes | None = None) -> figures.Axes:
    """Actual value against growth potential where that is known, one point per customer, by tier (:func:`tiers`).

    >>> worth = pd.DataFrame({"tier": ["most valuable", "migrator"], "actual_value": [90.0, 5.0],
    ...     "growth_potential": [50.0, 1.0], "most_growable": [True, False]})
    >>> print(plot_actual_and_strategic(worth).get_title())
    1 of the 1 most valuable are also among the most growable
    """
    known = portfolio[portfolio["growth_potential"].notna()]
    if known.empty:
        return figures.finish(figures.axes(ax), UNASKED)
    shown = known if len(known) <= 4_000 else known.sample(4_000, random_state=0)
    ax = figures.axes(ax, figsize=(7.5, 5.2))
    for tier, (colour, mark) in reversed(_LOOKS.items()):
        rows = shown[shown["tier"].eq(tier)]
        look = {"color": colour, "alpha": 0.55, "markersize": 4}
        label = f"{tier} ({known['tier'].eq(tier).sum():,})"
        ax.plot(rows["actual_value"], rows["growth_potential"] + 1, mark, label=label, **look)
    limit = max(abs(shown["actual_value"]).quantile(0.99), 1.0)
    # Linear up to a power of ten, so that no ticks crowd around zero.
    ax.set_xscale("symlog", linthresh=10 ** np.floor(np.log10(limit / 50)))
    ax.set_yscale("log")
    ax.tick_params(axis="x", labelsize=8)
    best = known[known["tier"].eq("most valuable")]
    title = f"{best['most_growable'].sum():,} of the {len(best):,} most valuable are also among the most growable"
    x, y = "actual value ({currency} within the horizon)", "growth potential ({currency} a year, plus 1)"
    legend = {"loc": "lower left", "markerscale": 1.6, "frameon": True, "framealpha": 0.9, "edgecolor": "none"}
    return figures.finish(ax, title, x, y, "count", "count", legend)


def plot_wallets(found: Wallets, ax: figures.Axes | None = None) -> figures.Axes:
    """Estimated against answered category spend, each estimate by a model that did not see the answer.

    >>> held = pd.DataFrame({"answered": [100.0, 900.0], "estimated": [150.0, 600.0]})
    >>> plot_wallets(Wallets(None, held, 0.4, 1.5, 2.5)).get_title()
    'Half of the estimates: within a factor of 1.50 (one for all: 2.50)'
    """
    ax = figures.axes(ax, figsize=(6.4, 5.2))
    held = found.held_out[["answered", "estimated"]]
    if held.empty:
        return figures.finish(ax, UNASKED)
    ax.plot(held["answered"], held["estimated"], "o", color=figures.BLUE, alpha=0.4, markersize=4)
    span = np.array([held.min().min(), held.max().max()])
    ax.plot(span, span, color="#555555", linestyle="--", label="estimate = answer")
    ax.set(xscale="log", yscale="log")
    title = f"Half of the estimates: within a factor of {found.median_factor:.2f} (one for all: {found.baseline_factor:.2f})"
    x, y = "answered ({currency} a year)", "estimated, out of sample ({currency} a year)"
    return figures.finish(ax, title, x, y, "count", "count", {"loc": "upper left"})


def plot_value_per_head(grid: Grid, ax: figures.Axes | None = None) -> figures.Axes:
    """What one customer of each need is worth, with its 95% interval; whether needs differ by more than chance.

    >>> heads = pd.DataFrame({"segment": ["x", "y"], "customers": 10, "value": [9.0, 4.0], "low": [7.0, 3], "high": [12.0, 5]})
    >>> counts = pd.DataFrame({"migrator": [10, 10]}, index=["x", "y"])
    >>> plot_value_per_head(Grid(counts, counts * 9.0, 0.9, 0.01, 0.001, heads)).get_title()
    'Needs differ in value per head, from 4 to 9'
    """
    heads = grid.per_head
    ax = figures.axes(ax, figsize=(8, 1.4 + 0.62 * len(heads)))
    place = np.arange(len(heads))
    ax.hlines(place, heads["low"], heads["high"], color=figures.BLUE, lw=4, alpha=0.45)
    ax.plot(heads["value"], place, "o", color=figures.BLUE)
    for row, value in enumerate(heads["value"]):
        ax.annotate(f"{value:,.0f}", (value, row), xytext=(0, 6), textcoords="offset points", ha="center")
    names = [f"{textwrap.fill(row.segment, 30)}\n{row.customers:,} people" for row in heads.itertuples()]
    ax.set_yticks(place, names)
    differ = "Needs differ in value per head"
    differ = differ if grid.p_per_head < 0.05 else "Value per head differs no more than by chance"
    title = f"{differ}, from {heads['value'].min():,.0f} to {heads['value'].max():,.0f}"
    title = title if len(heads) > 1 else f"One group: {heads['value'].iloc[0]:,.0f} per head"
    x = "actual value per customer ({currency}; the line: 95% interval)"
    return figures.finish(ax, title, x, x_format="count", ylim=(len(heads) - 0.4, -0.6))


def plot_past_and_future(table: pd.DataFrame, ax: figures.Axes | None = None) -> figures.Axes:
    """Customers by whether they are below zero so far, and whether they will be (:func:`past_and_future`).

    >>> table = pd.DataFrame({"so_far": ["below zero", "zero or more"], "to_come": "zero or more", "customers": [2, 8],
    ...     "past_value": [-9.0, 90.0], "actual_value": [4.0, 40.0]})
    >>> plot_past_and_future(table).get_title()
    'Below zero so far: 2; 2 of them have something to come'
    """
    ax = figures.axes(ax, figsize=(8, 1.5 + 0.6 * len(table)))
    owing = table[table["so_far"].eq("below zero")]
    coming = int(owing.loc[owing["to_come"].eq("zero or more"), "customers"].sum())
    colours = table["so_far"].map({"below zero": figures.ORANGE, "zero or more": "#D9D9D9"})
    bars = ax.barh("so far " + table["so_far"] + ",\nto come " + table["to_come"], table["customers"], color=colours)
    held = zip(table["customers"], table["past_value"], table["actual_value"], strict=True)
    said = [f" {people:,}: {past:+z,.0f} so far, {coming:+z,.0f} to come" for people, past, coming in held]
    ax.bar_label(bars, said, label_type="edge")
    ax.invert_yaxis()
    title = f"Below zero so far: {owing['customers'].sum():,}; {coming:,} of them have something to come"
    across = "customers (beside the bars: value of all of them, {currency})"
    return figures.finish(ax, title, x=across, x_format="count", xlim=(0, 2 * table["customers"].max()))


def plot_cutoffs(
    cutoffs: pd.DataFrame, most_valuable_share: float, most_growable_share: float, ax: figures.Axes | None = None
) -> figures.Axes:
    """What one pair of cut-offs of :func:`cutoffs` makes of the portfolio.

    >>> summary = pd.DataFrame({"tier": ["most valuable"], "customers": [1], "share_of_customers": [1.0],
    ...     "actual_value": [8.0], "growth_potential": 0.0, "cost_to_serve": 1.0})
    >>> plot_cutoffs(summary.assign(most_valuable_share=0.2, most_growable_share=0.1), 0.2, 0.1).get_title()
    'Most valuable: 100% of customers, 100% of actual value'
    """
    pair = {"most_valuable_share": most_valuable_share, "most_growable_share": most_growable_share}
    chosen = cutoffs[np.isclose(cutoffs[list(pair)], list(pair.values())).all(axis=1)]
    if chosen.empty:
        raise DataError(f"plot_cutoffs: the pair {most_valuable_share:g}, {most_growable_share:g} was not computed.")
    return plot_tiers(chosen.reset_index(drop=True), ax)


def plot_accounts(accounts: pd.DataFrame, top: int = 12, ax: figures.Axes | None = None) -> figures.Axes:
    """The `top` accounts of :func:`account_values`, split by the role of who ordered.

    >>> accounts = pd.DataFrame({"account_id": ["a", "a"], "role": ["user", "decision_maker"], "ordered": [75.0, 25.0]})
    >>> plot_accounts(accounts).get_title()
    'Decision-makers place 25% of account orders, by amount'
    """
    ax = figures.axes(ax)
    known = ("decision_maker", "user", "influencer")
    roles = list(dict.fromkeys([role for role in known if (accounts["role"] == role).any()] + [*accounts["role"]]))
    by_role = accounts.pivot_table("ordered", "account_id", "role", aggfunc="sum", fill_value=0.0)
    largest = accounts.drop_duplicates("account_id").head(top)["account_id"]
    shown, left = by_role.loc[largest][::-1], np.zeros(len(largest))
    for role, colour in zip(roles, figures.CYCLE, strict=False):
        ax.barh(shown.index, shown[role], left=left, color=colour, label=role.replace("_", " "))
        left += shown[role].to_numpy()
    decided = by_role.get("decision_maker", pd.Series(0.0)).sum() / max(by_role.to_numpy().sum(), 1e-9)
    title = f"Decision-makers place {decided:.0%} of account orders, by amount"
    legend = {"loc": "lower right", "title": "ordered by"}
    return figures.finish(ax, title, "ordered on account so far ({currency})", "account", "count", legend=legend)
