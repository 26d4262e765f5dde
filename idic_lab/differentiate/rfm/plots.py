"""Pictures of RFM; every title is computed from the data it heads."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pandas as pd

from idic_lab import figures
from idic_lab.dataframes import given_day
from idic_lab.differentiate.rfm.curves import checked_share, gains, gini, lorenz, top_share
from idic_lab.differentiate.rfm.scores import segment_summary
from idic_lab.errors import DataError, LabError, pick

MOST_DRAWN = 12  # customers on one line of time


def _round_counts():
    from matplotlib.ticker import MaxNLocator

    return MaxNLocator(nbins="auto", integer=True, steps=[1, 2, 5, 10])


def plot_lorenz(values, fraction: float = 0.2, ax: figures.Axes | None = None) -> figures.Axes:
    """The Lorenz curve of value over customers, one value each, with the top `fraction` marked.

    >>> plot_lorenz([1, 1, 1, 1, 16]).get_title()
    'The top 20% bring 80% of the value (Gini 0.60)'
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
    label = {"xytext": (-10, 4), "textcoords": "offset points", "ha": "right", "va": "bottom"}
    ax.annotate(f"the other {1 - fraction:.0%}\nbring {1 - top:.0%}", (1 - fraction, 1 - top), **label)
    title = f"The top {fraction:.0%} bring {top:.0%} of the value (Gini {gini(values):.2f})"
    form = {"x_format": "percent", "y_format": "percent", "xlim": (0, 1), "ylim": (0, 1)}
    return figures.finish(ax, title, "share of customers, lowest value first", "share of value", **form)


def plot_spend(summary: pd.DataFrame, ax: figures.Axes | None = None) -> figures.Axes:
    """How many customers spent how much (``monetary``), with the mean and the median marked; the top 1% is not drawn.

    >>> plot_spend(pd.DataFrame({"monetary": [1.0, 2.0, 3.0, 4.0, 40.0]})).get_title()
    '80% of customers spent less than the mean'
    """
    ax, monetary = figures.axes(ax), summary["monetary"]
    _histogram(ax, monetary[monetary <= monetary.quantile(0.99)], figures.SKY)
    top = ax.get_ylim()[1]
    for row, (name, value) in enumerate({"mean": monetary.mean(), "median": monetary.median()}.items()):
        ax.axvline(value, color="black", linestyle="--" if name == "median" else "-")
        where = {"xytext": (6, -4 - 16 * row), "textcoords": "offset points", "va": "top"}
        ax.annotate(f"{name} {value:,.2f}", (monetary.mean(), top), **where)
    title = f"{(monetary < monetary.mean()).mean():.0%} of customers spent less than the mean"
    x = "spent per customer ({currency}; the top 1% are not shown)"
    return figures.finish(ax, title, x, "customers", y_format="count")


def plot_capture(captured: pd.DataFrame, ax: figures.Axes | None = None) -> figures.Axes:
    """What each ranking's top customers brought later (:func:`capture`), between lots and perfect foresight.

    >>> table = pd.DataFrame({"ranking": ["perfect foresight", "monetary alone", "random"], "captured": [0.9, 0.6, 0.2]})
    >>> plot_capture(table).get_title()
    'Closest: monetary alone, 60%; perfect foresight: 90%'
    """
    ordered = captured.sort_values("captured").reset_index(drop=True)
    # Those two are the ends of the scale, and the tested cells have seen a part of what they are judged on.
    ends = ordered["ranking"].isin(["perfect foresight", "random", "RFM cells, tested"])
    ax = figures.axes(ax, figsize=(7.5, 1 + 0.36 * len(ordered)))
    colours = np.where(ends, figures.GREY, figures.BLUE)
    ax.hlines(ordered.index, 0, ordered["captured"], color=colours, linewidth=1.5)
    ax.scatter(ordered["captured"], ordered.index, color=colours, s=45, zorder=3)
    for place, value in ordered["captured"].items():
        ax.annotate(f"{value:.0%}", (value, place), xytext=(8, 0), textcoords="offset points", va="center")
    ax.set_yticks(ordered.index, ordered["ranking"])
    ax.grid(axis="y", visible=False)
    best, most = ordered[~ends].iloc[-1], ordered["captured"].iloc[-1]
    title = f"Closest: {best['ranking']}, {best['captured']:.0%}; perfect foresight: {most:.0%}"
    return figures.finish(ax, title, "share of later spend brought by the top", x_format="percent", xlim=(0, 1.08))


def plot_high_value_cutoff(
    rfm_table: pd.DataFrame, fraction: float = 0.2, ax: figures.Axes | None = None
) -> figures.Axes:
    """Customers from highest to lowest ``monetary`` value, cut at the top `fraction`.

    >>> plot_high_value_cutoff(pd.DataFrame({"monetary": [100.0, 80, 60, 40, 20]}), 0.4).get_title()
    'The top 40%, from 80.00 up, bring 60% of the revenue'
    """
    monetary = np.sort(rfm_table["monetary"].to_numpy(dtype="float64"))[::-1]
    top = top_share(monetary, fraction)
    cut = monetary[max(round(fraction * monetary.size), 1) - 1]
    ax = figures.axes(ax)
    # One step per customer, so that few customers look like few.
    edges, heights = np.linspace(0, 1, monetary.size + 1), np.concatenate([monetary[:1], monetary])
    # The few largest customers would flatten everybody else; the picture stops where the top hundredth begins.
    highest = max(np.quantile(monetary, 0.99), cut) * 1.05 or 1
    for low, high, colour, alpha in ((0, fraction, figures.BLUE, 0.8), (fraction, 1, figures.ORANGE, 0.6)):
        ax.fill_between(edges.clip(low, high), heights, step="pre", color=colour, alpha=alpha, linewidth=0)
    ax.axvline(fraction, color="black", linewidth=1)
    ax.axhline(cut, color="black", linewidth=1, linestyle=":")
    label = {"xytext": (6, 4), "textcoords": "offset points", "va": "bottom"}
    ax.annotate(f"to the left: {top:.0%} of the revenue", (fraction, 0.6 * highest), **label)
    ax.annotate(f"to the right, below {cut:,.2f}: {1 - top:.0%}", (fraction, cut), **label)
    title = f"The top {fraction:.0%}, from {cut:,.2f} up, bring {top:.0%} of the revenue"
    x = "share of customers, highest value first"
    y = f"spent ({{currency}}; the largest, {monetary[0]:,.0f}, is cut off)"
    return figures.finish(ax, title, x, y, "percent", "count", xlim=(0, 1), ylim=(0, highest))


def plot_heatmap(rfm_table: pd.DataFrame, value: str = "customers", ax: figures.Axes | None = None) -> figures.Axes:
    """Recency score against frequency score: how many customers, or their mean monetary value.

    Parameters:
        value ({"customers", "monetary"}): Per cell; cells nobody is in stay white.

    >>> rfm_table = pd.DataFrame({"r_score": [1, 1, 2], "f_score": [1, 1, 2], "monetary": [5.0, 5.0, 20.0]})
    >>> plot_heatmap(rfm_table).get_title()
    'The fullest cell, R1 F1, holds 67% of customers'
    """
    pick("value", value, ("customers", "monetary"))
    levels = range(1, int(rfm_table[["r_score", "f_score"]].to_numpy().max()) + 1)
    within = rfm_table.groupby(["r_score", "f_score"])["monetary"]
    cells = within.agg("size" if value == "customers" else "mean")
    grid = np.array([[cells.get((r, f), np.nan) for f in levels] for r in levels], dtype="float64")
    ax = figures.axes(ax, figsize=(6.4, 4.8))
    image = ax.imshow(grid, origin="lower", aspect="auto", cmap=figures.SEQUENTIAL, vmin=0)
    figures.in_cells(ax, image, "{:,.0f}".format)
    nobody = np.isnan(grid).all(axis=0)  # equals share a score, so a score may go to nobody
    names = [f"{level}\n(nobody)" if none else level for level, none in zip(levels, nobody, strict=True)]
    ax.set_xticks(range(len(levels)), names)
    ax.set_yticks(range(len(levels)), levels)
    label = (
        "customers" if value == "customers" else figures.in_currency("mean monetary value ({currency} per customer)")
    )
    ax.figure.colorbar(image, ax=ax, label=label, format="{x:,.0f}", ticks=_round_counts())
    # A cell of one or two customers can have any mean, so the title speaks of cells with a hundredth of them or more.
    r, f = cells[within.size() >= 0.01 * len(rfm_table)].idxmax()
    title = f"The fullest cell, R{r} F{f}, holds {cells.max() / cells.sum():.0%} of customers"
    if value == "monetary":
        times = cells[r, f] / rfm_table["monetary"].mean()
        title = f"Customers in cell R{r} F{f} are worth {times:.1f} times the average"
    across, up = f"frequency score ({levels[-1]} = most often)", f"recency score ({levels[-1]} = latest)"
    return figures.finish(ax, title, across, up)


def plot_segments(rfm_table: pd.DataFrame, ax: figures.Axes | None = None) -> figures.Axes:
    """Share of customers and share of revenue of every segment, side by side.

    >>> rfm_table = pd.DataFrame({"segment": ["champions", "lost"], "recency_days": [5, 90], "frequency": [4, 1],
    ...     "monetary": [90.0, 10.0]})
    >>> plot_segments(rfm_table).get_title()
    'Champions: 50% of customers, 90% of revenue'
    """
    summary, shares = segment_summary(rfm_table), ["share_of_revenue", "share_of_customers"]
    ax = figures.axes(ax, figsize=(7.5, 5.2))
    position = np.arange(len(summary))[::-1]
    for column, colour, offset in zip(shares, (figures.BLUE, figures.ORANGE), (0.2, -0.2), strict=True):
        drawn = ax.barh(position + offset, summary[column], height=0.4, color=colour)
        said = [f"{share:.1%}" for share in summary[column]]
        said[0] += f" of {column.removeprefix('share_of_')}"
        ax.bar_label(drawn, said, padding=3, fontsize="small")
    ax.set_yticks(position, summary["segment"])
    ax.grid(axis="y", visible=False)
    name, revenue, customers = summary.loc[0, ["segment", *shares]]
    title = f"{name.capitalize()}: {customers:.0%} of customers, {revenue:.0%} of revenue"
    limit = summary[shares].max(axis=None) * 1.25
    return figures.finish(ax, title, "share of the total", x_format="percent", xlim=(0, limit))


def plot_distributions(rfm_table: pd.DataFrame, axes=None) -> np.ndarray:
    """How recency, frequency and monetary value are distributed, one panel each.

    >>> rfm_table = pd.DataFrame({"recency_days": [5, 90], "frequency": [4, 1], "monetary": [90.0, 10.0]})
    >>> [panel.get_title() for panel in plot_distributions(rfm_table)][:2]
    ['Half were away over 48 days', '50% bought on a single day']
    """
    axes = figures.axes(nrows=3, figsize=(7.5, 7.5)) if axes is None else axes
    if len(axes) != 3:
        raise LabError(f"axes should be three Axes, found {len(axes)}.")
    recency, frequency, monetary = panels = np.ravel(axes)
    days, counts, money = (rfm_table[name] for name in ("recency_days", "frequency", "monetary"))
    _histogram(recency, days, figures.BLUE)
    most = int(min(counts.max(), 10))
    bars = counts.clip(upper=most).value_counts().reindex(range(1, most + 1), fill_value=0)
    frequency.bar(bars.index, bars, color=figures.ORANGE, width=0.8)
    last = f"{most}+" if counts.max() > most else str(most)
    frequency.set_xticks(bars.index, [*map(str, bars.index[:-1]), last])
    median, high, limit = money.quantile([0.5, 0.9, 0.99])
    _histogram(monetary, money[money <= limit], figures.GREEN)
    beyond = int((money > limit).sum())
    note = f"\n({beyond:,} customers above {limit:,.0f} not shown)" if beyond else ""
    said = {
        f"Half were away over {days.median():,.0f} days": "days since the last purchase",
        f"{(counts == 1).mean():.0%} bought on a single day": "days with a purchase",
        f"Median {median:,.0f}; a tenth above {high:,.0f}": f"monetary value ({{currency}} per customer){note}",
    }
    for panel, (title, label) in zip(panels, said.items(), strict=True):
        figures.finish(panel, title, label, "customers", y_format="count")
        panel.yaxis.set_major_locator(_round_counts())
    return panels


def _histogram(ax, values, colour) -> None:
    from matplotlib.ticker import MaxNLocator

    ax.hist(values, bins=30, color=colour, edgecolor="white", linewidth=0.4)
    ax.xaxis.set_major_locator(MaxNLocator(6, steps=[1, 2, 5, 10]))
    ax.xaxis.set_major_formatter("{x:,.0f}")


def plot_gains(
    rfm_table: pd.DataFrame, holdout: pd.DataFrame, fraction: float = 0.2, ax: figures.Axes | None = None
) -> figures.Axes:
    """Gains curves: the holdout spend captured when customers are taken in the order of their RFM score.

    >>> rfm_table = pd.DataFrame({"customer_id": ["a", "b"], "recency_days": [1, 9], "frequency": [2, 1],
    ...     "monetary": [9.0, 1.0], "r_score": [2, 1], "f_score": [2, 1], "m_score": [2, 1]})
    >>> holdout = pd.DataFrame({"customer_id": ["a", "b"], "holdout_spend": [3.0, 1.0]})
    >>> plot_gains(rfm_table, holdout, 0.5).get_title()
    'The top 50% by RFM score bring 75% of later spend'
    """
    checked_share(fraction)
    ax = figures.axes(ax, figsize=(6.8, 5))
    colours, captured = (figures.GREY, figures.BLUE, figures.ORANGE, figures.GREY), {}
    rankings = ("perfect foresight", "RFM score, summed", "monetary alone", "random")
    for ranking, colour, style in zip(rankings, colours, (":", "-", "--", "--"), strict=True):
        x, y = gains(rfm_table, holdout, ranking).to_numpy().T
        captured[ranking] = np.interp(fraction, x, y)
        ax.plot(x, y, color=colour, linestyle=style, linewidth=2, label=f"{ranking}: {captured[ranking]:.0%}")
    ax.axvline(fraction, color="black", linewidth=0.8)
    title = f"The top {fraction:.0%} by RFM score bring {captured['RFM score, summed']:.0%} of later spend"
    x, y = "share of customers taken, best first", "share of holdout spend captured"
    legend = {"title": f"captured by the top {fraction:.0%}", "loc": "lower right"}
    return figures.finish(ax, title, x, y, "percent", "percent", legend, xlim=(0, 1), ylim=(0, 1.02))


def plot_two_recencies(
    transactions: pd.DataFrame, observation_end: str | dt.date | None = None, ax: figures.Axes | None = None
) -> figures.Axes:
    """A few customers' purchases on a line of time, with two quantities of one name marked in days.

    From the first to the last purchase runs ``recency``, as the buy-till-you-die models mean it; from the last purchase to
    the end of observation runs ``recency_days``, as RFM means it; together they are the customer's age, ``T``.

    Parameters:
        transactions: ``customer_id``, ``date``, ``amount`` of up to 12 customers; returns are not drawn.
        observation_end: Last day looked at, itself included. The latest date in the data by default.

    >>> rows = pd.DataFrame({"customer_id": ["ann", "ann", "bob"], "amount": 9.0,
    ...     "date": pd.to_datetime(["2024-01-01", "2024-03-01", "2024-02-01"])})
    >>> plot_two_recencies(rows, "2024-03-31").get_title()
    'Bought last: ann. Shortest from first to last purchase: bob.'
    """
    from matplotlib.dates import ConciseDateFormatter

    end = transactions["date"].max() if observation_end is None else given_day(observation_end, "observation_end")
    bought = transactions[transactions["amount"].ge(0) & transactions["date"].le(end)]
    spans = bought.groupby("customer_id", sort=False)["date"].agg(["min", "max"])
    if not 1 <= len(spans) <= MOST_DRAWN:
        found = f"{len(spans):,} customers bought by {end:%Y-%m-%d}"
        raise DataError(f"transactions: {found}; choose from 1 to {MOST_DRAWN}.")
    ax = figures.axes(ax, figsize=(9, 1.2 + 0.7 * len(spans)))
    looks = {
        "purchase": {"color": "black", "marker": "o", "linestyle": "", "markersize": 6},
        "recency": {"color": figures.BLUE, "linewidth": 4},
        "recency_days": {"color": figures.ORANGE, "linewidth": 4, "linestyle": "--"},
    }
    handles = [ax.plot([], [], **look)[0] for look in looks.values()]
    for row, (customer, (first, last)) in enumerate(spans.iterrows()):
        for begin, finish, name in ((first, last, "recency"), (last, end, "recency_days")):
            if days := (finish - begin).days:
                ax.plot([begin, finish], [row, row], **looks[name])
                ax.text(begin + (finish - begin) / 2, row - 0.12, f"{days:,} days", ha="center", va="bottom")
        days = bought.loc[bought["customer_id"] == customer, "date"]
        ax.plot(days, [row] * len(days), **looks["purchase"])
    ax.axvline(end, color="black", linewidth=1)
    ax.set_yticks(range(len(spans)), [str(customer) for customer in spans.index])
    ax.grid(axis="y", visible=False)
    ax.xaxis.set_major_formatter(ConciseDateFormatter(ax.xaxis.get_major_locator()))
    silent, shortest = (end - spans["max"]).dt.days, (spans["max"] - spans["min"]).idxmin()
    title = f"Bought last: {silent.idxmin()}. Shortest from first to last purchase: {shortest}."
    if len(spans) > 1 and silent.max() - silent.min() <= 0.02 * silent.max():
        title = f"Silent about equally long; {shortest} bought over a shorter time"
    x = f"date; the line is the end of observation, {end:%Y-%m-%d}"
    legend = {"handles": handles, "labels": list(looks), "loc": "upper left", "bbox_to_anchor": (1.01, 1)}
    return figures.finish(ax, title, x, "customer", legend=legend, ylim=(len(spans) - 0.4, -0.6))
