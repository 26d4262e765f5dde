"""Pictures of who is in which need segment and what else is known of them; titles are computed from the data."""

from __future__ import annotations

import textwrap

import numpy as np
import pandas as pd
from matplotlib.ticker import FuncFormatter, PercentFormatter

from idic_lab import figures
from idic_lab.differentiate.needs.typing_tool import TypingTool



def plot_typing(tool: TypingTool, ax: figures.Axes | None = None) -> figures.Axes:
    """Out-of-sample accuracy of the typing tool, altogether and by segment, beside the base rate.

    Parameters
    ----------
    tool : TypingTool
    ax : matplotlib.axes.Axes, optional

    Returns
    -------
    matplotlib.axes.Axes
    """
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
    ax : matplotlib.axes.Axes, optional

    Returns
    -------
    matplotlib.axes.Axes
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
    ax : matplotlib.axes.Axes, optional

    Returns
    -------
    matplotlib.axes.Axes
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
    ax : matplotlib.axes.Axes, optional

    Returns
    -------
    matplotlib.axes.Axes
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
