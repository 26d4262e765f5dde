"""Figures of the workbench: here of methods against each other, beside it (``segments``) of the segments of one solution."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from idic_lab import figures
from idic_lab.compare.plots.segments import plot_boxes as plot_boxes, plot_evaluation as plot_evaluation
from idic_lab.compare.plots.segments import plot_gorge as plot_gorge, plot_mosaic as plot_mosaic
from idic_lab.compare.plots.segments import plot_profile as plot_profile, plot_rule as plot_rule
from idic_lab.compare.plots.segments import plot_separation as plot_separation, plot_tree as plot_tree
from idic_lab.compare.plots.segments import plot_within as plot_within
from idic_lab.compare.registry import baselines
from idic_lab.compare.statistics import critical_difference, rescaled
from idic_lab.errors import DataError

_DASHES = ["-", "--", "-.", ":", (0, (5, 1)), (0, (1, 1)), (0, (3, 1, 1, 1))]
_BESIDE = {"loc": "center left", "bbox_to_anchor": (1.01, 0.5)}


def _line(number: int) -> dict:
    """How the line of one method among several is drawn."""
    return {"color": figures.CYCLE[number % len(figures.CYCLE)], "ls": _DASHES[number % len(_DASHES)], "lw": 2}


def _marked(number: int) -> dict:
    return _line(number) | {"marker": "osD^vPX"[number % 7]}


def _heads(names) -> list[str]:
    return [named(name).replace(" ", "\n", 1) for name in names]


def named(method: str) -> str:
    """A method's name as people write it.

    >>> named("rfm_quintiles")
    'RFM quintiles'
    """
    words = method.replace("k_means", "k-means").replace("k_medoids", "k-medoids").replace("_", " ")
    proper = {"rfm": "RFM", "clv": "CLV", "hdbscan": "HDBSCAN"}
    proper |= {name: name.capitalize() for name in ("ward", "birch", "gaussian")}
    return " ".join(proper.get(word, word) for word in words.split(" "))


def plot_gain(
    curves: Mapping[str, Sequence[float]],
    baselines: Sequence[str] = ("one_segment", "random_segments"),
    top: float = 0.2,
    most: int = 6,
    ax: figures.Axes | None = None,
) -> figures.Axes:
    """Share of future spend reached by each share of customers, best segments first.

    Parameters:
        curves: Shares of spend at even steps from 0 to 1, by method.
        baselines: Those among the curves that are no entrants; thin lines, not ranked.
        top: The share of customers marked.
        most: Draw so many: the best, the worst and some between. The legend names the others.

    >>> plot_gain({"ward": [0.0, 0.6, 0.8, 0.9, 0.95, 1.0], "one_segment": [0.0, 0.2, 0.4, 0.6, 0.8, 1.0]}).get_title()[:35]
    'The best 20% by Ward bring 60% of f'
    """
    ax = figures.axes(ax, figsize=(7.5, 4.6))
    captured = {name: float(np.interp(top, np.linspace(0, 1, len(curve)), curve)) for name, curve in curves.items()}
    ranked = sorted((name for name in curves if name not in baselines), key=captured.get, reverse=True)
    if not ranked:
        raise DataError("There is no method to draw beside the baselines.")
    words = {name: f"{named(name)} ({share:.0%})" for name, share in captured.items()}
    chosen = [ranked[row] for row in np.unique(np.linspace(0, len(ranked) - 1, min(most, len(ranked))).astype(int))]

    def draw(name: str, **look):
        ax.plot(np.linspace(0, 1, len(curves[name])), curves[name], label=words[name], **look)

    for number, name in enumerate(chosen):
        draw(name, **_line(number))
    others = [words[name] for name in ranked if name not in chosen]
    if others:
        ax.plot([], [], ls="", label=textwrap.fill(f"not drawn: {', '.join(others)}", 34))
    for number, name in enumerate(name for name in curves if name in baselines):
        draw(name, color=figures.GREY, lw=1, ls=_DASHES[number + 1])
    ax.plot([0, 1], [0, 1], color=figures.GREY, lw=1)
    ax.axvline(top, color=figures.GREY, lw=1, ls=":")
    found = f"{named(ranked[0])} bring {captured[ranked[0]]:.0%} of future spend, {top:.0%} without segments"
    legend = {"title": f"at {top:.0%} of customers"} | _BESIDE
    x, y = "share of customers, best segments first", "share of future spend"
    scale = {"x_format": "percent", "y_format": "percent", "xlim": (0, 1), "ylim": (0, 1)}
    return figures.finish(ax, f"The best {top:.0%} by {found}", x, y, legend=legend, **scale)


def plot_critical_difference(
    table: pd.DataFrame, higher_is_better: bool = True, ax: figures.Axes | None = None
) -> figures.Axes:
    """Mean ranks of methods over data sets; a bar joins those that do not differ beyond chance (Nemenyi).

    Parameters:
        table: Data sets in rows, methods in columns.

    Source: Demšar (2006), JMLR 7, figure 1.

    >>> table = pd.DataFrame({"ward": [9.0] * 12, "birch": [5.0] * 12, "k_means": [1.0] * 12})
    >>> plot_critical_difference(table).get_title().replace("\\n", " ")
    'Ward comes first; 2 of 2 others are worse beyond chance'
    """
    ranks = table.rank(axis=1, ascending=not higher_is_better).mean().sort_values(kind="stable")
    width = critical_difference(len(ranks), len(table))
    half = -(-len(ranks) // 2)
    ax = figures.axes(ax, figsize=(8, 1.4 + 0.42 * half))
    bars = _cliques(ranks.to_numpy(), width)
    low = -0.5 - 0.28 * len(bars)
    for row, (first, last) in enumerate(bars):
        y = -0.3 - 0.28 * row
        ax.plot([ranks.iloc[first] - 0.06, ranks.iloc[last] + 0.06], [y, y], color="black", lw=4, solid_capstyle="butt")
    for position, (name, rank) in enumerate(ranks.items()):
        left = position < half
        row = position if left else len(ranks) - 1 - position
        y, end = low - 0.5 * row - 0.3, (0.7 if left else len(ranks) + 0.3)
        ax.plot([rank, rank, end], [0, y, y], color="black", lw=0.9)
        ax.text(end, y, f" {named(name)} ({rank:.2f}) ", ha="right" if left else "left", va="center")
    ax.plot([1, 1 + width], [0.75, 0.75], color="black", lw=2)
    ax.text(1, 0.85, f"critical difference {width:.2f} (mean ranks, 1 is best)", va="bottom", fontsize="small")
    ax.plot([1, len(ranks)], [0, 0], color="black", lw=1.2)
    for tick in range(1, len(ranks) + 1):
        ax.plot([tick, tick], [0, 0.12], color="black", lw=1)
        ax.text(tick, 0.18, str(tick), ha="center", va="bottom", fontsize="small")
    ax.axis("off")
    apart = int((ranks - ranks.iloc[0] >= width).sum())
    found = f"{named(ranks.index[0])} comes first; {apart} of {len(ranks) - 1} others are worse beyond chance"
    across, up = (min(0, -0.28 * len(ranks)), len(ranks) * 1.28 + 1), (low - 0.5 * half - 0.2, 1.5)
    return figures.finish(ax, found, xlim=across, ylim=up)


def _cliques(ranks: np.ndarray, width: float) -> list[tuple[int, int]]:
    """Runs of methods whose ranks differ by less than the critical difference, the longest ones only."""
    kept, reach = [], -1
    for first, rank in enumerate(ranks):
        last = int(np.searchsorted(ranks, rank + width, side="left")) - 1
        if last > max(first, reach):
            kept.append((first, last))
            reach = last
    return kept


def plot_cost(scores: pd.Series, seconds: pd.Series, criterion: str, ax: figures.Axes | None = None) -> figures.Axes:
    """What a method is worth against the time that a cell of it takes; joined are those that nothing cheaper reaches.

    Parameters:
        scores: By method; those of baselines are lines.

    >>> plot_cost(pd.Series({"ward": 0.5, "k_means": 0.6}), pd.Series({"ward": 4.0, "k_means": 1.0}), "holdout_value").get_title()
    'By holdout value, k-means scores highest, at 1.0 s a cell'
    """
    from matplotlib.ticker import LogLocator

    lines = scores[scores.index.isin(baselines())]
    scores = scores.drop(lines.index)
    ax = figures.axes(ax, figsize=(7.5, 4.2))
    cost = seconds.reindex(scores.index).clip(lower=0.01)
    ax.scatter(cost, scores, s=45, color=figures.BLUE, zorder=3)
    order = cost.sort_values().index
    front = [name for row, name in enumerate(order) if scores[name] >= scores[order[: row + 1]].max()]
    ax.plot(cost[front], scores[front], color=figures.GREY, lw=1, drawstyle="steps-post")
    for name in scores.index:
        ax.annotate(named(name), (cost[name], scores[name]), (5, 4), textcoords="offset points", fontsize=9)
    for number, (name, value) in enumerate(lines.items()):
        ax.axhline(value, color=figures.GREY, lw=1, ls=_DASHES[number + 1], label=named(name))
    ax.set_xscale("log")
    ax.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    ax.minorticks_off()
    ax.margins(x=0.2)
    best = scores.idxmax()
    title = f"By {named(criterion)}, {named(best)} scores highest, at {cost[best]:.1f} s a cell"
    x = "seconds a cell, all criteria of the study (logarithmic)"
    return figures.finish(ax, title, x, named(criterion), x_format="{x:g}", legend=len(lines) and _BESIDE)


def plot_rank_reversal(scores: pd.DataFrame, lower_is_better=(), ax: figures.Axes | None = None) -> figures.Axes:
    """The rank of every method by every criterion: crossing lines are reversals.

    Parameters:
        scores: Methods in rows (index), criteria in columns; methods that lack a value are left out, and named below.

    >>> scores = pd.DataFrame({"use": [3.0, 2.0, 1.0], "shape": [1.0, 2.0, 3.0]}, index=["ward", "birch", "k_means"])
    >>> plot_rank_reversal(scores).get_title()
    'Least agreement: use and shape, rank correlation -1.00'
    """
    known = scores.dropna(axis=1, how="all").dropna()
    signed = known.mul([-1 if name in lower_is_better else 1 for name in known])
    ranks = signed.rank(ascending=False, method="first").sort_values(signed.columns[0])  # ties apart, to be drawn
    ax = figures.axes(ax, figsize=(3.4 + 0.95 * ranks.shape[1], 1.8 + 0.4 * len(ranks)))
    for number, (name, row) in enumerate(ranks.iterrows()):
        ax.plot(range(ranks.shape[1]), row, **_marked(number))
        ax.text(-0.12, row.iloc[0], named(name), ha="right", va="center")
        ax.text(ranks.shape[1] - 0.88, row.iloc[-1], named(name), ha="left", va="center")
    ax.set_xticks(range(ranks.shape[1]), _heads(ranks))
    ax.set_yticks(range(1, len(ranks) + 1))
    ax.grid(axis="x", visible=False)
    agreement, title = ranks.corr(method="spearman").to_numpy(copy=True), "Ranks by criterion"
    if len(agreement) > 1 and len(ranks) > 2:
        np.fill_diagonal(agreement, np.inf)
        worst = np.unravel_index(agreement.argmin(), agreement.shape)
        opposed = " and ".join(named(ranks.columns[place]) for place in worst)
        title = f"Least agreement: {opposed}, rank correlation {agreement[worst]:.2f}"
    out = ", ".join(named(name) for name in scores.index.difference(ranks.index, sort=False))
    x, bounds = f"left out, for lack of a score: {out}" if out else "", (-1.5, ranks.shape[1] + 0.5)
    return figures.finish(ax, title, x, "rank (1 is best)", xlim=bounds, ylim=(len(ranks) + 0.5, 0.5))


def plot_attractiveness(
    scores: pd.DataFrame, matrix: pd.DataFrame, lower_is_better=(), ax: figures.Axes | None = None
) -> figures.Axes:
    """The attractiveness matrix: rescaled criteria, the weighted score, and how the rank depends on the weights.

    Parameters:
        scores: Methods in rows (index), criteria in columns; `matrix` is their :func:`idic_lab.compare.attractiveness`.

    >>> from idic_lab.compare import attractiveness
    >>> scores = pd.DataFrame({"stability": [0.9, 0.4], "value": [0.7, 0.5]}, index=["ward", "birch"])
    >>> plot_attractiveness(scores, attractiveness(scores)).get_title()
    'First: Ward, and under 100% of random weights too'
    """
    order = matrix["method"].tolist()
    in_play = matrix.loc[matrix["out"].eq(""), "method"]
    shown = rescaled(scores.loc[in_play], lower_is_better).reindex(order)
    ax = figures.axes(ax, figsize=(4.6 + 0.95 * shown.shape[1], 1.8 + 0.36 * len(shown)))
    ax.imshow(np.ma.masked_invalid(shown.to_numpy(dtype=float)), cmap="Greys", vmin=0, vmax=1.4, aspect="auto")
    right = shown.shape[1] - 0.3
    heads = {"score": 0.45, "first under\nrandom weights": 1.35, "rank\n5% to 95%": 2.5}
    for head, offset in heads.items():
        ax.text(right + offset, -0.65, head, ha="center", va="bottom", fontsize=9)
    for row, entry in enumerate(matrix.itertuples()):
        if entry.out:
            ax.text(-0.4, row, f"out: {named(entry.out)}", va="center", fontsize=9)
            continue
        style = {"ha": "center", "va": "center", "fontsize": 9}
        for column, value in enumerate(shown.loc[entry.method]):
            text = "–" if np.isnan(value) else f"{value:.2f}".removeprefix("0")
            ax.text(column, row, text, color="white" if value > 0.8 else "black", **style)
        told = f"{entry.score:.2f}", f"{entry.first_share:.0%}", f"{entry.rank_low:.0f} to {entry.rank_high:.0f}"
        for offset, text in zip(heads.values(), told, strict=True):
            ax.text(right + offset, row, text, **style)
    ax.set_xticks(range(shown.shape[1]), _heads(shown), fontsize=9)
    ax.xaxis.tick_top()
    ax.tick_params(length=0)
    ax.set_yticks(range(len(shown)), [named(name) for name in order])
    ax.set_xlim(-0.5, right + 3.1)
    ax.grid(visible=False)
    ax.spines[:].set_visible(False)
    best, title = matrix.iloc[0], "No method passes the knock-outs"
    if not best["out"]:
        title = f"First: {named(best['method'])}, and under {best['first_share']:.0%} of random weights too"
    ax.set_title(title, pad=14)
    return ax


def plot_stability(verdicts: pd.DataFrame, ax: figures.Axes | None = None) -> figures.Axes:
    """Global stability of every method beside what it reaches without segments.

    Parameters:
        verdicts: Of one data set: ``method``, ``k``, ``stability``, ``null_bound``, ``verdict``. Baselines are lines.

    >>> table = pd.DataFrame({"method": ["ward", "birch"], "k": 3, "stability": [0.9, 0.4], "null_bound": [0.5, 0.5],
    ...     "verdict": ["natural", "constructive"]})
    >>> plot_stability(table).get_title()
    '1 of 2 are more stable than without segments'
    """
    lines = verdicts[verdicts["method"].isin(baselines())]
    table = verdicts.drop(index=lines.index).sort_values("stability", ignore_index=True)
    ax = figures.axes(ax, figsize=(7.5, 1.4 + 0.34 * len(table)))
    rows = np.arange(len(table))
    known = table["null_bound"].notna().to_numpy()
    ax.hlines(rows[known], table["null_bound"][known], table["stability"][known], color=figures.GREY, lw=2)
    ax.scatter(table["null_bound"], rows, marker="|", s=150, color="black", lw=2.5, label="without segments, highest")
    faces = {"natural": figures.BLUE, "reproducible": figures.SKY, "constructive": "white", "by rule": figures.GREY}
    for kind, face in faces.items():
        here = table["verdict"].eq(kind).to_numpy()
        if here.any():
            ax.scatter(table["stability"][here], rows[here], s=60, color=face, edgecolor="black", label=kind, zorder=3)
    for name, value in lines.groupby("method")["stability"].mean().items():
        ax.axvline(value, color=figures.GREY, lw=1, ls="--", label=named(name))
    cells = zip(table["method"], table["k"], strict=True)
    ax.set_yticks(rows, [named(method) + ("" if pd.isna(k) else f", {k}") for method, k in cells])
    title = f"{(table['stability'] > table['null_bound']).sum()} of {known.sum()} are more stable than without segments"
    bounds = (min(-0.02, verdicts["stability"].min() - 0.02), 1.02)
    x = "adjusted Rand index of two solutions on resamples"
    return figures.finish(ax, title, x, legend=_BESIDE, xlim=bounds)


def plot_recovery(table: pd.DataFrame, ax: figures.Axes | None = None) -> figures.Axes:
    """Agreement with the planted segments as they are planted further and further apart.

    Parameters:
        table: ``method``, ``separation`` (the knob), ``value`` (adjusted Rand index).

    >>> plot_recovery(pd.DataFrame({"method": "ward", "separation": [0.3, 0.9], "value": [0.1, 0.8]})).get_title()
    'Half the planted structure is found from a separation of 0.9 on'
    """
    ax = figures.axes(ax, figsize=(7.5, 4.4))
    for number, (name, group) in enumerate(table.groupby("method", sort=False)):
        group = group.sort_values("separation")
        ax.plot(group["separation"], group["value"], label=named(name), **_marked(number))
    half = table.groupby("separation")["value"].max()
    found, title = half.index[half >= 0.5], "No method finds half of the planted structure"
    if len(found):
        title = f"Half the planted structure is found from a separation of {found.min():g} on"
    x, y = "how far apart segments are planted (separation)", "adjusted Rand index with the truth"
    return figures.finish(ax, title, x, y, legend=_BESIDE, ylim=(-0.05, 1.03))
