"""Figures of migration."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.patches import PathPatch
from matplotlib.path import Path

from idic_lab import figures
from idic_lab.errors import DataError
from idic_lab.monitor.migration.flows import GONE, NEW


def plot_flows(
    moves: pd.DataFrame, order: list[str] | None = None, ax: figures.Axes | None = None
) -> figures.Axes:
    """Customers flowing from their segments at one review to those at the next.

    Parameters
    ----------
    moves : DataFrame
        ``before``, ``after``, ``customers``: from `migration`, or one review of ``segment_migration``.
    order : list of str, optional
        Segments from top to bottom; by size before unless given.
    ax : Axes, optional

    Returns
    -------
    Axes
    """
    if moves.empty:
        raise DataError("There is nobody whose movement could be drawn.")
    ax = figures.axes(ax, figsize=(8, 5))
    sizes = (
        moves.groupby("before")["customers"]
        .sum()
        .add(moves.groupby("after")["customers"].sum(), fill_value=0)
    )
    names = [name for name in sizes.sort_values(ascending=False).index if name not in (NEW, GONE)]
    names = [*(order or names), NEW, GONE]
    place = {name: at for at, name in enumerate(names)}
    gap = 0.015 * moves["customers"].sum()
    left, right = (_stack(moves, side, names, gap) for side in ("before", "after"))
    ends = {"before": dict(left), "after": dict(right)}
    for row in moves.sort_values(
        ["before", "after"], key=lambda column: column.map(place), kind="stable"
    ).itertuples():
        y0, y1 = ends["before"][row.before], ends["after"][row.after]
        stays = row.before == row.after
        _ribbon(ax, y0, y1, row.customers, figures.GREY if stays else figures.BLUE, 0.25 if stays else 0.55)
        ends["before"][row.before] -= row.customers
        ends["after"][row.after] -= row.customers
    for x, tops, side, align in ((0, left, "before", "right"), (1, right, "after", "left")):
        totals = moves.groupby(side)["customers"].sum()
        last = np.inf
        for name in (name for name in names if name in totals.index):
            ax.bar(x, totals[name], 0.03, bottom=tops[name] - totals[name], color=figures.BLACK)
            # labels keep a line's distance from each other where segments are thin
            middle = min(tops[name] - totals[name] / 2, last - 0.045 * moves["customers"].sum())
            last = middle
            ax.text(
                x + (-0.03 if x == 0 else 0.03),
                middle,
                f"{name} {totals[name]:,}",
                ha=align,
                va="center",
                fontsize=9,
            )
    known = moves[moves["before"].ne(NEW)]
    moved = known.loc[known["before"].ne(known["after"]), "customers"].sum() / max(
        known["customers"].sum(), 1
    )
    ax.set_title(f"{moved:.0%} of the customers moved to another segment")
    edge = moves["customers"].sum() + gap * len(names)
    for x, side in ((0, "before"), (1, "after")):
        ax.text(x, -0.02 * edge, side, ha="center", va="top", fontsize=9, style="italic")
    ax.set_xlim(-0.45, 1.45)
    ax.axis("off")
    return ax


def _stack(moves: pd.DataFrame, side: str, names: list[str], gap: float) -> dict[str, float]:
    """Upper edge of each segment's block, the first on top."""
    totals = moves.groupby(side)["customers"].sum()
    present = [name for name in names if name in totals.index]
    top, tops = totals.sum() + gap * (len(present) - 1), {}
    for name in present:
        tops[name] = top
        top -= totals[name] + gap
    return tops


def _ribbon(ax: figures.Axes, left: float, right: float, width: float, colour: str, alpha: float) -> None:
    upper = [(0.015, left), (0.5, left), (0.5, right), (0.985, right)]
    lower = [(0.985, right - width), (0.5, right - width), (0.5, left - width), (0.015, left - width)]
    codes = [Path.MOVETO, *[Path.CURVE4] * 3, Path.LINETO, *[Path.CURVE4] * 3, Path.CLOSEPOLY]
    path = Path([*upper, *lower, upper[0]], codes)
    ax.add_patch(PathPatch(path, facecolor=colour, alpha=alpha, edgecolor="none"))
