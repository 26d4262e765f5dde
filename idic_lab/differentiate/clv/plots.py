"""Figures of lifetime value: each draws one of the tables this package makes, and its title says what it shows."""

from __future__ import annotations

from functools import partial

import numpy as np
import pandas as pd

from idic_lab import figures
from idic_lab.differentiate.clv.fitted_model import FittedModel, require
from idic_lab.differentiate.clv.grouping import UNIT
from idic_lab.errors import DataError, pick

UNIT_NAMES = {1.0: "days", 7.0: "weeks", 30.4375: "months", 365.0: "years", 365.25: "years"}


def unit_name(table: pd.DataFrame) -> str:
    """What a table's unit of time is called on an axis.

    >>> unit_name(pd.DataFrame({"T": [4.0], "unit_days": [7.0]})), unit_name(pd.DataFrame({"T": [4.0]}))
    ('weeks', 'units of time')
    """
    days = float(table[UNIT].iloc[0]) if UNIT in table else None
    return "units of time" if days is None else UNIT_NAMES.get(days, f"units of {days:g} days")


def plot_tracking(table: pd.DataFrame, cumulative: bool = True, ax: figures.Axes | None = None) -> figures.Axes:
    """Repeat purchases over time (`tracking`), actual and expected, with the end of the calibration marked.

    Parameters:
        cumulative: The total so far; False draws each period by itself.

    >>> weeks = pd.DataFrame({"period": [1, 2], "actual": [10, 10], "expected": [10.0, 9.0], "unit_days": 7.0,
    ...     "actual_cumulative": [10, 20], "expected_cumulative": [10.0, 19.0], "in_holdout": [False, True]})
    >>> plot_tracking(weeks).get_title()
    'Expected repeat purchases are 10% below actual in the holdout'
    """
    ax, unit = figures.axes(ax), unit_name(table)
    suffix = "_cumulative" if cumulative else ""
    ax.plot(table["period"], table[f"actual{suffix}"], color=figures.BLACK, label="actual")
    style = {"color": figures.ORANGE, "ls": "--", "lw": 2}
    ax.plot(table["period"], table[f"expected{suffix}"], label="expected", **style)
    ahead = table[table["in_holdout"]]
    if len(ahead):
        start = ahead["period"].iloc[0]
        ax.axvline(start - 0.5, color=figures.GREY, lw=1)
        ax.text(start - 0.3, 0.03, "holdout", transform=ax.get_xaxis_transform(), color="#555555")
    part, where = (ahead, "the holdout") if len(ahead) else (table, "the whole period")
    off = part["expected"].sum() / max(part["actual"].sum(), 1) - 1
    title = f"Expected repeat purchases are {abs(off):.0%} {'above' if off > 0 else 'below'} actual in {where}"
    x = f"time since the first customer started ({unit})"
    y = "repeat purchase days" + (", cumulative" if cumulative else f" per {unit.removesuffix('s')}")
    return figures.finish(ax, title, x, y, y_format="count", legend=True, ylim=(0, None))


def plot_conditional_expectations(table: pd.DataFrame, ax: figures.Axes | None = None) -> figures.Axes:
    """Holdout purchases by calibration purchases (`conditional_expectations`): bars happened, lines were expected.

    >>> table = pd.DataFrame({"frequency": ["0", "1+"], "customers": [8, 2], "actual": [0.2, 1.0], "BG/NBD": [0.3, 1.0]})
    >>> plot_conditional_expectations(table).get_title()
    'BG/NBD is off by 0.08 purchases per customer'
    """
    ax = figures.axes(ax)
    ax.bar(table["frequency"], table["actual"], color="#D9D9D9", edgecolor=figures.GREY, label="actual")
    models = [name for name in table.columns if name not in ("frequency", "customers", "actual")]
    for name, colour, style in zip(models, figures.CYCLE, ["o-", "s--", "^:", "D-."] * 2, strict=False):
        ax.plot(table["frequency"], table[name], style, color=colour, label=name, markersize=5)
    off = {name: np.average((table[name] - table["actual"]).abs(), weights=table["customers"]) for name in models}
    best = min(off, key=off.get)
    verb = "comes closest:" if len(off) > 1 else "is"
    title = f"{best[0].upper()}{best[1:]} {verb} off by {off[best]:.2f} purchases per customer"
    x, y = "repeat purchase days in calibration", "purchase days in holdout, mean per customer"
    return figures.finish(ax, title, x, y, legend=True)


def plot_count_histogram(table: pd.DataFrame, ax: figures.Axes | None = None) -> figures.Axes:
    """Customers by number of repeat purchases, from `count_histogram`: what happened beside what the model expects.

    >>> table = pd.DataFrame({"frequency": ["0", "1", "2+"], "actual": [60, 25, 15], "expected": [58.0, 26.0, 16.0]})
    >>> plot_count_histogram(table).get_title()
    'The model places 2% of customers under another number of purchases'
    """
    ax = figures.axes(ax)
    place = np.arange(len(table))
    ax.bar(place - 0.2, table["actual"], 0.4, color="#D9D9D9", edgecolor=figures.GREY, label="actual")
    ax.bar(place + 0.2, table["expected"], 0.4, color=figures.BLUE, label="expected")
    ax.set_xticks(place, table["frequency"])
    off = (table["actual"] - table["expected"]).abs().sum() / 2 / table["actual"].sum()
    title = f"The model places {off:.0%} of customers under another number of purchases"
    return figures.finish(ax, title, x="repeat purchase days", y="customers", y_format="count", legend=True)


def plot_alive_path(*tables: pd.DataFrame, ax: figures.Axes | None = None) -> figures.Axes:
    """P(alive) day by day, each table from `alive_path` of one customer, with the purchase days marked.

    >>> path = pd.DataFrame({"date": pd.to_datetime(["2024-01-01", "2024-01-02"]), "probability_alive": [1.0, 0.98],
    ...     "purchase": [True, False]})
    >>> plot_alive_path(path).get_title()
    'P(alive) is 0.98 after 1 purchase'
    """
    if not tables or not all(len(table) for table in tables):
        raise DataError("The path has no days to draw.")
    ax, said = figures.axes(ax), []
    for row, (table, colour, style) in enumerate(zip(tables, figures.CYCLE, ["-", "--", ":"] * 3, strict=False)):
        ax.plot(table["date"], table["probability_alive"], style, color=colour, lw=2)
        bought = table.loc[table["purchase"], "date"]
        ax.plot(bought, np.full(len(bought), 0.03 + 0.06 * row), "|", color=colour, ms=11, mew=2)
        last = table["probability_alive"].iloc[-1]
        ax.annotate(f" {last:.2f}", (table["date"].iloc[-1], last), color=colour, va="center")
        said.append(f"{last:.2f} after {len(bought):,} purchase{'s' * (len(bought) != 1)}")
    ax.tick_params(axis="x", rotation=30)
    title, across = f"P(alive) is {', '.join(said)}", "date (ticks at the foot: purchase days)"
    return figures.finish(ax, title, x=across, y="P(alive)", ylim=(-0.04, 1.05))


def plot_population(model: FittedModel, axes=None) -> np.ndarray:
    """How customers differ under a BG/NBD: their rates of buying, and their probabilities of leaving, one panel each.

    >>> from idic_lab.differentiate import clv
    >>> model = clv.from_parameters("bg_nbd", r=0.243, alpha=4.414, a=0.793, b=2.426, unit_days=7)
    >>> [panel.get_title() for panel in plot_population(model)]
    ['59% would buy less than once a year', '52% leave less than one time in five']
    """
    from scipy.stats import beta, gamma

    require(model, "bg_nbd")
    r, alpha, a, b = model.theta
    years = np.array([0, 1, 2, 4, 8, 16, np.inf])
    chances = np.linspace(0, 1, 6)
    buying = np.diff(gamma.cdf(years * (model.unit_days_ or 365) / 365, r, scale=1 / alpha))
    leaving = np.diff(beta.cdf(chances, a, b))
    panels = figures.axes(nrows=2, figsize=(7.5, 5.6), sharey=True) if axes is None else axes
    names = ["below 1", "1-2", "2-4", "4-8", "8-16", "above 16"], [f"{low:.0%}-{low + 0.2:.0%}" for low in chances[:-1]]
    titles = (f"{buying[0]:.0%} would buy less than once a year", f"{leaving[0]:.0%} leave less than one time in five")
    across = ("purchases a year while alive", "probability of leaving after a repeat purchase")
    shares = zip(panels, (buying, leaving), names, (figures.BLUE, figures.ORANGE), titles, across, strict=True)
    for panel, share, labels, colour, title, x in shares:
        panel.bar_label(panel.bar(labels, share, color=colour), [f"{each:.0%}" for each in share])
        figures.finish(panel, title, x=x, y="share of customers", y_format="percent")
    return panels


def plot_frequency_recency_matrix(
    table: pd.DataFrame, quantity: str = "expected_purchases", ax: figures.Axes | None = None
) -> figures.Axes:
    """Expected purchases or P(alive) over frequency and recency (`frequency_recency_matrix`), as a map.

    Parameters:
        quantity ({"expected_purchases", "probability_alive"})

    >>> from idic_lab.differentiate import clv
    >>> model = clv.from_parameters("bg_nbd", r=0.243, alpha=4.414, a=0.793, b=2.426, unit_days=7)
    >>> plot_frequency_recency_matrix(clv.frequency_recency_matrix(model, age=39.0, horizon=39.0)).get_title()
    'Last seen in week 24: 6 purchases promise more than 25'
    """
    when = f" in the next {table['horizon'].iloc[0]:g} {unit_name(table)}"
    labels = {"expected_purchases": f"Expected purchase days{when}", "probability_alive": "P(alive)"}
    label = pick("quantity", quantity, labels)

    def finding(column):
        if quantity == "expected_purchases":
            return _where_most(column, "promise", "to come")
        first, last, most = column.iloc[0], column.iloc[-1], column.index[-1]
        return f"P(alive) is {first:.2f} after 1 repeat purchase, {last:.2f} after {most}"

    return _map(ax, table, quantity, label, finding)


def plot_shrinkage(spend_model: FittedModel, most: int = 15, ax: figures.Axes | None = None) -> figures.Axes:
    """How much a customer's own mean amount counts in the Gamma-Gamma's expectation, by the number of repeat purchases.

    >>> from idic_lab.differentiate import clv
    >>> plot_shrinkage(clv.from_parameters("gamma_gamma", p=6.25, q=3.74, gamma=15.4)).get_title()
    'Own mean counts for 70% after 1 repeat purchase, 96% after 10'
    """
    require(spend_model, "gamma_gamma")
    p, q, _ = spend_model.theta
    counts = np.arange(1, most + 1)
    own = p * counts / (p * counts + q - 1)
    ax = figures.axes(ax, figsize=(7.5, 3.6))
    ax.bar(counts, own, color=figures.BLUE)
    ax.bar(counts, 1 - own, bottom=own, color="#D9D9D9")
    ax.set_xticks(counts)
    ten = min(10, most)
    title = f"Own mean counts for {own[0]:.0%} after 1 repeat purchase, {own[ten - 1]:.0%} after {ten}"
    x, y = "repeat purchase days", "weight of own mean (grey: of the mean of all)"
    return figures.finish(ax, title, x=x, y=y, y_format="percent", ylim=(0, 1))


def plot_worth_by_model(
    table: pd.DataFrame, what: str = "All customers", ax: figures.Axes | None = None
) -> figures.Axes:
    """What customers are worth under each model, with what its parameters leave open (`worth_by_model`).

    Parameters:
        what: Whose worth it is, for the title.

    >>> table = pd.DataFrame({"model": ["BG/NBD", "Pareto/NBD"], "clv": [100.0, 130.0], "expected_low": [95.0, 125.0],
    ...     "expected_high": [105.0, 135.0]})
    >>> plot_worth_by_model(table).get_title()
    'All customers: 100 to 130 by model; ±5% within one'
    """
    ax = figures.axes(ax, figsize=(7.5, 1.4 + 0.5 * len(table)))
    place, worth = np.arange(len(table)), table["clv"]
    ax.hlines(place, table["expected_low"], table["expected_high"], color=figures.BLUE, lw=5, alpha=0.45)
    ax.plot(worth, place, "o", color=figures.BLUE)
    form = "{:,.0f}" if worth.max() >= 100 else "{:,.2f}"
    for row, value in enumerate(worth):
        ax.annotate(form.format(value), (value, row), xytext=(0, 7), textcoords="offset points", ha="center")
    ax.set_yticks(place, table["model"])
    ax.locator_params(axis="x", nbins=4)
    ax.margins(x=0.12)
    ax.invert_yaxis()
    own = ((table["expected_high"] - table["expected_low"]) / 2 / worth).max()
    span = " to ".join(dict.fromkeys(form.format(value) for value in (worth.min(), worth.max())))
    title = f"{what}: {span} by model; ±{own:.0%} within one"
    x = "value ({currency}; the line: 95% interval from the parameters alone)"
    return figures.finish(ax, title, x, x_format=form.replace(":", "x:"), ylim=(len(table) - 0.5, -0.7))


def plot_iso_value(table: pd.DataFrame, ax: figures.Axes | None = None) -> figures.Axes:
    """Residual value over frequency and recency (`iso_value`), with contours that join customers worth the same.

    >>> from idic_lab.differentiate import clv
    >>> model = clv.from_parameters("pareto_nbd", r=0.563, alpha=12.559, s=0.40811, beta=10.5148, unit_days=7)
    >>> plot_iso_value(clv.iso_value(model, age=77.86, discount_rate_per_unit=0.0027)).get_title()
    'Last seen in week 48: 6 purchases are worth more than 25'
    """
    labels = {
        "residual_value": figures.in_currency("residual value ({currency})"),
        "dert": "discounted purchases to come",
    }
    quantity = "residual_value" if "residual_value" in table else "dert"
    return _map(ax, table, quantity, labels[quantity], partial(_where_most, more="are worth", after="worth"), True)


def _where_most(column: pd.Series, more: str, after: str) -> str:
    best, most = column.idxmax(), column.index[-1]
    return f"{best} purchases {more} more than {most}" if best < most else f"the more purchases, the more {after}"


def _map(ax, table: pd.DataFrame, quantity: str, label: str, finding, contours: bool = False):
    """Draw the map; its title is found in what stands, by frequency, at a middling recency."""
    ax, unit = figures.axes(ax), unit_name(table)
    grid = table[table["frequency"] > 0].pivot_table(index="frequency", columns="recency", values=quantity)
    drawn = ax.pcolormesh(grid.columns, grid.index, grid.to_numpy(), shading="nearest", rasterized=True)
    if contours:
        style = {"levels": 8, "colors": "white", "linewidths": 0.9}
        ax.clabel(ax.contour(grid.columns, grid.index, grid.to_numpy(), **style), fontsize=8, fmt="%g")
    ax.figure.colorbar(drawn, ax=ax, label=label)
    ax.grid(False)
    seen = grid.columns[int(len(grid.columns) * 0.6)]
    title = f"Last seen in {unit.removesuffix('s')} {seen:.0f}: {finding(grid[seen])}"
    x = f"time from first to last purchase ({unit}; known for {table['T'].iloc[0]:.0f})"
    return figures.finish(ax, title, x, "repeat purchase days")
