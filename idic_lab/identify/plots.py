"""Figures of the identify stage, each beside nothing but the numbers it is given."""

from __future__ import annotations

import numpy as np
import pandas as pd

from idic_lab import figures
from idic_lab.errors import UnknownName


def plot_coverage(shares: pd.DataFrame, ax: figures.Axes | None = None) -> figures.Axes:
    """Which source fills in which column, as a table of shades.

    Parameters
    ----------
    shares : DataFrame
        As :func:`coverage` returns it.
    """
    columns = shares.mean().sort_values(ascending=False).index
    emptiest = shares.mean().idxmin()
    ax = _shades(shares[columns], ax)
    ax.set_title(f"No source has everything: {emptiest.replace('_', ' ')} is missing most often")
    ax.set(xlabel="column", ylabel="source")
    return ax


def plot_overlap(shares: pd.DataFrame, ax: figures.Axes | None = None) -> figures.Axes:
    """Of the customers known at one touchpoint, how many are known at another.

    Parameters
    ----------
    shares : DataFrame
        As :func:`overlap` returns it.
    """
    ax = _shades(shares, ax)
    off = shares.where(~np.eye(len(shares), dtype=bool))
    ax.set_title(f"Sources overlap, from {off.min().min():.0%} to {off.max().max():.0%}")
    ax.set(xlabel="share also known at", ylabel="of those known at")
    return ax


def _shades(shares: pd.DataFrame, ax: figures.Axes | None) -> figures.Axes:
    ax = figures.axes(ax, figsize=(7.5, 0.55 * len(shares) + 1.8))
    ax.grid(False)
    ax.imshow(shares, vmin=0, vmax=1, aspect="auto", cmap=figures.SEQUENTIAL)
    ax.set_xticks(
        range(shares.shape[1]), [str(name).replace("_", "\n") for name in shares.columns], fontsize=8
    )
    ax.set_yticks(range(len(shares)), [str(name).replace("_", " ") for name in shares.index])
    for (row, column), share in np.ndenumerate(shares.to_numpy()):
        colour = "black" if share > 0.55 else "white"
        ax.text(column, row, f"{share:.0%}", ha="center", va="center", color=colour, fontsize=9)
    return ax


def plot_weights(table: pd.DataFrame, ax: figures.Axes | None = None) -> figures.Axes:
    """What each level of agreement counts for, in bits.

    Parameters
    ----------
    table : DataFrame
        As :func:`weights` returns it.
    """
    ax = figures.axes(ax, figsize=(7.5, 0.27 * len(table) + 1.2))
    place = np.arange(len(table))[::-1]
    colours = np.where(table["weight"] > 0, figures.BLUE, figures.VERMILION)
    ax.barh(place, table["weight"], color=colours)
    labels = table["comparison"].str.replace("_", " ") + ": " + table["level"].map(_plain_level)
    ax.set_yticks(place, labels, fontsize=8)
    ax.axvline(0, color="black", linewidth=0.8)
    ax.grid(False, axis="y")
    strongest = table.loc[table["weight"].idxmax()]
    ax.set_title(
        f"The strongest evidence: {strongest['comparison'].replace('_', ' ')}, {_plain_level(strongest['level'])}"
    )
    ax.set_xlabel("weight (bits): right of 0 speaks for one person, left of it against")
    return ax


def _plain_level(level: str) -> str:
    if level.startswith("Exact"):
        return "the same"
    if level.startswith(("Jaro", "Levenshtein")):
        return "nearly the same"
    return "different" if level.startswith("All other") else level


def plot_threshold(curve: pd.DataFrame, threshold: float, ax: figures.Axes | None = None) -> figures.Axes:
    """Precision and recall at every threshold, with the chosen one marked.

    Parameters
    ----------
    curve : DataFrame
        As :func:`threshold_curve` returns it.
    """
    ax = figures.axes(ax)
    at = curve.iloc[min(np.searchsorted(curve["threshold"], threshold), len(curve) - 1)]
    for name, colour, style in (("precision", figures.BLUE, "-"), ("recall", figures.ORANGE, "--")):
        ax.plot(
            curve["threshold"], curve[name], color=colour, linestyle=style, label=name, drawstyle="steps-pre"
        )
        ax.plot(threshold, at[name], "o", color=colour, clip_on=False)
    ax.axvline(threshold, color=figures.GREY, linewidth=1)
    ax.set(xlabel="threshold (probability)", ylabel="share of pairs", ylim=(None, 1.01))
    ax.set_title(f"At {threshold:.2f}: precision {at['precision']:.1%}, recall {at['recall']:.1%}")
    ax.legend(loc="lower left")
    return ax


def plot_cost(curve: pd.DataFrame, threshold: float, ax: figures.Axes | None = None) -> figures.Axes:
    """What the mistakes cost at every threshold, with the chosen one and the cheapest marked.

    Parameters
    ----------
    curve : DataFrame
        As :func:`threshold_curve` returns it.
    """
    ax = figures.axes(ax)
    at = curve.iloc[min(np.searchsorted(curve["threshold"], threshold), len(curve) - 1)]
    best = curve.loc[curve["cost"].idxmin()]
    ax.plot(curve["threshold"], curve["cost"], color=figures.GREEN, drawstyle="steps-pre")
    ax.plot(threshold, at["cost"], "o", color=figures.GREEN, label="chosen")
    ax.plot(best["threshold"], best["cost"], "D", color=figures.VERMILION, label="cheapest")
    ax.axvline(threshold, color=figures.GREY, linewidth=1)
    ax.set(
        xlabel="threshold (probability)",
        ylabel="cost of mistakes",
        ylim=(0, 3 * max(at["cost"], best["cost"], 1)),
    )
    ax.set_title(f"Mistakes cost {at['cost']:,.0f}; at best {best['cost']:,.0f}")
    ax.legend(loc="upper left")
    return ax


_CARD = (
    ("age_band", "Age {}"), ("city", "lives in {}"), ("kind", "{}"), ("touchpoints", "known at {}"),
    ("channels_allowed", "may be contacted: {}"), ("main_channel", "buys mostly in {}"),
    ("favourite_category", "prefers {}"), ("visits", "{:,.0f} visits"), ("complaints", "{:,.0f} complaints"),
    ("account_role", "{} in an organisation"), ("completeness", "{:.0%} of the profile filled in"),
)  # fmt: skip


def plot_card(
    view: pd.DataFrame, transactions: pd.DataFrame, customer_id: str, ax: figures.Axes | None = None
) -> figures.Axes:
    """One customer's card: what is known in words, and every order as a line on the time axis.

    Parameters
    ----------
    view : DataFrame
        The table ``customers``.
    transactions : DataFrame
        As in its contract.

    Raises
    ------
    UnknownName
        When there is no such customer.
    """
    found = view[view["customer_id"] == customer_id]
    if found.empty:
        raise UnknownName("customer", customer_id, view["customer_id"].head(5))
    row = found.iloc[0]
    ax = figures.axes(ax, figsize=(8.5, 3.8))
    mine = transactions[transactions["customer_id"] == customer_id]
    ax.vlines(mine["date"], 0, mine["amount"], color=figures.BLUE, linewidth=2)
    ax.plot(mine["date"], mine["amount"], "o", color=figures.BLUE, markersize=4)
    ax.axhline(0, color="black", linewidth=0.8)
    margin = pd.Timedelta(days=14)
    ax.set_xlim(transactions["date"].min() - margin, transactions["date"].max() + margin)
    ax.set(ylabel=f"order ({figures.currency()})", xlabel="date")
    if mine.empty:
        ax.set_yticks([])
    known = [text.format(_words(row[name])) if isinstance(row[name], str) else text.format(row[name])
             for name, text in _CARD if name in row and pd.notna(row[name])]  # fmt: skip
    ax.set_title(
        f"{customer_id}: {row['orders']:,} orders, {row['spend']:,.2f} in all\n" + _wrapped(known),
        fontsize=9.5,
        fontweight="normal",
    )
    return ax


def _words(text: str) -> str:
    """A list of names as words; places and bands stay as they are written."""
    names = text.split(" ")
    listed = ", ".join(names) if all(name.islower() or "_" in name for name in names) else text
    return listed.replace("_", " ")


def _wrapped(parts: list[str], width: int = 95) -> str:
    lines, line = [], ""
    for part in parts:
        line, full = (f"{line}; {part}" if line else part), line
        if len(line) > width and full:
            lines.append(full)
            line = part
    return "\n".join([*lines, line])
