"""Pictures of channels; every title is computed from the numbers it heads."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.ticker import PercentFormatter

from idic_lab import figures
from idic_lab.interact.channels.plan import contact_plan
from idic_lab.tables import CHANNELS

_PERCENT = PercentFormatter(1, decimals=0)
COLOURS = dict(
    zip(CHANNELS, (figures.BLUE, figures.ORANGE, figures.GREEN, figures.VERMILION, figures.SKY), strict=True)
)


def spoken(channel: str) -> str:
    """A channel as a reader says it: "web chat", "e-mail"."""
    return {"email": "e-mail"}.get(channel, channel.replace("_", " "))


def plot_reach(reach: pd.DataFrame, ax: figures.Axes | None = None) -> figures.Axes:
    """Shares of the customer base that each channel may reach, has reached and has moved.

    Parameters
    ----------
    reach : DataFrame
        As :func:`reach` gives.
    ax : matplotlib.axes.Axes, optional
    """
    ax = figures.axes(ax)
    place = np.arange(len(reach))
    for shift, (name, colour, hatch) in enumerate(
        (("allowed", figures.SKY, ""), ("contacted", figures.BLUE, ""), ("responded", figures.ORANGE, "//"))
    ):
        ax.bar(place + 0.27 * (shift - 1), reach[name], width=0.25, color=colour, hatch=hatch, label=name)
    ax.set_xticks(place, [spoken(channel) for channel in reach["channel"]])
    ax.set(xlabel="channel", ylabel="share of customers", ylim=(0, 1.19))
    ax.yaxis.set_major_formatter(_PERCENT)
    ax.legend(ncols=3, loc="upper left")
    widest = reach.loc[reach["responded"].idxmax()]
    ax.set_title(
        f"{spoken(widest['channel']).capitalize()}, {widest['responded']:.0%} of customers have responded: more than on any "
        "other channel"
    )
    ax.grid(axis="x", visible=False)
    return ax


def plot_fatigue(table: pd.DataFrame, ax: figures.Axes | None = None) -> figures.Axes:
    """Response rate by contacts in the 28 days before, seen and expected.

    Parameters
    ----------
    table : DataFrame
        As :func:`response_by_recent_contacts` gives.
    ax : matplotlib.axes.Axes, optional
    """
    ax = figures.axes(ax)
    x, rate = table["recent_contacts"], table["response_rate"]
    ax.errorbar(
        x,
        rate,
        yerr=[rate - table["low"], table["high"] - rate],
        fmt="o",
        color=figures.BLUE,
        capsize=3,
        label="seen, with 95% interval",
    )
    ax.plot(x, table["expected"], color=figures.VERMILION, linestyle="--", label="log-linear model")
    labels = [*(str(number) for number in x[:-1]), f"{x.iloc[-1]} or more"]
    ax.set_xticks(x, labels)
    ax.set(xlabel="contacts in the 28 days before", ylabel="response rate", ylim=(0, None))
    ax.yaxis.set_major_formatter(_PERCENT)
    ax.legend()
    ax.set_title(f"From {rate.iloc[0]:.0%} after four quiet weeks to {rate.iloc[-1]:.0%} after many contacts")
    return ax


def plot_shrinkage(
    rates: pd.DataFrame, channel: str = "email", ax: figures.Axes | None = None
) -> figures.Axes:
    """Own rates beside shrunk rates of customers contacted on one channel; size shows the number of contacts.

    Parameters
    ----------
    rates : DataFrame
        As :func:`shrunk_rates` gives.
    channel : str
    ax : matplotlib.axes.Axes, optional
    """
    ax = figures.axes(ax, figsize=(7.5, 4.6))
    mine = rates[(rates["channel"] == channel) & (rates["contacts"] > 0)]
    counts = mine.groupby(["own_rate", "rate", "contacts"], as_index=False).size()
    ax.plot([0, 1], [0, 1], color=figures.GREY, linestyle="--", linewidth=1)
    drawn = ax.scatter(
        counts["own_rate"],
        counts["rate"],
        s=18 * counts["contacts"],
        c=counts["contacts"],
        cmap=figures.SEQUENTIAL,
        edgecolor="white",
        linewidth=0.5,
    )
    ax.get_figure().colorbar(drawn, ax=ax, label="contacts on the channel")
    ax.set(xlabel="own response rate, at face value", ylabel="shrunk response rate", ylim=(0, 1))
    ax.xaxis.set_major_formatter(_PERCENT)
    ax.yaxis.set_major_formatter(_PERCENT)
    ax.annotate(
        "no shrinkage", (0.7, 0.7), xytext=(0, 6), textcoords="offset points", rotation=30, color="#555555"
    )
    sure = mine["own_rate"].isin([0.0, 1.0]).mean()
    ax.set_title(
        f"{spoken(channel).capitalize()}: {sure:.0%} of raw rates are 0% or 100%; shrunk ones are not"
    )
    return ax


def plot_types(response: pd.DataFrame, ax: figures.Axes | None = None) -> figures.Axes:
    """Response rates of each type of customer on each channel.

    Parameters
    ----------
    response : DataFrame, types × options
        ``PreferenceTypes.response_``.
    ax : matplotlib.axes.Axes, optional
    """
    ax = figures.axes(ax, figsize=(6.4, 4.4))
    values = response.to_numpy()
    image = ax.imshow(values, cmap=figures.SEQUENTIAL, vmin=0)
    for row, column in np.ndindex(values.shape):
        light = values[row, column] < 0.55 * values.max()
        ax.text(
            column,
            row,
            f"{values[row, column]:.0%}",
            ha="center",
            va="center",
            color="white" if light else "black",
        )
    names = [spoken(name) for name in response.columns]
    ax.set_xticks(range(len(names)), names)
    ax.set_yticks(range(len(names)), names)
    ax.grid(visible=False)
    ax.get_figure().colorbar(image, ax=ax, format=_PERCENT, label="response rate, rested")
    ax.set(xlabel="contacted on", ylabel="preferred channel")
    own, other = np.diag(values).mean(), values[~np.eye(len(values), dtype=bool)].mean()
    ax.set_title(f"{own:.0%} react on the preferred channel, {other:.0%} elsewhere")
    return ax


def plot_cost_per_response(table: pd.DataFrame, ax: figures.Axes | None = None) -> figures.Axes:
    """Cost per effective contact with its interval, on a logarithmic scale.

    Parameters
    ----------
    table : DataFrame
        As :func:`cost_per_response` gives, by channel.
    ax : matplotlib.axes.Axes, optional
    """
    ax = figures.axes(ax, figsize=(7.5, 3.6))
    table = table[np.isfinite(table["cost_per_response"])].iloc[::-1].reset_index(drop=True)
    middle, ceiling = table["cost_per_response"], 2 * table["cost_per_response"].max()
    high = table["high"].clip(upper=ceiling)
    ax.errorbar(
        middle,
        table.index,
        xerr=[middle - table["low"], high - middle],
        fmt="o",
        color=figures.BLUE,
        capsize=4,
    )
    for row in table.itertuples():
        ax.annotate(
            f"{row.cost_per_response:,.2f}",
            (row.cost_per_response, row.Index),
            xytext=(0, 8),
            textcoords="offset points",
            ha="center",
        )
    ax.set_xscale("log")
    ax.xaxis.set_major_formatter("{x:g}")
    ax.set_yticks(table.index, [spoken(channel) for channel in table["channel"]])
    ax.set(
        xlabel=f"cost per response ({figures.currency()}, logarithmic scale)", ylim=(-0.6, len(table) - 0.2)
    )
    times = middle.iloc[0] / middle.iloc[-1]
    dear, cheap = spoken(table["channel"].iloc[0]), spoken(table["channel"].iloc[-1])
    ax.set_title(f"A response by {dear} costs {times:,.0f} times one by {cheap}")
    return ax


def plot_contact_plan(
    preferences: pd.DataFrame,
    costs: pd.DataFrame,
    history: pd.DataFrame,
    start: pd.Timestamp,
    weekly_budget: float,
    cap: int,
    fatigue: float,
    ax: figures.Axes | None = None,
    **options,
) -> figures.Axes:
    """The plan for a budget and a cap: expected responses per week, by channel.

    Parameters
    ----------
    preferences, costs, history, start, weekly_budget, cap, fatigue, **options
        As for :func:`contact_plan`, which is called.
    ax : matplotlib.axes.Axes, optional
    """
    plan = contact_plan(
        preferences, costs, history, start, weekly_budget, cap=cap, fatigue=fatigue, **options
    )
    ax = figures.axes(ax)
    sums = plan.groupby(["date", "channel"])["expected_responses"].sum().unstack(fill_value=0.0)  # noqa: PD010
    floor = np.zeros(len(sums))
    hatches = dict(zip(CHANNELS, ("", "//", "", "..", ""), strict=True))  # told apart in grey print
    for channel in (name for name in CHANNELS if name in sums):
        ax.bar(
            range(len(sums)),
            sums[channel],
            bottom=floor,
            color=COLOURS[channel],
            hatch=hatches[channel],
            edgecolor="white",
            label=spoken(channel),
        )
        floor += sums[channel].to_numpy()
    ax.set_ylim(0, 1.05 * max(floor.max(initial=0.0), 1.0))
    ax.set_xticks(range(len(sums)), [f"{day:%d %b}" for day in sums.index])
    ax.set(xlabel="week beginning", ylabel="expected responses")
    if len(plan):
        ax.legend(loc="center left", bbox_to_anchor=(1, 0.5))
    ax.grid(axis="x", visible=False)
    total, spent = plan["expected_responses"].sum(), plan["cost"].sum()
    ax.set_title(f"{len(plan):,} contacts for {spent:,.0f} bring {total:,.0f} expected responses")
    return ax


def plot_budget_curve(curve: pd.DataFrame, ax: figures.Axes | None = None) -> figures.Axes:
    """Expected responses by weekly budget, one line per cap.

    Parameters
    ----------
    curve : DataFrame
        ``cap``, ``weekly_budget``, ``expected_responses``.
    ax : matplotlib.axes.Axes, optional
    """
    ax = figures.axes(ax)
    marks = ("o", "s", "^", "D", "v")
    for number, (cap, part) in enumerate(curve.groupby("cap")):
        label = f"at most {cap} contact{'s' if cap > 1 else ''} in 28 days"
        ax.plot(part["weekly_budget"], part["expected_responses"], marker=marks[number % 5], label=label)
    ax.set(
        xlabel=f"budget per week ({figures.currency()})",
        ylabel="expected responses in all weeks",
        ylim=(0, None),
    )
    ax.yaxis.set_major_formatter("{x:,.0f}")
    ax.legend()
    top = curve[curve["cap"] == curve["cap"].max()].sort_values("weekly_budget")
    first, last = top["expected_responses"].iloc[1], top["expected_responses"].iloc[-1]
    ax.set_title(
        f"A budget of {top['weekly_budget'].iloc[1]:,.0f} a week already brings {first / last:.0%} of what "
        f"{top['weekly_budget'].iloc[-1]:,.0f} brings\n(at most {top['cap'].iloc[0]} contacts in 28 days)"
    )
    return ax
