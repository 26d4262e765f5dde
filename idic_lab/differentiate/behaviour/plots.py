"""Pictures of behaviour; every title is computed from the data it heads."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.ticker import FuncFormatter, PercentFormatter
from scipy.stats import beta

from idic_lab import figures
from idic_lab.differentiate.behaviour.rhythm import Regularity

_PERCENT = PercentFormatter(1, decimals=0)
_THOUSANDS = FuncFormatter(lambda value, _: f"{value:,.0f}")
_COLOURS = {
    "frequent": figures.BLUE,
    "occasional": figures.ORANGE,
    "one-time": figures.GREY,
    "lapsed": figures.BLACK,
}
_MARKS = {"frequent": "o", "occasional": "s", "one-time": ".", "lapsed": "x"}


def plot_rhythm(behaviour: pd.DataFrame, ax: figures.Axes | None = None) -> figures.Axes:
    """Silence against the own rhythm, one point per customer, coloured by kind of buyer.

    Parameters
    ----------
    behaviour : DataFrame
        As :func:`behaviour_segments` gives.
    """
    ax = figures.axes(ax, figsize=(8.6, 5.4))
    repeat = behaviour[behaviour["segment"].ne("one-time")]
    shown = repeat if len(repeat) <= 3_000 else repeat.sample(3_000, random_state=0)
    for name in ("frequent", "occasional", "lapsed"):
        rows = shown[shown["segment"].eq(name)]
        ax.plot(
            rows["own_gap_days"],
            rows["days_since_last"] + 1,
            _MARKS[name],
            color=_COLOURS[name],
            alpha=0.55,
            markersize=4,
            label=f"{name} ({repeat['segment'].eq(name).sum():,})",
        )
    span = np.array([shown["own_gap_days"].min(), shown["own_gap_days"].max()])
    ax.plot(span, span, color="#555555", linestyle="--", linewidth=1.2, label="silent for\none own gap")
    ax.set(
        xscale="log",
        yscale="log",
        xlabel="own gap between purchases (days, expected)",
        ylabel="days since the last purchase, plus 1",
    )
    ax.xaxis.set_major_formatter(_THOUSANDS)
    ax.yaxis.set_major_formatter(_THOUSANDS)
    ax.legend(loc="center left", bbox_to_anchor=(1, 0.5), markerscale=1.6)
    share = repeat["segment"].eq("lapsed").mean()
    ax.set_title(f"{share:.0%} of repeat buyers are silent beyond their own rhythm")
    return ax


def plot_behaviour(summary: pd.DataFrame, ax: figures.Axes | None = None) -> figures.Axes:
    """Share of customers and of revenue by kind of buyer.

    Parameters
    ----------
    summary : DataFrame
        As :func:`behaviour_summary` gives.
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
    ax.set(ylabel="share", xlabel="kind of buyer")
    ax.yaxis.set_major_formatter(_PERCENT)
    ax.margins(y=0.12)
    ax.legend(loc="upper right")
    top = summary.loc[summary["share_of_revenue"].idxmax()]
    ax.set_title(
        f"{top['segment'].capitalize()} buyers: {top['share_of_customers']:.0%} of customers, {top['share_of_revenue']:.0%} of revenue"
    )
    return ax


def plot_regularity(found: Regularity, ax: figures.Axes | None = None) -> figures.Axes:
    """The ratios of neighbouring gaps, beside what random buying and the fitted k would give."""
    ax = figures.axes(ax)
    ax.hist(
        found.ratios,
        bins=20,
        range=(0, 1),
        density=True,
        color=figures.SKY,
        label=f"gaps of {found.customers:,} customers",
    )
    x = np.linspace(0.01, 0.99, 197)
    ax.plot(x, beta.pdf(x, 1, 1), color="#555555", linestyle="--", label="buying at random (k = 1)")
    ax.plot(
        x,
        beta.pdf(x, found.k, found.k),
        color=figures.VERMILION,
        label=f"these customers, fitted (k = {found.k:.2f})",
    )
    ax.set(xlabel="earlier of two neighbouring gaps, as a share of both", ylabel="density", ylim=(0, None))
    ax.legend(loc="lower center", frameon=True, framealpha=0.9)
    beside_chance = "more regular than chance" if found.k > 1 else "in bursts"
    what = "not told apart from chance" if found.low <= 1 <= found.high else beside_chance
    ax.set_title(f"Purchases are {what}: k = {found.k:.2f} (95% {found.low:.2f} to {found.high:.2f})")
    return ax


def plot_mix(
    table: pd.DataFrame, groups: pd.DataFrame, columns: list[str], what: str, ax: figures.Axes | None = None
) -> figures.Axes:
    """Mean shares (of categories, of channels) by kind of customer, as stacked bars.

    Parameters
    ----------
    table : DataFrame
        ``customer_id`` and shares, as :func:`category_mix` or :func:`channel_mix` gives.
    groups : DataFrame
        ``customer_id``, ``segment``.
    columns : list of str
        The shares drawn; they add up to 1.
    what : str
        Of what they are shares, for the axis.
    """
    ax = figures.axes(ax, figsize=(8.5, 4.2))
    both = table[["customer_id", *columns]].merge(groups[["customer_id", "segment"]], on="customer_id")
    means = both.groupby("segment")[columns].mean()
    means = means.loc[
        sorted(means.index, key=lambda name: list(_COLOURS).index(name) if name in _COLOURS else 9)
    ]
    import matplotlib as mpl

    left = np.zeros(len(means))
    shades = mpl.colormaps[figures.SEQUENTIAL](np.linspace(0.1, 0.95, len(columns)))
    for column, shade in zip(columns, shades, strict=True):
        ax.barh(
            means.index,
            means[column],
            left=left,
            color=shade,
            edgecolor="white",
            label=column.replace("_", " "),
        )
        left += means[column].to_numpy()
    ax.invert_yaxis()
    ax.set(xlim=(0, 1), xlabel=f"mean share of {what}")
    ax.xaxis.set_major_formatter(_PERCENT)
    ax.legend(loc="center left", bbox_to_anchor=(1, 0.5))
    spread = (means.max() - means.min()).max()
    ax.set_title(f"Kinds of buyers differ by at most {100 * spread:.0f} points in any share")
    return ax


def plot_browsing(table: pd.DataFrame, ax: figures.Axes | None = None) -> figures.Axes:
    """Visits against the share of them that ended in an order.

    Parameters
    ----------
    table : DataFrame
        As :func:`browsing` gives.
    """
    ax = figures.axes(ax)
    looks = (
        ("looks more than buys", figures.ORANGE, "v"),
        ("in between", figures.GREY, "o"),
        ("buys when visiting", figures.BLUE, "^"),
    )
    rng = np.random.default_rng(0)
    for name, colour, mark in looks:
        rows = table[table["segment"].eq(name)]
        x = rows["visits"] * np.exp(
            rng.uniform(-0.06, 0.06, len(rows))
        )  # moved a little, so that points do not hide each other
        ax.plot(
            x,
            rows["order_share"],
            mark,
            color=colour,
            alpha=0.5,
            markersize=4,
            label=f"{name} ({len(rows):,})",
        )
    overall = table["with_order"].sum() / table["visits"].sum()
    ax.axhline(overall, color="black", linewidth=1, linestyle="--")
    ax.set(xscale="log", xlabel="visits", ylabel="share of visits with an order")
    ax.xaxis.set_major_formatter(_THOUSANDS)
    ax.yaxis.set_major_formatter(_PERCENT)
    ax.legend(loc="center left", bbox_to_anchor=(1, 0.5), markerscale=1.6)
    share = table["segment"].eq("looks more than buys").mean()
    ax.set_title(f"{share:.0%} of visitors look more than they buy ({overall:.0%} of visits end in an order)")
    return ax
