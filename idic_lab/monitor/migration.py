"""Movement of customers between segments: who moved where, and how much of that is movement of labels alone."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pandas as pd

from idic_lab import figures, tables
from idic_lab.errors import DataError
from idic_lab.monitor.kpis.measures import whole_reviews

NEW, GONE = "new", "gone"


def migration(before: pd.DataFrame, after: pd.DataFrame) -> pd.DataFrame:
    """Customers by their segment at one review and at the next.

    Parameters:
        before, after: ``customer_id``, ``segment``.
    Returns:
        DataFrame: ``before`` ("new" for who was not a customer yet), ``after`` ("gone" for who is no longer listed),
            ``customers``, ``share`` of the customers of `before`.

    >>> one = pd.DataFrame({"customer_id": ["a", "b"], "segment": ["loyal", "loyal"]})
    >>> two = pd.DataFrame({"customer_id": ["a", "b", "c"], "segment": ["loyal", "at risk", "recent"]})
    >>> migration(one, two).values.tolist()
    [['loyal', 'at risk', 1, 0.5], ['loyal', 'loyal', 1, 0.5], ['new', 'recent', 1, 1.0]]
    """
    both = before[["customer_id", "segment"]].merge(
        after[["customer_id", "segment"]], on="customer_id", how="outer", suffixes=("_before", "_after")
    )
    moves = pd.DataFrame(
        {"before": both["segment_before"].fillna(NEW), "after": both["segment_after"].fillna(GONE)}
    ).astype("str")
    table = moves.value_counts(sort=False).sort_index().rename("customers").reset_index()
    table["share"] = table["customers"] / table.groupby("before")["customers"].transform("sum")
    return table


def segment_migration(segment_history: pd.DataFrame) -> pd.DataFrame:
    """The table ``segment_migration``: every scheme, each review against the one before, a last one cut short left out.

    >>> held = pd.DataFrame({"review_date": pd.to_datetime(["2024-01-31", "2024-02-29"]), "customer_id": "a", "scheme": "rfm",
    ...     "segment": ["recent", "loyal"]})
    >>> segment_migration(held)[["before", "after", "customers"]].values.tolist()
    [['recent', 'loyal', 1]]
    """
    parts = []
    for scheme, history in segment_history.groupby("scheme"):
        reviews = dict(list(history.groupby("review_date")))
        for previous, day in pairwise(whole_reviews(history["review_date"])):
            moved = migration(reviews[previous], reviews[day])
            parts.append(moved.assign(review_date=day, previous_date=previous, scheme=scheme))
    empty = tables.get("segment_migration").empty()
    if not parts:
        return empty
    return pd.concat(parts, ignore_index=True)[list(empty)].astype(empty.dtypes)


def moved_since(segment_history: pd.DataFrame, scheme: str, back: int = 3) -> pd.DataFrame:
    """Customers by their segment some reviews ago, or at the first, and now; as :func:`migration` returns.

    >>> day = pd.to_datetime(["2024-01-31", "2024-02-29"])
    >>> held = pd.DataFrame({"review_date": day, "customer_id": "a", "scheme": "rfm", "segment": ["loyal", "at risk"]})
    >>> moved_since(held, "rfm")[["before", "after"]].values.tolist()
    [['loyal', 'at risk']]
    """
    held = segment_history[segment_history["scheme"] == scheme]
    days = whole_reviews(held["review_date"])[-1 - back :]
    return migration(*(held[held["review_date"] == day] for day in (days[0], days[-1])))


def plot_flows(moves: pd.DataFrame, order: list[str] | None = None, ax: figures.Axes | None = None) -> figures.Axes:
    """Customers flowing from their segments at one review to those at the next.

    Parameters:
        moves: ``before``, ``after``, ``customers``: from `migration`, or one review of ``segment_migration``.
        order (list of str, optional): Segments from top to bottom; by size before unless given.

    >>> moves = pd.DataFrame({"before": ["loyal", "loyal"], "after": ["loyal", "at risk"], "customers": [3, 1]})
    >>> plot_flows(moves).get_title()
    '25% of the customers moved to another segment'
    """
    from matplotlib.patches import PathPatch
    from matplotlib.path import Path

    def ribbon(left: float, right: float, width: float, colour: str, alpha: float) -> None:
        upper = [(0.015, left), (0.5, left), (0.5, right), (0.985, right)]
        lower = [(0.985, right - width), (0.5, right - width), (0.5, left - width), (0.015, left - width)]
        codes = [Path.MOVETO, *[Path.CURVE4] * 3, Path.LINETO, *[Path.CURVE4] * 3, Path.CLOSEPOLY]
        path = Path([*upper, *lower, upper[0]], codes)
        ax.add_patch(PathPatch(path, facecolor=colour, alpha=alpha, edgecolor="none"))

    if moves.empty:
        raise DataError("There is nobody whose movement could be drawn.")
    ax = figures.axes(ax, figsize=(8, 5))
    sizes = moves.groupby("before")["customers"].sum().add(moves.groupby("after")["customers"].sum(), fill_value=0)
    names = [name for name in sizes.sort_values(ascending=False).index if name not in (NEW, GONE)]
    names = [*(order or names), NEW, GONE]
    place = {name: at for at, name in enumerate(names)}
    gap = 0.015 * moves["customers"].sum()
    left, right = (_stack(moves, side, names, gap) for side in ("before", "after"))
    ends = {"before": dict(left), "after": dict(right)}
    for row in moves.sort_values(["before", "after"], key=lambda column: column.map(place), kind="stable").itertuples():
        y0, y1 = ends["before"][row.before], ends["after"][row.after]
        stays = row.before == row.after
        ribbon(y0, y1, row.customers, figures.GREY if stays else figures.BLUE, 0.25 if stays else 0.55)
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
                x + (-0.03 if x == 0 else 0.03), middle, f"{name} {totals[name]:,}", ha=align, va="center", fontsize=9
            )
    known = moves[moves["before"].ne(NEW)]
    moved = known.loc[known["before"].ne(known["after"]), "customers"].sum() / max(known["customers"].sum(), 1)
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
    heights = totals.reindex([name for name in names if name in totals.index]) + gap
    return (heights[::-1].cumsum() - gap).to_dict()
