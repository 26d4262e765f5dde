"""Pictures of RFM; every title is computed from the data it heads."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.ticker import FuncFormatter, MaxNLocator, PercentFormatter

from idic_lab import figures
from idic_lab.differentiate.rfm.concentration import gini, lorenz, top_share
from idic_lab.differentiate.rfm.prediction import gains
from idic_lab.differentiate.rfm.segments import segment_summary
from idic_lab.errors import LabError, UnknownName

_PERCENT = PercentFormatter(1, decimals=0)
_THOUSANDS = FuncFormatter(lambda value, _: f"{value:,.0f}")
_ROUND = {
    "nbins": "auto",
    "integer": True,
    "steps": [1, 2, 5, 10],
}  # whole, round numbers on an axis of counts


def plot_lorenz(values, fraction: float = 0.2, ax: figures.Axes | None = None) -> figures.Axes:
    """The Lorenz curve of value over customers, with the top `fraction` marked.

    Parameters
    ----------
    values : array-like of shape (n_customers,)
        One value per customer, as for :func:`lorenz`.
    fraction : float
        Share of customers whose part of the value is marked.
    ax : matplotlib.axes.Axes, optional

    Returns
    -------
    matplotlib.axes.Axes
    """
    curve, top = lorenz(values), top_share(values, fraction)
    ax = figures.axes(ax, figsize=(6.4, 5.2))
    x, y = curve["share_of_customers"], curve["share_of_value"]
    ax.fill_between(x, y, x, color=figures.SKY, alpha=0.25, linewidth=0)
    ax.plot([0, 1], [0, 1], color=figures.GREY, linestyle="--", linewidth=1.2)
    ax.plot(x, y, color=figures.BLUE, linewidth=2)
    label = {"xytext": (-5, 5), "textcoords": "offset points", "rotation": 45, "rotation_mode": "anchor"}
    ax.annotate("everyone the same", (0.3, 0.3), color="#555555", ha="center", va="bottom", **label)
    ax.plot([1 - fraction] * 2, [0, 1 - top], color=figures.VERMILION, linewidth=1.2, linestyle=":")
    ax.plot([1 - fraction], [1 - top], marker="o", color=figures.VERMILION)
    ax.annotate(
        f"the other {1 - fraction:.0%}\nbring {1 - top:.0%}",
        (1 - fraction, 1 - top),
        xytext=(-10, 4),
        textcoords="offset points",
        ha="right",
        va="bottom",
    )
    ax.set(xlim=(0, 1), ylim=(0, 1), xlabel="share of customers, lowest value first", ylabel="share of value")
    ax.xaxis.set_major_formatter(_PERCENT)
    ax.yaxis.set_major_formatter(_PERCENT)
    ax.set_title(f"The top {fraction:.0%} bring {top:.0%} of the value (Gini {gini(values):.2f})")
    return ax


def plot_high_value_cutoff(
    rfm_table: pd.DataFrame, fraction: float = 0.2, ax: figures.Axes | None = None
) -> figures.Axes:
    """Customers from highest to lowest monetary value, cut at the top `fraction`.

    Parameters
    ----------
    rfm_table : pandas.DataFrame
        ``monetary`` (currency) is used.
    fraction : float
        Share of customers called high-value, between 0 and 1.
    ax : matplotlib.axes.Axes, optional

    Returns
    -------
    matplotlib.axes.Axes
    """
    monetary = np.sort(rfm_table["monetary"].to_numpy(dtype="float64"))[::-1]
    top = top_share(monetary, fraction)
    cut = monetary[max(round(fraction * monetary.size), 1) - 1]
    ax = figures.axes(ax)
    # One step per customer, so that few customers look like few.
    edges, heights = np.linspace(0, 1, monetary.size + 1), np.concatenate([monetary[:1], monetary])
    parts = ((0, fraction, top, figures.BLUE, 0.8), (fraction, 1, 1 - top, figures.ORANGE, 0.6))
    for low, high, brought, colour, alpha in parts:
        style = {"color": colour, "alpha": alpha, "linewidth": 0, "label": f"{brought:.0%} of revenue"}
        ax.fill_between(edges.clip(low, high), heights, step="pre", **style)
    ax.axvline(fraction, color="black", linewidth=1)
    ax.axhline(cut, color="black", linewidth=1, linestyle=":")
    ax.annotate(
        f"cut at {cut:,.2f}", (1, cut), xytext=(-4, 4), textcoords="offset points", ha="right", va="bottom"
    )
    # The few largest customers would flatten everybody else; the picture stops where the top hundredth begins.
    ax.set(xlim=(0, 1), ylim=(0, max(np.quantile(monetary, 0.99), cut) * 1.05 or 1))
    ax.set(
        xlabel="share of customers, highest value first", ylabel=f"spent ({figures.currency()} per customer)"
    )
    ax.xaxis.set_major_formatter(_PERCENT)
    ax.yaxis.set_major_formatter(_THOUSANDS)
    ax.legend(loc="center right")
    ax.set_title(f"The top {fraction:.0%}, from {cut:,.2f} up, bring {top:.0%} of the revenue")
    return ax


def plot_heatmap(
    rfm_table: pd.DataFrame, value: str = "customers", ax: figures.Axes | None = None
) -> figures.Axes:
    """Recency score against frequency score: how many customers, or their mean monetary value.

    Parameters
    ----------
    rfm_table : pandas.DataFrame
        ``r_score``, ``f_score`` and ``monetary`` are used.
    value : {"customers", "monetary"}
        The number of customers per cell, or their mean monetary value (currency). Cells nobody is in stay white.
    ax : matplotlib.axes.Axes, optional

    Returns
    -------
    matplotlib.axes.Axes
    """
    if value not in ("customers", "monetary"):
        raise UnknownName("value", value, ("customers", "monetary"))
    levels = range(1, int(rfm_table[["r_score", "f_score"]].to_numpy().max()) + 1)
    cells = rfm_table.groupby(["r_score", "f_score"])["monetary"].agg(
        "size" if value == "customers" else "mean"
    )
    grid = np.array([[cells.get((r, f), np.nan) for f in levels] for r in levels], dtype="float64")
    ax = figures.axes(ax, figsize=(6.4, 4.8))
    image = ax.imshow(grid, origin="lower", aspect="auto", cmap=figures.SEQUENTIAL, vmin=0)
    for (row, column), number in np.ndenumerate(grid):
        if np.isfinite(number):
            dark = image.norm(number) < 0.55
            ax.text(
                column, row, f"{number:,.0f}", ha="center", va="center", color="white" if dark else "black"
            )
    ticks = range(len(levels))
    nobody = np.isnan(grid).all(axis=0)  # equals share a score, so a score may go to nobody
    ax.set_xticks(
        ticks, [f"{level}\n(nobody)" if none else level for level, none in zip(levels, nobody, strict=True)]
    )
    ax.set_yticks(ticks, levels)
    ax.grid(False)
    ax.set(
        xlabel=f"frequency score ({levels[-1]} = most often)", ylabel=f"recency score ({levels[-1]} = latest)"
    )
    label = (
        "customers" if value == "customers" else f"mean monetary value ({figures.currency()} per customer)"
    )
    ax.figure.colorbar(image, ax=ax, label=label, format=_THOUSANDS, ticks=MaxNLocator(**_ROUND))
    # A cell of one or two customers can have any mean, so the title speaks of cells with a hundredth of them or more.
    sizes = rfm_table.groupby(["r_score", "f_score"]).size()
    r, f = cells[sizes >= 0.01 * len(rfm_table)].idxmax()
    if value == "customers":
        ax.set_title(f"The fullest cell, R{r} F{f}, holds {cells.max() / cells.sum():.0%} of customers")
    else:
        times = cells[r, f] / rfm_table["monetary"].mean()
        ax.set_title(f"Customers in cell R{r} F{f} are worth {times:.1f} times the average")
    return ax


def plot_segments(rfm_table: pd.DataFrame, ax: figures.Axes | None = None) -> figures.Axes:
    """Share of customers and share of revenue of every segment, side by side.

    Parameters
    ----------
    rfm_table : pandas.DataFrame
        As :func:`table` gives.
    ax : matplotlib.axes.Axes, optional

    Returns
    -------
    matplotlib.axes.Axes
    """
    summary = segment_summary(rfm_table)
    ax = figures.axes(ax, figsize=(7.5, 5.2))
    position = np.arange(len(summary))[::-1]
    bars = (
        ("share_of_revenue", "revenue", figures.BLUE, 0.2),
        ("share_of_customers", "customers", figures.ORANGE, -0.2),
    )
    for column, label, colour, offset in bars:
        drawn = ax.barh(position + offset, summary[column], height=0.4, color=colour, label=label)
        ax.bar_label(drawn, [f"{share:.1%}" for share in summary[column]], padding=3, fontsize="small")
    ax.set_yticks(position, summary["segment"])
    ax.grid(axis="y", visible=False)
    ax.set(
        xlabel="share of the total",
        xlim=(0, summary[["share_of_revenue", "share_of_customers"]].max(axis=None) * 1.15),
    )
    ax.xaxis.set_major_formatter(_PERCENT)
    ax.legend(title="share of", loc="lower right")
    first = summary.iloc[0]
    ax.set_title(
        f"{first['segment'].capitalize()}: {first['share_of_customers']:.0%} of customers, "
        f"{first['share_of_revenue']:.0%} of revenue"
    )
    return ax


def plot_distributions(rfm_table: pd.DataFrame, axes=None) -> np.ndarray:
    """How recency, frequency and monetary value are distributed, one panel each.

    Parameters
    ----------
    rfm_table : pandas.DataFrame
        ``recency_days``, ``frequency`` and ``monetary`` are used.
    axes : sequence of three matplotlib.axes.Axes, optional

    Returns
    -------
    numpy.ndarray of three matplotlib.axes.Axes
        Recency, frequency, monetary.
    """
    if axes is None:
        axes = figures.axes(ncols=3, figsize=(12, 3.8))
    elif len(axes) != 3:
        raise LabError(f"axes should be three Axes, found {len(axes)}.")
    recency, frequency, monetary = np.ravel(axes)
    _histogram(recency, rfm_table["recency_days"], figures.BLUE)
    recency.set(xlabel="days since the last purchase", ylabel="customers")
    recency.set_title(f"Half were away over {rfm_table['recency_days'].median():,.0f} days")
    most = int(min(rfm_table["frequency"].max(), 10))
    counts = rfm_table["frequency"].clip(upper=most).value_counts().reindex(range(1, most + 1), fill_value=0)
    frequency.bar(counts.index, counts, color=figures.ORANGE, width=0.8)
    more = rfm_table["frequency"].max() > most
    frequency.set_xticks(counts.index, [*map(str, counts.index[:-1]), f"{most}+" if more else str(most)])
    frequency.set(xlabel="days with a purchase", ylabel="customers")
    frequency.set_title(f"{(rfm_table['frequency'] == 1).mean():.0%} bought on a single day")
    _histogram(monetary, rfm_table["monetary"], figures.GREEN, upper=0.99)
    monetary.set(ylabel="customers")
    median, high = rfm_table["monetary"].quantile([0.5, 0.9])
    monetary.set_title(f"Median {median:,.0f}; a tenth above {high:,.0f}")
    for panel in (recency, frequency, monetary):
        panel.yaxis.set_major_locator(MaxNLocator(**_ROUND))
        panel.yaxis.set_major_formatter(_THOUSANDS)
    return np.array([recency, frequency, monetary])


def plot_gains(
    rfm_table: pd.DataFrame, holdout: pd.DataFrame, fraction: float = 0.2, ax: figures.Axes | None = None
) -> figures.Axes:
    """Gains curves: the holdout spend captured when customers are taken in the order of their RFM score.

    Parameters
    ----------
    rfm_table, holdout : pandas.DataFrame
        As for :func:`capture`.
    fraction : float
        Share of customers that the title speaks of.
    ax : matplotlib.axes.Axes, optional

    Returns
    -------
    matplotlib.axes.Axes
    """
    if not 0 < fraction < 1:
        raise LabError(f"fraction should be between 0 and 1, found {fraction!r}.")
    ax = figures.axes(ax, figsize=(6.8, 5))
    lines = {
        "perfect foresight": (figures.GREY, ":"),
        "RFM score, summed": (figures.BLUE, "-"),
        "monetary alone": (figures.ORANGE, "--"),
        "random": (figures.GREY, "--"),
    }
    captured = {}
    for ranking, (colour, style) in lines.items():
        curve = gains(rfm_table, holdout, ranking)
        x, y = curve["share_of_customers"], curve["share_of_holdout_spend"]
        captured[ranking] = np.interp(fraction, x, y)
        ax.plot(x, y, color=colour, linestyle=style, linewidth=2, label=f"{ranking}: {captured[ranking]:.0%}")
    ax.axvline(fraction, color="black", linewidth=0.8)
    ax.set(xlim=(0, 1), ylim=(0, 1.02), ylabel="share of holdout spend captured")
    ax.set(xlabel="share of customers taken, best first")
    ax.xaxis.set_major_formatter(_PERCENT)
    ax.yaxis.set_major_formatter(_PERCENT)
    ax.legend(title=f"captured by the top {fraction:.0%}", loc="lower right")
    by_score = captured["RFM score, summed"]
    ax.set_title(f"The top {fraction:.0%} by RFM score bring {by_score:.0%} of later spend")
    return ax


def _histogram(ax, values, colour, upper=None) -> None:
    """A histogram, cut at the quantile `upper` with the rest counted in the label, so that a long tail stays legible."""
    limit = values.max() if upper is None else values.quantile(upper)
    ax.hist(values[values <= limit], bins=30, color=colour, edgecolor="white", linewidth=0.4)
    ax.xaxis.set_major_locator(MaxNLocator(6, steps=[1, 2, 5, 10]))
    ax.xaxis.set_major_formatter(_THOUSANDS)
    if upper is not None:
        beyond = int((values > limit).sum())
        note = f"\n({beyond:,} customers above {limit:,.0f} not shown)" if beyond else ""
        ax.set_xlabel(f"monetary value ({figures.currency()} per customer){note}")
