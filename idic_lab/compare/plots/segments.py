"""Figures of the segments of one solution: gaps, stability, profiles."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from idic_lab import figures

MARKERS = "osD^vPX*<>"
MOST_ARROWS = 8
TELLING = 2.0  # residuals from here on are more than chance


def plot_gorge(counts: Sequence[Sequence[int]], variant: str = "book", ax: figures.Axes | None = None) -> figures.Axes:
    """Histograms of the similarity of all customers to each segment, one ridge per segment.

    Natural segments show a gorge: customers are either like a segment or unlike it, and few lie between.

    Parameters:
        counts (sequence of shape (n_segments, n_bins)): Customers by similarity from 0 to 1.
        variant: Named on the axis.

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
    formula = {"book": "formula of the book", "flexclust": "formula of flexclust"}.get(variant, variant)
    return figures.finish(
        ax,
        f"{middle:.0%} of similarities lie in the middle, between 0.3 and 0.7",
        x=f"similarity of a customer to the segment, from 0 to 1 ({formula})",
        y="share of customers",
        xlim=(0, 1),
        ylim=(-0.1, len(shares)),
    )


def plot_within(
    jaccard: Mapping[str, Sequence[float]], null: Sequence[float] | None = None, ax: figures.Axes | None = None
) -> figures.Axes:
    """SLSW: how alike each segment is to its best match on resamples, beside the best of data without segments.

    Parameters:
        null (sequence of float, optional): Mean index of the most stable segment of each data set without segments.

    >>> plot_within({"0": [0.9, 0.8], "1": [0.4, 0.3]}, null=[0.5]).get_title()
    '1 of 2 segments are more stable than data without segments'
    """
    ax = figures.axes(ax, figsize=(7.5, 1.6 + 0.45 * len(jaccard)))
    names = list(jaccard)
    box = ax.boxplot(
        [jaccard[name] for name in names],
        orientation="horizontal",
        patch_artist=True,
        widths=0.6,
        medianprops={"color": figures.BLACK, "lw": 2},
        flierprops={"marker": ".", "markersize": 4},
    )
    for patch in box["boxes"]:
        patch.set(facecolor=figures.SKY, edgecolor=figures.BLACK)
    beyond = len(names)
    if null is not None and len(null):
        label = "most stable segment of data without segments (dashed: highest)"
        ax.axvspan(min(null), max(null), color=figures.GREY, alpha=0.35, lw=0, label=label)
        ax.axvline(max(null), color=figures.BLACK, ls="--", lw=1)
        beyond = sum(np.mean(jaccard[name]) > max(null) for name in names)
        ax.legend(loc="upper left", bbox_to_anchor=(0, -0.28 + 0.02 * len(names)))
    ax.set_yticks(range(1, len(names) + 1), [f"segment {name}" for name in names])
    ax.invert_yaxis()
    ax.grid(axis="y", visible=False)
    of = "more stable than data without segments" if null else "judged, without a null reference"
    return figures.finish(
        ax,
        f"{beyond} of {len(names)} segments are {of}",
        x="Jaccard index with the best match on a resample",
        xlim=(0, 1.01),
        ylim=(len(names) + 0.6, 0.4),
    )


def plot_tree(flows: pd.DataFrame, ax: figures.Axes | None = None) -> figures.Axes:
    """SLSA: how segments split, join and hold together as their number grows.

    Parameters:
        flows: As :func:`idic_lab.compare.flows` gives: ``number``, ``segment``, ``from_segment``, ``customers``,
            ``stability``.

    >>> from idic_lab.compare import flows
    >>> plot_tree(flows({2: [0, 0, 1, 1], 3: [2, 2, 0, 1]})).get_title()
    'Least rooted: a segment of the 3-segment solution, SLSA 1.00'
    """
    from matplotlib import colormaps
    from matplotlib.colors import to_rgb

    ax = figures.axes(ax, figsize=(8, 4.8))
    total = flows.groupby("number")["customers"].sum().max()
    first = int(flows["number"].min())
    place = _places(flows, first)
    for row in flows.itertuples():
        if row.customers / total < 0.005:
            continue
        ax.plot(
            [row.number - 1, row.number],
            [place[row.number - 1, row.from_segment], place[row.number, row.segment]],
            color=figures.GREY,
            alpha=0.75,
            lw=0.5 + 26 * row.customers / total,
            solid_capstyle="butt",
            zorder=1,
        )
    nodes = flows.drop_duplicates(["number", "segment"])
    known = {(row.number, row.segment): row.stability for row in nodes.itertuples()}
    for (number, segment), y in place.items():
        stability = known.get((number, segment))
        shade = "white" if stability is None else colormaps[figures.SEQUENTIAL](stability)
        dark = np.dot(to_rgb(shade), (0.3, 0.59, 0.11)) < 0.5
        ax.scatter(number, y, s=430, color=shade, edgecolor=figures.BLACK, zorder=2)
        label = "" if stability is None else f"{stability:.2f}".replace("0.", ".")
        ax.text(number, y, label, ha="center", va="center", fontsize=8, color="white" if dark else "black", zorder=3)
    numbers = sorted({number for number, _ in place})
    ax.set_xticks(numbers)
    ax.set_yticks([])
    ax.grid(visible=False)
    ax.spines["left"].set_visible(False)
    weak = nodes.loc[nodes["stability"].idxmin()]
    return figures.finish(
        ax,
        f"Least rooted: a segment of the {weak['number']:.0f}-segment solution, SLSA {weak['stability']:.2f}",
        x="number of segments (in a node: SLSA, 1 = all members come from one segment)",
    )


def _places(flows: pd.DataFrame, first: int) -> dict[tuple[int, int], float]:
    """Height of every node: roots evenly, each later segment as near as it can be to where its members were."""
    roots = sorted(flows.loc[flows["number"] == first, "from_segment"].unique())
    place = {(first - 1, root): y for root, y in zip(roots, _even(len(roots)), strict=True)}
    for number, step in flows.groupby("number"):
        height = [place[number - 1, segment] for segment in step["from_segment"]]
        pull = step.assign(y=np.array(height) * step["customers"]).groupby("segment")[["y", "customers"]].sum()
        order = (pull["y"] / pull["customers"]).sort_values(kind="stable").index
        place |= {(number, segment): y for segment, y in zip(order, _even(len(order)), strict=True)}
    return place


def _even(n: int) -> np.ndarray:
    return (np.arange(n) - (n - 1) / 2) / max(n, 2)


def plot_profile(profile: Mapping, ax: figures.Axes | None = None) -> figures.Axes:
    """What each segment is like: means beside everybody's, marker variables framed.

    Parameters:
        profile: ``variables``, ``overall``, ``means`` (segments by variables), ``marker``, ``binary``, ``p_corrected``:
            the ``extra`` of the criterion *profile*.

    >>> profile = {"variables": ["a"], "overall": [0.5], "means": [[0.9], [0.1]], "marker": [[True], [True]], "binary": True,
    ...     "p_corrected": [0.001]}
    >>> plot_profile(profile).get_title()
    '1 of 1 variables differ; 2 markers (framed)'
    """
    from matplotlib.patches import Rectangle

    means, overall = np.asarray(profile["means"]), np.asarray(profile["overall"])
    marker = np.asarray(profile["marker"])
    binary = profile["binary"]
    if binary:
        shade, limit = means - overall, 0.6
    else:
        shade, limit = np.log2(np.maximum(means, 1e-9) / np.maximum(overall, 1e-9)), 2.5
    ax = figures.axes(ax, figsize=(2.6 + 1.0 * len(means), 1.4 + 0.32 * len(overall)))
    ax.imshow(np.clip(shade.T, -limit, limit), cmap=figures.DIVERGING, vmin=-limit, vmax=limit, aspect="auto")
    for segment, variable in np.ndindex(*means.shape):
        value = means[segment, variable]
        text = f"{value:.0%}" if binary else f"{value:,.3g}"
        strong = abs(shade[segment, variable]) > 0.72 * limit
        ax.text(
            segment,
            variable,
            text,
            ha="center",
            va="center",
            fontsize=9,
            fontweight="bold" if marker[segment, variable] else "normal",
            color="white" if strong else "black",
        )
        if marker[segment, variable]:
            ax.add_patch(Rectangle((segment - 0.47, variable - 0.44), 0.94, 0.88, fill=False, ec="black", lw=1.3))
    names = [
        f"{name.replace('_', ' ')}  ({f'{mean:.0%}' if binary else f'{mean:,.3g}'})"
        for name, mean in zip(profile["variables"], overall, strict=True)
    ]
    ax.set_yticks(range(len(names)), names)
    ax.set_xticks(range(len(means)), [str(segment) for segment in range(len(means))])
    ax.grid(visible=False)
    differ = int((np.asarray(profile["p_corrected"]) < 0.05).sum())
    return figures.finish(
        ax,
        f"{differ} of {len(names)} variables differ; {int(marker.sum())} markers (framed)",
        x="segment (beside each variable, the mean of everybody)",
    )


def plot_separation(structure: Mapping, ax: figures.Axes | None = None) -> figures.Axes:
    """Customers on the two main axes of the features, by segment, with the segments' centres and the variables as arrows.

    Parameters:
        structure: ``points``, ``point_segments``, ``centres``, ``explained``, and for the arrows ``axes`` and
            ``variables``: the ``extra`` of the criterion *structure*. The longest eight arrows are drawn.

    >>> structure = {"points": [[0, 0], [1, 1]], "point_segments": [0, 1], "centres": [[0, 0], [1, 1]], "explained": [0.6, 0.2]}
    >>> plot_separation(structure).get_title()
    'The two axes shown hold 80% of the variance'
    """
    ax = figures.axes(ax, figsize=(6.5, 5))
    points, segments = np.asarray(structure["points"]), np.asarray(structure["point_segments"])
    for segment in np.unique(segments):
        inside = segments == segment
        ax.scatter(
            *points[inside].T,
            s=16,
            marker=MARKERS[segment % len(MARKERS)],
            color=figures.CYCLE[segment % len(figures.CYCLE)],
            alpha=0.7,
            lw=0,
        )
    axes = np.asarray(structure.get("axes", ())).reshape(-1, 2)
    longest = np.argsort(-np.hypot(*axes.T), kind="stable")[:MOST_ARROWS]
    reach = 0.85 * (np.abs(points).max(axis=0) / np.abs(axes).max(axis=0, initial=1e-9)).min()
    for row in longest:
        tip = reach * axes[row]
        ax.annotate("", tip, (0, 0), arrowprops={"arrowstyle": "->", "color": figures.BLACK, "lw": 1})
        side = "left" if tip[0] >= 0 else "right"
        ax.text(*(1.05 * tip), structure["variables"][row], ha=side, va="center", fontsize=9)
    for segment, centre in enumerate(structure["centres"]):
        ax.annotate(
            str(segment),
            centre,
            ha="center",
            va="center",
            fontweight="bold",
            bbox={"boxstyle": "circle", "fc": "white", "ec": "black"},
        )
    share = sum(structure["explained"])
    return figures.finish(
        ax,
        f"The two axes shown hold {share:.0%} of the variance",
        x="first principal axis of the features",
        y="second principal axis",
    )


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
    segment, value = residual.stack().idxmax()  # noqa: PD013
    telling = residual.to_numpy().max() > TELLING
    found = f"{name}: segment {segment} has most “{value}” beyond chance" if telling else f"{name}: no more than chance"
    return figures.finish(ax, found, x="segment, as wide as it has members (blue: more than expected, orange: fewer)")


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
        tree: A node with ``question``, ``yes`` and ``no``, or a leaf with ``text`` and ``group`` (a number that colours
            it).

    >>> leaves = {"no": {"text": "leave alone", "group": 0}, "yes": {"text": "write", "group": 1}}
    >>> plot_rule({"question": "orders > 3"} | leaves).get_title()
    'First question: orders > 3'
    """
    places: list[tuple[float, int]] = []

    def leaves(node) -> int:
        return leaves(node["no"]) + leaves(node["yes"]) if "question" in node else 1

    def draw(node, left: float, depth: int) -> float:
        width = leaves(node)
        x = left + width / 2
        if "question" in node:
            at = left
            for answer in ("no", "yes"):
                below = draw(node[answer], at, depth + 1)
                ax.plot([x, below], [-depth, -depth - 1], color=figures.GREY, lw=1, zorder=1)
                ax.text((x + below) / 2, -depth - 0.5, answer, ha="center", va="center", fontsize=9, zorder=2)
                at += leaves(node[answer])
        face = "white" if "question" in node else figures.CYCLE[node["group"] % len(figures.CYCLE)]
        box = {"boxstyle": "round", "fc": face, "ec": figures.BLACK, "alpha": 1 if "question" in node else 0.35}
        style = {"ha": "center", "va": "center", "fontsize": 9}
        text = node.get("question", node.get("text"))
        ax.text(x, -depth, text, bbox=box | {"fc": "white", "alpha": 1}, **style)
        ax.text(x, -depth, text, bbox=box, **style)
        places.append((x, depth))
        return x

    ax = figures.axes(ax, figsize=(1.5 + 1.45 * leaves(tree), 4.4))
    draw(tree, 0.0, 0)
    ax.axis("off")
    deepest = max(depth for _, depth in places)
    title = title or (f"First question: {tree['question']}" if "question" in tree else "No question is worth asking")
    return figures.finish(ax, title, xlim=(0, leaves(tree)), ylim=(-deepest - 0.5, 0.5))


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
    both = int(x.argmax()) == int(y.argmax())
    found = (
        f"segment {x.argmax()}" if both else f"none; segment {x.argmax()} in one and segment {y.argmax()} in the other"
    )
    ax.margins(0.2)
    sized = f"  (size: {names['size']}, {size.min():.2g} to {size.max():.2g})" if "size" in names else ""
    return figures.finish(
        ax, f"Highest in {names['x']} and in {names['y']}: {found}", x=f"{names['x']}{sized}", y=names["y"]
    )
