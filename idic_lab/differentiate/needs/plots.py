"""Pictures of need segments and of who is in them; every title is computed from the data it heads."""

from __future__ import annotations

import textwrap

import numpy as np
import pandas as pd

from idic_lab import figures
from idic_lab.differentiate.needs.everybody import TypingTool


def plot_stability(
    evidence: pd.DataFrame, n_segments: int | None = None, ax: figures.Axes | None = None
) -> figures.Axes:
    """Stability by number of segments, beside the null reference of people of one crowd.

    >>> evidence = pd.DataFrame({"n_segments": [1, 2], "stability": [1, 0.9], "stability_low": [1, 0.8],
    ...     "stability_high": [1, 0.95], "null_stability": [1, 0.7]})
    >>> plot_stability(evidence, 2).get_title()
    '2 segments: stability 0.90, in one crowd up to 0.70'
    """
    from idic_lab.differentiate.needs.number import choose_number

    ax = figures.axes(ax)
    shown = evidence[evidence["n_segments"].gt(1)]
    marked = choose_number(evidence).n_segments if n_segments is None else n_segments
    k, low, high = shown["n_segments"], shown["stability_low"], shown["stability_high"]
    ax.fill_between(k, low, high, color=figures.SKY, alpha=0.35, linewidth=0)
    ax.plot(k, shown["stability"], marker="o", color=figures.BLUE, label="these answers (band: 90% of pairs)")
    dashed = {"marker": "s", "color": "#555555", "linestyle": "--"}
    ax.plot(k, shown["null_stability"], label="people of one crowd, highest", **dashed)
    here = shown[k.eq(marked)]
    ring = {"marker": "o", "markersize": 12, "mfc": "none", "mec": figures.VERMILION, "mew": 2}
    ax.plot(here["n_segments"], here["stability"], **ring)
    ax.set_xticks(k)
    title = "No number of segments is admitted"
    for row in here.itertuples():
        title = f"{marked} segments: stability {row.stability:.2f}, in one crowd up to {row.null_stability:.2f}"
    x, y = "number of segments", "adjusted Rand index of pairs"
    return figures.finish(ax, title, x, y, legend={"loc": "best"}, ylim=(min(0, low.min()), 1.02))


def plot_profiles(profile: pd.DataFrame, ax: figures.Axes | None = None) -> figures.Axes:
    """Segment profile plot: share of yes by question and segment, coloured by its distance from everybody's.

    Numbers in bold are marker variables. Questions stand in the order of the segment they mark.

    >>> from idic_lab.differentiate.needs.answers import profiles
    >>> answers = pd.DataFrame({"customer_id": list("abcd"), "Q1": [1.0, 1, 1, 0], "Q2": [1.0, 0, 1, 0]})
    >>> plot_profiles(profiles(answers, ["x", "x", "x", "y"])).get_title()
    '“Q1”: 100% of the largest segment, 75% of all'
    """
    ax = figures.axes(ax, figsize=(9.5, 8))
    segments, names = list(profile["segment"].unique()), ["share", "difference", "marker"]
    by_question = profile.astype({"marker": "float64"}).pivot_table(names, "question_id", "segment")
    difference = by_question["difference"].loc[profile["question_id"].unique(), segments]
    strongest = difference.to_numpy().argmax(axis=1)
    questions = difference.index[np.lexsort((-difference.max(axis=1).to_numpy(), strongest))]
    share, cells, marker = (by_question[name].loc[questions, segments].to_numpy() for name in names)
    limit = max(abs(cells).max(), 0.25)
    ax.imshow(cells, cmap=figures.DIVERGING, vmin=-limit, vmax=limit, aspect="auto")
    for (row, column), value in np.ndenumerate(share):
        colour = "white" if abs(cells[row, column]) > 0.6 * limit else "black"
        weight = "bold" if marker[row, column] else "normal"
        look = {"ha": "center", "va": "center", "fontsize": 9, "color": colour, "fontweight": weight}
        ax.text(column, row, f"{value:.0%}", **look)
    text = profile.drop_duplicates("question_id").set_index("question_id")["text"]
    wording = [textwrap.shorten(text[q], 56, placeholder=" …") for q in questions]
    ax.set_yticks(range(len(questions)), wording, fontsize=9)
    size = profile.drop_duplicates("segment").set_index("segment")["share_of_customers"]
    named = [f"{textwrap.fill(str(name), 14)}\n({size[name]:.0%})" for name in segments]
    ax.set_xticks(range(len(segments)), named, fontsize=9)
    ax.xaxis.tick_top()
    ax.grid(False)
    ax.tick_params(length=0)
    marks = profile[profile["marker"].astype(bool) & profile["difference"].gt(0)]
    title = "No segment is marked by what it says more often than everybody"
    if len(segments) == 1:
        title = "One crowd: no segments to tell apart"
    elif len(marks):
        top = marks.sort_values(["share_of_customers", "difference"]).iloc[-1]
        said = textwrap.shorten(str(top["text"]), 44, placeholder=" …")
        title = f"“{said}”: {top['share']:.0%} of the largest segment, {top['share'] - top['difference']:.0%} of all"
    x = "share of yes in the segment (bold: marks it); orange: below everybody, purple: above"
    return figures.finish(ax, title, x)


def plot_typing(tool: TypingTool, ax: figures.Axes | None = None) -> figures.Axes:
    """Out-of-sample accuracy of the typing tool, altogether and by segment, beside the base rate.

    >>> held = pd.DataFrame({"customer_id": list("abcd"), "segment": list("xxyy"), "typed": list("xxyx")})
    >>> plot_typing(TypingTool(None, (), 0.75, 0.3, 0.95, 0.5, held)).get_title()
    'The typing tool is right for 75%; guessing would be for 50%'
    """
    ax = figures.axes(ax)
    right = tool.held_out["segment"].eq(tool.held_out["typed"]).groupby(tool.held_out["segment"])
    recall = right.agg(customers="size", typed_right="mean").sort_values("typed_right", ascending=False)[::-1]
    y = np.arange(len(recall))
    ax.barh(y, recall["typed_right"], color=figures.SKY)
    for place, row in zip(y, recall.itertuples(), strict=True):
        ax.text(0.01, place, f"{row.typed_right:.0%} of {row.customers}", va="center", fontsize=9)
    guess = f"naming the largest for everybody: {tool.base_rate:.0%}"
    ax.axvline(tool.accuracy, color=figures.BLUE, linewidth=2, label=f"all segments: {tool.accuracy:.0%}")
    ax.axvline(tool.base_rate, color="#555555", linestyle="--", label=guess)
    ax.set_yticks(y, [textwrap.fill(name, 26) for name in recall.index])
    title = f"The typing tool is right for {tool.accuracy:.0%}; guessing would be for {tool.base_rate:.0%}"
    title = title if len(recall) > 1 else "One segment for everybody: nothing to guess"
    x = "share typed as their answers say, out of sample"
    legend = {"loc": "upper center", "bbox_to_anchor": (0.4, -0.16), "ncols": 2}
    return figures.finish(ax, title, x, x_format="percent", legend=legend, xlim=(0, 1))


def plot_need_differences(
    tests: pd.DataFrame, questions: dict[str, str], by: str = "value", ax: figures.Axes | None = None
) -> figures.Axes:
    """The eight questions on which value tiers differ most, with the share of yes in each tier (:func:`need_differences`).

    >>> tests = pd.DataFrame({"question_id": ["Q1"], "low": [0.2], "high": [0.9], "cramers_v": [0.4],
    ...     "p_value": [0.001], "p_corrected": [0.001]})
    >>> plot_need_differences(tests, {"Q1": "I wait."}).get_title()
    '1 of 1 statements: the answer goes with value'
    """
    ax = figures.axes(ax, figsize=(8.5, 4.6))
    shown = tests.head(8).iloc[::-1].reset_index(drop=True)
    tiers = list(tests.columns.drop(["question_id", "cramers_v", "p_value", "p_corrected"]))
    ax.hlines(shown.index, shown[tiers].min(axis=1), shown[tiers].max(axis=1), color=figures.GREY, linewidth=2)
    colours = (figures.SKY, figures.GREY, figures.BLUE, figures.ORANGE)
    for tier, colour, mark in zip(tiers, colours, "o|sD", strict=False):
        label = f"{tier} third" if len(tiers) == 3 else tier
        ax.plot(shown[tier], shown.index, mark, color=colour, markersize=9, label=label)
    wording = [textwrap.shorten(questions.get(q, q), 52, placeholder=" …") for q in shown["question_id"]]
    stars = np.where(shown["p_corrected"] < 0.05, " *", "")
    ax.set_yticks(shown.index, [text + star for text, star in zip(wording, stars, strict=True)], fontsize=9)
    number = int(tests["p_corrected"].lt(0.05).sum())
    title = f"No answer goes with {by} beyond chance, after correction"
    if number:
        title = f"{number} of {len(tests)} statements: the answer goes with {by}"
    x = f"share of yes; the {len(shown)} that differ most (* beyond chance, after correction)"
    return figures.finish(ax, title, x, x_format="percent", legend={"loc": "best"})


def plot_price_tiers(tiers: pd.DataFrame, ax: figures.Axes | None = None) -> figures.Axes:
    """Customers by the share of premium and of budget lines they buy, coloured by the class :func:`price_tier` gives.

    >>> tiers = pd.DataFrame({"segment": ["premium", "mixed"], "premium_share": [0.9, 0.4], "budget_share": [0.0, 0.4]})
    >>> plot_price_tiers(tiers).get_title()
    '50% clearly lean to premium, 0% to budget'
    """
    ax = figures.axes(ax)
    share = tiers["segment"].value_counts(normalize=True)
    leaning = tiers["premium_share"] - tiers["budget_share"]
    colours = {"budget": figures.ORANGE, "mixed": figures.GREY, "premium": figures.BLUE}
    parts = [leaning[tiers["segment"].eq(name)] for name in colours]
    labels = [f"{name} ({share.get(name, 0):.0%})" for name in colours]
    ax.hist(parts, bins=np.linspace(-1, 1, 21), stacked=True, color=list(colours.values()), label=labels)
    title = f"{share.get('premium', 0):.0%} clearly lean to premium, {share.get('budget', 0):.0%} to budget"
    x = "premium less budget share of the customer's lines (−1: all budget, 1: all premium)"
    return figures.finish(ax, title, x, "customers", y_format="count", legend={"loc": "upper right"})
