"""Movement of customers between segments: who moved where, and how much of that is movement of labels alone."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pandas as pd
from scipy import stats

from idic_lab import figures, tables
from idic_lab.errors import DataError

NEW, GONE = "new", "gone"


def migration(before: pd.DataFrame, after: pd.DataFrame) -> pd.DataFrame:
    """Customers by their segment at one review and at the next.

    Parameters
    ----------
    before, after : DataFrame
        ``customer_id``, ``segment``.

    Returns
    -------
    DataFrame
        ``before`` ("new" for who was not a customer yet), ``after`` ("gone" for who is no longer listed),
        ``customers``, ``share`` of the customers of `before`.

    Examples
    --------
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
    """The table ``segment_migration``: every scheme, each review against the one before.

    Examples
    --------
    >>> held = pd.DataFrame({"review_date": pd.to_datetime(["2024-01-31", "2024-02-29"]), "customer_id": "a", "scheme": "rfm",
    ...     "segment": ["recent", "loyal"]})
    >>> segment_migration(held)[["before", "after", "customers"]].values.tolist()
    [['recent', 'loyal', 1]]
    """
    parts = []
    for scheme, history in segment_history.groupby("scheme"):
        reviews = [(day, part) for day, part in history.groupby("review_date")]
        for (previous, old), (day, new) in pairwise(reviews):
            moved = migration(old, new)
            parts.append(moved.assign(review_date=day, previous_date=previous, scheme=scheme))
    empty = tables.get("segment_migration").empty()
    if not parts:
        return empty
    return pd.concat(parts, ignore_index=True)[list(empty)].astype(empty.dtypes)


def label_churn(before: pd.DataFrame, refitted: pd.DataFrame, frozen: pd.DataFrame) -> dict[str, float]:
    """How much of a migration is customers who changed, and how much is boundaries that moved.

    A segmentation made anew at each review moves its boundaries. So the old rule is also applied, unchanged, to the
    new data: who leaves a segment under the frozen rule has changed; who leaves only under the refitted rule has not.

    Parameters
    ----------
    before, refitted, frozen : DataFrame
        ``customer_id``, ``segment``: at the review before; now, by the rule made anew; now, by the rule of before.

    Returns
    -------
    dict
        Shares of the customers in all three: ``moved`` (refitted differs from before), ``changed`` (frozen differs from
        before), ``label_churn`` (refitted differs from frozen).

    Examples
    --------
    >>> old, new, same = (pd.DataFrame({"customer_id": ["a", "b"], "segment": labels})
    ...     for labels in (["low", "low"], ["low", "high"], ["low", "low"]))
    >>> label_churn(old, new, same)
    {'moved': 0.5, 'changed': 0.0, 'label_churn': 0.5}
    """
    named = {"before": before, "refitted": refitted, "frozen": frozen}
    joined = pd.concat(
        [table.set_index("customer_id")["segment"].rename(name) for name, table in named.items()], axis=1, join="inner"
    )
    if joined.empty:
        raise DataError("label_churn: no customer is in all three segmentations.")
    return {
        "moved": float(joined["refitted"].ne(joined["before"]).mean()),
        "changed": float(joined["frozen"].ne(joined["before"]).mean()),
        "label_churn": float(joined["refitted"].ne(joined["frozen"]).mean()),
    }


def tiers_by(values, cuts) -> np.ndarray:
    """Tier of each value by given boundaries: "1" is the highest.

    Examples
    --------
    >>> tiers_by([1.0, 5.0, 9.0], [3.0, 6.0]).tolist()
    ['3', '2', '1']
    """
    cuts = np.sort(np.asarray(cuts, dtype=float))
    return (len(cuts) + 1 - np.searchsorted(cuts, np.asarray(values, dtype=float), side="right")).astype(str)


def population_drift(before: pd.DataFrame, after: pd.DataFrame, bins: int = 10) -> pd.DataFrame:
    """Whether the inputs of a rule or model are still distributed as when it was made.

    The **population stability index** is the sum over bins of (share now - share then) × ln(share now / share then). The
    customary marks of 0.1 and 0.25 take no account of the number of customers; the critical value here does.

    Parameters
    ----------
    before, after : DataFrame
        The same columns; numbers are cut at the deciles of `before`, text by its values.

    Returns
    -------
    DataFrame
        ``input``, ``psi``, ``critical`` (exceeded in one case of twenty when nothing has changed), ``drifted`` (flag),
        most drifted first.

    Source: Yurdakul & Naranjo (2020), Journal of Risk Model Validation 14(4): under no change the index is distributed
    as (1/n + 1/m) times a chi-square with bins - 1 degrees of freedom.

    Examples
    --------
    >>> rng = np.random.default_rng(1)
    >>> then, now = pd.DataFrame({"age": rng.normal(40, 9, 500)}), pd.DataFrame({"age": rng.normal(45, 9, 500)})
    >>> bool(population_drift(then, now)["drifted"].iloc[0])
    True
    """
    rows = []
    for name in before.columns:
        old, new = _binned(before[name], after[name], bins)
        n, m = old.sum(), new.sum()
        # half a customer in each bin keeps an empty one from making the index infinite
        was, now = (old + 0.5) / (n + 0.5 * len(old)), (new + 0.5) / (m + 0.5 * len(new))
        psi = float(((now - was) * np.log(now / was)).sum())
        critical = float((1 / n + 1 / m) * stats.chi2.ppf(0.95, max(len(old) - 1, 1)))
        rows.append((name, psi, critical, psi > critical))
    table = pd.DataFrame(rows, columns=["input", "psi", "critical", "drifted"])
    return table.sort_values("psi", ascending=False, ignore_index=True)


def _binned(before: pd.Series, after: pd.Series, bins: int) -> tuple[np.ndarray, np.ndarray]:
    if pd.api.types.is_numeric_dtype(before) and not pd.api.types.is_bool_dtype(before):
        cuts = np.unique(np.quantile(before, np.linspace(0, 1, bins + 1)[1:-1]))
        return tuple(
            np.bincount(np.searchsorted(cuts, part, side="left"), minlength=len(cuts) + 1) for part in (before, after)
        )
    values = sorted(set(before.astype(str)) | set(after.astype(str)))
    return tuple(part.astype(str).value_counts().reindex(values, fill_value=0).to_numpy() for part in (before, after))


def plot_flows(moves: pd.DataFrame, order: list[str] | None = None, ax: figures.Axes | None = None) -> figures.Axes:
    """Customers flowing from their segments at one review to those at the next.

    Parameters
    ----------
    moves : DataFrame
        ``before``, ``after``, ``customers``: from `migration`, or one review of ``segment_migration``.
    order : list of str, optional
        Segments from top to bottom; by size before unless given.

    Examples
    --------
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
    present = [name for name in names if name in totals.index]
    top, tops = totals.sum() + gap * (len(present) - 1), {}
    for name in present:
        tops[name] = top
        top -= totals[name] + gap
    return tops
