"""Figures of recommendations, complements, configurations."""

from __future__ import annotations

import textwrap

import numpy as np
import pandas as pd

from idic_lab import figures
from idic_lab.customize.products.configuration import options_of, refusals


def plot_evaluation(table: pd.DataFrame, k: int = 10, ax: figures.Axes | None = None) -> figures.Axes:
    """Recall of each recommender with its interval, the popularity list marked.

    Parameters
    ----------
    table : DataFrame
        From `evaluate`.
    k : int
        Length of the lists, for the axis.
    ax : Axes, optional

    Returns
    -------
    Axes
    """
    ax = figures.axes(ax, figsize=(8, 0.55 * len(table) + 1.4))
    ordered = table.sort_values("recall", ignore_index=True)
    place = np.arange(len(ordered))
    colour = [figures.GREY if name == "popularity" else figures.BLUE for name in ordered["recommender"]]
    ax.barh(place, ordered["recall"], color=colour, height=0.62)
    spread = ordered[["recall_low", "recall_high"]].sub(ordered["recall"], axis=0).abs().to_numpy().T
    ax.errorbar(ordered["recall"], place, xerr=spread, fmt="none", ecolor="black", capsize=3, lw=1)
    ax.set_yticks(place, ordered["recommender"])
    ax.grid(axis="y", visible=False)
    baseline = float(table.loc[table["recommender"] == "popularity", "recall"].iloc[0])
    ax.axvline(baseline, color=figures.BLACK, lw=1, ls="--")
    best = ordered.iloc[-1]
    beaten = "" if best["recommender"] == "popularity" else f", popularity {baseline:.0%}"
    ax.set_title(f"{best['recommender'].capitalize()} finds {best['recall']:.0%} of later purchases{beaten}")
    ax.set_xlabel(f"recall in a list of {k} (share of later purchases; lines: 95% intervals)")
    ax.xaxis.set_major_formatter("{x:.0%}")
    return ax


def plot_complements(
    table: pd.DataFrame, names: pd.Series | None = None, ax: figures.Axes | None = None
) -> figures.Axes:
    """Pairs of complements: orders with both, beside those expected by chance.

    Parameters
    ----------
    table : DataFrame
        From `complements`.
    names : Series, optional
        Product names by product number.
    ax : Axes, optional

    Returns
    -------
    Axes
    """
    ax = figures.axes(ax, figsize=(8, 0.38 * len(table) + 1.6))
    ordered = table.sort_values("together", ignore_index=True)
    called = (lambda ids: ids) if names is None else (lambda ids: ids.map(names).fillna(ids))
    labels = called(ordered["product_id"]) + " + " + called(ordered["complement_id"])
    place = np.arange(len(ordered))
    ax.hlines(place, ordered["expected"], ordered["together"], color=figures.GREY, lw=2)
    ax.plot(ordered["expected"], place, "o", mfc="white", color=figures.BLACK, label="expected by chance")
    ax.plot(ordered["together"], place, "o", color=figures.VERMILION, label="orders with both")
    ax.set_yticks(place, labels)
    ax.set_xlim(left=0)
    ax.set_title(f"{len(table)} pairs come together more often than chance explains")
    ax.set_xlabel("orders")
    ax.legend(loc="lower right")
    return ax


def plot_coverage(table: pd.DataFrame, name: str = "", ax: figures.Axes | None = None) -> figures.Axes:
    """Share of customers served as well as by all options, by the number of extra options kept.

    Parameters
    ----------
    table : DataFrame
        From `coverage`.
    name : str
        Name of the product, for the title.
    ax : Axes, optional

    Returns
    -------
    Axes
    """
    ax = figures.axes(ax)
    ax.plot(table["extra_options"], table["covered"], "o-", color=figures.BLUE)
    for row in table.itertuples():
        ax.annotate(
            f"{row.combinations:,}",
            (row.extra_options, row.covered),
            (0, -16),
            textcoords="offset points",
            ha="center",
        )
    enough = table[table["covered"] >= 0.8].iloc[0]
    ax.set_title(
        f"{name}{': ' if name else ''}{enough['extra_options']} of {table['extra_options'].max()} extra options "
        f"suit {enough['covered']:.0%} of customers"
    )
    ax.set_xlabel("extra options kept (number below a point: combinations they make)")
    ax.set_ylabel("customers served as well as by all")
    ax.set_ylim(min(0, table["covered"].min() - 0.1), 1.05)
    ax.yaxis.set_major_formatter("{x:.0%}")
    return ax


def plot_configuration(
    product_options: pd.DataFrame,
    product: pd.Series,
    fit: pd.DataFrame,
    chosen: list[str],
    ax: figures.Axes | None = None,
) -> figures.Axes:
    """A chosen combination: how well it fits each need, its price and margin; or why it cannot be had.

    Parameters
    ----------
    product_options : DataFrame
    product : Series
        The product's row: ``product_id``, ``name``, ``list_price``, ``unit_cost``.
    fit : DataFrame
        From `option_fit`.
    chosen : list of str
        Option numbers.
    ax : Axes, optional

    Returns
    -------
    Axes
    """
    ax = figures.axes(ax, figsize=(8, 3.4))
    reasons = refusals(product_options, chosen)
    if reasons:
        ax.axis("off")
        ax.set_title(f"{product['name']}: this combination is refused")
        ax.text(0.02, 0.8, textwrap.fill(" ".join(reasons), 70), transform=ax.transAxes, va="top")
        return ax
    options = options_of(product_options, product["product_id"]).set_index("option_id").loc[chosen]
    price = product["list_price"] + options["extra_price"].sum()
    margin = price - product["unit_cost"] - options["extra_cost"].sum()
    total = fit[fit["option_id"].isin(chosen)].groupby("segment")["fit"].sum().sort_values()
    ax.barh(total.index, total, color=np.where(total > 0, figures.GREEN, figures.GREY), height=0.6)
    ax.axvline(0, color=figures.BLACK, lw=1)
    ax.grid(axis="y", visible=False)
    ax.set_title(f"{product['name']} at {price:,.2f}, margin {margin:,.2f}:\nbest for “{total.index[-1]}”")
    ax.set_xlabel(
        textwrap.fill(
            "fit (wishes met more, or less, than among customers in general): "
            + ", ".join(options["option"]),
            95,
        )
    )
    return ax
