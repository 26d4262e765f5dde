"""Pictures of feedback; every title is computed from the numbers it heads."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.ticker import PercentFormatter

from idic_lab import figures
from idic_lab.interact.feedback.scores import DETRACTOR_TO, PROMOTER_FROM, net_promoter_score

_PERCENT = PercentFormatter(1, decimals=0)


def plot_nps(answers: pd.Series, ax: figures.Axes | None = None) -> figures.Axes:
    """The answers to the recommendation question, by the three groups that NPS makes of them.

    Parameters
    ----------
    answers : Series
        Answers from 0 to 10.
    ax : matplotlib.axes.Axes, optional
    """
    ax = figures.axes(ax)
    shares = answers.round().value_counts(normalize=True).reindex(range(11), fill_value=0.0)
    groups = (
        ("detractors", range(DETRACTOR_TO + 1), figures.VERMILION, "//"),
        ("passives", range(DETRACTOR_TO + 1, PROMOTER_FROM), figures.GREY, ""),
        ("promoters", range(PROMOTER_FROM, 11), figures.BLUE, ""),
    )
    for name, numbers, colour, hatch in groups:
        part = shares.loc[list(numbers)]
        ax.bar(part.index, part, color=colour, hatch=hatch, label=f"{name}: {part.sum():.0%}")
    ax.set_xticks(range(11))
    ax.set(xlabel="answer: how likely to recommend us (0 to 10)", ylabel="share of respondents")
    ax.yaxis.set_major_formatter(_PERCENT)
    ax.legend(loc="upper left")
    ax.grid(axis="x", visible=False)
    score = net_promoter_score(answers).iloc[0]
    ax.set_title(
        f"NPS {score['nps']:+.0f} points, with a 95% interval from {score['low']:+.0f} to {score['high']:+.0f}"
    )
    return ax


def plot_nps_noise(noise: pd.DataFrame, score: float, ax: figures.Axes | None = None) -> figures.Axes:
    """The funnel of NPS: where 95% of samples fall when nothing has changed.

    Parameters
    ----------
    noise : DataFrame
        As :func:`nps_noise` gives.
    score : float
        NPS of all answers, points.
    ax : matplotlib.axes.Axes, optional
    """
    ax = figures.axes(ax)
    ax.fill_between(
        noise["respondents"], noise["low"], noise["high"], color=figures.SKY, alpha=0.4, linewidth=0
    )
    ax.plot(noise["respondents"], noise["low"], marker="o", color=figures.BLUE)
    ax.plot(
        noise["respondents"],
        noise["high"],
        marker="o",
        color=figures.BLUE,
        label="95% of samples lie between",
    )
    ax.axhline(score, color="black", linestyle="--", linewidth=1, label="all respondents")
    ax.set_xscale("log")
    ax.set_xticks(noise["respondents"], [f"{n:,}" for n in noise["respondents"]])
    ax.minorticks_off()
    ax.set(xlabel="respondents in a sample (logarithmic scale)", ylabel="NPS (points)")
    ax.legend()
    few = noise.iloc[0]
    ax.set_title(
        f"With {few['respondents']:.0f} respondents, NPS moves by {few['swing']:.0f} points without a cause"
    )
    return ax


def plot_balance(table: pd.DataFrame, ax: figures.Axes | None = None) -> figures.Axes:
    """How far respondents are from everybody, before and after weighting, in standard deviations.

    Parameters
    ----------
    table : DataFrame
        As :func:`balance` gives.
    ax : matplotlib.axes.Axes, optional
    """
    ax = figures.axes(ax, figsize=(7.5, 3.4))
    place = np.arange(len(table))[::-1]
    ax.axvline(0, color="black", linewidth=1)
    ax.hlines(place, table["bias_left"], table["bias"], color=figures.GREY, linewidth=1.5)
    ax.plot(table["bias"], place, "s", color=figures.VERMILION, markersize=8, label="as they answered")
    ax.plot(table["bias_left"], place, "o", color=figures.BLUE, markersize=8, label="weighted")
    ax.set_yticks(place, [name.replace("_", " ").replace("log ", "log of ") for name in table["feature"]])
    ax.set(xlabel="respondents less everybody (standard deviations)", ylim=(-0.6, len(table) - 0.4))
    ax.legend(loc="center left", bbox_to_anchor=(1, 0.5))
    worst = table.loc[table["bias"].abs().idxmax()]
    ax.set_title(
        f"Weights reduce the largest bias from {abs(worst['bias']):.2f} to {abs(worst['bias_left']):.2f}"
    )
    return ax


def plot_accuracy(table: pd.DataFrame, ax: figures.Axes | None = None) -> figures.Axes:
    """Held-out accuracy of sentiment models, for all reviews and those that deny something.

    Parameters
    ----------
    table : DataFrame
        ``model``, ``reviews of``, ``accuracy``, ``low``, ``high``, ``base_rate``.
    ax : matplotlib.axes.Axes, optional
    """
    ax = figures.axes(ax)
    models, groups = list(table["model"].unique()), list(table["reviews of"].unique())
    marks = (("o", figures.BLUE), ("s", figures.ORANGE), ("^", figures.GREEN))
    for shift, (group, (mark, colour)) in enumerate(zip(groups, marks, strict=False)):
        part = table[table["reviews of"] == group].set_index("model").loc[models]
        place = np.arange(len(models)) + 0.16 * (shift - (len(groups) - 1) / 2)
        errors = [part["accuracy"] - part["low"], part["high"] - part["accuracy"]]
        ax.errorbar(place, part["accuracy"], yerr=errors, fmt=mark, color=colour, capsize=3, label=group)
    base = table["base_rate"].iloc[0]
    ax.axhline(base, color="black", linestyle=":", linewidth=1)
    ax.annotate(
        "always the commoner tone", (-0.45, base), xytext=(0, 4), textcoords="offset points", color="#555555"
    )
    ax.set_xticks(range(len(models)), models)
    ax.set(
        xlabel="what the model sees", ylabel="accuracy on held-out reviews", xlim=(-0.5, len(models) - 0.5)
    )
    ax.set_ylim(base - 0.05, 1.0)
    ax.yaxis.set_major_formatter(_PERCENT)
    ax.legend(loc="center right")
    ax.grid(axis="x", visible=False)
    overall = table[table["reviews of"] == groups[0]]
    best = overall.loc[overall["accuracy"].idxmax()]
    ax.set_title(f"Best on {groups[0]}: {best['model']}, {best['accuracy']:.1%} right")
    return ax


def plot_stars_by_topic(table: pd.DataFrame, ax: figures.Axes | None = None) -> figures.Axes:
    """Mean stars of the reviews that touch each topic, with intervals.

    Parameters
    ----------
    table : DataFrame
        As :func:`stars_by_topic` gives.
    ax : matplotlib.axes.Axes, optional
    """
    ax = figures.axes(ax, figsize=(7.5, 0.32 * len(table) + 1.4))
    place = np.arange(len(table))[::-1]
    errors = [table["stars"] - table["low"], table["high"] - table["stars"]]
    ax.errorbar(table["stars"], place, xerr=errors, fmt="o", color=figures.BLUE, capsize=3)
    middle = np.average(table["stars"], weights=table["reviews"])
    ax.axvline(middle, color="black", linestyle="--", linewidth=1)
    ax.set_yticks(place, [f"{row.topic} ({row.reviews:,})" for row in table.itertuples()])
    ax.set(xlabel="mean stars, with 95% interval (dashed: all topics)", ylabel="topic (reviews)")
    low, high = (table.iloc[row] for row in (0, -1))
    ax.set_title(
        f"{low['topic'].capitalize()} is rated lowest ({low['stars']:.1f} stars), {high['topic']} highest "
        f"({high['stars']:.1f})"
    )
    return ax


def plot_leaving(table: pd.DataFrame, horizon_days: int, ax: figures.Axes | None = None) -> figures.Axes:
    """Share that bought nothing in the horizon, by the last answer before it.

    Parameters
    ----------
    table : DataFrame
        As :func:`leaving_by_answer` gives.
    horizon_days : int
    ax : matplotlib.axes.Axes, optional
    """
    ax = figures.axes(ax)
    errors = [table["left"] - table["low"], table["high"] - table["left"]]
    ax.errorbar(table["answer"], table["left"], yerr=errors, fmt="o-", color=figures.VERMILION, capsize=4)
    for row in table.itertuples():
        ax.annotate(f"n = {row.customers:,}", (row.answer, 0.03), ha="center", color="#555555")
    ax.set_xticks(table["answer"], [f"{answer:.0f}" for answer in table["answer"]])
    ax.set(
        xlabel="last answer to: how satisfied are you? (5 is best)",
        ylabel=f"bought nothing in the next {horizon_days} days",
        ylim=(0, 1),
    )
    ax.yaxis.set_major_formatter(_PERCENT)
    worst, best = table.iloc[0], table.iloc[-1]
    ax.set_title(f"{worst['left']:.0%} of the least satisfied left, {best['left']:.0%} of the most satisfied")
    return ax
