"""Pictures of need segments and of who is in them; every title is computed from the data it heads."""

from __future__ import annotations

import textwrap

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MaxNLocator, PercentFormatter

from idic_lab import figures
from idic_lab.differentiate.needs.everybody import TypingTool
from idic_lab.differentiate.needs.number import choose_number

_PERCENT = PercentFormatter(1, decimals=0)
_THOUSANDS = FuncFormatter(lambda value, _: f"{value:,.0f}")


def plot_bic(evidence: pd.DataFrame, ax: figures.Axes | None = None) -> figures.Axes:
    """BIC of the latent class models by number of segments; lowest is best.

    Parameters
    ----------
    evidence : DataFrame
        As :func:`number_of_segments` gives.
    """
    ax = figures.axes(ax)
    best = evidence.loc[evidence["bic"].idxmin()]
    ax.plot(evidence["n_segments"], evidence["bic"], marker="o", color=figures.BLUE)
    ax.plot(
        best["n_segments"], best["bic"], marker="o", markersize=12, mfc="none", mec=figures.VERMILION, mew=2
    )
    ax.set(xlabel="number of segments", ylabel="BIC (lower is better)")
    ax.xaxis.set_major_locator(MaxNLocator(integer=True))
    ax.yaxis.set_major_formatter(_THOUSANDS)
    ax.set_title(f"BIC is lowest at {best['n_segments']:.0f} segment{'s' if best['n_segments'] > 1 else ''}")
    return ax


def plot_stability(
    evidence: pd.DataFrame, n_segments: int | None = None, ax: figures.Axes | None = None
) -> figures.Axes:
    """Stability by number of segments, beside the null reference of answers without segments.

    Parameters
    ----------
    evidence : DataFrame
        As :func:`number_of_segments` gives.
    n_segments : int, optional
        A number to mark; by default the one :func:`choose_number` chooses.
    """
    ax = figures.axes(ax)
    shown = evidence[evidence["n_segments"].gt(1)]
    marked = choose_number(evidence).n_segments if n_segments is None else n_segments
    k = shown["n_segments"]
    ax.fill_between(
        k, shown["stability_low"], shown["stability_high"], color=figures.SKY, alpha=0.35, linewidth=0
    )
    ax.plot(k, shown["stability"], marker="o", color=figures.BLUE, label="these answers (band: 90% of pairs)")
    ax.plot(
        k,
        shown["null_stability"],
        marker="s",
        color="#555555",
        linestyle="--",
        label="shuffled answers, highest",
    )
    here = shown[k.eq(marked)]
    ax.plot(
        here["n_segments"],
        here["stability"],
        marker="o",
        markersize=12,
        mfc="none",
        mec=figures.VERMILION,
        mew=2,
    )
    ax.set(
        xlabel="number of segments",
        ylabel="adjusted Rand index of pairs",
        ylim=(min(0, shown["stability_low"].min()), 1.02),
    )
    ax.xaxis.set_major_locator(MaxNLocator(integer=True))
    ax.legend(loc="best")
    if len(here):
        row = here.iloc[0]
        ax.set_title(
            f"{marked} segments: stability {row['stability']:.2f}, by chance up to {row['null_stability']:.2f}"
        )
    else:
        ax.set_title("No number of segments is admitted")
    return ax


def plot_profiles(profile: pd.DataFrame, ax: figures.Axes | None = None) -> figures.Axes:
    """Segment profile plot: share of yes by question and segment, coloured by its distance from everybody's.

    Numbers in bold are marker variables. Questions stand in the order of the segment they mark.

    Parameters
    ----------
    profile : DataFrame
        As :func:`profiles` gives.
    """
    ax = figures.axes(ax, figsize=(9.5, 8))
    segments = list(profile["segment"].unique())
    wide = {
        name: profile.pivot_table(index="question_id", columns="segment", values=name, sort=False)
        for name in ("share", "difference")
    }
    marker = profile.assign(marker=profile["marker"].astype("float64")).pivot_table(
        index="question_id", columns="segment", values="marker"
    )
    difference = wide["difference"][segments]
    strongest = difference.to_numpy().argmax(axis=1)
    order = np.lexsort((-difference.max(axis=1).to_numpy(), strongest))
    questions = difference.index[order]
    cells = difference.loc[questions].to_numpy()
    limit = max(abs(cells).max(), 0.25)
    ax.imshow(cells, cmap=figures.DIVERGING, vmin=-limit, vmax=limit, aspect="auto")
    for (row, column), value in np.ndenumerate(wide["share"].loc[questions, segments].to_numpy()):
        bold = marker.loc[questions[row], segments[column]] > 0
        white = abs(cells[row, column]) > 0.6 * limit
        ax.text(
            column,
            row,
            f"{value:.0%}",
            ha="center",
            va="center",
            color="white" if white else "black",
            fontweight="bold" if bold else "normal",
            fontsize=9,
        )
    text = profile.drop_duplicates("question_id").set_index("question_id")["text"]
    ax.set_yticks(
        range(len(questions)),
        [textwrap.shorten(text[q], 56, placeholder=" …") for q in questions],
        fontsize=9,
    )
    size = profile.drop_duplicates("segment").set_index("segment")["share_of_customers"]
    ax.set_xticks(
        range(len(segments)),
        [f"{textwrap.fill(str(name), 14)}\n({size[name]:.0%})" for name in segments],
        fontsize=9,
    )
    ax.xaxis.tick_top()
    ax.grid(False)
    ax.tick_params(length=0)
    number = int(profile["marker"].sum())
    ax.set_title(
        f"{number} marker variables (bold) tell {len(segments)} segments apart"
        if number
        else "No question marks any segment",
        pad=12,
    )
    ax.set_xlabel("share of yes in the segment; orange: below everybody, purple: above")
    return ax


def plot_number(
    n_segments: int, evidence: pd.DataFrame, profiles_by_number: dict[int, pd.DataFrame]
) -> Figure:
    """The profiles of one number of segments, with its stability and BIC beside them.

    Parameters
    ----------
    n_segments : int
        2 or more.
    evidence : DataFrame
        As :func:`number_of_segments` gives.
    profiles_by_number : dict of int to DataFrame
        Profiles by number of segments, as :func:`segment_battery` gives.
    """
    first = figures.axes(None, figsize=(13.5, 7.5))
    figure = first.get_figure()
    first.remove()
    grid = figure.add_gridspec(2, 2, width_ratios=(1, 2.1))
    top, bottom, right = (
        figure.add_subplot(grid[0, 0]),
        figure.add_subplot(grid[1, 0]),
        figure.add_subplot(grid[:, 1]),
    )
    plot_stability(evidence, n_segments, ax=top)
    top.set_title(f"Stability {_of(evidence, n_segments, 'stability'):.2f}")
    top.legend(loc="upper center", bbox_to_anchor=(0.5, -0.22), fontsize=8, ncols=2, columnspacing=1)
    plot_bic(evidence, ax=bottom)
    bottom.axvline(n_segments, color="#555555", linestyle=":")
    plot_profiles(profiles_by_number[n_segments], ax=right)
    return figure


def _of(evidence: pd.DataFrame, n_segments: int, column: str) -> float:
    return float(evidence.set_index("n_segments").loc[n_segments, column])


def plot_typing(tool: TypingTool, ax: figures.Axes | None = None) -> figures.Axes:
    """Out-of-sample accuracy of the typing tool, altogether and by segment, beside the base rate."""
    ax = figures.axes(ax)
    recall = tool.recall().iloc[::-1]
    y = np.arange(len(recall))
    ax.barh(y, recall["typed_right"], color=figures.SKY)
    for place, (share, customers) in enumerate(zip(recall["typed_right"], recall["customers"], strict=True)):
        ax.text(0.01, place, f"{share:.0%} of {customers}", va="center", fontsize=9)
    ax.axvline(tool.accuracy, color=figures.BLUE, linewidth=2, label=f"all segments: {tool.accuracy:.0%}")
    ax.axvline(
        tool.base_rate,
        color="#555555",
        linestyle="--",
        label=f"naming the largest for everybody: {tool.base_rate:.0%}",
    )
    ax.set_yticks(y, [textwrap.fill(name, 26) for name in recall["segment"]])
    ax.set(xlim=(0, 1), xlabel="share typed as their answers say, out of sample")
    ax.xaxis.set_major_formatter(_PERCENT)
    ax.legend(loc="upper center", bbox_to_anchor=(0.4, -0.16), ncols=2)
    ax.set_title(
        f"The typing tool is right for {tool.accuracy:.0%}; guessing would be for {tool.base_rate:.0%}"
    )
    return ax


def plot_effects(
    effects: pd.DataFrame, names: dict[int, str], ax: figures.Axes | None = None
) -> figures.Axes:
    """Effects of covariates on belonging to each segment, with 95% intervals.

    Parameters
    ----------
    effects : DataFrame
        As :func:`three_step` gives.
    names : dict of int to str
        Name of each segment.
    """
    ax = figures.axes(ax, figsize=(8.5, 4.6))
    covariates = list(effects["covariate"].unique())
    marks = zip(covariates, figures.CYCLE, "osD^v", strict=False)
    for number, (covariate, colour, mark) in enumerate(marks):
        rows = effects[effects["covariate"].eq(covariate)]
        y = rows["segment"].to_numpy() + 0.16 * (number - (len(covariates) - 1) / 2)
        half = rows["effect"] - rows["low"]
        ax.errorbar(
            rows["effect"], y, xerr=half, fmt=mark, color=colour, label=covariate.replace("_", " "), capsize=2
        )
    ax.axvline(0, color="#555555", linewidth=1)
    found = sorted(effects["segment"].unique())
    ax.set_yticks(found, [textwrap.fill(names[k], 26) for k in found])
    ax.invert_yaxis()
    ax.set_xlabel("change in log odds per standard deviation, against the average segment (95% interval)")
    ax.legend(loc="best")
    clear = int((effects["low"].gt(0) | effects["high"].lt(0)).sum())
    ax.set_title(f"{clear} of {len(effects)} effects are clearly not zero")
    return ax


def plot_need_differences(
    tests: pd.DataFrame, questions: dict[str, str], top: int = 8, ax: figures.Axes | None = None
) -> figures.Axes:
    """The questions on which value tiers differ most, with the share of yes in each tier.

    Parameters
    ----------
    tests : DataFrame
        As :func:`need_differences` gives.
    questions : dict of str to str
        Wording by question.
    top : int
        Questions shown.
    """
    ax = figures.axes(ax, figsize=(8.5, 4.6))
    shown = tests.head(top).iloc[::-1].reset_index(drop=True)
    tiers = [
        name for name in tests.columns if name not in ("question_id", "cramers_v", "p_value", "p_corrected")
    ]
    ax.hlines(
        shown.index, shown[tiers].min(axis=1), shown[tiers].max(axis=1), color=figures.GREY, linewidth=2
    )
    for tier, colour, mark in zip(
        tiers, (figures.SKY, figures.GREY, figures.BLUE, figures.ORANGE), "o|sD", strict=False
    ):
        ax.plot(shown[tier], shown.index, mark, color=colour, markersize=9, label=f"{tier} value")
    labels = [
        f"{textwrap.shorten(questions.get(q, q), 52, placeholder=' …')}{' *' if p < 0.05 else ''}"
        for q, p in zip(shown["question_id"], shown["p_corrected"], strict=True)
    ]
    ax.set_yticks(shown.index, labels, fontsize=9)
    ax.set_xlabel("share of yes (* differs after correction, 5% level)")
    ax.xaxis.set_major_formatter(_PERCENT)
    ax.legend(loc="best")
    number = int(tests["p_corrected"].lt(0.05).sum())
    ax.set_title(
        f"{number} of {len(tests)} needs differ between value tiers"
        if number
        else "No need differs between value tiers"
    )
    return ax


def plot_price_tiers(tiers: pd.DataFrame, ax: figures.Axes | None = None) -> figures.Axes:
    """Customers by the share of premium and of budget lines they buy, coloured by the class given.

    Parameters
    ----------
    tiers : DataFrame
        As :func:`price_tier` gives.
    """
    ax = figures.axes(ax)
    share = tiers["segment"].value_counts(normalize=True)
    bins = np.linspace(0, 1, 21)
    leaning = tiers["premium_share"] - tiers["budget_share"]
    parts = [
        (name, colour)
        for name, colour in (("budget", figures.ORANGE), ("mixed", figures.GREY), ("premium", figures.BLUE))
    ]
    ax.hist(
        [leaning[tiers["segment"].eq(name)] for name, _ in parts],
        bins=bins * 2 - 1,
        stacked=True,
        color=[colour for _, colour in parts],
        label=[f"{name} ({share.get(name, 0):.0%})" for name, _ in parts],
    )
    ax.set(xlabel="premium share less budget share of the customer's lines", ylabel="customers")
    ax.yaxis.set_major_formatter(_THOUSANDS)
    ax.legend(loc="upper right")
    ax.set_title(
        f"{share.get('premium', 0):.0%} surely lean to premium, {share.get('budget', 0):.0%} to budget"
    )
    return ax
