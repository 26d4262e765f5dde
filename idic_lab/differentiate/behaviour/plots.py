"""Pictures of behaviour; every title is computed from the data it heads."""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy.stats import beta

from idic_lab import figures
from idic_lab.differentiate.behaviour.rhythm import KINDS, Regularity

_COLOURS = dict(zip(KINDS, (figures.BLUE, figures.ORANGE, figures.GREY, figures.BLACK), strict=True))
_MARKS = dict(zip(KINDS, "os.x", strict=True))
_BESIDE = {"loc": "center left", "bbox_to_anchor": (1, 0.5)}


def plot_rhythm(behaviour: pd.DataFrame, ax: figures.Axes | None = None) -> figures.Axes:
    """Silence against the own rhythm, one point per customer, coloured by kind of buyer.

    Takes what :func:`behaviour_segments` gives.

    >>> kinds = pd.DataFrame({"segment": ["frequent", "lapsed"], "own_gap_days": [9.0, 9.0], "days_since_last": [3, 300]})
    >>> plot_rhythm(kinds).get_title()
    '50% of repeat buyers are silent beyond their own rhythm'
    """
    ax = figures.axes(ax, figsize=(8.6, 5.4))
    repeat = behaviour[behaviour["segment"].ne("one-time")]
    shown = repeat if len(repeat) <= 3_000 else repeat.sample(3_000, random_state=0)
    for name in ("frequent", "occasional", "lapsed"):
        rows = shown[shown["segment"].eq(name)]
        look = {"color": _COLOURS[name], "alpha": 0.55, "markersize": 4}
        label = f"{name} ({repeat['segment'].eq(name).sum():,})"
        ax.plot(rows["own_gap_days"], rows["days_since_last"] + 1, _MARKS[name], label=label, **look)
    span = np.array([shown["own_gap_days"].min(), shown["own_gap_days"].max()])
    ax.plot(span, span, color="#555555", linestyle="--", linewidth=1.2, label="silent for\none own gap")
    ax.set(xscale="log", yscale="log")
    return figures.finish(
        ax,
        f"{repeat['segment'].eq('lapsed').mean():.0%} of repeat buyers are silent beyond their own rhythm",
        x="own gap between purchases (days, expected)",
        y="days since the last purchase, plus 1",
        x_format="count",
        y_format="count",
        legend=_BESIDE | {"markerscale": 1.6},
    )


def plot_behaviour(summary: pd.DataFrame, ax: figures.Axes | None = None) -> figures.Axes:
    """Share of customers and of revenue by kind of buyer.

    Takes what :func:`behaviour_summary` gives.

    >>> summary = pd.DataFrame({"segment": ["frequent", "lapsed"], "share_of_customers": [0.2, 0.8],
    ...     "share_of_revenue": [0.6, 0.4]})
    >>> plot_behaviour(summary).get_title()
    'Frequent buyers: 20% of customers, 60% of revenue'
    """
    ax = figures.axes(ax)
    x = np.arange(len(summary))
    for offset, column, colour, label in (
        (-0.2, "share_of_customers", figures.SKY, "of customers"),
        (0.2, "share_of_revenue", figures.BLUE, "of revenue"),
    ):
        bars = ax.bar(x + offset, summary[column], width=0.38, color=colour, label=label)
        ax.bar_label(bars, [f"{value:.0%}" for value in summary[column]], padding=2, fontsize=9)
    ax.set_xticks(x, summary["segment"])
    ax.margins(y=0.12)
    top = summary.loc[summary["share_of_revenue"].idxmax()]
    shares = f"{top['share_of_customers']:.0%} of customers, {top['share_of_revenue']:.0%} of revenue"
    title = f"{top['segment'].capitalize()} buyers: {shares}"
    legend = {"loc": "upper right"}
    return figures.finish(ax, title, x="kind of buyer", y="share", y_format="percent", legend=legend)


def plot_regularity(found: Regularity, ax: figures.Axes | None = None) -> figures.Axes:
    """The ratios of neighbouring gaps, beside what random buying and the fitted k would give.

    >>> print(plot_regularity(Regularity(2.0, 1.5, 2.6, 3, np.array([0.4, 0.5, 0.6]))).get_title())
    Purchases are more regular than chance: k = 2.00 (95% 1.50 to
    2.60)
    """
    ax = figures.axes(ax)
    label = f"gaps of {found.customers:,} customers"
    ax.hist(found.ratios, bins=20, range=(0, 1), density=True, color=figures.SKY, label=label)
    x = np.linspace(0.01, 0.99, 197)
    ax.plot(x, beta.pdf(x, 1, 1), color="#555555", linestyle="--", label="buying at random (k = 1)")
    label = f"these customers, fitted (k = {found.k:.2f})"
    ax.plot(x, beta.pdf(x, found.k, found.k), color=figures.VERMILION, label=label)
    beside_chance = "more regular than chance" if found.k > 1 else "in bursts"
    what = "not told apart from chance" if found.low <= 1 <= found.high else beside_chance
    return figures.finish(
        ax,
        f"Purchases are {what}: k = {found.k:.2f} (95% {found.low:.2f} to {found.high:.2f})",
        x="earlier of two neighbouring gaps, as a share of both",
        y="density",
        legend={"loc": "lower center", "frameon": True, "framealpha": 0.9},
        ylim=(0, None),
    )


def plot_browsing(table: pd.DataFrame, ax: figures.Axes | None = None) -> figures.Axes:
    """Visits against the share of them that ended in an order.

    Takes what :func:`browsing` gives.

    >>> table = pd.DataFrame({"visits": [9, 9], "with_order": [1, 8], "order_share": [1 / 9, 8 / 9],
    ...     "segment": ["looks more than buys", "buys when visiting"]})
    >>> print(plot_browsing(table).get_title())
    50% of visitors look more than they buy (50% of visits end in an
    order)
    """
    ax = figures.axes(ax)
    rng = np.random.default_rng(0)
    for name, colour, mark in (
        ("looks more than buys", figures.ORANGE, "v"),
        ("in between", figures.GREY, "o"),
        ("buys when visiting", figures.BLUE, "^"),
    ):
        rows = table[table["segment"].eq(name)]
        # moved a little, so that points do not hide each other
        x = rows["visits"] * np.exp(rng.uniform(-0.06, 0.06, len(rows)))
        look = {"color": colour, "alpha": 0.5, "markersize": 4, "label": f"{name} ({len(rows):,})"}
        ax.plot(x, rows["order_share"], mark, **look)
    overall = table["with_order"].sum() / table["visits"].sum()
    ax.axhline(overall, color="black", linewidth=1, linestyle="--")
    ax.set(xscale="log")
    share = table["segment"].eq("looks more than buys").mean()
    return figures.finish(
        ax,
        f"{share:.0%} of visitors look more than they buy ({overall:.0%} of visits end in an order)",
        x="visits",
        y="share of visits with an order",
        x_format="count",
        y_format="percent",
        legend=_BESIDE | {"markerscale": 1.6},
    )
