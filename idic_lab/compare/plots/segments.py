"""Figures of the segments of one solution: gaps, stability, profiles."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from idic_lab import figures

MARKERS = "osD^vPX*<>"
MOST_ARROWS = 8
TELLING = 2.0  # residuals from here on are more than chance


def plot_gorge(counts: Sequence[Sequence[int]], ax: figures.Axes | None = None) -> figures.Axes:
    """Histograms of the similarity of all customers to each segment, one ridge per segment.

    Natural segments show a gorge: customers are either like a segment or unlike it, and few lie between.

    Parameters:
        counts (sequence of shape (n_segments, n_bins)): Customers by similarity from 0 to 1.

    >>> plot_gorge([[9, 1, 0, 0, 2, 8]]).get_title()
    '0% of similarities lie in the middle, between 0.3 and 0.7'
    """
    shares = np.asarray(counts, dtype=float)
    shares = shares / shares.sum(axis=1, keepdims=True)
    ax = figures.axes(ax, figsize=(7.5, 1.2 + 0.75 * len(shares)))
    edges = np.linspace(0, 1, shares.shape[1] + 1)
    for row, share in enumerate(shares):
        height = share / shares.max() * 0.85
        ax.stairs(height + row, edges, baseline=row, fill=True, color=figures.SKY, edgecolor=figures.BLACK, lw=0.8)
    middle = shares[:, (edges[:-1] >= 0.3) & (edges[1:] <= 0.7)].sum(axis=1).mean()
    ax.set_yticks(np.arange(len(shares)) + 0.3, [f"segment {row}" for row in range(len(shares))])
    ax.tick_params(axis="y", length=0)
    ax.grid(axis="y", visible=False)
    x = "similarity of a customer to the segment, from 0 to 1"
    title, bounds = f"{middle:.0%} of similarities lie in the middle, between 0.3 and 0.7", (-0.1, len(shares))
    return figures.finish(ax, title, x, "share of customers", xlim=(0, 1), ylim=bounds)


def plot_within(
    jaccard: Mapping[str, Sequence[float]], null: Sequence[float] | None = None, ax: figures.Axes | None = None
) -> figures.Axes:
    """SLSW: how alike each segment is to its best match on resamples, beside the best of data without segments.

    Parameters:
        null: Mean index of the most stable segment of each data set without segments.

    >>> plot_within({"0": [0.9, 0.8], "1": [0.4, 0.3]}, null=[0.5]).get_title()
    '1 of 2 segments are more stable than data without segments'
    """
    ax = figures.axes(ax, figsize=(7.5, 1.6 + 0.45 * len(jaccard)))
    names = list(jaccard)
    ax.boxplot(
        list(jaccard.values()),
        orientation="horizontal",
        patch_artist=True,
        widths=0.6,
        boxprops={"facecolor": figures.SKY, "edgecolor": figures.BLACK},
        medianprops={"color": figures.BLACK, "lw": 2},
        flierprops={"marker": ".", "markersize": 4},
    )
    beyond, of = len(names), "judged, without a null reference"
    if null is not None and len(null):
        label = "most stable segment of data without segments (dashed: highest)"
        ax.axvspan(min(null), max(null), color=figures.GREY, alpha=0.35, lw=0, label=label)
        ax.axvline(max(null), color=figures.BLACK, ls="--", lw=1)
        ax.legend(loc="upper left", bbox_to_anchor=(0, -0.28 + 0.02 * len(names)))
        beyond = sum(np.mean(jaccard[name]) > max(null) for name in names)
        of = "more stable than data without segments"
    ax.set_yticks(range(1, len(names) + 1), [f"segment {name}" for name in names])
    ax.grid(axis="y", visible=False)
    title, x = f"{beyond} of {len(names)} segments are {of}", "Jaccard index with the best match on a resample"
    return figures.finish(ax, title, x, xlim=(0, 1.01), ylim=(len(names) + 0.6, 0.4))


def plot_tree(flows: pd.DataFrame, ax: figures.Axes | None = None) -> figures.Axes:
    """SLSA: how segments split, join and hold together as their number grows.

    Parameters:
        flows: As :func:`idic_lab.compare.stability.flows` gives.

    >>> from idic_lab.compare.stability import flows
    >>> plot_tree(flows({2: [0, 0, 1, 1], 3: [2, 2, 0, 1]})).get_title()
    'Least rooted: a segment of the 3-segment solution, SLSA 1.00'
    """
    from matplotlib import colormaps
    from matplotlib.colors import to_rgb

    ax = figures.axes(ax, figsize=(8, 4.8))
    total = flows.groupby("number")["customers"].sum().max()
    first = int(flows["number"].min())
    place = _places(flows, first)
    for row in flows[flows["customers"] / total >= 0.005].itertuples():
        heights = [place[row.number - 1, row.from_segment], place[row.number, row.segment]]
        look = {"color": figures.GREY, "alpha": 0.75, "solid_capstyle": "butt", "zorder": 1}
        ax.plot([row.number - 1, row.number], heights, lw=0.5 + 26 * row.customers / total, **look)
    nodes = flows.drop_duplicates(["number", "segment"])
    known = {(row.number, row.segment): row.stability for row in nodes.itertuples()}
    for (number, segment), y in place.items():
        stability = known.get((number, segment))
        shade = "white" if stability is None else colormaps[figures.SEQUENTIAL](stability)
        dark = np.dot(to_rgb(shade), (0.3, 0.59, 0.11)) < 0.5
        ax.scatter(number, y, s=430, color=shade, edgecolor=figures.BLACK, zorder=2)
        label = "" if stability is None else f"{stability:.2f}".replace("0.", ".")
        ax.text(number, y, label, ha="center", va="center", fontsize=8, color="white" if dark else "black", zorder=3)
    ax.set_xticks(sorted({number for number, _ in place}))
    ax.set_yticks([])
    ax.grid(visible=False)
    ax.spines["left"].set_visible(False)
    weak = nodes.loc[nodes["stability"].idxmin()]
    title = f"Least rooted: a segment of the {weak['number']:.0f}-segment solution, SLSA {weak['stability']:.2f}"
    return figures.finish(ax, title, "number of segments (in a node: SLSA, 1 = all members come from one segment)")


def _places(flows: pd.DataFrame, first: int) -> dict[tuple[int, int], float]:
    """Height of every node: roots evenly, each later segment as near as it can be to where its members were."""

    def even(n: int) -> np.ndarray:
        return (np.arange(n) - (n - 1) / 2) / max(n, 2)

    roots = sorted(flows.loc[flows["number"] == first, "from_segment"].unique())
    place = {(first - 1, root): y for root, y in zip(roots, even(len(roots)), strict=True)}
    for number, step in flows.groupby("number"):
        height = [place[number - 1, segment] for segment in step["from_segment"]]
        pull = step.assign(y=np.array(height) * step["customers"]).groupby("segment")[["y", "customers"]].sum()
        order = (pull["y"] / pull["customers"]).sort_values(kind="stable").index
        place |= {(number, segment): y for segment, y in zip(order, even(len(order)), strict=True)}
    return place


def plot_profile(profile: Mapping, ax: figures.Axes | None = None) -> figures.Axes:
    """What each segment is like: means beside everybody's, marker variables framed.

    Parameters:
        profile: The ``extra`` of the criterion *profile*.

    >>> profile = {"variables": ["a"], "overall": [0.5], "means": [[0.9], [0.1]], "marker": [[True], [True]], "binary": True,
    ...     "p_corrected": [0.001]}
    >>> plot_profile(profile).get_title()
    '1 of 1 variables differ; 2 markers (framed)'
    """
    from matplotlib.patches import Rectangle

    means, overall, marker = (np.asarray(profile[name]) for name in ("means", "overall", "marker"))
    shade, limit, form = means - overall, 0.6, "{:.0%}".format
    if not profile["binary"]:
        shade = np.log2(np.maximum(means, 1e-9) / np.maximum(overall, 1e-9))
        limit, form = 2.5, "{:,.3g}".format
    ax = figures.axes(ax, figsize=(2.6 + 1.0 * len(means), 1.4 + 0.32 * len(overall)))
    ax.imshow(np.clip(shade.T, -limit, limit), cmap=figures.DIVERGING, vmin=-limit, vmax=limit, aspect="auto")
    style = {"ha": "center", "va": "center", "fontsize": 9}
    for (segment, variable), framed in np.ndenumerate(marker):
        colour = "white" if abs(shade[segment, variable]) > 0.72 * limit else "black"
        weight = "bold" if framed else "normal"
        ax.text(segment, variable, form(means[segment, variable]), fontweight=weight, color=colour, **style)
        if framed:
            ax.add_patch(Rectangle((segment - 0.47, variable - 0.44), 0.94, 0.88, fill=False, ec="black", lw=1.3))
    variables = zip(profile["variables"], overall, strict=True)
    names = [f"{name.replace('_', ' ')}  ({form(mean)})" for name, mean in variables]
    ax.set_yticks(range(len(names)), names)
    ax.set_xticks(range(len(means)), map(str, range(len(means))))
    ax.grid(visible=False)
    differ = int((np.asarray(profile["p_corrected"]) < 0.05).sum())
    title = f"{differ} of {len(names)} variables differ; {int(marker.sum())} markers (framed)"
    return figures.finish(ax, title, "segment (beside each variable, the mean of everybody)")


def plot_separation(structure: Mapping, ax: figures.Axes | None = None) -> figures.Axes:
    """Customers on the two main axes of the features, by segment, with the segments' centres and the variables as arrows.

    Parameters:
        structure: The ``extra`` of the criterion *structure*. The longest eight arrows are drawn.

    >>> structure = {"points": [[0, 0], [1, 1]], "point_segments": [0, 1], "centres": [[0, 0], [1, 1]], "explained": [0.6, 0.2]}
    >>> plot_separation(structure).get_title()
    'The two axes shown hold 80% of the variance'
    """
    ax = figures.axes(ax, figsize=(6.5, 5))
    points, segments = np.asarray(structure["points"]), np.asarray(structure["point_segments"])
    for segment in np.unique(segments):
        look = {"marker": MARKERS[segment % len(MARKERS)], "color": figures.CYCLE[segment % len(figures.CYCLE)]}
        ax.scatter(*points[segments == segment].T, s=16, alpha=0.7, lw=0, **look)
    axes = np.asarray(structure.get("axes", ())).reshape(-1, 2)
    longest = np.argsort(-np.hypot(*axes.T), kind="stable")[:MOST_ARROWS]
    room = np.where(axes > 0, points.max(axis=0), -points.min(axis=0))  # so that every tip lies among the points
    reach = 0.85 * (room / np.maximum(np.abs(axes), 1e-9)).min(initial=np.inf)
    for row in longest:
        tip = reach * axes[row]
        ax.annotate("", tip, (0, 0), arrowprops={"arrowstyle": "->", "color": figures.BLACK, "lw": 1})
        side = "left" if tip[0] >= 0 else "right"
        ax.text(*(1.05 * tip), structure["variables"][row], ha=side, va="center", fontsize=9)
    box = {"boxstyle": "circle", "fc": "white", "ec": "black"}
    for segment, centre in enumerate(structure["centres"]):
        ax.annotate(str(segment), centre, ha="center", va="center", fontweight="bold", bbox=box)
    title = f"The two axes shown hold {sum(structure['explained']):.0%} of the variance"
    return figures.finish(ax, title, "first principal axis of the features", "second principal axis")


def plot_mosaic(
    counts: Sequence[tuple[str, Sequence[int]]], name: str = "", ax: figures.Axes | None = None
) -> figures.Axes:
    """Shares of a descriptor's values within segments as wide as they have members; what is no chance is coloured.

    Parameters:
        counts (sequence of (value, sequence)): Members of each segment that have the value.

    Source: Dolnicar, Grün & Leisch (2018), section 9.2; shading by standardised residuals: Friendly (1994), JASA 89.

    >>> plot_mosaic([("yes", [40, 5]), ("no", [10, 45])], "member").get_title()
    'member: segment 0 has most “yes” beyond chance'
    """
    from scipy.stats.contingency import expected_freq
    from statsmodels.graphics.mosaicplot import mosaic

    table = pd.DataFrame(dict(counts))
    expected = expected_freq(table)
    rest = np.outer(1 - table.sum(axis=1) / table.to_numpy().sum(), 1 - table.sum() / table.to_numpy().sum())
    residual = (table - expected) / np.sqrt(np.maximum(expected * rest, 1e-9))
    colour = residual.map(lambda r: figures.BLUE if r > TELLING else figures.ORANGE if r < -TELLING else "#e6e6e6")
    ax = figures.axes(ax, figsize=(7.5, 4.4))
    mosaic(
        {(str(segment), value): table.loc[segment, value] + 1e-9 for segment in table.index for value in table},
        ax=ax,
        gap=0.008,
        labelizer=lambda key: "",
        properties=lambda key: {"color": colour.loc[int(key[0]), key[1]], "ec": "white"},
    )
    first = table.iloc[-1] / table.iloc[-1].sum()
    ax.set_yticks((first.cumsum() - first / 2), table.columns)
    ax.yaxis.tick_right()
    (segment, value), found = residual.stack().idxmax(), "no more than chance"  # noqa: PD013
    if residual.to_numpy().max() > TELLING:
        found = f"segment {segment} has most “{value}” beyond chance"
    x = "segment, as wide as it has members (blue: more than expected, orange: fewer)"
    return figures.finish(ax, f"{name}: {found}", x)


def plot_boxes(quantiles: Sequence[Sequence[float]], name: str = "", ax: figures.Axes | None = None) -> figures.Axes:
    """Box plots of a number by segment: quartiles, and whiskers from the 5% to the 95% point.

    Parameters:
        quantiles (sequence of shape (n_segments, 5)): At 5, 25, 50, 75 and 95%.

    >>> plot_boxes([[18, 22, 30, 40, 60], [20, 30, 45, 52, 70]], "Age").get_title()
    'Age: medians from 30 (segment 0) to 45 (segment 1)'
    """
    ax = figures.axes(ax, figsize=(7.5, 3.8))
    names = ("whislo", "q1", "med", "q3", "whishi")
    boxes = [dict(zip(names, row, strict=True)) | {"label": str(n)} for n, row in enumerate(quantiles)]
    style = {"facecolor": figures.SKY, "edgecolor": figures.BLACK}
    ax.bxp(boxes, showfliers=False, patch_artist=True, boxprops=style, medianprops={"color": figures.BLACK, "lw": 2})
    middle = np.asarray(quantiles)[:, 2]
    low, high = int(middle.argmin()), int(middle.argmax())
    found = f"{name}: medians from {middle[low]:.4g} (segment {low}) to {middle[high]:.4g} (segment {high})"
    return figures.finish(ax, found if low != high else f"{name}: all medians at {middle[0]:.4g}", x="segment", y=name)


def plot_rule(tree: Mapping, title: str = "", ax: figures.Axes | None = None) -> figures.Axes:
    """A tree as a rule to read: questions with yes to the right and no to the left, and what each leaf says.

    Parameters:
        tree: A node with ``question``, ``yes`` and ``no``, or a leaf with ``text`` and ``group``, which colours it.

    >>> leaves = {"no": {"text": "leave alone", "group": 0}, "yes": {"text": "write", "group": 1}}
    >>> plot_rule({"question": "orders > 3"} | leaves).get_title()
    'First question: orders > 3'
    """

    def leaves(node) -> int:
        return leaves(node["no"]) + leaves(node["yes"]) if "question" in node else 1

    def depth(node) -> int:
        return 1 + max(depth(node["no"]), depth(node["yes"])) if "question" in node else 0

    def draw(node, left: float, y: int) -> float:
        x, at = left + leaves(node) / 2, left
        style = {"ha": "center", "va": "center", "fontsize": 9}
        for answer in ("no", "yes") if "question" in node else ():
            below = draw(node[answer], at, y - 1)
            ax.plot([x, below], [y, y - 1], color=figures.GREY, lw=1, zorder=1)
            ax.text((x + below) / 2, y - 0.5, answer, zorder=2, **style)
            at += leaves(node[answer])
        text, box = node.get("question", node.get("text")), {"boxstyle": "round", "fc": "white", "ec": figures.BLACK}
        ax.text(x, y, text, bbox=box, **style)
        if "question" not in node:
            tint = {"fc": figures.CYCLE[node["group"] % len(figures.CYCLE)], "alpha": 0.35}
            ax.text(x, y, text, bbox=box | tint, **style)
        return x

    ax = figures.axes(ax, figsize=(1.5 + 1.45 * leaves(tree), 4.4))
    draw(tree, 0.0, 0)
    ax.axis("off")
    title = title or (f"First question: {tree['question']}" if "question" in tree else "No question is worth asking")
    return figures.finish(ax, title, xlim=(0, leaves(tree)), ylim=(-depth(tree) - 0.5, 0.5))


def plot_evaluation(evaluation: Mapping, ax: figures.Axes | None = None) -> figures.Axes:
    """The segment evaluation plot: segments by the means of two descriptors, as large as the mean of a third.

    Parameters:
        evaluation: ``names`` (of ``x``, ``y`` and, if any, ``size``), and for each of these the mean by segment.

    Source: Dolnicar, Grün & Leisch (2018), section 10.4, figure 10.2.

    >>> plot_evaluation({"names": {"x": "visits", "y": "liking"}, "x": [1, 4], "y": [2, 3]}).get_title()
    'Highest in visits and in liking: segment 1'
    """
    names, x, y = evaluation["names"], np.asarray(evaluation["x"]), np.asarray(evaluation["y"])
    size = np.asarray(evaluation.get("size", np.ones(len(x))))
    ax = figures.axes(ax, figsize=(6.5, 4.8))
    ax.scatter(x, y, s=1_800 * size / size.max(), color=figures.SKY, edgecolor=figures.BLACK)
    for segment, place in enumerate(zip(x, y, strict=True)):
        ax.annotate(str(segment), place, ha="center", va="center", fontweight="bold")
    found = f"segment {x.argmax()}"
    if x.argmax() != y.argmax():
        found = f"none; segment {x.argmax()} in one and segment {y.argmax()} in the other"
    ax.margins(0.2)
    sized = f"  (size: {names['size']}, {size.min():.2g} to {size.max():.2g})" if "size" in names else ""
    title = f"Highest in {names['x']} and in {names['y']}: {found}"
    return figures.finish(ax, title, f"{names['x']}{sized}", names["y"])
